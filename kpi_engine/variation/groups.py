"""The points from one rebase to the next: their limits, and what is special about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kpi_engine.variation.charted import Evidence
from kpi_engine.variation.limits import Limits, limits_of
from kpi_engine.variation.profiles import FEW, FULL
from kpi_engine.variation.rules import specials

if TYPE_CHECKING:
    from kpi_engine.variation.charted import Figure
    from kpi_engine.variation.profiles import Profile
    from kpi_engine.variation.rules import Special


@dataclass(frozen=True, slots=True)
class Group:
    """One group: its rows begin at `start` of the series.

    `count` is the number of its values, or of its baseline's where those are too few for limits; `judged`
    says whether the profile gives a verdict on so many.
    """

    number: int
    start: int
    values: tuple[Figure | None, ...]
    limits: Limits
    specials: dict[int, Special]
    count: int
    judged: bool

    @property
    def still(self) -> bool:
        """Whether it holds two values or more, all equal."""
        present = [x for x in self.values if x is not None]
        return len(present) > 1 and all(x == present[0] for x in present)

    @property
    def evidence(self) -> Evidence:
        """How much its values can carry."""
        if self.count < FEW:
            return Evidence.TOO_FEW
        return Evidence.TRIAL if self.count < FULL else Evidence.FULL


def group_of(  # noqa: PLR0913  (the options of the method; all are keywords)
    values: tuple[Figure | None, ...],
    profile: Profile,
    *,
    number: int = 0,
    start: int = 0,
    fix_after: int | None = None,
    screen: bool = True,
) -> Group:
    """The group that these values make."""
    limits = limits_of(values, profile, fix_after=fix_after, screen=screen)
    count = sum(x is not None for x in values) if limits.n >= FEW else limits.n
    judged = count >= profile.verdict_from
    special = specials(values, limits, profile) if judged else {}
    return Group(number, start, values, limits, special, count, judged)
