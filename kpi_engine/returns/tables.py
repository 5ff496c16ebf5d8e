"""A sheet of cells becomes a typed table: every cell that does not fit is a finding and unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kpi_engine.returns.gathered import Plan, gather
from kpi_engine.returns.headings import corners, find_heading, read_headings, spellings, without_merged
from kpi_engine.returns.personal import looks_like_name
from kpi_engine.returns.row_checks import check_rows
from kpi_engine.returns.scanner.workbook import CellKind, SheetState, column_letter
from kpi_engine.returns.spelling import normal
from kpi_engine.returns.typed import Expected, expect, is_blank
from kpi_engine.rulebook.book import SheetKind
from kpi_engine.terms.finding import Severity
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.returned import Problem
from kpi_engine.terms.table import Column, ColumnType, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kpi_engine.returns.faults import Faults
    from kpi_engine.returns.gathered import Gathered
    from kpi_engine.returns.headings import Headings
    from kpi_engine.returns.scanner.workbook import Row, Sheet
    from kpi_engine.rulebook.book import ColumnSpec, Contract, SheetSpec
    from kpi_engine.terms.period import Period

CASE_SHEETS = frozenset({SheetKind.SNAPSHOT, SheetKind.EVENTS})
_TICKED = frozenset({"yes", "y", "true", "x", "\u2713", "\u2714"})
_NOT_TICKED = frozenset({"no", "n", "false"})
_CELLS_OF_A_CASE = 3
_LONG_NUMBER = 5  # digits from which identifiers of one kind are taken to be of one length


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table stands: its sheet and, if it is an Excel table, its rows and columns.

    `name` is what the sheet is called in findings and reports: its own name only
    if that resembles a known one, for people type names of people too.
    """

    sheet: Sheet
    name: str
    first_row: int | None = None
    last_row: int | None = None
    columns: range | None = None
    has_totals: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """What holds for every sheet of one return."""

    contract: Contract
    period: Period
    file: str
    date_1904: bool


def read_table(place: Place, spec: SheetSpec, setting: Setting, faults: Faults) -> Table | Problem:
    """The table of `spec` on the sheet, or why none can be used; faults are added to `faults`."""
    sheet = place.sheet
    found = find_heading(sheet.rows(), spec, place.first_row)
    if found.heading is None:
        faults.add("R134", meant=repr(spec.sheet))
        return Problem(Reason.SHEET_MISSING, f"The sheet {spec.sheet} holds no table with its headings.")
    # On sheets that the template protects, what stands beside the table is the template's own.
    beside = None if spec.kind in CASE_SHEETS else place.columns
    headings = read_headings(found.heading, spec, beside, faults)
    plan = Plan(
        spec, headings, _expectations(spec, setting), spellings(spec), place.last_row, place.has_totals
    )
    gathered = gather(found.beneath, plan, faults)
    if beside is not None:
        gathered.tallies.pop(("R142", ""), None)
    misplaced = _rows_above(found.above, headings)
    if misplaced is not None:
        faults.add("R148", misplaced)
        return Problem(Reason.RETURN_REFUSED, f"Rows stand above the headings of {spec.sheet}.")
    if any(fault.severity is Severity.REFUSE for fault in sheet.findings):
        return Problem(Reason.RETURN_REFUSED, f"The sheet {spec.sheet} cannot be read safely.")
    lost = without_merged(headings, sheet.merged, spec, faults)
    _doubt_merged(gathered, headings, sheet.merged, spec, faults)
    _tell(gathered, headings, place, spec, faults)
    columns = {
        name: Column(
            name,
            spec.columns[name].type,
            gathered.columns[name].values,
            gathered.columns[name].unknown,
            column_letter(number),
        )
        for name, number in headings.columns.items()
        if name not in lost
    }
    nil = _nil(found.above, setting.contract.nil_label, faults) if spec.kind in CASE_SHEETS else False
    if nil is None:
        return Problem(Reason.RETURN_REFUSED, f"{spec.sheet} does not say clearly whether there was none.")
    table = Table(spec.id, setting.period, columns, gathered.rows, setting.file, place.name, nil=nil)
    return check_rows(table, spec, setting.contract.nil_label, faults)


