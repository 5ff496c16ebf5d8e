"""Processor seconds for charts of 30, 300 and 3,000 mixed series of 36 months, in memory and from CSV to CSV.

Run: .venv/bin/python tests/benchmarks/variation.py
"""

# ruff: noqa: T201  (it prints)
from __future__ import annotations

import random
import sys
import time
from datetime import date
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

sys.path.insert(0, str(Path(__file__).parents[2]))

from kpi_engine.spc import spc
from kpi_engine.variation import chart

MONTHS = [date(2021 + i // 12, i % 12 + 1, 1) for i in range(36)]
SIZES = (30, 300, 3000)
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
    start = time.process_time()
    for each in points:
        chart(each, better="increase", target=75, profile=profile)
    return time.process_time() - start


def by_csv(series: list[list[str]], profile: str) -> float:
    """Processor seconds from two texts to two texts."""
    lines = [f"{n},{day},{x}" for n, xs in enumerate(series) for day, x in zip(MONTHS, xs, strict=True)]
    text = "\n".join(["series_id,date,value", *lines])
    header = "series_id,improvement_direction,target,rebase_dates,screen_outliers,fix_after_n"
    config = "\n".join([header, *(f"{n},increase,75,,TRUE," for n in range(len(series)))])
    start = time.process_time()
    spc(text, config, profile)
    return time.process_time() - start


def main() -> None:
    """Print a line for each way: seconds at each size, and how they grow (10 is in step)."""
    print(f"{'':24}" + "".join(f"{size:>9,}" for size in SIZES) + "   growth")
    for name, run in (("chart", by_chart), ("spc (CSV to CSV)", by_csv)):
        for profile in ("nhsr-0.2.2", "board"):
            costs = [min(run(mixed(size), profile) for _ in range(2)) for size in SIZES]
            growth = ", ".join(f"{b / a:.1f}" for a, b in pairwise(costs))
            print(f"{name:17}{profile:>11}" + "".join(f"{c:8.3f}s" for c in costs) + f"   {growth}")
    print(AIM)


if __name__ == "__main__":
    main()
