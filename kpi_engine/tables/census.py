"""The faults of a table's cells by column and code, counted for each return; no cell is ever told."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

from kpi_engine.measures.conditions import literal, quoted
from kpi_engine.tables.typed import check_name, checks_of, codes, fault_name
from kpi_engine.terms.codes import finding
from kpi_engine.terms.finding import Severity
from kpi_engine.terms.period import Period, in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kpi_engine.measures.session import Session
    from kpi_engine.rulebook.book import ColumnSpec, RowCheck
    from kpi_engine.tables.typed import Held
    from kpi_engine.terms.finding import Finding

Census: TypeAlias = "Mapping[tuple[str, Period], Sequence[Finding]]"
"""What is told of a sheet of each return, without the return's name."""


def census(session: Session, table: Held, cells: str) -> Census:
    """The faults of each return in the view `cells`, by one SELECT."""
    columns = [table.spec.columns[name] for name in table.columns]
    asked: list[tuple[ColumnSpec, str] | RowCheck] = [(c, code) for c in columns for code in codes(c)]
    sums = [
        f"COUNT(CASE WHEN {fault_name(column.id)} = {literal(code)} THEN 1 END)"
        for column in columns
        for code in codes(column)
    ]
    checks = checks_of(table)
    asked += checks
    sums += [f"COUNT(CASE WHEN {check_name(n)} THEN 1 END)" for n in range(len(checks))]
    listed = ", ".join(f"{one} AS _count_{n}" for n, one in enumerate(sums))
    sql = f"SELECT _authority, _period, {listed} FROM {quoted(cells)} GROUP BY _authority, _period"  # noqa: S608  (names are quoted)
    found: defaultdict[tuple[str, Period], list[Finding]] = defaultdict(list)
    for authority, number, *counts in session.ask(sql):
        month = Period(int(number or 0))
        found[str(authority), month] += _told(table, month, asked, [int(count or 0) for count in counts])
    return found


def _told(
    table: Held, month: Period, asked: Sequence[tuple[ColumnSpec, str] | RowCheck], counts: Sequence[int]
) -> Iterator[Finding]:
    for what, count in zip(asked, counts, strict=True):
        if not count:
            continue
        if isinstance(what, tuple):
            yield _fault(table, month, *what, count)
        else:
            yield finding(
                "T129",
                sheet=table.spec.sheet,
                severity=None if set(what.doubt) & table.columns.keys() else Severity.FLAG,
                count=count,
                message=what.message,
                fix=what.fix,
            )


def _fault(table: Held, month: Period, column: ColumnSpec, code: str, count: int) -> Finding:
    bounds = [
        f"{words} {bound}"
        for words, bound in (("at least", column.least), ("at most", column.most))
        if bound is not None
    ]
    return finding(
        code,
        sheet=table.spec.sheet,
        heading=repr(column.heading),
        count=count,
        last=in_words(month.end),
        bounds=" and ".join(bounds),
        allowed=", ".join(column.values),
    )
