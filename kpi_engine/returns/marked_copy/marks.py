"""Cells of a sheet marked in its XML: each keeps its own style, with another fill."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kpi_engine.returns.marked_copy.splice import (
    Span,
    Splices,
    closing,
    first_of,
    new_parser,
    plain,
    tag_end,
    tree,
    with_attributes,
)
from kpi_engine.returns.scanner.workbook import column_letter, split_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MARK: Final = "FFF5B7B1"
OF_LIST: Final = 4  # styles of the list of findings
TRUE: Final = frozenset({"1", "true"})
STYLE_ORDER: Final = (
    "numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "tableStyles",
    "colors", "extLst",
)  # fmt: skip
NO_STYLES: Final = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<styleSheet xmlns="{space}">'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


OF_CHILD, OF_ROW, OF_CELL = 2, 3, 4  # depths in a sheet: of sheetData, of row, of c


@dataclass(slots=True)
class Styles:
    """The workbook's styles, to which those of marked cells and of the list are added."""

    data: bytes
    root: Span = field(init=False)
    _xfs: list[Span] = field(init=False)
    _marked: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the styles that there are."""
        self.data = plain(self.data)
        self.root = tree(self.data)
        formats = self.root.child("cellXfs")
        self._xfs = [one for one in formats.children if one.local == "xf"] if formats else []

    @property
    def own(self) -> int:
        """The number of the first of the list's own styles: text, heading, link, title."""
        return max(1, len(self._xfs))

    def marked(self, style: str | None) -> str:
        """The number of the style that is `style` with the mark; an unknown style counts as the first."""
        number = int(style) if style and style.isdecimal() and int(style) < len(self._xfs) else 0
        return str(self._marked.setdefault(number, self.own + OF_LIST + len(self._marked)))

    def made(self) -> bytes:
        """The part with every style that was asked for."""
        splices = Splices(self.data)
        p = self.root.prefix
        has_fills = self.root.child("fills") is not None
        fonts, fills = self._count("fonts"), self._count("fills") if has_fills else 2
        # The first two fills are Excel's own: no fill, and grey.
        none = "" if has_fills else f"<{p}fill><{p}patternFill/></{p}fill>" * 2
        pink = (
            f'<{p}fill><{p}patternFill patternType="solid"><{p}fgColor rgb="{MARK}"/>'
            f'<{p}bgColor indexed="64"/></{p}patternFill></{p}fill>'
        )
        bold = f'<{p}font><{p}b/><{p}sz val="11"/><{p}name val="Calibri"/></{p}font>'
        link = (
            f'<{p}font><{p}u/><{p}sz val="11"/><{p}color rgb="FF0563C1"/><{p}name val="Calibri"/></{p}font>'
        )
        first = f'<{p}xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'.encode()
        wrapped = "".join(
            f'<{p}xf numFmtId="49" fontId="{font}" fillId="0" borderId="0" applyFont="1" applyAlignment="1">'
            f'<{p}alignment vertical="top" wrapText="{wraps}"/></{p}xf>'
            for font, wraps in ((0, 1), (fonts, 1), (fonts + 1, 1), (fonts, 0))
        )
        copies = [
            self._copy(style, fills) if self._xfs else with_attributes(first, {"fillId": str(fills)})
            for style in self._marked
        ]
        self._add(splices, "fonts", (bold + link).encode(), fonts + 2)
        self._add(splices, "fills", (none + pink).encode(), fills + 1)
        xfs = (b"" if self._xfs else first) + wrapped.encode() + b"".join(copies)
        self._add(splices, "cellXfs", xfs, self.own + OF_LIST + len(copies))
        return splices.made()

    def _count(self, group: str) -> int:
        span = self.root.child(group)
        return len(span.children) if span else 0

    def _copy(self, style: int, fill: int) -> bytes:
        span = self._xfs[style]
        tag = with_attributes(self.data[span.start : span.tag_end], {"fillId": str(fill), "applyFill": "1"})
        return tag + self.data[span.tag_end : span.end]

    def _add(self, splices: Splices, group: str, new: bytes, count: int) -> None:
        span = self.root.child(group)
        if span:
            splices.append_to(span, new, {"count": str(count)})
            return
        name = f"{self.root.prefix}{group}"
        made = f'<{name} count="{count}">'.encode() + new + f"</{name}>".encode()
        after = first_of(self.root, STYLE_ORDER[STYLE_ORDER.index(group) :])
        if after:
            splices.insert(after.start, made)
        else:
            splices.append_to(self.root, made)


@dataclass(slots=True)
class _Row:
    number: int
    span: Span
    cells: list[tuple[int, Span]] = field(default_factory=list)


