"""The months of every council as the register and the tables make them: what is measured, and what is not."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from kpi_engine.errors import KpiError
from kpi_engine.rulebook.book import SheetKind
from kpi_engine.tables.census import census
from kpi_engine.tables.lake import open_lake
from kpi_engine.tables.lines import NO_LINES, read_lines
from kpi_engine.tables.register import count_rows, read_register
from kpi_engine.tables.typed import MONTHS, cells_sql, months_sql, rows_sql
from kpi_engine.terms.codes import finding
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.returned import MonthReturn, Problem, Return, Validated
from kpi_engine.terms.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kpi_engine.measures.session import Session
    from kpi_engine.rulebook.book import RuleBook, SheetSpec
    from kpi_engine.tables.census import Census
    from kpi_engine.tables.lake import Lake
    from kpi_engine.tables.lines import Lines
    from kpi_engine.tables.register import Found, Line, Register
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.period import Period

_CASES: Final = frozenset({SheetKind.SNAPSHOT, SheetKind.EVENTS})
_FROM_WEAKEST: Final = (Validated.NO, Validated.NOT_STATED, Validated.YES)
_LISTED: Final = 6  # codes of councils in a message
_NOT_SENT: Final = Problem(Reason.SHEET_MISSING, "The sheet is missing.")


@dataclass(frozen=True, slots=True)
class CouncilReturns:
    """One council's returns, up to the month judged; `loose` are findings of none of them."""

    authority: str
    returns: tuple[Return, ...]
    months: Mapping[Period, MonthReturn]
    loose: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class LakeReturns:
    """Every council's returns in order of their codes, the period judged, and the findings of no council.

    The tables of `months` have no cells: an engine's own table has them.
    """

    period: Period | None
    councils: tuple[CouncilReturns, ...]
    findings: tuple[Finding, ...]


def read_lake(
    session: Session, place: str, rulebook: RuleBook, period: Period | None, only: Sequence[str]
) -> LakeReturns:
    """The returns in `place`, typed in `session`, which then knows each case sheet by its id.

    `period` left out: the latest month that any return claims. `only` are the councils wanted; none: all
    that the register has. Raises KpiError as `open_lake` does, and where a table turns out to be damaged.
    """
    lake = open_lake(session, place, rulebook.contract)
    register = read_register(session, lake, rulebook.contract)
    found = count_rows(session, lake.tables)
    judging = period or register.latest()
    _refuse_strangers(only, register)
    findings = (*lake.findings, *register.findings, *_of_nobody(lake, register, found))
    if judging is None:
        return LakeReturns(None, (), findings)
    findings = (*findings, *_of_no_month(judging, register))
    wanted = sorted({*only} or {*register.lines, *register.monthless})
    sent = {
        (council, month): f"{council} {month}"
        for council in wanted
        for month in sorted(register.lines.get(council, {}))
        if month <= judging.last_month
    }
    type_cells(session, lake, rulebook, sorted({month for _, month in sent}), only)
    read = _Read(lake, rulebook, register, found, *_looked_at(session, lake, rulebook, sent))
    loose = _unannounced(read, sent, judging.last_month)
    made: dict[str, dict[Period, tuple[Return, MonthReturn]]] = {council: {} for council in wanted}
    for (council, month), file in sent.items():
        made[council][month] = _return(read, council, month, file)
    return LakeReturns(
        judging,
        tuple(
            CouncilReturns(
                council,
                (*(returned for returned, _ in of.values()), *_monthless(register, council)),
                {month: held for month, (_, held) in of.items()},
                tuple(loose.get(council, ())),
            )
            for council, of in made.items()
        ),
        findings,
    )


def _refuse_strangers(only: Sequence[str], register: Register) -> None:
    """KpiError for a council that was asked for and has no line in the register."""
    known = sorted({*register.lines, *register.monthless})
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    shown = f"{', '.join(known[:_LISTED])}{more}" if known else "none"
    if strangers := [one for one in only if one not in known]:
        raise KpiError([finding("T130", council=one, known=shown) for one in strangers])


