"""What changed since the period before: new, worse, the same, better, gone, or not known."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.escalation.escalate import changes
from kpi_engine.escalation.outcome import BoardException, Proof, Standing
from kpi_engine.terms.fact import fact
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import Period
from kpi_engine.terms.state import Change
from kpi_engine.terms.verdict import MilestoneStatus, MilestoneVerdict, Status, Verdict

JULY = Period.parse("2023-07")
Kinds: TypeAlias = dict[str, int]
"""Severities by kind."""
Answer: TypeAlias = tuple[Status, Reason | None]

JUDGED: Answer = (Status.FAIL, None)
UNHEARD: Answer = (Status.NOT_ASSESSED, Reason.SHEET_MISSING)
IDLE: Answer = (Status.NOT_ASSESSED, Reason.NOTHING_DUE)
OPEN: Answer = (Status.NOT_DUE, Reason.PERIOD_OPEN)


def exception(
    kind: str, severity: int, measure: str | None = "a", milestone: str | None = None
) -> BoardException:
    proof = Proof(fact("exception", {"kind": kind}), JULY, ())
    return BoardException(kind, kind, severity, measure, milestone, JULY, "", (), Change.NEW, proof)


def standing(*exceptions: BoardException, answer: Answer = JUDGED, heard: bool = True) -> Standing:
    status, reason = answer
    verdicts = {name: Verdict(name, JULY, (JULY, JULY), status, reason, "") for name in ("a", "b")}
    done = MilestoneStatus.OVERDUE if heard else MilestoneStatus.NOT_REPORTED
    milestones = {"m": MilestoneVerdict("m", done, None, None, None, None)}
    return Standing(JULY, verdicts, {}, milestones, {}, exceptions, {})


def of(kinds: Kinds, answer: Answer = JUDGED) -> Standing:
    return standing(*(exception(kind, severity) for kind, severity in kinds.items()), answer=answer)


def compared(now: Standing, before: Standing | None) -> tuple[dict[str, str], set[str]]:
    """The change of each kind, and the kinds that are gone."""
    told, gone = changes(now, before)
    assert {one.change for one in gone} <= {Change.GONE}
    return {one.kind: one.change.value for one in told}, {one.kind for one in gone}


@pytest.mark.parametrize(
    ("before", "now", "told", "gone"),
    [
        ({}, {"miss": 2}, {"miss": "new"}, set()),
        ({"miss": 2}, {"miss": 2}, {"miss": "same"}, set()),
        ({"miss": 2}, {}, {}, {"miss"}),
        ({"miss": 2}, {"persistent": 3}, {"persistent": "worse"}, set()),
        ({"persistent": 3}, {"miss": 2}, {"miss": "better"}, set()),
        ({"persistent": 3}, {"recovered": 1}, {"recovered": "better"}, set()),
        # Another kind as severe is another thing; what it stands in place of is not gone.
        ({"off-course": 2}, {"miss": 2}, {"miss": "new"}, set()),
        # A kind that still stands took no place.
        ({"miss": 2}, {"miss": 2, "linked": 3}, {"miss": "same", "linked": "new"}, set()),
        ({"miss": 2, "linked": 3}, {"miss": 2}, {"miss": "same"}, {"linked"}),
        # Two urgent kinds may both have come of one miss; the note beside it is gone.
        (
            {"miss": 2, "note": 1},
            {"persistent": 3, "out-of-reach": 3},
            {"persistent": "worse", "out-of-reach": "worse"},
            {"note"},
        ),
        (
            {"miss": 2, "silent": 2},
            {"persistent": 3, "silent": 2},
            {"persistent": "worse", "silent": "same"},
            set(),
        ),
        # A kind whose own severity changed.
        ({"late": 2}, {"late": 3}, {"late": "worse"}, set()),
        ({"late": 3}, {"late": 1}, {"late": "better"}, set()),
    ],
)
def test_kinds_about_one_measure_are_held_against_those_before(
    before: Kinds, now: Kinds, told: dict[str, str], gone: set[str]
) -> None:
    assert compared(of(now), of(before)) == (told, gone)


@pytest.mark.parametrize(
    ("was", "before", "is_now", "now", "told", "gone"),
    [
        # Not reported after a miss is not better, and the miss is not gone.
        (JUDGED, {"miss": 2}, UNHEARD, {"not-reported": 1}, {"not-reported": "new"}, set()),
        (JUDGED, {"miss": 2}, UNHEARD, {}, {}, set()),
        # A miss after no report is new; nobody knows whether it is worse.
        (UNHEARD, {"not-reported": 1}, JUDGED, {"miss": 2}, {"miss": "new"}, {"not-reported"}),
        (UNHEARD, {"not-reported": 1}, UNHEARD, {"twice": 2}, {"twice": "worse"}, set()),
        (UNHEARD, {"not-reported": 1}, UNHEARD, {}, {}, set()),
        # Last quarter's miss stands until the next quarter is judged.
        (JUDGED, {"miss": 2}, OPEN, {}, {}, set()),
        (JUDGED, {"miss": 2}, IDLE, {}, {}, {"miss"}),
        (UNHEARD, {"same": 1}, JUDGED, {"same": 1}, {"same": "same"}, set()),
    ],
)
def test_what_is_not_known_is_neither_better_nor_gone(  # noqa: PLR0913, PLR0917  (a table)
    was: Answer, before: Kinds, is_now: Answer, now: Kinds, told: dict[str, str], gone: set[str]
) -> None:
    assert compared(of(now, is_now), of(before, was)) == (told, gone)


def test_measures_are_not_held_against_each_other() -> None:
    now = standing(exception("persistent", 3, "a"))
    before = standing(exception("miss", 2, "b"))
    assert compared(now, before) == ({"persistent": "new"}, {"miss"})


def test_a_milestone_no_longer_reported_is_not_better() -> None:
    before = standing(exception("overdue", 2, None, "m"))
    now = standing(exception("silent", 1, None, "m"), heard=False)
    assert compared(now, before) == ({"silent": "new"}, set())
    later = standing(exception("long-overdue", 3, None, "m"))
    assert compared(later, before) == ({"long-overdue": "worse"}, set())
    assert compared(standing(), before) == ({}, {"overdue"})


@pytest.mark.parametrize(
    ("before", "now", "told", "gone"),
    [
        ({"missing": 2}, {"missing-twice": 3}, {"missing-twice": "worse"}, set()),
        ({"unvalidated": 2}, {"not-stated": 1}, {"not-stated": "new"}, {"unvalidated"}),
        ({"missing": 2}, {"unvalidated": 2}, {"unvalidated": "new"}, {"missing"}),
        ({"unvalidated": 2}, {"unvalidated": 2}, {"unvalidated": "same"}, set()),
    ],
)
def test_about_a_return_no_kind_is_better_than_another(
    before: Kinds, now: Kinds, told: dict[str, str], gone: set[str]
) -> None:
    held = standing(*(exception(k, s, None) for k, s in before.items()))
    assert compared(standing(*(exception(k, s, None) for k, s in now.items())), held) == (told, gone)


def test_without_a_period_before_everything_is_new() -> None:
    assert compared(of({"miss": 2}), None) == ({"miss": "new"}, set())


kinds = st.dictionaries(st.sampled_from("pqrstu"), st.integers(1, 3))
answers = st.sampled_from([JUDGED, UNHEARD, IDLE, OPEN])


@given(now=kinds, before=kinds, is_now=answers, was=answers)
def test_every_exception_is_told_once_and_none_is_both_here_and_gone(
    now: Kinds, before: Kinds, is_now: Answer, was: Answer
) -> None:
    held = of(now, is_now)
    told, gone = changes(held, of(before, was))
    assert [replace(one, change=Change.NEW) for one in told] == list(held.exceptions)
    assert not {one.kind for one in gone} & set(now)
    assert {one.kind for one in gone} <= set(before)
    for one in told:
        assert one.change is not Change.GONE
        if one.change is Change.BETTER:
            assert any(severity > one.severity for severity in before.values())
        if one.change is Change.WORSE:
            assert any(severity < one.severity for severity in before.values())
        assert (one.change is Change.SAME) == (before.get(one.kind) == one.severity)
    if is_now in (UNHEARD, OPEN):
        assert gone == ()
    elif not now:
        assert {one.kind for one in gone} == set(before)


@given(held=kinds, answer=answers)
def test_a_period_like_the_one_before_changed_nothing(held: Kinds, answer: Answer) -> None:
    told, gone = compared(of(held, answer), of(held, answer))
    assert set(told.values()) <= {"same"}
    assert gone == set()
