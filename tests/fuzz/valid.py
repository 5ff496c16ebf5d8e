"""Values of a cell changed to others as valid: what a team might have typed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tests.fuzz.hostile import inline, number
from tests.fuzz.package import Package, Stored
from tests.fuzz.where import Made, at, case_sheets, some_column, some_line, some_sheet
from tests.oracle.workbooks import MAY_BE_EMPTY, months_on

if TYPE_CHECKING:
    from random import Random

    from kpi_engine.rulebook.book import ColumnSpec

EPOCH = date(1899, 12, 30)


def value_changed(random: Random, package: Package) -> Made:
    """One cell to another value of its column."""
    sheet = some_sheet(random, package)
    grid = package.grid(sheet)
    line = some_line(random, grid)
    column = some_column(random, grid)
    spec = case_sheets()[sheet][grid.columns[column]]
    held = line.cell(column)
    style = next((s for s in (held.style, *(one.cell(column).style for one in grid.cases)) if s), "")
    days = [
        EPOCH + timedelta(days=int(cell.text))
        for cell in line.cells
        if cell.text.isdigit() and len(cell.text) == 5
    ]
    kind, inner, said = another(random, spec, package.end, days)
    new = Stored(column, style, "").holding(kind, inner) if inner else Stored(column, style, "")
    what = f"{at(sheet, line, column)} {spec.heading}: {said}"
    return package.with_grid(sheet, grid.with_cell(line.number, new)), frozenset({sheet}), what


def values_changed(random: Random, package: Package) -> Made:
    """Several cells to other values."""
    touched: set[str] = set()
    said = []
    for _ in range(random.randrange(2, 9)):
        package, sheets, what = value_changed(random, package)
        touched |= sheets
        said.append(what)
    return package, frozenset(touched), "; ".join(said)


def column_changed(random: Random, package: Package) -> Made:
    """A whole column of yes and no, or of words from a list, thrown anew."""
    sheet = random.choice(
        [name for name in case_sheets() if package.grid(name).cases and _listed(package, name)]
    )
    grid = package.grid(sheet)
    column, spec = random.choice(_listed(package, sheet))
    for line in grid.cases:
        kind, inner, _ = another(random, spec, package.end, [])
        held = line.cell(column)
        new = held.holding(kind, inner) if inner else replace(held, attributes=held.style, inner="")
        grid = grid.with_cell(line.number, new)
    return package.with_grid(sheet, grid), frozenset({sheet}), f"{sheet} {spec.heading}"


def _listed(package: Package, sheet: str) -> list[tuple[str, ColumnSpec]]:
    columns = case_sheets()[sheet]
    held = ((letter, columns[heading]) for letter, heading in package.grid(sheet).columns.items())
    return [(letter, spec) for letter, spec in held if spec.type in {"choice", "yes_no"}]


def count_changed(random: Random, package: Package) -> Made:
    """A figure of the Counts sheet to another."""
    grid = package.grid("Counts")
    line = random.choice([one for one in grid.cases if not one.cell("C").is_blank])
    letter = random.choice("CD") if not line.cell("D").is_blank else "C"
    number_of, out_of = (int(line.cell(c).text or 0) for c in "CD")
    least, most = (0, out_of or 20) if letter == "C" else (number_of, number_of + 5)
    new = random.randint(least, most)
    held = line.cell(letter).holding("", f"<v>{new}</v>")
    return (
        package.with_grid("Counts", grid.with_cell(line.number, held)),
        frozenset({"Counts"}),
        f"{letter}{line.number}: {new}",
    )


def another(random: Random, spec: ColumnSpec, end: date, days: list[date]) -> tuple[str, str, str]:
    """A valid value of the column: as it is stored, and in words. Days lie around `days` and `end`."""
    if spec.heading in MAY_BE_EMPTY and random.random() < 0.25:
        return "", "", "empty"
    if spec.type == "date":
        day = _another_day(random, end, days)
        as_text = random.random() < 0.2
        stored, said = inline(f"{day:%d/%m/%Y}") if as_text else number(str((day - EPOCH).days)), str(day)
    elif spec.type == "yes_no":
        yes = random.random() < 0.5
        as_truth = random.random() < 0.2
        stored, said = ("b", f"<v>{int(yes)}</v>") if as_truth else inline("Yes" if yes else "No"), str(yes)
    elif spec.type == "choice":
        said = random.choice(list(spec.values))
        stored = inline(said)
    elif spec.type in {"whole", "decimal"}:
        most = min(int(spec.most or 9), 9)
        shares = ("0.2", "0.5", "0.75", "1")
        said = (
            str(random.randint(int(spec.least or 0), most)) if spec.type == "whole" else random.choice(shares)
        )
        stored = number(said)
    else:
        said = f"EX-N-{random.randrange(10**6)}"
        stored = inline(said)
    return *stored, said


def _another_day(random: Random, end: date, days: list[date]) -> date:
    start = end.replace(day=1)
    around = random.choice([*days, end, end, start])
    months = random.choice((0, 0, 0, -1, -3, -6, -12, 3, 6, 12))
    moved = months_on(around, months) + timedelta(
        days=random.choice((0, 0, 1, -1, 7, -7, 49, -49, 182, -182))
    )
    return min(max(moved, date(2015, 1, 1)), end)


VALID = (value_changed, value_changed, values_changed, column_changed, count_changed)
