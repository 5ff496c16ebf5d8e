"""Who wants to know a small count: all that packs print as facts about whole numbers, and what follows."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from typing import TYPE_CHECKING, Any, Final

import z3  # type: ignore[import-untyped]

from kpi_engine.measures.windows import window_of
from kpi_engine.rulebook.book import Kind, Operator, Over, Unit
from kpi_engine.terms.expression import AllOf, IsBlank, Not, columns_of
from kpi_engine.terms.period import Period, span
from kpi_engine.verdicts.change import baseline_for, compared_with, is_flow, months_compared
from tests.reports.board.printed import months_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kpi_engine.rulebook.book import Indicator, Measure, RuleBook, Target
    from kpi_engine.terms.expression import Condition
    from tests.reports.board.printed import Said

SMALL: Final = range(1, 6)
PATIENCE: Final = 20_000  # milliseconds for one question
FEW_CONDITIONS, MOST_CONDITIONS = 6, 10
_SHARES, _COUNTS = {Kind.PROPORTION, Kind.SUMS}, {Kind.COUNT, Kind.CHANGE, Kind.OCCURRENCE}
_PERCENT: Final = re.compile(r"([+-]?\d+(?:\.\d+)?)%")
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d+)?")
_OF: Final = re.compile(r"(\d+(?:\.\d+)?) of (\d+(?:\.\d+)?)")
_MISSED = frozenset({"Action needed", "Missed, improving", "Missed, could be chance"})
_MET = frozenset({"On track", "Met, at risk"})
_OWN: Final = ("month", "value", "drawn", "alt", "behind")
"""Where a month's own count stands, also of a measure that is judged by its change."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Over these months, `of_met` x met + `of_missed` x missed lies from `least` to `most`.

    `strict` leaves `least` itself out. A count has no missed.
    """

    series: str
    months: tuple[Period, ...]
    of_met: Fraction
    of_missed: Fraction
    least: Fraction | None
    most: Fraction | None
    said: Said
    strict: bool = False

    @property
    def count(self) -> int | None:
        """The number that it states outright: of those met, those missed or all; else None."""
        plain = {self.of_met, self.of_missed} <= {Fraction(0), Fraction(1)}
        whole = self.least is not None and self.least == self.most and self.least.denominator == 1
        return int(self.least) if plain and whole and self.least is not None else None


@dataclass(frozen=True, slots=True)
class Worked:
    """A small count that follows from what was printed."""

    series: str
    months: tuple[Period, ...]
    part: str
    count: int


class Attacker:
    """Holds the rules, the targets, the baselines and this program; reads packs."""

    def __init__(self, rulebook: RuleBook, council: str, first: Period) -> None:
        """`first` is the first month of which a return was given."""
        self.rulebook, self.council, self.first = rulebook, council, first
        self.owner: dict[str, Indicator] = {}
        self.measures: dict[str, Measure] = {}
        for one in rulebook.indicators.values():
            for measure in (one.measure, *one.beside):
                self.owner[measure.id], self.measures[measure.id] = one, measure

    # ── From words to facts ──────────────────────────────────────────────────

    def facts(self, said: Iterable[Said]) -> list[Fact]:
        """Every fact that the statements hold, each once."""
        found: dict[tuple[object, ...], Fact] = {}
        for one in said:
            for fact in self._facts(one):
                if fact.months:
                    found.setdefault((*_amounts(fact), fact.series, fact.months), fact)
        return list(found.values())

    def place(self, series: str, period: Period) -> tuple[Period, ...]:
        """The months that a figure of a period covers."""
        measure, owner = self.measures[series], self.owner[series]
        if measure.over is Over.EACH:
            return ()
        if is_flow(measure):
            baseline = baseline_for(self.rulebook.baselines, measure, self.council)
            return months_compared(owner, period, baseline)
        return window_of(measure, period, self.first)

    def _facts(self, said: Said) -> Iterator[Fact]:  # noqa: C901  (a branch for each kind of statement)
        kind, _, of = said.field.partition(" ")
        name, period = said.measure, said.pack.period
        if kind in {"latest", "counts"}:
            yield from self._figure(name, self.place(name, period), said.text, said)
        elif kind == "previous":
            yield from self._figure(name, self.place(name, period.plus(-period.length)), said.text, said)
        elif kind == "beside":
            yield from self._figure(of, self.place(of, period), said.text, said)
        elif kind in {"month", "value"}:
            unit = "%" if kind == "value" and self._shares(name) else ""
            yield from self._figure(name, (Period.parse(of),), said.text + unit, said)
        elif kind == "behind":
            # Who sees everything reads each month as it was judged; others read its own figure.
            own = said.pack.audience != "internal"
            month = Period.parse(of)
            yield from self._figure(name, (month,) if own else self.place(name, month), said.text, said)
        elif kind == "drawn":
            low, high = map(Fraction, said.text.split())
            yield from self._between(name, (Period.parse(of),), low, high, said)
        elif kind == "gap":
            yield from self._gap(name, self.place(name, period), said.text, said)
        elif kind == "state":
            before = of == "before"
            at = period.plus(-period.length) if before else period
            yield from self._state(name, at, said)
        elif kind == "fact":
            yield from self._line(name, period, said)
        elif kind == "alt":
            for label, told in re.findall(
                r"(\w+ \d{4}): ([^.]*(?:\.\d[^.]*)*)\. (?=Target|Variation)", said.text
            ):
                yield from self._figure(name, tuple(months_named(label)), told, said)

    def _line(self, name: str, period: Period, said: Said) -> Iterator[Fact]:
        here = self.place(name, period)
        if match := re.fullmatch(r"(?:in )?(\w+ \d{4}(?: to \w+ \d{4})?) \((.*)\)", said.text):
            ends = months_named(match[1])
            yield from self._figure(name, span(ends[0], ends[-1]), match[2], said)
        elif match := re.fullmatch(r"Last (?:month|quarter|year) (.*)", said.text):
            yield from self._figure(name, self.place(name, period.plus(-period.length)), match[1], said)
        elif match := re.fullmatch(r"(\d+) more(?: of the (\S+))? would meet it", said.text):
            if match[2]:
                yield self._exact(name, here, "whole", Fraction(match[2]), said)
            target = self._target(name, period)
            if target is not None and self._shares(name) and match[2]:
                edge, more = Fraction(match[2]) * target[1], Fraction(match[1])
                yield Fact(name, here, Fraction(1), Fraction(0), edge - more, edge - more + 1, said)

    def _figure(self, name: str, months: tuple[Period, ...], text: str, said: Said) -> Iterator[Fact]:
        """`79% (23 of 29)`, `23 of 29`, `40, baseline 30`, `+33%`, `12`."""
        for met, whole in _OF.findall(text):
            yield self._exact(name, months, "met", Fraction(met), said)
            yield self._exact(name, months, "whole", Fraction(whole), said)
        if match := re.search(r"([\d.]+), baseline", text):
            yield self._exact(name, months, "met", Fraction(match[1]), said)
        elif (match := _PERCENT.match(text)) and _OF.search(text) is None:
            half = Fraction(1, 2 * 10 ** len(match[1].partition(".")[2]))
            yield from self._between(name, months, Fraction(match[1]) - half, Fraction(match[1]) + half, said)
        elif _NUMBER.fullmatch(text) and self.measures[name].kind in _COUNTS:
            own = said.field.startswith(_OWN)
            value = Fraction(text) + (0 if own else self._started(name, months) or 0)
            yield self._exact(name, months, "met", value, said)
        elif text in {"[z]", "Nothing due", "nothing due"} and self.measures[name].kind in _SHARES:
            yield self._exact(name, months, "whole", Fraction(0), said)

    def _gap(self, name: str, months: tuple[Period, ...], text: str, said: Said) -> Iterator[Fact]:
        target = self._target(name, said.pack.period)
        match = re.match(r"([\d.]+)(?: points?)? (below|above|short|over|under)", text)
        if target is None or (match is None and text != "exactly on target"):
            return
        scale = 1 if self.measures[name].kind in _COUNTS and not self._signed_share(name) else 100
        size = Fraction(match[1]) if match is not None else Fraction(0)
        if match is not None and match[2] in {"below", "short", "under"}:
            size = -size
        half = Fraction(0)
        if scale == 100 and match is not None:
            half = Fraction(1, 2 * 10 ** max(1, len(match[1].partition(".")[2])))
        goal = target[1] * scale + size
        if scale == 1:
            yield self._exact(name, months, "met", goal + (self._started(name, months) or 0), said)
        else:
            yield from self._between(name, months, goal - half, goal + half, said)

    def _state(self, name: str, period: Period, said: Said) -> Iterator[Fact]:
        """A state says on which side of the target the figure is."""
        months, target = self.place(name, period), self._target(name, period)
        if target is None or said.text not in _MISSED | _MET or not months:
            return
        op, value = target
        met = said.text in _MET
        if self._shares(name):
            sides, edge = (1 - value, -value), Fraction(0)
        else:
            base = self._started(name, months)
            if self.measures[name].kind is Kind.CHANGE and base is None:
                return
            share = self._signed_share(name)
            edge = (base or 0) * (1 + value) if share else (base or 0) + value
            sides = (Fraction(1), Fraction(0))
        above = met != (op is Operator.AT_MOST)
        if above:
            yield Fact(name, months, *sides, edge, None, said, strict=op is Operator.MORE_THAN or not met)
        else:
            of_met, of_missed = -sides[0], -sides[1]
            strict = op is Operator.AT_LEAST and not met
            yield Fact(name, months, of_met, of_missed, -edge, None, said, strict)

    def _between(
        self, name: str, months: tuple[Period, ...], low: Fraction, high: Fraction, said: Said
    ) -> Iterator[Fact]:
        """A share, or a change in per cent, lies between two per cent; a count between two numbers."""
        own = said.field.startswith(_OWN)
        if self._shares(name):
            yield Fact(name, months, 1 - low / 100, -low / 100, Fraction(0), None, said)
            yield Fact(name, months, 1 - high / 100, -high / 100, None, Fraction(0), said)
        elif self._signed_share(name) and not own:
            base = self._started(name, months)
            if base is not None:
                ends = base * (1 + low / 100), base * (1 + high / 100)
                yield Fact(name, months, Fraction(1), Fraction(0), *ends, said)
        elif self.measures[name].kind in _COUNTS:
            yield Fact(name, months, Fraction(1), Fraction(0), low, high, said)

    @staticmethod
    def _exact(name: str, months: tuple[Period, ...], part: str, count: Fraction, said: Said) -> Fact:
        return Fact(name, months, Fraction(1), Fraction(part == "whole"), count, count, said)

    def _shares(self, name: str) -> bool:
        return self.measures[name].kind in _SHARES

    def _signed_share(self, name: str) -> bool:
        return self.measures[name].kind is Kind.CHANGE and self.measures[name].change_as is Unit.PERCENT

    def _started(self, name: str, months: Sequence[Period]) -> Fraction | None:
        """What a change is held against; None for a count."""
        measure = self.measures[name]
        if measure.kind is not Kind.CHANGE:
            return None
        baseline = baseline_for(self.rulebook.baselines, measure, self.council)
        return compared_with(measure, baseline, months)

    def _target(self, name: str, period: Period) -> tuple[Operator, Fraction] | None:
        """The target in force at the end of a period, or the one to come."""
        steps = [s for s in self.owner[name].targets if s.value is not None and self._holds(s, period)]
        steps = steps or [s for s in self.owner[name].targets if s.value is not None][:1]
        return (steps[-1].op, steps[-1].value) if steps and steps[-1].value is not None else None

    @staticmethod
    def _holds(step: Target, period: Period) -> bool:
        return (step.by is None or step.by <= period.end) and (step.end is None or period.end <= step.end)

    # ── What follows from one measure's packs ────────────────────────────────

    def protected(self, series: str) -> bool:
        """Whether its counts are of people, each of whom counts as one."""
        return self.owner[series].disclosive and self.measures[series].weight is None

    def outright(self, facts: Iterable[Fact]) -> list[Fact]:
        """The facts that state a small count, needing no thought: met, missed or all."""
        by_place: dict[tuple[str, tuple[Period, ...]], dict[str, int]] = defaultdict(dict)
        found = []
        for fact in facts:
            if fact.count is None or not self.owner[fact.series].disclosive:
                continue
            held = by_place[fact.series, fact.months]
            held["whole" if fact.of_missed else "met"] = fact.count
            missed = held["whole"] - held["met"] if len(held) == 2 else 0
            if fact.count in SMALL or missed in SMALL:
                found.append(fact)
        return found

    def worked_out(self, facts: Iterable[Fact]) -> list[Worked]:
        """Every small count of a month or a run of months that has one answer alone."""
        by_series: dict[str, list[Fact]] = defaultdict(list)
        for fact in facts:
            if self.protected(fact.series):
                by_series[fact.series].append(fact)
        return [one for name, own in sorted(by_series.items()) for one in self._of_series(name, own)]

    def _of_series(self, name: str, facts: Sequence[Fact]) -> Iterator[Worked]:
        months = sorted({month for fact in facts for month in fact.months})
        every = span(months[0], months[-1])
        met = {m: z3.Int(f"met {m}") for m in every}
        missed = {m: z3.Int(f"missed {m}") if self._shares(name) else z3.IntVal(0) for m in every}
        solver = z3.Solver()
        solver.set("timeout", PATIENCE)
        solver.add(*(one >= 0 for one in (*met.values(), *missed.values())))

        def ask(fact: Fact) -> list[Any]:
            return list(_asserted(fact, *(z3.Sum([part[m] for m in fact.months]) for part in (met, missed))))

        for fact in facts:
            solver.add(*ask(fact))
        apart = solver.check() == z3.unsat
        assert not apart or self.measures[name].window_from_table, _at_odds(facts, ask)
        if apart:
            # Its rows may be written late, so windows need not be the sum of months: each stands alone.
            for place in sorted({fact.months for fact in facts}):
                yield from self._alone(name, place, [fact for fact in facts if fact.months == place])
            return
        asked = {
            (every[i : j + 1], part): z3.Sum(amounts)
            for i in range(len(every))
            for j in range(i, len(every))
            for part, amounts in (
                ("met", [met[m] for m in every[i : j + 1]]),
                ("missed", [missed[m] for m in every[i : j + 1]]),
                ("whole", [x for m in every[i : j + 1] for x in (met[m], missed[m])]),
            )
        }
        for (run, part), count in _fixed(solver, asked):
            yield Worked(name, run, part, count)

    def _alone(self, name: str, place: tuple[Period, ...], facts: Sequence[Fact]) -> Iterator[Worked]:
        solver = z3.Solver()
        solver.set("timeout", PATIENCE)
        met, missed = z3.Ints("met missed")
        solver.add(met >= 0, missed >= 0)
        for fact in facts:
            solver.add(*_asserted(fact, met, missed))
        asked = {(place, "met"): met, (place, "missed"): missed, (place, "whole"): met + missed}
        for (run, part), count in _fixed(solver, asked):
            yield Worked(name, run, part, count)

    # ── What follows from several measures of one table ──────────────────────

    def side_by_side(self, facts: Iterable[Fact]) -> list[Worked]:
        """Every small group that one table's printed counts of the same months leave one size for.

        The table's rows are told apart by all conditions of its measures at once; a group is those
        of whom up to three conditions hold, or do not.
        """
        places: dict[tuple[str, tuple[Period, ...]], list[Fact]] = defaultdict(list)
        for fact in facts:
            if self.protected(fact.series) and self.measures[fact.series].kind is not Kind.SUMS:
                places[self.measures[fact.series].table, fact.months].append(fact)
        return [
            found
            for (table, months), own in sorted(places.items())
            if len({fact.series for fact in own}) > 1
            for found in self._groups(table, months, own)
        ]

    def _groups(self, table: str, months: tuple[Period, ...], facts: Sequence[Fact]) -> Iterator[Worked]:
        parts = {f.series: _parts(self.measures[f.series]) for f in facts}
        merged = _alike(list(parts.values()))
        atoms = list(dict.fromkeys(merged.values()))
        assert len(atoms) <= MOST_CONDITIONS, f"{table}: too many conditions to tell apart: {len(atoms)}"
        worlds = [
            w for w in product((False, True), repeat=len(atoms)) if _can_be(dict(zip(atoms, w, strict=True)))
        ]
        counts = [z3.Int(f"world {n}") for n in range(len(worlds))]
        solver = z3.Solver()
        solver.set("timeout", PATIENCE)
        solver.add(*(count >= 0 for count in counts))

        def those(part: Iterable[tuple[Condition, bool]]) -> Any:  # noqa: ANN401
            wanted = [(atoms.index(merged.get(atom, atom)), yes) for atom, yes in part]
            held = [c for c, w in zip(counts, worlds, strict=True) if all(w[i] == y for i, y in wanted)]
            return z3.Sum([z3.IntVal(0), *held])

        for fact in facts:
            whole, met = (those(part) for part in parts[fact.series])
            solver.add(*_asserted(fact, met, whole - met))
        asked = {
            (table, tuple(zip(group, yes, strict=True))): those(zip(group, yes, strict=True))
            for size in ((1, 2, 3) if len(atoms) <= FEW_CONDITIONS else (1, 2))
            for group in combinations(atoms, size)
            for yes in product((True, False), repeat=size)
        }
        for (_, group), count in _fixed(solver, asked):
            yield Worked(
                table, months, " and ".join(f"{'' if y else 'not '}{_named(a)}" for a, y in group), count
            )


def _parts(measure: Measure) -> tuple[list[tuple[Condition, bool]], list[tuple[Condition, bool]]]:
    """Of whom a figure is, and who of them count: conditions, and whether they hold."""
    whole = list(_flat(measure.where, yes=True))
    if measure.left_out is not None:
        whole.append((measure.left_out, False))
    counted = list(_flat(measure.numerator, yes=True)) if measure.numerator is not None else []
    return whole, [*whole, *counted]


def _alike(parts: Sequence[tuple[list[tuple[Condition, bool]], ...]]) -> dict[Condition, Condition]:
    """Conditions that always come together stand for each other: the first of them for all."""
    where: dict[Condition, set[tuple[int, int, bool]]] = defaultdict(set)
    for n, every in enumerate(parts):
        for k, part in enumerate(every):
            for atom, yes in part:
                where[atom].add((n, k, yes))
    first: dict[frozenset[tuple[int, int, bool]], Condition] = {}
    return {atom: first.setdefault(frozenset(places), atom) for atom, places in where.items()}


def _flat(condition: Condition, *, yes: bool) -> Iterator[tuple[Condition, bool]]:
    if isinstance(condition, AllOf) and yes:
        for part in condition.parts:
            yield from _flat(part, yes=True)
    elif isinstance(condition, Not):
        yield from _flat(condition.of, yes=not yes)
    else:
        yield condition, yes


def _can_be(world: Mapping[Condition, bool]) -> bool:
    """A blank cell says nothing else."""
    blank = {atom.value for atom, yes in world.items() if yes and isinstance(atom, IsBlank)}
    names = {name for one in blank for name in columns_of(one)}
    return not any(
        yes and not isinstance(atom, IsBlank) and columns_of(atom) & names for atom, yes in world.items()
    )


def _named(condition: Condition) -> str:
    return f"{type(condition).__name__}({', '.join(sorted(columns_of(condition)))})"


def _amounts(fact: Fact) -> tuple[object, ...]:
    return fact.of_met, fact.of_missed, fact.least, fact.most, fact.strict


def _asserted(fact: Fact, met: Any, missed: Any) -> Iterator[Any]:  # noqa: ANN401
    """The fact in whole numbers."""
    scale = 1
    for number in (fact.of_met, fact.of_missed, fact.least, fact.most):
        scale *= 1 if number is None else number.denominator
    total = int(fact.of_met * scale) * met + int(fact.of_missed * scale) * missed
    if fact.least is not None:
        yield total > int(fact.least * scale) if fact.strict else total >= int(fact.least * scale)
    if fact.most is not None:
        yield total <= int(fact.most * scale)


def _at_odds(facts: Sequence[Fact], ask: Callable[[Fact], list[Any]]) -> str:
    """The few facts that contradict each other: the reader misunderstood one, or the pack is wrong."""
    solver = z3.Solver()
    for n, fact in enumerate(facts):
        solver.assert_and_track(z3.And(*ask(fact)), f"{n}")
    assert solver.check() == z3.unsat
    return "; ".join(str(facts[int(str(n))]) for n in solver.unsat_core())


def _fixed(solver: Any, asked: Mapping[Any, Any]) -> Iterator[tuple[Any, int]]:  # noqa: ANN401
    """Which of the amounts have one small value alone: their least and greatest are the same."""
    answer = solver.check()
    assert answer == z3.sat, f"what was printed does not fit together ({answer})"
    models = [solver.model()]

    def value(model: Any, amount: Any) -> int:  # noqa: ANN401
        return int(model.eval(amount, model_completion=True).as_long())

    for name, amount in asked.items():
        first = value(models[0], amount)
        if first not in SMALL or any(value(model, amount) != first for model in models[1:]):
            continue
        solver.push()
        solver.add(amount != first)
        answer = solver.check()
        if answer == z3.sat:
            models.append(solver.model())
        solver.pop()
        assert answer != z3.unknown, f"{name}: no answer within {PATIENCE} ms"
        if answer == z3.unsat:
            yield name, first


def digits_unaccounted(said: Said, *names: str) -> str:
    """Digits in a text that are not of a name of `names`, a date, a year, a target or a place in the plan."""
    text = said.text
    for name in names:
        text = text.replace(name, "")
    if said.field.startswith(("target", "said Source")):
        return ""
    months = "January|February|March|April|May|June|July|August|September|October|November|December"
    for known in (
        r"^Target .*", rf"\b\d{{1,2}} (?:{months}) 20\d\d\b", rf"\b(?:{months}) 20\d\d\b", r"\b20\d\d/\d\d\b",
        r"\b20\d\d\b", r"\bin 12 months\b",
    ):  # fmt: skip
        text = re.sub(known, "", text)
    return "".join(re.findall(r"\d+", text))
