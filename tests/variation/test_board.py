"""The board profile departs from the reference where its deviations say so, and nowhere else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.errors import KpiError
from kpi_engine.terms.period import Period
from kpi_engine.variation import (
    Assurance,
    Chart,
    Evidence,
    Revised,
    Rule,
    SpecialCause,
    Variation,
    chart,
    revised,
    small_numbers,
)
from tests.variation.build import ZIGZAG, causes, month, monthly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.variation.charted import Number


def board(values: Sequence[Number | None], **options: object) -> Chart:
    return chart(monthly(values), **({"better": "increase"} | options))  # type: ignore[arg-type]


def codes(made: Chart) -> list[str]:
    return [w.code for w in made.warnings]


def test_board_is_the_default_and_every_chart_names_its_profile() -> None:
    assert board([1]).profile == "board"
    assert chart([], better="increase", profile="nhsr-0.2.2").profile == "nhsr-0.2.2"


def test_it_reckons_with_exact_values() -> None:
    made = board([Decimal("0.1"), Decimal("0.2"), Decimal("0.3")] * 5)
    assert made.points[0].mean == Fraction(1, 5)
    assert causes(made) == [SpecialCause.COMMON_CAUSE] * 15
    assert made.points[0].upper == Fraction(1, 5) + Fraction("2.66") * Fraction(18, 140)
    point = board(list(ZIGZAG)).points[0]
    assert (point.near_lower, point.near_upper) == (51 - Fraction("10.64") / 3, 51 + Fraction("10.64") / 3)


@given(st.lists(st.integers(0, 10**6).map(lambda n: Fraction(n, 1000)), min_size=13, max_size=40))
def test_without_a_reason_to_depart_it_says_what_the_reference_says(values: list[Fraction]) -> None:
    ours = board([*values])
    theirs = chart(monthly(values), better="increase", profile="nhsr-0.2.2")
    # Exact figures and doubles may differ on a tie; a value on a line is no reason to depart.
    near = [
        abs(p.value - line) < Fraction(1, 10**6)
        for p in ours.points
        for line in (p.mean, p.lower, p.upper, p.near_lower, p.near_upper)
        if isinstance(p.value, Fraction) and isinstance(line, Fraction)
    ]
    if not any(near) and not ours.still and "V113" not in codes(ours) and len(_trends(ours)) < 2:
        assert causes(ours) == causes(theirs)
        assert (ours.variation, ours.variation_icon) == (theirs.variation, theirs.variation_icon)


def _trends(made: Chart) -> set[tuple[date, ...]]:
    return {f.window for f in made.flags if f.rule is Rule.TREND}


def test_absent_months_are_missing_points_and_never_bridged() -> None:
    made = chart([(month(0), 1), (month(1), 2), (month(4), 9)], better="increase")
    assert [(p.date, p.value) for p in made.points] == [
        (month(i), x) for i, x in enumerate((1, 2, None, None, 9))
    ]
    assert [p.moving_range for p in made.points] == [None, 1, None, None, None]
    assert "V115" in codes(made)
    assert all(p.special_cause is None for p in made.points if p.value is None)


@pytest.mark.parametrize(
    ("days", "filled"),
    [
        (["2023-01-31", "2023-02-28", "2023-04-30"], ["2023-03-31"]),
        (["2023-01-15", "2023-02-15", "2023-04-15"], ["2023-03-15"]),
        (["2023-01-30", "2023-03-30", "2023-04-30"], ["2023-02-28"]),
        (["2023-06-30", "2023-09-30", "2024-03-31"], ["2023-12-31"]),
        (["2020-03-31", "2021-03-31", "2023-03-31"], ["2022-03-31"]),
        (["2023-01-31", "2023-02-28", "2023-03-31"], []),
        (["2023-01-03", "2023-01-10", "2023-01-24"], []),
        (["2023-01-03"], []),
        (["0001-01-31", "0001-03-31"], ["0001-02-28"]),
    ],
)
def test_gaps_are_told_from_the_step_that_all_dates_fit(days: list[str], filled: list[str]) -> None:
    made = chart([(date.fromisoformat(day), 1) for day in days], better="increase")
    assert [p.date.isoformat() for p in made.points if p.value is None] == filled
    assert [p.date.isoformat() for p in made.points if p.value is not None] == days


def test_the_last_day_there_is_does_not_crash() -> None:
    made = chart([(date(9999, 10, 31), 1), (date.max, 2)], better="increase")
    assert [p.date for p in made.points] == [date(9999, 10, 31), Period.parse("9999-11").end, date.max]


@pytest.mark.parametrize(
    ("n", "evidence", "verdict", "icon"),
    [
        (6, Evidence.TOO_FEW, False, False),
        (7, Evidence.TRIAL, True, False),
        (12, Evidence.TRIAL, True, False),
        (13, Evidence.FULL, True, True),
    ],
)
def test_verdicts_begin_at_7_values_and_icons_at_13(
    n: int,
    evidence: Evidence,
    verdict: bool,  # noqa: FBT001
    icon: bool,  # noqa: FBT001
) -> None:
    made = board([*[50, 52] * (n // 2), *[50] * (n % 2)], target=90)
    assert made.evidence is evidence
    assert (made.variation is not None, made.assurance is not None) == (verdict, verdict)
    assert (made.variation_icon is not None, made.assurance_icon is not None) == (icon, icon)
    assert {p.upper is not None for p in made.points} == {verdict}
    assert {p.special_cause is not None for p in made.points} == {verdict}
    assert codes(made) == {Evidence.TOO_FEW: ["V111"], Evidence.TRIAL: ["V110"]}.get(evidence, [])


def test_missing_months_do_not_count_towards_7_or_13() -> None:
    made = board([*ZIGZAG[:12], None, None])
    assert (made.n, made.evidence) == (12, Evidence.TRIAL)


def test_each_group_earns_its_own_verdict() -> None:
    made = board([*ZIGZAG, 80, 82, 80, 82, 80, 82], rebase=[month(24)], target=50)
    assert (made.variation, made.assurance, made.n) == (None, None, 6)
    assert causes(made) == [SpecialCause.COMMON_CAUSE] * 24 + [None] * 6


def test_a_baseline_with_too_few_values_gives_no_verdict() -> None:
    made = board([None] * 6 + list(ZIGZAG), fix_after=12)
    assert (made.n, made.variation, made.evidence) == (6, None, Evidence.TOO_FEW)


def test_a_missing_latest_month_has_no_variation_and_assurance_stays() -> None:
    made = board([*ZIGZAG, None], target=90)
    assert (made.variation, made.variation_icon) == (None, None)
    assert made.assurance is Assurance.CONSISTENT_FAIL
    assert codes(made) == ["V115", "V116"]


def test_values_that_never_stand_together_give_no_limits_and_no_verdict() -> None:
    made = board([*[50, None, 52, None] * 10, 51], target=90)
    assert (made.variation, made.assurance, made.evidence) == (None, None, Evidence.FULL)
    assert "V114" in codes(made)


@pytest.mark.parametrize(
    ("value", "target", "better", "assurance"),
    [
        (1, Fraction("0.95"), "increase", "consistent_pass"),
        (Fraction("0.95"), Fraction("0.95"), "increase", "consistent_pass"),
        (Fraction("0.94"), Fraction("0.95"), "increase", "consistent_fail"),
        (5, 5, "decrease", "consistent_pass"),
        (6, 5, "decrease", "consistent_fail"),
        (1, None, "increase", None),
        (1, 2, "neutral", None),
    ],
)
def test_a_series_without_variation_is_named_and_passes_when_it_meets_the_target(
    value: Number, target: Number | None, better: str, assurance: str | None
) -> None:
    made = board([value] * 24, target=target, better=better)
    assert made.still
    assert made.variation is Variation.COMMON_CAUSE
    assert made.assurance == assurance
    assert codes(made) == ["V112"]
    assert {(p.lower, p.upper) for p in made.points} == {(value, value)}


def test_screening_that_would_leave_no_range_is_undone_and_told() -> None:
    values = [*[90] * 14, 91, *[90] * 6]
    made, unscreened = board(values), board(values, screen=False)
    assert made.points == unscreened.points
    assert "V113" in codes(made)
    assert "V113" not in codes(unscreened)
    assert causes(made).count(SpecialCause.BELOW_LIMIT) == 0
    theirs = chart(monthly(values), better="increase", profile="nhsr-0.2.2")
    assert causes(theirs).count(SpecialCause.BELOW_LIMIT) == 20


def test_a_rebase_date_outside_the_data_is_an_error() -> None:
    for outside in (date(2030, 1, 1), date(2021, 5, 2)):
        with pytest.raises(KpiError) as refused:
            board(list(ZIGZAG), rebase=[outside])
        assert [f.code for f in refused.value.findings] == ["V106"]


def test_a_rebase_at_a_missing_month_begins_its_group_there() -> None:
    made = chart([(month(0), 1), (month(2), 2)], better="increase", rebase=[month(1)])
    assert [p.group for p in made.points] == [0, 1, 1]


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(KpiError) as refused:
        chart(
            [(month(0), 1), (month(0), 2), (month(1), float("nan")), (month(2), Decimal("Infinity"))],
            better="increase",
            fix_after=3,
            rebase=[date(2030, 1, 1)],
            target=[(month(0), 1), (month(0), float("inf"))],
        )
    assert [f.code for f in refused.value.findings] == [
        "V101", "V102", "V102", "V103", "V104", "V105", "V106"
    ]  # fmt: skip


def test_limits_are_drawn_within_the_possible_range_and_no_verdict_changes() -> None:
    values: list[Number | None] = [Fraction(98, 100), 1] * 12
    free = board(values, target=1)
    kept = board(values, target=1, possible=(0, 1))
    assert isinstance(free.points[0].upper, Fraction)
    assert free.points[0].upper > 1
    assert {p.upper for p in kept.points} == {1}
    assert kept.points[0].lower == free.points[0].lower
    assert (causes(kept), kept.assurance) == (causes(free), free.assurance)
    assert {p.lower for p in board([1, 0] * 12, possible=(0, None)).points} == {0}


STEPS = [(month(12), 80), (month(0), 60), (month(30), 99)]


def test_the_target_in_force_is_drawn_at_each_date_and_the_last_one_is_judged() -> None:
    made = board(list(ZIGZAG), target=STEPS)
    assert [p.target for p in made.points] == [60] * 12 + [80] * 12
    assert (made.target, made.assurance) == (80, "consistent_fail")
    assert board(list(ZIGZAG), target=[(month(0), 45), (month(23), 60)]).assurance == "consistent_fail"
    assert board(list(ZIGZAG), target=[(month(0), 45), (month(24), 60)]).assurance == "consistent_pass"


def test_before_its_first_step_and_after_its_end_there_is_no_target() -> None:
    assert board(list(ZIGZAG), target=[(month(30), 60)]).assurance is None
    ended = board(list(ZIGZAG), target=[(month(0), 60), (month(20), None)])
    assert (ended.points[19].target, ended.points[20].target, ended.assurance) == (60, None, None)


def test_a_rebase_is_suggested_when_a_new_level_has_held_for_13_months_and_never_made() -> None:
    made = board([*ZIGZAG, *(x + 20 for x in ZIGZAG[:13])])
    assert made.suggested_rebase == month(24)
    assert {p.group for p in made.points} == {0}
    assert codes(made) == ["V118"]
    rebased = board([*ZIGZAG, *(x + 20 for x in ZIGZAG[:13])], rebase=[month(24)])
    assert (rebased.suggested_rebase, codes(rebased)) == (None, [])


@pytest.mark.parametrize(
    "values",
    [
        list(ZIGZAG),
        [*ZIGZAG, *(x + 20 for x in ZIGZAG[:12])],
        [*ZIGZAG[:6], *(x + 20 for x in ZIGZAG[:13])],
        [*ZIGZAG, *range(70, 84)],
        [*ZIGZAG, *(x + 20 for x in ZIGZAG[:13]), 51],
        [*ZIGZAG, *(x + 20 for x in ZIGZAG[:7]), None, *(x + 20 for x in ZIGZAG[:7])],
    ],
    ids=["no change", "12 only", "6 before", "still moving", "gone back", "not in a row"],
)
def test_no_rebase_is_suggested_without_the_evidence(values: list[Number | None]) -> None:
    assert board(values).suggested_rebase is None


def test_small_numbers_are_warned_of_with_the_false_alarms_to_expect() -> None:
    warning = small_numbers([40, None, 17])
    assert warning is not None
    assert "as few as 17" in warning.message
    assert "47%" in warning.message
    assert small_numbers([20, 40]) is small_numbers([None]) is None


def test_a_flag_that_comes_later_is_shown_as_revised() -> None:
    before = board([*ZIGZAG, 53, 54, 53, 54, 53])
    after = board([*ZIGZAG, 53, 54, 53, 54, 53, 54, 53])
    reported = {p.date: p.special_cause for p in before.points}
    assert {r.date for r in revised(reported, after)} >= {month(i) for i in range(24, 29)}
    assert revised(reported, after)[-1] == Revised(
        month(28), SpecialCause.COMMON_CAUSE, SpecialCause.RUN_ABOVE
    )
    assert revised(reported, before) == ()
