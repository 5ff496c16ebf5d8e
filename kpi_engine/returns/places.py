"""Which sheet of a workbook is which: by the Excel table on it, else by its name."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kpi_engine.returns.headings import corners
from kpi_engine.returns.spelling import close_to, normal
from kpi_engine.returns.tables import Place
from kpi_engine.terms.codes import finding
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.returned import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kpi_engine.returns.scanner.workbook import Sheet, Table, Workbook
    from kpi_engine.rulebook.book import Contract, SheetSpec
    from kpi_engine.terms.finding import Finding

_TEMPLATE_S_OWN = frozenset({"lists", "findings"})  # sheets of the template and of annotated copies


@dataclass(frozen=True, slots=True)
class Places:
    """Where each sheet of the contract stands, and those that cannot be told."""

    found: Mapping[str, Place]
    problems: Mapping[str, Problem]
    findings: tuple[Finding, ...]


def find_places(workbook: Workbook, contract: Contract) -> Places:
    """The place of every sheet of the contract that the workbook has."""
    by_name = {normal(sheet.name): sheet for sheet in workbook.sheets}
    found: dict[str, Place] = {}
    problems: dict[str, Problem] = {}
    findings: list[Finding] = []
    taken = {normal(contract.cover_sheet), *_TEMPLATE_S_OWN}
    for spec in contract.sheets.values():
        candidates = _candidates(spec, workbook, by_name)
        taken.update(candidates)
        if len(candidates) > 1:
            names = ", ".join(repr(place.name) for place in candidates.values())
            findings.append(
                finding("R133", file=workbook.file, sheet=spec.sheet, meant=repr(spec.sheet), places=names)
            )
            problems[spec.id] = Problem(Reason.RETURN_REFUSED, f"More than one sheet could be {spec.sheet}.")
        for name, place in candidates.items():
            if len(candidates) == 1:
                found[spec.id] = place
                if name not in _names(spec):
                    findings.append(
                        finding("R130", file=workbook.file, sheet=place.name, meant=repr(spec.sheet))
                    )
    findings += _strangers(workbook, contract, taken)
    return Places(found, problems, tuple(findings))


def _names(spec: SheetSpec) -> frozenset[str]:
    return frozenset(map(normal, (spec.sheet, *spec.sheet_synonyms)))


def _candidates(spec: SheetSpec, workbook: Workbook, by_name: Mapping[str, Sheet]) -> dict[str, Place]:
    """By normal sheet name: the sheets that hold the Excel table, and those that have the name."""
    places: dict[str, Place] = {}
    for table in workbook.tables:
        if normal(table.name) == normal(spec.id) and normal(table.sheet) in by_name:
            sheet = by_name[normal(table.sheet)]
            places[normal(table.sheet)] = _place(sheet, table, presentable(sheet.name, spec.sheet, spec))
    for name in _names(spec) & by_name.keys():
        places.setdefault(name, Place(by_name[name], by_name[name].name))
    return dict(sorted(places.items()))


def presentable(name: str, meant: str, spec: SheetSpec | None = None) -> str:
    """The sheet's name if it resembles the one that is meant, which else stands in its place."""
    known = (meant,) if spec is None else (meant, *spec.sheet_synonyms)
    bare = normal(name).partition(" (")[0]  # Excel calls a copy "Supervision (2)"
    return name if close_to(name, known) or close_to(bare, known) else meant


def told_of(findings: Iterable[Finding], name: str) -> tuple[Finding, ...]:
    """The scanner's findings on a sheet, under the name that may be printed."""
    return tuple(replace(one, sheet=name) if one.sheet else one for one in findings)


def _place(sheet: Sheet, table: Table, name: str) -> Place:
    top, left, bottom, right = corners(table.ref)
    return Place(
        sheet, name, top if table.has_headings else None, bottom, range(left, right + 1), table.has_totals
    )


def _strangers(workbook: Workbook, contract: Contract, taken: set[str]) -> list[Finding]:
    """Sheets that are no part of the return. A name is repeated only if it resembles a known one."""
    spellings: defaultdict[str, str] = defaultdict(str)
    for spec in contract.sheets.values():
        spellings.update(dict.fromkeys((spec.sheet, *spec.sheet_synonyms), spec.sheet))
    findings = []
    for number, sheet in enumerate(workbook.sheets, 1):
        bare = normal(sheet.name).partition(" (")[0]  # Excel calls a copy "Supervision (2)"
        if normal(sheet.name) in taken or bare in _TEMPLATE_S_OWN:
            continue
        near = close_to(sheet.name, spellings) or close_to(bare, spellings)
        findings.append(
            finding(
                "R132",
                file=workbook.file,
                sheet=sheet.name if near else "",
                which=repr(sheet.name) if near else f"number {number}",
                maybe=f"; did you mean {spellings[near]!r}?" if near else "",
            )
        )
    return findings
