"""What an engine is asked for: one table, one portable SELECT, and whole or decimal numbers back."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, assert_never

from kpi_engine.rulebook.book import SheetKind, Window
from kpi_engine.terms.expression import (
    AllOf,
    AnyOf,
    Bound,
    Compare,
    Comparison,
    Condition,
    Day,
    IsBlank,
    IsTrue,
    Not,
    OneOf,
    columns_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from kpi_engine.rulebook.book import Measure, RuleBook, SheetSpec
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.table import Table

Number = int | Decimal | None
Atom = Compare | OneOf | IsBlank | IsTrue


class Outcome(StrEnum):
    """What a measure makes of one row."""

    COUNTED = "counted"
    NOT_COUNTED = "not_counted"
    OUTSIDE = "outside"
    LEFT_OUT = "left_out"
    IN_DOUBT = "in_doubt"


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT of the SQL that every engine shares.

    It reads the table `table`, which has `_row` (the row's index from 0) and,
    for each name of `reads`, the column and `<name>__unknown`; a cell that is
    unknown is null. It gives `columns`, all of them whole or decimal numbers.
    """

    table: str
    sql: str
    reads: tuple[str, ...]
    columns: tuple[str, ...]


class Engine(Protocol):
    """Carries out a Query on a Table; nothing but numbers comes back."""

    def run(self, table: Table, query: Query) -> Sequence[tuple[Number, ...]]:
        """The rows that `query` gives; any exception means that it could not be carried out."""
        ...


@dataclass(frozen=True, slots=True)
class Dated:
    """A measure of one sheet in one month, and the days that its conditions may name.

    `judged` is False for the month's own part of a window that the table gives whole.
    """

    measure: Measure
    sheet: SheetSpec
    month: Period
    days: Mapping[Bound, date]
    judged: bool


def dated(measure: Measure, sheet: SheetSpec, month: Period, *, whole: bool) -> Dated:
    """`measure` in `month`; `whole`: over all its window, where the table's own dates give it.

    A measure whose window is made of months still sees its window's days; it
    is its population that is held to the month.
    """
    own = measure.window_from_table and not whole
    start, end = (month.start, month.end) if own else window_days(measure.window, month)
    days = {
        Bound.PERIOD_START: month.start,
        Bound.PERIOD_END: month.end,
        Bound.WINDOW_START: start,
        Bound.WINDOW_END: end,
    }
    return Dated(measure, sheet, month, days, judged=not own)


def window_days(window: Window, period: Period) -> tuple[date, date]:
    """The first and last day of the window that ends with the last month of `period`."""
    month = period.last_month
    match window:
        case Window.MONTH:
            first = month
        case Window.QUARTER:
            first = month.quarter
        case Window.ROLLING_12_MONTHS:
            first = month.plus(-11)
        case Window.YEAR_TO_DATE:
            first = month.year
        case _:
            assert_never(window)
    return first.start, month.end


def scope(asked: Dated) -> Condition:
    """Who is asked about at all: `where`, and for events a date that falls in the month."""
    spec = asked.sheet
    if spec.kind is not SheetKind.EVENTS:
        return asked.measure.where
    start, end = Bound.PERIOD_START, Bound.PERIOD_END
    if asked.measure.window_from_table:
        start, end = Bound.WINDOW_START, Bound.WINDOW_END
    falls_in = tuple(
        AllOf((Compare(Comparison.AT_LEAST, day, Day(start)), Compare(Comparison.AT_MOST, day, Day(end))))
        for day in spec.dated_by
    )
    return AllOf((AnyOf(falls_in), asked.measure.where))


def population(asked: Dated) -> Condition:
    """The rows a share is out of, or that a count counts."""
    left_out = asked.measure.left_out
    return scope(asked) if left_out is None else AllOf((scope(asked), Not(left_out)))


def set_aside(asked: Dated) -> Condition:
    """The rows that `left_out` takes from the population; none without it."""
    left_out = asked.measure.left_out
    return AnyOf(()) if left_out is None else AllOf((scope(asked), left_out))


def measures_of(rulebook: RuleBook) -> dict[str, Measure]:
    """Every measure that a rulebook declares, those shown beside another too, by id."""
    indicators = rulebook.indicators.values()
    return {m.id: m for indicator in indicators for m in (indicator.measure, *indicator.beside)}


def needs(asked: Dated) -> tuple[str, ...]:
    """The columns without which the measure cannot be worked out, sorted."""
    spec, measure = asked.sheet, asked.measure
    conditions = [population(asked), *([measure.numerator] if measure.numerator else [])]
    read = measure.columns.union(spec.key, *map(columns_of, conditions))
    return tuple(sorted(read))
