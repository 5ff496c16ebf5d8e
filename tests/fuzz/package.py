"""A workbook as its parts, and a sheet as its rows of stored cells: what mutations change."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from dataclasses import dataclass, replace
from functools import cached_property
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

WORKBOOK = "xl/workbook.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
TYPES = "[Content_Types].xml"
STYLES = "xl/styles.xml"
SHARED = "xl/sharedStrings.xml"
LINKS = ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
STAMP = (2024, 1, 1, 0, 0, 0)
SHEET = re.compile(r'<sheet name="([^"]*)"[^>]*r:id="rId(\d+)" />')
ROW = re.compile(r"<row ([^>]*?)(?:/>|>(.*?)</row>)", re.DOTALL)
NUMBER = re.compile(r'\br="(\d+)"')
CELL = re.compile(r'<c r="([A-Z]+)\d+"([^>]*?)\s*(?:/>|>(.*?)</c>)', re.DOTALL)
INLINE = re.compile(r' t="inlineStr"><is><t(?: xml:space="preserve")?>([^<]*)</t></is></c>')
STYLE = re.compile(r' s="\d+"')


def _plain(name: str, data: bytes) -> bytes:
    text = re.sub(r"(<c [^<>]*)></c>", r"\1 />", re.sub(r"\s*/>", " />", data.decode()))
    if name == WORKBOOK:
        text = text.replace(LINKS, "").replace("<workbook ", f"<workbook{LINKS} ", 1)
    return text.encode()


def _entry(sheet: str) -> re.Pattern[str]:
    """The line of the workbook that lists a sheet."""
    return re.compile(rf'<sheet name="{re.escape(sheet)}"[^>]*/>')


@dataclass(frozen=True)
class Stored:
    """A cell as it is stored: its column, its attributes less its place, and what stands in it."""

    column: str
    attributes: str
    inner: str

    @property
    def style(self) -> str:
        """The style attribute."""
        found = STYLE.search(self.attributes)
        return found[0] if found else ""

    @property
    def text(self) -> str:
        """What is written in it, if it is plain text or a number."""
        return unescape(re.sub(r"<[^>]*>", "", self.inner))

    @property
    def is_blank(self) -> bool:
        """Whether nothing is written in it."""
        return not self.inner

    def holding(self, kind: str, inner: str) -> Stored:
        """The cell with another content: `kind` is its t, none if empty."""
        return Stored(self.column, self.style + (f' t="{kind}"' if kind else ""), inner)


@dataclass(frozen=True)
class Line:
    """A row of a sheet."""

    number: int
    cells: tuple[Stored, ...]
    attributes: str = ""

    def with_cells(self, cells: Mapping[str, Stored]) -> Line:
        """The row with cells replaced, by column; one that it lacks is added."""
        held = {cell.column: cell for cell in self.cells} | dict(cells)
        return replace(self, cells=tuple(held[name] for name in sorted(held, key=lambda c: (len(c), c))))

    def cell(self, column: str) -> Stored:
        """The cell in the column; an empty one if the row has none."""
        return next((cell for cell in self.cells if cell.column == column), Stored(column, "", ""))

    @property
    def is_blank(self) -> bool:
        """Whether no cell of it holds anything."""
        return all(cell.is_blank for cell in self.cells)


@dataclass(frozen=True)
class Grid:
    """A sheet: what stands before its rows, the rows, and what stands after them."""

    head: str
    lines: tuple[Line, ...]
    tail: str

    @classmethod
    def of(cls, text: str) -> Grid:
        """The sheet written in `text`, as openpyxl writes it."""
        head, opened, rest = text.partition("<sheetData>")
        body, closed, tail = rest.partition("</sheetData>")
        lines = []
        for found in ROW.finditer(body):
            number = NUMBER.search(found[1])
            assert number is not None
            cells = tuple(Stored(c[1], c[2], c[3] or "") for c in CELL.finditer(found[2] or ""))
            lines.append(Line(int(number[1]), cells, NUMBER.sub("", found[1]).strip()))
        return cls(head + opened, tuple(lines), closed + tail)

    def written(self) -> str:
        """Its XML."""
        body = []
        for line in self.lines:
            cells = "".join(f'<c r="{c.column}{line.number}"{c.attributes}>{c.inner}</c>' for c in line.cells)
            body.append(f'<row r="{line.number}" {line.attributes}>{cells}</row>')
        return f"{self.head}{''.join(body)}{self.tail}"

    @property
    def headings(self) -> int:
        """The row of the headings."""
        return 6

    @property
    def cases(self) -> tuple[Line, ...]:
        """The rows beneath the headings that hold anything."""
        return tuple(line for line in self.lines if line.number > self.headings and not line.is_blank)

    @property
    def columns(self) -> dict[str, str]:
        """Headings by column."""
        top = next(line for line in self.lines if line.number == self.headings)
        return {cell.column: cell.text for cell in top.cells if not cell.is_blank}

    def with_lines(self, lines: Sequence[Line]) -> Grid:
        """The sheet with other rows."""
        return replace(self, lines=tuple(lines))

    def with_line(self, line: Line) -> Grid:
        """The sheet with the row of that number replaced."""
        return self.with_lines([line if one.number == line.number else one for one in self.lines])

    def with_cell(self, number: int, cell: Stored) -> Grid:
        """The sheet with one cell replaced."""
        line = next((one for one in self.lines if one.number == number), None)
        if line is None:
            held = [*self.lines, Line(number, (cell,))]
            return self.with_lines(sorted(held, key=lambda one: one.number))
        return self.with_line(line.with_cells({cell.column: cell}))


@dataclass(frozen=True)
class Package:
    """The members of a return's archive, in order; a name may stand there twice. `end` is its last day."""

    members: tuple[tuple[str, bytes], ...]
    end: date

    @classmethod
    def of(cls, archive: zipfile.ZipFile, end: date) -> Package:
        """The members of an archive, written one way: openpyxl writes otherwise where there is lxml."""
        return cls(tuple((name, _plain(name, archive.read(name))) for name in archive.namelist()), end)

    def holding(self, members: Iterable[tuple[str, bytes]]) -> Package:
        """The package with other members."""
        return replace(self, members=tuple(members))

    @cached_property
    def parts(self) -> dict[str, bytes]:
        """The bytes of each member by its name."""
        return dict(self.members)

    @cached_property
    def sheets(self) -> dict[str, str]:
        """The part of each sheet, by the sheet's name in the order of the workbook."""
        listed = SHEET.findall(self.parts[WORKBOOK].decode())
        return {unescape(name): f"xl/worksheets/sheet{number}.xml" for name, number in listed}

    def text(self, part: str) -> str:
        """A part as text."""
        return self.parts[part].decode()

    def grid(self, sheet: str) -> Grid:
        """The rows of a sheet."""
        return Grid.of(self.text(self.sheets[sheet]))

    def table_of(self, sheet: str) -> str:
        """The part that describes the Excel table on a sheet; empty if it has none."""
        links = self.parts.get(self.sheets[sheet].replace("worksheets/", "worksheets/_rels/") + ".rels", b"")
        found = re.search(rb"/(xl/tables/table\d+\.xml)", links)
        return found[1].decode() if found else ""

    def with_part(self, part: str, data: bytes | str) -> Package:
        """The package with one member replaced, or added at its end."""
        new = data.encode() if isinstance(data, str) else data
        if part not in self.parts:
            return self.holding((*self.members, (part, new)))
        return self.holding((name, new if name == part else held) for name, held in self.members)

    def with_text(self, part: str, change: Callable[[str], str]) -> Package:
        """The package with a member's text changed."""
        return self.with_part(part, change(self.text(part)))

    def with_grid(self, sheet: str, grid: Grid) -> Package:
        """The package with the rows of a sheet replaced."""
        return self.with_part(self.sheets[sheet], grid.written())

    def without(self, part: str) -> Package:
        """The package less one member."""
        return self.holding(member for member in self.members if member[0] != part)

    def without_sheet(self, sheet: str) -> Package:
        """The package less one sheet, as the workbook lists them; its parts are left behind."""
        return self.with_text(WORKBOOK, lambda text: _entry(sheet).sub("", text))

    def with_sheet_named(self, sheet: str, name: str) -> Package:
        """The package with a sheet renamed."""
        return self.with_text(
            WORKBOOK, lambda text: text.replace(f'<sheet name="{sheet}"', f'<sheet name="{name}"')
        )

    def with_sheets_in_order(self, order: Sequence[str]) -> Package:
        """The package with the sheets in another order."""
        entries = {
            name: entry[0] for name in self.sheets if (entry := _entry(name).search(self.text(WORKBOOK)))
        }
        listed = "".join(entries[name] for name in order)
        return self.with_text(
            WORKBOOK, lambda text: re.sub("<sheets>.*</sheets>", f"<sheets>{listed}</sheets>", text)
        )

    def with_copy(self, sheet: str, name: str, *, with_table: bool) -> Package:
        """The package with a sheet twice; `with_table`: the copy has an Excel table of the same name."""
        part, number = self.sheets[sheet], 700
        new = f"xl/worksheets/sheet{number}.xml"
        entry = f'<sheet name="{name}" sheetId="{number}" state="visible" r:id="rId{number}" />'
        kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
        link = f'<Relationship Type="{kind}" Target="/{new}" Id="rId{number}" />'
        content = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
        override = f'<Override PartName="/{new}" ContentType="{content}" />'
        package = (
            self.with_part(new, self.parts[part])
            .with_text(WORKBOOK, lambda text: text.replace("</sheets>", f"{entry}</sheets>"))
            .with_text(RELATIONS, lambda text: text.replace("</Relationships>", f"{link}</Relationships>"))
            .with_text(TYPES, lambda text: text.replace("</Types>", f"{override}</Types>"))
        )
        links = part.replace("worksheets/", "worksheets/_rels/") + ".rels"
        if not (with_table and links in self.parts):
            return package.with_text(new, lambda text: re.sub("<tableParts.*</tableParts>", "", text))
        return package.with_part(f"xl/worksheets/_rels/sheet{number}.xml.rels", self.parts[links])

    def with_shared_texts(self) -> Package:
        """The same workbook as Excel stores it: every plain text once, in a part of its own."""
        texts: dict[str, int] = {}

        def shared(found: re.Match[str]) -> str:
            return f' t="s"><v>{texts.setdefault(found[1], len(texts))}</v></c>'

        package = self
        for part in self.sheets.values():
            package = package.with_text(part, lambda text: INLINE.sub(shared, text))
        items = "".join(f'<si><t xml:space="preserve">{text}</t></si>' for text in texts)
        space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
        content = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
        link = f'<Relationship Type="{kind}" Target="/{SHARED}" Id="rId900" />'
        override = f'<Override PartName="/{SHARED}" ContentType="{content}" />'
        return (
            package.with_part(SHARED, f'<sst xmlns="{space}">{items}</sst>')
            .with_text(RELATIONS, lambda text: text.replace("</Relationships>", f"{link}</Relationships>"))
            .with_text(TYPES, lambda text: text.replace("</Types>", f"{override}</Types>"))
        )

    def packed(self, method: int = zipfile.ZIP_DEFLATED) -> bytes:
        """The archive."""
        out = io.BytesIO()
        with warnings.catch_warnings(), zipfile.ZipFile(out, "w", method) as archive:
            warnings.simplefilter("ignore")  # zipfile warns of a name that stands there twice
            for name, data in self.members:
                entry = zipfile.ZipInfo(name, STAMP)
                entry.compress_type = method
                archive.writestr(entry, data)
        return out.getvalue()
