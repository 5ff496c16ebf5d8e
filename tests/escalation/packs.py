"""Random packs and facts: several strata, joins, absences, recursion, lists of values, awkward texts."""

from __future__ import annotations

import os
import random
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import strategies as st

from kpi_engine.rulebook.pack import (
    NUMBER,
    TEXT,
    Consequence,
    EscalationRule,
    FieldTest,
    FieldType,
    Join,
    Op,
    Pack,
    Pattern,
    Reference,
)
from kpi_engine.terms.fact import fact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

    from kpi_engine.terms.fact import Fact, Value

T = TypeVar("T")

STATED = {
    "verdict": {"who": TEXT, "seq": NUMBER, "status": FieldType(values=frozenset({"pass", "fail", "none"}))},
    "reads": {"who": TEXT, "sheet": TEXT},
    "step": {"size": NUMBER},
}
DERIVED = (  # a type of each level: rules of a level look for the absence of those below alone
    {"run": {"who": TEXT, "seq": NUMBER}, "tie": {"who": TEXT, "other": TEXT}},
    {"raised": {"who": TEXT, "seq": NUMBER, "severity": NUMBER}},
    {"told": {"who": TEXT, "seq": NUMBER}, "all": {"seq": NUMBER}},
)
TYPES: dict[str, dict[str, FieldType]] = {**STATED, **{k: v for level in DERIVED for k, v in level.items()}}

WORDS = ("a", "b", "1", "")
AWKWARD = ('"', "\\", "\\u0061", "a'", "é", "\u2028", "$m", "id", '","t":1}', "x" * 200, "0", "sid-0", "\n")
EXTREMES = (-2, -1, 4, 2**53, -(2**53))
LOW, HIGH = -3, 5


def need_durable() -> None:
    """Skip the test where durable-rules is not installed; on Linux in CI it has to be."""
    if find_spec("durable_rules_engine") is None:
        assert not (os.environ.get("CI") and sys.platform == "linux"), "durable-rules is not installed"
        pytest.skip("durable-rules is not installed")


def some(values: Sequence[T]) -> SearchStrategy[T]:
    return st.sampled_from(values)


@st.composite
def a_value(draw: DrawFn, kind: FieldType) -> Value:
    """Few values, so that patterns match and joins meet; now and then an extreme one."""
    return draw(some(_values(kind)))


def _values(kind: FieldType) -> Sequence[Value]:
    if kind.values:
        return sorted(kind.values)
    return (0, 1, 2, 3) * 6 + EXTREMES if kind.number else WORDS * 10 + AWKWARD


@st.composite
def facts(draw: DrawFn) -> list[Fact]:
    """Of any type: one that rules derive may be stated too. From a seed: a draw for each field is slow."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    kinds = [chance.choice((*STATED, *STATED, *STATED, *TYPES)) for _ in range(draw(st.integers(0, 30)))]
    return [fact(k, {name: chance.choice(_values(of)) for name, of in TYPES[k].items()}) for k in kinds]


@st.composite
def a_test(draw: DrawFn, name: str, kind: FieldType) -> FieldTest:
    op = draw(some((Op.IS, Op.IS, Op.IS, Op.NOT, *(Op if kind.number else ()))))
    size = draw(some((2, 3, 1, 2, 3, 0))) if op in {Op.IS, Op.NOT} else 1
    return FieldTest(name, op, tuple(draw(a_value(kind)) for _ in range(size)))


@st.composite
def a_pattern(draw: DrawFn, name: str, kinds: Sequence[str], before: Sequence[Pattern]) -> Pattern:
    kind = draw(some(kinds))
    tests, joins = [], []
    for own, of in TYPES[kind].items():
        ends = [(p.name, f) for p in before for f, o in TYPES[p.type].items() if o.number == of.number]
        if draw(st.booleans()) and ends:
            plus = draw(some((0, 0, 0, 1, -1, 2))) if of.number else 0
            joins.append(Join(own, Reference(*draw(some(ends)), plus)))
        if draw(some((False, False, False, True))):
            tests.append(draw(a_test(own, of)))
    return Pattern(name, kind, tuple(tests), tuple(joins))


@st.composite
def a_consequence(draw: DrawFn, kinds: Sequence[str], when: list[Pattern]) -> Consequence:
    """A number that grows is held between bounds, by a test of the pattern it is from."""
    kind = draw(some(kinds))
    fields: list[tuple[str, Value | Reference]] = []
    for name, of in TYPES[kind].items():
        ends = [(n, f) for n, p in enumerate(when) for f, o in TYPES[p.type].items() if o.number == of.number]
        if not ends or draw(some((False, False, False, True))):
            fields.append((name, draw(a_value(of))))
            continue
        n, field = draw(some(ends))
        plus = draw(some((0, 0, 1, -1))) if of.number else 0
        if plus:
            bounds = (FieldTest(field, Op.LESS_THAN, (HIGH,)), FieldTest(field, Op.MORE_THAN, (LOW,)))
            when[n] = Pattern(when[n].name, when[n].type, (*when[n].tests, *bounds), when[n].joins)
        fields.append((name, Reference(when[n].name, field, plus)))
    return Consequence(kind, tuple(fields))


@st.composite
def a_rule(draw: DrawFn, name: str, level: int) -> EscalationRule:
    below = [*STATED, *(kind for types in DERIVED[:level] for kind in types)]
    own = list(DERIVED[level])
    when: list[Pattern] = []
    for letter in "abcd"[: draw(some((1, 2, 2, 3, 3, 4)))]:
        when.append(draw(a_pattern(letter, [*below, *below[len(STATED) :], *own], when)))
    unless = tuple(draw(a_pattern(f"n{n}", below, when)) for n in range(draw(some((0, 0, 1, 2)))))
    then = draw(a_consequence(own, when))
    return EscalationRule(name, "", "", tuple(when), unless, then, (), ())


@st.composite
def a_pack(draw: DrawFn) -> Pack:
    levels = draw(st.lists(st.integers(0, len(DERIVED) - 1), min_size=1, max_size=7))
    rules = [draw(a_rule(f"rule-{n}", level)) for n, level in enumerate(levels)]
    strata = [
        tuple(rule for rule, own in zip(rules, levels, strict=True) if own == level)
        for level in range(len(DERIVED))
    ]
    return Pack(MappingProxyType(TYPES), tuple(rules), tuple(filter(None, strata)))


@dataclass(frozen=True, slots=True)
class Given:
    """Rules, and facts in two orders."""

    pack: Pack
    facts: list[Fact]
    shuffled: list[Fact]


@st.composite
def given_sets(draw: DrawFn) -> Given:
    stated = draw(facts())
    return Given(draw(a_pack()), stated, draw(st.permutations(stated)))
