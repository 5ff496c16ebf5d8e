"""Hostile returns, names and links do nothing: what they say is text wherever a run writes it, or stands nowhere."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import socket
import sqlite3
import stat
import unicodedata
import zipfile
from contextlib import closing
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING, Any, Final

import duckdb
import pikepdf
import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from kpi_engine.automation import run as run_module
from kpi_engine.automation.files import CannotNow
from kpi_engine.automation.settings import read_settings
from kpi_engine.automation.verify import verify
from kpi_engine.cli import app
from tests.automation.hostile import (
    CANARY,
    MARKED_UP,
    NAMES,
    TAG,
    UNPRINTABLE,
    hostile_return,
    texts_of,
    with_members_outside,
)
from tests.automation.months import INPUTS, drop, root_at, run_at, started
from tests.automation.test_notice import DIALECT, shape
from tests.reports.board.test_html import Page
from tests.reports.board.test_pdf import read as read_pdf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

BOARDS: Final = """
boards = ["divisional-management-team", "corporate-parenting-advisory-committee"]
[mail]
host = "127.0.0.1"
port = 1
sender = "kpi@council.example"
to = ["board@council.example"]
"""
BROKEN: Final = b"PK\x03\x04"
ABROAD: Final = "\u754c" * 83 + ".xlsx"
"""A name of 254 bytes, of a return that is refused for its council and can be marked."""
EARLY, AGAIN, OUTSIDE, IMPROPER = f"<b>{UNPRINTABLE}", f"<i>{UNPRINTABLE}", "outside.xlsx", "improper.xlsx"
READER: Final = "out/2024-09/r1/divisional-management-team-2024-09"
"""The pack of those who may see everything."""


@dataclass(frozen=True)
class After:
    """What a run over a hostile inbox left; `said` is what it printed, `dropped` what lay in the inbox."""

    root: Path
    said: str
    dropped: Mapping[str, bytes]
    elsewhere: tuple[Mapping[str, bytes], Mapping[str, bytes]]

    def files(self, ending: str, under: str = ".") -> list[Path]:
        """The files that the run wrote, by their ending; there is one at least."""
        found = [path for path in sorted((self.root / under).rglob(f"*{ending}")) if path.is_file()]
        written = [path for path in found if path.name not in self.dropped and "rules-kept" not in path.parts]
        assert written, ending
        return written


def tree(top: Path, without: Path | None = None) -> dict[str, bytes]:
    """Everything below a folder: files and links with their bytes, links not followed."""
    found: dict[str, bytes] = {}
    for folder, folders, files in os.walk(top):
        for name in (*folders, *files):
            path = top.joinpath(folder, name)
            if without is not None and (path == without or without in path.parents):
                continue
            mode = path.lstat().st_mode
            held = path.read_bytes() if stat.S_ISREG(mode) else b""
            found[path.relative_to(top).as_posix()] = b"%o " % mode + held
    return found


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> After:
    top = tmp_path_factory.mktemp("hostile")
    (top / "inner").mkdir()
    (top / "evil.txt").write_text("precious")
    root = root_at(top / "inner/root")
    drop(root, "2024-07")
    run_at(root, "2024-08-10")
    settings = root / "kpi.toml"
    settings.write_text(settings.read_text().partition("boards")[0] + BOARDS)
    inbox = root / "inbox"
    hostile_return(inbox / MARKED_UP, {"Replaces the file": f"../../<script>{CANARY}"})
    hostile_return(inbox / ABROAD, {"Authority": f"=1+1 <script> {CANARY}"})
    hostile_return(inbox / IMPROPER, {}, proper=False)
    with_members_outside(inbox / OUTSIDE, INPUTS / "returns_2024-09.xlsx")
    for month, name in (("2024-08", UNPRINTABLE), ("2024-10", EARLY), ("2024-07", AGAIN)):
        drop(root, month, name)
    for name in NAMES:
        (inbox / name).write_bytes(BROKEN)
    dropped = {path.name: path.read_bytes() for path in inbox.iterdir()}
    before = tree(top, root)
    done = started(root, "2024-10-12")
    said = done.communicate()[0].decode()
    assert done.returncode == 0, said
    return After(root, said, dropped, (before, tree(top, root)))


# ── Where files come to lie ──────────────────────────────────────────────────

PLACES: Final = (
    r"kpi\.toml|audit\.jsonl|history\.sqlite|log/kpi\.jsonl|work/lock|rules-kept/[0-9a-f]{12}/[a-z/-]+\.(yaml|md)",
    r"out/(latest\.json|results\.(csv|parquet)|notice\.(md|json))",
    r"out/2024-0[789]/r1/(run\.json|check\.json|notice\.(md|json)|(\w+-)+2024-(0[789]|25-Q2)\.\w+)",
    r"outbox/\d{8}T\d{6}-[0-9a-f]{12}\.eml",
    r"processed/2024-07/[0-9a-f]{12}/returns_2024-07(\.marked)?\.xlsx",
)


def test_files_lie_in_their_places_alone_and_nothing_outside_is_touched(after: After) -> None:
    before, now = after.elsewhere
    assert now == before
    kept: dict[str, str] = {}
    for path in after.root.rglob("*"):
        if path.is_dir():
            continue
        place = path.relative_to(after.root).as_posix()
        if not any(re.fullmatch(pattern, place, re.DOTALL) for pattern in PLACES):
            folder = path.parent.relative_to(after.root).as_posix()
            assert re.fullmatch(
                r"inbox|processed/2024-0[89]/[0-9a-f]{12}|refused/2024-10-12/2-\d+-[0-9a-f]{12}", folder
            )
            if path.name in after.dropped:
                assert path.name not in kept
                assert path.read_bytes() == after.dropped[path.name]
                kept[path.name] = folder.partition("/")[0]
            else:
                beside = {one.name for one in path.parent.iterdir()} & set(after.dropped)
                assert len(beside) == 1
                assert path.name == "why.txt" or path.name.endswith(".marked.xlsx")
    stay = {name for name in after.dropped if name.startswith(".") or "\\" in name} | {EARLY}
    assert kept == {
        **{name: "refused" for name in after.dropped},
        **dict.fromkeys(stay, "inbox"),
        **dict.fromkeys((MARKED_UP, UNPRINTABLE), "processed"),
        AGAIN: kept.get(AGAIN, ""),
    } or AGAIN not in kept
    assert verify(read_settings(after.root / "kpi.toml")).findings == ()
