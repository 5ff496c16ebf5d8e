"""The sheets of the template that hold a table: cases, counts, milestones, commentary."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table, TableStyleInfo

from kpi_engine.returns.template.input_rules import (
    FORMATS,
    ORANGE,
    PINK,
    add_custom,
    add_rules,
    colour,
    input_style,
    lines,
    width,
)
from kpi_engine.returns.template.parts import fit_page, line_height, protect, put
from kpi_engine.rulebook.book import Blank, Kind, SheetKind, Window
from kpi_engine.terms.expression import ColumnRef, Shift
from kpi_engine.terms.period import YEAR, in_words
from kpi_engine.terms.table import ColumnType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openpyxl.worksheet.worksheet import Worksheet

    from kpi_engine.returns.template.parts import Plan
    from kpi_engine.rulebook.book import Indicator, SheetSpec
    from kpi_engine.terms.expression import Expression
    from kpi_engine.terms.table import Value

NIL_ROW: Final = 4
HEADING_ROW: Final = 6
EMPTY_ROWS: Final = 12  # Excel extends the table as rows are typed or pasted beneath it
CHECKED_ROWS: Final = 2000
WIDE = 46.0
NUMBER, OUT_OF, WHY_NONE, NO_CASE_LIST = "number", "out_of", "why_none", "no_case_list"
TO_FILL: Final = frozenset(
    {NUMBER, OUT_OF, WHY_NONE, "done_on", "expected_on", "why", "action", "lead", "back_on_track", "ask"}
)
COUNT_ERROR: Final = "Type a whole number; the number may not be above what it is out of."
BESIDE: Final = {"Last month: number": 12.0, "Last month: out of": 12.0, "What the figures cover": 40.0}


@dataclass(slots=True)
class Grid:
    """A sheet's table while it is written: where its columns stand and how tall its rows must be."""

    sheet: Worksheet
    spec: SheetSpec
    letters: Mapping[str, str] = field(init=False)
    widths: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        """Give every column of the contract its letter and width."""
        self.letters = {column: get_column_letter(i) for i, column in enumerate(self.spec.columns, 1)}
        self.widths = {name: width(column) for name, column in self.spec.columns.items()}

    def cells(self, column: str, last_row: int) -> str:
        """The cells of a column beneath its heading."""
        return f"{self.letters[column]}{HEADING_ROW + 1}:{self.letters[column]}{last_row}"


def write_sheet(sheet: Worksheet, spec: SheetSpec, plan: Plan) -> None:
    """Write one sheet of the contract."""
    match spec.kind:
        case SheetKind.COUNTS:
            _write_counts(sheet, spec, plan)
        case SheetKind.MILESTONES:
            _write_milestones(sheet, spec, plan)
        case SheetKind.COMMENTARY:
            _write_commentary(sheet, spec, plan)
        case _:
            _write_cases(sheet, spec, plan)


# ── Cases ────────────────────────────────────────────────────────────────────


def _write_cases(sheet: Worksheet, spec: SheetSpec, plan: Plan) -> None:
    rows = plan.filling.rows.get(spec.id, ())
    grid = Grid(sheet, spec)
    _write_top(sheet, spec, f"Each row is {spec.grain}.", belongs(spec, plan))
    _write_nil(sheet, spec, plan)
    styles = {name: input_style(column.type) for name, column in spec.columns.items()}
    for number, row in enumerate(rows, HEADING_ROW + 1):
        known({*row}, {*styles})
        for name, style in styles.items():
            put(sheet, f"{grid.letters[name]}{number}", row.get(name), style)
    for number in range(HEADING_ROW + 1 + len(rows), HEADING_ROW + 1 + EMPTY_ROWS):
        for name, style in styles.items():
            sheet[f"{grid.letters[name]}{number}"].style = style
    _finish_table(grid, HEADING_ROW + max(len(rows), EMPTY_ROWS))
    _add_case_rules(grid, plan)


