"""Why nothing was raised: for each rule that might have, the nearest it came, and what it lacked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final, TypeAlias

from kpi_engine.escalation.builtin import holds
from kpi_engine.escalation.facts import ABOUT_FIELDS
from kpi_engine.rulebook.pack import ABOUT_RETURN, READ_BACK, TEXT, Op, Reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kpi_engine.rulebook.pack import EscalationRule, FieldTest, Pack, Pattern
    from kpi_engine.terms.fact import Derived, Fact, Value


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A rule that raised nothing: its id and title, the name of the pattern that failed, and how."""

    rule: str
    title: str
    pattern: str
    sentence: str


def why_not(
    pack: Pack, facts: Iterable[Fact], derived: Derived, about: str, seq: int
) -> tuple[NearMiss, ...]:
    """The nearest miss of every rule with a title that could be about `about` in `seq` but told nothing.

    `facts` and `derived` are those of one run; `about` is the id of an indicator or a milestone,
    or `return`. In the order of the pack; a rule whose exception is told is not among them.
    """
    search = _Search(pack, [*facts, *derived.facts], derived, about, seq)
    found = ((rule, search.missed(rule)) for rule in pack.rules if rule.title)
    return tuple(
        NearMiss(rule.id, rule.title, miss.pattern, miss.sentence) for rule, miss in found if miss is not None
    )


_Held: TypeAlias = "dict[str, dict[str, Value]]"
"""What the fields of each pattern must hold, by the pattern's name."""


@dataclass(frozen=True, slots=True)
class _Miss:
    """How near a rule came: how many patterns failed, one of them, and how it did."""

    failing: int
    pattern: str
    sentence: str


