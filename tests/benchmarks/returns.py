"""A return of 400, 10,000, 100,000 and 500,000 rows by 20 columns, from file to verdicts, against its rivals.

Run: .venv/bin/python -m tests.benchmarks returns [--sizes 400,10000] [--runs 5]

The floor is unzipping and parsing the file with no handler at all. The rivals (rivals.py) need the packages
of the `bench` group: in this Python, or in the one that KPI_BENCH_PYTHON names. All contenders take turns;
figures are medians. Processor seconds are the ones to compare on a machine that is not idle.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.growth import growth, shown
from tests.benchmarks.made_returns import write_rules
from tests.benchmarks.made_workbook import Lane, write_workbook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.made_returns import Answers

ROOT = Path(__file__).parents[2]
SIZES = (400, 10_000, 100_000, 500_000)
LONG, FEW = 500_000, 2  # rows from which fewer runs must do, and how many
RIVALS = ("pandas-openpyxl", "pandas-calamine", "polars-fastexcel")
SCRIPT = "pandas-openpyxl"


@dataclass(frozen=True, slots=True)
class Contender:
    """One that runs: over a file whose cells are written as `lane`."""

    name: str
    lane: Lane
    command: tuple[str, ...]


@dataclass(slots=True)
class Race:
    """The runs over returns of one length. `answers`: by lane, what is in each file."""

    rows: int
    answers: dict[Lane, Answers]
    runs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def median(self, name: str, key: str) -> float:
        """The median of what the contender took."""
        return float(statistics.median(run[key] for run in self.runs[name]))


def contenders(bench: str | None) -> list[Contender]:
    """Every contender; the rivals only where there is a Python that has them."""
    ours = (sys.executable, "-m", "tests.benchmarks.contender")
    found = [Contender("floor", Lane.PLAIN, (*ours, "floor")), Contender("kpi", Lane.PLAIN, (*ours, "kpi"))]
    found += [Contender("kpi, texts in line", Lane.INLINE, (*ours, "kpi"))]
    found += [Contender("floor, prefixed", Lane.PREFIXED, (*ours, "floor"))]
    found += [Contender("kpi, by the parser", Lane.PREFIXED, (*ours, "kpi"))]
    if bench is not None:
        script = (bench, "-m", "tests.benchmarks.rivals")
        found += [Contender(name, Lane.PLAIN, (*script, name)) for name in RIVALS]
    return found


def bench_python() -> str | None:
    """The Python that has the rivals' packages, if there is one."""
    python = os.environ.get("KPI_BENCH_PYTHON", sys.executable)
    needed = "import pandas, openpyxl, python_calamine, polars, fastexcel"
    done = subprocess.run([python, "-c", needed], capture_output=True, check=False)
    return python if done.returncode == 0 else None


def race(rows: int, folder: Path, field_of: Sequence[Contender], runs: int) -> Race:
    """Let every contender run so many times, in turns, over a return of so many rows."""
    lanes = sorted({one.lane for one in field_of})
    files = {lane: folder / f"return-{lane}-{rows}.xlsx" for lane in lanes}
    found = Race(rows, {lane: write_workbook(file, rows, lane) for lane, file in files.items()})
    for _ in range(runs):
        for one in field_of:
            extra = () if one.name in RIVALS else (str(folder / "rules"),)
            done = subprocess.run(
                [*one.command, str(files[one.lane]), *extra],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=True,
            )
            found.runs.setdefault(one.name, []).append(json.loads(done.stdout))
    for file in files.values():
        file.unlink()
    return found


def missed(run: dict[str, Any], answers: Answers) -> int:
    """How many of the planted faults a run did not find, by cell (a hidden row by its code)."""
    faults = [one if isinstance(one, list) else ["", one] for one in run["faults"]]
    cells, codes = {cell for _, cell in faults}, {code for code, _ in faults}
    return sum(cell not in cells if cell else code not in codes for code, cell in answers.planted)


