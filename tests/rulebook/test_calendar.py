"""rules/returns/calendar.yaml: when returns are due, who sends them, and every fault at its place."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

import pytest

from kpi_engine.returns.tables import CASE_SHEETS
from kpi_engine.rulebook.book import Calendar, Reading
from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.terms.period import Period
from tests.rulebook.rules_folder import MARK, loaded, said, write

REPOSITORY: Final = Path(__file__).parents[2]
NAME: Final = "returns/calendar.yaml"
TEXT: Final = """\
day: 15
exceptions:
  - {month: 2024-12, due: 2025-01-20, reason: Offices are closed.}
sender: Performance team
senders:
  posts: Staffing team
readings:
  - {text: The plan is silent., status: assumed}
"""
CALENDAR: Final = Calendar(
    day=15,
    months_after=1,
    exceptions={Period.parse("2024-12"): date(2025, 1, 20)},
    sender="Performance team",
    senders={"posts": "Staffing team"},
    readings=(Reading("The plan is silent.", "assumed"),),
)


def test_a_calendar_is_read_as_it_is_written(tmp_path: Path) -> None:
    book = loaded(write(tmp_path, **{NAME: TEXT}))
    assert book.contract.calendar == CALENDAR
    assert "calendar" not in book.contract.sheets


def test_rules_without_a_calendar_load(tmp_path: Path) -> None:
    assert loaded(write(tmp_path)).contract.calendar is None


def test_the_calendar_is_part_of_the_digest(tmp_path: Path) -> None:
    with_it, without = write(tmp_path / "a", **{NAME: TEXT}), write(tmp_path / "b")
    assert loaded(with_it).digest != loaded(without).digest


def test_a_sheet_that_nobody_is_named_for_comes_from_the_sender() -> None:
    assert (CALENDAR.sender_of("posts"), CALENDAR.sender_of("referrals")) == (
        "Staffing team",
        "Performance team",
    )


@pytest.mark.parametrize(
    ("day", "after", "period", "due"),
    [
        (15, 1, "2024-03", date(2024, 4, 15)),
        (15, 1, "2024-11", date(2024, 12, 15)),
        (15, 1, "2024-12", date(2025, 1, 20)),
        (31, 1, "2024-01", date(2024, 2, 29)),
        (31, 1, "2023-01", date(2023, 2, 28)),
        (31, 2, "2024-01", date(2024, 3, 31)),
        (1, 12, "2024-01", date(2025, 1, 1)),
        (15, 1, "2024/25-Q2", date(2024, 10, 15)),
        (15, 1, "2023/24", date(2024, 4, 15)),
    ],
)
def test_a_return_is_due_on_its_day(day: int, after: int, period: str, due: date) -> None:
    calendar = Calendar(day, after, CALENDAR.exceptions, "", {}, ())
    assert calendar.due(Period.parse(period)) == due


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ("day: 15", "day: «32", 'B112 day: "32" is more than 31.'),
        ("day: 15", "day: 15\nmonths_after: «0", 'B112 months_after: "0" is less than 1.'),
        ("day: 15", "«days: 15", "B110 days: not known; did you mean day?"),
        ("sender: Performance team\n", "", "B111 sender: missing."),
        (
            "2025-01-20",
            "«2024-12-31",
            "B135 exceptions.0.due: a return cannot be due before December 2024 has ended.",
        ),
        (
            "closed.}",
            "closed.}\n  - {month: «2024-12, due: 2025-01-21, reason: Twice.}",
            "B131 exceptions.1.month: 2024-12 is used before, in line 3.",
        ),
        ("month: 2024-12", "month: «2024/25-Q3", "cannot stand here: write a month, such as 2024-04."),
        ("  posts:", "  «post:", "B132 senders.post: there is no sheet post; did you mean posts?"),
        ("status: assumed", "status: «agreed", "an agreed reading says by whom"),
        (": Staffing team", ": «~", "B106"),
    ],
)
def test_every_fault_is_told_at_its_place(tmp_path: Path, before: str, after: str, wanted: str) -> None:
    assert TEXT.count(before) == 1
    text = TEXT.replace(before, after)
    (fault,) = said(write(tmp_path, **{NAME: text.replace(MARK, "")}))
    assert wanted in fault
    if MARK in text and "agreed" not in wanted:
        index = text.index(MARK)
        line, column = text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)
        assert fault.startswith(f"rules/{NAME}:{line}:{column} ")


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = TEXT.replace("day: 15", "day: 32").replace("posts:", "post:").replace("2025-01-20", "soon")
    assert len(said(write(tmp_path, **{NAME: text}))) == 2  # names are asked for once the form is right


# ── The calendar shipped ─────────────────────────────────────────────────────


def test_each_sender_leads_the_one_action_that_the_sheet_measures() -> None:
    book = load_rulebook(REPOSITORY / "rules", "rules")
    calendar = book.contract.calendar
    assert calendar is not None
    leads: dict[str, set[str]] = {}
    for one in book.indicators.values():
        leads.setdefault(one.measure.table, set()).add(one.lead)
    for sheet in (one.id for one in book.contract.sheets.values() if one.kind in CASE_SHEETS):
        one_lead = leads[sheet].pop() if len(leads[sheet]) == 1 else calendar.sender
        assert one_lead.startswith(calendar.sender_of(sheet)), sheet


def test_every_reading_of_the_calendar_is_assumed_until_it_is_agreed() -> None:
    calendar = load_rulebook(REPOSITORY / "rules", "rules").contract.calendar
    assert calendar is not None
    assert {one.status for one in calendar.readings} == {"assumed"}
