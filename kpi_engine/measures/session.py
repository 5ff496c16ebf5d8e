"""Tables that an engine keeps itself: files of a lake, typed and measured where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kpi_engine.measures.plan import ReturnKey
from kpi_engine.terms.period import Period

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kpi_engine.measures.plan import Number, Query
    from kpi_engine.terms.table import Table


class Session(Protocol):
    """A SQL engine with tables of its own. All SQL is the subset that DuckDB and Spark share.

    It is written as DuckDB reads it; a session of another engine turns it into its own.
    """

    def table(self, name: str, path: str) -> tuple[str, ...] | None:
        """Know the parquet or CSV table at `path` as `name`: its columns in order; None if there is none.

        `path` is a file, or a folder of files; it ends in `.csv` where they are CSV, with a
        heading and every column a text. Raises KpiError for one that cannot be read.
        """
        ...

    def view(self, name: str, sql: str) -> None:
        """Know the rows of a SELECT as `name`; nothing is carried out yet."""
        ...

    def ask(self, sql: str) -> Sequence[tuple[str | Number, ...]]:
        """The rows of a SELECT, of texts and whole or decimal numbers."""
        ...

    def close(self) -> None:
        """End the session; what it knew is gone, and no file is changed."""
        ...


class SessionEngine:
    """A session as a measure engine: the rows are its own; of a table that is handed over it uses the key."""

    rows_at_once: int | None = None

    def __init__(self, session: Session) -> None:
        """Measure what `session` knows by the sheets' names."""
        self._session = session

    def run(
        self, tables: Mapping[ReturnKey, Table], query: Query
    ) -> Mapping[ReturnKey, Sequence[tuple[Number, ...]]]:
        """Carry `query` out on the session's table; only the returns of `tables` come back."""
        found: dict[ReturnKey, list[tuple[Number, ...]]] = {key: [] for key in tables}
        for authority, month, *numbers in self._session.ask(query.sql):
            rows = found.get(ReturnKey(str(authority), Period(int(month or 0))))
            if rows is not None:
                rows.append(tuple(numbers))  # type: ignore[arg-type]  # a Query gives numbers
        return found