def belongs(spec: SheetSpec, plan: Plan) -> str:
    """The sentence that says which rows belong in this month's sheet."""
    if spec.kind is SheetKind.EVENTS:
        dates = " or ".join(_day_said(expression, spec) for expression in spec.dated_by)
        return f"Only rows of {plan.period.label}" + (f", by {dates}." if dates else ".")
    stands = f"As it stands on {in_words(plan.period.end)}."
    if spec.history_months:
        return f"{stands} It goes back {spec.history_months} months."
    return stands


def _day_said(expression: Expression, spec: SheetSpec) -> str:
    match expression:
        case ColumnRef(name=name):
            return f"“{spec.columns[name].heading}”"
        case Shift(base=base, months=months, days=days):
            steps = [f"{n} {unit}{'s' * (n != 1)}" for n, unit in ((months, "month"), (days, "day")) if n]
            return " + ".join([_day_said(base, spec), *steps])
        case _:
            return "date"


def _write_top(sheet: Worksheet, spec: SheetSpec, *notes: str) -> None:
    put(sheet, "A1", spec.sheet, "Return title")
    for row, note in enumerate(notes, 2):
        put(sheet, f"A{row}", note, "Return note")


def _write_nil(sheet: Worksheet, spec: SheetSpec, plan: Plan) -> None:
    cell, rows = f"B{NIL_ROW}", f"$A${HEADING_ROW + 1}:$A${HEADING_ROW + CHECKED_ROWS}"
    put(sheet, f"A{NIL_ROW}", plan.rulebook.contract.nil_label, "Return label")
    put(sheet, cell, True if spec.id in plan.filling.nil else None, input_style(ColumnType.YES_NO))
    rule = DataValidation(
        type="list", formula1='"Yes"', allow_blank=True, showErrorMessage=True, showInputMessage=True
    )
    rule.prompt = "Choose Yes only if there is no row to list this month."
    rule.error = "Choose Yes, or leave it empty."
    rule.add(cell)
    sheet.add_data_validation(rule)
    colour(sheet, cell, f"AND(LEN(TRIM({cell}))>0,COUNTA({rows})>0)", PINK)
    colour(sheet, cell, f"AND(LEN(TRIM({cell}))=0,COUNTA({rows})=0)", ORANGE)


def _add_case_rules(grid: Grid, plan: Plan) -> None:
    sheet, spec = grid.sheet, grid.spec
    last_row = HEADING_ROW + CHECKED_ROWS
    first, last = (list(grid.letters.values())[i] for i in (0, -1))
    row = HEADING_ROW + 1
    for name, column in spec.columns.items():
        cells = grid.cells(name, last_row)
        sheet.column_dimensions[grid.letters[name]].number_format = FORMATS[column.type]
        add_rules(sheet, column, cells, plan.allowed(spec.id, name))
        if column.blank is Blank.UNKNOWN:
            cell = f"{grid.letters[name]}{row}"
            colour(sheet, cells, f"AND(LEN(TRIM({cell}))=0,COUNTA(${first}{row}:${last}{row})>0)", ORANGE)


def _finish_table(grid: Grid, last_row: int) -> None:
    """Write the headings, make the rows an Excel table and set up the page."""
    sheet, spec = grid.sheet, grid.spec
    for name, column in spec.columns.items():
        letter = grid.letters[name]
        put(sheet, f"{letter}{HEADING_ROW}", column.heading, "Return heading")
        sheet.column_dimensions[letter].width = grid.widths[name]
    if spec.kind in {SheetKind.SNAPSHOT, SheetKind.EVENTS}:
        label = sheet[f"A{NIL_ROW}"].value
        sheet.column_dimensions["A"].width = max(grid.widths[next(iter(grid.widths))], len(str(label)) + 3)
    tallest = max(lines(c.heading, grid.widths[name] - 3) for name, c in spec.columns.items())
    sheet.row_dimensions[HEADING_ROW].height = line_height(tallest)
    last_letter = list(grid.letters.values())[-1]
    table = Table(displayName=spec.id, name=spec.id, ref=f"A{HEADING_ROW}:{last_letter}{last_row}")
    table.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=False)
    sheet.add_table(table)
    sheet.sheet_view.showGridLines = False
    fit_page(sheet, HEADING_ROW)


