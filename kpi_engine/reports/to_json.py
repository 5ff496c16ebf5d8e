"""A check as one JSON object, schema `kpi-check/1` (schema_kpi_check_1.json says what each key means)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kpi_engine.reports.figures import exact
from kpi_engine.reports.wording import is_signed, unit_of
from kpi_engine.rulebook.book import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from fractions import Fraction

    from kpi_engine.rulebook.book import Indicator, Measure, Reading, RuleBook
    from kpi_engine.terms.checked import Checked, Run
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.measurement import Measurement, Origin
    from kpi_engine.terms.verdict import MilestoneVerdict, TargetInForce, Verdict

SCHEMA = "kpi-check/1"
Json = dict[str, object]


def to_json(checked: Checked, rulebook: RuleBook, *, series: bool = False) -> str:
    """The judged period as one object, two blanks deep, ended by a newline.

    `series` adds the earlier months' measures by month, and their findings.
    Every amount is exact text in its unit: `85` (percent), or `100/3` where no decimal is exact.
    """
    whole: Json = {
        "schema": SCHEMA,
        "authority": checked.authority,
        "made_up": checked.made_up,
        "period": None if checked.period is None else str(checked.period),
        "run": _run(checked.run),
        "measures": _measures(checked.verdicts, rulebook),
        "milestones": [_milestone(verdict, rulebook) for verdict in checked.milestones],
        "findings": [_finding(finding) for finding in checked.findings],
    }
    if series:
        whole["series"] = {
            str(period): _measures(verdicts, rulebook) for period, verdicts in checked.series.items()
        }
        whole["earlier_findings"] = [_finding(finding) for finding in checked.earlier_findings]
    return written(whole)


def written(value: object) -> str:
    """JSON text in UTF-8's reach: a lone surrogate (of a file's name) becomes `?`."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return text.encode("utf-8", "replace").decode("utf-8") + "\n"


def readings_record(readings: Sequence[Reading]) -> list[Json]:
    """What was decided where the source is silent."""
    return [
        {"text": r.text, "status": r.status, "by": r.by, "on": _day(r.on), "in_use": r.in_use}
        for r in readings
    ]


def _run(run: Run) -> Json:
    return {
        "engine_version": run.engine_version,
        "rulebook_digest": run.rulebook_digest,
        "rules": run.rules,
        "returns": [
            {
                "file": read.file,
                "digest": read.digest,
                "period": None if read.period is None else str(read.period),
                "refused": read.refused,
                "replaced": read.replaced,
            }
            for read in run.returns
        ],
    }


def _measures(verdicts: Sequence[Verdict], rulebook: RuleBook) -> list[Json]:
    return [_measure(verdict, rulebook.indicators[verdict.indicator]) for verdict in verdicts]


def _measure(verdict: Verdict, indicator: Indicator) -> Json:
    unit = unit_of(indicator.measure)
    measured = verdict.measured
    return {
        "id": indicator.id,
        "title": indicator.title,
        "short": indicator.short,
        "actions": list(indicator.actions),
        "lead": indicator.lead,
        "headline": indicator.headline,
        "period": str(verdict.period),
        "window": {"first": str(verdict.window[0]), "last": str(verdict.window[1])},
        "numerator": _amount(verdict.numerator),
        "denominator": _amount(verdict.denominator),
        "value": _amount(verdict.value, unit),
        "unit": unit.value,
        "target": _target(verdict.target, unit),
        "coming": _target(verdict.coming, unit),
        "status": verdict.status.value,
        "reason": verdict.reason.value if verdict.reason else None,
        "detail": verdict.detail,
        "validated": verdict.validated.value if verdict.validated else None,
        "on_course": verdict.on_course,
        "gap": _amount(verdict.gap, unit),
        "needed": verdict.needed,
        "days_left": verdict.days_left,
        "baseline": _amount(verdict.baseline),
        "in_doubt": measured.in_doubt if measured else 0,
        "left_out": measured.left_out if measured else 0,
        "small": verdict.small,
        "best": _amount(verdict.best, unit),
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
        "evidence": [_origin(origin) for origin in measured.origins] if measured else [],
    }


def _beside(measured: Measurement, measure: Measure) -> Json:
    unit = Unit.NUMBER if is_signed(measure) else unit_of(measure)
    low, high = measured.low, measured.high
    return {
        "id": measure.id,
        "title": measure.title,
        "numerator": _amount(low.numerator) if low else None,
        "denominator": _amount(low.denominator) if low else None,
        "value": _amount(low.value, unit) if low else None,
        "greatest": _amount(high.value, unit) if high else None,
        "unit": unit.value,
        "reason": measured.reason.value if measured.reason else None,
        "detail": measured.detail,
        "in_doubt": measured.in_doubt,
        "left_out": measured.left_out,
        "evidence": [_origin(origin) for origin in measured.origins],
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
        "due": _day(verdict.due),
        "done_on": _day(verdict.done_on),
        "expected_on": _day(verdict.expected_on),
        "days": verdict.days,
        "cell": verdict.cell,
    }


def _finding(finding: Finding) -> Json:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "file": finding.file,
        "sheet": finding.sheet,
        "cell": finding.cell,
        "found": finding.found,
        "message": finding.message,
        "fix": finding.fix,
    }


def _target(target: TargetInForce | None, unit: Unit) -> Json | None:
    if target is None:
        return None
    return {"op": str(target.op), "value": exact(target.value, unit), "by": _day(target.by)}


def _origin(origin: Origin) -> Json:
    return {"period": str(origin.period), "file": origin.file, "sheet": origin.sheet}


def _amount(value: Fraction | None, unit: Unit = Unit.NUMBER) -> str | None:
    return None if value is None else exact(value, unit)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
