"""What a run did as events of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpi_engine.automation.arrivals import Outcome
from kpi_engine.automation.commit import Recovered
from kpi_engine.automation.due import Cause
from kpi_engine.automation.log import Event, Happened
from kpi_engine.terms.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kpi_engine.automation.run import Ran


def events_of(ran: Ran) -> Iterator[Happened]:
    """The events of a run, in the order in which they came about."""
    if ran.recovered is not Recovered.NOTHING:
        yield Happened(Event.RECOVERED, outcome=ran.recovered)
    if ran.told.waiting:
        codes = tuple(one.code for one in ran.told.waiting)
        yield Happened(Event.WAITS, codes=codes, count=len(ran.told.waiting))
    if ran.entry is not None:
        for taken in ran.entry.taken:
            month = None if taken.month is None else Period.parse(taken.month)
            yield Happened(Event.TAKEN, month=month, digest=taken.digest, outcome=Outcome(taken.outcome))
        for one in ran.entry.reported:
            yield Happened(
                Event.REPORTED,
                month=Period.parse(one.period),
                outcome=Cause(one.cause),
                revision=one.revision,
                recalculation=one.recalculation,
                count=len(one.outputs),
            )
        yield Happened(Event.RECORDED, number=ran.entry.number)
    if ran.told.packs_waiting:
        yield Happened(Event.PACKS_HELD_BACK, codes=tuple(one.code for one in ran.told.packs_waiting))
    if ran.sent:
        yield Happened(Event.POSTED, count=ran.sent)
    unsent = tuple(one.code for one in ran.found if one.code in _NOT_POSTED)
    if unsent:
        yield Happened(Event.NOT_POSTED, codes=unsent)


_NOT_POSTED = frozenset({"A126", "A127", "A128"})
