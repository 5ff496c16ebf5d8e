"""A folder of hundreds of returns, read by one process and by as many as the machine has cores.

Run: .venv/bin/python -m tests.benchmarks many [--sizes 48,96,192,384] [--runs 3]

The example returns, over and over. The ways take turns; what they read must be equal, and in one order.
"""

# ruff: noqa: T201  (it prints)
from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpi_engine.returns.many import read_many, worth_it
from kpi_engine.rulebook.load import load_rulebook
from tests.benchmarks.growth import growth, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.returned import Return

ROOT = Path(__file__).parents[2]
SIZES = (48, 96, 192, 384)


def copies(folder: Path, number: int) -> list[Path]:
    """So many returns in `folder`, in order."""
    months = sorted((ROOT / "inputs").glob("returns_*.xlsx"))
    return [
        Path(shutil.copy(months[n % len(months)], folder / f"returns_{n:05d}.xlsx")) for n in range(number)
    ]


def timed(
    files: Sequence[Path], rulebook: RuleBook, processes: int
) -> tuple[tuple[Return, ...], float, float]:
    """The returns, and the wall and processor seconds of this process and those it started."""
    before, began = os.times(), time.perf_counter()
    found = read_many(files, rulebook, lambda _done, _of: None, processes=processes)
    wall, after = time.perf_counter() - began, os.times()
    return found, wall, sum(after[:4]) - sum(before[:4])


def results(arguments: Sequence[str] = ()) -> dict[str, Any]:
    """Print a line for each number of returns, wall and processor seconds of both ways, and give them."""
    options = argparse.ArgumentParser("many")
    options.add_argument("--sizes", default=",".join(map(str, SIZES)))
    options.add_argument("--runs", type=int, default=3)
    chosen = options.parse_args(arguments)
    rulebook = load_rulebook(ROOT / "rules", "rules")
    lines: list[dict[str, Any]] = []
    print(" returns processes  one: wall s   cpu s  many: wall s   cpu s  faster")
    for size in map(int, chosen.sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            files = copies(Path(folder), size)
            processes = max(2, worth_it(files))
            took: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
            for _ in range(chosen.runs):
                read = []
                for number in (1, processes):
                    found, wall, cpu = timed(files, rulebook, number)
                    took[number].append((wall, cpu))
                    read.append(found)
                if read[0] != read[1]:
                    raise AssertionError("several processes read otherwise than one")
        one, many = (
            {
                "wall": statistics.median(w for w, _ in took[n]),
                "cpu": statistics.median(c for _, c in took[n]),
            }
            for n in (1, processes)
        )
        line: dict[str, Any] = {"returns": size, "processes": processes, "one": one, "many": many}
        lines.append(line)
        print(
            f"{size:>8} {processes:>9} {one['wall']:12.2f} {one['cpu']:7.2f}"
            f" {many['wall']:13.2f} {many['cpu']:7.2f} {one['wall'] / many['wall']:7.2f}"
        )
    grown = growth({way: [(line["returns"], line[way]["cpu"]) for line in lines] for way in ("one", "many")})
    print(shown(grown, "returns"))
    return {"lines": lines, "growth": grown}
