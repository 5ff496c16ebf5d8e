"""Proofs: every way to a fact, down to verdicts and their cells; never round in a circle."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.cases import cases_behind
from kpi_engine.escalation.builtin import derive_builtin
from kpi_engine.escalation.escalate import escalate
from kpi_engine.escalation.facts import Known, ReturnStanding, Told, calendar
from kpi_engine.escalation.proof import Proofs, leaves
from kpi_engine.escalation.standing import told_of
from kpi_engine.rulebook.pack import NUMBER, TEXT
from kpi_engine.terms.fact import Derived, Why, fact
from kpi_engine.terms.measurement import Reason, Source
from kpi_engine.terms.period import Period
from kpi_engine.terms.verdict import MilestoneVerdict, Status, Verdict
from kpi_engine.trend import Trend
from tests.escalation.small_packs import pack, rule, verdict
from tests.escalation.standings import book, derive, example_returns, examples, shipped
from tests.verdicts.build import SHARE, indicator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.escalation.outcome import Escalated, Proof
    from kpi_engine.rulebook.pack import Pack
    from kpi_engine.terms.fact import Fact

MARCH = Period.parse("2024-03")
SEQ = MARCH.first
TYPES = {
    "missed": {"indicator": TEXT, "seq": NUMBER},
    "step": {"name": TEXT},
}
MISS = rule("miss", {"v": {"is": "verdict", "status": "fail"}},
            {"is": "missed", "indicator": "$v.indicator", "seq": "$v.seq"})  # fmt: skip
AGAIN = rule(
    "again",
    {
        "a": {"is": "missed"},
        "b": {"is": "verdict", "indicator": "$a.indicator", "seq": "$a.seq + 1", "status": "fail"},
    },
    {"is": "missed", "indicator": "$b.indicator", "seq": "$b.seq"},
)


def told(*facts: Fact) -> Told:
    known = Known(MARCH, {}, {}, {}, ReturnStanding.GIVEN, (), (), {})
    return Told(known, calendar(book(indicator(SHARE)), MARCH), tuple(sorted(facts)), {})


def proved(rules: Pack, *facts: Fact) -> dict[tuple[str, int], Proof]:
    """The proof of every fact `missed`, by measure and ordinal."""
    derived = derive_builtin(rules, facts)
    proofs = Proofs(rules, told(*facts), derived)
    return {
        (str(one["indicator"]), int(one["seq"])): proofs.of(one)
        for one in derived.facts
        if one.type == "missed"
    }


def test_a_proof_shows_every_way_and_the_facts_it_stands_on() -> None:
    before, now = verdict("m", SEQ - 1), verdict("m", SEQ)
    held = proved(pack([MISS, AGAIN], types=TYPES), before, now)
    proof = held["m", SEQ]
    assert [(way.rule, tuple(p.fact.type for p in way.premises)) for way in proof.ways] == [
        ("again", ("missed", "verdict")),
        ("miss", ("verdict",)),
    ]
    assert proof.period == MARCH
    assert proof.ways[0].premises[0] == held["m", SEQ - 1]
    assert leaves(proof) == (before, now)


def test_a_fact_that_many_stand_on_is_proved_once() -> None:
    held = proved(pack([MISS, AGAIN], types=TYPES), *(verdict("m", SEQ - n) for n in range(3)))
    assert held["m", SEQ].ways[0].premises[0] is held["m", SEQ - 1]


def step(name: str) -> Fact:
    return fact("step", {"name": name})


def ways_of(stated: set[str], edges: Sequence[tuple[str, tuple[str, ...]]], to: str) -> Proof:
    """The proof of step `to`, where each edge is one way to a step."""
    names = {name for one, from_ in edges for name in (one, *from_)}
    facts = {name: step(name) for name in names | stated}
    patterns = {n: {f"p{i}": {"is": "step"} for i in range(n)} for n in {len(from_) for _, from_ in edges}}
    rules = pack(
        [rule(f"by{n}", when, {"is": "step", "name": "x"}) for n, when in patterns.items()], types=TYPES
    )
    whys = [Why(facts[one].id, f"by{len(from_)}", tuple(facts[f].id for f in from_)) for one, from_ in edges]
    derived = Derived(tuple(sorted(facts[one] for one, _ in edges)), tuple(sorted(whys)))
    return Proofs(rules, told(*(facts[name] for name in stated)), derived).of(facts[to])


def shape(proof: Proof) -> str:
    """A proof in brackets: `a(s|c(s))` stands on s, or on c that stands on s."""
    ways = sorted(" ".join(shape(premise) for premise in way.premises) for way in proof.ways)
    return f"{proof.fact['name']}({'|'.join(ways)})" if ways else str(proof.fact["name"])


def test_a_way_that_leads_back_to_the_fact_is_cut() -> None:
    edges = [("a", ("s",)), ("b", ("a",)), ("a", ("b",))]
    assert shape(ways_of({"s"}, edges, "a")) == "a(s)"
    assert shape(ways_of({"s"}, edges, "b")) == "b(a(s))"


def test_a_longer_way_that_leads_nowhere_back_is_kept() -> None:
    edges = [("a", ("s",)), ("b", ("s",)), ("c", ("b",)), ("a", ("c",))]
    assert shape(ways_of({"s"}, edges, "a")) == "a(c(b(s))|s)"


def test_a_fact_both_stated_and_derived_has_its_way_too() -> None:
    proof = ways_of({"s", "a"}, [("a", ("s",))], "a")
    assert shape(proof) == "a(s)"


def test_a_stated_fact_whose_only_way_is_a_circle_is_a_leaf() -> None:
    proof = ways_of({"a"}, [("b", ("a",)), ("a", ("b",))], "a")
    assert proof.ways == ()
    assert leaves(proof) == (step("a"),)


def test_a_fact_that_nothing_leads_to_is_no_proof() -> None:
    with pytest.raises(ValueError, match="nothing derives"):
        ways_of({"s"}, [("a", ("b",)), ("b", ("a",))], "a")


@given(
    edges=st.lists(
        st.tuples(
            st.sampled_from("abcdef"), st.lists(st.sampled_from("sabcdef"), min_size=1, max_size=2).map(tuple)
        ),
        max_size=12,
        unique=True,
    )
)
def test_a_proof_ends_in_stated_facts_whatever_the_circles(edges: list[tuple[str, tuple[str, ...]]]) -> None:
    known = {"s"}
    while more := {one for one, from_ in edges if set(from_) <= known} - known:
        known |= more
    usable = [(one, from_) for one, from_ in edges if set(from_) <= known]
    for name in known - {"s"}:
        proof = ways_of({"s"}, usable, name)
        assert proof.ways
        assert leaves(proof) == (step("s"),)
        _no_circle(proof, ())


def _no_circle(proof: Proof, above: tuple[str, ...]) -> None:
    assert proof.fact.id not in above
    for way in proof.ways:
        for premise in way.premises:
            _no_circle(premise, (*above, proof.fact.id))


# ── What was absent ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("unless", "said"),
    [
        (
            {"is": "exception", "kind": "miss", "about": "$v.indicator", "seq": "$v.seq"},
            "no exception of kind miss about a-share of 2024-03",
        ),
        (
            {"is": "commentary", "standing": "missing", "indicator": "$v.indicator", "seq": "$v.seq - 1"},
            "no commentary about a-share with standing missing of 2024-02",
        ),
        ({"is": "return", "standing": ["none", "refused"]}, "no return with standing none or refused"),
        ({"is": "finding", "number": {"at_least": 3}}, "no finding with number at least 3"),
        (
            {"is": "milestone", "same_as": "", "status": {"not": ["done", "undated"]}},
            "no milestone with same as empty with status other than done or undated",
        ),
        (
            {"is": "exception", "about": "return", "severity": 3, "seq": "$v.seq"},
            "no exception about the return with severity 3 of 2024-03",
        ),
        ({"is": "third_miss"}, "no third miss"),
    ],
)
def test_a_way_says_what_it_found_absent(unless: dict[str, str], said: str) -> None:
    alone = rule(
        "alone",
        {"v": {"is": "verdict", "status": "fail"}},
        {"is": "missed", "indicator": "$v.indicator", "seq": "$v.seq"},
        unless={"x": unless},
    )
    types = {**TYPES, "third_miss": {"indicator": TEXT, "seq": NUMBER}}
    (way,) = proved(pack([alone], types=types), verdict("a-share", SEQ))["a-share", SEQ].ways
    assert way.absent == (said,)


# ── The example returns ──────────────────────────────────────────────────────


@functools.cache
def escalated() -> Escalated:
    done = escalate(shipped(), examples(), derive=derive)
    assert done is not None
    return done


@functools.cache
def cells(behind: Verdict) -> tuple[tuple[str, str], ...]:
    """(Outcome, address) of the rows behind a verdict of any month."""
    months = {behind.period.last_month, *(behind.measured.months if behind.measured is not None else ())}
    returns = [one for one in example_returns() if one.claims in months]
    return cases_behind(returns, shipped(), replace(examples(), verdicts=(behind,)), behind.indicator)


def test_the_examples_raise_exceptions_about_measures_milestones_and_the_return() -> None:
    done = escalated()
    held = {(one.indicator is not None, one.milestone is not None) for one in done.now.exceptions}
    assert held == {(True, False), (False, True), (False, False)}


def test_every_exception_of_the_examples_is_proved_down_to_cells() -> None:
    done, rules, checked = escalated(), shipped(), examples()
    assert done.before is not None
    for standing in (done.now, done.before):
        behind = told_of(rules, checked, standing.period).behind
        proofs = [one.proof for one in standing.exceptions]
        proofs += [one.proof for one in standing.states.values()]
        ends = {leaf for proof in proofs for leaf in leaves(proof)}
        assert ends
        for leaf in sorted(ends):
            source = behind[leaf.id]
            if isinstance(source, Verdict):
                assert proved_by_cells(source), f"{source.indicator} {source.period}"
            elif leaf.type in {"variation", "assurance"}:
                assert isinstance(source, Trend)
            elif leaf.type == "milestone":
                assert isinstance(source, MilestoneVerdict)
            else:
                assert leaf.type in {"return", "finding", "commentary", "reads"}


def proved_by_cells(verdict: Verdict) -> bool:
    """Whether a verdict has the cells it was counted from, or the reason why it has none."""
    if verdict.status is Status.NOT_ASSESSED:
        return verdict.reason is not None
    if verdict.reason in (Reason.NOT_IN_FORCE, Reason.PERIOD_OPEN):
        return True
    if verdict.measured is not None and verdict.measured.source is Source.COUNTS:
        return bool(verdict.measured.origins)
    return bool(cells(verdict))


def test_each_proof_of_the_examples_names_rules_of_the_pack_and_ends() -> None:
    rules = {one.id for one in shipped().escalations.rules}
    for one in escalated().now.exceptions:
        assert one.proof.ways
        assert one.proof.period == one.period
        waiting = [one.proof]
        while waiting:
            proof = waiting.pop()
            for way in proof.ways:
                assert way.rule in rules
                assert all(phrase.startswith("no ") for phrase in way.absent)
                waiting += way.premises
