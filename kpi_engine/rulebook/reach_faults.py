"""Faults of escalation rules that can never do what they say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kpi_engine.rulebook.allowed import of_test, of_type
from kpi_engine.rulebook.nearest import did_you_mean
from kpi_engine.rulebook.pack import FACT_TYPES, Op, Reference
from kpi_engine.rulebook.reach import Reach
from kpi_engine.rulebook.strata import hangs_on
from kpi_engine.rulebook.wanted import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kpi_engine.rulebook.allowed import Allowed
    from kpi_engine.rulebook.document import Path, RuleFile
    from kpi_engine.rulebook.pack import FieldTest, Pattern
    from kpi_engine.rulebook.reach import Met, ReadRule, Stop, Types
    from kpi_engine.terms.fact import Value
    from kpi_engine.terms.finding import Finding


def reach_faults(
    file: RuleFile, types: Types, read: Sequence[ReadRule], *, complete: bool
) -> tuple[Finding, ...]:
    """What can never match, be given or start.

    Not `complete`: rules are missing, so any fact may be given.
    """
    everything = complete and all(one.rule.then.type in types for one in read)
    reach = Reach(types, read, everything)
    reach.follow()
    faults = _Faults(file, reach)
    for one in read:
        faults.of_rule(one)
    if everything:
        faults.of_circles()
    return tuple(faults.found)


@dataclass(slots=True)
class _Faults:
    file: RuleFile
    reach: Reach
    found: list[Finding] = field(default_factory=list)
    at_fault: set[int] = field(default_factory=set)

    def of_rule(self, one: ReadRule) -> None:
        before = len(self.found)
        rule = one.rule
        sound = one.whole
        if self.reach.complete:
            given = True
            for part, patterns in (("when", rule.when), ("unless", rule.unless)):
                for pattern in patterns:
                    given &= self._given(one.path, part, pattern)
            self._expected(one)
            sound &= given
        if sound:
            self._together(one)
        if not one.whole or len(self.found) > before:
            self.at_fault.add(id(one))

    # ── Facts that nothing gives ─────────────────────────────────────────────

    def _given(self, path: Path, part: str, pattern: Pattern) -> bool:
        """Whether some rule gives such facts, where no check states them."""
        place = (*path, part, pattern.name)
        if pattern.type in FACT_TYPES or pattern.type not in self.reach.types:
            return True
        if not self.reach.shapes_of(pattern.type):
            self.found.append(self.file.fault("B168", (*place, "is"), found=pattern.type))
            return False
        before = len(self.found)
        for test in pattern.tests:
            if test.op in (Op.IS, Op.NOT):
                for at, text in _leaves(self.file, (*place, test.field)):
                    self._value_given(at, pattern.type, test.field, text)
        return len(self.found) == before

    def _value_given(self, place: Path, type_: str, of: str, text: str) -> None:
        allowed = self.reach.can_be(type_, of)
        value = _typed(text, number=self.reach.types[type_][of].number)
        if value is None or allowed.has(value):
            return
        known = [one for one in allowed.values or () if isinstance(one, str)]
        hint = did_you_mean(text, known)
        what = f"{type_} with {of} {quoted(text)}{hint}"
        self.found.append(self.file.fault("B169", place, what=what))

    def _expected(self, one: ReadRule) -> None:
        """Examples only expect, or rule out, what some rule gives: a misspelt never: always holds."""
        for i, example in enumerate(one.rule.examples):
            for j, expected in enumerate(example.expects):
                place = (*one.path, "examples", i, "expect", j, "never" if expected.never else "follows")
                if expected.type not in self.reach.types:
                    continue
                if not self.reach.shapes_of(expected.type):
                    self.found.append(self.file.fault("B168", (*place, "is"), found=expected.type))
                    continue
                # What the example's own facts say may be passed on.
                own = {value for _, fields in example.given for value in fields.values()}
                for of, value in expected.fields:
                    if value not in own:
                        self._value_given((*place, of), expected.type, of, str(value))

    # ── Rules that cannot fire ───────────────────────────────────────────────

    def _together(self, one: ReadRule) -> None:
        rule = one.rule
        met = self.reach.met(rule.when)
        if met.stop is not None:
            self._stopped((*one.path, "when", met.stop.pattern.name), met.stop, "")
            return
        for pattern in rule.unless:
            place = (*one.path, "unless", pattern.name)
            within = self.reach.met((*rule.when, pattern))
            if within.stop is not None:
                self._stopped(place, within.stop, "this unless: never holds; ")
            for own in rule.when:
                if _always(met, own, pattern):
                    what = f"{own.name} of when: is always such a fact itself."
                    self.found.append(self.file.fault("B171", place, on_key=True, what=what))
                    break
        self._consequence(one, met)

    def _stopped(self, place: Path, stop: Stop, before: str) -> None:
        type_ = stop.pattern.type
        if stop.join is not None:
            of = stop.join.field
            sides = f"is {stop.here.said()} here, and what it must equal is {stop.there.said()}."
            what = f"{before}{type_}.{of} {sides}"
            self.found.append(self.file.fault("B170", (*place, of), what=what))
            return
        for test in stop.pattern.tests:
            allowed = self.reach.can_be(type_, test.field)
            if not allowed.meets(of_test(test)):
                what = f"{before}{type_}.{test.field} is always {allowed.said()}; this leaves none of it."
                self.found.append(self.file.fault("B170", (*place, test.field), what=what))
                return
        if self.reach.complete:
            what = f"{before}no rule gives {type_} with all of these values together."
            self.found.append(self.file.fault("B170", place, on_key=True, what=what))

    def _consequence(self, one: ReadRule, met: Met) -> None:
        """Fields of a closed set only get words of the set."""
        then = one.rule.then
        for of, held in then.fields:
            wanted = of_type(self.reach.types[then.type][of])
            if not isinstance(held, Reference):
                continue
            given = met.can_be(held.of, held.field)
            if not given.within(wanted):
                strange = _outside(given, wanted)
                what = f"{then.type}.{of} is {wanted.said()}; ${held.of}.{held.field} can be {strange}."
                self.found.append(self.file.fault("B164", (*one.path, "then", of), what=what))

    # ── Rules that only each other could start ───────────────────────────────

    def of_circles(self) -> None:
        """Rules that fire only after themselves; those after one that is at fault get no echo."""
        read = self.reach.read
        starts = {i for i, one in enumerate(read) if id(one) in self.at_fault}
        waiting = set(range(len(read))) - starts
        while more := {i for i in waiting if self._waits(i, starts) is None}:
            starts |= more
            waiting -= more
        follows = hangs_on([one.rule for one in read])
        for i in sorted(waiting):
            one, waits = read[i], self._waits(i, starts)
            if waits is not None and one.rule.then.type in {waits.type, *follows.get(waits.type, ())}:
                what = f"such a {waits.type} only ever follows from this rule itself."
                place = (*one.path, "when", waits.name)
                self.found.append(self.file.fault("B170", place, on_key=True, what=what))

    def _waits(self, i: int, starts: set[int]) -> Pattern | None:
        """The first pattern of the rule that nothing stated and no rule of `starts` can match."""
        read = self.reach.read
        for pattern in read[i].rule.when:
            makers = (j for j in starts if read[j].rule.then.type == pattern.type)
            tests = [(test.field, of_test(test)) for test in pattern.tests]
            if pattern.type not in FACT_TYPES and not any(
                all(self.reach.shapes[j][of].meets(passing) for of, passing in tests) for j in makers
            ):
                return pattern
        return None


def _always(met: Met, own: Pattern, unless: Pattern) -> bool:
    """Whether the fact that `own` matches is itself one that `unless` looks for."""
    if own.type != unless.type:
        return False

    def passes(test: FieldTest) -> bool:
        return met.can_be(own.name, test.field).within(of_test(test))

    def equal(of: str, to: Reference) -> bool:
        (here, plus), (there, more) = met.root(own.name, of), met.root(to.of, to.field)
        if (here, plus) == (there, more + to.plus):
            return True
        one, other = met.can_be(own.name, of), met.can_be(to.of, to.field).plus(to.plus)
        return one == other and one.values is not None and len(one.values) == 1

    return all(map(passes, unless.tests)) and all(equal(join.field, join.to) for join in unless.joins)


def _outside(given: Allowed, wanted: Allowed) -> str:
    strange = sorted(str(one) for one in given.values or () if not wanted.has(one))
    return ", ".join(one or '""' for one in strange) if strange else "any text"


def _typed(text: str, *, number: bool) -> Value | None:
    if not number:
        return text
    try:
        return int(text)
    except ValueError:
        return None


def _leaves(file: RuleFile, path: Path) -> Iterator[tuple[Path, str]]:
    """Every text at or below the place."""
    here = file.at(path)
    if isinstance(here, str):
        yield path, here
    elif isinstance(here, list):
        for i in range(len(here)):
            yield from _leaves(file, (*path, i))
    elif isinstance(here, dict):
        for key in here:
            yield from _leaves(file, (*path, key))
