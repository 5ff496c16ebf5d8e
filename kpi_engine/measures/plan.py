"""What an engine is asked for: one sheet of many returns, one portable SELECT, and numbers back."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
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
class ReturnKey:
    """Whose return it is and for which month; `authority` is empty where the cover does not say."""

    authority: str
    period: Period


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT of the SQL that every engine shares, over the returns of many months and councils.

    It reads `table`, a sheet's rows: `_authority` and `_period` (the month's number) say
    whose return a row is of, `_row` counts a return's rows from 0, each name of `days` holds
    `day_of(name, month)`, and each name of `reads` has a column and `<name>__unknown`; a
    cell that is unknown is null. It gives `_authority`, `_period` and `columns`, which
    are whole or decimal numbers.
    """

    table: str
    sql: str
    days: tuple[str, ...]
    reads: tuple[str, ...]
    columns: tuple[str, ...]


class Engine(Protocol):
    """Carries out a Query on the tables of one sheet; nothing but numbers comes back."""

    @property
    def rows_at_once(self) -> int | None:
        """The most rows that it wants in one call, unless one table has more; None: all there are.

        None also says that a call costs much, however little is asked.
        """
        ...

    def run(
        self, tables: Mapping[ReturnKey, Table], query: Query
    ) -> Mapping[ReturnKey, Sequence[tuple[Number, ...]]]:
        """The rows that `query` gives of each return, in its order.

        A column that a table lacks is unknown throughout. Any exception means that
        the query could not be carried out, on one return at least.
        """
        ...


# ── The calendar: the days that a month's conditions may name ────────────────

_STARTS = MappingProxyType({f"_{window}_start": window for window in Window})
_END = "_month_end"  # every window ends with the month
CALENDAR = (*_STARTS, _END)
"""Every name that `days` of a Query may hold."""


def day_of(column: str, month: Period) -> date:
    """The day that a column of the calendar holds for one month."""
    return month.end if column == _END else _first_month(_STARTS[column], month).start


def _first_month(window: Window, month: Period) -> Period:
    match window:
        case Window.MONTH:
            return month
        case Window.QUARTER:
            return month.quarter
        case Window.ROLLING_12_MONTHS:
            return month.plus(-11)
        case Window.YEAR_TO_DATE:
            return month.year
        case _:
            assert_never(window)


# ── Measures ─────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Dated:
    """A measure of one sheet in one month; its SQL is the same in every month.

    `judged` is False for the month's own part of a window that the table gives whole.
    """

    measure: Measure
    sheet: SheetSpec
    month: Period
    judged: bool

    @property
    def columns(self) -> Mapping[Bound, str]:
        """The columns that the conditions' days stand in."""
        window = self.measure.window if self.judged else Window.MONTH
        return {
            Bound.PERIOD_START: f"_{Window.MONTH}_start",
            Bound.PERIOD_END: _END,
            Bound.WINDOW_START: f"_{window}_start",
            Bound.WINDOW_END: _END,
        }

    @property
    def days(self) -> Mapping[Bound, date]:
        """The days themselves."""
        return {bound: day_of(column, self.month) for bound, column in self.columns.items()}


def dated(measure: Measure, sheet: SheetSpec, month: Period, *, whole: bool) -> Dated:
    """`measure` in `month`; `whole`: over all its window, where the table's own dates give it.

    A measure whose window is made of months still sees its window's days; it
    is its population that is held to the month.
    """
    return Dated(measure, sheet, month, judged=whole or not measure.window_from_table)


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
