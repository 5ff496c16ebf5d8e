"""A sheet of cells becomes a typed table: every cell that does not fit is a finding and unknown."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kpi_engine.returns.headings import corners, find_heading, read_headings, spellings, without_merged
from kpi_engine.returns.personal import looks_like_name
from kpi_engine.returns.row_checks import check_rows
from kpi_engine.returns.scanner.workbook import CellKind, SheetState, column_letter
from kpi_engine.returns.spelling import did_you_mean, normal
from kpi_engine.returns.typed import Expected, Typed, blank, described, expect, is_blank, shown, typed
from kpi_engine.rulebook.book import SheetKind
from kpi_engine.terms.finding import Severity
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import in_words
from kpi_engine.terms.returned import Problem
from kpi_engine.terms.table import Column, ColumnType, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kpi_engine.returns.faults import Faults
    from kpi_engine.returns.headings import Headings
    from kpi_engine.returns.scanner.workbook import Cell, Row, Sheet
    from kpi_engine.rulebook.book import ColumnSpec, Contract, SheetSpec
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.table import Value

CASE_SHEETS = frozenset({SheetKind.SNAPSHOT, SheetKind.EVENTS})
_TOTALS = frozenset(
    {"total", "totals", "grand total", "sum", "subtotal", "sub total", "sub-total", "overall total"}
)
_TICKED = frozenset({"yes", "y", "true", "x", "\u2713", "\u2714"})
_NOT_TICKED = frozenset({"no", "n", "false"})
_ONCE_A_COLUMN = frozenset({"R203", "R215"})
_SPACES_OF_A_SENTENCE = 2
_CELLS_OF_A_CASE = 3
_REMEMBERED = 10_000  # distinct cells of a column: the days of 27 years
_SELDOM_REPEATED = (ColumnType.ID, ColumnType.TEXT)
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


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a table's rows are read. `known`: its headings in their normal form."""

    spec: SheetSpec
    place: Place
    headings: Headings
    expected: Mapping[str, Expected]
    known: Mapping[str, str]


@dataclass(slots=True)
class _Reading:
    """A column while it is read."""

    name: str
    letter: str
    expected: Expected
    values: list[Value] = field(default_factory=list)
    unknown: list[bool] = field(default_factory=list)
    met: dict[tuple[object, ...], Typed] = field(default_factory=dict)

    def typed(self, cell: Cell) -> Typed:
        """The cell, typed; each distinct one once, since dates and choices repeat down a column."""
        if self.expected.column.type in _SELDOM_REPEATED:
            return typed(cell, self.expected)
        key = cell[2:]  # all but its place
        read = self.met.get(key)
        if read is None:
            read = typed(cell, self.expected)
            if len(self.met) < _REMEMBERED:
                self.met[key] = read
        return read


@dataclass(slots=True)
class _Gathered:
    """The rows of a table while they are read."""

    rows: list[int]
    columns: Mapping[str, _Reading]
    numeric_ids: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    tallies: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: dict[tuple[str, str], str] = field(default_factory=dict)
    hidden: int = 0
    last_number: int = 0

    def tally(self, code: str, column: str, address: str) -> None:
        """Count one more cell of a fault that is told once a column."""
        self.tallies[code, column] += 1
        self.first.setdefault((code, column), address)


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
    plan = _Plan(spec, place, headings, _expectations(spec, setting), spellings(spec))
    gathered = _gather(found.beneath, plan, faults)
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


def _gather(rows: Iterator[Row], plan: _Plan, faults: Faults) -> _Gathered:
    """The typed rows beneath the headings, and what is not one told."""
    columns = plan.headings.columns
    readings = {c: _Reading(c, column_letter(n), plan.expected[c]) for c, n in columns.items()}
    gathered = _Gathered([], readings, last_number=plan.headings.row)
    by_number = {number: name for name, number in columns.items()}
    for row in rows:
        cells: dict[str, Cell] = {}
        for cell in row.cells:
            if is_blank(cell):
                continue
            if cell.column in by_number:
                cells[by_number[cell.column]] = cell
            elif cell.column not in plan.headings.other:
                gathered.tally("R142", "", cell.address)
        if not cells:
            continue
        code = _no_case(row, cells, plan, gathered)
        gap = row.number > gathered.last_number + 1
        gathered.last_number = row.number
        if code:
            faults.add(code, next(iter(cells.values())).address)
            continue
        if gap:
            gathered.tally("R147", "", next(iter(cells.values())).address)
        gathered.hidden += row.hidden
        _add(row.number, cells, gathered, faults)
    return gathered


