"""Escalation rules and facts -> the numbers that the durable-rules worker reads, and its answer back.

Of a council's words nothing reaches durable-rules: types, fields, rules and patterns get names of our
own (t, f0, r0, p0), and every text becomes a number. It compares texts by their JSON source, in which
quotes and escapes count as written; it holds the text "1" and the number 1 to be equal; and it reads past
the end of the shorter of two texts. Numbers have none of that. It tells facts apart by a 32-bit FNV-1a
hash of their id alone; ids are therefore counted from 1, and no two of the first 100,000 counting numbers
have the same hash (a test says so): more than a run can ask for.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Final, TypeAlias

from kpi_engine.rulebook.pack import Op, Reference
from kpi_engine.terms.fact import Derived, Why, fact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kpi_engine.rulebook.pack import EscalationRule, Pack, Pattern
    from kpi_engine.terms.fact import Fact, Value

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int"

FACTS_AT_MOST: Final = 20_000
"""Facts in one set; durable-rules takes 9 KB for each."""

_PATTERNS_OF_A_TYPE = 50  # its stack of 64 holds at most a node for each (events.c, handleAlpha)
_PATTERNS_OF_A_RULE = 15  # of 16 (state.h, MAX_MESSAGE_FRAMES)
_JOINS_OF_A_PATTERN = 24  # of 32, with $and, its end, and the equality that is always true (rete.h)
_RULES_OF_A_SET = 200  # 256 may share their first test (rules.h, BETA_LIST_LENGTH)
_WAYS_OF_A_RULE = 200  # rules that one becomes where its tests list several values
_NUMBER_AT_MOST = 2**53
_FIRST_TEXT = 2**60  # above every number with whatever a rule adds, below what 64 bits hold with it
_COMPARED: Final[Mapping[Op, str]] = {
    Op.AT_LEAST: "$gte",
    Op.AT_MOST: "$lte",
    Op.MORE_THAN: "$gt",
    Op.LESS_THAN: "$lt",
}


class DurableError(Exception):
    """No answer can be had from durable-rules; `reason` says why in a plain phrase."""

    def __init__(self, reason: str) -> None:
        """Keep the phrase: it is printed."""
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class _Texts:
    """Every text met so far, and the number that stands for it."""

    numbers: dict[str, int] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)

    def number(self, value: Value) -> int:
        """What stands for `value` in the worker."""
        if isinstance(value, str):
            number = self.numbers.get(value)
            if number is None:
                number = self.numbers[value] = _FIRST_TEXT + len(self.texts)
                self.texts.append(value)
            return number
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _NUMBER_AT_MOST:
            raise DurableError("a fact or rule holds what is neither text nor a number up to 2**53")
        return value

    def value(self, number: int) -> Value:
        """What `number` stands for; IndexError where it stands for nothing."""
        return number if number < _FIRST_TEXT else self.texts[number - _FIRST_TEXT]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A pack as the worker reads it.

    `strata` is JSON: for each stratum its rule sets, each {"rules": text for create_ruleset,
    "then": [[rule number, type, [value or [premise, place in its row, plus]...]]...], "when": types that
    patterns match, "absent": types that `unless` patterns match}. A type is its number from 1 on;
    its fields are in the order of their names, each with whether it is a number.
    """

    strata: list[Json]
    rules: tuple[EscalationRule, ...]
    types: Mapping[str, int]
    fields: Mapping[str, list[tuple[str, bool]]]
    texts: _Texts = field(default_factory=_Texts)

    def rows(self, facts: Sequence[Fact]) -> list[list[int]]:
        """Each fact as its type and the values of its fields; raises DurableError where it doesn't fit."""
        if len(facts) > FACTS_AT_MOST:
            raise DurableError(f"there are more than {FACTS_AT_MOST} facts")
        number = self.texts.number
        rows = []
        for one in facts:
            if [(name, isinstance(value, int)) for name, value in one.fields] != self.fields[one.type]:
                raise DurableError(f"a fact of type {one.type} has other fields than its type")
            rows.append([self.types[one.type], *(number(value) for _, value in one.fields)])
        return rows

    def derived(self, facts: Sequence[Fact], made: list[list[int]], whys: list[list[int]]) -> Derived:
        """The worker's answer about `facts`: the facts it made, and [fact, rule, premises...] each.

        Facts are numbered from 0: first `facts`, then `made`. Raises IndexError, TypeError or
        ValueError where the answer is none.
        """
        held = [*facts, *map(self._fact, made)]
        found = set()
        for row in whys:
            follows, number, *premises = row
            if min(row) < 0 or len(premises) != len(self.rules[number].when):
                raise ValueError("a rule stands on as many facts as it has patterns")
            found.add(Why(held[follows].id, self.rules[number].id, tuple(held[n].id for n in premises)))
        follow = {held[row[0]] for row in whys}
        return Derived(tuple(sorted(follow)), tuple(sorted(found)))

    def _fact(self, row: list[int]) -> Fact:
        if not 0 < row[0] <= len(self.types):
            raise ValueError("there is no such type")
        kind = list(self.types)[row[0] - 1]
        values = map(self.texts.value, row[1:])
        return fact(kind, {name: value for (name, _), value in zip(self.fields[kind], values, strict=True)})


