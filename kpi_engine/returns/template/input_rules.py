"""How the cells of a template look, what may be typed into them, and what colours them.

Excel's own checks are bypassed by pasting, so each is a help and none is relied on.
"""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from openpyxl.formatting.rule import Rule
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Protection, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.worksheet.datavalidation import DataValidation

from kpi_engine.returns.marked_copy.marks import MARK
from kpi_engine.rulebook.book import Blank
from kpi_engine.terms.table import ColumnType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openpyxl.workbook.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

    from kpi_engine.rulebook.book import ColumnSpec

ORANGE: Final = PatternFill("solid", start_color="FFFAD7A0", end_color="FFFAD7A0")
PINK: Final = PatternFill("solid", start_color=MARK, end_color=MARK)
GREY: Final = PatternFill("solid", start_color="FFEDEFF2", end_color="FFEDEFF2")
HEAD: Final = PatternFill("solid", start_color="FFDCE6F1", end_color="FFDCE6F1")
DARK_GREY: Final = "FF444444"
YES_NO_LIST: Final = '"Yes,No"'
EPOCH: Final = date(1899, 12, 30)  # day 0 of Excel's 1900 date system, from March 1900 on
FIRST_DAY: Final = date(1990, 1, 1)
FAR_DAY: Final = date(2099, 12, 31)
MAX_PROMPT, MAX_PROMPT_TITLE = 255, 32  # Excel refuses a workbook with longer ones
LINE: Final = 15.0  # points that one line of text takes

