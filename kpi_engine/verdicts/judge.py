"""Verdicts: measurements held against the target in force. Exact, and never better than the rows allow.

The order of answers: not in force or not yet due; then whether it can be
assessed; then pass or fail.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kpi_engine.measures.windows import measurements, over_months
from kpi_engine.rulebook.book import Better, Kind, Operator, Unit, Window
from kpi_engine.terms.measurement import Measurement, Parts, Reason
from kpi_engine.terms.period import Period, in_words
from kpi_engine.terms.returned import Validated
from kpi_engine.terms.verdict import Status, TargetInForce, Verdict
from kpi_engine.verdicts.change import baseline_for, compared_with, is_flow, months_compared, value_of
from kpi_engine.verdicts.targets import Step, in_force, needed, step_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from fractions import Fraction

    from kpi_engine.rulebook.book import Baseline, Indicator, RuleBook
    from kpi_engine.terms.measured import Measured

SMALL = 20
"""A share of fewer than this many is judged, and marked small."""
_WORST_FIRST = (Status.FAIL, Status.NOT_ASSESSED, Status.NOT_DUE, Status.PASS)
_COUNTS = frozenset({Kind.COUNT, Kind.OCCURRENCE, Kind.CHANGE})


def judge(rulebook: RuleBook, period: Period, measured: Measured) -> tuple[Verdict, ...]:
    """One verdict an indicator, in the rulebook's order."""
    start, baselines = rulebook.plan.start, rulebook.baselines
    return tuple(
        judge_one(i, period, measured, plan_start=start, baselines=baselines)
        for i in rulebook.indicators.values()
    )


def judge_one(
    indicator: Indicator,
    period: Period,
    measured: Measured,
    *,
    plan_start: date,
    baselines: Sequence[Baseline] = (),
) -> Verdict:
    """The verdict on one indicator; where months are judged apart, the worst of them."""
    baseline = baseline_for(baselines, indicator.measure, measured.authority)
    parts = [
        verdict_on(indicator, figure, plan_start=plan_start, baseline=baseline)
        for figure in _figures(indicator, period, measured, baseline)
    ]
    worst = min(parts, key=lambda v: (_WORST_FIRST.index(v.status), v.gap if v.gap is not None else 0))
    if len(parts) > 1:
        worst = _said_of_each(worst, parts, period)
    beside = tuple(measurements(side, period, measured)[-1] for side in indicator.beside)
    return replace(worst, beside=beside, validated=_validated(worst, measured))


def _figures(
    indicator: Indicator, period: Period, measured: Measured, baseline: Baseline | None
) -> tuple[Measurement, ...]:
    if is_flow(indicator.measure):
        months = months_compared(indicator, period, baseline)
        return (over_months(indicator.measure, period, months, measured),)
    return measurements(indicator.measure, period, measured)


def verdict_on(
    indicator: Indicator, measured: Measurement, *, plan_start: date, baseline: Baseline | None = None
) -> Verdict:
    """The verdict on one figure of one period."""
    judging, coming = in_force(indicator, measured.period, plan_start)
    case = _Case(
        indicator=indicator,
        measured=measured,
        step=step_of(judging, measured),
        coming=step_of(coming, measured),
        baseline=_compared(indicator, measured, baseline),
    )
    if judging is None and indicator.targets:
        return _not_due(case, plan_start)
    if judging is not None and _quarter_open(case):
        return _quarter_not_over(case)
    return _assessed(case)


def _compared(indicator: Indicator, measured: Measurement, baseline: Baseline | None) -> Fraction | None:
    if indicator.measure.kind is not Kind.CHANGE:
        return None
    return compared_with(indicator.measure, baseline, (*measured.months, *measured.missing))


