"""No reader of a board's packs can work out a small count, whatever was printed before."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import pytest
import z3  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi_engine.reports.board.disclosure import Disclosure, Edition, Level, disclosures, rounded
from kpi_engine.reports.board.inference import (
    Bound,
    Small,
    gives_away,
    nothing_known,
    with_facts,
    with_months,
)
from kpi_engine.rulebook.book import Better, Kind, Operator, Over, Unit, Window
from kpi_engine.rulebook.pack import Audience, ZeroRule
from kpi_engine.terms.expression import ALWAYS, AllOf, ColumnRef, IsTrue
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import Period
from kpi_engine.terms.table import ColumnType
from kpi_engine.terms.verdict import Status
from kpi_engine.verdicts.judge import judge
from tests.reports.build import rulebook as small_rulebook
from tests.verdicts.build import CHANGE, COUNT, SHARE, at_least, baseline, figure, indicator, measured, parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kpi_engine.rulebook.book import Baseline, Indicator, Measure, RuleBook
    from kpi_engine.terms.measured import Measured
    from kpi_engine.terms.measurement import Measurement
    from kpi_engine.terms.verdict import Verdict

APRIL = Period.parse("2024-04")
PUBLIC = Audience("public", 5, 1, ZeroRule.SHOWN, case_cells=False)
INTERNAL = replace(PUBLIC, threshold=0)
STOCK = replace(COUNT, over=Over.LAST)
ROLLING_COUNT = replace(COUNT, window=Window.ROLLING_12_MONTHS)
QUARTER_COUNT = replace(COUNT, window=Window.QUARTER)
ROLLING = replace(SHARE, window=Window.ROLLING_12_MONTHS, over=Over.SUM)
Counts = tuple[int, ...]  # numerator and denominator, or a count


def yes(column: str) -> IsTrue:
    return IsTrue(ColumnRef(column, ColumnType.YES_NO))


def months(count: int, first: Period = APRIL) -> list[Period]:
    return [first.plus(i) for i in range(count)]


def series(measure: Measure, *counts: Counts) -> list[Measurement]:
    return [figure(measure, str(m), parts(*c)) for m, c in zip(months(len(counts)), counts, strict=True)]


def book(*indicators: Indicator, baselines: tuple[Baseline, ...] = ()) -> RuleBook:
    made = small_rulebook(*indicators)
    return replace(made, plan=replace(made.plan, start=date(2023, 1, 1)), baselines=baselines)


@dataclass(frozen=True, slots=True)
class Pack:
    period: Period
    verdicts: dict[str, Verdict]
    shown: dict[str, Disclosure]


def packs(
    rules: RuleBook, held: Measured, periods: Sequence[Period], audience: Audience = PUBLIC
) -> list[Pack]:
    """Every pack as its board got it."""
    judged = {p: judge(rules, p, held) for p in periods}
    return [
        Pack(
            period,
            {v.indicator: v for v in judged[period]},
            dict(
                disclosures(
                    rules, held, periods[: n + 1], audience, list(rules.indicators), judged.__getitem__
                )
            ),
        )
        for n, period in enumerate(periods)
    ]


def shown(one: Indicator, *counts: Counts, audience: Audience = PUBLIC) -> list[Disclosure]:
    """What each month's pack shows of the one measure."""
    held = measured(*series(one.measure, *counts))
    return [pack.shown[one.id] for pack in packs(book(one), held, months(len(counts)), audience)]


def levels(one: Indicator, *counts: Counts, audience: Audience = PUBLIC) -> list[Level]:
    return [pack.level for pack in shown(one, *counts, audience=audience)]


# ── What one pack alone would tell ───────────────────────────────────────────


def test_large_plain_series_are_open() -> None:
    for measure in (SHARE, ROLLING):
        (*_, last) = shown(indicator(measure, at_least("0.9")), *[(60 + n, 80 + n) for n in range(24)])
        assert (last.level, last.state, last.last, last.reason) == (Level.OPEN, True, True, "")
    for count in (COUNT, STOCK, ROLLING_COUNT, QUARTER_COUNT):
        assert set(levels(indicator(count, at_least("12")), *[(10 + n,) for n in range(24)])) == {Level.OPEN}


