"""The built-in engine: facts and rules -> all that follows, by semi-naive evaluation with hash indexes."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from kpi_engine.rulebook.pack import Op, Reference
from kpi_engine.terms.fact import Derived, Fact, Value, Why, fact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kpi_engine.rulebook.pack import Consequence, EscalationRule, FieldTest, Pack, Pattern

_SIZES: Final[Mapping[Op, Callable[[int, int], bool]]] = {
    Op.AT_LEAST: operator.ge,
    Op.AT_MOST: operator.le,
    Op.MORE_THAN: operator.gt,
    Op.LESS_THAN: operator.lt,
}


def derive_builtin(pack: Pack, facts: Iterable[Fact]) -> Derived:
    """What the rules of `pack` make of `facts`, and every way to it; the order of `facts` never matters."""
    store = _Store()
    store.add(facts)
    derived: dict[str, Fact] = {}
    whys: list[Why] = []
    for stratum in pack.strata:
        for one, why in _close(store, stratum):
            derived[one.id] = one
            whys.append(why)
    # As the values sort themselves, at a third of the cost.
    facts_in_order = sorted(derived.values(), key=attrgetter("type", "fields", "id"))
    return Derived(tuple(facts_in_order), tuple(sorted(whys, key=attrgetter("fact", "rule", "premises"))))


def holds(test: FieldTest, value: Value) -> bool:
    """Whether a field with `value` passes; text passes no test of size."""
    if test.op is Op.IS:
        return value in test.values
    if test.op is Op.NOT:
        return value not in test.values
    limit = test.values[0]
    if isinstance(value, str) or isinstance(limit, str):
        return False
    return _SIZES[test.op](value, limit)


# ── What is known ────────────────────────────────────────────────────────────


class _Row(
    NamedTuple
):  # thousands are made for each set of facts, and a frozen dataclass takes thrice as long
    """A fact, its fields by name, and the round that brought it."""

    fact: Fact
    values: Mapping[str, Value]
    round: int


_Index: TypeAlias = "dict[tuple[Value, ...], list[_Row]]"


@dataclass(slots=True)
class _Store:
    """All facts known, indexed by whatever fields rules have asked for."""

    round: int = 0
    ids: set[str] = field(default_factory=set)
    rows: dict[str, list[_Row]] = field(default_factory=dict)  # by type
    fresh: dict[str, list[_Row]] = field(default_factory=dict)  # those of the last round, by type
    indexes: dict[str, dict[tuple[str, ...], _Index]] = field(default_factory=dict)  # by type, by fields

    def add(self, facts: Iterable[Fact]) -> None:
        """Begin a round: what is not yet known becomes known, and fresh."""
        self.round += 1
        self.fresh = {}
        for one in facts:
            if one.id in self.ids:
                continue
            self.ids.add(one.id)
            row = _Row(one, dict(one.fields), self.round)
            self.rows.setdefault(one.type, []).append(row)
            self.fresh.setdefault(one.type, []).append(row)
        for kind, rows in self.fresh.items():
            for fields, index in self.indexes.get(kind, {}).items():
                _enter(index, fields, rows)

    def find(self, kind: str, fields: tuple[str, ...], values: tuple[Value, ...]) -> Sequence[_Row]:
        """The facts of a type whose `fields` hold `values`."""
        of_type = self.indexes.setdefault(kind, {})
        if fields not in of_type:
            of_type[fields] = {}
            _enter(of_type[fields], fields, self.rows.get(kind, ()))
        return of_type[fields].get(values, ())


def _enter(index: _Index, fields: tuple[str, ...], rows: Iterable[_Row]) -> None:
    for row in rows:
        values = row.values
        index.setdefault(tuple([values[name] for name in fields]), []).append(row)


# ── How a rule is matched ────────────────────────────────────────────────────


class _Wanted(NamedTuple):
    """What `field` of the fact that pattern `at` matches holds, `plus` a whole number; else `value`."""

    at: int | None
    field: str
    plus: int
    value: Value


class _Step(NamedTuple):
    """A pattern to match once those before it are: by index on `fields`, then by its other tests.

    `at` is its place in the rule. `old_only`: facts of the last round do not count, since a match with
    them starts elsewhere.
    """

    at: int
    type: str
    fields: tuple[str, ...]
    equals: tuple[_Wanted, ...]
    tests: tuple[FieldTest, ...]
    old_only: bool


class _Plan(NamedTuple):
    """A rule matched from one of its patterns on: the steps to take, what must be absent, what follows."""

    steps: tuple[_Step, ...]
    first: tuple[FieldTest, ...]  # all tests of the pattern that the first step matches
    absent: tuple[_Step, ...]
    type: str
    then: tuple[tuple[str, _Wanted], ...]


_Ties: TypeAlias = "list[tuple[str, Value | Reference]]"
"""Fields that must hold a value, or what another pattern's field holds."""


@lru_cache(maxsize=1024)  # the rules of a pack are asked again for every set of facts
def _plans(when: tuple[Pattern, ...], unless: tuple[Pattern, ...], then: Consequence) -> tuple[_Plan, ...]:
    """The ways to match a rule: one from each of its patterns."""
    return tuple(_plan(when, unless, then, start) for start in range(len(when)))


