"""One run at a time: a lock of the system, which a killed run cannot keep, and a text that says whose."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from kpi_engine.automation.files import CannotNow, make_folder, open_plain, writing
from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kpi_engine.terms.finding import Finding

LOCK: Final = "lock"
_TEXT_AT_MOST = 1 << 12  # bytes
_FAR = 1 << 30  # Windows lets nobody read a locked byte, so a byte behind the text is locked
_LOOKS, _BETWEEN = 10, 0.05  # seconds: an owner that has just begun has not said who it is


class Busy(CannotNow):
    """Another run is at work."""


@dataclass(frozen=True, slots=True)
class Lock:
    """The lock as it was got; `found` tells of a run that was broken off."""

    found: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _Owner:
    who: str
    process: int
    since: datetime


@contextmanager
def locked(work: Path, *, who: str, at: datetime) -> Iterator[Lock]:
    """Hold the lock of `work`, which is made if it is not there; `at` is the run's time with its zone.

    Busy, without waiting, where another process holds it. The file stays, and is
    empty when no run is at work: removed, it could be held twice.
    """
    path = work / LOCK
    with writing(f"{work.name}/{LOCK}"):
        make_folder(work, work, work.name)
        descriptor = open_plain(path, os.O_RDWR | os.O_CREAT)
    try:
        with writing(f"{work.name}/{LOCK}"):
            if not _got(descriptor):
                raise _busy(descriptor, path, at)
            text = _text(descriptor)
        found = (_broken_off(text, path),) if text else ()
        try:
            with writing(f"{work.name}/{LOCK}"):
                _say(descriptor, _written(who, at))
            yield Lock(found)
        finally:
            with suppress(OSError):
                _say(descriptor, b"")
    finally:
        os.close(descriptor)


def _got(descriptor: int) -> bool:
    """Whether the lock could be had; the system frees it when its owner ends, however that is."""
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415  (Windows only)

        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True
    import fcntl  # noqa: PLC0415  (not on Windows)

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _text(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    return os.read(descriptor, _TEXT_AT_MOST)


def _say(descriptor: int, text: bytes) -> None:
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, text)


def _written(who: str, at: datetime) -> bytes:
    since = at.astimezone(UTC).isoformat(timespec="seconds")
    return json.dumps({"who": who, "process": os.getpid(), "since": since}).encode()


def _owner(text: bytes) -> _Owner | None:
    """Whose lock it is; None where the text was torn, or is none of ours."""
    try:
        told = json.loads(text)
        who = "".join(letter if letter.isprintable() else "?" for letter in str(told["who"]))[:60]
        since = datetime.fromisoformat(told["since"]).astimezone(UTC)
        return _Owner(who, int(told["process"]), since)
    except (ValueError, KeyError, TypeError, OverflowError):
        return None


def _busy(descriptor: int, path: Path, at: datetime) -> Busy:
    for _ in range(_LOOKS):
        owner = _owner(_text(descriptor))
        if owner is not None:
            whose = f"of {owner.who} (process {owner.process}), begun {_age(owner.since, at)}"
            break
        time.sleep(_BETWEEN)
    else:
        whose = "that has not said whose it is"
    return Busy([finding("A101", file=f"{path.parent.name}/{LOCK}", whose=whose)])


def _broken_off(text: bytes, path: Path) -> Finding:
    owner = _owner(text)
    whose = "" if owner is None else f" of {owner.who} (process {owner.process}), begun {_time(owner.since)},"
    return finding("A102", file=f"{path.parent.name}/{LOCK}", whose=whose)


def _time(at: datetime) -> str:
    return f"on {at.day} {at:%B %Y} at {at:%H:%M} UTC"


def _age(since: datetime, now: datetime) -> str:
    """When it began, and how long ago that is in words."""
    minutes = int((now - since).total_seconds() // 60)
    for length, word in ((24 * 60, "day"), (60, "hour"), (1, "minute")):
        if minutes >= length:
            number = minutes // length
            return f"{_time(since)}, {number} {word}{'s' if number > 1 else ''} ago"
    return f"{_time(since)}, less than a minute ago"
