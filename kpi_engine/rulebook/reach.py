"""Whether escalation rules can fire: what each field can hold, followed from rule to rule."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from kpi_engine.rulebook.allowed import ANYTHING, Allowed, either, of_test, of_type
from kpi_engine.rulebook.pack import FACT_TYPES, Reference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kpi_engine.rulebook.document import Path
    from kpi_engine.rulebook.pack import EscalationRule, FieldTest, FieldType, Join, Pattern

Shape: TypeAlias = "Mapping[str, Allowed]"
Place: TypeAlias = tuple[str, str]
Types: TypeAlias = "Mapping[str, Mapping[str, FieldType]]"

_ROUNDS: Final = 8  # each follows rules one step further; where they stop, more is allowed, never less


@dataclass(frozen=True, slots=True)
class ReadRule:
    """A rule, its place in the file, and whether all of it could be made out."""

    path: Path
    rule: EscalationRule
    whole: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a rule ends: a pattern that no fact matches, or a `join` of it that never holds.

    `here` and `there` are what the joined field and the one referred to can be.
    """

    pattern: Pattern
    join: Join | None = None
    here: Allowed = ANYTHING
    there: Allowed = ANYTHING


@dataclass(slots=True)
class Met:
    """The patterns of a rule put together: what each field can be where all of them match."""

    roots: dict[Place, tuple[Place, int]] = field(default_factory=dict)
    held: dict[Place, Allowed] = field(default_factory=dict)
    stop: Stop | None = None

    def root(self, name: str, of: str) -> tuple[Place, int]:
        """The field that this one follows from, and what is added to that."""
        return self.roots.get((name, of), ((name, of), 0))

    def can_be(self, name: str, of: str) -> Allowed:
        """What the field of the named fact can be."""
        root, plus = self.root(name, of)
        return self.held.get(root, ANYTHING).plus(plus)


@dataclass(slots=True)
class Reach:
    """What facts of each type can look like: a shape for those stated, and one for each rule.

    Not `complete`: there are rules that could not be read, so there can be any fact.
    """

    types: Types
    read: Sequence[ReadRule]
    complete: bool
    shapes: dict[int, Shape] = field(default_factory=dict)
    _by_type: dict[str, list[Shape]] = field(default_factory=dict)
    _matching: dict[tuple[str, tuple[FieldTest, ...]], Shape | None] = field(default_factory=dict)

    def shapes_of(self, type_: str) -> Sequence[Shape]:
        """Every shape that a fact of the type can have; none: there can be no such fact."""
        return self._by_type.get(type_, ())

    def can_be(self, type_: str, of: str) -> Allowed:
        """What the field can be in any fact of the type."""
        return either(shape.get(of, ANYTHING) for shape in self.shapes_of(type_))

    def matching(self, pattern: Pattern) -> Shape | None:
        """The shape of the facts that pass the pattern's own tests; None: there are none."""
        key = pattern.type, pattern.tests
        if key not in self._matching:
            self._matching[key] = self._matched(pattern)
        return self._matching[key]

    def _matched(self, pattern: Pattern) -> Shape | None:
        tests = {test.field: of_test(test) for test in pattern.tests}
        if pattern.type not in self.types:  # at fault, which is told
            return tests
        passing = [
            shape
            for shape in self.shapes_of(pattern.type)
            if all(shape.get(of, ANYTHING).meets(wanted) for of, wanted in tests.items())
        ]
        if not passing:
            return None
        return {of: either(shape[of] for shape in passing).both(tests.get(of, ANYTHING)) for of in passing[0]}

    def met(self, patterns: Sequence[Pattern]) -> Met:
        """The patterns put together, as far as they go."""
        met = Met()
        for pattern in patterns:
            shape = self.matching(pattern)
            if shape is None:
                met.stop = Stop(pattern)
                return met
            joins = {join.field: join for join in pattern.joins}
            for of, here in shape.items():
                place = pattern.name, of
                met.held.setdefault(place, here)
                if of not in joins:
                    continue
                to = joins[of].to
                there = met.can_be(to.of, to.field).plus(to.plus)
                root, plus = met.root(to.of, to.field)
                met.roots[place] = root, plus + to.plus
                met.held[root] = there.both(here).plus(-plus - to.plus)
                if met.held[root].empty:
                    met.stop = Stop(pattern, joins[of], here, there)
                    return met
        return met

    def follow(self) -> None:
        """Work out every shape, from what types allow to what rules leave."""
        self.shapes = {i: self._typed(one.rule.then.type) for i, one in enumerate(self.read)}
        for _ in range(_ROUNDS):
            self._sort()
            shapes = {i: self._follows(one.rule) for i, one in enumerate(self.read)}
            if shapes == self.shapes:
                return
            self.shapes = shapes
        self._sort()

    def _sort(self) -> None:
        self._matching.clear()
        self._by_type.clear()
        for type_ in FACT_TYPES if self.complete else self.types:
            self._by_type[type_] = [self._typed(type_)]
        for i, one in enumerate(self.read):
            self._by_type.setdefault(one.rule.then.type, []).append(self.shapes[i])

    def _typed(self, type_: str) -> Shape:
        return {of: of_type(holds) for of, holds in self.types.get(type_, {}).items()}

    def _follows(self, rule: EscalationRule) -> Shape:
        """The shape of what the rule derives; of one that cannot fire, what it might: others get no echo."""
        met = self.met(rule.when)
        shape = dict(self._typed(rule.then.type))
        for of, held in rule.then.fields:
            if not isinstance(held, Reference):
                shape[of] = Allowed(frozenset({held}))
            elif met.stop is None:
                narrowed = shape[of].both(met.can_be(held.of, held.field).plus(held.plus))
                shape[of] = shape[of] if narrowed.empty else narrowed
        return shape
