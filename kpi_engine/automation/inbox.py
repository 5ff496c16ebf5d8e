"""The inbox: which of its files are ready to be taken, and why the others are not."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from kpi_engine.errors import KpiError
from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from kpi_engine.terms.finding import Finding

WORKBOOKS: Final = frozenset({".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"})
"""The endings that are taken; a return in one of the last three is refused with its reason."""
_Why: TypeAlias = "tuple[str, dict[str, Any]]"


@dataclass(frozen=True, slots=True)
class Ready:
    """A file to take; `name` is its name as it may be shown."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that stays in the inbox, and why; `name` is its name as it may be shown."""

    name: str
    why: Finding


def look(inbox: Path, *, rest: int, now: float) -> tuple[tuple[Ready, ...], tuple[Waiting, ...]]:
    """The workbooks of the inbox to take, and what stays there and must be told; both by name.

    A file is ready once nobody has written to it for `rest` seconds (0: at once) before `now`, in seconds
    since 1970. Hidden files and Excel's lock files are passed over without a word; no folder is looked into
    and no link followed. KpiError where the inbox cannot be read.
    """
    try:
        with os.scandir(inbox) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        what, remedy = f"The inbox cannot be read: {why}", "Check that it is there and may be read."
        raise KpiError([finding("A163", file=inbox.name, what=what, remedy=remedy)]) from None
    names = frozenset(entry.name.casefold() for entry in found)
    ready: list[Ready] = []
    waiting: list[Waiting] = []
    for entry in found:
        if entry.name.startswith((".", "~$")):
            continue
        why_not = _held_back(entry, names, rest, now)
        name = shown(entry.name)
        if why_not is None:
            ready.append(Ready(Path(entry.path), name))
        else:
            code, words = why_not
            waiting.append(Waiting(name, finding(code, file=name, **words)))
    return tuple(ready), tuple(waiting)


def shown(name: str) -> str:
    r"""A file's name with characters that do not print, or turn the text around, written as `\x1b`."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def _held_back(entry: os.DirEntry[str], names: frozenset[str], rest: int, now: float) -> _Why | None:
    """Why the file is not taken: a code and the words of its finding."""
    try:
        status = entry.stat(follow_symlinks=False)
        lock = next((lock for lock in _locks(entry.name) if lock.casefold() in names), None)
        why = _left_alone(entry.name, status.st_mode)
        if why is None and lock is not None:
            why = "A161", {"lock": shown(lock)}
        why = why or (_unrested(max(status.st_mtime, status.st_ctime), rest, now) if rest else None)
        if why is None:
            os.close(os.open(entry.path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)))
    except OSError as error:
        what = f"The file cannot be read: {(error.strerror or type(error).__name__).lower()}"
        remedy = "Check that whoever runs this may read it; a later run tries again."
        return "A163", {"what": what, "remedy": remedy}
    return why


def _left_alone(name: str, mode: int) -> _Why | None:
    if stat.S_ISDIR(mode):
        what = "This is a folder, and no folder of the inbox is looked into"
        return "A164", {"what": what, "remedy": "Move the workbooks in it into the inbox itself."}
    if not stat.S_ISREG(mode):
        what = "This is a link, and links are not followed" if stat.S_ISLNK(mode) else "This is not a file"
        return "A164", {"what": what, "remedy": "Put the workbook itself into the inbox."}
    if Path(name).suffix.casefold() not in WORKBOOKS:
        remedy = "Save it as an Excel workbook (.xlsx) if it is a return; else take it out."
        return "A164", {"what": "This is not a workbook, by its ending", "remedy": remedy}
    if "\\" in name:
        what = "The name of the file holds a \\, which elsewhere ends the name of a folder"
        return "A163", {"what": what, "remedy": "Rename it."}
    if name != name.encode("utf-8", "ignore").decode():
        # A return's name stands in its report, which is UTF-8.
        return "A163", {"what": "The name of the file cannot be written as text", "remedy": "Rename it."}
    return None


def _unrested(written: float, rest: int, now: float) -> _Why | None:
    if written > now:
        return "A162", {}
    return ("A160", {"rest": f"{rest} seconds" if rest > 1 else "a second"}) if now - written < rest else None


def _locks(name: str) -> tuple[str, str]:
    """The files by which Excel and LibreOffice say that they have `name` open."""
    return f"~${name}", f".~lock.{name}#"
