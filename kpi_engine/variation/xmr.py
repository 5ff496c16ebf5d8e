"""XmR charts by the Making Data Count method: from a series of figures to what is special about it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from kpi_engine.variation.charted import Chart, Direction, Evidence, Flag, Point, SpecialCause
from kpi_engine.variation.groups import group_of
from kpi_engine.variation.notes import suggested_rebase, warnings_of
from kpi_engine.variation.profiles import PROFILES
from kpi_engine.variation.series import series_of
from kpi_engine.variation.standing import ASSURANCE_ICONS, assurance_of, variation_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import date

    from kpi_engine.variation.charted import Figure, Number
    from kpi_engine.variation.groups import Group
    from kpi_engine.variation.profiles import Profile
    from kpi_engine.variation.series import Series, Target


def chart(  # noqa: PLR0913  (the options of the method; all are keywords)
    points: Iterable[tuple[date, Number | None]],
    *,
    better: Direction | str,
    target: Target = None,
    rebase: Collection[date] = (),
    fix_after: int | None = None,
    screen: bool = True,
    profile: str = "board",
    possible: tuple[Number | None, Number | None] = (None, None),
) -> Chart:
    """The chart of one series by the named profile.

    `points`: dates in any order, each once, with a value in the series' own unit or None (missing).
    `target`: a figure, or steps (from which date, figure). `rebase`: dates whose point begins a new group.
    `fix_after`: limits from the first so many rows of each group, at least 12. `screen`: leave out very large
    moving ranges. `possible`: the least and greatest value there can be; limits are drawn within them.
    The board profile reckons with the exact value of each number: give it Fraction or Decimal.
    Raises KpiError with every fault of the series; KeyError, ValueError for an unknown profile or direction.
    Source: NHSRplotthedots 0.2.2.
    """
    chosen, direction = PROFILES[profile], Direction(better)
    series = series_of(points, chosen, target=target, rebase=frozenset(rebase), fix_after=fix_after)
    groups = [
        group_of(series.values[a:b], chosen, number=i, start=a, fix_after=fix_after, screen=screen)
        for i, (a, b) in enumerate(series.groups)
    ]
    suggested = suggested_rebase(groups, series.dates, chosen, screen=screen)
    last = groups[-1] if groups else None
    latest = variation_at(last, len(last.values) - 1, direction, chosen) if last else None
    aim = series.targets[-1] if last else None
    assurance = assurance_of(last, aim, direction, chosen) if last else None
    icons = last is not None and last.count >= chosen.icons_from
    drawn = [_drawn(group, possible) for group in groups]
    return Chart(
        profile=chosen.name,
        better=direction,
        points=tuple(
            p
            for g, limits in zip(groups, drawn, strict=True)
            for p in _points(g, limits, series, direction, chosen)
        ),
        variation=latest[0] if latest else None,
        variation_icon=latest[1] if latest and icons else None,
        assurance=assurance,
        assurance_icon=ASSURANCE_ICONS[assurance] if assurance and icons else None,
        flags=tuple(
            f for g, limits in zip(groups, drawn, strict=True) for f in _flags(g, limits, series.dates)
        ),
        warnings=(*series.warnings, *warnings_of(groups, series.dates, chosen, suggested)),
        evidence=last.evidence if last else Evidence.TOO_FEW,
        n=last.count if last else 0,
        still=last is not None and last.still,
        target=aim,
        suggested_rebase=suggested,
    )


def _drawn(
    group: Group, possible: tuple[Number | None, Number | None]
) -> tuple[Figure | None, Figure | None]:
    """The limits within what is possible, for the eye: verdicts are taken from the limits themselves."""
    exact = isinstance(group.limits.mean, Fraction)
    least, most = (None if x is None else Fraction(x) if exact else float(x) for x in possible)
    lower, upper = group.limits.lower, group.limits.upper
    if lower is not None and least is not None:
        lower = max(lower, least)
    if upper is not None and most is not None:
        upper = min(upper, most)
    return lower, upper


def _points(
    group: Group,
    drawn: tuple[Figure | None, Figure | None],
    series: Series,
    better: Direction,
    profile: Profile,
) -> Iterator[Point]:
    limits, (lower, upper) = group.limits, drawn
    for row, value in enumerate(group.values):
        special, found = group.specials.get(row), variation_at(group, row, better, profile)
        yield Point(
            date=series.dates[group.start + row],
            value=value,
            group=group.number,
            mean=limits.mean,
            lower=lower,
            upper=upper,
            near_lower=limits.near_lower,
            near_upper=limits.near_upper,
            moving_range=limits.ranges[row],
            mean_moving_range=limits.mean_moving_range,
            target=series.targets[group.start + row],
            special_cause=None if found is None else special.cause if special else SpecialCause.COMMON_CAUSE,
            colour=found[0] if found else None,
        )


def _flags(
    group: Group, drawn: tuple[Figure | None, Figure | None], dates: tuple[date, ...]
) -> Iterator[Flag]:
    for row, special in sorted(group.specials.items()):
        first, last = group.start + special.first, group.start + special.last
        yield Flag(
            date=dates[group.start + row],
            rule=special.rule,
            special_cause=special.cause,
            window=dates[first : last + 1],
            mean=group.limits.mean,
            lower=drawn[0],
            upper=drawn[1],
            n=group.limits.n,
        )
