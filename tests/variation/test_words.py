"""A chart's sentence says what the chart says, and never more."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.variation import chart, plain, sentence
from tests.variation.build import ZIGZAG, monthly

if TYPE_CHECKING:
    from kpi_engine.variation.charted import Number

RUN = [*ZIGZAG, 54, 53, 54, 53, 54, 53, 54]


def said(values: list[Number | None], *, better: str = "increase", target: Number | None = None) -> str:
    made = chart(monthly(values), better=better, target=target)
    return sentence(made, show=lambda x, places: plain(x, places) + "%")


@pytest.mark.parametrize(
    ("values", "better", "target", "words"),
    [
        (
            RUN,
            "increase",
            95,
            (
                "Latest 8 months all above the average of 51.6%; the target of 95% is above the "
                "expected range (up to 56.4%): it will not be met without a change."
            ),
        ),
        (
            list(ZIGZAG),
            "increase",
            None,
            "Latest month at 52% is within the expected range of 45.7% to 56.3%: no real change.",
        ),
        (
            [*ZIGZAG, 90],
            "increase",
            40,
            (
                "Latest month at 90% is above the expected range (47.2% to 57.9%); the target of 40% "
                "is below the expected range (from 47.2%): it can be expected to be met."
            ),
        ),
        (
            [*ZIGZAG, 10],
            "increase",
            50,
            (
                "Latest month at 10% is below the expected range (44% to 54.7%); the target of 50% is "
                "within the expected range: it will be met in some months and missed in others."
            ),
        ),
        (
            [*ZIGZAG, 53, 52.5, 52, 51.5, 51, 50.5, 50],
            "decrease",
            60,
            (
                "Latest 7 months falling without a break, to 50%; the target of 60% is above the "
                "expected range (up to 55.5%): it can be expected to be met."
            ),
        ),
        (
            [*ZIGZAG, 55.5, 52, 55.5],
            "increase",
            None,
            "2 of the latest 3 months near the upper end of the expected range (45.6% to 57.2%).",
        ),
        (
            [100] * 24,
            "increase",
            95,
            "No variation in 24 months at 100%; the target of 95% is met at that figure.",
        ),
        (
            [80] * 24,
            "increase",
            95,
            (
                "No variation in 24 months at 80%; the target of 95% is not met at that figure: it "
                "will not be met without a change."
            ),
        ),
        (
            list(ZIGZAG[:9]),
            "decrease",
            40,
            (
                "On trial limits, 9 months only: latest month at 50% is within the expected range of "
                "45.6% to 56.2%: no real change; the target of 40% is below the expected range (from "
                "45.6%): it will not be met without a change."
            ),
        ),
        ([1, 2, 3], "increase", 9, "3 months of figures: too few for a chart verdict (7 are needed)."),
        ([1], "increase", 9, "1 month of figures: too few for a chart verdict (7 are needed)."),
        (
            [*ZIGZAG, None],
            "increase",
            60,
            (
                "No figure for the latest month; the target of 60% is above the expected range (up to "
                "56.3%): it will not be met without a change."
            ),
        ),
        (
            [50, None] * 20 + [52],
            "increase",
            60,
            "The expected range cannot be drawn: too few months stand next to each other.",
        ),
    ],
)
def test_the_sentence_says_variation_then_assurance(
    values: list[Number | None], better: str, target: Number | None, words: str
) -> None:
    assert said(values, better=better, target=target) == words


def test_it_says_quarters_where_the_series_is_of_quarters() -> None:
    assert sentence(chart(monthly([90] * 13), better="increase"), every="quarter") == (
        "No variation in 13 quarters at 90."
    )


def test_nothing_is_said_of_a_target_where_there_is_no_expected_range() -> None:
    for values in ([50, None] * 20 + [52], [50] * 20):
        made = chart(monthly(values), better="increase", target=51, profile="nhsr-0.2.2")
        assert made.assurance == "inconsistent"
        assert "target" not in sentence(made)


def test_figures_that_differ_are_written_differently() -> None:
    close = said([*ZIGZAG], target=51 + Fraction("5.32") + Fraction("0.004"))
    assert "the target of 56.324% is above the expected range (up to 56.32%)" in close


@given(st.fractions(-1000, 1000), st.integers(0, 6))
def test_a_plain_figure_is_rounded_half_away_from_zero_and_is_0_only_if_it_is(
    value: Fraction, places: int
) -> None:
    written = Fraction(plain(value, places))
    assert abs(written - value) <= Fraction(1, 2 * 10**places)
    assert (written == 0) is (value == 0)


def test_halves_are_rounded_away_from_zero() -> None:
    assert [plain(Fraction(n, 4), 1) for n in (-1, 1, 2, 3, 5)] == ["-0.3", "0.3", "0.5", "0.8", "1.3"]
    assert plain(Fraction(5, 2), 0) == "3"
    assert plain(Fraction(1, 300), 1) == "0.003"