def wrong(run: dict[str, Any], answers: Answers) -> int:
    """How many measures have another figure than they should, whatever the doubt."""
    count = 0
    for name, (low, of_low, high, of_high) in answers.figures.items():
        said = [
            figure and float(Fraction(figure))
            for part in run["figures"].get(name, ())
            for figure in (part if isinstance(part, list) else [part])
            if figure != "None"
        ]
        wanted = [low, high] if name == "foster-care" and len(said) == 2 else [low, of_low, high, of_high]
        count += len(said) != len(wanted) or any(
            not math.isclose(one, float(other), abs_tol=1e-6) for one, other in zip(said, wanted, strict=True)
        )
    return count


def rows_of(one: Race, field_of: Sequence[Contender]) -> list[dict[str, Any]]:
    """A line of the table for each contender."""
    lines = []
    for who in field_of:
        base = one.median("floor, prefixed" if who.lane is Lane.PREFIXED else "floor", "cpu")
        last = one.runs[who.name][-1]
        line: dict[str, Any] = {
            "rows": one.rows,
            "who": who.name,
            "runs": len(one.runs[who.name]),
            "wall": one.median(who.name, "wall"),
            "cpu": one.median(who.name, "cpu"),
            "peak": one.median(who.name, "peak"),
            "to_floor": one.median(who.name, "cpu") / base,
            "script_to_it": one.median(SCRIPT, "cpu") / one.median(who.name, "cpu")
            if SCRIPT in one.runs
            else None,
        }
        if "faults" in last:
            answers = one.answers[who.lane]
            line |= {
                "planted": len(answers.planted),
                "missed": missed(last, answers),
                "wrong": wrong(last, answers),
            }
        lines.append(line)
    return lines


def growth_of(races: Sequence[Race]) -> list[dict[str, Any]]:
    """How the cost of each contender and stage grows: over all lengths, and in the last step."""
    stages: dict[str, list[tuple[float, float]]] = {}
    for one in races:
        for name, runs in one.runs.items():
            stages.setdefault(name, []).append((one.rows, one.median(name, "cpu")))
            for stage in runs[0].get("stages", ()):
                if stage != "rules":
                    cost = statistics.median(run["stages"][stage] for run in runs)
                    stages.setdefault(f"{name}: {stage}", []).append((one.rows, cost))
    return growth(stages)


def printed(lines: Sequence[dict[str, Any]], grown: Sequence[dict[str, Any]]) -> str:
    """The results as a table."""
    out = ["    rows  contender            runs    cpu s   wall s     MB  x floor  x faster  found, figures"]
    for line in lines:
        faster = f"{line['script_to_it']:9.1f}" if line["script_to_it"] else " " * 9
        verdict = ""
        if "planted" in line:
            right = "all right" if not line["wrong"] else f"{line['wrong']} wrong"
            verdict = f"  {line['planted'] - line['missed']} of {line['planted']}, {right}"
        out.append(
            f"{line['rows']:>8,}  {line['who']:20} {line['runs']:>4} {line['cpu']:8.2f} {line['wall']:8.2f}"
            f" {line['peak']:6.0f} {line['to_floor']:8.1f} {faster}{verdict}"
        )
    out.append(
        "x floor: processor time over that of unzipping and bare parsing; x faster: than pandas + openpyxl"
    )
    if grown:
        out.append(shown(grown, "rows"))
    return "\n".join(out)


def results(arguments: Sequence[str] = ()) -> dict[str, Any]:
    """Run the race, print the table, and give what is in it."""
    options = argparse.ArgumentParser("returns")
    options.add_argument("--sizes", default=",".join(map(str, SIZES)))
    options.add_argument("--runs", type=int, default=5)
    chosen = options.parse_args(arguments)
    bench = bench_python()
    field_of = contenders(bench)
    races: list[Race] = []
    lines: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rules(folder / "rules")
        for rows in map(int, chosen.sizes.split(",")):
            races.append(race(rows, folder, field_of, min(chosen.runs, FEW) if rows >= LONG else chosen.runs))
            lines += rows_of(races[-1], field_of)
    grown = growth_of(races)
    print(printed(lines, grown))  # noqa: T201
    if bench is None:
        print("The rivals did not run: install the `bench` group, or name a Python in KPI_BENCH_PYTHON.")  # noqa: T201
    if any(one.rows >= LONG for one in races):
        print(f"From {LONG:,} rows on a return is beyond the limits: lifted here; at most {FEW} runs.")  # noqa: T201
    return {"lines": lines, "growth": grown}
