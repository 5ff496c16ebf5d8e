"""The race in small: what is planted is found, and every figure is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.benchmarks.growth import slope
from tests.benchmarks.made_returns import write_rules
from tests.benchmarks.returns import contenders, missed, printed, race, rows_of, wrong

if TYPE_CHECKING:
    from pathlib import Path


def test_every_planted_fault_is_found_and_every_figure_right_in_each_lane(tmp_path: Path) -> None:
    write_rules(tmp_path / "rules")
    field = contenders(None)
    found = race(400, tmp_path, field, 1)
    ours = [one for one in field if one.name.startswith("kpi")]
    assert {one.lane for one in ours} == {"plain", "inline", "prefixed"}
    for one in ours:
        run, answers = found.runs[one.name][0], found.answers[one.lane]
        planted = {(code, cell) for code, cell in answers.planted}
        assert {(code, cell) for code, cell in run["faults"]} == planted
        assert (missed(run, answers), wrong(run, answers)) == (0, 0)
        assert run["verdicts"]["books"] == "pass"
    assert "25 of 25, all right" in printed(rows_of(found, field), ())


def test_what_was_not_found_is_counted(tmp_path: Path) -> None:
    write_rules(tmp_path / "rules")
    found = race(400, tmp_path, contenders(None)[:2], 1)
    run, answers = found.runs["kpi"][0], found.answers[contenders(None)[1].lane]
    run["faults"] = run["faults"][2:]
    run["figures"]["books"][0][0] = "1"
    assert (missed(run, answers), wrong(run, answers)) == (2, 1)


@pytest.mark.parametrize("power", [0.5, 1, 2])
def test_slope_is_the_power_of_the_growth(power: float) -> None:
    assert slope([(10.0**n, 3 * 10 ** (n * power)) for n in range(1, 5)]) == pytest.approx(power)
