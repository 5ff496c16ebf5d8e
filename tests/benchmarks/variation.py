"""Processor seconds for charts of 30 to 3,000 mixed series of 36 months, in memory and from CSV to CSV.

Run: .venv/bin/python -m tests.benchmarks variation [--sizes 30,300]
"""

# ruff: noqa: T201  (it prints)
from __future__ import annotations

import argparse
import random
import statistics
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from kpi_engine.spc import spc
from kpi_engine.variation import chart
from tests.benchmarks.growth import growth, shown, taken

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MONTHS = [date(2021 + i // 12, i % 12 + 1, 1) for i in range(36)]
SIZES = (30, 140, 650, 3000)
ROUNDS = 3
AIM = "aim: 300 series by nhsr-0.2.2 in less than 0.8 s"


def mixed(number: int) -> list[list[str]]:
    """Series of every kind, as text with two decimals: stable, stepped, rising, tied, with blanks."""
    r = random.Random(number)
    kinds: tuple[Callable[[int], float], ...] = (
        lambda _: r.gauss(80, 4),
        lambda i: r.gauss(60 + 10 * (i > 18), 3),
        lambda i: i + r.gauss(0, 2),
        lambda _: r.choice((1, 2, 2, 3)),
    )
    return [["" if r.random() < 0.02 else f"{kinds[n % 4](i):.2f}" for i in range(36)] for n in range(number)]


def by_chart(series: list[list[str]], profile: str) -> float:
    """Processor seconds for all series, values already read."""
    number = Fraction if profile == "board" else float
    points = [[(day, number(x) if x else None) for day, x in zip(MONTHS, xs, strict=True)] for xs in series]

    def drawn() -> None:
        for each in points:
            chart(each, better="increase", target=75, profile=profile)

    return taken(drawn)[2]


def by_csv(series: list[list[str]], profile: str) -> float:
    """Processor seconds from two texts to two texts."""
    lines = [f"{n},{day},{x}" for n, xs in enumerate(series) for day, x in zip(MONTHS, xs, strict=True)]
    text = "\n".join(["series_id,date,value", *lines])
    header = "series_id,improvement_direction,target,rebase_dates,screen_outliers,fix_after_n"
    config = "\n".join([header, *(f"{n},increase,75,,TRUE," for n in range(len(series)))])
    return taken(lambda: spc(text, config, profile))[2]


def results(arguments: Sequence[str] = ()) -> dict[str, Any]:
    """Print a line for each way: median seconds at each size; then how they grow; give both."""
    options = argparse.ArgumentParser("variation")
    options.add_argument("--sizes", default=",".join(map(str, SIZES)))
    sizes = [int(size) for size in options.parse_args(arguments).sizes.split(",")]
    points: dict[str, list[tuple[float, float]]] = {}
    print(f"{'':28}" + "".join(f"{size:>9,}" for size in sizes))
    for name, run in (("chart", by_chart), ("spc (CSV to CSV)", by_csv)):
        for profile in ("nhsr-0.2.2", "board"):
            costs = [statistics.median(run(mixed(size), profile) for _ in range(ROUNDS)) for size in sizes]
            points[f"{name}, {profile}"] = list(zip(sizes, costs, strict=True))
            print(f"{name:17}{profile:>11}" + "".join(f"{c:8.3f}s" for c in costs))
    print(shown(growth(points), "series"))
    print(AIM)
    return {"seconds": {name: dict(found) for name, found in points.items()}, "growth": growth(points)}
