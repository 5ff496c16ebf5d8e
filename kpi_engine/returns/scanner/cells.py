"""Cells as a workbook stores them: kinds, addresses, date serials, number formats."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

MAX_ROW = 1_048_576
MAX_COLUMN = 16_384
MAX_DIGITS = 400  # 1E-308 written out

# Three digits of exponent at most, so that turning the text into a Fraction stays cheap.
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
ADDRESS = re.compile(r"\$?([A-Z]{1,3})\$?([1-9][0-9]{0,6})")
COLUMN = re.compile(r"[A-Z]{1,3}")
ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")

# ECMA-376 part 1, 18.8.30: 14-22 and 45-47 everywhere, 27-36 and 50-58 in East Asian locales.
DATE_FORMATS = frozenset(map(str, [*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)]))
# What a format code does not mean as letters: quoted, escaped, padding, and brackets but for [h], [mm], [s].
LITERAL = re.compile(r'"[^"]*"?|[\\_*].?|\[(?!(?:h+|m+|s+)\])[^\]]*\]?|General', re.IGNORECASE | re.DOTALL)
DATE_LETTER = re.compile(r"[dmyhs]", re.IGNORECASE)

# Excel invents 29 February 1900 as serial 60; up to there serials and dates disagree.
FIRST_SERIAL_1900 = 61
EPOCH_1900 = date(1899, 12, 30)
EPOCH_1904 = date(1904, 1, 1)


class CellKind(StrEnum):
    """How the workbook stores a value."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    ERROR = "error"
    DATE = "date"
    BLANK = "blank"


class _Content(NamedTuple):  # a frozen dataclass takes thrice as long to make, and there may be millions
    kind: CellKind
    text: str
    formula: bool
    is_date: bool


class Content(_Content):
    """What a cell holds, wherever it stands; cells that hold the same may share one.

    `text` is as stored: a NUMBER's decimal, a BOOLEAN's "0" or "1", an ERROR's "#N/A", a
    DATE's ISO 8601 text, a TEXT with its escapes undone; empty for an ERROR that a finding
    tells of. A BLANK has a formula that was never calculated. `is_date`: the number format
    is that of a date or time, whatever the kind.
    """

    __slots__ = ()
    # What was made of one is looked up by the object itself, for each of millions of cells.
    __eq__ = object.__eq__
    __hash__ = object.__hash__


class Cell(NamedTuple):
    """One cell that holds something; row and column count from 1, the rest is its Content."""

    row: int
    column: int
    kind: CellKind
    text: str
    formula: bool
    is_date: bool

    @property
    def address(self) -> str:
        """The address as people write it: `B5`."""
        return f"{column_letter(self.column)}{self.row}"


class Row(NamedTuple):
    """One row that holds something: from left to right the columns of its cells, and what they hold.

    None is a cell with a format and nothing else. Rows are equal if their cells are.
    """

    number: int
    hidden: bool
    columns: tuple[int, ...]
    contents: tuple[Content | None, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells that hold something."""
        return tuple(
            Cell(self.number, column, content.kind, content.text, content.formula, content.is_date)
            for column, content in zip(self.columns, self.contents, strict=True)
            if content is not None
        )

    def __eq__(self, other: object) -> bool:
        """Whether number, hidden and cells are the same."""
        if not isinstance(other, Row):
            return NotImplemented
        return self[:2] == other[:2] and self.cells == other.cells

    def __hash__(self) -> int:
        """As equal rows have it."""
        return hash((self.number, self.hidden))


def column_letter(number: int) -> str:
    """The letters of a column: 1 is A, 16384 is XFD. Raises ValueError for others."""
    if not 1 <= number <= MAX_COLUMN:
        raise ValueError(f"no column has the number {number}")
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


class Columns(dict[str, int]):
    """The numbers of columns by their letters, each worked out once; 0 for what are no column's letters."""

    def __missing__(self, letters: str) -> int:
        """Work out one more; only real columns are kept, so that there are never more than a sheet has."""
        number = 0
        if COLUMN.fullmatch(letters):
            for letter in letters:
                number = number * 26 + ord(letter) - ord("A") + 1
        if not 0 < number <= MAX_COLUMN:
            return 0
        self[letters] = number
        return number


COLUMNS = Columns()


def column_number(letters: str) -> int:
    """The number of a column: A is 1, XFD is 16384. Raises ValueError for others."""
    number = COLUMNS[letters]
    if not number:
        raise ValueError("no column has these letters")
    return number


def split_address(address: str) -> tuple[int, int]:
    """Row and column, both from 1, of `B5` or `$B$5`. Raises ValueError for others."""
    match = ADDRESS.fullmatch(address)
    if not match or int(match[2]) > MAX_ROW:
        raise ValueError("not the address of a cell")
    return int(match[2]), column_number(match[1])


def is_address(reference: str) -> bool:
    """Whether the text is one cell or one range of them: `B5`, `D4:D9`."""
    try:
        for address in reference.split(":", 1):
            split_address(address)
    except ValueError:
        return False
    return True


def last_row(reference: str) -> int:
    """The row in which a cell or range of them ends; 0 if the text is neither."""
    return split_address(reference.rpartition(":")[2])[0] if is_address(reference) else 0


def is_column(text: str) -> bool:
    """Whether the text is the number of a column."""
    return text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= MAX_COLUMN  # noqa: PLR2004


def row_number(text: str | None, otherwise: int) -> int:
    """The number of a row, the next one where none is stored; 0 if there is no such row."""
    number = otherwise
    if text is not None:
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= 7 else 0  # noqa: PLR2004
    return number if number <= MAX_ROW else 0


def is_number(text: str) -> bool:
    """Whether the text is a number as a workbook stores it: ASCII, of bounded size."""
    is_plain = text.isdigit() and text.isascii()  # most are, and a regular expression is slower
    return len(text) <= MAX_DIGITS and (is_plain or NUMBER.fullmatch(text) is not None)


def serial_to_date(text: str, date_1904: bool) -> date | None:  # noqa: FBT001  (the workbook's own word)
    """The day that a serial means; None for times, for days before March 1900 and after 9999."""
    if not is_number(text):
        return None
    serial = Decimal(text)
    epoch, first = (EPOCH_1904, 0) if date_1904 else (EPOCH_1900, FIRST_SERIAL_1900)
    if not first <= serial <= (date.max - epoch).days or serial != int(serial):
        return None
    return epoch + timedelta(days=int(serial))


def is_date_format(code: str) -> bool:
    """Whether a number format code shows a positive number as a date, a time or a duration."""
    return DATE_LETTER.search(LITERAL.sub("", code).partition(";")[0]) is not None


def unescape(text: str) -> str:
    """Undo `_x000D_`, the way a workbook writes what XML cannot hold (ECMA-376 part 1, 22.9.2.19)."""
    if "_x" not in text:
        return text
    plain = ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    # Half of a surrogate pair may be left over; it could never be printed.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
