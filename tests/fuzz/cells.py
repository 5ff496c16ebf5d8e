"""Cells replaced by what no team would type, lost, doubled and moved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.fuzz.hostile import HOSTILE
from tests.fuzz.package import Grid, Line, Package, Stored
from tests.fuzz.where import ANYWHERE, COVER, Made, at, some_column, some_line, some_sheet

if TYPE_CHECKING:
    from random import Random

COVER_CELLS = tuple(f"B{row}" for row in range(11, 20))


def cell_hostile(random: Random, package: Package) -> Made:
    """A cell of a case replaced by what is no value of its column."""
    sheet = some_sheet(random, package)
    return _hostile(random, package, sheet, some_line(random, package.grid(sheet)).number)


def _hostile(random: Random, package: Package, sheet: str, row: int) -> Made:
    grid = package.grid(sheet)
    column = some_column(random, grid)
    held = next((line.cell(column) for line in grid.lines if line.number == row), Stored(column, "", ""))
    name, (kind, inner) = random.choice(HOSTILE)
    made = package.with_grid(sheet, grid.with_cell(row, held.holding(kind, inner)))
    return made, frozenset({sheet}), f"{sheet}!{column}{row}: {name}"


def line_hostile(random: Random, package: Package) -> Made:
    """A cell of Counts, Milestones or Commentary replaced in the same way."""
    sheet = random.choice(("Counts", "Milestones", "Commentary"))
    return _hostile(random, package, sheet, random.choice(package.grid(sheet).cases).number)


def cover_hostile(random: Random, package: Package) -> Made:
    """A cell of the cover replaced."""
    grid = package.grid(COVER)
    address = random.choice(COVER_CELLS)
    row = int(address[1:])
    held = next(line for line in grid.lines if line.number == row).cell("B")
    name, (kind, inner) = random.choice(HOSTILE)
    return (
        package.with_grid(COVER, grid.with_cell(row, held.holding(kind, inner))),
        ANYWHERE,
        f"{address}: {name}",
    )


def heading_hostile(random: Random, package: Package) -> Made:
    """A heading replaced."""
    sheet = some_sheet(random, package)
    return _hostile(random, package, sheet, package.grid(sheet).headings)


def cells_hostile(random: Random, package: Package) -> Made:
    """Several cells, here and there."""
    touched: set[str] = set()
    said = []
    for _ in range(random.randrange(2, 12)):
        package, sheets, what = cell_hostile(random, package)
        touched |= sheets
        said.append(what)
    return package, frozenset(touched), "; ".join(said)


def _filled(random: Random, grid: Grid) -> tuple[Line, Stored]:
    line = some_line(random, grid)
    return line, random.choice([cell for cell in line.cells if not cell.is_blank])


def cell_dropped(random: Random, package: Package) -> Made:
    """A cell emptied."""
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    line, cell = _filled(random, grid)
    empty = replace(cell, attributes=cell.style, inner="")
    return (
        package.with_grid(sheet, grid.with_cell(line.number, empty)),
        frozenset({sheet}),
        at(sheet, line, cell.column),
    )


def cell_doubled(random: Random, package: Package) -> Made:
    """A cell copied over another of the sheet, mostly of its column."""
    return _copied(random, package, emptied=False)


def cell_moved(random: Random, package: Package) -> Made:
    """A cell moved onto another of the sheet, mostly of its column."""
    return _copied(random, package, emptied=True)


def _copied(random: Random, package: Package, *, emptied: bool) -> Made:
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    line, cell = _filled(random, grid)
    other = some_line(random, grid)
    column = cell.column if random.random() < 0.7 else some_column(random, grid)
    if emptied:
        grid = grid.with_cell(line.number, replace(cell, attributes=cell.style, inner=""))
    grid = grid.with_cell(other.number, replace(cell, column=column))
    what = f"{at(sheet, line, cell.column)} to {at(sheet, other, column)}"
    return package.with_grid(sheet, grid), frozenset({sheet}), what


def cells_exchanged(random: Random, package: Package) -> Made:
    """Two cells of a column, or of a row, change places."""
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    line, cell = _filled(random, grid)
    if random.random() < 0.5:
        other, column = some_line(random, grid), cell.column
    else:
        other, column = line, some_column(random, grid)
    there = other.cell(column)
    grid = grid.with_cell(other.number, replace(cell, column=column))
    grid = grid.with_cell(line.number, replace(there, column=cell.column))
    what = f"{at(sheet, line, cell.column)} and {at(sheet, other, column)}"
    return package.with_grid(sheet, grid), frozenset({sheet}), what


def cell_twice(random: Random, package: Package) -> Made:
    """The same address twice in a row, with two contents."""
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    line, cell = _filled(random, grid)
    twin = random.choice([c for one in grid.cases for c in one.cells if c.column == cell.column])
    line_twice = replace(line, cells=tuple(random.sample((*line.cells, twin), len(line.cells) + 1)))
    return (
        package.with_grid(sheet, grid.with_line(line_twice)),
        frozenset({sheet}),
        at(sheet, line, cell.column),
    )


CELLS = (
    *(cell_hostile, cell_hostile, cell_hostile, line_hostile, cover_hostile, heading_hostile),
    *(cells_hostile, cell_dropped, cell_doubled, cell_moved, cells_exchanged, cell_twice),
)
