"""Milestones: where each dated action of the plan stands at the end of a period."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpi_engine.terms.period import YEAR, Period, add_months
from kpi_engine.terms.verdict import MilestoneStatus, MilestoneVerdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from kpi_engine.rulebook.book import MilestoneRule
    from kpi_engine.terms.returned import MilestoneRow


def judge_milestones(
    rules: Mapping[str, MilestoneRule], rows: Mapping[str, MilestoneRow], period: Period, plan_start: date
) -> tuple[MilestoneVerdict, ...]:
    """Where each dated action stands on the period's last day."""
    return tuple(_milestone(rule, rows.get(rule.id), period.end, plan_start) for rule in rules.values())


def _milestone(
    rule: MilestoneRule, row: MilestoneRow | None, today: date, plan_start: date
) -> MilestoneVerdict:
    due = rule.due
    if row is None or row.unknown:
        cell = row.cell if row is not None else ""
        return MilestoneVerdict(rule.id, MilestoneStatus.NOT_REPORTED, due, None, None, None, cell)
    done = row.done_on if row.done_on is not None and row.done_on <= today else None
    if rule.every == "year":
        due, done = _this_years(due or add_months(plan_start, YEAR), done, today)
    status = _milestone_status(due, done, today)
    days = (today - due).days if due is not None and done is None else None
    return MilestoneVerdict(rule.id, status, due, row.done_on, row.expected_on, days, row.cell)


def _this_years(first: date, done: date | None, today: date) -> tuple[date, date | None]:
    """The due date that counts of a yearly action first due on `first`, and the day it was done for it."""
    years = 0
    while add_months(first, YEAR * years) < today:
        years += 1
    coming, past = add_months(first, YEAR * years), add_months(first, YEAR * (years - 1))
    if years == 0 or (done is not None and done > past):
        return coming, done
    done_last_year = done is not None and done > add_months(first, YEAR * (years - 2))
    return (coming, None) if done_last_year else (past, None)


def _milestone_status(due: date | None, done: date | None, today: date) -> MilestoneStatus:
    if done is not None:
        return MilestoneStatus.DONE if due is None or done <= due else MilestoneStatus.DONE_LATE
    if due is None:
        return MilestoneStatus.UNDATED
    return MilestoneStatus.OVERDUE if today > due else MilestoneStatus.NOT_DUE
