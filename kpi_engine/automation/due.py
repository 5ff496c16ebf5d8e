"""Which months a run reports: those whose returns came, and those that what came has changed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kpi_engine.automation.arrivals import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kpi_engine.automation.arrivals import Arrival
    from kpi_engine.automation.audit import Reported
    from kpi_engine.terms.period import Period


class Cause(StrEnum):
    """Why a report is made."""

    NEW = "new"
    """The month's first."""
    REVISED = "revised"
    """Other returns of the month than before."""
    RECALCULATED = "recalculated"
    """The same returns: other rules, another version of the program, or an earlier month that changed."""


@dataclass(frozen=True, slots=True)
class Due:
    """A report to be made: its number, why, and the sentence that says so in it (the first has none)."""

    period: Period
    revision: int
    recalculation: int
    cause: Cause
    because: str
    revised: str

    @property
    def folder(self) -> str:
        """Its place within `out`."""
        again = f"-recalculated-{self.recalculation}" if self.recalculation else ""
        return f"{self.period}/r{self.revision}{again}"


def of_arrivals(
    arrivals: Mapping[Period, Sequence[Arrival]],
    revisions: Mapping[Period, int],
    went_out: Mapping[Period, Sequence[Reported]],
) -> Iterator[Due]:
    """A report of each month of which returns were taken, oldest first."""
    for month in sorted(arrivals):
        earlier = went_out.get(month, ())
        revision, again = revisions[month], _again(revisions[month], earlier)
        because = _came(month, arrivals[month])
        if not earlier:
            yield Due(month, revision, again, Cause.NEW, because, "")
            continue
        last = earlier[-1]
        yield Due(
            *(month, revision, again, Cause.REVISED, because),
            f"This is revision {revision}; it replaces revision {last.revision}. {because}",
        )


def made_again(
    months: Sequence[Period], because: str, went_out: Mapping[Period, Sequence[Reported]]
) -> Iterator[Due]:
    """A further report of each of `months` on the returns it had, as `because` says."""
    for month in months:
        revision = went_out[month][-1].revision
        yield Due(
            *(month, revision, _again(revision, went_out[month]), Cause.RECALCULATED, because),
            f"Revision {revision} is reckoned again, and this replaces what it said. {because}",
        )


def still_read(went_out: Mapping[Period, Sequence[Reported]]) -> tuple[Period, ...]:
    """The months whose reports boards have before them: the latest, and the latest that ends a quarter."""
    ends = [month for month in went_out if month.quarter.last_month == month]
    return tuple(sorted({*sorted(went_out)[-1:], *sorted(ends)[-1:]}))


def _again(revision: int, earlier: Sequence[Reported]) -> int:
    return sum(one.revision == revision for one in earlier)


def _came(month: Period, arrivals: Sequence[Arrival]) -> str:
    if any(one.supersedes for one in arrivals):
        return f"A corrected return for {month.label} came."
    if all(one.outcome is Outcome.JOINS for one in arrivals):
        return f"A further workbook for {month.label} came."
    late = max(one.days_late for one in arrivals)
    if late:
        days = "1 day" if late == 1 else f"{late} days"
        return f"The return for {month.label} came {days} late."
    return f"The return for {month.label} came."
