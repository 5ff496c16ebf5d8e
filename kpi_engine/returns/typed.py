"""One cell, typed by the contract: a known value, a known blank, or unknown with the fault that says why."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING

from kpi_engine.returns.scanner.workbook import CellKind, serial_to_date
from kpi_engine.returns.spelling import close_to, normal, tidy
from kpi_engine.rulebook.book import Blank
from kpi_engine.terms.table import ColumnType, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kpi_engine.returns.scanner.workbook import Cell, Content
    from kpi_engine.rulebook.book import ColumnSpec

    Held = Cell | Content

_DAY = re.compile(r"(\d{2})/(\d{2})/(\d{4})", re.ASCII)
_ISO_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:T00:00:00(?:\.0+)?Z?)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_PERCENTAGE = re.compile(r"[+-]?[\d.,]+\s*(%|per ?cent|pc)", re.ASCII)
# 1 and 0 are left out: 0 also stands for "not known" in returns that were seen.
_YES = frozenset({"yes", "y", "true"})
_NO = frozenset({"no", "n", "false"})
_EARLIEST, _LATEST = date(1950, 1, 1), date(2150, 1, 1)  # nothing that a return dates lies beyond
_EXCEL_DIGITS = 15  # what Excel keeps of a number: digits beyond are its arithmetic's noise
_KEPT = Context(prec=_EXCEL_DIGITS)
_LONGEST_FIGURE = {
    ColumnType.DATE: len("31/03/2024"),
    ColumnType.WHOLE: 8,
    ColumnType.DECIMAL: 8,
    ColumnType.CHOICE: 4,
    ColumnType.YES_NO: 4,
}
_WHOLE_PERCENT = Decimal(100)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a column's cells must be; `last_day` None where a date may lie in the future."""

    column: ColumnSpec
    choices: Mapping[str, str]
    not_known: frozenset[str]
    date_1904: bool
    last_day: date | None


@dataclass(frozen=True, slots=True)
class Typed:
    """A typed cell; `code` is its fault, if it has one."""

    value: Value
    unknown: bool = False
    code: str | None = None


NOT_KNOWN = Typed(None, unknown=True, code="R203")
_KNOWN_BLANK = Typed(None)
_NO_BLANK = Typed(False)  # noqa: FBT003  (a cell that says no)


def expect(
    column: ColumnSpec, not_known: frozenset[str], *, date_1904: bool, last_day: date | None
) -> Expected:
    """What `column` asks of its cells, with every spelling in its normal form."""
    choices = {normal(value): value for value in column.values}
    choices |= {normal(spelling): value for spelling, value in column.choices.items()}
    return Expected(column, choices, frozenset(map(normal, not_known)), date_1904, last_day)


def is_blank(cell: Held) -> bool:
    """Whether nothing stands in the cell: padding and zero-width spaces are nothing."""
    if cell.kind is CellKind.TEXT:
        return not cell.text[:1].isalnum() and not tidy(cell.text)
    return cell.kind is CellKind.BLANK and not cell.formula


def typed(cell: Held | None, expected: Expected) -> Typed:
    """The cell as the contract types it; nothing is guessed and nothing rescaled."""
    if cell is None or is_blank(cell):
        return blank(expected.column)
    if cell.kind is CellKind.BLANK:
        return _fault("R202")
    if cell.kind is CellKind.ERROR:
        return _fault("R201")
    plain = normal(cell.text)
    if cell.kind is CellKind.TEXT and plain in expected.not_known and plain not in expected.choices:
        return NOT_KNOWN
    return _READERS[expected.column.type](cell, plain, expected)


def blank(column: ColumnSpec) -> Typed:
    """What an empty cell of `column` means."""
    if column.blank is Blank.UNKNOWN:
        return NOT_KNOWN
    return _NO_BLANK if column.blank is Blank.NO and column.type is ColumnType.YES_NO else _KNOWN_BLANK


def shown(cell: Held, expected: Expected) -> str | None:
    """What may be quoted of a faulty cell; None if the contract keeps the column to itself.

    Words are quoted only if they resemble an allowed value, figures only if they are as
    short as the column's own: a name or number typed into the wrong cell is not repeated.
    """
    text = tidy(cell.text)
    column = expected.column
    if not column.quotable:
        return None
    if any(letter.isalpha() for letter in text):
        return text if close_to(text, column.values) else None
    return text if len(text) <= _LONGEST_FIGURE.get(column.type, 0) else None


def described(cell: Held, found: str | None) -> str:
    """The cell in a message: quoted, or only its kind and length."""
    if found is not None:
        return repr(found)
    if cell.kind is CellKind.TEXT:
        return f"a text of {len(cell.text)} characters"
    return {CellKind.NUMBER: "a number", CellKind.BOOLEAN: "TRUE or FALSE", CellKind.DATE: "a date"}.get(
        cell.kind, "an empty cell"
    )


