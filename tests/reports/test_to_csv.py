"""The CSV: documented columns, harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.reports.to_csv import COLUMNS, harmless, to_csv
from tests.reports.build import BOOK, CHECKED, SHARE, STAFF, indicator, rulebook, share, target

if TYPE_CHECKING:
    from collections.abc import Callable


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_whole_file_is_as_agreed(golden: Callable[[str, str], None]) -> None:
    golden("check.csv", to_csv(CHECKED, BOOK, series=True))


def test_every_column_is_documented() -> None:
    assert to_csv(CHECKED, BOOK).split("\n", 1)[0].split(",") == list(COLUMNS)
    assert all(COLUMNS.values())


def test_there_is_one_row_a_measure_and_period() -> None:
    assert [row["id"] for row in read(to_csv(CHECKED, BOOK))] == list(BOOK.indicators)
    months = [row["period"] for row in read(to_csv(CHECKED, BOOK, series=True))]
    assert months == ["2024-02"] + ["2024-03"] * len(BOOK.indicators)


@pytest.mark.parametrize("text", ["=1+1", "+x", "-x", "@SUM(A1)", "\tx", "\rx", "＝1", "--1", "-1/3", "+5"])
def test_a_formula_is_made_text(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-3", "-3.5", "12", "Permanent staff", "", "100/3"])
def test_a_number_or_a_word_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@given(st.text(max_size=40))
def test_no_cell_begins_like_a_formula_unless_it_is_a_number(name: str) -> None:
    rule = indicator("a-measure", name, SHARE, target("17/20"), lead=name)
    checked = replace(CHECKED, authority=name, verdicts=(share(rule, 1, 20),))
    for row in read(to_csv(checked, rulebook(rule))):
        for cell in row.values():
            assert not cell.startswith(tuple("=+@\t\r"))
            assert not cell.startswith("-") or float(cell) <= 0


def test_a_figure_keeps_to_its_side_of_the_target() -> None:
    verdict = share(STAFF, 849_999_999, 1_000_000_000)
    row = read(to_csv(replace(CHECKED, verdicts=(verdict,)), BOOK))[0]
    assert (row["status"], row["value"]) == ("fail", "84.9999999")
    assert float(row["gap"]) < 0


def test_an_unvalidated_pass_is_told_apart() -> None:
    rows = {row["id"]: row for row in read(to_csv(CHECKED, BOOK))}
    assert rows["pf-champions"]["status_words"] == "pass (unvalidated)"
    assert rows["carer-reviews"]["status_words"] == "pass"
