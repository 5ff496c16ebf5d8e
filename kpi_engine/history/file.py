"""A history file opened: recognised before anything is written, and never harmed by a look."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path  # noqa: TC003  (typer and callers read it)
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from kpi_engine.errors import KpiError
from kpi_engine.history.disk import is_local
from kpi_engine.history.schema import APPLICATION_ID, STEPS, layout, upgrade
from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from kpi_engine.terms.finding import Finding

PATIENCE = 60
"""Seconds that a writer waits for another."""
_MAGIC = b"SQLite format 3\0"
_HEADER, _LAYOUT, _APPLICATION = 100, slice(60, 64), slice(68, 72)  # sqlite.org/fileformat2.html
_IN_USE = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_UNUSABLE = frozenset(
    {
        *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL),
        *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL),
    }
)
_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})


class Journal(StrEnum):
    """How SQLite keeps a write whole."""

    WAL = "wal"
    """On a local disk: readers go on during a write."""
    DELETE = "delete"
    """Elsewhere, as on a network share: readers wait while a write ends."""

    @property
    def said(self) -> str:
        """What it means for those who read."""
        if self is Journal.WAL:
            return "on a local disk: readers go on during a write"
        return "not known to be on a local disk: readers wait during a write"


@dataclass(frozen=True, slots=True)
class History:
    """An open history; use it in a `with`, or call `close`."""

    path: Path
    connection: sqlite3.Connection
    journal: Journal

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    def __enter__(self) -> Self:
        """The history itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it, whatever happened."""
        self.close()


def open_history(path: Path, *, writable: bool = False, journal: Journal | None = None) -> History:
    """The history at `path`; `writable` makes it if it is not there and brings its layout up to date.

    KpiError, and nothing of the file is touched, where it is damaged, foreign,
    of a later version or (unless `writable`) of an earlier one. `journal` None:
    by where the file lies. A history opened to be read is not written to; only
    a write that was cut off is taken back by SQLite.
    """
    with told(path):
        return _written(path, journal) if writable else _read(path)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what SQLite or the system raises into a KpiError that says what to do."""
    try:
        yield
    except FileNotFoundError:
        raise KpiError([_fault("H101", path)]) from None
    except OSError as error:
        what = (error.strerror or type(error).__name__).lower()
        raise KpiError([_fault("H107", path, what=what)]) from None
    except sqlite3.Error as error:
        found = _fault_of(error, path)
        if found is None:
            raise
        raise KpiError([found]) from error


def damaged(path: Path, what: str) -> KpiError:
    """The error for a history whose content cannot be."""
    return KpiError([_fault("H103", path, what=what)])


def _fault(code: str, path: Path, *, what: str = "", layout: int = 0) -> Finding:
    return finding(code, file=path.name, what=what, layout=layout, known=len(STEPS), seconds=PATIENCE)


def _fault_of(error: sqlite3.Error, path: Path) -> Finding | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the lower byte is the primary code
    if code in _IN_USE:
        return _fault("H106", path)
    if code in _UNUSABLE:
        return _fault("H107", path, what=str(error))
    return _fault("H103", path, what=str(error)) if code in _BROKEN else None


def _read(path: Path) -> History:
    if _recognised(path) < len(STEPS):
        raise KpiError([_fault("H105", path)])
    connection = _looked_into(path, thorough=False)
    if layout(connection) < len(STEPS):  # its making was cut off, and SQLite has taken that back
        connection.close()
        raise KpiError([_fault("H105", path)])
    row = connection.execute("PRAGMA journal_mode").fetchone()
    return History(path, connection, Journal.WAL if row[0] == Journal.WAL else Journal.DELETE)


def _written(path: Path, journal: Journal | None) -> History:
    try:
        # The mode is the reason: figures about children are for their owner's eyes.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        _recognised(path)
        _looked_into(path, thorough=True).close()
    except FileNotFoundError as error:
        raise KpiError([_fault("H107", path, what="its folder is not there")]) from error
    connection = _connected(path, "rw")
    try:
        # The layout comes first: only so the header in the file itself says at once whose it is.
        upgrade(connection)
        wanted = journal or (Journal.WAL if is_local(path.parent) else Journal.DELETE)
        connection.execute("PRAGMA synchronous = FULL")
        return History(path, connection, _kept_whole_by(connection, wanted))
    except BaseException:
        connection.close()
        raise


def _recognised(path: Path) -> int:
    """The layout that the header states: 0 for an empty file; KpiError unless it is one of ours."""
    with path.open("rb") as file:
        header = file.read(_HEADER)
    if not header:
        return 0
    if not header.startswith(_MAGIC):
        raise KpiError([_fault("H102", path, what="it is not a SQLite file, or its beginning is damaged")])
    if len(header) < _HEADER:
        raise damaged(path, "it is cut off")
    if int.from_bytes(header[_APPLICATION], "big") != APPLICATION_ID:
        raise KpiError([_fault("H102", path, what="it is a SQLite file of another program")])
    return _known(path, int.from_bytes(header[_LAYOUT], "big"))


def _known(path: Path, version: int) -> int:
    if version > len(STEPS):
        raise KpiError([_fault("H104", path, layout=version)])
    return version


def _looked_into(path: Path, *, thorough: bool) -> sqlite3.Connection:
    """A connection that writes nothing, to a file that was found sound; `thorough` reads all of it."""
    unfinished = _size_of_log(path) > 0
    # Opened "ro", SQLite leaves the two files of its log behind; opened "rw", it would move what
    # another process left in the log into the file. So each only where it does no harm.
    connection = _connected(path, "ro" if unfinished else "rw")
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        _known(path, layout(connection))
        _whole(path, connection)
        if thorough:
            _fits_together(path, connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _whole(path: Path, connection: sqlite3.Connection) -> None:
    """Refuse a file shorter than it says; SQLite takes a last page cut in half for zeros."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    if not _size_of_log(path) and path.stat().st_size < pages * size:
        raise damaged(path, "it is cut off")


def _fits_together(path: Path, connection: sqlite3.Connection) -> None:
    (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if said != "ok":
        raise damaged(path, "its pages do not fit together")


def _size_of_log(path: Path) -> int:
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except FileNotFoundError:
        return 0


def _connected(path: Path, mode: str) -> sqlite3.Connection:
    place = quote(os.fsencode(path.resolve().as_posix()), safe="/:")
    uri = f"file://{'' if place.startswith('/') else '/'}{place}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)


def _kept_whole_by(connection: sqlite3.Connection, wanted: Journal) -> Journal:
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode != wanted:
        try:
            (mode,) = connection.execute(f"PRAGMA journal_mode = {wanted}").fetchone()
        except sqlite3.OperationalError:
            if wanted is Journal.DELETE:  # with a log, two machines could not both write
                raise
    return Journal(mode)
