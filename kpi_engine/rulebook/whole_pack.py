"""Faults of escalation rules beside each other: circles, growth, repeats, titles, limits of the engine."""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from math import factorial, prod
from typing import TYPE_CHECKING, Final, TypeAlias

from kpi_engine.rulebook.allowed import of_test
from kpi_engine.rulebook.pack import Op, Reference
from kpi_engine.rulebook.strata import circles, hangs_on

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from kpi_engine.rulebook.allowed import Allowed
    from kpi_engine.rulebook.document import RuleFile
    from kpi_engine.rulebook.pack import EscalationRule, Pattern
    from kpi_engine.rulebook.reach import ReadRule
    from kpi_engine.terms.finding import Finding

PATTERNS_AT_MOST: Final = 15  # of one rule; the engine holds 16 facts at once
JOINS_AT_MOST: Final = 24  # of one pattern; the engine holds 32 expressions
WAYS_AT_MOST: Final = 200  # that a rule stands for, one for every choice from its lists
_ORDERS_TRIED: Final = 120  # in which patterns that look alike are compared

Term: TypeAlias = tuple[str, str]


def pack_faults(file: RuleFile, read: Sequence[ReadRule]) -> Iterator[Finding]:
    """What is wrong with the rules that only shows beside each other, or in the engine."""
    rules = [one.rule for one in read]
    for i, pattern, ids in circles(rules):
        what = f"{pattern.type} follows from this rule itself: {' -> '.join(reversed(ids))}."
        yield file.fault("B172", (*read[i].path, "unless", pattern.name), on_key=True, what=what)
    yield from _growth(file, read)
    yield from _kinds(file, read)
    yield from _repeats(file, [one for one in read if one.whole])
    for one in read:
        yield from _limits(file, one)


def _growth(file: RuleFile, read: Sequence[ReadRule]) -> Iterator[Finding]:
    follows = hangs_on([one.rule for one in read])
    for one in read:
        rule = one.rule
        for of, held in rule.then.fields:
            if not isinstance(held, Reference) or not held.plus:
                continue
            equal = _equal_to(rule, (held.of, held.field))
            types = {pattern.type for pattern in rule.when if any(pattern.name == name for name, _ in equal)}
            # Equal to a field of a fact that does not hang on this rule, it cannot outgrow those.
            if all(rule.then.type in {type_, *follows.get(type_, ())} for type_ in types):
                what = f"each {rule.then.type} would give one more, its {of} {held.plus:+}, without end."
                yield file.fault("B173", (*one.path, "then", of), what=what)


def _equal_to(rule: EscalationRule, term: Term) -> set[Term]:
    """The fields of `when` that are joined to this one, over any number of steps, and it."""
    found = {term}
    links = [
        ((pattern.name, join.field), (join.to.of, join.to.field))
        for pattern in rule.when
        for join in pattern.joins
    ]
    while more := {a for pair in links if found & set(pair) for a in pair} - found:
        found |= more
    return found


def _kinds(file: RuleFile, read: Sequence[ReadRule]) -> Iterator[Finding]:
    """Reports name an exception by the one rule that raises its kind."""
    first: dict[str, ReadRule] = {}
    for one in read:
        kind = dict(one.rule.then.fields).get("kind")
        if not isinstance(kind, str):
            continue
        if not one.rule.title:
            yield file.fault("B176", one.path, found=kind)
        other = first.setdefault(kind, one).rule
        if other is not one.rule and other.id != one.rule.id:
            place = (*one.path, "then", "kind")
            yield file.fault("B175", place, found=other.id, kind=kind, line_of=other.line)


# ── The same rule in other words ─────────────────────────────────────────────


def _repeats(file: RuleFile, read: Sequence[ReadRule]) -> Iterator[Finding]:
    rough = Counter(_rough(one.rule) for one in read)
    first: dict[Hashable, EscalationRule] = {}
    for one in read:
        if rough[_rough(one.rule)] > 1:
            other = first.setdefault(_exact(one.rule), one.rule)
            if other is not one.rule:
                yield file.fault("B174", one.path, found=other.id, line_of=other.line)


