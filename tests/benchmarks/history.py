"""What one series costs in a history of 1,000 records and in one of 1,000,000, of the same number of months.

Run: .venv/bin/python -m tests.benchmarks history [--measures 10,100]
"""

# ruff: noqa: T201  (it prints)
from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpi_engine.history.file import open_history
from kpi_engine.history.read import series
from kpi_engine.history.record import MeasuredMonth, record
from kpi_engine.terms.checked import ReturnRead, Run
from kpi_engine.terms.measurement import Measurement, MonthRecords, Parts
from kpi_engine.terms.period import Period
from tests.benchmarks.growth import growth, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

MONTHS = 100
MEASURES = (10, 100, 1_000, 10_000)
COUNCIL = "E99999999"


def fill(path: Path, measures: int) -> float:
    """Processor seconds to record MONTHS months of so many measures."""
    began = time.process_time()
    for n in range(MONTHS):
        period = Period.parse("2016-04").plus(n)
        parts = Parts(Fraction(n), Fraction(120))
        own = {f"m{i}": Measurement(f"m{i}", period, parts, parts, months=(period,)) for i in range(measures)}
        returns = (ReturnRead(f"returns_{period}.xlsx", f"{n:064x}", period, refused=False),)
        month = MeasuredMonth(period, MonthRecords(own, {}), returns)
        run = Run("1.0", "rules", "rules", returns)
        record(path, [month], run, authority=COUNCIL, who="a person", at=datetime.now(UTC))
    return time.process_time() - began


def cost(path: Path, measures: int) -> float:
    """Median processor seconds to open the history and read one series, of several measures."""
    times = []
    for i in range(50):
        began = time.process_time()
        with open_history(path) as history:
            figures = series(history, COUNCIL, f"m{i * 7919 % measures}")
        times.append(time.process_time() - began)
        if len(figures) != MONTHS:
            raise AssertionError(f"{len(figures)} months were read of {MONTHS}")
    return statistics.median(times)


def results(arguments: Sequence[str] = ()) -> dict[str, Any]:
    """Print a line for each size and the growth (of one series: none is the aim), and give them."""
    options = argparse.ArgumentParser("history")
    options.add_argument("--measures", default=",".join(map(str, MEASURES)))
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for measures in map(int, options.parse_args(arguments).measures.split(",")):
            path = Path(folder, f"{measures}.history")
            line = {
                "records": measures * MONTHS,
                "recorded": fill(path, measures),
                "read": cost(path, measures),
            }
            lines.append({**line, "mb": path.stat().st_size / 1e6})
            print(
                f"{line['records']:>9,} records  {lines[-1]['mb']:6.1f} MB  in {line['recorded']:6.1f} s"
                f"  a series {line['read'] * 1000:6.2f} ms"
            )
    grown = growth(
        {
            "record": [(one["records"], one["recorded"]) for one in lines],
            "read one series": [(one["records"], one["read"]) for one in lines],
        }
    )
    print(shown(grown, "records"))
    ratio = lines[-1]["read"] / lines[0]["read"]
    print(f"ratio {ratio:.2f} (a series in the longest to one in the shortest; 1: the others cost nothing)")
    return {"lines": lines, "growth": grown}
