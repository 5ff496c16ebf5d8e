"""Tables made from workbooks: what `kpi measure` reads, typed as the reader typed it, and the register."""

from __future__ import annotations

import csv
import hashlib
import os
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self, TypeAlias

from kpi_engine.errors import KpiError
from kpi_engine.measures.conditions import literal, quoted
from kpi_engine.returns.assemble import assemble
from kpi_engine.rulebook.book import SheetKind
from kpi_engine.tables.lake import AUTHORITY, NO_CASE_LIST, PERIOD, REGISTER, REGISTER_COLUMNS, UNKNOWN
from kpi_engine.tables.typed import CHECKED, NUMBER
from kpi_engine.terms.codes import finding
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.returned import Validated
from kpi_engine.terms.table import ColumnType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from fractions import Fraction
    from pathlib import Path

    from kpi_engine.rulebook.book import Contract, RuleBook, SheetSpec
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.returned import CommentaryRow, CountRow, MilestoneRow, MonthReturn, Return
    from kpi_engine.terms.table import Table, Value

_Cells: TypeAlias = "Mapping[str, str]"
_SQL_TYPES: Final = {
    ColumnType.DATE: "DATE",
    ColumnType.YES_NO: "BOOLEAN",
    ColumnType.WHOLE: "BIGINT",
    ColumnType.DECIMAL: NUMBER,
}


class TableFormat(StrEnum):
    """How tables are written."""

    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Written:
    """How many returns went into how many rows, and what is told of the returns."""

    councils: int
    months: int
    rows: int
    findings: tuple[Finding, ...] = field(default=())


def write_tables(returns: Sequence[Return], rulebook: RuleBook, out: Path, form: TableFormat) -> Written:
    """Write a table for each sheet, and the register, into the folder `out`, for its owner's eyes alone.

    A return whose council or month is not known is in no table, and told. The words of the commentary stay
    behind; a digest stands for them. Raises KpiError where `out` holds anything.
    """
    _refuse_used(out)
    known = [one for one in returns if one.authority is not None and one.claims is not None]
    by_council: defaultdict[str, list[Return]] = defaultdict(list)
    for one in known:
        by_council[one.authority or ""].append(one)
    findings = [finding("T108", file=one.file) for one in returns if one not in known]
    findings += [found for one in returns for found in one.findings]
    months = rows = 0
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _Tables(out, rulebook.contract) as tables:
        for council in sorted(by_council):
            assembled = assemble(by_council[council], rulebook)
            findings += assembled.findings
            for month in assembled.months.values():
                rows += tables.add(council, month, rulebook)
                months += 1
    if form is TableFormat.PARQUET:
        _to_parquet(out, rulebook.contract)
    return Written(len(by_council), months, rows, tuple(findings))


def _refuse_used(out: Path) -> None:
    if out.is_symlink() or (out.exists() and not out.is_dir()) or (out.is_dir() and any(out.iterdir())):
        raise KpiError([finding("T107", file=str(out), out=str(out))])