def _expectations(spec: SheetSpec, setting: Setting) -> Mapping[str, Expected]:
    return {
        column.id: expect(
            column,
            setting.contract.not_known,
            date_1904=setting.date_1904,
            last_day=None if column.future else setting.period.end,
        )
        for column in spec.columns.values()
    }


def _doubt_merged(
    gathered: Gathered, headings: Headings, merged: tuple[str, ...], spec: SheetSpec, faults: Faults
) -> None:
    """A merged cell says nothing of the rows and columns beyond its first."""
    at = {number: index for index, number in enumerate(gathered.rows)}
    for area in merged:
        top, left, bottom, right = corners(area)
        for name, number in headings.columns.items():
            if not left <= number <= right or bottom <= headings.row:
                continue
            first = top if number == left else top - 1
            touched = [at[row] for row in range(max(first + 1, headings.row + 1), bottom + 1) if row in at]
            for index in touched:
                gathered.columns[name].values[index] = None
                gathered.columns[name].unknown[index] = True
            if touched:
                faults.add("R216", area, heading=repr(spec.columns[name].heading))


def _tell(gathered: Gathered, headings: Headings, place: Place, spec: SheetSpec, faults: Faults) -> None:
    """What is said once of a sheet or a column: hidden parts, blanks, strays, lost zeros."""
    sheet = place.sheet
    if sheet.state is not SheetState.VISIBLE:
        faults.add("R139")
    hidden = sorted(sheet.hidden_columns & set(headings.columns.values()))
    if hidden:
        faults.add("R140", columns=", ".join(map(column_letter, hidden)))
    if gathered.hidden:
        faults.add("R141", count=gathered.hidden)
    for (code, name), count in gathered.tallies.items():
        # On the other sheets a blank or "not known" changes no row's count.
        if code != "R203" or spec.kind in CASE_SHEETS:
            heading = repr(spec.columns[name].heading) if name else ""
            faults.add(code, gathered.first[code, name], count=count, heading=heading)
    for name, column in spec.columns.items():
        if column.type is ColumnType.ID and name in gathered.columns and spec.kind in CASE_SHEETS:
            _tell_identifiers(name, column, gathered, headings, faults)


def _tell_identifiers(
    name: str, column: ColumnSpec, gathered: Gathered, headings: Headings, faults: Faults
) -> None:
    ids = [value for value in gathered.columns[name].values if isinstance(value, str)]
    digits = [value for value in ids if value.isdecimal()]
    longest = max(map(len, digits), default=0)
    padded = any(value.startswith("0") and len(value) > 1 for value in digits)
    short = [
        i for i in gathered.columns[name].numeric if len(str(gathered.columns[name].values[i])) < longest
    ]
    letter = column_letter(headings.columns[name])
    if short and (padded or longest >= _LONG_NUMBER):
        faults.add(
            "R214", f"{letter}{gathered.rows[short[0]]}", heading=repr(column.heading), count=len(short)
        )
    named = [
        i
        for i, value in enumerate(gathered.columns[name].values)
        if isinstance(value, str) and not value.isalnum() and looks_like_name(value)
    ]
    if named:
        faults.add(
            "R406", f"{letter}{gathered.rows[named[0]]}", heading=repr(column.heading), count=len(named)
        )


def _rows_above(above: tuple[Row, ...], headings: Headings) -> str | None:
    """Where a row like a case stands above the headings: titles and the nil cell fill fewer cells."""
    columns = set(headings.columns.values())
    for row in above:
        filled = [cell for cell in row.cells if cell.column in columns and not is_blank(cell)]
        if len(filled) >= _CELLS_OF_A_CASE:
            return filled[0].address
    return None


def _nil(above: tuple[Row, ...], label: str, faults: Faults) -> bool | None:
    """Whether the cell to the right of the nil label, above the headings, is ticked; None: unclear."""
    wanted = normal(label)
    for row in above:
        filled = [cell for cell in row.cells if not is_blank(cell)]
        for cell, beside in zip(filled, [*filled[1:], None], strict=True):
            if cell.kind is not CellKind.TEXT or not normal(cell.text).startswith(wanted):
                continue
            if beside is None:
                return False
            answer = normal(beside.text)
            if answer in _TICKED or (beside.kind is CellKind.BOOLEAN and beside.text == "1"):
                return True
            if answer not in _NOT_TICKED and beside.kind is not CellKind.BOOLEAN:
                faults.add("R146", beside.address, label=repr(label))
                return None
            return False
    return False