FORMATS: Final[Mapping[ColumnType, str]] = {
    ColumnType.ID: "@",
    ColumnType.TEXT: "@",
    ColumnType.CHOICE: "@",
    ColumnType.DATE: "dd/mm/yyyy",
    ColumnType.WHOLE: "General",  # a part of one must show
    ColumnType.DECIMAL: "General",
    ColumnType.YES_NO: "@",
}
BLANK_MEANS: Final[Mapping[Blank, str]] = {
    Blank.NOT_HAPPENED: "Leave it empty if it has not happened.",
    Blank.NOT_APPLICABLE: "Leave it empty if it does not apply.",
    Blank.NO: "Empty means no.",
    Blank.UNKNOWN: "Needed: empty counts as not known.",
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a column accepts beside its type: its list, its last day, and the word for not known.

    `known` is the range of every spelling that is read, `choose` the range of those offered.
    """

    choose: str = ""
    known: str = ""
    last_day: date = FAR_DAY
    not_known: str = ""


def serial(day: date) -> int:
    """The number that a workbook stores for a day."""
    return (day - EPOCH).days


def input_style(kind: ColumnType) -> str:
    """The name of the style of a cell to be filled in."""
    return f"Return {kind}"


def add_styles(workbook: Workbook) -> None:
    """Give the workbook the named styles that the template uses."""
    side = Side("thin", color="FFBFC5CC")
    box = Border(left=side, right=side, top=side, bottom=side)
    top = Alignment(vertical="top", wrap_text=True)
    styles = [
        NamedStyle("Return title", font=_font(bold=True, size=16)),
        NamedStyle("Return note", font=_font(color=DARK_GREY), alignment=Alignment(vertical="top")),
        NamedStyle("Return wrapped note", font=_font(color=DARK_GREY), alignment=top),
        NamedStyle("Return label", font=_font(bold=True), alignment=Alignment(vertical="top")),
        NamedStyle("Return heading", font=_font(bold=True), fill=HEAD, border=box, alignment=top),
        NamedStyle("Return locked", font=_font(color=DARK_GREY), fill=GREY, border=box, alignment=top),
        NamedStyle(
            "Return month",
            font=_font(),
            border=box,
            protection=Protection(locked=False),
            number_format="mmmm yyyy",
            alignment=Alignment(horizontal="left", vertical="top"),
        ),
    ]
    for kind, number_format in FORMATS.items():
        side_of_cell = "right" if kind in {ColumnType.WHOLE, ColumnType.DECIMAL} else "left"
        placed = Alignment(horizontal=side_of_cell, vertical="top", wrap_text=kind is ColumnType.TEXT)
        styles.append(
            NamedStyle(
                input_style(kind),
                font=_font(),
                border=box,
                alignment=placed,
                number_format=number_format,
                protection=Protection(locked=False),
            )
        )
    for style in styles:
        workbook.add_named_style(style)


def _font(*, bold: bool = False, size: int = 11, color: str | None = None) -> Font:
    return Font(name="Calibri", family=2, bold=bold, size=size, color=color)


def width(column: ColumnSpec) -> float:
    """A width, in characters, that shows the values, and the heading in at most three lines."""
    inside = {
        ColumnType.ID: 12,
        ColumnType.TEXT: 32,
        ColumnType.DATE: 12,
        ColumnType.WHOLE: 9,
        ColumnType.DECIMAL: 9,
        ColumnType.YES_NO: 9,
        ColumnType.CHOICE: min(36, max((len(value) for value in column.values), default=10) + 4),
    }[column.type]
    button = 4  # the filter's arrow covers the end of a heading
    longest_word = max(map(len, column.heading.split()))
    return max(inside, longest_word + button, math.ceil(len(column.heading) / 3) + button)


def lines(text: str, columns: float) -> int:
    """How many lines a text takes in a cell so many characters wide."""
    return max(1, len(textwrap.wrap(text, max(1, int(columns)))))


def add_rules(sheet: Worksheet, column: ColumnSpec, cells: str, allowed: Allowed) -> None:
    """Check and explain what is typed into `cells` (`B6:B2005`), and turn the wrong ones pink."""
    first = cells.partition(":")[0]
    rule = validation(column, allowed)
    rule.add(cells)
    sheet.add_data_validation(rule)
    if fault := _fault(column, first, allowed):
        spare = f'LOWER(TRIM({first}))<>"{allowed.not_known}",' if allowed.not_known else ""
        colour(sheet, cells, f"AND(LEN(TRIM({first}))>0,{spare}{fault})", PINK)


def add_custom(sheet: Worksheet, column: ColumnSpec, cell: str, formula: str, error: str) -> None:
    """Accept only what the formula, written for this one cell, holds for."""
    rule = validation(column, Allowed())
    rule.type, rule.operator, rule.formula1, rule.formula2, rule.error = "custom", None, formula, None, error
    rule.add(cell)
    sheet.add_data_validation(rule)


def colour(sheet: Worksheet, cells: str, formula: str, fill: PatternFill) -> None:
    """Colour the cells for which the formula, written for the first of them, holds."""
    style = DifferentialStyle(fill=fill)
    sheet.conditional_formatting.add(cells, Rule("expression", dxf=style, stopIfTrue=True, formula=[formula]))


def validation(column: ColumnSpec, allowed: Allowed) -> DataValidation:
    """Excel's check of a column, with its help shown beside the chosen cell."""
    rule = DataValidation(allow_blank=True, showErrorMessage=True, showInputMessage=True)
    least, most = column.least if column.least is not None else 0, column.most
    match column.type:
        case ColumnType.CHOICE | ColumnType.YES_NO:
            rule.type, rule.formula1 = "list", allowed.choose or YES_NO_LIST
            rule.error = "Choose one of the list."
        case ColumnType.DATE:
            rule.type, rule.operator = "date", "between"
            rule.formula1, rule.formula2 = str(serial(FIRST_DAY)), str(serial(allowed.last_day))
            rule.error = f"Type a date as dd/mm/yyyy, not after {allowed.last_day:%d/%m/%Y}."
        case ColumnType.WHOLE | ColumnType.DECIMAL:
            rule.type = "whole" if column.type is ColumnType.WHOLE else "decimal"
            rule.operator = "greaterThanOrEqual" if most is None else "between"
            rule.formula1, rule.formula2 = str(least), None if most is None else str(most)
            number = "a whole number" if rule.type == "whole" else "a number"
            rule.error = f"Type {number}, {least} " + ("or more." if most is None else f"to {most}.")
        case _:
            rule.showErrorMessage = False
    if allowed.not_known and rule.error and rule.type != "list":
        # A warning can be overruled: the true answer may be that it is not known.
        rule.errorStyle = "warning"
        rule.error += f" If it is not known, type: {allowed.not_known}"
    rule.errorTitle = rule.promptTitle = clipped(column.heading, MAX_PROMPT_TITLE)
    means = "" if "mpty" in column.help else BLANK_MEANS[column.blank]
    rule.prompt = clipped(f"{column.help} {means}".strip(), MAX_PROMPT)
    return rule


def clipped(text: str, most: int) -> str:
    """The text, cut between words where it is longer than Excel allows."""
    return text if len(text) <= most else text[: most - 1].rsplit(" ", 1)[0] + "…"


def _fault(column: ColumnSpec, cell: str, allowed: Allowed) -> str:
    """The formula that holds for a filled cell that cannot be read; empty where anything can."""
    match column.type:
        case ColumnType.DATE:
            first, last = serial(FIRST_DAY), serial(allowed.last_day)
            return f"IF(ISNUMBER({cell}),OR({cell}<{first},{cell}>{last}),TRUE)"
        case ColumnType.WHOLE | ColumnType.DECIMAL:
            faults = [f"{cell}<{column.least if column.least is not None else 0}"]
            faults += [f"{cell}>{column.most}"] if column.most is not None else []
            faults += [f"{cell}<>INT({cell})"] if column.type is ColumnType.WHOLE else []
            return f"IF(ISNUMBER({cell}),OR({','.join(faults)}),TRUE)"
        case ColumnType.YES_NO:
            return f'{cell}<>"Yes",{cell}<>"No"'
        case ColumnType.CHOICE if allowed.known:
            return f"ISNA(MATCH(TRIM({cell}),{allowed.known},0))"
        case _:
            return ""
