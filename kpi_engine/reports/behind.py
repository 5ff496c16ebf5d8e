"""What stands behind an exception: who hears it, the verdict that a proof ends in, the plan's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpi_engine.terms.period import Period
from kpi_engine.verdicts.judge import judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kpi_engine.escalation.outcome import BoardException, Proof, Standing
    from kpi_engine.rulebook.book import Citation, Indicator, RuleBook
    from kpi_engine.rulebook.pack import Board
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.verdict import TargetInForce, Verdict


class Behind:
    """The verdicts that the proofs of one standing end in; each period is judged at most once."""

    def __init__(self, rulebook: RuleBook, checked: Checked, standing: Standing) -> None:
        """Of a standing of `checked`: the judged period or the one before it."""
        self._rulebook = rulebook
        self._checked = checked
        self._standing = standing
        self._known: dict[Period, Mapping[str, Verdict]] = {standing.period: standing.verdicts}

    def verdict(self, leaf: Proof) -> Verdict | None:
        """The verdict that a leaf states; None where it states something else.

        Of a quarter, the verdict of its latest month that had been judged.
        """
        if leaf.fact.type != "verdict" or leaf.period is None:
            return None
        now = self._standing.period
        last = min(leaf.period.last_month, now.last_month)
        period = Period(last.first - now.length + 1, now.length)
        if period not in self._known:
            held = self._checked.series.get(period)
            judged = judge(self._rulebook, period, self._checked.measured) if held is None else held
            self._known[period] = {verdict.indicator: verdict for verdict in judged}
        return self._known[period].get(str(leaf.fact["indicator"]))


def source_of(target: TargetInForce | None, indicator: Indicator) -> Citation:
    """Where a target is from: its own source if it has one, else the measure's."""
    for step in indicator.targets:
        alike = target is not None and step.by == target.by and step.value in {None, target.value}
        if alike and step.source is not None:
            return step.source
    return indicator.source


def heard(told: Iterable[BoardException], board: Board | None) -> tuple[BoardException, ...]:
    """The exceptions that a board hears; all of them where no board is named."""
    return tuple(one for one in told if board is None or board.id in one.tell)


def measures_of(board: Board | None, rulebook: RuleBook) -> tuple[str, ...]:
    """The measures that a board reads: all where no board is named, or where it names none itself."""
    if board is None or not (board.measures or board.milestones):
        return tuple(rulebook.indicators)
    return board.measures
