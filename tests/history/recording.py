"""What the processes do that tests of killing and waiting start."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kpi_engine.history.file import Journal, open_history
from kpi_engine.history.read import records
from kpi_engine.terms.period import Period
from tests.history.build import COUNCIL, month, recorded, share

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.synchronize import Barrier

    from kpi_engine.history.record import MeasuredMonth

MEASURES = 40
MONTHS = ("2024-01", "2024-02", "2024-03")


def marked(at: str, number: int) -> MeasuredMonth:
    """A month all of whose figures are `number`, from a return of that number."""
    figures = (share(f"m{i:02}", at, number, 10**6) for i in range(MEASURES))
    return month(at, *figures, digest=f"return-{number}")


def numbers_held(path: Path) -> dict[str, int]:
    """The number that marks each month; the figures of a month must all have it."""
    with open_history(path) as history:
        held = records(history, COUNCIL).records
    found = {}
    for period, of_month in held.items():
        numerators = {int(m.low.numerator) for m in of_month.own.values() if m.low is not None}
        assert len(of_month.own) == MEASURES
        assert len(numerators) == 1, f"{period} is a mixture"
        found[str(period)] = numerators.pop()
    return found


def record_for_ever(path: str, journal: Journal, first: int, told: Connection) -> None:
    """Record revision after revision of three months; acknowledge each once it is recorded."""
    number = first
    told.send(number)
    while True:
        number += 1
        recorded(Path(path), *(marked(at, number) for at in MONTHS), journal=journal)
        told.send(number)


def record_each(path: str, authority: str, start: Barrier) -> None:
    """Record twenty months one by one, beginning when the others do."""
    start.wait()
    for n in range(20):
        at = str(Period.parse("2023-01").plus(n))
        recorded(Path(path), marked(at, n), authority=authority)


def record_once(path: str, told: Connection) -> None:
    """Record one month, and say when it was done."""
    told.send(os.getpid())
    recorded(Path(path), marked("2024-04", 4))
    told.send(time.monotonic())
