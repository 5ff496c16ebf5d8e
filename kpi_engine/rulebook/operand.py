"""Reads the values that the expressions of rules are made of: columns, constants, dates.

The standard `ast` module parses; only the forms listed here are taken, and
nothing is ever evaluated. Every fault is a value with its place in the text.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from kpi_engine.rulebook.nearest import did_you_mean, nearest
from kpi_engine.rulebook.schema import FIRST_YEAR, LAST_YEAR
from kpi_engine.terms.expression import Bound, Choose, ColumnRef, Day, Expression, Literal, Shift
from kpi_engine.terms.table import ColumnType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kpi_engine.rulebook.book import ColumnSpec

LONGEST: Final = 800
DEEPEST: Final = 20
FARTHEST: Final = 36_600  # days that one date may be moved: a hundred years
FUNCTIONS: Final = ("date", "months", "days", "earliest", "latest")
RESERVED: Final = frozenset({*FUNCTIONS, "period", "window", "yes", "no", "true", "false", "is"})
"""Words that cannot be columns: the language (or an example, with `is`) has them already."""

_NUMBER: Final = re.compile(r"\d{1,12}(\.\d{1,6})?", re.ASCII)
_LONE_EQUALS: Final = re.compile(r"(?<![=!<>])=(?!=)")
_SPACES: Final = str.maketrans(dict.fromkeys("\t\n\r\v\f", " "))


class Sort(StrEnum):
    """What can be compared with what."""

    TEXT = "text"
    DATE = "a date"
    NUMBER = "a number"
    YES_NO = "yes or no"


_SORTS: Final = {
    ColumnType.ID: Sort.TEXT,
    ColumnType.TEXT: Sort.TEXT,
    ColumnType.CHOICE: Sort.TEXT,
    ColumnType.DATE: Sort.DATE,
    ColumnType.WHOLE: Sort.NUMBER,
    ColumnType.DECIMAL: Sort.NUMBER,
    ColumnType.YES_NO: Sort.YES_NO,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in an expression: its code, how many characters in it stands, and what is wrong."""

    code: str
    offset: int
    what: str


@dataclass(frozen=True, slots=True)
class Operand:
    """A value, its sort, and its name in a message; `spec` if it is a column."""

    tree: Expression
    sort: Sort
    named: str
    spec: ColumnSpec | None = None


