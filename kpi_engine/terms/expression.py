"""The closed tree that every condition and date of a rule is parsed into.

Nothing outside this list can be written in a rule, so every engine can carry
out every rule. `rulebook/expression.py` parses text into it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from kpi_engine.terms.table import ColumnType


class Bound(StrEnum):
    """The days that a rule may name without knowing the month."""

    PERIOD_START = "period.start"
    PERIOD_END = "period.end"
    WINDOW_START = "window.start"
    WINDOW_END = "window.end"


class Comparison(StrEnum):
    """How two values are compared."""

    EQUAL = "=="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A column of the measure's table."""

    name: str
    type: ColumnType


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: text, whole or decimal number, date, or yes/no."""

    value: str | int | Decimal | date | bool


@dataclass(frozen=True, slots=True)
class Day:
    """The first or last day of the period or window being measured."""

    bound: Bound


@dataclass(frozen=True, slots=True)
class Shift:
    """`base` plus calendar months (clamped to the month's end) plus days."""

    base: Expression
    months: int = 0
    days: int = 0


@dataclass(frozen=True, slots=True)
class Choose:
    """The earlier or later of two dates; blank if either is."""

    latest: bool
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison; with a blank on either side it is false."""

    how: Comparison
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class OneOf:
    """The value is one of the constants; a blank is not."""

    value: Expression
    options: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class IsBlank:
    """The value is a blank that the contract gives a meaning to."""

    value: Expression


@dataclass(frozen=True, slots=True)
class IsTrue:
    """A yes/no column that says yes."""

    value: ColumnRef


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; unknown stays unknown."""

    of: Condition


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds (none: always)."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds (none: never)."""

    parts: tuple[Condition, ...]


Expression = ColumnRef | Literal | Day | Shift | Choose
Condition = Compare | OneOf | IsBlank | IsTrue | Not | AllOf | AnyOf

ALWAYS = AllOf(())


def columns_of(node: Condition | Expression) -> frozenset[str]:
    """The names of the columns that a condition or an expression reads."""
    match node:
        case ColumnRef(name):
            return frozenset((name,))
        case Literal() | Day():
            return frozenset()
        case Choose(_, left, right) | Compare(_, left, right):
            return columns_of(left) | columns_of(right)
        case Shift(base=part) | OneOf(value=part) | IsBlank(value=part) | IsTrue(value=part) | Not(of=part):
            return columns_of(part)
        case AllOf(parts) | AnyOf(parts):
            return frozenset[str]().union(*map(columns_of, parts))
        case _:
            assert_never(node)