def _of_no_month(judging: Period, register: Register) -> Iterator[Finding]:
    months = {month for of in register.lines.values() for month in of}
    if months and months.isdisjoint(judging.months):
        yield finding("T131", month=judging.label, first=min(months).label, last=max(months).label)


# ── Before any return is put together ────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Read:
    """What the lake holds: by sheet id the rows found, the faults and the lines of each return."""

    lake: Lake
    rulebook: RuleBook
    register: Register
    found: Mapping[str, Found]
    faults: Mapping[str, Census]
    lines: Mapping[str, Mapping[tuple[str, Period], Lines]]

    def columns(self, spec: SheetSpec) -> Mapping[str, Column]:
        """The columns of a sheet, without cells; all of them where there is no table, for it lacks none."""
        table = self.lake.tables.get(spec.id)
        names = spec.columns if table is None else table.columns
        return {name: Column(name, spec.columns[name].type, (), ()) for name in names}


def type_cells(
    session: Session, lake: Lake, rulebook: RuleBook, months: Sequence[Period], only: Sequence[str]
) -> None:
    """Let the session know the typed tables, and each case sheet as a Query reads it."""
    if not months:
        return
    session.view(MONTHS, months_sql(months))
    for name, table in lake.tables.items():
        session.view(_cells(name), cells_sql(table, rulebook.contract.not_known, only))
        if table.spec.kind in _CASES:
            session.view(name, rows_sql(table, _cells(name)))


def _cells(name: str) -> str:
    return f"_cells_{name}"


def _looked_at(
    session: Session, lake: Lake, rulebook: RuleBook, sent: Mapping[tuple[str, Period], str]
) -> tuple[dict[str, Census], dict[str, Mapping[tuple[str, Period], Lines]]]:
    """The faults of every table, and the lines of those that are no case lists."""
    if not sent:
        return {}, {}
    faults = {name: census(session, table, _cells(name)) for name, table in lake.tables.items()}
    lines = {
        name: read_lines(session, table, _cells(name), rulebook, sent)
        for name, table in lake.tables.items()
        if table.spec.kind not in _CASES
    }
    return faults, lines


def _of_nobody(lake: Lake, register: Register, found: Mapping[str, Found]) -> Iterator[Finding]:
    """Rows without a council or month, or of a council that the register lacks: its code may be anything."""
    known = {*register.lines, *register.monthless}
    for name, of in found.items():
        strangers = sum(count for (council, _), count in of.rows.items() if council not in known)
        if count := of.of_nobody + strangers:
            sheet = lake.tables[name].spec.sheet
            yield finding("T117", sheet=sheet, meant=repr(sheet), count=count)


def _unannounced(
    read: _Read, sent: Mapping[tuple[str, Period], str], last: Period
) -> Mapping[str, Sequence[Finding]]:
    """By council, the rows of months for which it has no line at all."""
    told: defaultdict[str, list[Finding]] = defaultdict(list)
    for name, of in read.found.items():
        for (council, month), count in of.rows.items():
            if month <= last and (council, month) not in sent:
                told[council].append(_of_no_line(read.rulebook.contract.sheets[name], month, count))
    return told


def _of_no_line(spec: SheetSpec, month: Period, count: int, file: str = "") -> Finding:
    return _told("T112", spec, file, month=month.label, count=count)


def _monthless(register: Register, council: str) -> Iterator[Return]:
    """The return whose month cannot be read, if the register has lines of one: it may be of any month."""
    if count := register.monthless.get(council):
        file = f"{council}, month not known"
        told = (finding("T115", file=file, count=count),)
        yield Return(file, "", None, refused=True, authority=council, findings=told)


# ── One return ───────────────────────────────────────────────────────────────