# ── Counts, milestones, commentary: one line each ────────────────────────────


def _write_lines(
    grid: Grid, plan: Plan, ready: Mapping[str, str], filled: Mapping[str, Mapping[str, Value]]
) -> None:
    """One line for each id of `ready`, its title beside it; then the cells to fill in."""
    sheet, spec = grid.sheet, grid.spec
    known({*filled}, {*ready})
    locked = [name for name in spec.columns if name not in TO_FILL]
    grid.widths[locked[0]] = max(map(len, ready), default=10) + 2.0
    grid.widths |= dict.fromkeys(locked[1:], WIDE)
    for row, (line, title) in enumerate(ready.items(), HEADING_ROW + 1):
        cells: dict[str, Value] = {**dict(zip(locked, (line, title), strict=False)), **filled.get(line, {})}
        known({*cells}, {*spec.columns})
        for name, column in spec.columns.items():
            style = "Return locked" if name in locked else input_style(column.type)
            put(sheet, f"{grid.letters[name]}{row}", cells.get(name), style)
        tallest = max(lines(str(value or ""), grid.widths[name]) for name, value in cells.items())
        sheet.row_dimensions[row].height = line_height(tallest)
    last_row = HEADING_ROW + max(1, len(ready))
    _finish_table(grid, last_row)
    for name in [name for name in spec.columns if name in TO_FILL]:
        if name not in {NUMBER, OUT_OF}:
            add_rules(sheet, spec.columns[name], grid.cells(name, last_row), plan.allowed(spec.id, name))


def _write_milestones(sheet: Worksheet, spec: SheetSpec, plan: Plan) -> None:
    done = "Actions of the plan. Done? Give the day. Not yet? Give the day it is expected."
    _write_top(sheet, spec, done, "A line left empty is reported as not done yet.")
    ready = {
        one.id: one.title + (f" (due {in_words(one.due)})" if one.due else " (no date in the plan)")
        for one in plan.rulebook.milestones.values()
    }
    _write_lines(Grid(sheet, spec), plan, ready, plan.filling.milestones)


def _write_commentary(sheet: Worksheet, spec: SheetSpec, plan: Plan) -> None:
    wanted = "For a measure that is off track: why, what is being done, and what the board is asked."
    privacy = "Boards and the public may read this. Write nothing by which a child could be recognised."
    _write_top(sheet, spec, wanted, privacy)
    ready = {one.id: one.title for one in plan.rulebook.indicators.values()}
    _write_lines(Grid(sheet, spec), plan, ready, plan.filling.commentary)


# ── Counts ───────────────────────────────────────────────────────────────────


def _write_counts(sheet: Worksheet, spec: SheetSpec, plan: Plan) -> None:
    grid = Grid(sheet, spec)
    indicators = [i for i in plan.rulebook.indicators.values() if i.measure.kind is not Kind.STATED]
    needed = "Needed for every sheet whose case list is not sent; beside a case list they are a check."
    none = f"Say on “{plan.rulebook.contract.cover_sheet}” which lists are not sent. No figure? Choose why."
    _write_top(sheet, spec, f"Whole numbers, never percentages. {needed}", none)
    _write_lines(grid, plan, {i.id: i.title for i in indicators}, plan.filling.counts)
    for row, indicator in enumerate(indicators, HEADING_ROW + 1):
        _add_count_rules(grid, plan, indicator, row)
    _write_beside(grid, plan, indicators)
    protect(sheet)