def compiled(pack: Pack) -> Compiled:
    """`pack` for the worker; raises DurableError where it goes beyond what durable-rules holds."""
    patterns = (pattern for rule in pack.rules for pattern in (*rule.when, *rule.unless))
    named = sorted({rule.then.type for rule in pack.rules} | {pattern.type for pattern in patterns})
    fields = {name: sorted((f, kind.number) for f, kind in pack.types[name].items()) for name in named}
    made = Compiled([], pack.rules, {name: number for number, name in enumerate(named, 1)}, fields)
    number = {rule.id: number for number, rule in enumerate(pack.rules)}
    for stratum in pack.strata:
        ways = [way for rule in stratum for way in _ways(_Writer(made, rule, number[rule.id]))]
        made.strata.append([_rule_set(some) for some in _in_sets(ways)])
    return made


# ── One rule ─────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Way:
    """A rule after every choice between values: its `all`, its `then`, and the types it looks at.

    The types of `unless` patterns are negative.
    """

    all: list[Json]
    then: Json
    types: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Writer:
    """What writes one rule: its patterns are p0, p1 ... in the order of `when`."""

    made: Compiled
    rule: EscalationRule
    number: int

    def tests(self, pattern: Pattern) -> list[list[Json]]:
        """The tests of a pattern, once for every choice of a value from each list: none, it never holds."""
        fixed: list[Json] = []
        choices: list[list[Json]] = []
        for test in pattern.tests:
            name, sized = self.field(pattern.type, test.field)
            numbers = list(dict.fromkeys(map(self.made.texts.number, test.values)))
            if test.op is Op.IS:
                choices.append([{name: number} for number in numbers])
            elif test.op is Op.NOT:
                fixed += [{"$neq": {name: number}} for number in numbers]
            elif sized and isinstance(test.values[0], int):
                fixed.append({_COMPARED[test.op]: {name: numbers[0]}})
            else:
                raise DurableError(f"rule {self.rule.id} measures the size of a text")
        if prod(map(len, choices)) > _WAYS_OF_A_RULE:
            raise DurableError(f"rule {self.rule.id} lists too many values")
        return [[*fixed, *chosen] for chosen in product(*choices)]

    def joins(self, pattern: Pattern) -> list[Json]:
        """The joins of a pattern that is not the first, and an equality that is always true.

        Where the last of several tests fails, durable-rules reads on past their end (events.c,
        reduceExpressionSequence) and may crash: the last one must be one that cannot fail.
        """
        if len(pattern.joins) > _JOINS_OF_A_PATTERN:
            raise DurableError(f"rule {self.rule.id} has too many joins in one pattern")
        written: list[Json] = []
        for join in pattern.joins:
            premise, name, plus = self.reference(join.to)
            to: Json = {f"p{premise}": name}
            if plus:
                to = {"$add": {"$l": to, "$r": plus}}
            written.append({self.field(pattern.type, join.field)[0]: to})
        return [*written, {"o": {"p0": "o"}}]

    def then(self) -> Json:
        """What the worker is to make of the premises."""
        wanted = dict(self.rule.then.fields)
        values: list[Json] = []
        for own, sized in self.made.fields[self.rule.then.type]:
            value = wanted[own]
            if isinstance(value, Reference):
                premise, name, plus = self.reference(value)
                fits = sized == self.field(self.rule.when[premise].type, value.field)[1]
                values.append([premise, 1 + int(name[1:]), plus])  # a row begins with its type
            else:
                fits = sized == isinstance(value, int)
                values.append(self.made.texts.number(value))
            if not fits:
                raise DurableError(f"rule {self.rule.id} derives a text for a number, or a number for a text")
        return [self.number, self.made.types[self.rule.then.type], values]

    def reference(self, to: Reference) -> tuple[int, str, int]:
        """The premise, the name of its field, and what is added."""
        premise = next(n for n, pattern in enumerate(self.rule.when) if pattern.name == to.of)
        name, sized = self.field(self.rule.when[premise].type, to.field)
        if (to.plus and not sized) or abs(to.plus) > _NUMBER_AT_MOST:
            raise DurableError(f"rule {self.rule.id} adds to a text, or more than 2**53")
        return premise, name, to.plus

    def field(self, kind: str, name: str) -> tuple[str, bool]:
        """What a field is called in durable-rules, and whether it is a number."""
        for place, (known, sized) in enumerate(self.made.fields[kind]):
            if known == name:
                return f"f{place}", sized
        raise KeyError(name)


