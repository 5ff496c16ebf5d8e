"""Flags as they were reported against flags as they are now: later months change both flags and limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from kpi_engine.variation.charted import Chart, SpecialCause


@dataclass(frozen=True, slots=True)
class Revised:
    """One date whose flag is not the one that was reported."""

    date: date
    reported: SpecialCause | None
    now: SpecialCause | None


def revised(reported: Mapping[date, SpecialCause | None], chart: Chart) -> tuple[Revised, ...]:
    """The dates of `reported` whose point in `chart` is named otherwise, in order."""
    return tuple(
        Revised(p.date, reported[p.date], p.special_cause)
        for p in chart.points
        if p.date in reported and reported[p.date] != p.special_cause
    )
