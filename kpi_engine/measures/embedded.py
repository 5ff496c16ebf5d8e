"""The embedded engine: DuckDB, in memory, without network, files or extensions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from kpi_engine.terms.table import ColumnType

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    import duckdb

    from kpi_engine.measures.plan import Number, Query
    from kpi_engine.terms.table import Column, Table, Value

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": "2",
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",  # nothing of a case list is ever written to a disk
}
_DIGITS = 38  # DuckDB's widest DECIMAL
_PLACES = 6
_EPOCH = date(1970, 1, 1)
_ARROW = "_arrow"


class EmbeddedEngine:
    """DuckDB as a measure engine; use it in a `with`, or call `close`."""

    def __init__(self) -> None:
        """Open a database of its own in memory."""
        import duckdb  # noqa: PLC0415  (slow to import; only a run that measures needs it)

        self._connection: duckdb.DuckDBPyConnection = duckdb.connect(":memory:", config=_SETTINGS)
        self._connection.execute("SET lock_configuration = true")

    def run(self, table: Table, query: Query) -> Sequence[tuple[Number, ...]]:
        """Load what `query` reads of `table`, carry it out, and forget the table.

        ValueError for a number that no DECIMAL of 38 digits holds exactly:
        it is refused, never rounded.
        """
        read = [table.columns[name] for name in query.reads]
        places = _places(read)
        typed = ", ".join(part for column in read for part in _typed(column, places))
        name = _quoted(query.table)
        connection = self._connection
        connection.register(_ARROW, _arrow(table, read))
        try:
            # The names are the contract's, quoted; no cell is part of the text.
            connection.execute(f"CREATE TEMP TABLE {name} AS SELECT _row, {typed} FROM {_ARROW}")  # noqa: S608
            rows: list[tuple[Number, ...]] = connection.execute(query.sql).fetchall()
            return rows
        finally:
            connection.unregister(_ARROW)
            connection.execute(f"DROP TABLE IF EXISTS {name}")

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


# ── Loading ──────────────────────────────────────────────────────────────────


def _arrow(table: Table, columns: Sequence[Column]) -> object:
    """The rows as one Arrow struct: text for numbers, days since 1970 for dates."""
    import nanoarrow as na  # type: ignore[import-untyped]  # noqa: PLC0415  (only a run that measures needs it)

    fields: dict[str, object] = {"_row": na.int64()}
    children = [na.c_array(range(len(table.rows)), na.int64())]
    for column in columns:
        schema = {ColumnType.DATE: na.int32(), ColumnType.YES_NO: na.bool_()}.get(column.type, na.string())
        cells = [
            None if lost else _cell(value) for value, lost in zip(column.values, column.unknown, strict=True)
        ]
        fields |= {column.name: schema, f"{column.name}__unknown": na.bool_()}
        children += [na.c_array(cells, schema), na.c_array(list(map(bool, column.unknown)), na.bool_())]
    rows = na.c_array_from_buffers(na.struct(fields), len(table.rows), [None], children=children)
    array: object = na.Array(rows)
    return array


def _cell(value: Value) -> str | int | None:
    match value:
        case date():
            return (value - _EPOCH).days
        case int() | Decimal() if not isinstance(value, bool):
            return f"{Decimal(value):f}"
        case _:
            return value


def _typed(column: Column, places: int) -> tuple[str, str]:
    """A column and its `__unknown` as the SQL that gives them their types."""
    name, unknown = _quoted(column.name), _quoted(f"{column.name}__unknown")
    match column.type:
        case ColumnType.DATE:
            return f"DATE '{_EPOCH}' + {name} AS {name}", unknown
        case ColumnType.WHOLE | ColumnType.DECIMAL:
            return f"CAST({name} AS DECIMAL({_DIGITS}, {places})) AS {name}", unknown
        case _:
            return name, unknown


def _places(columns: Sequence[Column]) -> int:
    """The decimal places that hold every number of the table exactly; ValueError if 38 digits cannot."""
    places, whole = _PLACES, 0
    for column in columns:
        if column.type not in {ColumnType.WHOLE, ColumnType.DECIMAL}:
            continue
        for value in column.values:
            if not isinstance(value, (int, Decimal)):
                continue
            _, digits, exponent = Decimal(value).as_tuple()
            if not isinstance(exponent, int):
                raise ValueError("not a number")  # noqa: TRY004  (an infinity: the type is right)
            places = max(places, -exponent)
            whole = max(whole, len(digits) + exponent)
    if places + whole > _DIGITS:
        raise ValueError("a number with more digits than can be held exactly")
    return places


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
