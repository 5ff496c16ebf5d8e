"""Every measure of the plan worked out from the workbooks by plain loops, knowing nothing of the engine.

Each function is one row of the table "Targets with a number" in the plan's design: its comment says in
plain words what is counted, so that an analyst with the workbook open can do the same. Run as a script
it prints expected.yaml: python -m tests.oracle.worked_out > tests/oracle/expected.yaml
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import product
from typing import Any

from tests.oracle.workbooks import (
    DOUBT,
    LISTS,
    MAY_BE_EMPTY,
    MOST_MANAGERS,
    NUMBERS,
    Book,
    Doubt,
    book,
    by,
    ending,
    last_day,
    months_on,
    within,
    year_to_date,
)

MONTHS = ("2023-12", "2024-03", "2025-03")
FIRST_RETURN = "2023-04"
PLAN_START = date(2023, 6, 30)
# Made up for the example borough: monthly referrals from April 2022 to March 2023.
REFERRALS_2022_23 = (2, 3, 1, 4, 2, 3, 2, 1, 4, 3, 2, 3)

Row = Mapping[str, Any]

# ── Figures ──────────────────────────────────────────────────────────────────

OUTSIDE, LEFT_OUT, MISSED, COUNTED = "outside", "left out", "missed", "counted"
Judge = Callable[[Row], str]


@dataclass(frozen=True)
class Figure:
    """The parts with every doubtful row against the measure, and with every one for it."""

    low: tuple[Fraction, Fraction | None]
    high: tuple[Fraction, Fraction | None]
    left_out: int = 0
    in_doubt: int = 0

    def plus(self, other: Figure) -> Figure:
        return Figure(
            _both(self.low, other.low),
            _both(self.high, other.high),
            self.left_out + other.left_out,
            self.in_doubt + other.in_doubt,
        )


def _both(
    one: tuple[Fraction, Fraction | None], other: tuple[Fraction, Fraction | None]
) -> tuple[Fraction, Fraction | None]:
    whole = None if one[1] is None or other[1] is None else one[1] + other[1]
    return one[0] + other[0], whole


def guesses(row: Row, today: date) -> Iterator[Row]:
    """The row with every value that its doubtful cells might hold."""
    doubtful = [heading for heading, cell in row.items() if isinstance(cell, Doubt)]
    for values in product(*(_might_be(heading, today) for heading in doubtful)):
        yield {**row, **dict(zip(doubtful, values, strict=True))}


def _might_be(heading: str, today: date) -> Sequence[object]:
    if heading in LISTS:
        return LISTS[heading]
    if heading.endswith(" on"):
        days = [today - timedelta(days=back) for back in range(4 * 366)]
        return [*days, None] if heading in MAY_BE_EMPTY else days
    if heading in NUMBERS:
        return [Fraction(n) for n in range(MOST_MANAGERS + 1)]
    return (True, False, None) if heading in MAY_BE_EMPTY else (True, False)


def share(rows: Sequence[Row], judge: Judge, today: date) -> Figure:
    """How many are counted, out of how many; doubtful rows against it, and for it."""
    numerator = denominator = best_numerator = best_denominator = left_out = in_doubt = 0
    for row in rows:
        answers = {judge(guess) for guess in guesses(row, today)}
        against = next(a for a in (MISSED, OUTSIDE, LEFT_OUT, COUNTED) if a in answers)
        most_for = next(a for a in (COUNTED, OUTSIDE, LEFT_OUT, MISSED) if a in answers)
        numerator += against == COUNTED
        denominator += against in (COUNTED, MISSED)
        best_numerator += most_for == COUNTED
        best_denominator += most_for in (COUNTED, MISSED)
        left_out += answers == {LEFT_OUT}
        in_doubt += len(answers) > 1
    low = Fraction(numerator), Fraction(denominator)
    return Figure(low, (Fraction(best_numerator), Fraction(best_denominator)), left_out, in_doubt)


def count(rows: Sequence[Row], judge: Judge, today: date) -> Figure:
    """How many are counted; doubtful rows not, and all."""
    found = share(rows, judge, today)
    return Figure((found.low[0], None), (found.high[0], None), 0, found.in_doubt)


def _said(*, population: bool, counted: bool) -> str:
    return COUNTED if population and counted else MISSED if population else OUTSIDE


# ── 1.1 Workforce ────────────────────────────────────────────────────────────


def permanent_workforce(b: Book) -> Figure | None:
    # Go down Workforce. Keep the Children in Care rows where somebody fills the post; how many of those
    # people are permanent? (Vacant posts are in neither number.)
    def judge(row: Row) -> str:
        filled = row["Team"] == "Children in Care" and row["Post is"] == "filled"
        return _said(population=filled, counted=row["Contract"] == "permanent")

    rows = b.rows("Workforce", "Post ID")
    return None if rows is None else share(rows, judge, b.end)


def permanent_fte(b: Book) -> tuple[Fraction, Fraction]:
    # The same people, adding up their FTE in place of their heads.
    permanent = everyone = Fraction(0)
    for row in b.rows("Workforce", "Post ID") or ():
        if row["Team"] == "Children in Care" and row["Post is"] == "filled":
            everyone += row["FTE"]
            permanent += row["FTE"] if row["Contract"] == "permanent" else 0
    return permanent, everyone


def permanent_of_posts(b: Book) -> tuple[Fraction, Fraction]:
    # Permanent people out of every post of the team, the empty ones too.
    rows = [r for r in b.rows("Workforce", "Post ID") or () if r["Team"] == "Children in Care"]
    permanent = [r for r in rows if r["Post is"] == "filled" and r["Contract"] == "permanent"]
    return Fraction(len(permanent)), Fraction(len(rows))


# ── 1.3 and 1.4 Court cases, midway reviews ──────────────────────────────────


def cases_on_time(b: Book) -> Figure | None:
    # Of the cases concluded in the month: concluded within 26 weeks of issue and with a SMART plan.
    def judge(row: Row) -> str:
        in_month = within(row["Concluded on"], b.start, b.end)
        on_time = row["Concluded on"] <= row["Issued on"] + timedelta(weeks=26)
        return _said(population=in_month, counted=on_time and row["SMART and child-centred plan"])

    rows = b.rows("Court cases", "Case ID")
    return None if rows is None else share(rows, judge, b.end)


def midway_audited(b: Book) -> Figure | None:
    # The quarter's last return lists all its midway reviews: how many were audited by the quarter's end?
    quarter = months_on(b.start, -2)

    def judge(row: Row) -> str:
        return _said(population=within(row["Held on"], quarter, b.end), counted=by(row["Audited on"], b.end))

    rows = b.rows("Midway reviews", "Review ID")
    return None if rows is None else share(rows, judge, b.end)


# ── 1.6 Permanence and matching ──────────────────────────────────────────────


def plan_by_second_review(b: Book) -> Figure | None:
    # Second reviews held in the month: was a permanence plan identified at or before the review?
    def judge(row: Row) -> str:
        second = row["Review number"] == 2 and within(row["Held on"], b.start, b.end)
        return _said(population=second, counted=by(row["Permanence plan identified on"], row["Held on"]))

    rows = b.rows("Reviews", "Child ID")
    return None if rows is None else share(rows, judge, b.end)


def _match_wanted(row: Row, day: date) -> bool:
    """Whether the plan asks for a match on `day`, or did until it changed."""
    wanted_from = row["Match wanted from, if after the order"]
    return row["Permanence plan"] != "No match wanted" and (wanted_from is None or wanted_from <= day)


def _before(day: date | None, limit: date) -> bool:
    return day is not None and day < limit


def matched_6_months(b: Book) -> Figure | None:
    # Orders whose 6 months ended in the last 12 months, a match being wanted on that day. Leave out
    # children who left care, or whose plan changed, before it. Was the child matched by that day?
    first = months_on(b.start, -11)

    def judge(row: Row) -> str:
        day = months_on(row["Full care order granted on"], 6)
        if not within(day, first, b.end) or not _match_wanted(row, day):
            return OUTSIDE
        if _before(row["Left care on"], day) or _before(row["Plan changed, no match wanted, on"], day):
            return LEFT_OUT
        return COUNTED if by(row["Matched on"], day) else MISSED

    rows = b.rows("Care orders", "Child ID")
    return None if rows is None else share(rows, judge, b.end)


def waiting(b: Book) -> list[int]:
    # Children past 6 months at month end and still unmatched: the days since each one's order. A child
    # who has left, or whose plan has changed, by month end is no longer waiting.
    waits = []
    for row in b.rows("Care orders", "Child ID") or ():
        past = months_on(row["Full care order granted on"], 6) < b.end
        gone = by(row["Left care on"], b.end) or by(row["Plan changed, no match wanted, on"], b.end)
        if past and _match_wanted(row, b.end) and not gone and not by(row["Matched on"], b.end):
            waits.append((b.end - row["Full care order granted on"]).days)
    return waits


def matched_third_review(b: Book) -> Figure | None:
    # Third reviews held in the last 12 months, a match being wanted that day: matched on or before it?
    first = months_on(b.start, -11)

    def judge(row: Row) -> str:
        day = row["Third review held on"]
        if not within(day, first, b.end) or not _match_wanted(row, day):
            return OUTSIDE
        if _before(row["Plan changed, no match wanted, on"], day) or _before(row["Left care on"], day):
            return LEFT_OUT
        return COUNTED if by(row["Matched on"], day) else MISSED

    rows = b.rows("Care orders", "Child ID")
    return None if rows is None else share(rows, judge, b.end)


def matched_both_days(b: Book) -> Figure | None:
    # Two days for each child: 6 months after the order, and the third review. The later one falls in the
    # last 12 months; the child has to be matched by the earlier one, if a match is wanted then.
    first = months_on(b.start, -11)

    def judge(row: Row) -> str:
        six_months, review = months_on(row["Full care order granted on"], 6), row["Third review held on"]
        if review is None or not within(max(six_months, review), first, b.end):
            return OUTSIDE
        day = min(six_months, review)
        if not _match_wanted(row, day):
            return OUTSIDE
        if _before(row["Plan changed, no match wanted, on"], day) or _before(row["Left care on"], day):
            return LEFT_OUT
        return COUNTED if by(row["Matched on"], day) else MISSED

    rows = b.rows("Care orders", "Child ID")
    return None if rows is None else share(rows, judge, b.end)


def iro_reports(b: Book) -> Figure | None:
    # Reports of the IRO service issued in the month.
    def judge(row: Row) -> str:
        report = row["Kind"] == "IRO monthly report" and within(row["Issued on"], b.start, b.end)
        return _said(population=report, counted=True)

    rows = b.rows("Audits", "Audit ID")
    return None if rows is None else count(rows, judge, b.end)


# ── 1.7 Foster carers and placements ─────────────────────────────────────────


def annual_reviews(b: Book) -> Figure | None:
    # Households approved 12 months ago or longer. In date: 12 months from the last review have not passed
    # at month end (to the day is in date); with no review yet, 12 months from the approval have not.
    def judge(row: Row) -> str:
        a_year_in = months_on(row["Approved on"], 12)
        due = months_on(row["Last annual review held on"] or row["Approved on"], 12)
        return _said(population=a_year_in <= b.end, counted=due >= b.end)

    rows = b.rows("Foster carers", "Household ID")
    return None if rows is None else share(rows, judge, b.end)


def reviews_overdue(b: Book) -> list[tuple[bool, int]]:
    # Households whose 12 months have passed: whether there was ever a review, and the days overdue.
    overdue = []
    for row in b.rows("Foster carers", "Household ID") or ():
        last = row["Last annual review held on"]
        due = months_on(last or row["Approved on"], 12)
        if due < b.end:
            overdue.append((last is not None, (b.end - due).days))
    return overdue


def reviews_held_in_time(b: Book) -> tuple[Fraction, Fraction]:
    # Every review that fell due in the month, 12 months after the one before it or the approval: the last
    # one, held or not by its day, and the next one, which nobody has held yet.
    held = due_in_month = 0
    for row in b.rows("Foster carers", "Household ID") or ():
        last, before = row["Last annual review held on"], row["Annual review before that held on"]
        if last is not None:
            due = months_on(before or row["Approved on"], 12)
            due_in_month += within(due, b.start, b.end)
            held += within(due, b.start, b.end) and last <= due
        due_in_month += within(months_on(last or row["Approved on"], 12), b.start, b.end)
    return Fraction(held), Fraction(due_in_month)


def graded_good(b: Book) -> tuple[Fraction, Fraction]:
    # Of the last reviews that were audited, those graded good or better.
    rows = b.rows("Foster carers", "Household ID") or ()
    grades = [row["Audit grade of the last annual review"] for row in rows]
    good = [grade for grade in grades if grade in {"Good", "Outstanding"}]
    return Fraction(len(good)), Fraction(len([grade for grade in grades if grade]))


def placements_in_borough(b: Book) -> Figure | None:
    # Foster placements in the borough at month end.
    rows = b.rows("Placements", "Placement ID")
    if rows is None:
        return None
    return count(rows, lambda row: _said(population=row["In borough"], counted=True), b.end)


def themed_audits(b: Book) -> Figure | None:
    # Themed audits of annual reviews reported to the AD in the month (the quarter is its three months).
    def judge(row: Row) -> str:
        themed = row["Kind"] == "Themed audit of annual reviews"
        reported = row["Reported to"] == "AD for Safeguarding" and within(row["Issued on"], b.start, b.end)
        return _said(population=themed and reported, counted=True)

    rows = b.rows("Audits", "Audit ID")
    return None if rows is None else count(rows, judge, b.end)


# ── 1.8 and 1.10 Adoption, meetings, views ───────────────────────────────────


def newborns(b: Book) -> Figure | None:
    # Newborns whose need for a match turned 3 months old in the month. Leave out those whose need ended
    # before that day. Matched by that day, through early permanence?
    def judge(row: Row) -> str:
        arose = row["Need for a match arose on"]
        day = None if arose is None else months_on(arose, 3)
        if day is None or not row["Newborn when the need arose"] or not within(day, b.start, b.end):
            return OUTSIDE
        if _before(row["Need for a match ended on"], day):
            return LEFT_OUT
        return COUNTED if by(row["Matched on"], day) and row["Matched through early permanence"] else MISSED

    rows = b.rows("Adoption", "Child ID")
    return None if rows is None else share(rows, judge, b.end)


def raa_present(b: Book) -> Figure | None:
    # Permanency planning meetings of the month: was the regional adoption agency there?
    def judge(row: Row) -> str:
        return _said(population=within(row["Held on"], b.start, b.end), counted=row["RAA present"])

    rows = b.rows("Permanency meetings", "Meeting ID")
    return None if rows is None else share(rows, judge, b.end)


def views(b: Book) -> Figure | None:
    # Children in care at month end who consent: are their views shared and factored in?
    def judge(row: Row) -> str:
        here = not by(row["Left care on"], b.end)
        consents = row["Consents to sharing views"] is True
        return _said(population=here and consents, counted=row["Views shared and factored in"])

    rows = b.rows("Children in care", "Child ID")
    return None if rows is None else share(rows, judge, b.end)


def consent_not_recorded(b: Book) -> int:
    # Children in care at month end of whom nobody wrote down whether they consent.
    here = [r for r in b.rows("Children in care", "Child ID") or () if not by(r["Left care on"], b.end)]
    return len([row for row in here if row["Consents to sharing views"] is None])


# ── 2 Private fostering ──────────────────────────────────────────────────────


def champions(b: Book) -> Figure | None:
    # Champions appointed by month end who have not stood down by then, both partnerships together.
    def judge(row: Row) -> str:
        serving = by(row["Appointed on"], b.end) and not by(row["Ended on"], b.end)
        return _said(population=serving, counted=True)

    rows = b.rows("PF champions", "Champion ID")
    return None if rows is None else count(rows, judge, b.end)


def referrals(b: Book) -> Figure | None:
    # Referrals received in the month.
    rows = b.rows("PF referrals", "Referral ID")
    if rows is None:
        return None
    in_month = [row for row in rows if within(row["Received on"], b.start, b.end)]
    return count(in_month, lambda _row: COUNTED, b.end)


def repeat_referrals(months: Sequence[str]) -> int:
    # Referrals of a child who was referred before in the same year.
    rows = [row for month in months for row in book(month).rows("PF referrals", "Referral ID") or ()]
    return len([row for row in rows if row["Repeat referral of the child"]])


def children_privately_fostered(b: Book) -> Figure | None:
    # Children privately fostered at month end; an arrangement that ended on or before it is over.
    def judge(row: Row) -> str:
        here = by(row["Started on"], b.end) and not by(row["Ended on"], b.end)
        return _said(population=here, counted=True)

    rows = b.rows("PF arrangements", "Child ID")
    return None if rows is None else count(rows, judge, b.end)


def trained_in_7_weeks(b: Book) -> Figure | None:
    # Front-line workers, agency or newly appointed, whose 49th day falls in the month. Leave out those
    # who left before it. Trained by that day?
    def judge(row: Row) -> str:
        day = row["Started on"] + timedelta(days=49)
        new = row["Joined as"] in {"Agency", "Newly appointed"} and row["Front line"]
        if not new or not within(day, b.start, b.end):
            return OUTSIDE
        if _before(row["Left on"], day):
            return LEFT_OUT
        return COUNTED if by(row["Private fostering training done on"], day) else MISSED

    rows = b.rows("Starters", "Worker ID")
    return None if rows is None else share(rows, judge, b.end)


# ── 3, 4 and 5 Life story work, supervision, managers ────────────────────────


def life_story_books(b: Book) -> Figure | None:
    # Children in care at month end: has each a life story book?
    def judge(row: Row) -> str:
        return _said(population=not by(row["Left care on"], b.end), counted=row["Has a life story book"])

    rows = b.rows("Children in care", "Child ID")
    return None if rows is None else share(rows, judge, b.end)


def books_over_6_months(b: Book) -> tuple[Fraction, Fraction]:
    # The same, of the children who have been in care for over 6 months.
    rows = [r for r in b.rows("Children in care", "Child ID") or () if not by(r["Left care on"], b.end)]
    long = [r for r in rows if months_on(r["Came into care on"], 6) < b.end]
    return Fraction(len([r for r in long if r["Has a life story book"]])), Fraction(len(long))


def later_life_letters(b: Book) -> Figure | None:
    # Children whose adoption order turned 1 month old in the month: was the letter given by then?
    def judge(row: Row) -> str:
        order = row["Adoption order on"]
        if order is None or not within(months_on(order, 1), b.start, b.end):
            return OUTSIDE
        return COUNTED if by(row["Later life letter given on"], months_on(order, 1)) else MISSED

    rows = b.rows("Adoption", "Child ID")
    return None if rows is None else share(rows, judge, b.end)


def matched_and_sg_books(b: Book) -> Figure | None:
    # Children in a matched foster placement or special guardianship at month end: either book?
    def judge(row: Row) -> str:
        in_one = row["Arrangement"] in {"Matched foster placement", "Special guardianship"}
        here = in_one and not by(row["Ended on"], b.end)
        return _said(population=here, counted=row["Has a life story or home book"])

    rows = b.rows("Matched and SG", "Child ID")
    return None if rows is None else share(rows, judge, b.end)


def supervision_feedback(b: Book) -> Figure | None:
    # Cases supervised in the month: is there feedback, and is it good?
    def judge(row: Row) -> str:
        in_month = within(row["Supervised on"], b.start, b.end)
        return _said(population=in_month, counted=row["Feedback obtained"] and row["Feedback good"])

    rows = b.rows("Supervision", "Case ID")
    return None if rows is None else share(rows, judge, b.end)


def team_managers(b: Book) -> Figure | None:
    # Meetings of the month on cases stepped up or edging into care: add up the managers due and present.
    low, high, in_doubt = [Fraction(0), Fraction(0)], [Fraction(0), Fraction(0)], 0
    rows = b.rows("Permanency meetings", "Meeting ID")
    for row in rows or ():
        if row["Stepped up or edging into care"] is False or not within(row["Held on"], b.start, b.end):
            continue
        if row["Stepped up or edging into care"] is DOUBT:
            raise ValueError(f"{b.month}: which meetings are in is in doubt; work that out by hand")
        due, present = row["Team managers due"], row["Team managers present"]
        in_doubt += isinstance(due, Doubt) or isinstance(present, Doubt)
        low[0] += 0 if isinstance(present, Doubt) else present
        low[1] += MOST_MANAGERS if isinstance(due, Doubt) else due
        most = MOST_MANAGERS if isinstance(due, Doubt) else due
        high[0] += most if isinstance(present, Doubt) else present
        high[1] += present if isinstance(due, Doubt) and not isinstance(present, Doubt) else most
    return None if rows is None else Figure((low[0], low[1]), (high[0], high[1]), 0, in_doubt)


# ── Targets and verdicts ─────────────────────────────────────────────────────

ALONE, QUARTER, ROLLING, CHANGE, FLOW = "the month", "quarter", "12 months", "change", "referrals"


@dataclass(frozen=True)
class Promise:
    """One row of the plan: what must be reached, from when, and which months make the figure."""

    of: Callable[[Book], Figure | None]
    target: Fraction
    due: date = PLAN_START
    months: str = ALONE
    none_due: bool = False  # nobody in the population is an answer: nothing was due


ALL = Fraction(1)
PROMISES = {
    "annual-review-themed-audits": Promise(themed_audits, Fraction(1), months=QUARTER),
    "cases-concluded-on-time": Promise(cases_on_time, Fraction(90, 100)),
    "cic-permanent-workforce": Promise(permanent_workforce, Fraction(85, 100), date(2023, 12, 31)),
    "foster-carer-annual-reviews": Promise(annual_reviews, Fraction(95, 100)),
    "foster-placements-net-increase": Promise(
        placements_in_borough, Fraction(20), date(2025, 6, 30), months=CHANGE
    ),
    "iro-monthly-report": Promise(iro_reports, Fraction(1)),
    "later-life-letters": Promise(later_life_letters, ALL, months=ROLLING),
    "life-story-books": Promise(life_story_books, Fraction(95, 100)),
    "life-story-matched-and-sg": Promise(matched_and_sg_books, Fraction(95, 100)),
    "matched-both": Promise(matched_both_days, ALL, none_due=True),
    "matched-by-third-review": Promise(matched_third_review, ALL, none_due=True),
    "matched-within-6-months": Promise(matched_6_months, ALL, none_due=True),
    "midway-reviews-audited": Promise(midway_audited, Fraction(10, 100), none_due=True),
    "newborns-early-permanence": Promise(newborns, Fraction(95, 100), months=ROLLING),
    "permanence-plan-by-second-review": Promise(plan_by_second_review, ALL, months=ROLLING),
    "pf-champions": Promise(champions, Fraction(12), date(2023, 8, 31)),
    # "More than the baseline" of whole children is one more at least.
    "pf-children-increase": Promise(
        children_privately_fostered, Fraction(1), date(2025, 6, 30), months=CHANGE
    ),
    "pf-referrals-increase": Promise(referrals, Fraction(40, 100), date(2024, 3, 31), months=FLOW),
    "pf-training-7-weeks": Promise(trained_in_7_weeks, ALL, none_due=True),
    "raa-at-permanency-meetings": Promise(raa_present, ALL),
    "supervision-feedback": Promise(supervision_feedback, Fraction(70, 100)),
    "team-managers-at-ppm": Promise(team_managers, ALL),
    "views-shared": Promise(views, ALL),
}


def months_behind(promise: Promise, month: str) -> list[str]:
    """The months whose returns make the figure; a 12-month window begins no earlier than the first return."""
    if promise.months == ROLLING:
        return [m for m in ending(month, 12) if m >= FIRST_RETURN]
    if promise.months == FLOW:
        return year_to_date(month) if last_day(month) < promise.due else ending(month, 12)
    return ending(month, 3) if promise.months == QUARTER else [month]


def baseline_of(promise: Promise, months: Sequence[str]) -> Fraction | None:
    """What is compared with: the same months of 2022/23, or the return of June 2023."""
    if promise.months == FLOW:
        return Fraction(sum(REFERRALS_2022_23[(int(m[5:]) - 4) % 12] for m in months))
    if promise.months == CHANGE:
        june = promise.of(book("2023-06"))
        return None if june is None else june.low[0]
    return None


def value_of(
    parts: tuple[Fraction, Fraction | None], promise: Promise, baseline: Fraction | None
) -> Fraction:
    """A share, a count, a number more than the baseline, or a share more than it."""
    if baseline is None:
        return parts[0] if parts[1] is None else parts[0] / parts[1]
    return parts[0] / baseline - 1 if promise.months == FLOW else parts[0] - baseline


def verdict(name: str, month: str) -> dict[str, object]:
    """What is expected of one measure in one month."""
    promise = PROMISES[name]
    months = months_behind(promise, month)
    figures = [promise.of(book(m)) for m in months]
    if any(figure is None for figure in figures):
        raise ValueError(f"{month}, {name}: a month is missing; work that out by hand")
    first, *others = (figure for figure in figures if figure is not None)
    figure = first
    for other in others:
        figure = figure.plus(other)
    if figure.low[1] == 0:
        raise ValueError(f"{month}, {name}: nobody in the population; work that out by hand")
    baseline = baseline_of(promise, months)
    value, best = (value_of(parts, promise, baseline) for parts in (figure.low, figure.high))
    met = {at >= promise.target for at in (value, best)}
    said: dict[str, object] = {"status": "pass" if met == {True} else "fail"}
    if last_day(month) < promise.due:
        days_left = (promise.due - last_day(month)).days
        said = {"status": "not_due", "reason": "not_in_force", "days_left": days_left}
        if promise.months == FLOW:
            said["on_course"] = met == {True}
    elif len(met) > 1:
        said = {"status": "not_assessed", "reason": "rows_in_doubt"}
    elif not counts_agree(name, month, promise):
        said = {"status": "not_assessed", "reason": "sources_disagree"}
    said |= {"numerator": figure.low[0], "denominator": figure.low[1], "value": value}
    extra: dict[str, object] = {
        "best": best if best != value else None,
        "baseline": baseline,
        "left_out": figure.left_out or None,
        "in_doubt": figure.in_doubt or None,
        "small": True if figure.low[1] is not None and figure.low[1] < 20 else None,
        "months": len(months) if len(months) > 1 else None,
        "validated": "no" if "2024-05" in months else None,  # the one month whose cover says no
    }
    return said | {key: said for key, said in extra.items() if said is not None}


def counts_agree(name: str, month: str, promise: Promise) -> bool:
    """Whether the line of the Counts sheet, if one is filled in, says what the month's own rows say."""
    figure = promise.of(book(month))
    for row in book(month).rows("Counts", "Measure ID") or ():
        if row["Measure ID"] == name and row["Number"] is not None and figure is not None:
            whole = figure.low[1] is None or row["Out of"] == figure.low[1]
            return bool(row["Number"] == figure.low[0] and whole)
    return True


