"""Many councils judged: what the reports of `kpi measure` are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kpi_engine.escalation.outcome import Escalated
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.period import Period


@dataclass(frozen=True, slots=True)
class Council:
    """One council: its code, its check, and what is escalated of it."""

    code: str
    checked: Checked
    escalated: Escalated | None


@dataclass(frozen=True, slots=True)
class Councils:
    """The councils in order of their codes, the period judged, and the findings of the tables themselves."""

    period: Period | None
    councils: tuple[Council, ...]
    findings: tuple[Finding, ...]
    rulebook_digest: str
    rules: str
    engine_version: str
