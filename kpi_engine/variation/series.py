"""A caller's points made fit for a chart: sorted, gaps filled, cut into groups; or refused."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from kpi_engine.errors import KpiError
from kpi_engine.terms.codes import finding
from kpi_engine.terms.finding import Severity
from kpi_engine.terms.period import MONTH, QUARTER, YEAR, Period, add_months
from kpi_engine.variation.charted import Number

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date

    from kpi_engine.terms.finding import Finding
    from kpi_engine.variation.charted import Figure
    from kpi_engine.variation.profiles import Profile

Target: TypeAlias = "Number | Sequence[tuple[date, Number | None]] | None"
"""One figure, or dated steps (a step to None ends the target)."""
LEAST_BASELINE = 12
"""The fewest rows that a fixed baseline may have (the reference refuses fewer)."""


@dataclass(frozen=True, slots=True)
class Series:
    """Dates in order, with the value and the target in force at each; first and end row of each group."""

    dates: tuple[date, ...]
    values: tuple[Figure | None, ...]
    targets: tuple[Figure | None, ...]
    groups: tuple[tuple[int, int], ...]
    warnings: tuple[Finding, ...]


def series_of(
    points: Iterable[tuple[date, Number | None]],
    profile: Profile,
    *,
    target: Target,
    rebase: Collection[date],
    fix_after: int | None,
) -> Series:
    """The points in order and in groups; raises KpiError with every fault found."""
    rows, steps = sorted(points, key=_day), _steps(target)
    values = {day: None if x is None else _figure(x, profile) for day, x in rows}
    aims = [(day, None if x is None else _figure(x, profile)) for day, x in steps]
    faults = [finding("V101", date=day) for day in _twice(day for day, _ in rows)]
    faults += [
        finding("V102", date=day.isoformat()) for day, x in rows if x is not None and values[day] is None
    ]
    faults += [finding("V103", least=LEAST_BASELINE)] * (fix_after is not None and fix_after < LEAST_BASELINE)
    faults += [finding("V104", date=str(day)) for day in _twice(day for day, _ in aims)]
    faults += [
        finding("V105") for (_, x), (_, aim) in zip(steps, aims, strict=True) if x is not None and aim is None
    ]
    if profile.gaps_are_missing:
        values = _with_gaps(values)
    unmatched = _unmatched(rebase, values, profile)
    if profile.rebase_must_match:
        faults += unmatched
    if faults:
        raise KpiError(faults)
    dates = tuple(values)
    starts = [0, *(i for i, day in enumerate(dates) if i and day in rebase), len(dates)]
    groups = tuple(pairwise(starts)) if dates else ()
    return Series(dates, tuple(values.values()), _in_force(aims, dates), groups, tuple(unmatched))


def _day(row: tuple[date, Number | None]) -> date:
    return row[0]


def _figure(value: Number, profile: Profile) -> Figure | None:
    try:
        figure = Fraction(value) if profile.exact else float(value)
    except (ValueError, OverflowError):  # not a number, or infinite
        return None
    return figure if isinstance(figure, Fraction) or math.isfinite(figure) else None


def _steps(target: Target) -> list[tuple[date | None, Number | None]]:
    if target is None or isinstance(target, Number):
        return [] if target is None else [(None, target)]
    return [*sorted(target, key=_day)]


def _twice(days: Iterable[date | None]) -> list[date | None]:
    return [day for day, times in Counter(days).items() if times > 1]


def _in_force(
    aims: list[tuple[date | None, Figure | None]], dates: tuple[date, ...]
) -> tuple[Figure | None, ...]:
    def at(day: date) -> Figure | None:
        return next((aim for start, aim in reversed(aims) if start is None or start <= day), None)

    return tuple(at(day) for day in dates)


def _unmatched(
    rebase: Collection[date], values: dict[date, Figure | None], profile: Profile
) -> list[Finding]:
    severity = Severity.REFUSE if profile.rebase_must_match else Severity.FLAG
    return [
        finding("V106", severity=severity, date=day.isoformat())
        for day in sorted(set(rebase))
        if day not in values
    ]


def _with_gaps(values: dict[date, Figure | None]) -> dict[date, Figure | None]:
    """Every month, quarter or year between the first date and the last, whichever all dates fit.

    Two dates in one month: the dates stand as they are, for nothing says how often they should come.
    """
    months = [Period.of(day).first for day in values]
    gaps = [after - before for before, after in pairwise(months)]
    if not gaps or 0 in gaps:
        return values
    apart = math.gcd(*gaps)
    every = next(step for step in (YEAR, QUARTER, MONTH) if apart % step == 0)
    by_month = dict(zip(months, values, strict=True))
    ends = all(day == Period.of(day).end for day in values)
    first = next(iter(values))
    filled: dict[date, Figure | None] = {}
    for month in range(months[0], months[-1] + 1, every):
        day = by_month.get(month)
        if day is None:
            day = Period(month).end if ends else add_months(first, month - months[0])
        filled[day] = values.get(day)
    return filled
