"""The rules in plain Python, a row at a time: what the SQL must agree with."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from types import EllipsisType
from typing import TYPE_CHECKING

from kpi_engine.rulebook.book import Kind
from kpi_engine.terms.expression import (
    AllOf,
    AnyOf,
    Choose,
    ColumnRef,
    Compare,
    Comparison,
    Condition,
    Day,
    Expression,
    IsBlank,
    IsTrue,
    Literal,
    Not,
    OneOf,
    Shift,
    columns_of,
)
from kpi_engine.terms.period import add_months, days_after

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from kpi_engine.rulebook.book import Measure
    from kpi_engine.terms.expression import Bound
    from tests.measures.build import Cell

    Row = Mapping[str, Cell]
    Days = Mapping[Bound, date]

_COMPARE = {
    Comparison.EQUAL: lambda a, b: a == b,
    Comparison.LESS: lambda a, b: a < b,
    Comparison.AT_MOST: lambda a, b: a <= b,
    Comparison.MORE: lambda a, b: a > b,
    Comparison.AT_LEAST: lambda a, b: a >= b,
}


def value(node: Expression, row: Row, days: Days) -> object:
    """Of an expression whose cells are all known; None is a blank."""
    match node:
        case ColumnRef(name):
            return row.get(name)
        case Literal(constant):
            return constant
        case Day(bound):
            return days[bound]
        case Shift(base, months, count):
            day = value(base, row, days)
            return None if day is None else days_after(add_months(day, months), count)  # type: ignore[arg-type]
        case Choose(latest, left, right):
            two = (value(left, row, days), value(right, row, days))
            return None if None in two else (max if latest else min)(two)  # type: ignore[type-var]


def truth(condition: Condition, row: Row, days: Days) -> bool | None:
    """True, False, or None: cannot say."""
    match condition:
        case Not(of):
            held = truth(of, row, days)
            return None if held is None else not held
        case AllOf(parts) | AnyOf(parts):
            marks = [truth(part, row, days) for part in parts]
            decides = isinstance(condition, AnyOf)
            return decides if decides in marks else None if None in marks else not decides
    if any(row.get(name) is ... for name in columns_of(condition)):
        return None
    return _holds(condition, row, days)


def _holds(atom: Condition, row: Row, days: Days) -> bool:
    match atom:
        case Compare(how, left, right):
            a, b = value(left, row, days), value(right, row, days)
            return a is not None and b is not None and bool(_COMPARE[how](a, b))
        case OneOf(node, options):
            found = value(node, row, days)
            return found is not None and any(found == option.value for option in options)
        case IsBlank(node):
            return value(node, row, days) is None
        case IsTrue(node):
            return value(node, row, days) is True
    raise AssertionError(atom)


# ── Every table that the cells allow ─────────────────────────────────────────


def completions(rows: Sequence[Row], domain: Mapping[str, Sequence[Cell]]) -> Iterator[list[dict[str, Cell]]]:
    """The rows with every unknown cell filled in, each way that `domain` has."""
    gaps = [
        (n, name)
        for n, row in enumerate(rows)
        for name, cell in row.items()
        if isinstance(cell, EllipsisType)
    ]
    for fill in product(*(domain[name] for _, name in gaps)):
        complete = [dict(row) for row in rows]
        for (n, name), cell in zip(gaps, fill, strict=True):
            complete[n][name] = cell
        yield complete


def cases(rows: Sequence[Row], key: Sequence[str]) -> Iterator[tuple[Row, ...]]:
    """Every way to take one row of each key, whichever is the right one."""
    units: dict[object, list[Row]] = {}
    for n, row in enumerate(rows):
        units.setdefault(tuple(row.get(k) for k in key) if key else n, []).append(row)
    yield from product(*units.values())


def figure(one: Measure, rows: Sequence[Row], days: Days) -> Fraction | None:
    """The measure of rows that are all known and all different cases; None for 0 of 0."""
    inside = [
        row
        for row in rows
        if truth(one.where, row, days) and not (one.left_out is not None and truth(one.left_out, row, days))
    ]
    if one.kind is Kind.SUMS:
        below = sum((_number(row, one.denominator_sum) for row in inside), Fraction(0))
        return (
            sum((_number(row, one.numerator_sum) for row in inside), Fraction(0)) / below if below else None
        )
    if one.numerator is None:
        return Fraction(len(inside))
    below = sum((_number(row, one.weight) for row in inside), Fraction(0))
    counted = [row for row in inside if truth(one.numerator, row, days)]
    return sum((_number(row, one.weight) for row in counted), Fraction(0)) / below if below else None


def _number(row: Row, column: str | None) -> Fraction:
    return Fraction(1) if column is None else Fraction(row.get(column) or 0)  # type: ignore[arg-type]
