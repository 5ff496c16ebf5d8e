"""One run of `kpi` in a child process with limits: its exit code, what it printed, and what it cost."""

from __future__ import annotations

import functools
import importlib
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kpi_engine.rulebook import load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SECONDS = 10  # of the processor: what a run takes on an idle core
WAIT = 300  # by the clock, since the machine may be shared
MEGABYTES = 500
USED = (
    *("__main__", "cli", "check", "reports.to_json", "escalation.escalate", "escalation.engine"),
    *("automation.run", "returns.marked_copy.annotate", "reports.board.to_html", "reports.board.to_csv"),
)
OTHERS = ("duckdb", "nanoarrow", "smtplib")


@dataclass(frozen=True)
class Ran:
    """What a run left behind: a `code` below 0 is the signal that ended it, `megabytes` the most it held."""

    code: int
    out: bytes
    err: bytes
    seconds: float
    megabytes: float


def prepare() -> None:
    """Load the program once and its rules too, so that each child begins with both."""
    for name in USED:
        importlib.import_module(f"kpi_engine.{name}")
    for name in OTHERS:
        importlib.import_module(name)
    load.load_rulebook = functools.cache(load.load_rulebook)
    os.environ["KPI_ENGINE"] = "built-in"  # the other is a process of its own, asked about figures alone


def run(words: Sequence[str], folder: Path) -> Ran:
    """Run `kpi` with `words` in a fork of this process; `folder` is for its output.

    This process must not have opened an engine: forks of threads do not work.
    """
    out, err = folder / "out.txt", folder / "err.txt"
    child = os.fork()
    if not child:
        _be_the_child(words, out, err)
    began, status, used = time.monotonic(), 0, None
    while used is None:
        done, status, found = os.wait4(child, os.WNOHANG)
        if done:
            used = found
        elif time.monotonic() - began > WAIT:
            os.kill(child, signal.SIGKILL)
            _, status, used = os.wait4(child, 0)
        else:
            time.sleep(0.005)
    code = os.waitstatus_to_exitcode(status)
    return Ran(
        code,
        out.read_bytes(),
        err.read_bytes(),
        used.ru_utime + used.ru_stime,
        used.ru_maxrss / 1024,
    )


def _be_the_child(words: Sequence[str], out: Path, err: Path) -> None:
    code = 70  # a fault of this harness, told apart from the program's own
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS + 1, SECONDS + 2))
        for number, path in ((1, out), (2, err)):
            opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(opened, number)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.argv = ["kpi", *words]
        try:
            importlib.import_module("kpi_engine.__main__").main()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)
