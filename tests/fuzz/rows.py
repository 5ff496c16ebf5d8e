"""Rows and columns lost, doubled and moved."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.fuzz.hostile import inline, number
from tests.fuzz.package import Line, Package, Stored
from tests.fuzz.where import Made, renumbered, some_column, some_line, some_sheet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

AREA = re.compile(r'(<(?:dimension|table|autoFilter)\b[^>]* ref="[A-Z]+\d+:[A-Z]+)(\d+)(")')


def row_dropped(random: Random, package: Package) -> Made:
    """A row taken out of the file; those beneath keep their numbers."""
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    line = some_line(random, grid)
    kept = grid.with_lines([one for one in grid.lines if one != line])
    return package.with_grid(sheet, kept), frozenset({sheet}), f"{sheet} row {line.number}"


def row_deleted(random: Random, package: Package) -> Made:
    """A row deleted as in a spreadsheet: those beneath move up, and sheet and table end a row sooner."""
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    line = some_line(random, grid)
    held = [one for one in grid.lines if one != line]
    moved = [replace(one, number=one.number - 1) if one.number > line.number else one for one in held]
    package = package.with_grid(sheet, grid.with_lines(moved))
    for part in (package.sheets[sheet], package.table_of(sheet)):
        package = package.with_text(part, lambda text: AREA.sub(_a_row_sooner, text))
    return package, frozenset({sheet}), f"{sheet} row {line.number}"


def row_lost(random: Random, package: Package) -> Made:
    """A row left out by whatever wrote the rows; what is said of the sheet stays."""
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    line = some_line(random, grid)
    kept = renumbered(grid, [one for one in grid.cases if one != line])
    return package.with_grid(sheet, kept), frozenset({sheet}), f"{sheet} row {line.number}"


def _a_row_sooner(found: re.Match[str]) -> str:
    return f"{found[1]}{int(found[2]) - 1}{found[3]}"


def rows_cut(random: Random, package: Package) -> Made:
    """All rows from one on gone, as of a copy that broke off."""
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    line = some_line(random, grid)
    kept = grid.with_lines([one for one in grid.lines if one.number < line.number])
    return package.with_grid(sheet, kept), frozenset({sheet}), f"{sheet} from row {line.number}"


def row_doubled(random: Random, package: Package) -> Made:
    """A row that stands there twice; or with another cell, or another case's number."""
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    line, other = some_line(random, grid), some_line(random, grid)
    how = random.choice(("alike", "a cell changed", "another's number"))
    twin = line
    if how == "a cell changed":
        cell = random.choice(other.cells)
        twin = line.with_cells({cell.column: cell})
    elif how == "another's number":
        twin = line.with_cells({"A": other.cell("A")})
    held = list(grid.cases)
    held.insert(random.randrange(len(held) + 1), twin)
    return (
        package.with_grid(sheet, renumbered(grid, held)),
        frozenset({sheet}),
        f"{sheet} row {line.number}, {how}",
    )


def row_over_another(random: Random, package: Package) -> Made:
    """A row copied over another."""
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    line, other = some_line(random, grid), some_line(random, grid)
    held = grid.with_line(replace(line, number=other.number))
    return (
        package.with_grid(sheet, held),
        frozenset({sheet}),
        f"{sheet} row {line.number} over {other.number}",
    )


def row_moved(random: Random, package: Package) -> Made:
    """A row moved to another sheet, above its headings, or far below."""
    sheet, to = some_sheet(random, package), some_sheet(random, package)
    grid = package.grid(sheet)
    line = some_line(random, grid)
    package = package.with_grid(sheet, renumbered(grid, [one for one in grid.cases if one != line]))
    there = package.grid(to)
    number = random.choice((2, 5, 5, 400, 1048576, max((one.number for one in there.cases), default=6) + 1))
    held = [*(one for one in there.lines if one.number != number), replace(line, number=number)]
    moved = there.with_lines(sorted(held, key=lambda one: one.number))
    return (
        package.with_grid(to, moved),
        frozenset({sheet, to}),
        f"{sheet} row {line.number} to {to} row {number}",
    )


