"""rules/returns/calendar.yaml: when a month's return is due, and who sends which sheet of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpi_engine.rulebook.book import Calendar
from kpi_engine.rulebook.faults import validated
from kpi_engine.rulebook.indicators import readings
from kpi_engine.rulebook.nearest import did_you_mean
from kpi_engine.rulebook.schema import CalendarModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kpi_engine.rulebook.document import Path, RuleFile
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.period import Period


def read_calendar(
    file: RuleFile | None, sheets: frozenset[str]
) -> tuple[Calendar | None, tuple[Finding, ...]]:
    """The calendar of the file, if there is one, and its faults; `sheets` are those of the contract."""
    if file is None:
        return None, ()
    model, faults = validated(file, CalendarModel)
    if model is None:
        return None, faults
    calendar = Calendar(
        day=model.day,
        months_after=model.months_after,
        exceptions={one.month: one.due for one in model.exceptions},
        sender=model.sender,
        senders=model.senders,
        readings=readings(model.readings),
    )
    return calendar, (*faults, *_faults(file, model, sheets))


def _faults(file: RuleFile, model: CalendarModel, sheets: frozenset[str]) -> Iterator[Finding]:
    first: dict[Period, Path] = {}
    for i, one in enumerate(model.exceptions):
        place: Path = ("exceptions", i, "month")
        before = first.setdefault(one.month, place)
        if before != place:
            yield file.fault("B131", place, found=one.month, where=f"line {file.line(before)}")
        if one.due <= one.month.end:
            what = f"a return cannot be due before {one.month.label} has ended."
            yield file.fault("B135", ("exceptions", i, "due"), what=what)
    for sheet in model.senders:
        if sheet not in sheets:
            hint = did_you_mean(sheet, sheets)
            yield file.fault("B132", ("senders", sheet), on_key=True, what="sheet", found=sheet, hint=hint)
