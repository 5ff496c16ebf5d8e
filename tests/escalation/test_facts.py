"""The facts of a period: complete, without gaps, and each with what it was made from."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.escalation.commentary import explanations
from kpi_engine.escalation.facts import calendar
from kpi_engine.escalation.standing import known_at, told_of
from kpi_engine.rulebook.book import SheetKind, SheetSpec, Unit, Window
from kpi_engine.rulebook.pack import FACT_TYPES
from kpi_engine.terms.codes import finding
from kpi_engine.terms.fact import fact
from kpi_engine.terms.measured import NOTHING_MEASURED, Measured
from kpi_engine.terms.period import MONTH, QUARTER, YEAR, Period
from kpi_engine.terms.returned import CommentaryRow, MilestoneRow, Validated
from kpi_engine.terms.verdict import MilestoneVerdict, Status, Verdict
from kpi_engine.trend import Trend
from tests.escalation.standings import book, checked_of, examples, read, shipped
from tests.reports.build import milestone
from tests.trend.build import STEADY, records, share
from tests.verdicts.build import COUNT, SHARE, at_least, figure, indicator, measured, month, parts

if TYPE_CHECKING:
    from kpi_engine.escalation.facts import Told
    from kpi_engine.rulebook.book import Indicator, RuleBook
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.fact import Fact, Value

JULY, MARCH = month("2023-07"), month("2024-03")
STAFF = indicator(SHARE, at_least("17/20"))
PANELS = indicator(replace(COUNT, window=Window.QUARTER), at_least("3"))
LATEST = ("2024-10", "2025-03")


def staff(*good: int, first: str = "2023-07") -> Measured:
    """Months of so many good of 20."""
    return measured(*(figure(SHARE, str(month(first).plus(n)), parts(one, 20)) for n, one in enumerate(good)))


def told(rules: RuleBook, checked: Checked, period: Period | None = None) -> Told:
    asked = period or checked.period
    assert asked is not None
    return told_of(rules, checked, asked)


def of_type(said: Told, kind: str) -> list[dict[str, Value]]:
    found = [dict(one.fields) for one in said.facts if one.type == kind]
    return sorted(found, key=lambda one: one.get("seq", 0))


def only(said: Told, kind: str) -> dict[str, Value]:
    (one,) = of_type(said, kind)
    return one


# ── Periods and their ordinals ───────────────────────────────────────────────


@pytest.mark.parametrize(
    ("judged", "same", "other"),
    [
        ("2024-04", "2024-04", "2024-05"),
        ("2024/25-Q1", "2024-06", "2024-07"),
        ("2024/25-Q1", "2024-04", "2024-03"),
        ("2023/24", "2023-04", "2023-03"),
        ("2023/24", "2024-03", "2024-04"),
    ],
)
def test_a_period_has_the_ordinal_of_its_months_and_no_other(judged: str, same: str, other: str) -> None:
    dates = calendar(book(STAFF), Period.parse(judged))
    assert dates.seq(STAFF.id, month(same)) == dates.seq(STAFF.id) != dates.seq(STAFF.id, month(other))


def test_a_quarterly_measure_counts_in_quarters_where_months_are_judged() -> None:
    dates = calendar(book(PANELS), month("2024-05"))
    assert {dates.seq(PANELS.id, month(m)) for m in ("2024-04", "2024-05", "2024-06")} == {
        dates.seq(PANELS.id)
    }
    assert dates.seq(PANELS.id, month("2024-07")) == dates.seq(PANELS.id) + 1
    assert dates.named(PANELS.id, dates.seq(PANELS.id)) == Period.parse("2024/25-Q1")
    assert dates.named("return", dates.seq("return")) == month("2024-05")


@given(
    first=st.integers(24000, 24400),
    length=st.sampled_from([MONTH, QUARTER, YEAR]),
    window=st.sampled_from(list(Window)),
)
def test_ordinals_count_periods_without_gaps_and_name_them_back(
    first: int, length: int, window: Window
) -> None:
    whole = {MONTH: Period(first), QUARTER: Period(first).quarter, YEAR: Period(first).year}[length]
    one = replace(STAFF, measure=replace(SHARE, window=window))
    dates = calendar(book(one), whole)
    seq = dates.seq(one.id)
    named = dates.named(one.id, seq)
    assert named.length == max(length, QUARTER if window is Window.QUARTER else MONTH)
    assert named.first <= whole.first
    assert whole.last_month.first <= named.last_month.first
    assert dates.seq(one.id, named.plus(named.length)) == seq + 1
    assert dates.named(one.id, seq + 1) == named.plus(named.length)
    assert dates.of(fact("third_miss", {"indicator": one.id, "seq": seq})) == named


def test_a_fact_without_an_ordinal_is_of_no_period() -> None:
    dates = calendar(book(STAFF), JULY)
    assert dates.of(fact("reads", {"indicator": STAFF.id, "sheet": "workforce"})) is None


# ── Every fact, whole ────────────────────────────────────────────────────────


def problems(one: Fact) -> list[str]:
    """What is wrong with a stated fact, by its declared type."""
    fields, declared = dict(one.fields), FACT_TYPES[one.type]
    wrong = [f"{one.type} fields" for _ in [0] if set(fields) != set(declared)]
    for name, value in fields.items():
        kind = declared[name]
        if isinstance(value, int) != kind.number or isinstance(value, bool):
            wrong.append(f"{one.type}.{name} is {value!r}")
        if kind.values and value not in kind.values:
            wrong.append(f"{one.type}.{name} is {value!r}")
    return wrong


@pytest.mark.parametrize("period", ["2025-03", "2024/25-Q4", "2024/25"])
def test_every_fact_of_the_examples_is_of_its_declared_type(period: str) -> None:
    said = told(shipped(), examples(*LATEST), Period.parse(period))
    assert [wrong for one in said.facts for wrong in problems(one)] == []
    assert {one.type for one in said.facts} == set(FACT_TYPES)
    assert len({one.id for one in said.facts}) == len(said.facts)
    assert sorted(said.facts) == list(said.facts)


def test_each_measure_of_the_examples_has_one_verdict_a_period_without_gaps() -> None:
    said = told(shipped(), examples(*LATEST))
    held = Counter((one["indicator"], one["seq"]) for one in of_type(said, "verdict"))
    assert set(held.values()) == {1}
    for name, rule in shipped().indicators.items():
        seqs = sorted(int(seq) for about, seq in held if about == name)
        assert seqs == list(range(seqs[0], seqs[-1] + 1))
        assert len(seqs) == (2 if rule.measure.window is Window.QUARTER else 6)
        assert seqs[-1] == said.calendar.seq(name)


def test_every_fact_says_what_it_was_made_from() -> None:
    said = told(shipped(), examples(*LATEST))
    kinds = {"verdict": Verdict, "variation": Trend, "assurance": Trend, "milestone": MilestoneVerdict}
    for one in said.facts:
        behind = said.behind[one.id]
        if one.type in kinds:
            assert isinstance(behind, kinds[one.type])
        if isinstance(behind, Verdict):
            assert behind.indicator == one["indicator"]
            assert said.calendar.seq(behind.indicator, behind.period) == one["seq"]
            assert behind.status == one["status"]
        if one.type == "finding":
            assert isinstance(behind, tuple)
            assert len(behind) == one["number"]


# ── Verdicts ─────────────────────────────────────────────────────────────────


def test_a_month_without_a_return_is_stated_as_such() -> None:
    held = staff(17, 17, 17, 17)
    gap = replace(held, records={p: r for p, r in held.records.items() if p != JULY.plus(2)})
    rules = book(STAFF)
    said = of_type(told(rules, checked_of(rules, gap, JULY.plus(3))), "verdict")
    assert [(one["status"], one["reason"]) for one in said] == [
        ("pass", ""),
        ("pass", ""),
        ("not_assessed", "no_return"),
        ("pass", ""),
    ]


def test_verdicts_begin_with_the_first_record_but_not_before_the_plan() -> None:
    rules = book(STAFF)
    late = checked_of(rules, staff(17, 17, first="2024-02"), MARCH)
    assert [one["seq"] for one in of_type(told(rules, late), "verdict")] == [MARCH.first - 1, MARCH.first]
    early = checked_of(rules, staff(17, 17, 17, 17, first="2023-04"), JULY)
    assert [one["seq"] for one in of_type(told(rules, early), "verdict")] == [JULY.first - 1, JULY.first]


def test_a_period_before_the_plan_or_without_any_record_states_its_own_verdict_alone() -> None:
    rules = book(STAFF)
    before = checked_of(rules, staff(17, first="2023-04"), month("2023-05"))
    assert only(told(rules, before), "verdict")["reason"] == "not_in_force"
    nothing = checked_of(rules, NOTHING_MEASURED, JULY)
    assert only(told(rules, nothing), "verdict")["reason"] == "no_return"


def test_nothing_of_a_later_month_is_known() -> None:
    rules = book(STAFF)
    held = staff(17, 16, 15)
    later = told(rules, checked_of(rules, held, JULY.plus(2)), JULY.plus(1))
    earlier = {p: r for p, r in held.records.items() if p <= JULY.plus(1)}
    then = told(rules, checked_of(rules, replace(held, records=earlier), JULY.plus(1)))
    assert later.facts == then.facts


def test_of_the_months_of_a_quarter_the_latest_states_the_verdict() -> None:
    rules = book(PANELS)
    figures = [figure(PANELS.measure, str(JULY.plus(n)), parts(1)) for n in range(5)]
    said = of_type(told(rules, checked_of(rules, measured(*figures), JULY.plus(4))), "verdict")
    assert (
        [(one["status"], one["reason"]) for one in said]
        == [
            ("not_assessed", "months_missing"),  # of June's quarter, in which the plan begins
            ("pass", ""),
            ("not_due", "period_open"),
        ][-len(said) :]
    )
    assert len(said) == 2


def test_a_judged_quarter_states_quarters() -> None:
    rules = book(STAFF)
    quarter = Period.parse("2023/24-Q3")
    said = told(rules, checked_of(rules, staff(17, 17, 16, 17, 17, 18), quarter))
    held = [(one["seq"], one["status"]) for one in of_type(said, "verdict")]
    assert held == [(quarter.first // 3 - 1, "fail"), (quarter.first // 3, "pass")]


@given(value=st.fractions(-3, 3), unit=st.sampled_from(list(Unit)))
def test_a_gap_is_cut_toward_zero_and_never_to_it(value: Fraction, unit: Unit) -> None:
    one = replace(STAFF, measure=replace(SHARE, unit=unit))
    rules = book(one)
    checked = checked_of(rules, staff(17), JULY)
    verdict = replace(checked.verdicts[0], gap=value)
    gap = only(told(rules, replace(checked, verdicts=(verdict,))), "verdict")["gap"]
    exact = value * (10000 if unit is Unit.PERCENT else 100)
    assert isinstance(gap, int)
    assert (gap > 0, gap < 0) == (value > 0, value < 0)
    assert gap == int(exact) or (abs(exact) < 1 and abs(gap) == 1)


def test_a_gap_beyond_all_measure_stays_within_what_engines_hold() -> None:
    rules = book(STAFF)
    checked = checked_of(rules, staff(17), JULY)
    verdict = replace(checked.verdicts[0], gap=Fraction(-(10**30)))
    assert only(told(rules, replace(checked, verdicts=(verdict,))), "verdict")["gap"] == -(2**53)


@pytest.mark.parametrize(
    ("targets", "target", "days"),
    [
        ((), "none", 0),
        ((at_least("17/20"),), "undated", 0),
        ((at_least("17/20", date(2023, 7, 1)),), "dated", 0),
        ((at_least("17/20", date(2023, 8, 30)),), "dated", 30),
        ((at_least("17/20"), at_least("18/20", date(2023, 8, 1))), "undated", 1),
    ],
)
def test_the_target_is_the_one_in_force_else_the_one_to_come(
    targets: tuple[object, ...], target: str, days: int
) -> None:
    rules = book(replace(STAFF, targets=targets))  # type: ignore[arg-type]  # targets of a table
    said = only(told(rules, checked_of(rules, staff(17), JULY)), "verdict")
    assert (said["target"], said["days_left"]) == (target, days)


def test_the_days_to_the_end_of_an_open_quarter_are_no_days_to_a_target() -> None:
    rules = book(PANELS)
    held = measured(figure(PANELS.measure, "2023-07", parts(1)))
    said = only(told(rules, checked_of(rules, held, JULY)), "verdict")
    assert (said["reason"], said["days_left"]) == ("period_open", 0)


def test_doubt_smallness_and_validation_are_told() -> None:
    rules = book(replace(STAFF, headline=True))
    held = measured(
        figure(SHARE, "2023-07", parts(15, 18), parts(18, 18), in_doubt=3), validated=Validated.NO
    )
    said = only(told(rules, checked_of(rules, held, JULY)), "verdict")
    assert said["status"] == Status.NOT_ASSESSED
    assert (said["in_doubt"], said["small"], said["validated"], said["headline"]) == (3, "yes", "no", "yes")
    unheard = only(told(rules, checked_of(rules, NOTHING_MEASURED, JULY)), "verdict")
    assert (unheard["in_doubt"], unheard["small"], unheard["validated"]) == (0, "no", "not_stated")


# ── Charts ───────────────────────────────────────────────────────────────────


def charted(one: Indicator, months: int) -> tuple[dict[str, Value], dict[str, Value]]:
    rules = book(one)
    held = measured(*records(one, STEADY[:months], JULY))
    said = told(rules, checked_of(rules, held, JULY.plus(max(months, 1) - 1)))
    return only(said, "variation"), only(said, "assurance")


@pytest.mark.parametrize(
    ("months", "variation", "evidence", "assurance"),
    [
        (6, "none", "too_few", "none"),
        (7, "common_cause", "trial", "consistent_fail"),
        (13, "common_cause", "full", "consistent_fail"),
    ],
)
def test_the_chart_is_told_as_it_was_known(
    months: int, variation: str, evidence: str, assurance: str
) -> None:
    chart, aim = charted(share(), months)
    assert (chart["variation"], chart["evidence"], chart["points"]) == (variation, evidence, months)
    assert aim["assurance"] == assurance
    assert chart["seq"] == JULY.first + months - 1


def test_without_a_figure_the_chart_says_nothing() -> None:
    chart, aim = charted(share(), 0)
    assert (chart["variation"], chart["points"], aim["assurance"]) == ("none", 0, "none")


# ── Returns, findings, milestones ────────────────────────────────────────────


def standing(checked: Checked, period: Period) -> str:
    return str(only(told(book(STAFF), checked, period), "return")["standing"])


def test_a_return_is_given_refused_or_none() -> None:
    checked = checked_of(book(STAFF), staff(17, 17), JULY.plus(1))
    assert standing(checked, JULY.plus(1)) == "given"
    refused = replace(checked.run, returns=(read("a.xlsx", JULY.plus(1), refused=True),))
    assert standing(replace(checked, run=refused), JULY.plus(1)) == "refused"
    nothing = checked_of(book(STAFF), staff(17), JULY.plus(1))
    assert standing(nothing, JULY.plus(1)) == "none"
    assert standing(nothing, JULY) == "given"


def test_a_return_of_no_known_month_may_be_the_one_that_is_refused() -> None:
    checked = checked_of(book(STAFF), staff(17), JULY)
    run = replace(checked.run, returns=(*checked.run.returns, read("b.xlsx", None, refused=True)))
    assert standing(replace(checked, run=run), JULY) == "refused"


def test_a_replaced_return_is_not_looked_at() -> None:
    checked = checked_of(book(STAFF), staff(17), JULY)
    old = read("old.xlsx", JULY, refused=True, replaced=True)
    run = replace(checked.run, returns=(*checked.run.returns, old))
    assert standing(replace(checked, run=run), JULY) == "given"


def test_a_month_that_a_history_holds_was_given() -> None:
    checked = checked_of(book(STAFF), staff(17), JULY)
    assert standing(replace(checked, run=replace(checked.run, returns=())), JULY) == "given"


WORKFORCE = SheetSpec(
    "workforce", "Workforce", ("Staff list",), SheetKind.SNAPSHOT, "a post", (), (), {}, (), None
)


def test_findings_alike_are_one_fact_by_the_id_of_their_sheet() -> None:
    plain = book(STAFF)
    rules = replace(plain, contract=replace(plain.contract, sheets={"workforce": WORKFORCE}))
    doubt = finding("R203", file="2023-07.xlsx", sheet="Workforce", cell="B5", count=1, heading="Contract")
    checked = replace(
        checked_of(rules, staff(17), JULY),
        findings=(
            doubt,
            replace(doubt, cell="B6"),
            replace(doubt, sheet="staff  LIST"),
            replace(doubt, sheet="Sheet1"),
            finding("R121", file="2023-07.xlsx"),
        ),
    )
    said = [
        (one["code"], one["severity"], one["sheet"], one["number"])
        for one in of_type(told(rules, checked), "finding")
    ]
    assert sorted(said) == [
        ("R121", "flag", "", 1),
        ("R203", "doubt", "", 1),
        ("R203", "doubt", "workforce", 3),
    ]


def test_the_period_before_has_the_findings_of_its_own_files() -> None:
    checked = checked_of(book(STAFF), staff(17, 17, 17), JULY.plus(2))
    macros = finding("R121")
    checked = replace(
        checked,
        findings=(replace(macros, file="2023-09.xlsx"), replace(macros, code="H110")),
        earlier_findings=(replace(macros, file="2023-08.xlsx"), replace(macros, file="2023-07.xlsx")),
    )
    known = known_at(book(STAFF), checked, JULY.plus(1))
    assert [(found.code, found.file) for found in known.findings] == [("H110", ""), ("R121", "2023-08.xlsx")]


def test_milestones_are_told_with_their_days_and_what_they_repeat() -> None:
    rules = book(
        STAFF,
        milestones=(
            milestone("soon", "Soon", date(2023, 8, 20)),
            milestone("again", "Again", None, same_as=STAFF.id),
            milestone("unheard", "Unheard", date(2023, 7, 1)),
        ),
    )
    row = MilestoneRow(None, None, unknown=False, cell="Milestones!C5")
    rows = {JULY: {"soon": row, "again": row}}
    checked = replace(checked_of(rules, staff(17, 17), JULY.plus(1)), milestone_rows=rows)
    said = of_type(told(rules, checked, JULY), "milestone")
    assert {one["milestone"]: (one["status"], one["days"], one["same_as"]) for one in said} == {
        "soon": ("not_due", -20, ""),
        "again": ("undated", 0, STAFF.id),
        "unheard": ("not_reported", 0, ""),
    }


# ── Commentary ───────────────────────────────────────────────────────────────


def row(why: str = "", action: str = "", lead: str = "Head of Service") -> CommentaryRow:
    return CommentaryRow(why, action, lead, date(2023, 12, 31), "Note it.", "Commentary!C7")


@pytest.mark.parametrize(
    ("last", "now", "standing", "why"),
    [
        (None, None, "missing", None),
        (None, row("Posts are empty."), "given", "Posts are empty."),
        (row("Posts are empty."), None, "as_last_month", "Posts are empty."),
        (row("Posts are empty."), row(), "as_last_month", "Posts are empty."),
        (row("Posts are empty."), row("  "), "as_last_month", "Posts are empty."),
        (row("Posts are empty."), row("Posts are empty.", lead="AD"), "as_last_month", "Posts are empty."),
        (row("Posts are empty."), row("Posts are empty.", "Advertise."), "given", "Posts are empty."),
        (row("Posts are empty."), row("Posts are filled."), "given", "Posts are filled."),
        (row(), row(action="Advertise."), "given", ""),
        (row(), row(), "missing", None),
    ],
)
def test_commentary_is_given_as_last_month_or_missing(
    last: CommentaryRow | None, now: CommentaryRow | None, standing: str, why: str | None
) -> None:
    rules = book(STAFF)
    held = {
        JULY: {} if last is None else {STAFF.id: last},
        JULY.plus(1): {} if now is None else {STAFF.id: now},
    }
    checked = replace(checked_of(rules, staff(17, 17), JULY.plus(1)), commentary=held)
    assert only(told(rules, checked), "commentary")["standing"] == standing
    explained = explanations(rules, held, JULY.plus(1)).get(STAFF.id)
    assert (None if explained is None else explained.why) == why
    if explained is not None:
        assert explained.as_last_month == (standing == "as_last_month")


def test_commentary_older_than_last_month_says_nothing() -> None:
    assert explanations(book(STAFF), {JULY: {STAFF.id: row("Posts are empty.")}}, JULY.plus(2)) == {}


def test_a_quarter_is_explained_by_its_last_month() -> None:
    held = {month("2023-09"): {STAFF.id: row("Now.")}, JULY: {STAFF.id: row("Then.")}}
    assert explanations(book(STAFF), held, Period.parse("2023/24-Q2"))[STAFF.id].why == "Now."