def test_large_windows_of_small_months_are_shown_without_the_months() -> None:
    counts = [(3 + n % 4, 7 + n % 5) for n in range(24)]
    last = shown(indicator(ROLLING, at_least("0.9")), *counts)[-1]
    assert (last.level, last.figure, last.months) == (Level.WINDOW, True, False)


@pytest.mark.parametrize("counts", [(3, 30), (1, 30), (5, 30), (27, 30), (29, 30), (25, 30), (0, 3), (3, 3)])
def test_a_small_numerator_complement_or_denominator_closes_the_figure(counts: Counts) -> None:
    (only,) = shown(indicator(SHARE, at_least("1")), counts)
    assert (only.level, only.figure, only.months, only.last) == (Level.CLOSED, False, False, False)


@pytest.mark.parametrize("counts", [(6, 30), (24, 30), (30, 30), (0, 30), (0, 0), (6, 6)])
def test_counts_of_none_all_and_above_the_threshold_are_shown(counts: Counts) -> None:
    assert levels(indicator(SHARE, at_least("1")), counts) == [Level.OPEN]


def test_zero_of_some_is_kept_back_where_the_audience_says_so() -> None:
    strict = replace(PUBLIC, zero=ZeroRule.SUPPRESSED)
    assert levels(indicator(SHARE, at_least("1")), (0, 30), audience=strict) == [Level.CLOSED]
    assert levels(indicator(SHARE, at_least("1")), (30, 30), audience=strict) == [Level.CLOSED]
    assert levels(indicator(SHARE, at_least("1")), (10, 30), audience=strict) == [Level.OPEN]
    assert levels(indicator(STOCK, at_least("9")), (0,), audience=strict) == [Level.CLOSED]


def test_a_threshold_of_one_keeps_nought_back_too_for_else_the_mark_says_one() -> None:
    (none, one) = shown(indicator(STOCK, at_least("9")), (0,), (1,), audience=replace(PUBLIC, threshold=1))
    assert none.level is one.level is Level.CLOSED
    assert none.reason == one.reason


def test_an_audience_without_threshold_sees_everything() -> None:
    (only,) = shown(indicator(SHARE, at_least("1")), (1, 3), audience=INTERNAL)
    assert (only.level, only.state, only.last, only.doubt) == (Level.OPEN, True, True, True)


def test_what_counts_things_is_open() -> None:
    things = replace(indicator(COUNT, at_least("1")), disclosive=False)
    assert levels(things, (1,), (0,), (2,)) == [Level.OPEN] * 3


def test_a_share_without_counts_is_closed_for_its_denominator_may_be_guessed() -> None:
    stated = replace(SHARE, kind=Kind.STATED, numerator=None, value="figure")
    held = measured(figure(stated, str(APRIL), parts("1/3")))
    rules = book(indicator(stated, at_least("1")))
    (pack,) = packs(rules, held, [APRIL])
    assert pack.shown[stated.id].level is Level.CLOSED


def test_full_time_equivalents_are_held_against_the_threshold_too() -> None:
    weighed = replace(SHARE, weight="fte")
    held = measured(figure(weighed, str(APRIL), parts("17.3", "20.5")))
    assert packs(book(indicator(weighed)), held, [APRIL])[0].shown[weighed.id].level is Level.CLOSED
    held = measured(figure(weighed, str(APRIL), parts("10.3", "20.5")))
    assert packs(book(indicator(weighed)), held, [APRIL])[0].shown[weighed.id].level is Level.OPEN


# ── What packs tell together ─────────────────────────────────────────────────


def test_a_small_month_takes_the_chart_away_for_good_and_not_the_figure() -> None:
    assert levels(indicator(STOCK, at_least("1")), (10,), (3,), (10,)) == [
        Level.OPEN,
        Level.CLOSED,
        Level.WINDOW,
    ]


