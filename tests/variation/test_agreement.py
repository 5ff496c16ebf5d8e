"""The engine and a slow second writing of the rules agree on every kind of series, to the last bit."""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.spc import point_type
from kpi_engine.variation import chart
from kpi_engine.variation.limits import mean_of
from tests.variation import slow
from tests.variation.build import month

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

SERIES_OF_A_KIND = 200
SCALES = (1.0, 1.0, 0.01, 0.1, 1e-9, 1e-300, 5e-324, 1e9, 1e300, 1e308)


def _sawtooth(r: random.Random, n: int) -> list[float]:
    """Trends that follow each other: straight on, after a level step, after a jump either way."""
    xs = [0.0]
    while len(xs) < n:
        xs.append(xs[-1] + r.choice((0, 0, -9, 9, 5)))
        xs += [xs[-1] + way * (i + 1) for way in (r.choice((-1, 1)),) for i in range(r.randint(5, 9))]
    return xs[:n]


KINDS: dict[str, Callable[[random.Random, int], list[float]]] = {
    "normal": lambda r, n: [r.gauss(80, 5) for _ in range(n)],
    "tenths": lambda r, n: [round(r.gauss(80, 1), 1) for _ in range(n)],
    "per cent": lambda r, n: [r.randint(0, 20) / 20 for _ in range(n)],
    "ties": lambda r, n: [r.choice((1, 2, 2, 2, 3)) for _ in range(n)],
    "ties in tenths": lambda r, n: [r.choice((0.1, 0.2, 0.3)) for _ in range(n)],
    "constant": lambda r, n: [r.choice((0.1, 0.9, 90, 1 / 3))] * n,
    "nearly constant": lambda r, n: [90 + (r.random() < 0.06) for _ in range(n)],
    "step": lambda r, n: [r.gauss(50 + 5 * (i > n / 2), 1) for i in range(n)],
    "trend": lambda r, n: [i * r.choice((1, 1, 1, 1, 0)) for i in range(n)],
    "sawtooth": _sawtooth,
    "wandering": lambda r, n: [sum(r.choice((-1, 1)) for _ in range(i % 9)) for i in range(n)],
    "outliers": lambda r, n: [r.gauss(0, 1) * r.choice((1, 1, 1, 1, 40)) for _ in range(n)],
}


@pytest.mark.parametrize("kind", KINDS)
def test_both_writings_agree_on_every_kind_of_series(kind: str) -> None:
    r = random.Random(kind)
    met: Counter[str] = Counter()
    for _ in range(SERIES_OF_A_KIND):
        n, scale, blanks = r.randint(1, 60), r.choice(SCALES), r.choice((0, 0, 0.1, 0.4))
        drawn = [x * scale for x in KINDS[kind](r, n)]
        values = [x if math.isfinite(x) and r.random() >= blanks else None for x in drawn]
        points = [(month(i), x) for i, x in enumerate(values) if r.random() > 0.02] or [(month(0), 1.0)]
        r.shuffle(points)
        met += Counter(_compared(r, points))
    assert len(met) > 1 or kind == "constant"


def _compared(r: random.Random, points: list[tuple[date, float | None]]) -> list[str]:
    rebase = [month(r.randint(0, 70)) for _ in range(r.choice((0, 0, 0, 1, 2)))]
    fix_after, screen = r.choice((None, None, 12, 13, 24)), r.random() < 0.8
    better = r.choice(("increase", "decrease", "neutral"))
    known = [x for _, x in points if x is not None]
    target = r.choice((None, *known[:2], *(k + r.choice((-3, 3)) for k in known[:2])))
    ours = chart(
        points,
        better=better,
        target=target,
        rebase=rebase,
        fix_after=fix_after,
        screen=screen,
        profile="nhsr-0.2.2",
    )
    groups = slow.charted(points, rebase=rebase, fix_after=fix_after, screen=screen)
    theirs = [(number, row) for number, group in enumerate(groups) for row in group]
    for point, (number, row) in zip(ours.points, theirs, strict=True):
        assert (point.date, point.value, point.group) == (row.date, row.x, number)
        assert (point.mean, point.moving_range, point.mean_moving_range) == (row.mean, row.mr, row.mean_mr)
        assert (point.lower, point.upper) == (row.lpl, row.upl)
        assert (point.near_lower, point.near_upper) == (row.nlpl, row.nupl)
        assert point.special_cause == row.cause
        assert point_type(point.colour) == slow.colour_of(row.cause, better)
    last = theirs[-1][1]
    assert point_type(ours.variation) == slow.colour_of(last.cause, better)
    assert ours.assurance == slow.assurance_of(last, target, better)
    assert [f.date for f in ours.flags] == [row.date for _, row in theirs if row.cause != "Common Cause"]
    return [row.cause for _, row in theirs]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=60))
def test_a_mean_of_doubles_is_exact_and_rounded_once(xs: list[float]) -> None:
    assert math.copysign(1, mean_of(xs)) == math.copysign(1, slow.mean_of(xs))
    assert mean_of(xs) == slow.mean_of(xs)
