"""Typed tables as one Arrow array: what an engine reads where it stands, a column at a time."""

from __future__ import annotations

from array import array
from datetime import date
from decimal import Decimal, localcontext
from itertools import chain
from typing import TYPE_CHECKING, Any

from kpi_engine.measures.plan import day_of
from kpi_engine.terms.table import Column, ColumnType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kpi_engine.measures.plan import Query, ReturnKey
    from kpi_engine.terms.table import Table, Value

_DIGITS = 38  # the widest DECIMAL of DuckDB and Spark
_PLACES = 6
_BYTES = 16  # that an Arrow decimal of 38 digits takes
_EPOCH = date(1970, 1, 1).toordinal()
_NUMBERS = frozenset({ColumnType.WHOLE, ColumnType.DECIMAL})


def loaded(tables: Mapping[ReturnKey, Table], query: Query) -> object:
    """One sheet's rows of all returns, as `query` wants them; it has `__arrow_c_stream__`.

    ValueError where no DECIMAL of 38 digits holds every number exactly.
    """
    import nanoarrow as na  # type: ignore[import-untyped]  # noqa: PLC0415  (only a run that measures needs it)

    sizes = {key: len(table.rows) for key, table in tables.items()}
    size = sum(sizes.values())
    columns = [_joined(name, tables.values()) for name in query.reads]
    places = _places(column for column in columns if column.type in _NUMBERS)
    authorities = [key.authority for key, rows in sizes.items() for _ in range(rows)]
    row_numbers = array("q", chain.from_iterable(map(range, sizes.values())))
    children = {
        "_authority": na.c_array(authorities, na.string()),
        "_period": _plain(na.int32(), _spread("i", {key: key.period.first for key in sizes}, sizes)),
        "_row": _plain(na.int64(), row_numbers),
    }
    for day in query.days:
        days = {key: day_of(day, key.period).toordinal() - _EPOCH for key in sizes}
        children[day] = _plain(na.date32(), _spread("i", days, sizes))
    for column in columns:
        children[column.name] = _cells(column, places)
        unknown = na.c_buffer(column.unknown or [False], na.bool_())  # an empty one has no address
        children[f"{column.name}__unknown"] = na.c_array_from_buffers(na.bool_(), size, [None, unknown])
    fields = na.struct({name: child.schema for name, child in children.items()})
    rows: object = na.Array(na.c_array_from_buffers(fields, size, [None], children=list(children.values())))
    return rows


def _spread(code: str, values: Mapping[ReturnKey, int], sizes: Mapping[ReturnKey, int]) -> array[int]:
    """A number for each return, repeated for each of its rows."""
    numbers = array(code)
    for key, value in values.items():
        numbers.extend(array(code, (value,)) * sizes[key])
    return numbers


def _plain(kind: object, numbers: array[int]) -> Any:  # noqa: ANN401  (nanoarrow has no types)
    import nanoarrow as na  # noqa: PLC0415  (as above)

    return na.c_array_from_buffers(kind, len(numbers), [None, numbers])


def _joined(name: str, tables: Iterable[Table]) -> Column:
    """One column of every table after another, without values in unknown cells; unknown where it lacks."""
    values: list[Value] = []
    unknown: list[bool] = []
    kind = ColumnType.TEXT
    for table in tables:
        column = table.columns.get(name)
        if column is None:
            values += [None] * len(table.rows)
            unknown += [True] * len(table.rows)
            continue
        kind = column.type
        lost = list(map(bool, column.unknown))
        unknown += lost
        values += (
            [None if gone else value for value, gone in zip(column.values, lost, strict=True)]
            if any(lost)
            else column.values
        )
    return Column(name, kind, values, unknown)


def _cells(column: Column, places: int) -> Any:  # noqa: ANN401  (nanoarrow has no types)
    """A column's cells as an Arrow array."""
    import nanoarrow as na  # noqa: PLC0415  (as above)

    values = column.values
    match column.type:
        case ColumnType.YES_NO:
            return na.c_array(values, na.bool_())
        case ColumnType.DATE:
            days = array(
                "i", (value.toordinal() - _EPOCH if isinstance(value, date) else 0 for value in values)
            )
            return na.c_array_from_buffers(na.date32(), len(values), [_filled(values), days])
        case ColumnType.WHOLE | ColumnType.DECIMAL:
            decimal = na.decimal128(_DIGITS, places)
            return na.c_array_from_buffers(decimal, len(values), [_filled(values), _scaled(values, places)])
        case _:
            return na.c_array(values, na.string())


def _filled(values: Sequence[Value]) -> object:
    """A bit for each cell: whether it holds a value."""
    import nanoarrow as na  # noqa: PLC0415  (as above)

    return na.c_buffer([value is not None for value in values], na.bool_())


def _scaled(values: Sequence[Value], places: int) -> bytes:
    """Numbers as whole numbers of 16 bytes, so many places moved; nought where there is none."""
    times, nought = 10**places, bytes(_BYTES)
    with localcontext(prec=2 * _DIGITS):  # so that nothing is rounded
        return b"".join(
            int(value * times).to_bytes(_BYTES, "little", signed=True)
            if isinstance(value, (int, Decimal))
            else nought
            for value in values
        )


def _places(columns: Iterable[Column]) -> int:
    """The decimal places that hold every number exactly; ValueError if 38 digits cannot."""
    places, whole = _PLACES, 0
    for column in columns:
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
