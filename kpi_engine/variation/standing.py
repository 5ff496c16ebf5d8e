"""Variation and assurance: what a chart's last group says of the latest point and of the target."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from kpi_engine.variation.charted import Assurance, AssuranceIcon, Direction, Variation, VariationIcon

if TYPE_CHECKING:
    from kpi_engine.variation.charted import Figure
    from kpi_engine.variation.groups import Group
    from kpi_engine.variation.profiles import Profile

_COLOURS = MappingProxyType(
    {
        (Direction.INCREASE, True): (Variation.IMPROVEMENT, VariationIcon.IMPROVEMENT_HIGH),
        (Direction.INCREASE, False): (Variation.CONCERN, VariationIcon.CONCERN_LOW),
        (Direction.DECREASE, True): (Variation.CONCERN, VariationIcon.CONCERN_HIGH),
        (Direction.DECREASE, False): (Variation.IMPROVEMENT, VariationIcon.IMPROVEMENT_LOW),
        (Direction.NEUTRAL, True): (Variation.NEUTRAL_HIGH, VariationIcon.NEUTRAL_HIGH),
        (Direction.NEUTRAL, False): (Variation.NEUTRAL_LOW, VariationIcon.NEUTRAL_LOW),
    }
)
_CHANCE = (Variation.COMMON_CAUSE, VariationIcon.COMMON_CAUSE)
ASSURANCE_ICONS = MappingProxyType(
    {
        Assurance.CONSISTENT_PASS: AssuranceIcon.PASS,
        Assurance.CONSISTENT_FAIL: AssuranceIcon.FAIL,
        Assurance.INCONSISTENT: AssuranceIcon.INCONSISTENT,
    }
)


def variation_at(
    group: Group, row: int, better: Direction, profile: Profile
) -> tuple[Variation, VariationIcon] | None:
    """The colour of one row of a group and its icon; None where the profile cannot say."""
    special = group.specials.get(row)
    if special is not None:
        return _COLOURS[better, special.high]
    unknown = group.values[row] is None or group.limits.lower is None
    if not group.judged or (profile.says_unknown and unknown):
        return None
    return _CHANCE


def assurance_of(
    group: Group, target: Figure | None, better: Direction, profile: Profile
) -> Assurance | None:
    """Whether `target` can be expected to be met; None without a target, a better side or a verdict."""
    if target is None or better is Direction.NEUTRAL or not group.judged:
        return None
    mean, lower, upper = group.limits.mean, group.limits.lower, group.limits.upper
    rising = better is Direction.INCREASE
    if profile.still_can_pass and group.still and mean is not None:
        met = mean >= target if rising else mean <= target
        return Assurance.CONSISTENT_PASS if met else Assurance.CONSISTENT_FAIL
    if lower is None or upper is None:
        return None if profile.says_unknown else Assurance.INCONSISTENT
    if lower <= target <= upper:
        return Assurance.INCONSISTENT
    return Assurance.CONSISTENT_FAIL if (target > upper) is rising else Assurance.CONSISTENT_PASS
