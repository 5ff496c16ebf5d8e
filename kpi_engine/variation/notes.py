"""What a reader of a chart must be told: warnings, and the rebase that might be decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpi_engine.terms.codes import finding
from kpi_engine.variation.groups import group_of
from kpi_engine.variation.profiles import FEW, FULL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from kpi_engine.terms.finding import Finding
    from kpi_engine.variation.groups import Group
    from kpi_engine.variation.profiles import Profile

SMALL = 20
"""A share of fewer than this many flags by chance far more often than the method promises."""
_LISTED = 6


def warnings_of(
    groups: Sequence[Group], dates: Sequence[date], profile: Profile, suggested: date | None
) -> tuple[Finding, ...]:
    """The warnings on a chart, group by group, then on its missing points and on a rebase."""
    told = [w for group in groups for w in _of_group(group, dates[group.start], profile)]
    values = [x for group in groups for x in group.values]
    missing = [day.isoformat() for day, x in zip(dates, values, strict=True) if x is None]
    if missing:
        more = f" and {len(missing) - _LISTED} more" if len(missing) > _LISTED else ""
        told.append(finding("V115", count=len(missing), dates=", ".join(missing[:_LISTED]) + more))
    if values and values[-1] is None:
        told.append(finding("V116", date=dates[-1].isoformat()))
    if suggested is not None:
        told.append(finding("V118", date=suggested.isoformat()))
    return tuple(told)


def _of_group(group: Group, start: date, profile: Profile) -> list[Finding]:
    told, since = [], start.isoformat()
    if not group.judged:
        return [finding("V111", count=group.count, since=since, least=profile.verdict_from)]
    if group.count < FULL:
        told.append(finding("V110", count=group.count, since=since, full=FULL))
    if group.still:
        told.append(finding("V112", count=group.count, since=since))
    elif group.limits.unscreened:
        told.append(finding("V113", since=since))
    elif group.limits.lower is None:
        told.append(finding("V114", since=since))
    return told


def suggested_rebase(
    groups: Sequence[Group], dates: Sequence[date], profile: Profile, *, screen: bool
) -> date | None:
    """The date from which the latest points are a process of their own, if they are; never acted upon.

    They are if at least 13 in a row, to the latest, lie on one side of the mean, nothing is special
    among them when they are charted alone, and at least 7 values stand before them in the group.
    """
    if not groups:
        return None
    group, mean = groups[-1], groups[-1].limits.mean
    if mean is None:
        return None
    sides = [0 if x is None else (x > mean) - (x < mean) for x in group.values]
    first = len(sides)
    while first and sides[first - 1] and sides[first - 1] == sides[-1]:
        first -= 1
    before = sum(x is not None for x in group.values[:first])
    if len(sides) - first < FULL or before < FEW:
        return None
    alone = group_of(group.values[first:], profile, screen=screen)
    return None if alone.specials else dates[group.start + first]


def small_numbers(denominators: Iterable[int | None]) -> Finding | None:
    """A warning where a share is out of fewer than 20 in any month, with the false alarms to expect."""
    known = [n for n in denominators if n is not None]
    return finding("V117", least=min(known)) if known and min(known) < SMALL else None
