"""A check as one JSON object, schema `kpi-check/1` (schema_kpi_check_1.json says what each key means)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpi_engine.reports.exceptions_json import exception_records, state_record
from kpi_engine.reports.records import (
    Json,
    amount,
    day,
    finding_record,
    origin_record,
    readings_record,
    run_record,
    target_record,
    written,
)
from kpi_engine.reports.trend_json import assurance_record, variation_record
from kpi_engine.reports.wording import is_signed, unit_of
from kpi_engine.rulebook.book import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.escalation.outcome import Escalated, Standing
    from kpi_engine.rulebook.book import Indicator, Measure, RuleBook
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.measurement import Measurement
    from kpi_engine.terms.verdict import MilestoneVerdict, Verdict

SCHEMA = "kpi-check/1"


def to_json(
    checked: Checked, rulebook: RuleBook, *, series: bool = False, escalated: Escalated | None = None
) -> str:
    """The judged period as one object, two blanks deep, ended by a newline.

    `series` adds the earlier months' measures by month, and their findings. `escalated` gives the judged
    period its states, trends and exceptions; without it their keys are null.
    Every amount is exact text in its unit: `85` (percent), or `100/3` where no decimal is exact.
    """
    whole: Json = {
        "schema": SCHEMA,
        "authority": checked.authority,
        "made_up": checked.made_up,
        "period": None if checked.period is None else str(checked.period),
        "run": run_record(checked.run),
        "measures": _measures(checked.verdicts, rulebook, escalated.now if escalated else None),
        "milestones": [_milestone(verdict, rulebook) for verdict in checked.milestones],
        "exceptions": None if escalated is None else exception_records(escalated, checked, rulebook),
        "findings": [finding_record(finding) for finding in checked.findings],
    }
    if series:
        whole["series"] = {
            str(period): _measures(verdicts, rulebook) for period, verdicts in checked.series.items()
        }
        whole["earlier_findings"] = [finding_record(finding) for finding in checked.earlier_findings]
    return written(whole)


def _measures(
    verdicts: Sequence[Verdict], rulebook: RuleBook, standing: Standing | None = None
) -> list[Json]:
    return [_measure(verdict, rulebook.indicators[verdict.indicator], standing) for verdict in verdicts]


def _measure(verdict: Verdict, indicator: Indicator, standing: Standing | None) -> Json:
    unit = unit_of(indicator.measure)
    measured = verdict.measured
    state = standing.states.get(indicator.id) if standing else None
    trend = standing.trends.get(indicator.id) if standing else None
    return {
        "id": indicator.id,
        "title": indicator.title,
        "short": indicator.short,
        "actions": list(indicator.actions),
        "lead": indicator.lead,
        "headline": indicator.headline,
        "period": str(verdict.period),
        "window": {"first": str(verdict.window[0]), "last": str(verdict.window[1])},
        "numerator": amount(verdict.numerator),
        "denominator": amount(verdict.denominator),
        "value": amount(verdict.value, unit),
        "unit": unit.value,
        "target": target_record(verdict.target, unit),
        "coming": target_record(verdict.coming, unit),
        "status": verdict.status.value,
        "reason": verdict.reason.value if verdict.reason else None,
        "detail": verdict.detail,
        "validated": verdict.validated.value if verdict.validated else None,
        "on_course": verdict.on_course,
        "gap": amount(verdict.gap, unit),
        "needed": verdict.needed,
        "days_left": verdict.days_left,
        "baseline": amount(verdict.baseline),
        "in_doubt": measured.in_doubt if measured else 0,
        "left_out": measured.left_out if measured else 0,
        "small": verdict.small,
        "best": amount(verdict.best, unit),
        "source": measured.source.value if measured else None,
        "months_held": [str(month) for month in measured.months] if measured else [],
        "months_missing": [str(month) for month in measured.missing] if measured else [],
        "beside": [
            _beside(figure, measure)
            for measure in indicator.beside
            for figure in verdict.beside
            if figure.measure == measure.id
        ],
        "readings": readings_record(indicator.readings),
        "evidence": [origin_record(origin) for origin in measured.origins] if measured else [],
        "state": None if state is None else state_record(state),
        "variation": None if trend is None else variation_record(trend),
        "assurance": None if trend is None else assurance_record(trend),
    }


def _beside(measured: Measurement, measure: Measure) -> Json:
    unit = Unit.NUMBER if is_signed(measure) else unit_of(measure)
    low, high = measured.low, measured.high
    return {
        "id": measure.id,
        "title": measure.title,
        "numerator": amount(low.numerator) if low else None,
        "denominator": amount(low.denominator) if low else None,
        "value": amount(low.value, unit) if low else None,
        "greatest": amount(high.value, unit) if high else None,
        "unit": unit.value,
        "reason": measured.reason.value if measured.reason else None,
        "detail": measured.detail,
        "in_doubt": measured.in_doubt,
        "left_out": measured.left_out,
        "evidence": [origin_record(origin) for origin in measured.origins],
    }


def _milestone(verdict: MilestoneVerdict, rulebook: RuleBook) -> Json:
    rule = rulebook.milestones[verdict.milestone]
    return {
        "id": rule.id,
        "title": rule.title,
        "actions": list(rule.actions),
        "lead": rule.lead,
        "same_as": rule.same_as,
        "status": verdict.status.value,
        "due": day(verdict.due),
        "done_on": day(verdict.done_on),
        "expected_on": day(verdict.expected_on),
        "days": verdict.days,
        "cell": verdict.cell,
    }
