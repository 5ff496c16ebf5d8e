"""Trends: each measure month by month, charted with the target in force and the rebases that were decided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kpi_engine.measures.windows import over_months
from kpi_engine.rulebook.book import Better, Kind, Operator, Unit, Window
from kpi_engine.terms.codes import finding
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import Period, in_words, span
from kpi_engine.variation import (
    Assurance,
    AssuranceIcon,
    Direction,
    SpecialCause,
    chart,
    revised,
    small_numbers,
)
from kpi_engine.verdicts.change import baseline_for, compared_with, is_flow
from kpi_engine.verdicts.targets import in_force, step_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import date
    from fractions import Fraction

    from kpi_engine.rulebook.book import Indicator, Measure, Rebase, RuleBook
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.measured import Measured
    from kpi_engine.terms.measurement import Measurement, Parts
    from kpi_engine.variation import Chart, Revised
    from kpi_engine.verdicts.targets import Step

_SHARES = frozenset({Kind.PROPORTION, Kind.SUMS})
_COUNTS = frozenset({Kind.COUNT, Kind.OCCURRENCE})
_LISTED = 6


@dataclass(frozen=True, slots=True)
class Month:
    """One month's own figure, every row in doubt counted against it; `value` None: none, and `reason` why.

    `target` is the one in force at the month's end, in the unit of the series. A share is a fraction of 1.
    """

    period: Period
    value: Fraction | None
    parts: Parts | None
    reason: Reason | None
    in_doubt: int
    target: Fraction | None


@dataclass(frozen=True, slots=True)
class Trend:
    """One measure's months, from the first with a figure, and what their chart says.

    `measure` is an indicator's id, or that of a figure beside it: `beside` says which. `chart` is None where
    `faults` says why. `op` is how a figure meets the target drawn; where none is in force at the latest
    month, `no_target` is one sentence that says why. `rolling`: the target judges more months than one.
    """

    measure: str
    indicator: str
    title: str
    short: str
    beside: bool
    unit: Unit
    rolling: bool
    months: tuple[Month, ...]
    chart: Chart | None
    op: Operator | None
    no_target: str
    rebases: tuple[Rebase, ...]
    warnings: tuple[Finding, ...]
    faults: tuple[Finding, ...]

    @property
    def denominators(self) -> tuple[int, ...]:
        """What the months' shares are out of, rounded down; none of counts."""
        return tuple(_wholes(self.months))


def trends(
    rulebook: RuleBook,
    measured: Measured,
    period: Period,
    *,
    only: Collection[str] | None = None,
    beside: bool = False,
) -> tuple[Trend, ...]:
    """One trend an indicator up to the last month of `period`, in the rulebook's order.

    `only` names the indicators wanted, or figures beside them. `beside` adds the figures beside each.
    Charts are of the profile `board`, one figure a month: a rolling figure would chart each event 12 times.
    """
    return tuple(
        _trend(rulebook, indicator, measure, measured, period)
        for indicator in rulebook.indicators.values()
        for measure in (indicator.measure, *indicator.beside)
        if _wanted(indicator, measure, only, beside=beside)
    )


def revisions(trend: Trend) -> tuple[Revised, ...]:
    """The months whose flag is another now than when each was the latest: later months move the limits.

    Each month is charted again without the months after it, and without the rebases not yet decided then.
    """
    if trend.chart is None:
        return ()
    points = [(month.period.end, month.value) for month in trend.months]
    reported: dict[date, SpecialCause | None] = {}
    for n, (day, _) in enumerate(points, start=1):
        known = _starts(r for r in trend.rebases if r.on <= day)
        then = chart(points[:n], better=trend.chart.better, rebase=[start for start in known if start <= day])
        reported[day] = then.points[-1].special_cause
    changed = revised(reported, trend.chart)
    return tuple(r for r in changed if not (r.reported is None and r.now is SpecialCause.COMMON_CAUSE))


def _wanted(indicator: Indicator, measure: Measure, only: Collection[str] | None, *, beside: bool) -> bool:
    if only is not None and measure.id in only:
        return True
    return (only is None or indicator.id in only) and (beside or measure is indicator.measure)


