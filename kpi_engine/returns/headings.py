"""The heading row of a table: found by what it says, never by where it stands."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kpi_engine.returns.personal import is_personal_heading
from kpi_engine.returns.scanner.workbook import CellKind, column_letter, split_address
from kpi_engine.returns.spelling import close_to, normal
from kpi_engine.returns.typed import is_blank
from kpi_engine.rulebook.book import SheetKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kpi_engine.returns.faults import Faults
    from kpi_engine.returns.scanner.workbook import Cell, Row
    from kpi_engine.rulebook.book import SheetSpec

_FIRST_ROWS = 100  # the best heading row of these is taken; later ones only if none of these is one
_AT_LEAST = 2  # known headings that make a heading row


@dataclass(frozen=True, slots=True)
class Headings:
    """Where the columns of a table stand. `other`: columns with a heading that is not read."""

    row: int
    columns: Mapping[str, int]
    other: frozenset[int]


@dataclass(frozen=True, slots=True)
class Found:
    """A sheet cut at its heading row: rows above it, itself (None: not found), rows beneath."""

    above: tuple[Row, ...]
    heading: Row | None
    beneath: Iterator[Row]


def spellings(spec: SheetSpec) -> Mapping[str, str]:
    """Every heading and synonym of the sheet in its normal form -> the column's id."""
    return {
        normal(heading): column.id
        for column in spec.columns.values()
        for heading in (*column.synonyms, column.heading)
    }


def find_heading(rows: Iterator[Row], spec: SheetSpec, first_row: int | None) -> Found:
    """Cut `rows` at the heading row of `spec`; `first_row` is where an Excel table says that it is."""
    known = spellings(spec)
    enough = min(_AT_LEAST, len(spec.columns))
    first = list(itertools.islice(rows, _FIRST_ROWS))
    scores = [_score(row, known) for row in first]
    named = [i for i, row in enumerate(first) if row.number == first_row and scores[i] >= enough]
    best = named[0] if named else scores.index(max(scores)) if scores else None
    if best is not None and scores[best] >= enough:
        return Found(tuple(first[:best]), first[best], itertools.chain(first[best + 1 :], rows))
    for row in rows:
        if _score(row, known) >= enough:
            return Found(tuple(first), row, rows)
    return Found(tuple(first), None, iter(()))


def read_headings(row: Row, spec: SheetSpec, beside: range | None, faults: Faults) -> Headings:
    """Where each column of `spec` stands; faults for headings that are doubled, unknown or missing.

    `beside`: the columns of the Excel table, where what stands beside it is the template's own.
    """
    known = spellings(spec)
    case_sheet = spec.kind in (SheetKind.SNAPSHOT, SheetKind.EVENTS)
    places: defaultdict[str, list[int]] = defaultdict(list)
    strangers: list[Cell] = []
    for cell in row.cells:
        if is_blank(cell):
            continue
        column = known.get(normal(cell.text)) if cell.kind is CellKind.TEXT else None
        if column is not None:
            places[column].append(cell.column)
        elif case_sheet and cell.kind is CellKind.TEXT and is_personal_heading(cell.text):
            faults.add("R401", cell.address)
        elif beside is None or cell.column in beside:
            strangers.append(cell)
    doubled = {column for column, numbers in places.items() if len(numbers) > 1}
    for column in sorted(doubled):
        for number in places[column]:
            faults.add(
                "R137", f"{column_letter(number)}{row.number}", heading=repr(spec.columns[column].heading)
            )
    missing = {column.id: column.heading for column in spec.columns.values() if column.id not in places}
    _tell_strangers(strangers, missing, spec, faults)
    used = {column: numbers[0] for column, numbers in places.items() if column not in doubled}
    return Headings(row.number, used, frozenset({cell.column for cell in row.cells} - set(used.values())))


def without_merged(
    headings: Headings, merged: tuple[str, ...], spec: SheetSpec, faults: Faults
) -> frozenset[str]:
    """The columns whose heading is merged across columns: which of those it means cannot be told."""
    lost: set[str] = set()
    for area in merged:
        top, left, bottom, right = corners(area)
        if left == right or not top <= headings.row <= bottom:
            continue
        touched = [column for column, number in headings.columns.items() if left <= number <= right]
        lost.update(touched)
        for column in touched:
            faults.add("R138", area, heading=repr(spec.columns[column].heading))
    return frozenset(lost)


def corners(area: str) -> tuple[int, int, int, int]:
    """`B2:D4` as first row, first column, last row, last column."""
    first, _, last = area.partition(":")
    return (*split_address(first), *split_address(last or first))


def _score(row: Row, known: Mapping[str, str]) -> int:
    return len(
        {
            known[word]
            for cell in row.cells
            if cell.kind is CellKind.TEXT and (word := normal(cell.text)) in known
        }
    )


def _tell_strangers(
    strangers: list[Cell], missing: Mapping[str, str], spec: SheetSpec, faults: Faults
) -> None:
    meant: set[str] = set()
    for cell in strangers:
        if faults.only_counts("R136"):
            continue
        near = close_to(cell.text, missing.values()) if cell.kind is CellKind.TEXT else None
        if near is not None:
            meant.add(near)
        faults.add("R136", cell.address, maybe=f"; did you mean {near!r}?" if near else "")
    for column, heading in missing.items():
        if spec.columns[column].required:
            maybe = ", unless another heading is a misspelling of it" if heading in meant else ""
            faults.add("R135", heading=repr(heading), maybe=maybe)
