"""No shown figure contradicts its verdict."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.reports.figures import exact, gap_shown, number_shown, parts_shown, shown, target_shown
from kpi_engine.rulebook.book import Operator, Unit
from kpi_engine.terms.verdict import TargetInForce

FIGURES = st.fractions(min_value=-3, max_value=1000, max_denominator=2000)
SHARES = st.fractions(min_value=0, max_value=1, max_denominator=2000)
TARGETS = st.builds(
    TargetInForce,
    st.sampled_from([op.value for op in Operator]),
    st.one_of(SHARES, st.fractions(min_value=-1, max_value=100, max_denominator=100)),
    st.none(),
)
UNITS = st.sampled_from(Unit)
PLACES = st.integers(0, 2)


def at_least(value: str) -> TargetInForce:
    return TargetInForce("at_least", Fraction(value), None)


def at_most(value: str) -> TargetInForce:
    return TargetInForce("at_most", Fraction(value), None)


def more_than(value: str) -> TargetInForce:
    return TargetInForce("more_than", Fraction(value), None)


def read_back(text: str, unit: Unit) -> Fraction:
    number = Fraction(text.removesuffix("%").removesuffix(" days").removesuffix(" day"))
    return number / 100 if unit is Unit.PERCENT else number


def met(value: Fraction, target: TargetInForce) -> bool:
    if target.op == "at_least":
        return value >= target.value
    return value > target.value if target.op == "more_than" else value <= target.value


@given(st.one_of(SHARES, FIGURES), UNITS, TARGETS, PLACES, st.booleans())
def test_what_is_shown_meets_the_target_exactly_if_the_figure_does(
    value: Fraction,
    unit: Unit,
    target: TargetInForce,
    places: int,
    signed: bool,  # noqa: FBT001
) -> None:
    text = shown(value, unit, target, signed=signed, places=places)
    assert met(read_back(text, unit), target) == met(value, target)


@given(SHARES, SHARES, TARGETS, PLACES)
def test_a_greater_figure_is_never_shown_as_less(
    one: Fraction, other: Fraction, target: TargetInForce, places: int
) -> None:
    less, greater = sorted((one, other))
    first = read_back(shown(less, Unit.PERCENT, target, places=places), Unit.PERCENT)
    second = read_back(shown(greater, Unit.PERCENT, target, places=places), Unit.PERCENT)
    assert first <= second


@given(SHARES, PLACES)
def test_0_and_100_per_cent_are_shown_only_where_they_are(value: Fraction, places: int) -> None:
    text = shown(value, Unit.PERCENT, places=places)
    assert (text == "0%") == (value == 0)
    assert (text == "100%") == (value == 1)


@given(FIGURES, UNITS, PLACES)
def test_what_is_shown_is_within_half_a_unit_of_its_last_place(
    value: Fraction, unit: Unit, places: int
) -> None:
    last_place = Fraction(1, 10**places * (100 if unit is Unit.PERCENT else 1))
    assert abs(read_back(shown(value, unit, places=places), unit) - value) <= last_place / 2


@given(st.fractions(), UNITS)
def test_exact_text_gives_the_same_value_back(value: Fraction, unit: Unit) -> None:
    scale = 100 if unit is Unit.PERCENT else 1
    assert Fraction(exact(value, unit)) / scale == value


@pytest.mark.parametrize(
    ("value", "target", "places", "text"),
    [
        ("8496/10000", at_least("17/20"), 0, "84.96%"),
        ("8496/10000", at_least("17/20"), 1, "84.96%"),
        ("846/1000", at_least("17/20"), 0, "84.6%"),
        ("17/20", at_least("17/20"), 1, "85%"),
        ("17/20", more_than("17/20"), 1, "85%"),
        ("85001/100000", more_than("17/20"), 1, "85.001%"),
        ("52/300", at_most("16/100"), 1, "17.3%"),
        ("1604/10000", at_most("16/100"), 1, "16.04%"),
        ("1/3", at_least("1/3"), 1, "100/3%"),
        ("143/150", at_least("19/20"), 0, "95%"),
        ("1999/2000", None, 0, "99.95%"),
        ("1/2000", None, 1, "0.1%"),
        ("1/4000", None, 1, "0.03%"),
    ],
)
def test_decimals_are_added_until_the_figure_says_what_the_verdict_says(
    value: str, target: TargetInForce | None, places: int, text: str
) -> None:
    assert shown(Fraction(value), Unit.PERCENT, target, places=places) == text


@pytest.mark.parametrize(
    ("value", "unit", "signed", "text"),
    [
        ("2/5", Unit.PERCENT, True, "+40%"),
        ("-3", Unit.NUMBER, True, "-3"),
        ("0", Unit.NUMBER, True, "0"),
        ("12", Unit.NUMBER, False, "12"),
        ("1", Unit.DAYS, False, "1 day"),
        ("683", Unit.DAYS, False, "683 days"),
        ("12.345", Unit.RATE, False, "12.3"),
        ("12.35", Unit.RATE, False, "12.4"),
        ("-0.25", Unit.RATE, False, "-0.3"),
        ("0.01", Unit.RATE, False, "0.01"),
    ],
)
def test_each_unit_is_shown_as_people_write_it(value: str, unit: Unit, signed: bool, text: str) -> None:  # noqa: FBT001
    assert shown(Fraction(value), unit, signed=signed) == text


@pytest.mark.parametrize(
    ("gap", "unit", "target", "text"),
    [
        ("-0.032", Unit.PERCENT, at_least("17/20"), "3.2 points below"),
        ("-0.0004", Unit.PERCENT, at_least("17/20"), "0.04 points below"),
        ("0.01", Unit.PERCENT, at_least("17/20"), "1 point above"),
        ("-2", Unit.NUMBER, at_least("12"), "2 short"),
        ("5", Unit.NUMBER, at_least("12"), "5 over"),
        ("-5", Unit.NUMBER, at_most("12"), "5 under"),
        ("257", Unit.DAYS, at_most("426"), "257 days over"),
        ("1.2", Unit.RATE, at_most("3"), "1.2 above"),
        ("0", Unit.NUMBER, at_least("12"), "exactly on target"),
        ("0", Unit.NUMBER, more_than("0"), "level; more is needed"),
    ],
)
def test_a_gap_is_said_in_its_unit(gap: str, unit: Unit, target: TargetInForce, text: str) -> None:
    assert gap_shown(Fraction(gap), unit, target) == text


@given(st.fractions(min_value=-1, max_value=1).filter(bool), UNITS, TARGETS)
def test_a_gap_that_is_there_is_never_shown_as_none(gap: Fraction, unit: Unit, target: TargetInForce) -> None:
    assert Fraction(gap_shown(gap, unit, target).split()[0]) > 0


def test_parts_are_exact() -> None:
    assert parts_shown(Fraction("16.8"), Fraction("20.5")) == "16.8 of 20.5"


def test_targets_are_said_in_words_or_with_a_sign() -> None:
    assert target_shown(at_least("17/20"), Unit.PERCENT) == "at least 85%"
    assert target_shown(at_most("426"), Unit.DAYS, words=False) == "≤ 426 days"
    assert target_shown(at_least("2/5"), Unit.PERCENT, signed=True, words=False) == "≥ +40%"
    assert target_shown(at_least("1"), Unit.PERCENT) == "100%"
    assert target_shown(at_least("1"), Unit.NUMBER) == "at least 1"


def test_the_bare_number_has_neither_unit_nor_plus() -> None:
    assert number_shown(Fraction(2, 5), Unit.PERCENT, signed=True) == "40"
    assert number_shown(Fraction(683), Unit.DAYS) == "683"
