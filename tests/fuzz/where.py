"""Where to change what: some sheet of cases, some row and some cell of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, TypeAlias

from tests.fuzz.bases import rulebook
from tests.fuzz.package import Grid, Line, Package

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kpi_engine.rulebook.book import ColumnSpec

Made: TypeAlias = tuple[Package, frozenset[str], str]
"""A package changed, the sheets that were touched (none: any may be), and what was done to them."""

Change: TypeAlias = Callable[[Random, Package], Made]
COVER = "Start here"
ANYWHERE: frozenset[str] = frozenset()


def case_sheets() -> dict[str, Mapping[str, ColumnSpec]]:
    """The columns of each case sheet by heading, by the sheet's name."""
    return {
        spec.sheet: {column.heading: column for column in spec.columns.values()}
        for spec in rulebook().contract.sheets.values()
        if spec.kind in {"snapshot", "events"}
    }


def some_sheet(random: Random, package: Package) -> str:
    """A case sheet that has rows."""
    return random.choice(
        [name for name in case_sheets() if name in package.sheets and package.grid(name).cases]
    )


def some_line(random: Random, grid: Grid) -> Line:
    return random.choice(grid.cases)


def some_column(random: Random, grid: Grid) -> str:
    return random.choice(list(grid.columns))


def at(sheet: str, line: Line, column: str) -> str:
    return f"{sheet}!{column}{line.number}"


def renumbered(grid: Grid, lines: Sequence[Line]) -> Grid:
    """The rows beneath the headings numbered on without a gap, as a spreadsheet does."""
    above = [line for line in grid.lines if line.number <= grid.headings]
    return grid.with_lines(
        [*above, *(replace(line, number=grid.headings + n) for n, line in enumerate(lines, 1))]
    )
