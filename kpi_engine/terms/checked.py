"""What a check gives: verdicts, milestones, findings, and the run that made them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kpi_engine.terms.measured import NOTHING_MEASURED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.measured import Measured
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.returned import CommentaryRow, MilestoneRow
    from kpi_engine.terms.verdict import MilestoneVerdict, Verdict


@dataclass(frozen=True, slots=True)
class ReturnRead:
    """One workbook that a run read: its name, SHA-256 digest and month (None: none could be read).

    `replaced`: another return of the run corrects it, so nothing of it was used.
    """

    file: str
    digest: str
    period: Period | None
    refused: bool
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """What made a report: nothing here depends on the clock or the machine.

    `audit_head` is the head of the audit log before it; empty where no run keeps one.
    """

    engine_version: str
    rulebook_digest: str
    rules: str
    returns: tuple[ReturnRead, ...]
    audit_head: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """One check of one period, with the earlier periods behind it.

    `period` is None, and there are no verdicts, where no file says which month it is for.
    `verdicts` follow the rulebook's order. `series` holds the verdicts of every
    earlier month there was a return for, oldest first; the judged period is not in it.
    `measured` are the records behind all of them. `milestone_rows` and `commentary` are what
    each month's Milestones and Commentary sheets say, by id. `findings` are those of the returns of the
    judged period; `earlier_findings` the others.
    """

    authority: str
    made_up: bool
    period: Period | None
    verdicts: tuple[Verdict, ...]
    milestones: tuple[MilestoneVerdict, ...]
    findings: tuple[Finding, ...]
    earlier_findings: tuple[Finding, ...]
    series: Mapping[Period, tuple[Verdict, ...]]
    run: Run
    measured: Measured = NOTHING_MEASURED
    milestone_rows: Mapping[Period, Mapping[str, MilestoneRow]] = field(default_factory=dict)
    commentary: Mapping[Period, Mapping[str, CommentaryRow]] = field(default_factory=dict)
