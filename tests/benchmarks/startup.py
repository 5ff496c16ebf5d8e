"""What starting costs: `kpi --version` and `kpi check` of one small return, against bare and needed imports.

Run: .venv/bin/python -m tests.benchmarks startup

Each is a new process; they take turns, and figures are medians. Byte code is kept in a folder of the
benchmark's own and is warm, as it is where the program is installed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
RETURN = ROOT / "inputs" / "returns_2024-03.xlsx"
RUNS = 11
BARE, NEEDED = "python -c pass", "import duckdb, pydantic, typer"
COMMANDS: dict[str, tuple[str, ...]] = {
    BARE: ("-c", "pass"),
    NEEDED: ("-c", "import duckdb, pydantic, typer"),
    "kpi --version": ("-m", "kpi_engine", "--version"),
    "kpi check, one return": ("-m", "kpi_engine", "check", str(RETURN)),
}


def once(arguments: Sequence[str], environment: dict[str, str]) -> tuple[float, float]:
    """Wall and processor seconds of one process."""
    began, before = time.perf_counter(), os.times()
    subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=False
    )
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - began, spent


def results(_arguments: Sequence[str] = ()) -> dict[str, Any]:
    """Time the commands in turns, print a table, and give what is in it."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for arguments in COMMANDS.values():
            once(arguments, environment)
        for _ in range(RUNS):
            for name, arguments in COMMANDS.items():
                taken[name].append(once(arguments, environment))
    found = {
        name: {"wall": statistics.median(w for w, _ in each), "cpu": statistics.median(c for _, c in each)}
        for name, each in taken.items()
    }
    print(f"{'':32} {'cpu s':>7} {'wall s':>7} {'x needed imports':>17}")  # noqa: T201
    for name, one in found.items():
        print(f"{name:32} {one['cpu']:7.2f} {one['wall']:7.2f} {one['cpu'] / found[NEEDED]['cpu']:17.1f}")  # noqa: T201
    return found
