"""Checks to escalate: small ones made by hand, and those of the example returns."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kpi_engine.check import judged, read_returns
from kpi_engine.escalation.builtin import derive_builtin
from kpi_engine.escalation.outcome import Answered
from kpi_engine.escalation.standing import derive_from, standing_of, told_of
from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.rulebook.pack import NO_PACK
from kpi_engine.terms.checked import Checked, ReturnRead, Run
from kpi_engine.terms.period import Period, span
from kpi_engine.verdicts.judge import judge
from kpi_engine.verdicts.milestones import judge_milestones
from tests.reports.build import rulebook

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kpi_engine.escalation.outcome import Standing
    from kpi_engine.rulebook.book import Indicator, MilestoneRule, RuleBook
    from kpi_engine.rulebook.pack import Pack
    from kpi_engine.terms.fact import Derived, Fact
    from kpi_engine.terms.measured import Measured
    from kpi_engine.terms.returned import Return

ROOT = Path(__file__).parents[2]
BUILT_IN = Answered("built-in", "")


def derive(pack: Pack, facts: Iterable[Fact]) -> tuple[Derived, Answered]:
    return derive_builtin(pack, facts), BUILT_IN


def book(
    *indicators: Indicator, pack: Pack = NO_PACK, milestones: tuple[MilestoneRule, ...] = ()
) -> RuleBook:
    return replace(rulebook(*indicators, milestones=milestones), escalations=pack)


def checked_of(rules: RuleBook, measured: Measured, period: Period) -> Checked:
    """What a check of these records gives: a file a month, no findings, no milestones, no commentary."""
    return Checked(
        authority="Example Borough",
        made_up=True,
        period=period,
        verdicts=judge(rules, period, measured),
        milestones=judge_milestones(rules.milestones, {}, period, rules.plan.start),
        findings=(),
        earlier_findings=(),
        series={m: judge(rules, m, measured) for m in sorted(measured.records) if m.end < period.start},
        run=Run("0.1.0", "0" * 64, "rules", tuple(read(f"{m}.xlsx", m) for m in measured.records)),
        measured=measured,
    )


def stand(rules: RuleBook, checked: Checked, period: Period) -> Standing:
    """How `period` stands; every exception in it is new, since nothing before it is looked at."""
    told = told_of(rules, checked, period)
    return standing_of(rules, told, derive_from(rules.escalations, told, derive)[0])


def read(file: str, period: Period | None, *, refused: bool = False, replaced: bool = False) -> ReturnRead:
    return ReturnRead(file, file, period, refused, replaced)


@functools.cache
def shipped() -> RuleBook:
    """The rules of this repository."""
    return load_rulebook(ROOT / "rules")


@functools.cache
def example_returns(first: str = "2023-04", last: str = "2025-03") -> tuple[Return, ...]:
    """The example returns of the months from `first` to `last`."""
    months = span(Period.parse(first), Period.parse(last))
    files = [ROOT / "inputs" / f"returns_{month}.xlsx" for month in months]
    return read_returns(files, shipped(), lambda _done, _of: None)


@functools.cache
def examples(first: str = "2023-04", last: str = "2025-03", period: str = "") -> Checked:
    """A check of those, of the latest month or of `period`."""
    return judged(example_returns(first, last), shipped(), Period.parse(period or last))
