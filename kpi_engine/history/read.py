"""Reading a history: every month as it was first reported, and as it stands now."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from kpi_engine.history.file import damaged, told
from kpi_engine.history.row import KEY, Basis, Row, measurement_of, sealed
from kpi_engine.terms.checked import ReturnRead
from kpi_engine.terms.codes import finding
from kpi_engine.terms.measurement import Measurement, MonthRecords
from kpi_engine.terms.period import Period
from kpi_engine.terms.returned import MilestoneRow, Validated

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

    from kpi_engine.history.file import History
    from kpi_engine.terms.checked import Run
    from kpi_engine.terms.finding import Finding


@dataclass(frozen=True, slots=True)
class Held:
    """The newest record of every month of one council, in order of months.

    `made_by` holds the engine version and rulebook digest that each was made with.
    """

    records: Mapping[Period, MonthRecords]
    validated: Mapping[Period, Validated]
    milestones: Mapping[Period, Mapping[str, MilestoneRow]]
    made_by: Mapping[Period, tuple[str, str]]

    def up_to(self, month: Period) -> Held:
        """The same without the months after `month`."""
        return Held(
            {p: one for p, one in self.records.items() if p <= month},
            {p: one for p, one in self.validated.items() if p <= month},
            {p: one for p, one in self.milestones.items() if p <= month},
            {p: one for p, one in self.made_by.items() if p <= month},
        )


NOTHING_HELD = Held({}, {}, {}, {})
"""Where no history is given."""


def newest_run(history: History) -> int:
    """The number of the last run that added to `history`; 0 if none did."""
    with told(history.path):
        return int(history.connection.execute("SELECT coalesce(max(run), 0) FROM runs").fetchone()[0])


def records(history: History, authority: str, *, until: int | None = None) -> Held:
    """What `history` knows of `authority`, as it stands now, or as it stood after run `until`.

    Empty for a council that it does not know.
    """
    with told(history.path), _reading(history), _content_of(history):
        newest = {m.period: m for m in _months(history.connection, authority, until)}
        measured = _newest_measurements(history.connection, authority, newest)
        for period, month in newest.items():
            held = measured[period]
            if len(held.own) + len(held.whole) != month.measures:
                raise damaged(history.path, f"records of {period} are missing")
        return Held(
            records=measured,
            validated={period: month.validated for period, month in newest.items()},
            milestones={p: _milestones(history.connection, month.number) for p, month in newest.items()},
            made_by={period: (month.engine, month.rulebook) for period, month in newest.items()},
        )


def before_corrections(
    history: History, authority: str, *, until: int | None = None
) -> tuple[Mapping[Period, MonthRecords], ...]:
    """All months as they stood before each correction of one, first to last; none where none was corrected.

    A month that came after a later one corrects what that said, too. The last of them is how they stand
    now (or stood after run `until`), if anything was ever corrected.
    """
    with told(history.path), _reading(history), _content_of(history):
        states: list[Mapping[Period, _Month]] = []
        newest: dict[Period, _Month] = {}
        for month in sorted(_months(history.connection, authority, until), key=lambda one: one.number):
            if newest and month.period <= max(newest):
                states.append(dict(newest))
            newest[month.period] = month
        if states:
            states.append(newest)
        return tuple(_newest_measurements(history.connection, authority, state) for state in states)


def figures_held(history: History, authority: str, period: Period, revision: int, recalculation: int) -> str:
    """The digest of the figures of one record of a month."""
    with told(history.path), _reading(history):
        rows = history.connection.execute(
            "SELECT * FROM measurements"
            " WHERE authority = ? AND period = ? AND revision = ? AND recalculation = ?",
            (authority, str(period), revision, recalculation),
        )
        return sealed((row[1], row[2], row[3], row[KEY:]) for row in rows)


def milestone_rows(history: History, authority: str) -> Mapping[Period, Mapping[str, MilestoneRow]]:
    """The Milestones sheets of `authority`, as they stand now, by month."""
    with told(history.path), _reading(history), _content_of(history):
        newest = {m.period: m.number for m in _months(history.connection, authority)}
        return {period: _milestones(history.connection, number) for period, number in newest.items()}


def authorities(history: History) -> tuple[str, ...]:
    """The codes of the councils that `history` knows, in order."""
    with told(history.path):
        return tuple(_authorities(history.connection))


def measured_otherwise(held: Held, run: Run, months: Iterable[Period]) -> tuple[Finding, ...]:
    """A finding if any of `months`, filled in from `held`, was measured otherwise than `run` measures."""
    now = (run.engine_version, run.rulebook_digest)
    other = sorted(month for month in months if held.made_by.get(month, now) != now)
    if not other:
        return ()
    named = other[0].label if len(other) == 1 else f"{len(other)} months ({other[0]} to {other[-1]})"
    return (finding("H110", months=named),)


@dataclass(frozen=True, slots=True)
class Stored:
    """One record of one measure and month, and where it stands among those of its month."""

    measured: Measurement
    revision: int
    recalculation: int
    validated: Validated


@dataclass(frozen=True, slots=True)
class MonthFigure:
    """One month of a series: as first reported and as it stands now; None: not measured then, or no more."""

    period: Period
    reported: Stored | None
    now: Stored | None


def series(
    history: History, authority: str, measure: str, *, basis: Basis = Basis.OWN, group: str = "all"
) -> tuple[MonthFigure, ...]:
    """The months of one measure that `history` holds, in order; empty if there are none.

    The cost depends on how many months there are, not on how many other measures.
    """
    with told(history.path), _reading(history), _content_of(history):
        newest = {m.period: (m.revision, m.recalculation) for m in _months(history.connection, authority)}
        # CROSS JOIN: SQLite then keeps the order of the tables, and the key gives the order of the rows.
        rows = history.connection.execute(
            "SELECT validated, m.* FROM measurements AS m"
            " CROSS JOIN months USING (authority, period, revision, recalculation)"
            ' WHERE m.authority = ? AND measure = ? AND basis = ? AND "group" = ?'
            " ORDER BY period, revision, recalculation",
            (authority, measure, basis.value, group),
        )
        by_month = groupby((_stored(row) for row in rows), key=lambda one: one.measured.period)
        figures = []
        for period, of_month in by_month:
            stored = {(one.revision, one.recalculation): one for one in of_month}
            figures.append(MonthFigure(period, stored.get((1, 0)), stored.get(newest[period])))
        return tuple(figures)


def _stored(row: Row) -> Stored:
    validated, *record = row
    *_, revision, recalculation = record[:KEY]
    return Stored(
        measurement_of(record), int(revision or 0), int(recalculation or 0), Validated(str(validated))
    )


@dataclass(frozen=True, slots=True)
class RecordedMonth:
    """One record of one month: which it is, who made it, when, with what and from what."""

    authority: str
    period: Period
    revision: int
    recalculation: int
    current: bool
    validated: Validated
    measures: int
    at: datetime
    who: str
    engine: str
    rulebook: str
    returns: tuple[ReturnRead, ...]


def recorded_months(history: History, authority: str | None = None) -> tuple[RecordedMonth, ...]:
    """Every record of every month in the order they were made, by council and month; nothing is left out."""
    with told(history.path), _reading(history), _content_of(history):
        councils = _authorities(history.connection) if authority is None else [authority]
        months = [month for council in councils for month in _months(history.connection, council)]
        newest = {(m.authority, m.period): m.number for m in months}
        return tuple(
            RecordedMonth(
                authority=m.authority,
                period=m.period,
                revision=m.revision,
                recalculation=m.recalculation,
                current=newest[m.authority, m.period] == m.number,
                validated=m.validated,
                measures=m.measures,
                at=datetime.fromisoformat(m.at),
                who=m.who,
                engine=m.engine,
                rulebook=m.rulebook,
                returns=_returns_of(history.connection, m),
            )
            for m in months
        )


@dataclass(frozen=True, slots=True)
class Exported:
    """One record with everything that is known of it."""

    authority: str
    measured: Measurement
    basis: Basis
    revision: int
    recalculation: int
    as_reported: bool
    current: bool
    validated: Validated
    at: str
    who: str
    engine: str
    rulebook: str


def every_record(history: History) -> Iterator[Exported]:
    """Every record of every measure, by council, measure, basis, group and month; none is left out."""
    connection = history.connection
    with told(history.path), _reading(history), _content_of(history):
        months = [m for council in _authorities(connection) for m in _months(connection, council)]
        newest = {(m.authority, m.period): m.number for m in months}
        by_key = {(m.authority, str(m.period), m.revision, m.recalculation): m for m in months}
        for row in connection.execute(
            'SELECT * FROM measurements ORDER BY authority, measure, basis, "group", period, revision,'
            " recalculation"
        ):
            authority, _, basis, _, period, revision, recalculation = row[:KEY]
            month = by_key[authority, period, revision, recalculation]
            yield Exported(
                authority=authority,
                measured=measurement_of(row),
                basis=Basis(basis),
                revision=revision,
                recalculation=recalculation,
                as_reported=(revision, recalculation) == (1, 0),
                current=newest[authority, month.period] == month.number,
                validated=month.validated,
                at=month.at,
                who=month.who,
                engine=month.engine,
                rulebook=month.rulebook,
            )


@dataclass(frozen=True, slots=True)
class _Month:
    number: int
    authority: str
    period: Period
    revision: int
    recalculation: int
    run: int
    returned: str
    validated: Validated
    measures: int
    at: str
    who: str
    engine: str
    rulebook: str


@contextmanager
def _reading(history: History) -> Iterator[None]:
    """One state of the file, whatever others write meanwhile."""
    history.connection.execute("BEGIN")
    try:
        yield
    finally:
        history.connection.execute("ROLLBACK")


@contextmanager
def _content_of(history: History) -> Iterator[None]:
    try:
        yield
    except (ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        raise damaged(history.path, "a record in it cannot be read") from error


def _authorities(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT DISTINCT authority FROM months ORDER BY authority")]


def _months(connection: sqlite3.Connection, authority: str, until: int | None = None) -> Iterator[_Month]:
    """Every record of every month, the newest of a month last; only those that runs up to `until` made."""
    rows = connection.execute(
        "SELECT month, authority, period, revision, recalculation, run, returned, validated, measures,"
        " at, who, engine, rulebook FROM months JOIN runs USING (run)"
        " WHERE authority = ? AND (? IS NULL OR run <= ?) ORDER BY period, revision, recalculation",
        (authority, until, until),
    )
    for number, council, period, revision, recalculation, run, returned, validated, *rest in rows:
        yield _Month(
            *(number, council, Period.parse(period), revision, recalculation, run, returned),
            *(Validated(validated), *rest),
        )


def _newest_measurements(
    connection: sqlite3.Connection, authority: str, newest: Mapping[Period, _Month]
) -> Mapping[Period, MonthRecords]:
    kept = {str(period): (month.revision, month.recalculation) for period, month in newest.items()}
    own: dict[str, dict[str, Measurement]] = {period: {} for period in kept}
    whole: dict[str, dict[str, Measurement]] = {period: {} for period in kept}
    rows = connection.execute("SELECT * FROM measurements WHERE authority = ?", (authority,))
    for row in rows:
        _, measure, basis, _group, period, revision, recalculation = row[:KEY]
        if kept.get(period) == (revision, recalculation):
            (own if Basis(basis) is Basis.OWN else whole)[period][measure] = measurement_of(row)
    return {period: MonthRecords(own[str(period)], whole[str(period)]) for period in newest}


def _milestones(connection: sqlite3.Connection, month: int) -> Mapping[str, MilestoneRow]:
    rows = connection.execute(
        "SELECT milestone, done_on, expected_on, unknown, cell FROM milestones WHERE month = ?", (month,)
    )
    return {
        name: MilestoneRow(_day(done_on), _day(expected_on), bool(unknown), cell)
        for name, done_on, expected_on, unknown, cell in rows
    }


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _returns_of(connection: sqlite3.Connection, month: _Month) -> tuple[ReturnRead, ...]:
    rows = connection.execute(
        "SELECT file, digest, refused FROM returns WHERE run = ? AND period = ? ORDER BY file, digest",
        (month.run, str(month.period)),
    )
    used = set(month.returned.split())
    return tuple(
        ReturnRead(file, digest, month.period, bool(refused))
        for file, digest, refused in rows
        if ("refused:" if refused else "") + digest in used
    )
