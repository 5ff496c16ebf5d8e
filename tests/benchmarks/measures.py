"""What a sheet's measures cost on up to 5 million rows, beside SQL written by hand for the same figures.

Run: .venv/bin/python -m tests.benchmarks measures [--memory 512MB] [--sizes 625000,1250000]

Rows are made up in a file, 150 councils by 24 months, with cells that are unknown and cases that
stand twice; memory is held to 512 MB and may spill to a folder that is removed. Here alone: the
engine itself never writes a case list to a disk.
"""

# ruff: noqa: S608, T201, E501  (no cell is part of the SQL; it prints; SQL lines run on)
from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from kpi_engine.measures.plan import dated, measures_of
from kpi_engine.measures.sql import fused
from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.terms.period import Period
from tests.benchmarks.growth import growth, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

SHEET = "children_in_care"
SIZES = (625_000, 1_250_000, 2_500_000, 5_000_000)
ROUNDS = 3
AIM = 1.3
MEMORY = "512MB"

ROWS = """
CREATE OR REPLACE TABLE children_in_care AS
WITH made AS (SELECT n, hash(n) AS h, hash(n + 1000000007) AS g, n % 3600 AS of_return FROM range({size}) t(n))
SELECT 'E' || (10000000 + of_return % 150) AS _authority, CAST(24276 + of_return // 150 AS INTEGER) AS _period,
       n // 3600 AS _row, make_date((24276 + of_return // 150) // 12, (24276 + of_return // 150) % 12 + 1, 1) AS _month_start,
       last_day(_month_start) AS _month_end,
       h % 200 = 0 AS child_id__unknown,
       CASE WHEN h % 200 <> 0 THEN 'CH' || CASE WHEN g % 100 = 0 THEN n - 3600 ELSE n END END AS child_id,
       g % 97 = 1 AS came_into_care_on__unknown,
       CASE WHEN g % 97 <> 1 THEN _month_start - CAST(h // 7 % 900 AS INTEGER) END AS came_into_care_on,
       g % 89 = 1 AS left_care_on__unknown,
       CASE WHEN g % 89 <> 1 AND h % 11 = 0 THEN _month_start + CAST(g % 40 AS INTEGER) END AS left_care_on,
       g % 83 = 1 AS has_life_story_book__unknown,
       CASE WHEN g % 83 <> 1 THEN h % 20 <> 1 END AS has_life_story_book,
       g % 79 = 1 AS consents__unknown,
       CASE WHEN g % 79 <> 1 AND g % 15 <> 0 THEN h % 8 <> 1 END AS consents,
       g % 73 = 1 AS views_shared__unknown, CASE WHEN g % 73 <> 1 THEN h % 30 <> 1 END AS views_shared
FROM made ORDER BY _authority, _period
"""

# What a careful analyst writes: doubt counted both ways, the rows of one case once.
CAREFUL = """
WITH marks AS (
  SELECT _authority, _period, child_id, child_id__unknown AS keyless,
    CASE WHEN child_id__unknown THEN _row END AS alone,
    CASE WHEN left_care_on__unknown THEN 1 WHEN left_care_on <= _month_end THEN 0 ELSE 2 END AS stays,
    CASE WHEN consents__unknown THEN 1 WHEN consents THEN 2 ELSE 0 END AS agrees,
    CASE WHEN consents__unknown THEN 1 WHEN consents IS NULL THEN 2 ELSE 0 END AS not_asked,
    CASE WHEN came_into_care_on__unknown THEN 1
         WHEN came_into_care_on + INTERVAL 6 MONTH < _month_end THEN 2 ELSE 0 END AS long,
    CASE WHEN child_id__unknown OR views_shared__unknown THEN 1 WHEN views_shared THEN 2 ELSE 0 END AS views,
    CASE WHEN child_id__unknown OR has_life_story_book__unknown THEN 1
         WHEN has_life_story_book THEN 2 ELSE 0 END AS book
  FROM children_in_care),
cases AS (
  SELECT _authority, _period, COUNT(*) AS rows_of_it, BOOL_OR(keyless) AS keyless,
    MIN(LEAST(agrees, stays)) AS p0, MAX(LEAST(agrees, stays)) AS q0, MIN(views) AS n0, MAX(views) AS m0,
    MIN(LEAST(not_asked, stays)) AS p1, MAX(LEAST(not_asked, stays)) AS q1,
    MIN(stays) AS p2, MAX(stays) AS q2, MIN(book) AS n2, MAX(book) AS m2,
    MIN(LEAST(long, stays)) AS p3, MAX(LEAST(long, stays)) AS q3
  FROM marks GROUP BY _authority, _period, child_id, alone)
SELECT _authority, _period, COUNT(*) FILTER (keyless) AS keyless,
  {shares}
  COUNT(*) FILTER (p1 = 2 AND NOT keyless) AS low_1, COUNT(*) FILTER (q1 > 0) AS high_1,
  COALESCE(SUM(rows_of_it) FILTER (keyless OR p1 < 2 AND q1 > 0), 0) AS in_doubt_1
FROM cases GROUP BY _authority, _period
"""
SHARE = """
  COUNT(*) FILTER (p{i} = 2 AND n{j} = 2 AND NOT keyless) AS low_counted_{i},
  COUNT(*) FILTER (q{i} > 0 AND NOT (n{j} = 2 AND NOT keyless)) AS low_rest_{i},
  COUNT(*) FILTER (q{i} > 0 AND NOT (m{j} = 0 AND NOT keyless)) AS high_counted_{i},
  COUNT(*) FILTER (p{i} = 2 AND m{j} = 0 AND NOT keyless) AS high_rest_{i},
  COALESCE(SUM(rows_of_it) FILTER (keyless OR p{i} < 2 AND q{i} > 0
    OR p{i} = 2 AND n{j} < 2 AND m{j} > 0), 0) AS in_doubt_{i},"""

