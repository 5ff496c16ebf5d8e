"""Changes against a baseline: which months are compared, and with what."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from kpi_engine.rulebook.book import Kind, Over, Unit
from kpi_engine.terms.period import YEAR, Period, span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.rulebook.book import Baseline, Indicator, Measure
    from kpi_engine.terms.measurement import Parts


def is_flow(measure: Measure) -> bool:
    """A change in what happened over months, not in what stands at month end."""
    return measure.kind is Kind.CHANGE and measure.over is Over.SUM


def months_compared(indicator: Indicator, period: Period, baseline: Baseline | None) -> tuple[Period, ...]:
    """The year to date before the due date; at and after it, as many months as the baseline has."""
    last = period.last_month
    due = min((t.by for t in indicator.targets if t.by is not None), default=None)
    if due is not None and period.end < due:
        return span(last.year.months[0], last)
    return span(last.plus(1 - (YEAR if baseline is None else _length(baseline))), last)


def baseline_for(baselines: Sequence[Baseline], measure: Measure, authority: str) -> Baseline | None:
    """The baseline that `measure` names, of this council and no other."""
    return next((b for b in baselines if b.id == measure.baseline and b.authority == authority), None)


def compared_with(measure: Measure, baseline: Baseline | None, months: Sequence[Period]) -> Fraction | None:
    """The baseline's figure for the same calendar months; None where unknown, or 0, which says no more."""
    if baseline is None:
        return None
    if not is_flow(measure) or len(months) == _length(baseline):
        total = baseline.total
        if total is None and baseline.months is not None:
            total = sum(baseline.months.values(), Fraction(0))
        return total or None
    figures = {month.first % YEAR: figure for month, figure in (baseline.months or {}).items()}
    if not all(month.first % YEAR in figures for month in months):
        return None
    return sum((figures[month.first % YEAR] for month in months), Fraction(0)) or None


def value_of(measure: Measure, parts: Parts | None, baseline: Fraction | None) -> Fraction | None:
    """The figure that the target is held against: a share, a count, or a change since the baseline."""
    if parts is None or measure.kind is not Kind.CHANGE:
        return None if parts is None else parts.value
    if baseline is None:
        return None
    now = parts.numerator
    return now / baseline - 1 if measure.change_as is Unit.PERCENT else now - baseline


def _length(baseline: Baseline) -> int:
    return baseline.last.last_month.first - baseline.first.first + 1
