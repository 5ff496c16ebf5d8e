"""Many councils as one JSON object, `kpi-measure/1` (schema_kpi_measure_1.json says what each key means)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpi_engine.reports.records import (
    Json,
    amount,
    day,
    exception_record,
    finding_record,
    target_record,
    written,
)
from kpi_engine.reports.wording import unit_of

if TYPE_CHECKING:
    from kpi_engine.reports.councils_judged import Council, Councils
    from kpi_engine.rulebook.book import Indicator, RuleBook
    from kpi_engine.terms.verdict import Verdict

SCHEMA = "kpi-measure/1"


def councils_json(of: Councils, rulebook: RuleBook, *, engine: str) -> str:
    """One object, the councils in order of their codes; ended by a newline.

    Every amount is exact text in its unit: `85` (percent), or `100/3` where no decimal is exact.
    """
    return written(
        {
            "schema": SCHEMA,
            "period": None if of.period is None else str(of.period),
            "run": {
                "engine_version": of.engine_version,
                "rulebook_digest": of.rulebook_digest,
                "rules": of.rules,
                "sql": engine,
            },
            "councils": [_council(council, rulebook) for council in of.councils],
            "findings": [finding_record(found) for found in of.findings],
        }
    )


def _council(council: Council, rulebook: RuleBook) -> Json:
    checked, escalated = council.checked, council.escalated
    return {
        "code": council.code,
        "authority": checked.authority,
        "made_up": checked.made_up,
        "returns": [
            {"period": None if one.period is None else str(one.period), "refused": one.refused}
            for one in checked.run.returns
        ],
        "measures": [
            _measure(verdict, rulebook.indicators[verdict.indicator], council) for verdict in checked.verdicts
        ],
        "milestones": [
            {"id": one.milestone, "status": one.status.value, "due": day(one.due), "days": one.days}
            for one in checked.milestones
        ],
        "exceptions": [exception_record(one) for one in escalated.now.exceptions] if escalated else [],
        "gone": [exception_record(one) for one in escalated.gone] if escalated else [],
        "findings": [finding_record(found) for found in checked.findings],
        "earlier_findings": [finding_record(found) for found in checked.earlier_findings],
    }


def _measure(verdict: Verdict, indicator: Indicator, council: Council) -> Json:
    unit, measured = unit_of(indicator.measure), verdict.measured
    now = council.escalated.now if council.escalated else None
    state = now.states.get(indicator.id) if now else None
    trend = now.trends.get(indicator.id) if now else None
    chart = None if trend is None else trend.chart
    return {
        "id": indicator.id,
        "period": str(verdict.period),
        "window": {"first": str(verdict.window[0]), "last": str(verdict.window[1])},
        "status": verdict.status.value,
        "reason": None if verdict.reason is None else verdict.reason.value,
        "detail": verdict.detail,
        "validated": None if verdict.validated is None else verdict.validated.value,
        "numerator": amount(verdict.numerator),
        "denominator": amount(verdict.denominator),
        "value": amount(verdict.value, unit),
        "best": amount(verdict.best, unit),
        "unit": unit.value,
        "target": target_record(verdict.target, unit),
        "coming": target_record(verdict.coming, unit),
        "gap": amount(verdict.gap, unit),
        "on_course": verdict.on_course,
        "in_doubt": measured.in_doubt if measured else 0,
        "left_out": measured.left_out if measured else 0,
        "small": verdict.small,
        "source": measured.source.value if measured else None,
        "state": None if state is None else state.state.value,
        "variation": None if chart is None or chart.variation is None else chart.variation.value,
        "assurance": None if chart is None or chart.assurance is None else chart.assurance.value,
    }
