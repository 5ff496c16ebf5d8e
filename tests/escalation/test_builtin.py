"""The built-in engine: what follows, every way to it, whatever the order."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi_engine.escalation.builtin import derive_builtin, holds
from kpi_engine.rulebook.pack import (
    NO_PACK,
    NUMBER,
    TEXT,
    Consequence,
    EscalationRule,
    FieldTest,
    Join,
    Op,
    Pack,
    Pattern,
    Reference,
)
from kpi_engine.terms.fact import Derived, Fact, Value, Why, fact
from tests.escalation.small_packs import pack, rule, said, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from random import Random

FAIL = {"is": "verdict", "status": "fail"}
MISS = rule(
    "miss",
    {"a": FAIL},
    {
        "is": "raised",
        "kind": "miss",
        "severity": 2,
        "family": "miss",
        "about": "$a.indicator",
        "seq": "$a.seq",
    },
)
THREE = rule(
    "three",
    {
        "a": FAIL,
        "b": {**FAIL, "indicator": "$a.indicator", "seq": "$a.seq + 1"},
        "c": {**FAIL, "indicator": "$b.indicator", "seq": "$b.seq + 1"},
    },
    {
        "is": "raised",
        "kind": "three",
        "severity": 3,
        "family": "miss",
        "about": "$c.indicator",
        "seq": "$c.seq",
    },
)
OUTRANKED = rule(
    "outranked",
    {
        "a": {"is": "raised", "severity": 2},
        "b": {
            "is": "raised",
            "severity": {"more_than": 2},
            "family": "$a.family",
            "about": "$a.about",
            "seq": "$a.seq",
        },
    },
    {"is": "outranked", "kind": "$a.kind", "about": "$a.about", "seq": "$a.seq"},
)
EXCEPTION = rule(
    "exception",
    {"a": {"is": "raised"}},
    {"is": "exception", "kind": "$a.kind", "severity": "$a.severity", "about": "$a.about", "seq": "$a.seq"},
    unless={"o": {"is": "outranked", "kind": "$a.kind", "about": "$a.about", "seq": "$a.seq"}},
)
ESCALATION = pack([MISS, THREE], [OUTRANKED], [EXCEPTION])
EDGE, REACH = {"from": TEXT, "to": TEXT}, {"from": TEXT, "to": TEXT}
GRAPH = pack(
    [
        rule("edge", {"e": {"is": "edge"}}, {"is": "reach", "from": "$e.from", "to": "$e.to"}),
        rule(
            "onward",
            {"a": {"is": "reach"}, "b": {"is": "reach", "from": "$a.to"}},
            {"is": "reach", "from": "$a.from", "to": "$b.to"},
        ),
    ],
    types={"edge": EDGE, "reach": REACH},
)


def edges(*pairs: str) -> list[Fact]:
    return [fact("edge", {"from": pair[0], "to": pair[1]}) for pair in pairs]


def ways(derived: Derived, one: Fact) -> list[Why]:
    return [why for why in derived.whys if why.fact == one.id]


def test_three_misses_running_are_joined_by_indicator_and_the_next_period() -> None:
    facts = [verdict("m", 1), verdict("m", 2), verdict("m", 3), verdict("n", 4), verdict("m", 5)]
    derived = derive_builtin(pack([THREE]), facts)
    assert said(derived, "raised") == [
        {"about": "m", "family": "miss", "kind": "three", "seq": 3, "severity": 3}
    ]
    (why,) = derived.whys
    assert why == Why(derived.facts[0].id, "three", tuple(one.id for one in facts[:3]))


def test_a_pass_in_between_breaks_the_row() -> None:
    facts = [verdict("m", 1), verdict("m", 2, "pass"), verdict("m", 3)]
    assert derive_builtin(pack([THREE]), facts) == Derived((), ())


def test_the_lower_exception_gives_way_to_the_higher_of_the_same_period() -> None:
    derived = derive_builtin(ESCALATION, [verdict("m", seq) for seq in (1, 2, 3)])
    assert [(one["kind"], one["seq"]) for one in said(derived, "exception")] == [
        ("miss", 1),
        ("miss", 2),
        ("three", 3),
    ]


def test_unless_looks_only_for_what_its_joins_name() -> None:
    quiet = rule(
        "quiet",
        {"a": FAIL},
        {"is": "state", "indicator": "$a.indicator", "seq": "$a.seq", "state": "watch", "note": ""},
        unless={"c": {"is": "verdict", "indicator": "$a.indicator", "seq": "$a.seq - 1", "status": "pass"}},
    )
    derived = derive_builtin(
        pack([quiet]), [verdict("m", 1, "pass"), verdict("m", 2), verdict("n", 2), verdict("n", 4, "pass")]
    )
    assert [one["indicator"] for one in said(derived, "state")] == ["n"]


def test_each_unless_speaks_on_its_own() -> None:
    both = rule(
        "both",
        {"a": FAIL},
        {"is": "outranked", "kind": "x", "about": "$a.indicator", "seq": "$a.seq"},
        unless={
            "p": {"is": "return", "seq": "$a.seq", "standing": "none"},
            "q": {"is": "return", "seq": "$a.seq", "standing": "refused"},
        },
    )
    given_ = fact("return", {"seq": 1, "standing": "refused"})
    assert derive_builtin(pack([both]), [verdict("m", 1), given_]).facts == ()
    assert len(derive_builtin(pack([both]), [verdict("m", 2), given_]).facts) == 1


def test_one_fact_may_match_two_patterns() -> None:
    pair = rule(
        "pair",
        {"a": FAIL, "b": FAIL},
        {"is": "outranked", "kind": "$a.indicator", "about": "$b.indicator", "seq": 0},
    )
    derived = derive_builtin(pack([pair]), [verdict("m", 1), verdict("n", 1)])
    assert [(one["kind"], one["about"]) for one in said(derived, "outranked")] == [
        (one, other) for other in "mn" for one in "mn"
    ]
    assert sum(why.premises[0] == why.premises[1] for why in derived.whys) == 2


def test_a_fact_reached_in_several_ways_is_one_fact_with_every_way() -> None:
    derived = derive_builtin(GRAPH, edges("ab", "bd", "ac", "cd", "ad"))
    ad = fact("reach", {"from": "a", "to": "d"})
    assert derived.facts.count(ad) == 1
    assert [why.rule for why in ways(derived, ad)] == ["edge", "onward", "onward"]


def test_rules_of_a_stratum_feed_each_other_round_a_cycle() -> None:
    derived = derive_builtin(GRAPH, edges("ab", "bc", "ca"))
    assert len(derived.facts) == 9
    assert len(derived.whys) == 3 + 27  # each edge; every a to b to c
    assert len(set(derived.whys)) == len(derived.whys)


def test_a_stated_fact_that_is_also_derived_is_among_the_derived() -> None:
    stated = fact("reach", {"from": "a", "to": "b"})
    derived = derive_builtin(GRAPH, [*edges("ab"), stated])
    assert derived.facts == (stated,)
    assert [why.rule for why in derived.whys] == ["edge"]


def test_a_stated_fact_that_no_rule_derives_is_not_among_the_derived() -> None:
    assert derive_builtin(GRAPH, [fact("reach", {"from": "a", "to": "b"})]).facts == ()


def test_a_fact_given_twice_counts_once() -> None:
    assert derive_builtin(GRAPH, [*edges("ab", "bc"), *edges("ab", "bc")]) == derive_builtin(
        GRAPH, edges("ab", "bc")
    )


def test_a_rule_that_counts_down_stops_at_its_test() -> None:
    down = rule(
        "down",
        {"a": {"is": "outranked", "seq": {"more_than": 0}}},
        {"is": "outranked", "kind": "$a.kind", "about": "$a.about", "seq": "$a.seq - 1"},
    )
    start = fact("outranked", {"kind": "k", "about": "m", "seq": 500})
    derived = derive_builtin(pack([down]), [start])
    assert {one["seq"] for one in derived.facts} == set(range(500))


def test_a_join_is_read_from_its_other_end_too() -> None:
    back = rule(
        "back",
        {"a": FAIL, "b": {"is": "outranked", "about": "$a.indicator", "seq": "$a.seq + 1"}},
        {"is": "outranked", "kind": "back", "about": "$a.indicator", "seq": "$a.seq"},
    )
    end = fact("outranked", {"kind": "end", "about": "m", "seq": 9})
    derived = derive_builtin(pack([back]), [end, *(verdict("m", seq) for seq in (5, 7, 8, 9, 10))])
    assert [one["seq"] for one in derived.facts] == [7, 8]


def test_no_rules_and_no_facts_make_nothing() -> None:
    assert derive_builtin(NO_PACK, [verdict("m", 1)]) == Derived((), ())
    assert derive_builtin(ESCALATION, []) == Derived((), ())


@pytest.mark.parametrize(
    ("op", "values", "passing"),
    [
        (Op.IS, (2, 3), {2, 3}),
        (Op.NOT, (2, 3), {1, 4}),
        (Op.AT_LEAST, (3,), {3, 4}),
        (Op.AT_MOST, (3,), {1, 2, 3}),
        (Op.MORE_THAN, (3,), {4}),
        (Op.LESS_THAN, (3,), {1, 2}),
    ],
)
def test_each_operator_holds_on_both_sides_of_its_number(
    op: Op, values: tuple[int, ...], passing: set[int]
) -> None:
    assert {n for n in (1, 2, 3, 4) if holds(FieldTest("f", op, values), n)} == passing


def test_text_and_numbers_never_pass_for_each_other() -> None:
    assert not holds(FieldTest("f", Op.IS, (1,)), "1")
    assert not holds(FieldTest("f", Op.AT_LEAST, (0,)), "1")


def test_three_years_of_every_authority_take_seconds() -> None:
    facts = [
        verdict(f"authority-{a}-measure-{m}", seq, "fail" if (a * m + seq) % 3 else "pass")
        for a in range(150)
        for m in range(24)
        for seq in range(12)
    ]
    begun = time.perf_counter()
    derived = derive_builtin(ESCALATION, facts)
    assert time.perf_counter() - begun < 60  # quadratic: hours; here about two seconds
    assert derived.facts


# ── Against the meaning of rules, written out naively ────────────────────────


def brute(pack_: Pack, facts: list[Fact]) -> Derived:
    """Every choice of facts for every rule, again and again, until nothing is new."""
    known = {one.id: one for one in facts}
    derived: dict[str, Fact] = {}
    whys: set[Why] = set()
    for stratum in pack_.strata:
        size = -1
        while size != len(whys):
            size = len(whys)
            found = [pair for one in stratum for pair in _matches(one, list(known.values()))]
            for one, why in found:
                known[one.id] = derived[one.id] = one
                whys.add(why)
    return Derived(tuple(sorted(derived.values())), tuple(sorted(whys)))


def _matches(one: EscalationRule, known: list[Fact]) -> Iterator[tuple[Fact, Why]]:
    for chosen in itertools.product(known, repeat=len(one.when)):
        bound = {pattern.name: row for pattern, row in zip(one.when, chosen, strict=True)}
        if not all(_fits(pattern, row, bound) for pattern, row in zip(one.when, chosen, strict=True)):
            continue
        if any(_fits(pattern, row, bound) for pattern in one.unless for row in known):
            continue
        made = fact(one.then.type, {name: _said(wanted, bound) for name, wanted in one.then.fields})
        yield made, Why(made.id, one.id, tuple(row.id for row in chosen))


def _fits(pattern: Pattern, row: Fact, bound: Mapping[str, Fact]) -> bool:
    return (
        row.type == pattern.type
        and all(holds(test, row[test.field]) for test in pattern.tests)
        and all(row[join.field] == _said(join.to, bound) for join in pattern.joins)
    )


def _said(wanted: Value | Reference, bound: Mapping[str, Fact]) -> Value:
    if not isinstance(wanted, Reference):
        return wanted
    value = bound[wanted.of][wanted.field]
    return value + wanted.plus if isinstance(value, int) else value


TYPES = ("t0", "t1", "t2", "t3")  # a rule derives t1.. and denies only what stands before it
NUMBERS = st.integers(0, 3)
WORDS = st.sampled_from(["x", "y", "1"])
FACTS = st.lists(
    st.builds(lambda kind, k, n: fact(kind, {"k": k, "n": n}), st.sampled_from(TYPES), WORDS, NUMBERS),
    max_size=5,
    unique=True,
)
TESTS = st.lists(
    st.builds(lambda op, n: FieldTest("n", op, (n,)), st.sampled_from(list(Op)), NUMBERS)
    | st.builds(lambda ks: FieldTest("k", Op.IS, tuple(ks)), st.lists(WORDS, min_size=1, max_size=2)),
    max_size=1,
)


@st.composite
def patterns(draw: st.DrawFn, name: str, types: tuple[str, ...], before: list[str]) -> Pattern:
    joins = []
    if before:
        for field in draw(st.lists(st.sampled_from("kn"), max_size=2)):
            plus = draw(st.integers(-1, 1)) if field == "n" else 0
            joins.append(Join(field, Reference(draw(st.sampled_from(before)), field, plus)))
    return Pattern(name, draw(st.sampled_from(types)), tuple(draw(TESTS)), tuple(joins))


@st.composite
def rules(draw: st.DrawFn, level: int, number: int) -> EscalationRule:
    when: list[Pattern] = []
    for name in draw(st.sampled_from(["a", "ab", "abc"])):
        when.append(draw(patterns(name, TYPES[: level + 1], [one.name for one in when])))
    names = [one.name for one in when]
    unless = [draw(patterns(name, TYPES[:level], names)) for name in draw(st.sampled_from(["", "u", "uv"]))]
    fields: list[tuple[str, Value | Reference]] = [
        ("k", draw(st.one_of(WORDS, st.builds(Reference, st.sampled_from(names), st.just("k"))))),
        ("n", draw(st.one_of(NUMBERS, st.builds(Reference, st.sampled_from(names), st.just("n"))))),
    ]
    then = Consequence(TYPES[level], tuple(fields))
    return EscalationRule(f"rule-{level}-{number}", "", "", tuple(when), tuple(unless), then, (), ())


@st.composite
def packs(draw: st.DrawFn) -> Pack:
    strata = [
        tuple(draw(rules(level, number)) for number in range(draw(st.integers(0, 2)))) for level in (1, 2, 3)
    ]
    shape = {"k": TEXT, "n": NUMBER}
    return Pack(dict.fromkeys(TYPES, shape), tuple(itertools.chain(*strata)), tuple(strata))


@given(packs(), FACTS)
@settings(max_examples=300)
def test_it_derives_what_the_meaning_of_rules_says(pack_: Pack, facts: list[Fact]) -> None:
    assert derive_builtin(pack_, facts) == brute(pack_, facts)


@given(packs(), FACTS, st.randoms(use_true_random=False))
def test_the_order_of_facts_and_of_rules_in_a_stratum_never_matters(
    pack_: Pack, facts: list[Fact], random: Random
) -> None:
    shuffled = random.sample(facts, len(facts))
    strata = tuple(tuple(random.sample(stratum, len(stratum))) for stratum in pack_.strata)
    assert derive_builtin(Pack(pack_.types, pack_.rules, strata), shuffled) == derive_builtin(pack_, facts)
