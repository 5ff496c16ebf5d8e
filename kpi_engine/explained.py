"""The state and the exceptions of one measure, each proved down to its cells, and why there are no others."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from kpi_engine.cases import deciding_cells
from kpi_engine.escalation.engine import deriving
from kpi_engine.escalation.escalate import escalate
from kpi_engine.escalation.standing import derive_from, told_of
from kpi_engine.escalation.why_not import why_not
from kpi_engine.reports.behind import Behind
from kpi_engine.reports.proof_text import proof_lines, why_not_lines
from kpi_engine.returns.assemble import assemble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.escalation.outcome import BoardException, MeasureState
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.returned import Return
    from kpi_engine.terms.verdict import Verdict


def exceptions_explained(
    returns: Sequence[Return], rulebook: RuleBook, checked: Checked, indicator: str
) -> tuple[str, ...]:
    """The lines of `kpi explain` on the exceptions of one measure; none where no period is judged."""
    with deriving() as derive:
        escalated = escalate(rulebook, checked, derive=derive)
        if escalated is None:
            return ()
        told = told_of(rulebook, checked, escalated.now.period)
        derived, _ = derive_from(rulebook.escalations, told, derive)
    months = assemble(returns, rulebook).months

    @cache
    def cells(verdict: Verdict) -> tuple[str, ...]:
        return deciding_cells(months, rulebook, verdict) if verdict.indicator == indicator else ()

    now = escalated.now
    behind = Behind(rulebook, checked, now)
    raised = [one for one in now.exceptions if one.indicator == indicator]
    told_of_it: list[MeasureState | BoardException] = [now.states[indicator], *raised]
    lines = [line for one in told_of_it for line in proof_lines(one, rulebook, now, behind, cells)]
    misses = why_not(rulebook.escalations, told.facts, derived, indicator, told.calendar.seq(indicator))
    kinds = {one.kind for one in raised}
    return (*lines, *why_not_lines(miss for miss in misses if miss.rule not in kinds))
