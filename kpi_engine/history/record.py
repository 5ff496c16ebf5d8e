"""Recording months: new, revised, recalculated or unchanged; in one transaction, and only ever added."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING

from kpi_engine.history.file import Journal, open_history, told
from kpi_engine.history.row import KEY, Basis, figures_alone, row_of, sealed
from kpi_engine.terms.returned import MilestoneRow, Validated

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from kpi_engine.terms.checked import ReturnRead, Run
    from kpi_engine.terms.measurement import Measurement, MonthRecords
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.returned import MonthReturn

# ── What is recorded, and what became of it ──────────────────────────────────


@dataclass(frozen=True, slots=True)
class MeasuredMonth:
    """One month ready to be recorded: its measurements, and the returns they were made from.

    `returns` are those used and those refused, not those that another replaces.
    Where none was used there is nothing to record.
    """

    period: Period
    records: MonthRecords
    returns: tuple[ReturnRead, ...]
    validated: Validated = Validated.NOT_STATED
    milestones: Mapping[str, MilestoneRow] = field(default_factory=dict)


def figures_of(month: MeasuredMonth) -> str:
    """The digest of the month's figures, as `history.read.figures_held` gives it of what is stored."""
    return sealed((m.measure, basis.value, m.group, row_of(m)) for basis, m in _measurements(month))


class Outcome(StrEnum):
    """What became of a month that was to be recorded."""

    NEW = "new"
    REVISED = "revised"
    """Other returns than before: a new revision; the old one stays."""
    RECALCULATED = "recalculated"
    """The returns of before by other rules or another version: a further record of their revision."""
    UNCHANGED = "unchanged"
    """The returns, rules and version of before: nothing was written."""
    NOT_RECORDED = "not_recorded"
    """None of its returns could be used."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one month.

    `newest` is the month's newest revision: more than `revision` where older
    returns were given again. Both are 0 where nothing was recorded.
    """

    period: Period
    outcome: Outcome
    revision: int = 0
    recalculation: int = 0
    newest: int = 0


@dataclass(frozen=True, slots=True)
class Recorded:
    """What `record` did, month by month, and how the file is kept whole (None: it was not opened)."""

    authority: str
    months: tuple[Done, ...]
    journal: Journal | None


def measured_months(
    months: Mapping[Period, MonthReturn], records: Mapping[Period, MonthRecords], run: Run
) -> tuple[MeasuredMonth, ...]:
    """The months that returns make together, ready to be recorded, oldest first."""
    return tuple(
        MeasuredMonth(
            period=period,
            records=records[period],
            returns=tuple(r for r in run.returns if r.period == period and not r.replaced),
            validated=month.validated,
            milestones=month.milestones,
        )
        for period, month in sorted(months.items())
    )


# ── Recording ────────────────────────────────────────────────────────────────


def record(  # noqa: PLR0913  (what, whose, by what, by whom, when)
    path: Path,
    months: Sequence[MeasuredMonth],
    run: Run,
    *,
    authority: str,
    who: str,
    at: datetime,
    journal: Journal | None = None,
) -> Recorded:
    """Add `months` to the history at `path`, all or none; once it returns they are on the disk.

    `authority` is the council's code, `at` the time with its zone. The file is
    made if it is not there. KpiError, and nothing is written, where it cannot be used.
    """
    usable = [m for m in months if not all(r.refused for r in m.returns)]
    rest = [Done(m.period, Outcome.NOT_RECORDED) for m in months if all(r.refused for r in m.returns)]
    if not usable:
        return Recorded(authority, tuple(rest), None)
    with open_history(path, writable=True, journal=journal) as history, told(path):
        with _transaction(history.connection) as connection:
            done = [_outcome(connection, authority, month, run) for month in usable]
            to_add = [
                (month, one)
                for month, one in zip(usable, done, strict=True)
                if one.outcome is not Outcome.UNCHANGED
            ]
            if to_add:
                number = _add_run(connection, run, who, at)
                for month, one in to_add:
                    _add_month(connection, number, authority, month, one)
        every = sorted((*done, *rest), key=attrgetter("period"))
        return Recorded(authority, tuple(every), history.journal)


