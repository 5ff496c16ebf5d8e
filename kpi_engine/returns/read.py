"""One return: a file becomes typed tables and findings. Bad content is never raised."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kpi_engine.errors import ReturnUnreadable
from kpi_engine.returns.cover import cover_sheet, month_of_name, read_cover
from kpi_engine.returns.faults import Faults
from kpi_engine.returns.lines import read_commentary, read_counts, read_milestones
from kpi_engine.returns.places import find_places, presentable, told_of
from kpi_engine.returns.scanner.workbook import SheetState, open_workbook
from kpi_engine.returns.tables import CASE_SHEETS, Setting, read_table
from kpi_engine.rulebook.book import SheetKind
from kpi_engine.terms.codes import finding
from kpi_engine.terms.finding import Severity
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.returned import CommentaryRow, CountRow, MilestoneRow, Problem, Return, Validated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kpi_engine.returns.cover import Cover
    from kpi_engine.returns.places import Places
    from kpi_engine.returns.scanner.workbook import Workbook
    from kpi_engine.rulebook.book import RuleBook, SheetSpec
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.table import Table

_WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"})  # the last three get their message
_Line = TypeVar("_Line", CountRow, MilestoneRow, CommentaryRow)
_SET_APART = "corrected"  # a folder that is read only if it is named


def find_returns(paths: Iterable[Path]) -> list[Path]:
    """The files to read: those named, and the workbooks of named folders, sorted, each once.

    In folders `~$*` (Excel's lock files), hidden folders and folders called `corrected`
    are passed over. A file that is named is always tried.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        for file in sorted(_within(path)) if path.is_dir() else [path]:
            found.setdefault(file.resolve(), file)
    return sorted(found.values())


def read_return(path: Path, rulebook: RuleBook) -> Return:
    """The return in the file at `path`; refused, with the findings that say why, if it cannot be used."""
    try:
        with open_workbook(path) as workbook:
            return _read(path, workbook, rulebook)
    except ReturnUnreadable as fault:
        return refusal(path, fault.findings)


def refusal(path: Path, findings: Sequence[Finding]) -> Return:
    """A return that is not used, with the findings that say why."""
    return Return(
        file=path.name,
        digest=_digest(path),
        claims=month_of_name(path.name),
        refused=True,
        validated=Validated.NOT_STATED,
        findings=tuple(findings),
    )


def _within(folder: Path) -> Iterator[Path]:
    """The workbooks of a folder; linked folders are not followed, for links may run in circles."""
    for top, folders, files in os.walk(folder):
        folders[:] = [one for one in folders if one[:1] != "." and one.casefold() != _SET_APART]
        for name in files:
            if not name.startswith((".", "~$")) and Path(name).suffix.casefold() in _WORKBOOKS:
                yield Path(top, name)


def _read(path: Path, workbook: Workbook, rulebook: RuleBook) -> Return:
    contract = rulebook.contract
    places = find_places(workbook, contract)
    sheet = cover_sheet(workbook, contract)
    findings = [*workbook.findings]
    if sheet is None:
        if not places.found and not places.problems:
            return refusal(path, [*findings, finding("R150", file=workbook.file)])
        missing = finding("R161", file=workbook.file, meant=repr(contract.cover_sheet))
        return refusal(path, [*findings, missing, *places.findings])
    name = presentable(sheet.name, contract.cover_sheet)
    faults = Faults(workbook.file, name)
    cover = read_cover(workbook, sheet, contract, rulebook.plan, faults)
    if sheet.state is not SheetState.VISIBLE:
        faults.add("R139")
    findings += [*told_of(sheet.findings, name), *faults.listed(), *places.findings]
    # The sheets of a refused cover are read all the same, so that every fault is told at once;
    # without a month there is nothing to hold their dates against.
    month = cover.month or month_of_name(workbook.file)
    if month is None:
        return refusal(path, findings)
    returned = _read_sheets(workbook, rulebook, places, cover, month)
    findings = [*findings, *returned.findings]
    # Every sheet depends on the cover: what refuses it refuses the return.
    unsafe = any(fault.severity is Severity.REFUSE for fault in (*sheet.findings, *faults.listed()))
    refused = unsafe or any(map(_refuses_return, findings))
    return _kept(replace(returned, digest=_digest(path)), findings, refused=refused)


def _read_sheets(
    workbook: Workbook, rulebook: RuleBook, places: Places, cover: Cover, month: Period
) -> Return:
    """Every sheet of the contract that the workbook has; the digest is the caller's."""
    setting = Setting(rulebook.contract, month, workbook.file, workbook.date_1904)
    tables: dict[str, Table] = {}
    lines: dict[SheetKind, tuple[Table, SheetSpec, Faults]] = {}
    problems = dict(places.problems)
    findings: list[Finding] = []
    logs: list[tuple[Faults, tuple[Finding, ...]]] = []
    for spec in rulebook.contract.sheets.values():
        place = places.found.get(spec.id)
        if place is None:
            if spec.kind in CASE_SHEETS:
                problems.setdefault(spec.id, _missing(spec, declared=spec.id in cover.no_case_list))
            continue
        faults = Faults(workbook.file, place.name)
        table = read_table(place, spec, setting, faults)
        logs.append((faults, told_of(place.sheet.findings, place.name)))
        if isinstance(table, Problem):
            problems[spec.id] = table
        elif spec.kind in CASE_SHEETS:
            tables[spec.id] = table
            if spec.id in cover.no_case_list and table.rows:
                faults.add("R159", meant=repr(spec.sheet))
        else:
            lines[spec.kind] = (table, spec, faults)
    counts = _lines_of(SheetKind.COUNTS, read_counts, lines, rulebook)
    milestones = _lines_of(SheetKind.MILESTONES, read_milestones, lines, rulebook)
    commentary = _lines_of(SheetKind.COMMENTARY, read_commentary, lines, rulebook)
    for faults, scanned in logs:
        findings += [*scanned, *faults.listed()]
    return Return(
        file=workbook.file,
        digest="",
        claims=month,
        refused=False,
        authority=cover.authority,
        validated=cover.validated,
        replaces=cover.replaces,
        no_case_list=cover.no_case_list,
        tables=tables,
        problems=problems,
        counts=counts,
        milestones=milestones,
        commentary=commentary,
        findings=tuple(findings),
    )


def _lines_of(
    kind: SheetKind,
    read: Callable[[Table, SheetSpec, RuleBook, Faults], Mapping[str, _Line]],
    lines: Mapping[SheetKind, tuple[Table, SheetSpec, Faults]],
    rulebook: RuleBook,
) -> Mapping[str, _Line]:
    if kind not in lines:
        return {}
    table, spec, faults = lines[kind]
    return read(table, spec, rulebook, faults)


def _missing(spec: SheetSpec, *, declared: bool) -> Problem:
    if declared:
        return Problem(
            Reason.SHEET_MISSING, f"The cover declares that there is no case list for {spec.sheet}."
        )
    return Problem(Reason.SHEET_MISSING, f"The sheet {spec.sheet} is missing.")


def _refuses_return(fault: Finding) -> bool:
    """Personal details refuse the whole return; other faults of one sheet refuse that sheet."""
    return fault.severity is Severity.REFUSE and (not fault.sheet or fault.code.startswith("R4"))


def _kept(returned: Return, findings: Sequence[Finding], *, refused: bool) -> Return:
    if not refused:
        return replace(returned, findings=tuple(findings))
    return replace(
        returned,
        findings=tuple(findings),
        refused=True,
        tables={},
        problems={},
        counts={},
        milestones={},
        commentary={},
    )


def _digest(path: Path) -> str:
    """The SHA-256 of the file; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
