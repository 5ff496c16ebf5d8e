"""The engines that the suite runs on: DuckDB in memory, and Spark's over files."""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext, suppress
from itertools import count
from typing import TYPE_CHECKING

import pytest

from kpi_engine.measures.embedded import EmbeddedEngine
from kpi_engine.measures.loading import loaded
from kpi_engine.measures.session import SessionEngine
from kpi_engine.measures.spark import SparkSql, on_master, on_remote
from kpi_engine.tables.typed import PLACES, WHOLE_DIGITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from kpi_engine.measures.plan import Engine, Number, Query, ReturnKey
    from kpi_engine.measures.session import Session
    from kpi_engine.terms.table import Table

# A master or an address that all of the suite is to run on; test_pyspark.py sets it, to start Java once.
ALONE = os.environ.get("KPI_TEST_SPARK")


class OverFiles:
    """A session as an engine of the suite: each query's tables are written to parquet first."""

    rows_at_once: int | None = EmbeddedEngine.rows_at_once

    def __init__(self, session: Session, folder: Path) -> None:
        self.session, self.folder, self.numbers = session, folder, count()

    def run(
        self, tables: Mapping[ReturnKey, Table], query: Query
    ) -> Mapping[ReturnKey, Sequence[tuple[Number, ...]]]:
        import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415  (slow to import)
        from pyarrow import parquet  # noqa: PLC0415  (as above)

        path = str(self.folder / f"{next(self.numbers)}.parquet")
        held = pa.table(loaded(tables, query))
        with suppress(pa.ArrowInvalid):  # else more whole digits than a lake's numbers have
            number = pa.decimal128(WHOLE_DIGITS + PLACES, PLACES)
            fields = [f.with_type(number) if pa.types.is_decimal(f.type) else f for f in held.schema]
            held = held.cast(pa.schema(fields))
        parquet.write_table(held, path)
        self.session.table(query.table, path)
        return SessionEngine(self.session).run(tables, query)


@contextmanager
def sail() -> Iterator[str]:
    """The address of a Spark Connect server without Java, in this process."""
    from pysail.spark import SparkConnectServer  # type: ignore[import-untyped]  # noqa: PLC0415

    os.environ["RUST_LOG"] = "off"
    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    try:
        yield f"sc://127.0.0.1:{server.listening_address[1]}"
    finally:
        server.stop()


@pytest.fixture(scope="session")
def session() -> Iterator[SparkSql]:
    """The session that Spark's part of the suite runs on: Sail's, if not another is asked for."""
    with nullcontext(ALONE) if ALONE else sail() as place:
        held = on_remote(place) if place.startswith("sc:") else on_master(place)
        yield held
        held.close()


@pytest.fixture(scope="session")
def other(session: SparkSql, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return OverFiles(session, tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "duckdb":
        with EmbeddedEngine() as embedded:
            yield embedded
    else:
        yield request.getfixturevalue("other")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every engine runs the suite; what is drawn for each query anew, only DuckDB (see test_drawn.py)."""
    if "engine" in metafunc.fixturenames:
        drawn = getattr(metafunc.function, "is_hypothesis_test", False)
        names = ["spark"] if ALONE else ["duckdb"] if drawn else ["duckdb", "sail"]
        metafunc.parametrize("engine", names, indirect=True, scope="session")
