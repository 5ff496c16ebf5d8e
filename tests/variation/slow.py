"""The nhsr-0.2.2 profile a second time: slowly, window by window, from the design's text alone."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import date

Rows = list[tuple["date", float | None]]


@dataclass
class Row:
    """All that is said of one row; the defaults are what an undefined or common-cause row keeps."""

    date: date
    x: float | None
    mean: float | None = None
    lpl: float | None = None
    upl: float | None = None
    nlpl: float | None = None
    nupl: float | None = None
    mr: float | None = None
    mean_mr: float | None = None
    cause: str = "Common Cause"


def mean_of(xs: Sequence[float]) -> float:
    """Rule 10."""
    if float("inf") in xs:
        return float("inf")
    return float(sum(map(Fraction, xs)) / len(xs))


def charted(
    points: Rows, *, rebase: Collection[date] = (), fix_after: int | None = None, screen: bool = True
) -> list[list[Row]]:
    """Rule 1: sorted, and a new group at each row whose date is a rebase date."""
    groups: list[list[Row]] = []
    for day, x in sorted(points, key=lambda point: point[0]):
        if not groups or day in rebase:
            groups.append([])
        groups[-1].append(Row(day, x))
    for group in groups:
        _draw(group, fix_after, screen=screen)
        _name(group)
    return groups


def _draw(group: list[Row], fix_after: int | None, *, screen: bool) -> None:
    """Rules 2 and 3."""
    baseline = group if fix_after is None else group[:fix_after]
    values = [row.x for row in baseline if row.x is not None]
    mean = mean_of(values) if values else None
    for before, row in pairwise(baseline):
        if before.x is not None and row.x is not None:
            row.mr = abs(row.x - before.x)
    ranges = [row.mr for row in baseline if row.mr is not None]
    if screen and ranges:
        first = mean_of(ranges)
        ranges = [r for r in ranges if r < 3.267 * first]
    for row in group:
        row.mean = mean
        if ranges and mean is not None:
            a = row.mean_mr = mean_of(ranges)
            row.lpl, row.upl = mean - 2.66 * a, mean + 2.66 * a
            row.nlpl, row.nupl = mean - 2 * (2.66 / 3) * a, mean + 2 * (2.66 / 3) * a


def _sign(x: float) -> int:
    return 1 if x > 0 else -1 if x < 0 else 0


def _name(group: list[Row]) -> None:  # noqa: C901  (as the text has it, in one piece)
    """Rules 4 to 6: each test asks every window that could hold the row."""
    n = len(group)
    side = [0 if r.x is None or r.mean is None else _sign(r.x - r.mean) for r in group]
    outside = [
        r.x is not None and r.upl is not None and r.lpl is not None and (r.x > r.upl or r.x < r.lpl)
        for r in group
    ]
    close = [
        r.x is not None and r.nupl is not None and r.nlpl is not None and (r.x > r.nupl or r.x < r.nlpl)
        for r in group
    ]
    close = [c and not o for c, o in zip(close, outside, strict=True)]

    def step(i: int) -> int:
        x, y = group[i].x, group[i + 1].x
        return 0 if x is None or y is None else _sign(y - x)

    def any_window(i: int, size: int, test: Callable[[range], bool]) -> bool:
        starts = range(max(0, i - size + 1), min(i, n - size) + 1)
        return any(test(range(start, start + size)) for start in starts)

    def trend(window: range) -> bool:
        return abs(sum(step(j) for j in window[:-1])) == 6

    def run(window: range) -> bool:
        return abs(sum(side[j] for j in window)) == 7

    def two_in_three(window: range) -> bool:
        return abs(sum(side[j] for j in window)) == 3 and sum(close[j] for j in window) >= 2

    for i, row in enumerate(group):
        high = side[i] > 0
        if outside[i]:
            row.cause = "Above UCL" if high else "Below LCL"
        elif any_window(i, 7, trend):
            after = i + 1 < n and any_window(i + 1, 7, trend)
            rising = (step(i) if after else step(i - 1)) > 0
            row.cause = f"7 Point Trend ({'Increasing' if rising else 'Decreasing'})"
        elif close[i] and any_window(i, 3, two_in_three):
            row.cause = f"2 in 3 {'Above' if high else 'Below'} CL"
        elif any_window(i, 7, run):
            row.cause = f"7 Points {'Above' if high else 'Below'} CL"


def colour_of(cause: str, better: str) -> str:
    """Rule 7."""
    high, low = {
        "increase": ("special_cause_improvement", "special_cause_concern"),
        "decrease": ("special_cause_concern", "special_cause_improvement"),
        "neutral": ("special_cause_neutral_high", "special_cause_neutral_low"),
    }[better]
    if "Above" in cause or "Increasing" in cause:
        return high
    return low if "Below" in cause or "Decreasing" in cause else "common_cause"


def assurance_of(last: Row, target: float | None, better: str) -> str | None:
    """Rule 9."""
    if target is None or better == "neutral":
        return None
    if last.upl is not None and target > last.upl:
        return "consistent_fail" if better == "increase" else "consistent_pass"
    if last.lpl is not None and target < last.lpl:
        return "consistent_pass" if better == "increase" else "consistent_fail"
    return "inconsistent"
