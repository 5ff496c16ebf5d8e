"""Copies of what lies ready in the inbox: a run reads these, whatever happens to the files meanwhile."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from kpi_engine.automation.files import kind_of, make_folder, open_plain, write_new, writing
from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kpi_engine.automation.arrivals import Ready
    from kpi_engine.terms.finding import Finding


TAKEN_IN: Final = "in"


def take_in(work: Path, ready: Sequence[Ready]) -> tuple[Mapping[Path, Path], tuple[Finding, ...]]:
    """A copy of each file under its own name in a folder of its own, with the file it is of.

    A file that is gone, cannot be read or changes while it is copied waits for the next run, and is told.
    """
    copies: dict[Path, Path] = {}
    waiting: list[Finding] = []
    for number, one in enumerate(ready, 1):
        copy = work / TAKEN_IN / str(number) / one.path.name
        try:
            data = _read(one.path)
        except OSError as error:
            why = (error.strerror or type(error).__name__).lower()
            waiting.append(finding("A152", file=one.name, why=why))
            continue
        if data is None:
            waiting.append(finding("A152", file=one.name, why="it changed while it was read"))
            continue
        with writing(work.name):
            make_folder(copy.parent, work, work.name)
            if kind_of(copy) is not None:
                raise FileExistsError(copy.name)
            write_new(copy, data)
        copies[copy] = one.path
    return copies, tuple(waiting)


def _read(path: Path) -> bytes | None:
    """The file's bytes; None where it was written to meanwhile."""
    with os.fdopen(open_plain(path, os.O_RDONLY), "rb") as file:
        before = os.fstat(file.fileno())
        data = file.read()
        after = os.fstat(file.fileno())
    unchanged = (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)
    return data if unchanged and len(data) == after.st_size else None
