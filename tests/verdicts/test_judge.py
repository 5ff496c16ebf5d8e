"""A figure and a target make the one right verdict, and doubt never improves it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.rulebook.book import Baseline, Better, Kind, Operator, Over, Unit, Window
from kpi_engine.terms.measured import Measured
from kpi_engine.terms.measurement import Measurement, Origin, Reason
from kpi_engine.terms.returned import Validated
from kpi_engine.terms.verdict import Status, Verdict
from kpi_engine.verdicts.judge import judge_one, verdict_on
from tests.verdicts.build import (
    CHANGE,
    COUNT,
    PLAN_START,
    SHARE,
    at_least,
    baseline,
    figure,
    indicator,
    measured,
    month,
    none,
    parts,
)

DECEMBER = date(2023, 12, 31)


def said(one: object, *, targets: tuple[object, ...] = (at_least("17/20", DECEMBER),)) -> Verdict:
    assert isinstance(one, Measurement)
    measure = COUNT if one.measure == COUNT.id else SHARE
    return verdict_on(indicator(measure, *targets), one, plan_start=PLAN_START)  # type: ignore[arg-type]


def test_exact_threshold_passes() -> None:
    assert said(figure(SHARE, "2023-12", parts(17, 20))).status is Status.PASS


def test_just_below_the_threshold_fails_with_the_rows_needed() -> None:
    verdict = said(figure(SHARE, "2023-12", parts(16, 20)))
    assert (verdict.status, verdict.needed, verdict.gap) == (Status.FAIL, 1, Fraction(-1, 20))


def test_more_than_is_not_met_by_the_same_figure() -> None:
    targets = (at_least("9", op=Operator.MORE_THAN),)
    assert said(figure(COUNT, "2023-12", parts(9)), targets=targets).status is Status.FAIL
    assert said(figure(COUNT, "2023-12", parts(10)), targets=targets).status is Status.PASS


@pytest.mark.parametrize(("value", "status"), [("16", Status.PASS), ("16.1", Status.FAIL)])
def test_at_most_is_met_up_to_the_figure(value: str, status: Status) -> None:
    targets = (at_least("16", op=Operator.AT_MOST),)
    assert said(figure(COUNT, "2023-12", parts(value)), targets=targets).status is status


def test_before_its_date_a_target_is_not_due_even_without_data() -> None:
    verdict = said(none(SHARE, "2023-11", Reason.SHEET_MISSING))
    assert (verdict.status, verdict.reason, verdict.days_left) == (Status.NOT_DUE, Reason.NOT_IN_FORCE, 31)


def test_before_its_date_the_figure_and_gap_are_shown() -> None:
    verdict = said(figure(SHARE, "2023-11", parts(1, 2)))
    assert (verdict.status, verdict.value, verdict.gap) == (Status.NOT_DUE, Fraction(1, 2), Fraction(-7, 20))


@pytest.mark.parametrize(
    ("period", "status"), [("2023-05", Status.NOT_DUE), ("2023-06", Status.FAIL), ("2027-01", Status.FAIL)]
)
def test_an_undated_target_is_judged_from_the_start_of_the_plan(period: str, status: Status) -> None:
    assert said(figure(SHARE, period, parts(1, 2)), targets=(at_least("1"),)).status is status


def test_of_several_steps_the_latest_begun_judges_and_the_next_is_coming() -> None:
    steps = (at_least("1/2", date(2023, 12, 31)), at_least("3/4", date(2024, 12, 31)))
    early = said(figure(SHARE, "2024-11", parts(6, 10)), targets=steps)
    late = said(figure(SHARE, "2024-12", parts(6, 10)), targets=steps)
    assert (early.status, late.status) == (Status.PASS, Status.FAIL)
    assert early.coming is not None
    assert early.coming.value == Fraction(3, 4)


def test_an_ended_target_is_not_due() -> None:
    ended = at_least("1/2", date(2023, 6, 30), end=date(2024, 3, 31))
    assert said(figure(SHARE, "2024-03", parts(1, 9)), targets=(ended,)).status is Status.FAIL
    assert said(figure(SHARE, "2024-04", parts(1, 9)), targets=(ended,)).status is Status.NOT_DUE


def test_a_figure_without_a_target_is_not_assessed() -> None:
    verdict = said(figure(SHARE, "2024-03", parts(9, 9)), targets=())
    assert (verdict.status, verdict.reason) == (Status.NOT_ASSESSED, Reason.NO_TARGET)


@pytest.mark.parametrize("reason", [r for r in Reason if r not in (Reason.NOT_IN_FORCE, Reason.PERIOD_OPEN)])
def test_a_measurement_without_figure_is_not_assessed_for_its_own_reason(reason: Reason) -> None:
    verdict = said(none(SHARE, "2024-03", reason))
    assert (verdict.status, verdict.reason) == (Status.NOT_ASSESSED, reason)
    assert verdict.detail


def test_doubt_that_could_turn_the_verdict_is_not_assessed_with_both_figures() -> None:
    verdict = said(figure(SHARE, "2024-03", parts(16, 20), parts(18, 20), in_doubt=2))
    assert (verdict.status, verdict.reason) == (Status.NOT_ASSESSED, Reason.ROWS_IN_DOUBT)
    assert (verdict.value, verdict.best) == (Fraction(16, 20), Fraction(18, 20))


def test_doubt_that_changes_nothing_shows_the_figure_against_the_measure() -> None:
    passed = said(figure(SHARE, "2024-03", parts(18, 20), parts(20, 20), in_doubt=2))
    failed = said(figure(SHARE, "2024-03", parts(8, 20), parts(10, 20), in_doubt=2))
    assert (passed.status, passed.numerator) == (Status.PASS, 18)
    assert (failed.status, failed.numerator) == (Status.FAIL, 8)
    assert "2 rows in doubt" in passed.detail


def test_where_lower_is_better_doubt_raises_the_figure() -> None:
    rule = indicator(COUNT, at_least("16", op=Operator.AT_MOST), better=Better.LOWER)
    verdict = verdict_on(rule, figure(COUNT, "2024-03", parts(10), parts(12)), plan_start=PLAN_START)
    assert (verdict.status, verdict.value) == (Status.PASS, 12)


def test_nothing_against_something_is_in_doubt() -> None:
    verdict = said(figure(SHARE, "2024-03", parts(0, 0), parts(3, 3), in_doubt=3))
    assert verdict.reason is Reason.ROWS_IN_DOUBT


@pytest.mark.parametrize(("whole", "small"), [(19, True), (20, False)])
def test_a_share_of_fewer_than_20_is_judged_and_marked_small(whole: int, small: bool) -> None:  # noqa: FBT001
    verdict = said(figure(SHARE, "2024-03", parts(whole, whole)))
    assert (verdict.status, verdict.small) == (Status.PASS, small)


@given(
    st.integers(0, 40),
    st.integers(0, 40),
    st.integers(0, 40),
    st.fractions(0, 1),
    st.sampled_from(list(Operator)),
)
def test_widening_the_doubt_never_makes_a_pass(
    low: int, more: int, even_more: int, target: Fraction, op: Operator
) -> None:
    rule = indicator(SHARE, at_least(str(target), op=op))
    whole = low + more + even_more + 1
    narrow = figure(SHARE, "2024-03", parts(low, whole), parts(low + more, whole))
    wide = figure(SHARE, "2024-03", parts(max(0, low - 1), whole), parts(low + more + even_more, whole))
    before = verdict_on(rule, narrow, plan_start=PLAN_START).status
    after = verdict_on(rule, wide, plan_start=PLAN_START).status
    assert before is Status.PASS or after is not Status.PASS


# ── Windows ──────────────────────────────────────────────────────────────────

ROLLING = replace(SHARE, window=Window.ROLLING_12_MONTHS, over=Over.SUM)


def last_verdict(
    measure: object, at: str, *figures: object, target: str = "95/100", **more: object
) -> Verdict:
    rule = indicator(measure, at_least(target))  # type: ignore[arg-type]
    data = replace(measured(*figures), **more)  # type: ignore[arg-type]
    return judge_one(rule, month(at), data, plan_start=PLAN_START)


def months_of(measure: object, first: str, count: int, numerator: int, denominator: int) -> list[object]:
    begin = month(first)
    return [
        figure(measure, str(begin.plus(i)), parts(numerator, denominator))  # type: ignore[arg-type]
        for i in range(count)
    ]


def test_a_rolling_share_adds_twelve_months_and_no_more() -> None:
    old_misses = months_of(ROLLING, "2023-01", 3, 0, 10)
    verdict = last_verdict(ROLLING, "2024-03", *old_misses, *months_of(ROLLING, "2023-04", 12, 10, 10))
    assert (verdict.status, verdict.numerator, verdict.denominator) == (Status.PASS, 120, 120)


def test_a_rolling_share_begins_with_the_first_return_there_is() -> None:
    verdict = last_verdict(ROLLING, "2023-06", *months_of(ROLLING, "2023-04", 3, 10, 10))
    assert verdict.status is Status.PASS
    assert verdict.measured is not None
    assert len(verdict.measured.months) == 3


def test_a_month_missing_inside_the_window_is_named() -> None:
    figures = months_of(ROLLING, "2023-04", 12, 10, 10)
    del figures[4]
    verdict = last_verdict(ROLLING, "2024-03", *figures)
    assert (verdict.status, verdict.reason) == (Status.NOT_ASSESSED, Reason.MONTHS_MISSING)
    assert "August 2023" in verdict.detail


def test_an_all_target_with_a_known_miss_fails_though_a_month_is_missing() -> None:
    figures = months_of(ROLLING, "2023-04", 12, 9, 10)
    del figures[4]
    assert last_verdict(ROLLING, "2024-03", *figures, target="1").status is Status.FAIL


def test_an_all_target_without_known_miss_is_not_assessed_when_a_month_is_missing() -> None:
    figures = months_of(ROLLING, "2023-04", 12, 10, 10)
    del figures[4]
    assert last_verdict(ROLLING, "2024-03", *figures, target="1").reason is Reason.MONTHS_MISSING


def test_a_month_of_nothing_due_is_no_gap() -> None:
    figures = months_of(ROLLING, "2023-04", 12, 10, 10)
    figures[4] = none(ROLLING, "2023-08", Reason.NOTHING_DUE)
    verdict = last_verdict(ROLLING, "2024-03", *figures)
    assert (verdict.status, verdict.denominator) == (Status.PASS, 110)


def test_an_empty_sheet_in_the_window_is_a_gap() -> None:
    figures = months_of(ROLLING, "2023-04", 12, 10, 10)
    figures[4] = none(ROLLING, "2023-08", Reason.NO_DENOMINATOR)
    assert last_verdict(ROLLING, "2024-03", *figures).reason is Reason.MONTHS_MISSING


def test_the_judged_month_s_own_absence_has_its_own_reason() -> None:
    figures = months_of(ROLLING, "2023-04", 11, 10, 10)
    late = none(ROLLING, "2024-03", Reason.SHEET_MISSING)
    assert last_verdict(ROLLING, "2024-03", *figures, late).reason is Reason.SHEET_MISSING
    assert last_verdict(ROLLING, "2024-03", *figures).reason is Reason.NO_RETURN


def test_nothing_due_in_the_whole_window_is_nothing_due() -> None:
    figures = [none(ROLLING, f"2024-0{i}", Reason.NOTHING_DUE) for i in (1, 2, 3)]
    verdict = last_verdict(ROLLING, "2024-03", *figures)
    assert (verdict.status, verdict.reason) == (Status.NOT_ASSESSED, Reason.NOTHING_DUE)


ONCE_A_QUARTER = replace(COUNT, kind=Kind.OCCURRENCE, window=Window.QUARTER, over=Over.EACH)


def test_a_quarter_is_judged_only_when_it_ends() -> None:
    figures = [figure(ONCE_A_QUARTER, f"2024-0{i}", parts(n)) for i, n in ((1, 0), (2, 1), (3, 0))]
    february = last_verdict(ONCE_A_QUARTER, "2024-02", *figures, target="1")
    march = last_verdict(ONCE_A_QUARTER, "2024-03", *figures, target="1")
    assert (february.status, february.reason) == (Status.NOT_DUE, Reason.PERIOD_OPEN)
    assert (february.days_left, february.on_course) == (31, True)
    assert (march.status, march.value) == (Status.PASS, 1)


def test_the_quarter_that_ends_as_the_plan_starts_is_judged() -> None:
    figures = [figure(ONCE_A_QUARTER, f"2023-0{i}", parts(0)) for i in (4, 5, 6)]
    assert last_verdict(ONCE_A_QUARTER, "2023-06", *figures, target="1").status is Status.FAIL


def test_a_count_that_already_suffices_passes_without_the_missing_month() -> None:
    figures = [figure(ONCE_A_QUARTER, f"2024-0{i}", parts(1)) for i in (1, 3)]
    verdict = last_verdict(ONCE_A_QUARTER, "2024-03", *figures, target="1")
    assert verdict.status is Status.PASS
    assert "February 2024" in verdict.detail
    assert last_verdict(ONCE_A_QUARTER, "2024-03", *figures, target="3").reason is Reason.MONTHS_MISSING


ONCE_A_MONTH = replace(COUNT, kind=Kind.OCCURRENCE, over=Over.EACH)


def test_a_quarter_of_once_a_month_fails_with_its_worst_month() -> None:
    figures = [figure(ONCE_A_MONTH, f"2024-0{i}", parts(n)) for i, n in ((1, 1), (2, 0), (3, 1))]
    verdict = last_verdict(ONCE_A_MONTH, "2023/24-Q4", *figures, target="1")
    assert (verdict.status, verdict.value, str(verdict.period)) == (Status.FAIL, 0, "2023/24-Q4")
    assert "2 of 3" in verdict.detail


def test_a_quarter_of_events_is_the_sum_and_of_a_snapshot_the_last_month() -> None:
    events = replace(SHARE, over=Over.SUM)
    figures = [figure(SHARE, f"2024-0{i}", parts(n, 10)) for i, n in ((1, 1), (2, 2), (3, 10))]
    assert last_verdict(events, "2023/24-Q4", *figures).numerator == 13
    assert last_verdict(SHARE, "2023/24-Q4", *figures).numerator == 10


# ── Change against a baseline ────────────────────────────────────────────────

MARCH = date(2024, 3, 31)


def referrals(
    at: str, per_month: int, months: int, base: Baseline | None, *, first: str = "2023-04"
) -> Verdict:
    figures = [figure(CHANGE, str(month(first).plus(i)), parts(per_month)) for i in range(months)]
    bases = () if base is None else (base,)
    return judge_one(
        indicator(CHANGE, at_least("2/5", MARCH)),
        month(at),
        measured(*figures),
        plan_start=PLAN_START,
        baselines=bases,
    )


MONTHLY = baseline("2022-04", "2023-03", months=(5,) * 12)


def test_forty_per_cent_more_is_met_exactly() -> None:
    verdict = referrals("2024-03", 7, 12, MONTHLY)
    assert (verdict.status, verdict.value, verdict.numerator) == (Status.PASS, Fraction(2, 5), 84)
    assert (verdict.baseline, verdict.gap) == (60, 0)


def test_one_referral_short_of_forty_per_cent_fails() -> None:
    verdict = referrals("2024-03", 6, 12, MONTHLY)
    assert (verdict.status, verdict.needed) == (Status.FAIL, 12)


def test_before_the_due_date_the_year_to_date_is_on_course_or_not() -> None:
    on = referrals("2023-08", 7, 5, MONTHLY)
    off = referrals("2023-08", 6, 5, MONTHLY)
    assert (on.status, on.on_course, on.numerator, on.baseline) == (Status.NOT_DUE, True, 35, 25)
    assert (off.status, off.on_course) == (Status.NOT_DUE, False)


def test_with_only_a_yearly_total_there_is_no_on_course_line() -> None:
    yearly = baseline("2022-04", "2023-03", total=60)
    assert referrals("2023-08", 7, 5, yearly).on_course is None
    assert referrals("2024-03", 7, 12, yearly).status is Status.PASS


def test_after_the_due_date_the_latest_twelve_months_are_compared_with_the_same_baseline() -> None:
    verdict = referrals("2024-08", 7, 17, MONTHLY)
    assert (verdict.status, verdict.numerator) == (Status.PASS, 84)
    assert str(verdict.window[0]) == "2023-09"


@pytest.mark.parametrize(
    "base", [None, baseline("2022-04", "2023-03", total=0), baseline("2022-04", "2023-03")]
)
def test_an_unknown_or_zero_baseline_is_not_assessed(base: Baseline | None) -> None:
    assert referrals("2024-03", 7, 12, base).reason is Reason.BASELINE_UNKNOWN


def test_a_baseline_of_another_council_is_unknown() -> None:
    assert referrals("2024-03", 7, 12, replace(MONTHLY, authority="E2")).reason is Reason.BASELINE_UNKNOWN


def test_a_change_needs_every_month_unless_it_is_reached_already() -> None:
    assert referrals("2024-03", 7, 11, MONTHLY, first="2023-05").reason is Reason.MONTHS_MISSING
    assert referrals("2024-03", 8, 11, MONTHLY, first="2023-05").status is Status.PASS


def test_a_snapshot_s_change_is_a_number_more_than_the_baseline() -> None:
    stock = replace(CHANGE, over=Over.LAST, unit=Unit.NUMBER, change_as=Unit.NUMBER)
    bases = (baseline("2023-06", "2023-06", total=9),)
    rule = indicator(stock, at_least("0", op=Operator.MORE_THAN))
    for now, status in ((9, Status.FAIL), (10, Status.PASS)):
        one = measured(figure(stock, "2024-03", parts(now)))
        verdict = judge_one(rule, month("2024-03"), one, plan_start=PLAN_START, baselines=bases)
        assert (verdict.status, verdict.value) == (status, now - 9)


# ── Validation ───────────────────────────────────────────────────────────────


def test_a_figure_is_validated_only_if_every_month_behind_it_is() -> None:
    origins = (Origin(month("2024-02"), "f.xlsx", "S"), Origin(month("2024-03"), "g.xlsx", "S"))
    figures = (figure(ROLLING, "2024-02", parts(1, 1)), figure(ROLLING, "2024-03", parts(1, 1)))
    with_origins = tuple(replace(f, origins=(o,)) for f, o in zip(figures, origins, strict=True))
    states = {month("2024-02"): Validated.NO, month("2024-03"): Validated.YES}
    verdict = last_verdict(ROLLING, "2024-03", *with_origins, validated=states)
    assert verdict.validated is Validated.NO


def test_without_any_return_validation_is_unknown() -> None:
    nothing = Measured("E1", {}, {})
    verdict = judge_one(indicator(SHARE, at_least("1")), month("2024-03"), nothing, plan_start=PLAN_START)
    assert (verdict.validated, verdict.reason) == (None, Reason.NO_RETURN)
