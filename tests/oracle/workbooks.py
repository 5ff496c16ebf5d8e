"""The example returns as an analyst sees them: rows of cells under their headings, doubt kept as doubt."""

from __future__ import annotations

import calendar
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl

INPUTS = Path(__file__).parents[2] / "inputs"

# ── Days and months ──────────────────────────────────────────────────────────


def last_day(month: str) -> date:
    year, number = int(month[:4]), int(month[5:])
    return date(year, number, calendar.monthrange(year, number)[1])


def first_day(month: str) -> date:
    return last_day(month).replace(day=1)


def months_on(day: date, months: int) -> date:
    """So many calendar months later; the 31st becomes the last day of a shorter month."""
    year, number = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, number + 1, min(day.day, calendar.monthrange(year, number + 1)[1]))


def ending(month: str, count: int) -> list[str]:
    """The `count` months that end with `month`, oldest first."""
    return [f"{months_on(first_day(month), -back):%Y-%m}" for back in reversed(range(count))]


def year_to_date(month: str) -> list[str]:
    return ending(month, (int(month[5:]) - 4) % 12 + 1)


def within(day: date | None, first: date, last: date) -> bool:
    return day is not None and first <= day <= last


def by(day: date | None, limit: date) -> bool:
    """Whether it had happened on or before `limit`; an empty cell is something that has not."""
    return day is not None and day <= limit


# ── Workbooks ────────────────────────────────────────────────────────────────

YES_NO = {"yes": True, "no": False}
NOT_KNOWN = {"n/k", "not known", "unknown", "-", "?"}
LISTS = {
    "Team": ("Children in Care", "Assessment", "Other"),
    "Post is": ("filled", "vacant"),
    "Contract": ("permanent", "agency", None),
    "Permanence plan": ("Adoption", "No match wanted"),
    "Kind": ("Themed audit of annual reviews", "IRO monthly report", "Other"),
    "Reported to": ("AD for Safeguarding", "Other"),
    "Arrangement": ("Special guardianship", "Other"),
    "Joined as": ("Agency", "Moved within the council"),
    "Audit grade of the last annual review": ("Good", "Inadequate", None),
}
MAY_BE_EMPTY = (
    *("Contract", "Person ID", "Match wanted from, if after the order", "Need for a match ended on"),
    *("Plan changed, no match wanted, on", "Matched on", "Third review held on", "Left care on", "Left on"),
    *("Ended on", "Audited on", "Permanence plan identified on", "Private fostering training done on"),
    *("Last annual review held on", "Annual review before that held on", "Consents to sharing views"),
    *("Need for a match arose on", "Adoption order on", "Later life letter given on", "Reported to"),
    *("Audit grade of the last annual review", "Done on", "Expected on", "Number", "Out of"),
)
NEVER_ASKED = ("Why the need ended", "Why left care", "Last annual review signed off on", "On hold", "Role")
NUMBERS = ("Team managers due", "Team managers present", "Review number", "FTE", "Number", "Out of")
MOST_MANAGERS = 20
TEXT = ("Child ID", "Person ID", "Outcome", "Provider", "Partnership", "In words", "If no figure, why")


class Doubt:
    """A cell that cannot be read, or is empty where an empty cell says nothing."""


DOUBT = Doubt()


@dataclass
class Book:
    """One month's return."""

    month: str
    file: Path
    sheets: dict[str, list[dict[str, Any]] | None] = field(default_factory=dict)

    @property
    def end(self) -> date:
        return last_day(self.month)

    @property
    def start(self) -> date:
        return first_day(self.month)

    def rows(self, sheet: str, first_heading: str) -> list[dict[str, Any]] | None:
        """The rows beneath the headings; None where the sheet is not there, or is empty and says nothing."""
        if sheet not in self.sheets:
            self.sheets[sheet] = _rows(self.file, sheet, first_heading)
        return self.sheets[sheet]


@cache
def book(month: str) -> Book:
    return Book(month, INPUTS / f"returns_{month}.xlsx")


def _rows(file: Path, name: str, first_heading: str) -> list[dict[str, Any]] | None:
    workbook = openpyxl.load_workbook(file, read_only=True)
    if name not in workbook.sheetnames:
        return None
    lines = [list(line) for line in workbook[name].iter_rows(values_only=True)]
    workbook.close()
    top = next(n for n, line in enumerate(lines) if line and line[0] == first_heading)
    headings = [str(heading) for heading in lines[top] if heading is not None]
    ticked = ["None this month", "Yes"], ["None this month", True]
    none_this_month = any(line[:2] in ticked for line in lines[:top])
    found = [
        {heading: _cell(heading, cell) for heading, cell in zip(headings, line, strict=False)}
        for line in lines[top + 1 :]
        if any(cell is not None for cell in line)
    ]
    keys = Counter(tuple(row[h] for h in headings[:2]) for row in found)
    if any(count > 1 for count in keys.values()):
        raise ValueError(f"{file.name}, {name}: a row stands there twice; work that out by hand")
    return found if found or none_this_month else None


def _cell(heading: str, cell: object) -> Any:  # noqa: ANN401, PLR0911  (cells are of every type)
    if cell is None:
        return None if heading in (*MAY_BE_EMPTY, *NEVER_ASKED, *TEXT) else DOUBT
    if isinstance(cell, datetime):
        return cell.date()
    if not isinstance(cell, str):
        return Fraction(str(cell)) if heading in NUMBERS else cell
    if cell.startswith("=") or cell.strip().casefold() in NOT_KNOWN:
        return DOUBT  # a formula is read as never calculated: no other stands in the example returns
    if heading in LISTS and cell not in _allowed(heading):
        return DOUBT
    if heading in NUMBERS:
        return Fraction(cell) if cell.isdigit() else DOUBT
    if heading.endswith((" on", " from", "order")) and heading != "Newborn when the need arose":
        return _written_day(cell)
    return YES_NO.get(cell.casefold(), cell)


def _allowed(heading: str) -> set[object]:
    more = {
        "Team": ("Edge of Care", "Fostering and Kinship", "Safeguarding", "Young Adults Service"),
        "Contract": ("fixed_term", "secondee_in", "other"),
        "Permanence plan": ("Long-term fostering", "Connected carer", "Other match wanted"),
        "Arrangement": ("Matched foster placement",),
        "Joined as": ("Newly appointed",),
        "Audit grade of the last annual review": ("Outstanding", "Requires improvement"),
    }
    return {*LISTS[heading], *more.get(heading, ())}


def _written_day(text: str) -> date | Doubt:
    try:
        return datetime.strptime(text, "%d/%m/%Y").date()  # noqa: DTZ007  (a day has no time zone)
    except ValueError:
        return DOUBT