# ── Beside, and milestones ───────────────────────────────────────────────────


def beside(month: str) -> dict[str, list[Fraction]]:
    """The figures that the plan wants always beside a measure: one number, or a part and its whole."""
    b = book(month)
    waits, overdue = waiting(b), reviews_overdue(b)
    reviewed = [days for ever, days in overdue if ever]
    never = [days for ever, days in overdue if not ever]
    fostered = children_privately_fostered(b)
    shares = {
        "cic-permanent-fte-share": permanent_fte(b),
        "cic-permanent-share-of-posts": permanent_of_posts(b),
        "foster-carer-reviews-graded-good": graded_good(b),
        "foster-carer-reviews-held-in-time": reviews_held_in_time(b),
        "life-story-books-over-6-months": books_over_6_months(b),
    }
    numbers = {
        "foster-carer-first-reviews-overdue-longest": max(never, default=0),
        "foster-carer-reviews-overdue": len(overdue),
        "foster-carer-reviews-overdue-longest": max(reviewed, default=0),
        "matched-waiting": len(waits),
        "matched-waiting-longest": max(waits, default=0),
        "pf-children-at-month-end": 0 if fostered is None else fostered.low[0],
        "pf-repeat-referrals": repeat_referrals(year_to_date(month)),
        "views-consent-not-recorded": consent_not_recorded(b),
    }
    every = {name: list(parts) for name, parts in shares.items()}
    return dict(sorted((every | {name: [Fraction(n)] for name, n in numbers.items()}).items()))