def _alike(pattern: Pattern, *, unless: bool) -> tuple[bool, str, str, frozenset[tuple[str, Allowed]]]:
    tests = frozenset((test.field, of_test(test)) for test in pattern.tests)
    joined = ",".join(sorted(join.field for join in pattern.joins)) if unless else ""
    return unless, pattern.type, joined, tests


def _rough(rule: EscalationRule) -> Hashable:
    """Equal for rules that may be the same."""
    patterns = Counter(_alike(p, unless=unless) for p, unless in _patterns(rule))
    return rule.then.type, frozenset(patterns.items())


def _patterns(rule: EscalationRule) -> list[tuple[Pattern, bool]]:
    return [(one, False) for one in rule.when] + [(one, True) for one in rule.unless]


def _exact(rule: EscalationRule) -> Hashable:
    """Equal for rules that are the same but for the names and the order of their facts."""
    groups: dict[Hashable, list[Pattern]] = {}
    for pattern, unless in _patterns(rule):
        groups.setdefault(_alike(pattern, unless=unless), []).append(pattern)
    orders: list[list[str]] = [[]]
    many = prod(factorial(len(group)) for group in groups.values()) > _ORDERS_TRIED
    keys = sorted(groups, key=repr)
    for key in keys:
        names = [one.name for one in groups[key]]
        tried = [tuple(names)] if many else permutations(names)
        orders = [[*before, *after] for after in tried for before in orders]
    return tuple(keys), min((_written(rule, order) for order in orders), key=repr)


def _written(rule: EscalationRule, order: Sequence[str]) -> tuple[Hashable, ...]:
    """The joins and the consequence with facts by number, every join to the lowest field it equals."""
    number = {name: i for i, name in enumerate(order)}
    roots: dict[Term, tuple[Term, int]] = {}
    for pattern, _ in _patterns(rule):
        for join in pattern.joins:
            root, plus = roots.get((join.to.of, join.to.field), ((join.to.of, join.to.field), 0))
            roots[pattern.name, join.field] = root, plus + join.to.plus
    classes: dict[Term, list[tuple[int, str, int]]] = {
        root: [(number[root[0]], root[1], 0)] for root, _ in roots.values()
    }
    for (name, of), (root, plus) in roots.items():
        classes[root].append((number[name], of, plus))
    lowest = {root: min(members) for root, members in classes.items()}
    joins = frozenset(
        (number_, of, *lowest[root][:2], plus - lowest[root][2])
        for root, members in classes.items()
        for number_, of, plus in members
    )
    then: list[Hashable] = []
    for of, held in rule.then.fields:
        if isinstance(held, Reference):
            root, plus = roots.get((held.of, held.field), ((held.of, held.field), 0))
            low = lowest.get(root, (number[root[0]], root[1], 0))
            then.append((of, *low[:2], plus + held.plus - low[2]))
        else:
            then.append((of, held))
    return tuple(sorted(joins, key=repr)), tuple(then)


# ── The engine ───────────────────────────────────────────────────────────────


def _limits(file: RuleFile, one: ReadRule) -> Iterator[Finding]:
    patterns = [pattern for pattern, _ in _patterns(one.rule)]
    if len(patterns) > PATTERNS_AT_MOST:
        what = f"{len(patterns)} facts in when: and unless: together; {PATTERNS_AT_MOST} at most."
        yield file.fault("B177", one.path, what=what)
    lists = [len(test.values) for pattern in patterns for test in pattern.tests if test.op is Op.IS]
    if prod(lists) > WAYS_AT_MOST:
        what = f"its lists allow {prod(lists):,} choices of a value from each; {WAYS_AT_MOST} at most."
        yield file.fault("B177", one.path, what=what)
    for pattern in patterns:
        if len(pattern.joins) > JOINS_AT_MOST:
            many = f"refers to other facts {len(pattern.joins)} times"
            what = f"{pattern.name} {many}; {JOINS_AT_MOST} at most."
            yield file.fault("B177", one.path, what=what)