@dataclass(slots=True)
class Operands:
    """One walk over the values of one expression, gathering its faults and the columns it reads."""

    columns: Mapping[str, ColumnSpec]
    window: bool
    source: str = ""
    lead: int = 0
    faults: list[Fault] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def body(self, text: str) -> ast.expr | None:
        """The parsed text, if it is Python's grammar at all."""
        if len(text) > LONGEST:
            self.faults.append(Fault("B125", 0, f"longer than {LONGEST} characters."))
            return None
        flat = text.translate(_SPACES)
        self.source = flat.strip(" ")
        self.lead = len(flat) - len(flat.lstrip(" "))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                body = ast.parse(self.source, mode="eval").body
        except SyntaxError as error:
            self._syntax(error)
            return None
        except (ValueError, RecursionError, MemoryError):
            self.faults.append(Fault("B120", self.lead, "this cannot be read."))
            return None
        comment = self.source.find("#", self._chars(body.end_col_offset or 0))
        if comment >= 0:
            self.faults.append(Fault("B120", self.lead + comment, "a comment cannot stand in an expression."))
            return None
        return body

    def _syntax(self, error: SyntaxError) -> None:
        at = min((error.offset or len(self.source) + 1) - 1, len(self.source))  # 0: at the end
        what = "this cannot be read from here on."
        equals = _LONE_EQUALS.search(self.source)
        if "never closed" in error.msg:
            what = "this bracket is never closed."
        elif "unterminated" in error.msg:
            what = "this quote is never closed."
        elif equals is not None:
            at, what = equals.start(), "write == to compare."
        self.faults.append(Fault("B120", self.lead + at, what))

    def _chars(self, byte_offset: int) -> int:
        # ast counts bytes of UTF-8.
        return len(self.source.encode()[:byte_offset].decode(errors="ignore"))

    def _text_of(self, node: ast.expr) -> str:
        return self.source[self._chars(node.col_offset) : self._chars(node.end_col_offset or 0)]

    def fault(self, code: str, node: ast.expr, what: str) -> None:
        """Note a fault at `node`."""
        self.faults.append(Fault(code, self.lead + self._chars(node.col_offset), what))

    def too_deep(self, node: ast.expr, depth: int) -> bool:
        """Whether to stop here; deep nesting is a fault, never a RecursionError."""
        if depth > DEEPEST:
            self.fault("B125", node, f"nested more than {DEEPEST} deep.")
        return depth > DEEPEST

    def operand(self, node: ast.expr, depth: int) -> Operand | None:
        """The value that `node` stands for; None once its fault is noted."""
        if self.too_deep(node, depth):
            return None
        found = None
        match node:
            case ast.Name():
                found = self.name(node)
            case ast.Constant() | ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
                found = self._constant(node)
            case ast.Attribute(value=ast.Name()):
                found = self._bound(node)
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                found = self._shifted(node, depth)
            case ast.Call():
                found = self._called(node, depth)
            case _:
                self.fault("B121", node, "a column, a constant or a date is wanted here.")
        return found

    def name(self, node: ast.Name) -> Operand | None:
        """The column of that name."""
        name = self._text_of(node)  # as written: Python would fold look-alike letters together
        spec = self.columns.get(name)
        if spec is not None:
            self.used.add(name)
            return Operand(ColumnRef(name, spec.type), _SORTS[spec.type], name, spec)
        near = nearest(name, self.columns)
        if name in ("period", "window"):
            what = f"write {name}.start or {name}.end, or: in {name}."
        elif near is None and (name in RESERVED or self._chosen(name)):
            what = f'text stands in quotes: "{name}".'
        else:
            what = f"there is no column {name}{did_you_mean(name, self.columns)}"
        self.fault("B122", node, what)
        return None

    def _chosen(self, text: str) -> bool:
        return any(text.casefold() in spec.choices for spec in self.columns.values())

    def _constant(self, node: ast.expr) -> Operand | None:
        written = self._text_of(node)
        digits = written.removeprefix("-").lstrip()
        if _NUMBER.fullmatch(digits):
            number = Decimal(digits) if "." in digits else int(digits)
            return Operand(Literal(-number if written.startswith("-") else number), Sort.NUMBER, written)
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, str) and written[1:-1] == value and written[:1] in "'\"":
            if value.strip():
                return Operand(Literal(value), Sort.TEXT, f'"{value}"')
            self.fault("B124", node, "empty text is never in a cell; write is None.")
        elif isinstance(value, bool):
            self.fault("B121", node, 'write == "yes" or == "no", or the column alone.')
        elif isinstance(node, ast.Constant) and value is None:
            self.fault("B121", node, "write is None or is not None.")
        elif isinstance(value, str):
            self.fault("B121", node, "text is written plainly, without escapes, prefixes or joins.")
        else:
            self.fault("B121", node, "a number is at most 12 plain digits, and 6 after the point.")
        return None

    def _bound(self, node: ast.Attribute) -> Operand | None:
        written = self._text_of(node)
        bounds = [str(bound) for bound in Bound]
        if written not in bounds:
            self.fault("B121", node, f"{written} is not known{did_you_mean(written, bounds)}")
            return None
        if not self.may_name(node, written.partition(".")[0]):
            return None
        return Operand(Day(Bound(written)), Sort.DATE, written)

    def may_name(self, node: ast.expr, what: str) -> bool:
        """Whether `period` or `window` has a meaning here."""
        allowed = what != "window" or self.window
        if not allowed:
            self.fault("B121", node, "window needs a measure with window: (longer than a month).")
        return allowed

    def _shifted(self, node: ast.BinOp, depth: int) -> Operand | None:
        base = self.operand(node.left, depth + 1)
        by = node.right
        unit = by.func.id if isinstance(by, ast.Call) and isinstance(by.func, ast.Name) else ""
        if not isinstance(by, ast.Call) or unit not in ("months", "days"):
            self.fault("B121", by, "only months(6) or days(49) can be added or taken away.")
            return None
        count = self._counts(by, 1)
        if base is None or count is None:
            return None
        if base.sort is not Sort.DATE:
            self.fault("B124", node.left, f"{base.named} is {base.sort}; months and days are added to dates.")
            return None
        sign = 1 if isinstance(node.op, ast.Add) else -1
        months, days = (sign * count[0], 0) if unit == "months" else (0, sign * count[0])
        tree = _shift(base.tree, months, days)
        if _moved(tree) > FARTHEST:
            self.fault("B125", by, "this moves a date by more than a hundred years.")
            return None
        return Operand(tree, Sort.DATE, self._text_of(node))

    def _called(self, node: ast.Call, depth: int) -> Operand | None:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "date":
            return self._date(node)
        if name in ("earliest", "latest"):
            return self._choice(node, depth, latest=name == "latest")
        if name in FUNCTIONS:
            what = f"{name}() is added to a date or taken from it."
        else:
            known = did_you_mean(name, FUNCTIONS) if name else "."
            what = f"{name or 'this'} is no function of the rule language{known}"
        self.fault("B121", node, what)
        return None

    def _date(self, node: ast.Call) -> Operand | None:
        numbers = self._counts(node, 3)
        if numbers is None:
            return None
        try:
            day = date(*numbers)
        except (ValueError, OverflowError):
            self.fault("B124", node, "there is no such day; write date(year, month, day).")
            return None
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fault("B124", node, f"a date lies between {FIRST_YEAR} and {LAST_YEAR}.")
            return None
        return Operand(Literal(day), Sort.DATE, self._text_of(node))

    def _choice(self, node: ast.Call, depth: int, *, latest: bool) -> Operand | None:
        if len(node.args) != 2 or node.keywords:  # noqa: PLR2004
            self.fault("B121", node, "earliest() and latest() take two dates.")
            return None
        sides = [self.operand(arg, depth + 1) for arg in node.args]
        for arg, side in zip(node.args, sides, strict=True):
            if side is not None and side.sort is not Sort.DATE:
                self.fault("B124", arg, f"{side.named} is {side.sort}; a date is wanted.")
        left, right = sides
        if left is None or right is None:
            return None
        return Operand(Choose(latest, left.tree, right.tree), Sort.DATE, self._text_of(node))

    def _counts(self, node: ast.Call, how_many: int) -> list[int] | None:
        """The whole numbers in a call's brackets."""
        written = [self._text_of(arg) for arg in node.args]
        plain = all(text.isascii() and text.isdigit() and len(text) < 6 for text in written)  # noqa: PLR2004
        if plain and len(written) == how_many and not node.keywords:
            return [int(text) for text in written]
        wants = "one whole number" if how_many == 1 else "three whole numbers: date(2023, 12, 31)"
        self.fault("B121", node, f"this takes {wants}.")
        return None


def _shift(base: Expression, months: int, days: int) -> Expression:
    # Months clamp to the month's end, so two of them never merge; days after them do.
    if isinstance(base, Shift) and months == 0:
        return Shift(base.base, base.months, base.days + days)
    return Shift(base, months, days)


def _moved(tree: Expression) -> int:
    if isinstance(tree, Shift):
        return abs(tree.months) * 31 + abs(tree.days) + _moved(tree.base)
    if isinstance(tree, Choose):
        return max(_moved(tree.left), _moved(tree.right))
    return 0


def reads_column(tree: Expression) -> bool:
    """Whether the value depends on the row."""
    if isinstance(tree, Shift):
        return reads_column(tree.base)
    if isinstance(tree, Choose):
        return reads_column(tree.left) or reads_column(tree.right)
    return isinstance(tree, ColumnRef)
