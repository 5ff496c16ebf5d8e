"""What the packs of four boards cost in all formats, the share of each format, and the growth by months.

Run: .venv/bin/python -m tests.benchmarks packs [--rounds 3] [--months 6,12,18,24]
"""

# ruff: noqa: T201  (it prints)
from __future__ import annotations

import argparse
import statistics
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any

from kpi_engine.check import gathered, read_returns
from kpi_engine.packs import packs
from kpi_engine.reports.board.pack import PackFormat, written
from tests.benchmarks.growth import growth, shown, taken
from tests.packs.made import ROOT, meetings, rulebook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.check import Gathered
    from kpi_engine.packs import Packs

FOUR = (
    "divisional-management-team",
    "achieving-excellence-board",
    "corporate-parenting-advisory-committee",
    "scrutiny-committee",
)
MONTHS = (6, 12, 18, 24)
WORDS = "judge, escalate, word"


def of_months(months: int) -> Gathered:
    """The last so many months of the example returns, read and measured."""
    paths = sorted((ROOT / "inputs").glob("returns_*.xlsx"))[-months:]
    return gathered(read_returns(paths, rulebook(), lambda _done, _of: None), rulebook())


def a_round(held: Gathered) -> tuple[dict[str, float], dict[str, int]]:
    """Processor seconds of the words and of each format, for the four boards; and bytes of each format."""
    boards = tuple(rulebook().boards[one] for one in FOUR)
    made, _, seconds = taken(lambda: packs(held, rulebook(), boards, meetings=meetings()))
    files = {form.value: taken(partial(_files, made, form)) for form in PackFormat}
    sizes = {form: sum(map(len, written_as)) for form, (written_as, _, _) in files.items()}
    return {WORDS: seconds, **{form: cpu for form, (_, _, cpu) in files.items()}}, sizes


def _files(made: Packs, form: PackFormat) -> list[bytes]:
    return [written(report, form) for report in made.reports.values()]


def results(arguments: Sequence[str] = ()) -> dict[str, Any]:
    """Print seconds of processor time (medians) and shares of the whole, by months; give them."""
    options = argparse.ArgumentParser("packs")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--months", default=",".join(map(str, MONTHS)))
    chosen = options.parse_args(arguments)
    points: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    lines = []
    for months in map(int, chosen.months.split(",")):
        held, _, measuring = taken(partial(of_months, months))
        rounds = [a_round(held) for _ in range(chosen.rounds)]
        seconds = {name: statistics.median(one[name] for one, _ in rounds) for name in rounds[0][0]}
        points["read and measure"].append((months, measuring))
        for name, cost in seconds.items():
            points[name].append((months, cost))
        whole = sum(seconds.values())
        print(f"{months} months read and measured: {measuring:.1f} s. Four packs: {whole:.2f} s, of which")
        for name, cost in seconds.items():
            size = rounds[0][1].get(name)
            print(
                f"  {name:<22} {cost:6.2f} s {cost / whole:5.0%}"
                + (f" {size / 1024:8.0f} KiB" if size else "")
            )
        lines.append({"months": months, "read and measure": measuring, "cpu": seconds, "bytes": rounds[0][1]})
    print(shown(growth(points), "months"))
    return {"lines": lines, "growth": growth(points)}