def _ways(writer: _Writer) -> Iterator[_Way]:
    """A rule as rules without any choice between values: durable-rules' own `$or` is not safe.

    An `unless` is not split: that no fact has one of two values is that none has the
    one and none has the other.
    """
    when, unless, types = writer.rule.when, writer.rule.unless, writer.made.types
    absent: list[Json] = []
    tags: list[int] = []
    for pattern in unless:
        for tests in writer.tests(pattern):
            # A fact is also asserted under its type's negative number, before any other: `$not` sees only
            # what was there before, and what it sees later takes matches of other rules with it
            # (events.c, deleteDownstreamFrames).
            tags.append(-types[pattern.type])
            absent.append({f"n{len(absent)}$not": _and(tags[-1], tests, writer.joins(pattern))})
    tags += [types[pattern.type] for pattern in when]
    if len(when) > _PATTERNS_OF_A_RULE or len(tags) > _PATTERNS_OF_A_TYPE:
        raise DurableError(f"rule {writer.rule.id} has too many patterns")
    choices = [writer.tests(pattern) for pattern in when]
    if prod(map(len, choices)) > _WAYS_OF_A_RULE:
        raise DurableError(f"rule {writer.rule.id} lists too many values")
    for chosen in product(*choices):
        present: list[Json] = [
            {f"p{n}": _and(types[pattern.type], tests, writer.joins(pattern) if n else [])}
            for n, (pattern, tests) in enumerate(zip(when, chosen, strict=True))
        ]
        yield _Way([*present, *absent], writer.then(), tuple(tags))


def _and(tag: int, tests: list[Json], joins: list[Json]) -> Json:
    return {"$and": [{"t": tag}, *tests, *joins]}


# ── Rule sets ────────────────────────────────────────────────────────────────


def _in_sets(ways: Iterable[_Way]) -> Iterator[list[_Way]]:
    """The rules of one stratum in as few sets as its limits allow; the worker runs them side by side."""
    some: list[_Way] = []
    patterns: Counter[int] = Counter()
    for way in ways:
        patterns.update(way.types)
        if some and (len(some) == _RULES_OF_A_SET or max(patterns.values()) > _PATTERNS_OF_A_TYPE):
            yield some
            some, patterns = [], Counter(way.types)
        some.append(way)
    if some:
        yield some


def _rule_set(ways: Sequence[_Way]) -> Json:
    # dist 0: two patterns may match the same fact
    rules = {f"r{n}": {"all": way.all, "dist": 0} for n, way in enumerate(ways)}
    tags = sorted({tag for way in ways for tag in way.types})
    when: list[Json] = [tag for tag in tags if tag > 0]
    absent: list[Json] = [-tag for tag in tags if tag < 0]
    return {
        "rules": json.dumps({"boot": {"all": [{"p0": {"t": 0}}]}, **rules}),
        "then": [way.then for way in ways],
        "when": when,
        "absent": absent,
    }
