"""How a cost grows: the power of the size with which it does, over all sizes and in the last step."""

from __future__ import annotations

import math
import statistics
import time
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")
STEEP = 1.1  # a cost that grows with a greater power of the size is a defect, or is explained


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The power of the size with which a cost grows: the line through the logarithms, by least squares."""
    logs = [(math.log(x), math.log(y)) for x, y in points]
    return statistics.linear_regression(*zip(*logs, strict=True)).slope


def growth(stages: Mapping[str, Sequence[tuple[float, float]]]) -> list[dict[str, Any]]:
    """The slope of each stage over all sizes, and in the last step; stages of one size are left out."""
    return [
        {"stage": stage, "slope": slope(points), "last": slope(points[-2:])}
        for stage, points in stages.items()
        if len(points) > 1
    ]


def shown(grown: Sequence[Mapping[str, Any]], size: str, why: Mapping[str, str] | None = None) -> str:
    """A line a stage; where one is steeper than linear, so it says, with the reason if `why` has it."""
    lines = []
    for one in grown:
        is_steep = max(one["slope"], one["last"]) > STEEP
        reason = (why or {}).get(one["stage"], "")
        steep = f"  STEEPER THAN LINEAR{': ' if reason else ''}{reason}" if is_steep else ""
        lines.append(
            f"grows with {size} to the {one['slope']:5.2f} (last step {one['last']:5.2f})"
            f"  {one['stage']}{steep}"
        )
    return "\n".join(lines)


def taken(act: Callable[[], T]) -> tuple[T, float, float]:
    """What a call gives, and the wall and processor seconds that it took."""
    wall, processor = time.perf_counter(), time.process_time()
    given = act()
    return given, time.perf_counter() - wall, time.process_time() - processor
