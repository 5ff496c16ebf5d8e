"""durable-rules and the built-in engine derive the same facts, by the same ways, from any facts and rules."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from kpi_engine.escalation.builtin import derive_builtin
from kpi_engine.escalation.durable import Worker
from kpi_engine.rulebook.pack import (
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
from kpi_engine.terms.fact import Why, fact
from tests.escalation.packs import Given, given_sets, need_durable

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    need_durable()
    with Worker(seconds=60) as one:
        yield one


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(case=given_sets())
def test_both_engines_give_the_same_facts_and_ways(worker: Worker, case: Given) -> None:
    expected = derive_builtin(case.pack, case.facts)
    assert worker.derive(case.pack, case.facts) == expected
    assert worker.derive(case.pack, case.shuffled) == expected


TYPES = MappingProxyType(
    {
        "link": {"a": TEXT, "b": TEXT},
        "path": {"a": TEXT, "b": TEXT},
        "miss": {"who": TEXT, "seq": NUMBER},
        "twice": {"who": TEXT, "seq": NUMBER},
    }
)


def rule(name: str, when: tuple[Pattern, ...], then: Consequence, *unless: Pattern) -> EscalationRule:
    return EscalationRule(name, "", "", when, unless, then, (), ())


def pack(*strata: tuple[EscalationRule, ...]) -> Pack:
    return Pack(TYPES, tuple(one for stratum in strata for one in stratum), strata)


def link(a: str, b: str) -> Pattern:
    return Pattern("x", "link", (FieldTest("a", Op.IS, (a,)), FieldTest("b", Op.IS, (b,))), ())


def test_every_way_round_a_ring_is_found(worker: Worker) -> None:
    ends = Consequence("path", (("a", Reference("x", "a")), ("b", Reference("x", "b"))))
    on = Consequence("path", (("a", Reference("x", "a")), ("b", Reference("y", "b"))))
    step = Pattern("y", "path", (), (Join("a", Reference("x", "b")),))
    ring = pack(
        (
            rule("link", (Pattern("x", "link", (), ()),), ends),
            rule("on", (Pattern("x", "path", (), ()), step), on),
        )
    )
    facts = [fact("link", {"a": f"n{n}", "b": f"n{(n + 1) % 6}"}) for n in range(6)]
    derived = worker.derive(ring, facts)
    assert len(derived.facts) == 36
    assert len(derived.whys) == 6 + 6**3
    assert derived == derive_builtin(ring, facts)


def test_a_fact_both_stated_and_derived_has_its_way(worker: Worker) -> None:
    ends = Consequence("path", (("a", Reference("x", "a")), ("b", "end")))
    rules = pack((rule("link", (Pattern("x", "link", (), ()),), ends),))
    stated, known = fact("link", {"a": "1", "b": "2"}), fact("path", {"a": "1", "b": "end"})
    derived = worker.derive(rules, [stated, known])
    assert derived.facts == (known,)
    assert derived.whys == (Why(known.id, "link", (stated.id,)),)


def test_one_fact_may_match_two_patterns(worker: Worker) -> None:
    same = Pattern("y", "link", (), (Join("a", Reference("x", "a")),))
    rules = pack(
        (rule("pair", (Pattern("x", "link", (), ()), same), Consequence("path", (("a", ""), ("b", "")))),)
    )
    facts = [fact("link", {"a": "1", "b": b}) for b in "23"]
    assert len(worker.derive(rules, facts).whys) == 4


def test_an_absent_fact_of_a_matched_type_takes_no_other_rules_match_along(worker: Worker) -> None:
    """The last month of each row, and every month of it: the one must not cost the other."""
    month = Pattern("x", "miss", (), ())
    next_month = Pattern(
        "n", "miss", (), (Join("who", Reference("x", "who")), Join("seq", Reference("x", "seq", 1)))
    )
    all_of_it = tuple((name, Reference("x", name)) for name in ("who", "seq"))
    rules = pack(
        (
            rule("last", (month,), Consequence("twice", all_of_it), next_month),
            rule("each", (month,), Consequence("twice", all_of_it)),
        )
    )
    facts = [fact("miss", {"who": "a", "seq": seq}) for seq in range(1, 6)]
    derived = worker.derive(rules, facts)
    assert [why.rule for why in derived.whys].count("last") == 1
    assert derived == derive_builtin(rules, facts)


def test_more_rules_than_one_set_holds_feed_each_other(worker: Worker) -> None:
    rules = tuple(
        rule(
            f"r{n}",
            (link(f"n{n}", f"n{n + 1}"),),
            Consequence("link", (("a", f"n{n + 1}"), ("b", f"n{n + 2}"))),
        )
        for n in range(300)
    )
    facts = [fact("link", {"a": "n0", "b": "n1"})]
    derived = worker.derive(pack(rules), facts)
    assert len(derived.facts) == 300
    assert derived == derive_builtin(pack(rules), facts)


def test_texts_that_look_like_numbers_or_json_stay_texts(worker: Worker) -> None:
    words = [
        "1",
        1,
        "01",
        "\\u0031",
        '"',
        "\\",
        "'",
        "é",
        "e\u0301",
        "\u2028",
        '","t":0}',
        "",
        " ",
        "x" * 200,
    ]
    same = Pattern("y", "path", (), (Join("a", Reference("x", "a")),))
    seen = Consequence("twice", (("who", Reference("x", "a")), ("seq", 0)))
    rules = pack((rule("same", (Pattern("x", "link", (), ()), same), seen),))
    facts = [fact(kind, {"a": str(word), "b": ""}) for kind in ("link", "path") for word in words]
    derived = worker.derive(rules, facts)
    assert {one["who"] for one in derived.facts} == set(map(str, words))
    assert derived == derive_builtin(rules, facts)