def row_number_twice(random: Random, package: Package) -> Made:
    """Two rows said to be the same, or rows out of order in the file."""
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    line, other = some_line(random, grid), some_line(random, grid)
    if random.random() < 0.5:
        held = [replace(one, number=other.number) if one == line else one for one in grid.lines]
    else:
        held = [one for one in grid.lines if one != line]
        held.insert(random.randrange(len(held)), line)
    return package.with_grid(sheet, grid.with_lines(held)), frozenset({sheet}), f"{sheet} row {line.number}"


def total_row(random: Random, package: Package) -> Made:
    """A row of totals, of headings again, or of words among the cases."""
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    columns = list(grid.columns)
    words = random.choice(("Total", "Notes: checked by the team", "TOTALS", "headings"))
    cells = [Stored(columns[0], ' t="inlineStr"', inline(words)[1])]
    if words == "headings":
        cells = list(next(one for one in grid.lines if one.number == grid.headings).cells)
    else:
        cells += [Stored(c, "", number(str(random.randrange(90)))[1]) for c in random.sample(columns[1:], 1)]
    held = list(grid.cases)
    held.insert(random.randrange(len(held) + 1), Line(0, tuple(cells)))
    return package.with_grid(sheet, renumbered(grid, held)), frozenset({sheet}), f"{sheet}: {words}"


# ── Columns ──────────────────────────────────────────────────────────────────


def _with_headings(package: Package, sheet: str, headings: Mapping[str, Stored]) -> Package:
    grid = package.grid(sheet)
    top = next(line for line in grid.lines if line.number == grid.headings)
    return package.with_grid(sheet, grid.with_line(top.with_cells(headings)))


def headings_exchanged(random: Random, package: Package) -> Made:
    """Two headings change places, their columns do not."""
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    one, other = random.sample(list(grid.columns), 2)
    top = next(line for line in grid.lines if line.number == grid.headings)
    swapped = {one: replace(top.cell(other), column=one), other: replace(top.cell(one), column=other)}
    return _with_headings(package, sheet, swapped), frozenset({sheet}), f"{sheet} {one} and {other}"


def heading_renamed(random: Random, package: Package) -> Made:
    """A heading misspelt, emptied, or made another's."""
    sheet = some_sheet(random, package)
    columns = package.grid(sheet).columns
    column = random.choice(list(columns))
    name = columns[column]
    new = random.choice(
        (name[:-1], name.upper() + " ", f"{name} (2)", "", "Name", random.choice(list(columns.values())))
    )
    cell = Stored(column, ' t="inlineStr"', inline(new)[1])
    return _with_headings(package, sheet, {column: cell}), frozenset({sheet}), f"{sheet} {name} as {new!r}"


def column_dropped(random: Random, package: Package) -> Made:
    """A column gone, its heading too or not."""
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    column = some_column(random, grid)
    first = grid.headings + random.choice((0, 1))
    held = [
        replace(
            line, cells=tuple(cell for cell in line.cells if line.number < first or cell.column != column)
        )
        for line in grid.lines
    ]
    return (
        package.with_grid(sheet, grid.with_lines(held)),
        frozenset({sheet}),
        f"{sheet} {column} from row {first}",
    )


def column_copied(random: Random, package: Package) -> Made:
    """A column copied over another, with its heading or without it, or shifted down by a row."""
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    one, other = random.sample(list(grid.columns), 2)
    shift, first = random.choice(((0, 0), (0, 1), (1, 1)))
    held = {line.number + shift: line.cell(one) for line in grid.lines}
    lines = [
        line.with_cells({other: replace(held[line.number], column=other)})
        if line.number >= grid.headings + first and line.number in held
        else line
        for line in grid.lines
    ]
    return package.with_grid(sheet, grid.with_lines(lines)), frozenset({sheet}), f"{sheet} {one} over {other}"


def headings_dropped(random: Random, package: Package) -> Made:
    """The row of headings gone, or doubled."""
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    top = next(line for line in grid.lines if line.number == grid.headings)
    if random.random() < 0.5:
        held = grid.with_lines([line for line in grid.lines if line != top])
    else:
        place = random.choice(grid.cases).number
        held = grid.with_line(replace(top, number=place))
    return package.with_grid(sheet, held), frozenset({sheet}), sheet


ROWS = (
    *(row_dropped, row_deleted, row_lost, rows_cut, row_doubled, row_over_another, row_moved),
    *(row_number_twice, total_row),
)
COLUMNS = (headings_exchanged, heading_renamed, column_dropped, column_copied, headings_dropped)
