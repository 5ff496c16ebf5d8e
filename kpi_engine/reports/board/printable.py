"""What one pack could print of one measure, in whole numbers, and what its state would tell besides."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kpi_engine.reports.board.inference import Bound, Link
from kpi_engine.rulebook.book import Better, Kind, Operator, Over, Unit
from kpi_engine.terms.measurement import Parts, Reason
from kpi_engine.terms.period import Period, span
from kpi_engine.terms.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from fractions import Fraction

    from kpi_engine.rulebook.book import Measure
    from kpi_engine.terms.measured import Measured
    from kpi_engine.terms.measurement import Measurement
    from kpi_engine.terms.verdict import TargetInForce, Verdict

Counts = tuple[int, ...]
"""Met and missed of a share, or one count, in units in which every one of the measure's is whole."""

_SHARES: Final = frozenset({Kind.PROPORTION, Kind.SUMS})
_COUNTED: Final = frozenset({Kind.COUNT, Kind.OCCURRENCE, Kind.CHANGE})
MET, MISSED = 0, 1


@dataclass(frozen=True, slots=True)
class Edition:
    """One pack as it was published: its period, the verdicts by indicator, and the records behind them."""

    period: Period
    verdicts: Mapping[str, Verdict]
    measured: Measured


@dataclass(frozen=True, slots=True)
class Series:
    """One measure over all packs.

    `unit` is one person in the units of its counts. `start`, of a table with dates of its own: the
    first month that any figure covers; its figures need not be the sum of the months' own.
    """

    measure: Measure
    parts: int
    unit: int
    lower_is_better: bool
    start: Period | None


@dataclass(frozen=True, slots=True)
class Printable:
    """One measure in one pack, before it is decided what is printed.

    `own` is each month's own counts (None: no return of that month), `doubtful` the same with rows in
    doubt counted the other way. `figure` is that of `months[first:after]`, None where there is none.
    `met`: what the state says of the target; `if_met` and `if_missed` are what either would tell.
    """

    months: tuple[Period, ...]
    own: tuple[Counts | None, ...]
    doubtful: tuple[Counts, ...]
    first: int
    after: int
    figure: Counts | None
    in_doubt: bool
    met: bool | None = None
    if_met: tuple[Bound | Link, ...] = ()
    if_missed: tuple[Bound | Link, ...] = ()

    @property
    def covered(self) -> tuple[Period, ...]:
        """The months that the figure is of."""
        return self.months[self.first : self.after]


def number_of_parts(measure: Measure) -> int:
    """How many counts there are in a figure; 0: it comes without counts."""
    if measure.kind in _SHARES:
        return 2
    return int(measure.kind in _COUNTED or (measure.kind is Kind.STATED and measure.unit is Unit.NUMBER))


def series_of(
    measure: Measure, better: Better, measured: Iterable[Measured], figures: Iterable[Measurement | None]
) -> Series:
    """The measure's series over the records and the figures of all packs."""
    month_by_month = [m.records[p].own.get(measure.id) for m in measured for p in m.records]
    known = [f for f in (*figures, *month_by_month) if f is not None]
    parts = [p for f in known for p in (f.low, f.high) if p is not None]
    whole = [n.denominator for p in parts for n in (p.numerator, p.denominator) if n is not None]
    covered = [month for f in known for month in (*f.months, f.period.last_month)]
    start = min(covered, default=None) if measure.window_from_table else None
    return Series(measure, number_of_parts(measure), math.lcm(*whole), better is Better.LOWER, start)


def counts_of(parts: Parts | None, series: Series) -> Counts | None:
    """The parts in the series' units."""
    if parts is None:
        return None
    numerator = int(parts.numerator * series.unit)
    if series.parts == 1:
        return (numerator,)
    return (numerator, int((parts.denominator or 0) * series.unit) - numerator)


def printable_beside(series: Series, edition: Edition, figure: Measurement) -> Printable:
    """A figure beside a measure in one pack."""
    months, own, doubtful = _months(series, edition)
    first, after = _run(months, figure.months or (figure.period.last_month,))
    nothing = figure.reason is Reason.NOTHING_DUE
    counts = (0,) * series.parts if nothing else counts_of(figure.low, series)
    in_doubt = figure.low != figure.high
    return Printable(months, own, doubtful, first, after, counts if first < after else None, in_doubt)


