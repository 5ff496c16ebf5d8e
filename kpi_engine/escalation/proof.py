"""Proofs: every way from a derived fact down to what the check stated."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from kpi_engine.escalation.facts import ABOUT_FIELDS
from kpi_engine.escalation.outcome import Proof, Way
from kpi_engine.rulebook.pack import ABOUT_RETURN, Op

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kpi_engine.escalation.facts import Calendar, Told
    from kpi_engine.rulebook.pack import FieldTest, Pack, Pattern
    from kpi_engine.terms.fact import Derived, Fact, Value, Why

_OPS: Final = {
    Op.NOT: "other than",
    Op.AT_LEAST: "at least",
    Op.AT_MOST: "at most",
    Op.MORE_THAN: "more than",
    Op.LESS_THAN: "less than",
}


class Proofs:
    """The proofs of one run: each fact's is made once, however many stand on it."""

    def __init__(self, pack: Pack, told: Told, derived: Derived) -> None:
        """Of what `pack` derived from the facts told."""
        self._rules = {rule.id: rule for rule in pack.rules}
        self._calendar = told.calendar
        self._facts = {fact.id: fact for fact in (*told.facts, *derived.facts)}
        self._whys: defaultdict[str, list[Why]] = defaultdict(list)
        for why in derived.whys:
            self._whys[why.fact].append(why)
        self._rank = _ranks({fact.id for fact in told.facts}, derived.whys)
        self._made: dict[str, Proof] = {}

    def of(self, fact: Fact) -> Proof:
        """The fact with every way to it, less those that lead back to the fact itself."""
        made = self._made.get(fact.id)
        if made is None:
            ways = (self._way(why) for why in self._whys[fact.id] if not self._circular(why))
            made = Proof(fact, self._calendar.of(fact), tuple(ways))
            self._made[fact.id] = made
        return made

    def _way(self, why: Why) -> Way:
        rule = self._rules[why.rule]
        premises = [self._facts[name] for name in why.premises]
        bound = {pattern.name: fact for pattern, fact in zip(rule.when, premises, strict=True)}
        absent = tuple(_absent(pattern, bound, self._calendar) for pattern in rule.unless)
        return Way(why.rule, tuple(self.of(fact) for fact in premises), absent)

    def _circular(self, why: Why) -> bool:
        """Whether a premise was known no sooner than the fact, and itself stands on it in some way."""
        return any(
            self._rank[premise] >= self._rank[why.fact] and why.fact in self._beneath(premise)
            for premise in why.premises
        )

    def _beneath(self, fact: str) -> set[str]:
        """The fact and everything that any way to it stands on."""
        found, waiting = {fact}, [fact]
        while waiting:
            for why in self._whys[waiting.pop()]:
                new = set(why.premises) - found
                found |= new
                waiting += new
        return found


def leaves(proof: Proof) -> tuple[Fact, ...]:
    """The facts that all ways of a proof end in, each once, in the order in which they are met."""
    found: dict[str, Fact] = {}
    seen: set[str] = set()
    waiting = [proof]
    while waiting:
        one = waiting.pop()
        if one.fact.id in seen:
            continue
        seen.add(one.fact.id)
        if not one.ways:
            found[one.fact.id] = one.fact
        waiting += [premise for way in reversed(one.ways) for premise in reversed(way.premises)]
    return tuple(found.values())


def _ranks(stated: set[str], whys: Sequence[Why]) -> Mapping[str, int]:
    """In how many steps each fact follows from stated ones at the soonest."""
    ranks = dict.fromkeys(stated, 0)
    lacking = [set(why.premises) - stated for why in whys]
    awaiting: defaultdict[str, list[int]] = defaultdict(list)
    for n, premises in enumerate(lacking):
        for premise in premises:
            awaiting[premise].append(n)
    reached = {why.fact for why, premises in zip(whys, lacking, strict=True) if not premises}
    rank = 0
    while new := reached - ranks.keys():
        rank += 1
        ranks |= dict.fromkeys(new, rank)
        reached = set()
        for premise in new:
            for n in awaiting[premise]:
                lacking[n].discard(premise)
                if not lacking[n]:
                    reached.add(whys[n].fact)
    if any(why.fact not in ranks for why in whys):
        raise ValueError("a fact was derived from facts that nothing derives")
    return ranks


# ── What was looked for and not there ────────────────────────────────────────


def _absent(pattern: Pattern, bound: Mapping[str, Fact], calendar: Calendar) -> str:
    """`no exception of kind miss about later-life-letters of 2024-03`."""
    fixed: dict[str, Value] = {test.field: test.values[0] for test in pattern.tests if _one(test)}
    for join in pattern.joins:
        value = bound[join.to.of][join.to.field]
        fixed[join.field] = value + join.to.plus if isinstance(value, int) else value
    tests = [test for test in pattern.tests if not _one(test)]
    return " ".join((f"no {_word(pattern.type)}", *_said(fixed, tests, calendar)))


def _said(fixed: Mapping[str, Value], tests: Sequence[FieldTest], calendar: Calendar) -> Iterator[str]:
    whose = next((str(fixed[name]) for name in ABOUT_FIELDS if name in fixed), ABOUT_RETURN)
    if "kind" in fixed:
        yield f"of kind {fixed['kind']}"
    if any(name in fixed for name in ABOUT_FIELDS):
        yield "about the return" if whose == ABOUT_RETURN else f"about {whose}"
    for field, value in fixed.items():
        if field not in (*ABOUT_FIELDS, "kind", "seq"):
            yield f"with {_word(field)} {_shown(value)}"
    for test in tests:
        said = " or ".join(map(_shown, test.values))
        yield " ".join(("with", _word(test.field), *([_OPS[test.op]] if test.op in _OPS else []), said))
    seq = fixed.get("seq")
    if isinstance(seq, int):
        yield f"of {calendar.named(whose, seq)}"


def _one(test: FieldTest) -> bool:
    return test.op is Op.IS and len(test.values) == 1


def _word(name: str) -> str:
    return name.replace("_", " ")


def _shown(value: Value) -> str:
    return str(value) if value != "" else "empty"