def test_last_months_figure_is_shown_only_where_it_was() -> None:
    after_closed, after_window = shown(indicator(STOCK, at_least("1")), (10,), (3,), (10,), (11,))[2:]
    assert (after_closed.level, after_closed.last) == (Level.WINDOW, False)
    assert (after_window.level, after_window.last) == (Level.WINDOW, True)


@pytest.mark.parametrize("measure", [ROLLING_COUNT, QUARTER_COUNT])
def test_two_packs_of_a_growing_window_do_not_differ_by_a_small_month(measure: Measure) -> None:
    one = indicator(measure, at_least("50"))
    assert levels(one, (10,), (3,)) == [Level.OPEN, Level.CLOSED]
    assert levels(one, (10,), (3,), (8,)) == [Level.OPEN, Level.CLOSED, Level.WINDOW]  # 3 and 8 together
    assert levels(one, (10,), (3,), (2,)) == [Level.OPEN, Level.CLOSED, Level.CLOSED]  # 3 and 2 together


def test_a_share_of_a_growing_window_keeps_the_months_missed_apart() -> None:
    assert levels(indicator(ROLLING, at_least("0.9")), (30, 40), (38, 40)) == [Level.OPEN, Level.CLOSED]


def test_a_change_against_a_baseline_keeps_its_small_month_back() -> None:
    base = baseline("2023-04", "2024-03", months=(1,) * 12, total=12)
    one = indicator(CHANGE, at_least("0.4", date(2025, 3, 31)))
    held = measured(*series(CHANGE, (8,), (3,), (4,)))
    found = [p.shown[one.id] for p in packs(book(one, baselines=(base,)), held, months(3))]
    assert [d.level for d in found] == [Level.OPEN, Level.CLOSED, Level.WINDOW]


def test_a_window_of_nought_does_not_uncover_the_window_that_holds_it() -> None:
    one = indicator(QUARTER_COUNT, at_least("50"))
    assert levels(one, (10,), (3,), (0,)) == [Level.OPEN, Level.CLOSED, Level.CLOSED]


def test_nought_over_a_run_makes_each_of_its_months_nought() -> None:
    known = with_months(nothing_known(1), 4)
    apart = with_facts(known, [Bound(0, 3, 0, 13, 13), Bound(1, 4, 0, 0, 0)])
    assert apart is not None
    assert [apart.bounds(0, i, i + 1) for i in range(4)] == [(13, 13), (0, 0), (0, 0), (0, 0)]
    assert with_facts(apart, [Bound(2, 3, 0, 1)]) is None


def test_a_run_within_a_run_gives_away_what_is_around_it() -> None:
    known = with_facts(with_months(nothing_known(1), 4), [Bound(0, 4, 0, 23, 23), Bound(1, 3, 0, 20, 20)])
    assert known is not None
    assert gives_away(known, Small(5))
    assert not gives_away(known, Small(2))


def test_the_first_window_that_drops_a_known_month_keeps_the_new_one_back() -> None:
    counts = [(10,)] * 12 + [(3,), (4,)]
    assert levels(indicator(ROLLING_COUNT, at_least("1")), *counts)[11:] == [
        Level.OPEN,
        Level.CLOSED,
        Level.WINDOW,  # the two new months together
    ]


def test_quarters_of_a_board_are_kept_apart_like_months() -> None:
    one = indicator(replace(COUNT, window=Window.YEAR_TO_DATE), at_least("100"))
    held = measured(*series(one.measure, *[(9,)] * 3, (1,), (2,), (2,), *[(9,)] * 3))
    quarters = [Period.parse(f"2024/25-Q{n}") for n in (1, 2, 3)]
    found = [p.shown[one.id].level for p in packs(book(one), held, quarters)]
    assert found == [Level.OPEN, Level.CLOSED, Level.WINDOW]


