"""Periods parse in three forms and no other, and months clamp to their ends."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.terms.period import Period, add_months, span

PERIODS = st.builds(Period, st.integers(12, 12 * 9998 - 1)) | st.builds(
    lambda year, n: Period(12 * year + 3 + 3 * n, 3), st.integers(1, 9997), st.integers(0, 3)
)


@given(PERIODS)
def test_what_is_printed_parses_back(period: Period) -> None:
    assert Period.parse(str(period)) == period


@pytest.mark.parametrize(
    "text",
    ["2023-13", "2023-00", "2023-1", "23-01", "2023/24-Q5", "2023/24-Q0", "2023/25", "2023/24-q3", "2023",
     "2023-Q3", " 2023-12", "2023-12 ", "2023-12-01", "", "２０２３-12", "0000-01", "0000/01"],
)  # fmt: skip
def test_nothing_else_parses(text: str) -> None:
    with pytest.raises(ValueError, match="is not a period"):
        Period.parse(text)


@pytest.mark.parametrize(
    ("text", "start", "end", "label"),
    [
        ("2023-12", date(2023, 12, 1), date(2023, 12, 31), "December 2023"),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29), "February 2024"),
        ("2023/24-Q1", date(2023, 4, 1), date(2023, 6, 30), "Quarter 1 of 2023/24"),
        ("2023/24-Q4", date(2024, 1, 1), date(2024, 3, 31), "Quarter 4 of 2023/24"),
        ("2023/24", date(2023, 4, 1), date(2024, 3, 31), "2023/24"),
        ("1999/00", date(1999, 4, 1), date(2000, 3, 31), "1999/00"),
    ],
)
def test_start_end_and_name(text: str, start: date, end: date, label: str) -> None:
    period = Period.parse(text)
    assert (period.start, period.end, period.label) == (start, end, label)


@pytest.mark.parametrize(
    ("month", "quarter", "year"),
    [
        ("2024-03", "2023/24-Q4", "2023/24"),
        ("2024-04", "2024/25-Q1", "2024/25"),
        ("2023-12", "2023/24-Q3", "2023/24"),
    ],
)
def test_a_month_lies_in_its_quarter_and_financial_year(month: str, quarter: str, year: str) -> None:
    assert str(Period.parse(month).quarter) == quarter
    assert str(Period.parse(month).year) == year


def test_span_holds_both_ends() -> None:
    assert [str(p) for p in span(Period.parse("2023-11"), Period.parse("2024-01"))] == [
        "2023-11",
        "2023-12",
        "2024-01",
    ]


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2023, 8, 31), 6, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2023, 3, 31), -1, date(2023, 2, 28)),
        (date(2023, 12, 15), 1, date(2024, 1, 15)),
    ],
)
def test_months_clamp_to_the_end_of_a_shorter_month(day: date, months: int, later: date) -> None:
    assert add_months(day, months) == later
