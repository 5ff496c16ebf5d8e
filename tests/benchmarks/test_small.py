"""The other benchmarks in small: what they compare is equal, and nothing is left out."""

from __future__ import annotations

import pytest

from kpi_engine.escalation.builtin import derive_builtin
from kpi_engine.rulebook.load import load_rulebook
from tests.benchmarks import councils, escalation, history, measures, variation
from tests.benchmarks.__main__ import NAMES


def test_every_benchmark_has_a_name_to_run_it_by() -> None:
    wanted = {"councils", "escalation", "history", "measures", "packs", "returns", "startup", "variation"}
    assert wanted <= set(NAMES)


def test_every_council_gets_a_verdict_on_every_measure() -> None:
    found = councils.results(["--councils", "2", "--months", "6", "--lengths", "6,7"])
    assert sum(found["verdicts"].values()) == 2 * found["measures"]
    assert found["exceptions"] > 0
    assert {one["stage"] for one in found["growth"]} == set(councils.STAGES)


def test_sql_written_by_hand_gives_the_figures_of_the_engine() -> None:
    found = measures.results(["--sizes", "4000,8000"])  # else it ends the program
    assert [line["rows"] for line in found["lines"]] == [4000, 8000]


def test_engines_that_disagree_are_told() -> None:
    pack = load_rulebook(escalation.RULES).escalations
    facts = list(escalation.of_authority(pack, 1, 3))
    right = derive_builtin(pack, facts)
    assert escalation.by_turns({"one": lambda _: right, "other": lambda _: right}, [facts])[1] == [right]
    with pytest.raises(AssertionError, match="differ about authority 0"):
        escalation.by_turns(
            {"one": lambda _: right, "other": lambda some: derive_builtin(pack, some[1:])}, [facts]
        )


def test_a_series_of_a_long_history_is_read_whole() -> None:
    found = history.results(["--measures", "2,3"])
    assert [line["records"] for line in found["lines"]] == [200, 300]


def test_every_way_to_a_chart_is_timed_at_every_size() -> None:
    found = variation.results(["--sizes", "3,5"])
    assert len(found["seconds"]) == 4
    assert all(set(costs) == {3, 5} for costs in found["seconds"].values())