def read_day(cell: Held, *, date_1904: bool) -> date | str:
    """The day of a true date cell or of strict dd/mm/yyyy text; else the code of the fault."""
    if cell.kind is CellKind.NUMBER:
        if not cell.is_date:
            return "R206"
        return _plausible(serial_to_date(cell.text, date_1904))
    if cell.kind is CellKind.DATE:
        return _calendar(_ISO_DAY.fullmatch(cell.text), (1, 2, 3))
    if cell.kind is CellKind.TEXT:
        return _calendar(_DAY.fullmatch(tidy(cell.text)), (3, 2, 1))
    return "R204"


def _calendar(match: re.Match[str] | None, groups: tuple[int, int, int]) -> date | str:
    if match is None:
        return "R204"
    try:
        return _plausible(date(*(int(match[group]) for group in groups)))
    except ValueError:
        return "R205"


def _plausible(day: date | None) -> date | str:
    return day if day is not None and _EARLIEST <= day < _LATEST else "R205"


@functools.cache
def _fault(code: str) -> Typed:
    return Typed(None, unknown=True, code=code)


def _id(cell: Held, _plain: str, _expected: Expected) -> Typed:
    if cell.kind is CellKind.TEXT:
        return Typed(tidy(cell.text))
    if cell.kind is not CellKind.NUMBER or cell.is_date:
        return _fault("R213")
    number = _decimal(cell.text)
    if (
        number is None
        or number < 0
        or number != number.to_integral_value()
        or number.adjusted() >= _EXCEL_DIGITS
    ):
        return _fault("R213")
    return Typed(str(int(number)))


def _text(cell: Held, _plain: str, _expected: Expected) -> Typed:
    if cell.kind is CellKind.BOOLEAN:
        return Typed("TRUE" if cell.text == "1" else "FALSE")
    return Typed(tidy(cell.text))


def _choice(cell: Held, plain: str, expected: Expected) -> Typed:
    if cell.kind is CellKind.BOOLEAN:
        plain = "yes" if cell.text == "1" else "no"
    value = expected.choices.get(plain)
    return _fault("R211") if value is None else Typed(value)


def _date(cell: Held, _plain: str, expected: Expected) -> Typed:
    day = read_day(cell, date_1904=expected.date_1904)
    if isinstance(day, str):
        return _fault(day)
    if expected.last_day is not None and day > expected.last_day:
        return _fault("R301")
    return Typed(day)


def _number(cell: Held, plain: str, expected: Expected) -> Typed:
    column = expected.column
    number = _decimal(plain) if _is_plain_number(cell, plain) else None
    if number is None:
        is_percentage = cell.kind is CellKind.TEXT and _PERCENTAGE.fullmatch(plain)
        return _fault("R208" if is_percentage else "R207")
    if column.type is ColumnType.WHOLE and not _is_whole(number):
        return _fault("R209")
    if (column.least is not None and number < column.least) or (
        column.most is not None and number > column.most
    ):
        return _fault("R210")
    if column.type is ColumnType.WHOLE:
        return Typed(int(number), code="R215" if cell.kind is CellKind.TEXT else None)
    looks_like_share = column.most == _WHOLE_PERCENT and 0 < number < 1
    return Typed(number, code="R217" if looks_like_share else "R215" if cell.kind is CellKind.TEXT else None)


def _is_plain_number(cell: Held, plain: str) -> bool:
    if cell.kind is CellKind.TEXT:
        return bool(_NUMBER.fullmatch(plain))
    return cell.kind is CellKind.NUMBER and not cell.is_date


def _is_whole(number: Decimal) -> bool:
    return number == number.to_integral_value() and number.adjusted() < _EXCEL_DIGITS


def _yes_no(cell: Held, plain: str, _expected: Expected) -> Typed:
    if cell.kind is CellKind.BOOLEAN:
        return Typed(cell.text == "1")
    if cell.kind is CellKind.TEXT and plain in _YES | _NO:
        return Typed(plain in _YES)
    return _fault("R212")


def _decimal(text: str) -> Decimal | None:
    try:
        number = _KEPT.create_decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    number = number.normalize(_KEPT)
    return number.quantize(Decimal(1)) if 0 < int(number.as_tuple().exponent) <= _EXCEL_DIGITS else number


_READERS: Mapping[ColumnType, Callable[[Held, str, Expected], Typed]] = {
    ColumnType.ID: _id,
    ColumnType.TEXT: _text,
    ColumnType.CHOICE: _choice,
    ColumnType.DATE: _date,
    ColumnType.WHOLE: _number,
    ColumnType.DECIMAL: _number,
    ColumnType.YES_NO: _yes_no,
}