def _no_case(row: Row, cells: Mapping[str, Cell], plan: _Plan, gathered: _Gathered) -> str | None:
    """The code of what a row is, if it is certainly no case: totals, headings again, a note."""
    spec, last = plan.spec, plan.place.last_row
    texts = {name: cell.text for name, cell in cells.items() if cell.kind is CellKind.TEXT}
    keys = [name for name in spec.key if name in cells]
    identified = bool(keys) and not any(name in texts and _is_total(texts[name]) for name in keys)
    if (plan.place.has_totals and row.number == last) or (
        not identified and any(map(_is_total, texts.values()))
    ):
        return "R143"
    if len(texts) == len(cells) > 1 and all(plan.known.get(normal(t)) == name for name, t in texts.items()):
        return "R145"
    beneath = row.number > gathered.last_number + 1 or (last is not None and row.number > last)
    if beneath and len(cells) == len(texts) == 1 and len(plan.headings.columns) > 1:
        word = normal(next(iter(texts.values())))
        # A lone identifier may be a case of which nothing else is known; a sentence is not.
        if word.endswith(":") or word.count(" ") >= _SPACES_OF_A_SENTENCE:
            return "R144"
    return None


def _is_total(text: str) -> bool:
    return normal(text).rstrip(" :") in _TOTALS


def _add(number: int, cells: Mapping[str, Cell], gathered: _Gathered, faults: Faults) -> None:
    for name, column in gathered.columns.items():
        cell = cells.get(name)
        read = blank(column.expected.column) if cell is None else column.typed(cell)
        if read.code in _ONCE_A_COLUMN:
            gathered.tally(read.code, name, f"{column.letter}{number}")
        elif read.code is not None and cell is not None:
            _cell_fault(read.code, cell, column.expected, faults)
        if cell is not None and cell.kind is CellKind.NUMBER and column.expected.column.type is ColumnType.ID:
            gathered.numeric_ids[name].append(len(gathered.rows))
        column.values.append(read.value)
        column.unknown.append(read.unknown)
    gathered.rows.append(number)


def _cell_fault(code: str, cell: Cell, expected: Expected, faults: Faults) -> None:
    if faults.only_counts(code):
        return
    column = expected.column
    quoted = shown(cell, expected)
    faults.add(
        code,
        cell.address,
        found=quoted,
        heading=repr(column.heading),
        shown=described(cell, quoted),
        bounds=_bounds(column),
        allowed=", ".join(column.values),
        maybe=did_you_mean(cell.text, column.values) if column.quotable else "",
        last=in_words(expected.last_day) if expected.last_day else "",
    )


def _bounds(column: ColumnSpec) -> str:
    least = "" if column.least is None else f"at least {column.least}"
    most = "" if column.most is None else f"at most {column.most}"
    return " and ".join(filter(None, (least, most)))


def _doubt_merged(
    gathered: _Gathered, headings: Headings, merged: tuple[str, ...], spec: SheetSpec, faults: Faults
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


def _tell(gathered: _Gathered, headings: Headings, place: Place, spec: SheetSpec, faults: Faults) -> None:
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
    name: str, column: ColumnSpec, gathered: _Gathered, headings: Headings, faults: Faults
) -> None:
    ids = [value for value in gathered.columns[name].values if isinstance(value, str)]
    digits = [value for value in ids if value.isdecimal()]
    longest = max(map(len, digits), default=0)
    padded = any(value.startswith("0") and len(value) > 1 for value in digits)
    short = [i for i in gathered.numeric_ids[name] if len(str(gathered.columns[name].values[i])) < longest]
    letter = column_letter(headings.columns[name])
    if short and (padded or longest >= _LONG_NUMBER):
        faults.add(
            "R214", f"{letter}{gathered.rows[short[0]]}", heading=repr(column.heading), count=len(short)
        )
    named = [
        i
        for i, value in enumerate(gathered.columns[name].values)
        if isinstance(value, str) and looks_like_name(value)
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
