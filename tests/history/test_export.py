"""The long form: every record in documented, typed columns, the same in CSV and Parquet."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.errors import KpiError
from kpi_engine.history.export import COLUMNS, PLACES, amount, export_csv, export_parquet
from kpi_engine.history.file import open_history
from kpi_engine.terms.measurement import Measurement, Parts, Reason
from kpi_engine.terms.period import Period
from tests.history.build import month, recorded, renamed, share

if TYPE_CHECKING:
    from pathlib import Path

    from kpi_engine.history.file import History


@pytest.fixture
def history(tmp_path: Path) -> History:
    path = tmp_path / "kpi.history"
    doubtful = replace(share("a", "2024-03", 16, 20, 17), in_doubt=1, stated_target=Fraction(17, 20))
    none = Measurement(
        "b", Period.parse("2024-03"), reason=Reason.SHEET_MISSING, detail='=HYPERLINK("x")\nno'
    )
    days = replace(share("c", "2024-03", 1, 3), low=Parts(Fraction(41)), high=Parts(Fraction(41)))
    first = month("2024-03", doubtful, none, days)
    recorded(path, renamed(first, "=returns, “March”.xlsx"))
    recorded(path, month("2024-03", share("a", "2024-03", 1, 3), digest="d2"))
    return open_history(path)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_csv_holds_every_record_and_every_documented_column(history: History, tmp_path: Path) -> None:
    with history:
        assert export_csv(history, tmp_path / "results.csv") == 4
    rows = rows_of(tmp_path / "results.csv")
    assert [*rows[0]] == [*COLUMNS]
    assert [(r["id"], r["revision"], r["as_reported"], r["current"]) for r in rows] == [
        ("a", "1", "yes", "no"),
        ("a", "2", "no", "yes"),
        ("b", "1", "yes", "no"),
        ("c", "1", "yes", "no"),
    ]
    first, second, none, days = rows
    assert (first["low_numerator"], first["low_denominator"], first["low"]) == ("16", "20", "0.8")
    assert (first["high_numerator"], first["high"], first["in_doubt"]) == ("17", "0.85", "1")
    assert (first["period"], first["month_end"], first["stated_target"]) == ("2024-03", "2024-03-31", "0.85")
    assert second["low"] == "0.333333333"
    assert (none["low"], none["reason"]) == ("", "sheet_missing")
    assert (days["low"], days["low_denominator"]) == ("41", "")


def test_no_text_is_left_a_formula(history: History, tmp_path: Path) -> None:
    with history:
        export_csv(history, tmp_path / "results.csv")
    rows = rows_of(tmp_path / "results.csv")
    assert rows[2]["detail"] == '\'=HYPERLINK("x") no'
    assert rows[0]["files"] == "'=returns, “March”.xlsx, Workforce"
    risky = [text for row in rows for text in row.values() if text.startswith(("=", "+", "@", "-"))]
    assert risky == []


def test_parquet_holds_the_same_rows_with_types(history: History, tmp_path: Path) -> None:
    with history:
        export_csv(history, tmp_path / "results.csv")
        assert export_parquet(history, tmp_path / "results.parquet") == 4
    with duckdb.connect() as connection:
        typed = connection.read_parquet(str(tmp_path / "results.parquet"))
        assert dict(zip(typed.columns, map(str, typed.types), strict=True)) == {
            name: kind.replace(", ", ",") for name, (kind, _) in COLUMNS.items()
        }
        rows = [dict(zip(typed.columns, row, strict=True)) for row in typed.fetchall()]
    assert rows[0]["low"] == Decimal("0.8")
    assert rows[0]["month_end"] == date(2024, 3, 31)
    assert rows[2]["low"] is None
    for row, text in zip(rows, rows_of(tmp_path / "results.csv"), strict=True):
        same = {
            name: "" if row[name] is None else str(row[name])
            for name, (kind, _) in COLUMNS.items()
            if kind == "VARCHAR"
        }
        assert same == {name: text[name] for name in same}


def test_results_that_cannot_be_written_leave_nothing_behind(history: History, tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    before = sorted(p.name for p in tmp_path.iterdir())
    with history:
        for export in (export_csv, export_parquet):
            with pytest.raises(KpiError) as caught:
                export(history, tmp_path / "results")
            assert [f.code for f in caught.value.findings] == ["R199"]
        assert sorted(p.name for p in tmp_path.iterdir() if "history" not in p.name) == [
            name for name in before if "history" not in name
        ]


@given(st.fractions())
def test_an_amount_is_the_nearest_decimal(value: Fraction) -> None:
    shown = Fraction(amount(value))
    assert abs(shown - value) <= Fraction(1, 2 * 10**PLACES)
    if (value * 10**PLACES).denominator == 1:
        assert shown == value
    assert amount(value) not in {"-0", ""}
