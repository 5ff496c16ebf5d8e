"""What a lake of up to 2 million rows costs DuckDB, Sail and PySpark, and so what a country's would.

Run: .venv/bin/python -m tests.benchmarks spark [--sizes 250000,2000000] [--rounds 3]

Rows of one sheet are made up in parquet, 150 councils by 24 months, with cells that are unknown and
cases that stand twice. `measure` is the sheet's one SELECT; `all` is what `kpi measure` does before it
judges: open, type, count, look for faults, measure. The figures of all engines must be the same.
Each engine has a process of its own; seconds are its processor's, Java's too, after one round to warm up.
"""

# ruff: noqa: T201, E501  (no cell is part of the SQL; it prints; SQL lines run on)
from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpi_engine.measures.local import LocalSession
from kpi_engine.measures.measure import records_of
from kpi_engine.measures.session import SessionEngine
from kpi_engine.measures.spark import on_master, on_remote
from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.tables.months import read_lake
from tests.benchmarks.growth import growth, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.measures.spark import SparkSql
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.measurement import MonthRecords

SHEET = "children_in_care"
SIZES = (250_000, 500_000, 1_000_000, 2_000_000)
ENGINES = ("duckdb", "sail", "local[1]", "local[2]")
STAGES = ("all", "measure")
PAPER = (10**7, 10**8, 10**9)
CORES = (2, 16, 128)

ROWS = """
COPY (
  WITH made AS (SELECT n, hash(n) AS h, hash(n + 1000000007) AS g, n % 3600 AS r,
                       make_date(2023 + (r // 150 + 3) // 12, (r // 150 + 3) % 12 + 1, 1) AS month FROM range({size}) t(n))
  SELECT 'E' || (10000000 + r % 150) AS authority, strftime(month, '%Y-%m') AS period,
         CASE WHEN h % 200 <> 0 THEN 'CH' || CASE WHEN g % 100 = 0 THEN n - 3600 ELSE n END END AS child_id,
         CASE WHEN g % 97 <> 1 THEN month - CAST(h // 7 % 900 AS INTEGER) END AS came_into_care_on,
         CASE WHEN h % 11 = 0 THEN month + CAST(g % 40 AS INTEGER) END AS left_care_on, g % 89 = 1 AS left_care_on__unknown,
         CASE WHEN g % 83 <> 1 THEN h % 20 <> 1 END AS has_life_story_book,
         CASE WHEN g % 15 <> 0 THEN h % 8 <> 1 END AS consents,
         CASE WHEN g % 73 <> 1 THEN h % 30 <> 1 END AS views_shared
  FROM made) TO '{lake}/children_in_care.parquet' (FORMAT parquet, ROW_GROUP_SIZE 100000)
"""
REGISTER = """
COPY (SELECT authority, period, 'children_in_care' AS sheet, COUNT(*) AS rows, FALSE AS nil, 'yes' AS validated
      FROM '{lake}/children_in_care.parquet' GROUP BY ALL ORDER BY ALL) TO '{lake}/returns.parquet' (FORMAT parquet)
"""


def results(arguments: Sequence[str] = ()) -> dict[str, Any]:
    """Each engine's seconds for each size, how they grow, and a second's rows; printed too."""
    parser = argparse.ArgumentParser("spark")
    parser.add_argument("--sizes", type=lambda text: [int(n) for n in text.split(",")], default=SIZES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engines", type=lambda text: text.split(","), default=ENGINES)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        lakes = {size: _lake(Path(folder), size) for size in options.sizes}
        found = [_apart(engine, lakes, options.rounds) for engine in options.engines]
    figures = {one.pop("figures") for one in found}
    if len(figures) != 1:
        sys.exit("the figures differ")
    _print(found, options.sizes)
    return {"engines": found, "sizes": [*options.sizes]}


def _lake(folder: Path, size: int) -> Path:
    import duckdb  # noqa: PLC0415  (the processes that measure must not have it from here)

    lake = folder / str(size)
    lake.mkdir()
    with duckdb.connect() as connection:
        for sql in (ROWS, REGISTER):
            connection.execute(sql.format(size=size, lake=lake))
    return lake


# ── One engine, in a process of its own ──────────────────────────────────────


def _apart(engine: str, lakes: dict[int, Path], rounds: int) -> dict[str, Any]:
    asked = [sys.executable, "-m", "tests.benchmarks.spark", engine, str(rounds), *map(str, lakes.values())]
    ran = subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True)
    return {"engine": engine, **json.loads(ran.stdout)}


def _timed(engine: str, rounds: int, lakes: Sequence[Path]) -> dict[str, Any]:
    """Median seconds of each stage on each lake, those to open the engine, and a digest of all figures."""
    rulebook = _of_sheet(load_rulebook(Path(__file__).parents[2] / "rules"))
    with ExitStack() as stack:
        began = time.perf_counter(), _processor()
        session = None if engine == "duckdb" else _opened(engine, stack)  # DuckDB's knows one lake
        opened = _since(*began)
        _carried_out(session, lakes[0], rulebook)
        figures = hashlib.sha256()
        taken: dict[str, list[dict[str, float]]] = {stage: [] for stage in STAGES}
        for lake in lakes:
            of_round = [_carried_out(session, lake, rulebook) for _ in range(rounds)]
            figures.update(repr(of_round[0][1]).encode())
            for stage, listed in taken.items():
                listed.append(
                    {
                        which: statistics.median(one[stage][which] for one, _ in of_round)
                        for which in ("wall", "cpu")
                    }
                )
    return {"opened": opened, "taken": taken, "figures": figures.hexdigest()}