def _trend(
    rulebook: RuleBook, indicator: Indicator, measure: Measure, measured: Measured, period: Period
) -> Trend:
    side = measure is not indicator.measure
    aims = _Aims(rulebook, indicator, measured.authority, side=side)
    months = tuple(_months(measure, measured, period, aims))
    decided = [r for r in rulebook.rebases if r.measure == measure.id and r.authority == measured.authority]
    faults = tuple(_outside(decided, months, measured, f"{rulebook.folder}/rebases.yaml"))
    rebases = tuple(r for r in decided if months and r.first <= months[-1].period)
    latest = aims.at(_own(measure, measured, period.last_month))
    drawn = None if faults else _chart(measure, months, aims, rebases, latest)
    return Trend(
        measure=measure.id,
        indicator=indicator.id,
        title=measure.title if side else indicator.title,
        short=measure.title if side else indicator.short,
        beside=side,
        unit=Unit.NUMBER if measure.kind is Kind.CHANGE else measure.unit,
        rolling=not side and (measure.window is not Window.MONTH or is_flow(measure)),
        months=months,
        chart=drawn,
        op=latest.op if latest is not None else None,
        no_target="" if latest is not None else aims.why_none(period.last_month),
        rebases=rebases,
        warnings=() if drawn is None else tuple(_warnings(drawn, months)),
        faults=faults,
    )


# ── The months ───────────────────────────────────────────────────────────────


def _own(measure: Measure, measured: Measured, month: Period) -> Measurement:
    """The month's own figure, or why there is none."""
    held = measured.records.get(month)
    if held is not None and measure.id in held.own:
        return held.own[measure.id]
    return over_months(measure, month, (month,), measured)


def _months(measure: Measure, measured: Measured, period: Period, aims: _Aims) -> Iterator[Month]:
    """Every month from the first with a figure; months without a return among them."""
    begun = False
    first = min(measured.records, default=period.last_month)
    for month in span(first, period):
        record = _own(measure, measured, month)
        parts = record.high if aims.lower_is_better else record.low
        value = None if parts is None else parts.value
        begun = begun or value is not None
        if begun:
            step = aims.at(record)
            yield Month(
                period=month,
                value=value,
                parts=parts,
                # 0 of 0 one way only: rows in doubt decide whether there was anything to count.
                reason=record.reason or (Reason.ROWS_IN_DOUBT if value is None else None),
                in_doubt=record.in_doubt,
                target=None if step is None else step.value,
            )


@dataclass(frozen=True, slots=True)
class _Aims:
    """Which target a single month's figure is held against, if any."""

    rulebook: RuleBook
    indicator: Indicator
    authority: str
    side: bool

    @property
    def lower_is_better(self) -> bool:
        """Of the indicator; nothing says it of a figure beside one."""
        return not self.side and self.indicator.better is Better.LOWER

    @property
    def better(self) -> Direction:
        """The way that the figure should go."""
        if self.side:
            return Direction.NEUTRAL
        return Direction.DECREASE if self.lower_is_better else Direction.INCREASE

    def at(self, record: Measurement) -> Step | None:
        """The step in force at the end of the record's month, in the unit of the series."""
        if self._never():
            return None
        target, _ = in_force(self.indicator, record.period, self.rulebook.plan.start)
        step = step_of(target, record)
        if step is None or self.indicator.measure.kind is not Kind.CHANGE:
            return step
        base = self._baseline()
        if base is None:
            return None
        as_share = self.indicator.measure.change_as is Unit.PERCENT
        return replace(step, value=base * (1 + step.value) if as_share else base + step.value)

    def why_none(self, month: Period) -> str:
        """Why no target is in force at the end of `month`: one sentence; empty for a figure beside."""
        never = self._never()
        if never is not None:
            return never
        if self.indicator.measure.kind is Kind.CHANGE and self._baseline() is None:
            return "The figure to compare with is not known, so no target can be drawn."
        target, coming = in_force(self.indicator, month, self.rulebook.plan.start)
        if target is not None:
            return "No target is stated for the latest month."
        if coming is None:
            return "The target has ended."
        return f"The target is not in force before {in_words(coming.by or self.rulebook.plan.start)}."

    def _never(self) -> str | None:
        """Why no month has a target of its own; None where one may."""
        measure = self.indicator.measure
        if self.side:
            return ""
        if not self.indicator.targets:
            return "No target is set."
        if is_flow(measure):
            return "The target is for a change over many months; one month has none of its own."
        if measure.kind in _COUNTS and measure.window is not Window.MONTH:
            window = "quarter" if measure.window is Window.QUARTER else "year"
            return f"The target is for a whole {window}; one month has none of its own."
        return None

    def _baseline(self) -> Fraction | None:
        measure = self.indicator.measure
        return compared_with(measure, baseline_for(self.rulebook.baselines, measure, self.authority), ())


