"""The embedded engine: DuckDB, in memory, without network, files or extensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from kpi_engine.measures.loading import loaded
from kpi_engine.measures.plan import ReturnKey
from kpi_engine.terms.period import Period

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    import duckdb

    from kpi_engine.measures.plan import Number, Query
    from kpi_engine.terms.table import Table

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": "2",
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",  # nothing of a case list is ever written to a disk
}


class EmbeddedEngine:
    """DuckDB as a measure engine; use it in a `with`, or call `close`."""

    rows_at_once: int | None = 250_000
    """Some 120 MB while a sheet of 8 columns is measured."""

    def __init__(self) -> None:
        """Open a database of its own in memory."""
        import duckdb  # noqa: PLC0415  (slow to import; only a run that measures needs it)

        self._connection: duckdb.DuckDBPyConnection = duckdb.connect(":memory:", config=_SETTINGS)
        self._connection.execute("SET lock_configuration = true")

    def run(
        self, tables: Mapping[ReturnKey, Table], query: Query
    ) -> Mapping[ReturnKey, Sequence[tuple[Number, ...]]]:
        """Carry `query` out on what it reads of `tables`, where they stand; nothing of them is kept.

        ValueError for a number that no DECIMAL of 38 digits holds exactly:
        it is refused, never rounded.
        """
        connection = self._connection
        connection.register(query.table, loaded(tables, query))
        try:
            rows = connection.execute(query.sql).fetchall()
        finally:
            connection.unregister(query.table)
        found: dict[ReturnKey, list[tuple[Number, ...]]] = {key: [] for key in tables}
        for authority, month, *numbers in rows:
            found[ReturnKey(authority, Period(month))].append(tuple(numbers))
        return found

    def close(self) -> None:
        """Close the database; its tables are gone."""
        self._connection.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()