@pytest.mark.parametrize(("first", "last", "level"), [(5, 3, "window"), (5, 1, "closed"), (3, 0, "closed")])
def test_who_guesses_sizes_is_left_several_counts_for_a_small_month(
    first: int, last: int, level: str
) -> None:
    """The month dropped was small: a fall of 4 makes it 5 and the new one 1, a fall of 2 leaves both open."""
    counts = [(first,), *[(10,)] * 11, (last,)]
    assert levels(indicator(ROLLING_COUNT, at_least("1")), *counts)[-2:] == [Level.WINDOW, Level(level)]


# ── What a state tells ───────────────────────────────────────────────────────


def test_the_state_of_a_closed_figure_is_said() -> None:
    (only,) = shown(indicator(SHARE, at_least("0.95")), (27, 30))
    assert (only.level, only.state) == (Level.CLOSED, True)
    (only,) = shown(indicator(STOCK, at_least("12")), (3,))  # below 12 whichever small count it is
    assert (only.level, only.state) == (Level.CLOSED, True)


@pytest.mark.parametrize("count", range(1, 6))
def test_a_state_that_narrows_a_small_count_is_not_said_whichever_it_is(count: int) -> None:
    (only,) = shown(indicator(STOCK, at_least("2")), (count,))
    assert (only.level, only.state) == (Level.CLOSED, False)


def test_a_closed_share_of_a_printed_number_does_not_say_its_state_where_that_leaves_one_figure() -> None:
    in_care = replace(STOCK, id="in-care")
    with_book = replace(SHARE, id="with-book", numerator=yes("book"))
    rules = book(indicator(in_care, at_least("1")), indicator(with_book, at_least("0.95")))
    for n in (24, 23, 22):  # 1 of 25 missed meets 95%; 2 or 3 do not
        held = measured(figure(in_care, str(APRIL), parts(25)), figure(with_book, str(APRIL), parts(n, 25)))
        (pack,) = packs(rules, held, [APRIL])
        assert pack.shown["in-care"].level is Level.OPEN
        assert (pack.shown["with-book"].level, pack.shown["with-book"].state) == (Level.CLOSED, False)


def test_reasons_do_not_tell_why_a_figure_is_closed() -> None:
    one = indicator(QUARTER_COUNT, at_least("50"))
    small, differs = shown(one, (3,))[0], shown(one, (10,), (3,))[1]
    assert small.reason == differs.reason
    assert not any(character.isdigit() for character in small.reason)


# ── Counts side by side ──────────────────────────────────────────────────────


def test_a_group_and_a_group_within_it_do_not_differ_by_a_few() -> None:
    all_ = replace(STOCK, id="all")
    consenting = replace(STOCK, id="consenting", where=yes("consents"))
    rules = book(indicator(all_, at_least("1")), indicator(consenting, at_least("1")))

    def second(count: int) -> Level:
        held = measured(figure(all_, str(APRIL), parts(40)), figure(consenting, str(APRIL), parts(count)))
        (pack,) = packs(rules, held, [APRIL])
        assert pack.shown["all"].level is Level.OPEN
        return pack.shown["consenting"].level

    assert [second(n) for n in (40, 39, 35, 34)] == [Level.OPEN, Level.CLOSED, Level.CLOSED, Level.OPEN]


def test_a_headline_measure_is_shown_before_another_that_would_give_it_away() -> None:
    first = indicator(replace(STOCK, id="first", where=yes("consents")), at_least("1"))
    headline = replace(indicator(replace(STOCK, id="headline"), at_least("1")), headline=True)
    held = measured(
        figure(first.measure, str(APRIL), parts(38)), figure(headline.measure, str(APRIL), parts(40))
    )
    (pack,) = packs(book(first, headline), held, [APRIL])
    assert (pack.shown["first"].level, pack.shown["headline"].level) == (Level.CLOSED, Level.OPEN)


def beside(main: Counts, side: Measure, count: Counts) -> bool:
    one = replace(indicator(replace(SHARE, id="reviews"), at_least("0.9")), beside=(side,))
    held = measured(figure(one.measure, str(APRIL), parts(*main)), figure(side, str(APRIL), parts(*count)))
    (pack,) = packs(book(one), held, [APRIL])
    return pack.shown["reviews"].beside[side.id]


OVERDUE = replace(STOCK, id="overdue")