def _plan(when: tuple[Pattern, ...], unless: tuple[Pattern, ...], then: Consequence, start: int) -> _Plan:
    """Begin with pattern `start`; go on each time with the one that most joins tie to those done."""
    place = {pattern.name: number for number, pattern in enumerate(when)}
    done: list[str] = []
    waiting = list(when)
    steps = []
    pattern = when[start]
    while True:
        waiting.remove(pattern)
        ties = _ties(when, pattern, done)
        steps.append(_step(pattern, ties, place, old_only=place[pattern.name] < start))
        done.append(pattern.name)
        if not waiting:
            break
        pattern = max(waiting, key=lambda one: len(_ties(when, one, done)))
    absent = (_step(one, [(j.field, j.to) for j in one.joins], place, old_only=False) for one in unless)
    follows = tuple((name, _wanted(value, place)) for name, value in then.fields)
    return _Plan(tuple(steps), when[start].tests, tuple(absent), then.type, follows)


def _ties(when: Sequence[Pattern], pattern: Pattern, done: Sequence[str]) -> _Ties:
    """What the patterns `done` say about `pattern`'s fields; a join is read from either end."""
    own: _Ties = [(join.field, join.to) for join in pattern.joins if join.to.of in done]
    theirs: _Ties = [
        (join.to.field, Reference(other.name, join.field, -join.to.plus))
        for other in when
        if other.name in done
        for join in other.joins
        if join.to.of == pattern.name
    ]
    return own + theirs


def _step(pattern: Pattern, ties: _Ties, place: Mapping[str, int], *, old_only: bool) -> _Step:
    fixed = [t for t in pattern.tests if t.op is Op.IS and len(t.values) == 1]
    rest = tuple(t for t in pattern.tests if t not in fixed)
    equals = [*((t.field, t.values[0]) for t in fixed), *ties]
    return _Step(
        at=place.get(pattern.name, -1),
        type=pattern.type,
        fields=tuple(name for name, _ in equals),
        equals=tuple(_wanted(value, place) for _, value in equals),
        tests=rest,
        old_only=old_only,
    )


def _wanted(value: Value | Reference, place: Mapping[str, int]) -> _Wanted:
    if isinstance(value, Reference):
        return _Wanted(place[value.of], value.field, value.plus, 0)
    return _Wanted(None, "", 0, value)


def _value(wanted: _Wanted, bound: Sequence[_Row]) -> Value:
    at, name, plus, value = wanted
    if at is None:
        return value
    held = bound[at].values[name]
    return held + plus if plus and isinstance(held, int) else held


def _candidates(store: _Store, step: _Step, bound: Sequence[_Row]) -> Iterator[_Row]:
    """The facts that a step matches, given those that the steps before it did: `bound`, by place."""
    for row in store.find(step.type, step.fields, tuple([_value(one, bound) for one in step.equals])):
        if step.old_only and row.round == store.round:
            continue
        for test in step.tests:
            if not holds(test, row.values[test.field]):
                break
        else:
            yield row


def _complete(
    store: _Store, rule: str, plan: _Plan, bound: list[_Row], taken: int
) -> Iterator[tuple[Fact, Why]]:
    """What follows from every way to match the steps after the first `taken`; `bound` is written over."""
    if taken < len(plan.steps):
        step = plan.steps[taken]
        for row in _candidates(store, step, bound):
            bound[step.at] = row
            yield from _complete(store, rule, plan, bound, taken + 1)
        return
    for step in plan.absent:
        for _ in _candidates(store, step, bound):
            return
    follows = fact(plan.type, {name: _value(wanted, bound) for name, wanted in plan.then})
    yield follows, Why(follows.id, rule, tuple([row.fact.id for row in bound]))


def _from_fresh(store: _Store, rule: str, plan: _Plan) -> Iterator[tuple[Fact, Why]]:
    """What follows from matches whose first step is a fact of the last round."""
    first = plan.steps[0]
    for row in store.fresh.get(first.type, ()):
        if all(holds(test, row.values[test.field]) for test in plan.first):
            yield from _complete(store, rule, plan, [row] * len(plan.steps), 1)


def _close(store: _Store, rules: Sequence[EscalationRule]) -> Iterator[tuple[Fact, Why]]:
    """Everything that the rules of one stratum make of the store, which gains it.

    First every match; then, round by round, each match whose earliest fact of the
    last round is the one it starts from, so that none is found twice.
    """
    plans = [(rule.id, _plans(rule.when, rule.unless, rule.then)) for rule in rules]
    made = [
        found
        for rule, (plan, *_) in plans
        for found in _complete(store, rule, plan, [_NO_ROW] * len(plan.steps), 0)
    ]
    while made:
        yield from made
        store.add(follows for follows, _ in made)
        made = [found for rule, every in plans for plan in every for found in _from_fresh(store, rule, plan)]


_NO_ROW: Final = _Row(fact("", {}), {}, 0)
"""Stands where no fact is matched yet."""
