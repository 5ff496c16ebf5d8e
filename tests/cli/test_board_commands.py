"""`kpi exceptions` and `kpi report` as a user runs them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.run import ROOT, kpi

if TYPE_CHECKING:
    from pathlib import Path

MARCH = ROOT / "inputs" / "returns_2025-03.xlsx"
ALONE = ("--format", "html", "--format", "json", "--format", "csv")


def test_a_board_hears_only_what_it_is_told() -> None:
    every, board = (
        json.loads(kpi("exceptions", MARCH, "--format", "json", *more).out)
        for more in ((), ("--board", "iro-service"))
    )
    assert {one["kind"] for one in board["exceptions"]} < {one["kind"] for one in every["exceptions"]}
    assert all("iro-service" in one["tell"] for one in board["exceptions"])


def test_the_exit_code_is_that_of_the_check() -> None:
    assert kpi("exceptions", MARCH).code == kpi("check", MARCH).code == 1
    assert kpi("exceptions", MARCH, "--exit-zero").code == 0
    assert kpi("exceptions", "no-such-file.xlsx").code == 4


def test_the_engine_built_in_says_the_same_and_that_it_was_asked_for() -> None:
    usual = json.loads(kpi("exceptions", MARCH, "--format", "json").out)
    asked = json.loads(kpi("exceptions", MARCH, "--format", "json", KPI_ENGINE="built-in").out)
    assert asked.pop("engine")["name"] == "built-in"
    usual.pop("engine")
    assert usual == asked


def test_a_misspelt_board_is_refused_with_the_nearest() -> None:
    told = kpi("exceptions", MARCH, "--board", "iro-sevice")
    assert told.code == 2
    assert "Did you mean iro-service?" in " ".join(told.err.split())


def test_a_board_that_meets_by_quarter_hears_of_the_quarter() -> None:
    asked = ("exceptions", ROOT / "inputs" / "returns_2025-02.xlsx", MARCH, "--board", "scrutiny-committee")
    assert json.loads(kpi(*asked, "--format", "json").out)["period"] == "2024/25-Q4"
    assert json.loads(kpi(*asked, "--format", "json", "--period", "2025-02").out)["period"] == "2024/25-Q3"


def test_the_quarter_that_a_board_hears_of_is_said_and_typed_again() -> None:
    told = kpi("exceptions", "inputs", "--board", "scrutiny-committee").out
    assert "Exceptions of Quarter 4 of 2024/25" in told
    assert re.search(r"^Why    kpi explain \S+ inputs --period 2024/25-Q4$", told, flags=re.MULTILINE)


def test_explain_proves_the_exception_down_to_its_cells() -> None:
    told = kpi("explain", "cic-permanent-workforce", MARCH).out
    assert "rules/escalations.yaml:" in told
    assert "cells Workforce!F" in told
    assert "Why not: " in told


def test_a_pack_waits_for_the_commentary_that_is_missing(tmp_path: Path) -> None:
    december = ROOT / "inputs" / "returns_2023-12.xlsx"
    told = kpi("report", december, "--board", "divisional-management-team", "--out", tmp_path, *ALONE)
    assert told.code == 2
    assert "--allow-missing-commentary" in told.err
    assert max(map(len, told.err.splitlines())) <= 80
    assert list(tmp_path.iterdir()) == []
    allowed = ("--allow-missing-commentary", "--out", tmp_path, *ALONE)
    assert kpi("report", december, "--board", "divisional-management-team", *allowed).code == 0
    (page,) = tmp_path.glob("*.html")
    assert "No explanation given" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(("day", "code"), [("2025-03-30", 2), ("2025-03-31", 0)])
def test_a_meeting_before_the_end_of_the_period_is_refused(tmp_path: Path, day: str, code: int) -> None:
    asked = ("--board", "iro-service", "--allow-missing-commentary", "--format", "json", "--out", tmp_path)
    told = kpi("report", MARCH, *asked, "--meeting", day)
    assert told.code == code
    assert (f"--meeting {day} is before the end of March 2025" in " ".join(told.err.split())) == bool(code)
    assert len(list(tmp_path.iterdir())) == (0 if code else 1)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Adak"])
def test_the_same_input_gives_the_same_bytes_anywhere(tmp_path: Path, zone: str) -> None:
    for place, environment in (("here", {}), ("there", {"TZ": zone, "LC_ALL": "C", "PYTHONHASHSEED": "7"})):
        asked = ("--board", "iro-service", "--meeting", "2025-04-17", "--out", tmp_path / place)
        told = kpi("report", MARCH, *asked, "--allow-missing-commentary", **environment)
        assert told.code == 0, told.err
    here, there = ({f.name: f.read_bytes() for f in (tmp_path / p).iterdir()} for p in ("here", "there"))
    assert sorted(here) == sorted(there)
    assert [name for name in here if here[name] != there[name]] == []


WITHOUT_EXTRAS = """
import sys
sys.modules.update(dict.fromkeys(["typst", "fontpkg_arimo", "docx"]))
from kpi_engine.cli import app
app(sys.argv[1:])
"""


def test_without_the_extras_the_other_formats_are_written_and_a_line_says_so(tmp_path: Path) -> None:
    asked = (
        "report",
        str(MARCH),
        "--board",
        "iro-service",
        "--allow-missing-commentary",
        "--out",
        str(tmp_path),
    )
    words = [sys.executable, "-c", WITHOUT_EXTRAS, *asked]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert {path.suffix for path in tmp_path.iterdir()} == {".html", ".xlsx", ".json", ".csv"}
    assert "pip install 'kpi-engine[pdf]'" in done.stderr
    assert "pip install 'kpi-engine[word]'" in done.stderr
    named = subprocess.run([*words, "--format", "pdf"], capture_output=True, cwd=ROOT, check=False)
    assert named.returncode == 2


def test_a_report_says_which_boards_there_are() -> None:
    told = kpi("report", MARCH, "--out", "nowhere")
    assert told.code == 2
    assert "--all-boards" in told.err
    assert not (ROOT / "nowhere").exists()