def test_a_figure_beside_is_shown_where_neither_it_nor_any_difference_is_small() -> None:
    assert beside((100, 130), OVERDUE, (30,))  # the complement itself
    assert beside((100, 130), OVERDUE, (12,))
    assert not beside((100, 130), OVERDUE, (4,))
    assert not beside((100, 130), OVERDUE, (28,))  # 2 of those missed are not overdue
    assert not beside((100, 130), OVERDUE, (126,))
    assert not beside((128, 130), OVERDUE, (20,))  # the measure itself is closed


def test_shares_of_posts_and_of_staff_do_not_give_the_vacancies() -> None:
    posts = replace(SHARE, id="posts")
    assert beside((20, 32), posts, (20, 40))
    assert not beside((20, 32), posts, (20, 35))  # 3 vacancies


def test_the_longest_wait_of_one_person_is_never_beside() -> None:
    assert not beside((100, 130), replace(STOCK, id="longest", kind=Kind.LONGEST, unit=Unit.DAYS), (400,))


def test_a_window_beside_does_not_grow_by_a_small_month() -> None:
    side = replace(COUNT, id="repeats", window=Window.QUARTER, table="elsewhere")
    one = replace(indicator(replace(STOCK, id="main"), at_least("1")), beside=(side,))
    held = measured(*series(one.measure, (60,), (70,)), *series(side, (9,), (2,)))
    assert [p.shown["main"].beside["repeats"] for p in packs(book(one), held, months(2))] == [True, False]


def test_a_figure_beside_in_doubt_is_not_shown_for_its_range_counts_the_rows() -> None:
    one = replace(indicator(replace(SHARE, id="reviews"), at_least("0.9")), beside=(OVERDUE,))
    doubt = figure(OVERDUE, str(APRIL), parts(12), parts(14), in_doubt=2)
    held = measured(figure(one.measure, str(APRIL), parts(100, 130)), doubt)
    (pack,) = packs(book(one), held, [APRIL])
    assert (pack.shown["reviews"].beside["overdue"], pack.shown["reviews"].doubt) == (False, False)


def test_every_board_of_an_audience_gets_the_same_of_a_measure() -> None:
    all_, some = (
        replace(STOCK, id="all"),
        replace(STOCK, id="some", where=AllOf((ALWAYS, yes("x")))),
    )
    rules = book(indicator(all_, at_least("1")), indicator(some, at_least("1")))
    held = measured(figure(all_, str(APRIL), parts(40)), figure(some, str(APRIL), parts(38)))
    whole, part = (
        disclosures(rules, held, [APRIL], PUBLIC, wanted, lambda p: judge(rules, p, held))
        for wanted in (["all", "some"], ["some"])
    )
    assert whole["some"] == part["some"]


# ── Corrections ──────────────────────────────────────────────────────────────


def corrected(one: Indicator, before: Sequence[Counts], after: Sequence[Counts]) -> Disclosure:
    """The pack of the last month, the packs before it having gone out with other figures."""
    rules, then, now = (
        book(one),
        measured(*series(one.measure, *before)),
        measured(*series(one.measure, *after)),
    )
    earlier = [Edition(p, {v.indicator: v for v in judge(rules, p, then)}, then) for p in months(len(before))]
    found = disclosures(
        rules, now, months(len(after))[-1:], PUBLIC, [one.id], lambda p: judge(rules, p, now), earlier
    )
    return found[one.id]


def test_a_correction_by_a_few_is_a_small_count_too() -> None:
    one = indicator(STOCK, at_least("1"))
    assert corrected(one, [(300,), (310,)], [(300,), (310,), (320,)]).level is Level.OPEN
    assert corrected(one, [(300,), (310,)], [(302,), (310,), (320,)]).level is Level.WINDOW
    assert corrected(one, [(300,), (310,)], [(340,), (310,), (320,)]).level is Level.OPEN


