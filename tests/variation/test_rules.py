"""Each rule of the reference, one row a case."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from kpi_engine.errors import KpiError
from kpi_engine.variation import Chart, Direction, Rule, SpecialCause, Variation, chart
from kpi_engine.variation.limits import Limits
from kpi_engine.variation.profiles import PROFILES
from kpi_engine.variation.rules import specials
from tests.variation.build import ZIGZAG, causes, month, monthly

NHSR = PROFILES["nhsr-0.2.2"]
CHANCE = SpecialCause.COMMON_CAUSE
UP, DOWN = SpecialCause.RISING, SpecialCause.FALLING


def nhsr(values: list[float | None], **options: object) -> Chart:
    return chart(monthly(values), **({"better": "increase", "profile": "nhsr-0.2.2"} | options))  # type: ignore[arg-type]


def named(values: list[float | None], *, mean: float | None = 0, limit: float | None = 9) -> list[str]:
    """The names of these values about a given mean, with limits at `limit` and near limits at two thirds."""
    near = None if limit is None else limit * 2 / 3
    low, near_low = (None if x is None else -x for x in (limit, near))
    limits = Limits(len(values), (None,) * len(values), mean, limit, low, limit, near_low, near)
    found = specials(values, limits, NHSR)
    return [found[i].cause if i in found else CHANCE for i in range(len(values))]


def test_rows_are_sorted_by_date() -> None:
    made = chart([(month(2), 3), (month(0), 1), (month(1), 2)], better="increase", profile="nhsr-0.2.2")
    assert [(p.date, p.value) for p in made.points] == [(month(0), 1), (month(1), 2), (month(2), 3)]


@pytest.mark.parametrize("profile", PROFILES)
def test_duplicate_dates_are_an_error(profile: str) -> None:
    with pytest.raises(KpiError) as refused:
        chart([(month(0), 1), (month(1), 2), (month(0), 1)], better="increase", profile=profile)
    assert [f.code for f in refused.value.findings] == ["V101"]


def test_a_rebase_date_begins_a_group_and_nothing_crosses_its_border() -> None:
    made = nhsr([1, 2, 3, 4, 5, 6, 17, 18, 19], rebase=[month(6)])
    assert [p.group for p in made.points] == [0] * 6 + [1] * 3
    assert [p.mean for p in made.points] == [3.5] * 6 + [18] * 3
    assert made.points[6].moving_range is None
    assert UP not in causes(made)


def test_a_rebase_date_of_no_row_is_ignored_and_told() -> None:
    plain, rebased = nhsr([1, 2, 4]), nhsr([1, 2, 4], rebase=[date(2021, 5, 2)])
    assert rebased.points == plain.points
    assert [f.code for f in rebased.warnings if f not in plain.warnings] == ["V106"]


def test_a_fixed_baseline_counts_blank_rows() -> None:
    values: list[float | None] = [10, None, *[10, 12] * 5, 50, 60]
    made = nhsr(values, fix_after=12)
    assert made.points[0].mean == pytest.approx(120 / 11)
    assert [p.moving_range for p in made.points[12:]] == [None, None]
    assert causes(made)[12:] == [SpecialCause.ABOVE_LIMIT] * 2


def test_a_fixed_baseline_of_fewer_than_12_rows_is_an_error() -> None:
    with pytest.raises(KpiError) as refused:
        nhsr([1, 2, 3], fix_after=11)
    assert [f.code for f in refused.value.findings] == ["V103"]


def test_screening_keeps_what_is_strictly_below_the_cut_and_keeps_the_points_in_the_mean() -> None:
    values: list[float | None] = [1, 2, 1, 2, 10, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]
    screened, all_of_them = nhsr(values), nhsr(values, screen=False)
    assert screened.points[0].mean == all_of_them.points[0].mean == sum(filter(None, values)) / 18
    assert screened.points[0].mean_moving_range == 1
    assert all_of_them.points[0].mean_moving_range == pytest.approx(32 / 17)
    assert screened.points[4].moving_range == 8


def test_limits_are_undefined_where_no_moving_range_is_kept() -> None:
    for values in ([3.0], [3.0, None, 5.0], [0.9] * 15, [None, None]):
        made = nhsr(list(values))
        assert {(p.mean_moving_range, p.lower, p.upper) for p in made.points} == {(None, None, None)}
        assert set(causes(made)) == {CHANCE}


@pytest.mark.parametrize(
    ("value", "name"),
    [(9.01, "Above UCL"), (9, CHANCE), (-9, CHANCE), (-9.01, "Below LCL"), (0, CHANCE), (None, CHANCE)],
)
def test_outside_is_strictly_beyond_a_limit(value: float | None, name: str) -> None:
    assert named([value]) == [name]


@pytest.mark.parametrize(
    ("values", "flagged"),
    [
        ([1, 2, 3, 4, 5, 6, 7], range(7)),
        ([7, 6, 5, 4, 3, 2, 1], range(7)),
        ([1, 2, 3, 4, 5, 6], ()),
        ([1, 2, 3, 3, 4, 5, 6, 7], ()),
        ([1, 2, 3, 4, 5, 6, 7, 8, 8], range(8)),
        ([1, 2, 3, None, 5, 6, 7, 8, 9], ()),
        ([9, 1, 2, 3, 4, 5, 6, 7, 0], range(1, 8)),
    ],
)
def test_a_trend_is_seven_rows_each_beyond_the_one_before(values: list[float | None], flagged: range) -> None:
    for xs in (values, [None if x is None else -x for x in values]):
        names = named(xs, mean=None, limit=None)
        assert [i for i, name in enumerate(names) if name in {UP, DOWN}] == list(flagged)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([7, 1, 7], [True, False, True]),
        ([7, 7, 1], [True, True, False]),
        ([7, 7, 7], [True, True, True]),
        ([7, 7], [False, False]),
        ([7, -1, 7], [False, False, False]),
        ([7, 0, 7], [False, False, False]),
        ([7, None, 7], [False, False, False]),
        ([6, 6, 1], [False, False, False]),
        ([7, 1, 1, 7], [False] * 4),
        ([7, 10, 1], [False, False, False]),
        ([7, 10, 7], [True, False, True]),
    ],
)
def test_two_in_three_flags_only_the_near_ones_of_three_on_one_side(
    values: list[float | None], names: list[bool]
) -> None:
    assert [name == "2 in 3 Above CL" for name in named(values)] == names
    mirrored: list[float | None] = [None if x is None else -x for x in values]
    assert [name == "2 in 3 Below CL" for name in named(mirrored)] == names


@pytest.mark.parametrize(
    ("values", "flagged"),
    [
        ([1, 2] * 3 + [1], range(7)),
        ([1, 2] * 3, ()),
        ([1, 2, 1, 0, 1, 2, 1, 2], ()),
        ([1, 2, 1, None, 1, 2, 1, 2], ()),
        ([-1, *[1, 2] * 4, -1], range(1, 9)),
    ],
)
def test_a_run_is_seven_rows_strictly_on_one_side(values: list[float | None], flagged: range) -> None:
    assert [i for i, name in enumerate(named(values)) if name == "7 Points Above CL"] == list(flagged)
    mirrored: list[float | None] = [None if x is None else -x for x in values]
    assert [i for i, name in enumerate(named(mirrored)) if name == "7 Points Below CL"] == list(flagged)


def test_the_first_rule_that_applies_names_the_point() -> None:
    rising: list[float | None] = [1, 2, 3, 4, 5, 7, 8, 10]
    assert named(rising) == [UP] * 7 + [SpecialCause.ABOVE_LIMIT]
    assert named([7, 7, 1, 1, 1, 1, 1]) == [SpecialCause.NEAR_ABOVE] * 2 + [SpecialCause.RUN_ABOVE] * 5


@pytest.mark.parametrize(
    ("values", "seventh", "by_window"),
    [
        ([1, 2, 3, 4, 5, 6, 7, 6, 5, 4, 3, 2, 1], DOWN, DOWN),
        ([1, 2, 3, 4, 5, 6, 7, 9, 0, 0], UP, UP),
        ([1, 2, 3, 4, 5, 6, 7, 7, 8, 9, 10, 11, 12, 13], DOWN, UP),
        ([1, 2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6, 7, 8], DOWN, UP),
    ],
    ids=["a peak", "one trend", "a level step between two rises", "a drop between two rises"],
)
def test_a_point_between_two_trends_is_named_as_the_reference_does(
    values: list[float | None], seventh: str, by_window: str
) -> None:
    undefined = Limits(0, (None,) * len(values))
    assert specials(values, undefined, NHSR)[6].cause == seventh
    assert specials(values, undefined, PROFILES["board"])[6].cause == by_window


@pytest.mark.parametrize(
    ("better", "last", "colour", "icon"),
    [
        ("increase", 90, "improvement", "improvement_high"),
        ("increase", 10, "concern", "concern_low"),
        ("decrease", 90, "concern", "concern_high"),
        ("decrease", 10, "improvement", "improvement_low"),
        ("neutral", 90, "neutral_high", "neutral_high"),
        ("neutral", 10, "neutral_low", "neutral_low"),
        ("increase", 51, "common_cause", "common_cause"),
        ("neutral", None, "common_cause", "common_cause"),
    ],
)
def test_the_variation_of_a_series_is_the_colour_of_its_latest_point(
    better: str, last: float | None, colour: str, icon: str
) -> None:
    made = nhsr([*ZIGZAG, last], better=better)
    assert (made.variation, made.variation_icon) == (colour, icon)
    assert made.points[-1].colour == colour


def test_a_rising_trend_below_the_mean_is_improvement() -> None:
    made = nhsr([*range(40, 47), *[90, 20] * 12], screen=False)
    assert made.points[0].mean == pytest.approx(1621 / 31)
    assert causes(made)[:7] == [UP] * 7
    assert {p.colour for p in made.points[:7]} == {Variation.IMPROVEMENT}


@pytest.mark.parametrize(
    ("target", "increase", "decrease"),
    [
        (57, "consistent_fail", "consistent_pass"),
        (45, "consistent_pass", "consistent_fail"),
        (51, "inconsistent", "inconsistent"),
        (51 + 2.66 * 2, "inconsistent", "inconsistent"),
        (51 - 2.66 * 2, "inconsistent", "inconsistent"),
        (None, None, None),
    ],
)
def test_assurance_holds_the_target_against_the_limits(
    target: float | None, increase: str | None, decrease: str | None
) -> None:
    for better, expected in (("increase", increase), ("decrease", decrease), ("neutral", None)):
        made = nhsr(list(ZIGZAG), better=better, target=target)
        assert made.assurance == expected
        icon = {"consistent_pass": "pass", "consistent_fail": "fail"}.get(expected or "", expected)
        assert made.assurance_icon == icon


def test_assurance_with_undefined_limits_is_inconsistent() -> None:
    assert nhsr([0.9] * 15, target=0.85).assurance == "inconsistent"


def test_assurance_is_held_against_the_limits_of_the_last_group() -> None:
    values: list[float | None] = [*ZIGZAG, *(x + 20 for x in ZIGZAG)]
    assert nhsr(values, target=60).assurance == "inconsistent"
    assert nhsr(values, target=60, rebase=[month(24)]).assurance == "consistent_pass"


def test_absent_rows_are_bridged() -> None:
    made = chart([(month(0), 1), (month(5), 3)], better="increase", profile="nhsr-0.2.2")
    assert len(made.points) == 2
    assert made.points[1].moving_range == 2


def test_a_blank_row_has_no_moving_range_on_either_side_and_is_common_cause() -> None:
    made = nhsr([1, None, 3, 4])
    assert [p.moving_range for p in made.points] == [None, None, None, 1]
    assert causes(made)[1] is CHANCE


@pytest.mark.parametrize(("n", "codes"), [(12, ["V110"]), (13, [])])
def test_fewer_than_13_points_are_warned_of_and_nothing_is_suppressed(n: int, codes: list[str]) -> None:
    made = nhsr([*ZIGZAG[: n - 1], 90], screen=False, target=99)
    assert [f.code for f in made.warnings] == codes
    assert made.variation_icon == "improvement_high"
    assert made.assurance_icon == "fail"


def test_a_flag_names_its_rule_window_mean_limits_and_n() -> None:
    made = nhsr([*ZIGZAG, 53, 54, 55, 53, 54, 53, 53])
    flag = made.flags[-1]
    assert (flag.date, flag.rule, flag.special_cause) == (month(30), Rule.RUN, SpecialCause.RUN_ABOVE)
    assert flag.window == tuple(month(i) for i in range(23, 31))
    assert (flag.mean, flag.lower, flag.upper, flag.n) == (
        made.points[0].mean,
        made.points[0].lower,
        made.points[0].upper,
        31,
    )


def test_every_flag_has_its_point_in_its_window() -> None:
    made = nhsr([*ZIGZAG, *range(40, 70), *ZIGZAG])
    assert made.flags
    for flag in made.flags:
        assert flag.date in flag.window
        assert all(a < b for a, b in pairwise(flag.window))


def test_no_points_make_an_empty_chart() -> None:
    for profile in PROFILES:
        made = chart([], better=Direction.INCREASE, target=3, profile=profile)
        assert (made.points, made.variation, made.assurance, made.n) == ((), None, None, 0)
