"""What a chart says: its points, what is special about them, its variation and assurance."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from datetime import date

    from kpi_engine.terms.finding import Finding

Number: TypeAlias = int | float | Decimal | Fraction
"""What a caller may give as a value."""
Figure: TypeAlias = Fraction | float
"""What a chart reckons in: Fractions in an exact profile, else doubles."""


class Direction(StrEnum):
    """Which way is better."""

    INCREASE = "increase"
    DECREASE = "decrease"
    NEUTRAL = "neutral"


class Variation(StrEnum):
    """Whether a figure is really changing."""

    COMMON_CAUSE = "common_cause"
    IMPROVEMENT = "improvement"
    CONCERN = "concern"
    NEUTRAL_HIGH = "neutral_high"
    NEUTRAL_LOW = "neutral_low"


class Assurance(StrEnum):
    """Whether the target can be expected to be met."""

    CONSISTENT_PASS = "consistent_pass"  # noqa: S105  (the same)
    CONSISTENT_FAIL = "consistent_fail"
    INCONSISTENT = "inconsistent"


class VariationIcon(StrEnum):
    """The picture of a variation; high and low are the side of the figure."""

    COMMON_CAUSE = "common_cause"
    IMPROVEMENT_HIGH = "improvement_high"
    IMPROVEMENT_LOW = "improvement_low"
    CONCERN_HIGH = "concern_high"
    CONCERN_LOW = "concern_low"
    NEUTRAL_HIGH = "neutral_high"
    NEUTRAL_LOW = "neutral_low"


class AssuranceIcon(StrEnum):
    """The picture of an assurance: P, F and ?."""

    PASS = "pass"  # noqa: S105  (an answer, not a password)
    FAIL = "fail"
    INCONSISTENT = "inconsistent"


class SpecialCause(StrEnum):
    """What is special about a point, in the words of the reference."""

    ABOVE_LIMIT = "Above UCL"
    BELOW_LIMIT = "Below LCL"
    RISING = "7 Point Trend (Increasing)"
    FALLING = "7 Point Trend (Decreasing)"
    NEAR_ABOVE = "2 in 3 Above CL"
    NEAR_BELOW = "2 in 3 Below CL"
    RUN_ABOVE = "7 Points Above CL"
    RUN_BELOW = "7 Points Below CL"
    COMMON_CAUSE = "Common Cause"


class Rule(StrEnum):
    """The four rules, in the order in which they name a point."""

    OUTSIDE = "outside"
    TREND = "trend"
    TWO_IN_THREE = "two_in_three"
    RUN = "run"


class Evidence(StrEnum):
    """How much the values since the last rebase can carry: under 7, 7 to 12, 13 and more."""

    TOO_FEW = "too_few"
    TRIAL = "trial"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Point:
    """One date of the chart; `value` None is a missing figure, any other None is undefined.

    `group` counts the rebases before it. `moving_range` is that of the baseline, before screening;
    `mean_moving_range` is what the limits are made from. `target` is the one in force.
    `special_cause` and `colour` are None where the profile gives no verdict.
    """

    date: date
    value: Figure | None
    group: int
    mean: Figure | None
    lower: Figure | None
    upper: Figure | None
    near_lower: Figure | None
    near_upper: Figure | None
    moving_range: Figure | None
    mean_moving_range: Figure | None
    target: Figure | None
    special_cause: SpecialCause | None
    colour: Variation | None


@dataclass(frozen=True, slots=True)
class Flag:
    """Why a point is special: the rule, the dates of its window, and what it was held against.

    A run's or trend's window is the whole unbroken stretch; `n` is the number of values behind the mean.
    """

    window: tuple[date, ...]
    date: date
    rule: Rule
    special_cause: SpecialCause
    mean: Figure | None
    lower: Figure | None
    upper: Figure | None
    n: int


@dataclass(frozen=True, slots=True)
class Chart:
    """One series by one named profile.

    `variation` is about the latest point, `assurance` about the months to come; None is "cannot be said".
    `n` counts the values since the last rebase, `target` is the one in force at the latest point, `still`
    says that those values are all equal, `suggested_rebase` is a date to decide on and nothing more.
    """

    profile: str
    better: Direction
    points: tuple[Point, ...]
    variation: Variation | None
    variation_icon: VariationIcon | None
    assurance: Assurance | None
    assurance_icon: AssuranceIcon | None
    flags: tuple[Flag, ...]
    warnings: tuple[Finding, ...]
    evidence: Evidence
    n: int
    still: bool
    target: Figure | None
    suggested_rebase: date | None
