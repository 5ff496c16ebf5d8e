"""The cells of one sheet, row by row."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from kpi_engine.returns.faults import Faults
from kpi_engine.returns.scanner.cells import (
    COLUMNS,
    MAX_COLUMN,
    MAX_ROW,
    Content,
    Row,
    column_letter,
    is_address,
    is_column,
    last_row,
    row_number,
)
from kpi_engine.returns.scanner.container import CHUNK
from kpi_engine.returns.scanner.memory import Memory
from kpi_engine.returns.scanner.parts import SPREADSHEET, PartReader
from kpi_engine.returns.scanner.plain_rows import PlainRows, plain_tag
from kpi_engine.returns.scanner.values import Stores
from kpi_engine.terms.codes import CODES
from kpi_engine.terms.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kpi_engine.returns.scanner.container import Container
    from kpi_engine.terms.finding import Finding

MAX_MERGED = 10_000
MAX_GRAVE = 10_000  # faults that refuse the sheet; the rest of it need not be read
END_OF_ROW = b"</row>"
MAX_REST = 4 * CHUNK  # a longer row goes through the parser
WORK_OF_A_CELL = 3  # of a plain one with its value
WORK_TO_PLACE = 4  # a cell that does not say where it stands, or says it out of order
WORK_OF_A_ROW = 45  # typing it, and checking it against others
TWO_VALUES = ("t", "two values")  # the type that a cell with a second value gets
FIRST = ["r"]
TRUE = frozenset({"1", "true"})
ZERO = frozenset({"0", "0.0"})
StoredCell: TypeAlias = tuple[list[str], bool, str | None]
"""A cell as the file has it: attributes (names and values in turn), whether it has a formula, value."""
WITH_ONE_MORE = 4  # attributes of a cell, names and values: its address, and its type or its style
LONG_VALUE = 200  # characters of a value that is not worth remembering
FILTERS = frozenset({"filters", "customFilters", "dynamicFilter", "top10", "colorFilter", "iconFilter"})


class SheetState(StrEnum):
    """Whether a sheet shows in Excel; only the macro editor can show a veryHidden one."""

    VISIBLE = "visible"
    HIDDEN = "hidden"
    VERY_HIDDEN = "veryHidden"


@dataclass(slots=True)
class Sheet:
    """One sheet of cells. What `rows` learns besides them is known once it has run to its end.

    Until then `merged`, `hidden_columns`, `is_protected`, `is_filtered`, `findings` and `parsed`
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
    def parsed(self) -> int:
        """How many bytes of the sheet went through the parser; plain rows do not."""
        return self._read.given

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
        self._stores = Stores(sheet.texts, sheet.date_styles)
        self._rows: list[Row] = []
        self.merged: list[str] = []
        self.hidden_columns: set[int] = set()
        self.is_protected = self.is_filtered = False
        self._grave = 0
        self._faults = Faults(sheet.container.file, sheet.name)
        self._row = 0
        self._reach = 0  # the last row that the file says there is
        self._in_row = self._hidden = self._in_views = False
        self._stored: list[StoredCell] = []  # the cells of the row so far
        self._row_at = self._end_at = -1  # the bytes at which the row began, and its end tag
        self._rest = b""  # what is read and not yet looked at: less than a row
        self._plain: PlainRows | None = None
        self._between_rows = False  # the parser has just seen a plain row end
        self._known: Memory[tuple[str | bool | None, ...], Content | None] = Memory()
        self._cell: list[str] | None = None
        self._value: str | None = None
        self._formula = False
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
        """Read the plain rows; the parser gets all else, and the first row of each kind of tag."""
        *rows, self._rest = (self._rest + chunk).split(END_OF_ROW)
        for source in rows:
            row = self._plain.read(source, self._row) if self._plain and self._between_rows else None
            if row is None:
                self._parse_row(source)
            else:
                self._row = row.number
                self.plain += WORK_OF_A_CELL * len(row.columns)
                self._keep(row)
        if final or len(self._rest) > MAX_REST:
            self._between_rows = False
            self._feed(self._rest, final=final)
            self._rest = b""
        if final and 0 < self._row < self._reach < MAX_ROW:  # an empty sheet is said to be one cell
            self._note("R126", reach=str(self._reach), last=str(self._row))

    def _parse_row(self, source: bytes) -> None:
        """Give the parser all up to the end of a row, and see whether it stands between two rows then."""
        start = source.rfind(b"<row")
        tag = plain_tag(source[start:]) if start >= 0 else None
        at = self.given + start
        self._feed(source + END_OF_ROW)
        if start and self._plain:
            self._plain.forget()
        is_whole = self._row_at == at and self._end_at == self.given - len(END_OF_ROW)
        self._between_rows = tag is not None and is_whole and self.is_usual
        if tag is not None and self._between_rows:
            if self._plain is None:
                self._plain = PlainRows(self._stores, utf_8=self.is_utf_8)
            self._plain.learn(tag, hidden=self._hidden)

    def _keep(self, row: Row) -> None:
        if any(row.contents):
            self._rows.append(row)
            self.plain += WORK_OF_A_ROW

    def _named(self, space: str) -> None:
        self._v, self._c, self._f, self._t, self._r = self.names(space, "v", "c", "f", "t", "row")

    def _start(self, name: str, attributes: list[str]) -> None:
        self.starts += 1
        if name == self._v:
            self.text.clear()
        elif name == self._c:
            if self._cell is not None or not self._in_row:
                raise self.damaged("has a cell out of place")
            self._cell = attributes
            self._value = None
            self._formula = False
        elif name == self._r:
            self._start_row(_by_name(attributes))
        elif name == self._f:
            self._formula = True
        elif name == self._t:
            self.text.clear()
        else:
            self._start_other(name, _by_name(attributes))

    def _end(self, name: str) -> None:
        self.ends += 1
        if name == self._v:
            if self._value is None:
                self._value = "".join(self.text)
            else:
                self._set_value(self.text)
        elif name == self._c:
            self._stored.append((self._cell or [], self._formula, self._value))
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
            self._cell += TWO_VALUES
            self._value = "?"

    def _start_row(self, attributes: dict[str, str]) -> None:
        if self._in_row:
            raise self.damaged("has a row within a row")
        number = row_number(attributes.get("r"), self._row + 1)
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
        stored, self._stored = self._stored, []
        row_text = str(self._row)
        cut, known = -len(row_text), self._known
        columns: list[int] = []
        contents: list[Content | None] = []
        above, is_plain = 0, True
        for attributes, formula, value in stored:
            reference = attributes[1] if attributes and attributes[0] == "r" else ""
            column = COLUMNS[reference[:cut]] if reference.endswith(row_text) else 0
            is_plain = is_plain and column > above
            above = column
            columns.append(column)
            if len(attributes) == WITH_ONE_MORE:
                contents.append(known.get((value, formula, attributes[2], attributes[3])))
            else:
                contents.append(known.get((value, formula, *attributes[2:])))
        if not is_plain:
            columns, stored = self._in_place(stored)
            contents = [None] * len(stored)
        if None in contents:
            for n, cell in enumerate(stored):
                if contents[n] is None and (cell[1] or cell[2] is not None):
                    contents[n] = self._held(columns[n], cell)
        self._keep(Row(self._row, self._hidden, tuple(columns), tuple(contents)))
        self.text.clear()
        self._in_row = False
        self._end_at = self.parser.CurrentByteIndex

    def _column(self, attributes: Sequence[str], following: int) -> int:
        """Where a cell stands: where it says, else `following`; 0 for nowhere."""
        reference = _by_name(attributes).get("r")
        row_text = str(self._row)
        if reference is None:
            return following
        return COLUMNS[reference[: -len(row_text)]] if reference.endswith(row_text) else 0

    def _in_place(self, stored: Sequence[StoredCell]) -> tuple[list[int], list[StoredCell]]:
        """The cells of the row from left to right; what stands nowhere, or where another does, is told."""
        self.plain += WORK_TO_PLACE * len(stored)
        placed: dict[int, StoredCell] = {}
        previous, in_order = 0, True
        for cell in stored:
            column = self._column(cell[0], previous + 1)
            if column in placed or not 0 < column <= MAX_COLUMN:
                self._note_place(column)
                continue
            placed[column] = cell
            in_order = in_order and column > previous
            previous = column
        if not in_order:
            self._note("R119")
        return sorted(placed), [placed[column] for column in sorted(placed)]

    def _held(self, column: int, cell: StoredCell) -> Content | None:
        """What a cell holds, and its faults told; None if it has a format and nothing else."""
        attributes, formula, value = cell
        named = _by_name(attributes)
        content, fault, is_lost = self._stores.content(named.get("s"), named.get("t"), formula, value)
        if fault:
            self._note("R122", column, what=fault)
        if is_lost:
            self._note("R123", column)
        is_usual = attributes[:1] == FIRST and sum(map(len, attributes)) + len(value or "") <= LONG_VALUE
        if is_usual and not (fault or is_lost):
            self._known.keep((value, formula, *attributes[2:]), content)
        return content

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
        elif local == "dimension":
            self._reach = last_row(attributes.get("ref", ""))
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


def _by_name(attributes: Sequence[str]) -> dict[str, str]:
    """Attributes by their names."""
    return dict(zip(attributes[::2], attributes[1::2], strict=True))