def _opened(engine: str, stack: ExitStack) -> SparkSql:
    if engine == "sail":
        from pysail.spark import SparkConnectServer  # type: ignore[import-untyped]  # noqa: PLC0415

        os.environ["RUST_LOG"] = "off"
        server = SparkConnectServer("127.0.0.1", 0)
        server.start(background=True)
        stack.callback(server.stop)
        session = on_remote(f"sc://127.0.0.1:{server.listening_address[1]}")
    else:
        session = on_master(engine)
    stack.callback(session.close)
    return session


def _of_sheet(rulebook: RuleBook) -> RuleBook:
    """The rulebook with only the sheet's measures."""
    kept = {
        i: one
        for i, one in rulebook.indicators.items()
        if {m.table for m in (one.measure, *one.beside)} == {SHEET}
    }
    return replace(rulebook, indicators=kept)


def _carried_out(
    spark: SparkSql | None, lake: Path, rulebook: RuleBook
) -> tuple[dict[str, dict[str, float]], list[MonthRecords]]:
    """The seconds of each stage, and the figures."""
    began = time.perf_counter(), _processor()
    with nullcontext(spark) if spark else LocalSession(lake) as session:
        read = read_lake(session, str(lake), rulebook, None, ())
        months = [month for council in read.councils for month in council.months.values()]
        middle = time.perf_counter(), _processor()
        records = records_of(SessionEngine(session), months, rulebook)
    return {"all": _since(*began), "measure": _since(*middle)}, records


def _since(wall: float, cpu: float) -> dict[str, float]:
    return {"wall": time.perf_counter() - wall, "cpu": _processor() - cpu}


def _processor() -> float:
    """Processor seconds of this process and of Java, if it has started it."""
    ticks, own = 0, os.getpid()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().rpartition(")")
        except OSError:  # it has ended
            continue
        fields = rest.split()
        if fields[1] == str(own) and name.endswith("(java"):
            ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


# ── What is printed ──────────────────────────────────────────────────────────


def per_row(one: dict[str, Any], sizes: Sequence[int]) -> tuple[float, float]:
    """Processor seconds that a run costs whatever its size, and those of a row: by the smallest and largest size."""
    costs = [taken["cpu"] for taken in one["taken"]["all"]]
    each = (costs[-1] - costs[0]) / (sizes[-1] - sizes[0])
    return max(0.0, costs[0] - each * sizes[0]), each


def _print(found: list[dict[str, Any]], sizes: Sequence[int]) -> None:
    base = {one["engine"]: one for one in found}.get("duckdb", found[0])
    print(
        f"{'engine':10}{'rows':>12}{'all, cpu':>10}{'wall':>8}{'measure':>10}{'wall':>8}   ratio to {base['engine']}"
    )
    for one in found:
        for n, size in enumerate(sizes):
            whole, part = (one["taken"][stage][n] for stage in STAGES)
            ratio = whole["cpu"] / base["taken"]["all"][n]["cpu"]
            print(
                f"{one['engine']:10}{size:12,}{whole['cpu']:9.2f}s{whole['wall']:7.2f}s{part['cpu']:9.2f}s{part['wall']:7.2f}s{ratio:8.1f}"
            )
    for one in found:
        costs = {
            stage: [(size, t["cpu"]) for size, t in zip(sizes, one["taken"][stage], strict=True)]
            for stage in STAGES
        }
        print(f"{one['engine']}: opened in {one['opened']['wall']:.1f} s")
        print(shown(growth(costs), "rows"))
    if len(sizes) > 1:
        print(paper(found, sizes))


def paper(found: list[dict[str, Any]], sizes: Sequence[int]) -> str:
    """The sizing table, reckoned: start, plus the fixed cost, plus rows times the cost of a row over the cores."""
    on = " / ".join(map(str, CORES))
    lines = [
        "| engine | a core's rows a second | fixed, s | "
        + " | ".join(f"{rows:,} rows on {on} cores" for rows in PAPER)
        + " |"
    ]
    lines.append("| --- " * (len(PAPER) + 3) + "|")
    for one in found:
        fixed, each = per_row(one, sizes)
        fixed += one["opened"]["wall"]
        cells = [" / ".join(_said(fixed + rows * each / cores) for cores in CORES) for rows in PAPER]
        lines.append(f"| {one['engine']} | {round(1 / each, -3):,.0f} | {fixed:.0f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _said(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


if __name__ == "__main__":
    json.dump(_timed(sys.argv[1], int(sys.argv[2]), [Path(lake) for lake in sys.argv[3:]]), sys.stdout)