def test_a_window_corrected_by_a_few_is_closed() -> None:
    one = indicator(ROLLING_COUNT, at_least("1"))
    assert corrected(one, [(30,), (31,)], [(30,), (31,)]).level is Level.OPEN
    assert corrected(one, [(30,), (31,)], [(30,), (33,)]).level is Level.CLOSED


def test_figures_of_last_month_that_were_corrected_are_not_repeated() -> None:
    one = indicator(STOCK, at_least("1"))
    assert not corrected(one, [(3,), (310,)], [(3,), (350,), (320,)]).last
    assert corrected(one, [(3,), (310,)], [(3,), (310,), (320,)]).last


def test_the_answer_is_the_same_each_time() -> None:
    one = indicator(ROLLING, at_least("0.9"))
    counts = [(n % 7, 7) for n in range(15)]
    assert shown(one, *counts) == shown(one, *counts)


def test_counts_are_rounded_half_up_to_the_audiences_multiple() -> None:
    fives = replace(PUBLIC, rounding=5)
    assert [rounded(Fraction(n), fives) for n in (7, 8, 12, 13)] == [5, 10, 10, 15]
    assert rounded(Fraction("12.5"), fives) == 15
    assert rounded(Fraction(7), PUBLIC) == 7


# ── The reader who reckons ───────────────────────────────────────────────────


@st.composite
def histories(draw: st.DrawFn) -> tuple[Indicator, list[Counts], int]:
    measure = draw(
        st.sampled_from(
            [
                SHARE,
                ROLLING,
                replace(ROLLING, window=Window.QUARTER),
                replace(ROLLING, window=Window.YEAR_TO_DATE),
                STOCK,
                ROLLING_COUNT,
                QUARTER_COUNT,
            ]
        )
    )
    most = draw(st.sampled_from([4, 9, 30]))
    whole = st.integers(0, most)
    if measure.kind is Kind.COUNT:
        counts: list[Counts] = [(n,) for n in draw(st.lists(whole, min_size=1, max_size=16))]
        goal = str(draw(st.integers(1, 3 * most)))
    else:
        missed = draw(
            st.lists(st.tuples(whole, st.integers(0, draw(st.sampled_from([1, 6])))), min_size=1, max_size=16)
        )
        counts = [(n, n + c) for n, c in missed]
        goal = draw(st.sampled_from(["1", "0.95", "0.7", "0.1"]))
    op = draw(st.sampled_from(list(Operator)))
    target = at_least(goal, op=op)
    better = Better.LOWER if op is Operator.AT_MOST else Better.HIGHER
    return indicator(measure, target, better=better), counts, draw(st.sampled_from([1, 3]))


def printed(
    one: Indicator, packs_: Sequence[Pack], own: dict[Period, Counts], solver: z3.Solver
) -> tuple[dict[Period, z3.ArithRef], dict[Period, z3.ArithRef]]:
    """Everything the packs print, as equations and inequalities in each month's unknown counts."""
    met = {m: z3.Int(f"met {m}") for m in own}
    missed = {m: z3.Int(f"missed {m}") for m in own}
    solver.add(*(x >= 0 for x in (*met.values(), *missed.values())))
    counts_only = one.measure.kind is Kind.COUNT
    goal = one.targets[0].value or Fraction(0)
    for pack in packs_:
        verdict, said = pack.verdicts[one.id], pack.shown[one.id]
        covered = verdict.measured.months if verdict.measured is not None else ()
        above, below = z3.Sum([met[m] for m in covered]), z3.Sum([missed[m] for m in covered])
        if said.figure and verdict.numerator is not None:
            solver.add(above == int(verdict.numerator))
            solver.add(counts_only or above + below == int(verdict.denominator or 0))
        if said.months:
            for month in (m for m in own if m <= pack.period.last_month):
                solver.add(met[month] == own[month][0])
                solver.add(counts_only or met[month] + missed[month] == own[month][-1])
        if said.state and verdict.status in {Status.PASS, Status.FAIL}:
            reached = above * goal.denominator
            out_of = goal.numerator if counts_only else (above + below) * goal.numerator
            holds = {
                Operator.AT_LEAST: reached >= out_of,
                Operator.MORE_THAN: reached > out_of,
                Operator.AT_MOST: reached <= out_of,
            }[one.targets[0].op]
            solver.add(holds if verdict.status is Status.PASS else z3.Not(holds))
        if said.state and verdict.reason is Reason.NOTHING_DUE:
            solver.add(above == 0, below == 0)
    return met, missed


