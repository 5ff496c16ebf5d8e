"""What every measure should say of valid returns, worked out without the engine: tests/oracle at large."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

import openpyxl

from tests.oracle.workbooks import (
    DOUBT,
    LISTS,
    MAY_BE_EMPTY,
    Book,
    Doubt,
    first_day,
    last_day,
    months_on,
)
from tests.oracle.workbooks import _cell as cell_of
from tests.oracle.worked_out import (
    ALONE,
    CHANGE,
    FLOW,
    PROMISES,
    QUARTER,
    REFERRALS_2022_23,
    Figure,
    Promise,
    months_behind,
    value_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    Row = dict[str, Any]
    Wrong = Callable[[Row], bool]

IN_JUNE_2023 = {"foster-placements-net-increase": Fraction(158), "pf-children-increase": Fraction(9)}
# Shares of a list that is never empty: 0 of 0 is no answer, where else nothing was due.
NEVER_NONE = {"cic-permanent-workforce", "life-story-books", "life-story-matched-and-sg", "views-shared"}
YEARS_OF_GUESSES = 4
FIRST_HEADINGS = {
    "Workforce": "Post ID",
    "Court cases": "Case ID",
    "Midway reviews": "Review ID",
    "Audits": "Audit ID",
    "Care orders": "Child ID",
    "Reviews": "Child ID",
    "Foster carers": "Household ID",
    "Placements": "Placement ID",
    "Adoption": "Child ID",
    "Permanency meetings": "Meeting ID",
    "Children in care": "Child ID",
    "PF arrangements": "Child ID",
    "PF champions": "Champion ID",
    "PF referrals": "Referral ID",
    "Starters": "Worker ID",
    "Matched and SG": "Child ID",
    "Supervision": "Case ID",
    "Counts": "Measure ID",
}
KEYS = {"Workforce": 2, "Reviews": 2, "Supervision": 2}  # headings that tell its rows apart
NOT_KNOWN = "n/k"
BESIDE = ("Last month: number", "Last month: out of", "What the figures cover")  # the template's own words


def before(one: str, other: str) -> Wrong:
    """Whether the first day is earlier than the second; an empty cell is no day."""
    return lambda row: row[one] is not None and row[other] is not None and row[one] < row[other]


# Cells that contradict each other: neither can be believed.
CONTRADICTIONS: Mapping[str, Sequence[tuple[Wrong, tuple[str, ...]]]] = {
    "Workforce": [
        (lambda row: row["Post is"] == "filled" and row["Contract"] is None, ("Contract",)),
        (lambda row: row["Post is"] == "vacant" and row["Person ID"] is not None, ("Post is", "Contract")),
        (lambda row: row["Post is"] == "vacant" and row["Contract"] is not None, ("Post is", "Contract")),
    ],
    "Court cases": [(before("Concluded on", "Issued on"), ("Issued on", "Concluded on"))],
    "Midway reviews": [(before("Audited on", "Held on"), ("Held on", "Audited on"))],
    "Care orders": [
        (
            before("Left care on", "Full care order granted on"),
            ("Full care order granted on", "Left care on"),
        ),
        (
            before("Plan changed, no match wanted, on", "Match wanted from, if after the order"),
            ("Match wanted from, if after the order", "Plan changed, no match wanted, on"),
        ),
        (before("Left care on", "Matched on"), ("Matched on", "Left care on")),
        (before("Left care on", "Third review held on"), ("Third review held on", "Left care on")),
    ],
    "Foster carers": [
        (
            before("Last annual review held on", "Annual review before that held on"),
            ("Last annual review held on", "Annual review before that held on"),
        ),
        (
            lambda row: (
                row["Last annual review held on"] is not None
                and row["Last annual review held on"] == row["Annual review before that held on"]
            ),
            ("Annual review before that held on",),
        ),
        (
            lambda row: (
                row["Last annual review held on"] is None
                and row["Annual review before that held on"] is not None
            ),
            ("Last annual review held on", "Annual review before that held on"),
        ),
        (before("Last annual review held on", "Approved on"), ("Approved on", "Last annual review held on")),
    ],
    "Adoption": [
        (
            lambda row: row["Need for a match arose on"] is None and row["Adoption order on"] is None,
            ("Need for a match arose on", "Adoption order on"),
        ),
        (
            before("Need for a match ended on", "Need for a match arose on"),
            ("Need for a match arose on", "Need for a match ended on"),
        ),
        (before("Adoption order on", "Matched on"), ("Matched on", "Adoption order on")),
        (
            lambda row: bool(row["Matched through early permanence"]) and row["Matched on"] is None,
            ("Matched on", "Matched through early permanence"),
        ),
    ],
    "Permanency meetings": [
        (
            lambda row: row["Team managers present"] > row["Team managers due"],
            ("Team managers due", "Team managers present"),
        )
    ],
    "Children in care": [
        (before("Left care on", "Came into care on"), ("Came into care on", "Left care on"))
    ],
    "PF arrangements": [(before("Ended on", "Started on"), ("Started on", "Ended on"))],
    "PF champions": [(before("Ended on", "Appointed on"), ("Appointed on", "Ended on"))],
    "Starters": [(before("Left on", "Started on"), ("Started on", "Left on"))],
    "Supervision": [
        (
            lambda row: row["Feedback good"] and not row["Feedback obtained"],
            ("Feedback obtained", "Feedback good"),
        )
    ],
}


class ByHandError(Exception):
    """The workbook is beyond what is worked out here: a cell that cannot be read, a row that stands twice."""


def read(path: Path, month: str) -> Book:
    """The return at `path`, contradictions made doubts; ByHandError for a cell that is no value."""
    try:
        workbook = openpyxl.load_workbook(path, read_only=True)
        sheets = {name: _rows(workbook, name) for name in FIRST_HEADINGS if name in workbook.sheetnames}
    except Exception as fault:
        raise ByHandError(f"openpyxl cannot read it: {type(fault).__name__}") from fault
    return Book(month, path, dict.fromkeys(FIRST_HEADINGS) | sheets)


def _rows(workbook: openpyxl.Workbook, sheet: str) -> list[Row] | None:
    """The rows of a sheet; None where there are none, and "None this month" is not ticked."""
    lines = [list(line) for line in workbook[sheet].iter_rows(values_only=True)]
    top = next((n for n, line in enumerate(lines) if line and line[0] == FIRST_HEADINGS[sheet]), None)
    if top is None:
        raise ByHandError(f"{sheet}: no row of headings")
    headings = [str(heading) for heading in lines[top] if heading is not None]
    found = []
    for line in lines[top + 1 :]:
        if all(cell is None for cell in line):
            continue
        row = {name: cell_of(name, cell) for name, cell in zip(headings, line, strict=False)}
        unread = {name for name, cell in row.items() if isinstance(cell, Doubt) and name not in BESIDE}
        stored = dict(zip(headings, line, strict=False))
        if any(stored[name] != NOT_KNOWN for name in unread):
            raise ByHandError(f"{sheet}: a cell cannot be read")
        found.append(_doubted(sheet, row))
    keys = [tuple(row[heading] for heading in headings[: KEYS.get(sheet, 1)]) for row in found]
    if len(set(keys)) < len(keys):
        raise ByHandError(f"{sheet}: a row stands there twice")
    none_this_month = any(
        line[:2] in (["None this month", "Yes"], ["None this month", True]) for line in lines[:top]
    )
    if none_this_month and found:
        raise ByHandError(f"{sheet}: none this month, and rows")
    return found if found or none_this_month else None


def _doubted(sheet: str, row: Row) -> Row:
    touched = {
        heading for wrong, headings in CONTRADICTIONS.get(sheet, ()) if wrong(row) for heading in headings
    }
    return {heading: DOUBT if heading in touched else cell for heading, cell in row.items()}


# ── Figures ──────────────────────────────────────────────────────────────────


def figure_of(promise: Promise, book: Book) -> Figure | None:
    """The figure of one month: certain rows at once, each doubtful one with every value it might have."""
    doubtful: dict[str, list[Row]] = {}
    plain = replace(book, sheets={})
    for sheet, rows in book.sheets.items():
        apart = (
            rows is not None and sheet != "Permanency meetings"
        )  # where numbers are in doubt, the oracle adds
        doubtful[sheet] = [row for row in rows or () if apart and DOUBT in row.values()]
        plain.sheets[sheet] = rows and [row for row in rows if row not in doubtful[sheet]]
    total = promise.of(plain)
    if total is None:
        return None
    for sheet, rows in doubtful.items():
        for row in rows:
            answers = {_answer(promise, plain, sheet, guess) for guess in _guesses(row, book)}
            total = total.plus(_in_doubt(answers, share=total.low[1] is not None))
    return total


def _answer(promise: Promise, book: Book, sheet: str, row: Row) -> str:
    """What a row is, told by the figure of the sheet that holds it alone; `none`: it plays no part."""
    found = promise.of(replace(book, sheets={name: [] for name in book.sheets} | {sheet: [row]}))
    assert found is not None
    if found.left_out:
        return "left out"
    number, whole = found.low
    return "counted" if number else "missed" if whole else "outside"


def _in_doubt(answers: set[str], *, share: bool) -> Figure:
    against = next(a for a in ("missed", "outside", "left out", "counted") if a in answers)
    most_for = next(a for a in ("counted", "outside", "left out", "missed") if a in answers)
    low, high = (
        (Fraction(a == "counted"), Fraction(a in {"counted", "missed"}) if share else None)
        for a in (against, most_for)
    )
    return Figure(low, high, int(answers == {"left out"}), int(len(answers) > 1))


def _guesses(row: Row, book: Book) -> Iterator[Row]:
    doubtful = [heading for heading, cell in row.items() if isinstance(cell, Doubt)]
    for values in product(*(_might_be(heading, row, book) for heading in doubtful)):
        yield {**row, **dict(zip(doubtful, values, strict=True))}


def _might_be(heading: str, row: Row, book: Book) -> Sequence[object]:
    """Every answer of a list; of days the first and last of each month, and those around the row's own."""
    if heading in LISTS:
        return LISTS[heading]
    empty = [None] if heading in MAY_BE_EMPTY else []
    if not heading.endswith((" on", " from", "order")):
        return [True, False, *empty]
    own = [cell for cell in row.values() if hasattr(cell, "year")]
    around: set[date] = {day + timedelta(days=n) for day in own for n in (-1, 0, 1)}
    for back in range(12 * YEARS_OF_GUESSES):
        month = f"{months_on(book.start, -back):%Y-%m}"
        around |= {first_day(month), last_day(month)}
    return [*sorted(day for day in around if day <= book.end), *empty]


