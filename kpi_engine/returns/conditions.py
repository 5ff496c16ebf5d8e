"""Conditions of the contract over the rows of a table: true, false, or None for "cannot say"."""

from __future__ import annotations

import operator
from datetime import date
from typing import TYPE_CHECKING, assert_never

from kpi_engine.terms.expression import (
    AllOf,
    AnyOf,
    Bound,
    Choose,
    ColumnRef,
    Compare,
    Comparison,
    Day,
    IsBlank,
    IsTrue,
    Literal,
    Not,
    OneOf,
    Shift,
)
from kpi_engine.terms.period import add_months, days_after

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kpi_engine.terms.expression import Condition, Expression
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.table import Table, Value

    RowCells = Callable[[str], tuple[Value, bool]]
    Amounts = tuple[Sequence[Value], Sequence[bool]]
    """A value a row, and whether it is unknown."""

_HOW: Mapping[Comparison, Callable[..., bool]] = {
    Comparison.EQUAL: operator.eq,
    Comparison.LESS: operator.lt,
    Comparison.AT_MOST: operator.le,
    Comparison.MORE: operator.gt,
    Comparison.AT_LEAST: operator.ge,
}


def row_of(table: Table, index: int) -> RowCells:
    """The cells of row `index`, by column: value, and whether it is unknown. A missing column is unknown."""
    columns = table.columns

    def cell(name: str) -> tuple[Value, bool]:
        column = columns.get(name)
        return (None, True) if column is None else (column.values[index], column.unknown[index])

    return cell


def days_of(period: Period) -> Mapping[Bound, date]:
    """The days that a condition may name; a row's window is its month."""
    return {
        Bound.PERIOD_START: period.start,
        Bound.WINDOW_START: period.start,
        Bound.PERIOD_END: period.end,
        Bound.WINDOW_END: period.end,
    }


def outcomes(  # noqa: PLR0911  (one answer for each kind of condition)
    condition: Condition, table: Table, days: Mapping[Bound, date]
) -> list[bool | None]:
    """Whether `condition` holds, row by row; None where a cell that it needs is unknown."""
    match condition:
        case AllOf(parts):
            return _every([outcomes(part, table, days) for part in parts], table)
        case AnyOf(parts):
            opposites = [[_not(one) for one in outcomes(part, table, days)] for part in parts]
            return [_not(one) for one in _every(opposites, table)]
        case Not(of):
            return [_not(one) for one in outcomes(of, table, days)]
        case Compare(how, left, right):
            return _compared(_HOW[how], amounts(left, table, days), amounts(right, table, days))
        case OneOf(value, options):
            wanted = [option.value for option in options]
            return _tested(lambda found: found is not None and found in wanted, amounts(value, table, days))
        case IsBlank(value):
            return _tested(lambda found: found is None, amounts(value, table, days))
        case IsTrue(value):
            return _tested(lambda found: found is True, amounts(value, table, days))
        case _:
            assert_never(condition)


def amounts(expression: Expression, table: Table, days: Mapping[Bound, date]) -> Amounts:
    """The values of `expression`, row by row, and which of them are unknown."""
    count = len(table.rows)
    match expression:
        case ColumnRef(name):
            column = table.columns.get(name)
            return ([None] * count, [True] * count) if column is None else (column.values, column.unknown)
        case Literal(value):
            return [value] * count, [False] * count
        case Day(bound):
            return [days[bound]] * count, [False] * count
        case Shift(base, months, extra):
            found, unknown = amounts(base, table, days)
            shifted = {value: _shifted(value, months, extra) for value in set(found)}  # days repeat
            return [shifted[value] for value in found], unknown
        case Choose(latest, left, right):
            pairs = zip(
                zip(*amounts(left, table, days), strict=True),
                zip(*amounts(right, table, days), strict=True),
                strict=True,
            )
            chosen = [_chosen(one, other, latest=latest) for one, other in pairs]
            return [value for value, _ in chosen], [unknown for _, unknown in chosen]
        case _:
            assert_never(expression)


def amount(expression: Expression, row: RowCells, days: Mapping[Bound, date]) -> tuple[Value, bool]:
    """The value of `expression` in `row`, and whether it is unknown."""
    match expression:
        case ColumnRef(name):
            return row(name)
        case Literal(value):
            return value, False
        case Day(bound):
            return days[bound], False
        case Shift(base, months, extra):
            found, unknown = amount(base, row, days)
            return (_shifted(found, months, extra), unknown)
        case Choose(latest, left, right):
            return _chosen(amount(left, row, days), amount(right, row, days), latest=latest)
        case _:
            assert_never(expression)


def _every(parts: Sequence[Sequence[bool | None]], table: Table) -> list[bool | None]:
    return [_all(row) for row in zip(*parts, strict=True)] if parts else [True] * len(table.rows)


def _all(parts: Sequence[bool | None]) -> bool | None:
    if False in parts:
        return False
    return None if None in parts else True


def _not(value: bool | None) -> bool | None:  # noqa: FBT001  (a truth value is what it is about)
    return None if value is None else not value


def _compared(how: Callable[[Value, Value], bool], left: Amounts, right: Amounts) -> list[bool | None]:
    return [
        None if lost or gone else one is not None and other is not None and how(one, other)
        for one, lost, other, gone in zip(*left, *right, strict=True)
    ]


def _tested(test: Callable[[Value], bool], found: Amounts) -> list[bool | None]:
    return [None if unknown else test(value) for value, unknown in zip(*found, strict=True)]


def _shifted(found: Value, months: int, extra: int) -> Value:
    return None if found is None else days_after(add_months(_day(found), months), extra)


def _chosen(left: tuple[Value, bool], right: tuple[Value, bool], *, latest: bool) -> tuple[Value, bool]:
    if left[1] or right[1]:
        return None, True
    if left[0] is None or right[0] is None:
        return None, False
    return (max if latest else min)(_day(left[0]), _day(right[0])), False


def _day(value: Value) -> date:
    if not isinstance(value, date):
        raise TypeError(f"{type(value).__name__} stands where the rule needs a date")
    return value