@settings(max_examples=120, deadline=None)
@given(histories())
def test_no_small_count_follows_from_everything_printed(case: tuple[Indicator, list[Counts], int]) -> None:
    one, counts, step = case
    held = measured(*series(one.measure, *counts))
    own = dict(zip(months(len(counts)), counts, strict=True))
    periods = list(own) if step == 1 else sorted({m.quarter for m in own if m.quarter.last_month in own})
    out = packs(book(one), held, periods)
    solver = z3.Solver()
    met, missed = printed(one, out, own, solver)
    assert solver.check() == z3.sat
    share = one.measure.kind is not Kind.COUNT
    figures = [pack.verdicts[one.id].measured for pack in out]
    runs = {(m,) for m in own} | {found.months for found in figures if found is not None}
    for run in runs:
        kept = [(z3.Sum([met[m] for m in run]), sum(own[m][0] for m in run))]
        if share:
            whole = sum(own[m][1] for m in run)
            kept.append((z3.Sum([missed[m] for m in run]), whole - kept[0][1]))
            kept.append((z3.Sum([met[m] + missed[m] for m in run]), whole))
        for count, truth in kept:
            if 1 <= truth <= PUBLIC.threshold:
                assert solver.check(count != truth) == z3.sat, (run, truth)


# ── The reader who runs this program on every history there could be ─────────


def worlds(count: int, left: int, *, share: bool) -> Iterator[tuple[Counts, ...]]:
    if count == 0:
        yield ()
        return
    for whole in range(left + 1):
        for one in [(n, whole) for n in range(whole + 1)] if share else [(whole,)]:
            for rest in worlds(count - 1, left - whole, share=share):
                yield (one, *rest)


@pytest.mark.parametrize(
    ("measure", "goal", "threshold", "count", "most"),
    [
        (STOCK, "2", 2, 2, 9),
        (STOCK, "3", 3, 2, 10),
        (ROLLING_COUNT, "3", 2, 3, 9),
        (QUARTER_COUNT, "4", 2, 3, 9),
        (SHARE, "0.9", 2, 1, 30),
        (ROLLING, "1", 2, 2, 9),
        (ROLLING, "0.75", 3, 2, 9),
    ],
)
def test_nor_does_one_from_what_is_kept_back(
    measure: Measure, goal: str, threshold: int, count: int, most: int
) -> None:
    """Histories that print the same are told apart by nothing: in each such set no small count is fixed."""
    one, audience = indicator(measure, at_least(goal)), replace(PUBLIC, threshold=threshold)
    share = measure.kind is not Kind.COUNT
    alike: dict[object, list[tuple[Counts, ...]]] = defaultdict(list)
    for world in worlds(count, most, share=share):
        out = packs(book(one), measured(*series(measure, *world)), months(count), audience)
        alike[tuple(_read(pack, one.id, world) for pack in out)].append(world)
    for same in alike.values():
        if max(sum(c[-1] for c in world) for world in same) > most - threshold - 1:
            continue  # histories with more in them may print the same
        for first, after in product(range(count), range(1, count + 1)):
            for met, whole in ((1, 0), (0, 1), (-1, 1)):
                found = {sum(met * c[0] + whole * c[-1] for c in world[first:after]) for world in same}
                assert len(found) > 1 or not 1 <= min(found) <= threshold, same


def _read(pack: Pack, name: str, world: tuple[Counts, ...]) -> tuple[object, ...]:
    verdict, said = pack.verdicts[name], pack.shown[name]
    return (
        (said.level, said.state, said.last, said.reason),
        verdict.status if said.state else None,
        (verdict.numerator, verdict.denominator) if said.figure else None,
        world[: pack.period.first - APRIL.first + 1] if said.months else None,
    )
