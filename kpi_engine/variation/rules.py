"""The four rules that tell a special cause from chance, within one group of points."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING

from kpi_engine.variation.charted import Rule, SpecialCause

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kpi_engine.variation.charted import Figure
    from kpi_engine.variation.limits import Limits
    from kpi_engine.variation.profiles import Profile

RUN = 7
"""Points in a row that make a run, or a trend."""
_WINDOW, _NEAR_ONES = 3, 2

CAUSES = MappingProxyType(
    {
        (Rule.OUTSIDE, True): SpecialCause.ABOVE_LIMIT,
        (Rule.OUTSIDE, False): SpecialCause.BELOW_LIMIT,
        (Rule.TREND, True): SpecialCause.RISING,
        (Rule.TREND, False): SpecialCause.FALLING,
        (Rule.TWO_IN_THREE, True): SpecialCause.NEAR_ABOVE,
        (Rule.TWO_IN_THREE, False): SpecialCause.NEAR_BELOW,
        (Rule.RUN, True): SpecialCause.RUN_ABOVE,
        (Rule.RUN, False): SpecialCause.RUN_BELOW,
    }
)


@dataclass(frozen=True, slots=True)
class Special:
    """The rule that names a row, on which side, and the first and last row of its window."""

    rule: Rule
    high: bool
    first: int
    last: int

    @property
    def cause(self) -> SpecialCause:
        """Its name."""
        return CAUSES[self.rule, self.high]


def specials(values: Sequence[Figure | None], limits: Limits, profile: Profile) -> dict[int, Special]:
    """The special rows of a group; the first rule that applies names a row."""
    sides = _sides(values, limits.mean)
    outside = _outside(values, limits)
    return (
        _runs(sides)
        | _two_in_three(sides, _near(values, limits, outside))
        | _trends(values, profile)
        | {i: Special(Rule.OUTSIDE, high, i, i) for i, high in outside.items()}
    )


def _sides(values: Sequence[Figure | None], mean: Figure | None) -> list[int]:
    if mean is None:
        return [0] * len(values)
    return [0 if x is None else (x > mean) - (x < mean) for x in values]


def _outside(values: Sequence[Figure | None], limits: Limits) -> dict[int, bool]:
    lower, upper = limits.lower, limits.upper
    if lower is None or upper is None:
        return {}
    return {i: x > upper for i, x in enumerate(values) if x is not None and (x > upper or x < lower)}


def _near(values: Sequence[Figure | None], limits: Limits, outside: dict[int, bool]) -> list[bool]:
    lower, upper = limits.near_lower, limits.near_upper
    if lower is None or upper is None:
        return [False] * len(values)
    return [x is not None and (x > upper or x < lower) and i not in outside for i, x in enumerate(values)]


def _runs(sides: list[int]) -> dict[int, Special]:
    return {
        i: Special(Rule.RUN, sign > 0, first, last)
        for first, last, sign in _stretches(sides)
        if last - first + 1 >= RUN
        for i in range(first, last + 1)
    }


def _two_in_three(sides: list[int], near: list[bool]) -> dict[int, Special]:
    found: dict[int, Special] = {}
    for first in range(len(sides) - _WINDOW + 1):
        last = first + _WINDOW - 1
        if sum(near[first : last + 1]) >= _NEAR_ONES and abs(sum(sides[first : last + 1])) == _WINDOW:
            special = Special(Rule.TWO_IN_THREE, sides[first] > 0, first, last)
            found.update((i, special) for i in range(first, last + 1) if near[i])
    return found


def _trends(values: Sequence[Figure | None], profile: Profile) -> dict[int, Special]:
    steps = [0 if x is None or y is None else (y > x) - (y < x) for x, y in pairwise(values)]
    # A later trend overwrites: it names the point it shares with the one before.
    found = {
        i: Special(Rule.TREND, sign > 0, first, last + 1)
        for first, last, sign in _stretches(steps)
        if last - first + 1 >= RUN - 1
        for i in range(first, last + 2)
    }
    if profile.trend_by_window:
        return found
    return {
        i: Special(Rule.TREND, (steps[i] if i + 1 in found else steps[i - 1]) > 0, s.first, s.last)
        for i, s in found.items()
    }


def _stretches(signs: list[int]) -> Iterator[tuple[int, int, int]]:
    """First, last and sign of each longest stretch of one sign; zeros belong to none."""
    first = 0
    for i in range(1, len(signs) + 1):
        if i == len(signs) or signs[i] != signs[first]:
            if signs[first]:
                yield first, i - 1, signs[first]
            first = i
