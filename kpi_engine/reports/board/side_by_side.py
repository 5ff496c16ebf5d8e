"""Counts of one table and the same months: which were printed, and what two of them give away together."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING

from kpi_engine.reports.board.inference import Small, is_small
from kpi_engine.rulebook.book import Kind, Operator
from kpi_engine.terms.expression import AllOf, Compare, IsBlank, IsTrue, Not, OneOf, columns_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kpi_engine.reports.board.printable import Printable, Series
    from kpi_engine.rulebook.book import Measure
    from kpi_engine.terms.expression import Condition
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.verdict import TargetInForce

Part = tuple[str, str]
"""A measure, and one of its counts: met, missed or whole."""
Place = tuple[str, tuple["Period", ...]]
"""A table, and the months that a count is of."""
Line = tuple[Place, Part, Fraction]
"""One count as it is printed, or follows from one figure."""


@dataclass(frozen=True, slots=True)
class Group:
    """Whom a count is of: rows of a table that fulfil all conditions, weighed alike."""

    table: str
    weight: str
    conditions: frozenset[Condition]

    def within(self, other: Group) -> bool:
        """Whether all of this group are of the other."""
        alike = (self.table, self.weight) == (other.table, other.weight)
        return alike and self.conditions >= other.conditions


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every count printed so far, and the measures whose state was said without their figure.

    `nested` are, for a count, those of which one group holds the other.
    """

    groups: Mapping[Part, Group]
    nested: Mapping[Part, frozenset[Part]]
    printed: defaultdict[Place, defaultdict[Part, set[Fraction]]]
    said: defaultdict[Place, list[tuple[str, TargetInForce]]]


def new_ledger(measures: Iterable[Measure]) -> Ledger:
    """Before the first pack."""
    groups = {part: group for measure in measures for part, group in _groups(measure)}
    nested = {
        part: frozenset(name for name, other in groups.items() if of.within(other) or other.within(of))
        for part, of in groups.items()
    }
    return Ledger(groups, nested, defaultdict(lambda: defaultdict(set)), defaultdict(list))


def _groups(measure: Measure) -> Iterator[tuple[Part, Group]]:
    if measure.kind not in {Kind.PROPORTION, Kind.COUNT, Kind.OCCURRENCE, Kind.CHANGE}:
        return
    whole = _all_of(measure.where)
    if measure.left_out is not None:
        whole |= {Not(measure.left_out)}
    parts = {"whole": whole}
    if measure.numerator is not None:
        parts |= {"met": whole | _all_of(measure.numerator), "missed": whole | {Not(measure.numerator)}}
    for name, conditions in parts.items():
        yield (measure.id, name), Group(measure.table, measure.weight or "", conditions)


def _all_of(condition: Condition) -> frozenset[Condition]:
    if isinstance(condition, AllOf):
        return frozenset(one for part in condition.parts for one in _all_of(part))
    return frozenset({condition})


def known_wholes(ledger: Ledger, place: Place, name: str) -> Iterator[Fraction]:
    """What was printed, by other measures, as the number of exactly those whom a share is out of."""
    group = ledger.groups.get((name, "whole"))
    for part, values in ledger.printed[place].items():
        if part[0] != name and group is not None and ledger.groups.get(part) == group:
            yield from values


def one_answer(whole: Fraction, target: TargetInForce, small: Small) -> bool:
    """Whether, out of so many, met or missed leaves one figure alone of those that are kept back."""
    if whole.denominator != 1:
        return False
    kept = [n for n in range(whole.numerator + 1) if is_small((n, whole.numerator - n), small)]
    met = sum(_meets(Fraction(n, whole.numerator), target) for n in kept)
    return 1 in {met, len(kept) - met}


def _meets(value: Fraction, target: TargetInForce) -> bool:
    if target.op == Operator.AT_MOST:
        return value <= target.value
    return value >= target.value if target.op == Operator.AT_LEAST else value > target.value


def lines_of(series: Series, seen: Printable, *, months: bool) -> Iterator[Line]:
    """Every count of the figure, and with `months` of each month's own: printed, or the rest of two."""
    figures = [(seen.covered, seen.figure)]
    if months:
        figures += [((month,), own) for month, own in zip(seen.months, seen.own, strict=True)]
    for covered, counts in figures:
        if counts is None:
            continue
        place = (series.measure.table, covered)
        names = ("met", "missed") if len(counts) > 1 else ("whole",)
        for name, count in zip(names, counts, strict=True):
            yield place, (series.measure.id, name), Fraction(count, series.unit)
        if len(counts) > 1:
            yield place, (series.measure.id, "whole"), Fraction(sum(counts), series.unit)


def clash(ledger: Ledger, lines: Sequence[Line], small: Small, *, every: bool = False) -> bool:
    """Whether a count less one printed of the same table and months is a small group of people.

    Of two groups one of which holds the other; with `every`, of any two measures.
    """
    for place, part, count in lines:
        there = ledger.printed[place]
        if count in there.get(part, ()):
            continue
        nested = ledger.nested.get(part, frozenset())
        for other, counts in there.items():
            compared = other[0] != part[0] and (every or other in nested)
            if compared and any(0 < abs(count - one) <= small.threshold for one in counts):
                return True
        if _rest_of_three(ledger, place, (part, count), small):
            return True
        if part[1] == "whole":
            for name, target in ledger.said[place]:
                group = ledger.groups.get((name, "whole"))
                alike = group is not None and group == ledger.groups.get(part)
                if alike and name != part[0] and one_answer(count, target, small):
                    return True
    return False


def _rest_of_three(ledger: Ledger, place: Place, new: tuple[Part, Fraction], small: Small) -> bool:
    """Whether few are left of a group less two groups apart within it, `new` being one of the three."""
    held = [(part, one) for part, counts in ledger.printed[place].items() for one in counts]
    for pair in combinations(held, 2):
        three = (new, *pair)
        for n, (whole, count) in enumerate(three):
            (a, one), (b, two) = three[:n] + three[n + 1 :]
            left = count - one - two
            if 0 < left <= small.threshold and _apart_within(ledger, whole, a, b):
                return True
    return False


def _apart_within(ledger: Ledger, whole: Part, a: Part, b: Part) -> bool:
    all_, one, other = (ledger.groups.get(part) for part in (whole, a, b))
    if all_ is None or one is None or other is None or not (one.within(all_) and other.within(all_)):
        return False
    return any(_exclude(x, y) or _exclude(y, x) for x in one.conditions for y in other.conditions)


def _exclude(one: Condition, other: Condition) -> bool:
    """Whether no row can fulfil both: the opposite, or a blank that would have to say something."""
    if Not(one) == other:
        return True
    says = isinstance(other, Compare | OneOf | IsTrue)
    return isinstance(one, IsBlank) and says and bool(columns_of(one) & columns_of(other))


def write(ledger: Ledger, lines: Iterable[Line]) -> None:
    """The counts are printed."""
    for place, part, count in lines:
        ledger.printed[place][part].add(count)