@dataclass(frozen=True, slots=True)
class _Case:
    """One figure before the judge: what was promised, what was measured, what it is compared with."""

    indicator: Indicator
    measured: Measurement
    step: Step | None
    coming: Step | None
    baseline: Fraction | None

    @property
    def _lower_is_better(self) -> bool:
        step = self.step or self.coming
        if step is not None:
            return step.op is Operator.AT_MOST
        return self.indicator.better is Better.LOWER

    @property
    def against(self) -> Parts | None:
        """The parts with every doubtful row counted against the measure."""
        return self.measured.high if self._lower_is_better else self.measured.low

    @property
    def best(self) -> Parts | None:
        """The parts with every doubtful row counted for the measure."""
        return self.measured.low if self._lower_is_better else self.measured.high

    @property
    def value(self) -> Fraction | None:
        """The figure shown: doubt counts against it."""
        return value_of(self.indicator.measure, self.against, self.baseline)

    @property
    def best_value(self) -> Fraction | None:
        """The figure if doubt counted for it."""
        return value_of(self.indicator.measure, self.best, self.baseline)

    def met(self, step: Step | None) -> bool | None:
        """Whether `step` is met however the doubt falls; None where that cannot be said."""
        if step is None or self.value is None or self.best_value is None:
            return None
        at_worst, at_best = step.met(self.value), step.met(self.best_value)
        return at_worst if at_worst == at_best else None

    def verdict(
        self,
        status: Status,
        reason: Reason | None = None,
        detail: str = "",
        *,
        days_left: int | None = None,
        on_course: bool | None = None,
    ) -> Verdict:
        """The verdict with every figure filled in."""
        measured, against, value = self.measured, self.against, self.value
        months = (*measured.months, *measured.missing) or (measured.period.last_month,)
        step = self.step or self.coming
        short = status is not Status.PASS and reason in (None, Reason.ROWS_IN_DOUBT, Reason.NOT_IN_FORCE)
        whole = against.denominator if against is not None else None
        return Verdict(
            indicator=self.indicator.id,
            period=measured.period,
            window=(min(months), max(months)),
            status=status,
            reason=reason,
            detail=detail,
            target=_target(self.step),
            coming=_target(self.coming),
            measured=measured,
            value=value,
            best=self.best_value,
            numerator=against.numerator if against is not None else None,
            denominator=whole,
            baseline=self.baseline,
            gap=value - step.value if value is not None and step is not None else None,
            needed=needed(self.indicator.measure, against, step, self.baseline) if short else None,
            days_left=days_left,
            on_course=on_course,
            small=whole is not None and 0 < whole < SMALL,
        )


def _target(step: Step | None) -> TargetInForce | None:
    return None if step is None else TargetInForce(step.op.value, step.value, step.by)


# ── Not due ──────────────────────────────────────────────────────────────────


def _not_due(case: _Case, plan_start: date) -> Verdict:
    if case.coming is None:
        return case.verdict(Status.NOT_DUE, Reason.NOT_IN_FORCE, "The target has ended, or is still to come.")
    starts = case.coming.by or plan_start
    detail = f"Due by {in_words(starts)}." if case.coming.by else f"Judged from {in_words(starts)}."
    comparable = is_flow(case.indicator.measure) and not case.measured.missing
    return case.verdict(
        Status.NOT_DUE,
        Reason.NOT_IN_FORCE,
        detail,
        days_left=(starts - case.measured.period.end).days,
        on_course=case.met(case.coming) if comparable else None,
    )


def _quarter_open(case: _Case) -> bool:
    period = case.measured.period
    return case.indicator.measure.window is Window.QUARTER and period.end < period.quarter.end


def _quarter_not_over(case: _Case) -> Verdict:
    period = case.measured.period
    return case.verdict(
        Status.NOT_DUE,
        Reason.PERIOD_OPEN,
        f"Judged when the quarter ends, on {in_words(period.quarter.end)}.",
        days_left=(period.quarter.end - period.end).days,
        on_course=case.met(case.step) or None,
    )


# ── Assessed, or why not ─────────────────────────────────────────────────────


def _assessed(case: _Case) -> Verdict:
    why_not = _why_not(case)
    if why_not is not None:
        return case.verdict(Status.NOT_ASSESSED, why_not, case.measured.detail or WHY[why_not])
    if case.measured.missing:
        return _with_months_missing(case)
    met = case.met(case.step)
    if met is None:
        return case.verdict(Status.NOT_ASSESSED, Reason.ROWS_IN_DOUBT, _doubt(case.measured))
    return case.verdict(Status.PASS if met else Status.FAIL, detail=_settled(case.measured))