class _Reader:
    """The rows of a sheet part by their bytes; of rows that hold a wanted cell, its cells too."""

    def __init__(self, data: bytes, wanted: Mapping[int, object]) -> None:
        self.data, self.wanted = data, wanted
        self.rows: list[_Row] = []
        self.columns: list[Mapping[str, str]] = []
        self.sheet_data: Span | None = None
        self._depth = self._column = 0
        self._parent = ""  # the child of the root that is being read
        self._row: _Row | None = None  # the row being read, if it holds a wanted cell
        self._parser = new_parser(self._start, self._end)
        self._parser.Parse(data, True)  # noqa: FBT003  (expat takes it by position)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        # Most elements are cells of rows that nobody asks for, and what those hold.
        self._depth = depth = self._depth + 1
        if depth > OF_CELL or (depth == OF_CELL and not self._row):
            return
        local, at = name.rpartition(":")[2], self._parser.CurrentByteIndex
        if depth == OF_CHILD:
            self._parent = local
            if local == "sheetData":
                self.sheet_data = Span(name, attributes, at, tag_end(self.data, at))
        elif depth == OF_ROW and local == "col":
            self.columns.append(attributes)
        elif depth == OF_ROW and local == "row" and self._parent == "sheetData":
            before = self.rows[-1].number if self.rows else 0
            number, self._column = int(attributes.get("r", before + 1)), 0
            self.rows.append(_Row(number, Span(name, attributes, at, tag_end(self.data, at))))
            self._row = self.rows[-1] if number in self.wanted else None
        elif depth == OF_CELL and local == "c" and self._row:
            address = attributes.get("r")
            self._column = split_address(address)[1] if address else self._column + 1
            self._row.cells.append((self._column, Span(name, attributes, at, tag_end(self.data, at))))

    def _end(self, name: str) -> None:
        depth, self._depth = self._depth, self._depth - 1
        if depth > OF_ROW:
            return
        local, at = name.rpartition(":")[2], self._parser.CurrentByteIndex
        if depth == OF_ROW and local == "row" and self._parent == "sheetData":
            span, self._row = self.rows[-1].span, None
            span.close, span.end = closing(self.data, span.start, span.tag_end, at)
        elif depth == OF_CHILD and local == "sheetData" and self.sheet_data:
            span = self.sheet_data
            span.close, span.end = closing(self.data, span.start, span.tag_end, at)


def mark_cells(data: bytes, cells: Iterable[tuple[int, int]], styles: Styles) -> bytes:
    """The sheet part with those cells (row, column) marked; cells and rows that lack are put in place."""
    wanted: defaultdict[int, set[int]] = defaultdict(set)
    for row, column in cells:
        wanted[row].add(column)
    data = plain(data)
    reader = _Reader(data, wanted)
    if reader.sheet_data is None:
        return data
    splices = Splices(data)
    for one in reader.rows:
        if one.number in wanted:
            _mark_row(one, wanted.pop(one.number), reader, styles, splices)
    _add_rows(wanted, reader, styles, splices)
    return splices.made()


def _mark_row(row: _Row, columns: set[int], reader: _Reader, styles: Styles, splices: Splices) -> None:
    there = {column for column, _ in row.cells}
    for column, span in row.cells:
        if column in columns:
            splices.set_attributes(span, {"s": styles.marked(span.attributes.get("s"))})
    missing = sorted(columns - there)
    if not missing:
        return
    formatted = row.span.attributes.get("customFormat") in TRUE
    base = row.span.attributes.get("s") if formatted else None
    prefix = row.span.prefix
    made = {
        column: _cell(prefix, row.number, column, base or _of_column(column, reader), styles)
        for column in missing
    }
    for column, cell in made.items():
        after = next((span.start for other, span in row.cells if other > column), None)
        if after is not None:
            splices.insert(after, cell)
    last = max(there, default=0)
    # "spans" names the columns of the row and would be wrong; it may be left out.
    splices.append_to(row.span, b"".join(made[c] for c in missing if c > last), {"spans": None})


def _add_rows(wanted: Mapping[int, set[int]], reader: _Reader, styles: Styles, splices: Splices) -> None:
    sheet_data = reader.sheet_data
    if sheet_data is None:
        return
    prefix, at_end, later = sheet_data.prefix, b"", 0
    for number in sorted(wanted):
        cells = b"".join(
            _cell(prefix, number, column, _of_column(column, reader), styles)
            for column in sorted(wanted[number])
        )
        made = f'<{prefix}row r="{number}">'.encode() + cells + f"</{prefix}row>".encode()
        while later < len(reader.rows) and reader.rows[later].number < number:
            later += 1
        if later < len(reader.rows):
            splices.insert(reader.rows[later].span.start, made)
        else:
            at_end += made
    if at_end:
        splices.append_to(sheet_data, at_end)


def _of_column(column: int, reader: _Reader) -> str | None:
    return next(
        (
            one.get("style")
            for one in reader.columns
            if int(one.get("min", 0)) <= column <= int(one.get("max", 0))
        ),
        None,
    )


def _cell(prefix: str, row: int, column: int, style: str | None, styles: Styles) -> bytes:
    return f'<{prefix}c r="{column_letter(column)}{row}" s="{styles.marked(style)}"/>'.encode()
