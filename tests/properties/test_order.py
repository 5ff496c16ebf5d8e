"""The order of rows, columns, sheets and files, and the names of files, never matter to a verdict."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest

from kpi_engine.returns.template import Filling, build_return, save_return
from kpi_engine.terms.period import Period
from tests.properties.small_return import (
    COUNCIL,
    HEADINGS_ROW,
    MONTH,
    VALIDATED,
    Workbook,
    all_missed,
    just_missed,
    of_sheet,
    read,
    row,
    rulebook,
    verdicts,
    written,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kpi_engine.terms.measurement import Measurement
    from kpi_engine.terms.returned import Return
    from kpi_engine.terms.verdict import Verdict

SEEDS = range(4)


def said(*returns: Return) -> dict[str, Verdict]:
    """The verdicts, less where their figures were read."""

    def homeless(measured: Measurement) -> Measurement:
        return replace(measured, origins=())

    return {
        name: replace(
            verdict,
            measured=homeless(verdict.measured) if verdict.measured is not None else None,
            beside=tuple(map(homeless, verdict.beside)),
        )
        for name, verdict in verdicts(returns).items()
    }


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    return said(read(all_missed(), tmp_path_factory.mktemp("plain")))


@pytest.mark.parametrize("seed", SEEDS)
def test_order_of_rows_changes_nothing(seed: int, plain: dict[str, Verdict], tmp_path: Path) -> None:
    rows = {sheet: Random(seed).sample(held, len(held)) for sheet, held in just_missed().items()}
    shuffled = written(Filling(COUNCIL, cover=VALIDATED, rows=rows))
    assert said(read(shuffled, tmp_path)) == plain


@pytest.mark.parametrize("seed", SEEDS)
def test_order_of_sheets_changes_nothing(seed: int, plain: dict[str, Verdict], tmp_path: Path) -> None:
    held = all_missed()
    listed = re.findall(r"<sheet [^>]*/>", held.parts["xl/workbook.xml"])
    shuffled = iter(Random(seed).sample(listed, len(listed)))
    text = re.sub(r"<sheet [^>]*/>", lambda _: next(shuffled), held.parts["xl/workbook.xml"])
    workbook = replace(held, parts={**held.parts, "xl/workbook.xml": text})
    assert said(read(workbook, tmp_path)) == plain


@pytest.mark.parametrize("seed", SEEDS)
def test_order_of_columns_changes_nothing(seed: int, plain: dict[str, Verdict], tmp_path: Path) -> None:
    built = build_return(rulebook(), MONTH, Filling(COUNCIL, cover=VALIDATED, rows=just_missed()))
    for sheet, rows in just_missed().items():
        cells = built[rulebook().contract.sheets[sheet].sheet]
        columns = list(cells.iter_cols(min_row=HEADINGS_ROW, max_row=HEADINGS_ROW + len(rows)))
        contents = [[(cell.value, cell.style) for cell in column] for column in columns]
        moved = Random(seed).sample(contents, len(contents))
        for column, content in zip(columns, moved, strict=True):
            for cell, (value, style) in zip(column, content, strict=True):
                cell.value, cell.style = value, style
    out = tmp_path / "returns_2025-06.xlsx"
    save_return(built, MONTH, out)
    assert said(_read(out)) == plain


def _read(path: Path) -> Return:
    from kpi_engine.returns.read import read_return  # noqa: PLC0415  (one test reads a file of its own)

    return read_return(path, rulebook())


@pytest.mark.parametrize("seed", SEEDS)
def test_sheets_spread_over_files_of_any_name_change_nothing(
    seed: int, plain: dict[str, Verdict], tmp_path: Path
) -> None:
    random = Random(seed)
    names = random.sample(["b 2025-06.xlsx", "a.xlsx", "June 2025 (2).xlsx"], 3)
    file_of = {sheet: random.choice(names) for sheet in rulebook().contract.sheets}
    returns = []
    for name in names:
        workbook = all_missed()
        for sheet, file in file_of.items():
            if file != name:
                workbook = workbook.without(rulebook().contract.sheets[sheet].sheet)
        returns.append(read(workbook, tmp_path, name))
    for order in (returns, returns[::-1]):
        assert said(*order) == plain


@pytest.mark.parametrize("seed", SEEDS)
def test_order_and_names_of_months_change_nothing(seed: int, tmp_path: Path) -> None:
    months = [Period.parse(f"2025-0{n}") for n in range(3, 7)]
    held = [_referred(month, count) for count, month in enumerate(months, 1)]
    straight = said(*(read(book, tmp_path, f"{n}.xlsx") for n, book in enumerate(held)))
    shuffled = Random(seed).sample(held, len(held))
    other = said(*(read(book, tmp_path, f"returns {n}.xlsx") for n, book in enumerate(shuffled)))
    assert other == straight


def _referred(month: Period, count: int) -> Workbook:
    rows = [row("pf_referrals", 10 * count + n, *(month.end, f"C-{n}", n > 1, None)) for n in range(count)]
    return of_sheet("pf_referrals", rows, month=month)
