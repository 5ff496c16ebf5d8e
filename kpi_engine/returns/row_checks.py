"""Faults between the cells of a row, between rows, and between a row and its month."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from kpi_engine.returns.conditions import amounts, days_of, outcomes
from kpi_engine.rulebook.book import SheetKind
from kpi_engine.terms.expression import columns_of
from kpi_engine.terms.finding import Severity
from kpi_engine.terms.period import add_months
from kpi_engine.terms.table import Column, ColumnType

if TYPE_CHECKING:
    from kpi_engine.returns.faults import Faults
    from kpi_engine.rulebook.book import SheetSpec
    from kpi_engine.terms.table import Table, Value

_MANY = 3  # rows from which a sum of the others is no accident


def check_rows(table: Table, spec: SheetSpec, nil_label: str, faults: Faults) -> Table:
    """The table with the cells that contradict each other unknown; faults are added to `faults`."""
    if table.nil and table.rows:
        faults.add("R309", label=repr(nil_label), count=len(table.rows))
    doubts = _contradictions(table, spec, faults) | _sums(table, spec, faults)
    _out_of_time(table, spec, faults)
    _repeats(table, spec, faults)
    return _doubting(table, doubts)


def cells_of(table: Table, index: int) -> tuple[tuple[str, Value, bool], ...]:
    """Everything in row `index`, whatever the order of the columns."""
    return tuple(
        (name, table.columns[name].values[index], table.columns[name].unknown[index])
        for name in sorted(table.columns)
    )


def history_date(spec: SheetSpec) -> str | None:
    """The column that says how far back a row reaches: the first date of the sheet."""
    return next((name for name, column in spec.columns.items() if column.type is ColumnType.DATE), None)


def _contradictions(table: Table, spec: SheetSpec, faults: Faults) -> set[tuple[str, int]]:
    """The cells that contradict each other, and those that a cell which cannot be read may contradict."""
    days = days_of(table.period)
    checks = [check for check in spec.checks if columns_of(check.when) <= table.columns.keys()]
    held = [outcomes(check.when, table, days) for check in checks]
    doubts: set[tuple[str, int]] = set()
    for index, n in sorted(
        (i, n) for n, of in enumerate(held) for i, one in enumerate(of) if one is not False
    ):
        check, found = checks[n], held[n][index]
        touched = [name for name in check.doubt if name in table.columns]
        # A date that cannot be read may contradict another; a number's bounds already say what it may be.
        doubts.update(
            (name, index) for name in touched if found or table.columns[name].type is ColumnType.DATE
        )
        if found:
            faults.add(
                "R302",
                cell(table, index, *touched),
                severity=None if touched else Severity.FLAG,
                message=check.message,
                fix=check.fix,
            )
    return doubts


def _sums(table: Table, spec: SheetSpec, faults: Faults) -> set[tuple[str, int]]:
    """First or last number cells that are the sum of all the others in rows that name no case."""
    doubts: set[tuple[str, int]] = set()
    if len(table.rows) <= _MANY:
        return doubts
    nameless = [
        index
        for index in (0, len(table.rows) - 1)
        if any(k not in table.columns or table.columns[k].values[index] is None for k in spec.key)
    ]
    for name, column in table.columns.items() if nameless else ():
        if column.type not in (ColumnType.WHOLE, ColumnType.DECIMAL):
            continue
        numbers = [v if isinstance(v, int | Decimal) else 0 for v in column.values]
        total = sum(numbers)
        for index in nameless:
            if numbers[index] and numbers[index] * 2 == total:
                faults.add("R308", cell(table, index, name), heading=repr(spec.columns[name].heading))
                doubts.add((name, index))
    return doubts


def _out_of_time(table: Table, spec: SheetSpec, faults: Faults) -> None:
    days, period = days_of(table.period), table.period
    if spec.kind is SheetKind.EVENTS and spec.dated_by:
        found = [amounts(expression, table, days) for expression in spec.dated_by]
        inside = [
            any(isinstance(day, date) and period.start <= day <= period.end for day in row)
            for row in zip(*(values for values, _ in found), strict=True)
        ]
        unknown = map(any, zip(*(lost for _, lost in found), strict=True))
        for index, (is_inside, is_unknown) in enumerate(zip(inside, unknown, strict=True)):
            if not (is_inside or is_unknown):
                faults.add("R306", cell(table, index, *spec.key), month=period.label)
    name = history_date(spec)
    if spec.history_months is None or name is None or name not in table.columns:
        return
    earliest = add_months(period.start, -spec.history_months)
    for index, day in enumerate(table.columns[name].values):
        if isinstance(day, date) and day < earliest:
            faults.add("R307", cell(table, index, name), months=spec.history_months)


def _repeats(table: Table, spec: SheetSpec, faults: Faults) -> None:
    if not spec.key or any(name not in table.columns for name in spec.key):
        return
    parts = [table.columns[name] for name in spec.key]
    unknown = list(map(any, zip(*(part.unknown for part in parts), strict=True)))
    keys = list(zip(*(part.values for part in parts), strict=True))
    loose_keys = list(zip(*([_loose(value) for value in part.values] for part in parts), strict=True))
    known = [index for index, lost in enumerate(unknown) if not lost]
    if len({loose_keys[index] for index in known}) == len(known):  # and so are the keys themselves
        return
    first: dict[tuple[Value, ...], int] = {}
    alike: dict[tuple[Value, ...], int] = {}
    for index in known:
        key, loose = keys[index], loose_keys[index]
        at = cell(table, index, *spec.key)
        if key in first:
            code = "R303" if cells_of(table, index) == cells_of(table, first[key]) else "R304"
            faults.add(code, at, first=table.rows[first[key]])
            continue
        if loose in alike:
            faults.add("R305", at, first=table.rows[alike[loose]])
        first[key] = index
        alike[loose] = index


def _loose(value: Value) -> Value:
    """An identifier as it may have been typed or exported elsewhere."""
    return value.casefold().lstrip("0") if isinstance(value, str) else value


def _doubting(table: Table, doubts: set[tuple[str, int]]) -> Table:
    if not doubts:
        return table
    columns = dict(table.columns)
    for name in {name for name, _ in doubts}:
        column = columns[name]
        values, unknown = list(column.values), list(column.unknown)
        for touched, index in doubts:
            if touched == name:
                values[index], unknown[index] = None, True
        columns[name] = Column(name, column.type, values, unknown, column.letter)
    return replace(table, columns=columns)


def cell(table: Table, index: int, *names: str) -> str:
    """The address, less its sheet, of row `index` in the first of `names` there is (else column A)."""
    letter = next((table.columns[name].letter for name in names if name in table.columns), "A")
    return f"{letter}{table.rows[index]}"
