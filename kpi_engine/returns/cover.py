"""The cover: whose figures, of which month, validated or not. No cell of it is ever quoted."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from kpi_engine.returns.headings import corners
from kpi_engine.returns.scanner.workbook import CellKind
from kpi_engine.returns.spelling import close_to, normal, tidy
from kpi_engine.returns.tables import CASE_SHEETS
from kpi_engine.returns.typed import is_blank, read_day
from kpi_engine.terms.period import YEAR, Period
from kpi_engine.terms.returned import Validated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kpi_engine.returns.faults import Faults
    from kpi_engine.returns.scanner.workbook import Cell, Sheet, Workbook
    from kpi_engine.rulebook.book import Contract, CoverField, Plan

TEMPLATE_VERSION = "template_version"
"""The defined name and the custom property that hold the version of the template."""

_LAST_ROW = 500  # a cover is a page
_NUMBER_OF = {name.casefold(): i for i, name in enumerate(calendar.month_name) if name}
_NUMBER_OF |= {name[:3]: i for name, i in _NUMBER_OF.items()} | {"sept": 9}
_YEAR_MONTH = re.compile(r"(20\d{2})-(\d{2})", re.ASCII)
_NAMED_MONTH = re.compile(r"([a-z]+) (20\d{2})", re.ASCII)
_IN_FILE_NAME = re.compile(r"(?<!\d)(20\d{2})[-_. ]?(0[1-9]|1[0-2])(?!\d)", re.ASCII)
_WORDS_IN_FILE_NAME = re.compile(r"([a-z]{3,9})[-_. ]*(20\d{2})(?!\d)", re.ASCII)
_PLAUSIBLE = range(2000, 2100)


@dataclass(frozen=True, slots=True)
class Cover:
    """What the cover says. `authority` is the code of the plan; None where it cannot be used."""

    authority: str | None
    month: Period | None
    validated: Validated
    no_case_list: frozenset[str]
    replaces: str


def month_of_name(file: str) -> Period | None:
    """The month that a file name such as `returns_2024-03.xlsx` or `March 2024.xlsx` names."""
    match = _IN_FILE_NAME.search(file)
    if match:
        return Period.parse(f"{match[1]}-{match[2]}")
    for words in _WORDS_IN_FILE_NAME.finditer(file.casefold()):
        if words[1] in _NUMBER_OF:
            return Period.parse(f"{words[2]}-{_NUMBER_OF[words[1]]:02d}")
    return None


def cover_sheet(workbook: Workbook, contract: Contract) -> Sheet | None:
    """The cover: the sheet of its name, else the one that the defined names point at."""
    by_name = {normal(sheet.name): sheet for sheet in workbook.sheets}
    named = (_target(workbook.defined_names.get(field.name, "")) for field in contract.cover)
    pointed_at = (by_name.get(normal(target[0])) for target in named if target)
    return by_name.get(normal(contract.cover_sheet)) or next(filter(None, pointed_at), None)


def read_cover(workbook: Workbook, sheet: Sheet, contract: Contract, plan: Plan, faults: Faults) -> Cover:
    """What the cover says; faults where it says too little or what cannot be read."""
    cells = {
        (cell.row, cell.column): cell
        for row in sheet.rows()
        if row.number <= _LAST_ROW
        for cell in row.cells
        if not is_blank(cell)
    }
    fields = {field.id: field for field in contract.cover}
    values = {field.id: _find(field.name, field.label, workbook, sheet, cells) for field in contract.cover}
    _check_version(workbook, sheet, cells, contract, faults)
    return Cover(
        authority=_authority(values.get("authority"), fields.get("authority"), plan, faults),
        month=_month(values.get("month"), fields.get("month"), workbook, faults),
        validated=_validated(values, fields, contract, workbook, faults),
        no_case_list=_no_case_list(values.get("no_case_list"), contract, faults),
        replaces=_file_name(values.get("replaces")),
    )


def _target(text: str) -> tuple[str, int, int] | None:
    """The sheet, row and column of a defined name's text, `'Start here'!$C$4`."""
    name, mark, area = text.rpartition("!")
    try:
        top, left, _, _ = corners(area)
    except ValueError:
        return None
    return (name.strip("'").replace("''", "'"), top, left) if mark else None


def _find(
    name: str, label: str, workbook: Workbook, sheet: Sheet, cells: Mapping[tuple[int, int], Cell]
) -> Cell | None:
    """The cell that has the defined name, else the first one to the right of the label."""
    target = _target(workbook.defined_names.get(name, ""))
    if target and normal(target[0]) == normal(sheet.name) and (target[1], target[2]) in cells:
        return cells[target[1], target[2]]
    wanted = normal(label)
    for (row, column), cell in cells.items():
        if cell.kind is CellKind.TEXT and normal(cell.text).rstrip(" :*") == wanted:
            return cells.get((row, column + 1))
    return None