def _return(read: _Read, council: str, month: Period, file: str) -> tuple[Return, MonthReturn]:
    """One council's return for one month, and the month that it makes."""
    sheets = read.rulebook.contract.sheets
    lines = read.register.lines[council][month]
    answers = {name: _sheet(read, spec, (council, month), file) for name, spec in sheets.items()}
    told = [found for _, findings in answers.values() for found in findings]
    tables = {name: one for name, (one, _) in answers.items() if isinstance(one, Table)}
    problems = {name: one for name, (one, _) in answers.items() if isinstance(one, Problem)}
    said = [
        read.lines[name].get((council, month), NO_LINES)
        for name in read.lines
        if name in lines and name not in problems
    ]
    lost = next(
        (
            problems[name]
            for name, spec in sheets.items()
            if spec.kind is SheetKind.COUNTS and name in problems and name in lines
        ),
        None,
    )
    if lost is not None:  # what might contradict a list is not known, so no list may pass alone
        tables, problems = {}, dict.fromkeys(sheets, lost)
    validated = min((line.validated for of in lines.values() for line in of), key=_FROM_WEAKEST.index)
    found = MonthReturn(
        period=month,
        authority=council,
        validated=validated,
        no_case_list=frozenset(name for name, of in lines.items() if any(line.no_case_list for line in of)),
        tables=tables,
        problems={name: one for name, one in problems.items() if sheets[name].kind in _CASES},
        counts={measure: row for one in said for measure, row in one.counts.items()},
        milestones={name: row for one in said for name, row in one.milestones.items()},
        commentary={measure: row for one in said for measure, row in one.commentary.items()},
        absent=_NOT_SENT,
        files=(file,),
    )
    told += [one for of in said for one in of.findings]
    given = [answers[name][0] for name in lines]
    return Return(
        file,
        "",
        month,
        refused=all(isinstance(one, Problem) and one.reason is Reason.RETURN_REFUSED for one in given),
        authority=council,
        validated=validated,
        findings=tuple(told),
    ), found


def _sheet(
    read: _Read, spec: SheetSpec, key: tuple[str, Period], file: str
) -> tuple[Table | Problem | None, list[Finding]]:
    """A sheet as the register announces it, or why it is not used; None: no case list, and in order."""
    council, month = key
    lines = read.register.lines[council][month].get(spec.id, ())
    there = read.found[spec.id].rows.get(key, 0) if spec.id in read.found else 0
    if not lines:
        told = [_of_no_line(spec, month, there, file)] if there else []
        told += [_told("T113", spec, file)] if spec.kind in _CASES else []
        return Problem(Reason.SHEET_MISSING, f"The sheet {spec.sheet} is missing."), told
    fault = _fault_of(lines, there, spec, file)
    if fault is not None:
        return Problem(Reason.RETURN_REFUSED, f"{spec.sheet}: {fault.message}"), [fault]
    told = [replace(one, file=file) for one in read.faults.get(spec.id, {}).get(key, ())]
    if spec.kind not in _CASES:
        return None, told
    (line,) = lines
    if line.nil and there:
        told.append(_told("R309", spec, file, label=repr(read.rulebook.contract.nil_label), count=there))
    if line.no_case_list and not there and not line.nil:
        said = f"The register declares that there is no case list for {spec.sheet}."
        return Problem(Reason.SHEET_MISSING, said), told
    return Table(spec.id, month, read.columns(spec), range(there), file, spec.sheet, nil=bool(line.nil)), told


def _fault_of(lines: Sequence[Line], there: int, spec: SheetSpec, file: str) -> Finding | None:
    """Why what the register says of a sheet cannot be relied on; None where it can."""
    if len(lines) > 1:
        return _told("T114", spec, file, count=len(lines))
    (line,) = lines
    for what, said in (
        ("how many rows there are", line.rows),
        ("whether there was none", line.nil),
        ("whether there is a case list", line.no_case_list),
    ):
        if said is None:
            return _told("T110", spec, file, what=what)
    if line.rows is not None and line.rows != there:
        return _told("T111", spec, file, said=line.rows, there=there)
    return None


def _told(code: str, spec: SheetSpec, file: str, **words: str | int) -> Finding:
    return finding(
        code,
        file=file,
        sheet=spec.sheet,
        cell="",
        found=None,
        line=None,
        column=None,
        severity=None,
        meant=repr(spec.sheet),
        **words,
    )
