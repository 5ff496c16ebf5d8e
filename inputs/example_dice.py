"""Chance that falls the same way every time, and figures that change over the years."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SEED = 2023
FIRST_DAY = date(2010, 4, 1)
"""The borough fills up from nothing, so that by 2023 children and carers of every history are there."""
LAST_DAY = date(2025, 3, 31)

_T = TypeVar("_T")
Path = tuple[tuple[date, float], ...]
"""Figures on certain days, the earliest first; in between they lie on straight lines."""


class Dice:
    """The dice of one part of the borough, so that a change to one part leaves the others as they are."""

    def __init__(self, part: str) -> None:
        """Dice of `part`; the same name throws the same."""
        # Of all that Random offers, Python promises only for random() that its sequence stays.
        self._throw = Random(f"{SEED} {part}").random

    def chance(self, share: float) -> bool:
        """True in `share` of all throws."""
        return self._throw() < share

    def number(self, least: int, most: int) -> int:
        """A whole number, both ends included, each as likely."""
        return least + int(self._throw() * (most - least + 1))

    def low(self, least: int, most: int) -> int:
        """A whole number, the low ones more likely: the mean lies a third of the way up."""
        thrown = self._throw()
        return least + int(thrown * thrown * (most - least + 1))

    def pick(self, of: Sequence[_T]) -> _T:
        """One of them."""
        return of[int(self._throw() * len(of))]


def along(path: Path, day: date) -> float:
    """The figure on `day`."""
    before = path[0]
    for point in path:
        if point[0] > day:
            if before[0] >= point[0]:
                return point[1]
            share = (day - before[0]).days / (point[0] - before[0]).days
            return before[1] + share * (point[1] - before[1])
        before = point
    return before[1]


def days(first: date, last: date) -> Iterator[date]:
    """Every day from `first` to `last`, both included."""
    return (first + timedelta(n) for n in range((last - first).days + 1))


def after(day: date, number: int) -> date:
    """`number` days after `day`."""
    return day + timedelta(number)


def working(day: date) -> date:
    """The day itself, or the Friday before a weekend."""
    return day - timedelta(max(0, day.weekday() - 4))


def by(day: date | None, last: date | None) -> date | None:
    """The day, if it has come by `last`."""
    return day if day is not None and (last is None or day <= last) else None
