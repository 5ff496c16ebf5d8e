"""Windows: the months' records added up to the figure that a period is judged on.

Only sums and comparisons of records; never another month's rows.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import reduce
from operator import attrgetter
from typing import TYPE_CHECKING

from kpi_engine.rulebook.book import Kind, Over, Window
from kpi_engine.terms.measurement import Measurement, Parts, Reason, Source
from kpi_engine.terms.period import MONTH, YEAR, Period, span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.rulebook.book import Measure
    from kpi_engine.terms.measured import Measured


def window_of(measure: Measure, period: Period, first: Period) -> tuple[Period, ...]:
    """The months whose figures make the measure's figure for `period`.

    `first` is the first month there is a return for: a rolling window begins no
    earlier.
    """
    last = period.last_month
    if measure.window is Window.ROLLING_12_MONTHS:
        begin = last.plus(1 - YEAR)
        return span(begin if measure.window_from_table else max(begin, min(first, last)), last)
    if measure.window is Window.QUARTER:
        return span(last.quarter.months[0], last)
    if measure.window is Window.YEAR_TO_DATE:
        return span(last.year.months[0], last)
    return period.months if measure.over is Over.SUM else (last,)


def measurements(measure: Measure, period: Period, measured: Measured) -> tuple[Measurement, ...]:
    """The figures of `measure` that judge `period`: one, or one for each month or quarter in it."""
    first = min(measured.records, key=attrgetter("first"), default=period.last_month)
    if measured.month_unknown:  # a return of no known month may be of any: no window is cut short for it
        first = Period(0)

    def of(part: Period) -> Measurement:
        return _measured(measure, part, window_of(measure, part, first), measured)

    return tuple(of(part) for part in _judged_apart(measure, period))


def over_months(
    measure: Measure, period: Period, months: Sequence[Period], measured: Measured
) -> Measurement:
    """The months' own figures added up: for windows that the judge chooses, as those of a change."""
    return _added(measure, period, [_own(measure, month, measured) for month in months])


def _judged_apart(measure: Measure, period: Period) -> tuple[Period, ...]:
    if period.length == MONTH:
        return (period,)
    if measure.window is Window.QUARTER:
        return tuple(month.quarter for month in period.months if month == month.quarter.last_month)
    return period.months if measure.over is Over.EACH else (period,)


def _measured(
    measure: Measure, period: Period, months: tuple[Period, ...], measured: Measured
) -> Measurement:
    if measure.window_from_table:
        last = period.last_month
        held = measured.records.get(last)
        if held is None or measure.id not in held.whole:
            return replace(_own(measure, last, measured), period=period)
        return replace(held.whole[measure.id], period=period, months=months)
    return over_months(measure, period, months, measured)


def _own(measure: Measure, month: Period, measured: Measured) -> Measurement:
    held = measured.records.get(month)
    if held is not None and measure.id in held.own:
        return held.own[measure.id]
    return Measurement(measure.id, month, reason=Reason.NO_RETURN)


def _added(measure: Measure, period: Period, parts: Sequence[Measurement]) -> Measurement:
    """The sum; the last month's own reason where that has no figure; the other months lacking one named."""
    last = parts[-1]
    crashed = next((p for p in parts if p.reason is Reason.RULE_ERROR), None)
    if crashed is not None:
        return replace(crashed, period=period)
    if len(parts) == 1:
        return replace(last, period=period, months=(last.period,))
    usable = [p for p in parts if _says_something(p)]
    missing = tuple(p.period for p in parts if not _says_something(p))
    if not _says_something(last):
        return replace(last, period=period, months=tuple(p.period for p in usable), missing=missing)
    nothing = Parts(Fraction(0)) if measure.kind in _COUNTED else Parts(Fraction(0), Fraction(0))
    low = reduce(Parts.plus, (p.low or nothing for p in usable), nothing)
    high = reduce(Parts.plus, (p.high or nothing for p in usable), nothing)
    empty = low.denominator == 0 and high.denominator == 0
    return Measurement(
        measure=measure.id,
        period=period,
        low=None if empty else low,
        high=None if empty else high,
        in_doubt=sum(p.in_doubt for p in usable),
        left_out=sum(p.left_out for p in usable),
        source=Source.COUNTS if any(p.source is Source.COUNTS for p in usable) else last.source,
        reason=(Reason.MONTHS_MISSING if missing else Reason.NOTHING_DUE) if empty else None,
        months=tuple(p.period for p in usable),
        missing=missing,
        origins=tuple(origin for p in usable for origin in p.origins),
    )


_COUNTED = frozenset({Kind.COUNT, Kind.OCCURRENCE, Kind.CHANGE})


def _says_something(measured: Measurement) -> bool:
    """A figure, or "none this month": which adds nothing, but is no gap."""
    return measured.reason in (None, Reason.NOTHING_DUE)
