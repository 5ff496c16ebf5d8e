"""A check as annotations of a GitHub workflow."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from kpi_engine.reports.page import plain
from kpi_engine.reports.wording import counts_line, sentence
from kpi_engine.terms.finding import Severity
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import in_words
from kpi_engine.terms.verdict import MilestoneStatus, Status

if TYPE_CHECKING:
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.checked import Checked

_LEVELS = MappingProxyType({Severity.REFUSE: "error", Severity.DOUBT: "warning", Severity.FLAG: "notice"})


def to_github(checked: Checked, rulebook: RuleBook) -> str:
    """An error for each miss and each target that could not be assessed, and the findings, one a line.

    Nothing due is no error. The last line is a notice with the counts, so that
    a run which found nothing wrong says so.
    """
    lines = []
    for verdict in checked.verdicts:
        indicator = rulebook.indicators[verdict.indicator]
        unwell = verdict.status in {Status.FAIL, Status.NOT_ASSESSED}
        if unwell and verdict.reason is not Reason.NOTHING_DUE:
            lines.append(_annotation("error", indicator.short, sentence(verdict, indicator)))
    for milestone in checked.milestones:
        rule = rulebook.milestones[milestone.milestone]
        if milestone.status is MilestoneStatus.OVERDUE and milestone.due and rule.same_as is None:
            said = f"Milestone overdue: {rule.title} (due {in_words(milestone.due)})"
            lines.append(_annotation("warning", rule.id, said))
    for finding in checked.findings:
        quoted = finding.found is not None and finding.found not in finding.message
        said = f"“{finding.found}”: {finding.message}" if quoted else finding.message
        title = f"{finding.code} {finding.where}"
        level = _LEVELS[finding.severity]
        lines.append(_annotation(level, title, f"{said} {finding.fix}", finding.file))
    month = "Month not known" if checked.period is None else checked.period.label
    lines.append(_annotation("notice", f"kpi check, {month}", counts_line(checked.verdicts)))
    return "\n".join(lines) + "\n"


def _annotation(level: str, title: str, message: str, file: str = "") -> str:
    """One workflow command, escaped so that nothing in it ends the line or begins another command."""
    place = f"file={_property(file)}," if file else ""
    return f"::{level} {place}title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return plain(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
