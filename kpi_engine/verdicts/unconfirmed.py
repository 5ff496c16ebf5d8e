"""Targets met on a list alone: it may lose rows without a trace; a count beside it would tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpi_engine.rulebook.book import Kind, SheetKind
from kpi_engine.terms.codes import finding
from kpi_engine.terms.measurement import Source
from kpi_engine.terms.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.rulebook.book import Indicator, RuleBook
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.returned import MonthReturn
    from kpi_engine.terms.verdict import Verdict


def unconfirmed(
    rulebook: RuleBook, verdicts: Sequence[Verdict], month: MonthReturn | None
) -> tuple[Finding, ...]:
    """One finding that names the targets met on rows of `month` that no line of its Counts sheet confirms.

    None for a month that is known by its records alone: it was told when they were made.
    """
    if month is None:
        return ()
    counts = next((s.sheet for s in rulebook.contract.sheets.values() if s.kind is SheetKind.COUNTS), None)
    if counts is None:  # the contract asks for none
        return ()
    passed = [
        rulebook.indicators[verdict.indicator]
        for verdict in verdicts
        if verdict.status is Status.PASS and verdict.measured and verdict.measured.source is Source.ROWS
    ]
    alone = [
        one.short for one in passed if one.measure.kind is not Kind.STATED and not _is_counted(one, month)
    ]
    if not alone:
        return ()
    return (finding("R391", count=len(alone), measures=", ".join(alone), counts=counts),)


def _is_counted(indicator: Indicator, month: MonthReturn) -> bool:
    """Whether the Counts sheet has a figure that the rows were held against."""
    line = month.counts.get(indicator.measure.id)
    return line is not None and line.number is not None and not line.unknown
