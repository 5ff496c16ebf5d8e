"""A changed cell outside a measure's columns never changes its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kpi_engine.measures.plan import dated, needs
from kpi_engine.rulebook.book import SheetKind
from kpi_engine.terms.expression import columns_of
from tests.properties.small_return import (
    MONTH,
    UNREADABLE,
    all_missed,
    cells,
    inline,
    just_missed,
    missed,
    read,
    rulebook,
    rules_of,
    verdicts,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kpi_engine.rulebook.book import ColumnSpec, Indicator
    from kpi_engine.terms.verdict import Verdict

OTHERWISE = {"date": "><v>45500</v>", "whole": "><v>1</v>", "decimal": "><v>0.5</v>", "yes_no": inline("No")}


def columns_behind(indicator: Indicator) -> set[str]:
    """The columns that a measure reads, and those that the contract says must agree with them."""
    spec = rulebook().contract.sheets[indicator.measure.table]
    whole = indicator.measure.window_from_table
    behind = set(needs(dated(indicator.measure, spec, MONTH, whole=whole)))
    for check in spec.checks:
        if behind & set(check.doubt):
            behind |= columns_of(check.when)
    return behind


def changed(column: ColumnSpec) -> str:
    """Something else that the column may hold."""
    return OTHERWISE.get(column.type.value, inline(column.values[-1] if column.values else "AB-99"))


@pytest.mark.parametrize("sheet", sorted(just_missed()))
def test_cell_of_another_column_changes_no_verdict(sheet: str, tmp_path: Path) -> None:
    spec, rules, workbook = rulebook().contract.sheets[sheet], rules_of(sheet), missed(sheet)
    before = verdicts([read(workbook, tmp_path)], rules)
    behind = {name: columns_behind(indicator) for name, indicator in rules.indicators.items()}
    read_by_all = set.intersection(*behind.values())
    for column, address in cells(sheet, just_missed()[sheet]):
        if column in read_by_all:
            continue
        for cell in (changed(spec.columns[column]), UNREADABLE["an error"]):
            after = verdicts([read(workbook.with_cell(spec.sheet, address, cell), tmp_path)], rules)
            for name in rules.indicators:
                assert column in behind[name] or after[name] == before[name], (name, address)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    return verdicts([read(all_missed(), tmp_path_factory.mktemp("before"))])


@pytest.mark.parametrize("sheet", sorted(just_missed()))
def test_cells_of_another_sheet_change_no_verdict(
    sheet: str, before: dict[str, Verdict], tmp_path: Path
) -> None:
    spec, workbook = rulebook().contract.sheets[sheet], all_missed()
    for column, address in cells(sheet, just_missed()[sheet]):
        workbook = workbook.with_cell(spec.sheet, address, changed(spec.columns[column]))
    after = verdicts([read(workbook, tmp_path)])
    for name, indicator in rulebook().indicators.items():
        if sheet not in {indicator.measure.table, *(side.table for side in indicator.beside)}:
            assert after[name] == before[name]


@pytest.mark.parametrize("kind", [SheetKind.MILESTONES, SheetKind.COMMENTARY])
def test_sheet_that_no_measure_reads_changes_no_verdict(
    kind: SheetKind, before: dict[str, Verdict], tmp_path: Path
) -> None:
    (spec,) = [one for one in rulebook().contract.sheets.values() if one.kind is kind]
    assert verdicts([read(all_missed().without(spec.sheet), tmp_path)]) == before
