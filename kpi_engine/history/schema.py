"""The layout of a history file, version by version."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

APPLICATION_ID = 0x4B504948  # "KPIH" in the header says that the file is ours
_TABLES = ("runs", "returns", "months", "measurements", "milestones")
_FIRST = (
    # at is UTC; a run that changed nothing has no row.
    """
    CREATE TABLE runs (
        run INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL,
        engine TEXT NOT NULL, rulebook TEXT NOT NULL
    )
    """,
    # Every return that the run read; period NULL: it claims no month.
    """
    CREATE TABLE returns (
        run INTEGER NOT NULL REFERENCES runs, period TEXT,
        file TEXT NOT NULL, digest TEXT NOT NULL, refused INTEGER NOT NULL
    )
    """,
    "CREATE INDEX returns_of ON returns (run, period)",
    # returned: the digests that the month was measured from; measures: how many records it has.
    """
    CREATE TABLE months (
        month INTEGER PRIMARY KEY, authority TEXT NOT NULL, period TEXT NOT NULL,
        revision INTEGER NOT NULL, recalculation INTEGER NOT NULL,
        run INTEGER NOT NULL REFERENCES runs, returned TEXT NOT NULL,
        validated TEXT NOT NULL, measures INTEGER NOT NULL,
        UNIQUE (authority, period, revision, recalculation)
    )
    """,
    # The key holds one measure's months together: a series is read in one go. Fractions are text.
    """
    CREATE TABLE measurements (
        authority TEXT NOT NULL, measure TEXT NOT NULL, basis TEXT NOT NULL, "group" TEXT NOT NULL,
        period TEXT NOT NULL, revision INTEGER NOT NULL, recalculation INTEGER NOT NULL,
        low_numerator TEXT, low_denominator TEXT, high_numerator TEXT, high_denominator TEXT,
        in_doubt INTEGER NOT NULL, left_out INTEGER NOT NULL, source TEXT NOT NULL,
        reason TEXT, detail TEXT NOT NULL, months TEXT NOT NULL, missing TEXT NOT NULL,
        origins TEXT NOT NULL, stated_target TEXT,
        PRIMARY KEY (authority, measure, basis, "group", period, revision, recalculation)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE milestones (
        month INTEGER NOT NULL REFERENCES months, milestone TEXT NOT NULL,
        done_on TEXT, expected_on TEXT, unknown INTEGER NOT NULL, cell TEXT NOT NULL,
        PRIMARY KEY (month, milestone)
    ) WITHOUT ROWID
    """,
    *(
        f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}"
        " BEGIN SELECT RAISE(ABORT, 'a history is only added to'); END"
        for table in _TABLES
        for verb in ("update", "delete")
    ),
)
STEPS = (_FIRST,)
"""STEPS[n] turns layout n into layout n + 1; layout 0 is an empty file. A step is never changed."""


def layout(connection: sqlite3.Connection) -> int:
    """The version of the file's layout."""
    row = connection.execute("PRAGMA user_version").fetchone()
    return int(row[0])


def upgrade(connection: sqlite3.Connection, steps: Sequence[Sequence[str]] = STEPS) -> None:
    """Bring the file to the layout after the last of `steps`, whole or not at all."""
    if layout(connection) >= len(steps):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statements in steps[layout(connection) :]:  # asked anew: another process may have been first
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(steps)}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
