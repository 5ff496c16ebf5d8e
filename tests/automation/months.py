"""A root folder for runs, the example returns to drop in its inbox, and what a run leaves as digests."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kpi_engine.automation.run import run
from kpi_engine.automation.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kpi_engine.automation.run import Ran

ROOT = Path(__file__).parents[2]
INPUTS = ROOT / "inputs"
FEW = 'boards = ["achieving-excellence-board"]\nformats = ["html", "json", "csv"]\n'
"""One board and the quick formats: what a test looks at seldom hangs on more."""
_NOT_COMPARED = frozenset({"log", "lock"})


def root_at(folder: Path, settings: str = FEW) -> Path:
    """A folder set up for runs by the shipped rules; files count at once, and packs do not wait."""
    folder.mkdir(exist_ok=True)
    (folder / "inbox").mkdir()
    given = f"rest = 0\nallow_missing_commentary = true\nrules = '{ROOT / 'rules'}'\n{settings}"
    (folder / "kpi.toml").write_text(given, encoding="utf-8")
    return folder


def drop(root: Path, month: str, name: str = "", *, corrected: bool = False) -> Path:
    """The example return of a month in the inbox, under its own name or another."""
    source = (INPUTS / "corrected" if corrected else INPUTS) / f"returns_{month}.xlsx"
    target = root / "inbox" / (name or source.name)
    target.write_bytes(source.read_bytes())
    return target


def on(day: str) -> datetime:
    """Five in the morning of a day."""
    return datetime.fromisoformat(f"{day}T05:00:00").replace(tzinfo=UTC)


def run_at(root: Path, day: str, *, dry_run: bool = False) -> Ran:
    """A run in this process on a day."""
    return run(read_settings(root / "kpi.toml"), at=on(day), dry_run=dry_run)


def started(root: Path, day: str) -> subprocess.Popen[bytes]:
    """A run as a process of its own."""
    words = [sys.executable, "-m", "kpi_engine", "run", "--config", str(root / "kpi.toml")]
    clock = {"SOURCE_DATE_EPOCH": str(int(on(day).timestamp())), "KPI_ENGINE": "built-in"}
    return subprocess.Popen(
        words, env=os.environ | clock, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT
    )


def state(root: Path) -> Mapping[str, str]:
    """Every file that a run leaves, by digest; of the history, what it holds. Not the log, nor the lock."""
    found = {}
    for path in sorted(root.rglob("*")):
        if _NOT_COMPARED.isdisjoint(path.relative_to(root).parts) and path.is_file():
            name = path.relative_to(root).as_posix()
            if name.startswith("history.sqlite"):
                continue
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    history = root / "history.sqlite"
    if history.exists():
        with sqlite3.connect(history) as connection:
            dump = "\n".join(connection.iterdump())
        connection.close()
        found["history"] = hashlib.sha256(dump.encode()).hexdigest()
    return found