def _why_not(case: _Case) -> Reason | None:
    if case.measured.reason is not None:
        return case.measured.reason
    if case.step is None:
        return Reason.NO_TARGET
    if case.indicator.measure.kind is Kind.CHANGE and case.baseline is None:
        return Reason.BASELINE_UNKNOWN
    return None


def _with_months_missing(case: _Case) -> Verdict:
    """Without those months a count may already suffice, and an "all" target may already be missed."""
    names = ", ".join(month.label for month in case.measured.missing)
    measure, step, value, best = case.indicator.measure, case.step, case.value, case.best
    at_least = step is not None and step.op is not Operator.AT_MOST
    if step is not None and measure.kind in _COUNTS and at_least and value is not None and step.met(value):
        return case.verdict(Status.PASS, detail=f"The target is reached even without {names}.")
    all_promised = at_least and step is not None and step.value == 1 and measure.unit is Unit.PERCENT
    some_missed = best is not None and best.denominator is not None and best.numerator < best.denominator
    if all_promised and some_missed and measure.kind is not Kind.CHANGE:
        detail = f"All were promised and at least one was missed, whatever {names} would show."
        return case.verdict(Status.FAIL, detail=detail)
    return case.verdict(Status.NOT_ASSESSED, Reason.MONTHS_MISSING, f"No usable figure for {names}.")


# ── Several months or quarters, judged apart ─────────────────────────────────


def _said_of_each(worst: Verdict, parts: Sequence[Verdict], period: Period) -> Verdict:
    met = sum(v.status is Status.PASS for v in parts)
    detail = f"{met} of {len(parts)} met the target; shown: {worst.period.label}. {worst.detail}".strip()
    return replace(worst, period=period, window=(parts[0].window[0], parts[-1].window[1]), detail=detail)


def _validated(verdict: Verdict, measured: Measured) -> Validated | None:
    """Validated only if every month that the figure was read from is."""
    origins = verdict.measured.origins if verdict.measured is not None else ()
    months = {origin.period for origin in origins} or {verdict.period.last_month}
    said = {measured.validated[m] for m in months if m in measured.validated}
    return next((v for v in (Validated.NO, Validated.NOT_STATED, Validated.YES) if v in said), None)


def _rows(measured: Measurement) -> str:
    return "1 row in doubt" if measured.in_doubt == 1 else f"{measured.in_doubt} rows in doubt"


def _doubt(measured: Measurement) -> str:
    return f"{_rows(measured)}: met if counted for the measure, missed if counted against it."


def _settled(measured: Measurement) -> str:
    return f"{_rows(measured)}; the verdict is the same either way." if measured.in_doubt else ""


WHY = {
    Reason.NO_RETURN: "No return for this month.",
    Reason.RETURN_REFUSED: "The return could not be used.",
    Reason.SHEET_MISSING: "The sheet is missing.",
    Reason.COLUMN_MISSING: "A column that the measure needs is missing.",
    Reason.NO_DENOMINATOR: "There is nothing to measure, and the sheet does not say that there was none.",
    Reason.NOTHING_DUE: "Nothing fell due.",
    Reason.MONTHS_MISSING: "Months are missing.",
    Reason.ROWS_IN_DOUBT: "Rows are in doubt.",
    Reason.SOURCES_DISAGREE: "The sources disagree.",
    Reason.BASELINE_UNKNOWN: "The figure to compare with is not known.",
    Reason.NO_TARGET: "No target is stated.",
    Reason.NO_VALUE: "No figure was given.",
    Reason.NOT_IN_FORCE: "The target is not in force yet.",
    Reason.PERIOD_OPEN: "The quarter has not ended.",
    Reason.RULE_ERROR: "The rule failed to run: a fault of the program, not of the return.",
}
"""What each reason says, in a sentence."""
