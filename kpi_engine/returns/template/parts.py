"""What every sheet of the template is made with: the plan of it, cells, and the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from openpyxl.worksheet.properties import PageSetupProperties

from kpi_engine.returns.template.input_rules import FAR_DAY, LINE, Allowed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

    from kpi_engine.returns.template import Filling
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.table import Value

LISTS: Final = "Lists"
A4: Final = 9
ESCAPED: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


@dataclass(frozen=True, slots=True)
class Choices:
    """One column of the sheet Lists: the values offered, then other spellings that are read."""

    heading: str
    letter: str
    values: tuple[str, ...]
    others: tuple[str, ...] = ()

    @property
    def choose(self) -> str:
        """The range of the values offered: `Lists!$A$2:$A$5`."""
        return f"{LISTS}!${self.letter}$2:${self.letter}${1 + len(self.values)}"

    @property
    def known(self) -> str:
        """The range of every spelling that is read."""
        return f"{LISTS}!${self.letter}$2:${self.letter}${1 + len(self.values) + len(self.others)}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that the sheets are written from.

    `choices` has the list of every choice column by (sheet id, column id); `cover_cells` the
    address of every cover field by its id; `not_known` is the word to type for it.
    """

    rulebook: RuleBook
    period: Period
    filling: Filling
    choices: Mapping[tuple[str, str], Choices]
    cover_cells: Mapping[str, str]
    not_known: str

    def allowed(self, sheet: str, column: str) -> Allowed:
        """What a column accepts: no day after the month's last, unless the contract says so."""
        choices = self.choices.get((sheet, column))
        future = self.rulebook.contract.sheets[sheet].columns[column].future
        return Allowed(
            choose=choices.choose if choices else "",
            known=choices.known if choices else "",
            last_day=FAR_DAY if future else self.period.end,
            not_known=self.not_known,
        )


def put(sheet: Worksheet, address: str, value: Value, style: str) -> Cell:
    """Write one cell. Text is always text: one that begins with = is no formula."""
    cell: Cell = sheet[address]
    cell.style = style
    if isinstance(value, bool):
        value = "Yes" if value else "No"
    if isinstance(value, str):
        value = ESCAPED.sub("_x005F_", value)
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
    return cell


def line_height(lines: int) -> float:
    """The height of a row that shows so many lines of text."""
    return LINE * lines + 1


def protect(sheet: Worksheet) -> None:
    """Lock the cells that are not for typing, without a password; columns may still be widened."""
    sheet.protection.sheet = True
    sheet.protection.formatColumns = False
    sheet.protection.formatRows = False


def fit_page(sheet: Worksheet, heading_row: int | None = None) -> None:
    """Print on A4 across, as wide as the page, with the headings on every page."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    footer = sheet.oddFooter
    if footer is not None and footer.left is not None and footer.right is not None:  # never, says openpyxl
        footer.left.text, footer.right.text = "&A", "&P of &N"
    if heading_row:
        sheet.print_title_rows = f"{heading_row}:{heading_row}"
        sheet.freeze_panes = f"A{heading_row + 1}"
