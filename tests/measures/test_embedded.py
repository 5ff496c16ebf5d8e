"""The embedded engine: exact numbers, nothing left behind, nothing outside reached."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import pytest

from kpi_engine.measures.embedded import EmbeddedEngine
from kpi_engine.measures.plan import Query
from kpi_engine.terms.measurement import Reason
from tests.measures.build import DECEMBER, PERMANENT, Cell, measured, of, run, share, table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Row = dict[str, Cell]


@pytest.fixture(name="embedded")
def _embedded() -> Iterator[EmbeddedEngine]:
    with EmbeddedEngine() as engine:
        yield engine


SUM_OF_FTE = 'SELECT _authority, _period, SUM("fte") FROM "posts" GROUP BY ALL'
ROWS = 'SELECT _authority, _period, COUNT(*) FROM "posts" GROUP BY ALL'
STANDING = (
    "SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal"
)
LEFT = f"SELECT '', {DECEMBER.first}, COUNT(*) FROM ({STANDING})"  # noqa: S608


def asked(sql: str, *reads: str) -> Query:
    return Query("posts", sql, (), reads, ("figure",))


@pytest.mark.parametrize(
    "number",
    ["0.1", "0.000001", "0.0000001", "0.8108108108108109", "-1.5", "123456789012345678", "1E+3", "0E-9"],
)
def test_every_decimal_is_held_exactly(embedded: EmbeddedEngine, number: str) -> None:
    held = table([{"fte": Decimal(number)}, {"fte": Decimal("0.5")}])

    assert run(embedded, held, asked(SUM_OF_FTE, "fte")) == [(Decimal(number) + Decimal("0.5"),)]


def test_a_number_too_long_to_hold_is_refused_and_harms_only_the_rules_that_read_it(
    embedded: EmbeddedEngine,
) -> None:
    held = table([{"contract": "permanent", "fte": Decimal("1." + "1" * 40)}])

    with pytest.raises(ValueError, match="more digits"):
        run(embedded, held, asked(SUM_OF_FTE, "fte"))
    assert measured(embedded, share(weight="fte"), held).reason is Reason.RULE_ERROR
    assert measured(embedded, share(), held).low == of(1, 1)


def test_nothing_is_left_after_a_query_that_fails_or_not(embedded: EmbeddedEngine) -> None:
    held = table([{"team": "care"}])
    for sql in (ROWS, "SELECT nonsense"):
        with contextlib.suppress(duckdb.Error):
            run(embedded, held, asked(sql, "team"))
        assert run(embedded, held, asked(LEFT, "team")) == [(1,)]  # the query's own


@pytest.mark.parametrize(
    "sql", ["SELECT COUNT(*) FROM '{}'", "SELECT COUNT(*) FROM read_csv('{}')", "INSTALL httpfs"]
)
def test_a_query_reaches_no_file_and_no_extension(embedded: EmbeddedEngine, tmp_path: Path, sql: str) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("a\n1\n")

    with pytest.raises(duckdb.Error):
        run(embedded, table([{"team": "care"}]), asked(sql.format(outside), "team"))


def test_its_settings_cannot_be_changed(embedded: EmbeddedEngine) -> None:
    with pytest.raises(duckdb.Error):
        run(embedded, table([{"team": "care"}]), asked("SET enable_external_access = true", "team"))


def test_a_closed_engine_answers_no_more() -> None:
    with EmbeddedEngine() as engine:
        pass

    with pytest.raises(duckdb.Error):
        run(engine, table([{"team": "care"}]), asked(ROWS, "team"))


def test_a_value_of_an_unknown_cell_is_never_read(embedded: EmbeddedEngine) -> None:
    held = table([{"contract": "permanent"}])
    lost = replace(held.columns["contract"], unknown=[True])
    found = measured(embedded, share(PERMANENT), replace(held, columns={**held.columns, "contract": lost}))

    assert (found.low, found.in_doubt) == (of(0, 1), 1)


def test_the_engine_is_imported_only_when_it_is_opened() -> None:
    code = (
        "import sys, kpi_engine.measures.embedded as e; assert not {'duckdb', 'nanoarrow'} & set(sys.modules)"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_hundred_thousand_rows_are_quick(embedded: EmbeddedEngine) -> None:
    rows: list[Row] = [{"contract": "permanent" if n % 7 else "agency"} for n in range(100_000)]

    assert measured(embedded, share(), table(rows)).low == of(85714, 100_000)
