"""A root folder with three runs behind it, for those who tamper with it; and a small log made by hand."""

from __future__ import annotations

import atexit
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from kpi_engine.automation.audit import GENESIS, Entry, Kind, Output, Reported, Taken, line_of, sealed
from kpi_engine.automation.settings import read_settings
from tests.automation.months import drop, root_at, run_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.automation.settings import Settings


_SETTINGS = 'boards = ["iro-service"]\nformats = ["html", "json", "csv"]\n'


@cache
def three_runs() -> Path:
    """June and July 2024; July corrected, with a broken file; August. Read only: take a `copy`."""
    folder = Path(mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    root = root_at(folder / "root", _SETTINGS)
    drop(root, "2024-06")
    drop(root, "2024-07")
    run_at(root, "2024-08-12")
    drop(root, "2024-07", corrected=True)
    (root / "inbox" / "broken.xlsx").write_bytes(b"PK\x03\x04 and no more")
    run_at(root, "2024-08-20")
    drop(root, "2024-08")
    run_at(root, "2024-09-12")
    return root


def copy(folder: Path) -> Settings:
    """A copy of the three runs in `folder`, to be tampered with."""
    shutil.copytree(three_runs(), folder / "root", dirs_exist_ok=False)
    return read_settings(folder / "root" / "kpi.toml")


def by_hand() -> tuple[Entry, ...]:
    """A month reported, a file refused, the month corrected, and a purge; every digest made up."""
    first = Taken("returns_2024-09.xlsx", "a" * 64, "2024-09", "new", "processed/2024-09/aaaaaaaaaaaa/r.xlsx")
    wrong = Taken(
        "notes.xlsx", "b" * 64, "2024-09", "refused", "refused/2024-10-08/2-bbbbbbbbbbbb/notes.xlsx"
    )
    second = Taken(
        *("returns_2024-09.xlsx", "c" * 64, "2024-09", "correction"),
        *("processed/2024-09/cccccccccccc/returns_2024-09.xlsx", ("a" * 64,)),
    )
    made = _entry(1, "2024-10-07", Kind.REPORT)
    return chained(
        [
            replace(made, taken=(first,), reported=(_reported(1, "new", "The return for it came.", "a"),)),
            replace(_entry(2, "2024-10-08", Kind.REFUSED), taken=(wrong,)),
            replace(
                _entry(3, "2024-10-21", Kind.REPORT),
                taken=(second,),
                reported=(_reported(2, "revised", "A corrected return for September 2024 came.", "c"),),
            ),
            replace(_entry(4, "2026-10-21", Kind.PURGE), removed=(Output(first.kept, first.digest),)),
        ]
    )


def chained(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries sealed one after the other."""
    found: list[Entry] = []
    for entry in entries:
        found.append(sealed(entry, found[-1].hash if found else GENESIS))
    return tuple(found)


def written(path: Path, entries: Sequence[Entry]) -> Path:
    """The log of the entries at `path`."""
    path.write_bytes(b"".join(map(line_of, entries)))
    return path


def _entry(number: int, day: str, kind: Kind) -> Entry:
    return Entry(number, f"{day}T05:00:00+00:00", "analyst", kind, "0.1.0", "d" * 64)


def _reported(revision: int, cause: str, because: str, letter: str) -> Reported:
    folder = f"out/2024-09/r{revision}"
    return Reported(
        authority="E99999999",
        period="2024-09",
        revision=revision,
        recalculation=0,
        cause=cause,
        because=because,
        folder=folder,
        verdicts={"fail": 10, "not_due": 2, "pass": 11},
        outputs=(
            Output(f"{folder}/check.json", "e" * 64),
            Output(f"{folder}/iro-service-2024-09.pdf", "f" * 64),
        ),
        returned=(letter * 64,),
        history_run=revision - 1,
        rules_kept="rules-kept/dddddddddddd",
    )