class _Search:
    """Everything known about one run, and what is asked of it."""

    def __init__(self, pack: Pack, known: Sequence[Fact], derived: Derived, about: str, seq: int) -> None:
        """Of the facts `known`, stated and derived."""
        self._pack = pack
        self._seq = seq
        self._about = about
        self._facts = {one.id: one for one in sorted(known)}
        self._rows: defaultdict[str, list[Fact]] = defaultdict(list)
        for one in self._facts.values():
            self._rows[one.type].append(one)
        self._named = {pair for one in known for pair in one.fields if pair[0] in ABOUT_FIELDS}
        self._whys = derived.whys
        self._rules = {rule.id: rule for rule in pack.rules}
        self._words = _Words(pack, about, seq)

    def missed(self, rule: EscalationRule) -> _Miss | None:
        """How `rule` missed what is asked; None where it did not, or is about something else."""
        names = [name for name, _ in rule.then.fields]
        field = next((name for name in ABOUT_FIELDS if name in names), None)
        if field is None:
            return None
        wanted: dict[str, Value] = {field: self._about}
        if "seq" in names:
            wanted["seq"] = self._seq
        made = sorted({why.fact for why in self._whys if why.rule == rule.id})
        raised = [self._facts[one] for one in made if wanted.items() <= dict(self._facts[one].fields).items()]
        if raised:
            return None if any(self._told(one) for one in raised) else self._set_aside(raised[0])
        return self._nearest(rule, wanted, frozenset())

    # ── Rules that were not met ──────────────────────────────────────────────

    def _nearest(
        self, rule: EscalationRule, wanted: Mapping[str, Value], seen: frozenset[str]
    ) -> _Miss | None:
        """What keeps `rule` from deriving a fact with the fields `wanted`; None: it never could."""
        held = _asked(rule, wanted)
        if held is None or not self._possible(rule, held):
            return None
        return self._short_of(rule, held, seen | {rule.id})

    def _short_of(self, rule: EscalationRule, held: _Held, seen: frozenset[str]) -> _Miss:
        failing, bound = self._best(rule, held)
        if not failing:
            return self._blocked(rule, bound)
        pattern = min(failing, key=lambda one: (self._elsewhere(one, held[one.name]), rule.when.index(one)))
        settled = self._settled(rule, held, bound)
        sentence = self._lacks(pattern, settled[pattern.name], seen)
        if len(failing) > 1:
            others = len(failing) - 1
            sentence += f"; {others} other condition{'s fail' if others > 1 else ' fails'} too"
        return _Miss(len(failing), pattern.name, sentence)

    def _possible(self, rule: EscalationRule, held: _Held) -> bool:
        """Whether the patterns may be about what they must be: an indicator is never a milestone."""
        return all(
            (field, value) in self._named
            and all(holds(test, value) for test in pattern.tests if test.field == field)
            for pattern in rule.when
            for field, value in held[pattern.name].items()
            if field in ABOUT_FIELDS
        )

    def _elsewhere(self, pattern: Pattern, held: Mapping[str, Value]) -> int:
        """How far a pattern is from what is asked: it may be of another period, about something else."""
        here = {"seq": self._seq, **dict.fromkeys(ABOUT_FIELDS, self._about)}
        named = {**held, **self._naming(pattern)}
        return sum(named[name] != value for name, value in here.items() if name in named)

    def _best(self, rule: EscalationRule, held: _Held) -> tuple[list[Pattern], dict[str, Fact]]:
        """The fewest patterns that must fail, the last ones first, and facts for all others."""
        hopeless = [one for one in rule.when if not self._fitting(one, held[one.name])]
        others = [one for one in rule.when if one not in hopeless]
        return next(
            ([*hopeless, *(one for one in others if one in dropped)], bound)
            for size in range(len(others) + 1)
            for dropped in combinations(reversed(others), size)
            for bound in self._choices([one for one in others if one not in dropped], held, {})
        )

    def _choices(
        self, kept: Sequence[Pattern], held: _Held, bound: dict[str, Fact]
    ) -> Iterator[dict[str, Fact]]:
        """Every choice of one fact for each pattern of `kept` that agrees with all joins between them."""
        if not kept:
            yield bound
            return
        pattern, *later = kept
        joined = {j.field: _from(j.to, bound) for j in pattern.joins if j.to.of in bound}
        for one in self._fitting(pattern, {**held[pattern.name], **joined}):
            yield from self._choices(later, held, {**bound, pattern.name: one})

    def _fitting(self, pattern: Pattern, held: Mapping[str, Value]) -> list[Fact]:
        return [
            one
            for one in self._rows[pattern.type]
            if all(one[name] == value for name, value in held.items())
            and all(holds(test, one[test.field]) for test in pattern.tests)
        ]

    def _settled(self, rule: EscalationRule, held: _Held, bound: Mapping[str, Fact]) -> _Held:
        """What must hold once each pattern that only one fact fits is taken to be that fact."""
        settled = {name: dict(fields) for name, fields in held.items()}
        for pattern in rule.when:
            if pattern.name in bound and len(self._fitting(pattern, held[pattern.name])) == 1:
                settled[pattern.name] = dict(bound[pattern.name].fields)
        return settled if _spread(rule, settled) else held

    # ── What is said of it ───────────────────────────────────────────────────

    def _lacks(self, pattern: Pattern, held: Mapping[str, Value], seen: frozenset[str]) -> str:
        """What `pattern` wants and does not find: of the one fact it is about, else of all of them."""
        named = {**held, **self._naming(pattern)}
        near = [one for one in self._rows[pattern.type] if named.items() <= dict(one.fields).items()]
        if len(near) == 1 and named:
            failed = [test for test in pattern.tests if not holds(test, near[0][test.field])]
            if failed:
                return self._words.wants(pattern.type, named, failed[0], near[0][failed[0].field])
        deeper = self._deeper(pattern, named, seen) if not near else None
        if deeper is not None:
            return deeper
        some = self._fitting(pattern, held)
        none = "none goes with the rest" if some else "there is none"
        return f"wants {self._words.one(pattern, held)}; {none}"

    def _naming(self, pattern: Pattern) -> dict[str, Value]:
        """The tests that say which fact is meant: a text that is no word of a closed set."""
        types = self._pack.types[pattern.type]
        return {
            test.field: test.values[0]
            for test in pattern.tests
            if _only(test) and test.values[0] != "" and types[test.field] == TEXT
        }

    def _deeper(self, pattern: Pattern, named: Mapping[str, Value], seen: frozenset[str]) -> str | None:
        """What the rule that came nearest to deriving such a fact lacked; None: no rule derives it."""
        wanted = {**named, **{test.field: test.values[0] for test in pattern.tests if _only(test)}}
        made = (
            self._nearest(rule, wanted, seen)
            for rule in self._pack.rules
            if rule.then.type == pattern.type and rule.id not in seen
        )
        found = [miss for miss in made if miss is not None]
        return min(found, key=lambda miss: miss.failing).sentence if found else None

    def _blocked(self, rule: EscalationRule, bound: Mapping[str, Fact]) -> _Miss:
        """Which `unless` keeps a rule silent whose `when` is met."""
        for pattern in rule.unless:
            joined = {join.field: _from(join.to, bound) for join in pattern.joins}
            for one in self._fitting(pattern, joined):
                return _Miss(0, pattern.name, self._words.while_there_is(pattern, one, joined))
        raise ValueError(f"{rule.id} derives more of these facts than was derived")

    # ── Rules whose fact is set aside ────────────────────────────────────────

    def _set_aside(self, raised: Fact) -> _Miss | None:
        """What keeps a raised fact from being told; None where reports read it itself, or no rule does."""
        if raised.type in READ_BACK:
            return None
        for rule in self._tellers(raised.type):
            for pattern in rule.when:
                held: _Held = {one.name: {} for one in rule.when}
                held[pattern.name] = dict(raised.fields)
                if pattern.type == raised.type and self._fitting(pattern, held[pattern.name]):
                    return self._instead(rule, held, raised)
        return None

    def _instead(self, rule: EscalationRule, held: _Held, raised: Fact) -> _Miss | None:
        if not _spread(rule, held):
            return None
        failing, bound = self._best(rule, held)
        miss = self._short_of(rule, held, frozenset({rule.id}))
        if failing:
            return _Miss(miss.failing, miss.pattern, f"holds, but {rule.id} {miss.sentence}")
        blocking = next(one for one in rule.unless if one.name == miss.pattern)
        joined = {join.field: _from(join.to, bound) for join in blocking.joins}
        by = {one.id for one in self._fitting(blocking, joined)}
        stronger = {
            premise
            for why in self._whys
            if why.fact in by and raised.id in why.premises
            for premise in why.premises
            if premise != raised.id and self._told(self._facts[premise])
        }
        titles = [one.title for one in self._pack.rules if one.title and self._made_by(one) & stronger]
        if not titles:
            return _Miss(0, miss.pattern, f"holds, but {miss.sentence}")
        return _Miss(0, miss.pattern, f"holds, but “{titles[0]}” is told instead")

    def _told(self, raised: Fact) -> bool:
        """Whether a fact that reports read was derived from it."""
        tellers = {rule.id for rule in self._tellers(raised.type)}
        return any(why.rule in tellers and raised.id in why.premises for why in self._whys)

    def _tellers(self, kind: str) -> list[EscalationRule]:
        return [
            rule
            for rule in self._pack.rules
            if rule.then.type in READ_BACK and any(pattern.type == kind for pattern in rule.when)
        ]

    def _made_by(self, rule: EscalationRule) -> set[str]:
        return {why.fact for why in self._whys if why.rule == rule.id}


