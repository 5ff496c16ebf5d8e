"""What only two months together show: figures sent again, events sent twice, cases late or gone."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

from kpi_engine.returns.conditions import amount, days_of, row_of
from kpi_engine.returns.row_checks import cells_of, history_date
from kpi_engine.returns.tables import CASE_SHEETS
from kpi_engine.rulebook.book import SheetKind
from kpi_engine.terms.codes import finding
from kpi_engine.terms.period import QUARTER, add_months

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kpi_engine.rulebook.book import RuleBook, SheetSpec
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.returned import MonthReturn
    from kpi_engine.terms.table import Table, Value

_LATE = 6  # months: the longest time that the plan gives a case (matching)
_STANDS_STILL = 20  # rows from which a snapshot that stands still is last month's
_FEW_COUNTS = 3


def across_months(months: Mapping[Period, MonthReturn], rulebook: RuleBook) -> tuple[Finding, ...]:
    """Faults between months: figures sent again, events sent twice, cases first sent late or gone."""
    findings: list[Finding] = []
    for spec in rulebook.contract.sheets.values():
        if spec.kind is SheetKind.COUNTS:
            findings += _counts_again(months, spec)
        if spec.kind not in CASE_SHEETS:
            continue
        tables = [
            months[period].tables[spec.id] for period in sorted(months) if spec.id in months[period].tables
        ]
        before: Table | None = None
        seen: dict[tuple[object, ...], Period] = {}
        for table in tables:
            follows = before is not None and before.period.plus(1) == table.period
            again = before is not None and follows and _sent_again(before, table, spec)
            if before is not None and again:
                findings.append(_told("R320", table, spec, before.period))
            events = _events(table, spec)
            for earlier in sorted({seen[event] for event in events if event in seen}):
                count = sum(seen.get(event) == earlier for event in events)
                if not (again and before is not None and earlier == before.period):
                    findings.append(_told("R321", table, spec, earlier, count=count))
            if before is not None and follows and spec.history_months is not None:
                findings += _came_and_went(before, table, spec)
            seen = dict.fromkeys(events, table.period) | seen
            before = table
    return tuple(findings)


def _told(code: str, table: Table, spec: SheetSpec, before: Period, **words: int) -> Finding:
    return finding(
        code,
        file=table.file,
        sheet=table.sheet,
        cell="",
        found=None,
        line=None,
        column=None,
        severity=None,
        meant=repr(spec.sheet),
        month=table.period.label,
        before=before.label,
        **words,
    )


def _counts_again(months: Mapping[Period, MonthReturn], spec: SheetSpec) -> list[Finding]:
    findings = []
    for period in sorted(months):
        earlier = months.get(period.plus(-1))
        now = {name: (c.number, c.out_of) for name, c in months[period].counts.items() if c.number}
        if earlier is None or len(now) < _FEW_COUNTS:
            continue
        if now == {name: (c.number, c.out_of) for name, c in earlier.counts.items() if c.number}:
            findings.append(
                finding(
                    "R320",
                    file=months[period].files[0],
                    sheet=spec.sheet,
                    meant=repr(spec.sheet),
                    month=period.label,
                    before=earlier.period.label,
                )
            )
    return findings


def _sent_again(before: Table, table: Table, spec: SheetSpec) -> bool:
    """Whether two tables hold the same rows; a short snapshot may well stand still."""
    least = 1 if spec.kind is SheetKind.EVENTS else _STANDS_STILL
    return len(table.rows) >= least and _content(before) == _content(table)


def _content(table: Table) -> Counter[tuple[tuple[str, Value, bool], ...]]:
    return Counter(cells_of(table, index) for index in range(len(table.rows)))


def _events(table: Table, spec: SheetSpec) -> list[tuple[object, ...]]:
    """Each event whose key and dates are known: a child may have two events, never one twice."""
    if spec.kind is not SheetKind.EVENTS or not spec.key:
        return []
    days = days_of(table.period)
    events: list[tuple[object, ...]] = []
    for index in range(len(table.rows)):
        row = row_of(table, index)
        dates = [amount(expression, row, days) for expression in spec.dated_by]
        key = [row(name) for name in spec.key]
        if not any(unknown for _, unknown in (*key, *dates)):
            events.append((*(value for value, _ in key), *(value for value, _ in dates)))
    return events


def _came_and_went(before: Table, table: Table, spec: SheetSpec) -> Iterator[Finding]:
    """What a snapshot lacked a month ago that it should have held, and what it lacks now."""
    late, gone = _late(before, table, spec), _gone(before, table, spec)
    if late:
        yield _told("R322", table, spec, before.period, count=late, months=_LATE)
    if gone:
        yield _told("R323", table, spec, before.period, count=gone)


def _late(before: Table, table: Table, spec: SheetSpec) -> int:
    """Rows that the month before lacked, although their date lay months back even then."""
    name = history_date(spec)
    if (
        name is None
        or name not in table.columns
        or any(key not in of.columns for key in spec.key for of in (before, table))
    ):
        return 0
    known = set(zip(*(before.columns[key].values for key in spec.key), strict=True))
    keys = zip(*(table.columns[key].values for key in spec.key), strict=True)
    return sum(
        isinstance(day, date) and key not in known and add_months(day, _LATE) < table.period.start
        for key, day in zip(keys, table.columns[name].values, strict=True)
    )


def _gone(before: Table, table: Table, spec: SheetSpec) -> int:
    """Rows of the month before that the sheet still reaches back to, and that it lacks."""
    name, back = history_date(spec), spec.history_months
    if (
        name is None
        or back is None
        or name not in before.columns
        or any(key not in of.columns for key in spec.key for of in (before, table))
        # Any key that cannot be read may be the one that is missed.
        or any(any(table.columns[key].unknown) for key in spec.key)
        # A sheet of one quarter starts anew with each.
        or (back <= QUARTER and table.period.quarter != before.period.quarter)
    ):
        return 0
    # A month less than it reaches back: where its first day lies may be read otherwise ("120 days").
    earliest = add_months(table.period.end, 1 - back)
    held = set(zip(*(table.columns[key].values for key in spec.key), strict=True))
    keys = zip(*(before.columns[key].values for key in spec.key), strict=True)
    unknown = zip(*(before.columns[key].unknown for key in spec.key), strict=True)
    return sum(
        isinstance(day, date) and day >= earliest and not any(lost) and key not in held
        for key, lost, day in zip(keys, unknown, before.columns[name].values, strict=True)
    )
