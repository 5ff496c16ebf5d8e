"""The named ways to draw a chart, as data."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kpi_engine.variation.charted import Figure

FEW, FULL = 7, 13
"""Values from which a chart says anything at all, and from which its limits are not on trial."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One way to draw an XmR chart: its factors, and where it departs from the reference.

    Limits stand `limit` mean moving ranges from the mean and near limits `near`; a moving range of
    `screen` times the mean one or more is left out. A group of fewer than `verdict_from` values
    has no limits and no verdict, one of fewer than `icons_from` no icons.
    """

    name: str
    exact: bool
    """Fractions throughout; else doubles, as the reference."""
    limit: Figure
    near: Figure
    screen: Figure
    verdict_from: int
    icons_from: int
    gaps_are_missing: bool
    """Months without a row are missing points; else their neighbours are treated as adjacent."""
    rebase_must_match: bool
    """A rebase date that no point has is a fault; else it is ignored and told."""
    screening_keeps_some: bool
    """Screening that would leave no range above zero is undone."""
    still_can_pass: bool
    """Values that are all equal and meet the target exactly are a consistent pass."""
    says_unknown: bool
    """A missing point or undefined limits give None; else common cause, and an inconsistent assurance."""
    trend_by_window: bool
    """The latest trend that holds a point names it; else the step to the next point of any trend does."""


# Factors: NHSRplotthedots 0.2.2, ptd_spc_standard.
REFERENCE = Profile(
    name="nhsr-0.2.2",
    exact=False,
    limit=2.66,
    near=2 * (2.66 / 3),
    screen=3.267,
    verdict_from=0,
    icons_from=0,
    gaps_are_missing=False,
    rebase_must_match=False,
    screening_keeps_some=False,
    still_can_pass=False,
    says_unknown=False,
    trend_by_window=False,
)
BOARD = Profile(
    name="board",
    exact=True,
    limit=Fraction("2.66"),
    near=2 * Fraction("2.66") / 3,
    screen=Fraction("3.267"),
    verdict_from=FEW,
    icons_from=FULL,
    gaps_are_missing=True,
    rebase_must_match=True,
    screening_keeps_some=True,
    still_can_pass=True,
    says_unknown=True,
    trend_by_window=True,
)
PROFILES = MappingProxyType({profile.name: profile for profile in (REFERENCE, BOARD)})