# ── What a consequence asks of its patterns ──────────────────────────────────


def _asked(rule: EscalationRule, wanted: Mapping[str, Value]) -> _Held | None:
    """What each pattern must hold for `then` to have the fields `wanted`; None: it never has."""
    held: _Held = {pattern.name: {} for pattern in rule.when}
    for name, given in rule.then.fields:
        if name not in wanted:
            continue
        if not isinstance(given, Reference):
            if given != wanted[name]:
                return None
            continue
        value = _plus(wanted[name], -given.plus)
        if held[given.of].setdefault(given.field, value) != value:
            return None
    return held if _spread(rule, held) else None


def _spread(rule: EscalationRule, held: _Held) -> bool:
    """Carry what is held along the joins of `when`, both ways, until nothing is new; False: they disagree."""
    ties = [(one.name, j.field, j.to.of, j.to.field, j.to.plus) for one in rule.when for j in one.joins]
    ties += [(of, theirs, name, field, -plus) for name, field, of, theirs, plus in ties]
    new = True
    while new:
        new = False
        for name, field, of, theirs, plus in ties:
            if theirs not in held[of]:
                continue
            value = _plus(held[of][theirs], plus)
            new = new or field not in held[name]
            if held[name].setdefault(field, value) != value:
                return False
    return True


def _from(reference: Reference, bound: Mapping[str, Fact]) -> Value:
    return _plus(bound[reference.of][reference.field], reference.plus)


