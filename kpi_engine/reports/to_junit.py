"""A check as a JUnit report: one test case a measure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from kpi_engine.reports.page import plain
from kpi_engine.reports.wording import sentence
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.verdict import Status

if TYPE_CHECKING:
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.verdict import Verdict


def to_junit(checked: Checked, rulebook: RuleBook) -> str:
    """The judged period as XML: failure for a miss, error for what could not be assessed.

    What is not due, or had nothing due, is skipped. No times: the same input gives the same text.
    """
    period = "unknown" if checked.period is None else str(checked.period)
    outcomes = [_outcome(verdict) for verdict in checked.verdicts]
    totals = {
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count("failure")),
        "errors": str(outcomes.count("error")),
        "skipped": str(outcomes.count("skipped")),
    }
    root = ET.Element("testsuites", {"name": "kpi check", **totals})
    suite = ET.SubElement(root, "testsuite", {"name": f"kpi check {period}", **totals})
    for verdict, outcome in zip(checked.verdicts, outcomes, strict=True):
        indicator = rulebook.indicators[verdict.indicator]
        said = plain(sentence(verdict, indicator))
        case = ET.SubElement(suite, "testcase", {"classname": f"kpi.{period}", "name": indicator.id})
        if outcome:
            kind = {"type": verdict.reason.value if verdict.reason else verdict.status.value}
            ET.SubElement(case, outcome, {"message": said} | ({} if outcome == "skipped" else kind))
        ET.SubElement(case, "system-out").text = f"{plain(indicator.title)}: {said}"
    if checked.findings:
        told = (f"{f.code} {f.severity} {f.where}: {f.message} {f.fix}" for f in checked.findings)
        ET.SubElement(suite, "system-out").text = "\n".join(plain(line) for line in told)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _outcome(verdict: Verdict) -> str:
    """The element that says it; empty for a pass."""
    if verdict.status is Status.NOT_DUE or verdict.reason is Reason.NOTHING_DUE:
        return "skipped"
    return {Status.FAIL: "failure", Status.NOT_ASSESSED: "error"}.get(verdict.status, "")
