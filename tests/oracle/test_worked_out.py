"""Three months of the example returns, worked out without the engine, and what the engine says of them."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kpi_engine.check import check
from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.terms.period import Period
from tests.oracle.workbooks import INPUTS, ending
from tests.oracle.worked_out import MONTHS, PROMISES, as_yaml, months_behind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.measurement import Measurement
    from kpi_engine.terms.verdict import Verdict

EXPECTED = Path(__file__).with_name("expected.yaml")
HELD: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(EXPECTED.read_text(encoding="utf-8"))
JUDGED = [(month, measure) for month in MONTHS for measure in PROMISES]
# A year to date or a change needs earlier returns; all else a month's own workbook can say.
FROM_ONE_RETURN = [
    (month, measure) for month, measure in JUDGED if len(months_behind(PROMISES[measure], month)) == 1
]


@cache
def rulebook() -> RuleBook:
    return load_rulebook(INPUTS.parent / "rules")


@cache
def all_returns() -> Checked:
    checked = check([INPUTS], rulebook(), period=Period.parse(MONTHS[-1]))
    assert checked is not None
    return checked


@cache
def two_returns(month: str) -> Checked:
    """The month's return and the one before it."""
    files = [INPUTS / f"returns_{one}.xlsx" for one in ending(month, 2)]
    checked = check(files, rulebook())
    assert checked is not None
    return checked


def verdict(checked: Checked, month: str, measure: str) -> Verdict:
    period = Period.parse(month)
    verdicts = checked.verdicts if checked.period == period else checked.series[period]
    return next(v for v in verdicts if v.indicator == measure)


def said(verdict: Verdict) -> dict[str, object]:
    """The verdict in the words of expected.yaml."""
    measured = verdict.measured
    months = 1 if measured is None else len(measured.months)
    windowed = months_behind(PROMISES[verdict.indicator], str(verdict.period))
    every: dict[str, object] = {
        "status": verdict.status.value,
        "reason": None if verdict.reason is None else verdict.reason.value,
        "days_left": verdict.days_left,
        "on_course": verdict.on_course,
        "numerator": verdict.numerator,
        "denominator": verdict.denominator,
        "value": verdict.value,
        "best": verdict.best if verdict.best != verdict.value else None,
        "baseline": verdict.baseline,
        "left_out": (measured.left_out or None) if measured is not None else None,
        "in_doubt": (measured.in_doubt or None) if measured is not None else None,
        "small": verdict.small or None,
        "months": months if len(windowed) > 1 else None,
        "validated": "no" if verdict.validated is not None and verdict.validated.value == "no" else None,
    }
    return {key: value for key, value in every.items() if value is not None or key == "denominator"}


def exact(entry: Mapping[str, object]) -> dict[str, object]:
    figures = {"numerator", "denominator", "value", "best", "baseline"}
    return {
        key: Fraction(str(value)) if key in figures and value is not None else value
        for key, value in entry.items()
    }


def test_figures_kept_are_those_worked_out() -> None:
    assert EXPECTED.read_text(encoding="utf-8") == as_yaml()


def test_every_measure_of_the_plan_is_worked_out() -> None:
    assert set(PROMISES) == set(rulebook().indicators)


@pytest.mark.parametrize(("month", "measure"), JUDGED)
def test_verdict_is_the_one_worked_out(month: str, measure: str) -> None:
    assert said(verdict(all_returns(), month, measure)) == exact(HELD[month]["measures"][measure])


@pytest.mark.parametrize(("month", "measure"), FROM_ONE_RETURN)
def test_one_return_alone_gives_the_same_verdict(month: str, measure: str) -> None:
    assert said(verdict(two_returns(month), month, measure)) == exact(HELD[month]["measures"][measure])


@pytest.mark.parametrize("month", MONTHS)
def test_figures_beside_are_those_worked_out(month: str) -> None:
    beside = {
        side.measure: parts(side)
        for measure in PROMISES
        for side in verdict(all_returns(), month, measure).beside
    }
    held = HELD[month]["beside"]
    assert beside == {name: [Fraction(str(part)) for part in figure] for name, figure in held.items()}


@pytest.mark.parametrize("month", MONTHS)
def test_milestones_stand_where_worked_out(month: str) -> None:
    stand = {m.milestone: m.status.value for m in two_returns(month).milestones}
    assert stand == HELD[month]["milestones"]


@pytest.mark.parametrize("month", MONTHS)
def test_falling_establishment_beside_a_pass_is_told(month: str) -> None:
    told = any(finding.code == "R390" for finding in two_returns(month).findings)
    assert told is HELD[month]["findings"]["establishment-share-falls"]


def parts(side: Measurement) -> list[Fraction]:
    assert side.low is not None
    assert side.low == side.high
    return (
        [side.low.numerator] if side.low.denominator is None else [side.low.numerator, side.low.denominator]
    )
