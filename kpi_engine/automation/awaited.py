"""What has not come yet: which month and sheet, from whom, and by when it was due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kpi_engine.returns.tables import CASE_SHEETS
from kpi_engine.terms.codes import finding
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import Period, span

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date

    from kpi_engine.rulebook.book import Calendar, Contract
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.returned import MonthReturn


@dataclass(frozen=True, slots=True)
class Awaited:
    """A sheet that has not come, by its id; "" for the whole return of a month.

    `sender` sends it: of a whole return who puts it together, and `senders` are all that send a sheet of
    it. `days_overdue` are calendar days after `due`; 0 until then.
    """

    period: Period
    sheet: str
    sender: str
    due: date
    days_overdue: int
    senders: tuple[str, ...]


def awaited(
    months: Mapping[Period, Collection[str]],
    *,
    calendar: Calendar | None,
    contract: Contract,
    first: Period,
    today: date,
) -> tuple[Awaited, ...]:
    """What has not come for the months from `first` to the last that has ended, in their order.

    `months` are those with a return that can be used, each with the sheets that it is `lacking`. Nothing
    is awaited without a calendar: see `calendar_missing`.
    """
    if calendar is None:
        return ()
    sheets = [one.id for one in contract.sheets.values() if one.kind in CASE_SHEETS]
    everybody = tuple(dict.fromkeys((calendar.sender, *map(calendar.sender_of, sheets))))
    found: list[Awaited] = []
    for month in span(first, Period.of(today).plus(-1)):
        due = calendar.due(month)
        overdue = max(0, (today - due).days)
        if month not in months:
            found.append(Awaited(month, "", calendar.sender, due, overdue, everybody))
            continue
        for sheet in sheets:
            if sheet in months[month]:
                sender = calendar.sender_of(sheet)
                found.append(Awaited(month, sheet, sender, due, overdue, (sender,)))
    return tuple(found)


def lacking(month: MonthReturn) -> frozenset[str]:
    """The case sheets that have not come, less those for which the cover says that there is no list.

    An empty sheet that does not say "none this month" has not come: the template holds every sheet.
    """
    empty = (name for name, table in month.tables.items() if not table.rows and not table.nil)
    missing = (name for name, one in month.problems.items() if one.reason is Reason.SHEET_MISSING)
    return frozenset((*empty, *missing)) - month.no_case_list


def calendar_missing(contract: Contract) -> tuple[Finding, ...]:
    """What must be told where the rules have no calendar."""
    return () if contract.calendar is not None else (finding("A169", file="returns/calendar.yaml"),)
