"""The parts that JSON outputs share: amounts, targets, places, findings, the run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kpi_engine.reports.figures import exact
from kpi_engine.rulebook.book import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from fractions import Fraction

    from kpi_engine.escalation.outcome import BoardException
    from kpi_engine.rulebook.book import Reading
    from kpi_engine.terms.checked import Run
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.measurement import Origin
    from kpi_engine.terms.verdict import TargetInForce

Json = dict[str, object]


def written(value: object) -> str:
    """JSON text in UTF-8's reach: a lone surrogate (of a file's name) becomes `?`."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return text.encode("utf-8", "replace").decode("utf-8") + "\n"


def readings_record(readings: Sequence[Reading]) -> list[Json]:
    """What was decided where the source is silent."""
    return [
        {"text": r.text, "status": r.status, "by": r.by, "on": day(r.on), "in_use": r.in_use}
        for r in readings
    ]


def run_record(run: Run) -> Json:
    """What made a report."""
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


def exception_record(one: BoardException) -> Json:
    """An exception without its proof."""
    return {
        "kind": one.kind,
        "title": one.title,
        "severity": one.severity,
        "indicator": one.indicator,
        "milestone": one.milestone,
        "period": str(one.period),
        "because": one.because,
        "tell": list(one.tell),
        "change": one.change.value,
    }


def finding_record(finding: Finding) -> Json:
    """A fault of a return or of a rule file."""
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


def target_record(target: TargetInForce | None, unit: Unit) -> Json | None:
    """A step of a target, exact, in `unit`."""
    if target is None:
        return None
    return {"op": str(target.op), "value": exact(target.value, unit), "by": day(target.by)}


def origin_record(origin: Origin) -> Json:
    """A sheet that a figure was read from."""
    return {"period": str(origin.period), "file": origin.file, "sheet": origin.sheet}


def amount(value: Fraction | None, unit: Unit = Unit.NUMBER) -> str | None:
    """`value` as exact text in its unit; None stays None."""
    return None if value is None else exact(value, unit)


def day(given: date | None) -> str | None:
    """A day as 2024-03-31."""
    return None if given is None else given.isoformat()