# ── Verdicts ─────────────────────────────────────────────────────────────────


def verdict(name: str, month: str, books: Mapping[str, Book]) -> dict[str, object]:
    """Status and reason of one measure, and its parts where it has any."""
    promise = PROMISES[name]
    months = months_behind(promise, month)
    try:
        figures = [figure_of(promise, books[m]) for m in months]
    except ValueError as fault:
        raise ByHandError(str(fault)) from fault
    if figures[-1] is None:
        return _unless_early(promise, month, "no_denominator")
    if not counts_agree(name, books[month], figures[-1]):
        return _unless_early(promise, month, "sources_disagree")
    total = figures[-1]
    for figure in figures[:-1]:
        if figure is None:
            raise ByHandError(f"{name}: an earlier month is missing")
        total = total.plus(figure)
    if total.low[1] == 0 and total.high[1] == 0:
        return _unless_early(promise, month, "no_denominator" if name in NEVER_NONE else "nothing_due")
    return _judged(name, month, months, total)


def _judged(name: str, month: str, months: Sequence[str], total: Figure) -> dict[str, object]:
    promise = PROMISES[name]
    baseline = None
    if promise.months == FLOW:
        baseline = Fraction(sum(REFERRALS_2022_23[(int(m[5:]) - 4) % 12] for m in months))
    elif promise.months == CHANGE:
        baseline = IN_JUNE_2023[name]
    if total.low[1] == 0 or total.high[1] == 0:
        raise ByHandError(f"{name}: 0 of 0 one way and not the other")
    value, best = (value_of(parts, promise, baseline) for parts in (total.low, total.high))
    met = {at >= promise.target for at in (value, best)}
    parts: dict[str, object] = {
        "numerator": total.low[0],
        "denominator": total.low[1],
        "value": value,
        "best": best,
        "left_out": Fraction(total.left_out),
    }
    if last_day(month) < promise.due:
        return {"status": "not_due", "reason": "not_in_force"} | parts
    if len(met) > 1:
        return {"status": "not_assessed", "reason": "rows_in_doubt"} | parts
    return {"status": "pass" if met == {True} else "fail", "reason": None} | parts


def _unless_early(promise: Promise, month: str, reason: str) -> dict[str, object]:
    if last_day(month) < promise.due:
        return {"status": "not_due", "reason": "not_in_force"}
    return {"status": "not_assessed", "reason": reason}


def counts_agree(name: str, book: Book, figure: Figure) -> bool:
    """Whether the line of the Counts sheet, if it is filled in, lies between what the rows may say."""
    for row in book.rows("Counts", "Measure ID") or ():
        if row["Measure ID"] != name or row["Number"] is None:
            continue
        held = sorted((figure.low[0], figure.high[0]))
        if not held[0] <= row["Number"] <= held[1]:
            return False
        if figure.low[1] is not None and figure.high[1] is not None and row["Out of"] is not None:
            whole = sorted((figure.low[1], figure.high[1]))
            return bool(whole[0] <= row["Out of"] <= whole[1])
    return True


__all__ = ["ALONE", "QUARTER", "ByHandError", "read", "verdict"]
