"""What the packs of four boards cost in all formats, and the share of each format.

Run: .venv/bin/python tests/benchmarks/packs.py
"""

# ruff: noqa: T201  (it prints)
from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from kpi_engine.packs import packs
from kpi_engine.reports.board.pack import PackFormat, written
from tests.packs.made import meetings, rulebook, year

FOUR = (
    "divisional-management-team",
    "achieving-excellence-board",
    "corporate-parenting-advisory-committee",
    "scrutiny-committee",
)
ROUNDS = 3


def main() -> None:
    """Print seconds of processor time, the least of three rounds, and shares of the whole."""
    boards = tuple(rulebook().boards[one] for one in FOUR)
    began = time.process_time()
    gathered = year()
    measuring = time.process_time() - began
    seconds: dict[str, list[float]] = {}
    sizes: dict[str, int] = {}
    for _ in range(ROUNDS):
        began = time.process_time()
        made = packs(gathered, rulebook(), boards, meetings=meetings())
        seconds.setdefault("judge, escalate, word", []).append(time.process_time() - began)
        for form in PackFormat:
            began = time.process_time()
            sizes[form] = sum(len(written(report, form)) for report in made.reports.values())
            seconds.setdefault(form, []).append(time.process_time() - began)
    least = {name: min(taken) for name, taken in seconds.items()}
    whole = sum(least.values())
    print(
        f"12 months read and measured: {measuring:.1f} s. {len(made.reports)} packs: {whole:.2f} s, of which"
    )
    for name, taken in least.items():
        size = f"{sizes[name] / 1024:8.0f} KiB" if name in sizes else ""
        print(f"  {name:<22} {taken:6.2f} s {taken / whole:5.0%} {size}")


if __name__ == "__main__":
    main()