def _plus(value: Value, number: int) -> Value:
    return value + number if isinstance(value, int) else value


def _only(test: FieldTest) -> bool:
    return test.op is Op.IS and len(test.values) == 1


# ── In plain words ───────────────────────────────────────────────────────────

_NOUNS: Final = {"reads": "measure that reads a sheet"}
_OPS: Final = {
    Op.IS: "",
    Op.NOT: "other than ",
    Op.AT_LEAST: "at least ",
    Op.AT_MOST: "at most ",
    Op.MORE_THAN: "more than ",
    Op.LESS_THAN: "less than ",
}


@dataclass(frozen=True, slots=True)
class _Words:
    """Facts in words, as seen from one indicator or milestone and one period."""

    pack: Pack
    about: str
    seq: int

    def wants(self, kind: str, named: Mapping[str, Value], test: FieldTest, found: Value) -> str:
        """`wants the verdict of the period before to be fail; it is pass`."""
        place, is_now = self._place(kind, named), self._value(kind, test.field, found)
        holds_it = "be" if test.field == self._main(kind) else f"have {_word(test.field)}"
        if test.op is Op.NOT:
            return f"wants the {place} not to {holds_it} {is_now}"
        it = "it is" if holds_it == "be" else "it has"
        return f"wants the {place} to {holds_it} {self._test(kind, test)}; {it} {is_now}"

    def one(self, pattern: Pattern, held: Mapping[str, Value]) -> str:
        """`a finding with code R390 and sheet workforce`."""
        main = self._main(pattern.type)
        tested = {test.field for test in pattern.tests}
        named = {**held, **{test.field: test.values[0] for test in pattern.tests if _only(test)}}
        of = next((f" of {self._test(pattern.type, t)}" for t in pattern.tests if t.field == main), "")
        fixed = [(f, self._value(pattern.type, f, v)) for f, v in held.items() if f not in tested]
        fixed += [(t.field, self._test(pattern.type, t)) for t in pattern.tests if t.field != main]
        rest = [f"{_word(field)} {said}" for field, said in fixed if field not in (*ABOUT_FIELDS, "seq")]
        place = self._place(pattern.type, named, of)
        article = "an" if place[0] in "aeio" else "a"
        return f"{article} {place}{' with ' if rest else ''}{' and '.join(rest)}"

    def while_there_is(self, pattern: Pattern, there: Fact, joined: Mapping[str, Value]) -> str:
        """`not while the return is refused`."""
        main = self._main(pattern.type)
        if main is None or {test.field for test in pattern.tests} - {*ABOUT_FIELDS, "seq"} != {main}:
            return f"not while there is {self.one(pattern, joined)}"
        named = {**joined, **{test.field: test.values[0] for test in pattern.tests if _only(test)}}
        is_now = self._value(pattern.type, main, there[main])
        return f"not while the {self._place(pattern.type, named)} is {is_now}"

    def _place(self, kind: str, named: Mapping[str, Value], of: str = "") -> str:
        """A type of fact, what it is about if not what is asked, and its period if another."""
        place = _NOUNS.get(kind, _word(kind)) + of
        whose = next((named[name] for name in ABOUT_FIELDS if name in named), self.about)
        if whose != self.about:
            place += f" on {'the return' if whose == ABOUT_RETURN else whose}"
        seq = named.get("seq")
        before = self.seq - seq if isinstance(seq, int) else 0
        if before:
            word = "before" if before > 0 else "after"
            far = "the period" if abs(before) == 1 else f"{abs(before)} periods"
            place += f" of {far} {word}"
        return place

    def _main(self, kind: str) -> str | None:
        """The field that a fact of this type is in short: the status of a verdict."""
        names = (kind, "status", "standing")
        types = self.pack.types[kind]
        return next((name for name in names if name in types and types[name].values), None)

    def _test(self, kind: str, test: FieldTest) -> str:
        *most, last = [self._value(kind, test.field, value) for value in test.values]
        return _OPS[test.op] + (f"{', '.join(most)} or {last}" if most else last)

    def _value(self, kind: str, field: str, value: Value) -> str:
        """Words of a closed set are read as words; ids stay as they are."""
        if value == "":
            return "empty"
        return _word(str(value)) if self.pack.types[kind][field].values else str(value)


def _word(name: str) -> str:
    return name.replace("_", " ")
