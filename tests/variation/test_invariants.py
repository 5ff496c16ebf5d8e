"""What must hold of every series, whatever it is."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from hypothesis import assume, given
from hypothesis import strategies as st

from kpi_engine.variation import PROFILES, Assurance, SpecialCause, Variation, chart, sentence
from tests.variation.build import causes, month, monthly

if TYPE_CHECKING:
    from datetime import date

    from kpi_engine.variation.charted import Number

Points = list[tuple["date", "Number | None"]]

figures = st.integers(-40, 40).map(lambda n: Fraction(n, 8)) | st.fractions(-1000, 1000)
small_integers = st.integers(0, 6).map(Fraction)
series = st.lists(small_integers | st.none(), max_size=40) | st.lists(figures | st.none(), max_size=40)
profiles = st.sampled_from(sorted(PROFILES))
directions = st.sampled_from(["increase", "decrease", "neutral"])
SWAPPED = {
    Variation.IMPROVEMENT: Variation.CONCERN,
    Variation.CONCERN: Variation.IMPROVEMENT,
    Assurance.CONSISTENT_PASS: Assurance.CONSISTENT_FAIL,
    Assurance.CONSISTENT_FAIL: Assurance.CONSISTENT_PASS,
}
UPSIDE_DOWN = {
    SpecialCause.ABOVE_LIMIT: SpecialCause.BELOW_LIMIT,
    SpecialCause.RISING: SpecialCause.FALLING,
    SpecialCause.NEAR_ABOVE: SpecialCause.NEAR_BELOW,
    SpecialCause.RUN_ABOVE: SpecialCause.RUN_BELOW,
}
UPSIDE_DOWN |= {low: high for high, low in UPSIDE_DOWN.items()}


@given(series, st.fractions(-1000, 1000), st.fractions(Fraction(1, 10**6), 10**6), figures)
def test_shifting_and_scaling_by_any_fraction_changes_no_flag_on_a_board_chart(
    values: list[Fraction | None], shift: Fraction, scale: Fraction, target: Fraction
) -> None:
    plain = chart(monthly(values), better="increase", target=target)
    moved = chart(
        monthly([None if x is None else x * scale + shift for x in values]),
        better="increase",
        target=target * scale + shift,
    )
    assert causes(moved) == causes(plain)
    assert (moved.variation, moved.assurance) == (plain.variation, plain.assurance)
    assert [f.window for f in moved.flags] == [f.window for f in plain.flags]


@given(series)
def test_turning_a_series_upside_down_turns_every_flag_on_a_board_chart(
    values: list[Fraction | None],
) -> None:
    plain = chart(monthly(values), better="increase")
    turned = chart(monthly([None if x is None else -x for x in values]), better="decrease")
    assert [UPSIDE_DOWN.get(c, c) if c else c for c in causes(turned)] == causes(plain)
    assert turned.variation == plain.variation


@given(
    st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)) | st.none(), max_size=40)
    | st.lists(st.sampled_from([0.1, 0.2, 0.3, None]), max_size=40),
    st.integers(-300, 300),
)
def test_scaling_by_a_power_of_two_changes_no_flag_on_a_reference_chart(
    values: list[float | None], power: int
) -> None:
    plain = chart(monthly(values), better="increase", profile="nhsr-0.2.2")
    scaled = chart(
        monthly([None if x is None else math.ldexp(x, power) for x in values]),
        better="increase",
        profile="nhsr-0.2.2",
    )
    assert causes(scaled) == causes(plain)
    for before, after in zip(plain.points, scaled.points, strict=True):
        assert after.upper == (None if before.upper is None else math.ldexp(float(before.upper), power))


@given(series, profiles, st.none() | figures)
def test_reversing_better_swaps_improvement_and_concern(
    values: list[Fraction | None], profile: str, target: Fraction | None
) -> None:
    up = chart(monthly(values), better="increase", target=target, profile=profile)
    down = chart(monthly(values), better="decrease", target=target, profile=profile)
    assert [SWAPPED.get(p.colour, p.colour) if p.colour else None for p in up.points] == [
        p.colour for p in down.points
    ]
    assert causes(up) == causes(down)
    if not (profile == "board" and up.still and up.points[-1].mean == target):  # a P either way
        swapped = SWAPPED.get(up.assurance, up.assurance) if up.assurance else None
        assert swapped == down.assurance


@given(
    st.lists(st.tuples(st.integers(0, 60), figures | st.none()), max_size=40, unique_by=lambda row: row[0]),
    profiles,
    directions,
    st.sets(st.integers(0, 60), max_size=3),
    st.none() | st.integers(12, 30),
    st.booleans(),
)
def test_blanks_and_gaps_never_crash_and_a_blank_is_never_special(  # noqa: PLR0913, PLR0917
    rows: list[tuple[int, Fraction | None]],
    profile: str,
    better: str,
    rebase: set[int],
    fix_after: int | None,
    screen: bool,  # noqa: FBT001
) -> None:
    points: Points = [(month(i), x) for i, x in rows]
    made = chart(
        points,
        better=better,
        target=3,
        rebase=[month(i) for i, _ in rows if i in rebase],
        fix_after=fix_after,
        screen=screen,
        profile=profile,
    )
    for point in made.points:
        if point.value is None:
            assert point.special_cause in {None, SpecialCause.COMMON_CAUSE}
    assert sentence(made).endswith(".")
    assert {f.date for f in made.flags} == {
        p.date for p in made.points if p.special_cause not in {None, SpecialCause.COMMON_CAUSE}
    }


@given(series, profiles, st.randoms(use_true_random=False))
def test_the_order_of_points_never_matters(
    values: list[Fraction | None], profile: str, random: object
) -> None:
    points = monthly(values)
    assume(len(points) > 1)
    mixed = list(points)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert chart(mixed, better="increase", profile=profile) == chart(
        points, better="increase", profile=profile
    )
