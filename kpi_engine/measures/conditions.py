"""Conditions as SQL that DuckDB and Spark share: true, false, or null where the row cannot say."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, assert_never

from kpi_engine.terms.expression import (
    AllOf,
    AnyOf,
    Bound,
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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kpi_engine.measures.plan import Atom

# ── Expressions ──────────────────────────────────────────────────────────────

_SIGNS = MappingProxyType(
    {
        Comparison.EQUAL: "=",
        Comparison.LESS: "<",
        Comparison.AT_MOST: "<=",
        Comparison.MORE: ">",
        Comparison.AT_LEAST: ">=",
    }
)
_EXACT_DIGITS = 38  # both engines' widest DECIMAL; DuckDB reads a longer literal as a float
_EXACT_PLACES = 15  # of a lake's numbers; Spark would cut a finer literal to that before it compares


def quoted(column: str) -> str:
    """A name as SQL writes it."""
    return '"' + column.replace('"', '""') + '"'


def literal(value: str | int | Decimal | date) -> str:
    """A constant as SQL writes it; ValueError for a number that an engine would not hold exactly."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | Decimal():
            written = f"{Decimal(value):f}"
            whole, _, places = written.removeprefix("-").partition(".")
            digits = whole + places
            if not digits.isdigit() or len(digits) > _EXACT_DIGITS or len(places) > _EXACT_PLACES:
                raise ValueError("a number that cannot be held exactly")
            # Beside a decimal Spark takes a plain 1 for one of ten digits, and cuts the decimal's places.
            if not places and len(digits) < _EXACT_DIGITS:
                written += ".0"
            return f"({written})" if written.startswith("-") else written
        case date():
            return f"DATE '{value.isoformat()}'"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case _:
            assert_never(value)


def expression(node: Expression, days: Mapping[Bound, str]) -> str:
    """An expression as SQL: null where a cell it reads is blank or unknown, else its value.

    `days` names the column of the calendar that each day of the window stands in.
    """
    match node:
        case ColumnRef(column):
            return quoted(column)
        case Literal(value):
            return literal(value)
        case Day(bound):
            return days[bound]
        case Shift(base, months, count):
            return _moved(_moved(expression(base, days), months, "MONTH"), count, "DAY")
        case Choose(latest, left, right):
            chosen = (
                f"{'GREATEST' if latest else 'LEAST'}({expression(left, days)}, {expression(right, days)})"
            )
            # Both functions skip nulls, but a blank on either side makes a blank.
            filled = " AND ".join(f"{quoted(c)} IS NOT NULL" for c in sorted(columns_of(node)))
            return f"CASE WHEN {filled} THEN {chosen} END" if filled else chosen
        case _:
            assert_never(node)


def _moved(day: str, count: int, unit: str) -> str:
    """`day` so many calendar months (clamped to the month's end) or days on."""
    if count == 0:
        return day
    return f"CAST({day} {'+' if count > 0 else '-'} INTERVAL {abs(count)} {unit} AS DATE)"


# ── Conditions: null is "cannot say", and AND, OR and NOT carry it as they should ──


def truth(condition: Condition, of_atom: Callable[[Atom], str]) -> str:
    """SQL of a condition whose atoms `of_atom` writes."""
    match condition:
        case Not(of):
            return f"(NOT {truth(of, of_atom)})"
        case AllOf(parts):
            return joined(" AND ", (truth(part, of_atom) for part in parts), none="TRUE")
        case AnyOf(parts):
            return joined(" OR ", (truth(part, of_atom) for part in parts), none="FALSE")
        case _:
            return of_atom(condition)


def held(atom: Atom, days: Mapping[Bound, str]) -> str:
    """SQL of one comparison: null where it reads an unknown cell; a blank fulfils none that does not ask."""
    known = [f"NOT {unknown(column)}" for column in sorted(columns_of(atom))]
    return f"CASE WHEN {' AND '.join(known)} THEN {_holds(atom, days)} END" if known else _holds(atom, days)


def mark(condition: Condition, days: Mapping[Bound, str]) -> str:
    """SQL that is 2 where the condition certainly holds, 0 where it certainly does not, else 1."""
    return marked(truth(condition, lambda atom: held(atom, days)))


def marked(truth_of_it: str) -> str:
    """The mark 2, 0 or 1 of a condition's SQL."""
    return f"CASE WHEN {truth_of_it} THEN 2 WHEN NOT {truth_of_it} THEN 0 ELSE 1 END"


def joined(word: str, parts: Iterable[str], *, none: str) -> str:
    """Conditions in brackets with AND or OR between; `none` where there are none."""
    listed = tuple(parts)
    return f"({word.join(listed)})" if listed else none


def _holds(atom: Atom, days: Mapping[Bound, str]) -> str:
    """SQL of an atom over known cells: true or false, and false of a blank unless it asks for one."""
    match atom:
        case Compare(how, left, right):
            return f"COALESCE({expression(left, days)} {_SIGNS[how]} {expression(right, days)}, FALSE)"
        case OneOf(value, options):
            listed = ", ".join(literal(option.value) for option in options)
            return f"COALESCE({expression(value, days)} IN ({listed}), FALSE)" if listed else "FALSE"
        case IsBlank(value):
            return f"({expression(value, days)} IS NULL)"
        case IsTrue(value):
            return f"COALESCE({expression(value, days)}, FALSE)"
        case _:
            assert_never(atom)


def unknown(column: str) -> str:
    """The column that says which cells of `column` are unknown."""
    return quoted(f"{column}__unknown")
