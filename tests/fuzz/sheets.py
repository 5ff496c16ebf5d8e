"""Sheets lost, doubled and renamed; and what changes nothing: another order of sheets, rows or columns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.fuzz.hostile import inline, number
from tests.fuzz.package import Line, Package, Stored
from tests.fuzz.where import ANYWHERE, COVER, Made, case_sheets, renumbered, some_sheet

if TYPE_CHECKING:
    from random import Random


def sheet_dropped(random: Random, package: Package) -> Made:
    name = random.choice(list(package.sheets))
    return package.without_sheet(name), frozenset({name} - {COVER}), name


def sheet_doubled(random: Random, package: Package) -> Made:
    """A sheet that stands there twice, with its Excel table or without it."""
    name = random.choice(list(package.sheets))
    copy = random.choice((f"{name} (2)", f"Copy of {name}", name[:-1], "Sheet1"))
    return (
        package.with_copy(name, copy, with_table=random.random() < 0.5),
        frozenset({name, copy}),
        f"{name} as {copy}",
    )


def sheet_renamed(random: Random, package: Package) -> Made:
    name = random.choice(list(package.sheets))
    new = random.choice(
        (f"{name} (2)", name.upper(), "Sheet1", name[1:], "Lists2", random.choice(list(package.sheets)))
    )
    table = package.table_of(name)
    if table and random.random() < 0.5:
        package = package.with_text(table, lambda text: text.replace("isplayName=", 'isplayName="x" was='))
    return package.with_sheet_named(name, new), frozenset({name, new} - {COVER}), f"{name} as {new}"


def sheet_names_exchanged(random: Random, package: Package) -> Made:
    """Two sheets change names, and their Excel tables too or not."""
    one, other = random.sample(sorted(case_sheets()), 2)
    tables = [package.table_of(one), package.table_of(other)]
    if all(tables) and random.random() < 0.5:
        held = package.parts
        package = package.with_part(tables[0], held[tables[1]]).with_part(tables[1], held[tables[0]])
    package = package.with_sheet_named(one, "?").with_sheet_named(other, one).with_sheet_named("?", other)
    return package, frozenset({one, other}), f"{one} and {other}"


def sheet_emptied(random: Random, package: Package) -> Made:
    """Every row of a sheet gone; "None this month" ticked, or not."""
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    grid = grid.with_lines([line for line in grid.lines if line.number <= grid.headings])
    package = package.with_grid(sheet, grid)
    return package, frozenset({sheet}), sheet


def none_ticked(random: Random, package: Package) -> Made:
    """None this month is ticked, or what is no tick put there, beside rows."""
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    kind, inner = random.choice(
        (inline("Yes"), inline("perhaps"), ("e", "<v>#N/A</v>"), ("b", "<v>1</v>"), number("7"))
    )
    tick = Stored("B", f' t="{kind}"' if kind else "", inner)
    return package.with_grid(sheet, grid.with_cell(4, tick)), frozenset({sheet}), f"{sheet}: {inner}"


# ── The same again ───────────────────────────────────────────────────────────


def rows_shuffled(random: Random, package: Package) -> Made:
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    held = random.sample(grid.cases, len(grid.cases))
    return package.with_grid(sheet, renumbered(grid, held)), frozenset({sheet}), sheet


def columns_shuffled(random: Random, package: Package) -> Made:
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    columns = list(grid.columns)
    to = dict(zip(columns, random.sample(columns, len(columns)), strict=True))

    def moved(line: Line) -> Line:
        cells = (replace(cell, column=to.get(cell.column, cell.column)) for cell in line.cells)
        return replace(line, cells=()).with_cells({cell.column: cell for cell in cells})

    held = [moved(line) if line.number >= grid.headings else line for line in grid.lines]
    return package.with_grid(sheet, grid.with_lines(held)), frozenset({sheet}), sheet


def sheets_shuffled(random: Random, package: Package) -> Made:
    return (
        package.with_sheets_in_order(random.sample(list(package.sheets), len(package.sheets))),
        ANYWHERE,
        "",
    )


def members_shuffled(random: Random, package: Package) -> Made:
    return package.holding(random.sample(package.members, len(package.members))), ANYWHERE, ""


def blank_row_below(random: Random, package: Package) -> Made:
    """Formatted rows that hold nothing, at the end."""
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    last = max(line.number for line in grid.lines)
    empty = tuple(Stored(column, ' s="9"', "") for column in grid.columns)
    held = [*grid.lines, *(Line(last + n, empty) for n in range(1, 40))]
    return package.with_grid(sheet, grid.with_lines(held)), frozenset({sheet}), sheet


SHEETS = (sheet_dropped, sheet_doubled, sheet_renamed, sheet_names_exchanged, sheet_emptied, none_ticked)
SAME = (rows_shuffled, columns_shuffled, sheets_shuffled, members_shuffled, blank_row_below)
