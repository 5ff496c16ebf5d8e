"""Escalation of whole checks: states, exceptions, who hears them, and only what was known then."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kpi_engine.escalation.escalate import escalate
from kpi_engine.escalation.outcome import Answered
from kpi_engine.escalation.standing import raising
from kpi_engine.rulebook.book import Window
from kpi_engine.rulebook.pack import Board, Cadence, Pack
from kpi_engine.terms.fact import Derived
from kpi_engine.terms.finding import Finding, Severity
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import Period
from kpi_engine.terms.state import Change, State, StateNote
from tests.escalation.small_packs import pack, rule
from tests.escalation.standings import BUILT_IN, book, checked_of, derive, examples, shipped, stand
from tests.reports.build import milestone
from tests.verdicts.build import COUNT, SHARE, at_least, figure, indicator, measured, month, none, parts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kpi_engine.escalation.outcome import Escalated
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.rulebook.pack import EscalationRule
    from kpi_engine.terms.fact import Fact
    from kpi_engine.terms.measured import Measured
    from tests.escalation.small_packs import Fields

JULY, AUGUST = month("2023-07"), month("2023-08")
STAFF = indicator(SHARE, at_least("17/20"))
CHAMPIONS = indicator(COUNT, at_least("12"))


def raises(kind: str, severity: int, when: Fields, about: str, seq: str) -> EscalationRule:
    then: Fields = {"is": "exception", "kind": kind, "severity": severity, "about": about, "seq": seq}
    return rule(kind, {"v": when}, then, title=kind.capitalize())


FAIL: Fields = {"is": "verdict", "status": "fail"}
MISS = raises("miss", 2, FAIL, "$v.indicator", "$v.seq")
DIRE = raises("dire", 3, {**FAIL, "gap": {"less_than": -1000}}, "$v.indicator", "$v.seq")
LATE = raises("late", 2, {"is": "milestone", "status": "not_reported"}, "$v.milestone", "$v.seq")
NOTHING = raises("nothing", 2, {"is": "return", "standing": "given"}, "return", "$v.seq")
ALL = pack([MISS, DIRE, LATE, NOTHING])


def says(state: State, note: StateNote = StateNote.NONE, status: str = "fail") -> EscalationRule:
    """A rule that gives measures of a status a state."""
    return rule(
        f"{state}-{note or 'plain'}",
        {"v": {"is": "verdict", "status": status}},
        {
            "is": "state",
            "indicator": "$v.indicator",
            "seq": "$v.seq",
            "state": state.value,
            "note": note.value,
        },
    )


def staff(*good: int, first: str = "2023-07") -> Measured:
    return measured(*(figure(SHARE, str(month(first).plus(n)), parts(one, 20)) for n, one in enumerate(good)))


def done(rules: RuleBook, held: Measured, period: Period) -> Escalated:
    escalated = escalate(rules, checked_of(rules, held, period), derive=derive)
    assert escalated is not None
    return escalated


def board(id_: str = "b", **parts_: object) -> Board:
    plain = Board(
        id=id_, name="A board", also_called=(), lead="", cadence=Cadence.MONTH, audience="internal",
        measures=(), milestones=(), exceptions=None, least_severity=1, sections=(), source=None, readings=(),
    )  # fmt: skip
    return replace(plain, **parts_)  # type: ignore[arg-type]  # any field of a Board


# ── Without rules ────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("good", "period", "state"),
    [
        (17, JULY, State.WATCH),
        (16, JULY, State.ACTION_NEEDED),
        (17, AUGUST, State.NOT_REPORTED),
        (17, month("2023-05"), State.NOT_DUE),
    ],
)
def test_without_rules_no_state_is_better_than_what_is_known(good: int, period: Period, state: State) -> None:
    asked: list[Pack] = []

    def engine(rules: Pack, _facts: Iterable[Fact]) -> tuple[Derived, Answered]:
        asked.append(rules)
        return Derived((), ()), BUILT_IN

    rules = book(STAFF)
    escalated = escalate(rules, checked_of(rules, staff(good), period), derive=engine)
    assert escalated is not None
    one = escalated.now.states[STAFF.id]
    assert (one.state, one.note) == (state, StateNote.NONE)
    assert one.proof.fact.type == "verdict"
    assert one.proof.ways == ()
    assert escalated.now.exceptions == ()
    assert asked == []
    assert escalated.answered.why


def test_no_period_is_no_standing() -> None:
    rules = book(STAFF)
    checked = replace(checked_of(rules, staff(17), JULY), period=None)
    assert escalate(rules, checked, derive=derive) is None


# ── States ───────────────────────────────────────────────────────────────────


def test_of_several_states_the_first_in_order_stands_and_is_proved() -> None:
    several = pack([says(State.ON_TRACK), says(State.MISSED_UNCLEAR), says(State.WATCH)])
    one = done(book(STAFF, pack=several), staff(16), JULY).now.states[STAFF.id]
    assert one.state is State.MISSED_UNCLEAR
    assert [way.rule for way in one.proof.ways] == ["missed_unclear-plain"]


def test_of_one_state_with_and_without_a_note_the_note_is_said() -> None:
    several = pack([says(State.MISSED_IMPROVING), says(State.MISSED_IMPROVING, StateNote.NOT_AT_THIS_RATE)])
    one = done(book(STAFF, pack=several), staff(16), JULY).now.states[STAFF.id]
    assert (one.state, one.note) == (State.MISSED_IMPROVING, StateNote.NOT_AT_THIS_RATE)


def test_a_state_of_an_earlier_period_is_not_the_states_of_now() -> None:
    one = done(book(STAFF, pack=pack([says(State.ON_TRACK)])), staff(16, 17), AUGUST).now.states[STAFF.id]
    assert one.state is State.WATCH


def test_every_measure_has_one_state() -> None:
    rules = book(STAFF, CHAMPIONS, pack=pack([says(State.ACTION_NEEDED)]))
    assert list(done(rules, staff(16), JULY).now.states) == [STAFF.id, CHAMPIONS.id]


# ── Exceptions ───────────────────────────────────────────────────────────────


def test_exceptions_are_of_the_current_period_only() -> None:
    escalated = done(book(STAFF, pack=ALL), staff(16, 17), AUGUST)
    assert [one.kind for one in escalated.now.exceptions] == ["nothing"]
    assert escalated.before is not None
    assert [one.kind for one in escalated.before.exceptions] == ["nothing", "miss"]
    assert [(one.kind, one.change, one.period) for one in escalated.gone] == [("miss", Change.GONE, JULY)]


def test_the_most_severe_come_first_then_the_order_of_the_rulebook() -> None:
    rules = book(CHAMPIONS, STAFF, pack=ALL, milestones=(milestone("m", "M", None),))
    figures = [figure(CHAMPIONS.measure, "2023-07", parts(1)), figure(SHARE, "2023-07", parts(1, 20))]
    found = done(rules, measured(*figures), JULY).now.exceptions
    assert [(one.kind, one.indicator, one.milestone) for one in found] == [
        ("dire", CHAMPIONS.id, None),
        ("dire", STAFF.id, None),
        ("nothing", None, None),
        ("miss", CHAMPIONS.id, None),
        ("miss", STAFF.id, None),
        ("late", None, "m"),
    ]


def test_an_exception_has_the_words_of_the_rule_that_names_its_kind() -> None:
    handed_on = rule("told", {"r": {"is": "raised"}}, {
        "is": "exception", "kind": "$r.kind", "severity": "$r.severity", "about": "$r.about", "seq": "$r.seq",
    })  # fmt: skip
    raised = rule("short", {"v": {"is": "verdict", "status": "fail"}}, {
        "is": "raised", "kind": "short", "severity": 1, "family": "f", "about": "$v.indicator",
        "seq": "$v.seq",
    }, title="Short of target")  # fmt: skip
    (one,) = done(book(STAFF, pack=pack([handed_on, raised])), staff(16), JULY).now.exceptions
    assert (one.title, one.because, one.severity) == ("Short of target", "because of short", 1)
    assert one.change is Change.NEW


def test_a_kind_that_no_rule_names_is_its_own_title() -> None:
    by_status = rule("by-status", {"v": {"is": "verdict"}}, {
        "is": "exception", "kind": "$v.status", "severity": 2, "about": "$v.indicator", "seq": "$v.seq",
    }, title="A rule for all")  # fmt: skip
    rules = book(STAFF, pack=pack([by_status]))
    (one,) = done(rules, staff(16), JULY).now.exceptions
    assert (one.kind, one.title, one.because) == ("fail", "fail", "")
    assert raising(rules.escalations, "fail") is None


def test_a_quarterly_measures_exception_is_of_its_quarter() -> None:
    panels = replace(CHAMPIONS, measure=replace(COUNT, window=Window.QUARTER))
    figures = [figure(panels.measure, str(JULY.plus(n)), parts(1)) for n in range(3)]
    escalated = done(book(panels, pack=pack([MISS])), measured(*figures), month("2023-09"))
    (one,) = escalated.now.exceptions
    assert (one.period, one.change) == (Period.parse("2023/24-Q2"), Change.NEW)
    october = measured(*figures, figure(panels.measure, "2023-10", parts(1)))
    later = done(book(panels, pack=pack([MISS])), october, month("2023-10"))
    assert (later.now.exceptions, later.gone) == ((), ())


# ── Who hears ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("one", "heard"),
    [
        (board(), {"miss", "late", "nothing"}),
        (board(measures=(STAFF.id,)), {"miss", "nothing"}),
        (board(measures=(CHAMPIONS.id,)), {"nothing"}),
        (board(milestones=("m",)), {"late", "nothing"}),
        (board(exceptions=("late",)), {"late"}),
        (board(exceptions=()), set()),
        (board(least_severity=2), {"miss", "late", "nothing"}),
        (board(least_severity=3), set()),
    ],
)
def test_a_board_hears_what_it_reads_in_its_kinds_from_its_severity_on(one: Board, heard: set[str]) -> None:
    rules = book(STAFF, pack=ALL, milestones=(milestone("m", "M", None),))
    found = done(replace(rules, boards={"b": one}), staff(16), JULY).now.exceptions
    assert {told.kind for told in found if "b" in told.tell} == heard
    assert {told.kind for told in found} == {"miss", "late", "nothing"}


def test_a_rule_that_names_boards_is_told_to_those_that_read_the_measure() -> None:
    named = replace(MISS, tell=("b", "c"))
    boards = {"a": board("a"), "c": board("c", measures=(CHAMPIONS.id,)), "b": board("b")}
    (one,) = done(replace(book(STAFF, pack=pack([named])), boards=boards), staff(16), JULY).now.exceptions
    assert one.tell == ("b",)


# ── The period before ────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("first", "period", "before"),
    [
        ("2023-07", "2023-07", None),
        ("2023-07", "2023-08", "2023-07"),
        ("2023-07", "2023-10", "2023-09"),
        ("2023-04", "2023-06", None),
        ("2023-04", "2023-07", "2023-06"),
        ("2023-07", "2023/24-Q2", None),
        ("2023-06", "2023/24-Q2", "2023/24-Q1"),
        ("2023-07", "2023-05", None),
    ],
)
def test_the_period_before_is_known_from_the_first_record_in_the_plans_time(
    first: str, period: str, before: str | None
) -> None:
    escalated = done(book(STAFF, pack=ALL), staff(17, 17, 17, first=first), Period.parse(period))
    assert (None if escalated.before is None else str(escalated.before.period)) == before


def same_but_for_change(escalated: Escalated) -> tuple[object, ...]:
    now = escalated.now
    exceptions = tuple(replace(one, change=Change.NEW) for one in now.exceptions)
    return now.period, now.states, exceptions, now.explanations, now.milestones, now.verdicts


@pytest.mark.parametrize(("period", "before"), [("2024-03", "2024-02"), ("2023/24-Q4", "2023/24-Q3")])
def test_the_period_before_stands_as_it_stood_when_it_was_judged(period: str, before: str) -> None:
    later = escalate(shipped(), examples("2023-10", "2024-03", period), derive=derive)
    assert later is not None
    assert later.before is not None
    assert later.before.exceptions
    last = str(Period.parse(before).last_month)
    then = escalate(shipped(), examples("2023-10", last, before), derive=derive)
    assert then is not None
    held = replace(later, now=later.before)
    assert same_but_for_change(held) == same_but_for_change(then)


def test_standing_alone_is_the_same_standing() -> None:
    checked = examples("2023-10", "2024-03", "2024-03")
    escalated = escalate(shipped(), checked, derive=derive)
    assert escalated is not None
    assert stand(shipped(), checked, Period.parse("2024-02")) == escalated.before


def test_the_engine_that_could_not_answer_for_both_periods_says_why() -> None:
    answers = iter([Answered("durable-rules", ""), Answered("built-in", "it stopped")])

    def engine(rules: Pack, facts: Iterable[Fact]) -> tuple[Derived, Answered]:
        return derive(rules, facts)[0], next(answers)

    rules = book(STAFF, pack=ALL)
    escalated = escalate(rules, checked_of(rules, staff(16, 17), AUGUST), derive=engine)
    assert escalated is not None
    assert escalated.answered == Answered("built-in", "it stopped")


def refused(sheet: str, file: str) -> Finding:
    return Finding("R131", Severity.REFUSE, "The sheet is missing.", "Put it back.", file, sheet)


def test_findings_of_an_earlier_file_raise_only_what_was_before() -> None:
    told = raises("refused", 2, {"is": "finding", "severity": "refuse"}, "return", "$v.seq")
    rules = book(STAFF, pack=pack([told]))
    checked = replace(
        checked_of(rules, staff(17, 17), AUGUST), earlier_findings=(refused("Workforce", "2023-07.xlsx"),)
    )
    escalated = escalate(rules, checked, derive=derive)
    assert escalated is not None
    assert escalated.now.exceptions == ()
    assert [one.kind for one in escalated.gone] == ["refused"]


def test_a_miss_not_reported_this_month_is_not_gone() -> None:
    held = measured(figure(SHARE, "2023-07", parts(16, 20)), none(SHARE, "2023-08", Reason.SHEET_MISSING))
    escalated = done(book(STAFF, pack=pack([MISS])), held, AUGUST)
    assert (escalated.now.exceptions, escalated.gone) == ((), ())


# ── The examples ─────────────────────────────────────────────────────────────


def test_every_state_of_the_examples_is_given_by_a_rule() -> None:
    escalated = escalate(shipped(), examples("2023-10", "2024-03"), derive=derive)
    assert escalated is not None
    assert list(escalated.now.states) == list(shipped().indicators)
    assert all(one.proof.ways for one in escalated.now.states.values())


def without_engine(_pack: Pack, _facts: Iterable[Fact]) -> tuple[Derived, Answered]:
    return Derived((), ()), BUILT_IN


def test_two_years_of_23_measures_stand_in_well_under_a_second() -> None:
    measures = [replace(SHARE, id=f"m{n}") for n in range(23)]
    rules = book(*(indicator(one, at_least("17/20")) for one in measures), pack=ALL)
    held = measured(
        *(figure(one, str(JULY.plus(n)), parts(15 + n % 5, 20)) for one in measures for n in range(24))
    )
    checked = checked_of(rules, held, JULY.plus(23))
    begun = time.process_time()
    escalate(rules, checked, derive=without_engine)
    assert time.process_time() - begun < 1
