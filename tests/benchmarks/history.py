"""What one series costs in a history of 1,000 records and in one of 1,000,000, of the same number of months.

Run: .venv/bin/python tests/benchmarks/history.py
"""

# ruff: noqa: T201  (it prints)
from __future__ import annotations

import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from kpi_engine.history.file import open_history
from kpi_engine.history.read import series
from kpi_engine.history.record import MeasuredMonth, record
from kpi_engine.terms.checked import ReturnRead, Run
from kpi_engine.terms.measurement import Measurement, MonthRecords, Parts
from kpi_engine.terms.period import Period

MONTHS = 100
SIZES = (10, 100, 1_000, 10_000)
COUNCIL = "E99999999"


def fill(path: Path, measures: int) -> float:
    """Seconds to record MONTHS months of so many measures."""
    began = time.perf_counter()
    for n in range(MONTHS):
        period = Period.parse("2016-04").plus(n)
        parts = Parts(Fraction(n), Fraction(120))
        own = {f"m{i}": Measurement(f"m{i}", period, parts, parts, months=(period,)) for i in range(measures)}
        returns = (ReturnRead(f"returns_{period}.xlsx", f"{n:064x}", period, refused=False),)
        month = MeasuredMonth(period, MonthRecords(own, {}), returns)
        run = Run("1.0", "rules", "rules", returns)
        record(path, [month], run, authority=COUNCIL, who="a person", at=datetime.now(UTC))
    return time.perf_counter() - began


def cost(path: Path, measures: int) -> float:
    """Median processor seconds to open the history and read one series, of several measures."""
    times = []
    for i in range(50):
        began = time.process_time()
        with open_history(path) as history:
            figures = series(history, COUNCIL, f"m{i * 7919 % measures}")
        times.append(time.process_time() - began)
        assert len(figures) == MONTHS
    return statistics.median(times)


def main() -> None:
    """Print a line for each size, and the cost at the greatest over that at the least (1 is no growth)."""
    costs = []
    with tempfile.TemporaryDirectory() as folder:
        for measures in SIZES:
            path = Path(folder, f"{measures}.history")
            filled = fill(path, measures)
            costs.append(cost(path, measures))
            size = path.stat().st_size / 1e6
            print(
                f"{measures * MONTHS:>9,} records  {size:6.1f} MB  recorded in {filled:6.1f} s"
                f"  one series {costs[-1] * 1000:6.2f} ms"
            )
    print(f"ratio {costs[-1] / costs[0]:.2f} (1: the other measures cost nothing)")


if __name__ == "__main__":
    main()
