"""The cells of one sheet, row by row."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

from kpi_engine.returns.faults import Faults
from kpi_engine.returns.scanner.cells import (
    COLUMNS,
    MAX_COLUMN,
    MAX_ROW,
    Cell,
    CellKind,
    Row,
    column_letter,
    is_address,
    is_number,
    unescape,
)
from kpi_engine.returns.scanner.container import CHUNK
from kpi_engine.returns.scanner.parts import SPREADSHEET, PartReader
from kpi_engine.returns.scanner.plain_cells import plain_cells
from kpi_engine.terms.codes import CODES
from kpi_engine.terms.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kpi_engine.returns.scanner.container import Container
    from kpi_engine.returns.scanner.plain_cells import PlacedCell
    from kpi_engine.terms.finding import Finding

MAX_MERGED = 10_000
MAX_GRAVE = 10_000  # faults that refuse the sheet; the rest of it need not be read
NUMBER, TEXT, BLANK, ERROR = CellKind.NUMBER, CellKind.TEXT, CellKind.BLANK, CellKind.ERROR
TEXTS = frozenset({"str", "inlineStr"})
FAULTS = {"n": "a number, but is not one", "s": "a reference to a shared text that is not in the workbook"}
MAX_INDEX_DIGITS = 9
END_OF_ROW = b"</row>"
MAX_REST = 4 * CHUNK  # a longer row goes through the parser
WORK_OF_A_CELL = 2  # with its value
WORK_OF_A_ROW = 30  # typing it, and checking it against others
TWO_VALUES = ("two values", "?")  # the type and value that a cell with a second value gets
SPACE = " \t\r\n"
TRUE = frozenset({"1", "true"})
ZERO = frozenset({"0", "0.0"})
BOOLEANS = {"0": "0", "1": "1", "false": "0", "true": "1"}
ERRORS = frozenset(
    {
        "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!",
        "#CALC!", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!", "#UNKNOWN!", "#EXTERNAL!", "#PYTHON!",
        "#TIMEOUT!",
    }
)  # fmt: skip
StoredCell: TypeAlias = tuple[str | None, str | None, str | None, str | None, str | None]
new_cell = tuple.__new__  # half the time of Cell(...), and there are millions
FILTERS = frozenset({"filters", "customFilters", "dynamicFilter", "top10", "colorFilter", "iconFilter"})


class SheetState(StrEnum):
    """Whether a sheet shows in Excel; only the macro editor can show a veryHidden one."""

    VISIBLE = "visible"
    HIDDEN = "hidden"
    VERY_HIDDEN = "veryHidden"


@dataclass(slots=True)
class Sheet:
    """One sheet of cells. What `rows` learns besides them is known once it has run to its end.

    Until then `merged`, `hidden_columns`, `is_protected`, `is_filtered` and `findings`
    raise RuntimeError: an unread sheet never looks like one without faults.
    """

    name: str
    state: SheetState
    part: str
    container: Container = field(repr=False)
    texts: Sequence[str] = field(repr=False)
    date_styles: Mapping[str | None, bool] = field(repr=False)
    _reader: SheetReader | None = field(default=None, repr=False)

    def rows(self) -> Iterator[Row]:
        """Every row that holds something, in the order of the file and in constant memory.

        Empty rows, and cells with a style and nothing else, are left out. Calling it again
        reads the sheet again. Raises ReturnUnreadable where the part is damaged or unsafe.
        """
        self._reader = None
        reader = SheetReader(self)
        for _ in reader.parse():
            yield from reader.whole_rows()
        self._reader = reader

    @property
    def merged(self) -> tuple[str, ...]:
        """The merged ranges: `A1:C1`."""
        return tuple(self._read.merged)

    @property
    def hidden_columns(self) -> frozenset[int]:
        """The columns, from 1, that are hidden or of no width."""
        return frozenset(self._read.hidden_columns)

    @property
    def is_protected(self) -> bool:
        """Whether the sheet is protected against changes."""
        return self._read.is_protected

    @property
    def is_filtered(self) -> bool:
        """Whether a filter of the sheet itself is in force; a table's is in `Table.is_filtered`."""
        return self._read.is_filtered

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the sheet; one that refuses says that no cell of it can be trusted."""
        return self._read.findings()

    @property
    def _read(self) -> SheetReader:
        if not self._reader:
            message = "the rows of the sheet have not been read to their end"
            raise RuntimeError(message)
        return self._reader


class SheetReader(PartReader):
    """The handlers for a sheet. They run for every cell, so they are few and their state is flat."""

    def __init__(self, sheet: Sheet) -> None:
        """Prepare to read the sheet; nothing is read yet."""
        super().__init__(sheet.container, sheet.part, "worksheet")
        self._texts = sheet.texts
        self._date_styles = sheet.date_styles
        self._rows: list[Row] = []
        self.merged: list[str] = []
        self.hidden_columns: set[int] = set()
        self.is_protected = self.is_filtered = False
        self._grave = 0
        self._faults = Faults(sheet.container.file, sheet.name)
        self._row = 0
        self._in_row = self._hidden = self._in_views = False
        self._stored: list[StoredCell] = []  # the cells of the row so far
        self._placed: list[PlacedCell] = []  # or all of them, if they are plain
        self._row_at = -1  # the byte at which the row began
        self._rest = b""  # what is read and not yet looked at: less than a row
        self._cell: dict[str, str] | None = None
        self._value: str | None = None
        self._formula: str | None = None
        self._phonetic = False
        self._pieces: list[str] = []

    def findings(self) -> tuple[Finding, ...]:
        """The faults found so far; beyond the first few of a code only their number."""
        return self._faults.listed()

    def whole_rows(self) -> list[Row]:
        """The rows complete since the last call; the one that is not may be no wider than a sheet."""
        if len(self._stored) > MAX_COLUMN:
            raise self.damaged("has a row of more cells than a sheet is wide")
        rows, self._rows = self._rows, []
        return rows

    def held(self) -> int:
        """How many characters are kept of a text that is not complete yet."""
        return super().held() + sum(map(len, self._pieces))

    def _take(self, chunk: bytes, *, final: bool) -> None:
        """Cut the plain cells out of every whole row; the parser gets all else, the row's own tags too."""
        *rows, self._rest = (self._rest + chunk).split(END_OF_ROW)
        for row in rows:
            start = row.rfind(b"<row")
            inside = row.find(b">", start) + 1 if start >= 0 else 0
            at = self.given + start
            self._feed(row[:inside])
            if not (inside and self._take_plain(row[inside:], at)):
                self._feed(row[inside:])
            self._feed(END_OF_ROW)
        if final or len(self._rest) > MAX_REST:
            self._feed(self._rest, final=final)
            self._rest = b""

    def _take_plain(self, source: bytes, at: int) -> bool:
        """Take the cells of the row that began at byte `at`, if the parser has just seen it begin there."""
        if self._row_at != at or not self._in_row or self._stored:
            return False
        self._placed = plain_cells(source, self._row)
        self.plain += WORK_OF_A_CELL * len(self._placed)
        return bool(self._placed)

    def _named(self, space: str) -> None:
        self._v, self._c, self._f, self._t, self._r = self.names(space, "v", "c", "f", "t", "row")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.starts += 1
        if name == self._v:
            self.text.clear()
        elif name == self._c:
            if self._cell is not None or not self._in_row:
                raise self.damaged("has a cell out of place")
            self._cell = attributes
            self._value = None
            self._formula = None
        elif name == self._r:
            self._start_row(attributes)
        elif name == self._f:
            self._formula = name
        elif name == self._t:
            self.text.clear()
        else:
            self._start_other(name, attributes)

    def _end(self, name: str) -> None:
        self.ends += 1
        if name == self._v:
            self._set_value(self.text)
        elif name == self._c:
            get = (self._cell or {}).get
            self._stored.append((get("r"), get("s"), get("t"), self._formula, self._value))
            self._cell = None
        elif name == self._r:
            self._end_row()
        elif name == self._t:
            if not self._phonetic:
                self._pieces.append("".join(self.text))
        else:
            self._end_other(name)

    def _set_value(self, pieces: list[str]) -> None:
        if self._value is None or self._cell is None:
            self._value = "".join(pieces)
        else:
            self._cell["t"], self._value = TWO_VALUES

    def _start_row(self, attributes: dict[str, str]) -> None:
        if self._in_row:
            raise self.damaged("has a row within a row")
        number = _row_number(attributes.get("r"), self._row + 1)
        if not number:
            self._note("R117", what="a row")
            number = self._row + 1
        elif number <= self._row:
            self._note("R118")
        self._row = number
        self._row_at = self.parser.CurrentByteIndex
        self._in_row = True
        self._hidden = attributes.get("hidden") in TRUE or attributes.get("ht") in ZERO

    def _end_row(self) -> None:
        placed = self._placed or self._in_place()
        if placed and (cells := self._typed(placed)):
            self._rows.append(Row(self._row, self._hidden, tuple(cells)))
            self.plain += WORK_OF_A_ROW
        self._stored, self._placed = [], []
        self.text.clear()
        self._in_row = False

    def _in_place(self) -> list[PlacedCell]:
        """The cells of the row from left to right; what stands nowhere, or where another does, is told."""
        placed: dict[int, PlacedCell] = {}
        row_text = str(self._row)
        previous, in_order = 0, True
        for reference, style, stored, formula, value in self._stored:
            if reference is None:
                column = previous + 1
            elif reference.endswith(row_text):
                column = COLUMNS.get(reference[: -len(row_text)], 0)
            else:
                column = 0
            if column in placed or not 0 < column <= MAX_COLUMN:
                self._note_place(column)
                continue
            placed[column] = (column, style, stored, formula, value)
            in_order = in_order and column > previous
            previous = column
        if not in_order:
            self._note("R119")
        return sorted(placed.values(), key=itemgetter(0))

    def _typed(self, placed: Sequence[PlacedCell]) -> list[Cell]:
        cells: list[Cell] = []
        row, texts, date_styles = self._row, self._texts, self._date_styles
        for column, style, stored, formula, value in placed:
            if value is None and not formula:
                continue
            kind, text, fault = typed(stored, value, texts)
            if kind is BLANK and not formula:
                continue
            if fault:
                self._note("R122", column, what=fault)
            is_date = date_styles.get(style)
            if is_date is None:
                self._note("R123", column)
                is_date = False
            cells.append(new_cell(Cell, (row, column, kind, text, formula is not None, is_date)))
        return cells

    def _note_place(self, column: int) -> None:
        if 0 < column <= MAX_COLUMN:
            self._note("R116", column)
        else:
            self._note("R117", what=f"a cell of row {self._row}")

    def _start_other(self, name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        if space not in SPREADSHEET:
            return
        if local == "is":
            self._pieces.clear()
        elif local == "rPh":
            self._phonetic = True
        elif local == "col":
            self._hide_columns(attributes)
        elif local == "mergeCell":
            self._merge(attributes.get("ref", ""))
        elif local == "sheetProtection":
            self.is_protected = attributes.get("sheet") in TRUE
        elif local == "customSheetViews":  # each view has filters of its own
            self._in_views = True
        elif local in FILTERS and not self._in_views:
            self.is_filtered = True

    def _end_other(self, name: str) -> None:
        self.text.clear()
        space, _, local = name.rpartition(" ")
        if space not in SPREADSHEET:
            return
        if local == "is":
            self._set_value(self._pieces)
            self._pieces.clear()
        elif local == "rPh":
            self._phonetic = False
        elif local == "customSheetViews":
            self._in_views = False

    def _hide_columns(self, attributes: dict[str, str]) -> None:
        if attributes.get("hidden") not in TRUE and attributes.get("width") not in ZERO:
            return
        first, last = attributes.get("min", ""), attributes.get("max", "")
        if not (is_column(first) and is_column(last)):
            self._note("R117", what="a column")
            return
        self.hidden_columns.update(range(int(first), int(last) + 1))

    def _merge(self, reference: str) -> None:
        if not is_address(reference):
            self._note("R117", what="a merged range")
            return
        if len(self.merged) >= MAX_MERGED:
            raise self.container.refused("R113", cap=f"{MAX_MERGED:,}", what="merged ranges in one sheet")
        self.merged.append(reference)

    def _note(self, code: str, column: int = 0, **words: str) -> None:
        self._grave += CODES[code].severity is Severity.REFUSE
        if self._grave > MAX_GRAVE:
            raise self.damaged("has more faults than can be told")
        cell = f"{column_letter(column)}{self._row}" if column else ""
        self._faults.add(code, cell, found=None, severity=None, **words)


def typed(stored: str | None, value: str | None, texts: Sequence[str]) -> tuple[CellKind, str, str]:  # noqa: PLR0911
    """Kind and text of a cell stored as type `stored`; third, what is wrong with it, if anything."""
    if not value:
        return (TEXT, "", "") if stored in TEXTS and value is not None else (BLANK, "", "")
    if (stored is None or stored == "n") and is_number(value):
        return NUMBER, value, ""
    if stored == "s" and value.isdigit() and value.isascii() and len(value) <= MAX_INDEX_DIGITS:
        index = int(value)
        if index < len(texts):
            return TEXT, texts[index], ""
    if stored in TEXTS:
        return TEXT, unescape(value), ""
    plain = value.strip(SPACE)
    if plain != value:
        return typed(stored, plain, texts)
    if stored == "b" and value in BOOLEANS:
        return CellKind.BOOLEAN, BOOLEANS[value], ""
    if stored == "e" and value in ERRORS:
        return ERROR, value, ""
    if stored == "d":
        return CellKind.DATE, value, ""
    return ERROR, "", FAULTS.get(stored or "n", "a kind of value that Excel does not write")


def is_column(text: str) -> bool:
    """Whether the text is the number of a column."""
    return text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= MAX_COLUMN  # noqa: PLR2004


def _row_number(text: str | None, otherwise: int) -> int:
    """The number of a row, the next one where none is stored; 0 if there is no such row."""
    number = otherwise
    if text is not None:
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= 7 else 0  # noqa: PLR2004
    return number if number <= MAX_ROW else 0