class _Tables:
    """The CSV files while rows are added; use it in a `with`."""

    def __init__(self, out: Path, contract: Contract) -> None:
        self._stack = ExitStack()
        self._writers: dict[str, csv.DictWriter[str]] = {}
        for name, spec in contract.sheets.items():
            own = [part for column in spec.columns for part in (column, column + UNKNOWN)]
            self._open(out, name, (AUTHORITY, PERIOD, *own))
        self._open(out, REGISTER, (*REGISTER_COLUMNS, NO_CASE_LIST))

    def _open(self, out: Path, name: str, columns: Sequence[str]) -> None:
        descriptor = os.open(out / f"{name}.csv", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        file = self._stack.enter_context(os.fdopen(descriptor, "w", encoding="utf-8", newline=""))
        self._writers[name] = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        self._writers[name].writeheader()

    def add(self, council: str, month: MonthReturn, rulebook: RuleBook) -> int:
        """Add a month's rows and its lines of the register: how many rows."""
        whose = {AUTHORITY: council, PERIOD: str(month.period)}
        rows = 0
        for spec in rulebook.contract.sheets.values():
            sent = _sent(spec, month, rulebook)
            if sent is None:
                continue
            cells, said = sent
            self._writers[spec.id].writerows({**whose, **row} for row in cells)
            line = {"sheet": spec.id, "rows": str(len(cells)), "validated": _validated(month), **said}
            self._writers[REGISTER].writerow({**whose, **line})
            rows += len(cells)
        return rows

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _validated(month: MonthReturn) -> str:
    return "" if month.validated is Validated.NOT_STATED else month.validated.value


def _sent(spec: SheetSpec, month: MonthReturn, rulebook: RuleBook) -> tuple[list[_Cells], _Cells] | None:
    """A sheet's rows, and what the register says besides their number; None: it was not sent."""
    match spec.kind:
        case SheetKind.COUNTS:
            rows = [_count(measure, row, rulebook) for measure, row in month.counts.items()]
        case SheetKind.MILESTONES:
            rows = [_milestone(milestone, row) for milestone, row in month.milestones.items()]
        case SheetKind.COMMENTARY:
            rows = [_comment(measure, row) for measure, row in month.commentary.items()]
        case _:
            return _cases(spec, month)
    return (rows, {}) if rows else None


def _cases(spec: SheetSpec, month: MonthReturn) -> tuple[list[_Cells], _Cells] | None:
    declared = {NO_CASE_LIST: "yes"} if spec.id in month.no_case_list else {}
    table, problem = month.tables.get(spec.id), month.problems.get(spec.id)
    if table is not None:
        return list(_rows(table, spec)), {"nil": "yes" if table.nil else "no", **declared}
    if problem is not None and problem.reason is not Reason.SHEET_MISSING:
        return [], {"rows": ""}  # it was sent, and cannot be used
    return ([], declared) if declared else None


def _rows(table: Table, spec: SheetSpec) -> Iterator[_Cells]:
    for index in range(len(table.rows)):
        row = {}
        for name in spec.columns:
            column = table.columns.get(name)
            lost = column is None or bool(column.unknown[index])
            row[name] = "" if column is None or lost else _text(column.values[index])
            row[name + UNKNOWN] = CHECKED if lost else ""
        yield row


def _text(value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case _:
            return value.isoformat() if hasattr(value, "isoformat") else f"{value:f}"


def _count(measure: str, row: CountRow, rulebook: RuleBook) -> _Cells:
    reasons = {reason: text for text, reason in rulebook.contract.no_figure_reasons.items()}
    return {
        "measure": measure,
        "number": _figure(row.number),
        "number" + UNKNOWN: "yes" if row.unknown else "",
        "out_of": _figure(row.out_of),
        "why_none": reasons[row.why_none] if row.why_none is not None else "",
    }


def _figure(number: Fraction | None) -> str:
    return "" if number is None else str(number)  # the sheet's numbers are whole


def _milestone(milestone: str, row: MilestoneRow) -> _Cells:
    return {
        "milestone": milestone,
        "done_on": _day(row.done_on),
        "done_on" + UNKNOWN: "yes" if row.unknown else "",
        "expected_on": _day(row.expected_on),
    }


def _comment(measure: str, row: CommentaryRow) -> _Cells:
    """That there is commentary, and whether it is the same as another month's: its words stay behind."""
    words = {name: text for name, text in (("why", row.why), ("action", row.action)) if text.strip()}
    digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in words.items()}
    return {"measure": measure, **digests}


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()


# ── Parquet ──────────────────────────────────────────────────────────────────


def _to_parquet(out: Path, contract: Contract) -> None:
    """Each CSV file as Parquet in its place."""
    import duckdb  # noqa: PLC0415  (slow to import)

    with duckdb.connect(":memory:") as connection:
        for name in (*contract.sheets, REGISTER):
            spec = contract.sheets.get(name)
            source, target = out / f"{name}.csv", out / f"{name}.parquet"
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            os.close(descriptor)
            listed = ", ".join(_columns(spec)) if spec is not None else "*"
            sql = (
                f"COPY (SELECT {listed} FROM read_csv({literal(str(source))}, header=true, all_varchar=true, "  # noqa: S608  (quoted)
                f"delim=',', quote='\"', escape='\"')) TO {literal(str(target))} (FORMAT parquet)"
            )
            connection.execute(sql)
            target.chmod(0o600)
            source.unlink()


def _columns(spec: SheetSpec) -> Iterable[str]:
    yield from (AUTHORITY, PERIOD)
    for column in spec.columns.values():
        kind = _SQL_TYPES.get(column.type)
        name = quoted(column.id)
        if column.type is ColumnType.YES_NO:
            yield f"CASE {name} WHEN 'yes' THEN TRUE WHEN 'no' THEN FALSE END AS {name}"
        else:
            yield name if kind is None else f"CAST({name} AS {kind}) AS {name}"
        yield quoted(column.id + UNKNOWN)
