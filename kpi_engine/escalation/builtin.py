"""The built-in engine: facts and rules -> all that follows, by semi-naive evaluation with hash indexes."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from kpi_engine.rulebook.pack import Op, Reference
from kpi_engine.terms.fact import Derived, Fact, Value, Why, fact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kpi_engine.rulebook.pack import EscalationRule, FieldTest, Pack, Pattern

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
    return Derived(tuple(sorted(derived.values())), tuple(sorted(whys)))


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


@dataclass(frozen=True, slots=True)
class _Row:
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
            for fields, index in self.indexes.get(one.type, {}).items():
                index.setdefault(tuple(row.values[name] for name in fields), []).append(row)

    def find(self, kind: str, fields: tuple[str, ...], values: tuple[Value, ...]) -> Sequence[_Row]:
        """The facts of a type whose `fields` hold `values`."""
        of_type = self.indexes.setdefault(kind, {})
        if fields not in of_type:
            index = of_type[fields] = {}
            for row in self.rows.get(kind, ()):
                index.setdefault(tuple(row.values[name] for name in fields), []).append(row)
        return of_type[fields].get(values, ())


# ── How a rule is matched ────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Equal:
    """A field that must hold a value, or what another pattern's field holds, `plus` a whole number."""

    field: str
    to: Value | Reference


@dataclass(frozen=True, slots=True)
class _Step:
    """A pattern to match once those before it are: by index on `equals`, then by its other tests.

    `old_only`: facts of the last round do not count, since a match with them starts elsewhere.
    """

    pattern: Pattern
    equals: tuple[_Equal, ...]
    fields: tuple[str, ...]
    tests: tuple[FieldTest, ...]
    old_only: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    """A rule matched from one of its patterns on: the steps to take, then what must be absent."""

    rule: EscalationRule
    steps: tuple[_Step, ...]
    absent: tuple[_Step, ...]


_Bound: TypeAlias = "dict[str, _Row]"
"""The fact that each pattern so far matches, by the pattern's name."""


def _plan(rule: EscalationRule, start: int) -> _Plan:
    """Begin with pattern `start`; go on each time with the one that most joins tie to those done."""
    place = {pattern.name: number for number, pattern in enumerate(rule.when)}
    done: list[str] = []
    waiting = list(rule.when)
    steps = []
    pattern = rule.when[start]
    while True:
        waiting.remove(pattern)
        steps.append(_step(pattern, _ties(rule, pattern, done), old_only=place[pattern.name] < start))
        done.append(pattern.name)
        if not waiting:
            break
        pattern = max(waiting, key=lambda one: len(_ties(rule, one, done)))
    absent = (_step(one, [_Equal(j.field, j.to) for j in one.joins], old_only=False) for one in rule.unless)
    return _Plan(rule, tuple(steps), tuple(absent))


def _ties(rule: EscalationRule, pattern: Pattern, done: Sequence[str]) -> list[_Equal]:
    """What the patterns `done` say about `pattern`'s fields; a join is read from either end."""
    own = [_Equal(join.field, join.to) for join in pattern.joins if join.to.of in done]
    theirs = [
        _Equal(join.to.field, Reference(other.name, join.field, -join.to.plus))
        for other in rule.when
        if other.name in done
        for join in other.joins
        if join.to.of == pattern.name
    ]
    return own + theirs


def _step(pattern: Pattern, ties: Iterable[_Equal], *, old_only: bool) -> _Step:
    fixed = [t for t in pattern.tests if t.op is Op.IS and len(t.values) == 1]
    rest = tuple(t for t in pattern.tests if t not in fixed)
    equals = (*(_Equal(t.field, t.values[0]) for t in fixed), *ties)
    return _Step(pattern, equals, tuple(e.field for e in equals), rest, old_only)


def _value(wanted: Value | Reference, bound: _Bound) -> Value:
    if not isinstance(wanted, Reference):
        return wanted
    value = bound[wanted.of].values[wanted.field]
    return value + wanted.plus if isinstance(value, int) else value


def _candidates(store: _Store, step: _Step, bound: _Bound) -> Iterator[_Row]:
    """The facts that a step matches, given those that the steps before it did."""
    wanted = tuple(_value(equal.to, bound) for equal in step.equals)
    for row in store.find(step.pattern.type, step.fields, wanted):
        if step.old_only and row.round == store.round:
            continue
        if all(holds(test, row.values[test.field]) for test in step.tests):
            yield row


def _complete(store: _Store, plan: _Plan, bound: _Bound, taken: int) -> Iterator[tuple[Fact, Why]]:
    """What follows from every way to match the steps after the first `taken`."""
    if taken < len(plan.steps):
        step = plan.steps[taken]
        for row in _candidates(store, step, bound):
            yield from _complete(store, plan, {**bound, step.pattern.name: row}, taken + 1)
    elif not any(True for step in plan.absent for _ in _candidates(store, step, bound)):
        then = plan.rule.then
        follows = fact(then.type, {name: _value(wanted, bound) for name, wanted in then.fields})
        premises = tuple(bound[pattern.name].fact.id for pattern in plan.rule.when)
        yield follows, Why(follows.id, plan.rule.id, premises)


def _from_fresh(store: _Store, plan: _Plan) -> Iterator[tuple[Fact, Why]]:
    """What follows from matches whose first step is a fact of the last round."""
    first = plan.steps[0].pattern
    for row in store.fresh.get(first.type, ()):
        if all(holds(test, row.values[test.field]) for test in first.tests):
            yield from _complete(store, plan, {first.name: row}, 1)


def _close(store: _Store, rules: Sequence[EscalationRule]) -> Iterator[tuple[Fact, Why]]:
    """Everything that the rules of one stratum make of the store, which gains it.

    First every match; then, round by round, each match whose earliest fact of the
    last round is the one it starts from, so that none is found twice.
    """
    plans = [[_plan(rule, start) for start in range(len(rule.when))] for rule in rules]
    made = [found for first, *_ in plans for found in _complete(store, first, {}, 0)]
    while made:
        yield from made
        store.add(follows for follows, _ in made)
        made = [found for every in plans for plan in every for found in _from_fresh(store, plan)]
