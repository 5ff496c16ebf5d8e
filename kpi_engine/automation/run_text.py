"""What a run did, in the lines that its command prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpi_engine.automation.commit import Recovered
from kpi_engine.automation.inbox import shown
from kpi_engine.reports.wording import many
from kpi_engine.terms.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kpi_engine.automation.run import Ran


def done(ran: Ran) -> Iterator[str]:
    """Each file taken, each month reported, and what that changed."""
    if ran.entry is None:
        yield "Nothing new in the inbox: nothing is reported."
        return
    # The first is what decided; the rest stands in why.txt.
    why = {one.digest: faults[:1] for one, faults in ran.told.refused}
    for taken in ran.entry.taken:
        kept = f", kept in {taken.kept.rpartition('/')[0]}" if taken.kept else ""
        yield f"{shown(taken.file)}: {taken.outcome}{kept}"
        yield from (f"  {fault.code} {fault.message}" for fault in why.get(taken.digest, ()))
    for reported in ran.entry.reported:
        yield f"{Period.parse(reported.period).label}: {reported.cause}, reported in {reported.folder}"
        yield f"  {_counts(reported.verdicts)}"
    yield from (f"  {one}" for one in (*ran.told.changes[1:], *ran.told.recalculated, *ran.told.marked))
    if ran.told.packs_waiting:
        yield f"Packs wait for {many(len(ran.told.packs_waiting), 'explanation')}: the notice says which."


def open_still(ran: Ran) -> Iterator[str]:
    """What an earlier run had left, and what is overdue."""
    if ran.recovered is not Recovered.NOTHING:
        yield f"An earlier run was cut off; what it left was {ran.recovered.value}."
    for one in ran.told.awaited:
        if one.days_overdue:
            what = f"{ran.told.sheets.get(one.sheet, one.sheet)} of " if one.sheet else "The return for "
            yield f"Awaited: {what}{one.period.label}, {many(one.days_overdue, 'day')} overdue."


def _counts(verdicts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {status.replace('_', ' ')}" for status, number in verdicts.items())
