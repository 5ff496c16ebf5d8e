"""Near misses: for each rule that raised nothing, the condition that failed, in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.escalation.builtin import derive_builtin
from kpi_engine.escalation.why_not import NearMiss, why_not
from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.rulebook.pack import NUMBER, TEXT
from kpi_engine.terms.fact import fact
from kpi_engine.terms.verdict import Status
from tests.escalation.small_packs import pack, rule, verdict

if TYPE_CHECKING:
    from random import Random

    from kpi_engine.rulebook.pack import EscalationRule, Pack
    from kpi_engine.terms.fact import Derived, Fact, Value
    from tests.escalation.small_packs import Fields

RULES = Path(__file__).parents[2] / "rules"
FAIL: Fields = {"is": "verdict", "status": "fail"}
OF_A: Fields = {"indicator": "$a.indicator", "seq": "$a.seq"}
EXCEPTION = rule(
    "exception",
    {"a": {"is": "raised"}},
    {"is": "exception", "kind": "$a.kind", "severity": "$a.severity", "about": "$a.about", "seq": "$a.seq"},
    unless={"o": {"is": "outranked", "kind": "$a.kind", "about": "$a.about", "seq": "$a.seq"}},
)
OUTRANKED = rule(
    "outranked",
    {
        "high": {"is": "raised", "severity": 3},
        "low": {"is": "raised", "severity": {"less_than": 3}, "about": "$high.about", "seq": "$high.seq"},
    },
    {"is": "outranked", "kind": "$low.kind", "about": "$low.about", "seq": "$low.seq"},
)


def raising(id_: str, when: dict[str, Fields], *, severity: int = 2, **then: Value) -> EscalationRule:
    """A rule that raises an exception about the measure of its pattern `a`, or what `then` says."""
    fields = {"about": "$a.indicator", "seq": "$a.seq", **then}
    follows: Fields = {"is": "raised", "kind": id_, "severity": severity, "family": "f", **fields}
    return rule(id_, when, follows, title=id_.capitalize())


MISS = raising("miss", {"a": FAIL})


def asked(pack_: Pack, facts: list[Fact], about: str = "m", seq: int = 9) -> tuple[NearMiss, ...]:
    return why_not(pack_, facts, derive_builtin(pack_, facts), about, seq)


def told(rule_: EscalationRule, facts: list[Fact], about: str = "m", seq: int = 9) -> list[str]:
    """The sentences on a rule that stands alone, beside `exception`."""
    return [miss.sentence for miss in asked(pack([rule_], [EXCEPTION]), facts, about, seq)]


def chart(seq: int = 9, variation: str = "common_cause", indicator: str = "m") -> Fact:
    return fact(
        "variation",
        {"indicator": indicator, "seq": seq, "variation": variation, "evidence": "full", "points": 14},
    )


# ── Which condition, and how it failed ───────────────────────────────────────


def test_a_near_miss_names_its_rule_its_title_and_the_pattern() -> None:
    (miss,) = asked(pack([MISS], [EXCEPTION]), [verdict("m", 9, "pass")])
    assert miss == NearMiss("miss", "Miss", "a", "wants the verdict to be fail; it is pass")


def test_a_rule_whose_exception_is_told_is_no_near_miss() -> None:
    assert told(MISS, [verdict("m", 9)]) == []


def test_a_rule_without_a_title_is_not_asked() -> None:
    assert told(replace(MISS, title=""), [verdict("m", 9, "pass")]) == []


def test_an_exception_of_another_period_or_measure_does_not_count() -> None:
    facts = [verdict("m", 8), verdict("n", 9), verdict("m", 9, "pass")]
    assert told(MISS, facts) == ["wants the verdict to be fail; it is pass"]


def test_the_one_condition_that_fails_is_told_where_all_others_hold() -> None:
    worse = raising("worse", {"a": FAIL, "c": {"is": "variation", "variation": "concern", **OF_A}})
    assert told(worse, [verdict("m", 9), chart()]) == [
        "wants the variation to be concern; it is common cause"
    ]
    assert told(worse, [verdict("m", 9, "pass"), chart(variation="concern")]) == [
        "wants the verdict to be fail; it is pass"
    ]


def test_of_several_failures_the_one_of_the_period_asked_is_told_and_the_rest_counted() -> None:
    twice = raising(
        "twice",
        {"a": FAIL, "b": {**FAIL, "indicator": "$a.indicator", "seq": "$a.seq + 1"}},
        about="$b.indicator",
        seq="$b.seq",
    )
    passes = [verdict("m", 8, "pass"), verdict("m", 9, "pass")]
    assert told(twice, passes) == ["wants the verdict to be fail; it is pass; 1 other condition fails too"]
    assert told(twice, [verdict("m", 8, "pass"), verdict("m", 9)]) == [
        "wants the verdict of the period before to be fail; it is pass"
    ]


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"status": ["pass", "not_due"]}, "wants the verdict to be pass or not due; it is fail"),
        ({"status": {"not": ["fail", "pass"]}}, "wants the verdict not to be fail"),
        ({"days_left": {"at_most": 90}}, "wants the verdict to have days left at most 90; it has 200"),
        ({"days_left": {"at_least": 201}}, "wants the verdict to have days left at least 201; it has 200"),
        ({"days_left": {"more_than": 200}}, "wants the verdict to have days left more than 200; it has 200"),
        ({"days_left": {"less_than": 200}}, "wants the verdict to have days left less than 200; it has 200"),
        ({"reason": "no_return"}, "wants the verdict to have reason no return; it has empty"),
        ({"reason": {"not": ""}}, "wants the verdict not to have reason empty"),
    ],
)
def test_each_test_is_put_in_words(wanted: Fields, sentence: str) -> None:
    tested = raising("tested", {"a": {"is": "verdict", **wanted}})
    assert told(tested, [verdict("m", 9, days_left=200)]) == [sentence]


def test_a_fact_that_is_not_there_is_said_not_to_be() -> None:
    late = raising("late", {"a": FAIL, "b": {**FAIL, "indicator": "$a.indicator", "seq": "$a.seq - 2"}})
    assert told(late, [verdict("m", 9)]) == [
        "wants a verdict of fail of 2 periods before; there is none",
    ]
    found = raising("found", {"a": FAIL, "f": {"is": "finding", "code": "R390", "sheet": "care_orders"}})
    assert told(found, [verdict("m", 9)]) == [
        "wants a finding with code R390 and sheet care_orders; there is none",
    ]


def test_a_fact_that_is_there_but_does_not_join_goes_with_none() -> None:
    sheets = raising(
        "sheets",
        {"a": FAIL, "f": {"is": "finding"}, "r": {"is": "reads", "sheet": "$f.sheet"}},
    )
    found = [
        fact("finding", {"code": "R1", "severity": "refuse", "sheet": s, "number": 1, "seq": 9}) for s in "xy"
    ]
    reads = fact("reads", {"indicator": "m", "sheet": "z"})
    assert told(sheets, [verdict("m", 9), *found, reads]) == [
        "wants a measure that reads a sheet; none goes with the rest"
    ]


def test_a_condition_on_another_measure_names_it() -> None:
    linked = raising("linked", {"a": FAIL, "w": {**FAIL, "indicator": "w", "seq": "$a.seq"}})
    assert told(linked, [verdict("m", 9), verdict("w", 9, "pass")]) == [
        "wants the verdict on w to be fail; it is pass"
    ]


def test_an_unless_that_stands_is_told() -> None:
    quiet = replace(
        raising("quiet", {"a": FAIL}),
        unless=rule("_", {"r": {"is": "return", "standing": ["none", "refused"]}}, {"is": "raised"}).when,
    )
    sent = fact("return", {"seq": 9, "standing": "refused"})
    (miss,) = asked(pack([quiet], [EXCEPTION]), [verdict("m", 9), sent])
    assert (miss.pattern, miss.sentence) == ("r", "not while the return is refused")
    assert told(quiet, [verdict("m", 9)]) == []


def test_an_unless_on_a_fact_without_a_status_says_what_is_there() -> None:
    quiet = replace(
        raising("quiet", {"a": FAIL}),
        unless=rule("_", {"f": {"is": "finding", "severity": "refuse"}}, {"is": "raised"}).when,
    )
    found = fact("finding", {"code": "R1", "severity": "refuse", "sheet": "", "number": 1, "seq": 9})
    assert told(quiet, [verdict("m", 9), found]) == ["not while there is a finding with severity refuse"]


def test_an_unless_that_asks_for_more_than_a_status_says_all_of_it() -> None:
    quiet = replace(
        raising("quiet", {"a": FAIL}),
        unless=rule("_", {"o": {**FAIL, "validated": "yes"}}, {"is": "raised"}).when,
    )
    assert told(quiet, [verdict("m", 9)]) == ["not while there is a verdict of fail with validated yes"]


# ── Through facts that other rules derive ────────────────────────────────────

SECOND = rule(
    "second-miss",
    {"x": FAIL, "y": {**FAIL, "indicator": "$x.indicator", "seq": "$x.seq + 1"}},
    {"is": "second_miss", "indicator": "$y.indicator", "seq": "$y.seq"},
)
TWICE = raising("twice", {"a": {"is": "second_miss"}})
DEEP = pack([SECOND], [TWICE], [EXCEPTION], types={"second_miss": {"indicator": TEXT, "seq": NUMBER}})


def test_what_no_rule_derived_is_traced_to_what_the_check_stated() -> None:
    facts = [verdict("m", 8, "pass"), verdict("m", 9)]
    (miss,) = asked(DEEP, facts)
    assert (miss.rule, miss.pattern) == ("twice", "a")
    assert miss.sentence == "wants the verdict of the period before to be fail; it is pass"


def test_a_cycle_of_rules_ends() -> None:
    one = rule(
        "one", {"x": {"is": "second_miss"}}, {"is": "third_miss", "indicator": "$x.indicator", "seq": 9}
    )
    two = rule(
        "two", {"x": {"is": "third_miss"}}, {"is": "second_miss", "indicator": "$x.indicator", "seq": 9}
    )
    shape = {"indicator": TEXT, "seq": NUMBER}
    circular = pack([one, two], [TWICE], types={"second_miss": shape, "third_miss": shape})
    (miss,) = asked(circular, [verdict("m", 9)])
    assert miss.sentence == "wants a second miss; there is none"


def test_what_is_raised_and_outranked_says_what_is_told_instead() -> None:
    worse = raising(
        "worse", {"a": FAIL, "c": {"is": "variation", "variation": "concern", **OF_A}}, severity=3
    )
    both = pack([MISS, worse], [OUTRANKED], [EXCEPTION])
    facts = [verdict("m", 9), chart(variation="concern")]
    assert [(one.rule, one.sentence) for one in asked(both, facts)] == [
        ("miss", "holds, but “Worse” is told instead")
    ]


def test_what_is_raised_and_set_aside_by_a_stated_fact_says_so() -> None:
    stated = fact("outranked", {"kind": "miss", "about": "m", "seq": 9})
    assert told(MISS, [verdict("m", 9), stated]) == [
        "holds, but not while there is an outranked with kind miss",
    ]


# ── What a rule is about ─────────────────────────────────────────────────────


def test_a_rule_on_milestones_is_not_asked_about_a_measure_nor_the_other_way() -> None:
    late = raising("late", {"a": {"is": "milestone", "status": "overdue"}}, about="$a.milestone")
    plan = pack([MISS, late], [EXCEPTION])
    step = fact("milestone", {"milestone": "s", "seq": 9, "status": "not_due", "days": -9, "same_as": ""})
    facts = [verdict("m", 9, "pass"), step]
    assert [one.rule for one in asked(plan, facts)] == ["miss"]
    assert [(one.rule, one.sentence) for one in asked(plan, facts, "s")] == [
        ("late", "wants the milestone to be overdue; it is not due")
    ]


def test_a_rule_on_one_measure_is_not_asked_about_another() -> None:
    only = raising("only", {"a": {**FAIL, "indicator": "n"}})
    facts = [verdict("m", 9, "pass"), verdict("n", 9, "pass")]
    assert told(only, facts) == []
    assert told(only, facts, "n") == ["wants the verdict to be fail; it is pass"]


def test_a_rule_on_the_return_is_asked_only_about_the_return() -> None:
    none = raising("none", {"a": {"is": "return", "standing": "none"}}, about="return")
    facts = [fact("return", {"seq": 9, "standing": "given"}), verdict("m", 9, "pass")]
    assert told(none, facts) == []
    assert told(none, facts, "return") == ["wants the return to be none; it is given"]


def test_facts_that_do_not_go_with_what_was_derived_are_refused() -> None:
    quiet = pack([MISS])
    nothing: Derived = derive_builtin(quiet, [])
    with pytest.raises(ValueError, match="miss derives more"):
        why_not(quiet, [verdict("m", 9)], nothing, "m", 9)


# ── The shipped rules ────────────────────────────────────────────────────────

M = "matched-within-6-months"


@pytest.fixture(scope="module")
def shipped() -> Pack:
    return load_rulebook(RULES).escalations


def period(*statuses: str) -> list[Fact]:
    """A measure whose last verdict is that of seq 9, with all else that a check states of seq 9."""
    here: dict[str, Value] = {"indicator": M, "seq": 9}
    return [
        *(verdict(M, 9 - back, status) for back, status in enumerate(reversed(statuses))),
        chart(indicator=M),
        fact("assurance", {**here, "assurance": "inconsistent"}),
        fact("commentary", {**here, "standing": "given"}),
        fact("reads", {"indicator": M, "sheet": "adoption"}),
        fact("return", {"seq": 9, "standing": "given"}),
    ]


def sentences(shipped: Pack, facts: list[Fact], about: str = M) -> dict[str, str]:
    return {one.rule: one.sentence for one in asked(shipped, facts, about)}


def test_a_second_miss_says_what_kept_it_from_being_urgent(shipped: Pack) -> None:
    said = sentences(shipped, period("pass", "fail", "fail"))
    assert "miss" not in said
    assert said["persistent-miss"] == "wants the verdict of 2 periods before to be fail; it is pass"
    assert said["miss-getting-worse"] == "wants the variation to be concern; it is common cause"
    assert said["out-of-reach"] == "wants the assurance to be consistent fail; it is inconsistent"


def test_a_third_miss_says_that_the_plain_one_gives_way(shipped: Pack) -> None:
    said = sentences(shipped, period("fail", "fail", "fail"))
    assert said["miss"] == "holds, but “Missed three times running” is told instead"
    assert said["no-commentary"] == "wants the commentary to be missing; it is given"
    assert "persistent-miss" not in said


@given(st.lists(st.sampled_from(list(Status)), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_a_rule_either_tells_or_says_why_not_and_the_order_of_facts_never_matters(
    shipped: Pack, statuses: list[str], random: Random
) -> None:
    facts = period(*statuses)
    derived = derive_builtin(shipped, facts)
    kinds = {one["kind"] for one in derived.facts if one.type == "exception" and one["seq"] == 9}
    misses = why_not(shipped, facts, derived, M, 9)
    assert {one.rule for one in misses}.isdisjoint(kinds)
    assert {one.rule for one in misses} | kinds >= {"miss", "persistent-miss", "not-reported", "recovered"}
    assert all(one.sentence for one in misses)
    assert why_not(shipped, random.sample(facts, len(facts)), derived, M, 9) == misses