# ── The chart ────────────────────────────────────────────────────────────────


def _starts(rebases: Iterator[Rebase] | Sequence[Rebase]) -> list[date]:
    """The dates of the points that begin a group: the last days of their months."""
    return [rebase.first.end for rebase in rebases]


def _outside(
    decided: Sequence[Rebase], months: Sequence[Month], measured: Measured, file: str
) -> Iterator[Finding]:
    """A fault for each rebase that no month there is data of can carry; one after the period is in wait."""
    if not months:
        return
    begin, end = months[0].period, max((*measured.records, months[-1].period))
    for rebase in decided:
        if not begin <= rebase.first <= end:
            yield finding("V119", file=file, measure=rebase.measure, first=rebase.first, begin=begin, end=end)


def _chart(
    measure: Measure,
    months: Sequence[Month],
    aims: _Aims,
    rebases: Sequence[Rebase],
    latest: Step | None,
) -> Chart:
    drawn = chart(
        [(month.period.end, month.value) for month in months],
        better=aims.better,
        target=[(month.period.end, month.target) for month in months],
        rebase=_starts(rebases),
        possible=_possible(measure),
    )
    return _more_than(drawn) if latest is not None and latest.op is Operator.MORE_THAN else drawn


def _possible(measure: Measure) -> tuple[int | None, int | None]:
    """The least and greatest figure there can be; of a stated one nothing is known."""
    if measure.kind in _SHARES:
        return 0, 1
    return (None, None) if measure.kind is Kind.STATED else (0, None)


def _more_than(drawn: Chart) -> Chart:
    """The chart of a target that its own figure does not meet: the method counts the very edge as met."""
    if drawn.assurance is None or not drawn.points:
        return drawn
    latest = drawn.points[-1]
    edge = latest.mean if drawn.still else latest.upper
    if edge != drawn.target:
        return drawn
    icon = AssuranceIcon.FAIL if drawn.assurance_icon is not None else None
    return replace(drawn, assurance=Assurance.CONSISTENT_FAIL, assurance_icon=icon)


# ── What must be told ────────────────────────────────────────────────────────


def _warnings(drawn: Chart, months: Sequence[Month]) -> Iterator[Finding]:
    """The chart's warnings; a month in which nothing was due is no missing figure. Then small numbers."""
    gaps = [month for month in months if month.value is None]
    idle = [month.period for month in gaps if month.reason is Reason.NOTHING_DUE]
    absent = [month.period for month in gaps if month.reason is not Reason.NOTHING_DUE]
    for warning in drawn.warnings:
        if warning.code == "V115":
            if absent:
                yield finding("V115", count=len(absent), dates=_listed(absent))
        elif warning.code != "V116" or months[-1].period not in idle:
            yield warning
    if idle:
        yield finding("V130", dates=_listed(idle))
    small = small_numbers(_wholes(months))
    if small is not None:
        yield small


def _wholes(months: Sequence[Month]) -> Iterator[int]:
    for month in months:
        if month.value is not None and month.parts is not None and month.parts.denominator is not None:
            yield int(month.parts.denominator)


def _listed(periods: Sequence[Period]) -> str:
    more = f" and {len(periods) - _LISTED} more" if len(periods) > _LISTED else ""
    return ", ".join(map(str, periods[:_LISTED])) + more