def _add_count_rules(grid: Grid, plan: Plan, indicator: Indicator, row: int) -> None:
    """Number not above Out of; orange where the case list is not sent; grey where nothing is asked."""
    sheet, columns = grid.sheet, grid.spec.columns
    number, out_of, why = (f"{grid.letters[name]}{row}" for name in (NUMBER, OUT_OF, WHY_NONE))
    has_whole = indicator.measure.kind in {Kind.PROPORTION, Kind.SUMS}
    promised = _no_case_list(plan, plan.rulebook.contract.sheets[indicator.measure.table])
    for cell, name, other in ((number, NUMBER, out_of), (out_of, OUT_OF, number)):
        if name == OUT_OF and not has_whole:
            sheet[cell].style = "Return locked"
            continue
        fits = f"OR(NOT(ISNUMBER({other})),{number}<={out_of})"
        is_count = f"IF(ISNUMBER({cell}),AND({cell}>=0,{cell}=INT({cell}),{fits}),FALSE)"
        add_custom(sheet, columns[name], cell, is_count, COUNT_ERROR)
        colour(sheet, cell, f"AND(LEN(TRIM({cell}))>0,NOT({is_count}))", PINK)
        needed = f"OR({promised},LEN(TRIM({number}))>0)" if name == OUT_OF else promised
        colour(sheet, cell, f"AND(LEN(TRIM({cell}))=0,LEN(TRIM({why}))=0,{needed})", ORANGE)


def _no_case_list(plan: Plan, spec: SheetSpec) -> str:
    """The formula that holds while the cover says that the sheet's case list is not sent."""
    contract = plan.rulebook.contract
    if NO_CASE_LIST not in plan.cover_cells:
        return "FALSE"
    column, row = plan.cover_cells[NO_CASE_LIST][0], plan.cover_cells[NO_CASE_LIST][1:]
    named = f"{quote_sheetname(contract.cover_sheet)}!${column}${row}"
    return f'ISNUMBER(SEARCH(";{spec.sheet};",";"&SUBSTITUTE({named},"; ",";")&";"))'


def _write_beside(grid: Grid, plan: Plan, indicators: list[Indicator]) -> None:
    """Last month's counts and what this month's cover: beside the table, no part of it."""
    sheet, last_month = grid.sheet, plan.filling.last_month
    before = last_month.counts if last_month else {}
    letters = [get_column_letter(len(grid.letters) + 2 + i) for i in range(len(BESIDE))]
    sheet.column_dimensions[get_column_letter(len(grid.letters) + 1)].width = 3
    for letter, (heading, size) in zip(letters, BESIDE.items(), strict=True):
        put(sheet, f"{letter}{HEADING_ROW}", heading, "Return heading")
        sheet.column_dimensions[letter].width = size
    for row, indicator in enumerate(indicators, HEADING_ROW + 1):
        old = before.get(indicator.id)
        figures = [old.number, old.out_of] if old and not old.unknown else [None, None]
        said = [None if figure is None else int(figure) for figure in figures]
        covers = covered(indicator, plan)
        for letter, value in zip(letters, [*said, covers], strict=True):
            put(sheet, f"{letter}{row}", value, "Return locked")
        height = sheet.row_dimensions[row].height
        sheet.row_dimensions[row].height = max(height, line_height(lines(covers, list(BESIDE.values())[-1])))


def covered(indicator: Indicator, plan: Plan) -> str:
    """What the counts of a measure cover: the sheet and the days."""
    measure, period = indicator.measure, plan.period
    spec = plan.rulebook.contract.sheets[measure.table]
    if not measure.window_from_table:
        stands = spec.kind is SheetKind.SNAPSHOT
        return f"{spec.sheet}, on {in_words(period.end)}" if stands else f"{spec.sheet}, {period.label} alone"
    first = {
        Window.MONTH: period,
        Window.QUARTER: period.quarter,
        Window.YEAR_TO_DATE: period.year,
        Window.ROLLING_12_MONTHS: period.plus(1 - YEAR),
    }[measure.window]
    return f"{spec.sheet}, {in_words(first.start)} to {in_words(period.end)}"


def known(names: set[str], there: set[str]) -> None:
    """Raise KeyError for the first name that is not there."""
    if unknown := names - there:
        raise KeyError(min(unknown))
