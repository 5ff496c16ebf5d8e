"""Conditions of the contract over one row, in plain Python: true, false, or None for "cannot say"."""

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
    from collections.abc import Callable, Mapping

    from kpi_engine.terms.expression import Condition, Expression
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.table import Table, Value

    RowCells = Callable[[str], tuple[Value, bool]]

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


def outcome(  # noqa: PLR0911  (one answer for each kind of condition)
    condition: Condition, row: RowCells, days: Mapping[Bound, date]
) -> bool | None:
    """Whether `condition` holds of `row`; None if a cell that it needs is unknown."""
    match condition:
        case AllOf(parts):
            return _all([outcome(part, row, days) for part in parts])
        case AnyOf(parts):
            opposite = _all([_not(outcome(part, row, days)) for part in parts])
            return _not(opposite)
        case Not(of):
            return _not(outcome(of, row, days))
        case Compare(how, left, right):
            return _compare(how, amount(left, row, days), amount(right, row, days))
        case OneOf(value, options):
            found, unknown = amount(value, row, days)
            return None if unknown else found is not None and found in [option.value for option in options]
        case IsBlank(value):
            found, unknown = amount(value, row, days)
            return None if unknown else found is None
        case IsTrue(value):
            found, unknown = amount(value, row, days)
            return None if unknown else found is True
        case _:
            assert_never(condition)


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


def _all(parts: list[bool | None]) -> bool | None:
    if False in parts:
        return False
    return None if None in parts else True


def _not(value: bool | None) -> bool | None:  # noqa: FBT001  (a truth value is what it is about)
    return None if value is None else not value


def _compare(how: Comparison, left: tuple[Value, bool], right: tuple[Value, bool]) -> bool | None:
    if left[1] or right[1]:
        return None
    if left[0] is None or right[0] is None:
        return False
    return _HOW[how](left[0], right[0])


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
