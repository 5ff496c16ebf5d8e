"""A milestone is done, late, overdue, not due, undated or not reported; want of a row is never "not done"."""

from __future__ import annotations

from datetime import date

import pytest

from kpi_engine.rulebook.book import Citation, MilestoneRule
from kpi_engine.terms.period import Period
from kpi_engine.terms.returned import MilestoneRow
from kpi_engine.terms.verdict import MilestoneStatus, MilestoneVerdict
from kpi_engine.verdicts.milestones import judge_milestones

S = MilestoneStatus
DUE = date(2023, 10, 31)


def rule(due: date | None = DUE, every: str | None = None) -> MilestoneRule:
    return MilestoneRule(
        id="a-milestone",
        title="Title",
        actions=("1.1 a",),
        covers=(),
        lead="Lead",
        due=due,
        every=every,
        same_as=None,
        source=Citation("plan", "action 1.1", "by October 2023"),
        readings=(),
    )


def at(period: str, one: MilestoneRule, row: MilestoneRow | None) -> MilestoneVerdict:
    rows = {} if row is None else {one.id: row}
    (verdict,) = judge_milestones({one.id: one}, rows, Period.parse(period), date(2023, 6, 30))
    return verdict


def row(done_on: date | None = None, *, unknown: bool = False) -> MilestoneRow:
    return MilestoneRow(done_on=done_on, expected_on=None, unknown=unknown, cell="Milestones!C5")


@pytest.mark.parametrize(
    ("period", "given", "status", "days"),
    [
        ("2023-09", row(), S.NOT_DUE, -31),
        ("2023-10", row(), S.NOT_DUE, 0),
        ("2023-11", row(), S.OVERDUE, 30),
        ("2023-11", row(date(2023, 10, 31)), S.DONE, None),
        ("2023-11", row(date(2023, 11, 1)), S.DONE_LATE, None),
        ("2023-11", row(date(2023, 12, 1)), S.OVERDUE, 30),
        ("2023-11", row(unknown=True), S.NOT_REPORTED, None),
        ("2023-11", None, S.NOT_REPORTED, None),
    ],
)
def test_a_dated_milestone(
    period: str, given: MilestoneRow | None, status: MilestoneStatus, days: int | None
) -> None:
    verdict = at(period, rule(), given)
    assert (verdict.status, verdict.days) == (status, days)


def test_an_undated_milestone_is_undated_until_done() -> None:
    assert at("2024-11", rule(None), row()).status is S.UNDATED
    assert at("2024-11", rule(None), row(date(2024, 1, 1))).status is S.DONE


@pytest.mark.parametrize(
    ("period", "done_on", "status", "due"),
    [
        ("2023-12", None, S.NOT_DUE, date(2024, 3, 31)),
        ("2023-12", date(2023, 11, 1), S.DONE, date(2024, 3, 31)),
        ("2024-03", None, S.NOT_DUE, date(2024, 3, 31)),
        ("2024-04", None, S.OVERDUE, date(2024, 3, 31)),
        ("2024-04", date(2023, 11, 1), S.NOT_DUE, date(2025, 3, 31)),
        ("2024-04", date(2024, 4, 1), S.DONE, date(2025, 3, 31)),
        ("2025-03", date(2023, 11, 1), S.NOT_DUE, date(2025, 3, 31)),
        ("2025-04", date(2023, 11, 1), S.OVERDUE, date(2025, 3, 31)),
        ("2025-04", date(2024, 11, 1), S.NOT_DUE, date(2026, 3, 31)),
    ],
)
def test_a_yearly_milestone_falls_due_every_year(
    period: str, done_on: date | None, status: MilestoneStatus, due: date
) -> None:
    verdict = at(period, rule(date(2024, 3, 31), every="year"), row(done_on))
    assert (verdict.status, verdict.due) == (status, due)


def test_a_yearly_milestone_without_date_is_first_due_a_year_into_the_plan() -> None:
    assert at("2024-05", rule(None, every="year"), row()).due == date(2024, 6, 30)
