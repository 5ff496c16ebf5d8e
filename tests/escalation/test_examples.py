"""Examples of escalation rules: all the rules together get them right, and each rule has its turn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kpi_engine.escalation.examples import run_escalation_examples
from kpi_engine.rulebook.pack import FACT_TYPES, NO_PACK
from tests.escalation.small_packs import example, follows, never, pack, rule

if TYPE_CHECKING:
    from kpi_engine.rulebook.pack import EscalationExample
    from kpi_engine.terms.fact import Value

RAISE = {"is": "raised", "family": "f", "about": "$a.indicator", "seq": "$a.seq"}
EXCEPTION = rule(
    "exception",
    {"a": {"is": "raised"}},
    {"is": "exception", "kind": "$a.kind", "severity": "$a.severity", "about": "$a.about", "seq": "$a.seq"},
    unless={"o": {"is": "outranked", "kind": "$a.kind", "about": "$a.about", "seq": "$a.seq"}},
)
MISS = rule("miss", {"a": {"is": "verdict", "status": "fail"}}, {**RAISE, "kind": "miss", "severity": 2})
WORSE = rule(
    "worse",
    {
        "a": {"is": "verdict", "status": "fail"},
        "v": {"is": "variation", "variation": "concern", "indicator": "$a.indicator", "seq": "$a.seq"},
    },
    {**RAISE, "kind": "worse", "severity": 3},
)
LOWER = rule(
    "lower",
    {
        "a": {"is": "raised", "kind": "miss"},
        "b": {"is": "raised", "kind": "worse", "about": "$a.about", "seq": "$a.seq"},
    },
    {"is": "outranked", "kind": "$a.kind", "about": "$a.about", "seq": "$a.seq"},
)
FAIL: dict[str, Value] = {"is": "verdict", "indicator": "m", "seq": 3, "status": "fail"}
FALLING: dict[str, Value] = {"is": "variation", "indicator": "m", "seq": 3, "variation": "concern"}


def faults(*examples: EscalationExample) -> list[tuple[str, ...]]:
    """What is told of examples carried by the rule `worse`, run with all four rules."""
    rules = pack([MISS, replace(WORSE, examples=examples)], [LOWER], [EXCEPTION])
    return [outcome.faults for outcome in run_escalation_examples(rules)]


def test_an_example_that_the_rules_get_right_has_no_fault() -> None:
    right = example(
        "a miss that gets worse",
        [FAIL, FALLING],
        follows("exception", kind="worse", about="m", seq=3),
        never("exception", kind="miss"),
    )
    assert faults(right) == [()]


def test_what_does_not_follow_is_told_with_what_does() -> None:
    wrong = example("the lower one", [FAIL, FALLING], follows("exception", kind="miss", seq=3))
    assert faults(wrong) == [
        ("exception (kind miss, seq 3) must follow; what follows is kind worse, seq 3",),
    ]


def test_where_nothing_of_the_type_follows_that_is_told() -> None:
    wrong = example("no miss", [{**FAIL, "status": "pass"}], follows("exception", kind="miss"))
    (told,) = faults(example("fires", [FAIL, FALLING], follows("raised", kind="worse")), wrong)[1:]
    assert told == ("exception (kind miss) must follow; no exception follows",)


def test_what_must_not_follow_is_told_with_the_rule_that_makes_it() -> None:
    wrong = example("quiet", [FAIL, FALLING], never("raised", kind="worse", about="m"))
    assert faults(wrong) == [("raised (kind worse, about m) must not follow; it does, by worse",)]


def test_a_type_alone_may_be_expected() -> None:
    assert faults(example("any", [FAIL, FALLING], follows("exception"))) == [()]
    assert faults(example("none", [FAIL, FALLING], never("exception"))) == [
        ("exception must not follow; it does, by exception",)
    ]


def test_a_stated_fact_that_no_rule_derives_does_not_follow() -> None:
    stated: dict[str, Value] = {"is": "exception", "kind": "worse", "about": "m", "seq": 3}
    wrong = example("stated", [stated], follows("exception", kind="worse"))
    assert faults(wrong)[0][0] == "exception (kind worse) must follow; no exception follows"


def test_a_rule_that_none_of_its_examples_makes_fire_is_told_on_the_last() -> None:
    quiet = example("a miss alone", [FAIL], never("exception", kind="worse"))
    assert faults(quiet, quiet) == [(), ("no example makes worse fire",)]


def test_a_rule_that_fires_in_one_of_its_examples_has_had_its_turn() -> None:
    fires = example("fires", [FAIL, FALLING], follows("exception", kind="worse"))
    quiet = example("a miss alone", [FAIL], never("exception", kind="worse"))
    assert faults(fires, quiet) == [(), ()]


def test_a_field_left_out_is_nought_or_empty_or_the_word_that_says_nothing() -> None:
    whole: dict[str, Value] = {
        "is": "verdict",
        "indicator": "",
        "seq": 0,
        "status": "fail",
        "reason": "",
        "target": "none",
        "on_course": "unknown",
        "validated": "not_stated",
        "headline": "no",
        "small": "no",
        "in_doubt": 0,
        "gap": 0,
        "days_left": 0,
    }
    exact = rule("exact", {"a": dict(whole)}, {**RAISE, "kind": "exact", "severity": 1})
    one = example("only its status", [{"is": "verdict", "status": "fail"}], follows("raised", kind="exact"))
    (outcome,) = run_escalation_examples(pack([replace(exact, examples=(one,))]))
    assert outcome.faults == ()


def test_a_field_without_a_word_that_says_nothing_must_be_written() -> None:
    wrong = example("which status", [{"is": "verdict", "seq": 3}], follows("exception"))
    assert faults(wrong) == [
        ("verdict (seq 3) must say its status: one of fail, not_assessed, not_due, pass",),
    ]


@pytest.mark.parametrize("kind", sorted(FACT_TYPES))
def test_few_fields_must_be_written(kind: str) -> None:
    (told,) = faults(example("bare", [{"is": kind}], never("state")))
    must = {"verdict": 1, "milestone": 1, "finding": 1, "commentary": 1}.get(kind)
    assert len(told) == (must or 1)
    assert all(fault.startswith(f"{kind} must say its ") for fault in told) == (must is not None)


def test_no_rules_have_no_examples() -> None:
    assert list(run_escalation_examples(NO_PACK)) == []
