"""A small escalation of the check in build.py: every kind of exception, change, state and explanation."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import MappingProxyType

from kpi_engine.escalation.outcome import (
    Answered,
    BoardException,
    Escalated,
    Explanation,
    MeasureState,
    Proof,
    Standing,
    Way,
)
from kpi_engine.rulebook.pack import (
    FACT_TYPES,
    READ_BACK,
    Audience,
    Board,
    Cadence,
    Consequence,
    EscalationRule,
    Pack,
    ZeroRule,
)
from kpi_engine.terms.fact import Value, fact
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.state import Change, State, StateNote
from kpi_engine.terms.verdict import Status
from kpi_engine.trend import trends
from tests.reports.build import BOOK as PLAIN_BOOK
from tests.reports.build import CHECKED, FEBRUARY, MARCH, STAFF, unassessed

SEQ = MARCH.first


def rule(id_: str, because: str, line: int, title: str = "") -> EscalationRule:
    return EscalationRule(id_, title, because, (), (), Consequence("raised", ()), (), (), line)


RULES = (
    rule("out-of-reach", "only a change in how the work is done will meet it", 12, "Out of reach"),
    rule("third-miss", "three misses running", 20),
    rule("miss", "a target in force was not met", 30, "Target missed"),
    rule("no-commentary", "action is needed, and the return does not say why", 40, "No explanation given"),
    rule("milestone-overdue", "a dated action is past its date", 50, "Milestone overdue"),
    rule("sheet-refused", "what was sent cannot be used", 60, "A sheet was not usable"),
    rule("exception", "what is raised is told", 70),
    rule("state", "the target is missed", 80),
)
PACK = Pack(MappingProxyType({**FACT_TYPES, **READ_BACK}), RULES, (RULES,), "escalations.yaml")


def board(id_: str, name: str, audience: str, measures: tuple[str, ...] = (), least: int = 1) -> Board:
    return Board(
        id_,
        name,
        (),
        "Director",
        Cadence.MONTH,
        audience,
        measures,
        (),
        None,
        least,
        ("exceptions",),
        None,
        (),
    )


TEAM = board("team", "Management Team", "internal")
PANEL = board("panel", "Scrutiny Panel", "public", ("permanent-staff", "matched", "carer-reviews"), 2)
BOOK = replace(
    PLAIN_BOOK,
    escalations=PACK,
    boards={one.id: one for one in (TEAM, PANEL)},
    audiences={
        "internal": Audience("internal", 0, 1, ZeroRule.SHOWN, case_cells=True),
        "public": Audience("public", 5, 1, ZeroRule.SHOWN, case_cells=False),
    },
)


# ── Proofs ───────────────────────────────────────────────────────────────────


def stated(type_: str, **fields: Value) -> Proof:
    """A leaf, of March unless its `seq` says otherwise."""
    seq = fields.get("seq")
    period = MARCH.plus(int(seq) - SEQ) if seq is not None else None
    return Proof(fact(type_, fields), period, ())


def verdict(indicator: str, status: Status, back: int = 0) -> Proof:
    return stated(
        "verdict", indicator=indicator, seq=SEQ - back, status=status.value, reason="", gap=-500, in_doubt=0
    )


def derived(type_: str, *ways: Way, **fields: Value) -> Proof:
    return Proof(fact(type_, {**fields, "seq": SEQ}), MARCH, ways)


def told(kind: str, severity: int, about: str, *ways: Way) -> Proof:
    """An exception on a fact that was raised in these ways."""
    raised = derived("raised", *ways, kind=kind, severity=severity, family="f", about=about)
    absent = (f"no outranked of kind {kind} about {about} of 2024-03",)
    way = Way("exception", (raised,), absent)
    return derived("exception", way, kind=kind, severity=severity, about=about)


MISSED = verdict("permanent-staff", Status.FAIL)
FEBRUARYS = verdict("permanent-staff", Status.PASS, 1)
THIRD = derived(
    "third_miss",
    Way("third-miss", (verdict("permanent-staff", Status.FAIL, 2), FEBRUARYS, MISSED), ()),
    indicator="permanent-staff",
)  # fmt: skip
CHART = stated(
    "variation", indicator="permanent-staff", seq=SEQ, variation="concern", evidence="trial", points=9
)
EXPECTED = stated("assurance", indicator="permanent-staff", seq=SEQ, assurance="consistent_fail")
READS = tuple(
    stated("reads", indicator=name, sheet="children_in_care")
    for name in ("life-story-books", "supervision-feedback")
)
REFUSED = stated("finding", code="R130", severity="refuse", sheet="children_in_care", number=1, seq=SEQ)


def exception(  # noqa: PLR0913  (an entry has many parts; all are keywords)
    kind: str,
    severity: int,
    change: Change,
    *ways: Way,
    indicator: str | None = None,
    milestone: str | None = None,
    tell: tuple[str, ...] = ("team",),
) -> BoardException:
    because = next(one for one in RULES if one.id == kind)
    about = indicator or milestone or "return"
    return BoardException(
        kind, because.title, severity, indicator, milestone, MARCH, because.because, tell, change,
        told(kind, severity, about, *ways),
    )  # fmt: skip


OUT_OF_REACH = exception(
    "out-of-reach", 3, Change.WORSE,
    Way("out-of-reach", (MISSED, CHART, EXPECTED), ()), Way("out-of-reach", (THIRD, MISSED), ()),
    indicator="permanent-staff", tell=("team", "panel"),
)  # fmt: skip
SILENT = stated("commentary", indicator="permanent-staff", seq=SEQ, standing="missing")
UNEXPLAINED = exception(
    "no-commentary", 2, Change.NEW,
    Way("no-commentary", (SILENT,), ()),
    indicator="permanent-staff",
)  # fmt: skip
LATE = stated("milestone", milestone="support-officer", seq=SEQ, status="overdue", days=60, same_as="")
OVERDUE = exception(
    "milestone-overdue", 2, Change.SAME,
    Way("milestone-overdue", (LATE,), ()),
    milestone="support-officer", tell=("team", "panel"),
)  # fmt: skip
LONG_WAIT = exception(
    "miss",
    2,
    Change.BETTER,
    Way("miss", (verdict("adoption-days", Status.FAIL),), ()),
    indicator="adoption-days",
)
LATE_LETTERS = exception(
    "miss", 2, Change.NEW, Way("miss", (verdict("later-life-letters", Status.FAIL),), ()),
    indicator="later-life-letters",
)  # fmt: skip
UNREAD = exception("sheet-refused", 1, Change.NEW, Way("sheet-refused", (REFUSED, *READS), ()))
GONE = replace(
    exception(
        "miss", 2, Change.GONE, Way("miss", (verdict("carer-reviews", Status.FAIL, 1),), ()),
        indicator="carer-reviews", tell=("team", "panel"),
    ),
    period=FEBRUARY,
)  # fmt: skip


# ── Standings ────────────────────────────────────────────────────────────────

STATES = {
    "permanent-staff": State.ACTION_NEEDED,
    "carer-reviews": State.ON_TRACK,
    "pf-referrals": State.NOT_DUE,
    "matched": State.NOT_REPORTED,
    "adoption-days": State.MISSED_UNCLEAR,
    "life-story-books": State.NOT_REPORTED,
    "later-life-letters": State.MISSED_IMPROVING,
    "pf-champions": State.WATCH,
    "pf-training": State.NOTHING_DUE,
    "supervision-feedback": State.NOT_REPORTED,
    "placements": State.NOT_DUE,
}
NOTES = {"pf-referrals": StateNote.OFF_COURSE, "later-life-letters": StateNote.NOT_AT_THIS_RATE}


def state(indicator: str) -> MeasureState:
    note, said = NOTES.get(indicator, StateNote.NONE), STATES[indicator]
    way = Way("state", (verdict(indicator, Status.FAIL),), ())
    proof = derived("state", way, indicator=indicator, state=said.value, note=note.value)
    return MeasureState(indicator, said, note, proof)


NOW = Standing(
    period=MARCH,
    verdicts={one.indicator: one for one in CHECKED.verdicts},
    trends={one.indicator: one for one in trends(BOOK, CHECKED.measured, MARCH)},
    milestones={one.milestone: one for one in CHECKED.milestones},
    states={name: state(name) for name in STATES},
    exceptions=(OUT_OF_REACH, UNEXPLAINED, OVERDUE, LONG_WAIT, LATE_LETTERS, UNREAD),
    explanations={
        "later-life-letters": Explanation(
            "later-life-letters", "One letter waits for a social worker's note.", "The note is due in April.",
            "Head of Corporate Parenting", date(2024, 6, 30), "Note the delay.",
            as_last_month=True, cell="Commentary!C9",
        )
    },
)  # fmt: skip
BEFORE = replace(
    NOW,
    period=FEBRUARY,
    verdicts={name: unassessed(one, Reason.NO_RETURN, "No return.") for name, one in BOOK.indicators.items()}
    | {STAFF.id: CHECKED.series[FEBRUARY][0]},
    exceptions=(GONE,),
)
ESCALATED = Escalated(NOW, BEFORE, (GONE,), Answered("built-in", "durable-rules is not installed"))
NOTHING = Escalated(replace(NOW, exceptions=()), BEFORE, (), Answered("durable-rules 2.0.28", ""))
