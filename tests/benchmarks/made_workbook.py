"""Made rows as a workbook: written piece by piece, in each of the ways that programs write cells."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from tests.benchmarks.made_returns import AT, COLUMNS, FIRST_ROW, MONTH, Answers, MadeRow, Stored, made_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
PARTS = {
    "[Content_Types].xml": (
        f'{HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPES}.worksheet+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet2.xml" ContentType="{TYPES}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{TYPES}.styles+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{TYPES}.sharedStrings+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'{HEAD}<Relationships xmlns="{PACKAGE}">'
        f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="Start here" sheetId="1" r:id="rId1"/><sheet name="Cases" sheetId="2" r:id="rId2"/>'
        "</sheets></workbook>"
    ),
    "xl/_rels/workbook.xml.rels": (
        f'{HEAD}<Relationships xmlns="{PACKAGE}">'
        f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{OFFICE}/worksheet" Target="worksheets/sheet2.xml"/>'
        f'<Relationship Id="rId3" Type="{OFFICE}/styles" Target="styles.xml"/>'
        f'<Relationship Id="rId4" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    ),
    "xl/styles.xml": (
        f'{HEAD}<styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts>'
        '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs>'
        "</styleSheet>"
    ),
}
COVER = (("Authority", "E99999999"), ("Month", MONTH), ("Template version", "1"))
DATA = "xl/worksheets/sheet2.xml"


class Lane(StrEnum):
    """How cells are written."""

    PLAIN = "plain"  # as Excel does: shared texts
    INLINE = "inline"  # as openpyxl does: texts in the cells
    PREFIXED = "prefixed"  # as Microsoft's library for .NET does: a prefix before every name


def write_workbook(path: Path, rows: int, lane: Lane = Lane.PLAIN) -> Answers:
    """Write a return of so many rows to `path`; what is in it."""
    answers = Answers()
    writer = _Writer(lane)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in PARTS.items():
            archive.writestr(name, text)
        cover = (
            MadeRow(n, hidden=False, cells=(Stored("A", "s", label), Stored("B", "s", value)))
            for n, (label, value) in enumerate(COVER, 3)
        )
        _write(archive, "xl/worksheets/sheet1.xml", writer.sheet(cover))
        _write(archive, DATA, writer.sheet(_with_headings(made_rows(rows, answers))))
        _write(archive, "xl/sharedStrings.xml", writer.shared())
    return answers


def _with_headings(rows: Iterable[MadeRow]) -> Iterator[MadeRow]:
    headings = tuple(Stored(column.id, "s", column.heading) for column in COLUMNS)
    yield MadeRow(FIRST_ROW - 1, hidden=False, cells=headings)
    yield from rows


def _write(archive: zipfile.ZipFile, name: str, pieces: Iterable[str]) -> None:
    with archive.open(name, "w") as part:
        for piece in pieces:
            part.write(piece.encode())


@dataclass(slots=True)
class _Writer:
    """Rows as XML; shared texts are numbered as they come."""

    lane: Lane
    texts: dict[str, int] = field(default_factory=dict)

    def sheet(self, rows: Iterable[MadeRow]) -> Iterator[str]:
        """The text of a sheet, row by row."""
        x, space = ("x:", "xmlns:x") if self.lane is Lane.PREFIXED else ("", "xmlns")
        spans = "" if self.lane is Lane.INLINE else ' spans="1:20"'
        yield f'{HEAD}<{x}worksheet {space}="{MAIN}"><{x}sheetData>'
        for row in rows:
            cells = "".join(self._cell(cell, row.number, x) for cell in row.cells)
            hidden = ' hidden="1"' if row.hidden else ""
            yield f'<{x}row r="{row.number}"{spans}{hidden}>{cells}</{x}row>'
        yield f"</{x}sheetData></{x}worksheet>"

    def _cell(self, cell: Stored, row: int, x: str) -> str:
        start = f'<{x}c r="{AT.get(cell.column, cell.column)}{row}"'
        match cell.kind:
            case "s" if self.lane is Lane.INLINE:
                return f'{start} t="inlineStr"><is><t>{cell.text}</t></is></c>'
            case "s":
                number = self.texts.setdefault(cell.text, len(self.texts))
                return f'{start} t="s"><{x}v>{number}</{x}v></{x}c>'
            case "f":
                return f"{start}><{x}f>{cell.text}</{x}f></{x}c>"
            case "e":
                return f'{start} t="e"><{x}v>{cell.text}</{x}v></{x}c>'
            case kind:
                style = ' s="1"' if kind == "d" else ""
                return f"{start}{style}><{x}v>{cell.text}</{x}v></{x}c>"

    def shared(self) -> Iterator[str]:
        """The part with the shared texts."""
        yield f'{HEAD}<sst xmlns="{MAIN}" uniqueCount="{len(self.texts)}">'
        for text in self.texts:
            yield f"<si><t>{text}</t></si>"
        yield "</sst>"