# What a hurried one writes: it takes every cell for known and every row for a case, so its figures differ.
PLAIN = """
SELECT _authority, _period,
  COUNT(*) FILTER (consents AND stays AND views_shared), COUNT(*) FILTER (consents AND stays),
  COUNT(*) FILTER (consents IS NULL AND stays),
  COUNT(*) FILTER (stays AND has_life_story_book), COUNT(*) FILTER (stays),
  COUNT(*) FILTER (stays AND long AND has_life_story_book), COUNT(*) FILTER (stays AND long)
FROM (SELECT *, left_care_on IS NULL OR left_care_on > _month_end AS stays,
        came_into_care_on + INTERVAL 6 MONTH < _month_end AS long FROM children_in_care) AS marks
GROUP BY _authority, _period
"""


def ours() -> str:
    """The engine's SELECT for the sheet's four measures."""
    rulebook = load_rulebook(Path(__file__).parents[2] / "rules")
    of_sheet = [m for m in measures_of(rulebook).values() if m.table == SHEET]
    spec, any_month = rulebook.contract.sheets[SHEET], Period.parse("2023-12")
    return fused([dated(m, spec, any_month, whole=True) for m in of_sheet]).sql


def figures(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, list[object]]:
    """What a SELECT gives, by column, its rows in order; the sum of none, which may be null, is 0."""
    asked = connection.execute(f"SELECT * FROM ({sql}) ORDER BY _authority, _period")
    columns = [column[0] for column in asked.description or ()]
    rows = [[0 if value is None else value for value in row] for row in asked.fetchall()]
    return dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True))


def seconds(connection: duckdb.DuckDBPyConnection, statements: dict[str, str]) -> dict[str, float]:
    """The median processor time of each statement, taken in turns."""
    times: dict[str, list[float]] = {name: [] for name in statements}
    for _ in range(ROUNDS):
        for name, sql in statements.items():
            began = time.process_time()
            connection.execute(sql).fetchall()
            times[name].append(time.process_time() - began)
    return {name: statistics.median(taken) for name, taken in times.items()}


def results(arguments: Sequence[str] = ()) -> dict[str, Any]:
    """Print a line for each size: processor seconds of each, the ratios, and how the cost grows; give them."""
    options = argparse.ArgumentParser("measures")
    options.add_argument("--memory", default=MEMORY)
    options.add_argument("--sizes", default=",".join(map(str, SIZES)))
    chosen = options.parse_args(arguments)
    shares = "".join(SHARE.format(i=i, j=j) for i, j in ((0, 0), (2, 2), (3, 2)))
    statements = {"ours": ours(), "careful": CAREFUL.format(shares=shares), "plain": PLAIN}
    lines: list[dict[str, float]] = []
    print(f"{'rows':>10}{'ours':>9}{'careful':>9}{'plain':>9}   ours/careful   ours/plain")
    with tempfile.TemporaryDirectory() as folder:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "threads": "2",
            "memory_limit": chosen.memory,
            "temp_directory": f"{folder}/spilled",
        }
        for size in map(int, chosen.sizes.split(",")):
            with duckdb.connect(f"{folder}/{size}.duckdb", config=settings) as connection:
                connection.execute(ROWS.format(size=size))
                by_hand, found = (figures(connection, statements[name]) for name in ("careful", "ours"))
                if any(found[name] != values for name, values in by_hand.items()):
                    sys.exit("the figures differ")
                cost = seconds(connection, statements)
            lines.append({"rows": size, **cost})
            listed = "".join(f"{cost[name]:8.2f}s" for name in statements)
            print(
                f"{size:10,}{listed}{cost['ours'] / cost['careful']:15.2f}{cost['ours'] / cost['plain']:13.2f}"
            )
    grown = growth({name: [(one["rows"], one[name]) for one in lines] for name in statements})
    print(shown(grown, "rows"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"aim: at most {AIM} times the careful SQL; peak {peak} MB with {chosen.memory} allowed to the engine"
    )
    return {"lines": lines, "growth": grown, "peak": peak, "memory": chosen.memory}