def establishment_falls(month: str) -> bool:
    """Whether headcount passes while the permanent share of established posts fell since the month before."""
    if verdict("cic-permanent-workforce", month)["status"] != "pass":
        return False
    (before, posts_before), (now, posts_now) = (permanent_of_posts(book(m)) for m in ending(month, 2))
    return now / posts_now < before / posts_before


# What the plan dates; the others it leaves undated. The campaign is yearly, first by March 2024.
MILESTONES_DUE = {
    "edge-of-care-manager": date(2023, 10, 31),
    "international-social-workers": date(2023, 6, 30),
    "business-support-officer": date(2023, 5, 31),
    "slip-programme-for-iros": date(2023, 6, 30),
    "pf-champions-appointed": date(2023, 8, 31),
    "pf-referrals-up": date(2024, 3, 31),
}
YEARLY = "pf-awareness-campaign"


def milestones(month: str) -> dict[str, str]:
    """Where each action of the plan stands at month end."""
    today, stands = last_day(month), {}
    for row in book(month).rows("Milestones", "Milestone ID") or ():
        name, done = row["Milestone ID"], row["Done on"]
        due = MILESTONES_DUE.get(name)
        if name == YEARLY:
            due = date(today.year + (today.month > 3), 3, 31)  # by the end of this financial year
            done = done if within(done, date(due.year - 1, 4, 1), today) else None
        if by(done, today):
            stands[name] = "done" if due is None or done <= due else "done_late"
        elif due is None:
            stands[name] = "undated"
        else:
            stands[name] = "overdue" if today > due else "not_due"
    return stands


# ── The whole, as it is kept ─────────────────────────────────────────────────


def worked_out(month: str) -> dict[str, dict[str, object]]:
    """Everything expected of one month."""
    return {
        "measures": {name: verdict(name, month) for name in PROMISES},
        "beside": dict(beside(month)),
        "findings": {"establishment-share-falls": establishment_falls(month)},
        "milestones": dict(milestones(month)),
    }


def as_yaml() -> str:
    """The text of expected.yaml."""
    lines = ["# Printed by worked_out.py beside it, which says how each figure is worked out."]
    for month in MONTHS:
        lines.append(f'"{month}":')
        for part, entries in worked_out(month).items():
            lines += [f"  {part}:", *(f"    {name}: {_written(entry)}" for name, entry in entries.items())]
    return "\n".join(lines) + "\n"


def _written(value: object) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {_written(one)}" for key, one in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_written, value)) + "]"
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case _:
            return f'"{value}"' if "/" in str(value) or value == "no" else str(value)


if __name__ == "__main__":
    sys.stdout.write(as_yaml())
