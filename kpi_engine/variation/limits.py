"""The mean and the limits of one group of points."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.variation.charted import Figure
    from kpi_engine.variation.profiles import Profile


@dataclass(frozen=True, slots=True)
class Limits:
    """What the baseline of a group gives; None is undefined.

    `n` counts the values behind the mean; `ranges` holds one moving range a row, before screening;
    `unscreened` says that screening was undone because it would have left no range above zero.
    """

    n: int
    ranges: tuple[Figure | None, ...]
    mean: Figure | None = None
    mean_moving_range: Figure | None = None
    lower: Figure | None = None
    upper: Figure | None = None
    near_lower: Figure | None = None
    near_upper: Figure | None = None
    unscreened: bool = False


def limits_of(
    values: Sequence[Figure | None], profile: Profile, *, fix_after: int | None, screen: bool
) -> Limits:
    """The limits that the first `fix_after` rows of a group give (all rows if None)."""
    rows = len(values)
    baseline = values if fix_after is None else values[:fix_after]
    present = [x for x in baseline if x is not None]
    ranges: list[Figure | None] = [None] * rows
    for i in range(1, len(baseline)):
        before, x = baseline[i - 1], baseline[i]
        if before is not None and x is not None:
            ranges[i] = x - before if x > before else before - x
    if not present:
        return Limits(0, tuple(ranges))
    mean = mean_of(present)
    kept, unscreened = _kept([r for r in ranges if r is not None], profile, screen=screen)
    if not kept or len(present) < profile.verdict_from:
        return Limits(len(present), tuple(ranges), mean)
    size = mean_of(kept)
    far, near = profile.limit * size, profile.near * size
    return Limits(
        len(present), tuple(ranges), mean, size, mean - far, mean + far, mean - near, mean + near, unscreened
    )


def mean_of(xs: Sequence[Figure]) -> Figure:
    """The exact mean; of doubles, rounded once to a double. Infinite if one is; of none, ZeroDivisionError.

    Equal to `float(sum(map(Fraction, xs)) / len(xs))` bit for bit: Python rounds the quotient of two
    integers correctly.
    """
    try:
        ratios = [x.as_integer_ratio() for x in xs]
    except OverflowError:  # a moving range too large for a double
        return math.inf
    common = math.lcm(*{bottom for _, bottom in ratios})
    total, whole = sum(top * (common // bottom) for top, bottom in ratios), common * len(xs)
    return Fraction(total, whole) if isinstance(xs[0], Fraction) else total / whole


def _kept(ranges: list[Figure], profile: Profile, *, screen: bool) -> tuple[list[Figure], bool]:
    if not screen or not ranges:
        return ranges, False
    cut = profile.screen * mean_of(ranges)
    kept = [r for r in ranges if r < cut]
    if profile.screening_keeps_some and not any(kept):
        return ranges, True
    return kept, False