def _check_version(
    workbook: Workbook,
    sheet: Sheet,
    cells: Mapping[tuple[int, int], Cell],
    contract: Contract,
    faults: Faults,
) -> None:
    cell = _find(TEMPLATE_VERSION, "template version", workbook, sheet, cells)
    said = {tidy(cell.text)} if cell else set()
    if TEMPLATE_VERSION in workbook.properties:
        said.add(tidy(workbook.properties[TEMPLATE_VERSION]))
    if said != {contract.template_version}:
        which = "another" if said else "no"
        faults.add("R151", cell.address if cell else "", which=which, version=contract.template_version)


def _authority(cell: Cell | None, field: CoverField | None, plan: Plan, faults: Faults) -> str | None:
    if cell is None:
        faults.add("R152", label=repr(field.label) if field else "the authority")
        return None
    known = {
        normal(name): authority.code
        for authority in plan.authorities
        for name in (authority.code, authority.name)
    }
    code = known.get(normal(cell.text))
    if code is None:
        near = close_to(cell.text, [authority.name for authority in plan.authorities])
        # A part of the name is a near miss too: "Haringey" for "London Borough of Haringey".
        part = next((a.name for a in plan.authorities if normal(cell.text) in normal(a.name).split()), None)
        meant = near or part
        faults.add("R153", cell.address, maybe=f"; did you mean {meant!r}?" if meant else "")
    return code


def _month(cell: Cell | None, field: CoverField | None, workbook: Workbook, faults: Faults) -> Period | None:
    if cell is None:
        faults.add("R154", label=repr(field.label) if field else "the month")
        return None
    month = _read_month(cell, date_1904=workbook.date_1904)
    if month is None:
        faults.add("R155", cell.address)
        return None
    named = month_of_name(workbook.file)
    if named is not None and named != month:
        faults.add("R156", cell.address, month=month.label, named=named.label)
    return month


def _read_month(cell: Cell, *, date_1904: bool) -> Period | None:
    day = read_day(cell, date_1904=date_1904)
    if isinstance(day, date):
        return Period.of(day) if day.year in _PLAUSIBLE else None
    text = normal(cell.text) if cell.kind is CellKind.TEXT else ""
    match = _YEAR_MONTH.fullmatch(text)
    year, number = (match[1], int(match[2])) if match else ("", 0)
    if words := _NAMED_MONTH.fullmatch(text):
        year, number = words[2], _NUMBER_OF.get(words[1], 0)
    return Period.parse(f"{year}-{number:02d}") if 1 <= number <= YEAR else None


def _validated(
    values: Mapping[str, Cell | None],
    fields: Mapping[str, CoverField],
    contract: Contract,
    workbook: Workbook,
    faults: Faults,
) -> Validated:
    not_known = frozenset(map(normal, contract.not_known))
    by, on = values.get("validated_by"), values.get("validated_on")
    said = {part: normal(cell.text) for part, cell in (("by", by), ("on", on)) if cell}
    if "no" in said.values() or any(
        c is not None and c.kind is CellKind.BOOLEAN and c.text == "0" for c in (by, on)
    ):
        return Validated.NO
    someone = by is not None and by.kind is CellKind.TEXT and said["by"] not in not_known
    day = read_day(on, date_1904=workbook.date_1904) if on is not None else None
    if on is not None and not isinstance(day, date) and said["on"] not in not_known:
        faults.add("R157", on.address, label=repr(fields["validated_on"].label))
    if someone and isinstance(day, date):
        return Validated.YES
    if someone or isinstance(day, date):
        faults.add("R160", (by or on).address if by or on else "")  # type: ignore[union-attr]
    return Validated.NOT_STATED


def _no_case_list(cell: Cell | None, contract: Contract, faults: Faults) -> frozenset[str]:
    if cell is None:
        return frozenset()
    known = {
        normal(name): spec.id
        for spec in contract.sheets.values()
        if spec.kind in CASE_SHEETS
        for name in (spec.id, spec.sheet, *spec.sheet_synonyms)
    }
    declared = set()
    for text in re.split(r"[;,\n]", cell.text):
        name = normal(text)
        if name in known:
            declared.add(known[name])
        elif name and name not in {"none", "-", "no", "n/a"}:
            near = close_to(
                text, [spec.sheet for spec in contract.sheets.values() if spec.kind in CASE_SHEETS]
            )
            faults.add("R158", cell.address, maybe=f"; did you mean {near!r}?" if near else "")
    return frozenset(declared)


def _file_name(cell: Cell | None) -> str:
    """The file's own name, if a whole path was given."""
    return re.split(r"[/\\]", tidy(cell.text))[-1] if cell is not None and cell.kind is CellKind.TEXT else ""
