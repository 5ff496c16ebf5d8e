"""The cover of the template: the six rules, who sends the return and for which month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from openpyxl.utils import quote_sheetname
from openpyxl.workbook.defined_name import DefinedName

from kpi_engine.returns.template.input_rules import (
    FAR_DAY,
    ORANGE,
    Allowed,
    add_rules,
    colour,
    input_style,
    lines,
)
from kpi_engine.returns.template.lists import AUTHORITY
from kpi_engine.returns.template.parts import fit_page, line_height, protect, put
from kpi_engine.rulebook.book import Blank, ColumnSpec, SheetKind
from kpi_engine.terms.table import ColumnType

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

    from kpi_engine.returns.template.parts import Plan
    from kpi_engine.rulebook.book import Authority, Contract, CoverField
    from kpi_engine.terms.table import Value

VERSION: Final = "template_version"
MONTH: Final = "month"
RULES_ROW: Final = 4
FIRST_FIELD: Final = 11
WIDTHS: Final = {"A": 30, "B": 40, "C": 74}
SIX_RULES: Final = (
    "1.  Fill in the white and orange cells. Orange: still needed. Pink: something is wrong. Grey: locked.",
    "2.  One row for each case; the top of a sheet says what belongs in it. Type counts, never percentages.",
    "3.  Nothing to list? Choose Yes beside “{nil}”. No figure on {counts}? Choose a reason instead.",
    "4.  No names, dates of birth, NHS numbers or addresses anywhere. Use your own case numbers.",
    "5.  Paste with Paste Special, Values. Columns may stand in any order; keep the headings as they are.",
    "6.  Have the figures validated, save the file as returns_{period}.xlsx and send it.",
)


def cover_cells(contract: Contract) -> dict[str, str]:
    """The address of every field of the cover by its id, and of the template version."""
    fields = [field.id for field in contract.cover if field.id != VERSION]
    return {field: f"B{FIRST_FIELD + i}" for i, field in enumerate([*fields, VERSION])}


def write_cover(sheet: Worksheet, plan: Plan) -> None:
    """Write the cover; KeyError for a value of a field that the contract lacks."""
    rulebook, period = plan.rulebook, plan.period
    contract, council = rulebook.contract, _authority(plan)
    for letter, width in WIDTHS.items():
        sheet.column_dimensions[letter].width = width
    name = council.name if council else plan.filling.authority
    made_up = ". Made-up example: no real council, child or worker." if council and council.made_up else ""
    put(sheet, "A1", f"Monthly return: {rulebook.plan.title}", "Return title")
    put(sheet, "A2", f"{name}, {period.label}{made_up}", "Return note")
    counts = next((s.sheet for s in contract.sheets.values() if s.kind is SheetKind.COUNTS), "Counts")
    for i, rule in enumerate(SIX_RULES):
        text = rule.format(nil=contract.nil_label, counts=counts, period=period)
        put(sheet, f"A{RULES_ROW + i}", text, "Normal")
    values: dict[str, Value] = {field.id: None for field in contract.cover}
    values |= {MONTH: period.start, "authority": name, VERSION: contract.template_version}
    for field, value in plan.filling.cover.items():
        values[_known(field, values)] = value
    for one in contract.cover:
        if one.id != VERSION:
            _write_field(sheet, one, plan, values[one.id])
    version = plan.cover_cells[VERSION]
    put(sheet, f"A{version[1:]}", "Template version", "Return label")
    put(sheet, version, values[VERSION], "Return locked")
    sheet.sheet_view.showGridLines = False
    protect(sheet)
    fit_page(sheet)


def add_names(workbook: Workbook, plan: Plan) -> None:
    """Give the cells of the cover their names, by which they are found again."""
    contract = plan.rulebook.contract
    names = {field.id: field.name for field in contract.cover} | {VERSION: VERSION}
    for field, cell in plan.cover_cells.items():
        place = f"{quote_sheetname(contract.cover_sheet)}!$B${cell[1:]}"
        workbook.defined_names[names[field]] = DefinedName(names[field], attr_text=place)


def _known(field: str, fields: dict[str, Value]) -> str:
    if field not in fields:
        raise KeyError(field)
    return field


def _write_field(sheet: Worksheet, field: CoverField, plan: Plan, value: Value) -> None:
    cell = plan.cover_cells[field.id]
    row = int(cell[1:])
    put(sheet, f"A{row}", field.label, "Return label")
    put(sheet, cell, value, "Return month" if field.id == MONTH else input_style(field.type))
    put(sheet, f"C{row}", field.help or None, "Return wrapped note")
    height = max(lines(field.help, WIDTHS["C"]), lines(str(value or ""), WIDTHS["B"]))
    sheet.row_dimensions[row].height = line_height(height)
    names = plan.choices[AUTHORITY] if field.id == "authority" else None
    kind = {"authority": ColumnType.CHOICE, MONTH: ColumnType.DATE}.get(field.id, field.type)
    column = ColumnSpec(
        id=field.id,
        heading=field.label,
        synonyms=(),
        type=kind,
        blank=Blank.UNKNOWN if field.required else Blank.NOT_APPLICABLE,
        required=field.required,
        quotable=False,
        values=(),
        choices={},
        least=None,
        most=None,
        help=field.help,
    )
    allowed = Allowed(names.choose, names.known) if names else Allowed(last_day=FAR_DAY)
    add_rules(sheet, column, cell, allowed)
    if field.required:
        colour(sheet, cell, f"LEN(TRIM({cell}))=0", ORANGE)


def _authority(plan: Plan) -> Authority | None:
    named = plan.filling.authority
    return next((a for a in plan.rulebook.plan.authorities if named in {a.code, a.name}), None)
