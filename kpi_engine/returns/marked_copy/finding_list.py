"""The sheet that lists the findings in an annotated copy."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import quoteattr

from kpi_engine.returns.marked_copy.splice import said
from kpi_engine.terms.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from kpi_engine.terms.finding import Finding

LIST_SHEET: Final = "Findings"
"""The name of the added sheet; the reader passes over it, and over `Findings (2)`."""

EFFECT: Final = {
    Severity.REFUSE: "Not used until it is put right",
    Severity.DOUBT: "In doubt: cannot improve a figure",
    Severity.FLAG: "To be checked",
}
HEADINGS: Final = ("Code", "Effect", "Sheet", "Cell", "What was found", "What to do")
WIDTHS: Final = (8, 33, 22, 12, 60, 60)
ABOUT: Final = "This sheet was added to a copy and is no part of the return. Marked cells are pink."
LINE: Final = 15  # points that a line of text takes
HEADING_ROW: Final = 4
TEXT, HEADING, LINK, TITLE = range(4)  # after the first of the list's own styles


def list_part(findings: Sequence[Finding], sheets: Collection[str], space: str, first_style: int) -> bytes:
    """The sheet part. Every cell is an inline text, so that none can be a formula.

    `sheets` are the sheets that a cell may link to, `space` the workbook's namespace.
    """
    rows = [
        _row(1, ["What was found in this return"], first_style + TITLE),
        _row(2, [ABOUT], 0),
        _row(HEADING_ROW, HEADINGS, first_style + HEADING),
    ]
    links = []
    for number, one in enumerate(findings, HEADING_ROW + 1):
        values = (one.code, EFFECT[one.severity], one.sheet, one.cell, one.message, one.fix)
        is_link = one.sheet in sheets
        rows.append(_row(number, values, first_style + TEXT, first_style + LINK if is_link else None))
        if is_link:
            place = f"'{one.sheet.replace(chr(39), chr(39) * 2)}'!{one.cell or 'A1'}"
            links.append(f'<hyperlink ref="D{number}" location={quoteattr(place)}/>')
    if not findings:
        rows.append(_row(HEADING_ROW + 1, ["Nothing was found."], 0))
    columns = "".join(
        f'<col min="{i}" max="{i}" width="{width}" customWidth="1"/>' for i, width in enumerate(WIDTHS, 1)
    )
    pane = f'<pane ySplit="{HEADING_ROW}" topLeftCell="A{HEADING_ROW + 1}" state="frozen"/>'
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        f'<worksheet xmlns="{space}"><sheetPr><tabColor rgb="FFC0392B"/>'
        '<pageSetUpPr fitToPage="1"/></sheetPr>'
        f'<sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
        f"<cols>{columns}</cols><sheetData>{''.join(rows)}</sheetData>"
        + (f"<hyperlinks>{''.join(links)}</hyperlinks>" if links else "")
        + '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/></worksheet>'
    ).encode()


def _row(number: int, values: Sequence[str], style: int, of_cell: int | None = None) -> str:
    pairs = zip(values, WIDTHS, strict=False)
    wrapped = (len(textwrap.wrap(value, width * 11 // 10)) for value, width in pairs)
    height = LINE * max(1, *wrapped) if len(values) > 1 else LINE
    cells = "".join(_cells(number, values, style, of_cell))
    return f'<row r="{number}" ht="{height}" customHeight="1">{cells}</row>'


def _cells(number: int, values: Sequence[str], style: int, of_cell: int | None) -> Iterator[str]:
    for letter, value in zip("ABCDEF", values, strict=False):
        is_link = letter == "D" and of_cell is not None
        text = value or ("whole sheet" if is_link else "")
        chosen = of_cell if is_link else style
        content = f'<is><t xml:space="preserve">{said(text)}</t></is>'
        yield f'<c r="{letter}{number}" s="{chosen}" t="inlineStr">{content}</c>'
