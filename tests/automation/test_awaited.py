"""What is awaited: which month and sheet, from whom, and for how long."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from kpi_engine.automation.awaited import Awaited, awaited, calendar_missing, lacking
from kpi_engine.returns.assemble import assemble
from kpi_engine.returns.read import read_return
from kpi_engine.rulebook.book import Calendar
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import Period
from tests.returns.contracts import CONTRACT, ROWS, RULEBOOK, saved, workbook

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from kpi_engine.terms.returned import MonthReturn

FEBRUARY, MARCH, APRIL = (Period.parse(text) for text in ("2024-02", "2024-03", "2024-04"))
PERFORMANCE, STAFFING = "Performance team", "Staffing team"
CALENDAR = Calendar(15, 1, {FEBRUARY: date(2024, 3, 20)}, PERFORMANCE, {"workforce": STAFFING}, ())
TODAY = date(2024, 4, 16)


def told(
    months: Mapping[Period, Collection[str]],
    *,
    first: Period = FEBRUARY,
    today: date = TODAY,
    calendar: Calendar | None = CALENDAR,
) -> tuple[Awaited, ...]:
    return awaited(months, calendar=calendar, contract=CONTRACT, first=first, today=today)


def month(*sheets: str, rows: Mapping[str, Any] | None = None, **cover: Any) -> MonthReturn:  # noqa: ANN401
    held = {name: (rows or {}).get(name, ROWS[name]) for name in (sheets or tuple(ROWS))}
    with TemporaryDirectory() as folder:
        path = saved(Path(folder), workbook(rows=held, cover=cover))
        return assemble([read_return(path, RULEBOOK)], RULEBOOK).months[MARCH]


def test_a_month_without_a_return_is_one_line_for_the_whole() -> None:
    assert told({FEBRUARY: ()}) == (
        Awaited(MARCH, "", PERFORMANCE, date(2024, 4, 15), 1, (PERFORMANCE, STAFFING)),
    )


def test_a_sheet_missing_in_a_month_that_came_is_a_line_of_its_sender() -> None:
    assert told({FEBRUARY: ("meetings", "workforce"), MARCH: ()}) == (
        Awaited(FEBRUARY, "workforce", STAFFING, date(2024, 3, 20), 27, (STAFFING,)),
        Awaited(FEBRUARY, "meetings", PERFORMANCE, date(2024, 3, 20), 27, (PERFORMANCE,)),
    )


@pytest.mark.parametrize(("today", "overdue"), [(date(2024, 4, 1), 0), (date(2024, 4, 15), 0), (TODAY, 1)])
def test_nothing_is_overdue_until_the_day_after_it_is_due(today: date, overdue: int) -> None:
    (one,) = told({FEBRUARY: ()}, today=today)
    assert (one.due, one.days_overdue) == (date(2024, 4, 15), overdue)


def test_a_month_that_has_not_ended_is_not_awaited() -> None:
    assert told({FEBRUARY: ()}, today=date(2024, 3, 31)) == ()
    assert [one.period for one in told({}, first=MARCH, today=date(2024, 5, 1))] == [MARCH, APRIL]
    assert told({}, first=APRIL) == ()


def test_months_before_the_first_are_not_awaited() -> None:
    assert told({}, first=MARCH)[0].period == MARCH


def test_without_a_calendar_nothing_is_awaited_and_that_is_told() -> None:
    assert told({}, calendar=None) == ()
    assert [one.code for one in calendar_missing(CONTRACT)] == ["A169"]
    assert calendar_missing(replace(CONTRACT, calendar=CALENDAR)) == ()


def test_a_whole_return_lacks_nothing() -> None:
    assert lacking(month()) == frozenset()


def test_a_missing_or_empty_sheet_is_lacking() -> None:
    assert lacking(month("workforce", "care_orders", "meetings", rows={"meetings": []})) == {
        "supervision",
        "meetings",
    }


def test_a_sheet_declared_to_have_no_case_list_is_not_lacking() -> None:
    came = month("workforce", "care_orders", rows={}, no_case_list="Supervision; Permanency meetings")
    assert lacking(came) == frozenset()


def test_a_faulty_sheet_has_come(tmp_path: Path) -> None:
    made = workbook()
    made.copy_worksheet(made["Workforce"]).title = "Staffing"
    came = assemble([read_return(saved(tmp_path, made), RULEBOOK)], RULEBOOK).months[MARCH]
    assert came.problems["workforce"].reason is Reason.RETURN_REFUSED
    assert lacking(came) == frozenset()
