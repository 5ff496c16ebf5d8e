"""A crash inside one rule is told for that rule alone; the others are judged, and the exit code is 5."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from kpi_engine.check import check, judged
from kpi_engine.cli import app
from kpi_engine.exits import Exit, exit_code
from kpi_engine.measures.embedded import EmbeddedEngine
from kpi_engine.terms.expression import AllOf, ColumnRef, Compare, Comparison, Literal
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import Period
from kpi_engine.terms.verdict import Status
from tests.properties.small_return import END, MONTH, all_missed, of_sheet, read, row, rulebook, rules_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kpi_engine.measures.plan import Number, Query, ReturnKey
    from kpi_engine.rulebook.book import Measure, RuleBook
    from kpi_engine.terms.returned import Return
    from kpi_engine.terms.table import Table
    from kpi_engine.terms.verdict import Verdict

TOO_LONG = Literal(10**60)  # no engine holds it exactly, so the SQL cannot be made
MEASURES = sorted(rulebook().indicators)


def crashing(measure: Measure) -> Measure:
    """The measure with a condition that cannot be carried out, on a column that it reads already."""
    spec = rulebook().contract.sheets[measure.table]
    name = min(measure.columns or spec.key)
    column = ColumnRef(name, spec.columns[name].type)
    return replace(measure, where=AllOf((measure.where, Compare(Comparison.EQUAL, column, TOO_LONG))))


def with_crash(name: str) -> RuleBook:
    indicator = rulebook().indicators[name]
    broken = replace(indicator, measure=crashing(indicator.measure))
    return replace(rulebook(), indicators={**rulebook().indicators, name: broken})


@pytest.fixture(scope="module")
def returned(tmp_path_factory: pytest.TempPathFactory) -> Return:
    return read(all_missed(), tmp_path_factory.mktemp("sound"))


@pytest.fixture(scope="module")
def sound(returned: Return) -> dict[str, Verdict]:
    return {v.indicator: v for v in judged([returned], rulebook(), MONTH).verdicts}


@pytest.mark.parametrize("name", MEASURES)
def test_crash_in_one_rule_stays_with_that_rule(
    name: str, returned: Return, sound: dict[str, Verdict]
) -> None:
    done = judged([returned], with_crash(name), MONTH)
    said = {v.indicator: v for v in done.verdicts}
    assert (said[name].status, said[name].reason) == (Status.NOT_ASSESSED, Reason.RULE_ERROR)
    assert all(said[other] == sound[other] for other in MEASURES if other != name)
    assert exit_code(done, exit_zero=True) is Exit.INTERNAL_ERROR


def fail_on(table: str, month: Period, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the engine fail on one table of one month."""
    run = EmbeddedEngine.run

    def failing(
        engine: EmbeddedEngine, tables: Mapping[ReturnKey, Table], query: Query
    ) -> Mapping[ReturnKey, Sequence[tuple[Number, ...]]]:
        if query.table == table and any(key.period == month for key in tables):
            raise RuntimeError("Zebedee Quillfeather stands in the cell")
        return run(engine, tables, query)

    monkeypatch.setattr(EmbeddedEngine, "run", failing)


def test_crash_on_one_table_gives_exit_5_and_names_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = all_missed().save(tmp_path / "returns_2025-06.xlsx")
    fail_on("workforce", MONTH, monkeypatch)
    rules = str(rulebook().folder)
    run = CliRunner().invoke(app, ["check", str(path), "--all", "--exit-zero", "--rules", rules])
    assert run.exit_code == Exit.INTERNAL_ERROR
    assert "fault in the rule" in run.stdout
    assert "Quillfeather" not in run.stdout + run.stderr
    assert "Matched within 6 months" in run.stdout


def test_crash_in_a_month_of_the_window_is_told_as_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may = Period.parse("2025-05")
    of_sheet("reviews", [row("reviews", 1, 2, may.end, may.end)], month=may).save(tmp_path / "2025-05.xlsx")
    of_sheet("reviews", [row("reviews", 2, 2, END, END)]).save(tmp_path / "2025-06.xlsx")
    fail_on("reviews", may, monkeypatch)
    done = check([tmp_path], rules_of("reviews"))
    assert done is not None
    assert done.verdicts[0].reason is Reason.RULE_ERROR
    assert exit_code(done) is Exit.INTERNAL_ERROR


def test_crash_of_a_figure_beside_gives_exit_5(tmp_path: Path) -> None:
    indicator = rulebook().indicators["cic-permanent-workforce"]
    beside = (crashing(indicator.beside[0]), *indicator.beside[1:])
    rules = replace(rulebook(), indicators={indicator.id: replace(indicator, beside=beside)})
    done = judged([read(all_missed(), tmp_path)], rules, MONTH)
    assert done.verdicts[0].status is Status.FAIL
    assert done.verdicts[0].beside[0].reason is Reason.RULE_ERROR
    assert exit_code(done) is Exit.INTERNAL_ERROR