def printable(series: Series, edition: Edition, verdict: Verdict) -> Printable:
    """A measure in one pack."""
    months, own, doubtful = _months(series, edition)
    figure = verdict.measured
    covered = figure.months or (figure.period.last_month,) if figure is not None else ()
    first, after = _run(months, covered)
    counts = _figure(series, verdict) if first < after else None
    met = _met(verdict)
    runs: tuple[tuple[int, int], ...] = ((first, after),)
    if series.measure.over is Over.EACH:
        runs = tuple((i, i + 1) for i, m in enumerate(months) if m in edition.period.months) or runs
    tells = met is not None and first < after
    return Printable(
        months,
        own,
        doubtful,
        first,
        after,
        counts,
        in_doubt=figure is not None and figure.low != figure.high,
        met=met if tells else None,
        if_met=tuple(f for run in runs for f in _told(series, verdict, run, met=True)) if tells else (),
        if_missed=_told(series, verdict, (first, after), met=False) if tells else (),
    )


def _months(
    series: Series, edition: Edition
) -> tuple[tuple[Period, ...], tuple[Counts | None, ...], tuple[Counts, ...]]:
    """The months that figures are of, and their own counts; a month without any is none of them."""
    last, records = edition.period.last_month, edition.measured.records
    months = tuple(m for m in sorted(records) if m <= last)
    if series.start is not None:
        months = span(series.start, last) if series.start <= last else ()
    held = [(month, _own(series, month, edition.measured)) for month in months]
    kept = [(month, own) for month, own in held if own is not None or series.start is not None]
    return (
        tuple(month for month, _ in kept),
        tuple(own[0] if own else None for _, own in kept),
        tuple(own[1] for _, own in kept if own),
    )


def _own(series: Series, month: Period, measured: Measured) -> tuple[Counts, Counts] | None:
    """The month's own counts with doubt against the measure, and for it; none due is 0."""
    held = measured.records.get(month)
    one = held.own.get(series.measure.id) if held is not None else None
    if one is None:
        return None
    if one.reason is Reason.NOTHING_DUE:
        return (0,) * series.parts, (0,) * series.parts
    low, high = counts_of(one.low, series), counts_of(one.high, series)
    if one.reason is not None or low is None or high is None:
        return None
    return (high, low) if series.lower_is_better else (low, high)


def _run(months: tuple[Period, ...], covered: tuple[Period, ...]) -> tuple[int, int]:
    at = [i for i, month in enumerate(months) if month in covered]
    return (at[0], at[-1] + 1) if at else (0, 0)


def _figure(series: Series, verdict: Verdict) -> Counts | None:
    if verdict.reason is Reason.NOTHING_DUE:
        return (0,) * series.parts
    if verdict.numerator is None:
        return None
    return counts_of(Parts(verdict.numerator, verdict.denominator), series)


# ── What a state tells ───────────────────────────────────────────────────────


def _met(verdict: Verdict) -> bool | None:
    if verdict.status is Status.PASS:
        return True
    if verdict.status is Status.FAIL:
        return False
    if verdict.reason is Reason.PERIOD_OPEN and verdict.value is not None:
        return verdict.on_course is True  # "on course" unsaid is an answer too
    return verdict.on_course


def _told(series: Series, verdict: Verdict, run: tuple[int, int], *, met: bool) -> tuple[Bound | Link, ...]:
    """What it tells of the months in `run` that the target is met over them, or missed."""
    target = verdict.target or verdict.coming
    if target is None:
        return ()
    if series.parts == 1:
        goal = _goal(series.measure, verdict.baseline, target)
        return () if goal is None else (_count_told(goal * series.unit, target, run, met=met),)
    return (_share_told(target, run, met=met),)


def _share_told(target: TargetInForce, run: tuple[int, int], *, met: bool) -> Link:
    """The met times what is left of the target to 1, against the missed times the target."""
    of_met = target.value.denominator - target.value.numerator
    of_missed = target.value.numerator
    by = 0 if (target.op != Operator.MORE_THAN) == met else 1
    if (target.op != Operator.AT_MOST) == met:
        return Link(*run, MET, of_met, MISSED, of_missed, by)
    return Link(*run, MISSED, of_missed, MET, of_met, by)


def _count_told(goal: Fraction, target: TargetInForce, run: tuple[int, int], *, met: bool) -> Bound:
    if target.op == Operator.AT_MOST:
        last = math.floor(goal)
        return Bound(*run, 0, 0, last) if met else Bound(*run, 0, last + 1)
    least = math.ceil(goal) if target.op == Operator.AT_LEAST else math.floor(goal) + 1
    return Bound(*run, 0, least) if met else Bound(*run, 0, 0, least - 1)


def _goal(measure: Measure, baseline: Fraction | None, target: TargetInForce) -> Fraction | None:
    """The count at which the target stands."""
    if measure.kind is not Kind.CHANGE:
        return target.value
    if baseline is None:
        return None
    return baseline * (1 + target.value) if measure.change_as is Unit.PERCENT else baseline + target.value
