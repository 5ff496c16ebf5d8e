"""Escalation, top to bottom: the facts of a period, what rules derive from them, and what changed since."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from kpi_engine.escalation.outcome import BoardException, Escalated, Standing
from kpi_engine.escalation.standing import derive_from, first_known, standing_of, told_of
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.state import Change
from kpi_engine.terms.verdict import MilestoneStatus, Status

if TYPE_CHECKING:
    from kpi_engine.escalation.standing import Derive
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.period import Period


_NOTE: Final = 1
"""A note, such as "met again", is told once; that it is no longer so is no news."""


def escalate(rulebook: RuleBook, checked: Checked, *, derive: Derive) -> Escalated | None:
    """The standing of the judged period and of the one before, and what changed; None: no period is judged.

    The period before is as it stood at its own end. `answered` names the engine of the judged
    period, or, where it did not answer for both, the one that says why.
    """
    if checked.period is None:
        return None
    answers, standings = [], []
    for period in (checked.period, *_before(rulebook, checked, checked.period)):
        told = told_of(rulebook, checked, period)
        derived, answered = derive_from(rulebook.escalations, told, derive)
        standings.append(standing_of(rulebook, told, derived))
        answers.append(answered)
    now, before = standings[0], standings[1] if len(standings) > 1 else None
    told_now, gone = changes(now, before)
    return Escalated(
        now=replace(now, exceptions=told_now),
        before=before,
        gone=tuple(one for one in gone if one.severity > _NOTE),
        answered=next((answered for answered in answers if answered.why), answers[0]),
    )


def _before(rulebook: RuleBook, checked: Checked, period: Period) -> tuple[Period, ...]:
    """The period before, if the plan had begun and there is a return or record of it or of an earlier one."""
    first, before = first_known(rulebook, checked), period.plus(-period.length)
    return (before,) if first is not None and first <= before.last_month else ()


def changes(
    now: Standing, before: Standing | None
) -> tuple[tuple[BoardException, ...], tuple[BoardException, ...]]:
    """The exceptions of `now`, each with its change since `before`; and those of `before` that are gone.

    Of the exceptions about one measure, one milestone or the return:

    - A kind that stood before is the same; worse or better only if its own severity is another.
    - A kind that did not stand before takes the place of the most severe kinds that stood before
      and do not stand now. It is worse if those were less severe, better if they were more severe, and
      new if they were as severe or there were none.
    - Gone are the kinds that do not stand now and whose place no other took.
    - Many unlike things may be wrong with a return, so about the return only a worse kind takes a
      place: none is better than another, and what it does not outdo is gone.
    - What is not known is neither better nor gone. Where the measure was assessed in only one of the two
      periods (or the milestone reported), kinds that did not stand before are new; where it is not
      assessed now, nothing about it is gone. A measure of an open quarter is not assessed yet.
    """
    if before is None:
        return now.exceptions, ()
    told = [replace(one, change=_Beside.of(one, now, before).change(one)) for one in now.exceptions]
    gone = [one for one in before.exceptions if _Beside.of(one, now, before).gone(one)]
    return tuple(told), tuple(replace(one, change=Change.GONE) for one in gone)


@dataclass(frozen=True, slots=True)
class _Beside:
    """The exceptions about one thing, now and before, and what may be said of both together.

    `left` is the severity of the most severe kinds that stand no more; None where there are none, or
    where only one of the periods knows how the thing stands.
    """

    now: tuple[BoardException, ...]
    before: tuple[BoardException, ...]
    left: int | None
    about_return: bool
    assessed: bool

    @classmethod
    def of(cls, one: BoardException, now: Standing, before: Standing) -> _Beside:
        """Those about the same thing as `one`."""
        ours, theirs = _alike(one, now), _alike(one, before)
        known, was_known = _assessed(one, now), _assessed(one, before)
        kinds = {other.kind for other in ours}
        left = [other.severity for other in theirs if other.kind not in kinds]
        return cls(
            now=ours,
            before=theirs,
            left=max(left, default=None) if known == was_known else None,
            about_return=one.indicator is None and one.milestone is None,
            assessed=known,
        )

    def change(self, one: BoardException) -> Change:
        """How an exception of now stands to those before."""
        was = {other.severity for other in self.before if other.kind == one.kind}
        if was:
            return Change.SAME if one.severity in was else _against(one.severity, max(was))
        if self.left is None or self.left == one.severity or not self._takes_place(one):
            return Change.NEW
        return _against(one.severity, self.left)

    def gone(self, one: BoardException) -> bool:
        """Whether an exception of before stands no more, and nothing took its place."""
        if not self.assessed or any(other.kind == one.kind for other in self.now):
            return False
        return one.severity != self.left or not any(map(self._takes_place, self.now))

    def _takes_place(self, one: BoardException) -> bool:
        """Whether a kind of now stands in the place of the most severe that stand no more."""
        if self.left is None or any(other.kind == one.kind for other in self.before):
            return False
        return one.severity > self.left or not self.about_return


def _alike(one: BoardException, standing: Standing) -> tuple[BoardException, ...]:
    about = one.indicator, one.milestone
    return tuple(other for other in standing.exceptions if (other.indicator, other.milestone) == about)


def _against(severity: int, was: int) -> Change:
    return Change.WORSE if severity > was else Change.BETTER


def _assessed(one: BoardException, standing: Standing) -> bool:
    """Whether a period knows how the thing that an exception is about stands."""
    if one.milestone is not None:
        return standing.milestones[one.milestone].status is not MilestoneStatus.NOT_REPORTED
    if one.indicator is None:
        return True
    verdict = standing.verdicts[one.indicator]
    if verdict.status is Status.NOT_ASSESSED:
        return verdict.reason is Reason.NOTHING_DUE
    return verdict.reason is not Reason.PERIOD_OPEN
