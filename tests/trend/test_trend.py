"""Trends: one figure a month, the target in force at each, rebases as decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.rulebook.book import Better, Kind, Operator, Over, Target, Unit, Window
from kpi_engine.terms.measurement import Parts, Reason
from kpi_engine.terms.period import Period
from kpi_engine.trend import Trend, revisions, trends
from kpi_engine.variation import Assurance, AssuranceIcon, Direction, Evidence, SpecialCause, Variation
from tests.reports.build import indicator as rule
from tests.reports.build import rulebook
from tests.trend.build import (
    APRIL,
    MARCH_2025,
    RULES,
    SIDE,
    STEADY,
    count,
    rebase,
    records,
    share,
    trend_of,
    world,
)
from tests.verdicts.build import COUNT, SHARE, at_least, baseline, figure, indicator, measured, parts

SNAPSHOT = replace(COUNT, kind=Kind.CHANGE, over=Over.LAST, baseline="base", change_as=Unit.NUMBER)
MORE = at_least("12", op=Operator.MORE_THAN)


def values(trend: Trend) -> list[Fraction | None]:
    return [month.value for month in trend.months]


def aims(trend: Trend) -> list[Fraction | None]:
    return [month.target for month in trend.months]


def change(
    *targets: Target, as_: Unit = Unit.NUMBER, over: Over = Over.LAST, base: int | None = 100
) -> Trend:
    one = indicator(replace(SNAPSHOT, change_as=as_, over=over), *targets)
    known = () if base is None else (baseline("2023-06", "2023-06", total=base),)
    book = replace(rulebook(one), baselines=known)
    return trends(book, measured(*records(one, [100, 110, 120] * 5)), APRIL.plus(14))[0]


# ── The months ───────────────────────────────────────────────────────────────


def test_a_month_without_a_return_stays_in_the_series_with_its_reason() -> None:
    trend = trend_of(share(), [(1, 2), None, (2, 2)])
    assert values(trend) == [Fraction(1, 2), None, 1]
    assert trend.months[1].reason is Reason.NO_RETURN


def test_the_series_begins_at_the_first_month_with_a_figure() -> None:
    trend = trend_of(share(), [Reason.SHEET_MISSING, None, (1, 2)])
    assert [str(m.period) for m in trend.months] == ["2023-06"]


def test_the_series_goes_on_to_the_period_asked_though_no_return_came() -> None:
    trend = trend_of(share(), STEADY[:8], to=10)
    assert values(trend)[-2:] == [None, None]
    assert trend.chart is not None
    assert trend.chart.variation is None


def test_months_after_the_period_are_not_charted() -> None:
    trend = trend_of(share(), STEADY, to=9)
    assert trend.chart is not None
    assert trend.chart.evidence is Evidence.TRIAL
    assert len(trend.months) == 9


def test_no_figure_at_all_is_an_empty_series() -> None:
    trend = trend_of(share(), [Reason.NO_RETURN, None])
    assert trend.months == ()
    assert trend.chart is not None
    assert trend.chart.points == ()
    assert trend.chart.variation is None


@pytest.mark.parametrize(("better", "value"), [(Better.HIGHER, "1/4"), (Better.LOWER, "3/4")])
def test_rows_in_doubt_count_against_the_measure(better: Better, value: str) -> None:
    op = Operator.AT_LEAST if better is Better.HIGHER else Operator.AT_MOST
    one = indicator(SHARE, at_least("1/2", op=op), better=better)
    held = measured(figure(SHARE, "2023-04", parts(1, 4), parts(3, 4), in_doubt=2))
    assert trends(rulebook(one), held, APRIL)[0].months[0].value == Fraction(value)


def test_nothing_to_count_unless_the_doubt_says_otherwise_is_a_month_in_doubt() -> None:
    one = share()
    doubtful = figure(SHARE, "2023-05", parts(0, 0), parts(1, 1), in_doubt=1)
    held = measured(figure(SHARE, "2023-04", parts(1, 2)), doubtful)
    assert trends(rulebook(one), held, APRIL.plus(1))[0].months[1].reason is Reason.ROWS_IN_DOUBT


def test_the_months_own_figure_is_charted_not_that_of_its_window() -> None:
    rolling = replace(SHARE, window=Window.ROLLING_12_MONTHS, window_from_table=True)
    one = indicator(rolling, at_least("1"))
    held = measured(figure(SHARE, "2023-04", parts(1, 2)))
    month = held.records[APRIL]
    whole = {SHARE.id: figure(SHARE, "2023-04", parts(11, 12))}
    held = replace(held, records={APRIL: replace(month, whole=whole)})
    trend = trends(rulebook(one), held, APRIL)[0]
    assert values(trend) == [Fraction(1, 2)]
    assert trend.rolling


# ── The target in force ──────────────────────────────────────────────────────


def test_the_target_drawn_is_the_one_in_force_at_each_month() -> None:
    one = share(at_least("1/2"), at_least("3/4", date(2023, 8, 31), end=date(2023, 9, 30)))
    trend = trend_of(one, STEADY[:7])
    before, first, second = None, Fraction(1, 2), Fraction(3, 4)
    assert aims(trend) == [before, before, first, first, second, second, None]
    assert trend.no_target == "The target has ended."


def test_assurance_uses_the_target_in_force_at_the_latest_month() -> None:
    low = trend_of(share(at_least("1/2"), at_least("19/20", date(2025, 4, 30))), STEADY)
    high = trend_of(share(at_least("1/2"), at_least("19/20", date(2025, 3, 31))), STEADY)
    assert low.chart is not None
    assert high.chart is not None
    assert low.chart.assurance is Assurance.CONSISTENT_PASS
    assert high.chart.assurance is Assurance.CONSISTENT_FAIL


def test_a_target_to_come_is_not_drawn_and_its_date_is_told() -> None:
    trend = trend_of(share(at_least("1", date(2025, 6, 30))), STEADY)
    assert set(aims(trend)) == {None}
    assert trend.no_target == "The target is not in force before 30 June 2025."


def test_a_stated_target_is_that_of_the_months_own_row() -> None:
    stated = replace(SHARE, kind=Kind.STATED, value="figure", numerator=None)
    target = replace(at_least("1"), value=None, column="target")
    one = indicator(stated, target)
    rows = [
        replace(record, stated_target=aim)
        for record, aim in zip(records(one, [1, 1, 1]), (None, Fraction(2), None), strict=True)
    ]
    rows = [replace(row, period=row.period.plus(3), months=()) for row in rows]
    trend = trends(rulebook(one), measured(*rows), APRIL.plus(5))[0]
    assert aims(trend) == [None, 2, None]
    assert trend.no_target == "No target is stated for the latest month."


def test_a_change_in_what_stands_is_charted_as_the_count_that_meets_it() -> None:
    assert aims(change(at_least("20")))[-1] == 120
    assert aims(change(at_least("1/5"), as_=Unit.PERCENT))[-1] == 120
    assert change(at_least("1/5"), as_=Unit.PERCENT).unit is Unit.NUMBER


def test_a_change_without_its_baseline_has_no_target_to_draw() -> None:
    trend = change(at_least("20"), base=None)
    assert set(aims(trend)) == {None}
    assert "not known" in trend.no_target


def test_a_change_over_many_months_has_no_monthly_target() -> None:
    trend = change(at_least("1/5"), as_=Unit.PERCENT, over=Over.SUM)
    assert set(aims(trend)) == {None}
    assert "one month has none" in trend.no_target


@pytest.mark.parametrize("kind", [Kind.COUNT, Kind.OCCURRENCE])
def test_a_count_promised_for_a_quarter_has_no_monthly_target(kind: Kind) -> None:
    one = indicator(replace(COUNT, kind=kind, window=Window.QUARTER), at_least("1"))
    assert trend_of(one, [0, 0, 1] * 5).no_target.startswith("The target is for a whole quarter")


def test_a_share_over_twelve_months_has_its_target_each_month() -> None:
    one = indicator(replace(SHARE, window=Window.ROLLING_12_MONTHS), at_least("1"))
    assert aims(trend_of(one, STEADY))[-1] == 1


def test_standing_exactly_at_a_more_than_target_will_not_meet_it() -> None:
    level, above = trend_of(count(MORE), [12] * 14), trend_of(count(MORE), [13] * 14)
    assert level.chart is not None
    assert above.chart is not None
    assert level.chart.assurance is Assurance.CONSISTENT_FAIL
    assert level.chart.assurance_icon is AssuranceIcon.FAIL
    assert above.chart.assurance is Assurance.CONSISTENT_PASS


def test_a_more_than_target_at_the_upper_limit_itself_is_out_of_reach() -> None:
    swing = [10, 11] * 8
    upper = Fraction("10.5") + Fraction("2.66")
    trend = trend_of(count(at_least(str(upper), op=Operator.MORE_THAN)), swing)
    reached = trend_of(count(at_least(str(upper))), swing)
    assert trend.chart is not None
    assert reached.chart is not None
    assert trend.chart.assurance is Assurance.CONSISTENT_FAIL
    assert reached.chart.assurance is Assurance.INCONSISTENT


# ── The chart ────────────────────────────────────────────────────────────────


def test_limits_of_a_share_are_drawn_between_none_and_all() -> None:
    trend = trend_of(share(), [(0, 10), (10, 10)] * 8)
    assert trend.chart is not None
    assert (trend.chart.points[-1].lower, trend.chart.points[-1].upper) == (0, 1)


def test_lower_is_better_turns_a_rise_into_concern() -> None:
    one = indicator(COUNT, at_least("9", op=Operator.AT_MOST), better=Better.LOWER)
    trend = trend_of(one, [5, 6] * 7 + [40])
    assert trend.chart is not None
    assert trend.chart.variation is Variation.CONCERN


def test_a_rebase_begins_a_new_group_at_its_month() -> None:
    trend = trend_of(share(), STEADY, rebase("a-share", "2024-01"))
    assert trend.chart is not None
    assert [p.group for p in trend.chart.points] == [0] * 9 + [1] * 15
    assert [r.first for r in trend.rebases] == [Period.parse("2024-01")]


@pytest.mark.parametrize("other", [{"measure": "a-count"}, {"authority": "E2"}])
def test_a_rebase_of_another_measure_or_council_changes_nothing(other: dict[str, str]) -> None:
    decided = replace(rebase("a-share", "2024-01"), **other)  # type: ignore[arg-type]  # texts only
    assert trend_of(share(), STEADY, decided) == trend_of(share(), STEADY)


@pytest.mark.parametrize("first", ["2023-03", "2025-04"])
def test_a_rebase_outside_the_figures_is_a_fault_of_that_measure_alone(first: str) -> None:
    trend = trend_of(share(), STEADY, rebase("a-share", first))
    assert trend.chart is None
    assert [f.code for f in trend.faults] == ["V119"]
    assert trend.faults[0].file == "rules/rebases.yaml"
    assert values(trend) == values(trend_of(share(), STEADY))


def test_a_rebase_after_the_period_waits() -> None:
    trend = trend_of(share(), STEADY, rebase("a-share", "2024-06"), to=12)
    assert trend == trend_of(share(), STEADY, to=12)


def test_a_rebase_is_suggested_and_never_done() -> None:
    moved = [*STEADY[:8], *((n + 15, 100) for n in (80, 81, 79, 80, 82, 79, 81, 80) * 2)]
    trend = trend_of(share(), moved)
    assert trend.chart is not None
    assert trend.chart.suggested_rebase == date(2023, 12, 31)
    assert "V118" in [w.code for w in trend.warnings]
    assert {p.group for p in trend.chart.points} == {0}


def test_later_months_that_change_an_earlier_flag_are_told() -> None:
    later = [(n, 100) for n in (86, 88, 87, 88, 86, 87, 88)]
    run = trend_of(share(), [*STEADY[:12], *later])
    changed = {str(Period.of(one.date)): (one.reported, one.now) for one in revisions(run)}
    assert changed["2024-04"] == (SpecialCause.COMMON_CAUSE, SpecialCause.RUN_ABOVE)
    assert "2024-10" not in changed


def test_a_steady_series_has_no_flag_that_changed() -> None:
    assert revisions(trend_of(share(), STEADY)) == ()


# ── What is told ─────────────────────────────────────────────────────────────


def test_small_denominators_are_told_with_the_false_alarms_to_expect() -> None:
    told = {w.code: w.message for w in trend_of(share(), [(9, 10), (18, 20)] * 7).warnings}
    assert "as few as 10" in told["V117"]
    assert "18%" in told["V117"]
    assert "V117" not in [w.code for w in trend_of(share(), STEADY).warnings]
    assert "V117" not in [w.code for w in trend_of(count(), [9, 10] * 7).warnings]


def test_a_month_with_nothing_due_is_no_missing_figure() -> None:
    trend = trend_of(share(), [*STEADY[:13], None, Reason.NOTHING_DUE])
    told = {w.code: w.message for w in trend.warnings}
    assert told["V115"] == "1 figures are missing (2024-05); nothing is bridged over them."
    assert "2024-06" in told["V130"]
    assert "V116" not in told


def test_a_latest_month_without_a_return_is_told() -> None:
    assert "V116" in [w.code for w in trend_of(share(), [*STEADY, None]).warnings]


# ── Which trends ─────────────────────────────────────────────────────────────


def test_one_trend_an_indicator_in_the_rulebooks_order() -> None:
    held = measured(*(one for held, given in RULES for one in records(held, given)))
    book = rulebook(*(held for held, _ in RULES))
    assert [t.measure for t in trends(book, held, MARCH_2025)] == [held.id for held, _ in RULES]
    assert [t.measure for t in trends(book, held, MARCH_2025, only=["books", "good-reviews"])] == [
        "good-reviews",
        "books",
    ]


def test_a_figure_beside_has_no_better_side_and_no_target() -> None:
    beside = next(t for t in world()[0] if t.beside)
    assert (beside.measure, beside.indicator, beside.short) == (SIDE.id, "reviews", SIDE.title)
    assert beside.chart is not None
    assert beside.chart.better is Direction.NEUTRAL
    assert (beside.chart.assurance, beside.no_target) == (None, "")


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=20))
def test_doubt_never_improves_a_month(bounds: list[tuple[int, int]]) -> None:
    one = count()
    figures = [
        figure(COUNT, str(APRIL.plus(n)), Parts(Fraction(low)), Parts(Fraction(low + more)), in_doubt=more)
        for n, (low, more) in enumerate(bounds)
    ]
    doubtful = trends(rulebook(one), measured(*figures), APRIL.plus(len(bounds) - 1))[0]
    assert values(doubtful) == [low for low, _ in bounds]


@given(st.lists(st.one_of(st.none(), st.integers(0, 30)), min_size=1, max_size=30))
def test_other_measures_never_change_a_trend(given_: list[int | None]) -> None:
    one, other = rule("one", "One", COUNT, at_least("12")), rule("other", "Other", COUNT)
    mine = records(one, given_)
    period = APRIL.plus(len(given_) - 1)
    alone = trends(rulebook(one), measured(*mine), period)
    both = trends(rulebook(other, one), measured(*mine, *records(other, [5] * 30)), period, only=["one"])
    # The other measure's months are returns too, so mine may be reasoned otherwise, never valued otherwise.
    assert [values(t) for t in alone] == [values(t) for t in both]
