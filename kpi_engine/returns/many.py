"""Many returns, read by as many processes as the machine has cores; what comes out is as if by one."""

from __future__ import annotations

import gc
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from kpi_engine.returns.read import read_return

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.returned import Return

MANY: Final = 32
"""Returns from which processes are started, unless the files come to LARGE bytes before."""
LARGE: Final = 8 * 2**20
MOST_PROCESSES: Final = 8  # each may take some 300 MB for a return at the cap


def read_many(
    files: Sequence[Path],
    rulebook: RuleBook,
    told: Callable[[int, int], None],
    *,
    processes: int | None = None,
) -> tuple[Return, ...]:
    """The return in each of `files`, in their order; `told` hears how many are read, of how many.

    `processes`: how many to start (None: as many as are worth it; 1: none).
    """
    told(0, len(files))
    if processes is None:
        processes = worth_it(files)
    if processes > 1:
        from kpi_engine.returns import processes as started  # noqa: PLC0415  (few runs need them)

        with suppress(started.CannotStartError):
            return started.read_by(processes, files, rulebook, told)
    returns = []
    for n, file in enumerate(files, 1):
        returns.append(read_one(file, rulebook))
        told(n, len(files))
    return tuple(returns)


def worth_it(files: Sequence[Path]) -> int:
    """How many processes are worth starting to read `files`."""
    size = 0
    for file in files:
        with suppress(OSError):
            size += file.stat().st_size
    if len(files) < MANY and size < LARGE:
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, len(files), MOST_PROCESSES)


def read_one(file: Path, rulebook: RuleBook) -> Return:
    """The return in `file`."""
    with _nothing_collected():
        return read_return(file, rulebook)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Reading makes millions of objects and no cycles: to look for them takes an eighth of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
