"""A target met on a list alone is said to rest on it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from kpi_engine.rulebook.book import Kind, SheetKind
from kpi_engine.terms.measurement import Source
from kpi_engine.terms.returned import CountRow
from kpi_engine.terms.verdict import Status, Verdict
from kpi_engine.verdicts.unconfirmed import unconfirmed
from tests.verdicts.build import COUNT, SHARE, at_least, figure, indicator, month, parts

if TYPE_CHECKING:
    from kpi_engine.rulebook.book import Indicator, RuleBook
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.returned import MonthReturn

MARCH = month("2024-03")
COUNTED = CountRow(
    Fraction(9), Fraction(10), None, unknown=False, sheet="Counts", row=7, number_cell="C7", out_of_cell="D7"
)
RULE = indicator(SHARE, at_least("1/2"))


def told(
    rule: Indicator = RULE,
    status: Status = Status.PASS,
    source: Source = Source.ROWS,
    line: CountRow | None = None,
) -> tuple[Finding, ...]:
    sheets = {"counts": SimpleNamespace(sheet="Counts", kind=SheetKind.COUNTS)}
    book = SimpleNamespace(indicators={rule.id: rule}, contract=SimpleNamespace(sheets=sheets))
    measured = replace(figure(rule.measure, "2024-03", parts(9, 10)), source=source)
    verdict = Verdict(rule.id, MARCH, (MARCH, MARCH), status, None, "", measured=measured)
    held = SimpleNamespace(counts={} if line is None else {rule.measure.id: line})
    return unconfirmed(cast("RuleBook", book), [verdict], cast("MonthReturn", held))


def test_a_share_met_without_a_count_is_named() -> None:
    (found,) = told()
    assert found.code == "R391"
    assert found.message.startswith("1 of the targets met rest on lists alone: Short.")
    assert "Counts" in found.fix


def test_a_count_confirms_it() -> None:
    assert told(line=COUNTED) == ()


@pytest.mark.parametrize("line", [replace(COUNTED, number=None), replace(COUNTED, unknown=True)])
def test_a_line_without_a_figure_confirms_nothing(line: CountRow) -> None:
    assert [found.code for found in told(line=line)] == ["R391"]


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.PASS])
def test_only_targets_met_are_named(status: Status) -> None:
    assert told(status=status) == ()


@pytest.mark.parametrize("source", [Source.COUNTS, Source.STATED])
def test_a_figure_that_is_no_list_s_is_not_named(source: Source) -> None:
    assert told(source=source) == ()


def test_a_number_to_reach_may_have_a_row_too_many() -> None:
    assert [found.code for found in told(indicator(COUNT, at_least("1")))] == ["R391"]


def test_a_stated_figure_is_not_named() -> None:
    assert told(indicator(replace(SHARE, kind=Kind.STATED), at_least("1/2"))) == ()


def test_a_month_known_by_its_records_alone_is_left() -> None:
    verdict = Verdict(RULE.id, MARCH, (MARCH, MARCH), Status.PASS, None, "")
    assert unconfirmed(cast("RuleBook", SimpleNamespace()), [verdict], None) == ()