def foreseen(path: Path, months: Sequence[MeasuredMonth], run: Run, *, authority: str) -> tuple[Done, ...]:
    """What `record` would make of `months` now; nothing is written."""
    if not path.exists():
        return tuple(
            Done(m.period, Outcome.NOT_RECORDED)
            if all(r.refused for r in m.returns)
            else Done(m.period, Outcome.NEW, 1, 0, 1)
            for m in months
        )
    with open_history(path) as history, told(path):
        return tuple(
            Done(m.period, Outcome.NOT_RECORDED)
            if all(r.refused for r in m.returns)
            else _outcome(history.connection, authority, m, run)
            for m in months
        )


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _outcome(connection: sqlite3.Connection, authority: str, month: MeasuredMonth, run: Run) -> Done:
    held = connection.execute(
        "SELECT revision, recalculation, returned, engine, rulebook, measures"
        " FROM months JOIN runs USING (run) WHERE authority = ? AND period = ?"
        " ORDER BY revision, recalculation",
        (authority, str(month.period)),
    ).fetchall()
    newest = held[-1][0] if held else 0
    same = [row for row in held if row[2] == _returned(month)]
    if not same:
        outcome = Outcome.REVISED if held else Outcome.NEW
        return Done(month.period, outcome, newest + 1, 0, newest + 1)
    revision, recalculation, _, engine, rulebook, measures = same[-1]
    made_alike = (engine, rulebook) == (run.engine_version, run.rulebook_digest)
    if made_alike and _same_figures(connection, authority, month, revision, recalculation, measures):
        return Done(month.period, Outcome.UNCHANGED, revision, recalculation, newest)
    return Done(month.period, Outcome.RECALCULATED, revision, recalculation + 1, newest)


def _returned(month: MeasuredMonth) -> str:
    """What tells one set of returns from another: their digests, whatever their names and order."""
    return " ".join(sorted({("refused:" if r.refused else "") + r.digest for r in month.returns}))


def _same_figures(  # noqa: PLR0913, PLR0917  (a key has many parts)
    connection: sqlite3.Connection,
    authority: str,
    month: MeasuredMonth,
    revision: int,
    recalculation: int,
    measures: int,
) -> bool:
    """Whether the stored figures are those measured now: "unchanged" is looked up, not believed."""
    asked = list(_measurements(month))
    if measures != len(asked):
        return False
    for basis, measured in asked:
        key = (authority, measured.measure, basis.value, measured.group, str(month.period))
        row = connection.execute(
            'SELECT * FROM measurements WHERE authority = ? AND measure = ? AND basis = ? AND "group" = ?'
            " AND period = ? AND revision = ? AND recalculation = ?",
            (*key, revision, recalculation),
        ).fetchone()
        if row is None or figures_alone(row[KEY:]) != figures_alone(row_of(measured)):
            return False
    return True


def _measurements(month: MeasuredMonth) -> Iterator[tuple[Basis, Measurement]]:
    for basis, by_measure in ((Basis.OWN, month.records.own), (Basis.WHOLE, month.records.whole)):
        for measured in by_measure.values():
            yield basis, measured


def _add_run(connection: sqlite3.Connection, run: Run, who: str, at: datetime) -> int | None:
    when = at.astimezone(UTC).isoformat(timespec="seconds")
    number = connection.execute(
        "INSERT INTO runs (at, who, engine, rulebook) VALUES (?, ?, ?, ?)",
        (when, _storable(who), run.engine_version, run.rulebook_digest),
    ).lastrowid
    connection.executemany(
        "INSERT INTO returns (run, period, file, digest, refused) VALUES (?, ?, ?, ?, ?)",
        [
            (number, str(r.period) if r.period else None, _storable(r.file), r.digest, r.refused)
            for r in run.returns
        ],
    )
    return number


def _add_month(
    connection: sqlite3.Connection, run: int | None, authority: str, month: MeasuredMonth, done: Done
) -> None:
    period, measurements = str(month.period), list(_measurements(month))
    number = connection.execute(
        "INSERT INTO months (authority, period, revision, recalculation, run, returned, validated, measures)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(authority, period, done.revision, done.recalculation, run),
            *(_returned(month), month.validated.value, len(measurements)),
        ),
    ).lastrowid
    connection.executemany(
        "INSERT INTO measurements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(authority, m.measure, basis.value, m.group, period, done.revision, done.recalculation),
                *(_storable(cell) if isinstance(cell, str) else cell for cell in row_of(m)),
            )
            for basis, m in measurements
        ],
    )
    connection.executemany(
        "INSERT INTO milestones VALUES (?, ?, ?, ?, ?, ?)",
        [
            (number, name, _iso(row.done_on), _iso(row.expected_on), row.unknown, row.cell)
            for name, row in month.milestones.items()
        ],
    )


def _storable(text: str) -> str:
    """`text` as UTF-8 can hold it: a file name may not be."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
