"""Verdicts: a measurement held against the target in force, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from fractions import Fraction

    from kpi_engine.terms.measurement import Measurement, Reason
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.returned import Validated


class Status(StrEnum):
    """The four answers. Never a bare yes or no."""

    PASS = "pass"  # noqa: S105  (an answer, not a password)
    FAIL = "fail"
    NOT_DUE = "not_due"
    NOT_ASSESSED = "not_assessed"


@dataclass(frozen=True, slots=True)
class TargetInForce:
    """The step that judges: what the figure must reach, and from when. Shares are fractions of 1."""

    op: str  # at_least, at_most, more_than
    value: Fraction
    by: date | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of one indicator in one period.

    `figure` is the measurement shown (with doubtful rows counted against it);
    `best` the same with them counted for it. `gap` is figure less target (in
    the unit of the target; negative: short of it when higher is better), `needed` the smallest number of
    rows that would turn a fail. `detail` is one plain sentence.
    """

    indicator: str
    period: Period
    window: tuple[Period, Period]
    status: Status
    reason: Reason | None
    detail: str
    target: TargetInForce | None = None
    coming: TargetInForce | None = None
    measured: Measurement | None = None
    value: Fraction | None = None
    best: Fraction | None = None
    numerator: Fraction | None = None
    denominator: Fraction | None = None
    baseline: Fraction | None = None
    gap: Fraction | None = None
    needed: int | None = None
    days_left: int | None = None
    on_course: bool | None = None
    small: bool = False
    validated: Validated | None = None
    beside: tuple[Measurement, ...] = ()


class MilestoneStatus(StrEnum):
    """Where a dated action stands at the end of the period."""

    DONE = "done"
    DONE_LATE = "done_late"
    NOT_DUE = "not_due"
    OVERDUE = "overdue"
    NOT_REPORTED = "not_reported"
    UNDATED = "undated"


@dataclass(frozen=True, slots=True)
class MilestoneVerdict:
    """One milestone: its status, its dates, and days overdue (negative: days left)."""

    milestone: str
    status: MilestoneStatus
    due: date | None
    done_on: date | None
    expected_on: date | None
    days: int | None
    cell: str = ""
