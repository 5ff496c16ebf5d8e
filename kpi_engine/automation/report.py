"""One month's report: the packs of the boards that hear of it, and the check that stands behind them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kpi_engine.check import judged_at
from kpi_engine.escalation.engine import deriving
from kpi_engine.escalation.escalate import escalate
from kpi_engine.packs import packs, period_of
from kpi_engine.reports.board.pack import PackFormat
from kpi_engine.reports.to_json import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from kpi_engine.check import Gathered
    from kpi_engine.escalation.outcome import Escalated
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.measurement import MonthRecords
    from kpi_engine.terms.period import Period

CHECK = "check.json"
"""The file of a report that holds the whole check."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What decides a report besides the returns, the rules and the history; run.json keeps it.

    `boards` are ids; `formats` empty: all that are installed. `revised` says why the report is made
    again, empty for the first. `head` is that of the audit log before it.
    """

    period: Period
    boards: tuple[str, ...]
    formats: tuple[PackFormat, ...]
    meetings: Mapping[str, date]
    allow_missing_commentary: bool
    revised: str
    head: str


@dataclass(frozen=True, slots=True)
class MonthReport:
    """The files by name; the boards whose pack waits, and why; the formats that could not be written."""

    files: Mapping[str, bytes]
    checked: Checked
    escalated: Escalated
    waiting: Mapping[str, tuple[Finding, ...]]
    missing: tuple[Finding, ...]


def month_report(
    gathered: Gathered,
    rulebook: RuleBook,
    asked: Asked,
    corrected: Sequence[Mapping[Period, MonthRecords]],
) -> MonthReport:
    """The report of `asked.period`, the latest month that `gathered` knows.

    A board that meets by quarter has a pack where the month ends its quarter. The same arguments give
    the same bytes. `corrected` are the months as earlier reports went out with them.
    """
    of = replace(gathered, run=replace(gathered.run, audit_head=asked.head))
    month = asked.period
    hearing = [
        board
        for name in asked.boards
        if period_of(board := rulebook.boards[name], month, yearly=False).last_month == month
    ]
    made = packs(
        of,
        rulebook,
        hearing,
        period=month,
        meetings=asked.meetings,
        allow_missing_commentary=asked.allow_missing_commentary,
        corrected=corrected,
        revised=asked.revised,
    )
    files, missing = made.files(asked.formats or list(PackFormat))
    checked = judged_at(of, rulebook, month)
    with deriving() as derive:
        escalated = escalate(rulebook, checked, derive=derive)
    if escalated is None:  # a period is judged, so there is one
        raise AssertionError(month)
    check = to_json(checked, rulebook, escalated=escalated).encode()
    return MonthReport({**files, CHECK: check}, checked, escalated, made.refused, missing)
