"""The commands in ordinary use: what each prints, and its exit code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.run import ROOT, RULES, kpi

if TYPE_CHECKING:
    from pathlib import Path

MARCH = ROOT / "inputs" / "returns_2024-03.xlsx"
COMMANDS = {
    "": ("--version", "check", "explain", "template", "rules", "doctor"),
    "check": ("--period", "--rules", "--format", "--all", "--series", "--annotate", "--fail-on"),
    "explain": ("--period", "--rules", "--cases"),
    "template": ("--month", "--last-month", "--authority", "--rules"),
    "rules": ("list", "show", "test", "lint", "schema"),
    "rules list": ("--rules", "--format"),
    "rules show": ("--rules", "--format"),
    "rules test": ("--rules",),
    "rules lint": ("--rules",),
    "rules schema": (),
    "doctor": ("--rules",),
}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help_lists_every_option_within_80_columns(command: str) -> None:
    told = kpi(*command.split(), "--help")
    assert told.code == 0
    assert all(option in told.out for option in (*COMMANDS[command], "--help"))
    assert max(map(len, told.out.splitlines())) <= 80


def test_version_is_printed() -> None:
    assert kpi("--version").out.startswith("kpi ")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 1),
        (("--fail-on", "not_assessed"), 3),
        (("--exit-zero",), 0),
        (("--format", "json"), 1),
        (("--format", "csv"), 1),
        (("--format", "github"), 1),
        (("--format", "junit"), 1),
        (("--all",), 1),
        (("--period", "2024-02"), 3),
    ],
)
def test_check_prints_a_result_and_ends_with_its_code(words: tuple[str, ...], code: int) -> None:
    told = kpi("check", MARCH, "--rules", RULES, *words)
    assert (told.code, "Traceback" in told.err) == (code, False)
    assert told.out.strip()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check",), "PATH"),
        (("check", MARCH, "--period", "2024-13"), "'2024-13' is not a period; write 2023-12"),
        (("check", MARCH, "--format", "xml"), "'xml' is not one of text, json, csv, github, junit."),
        (("check", MARCH, "--fromat", "json"), "--fromat"),
        (("check", MARCH, MARCH.parent, "--annotate", "x.xlsx"), "--annotate takes exactly one workbook."),
        (("check", MARCH, "--rules", "nowhere"), "There is no such folder."),
        (("check", MARCH, "--rules", MARCH.parent), "This folder holds no rules."),
        (("check", MARCH, "--annotate", "x.xls"), "must have the ending of the original, .xlsx"),
        (("check", MARCH, "--annotate", MARCH), "nothing is overwritten"),
        (("explain", "views-shred"), "Did you mean views-shared?"),
        (("explain", "R999"), "R999 is no finding's code"),
        (("rules", "show", "zzz"), "kpi rules list shows them all"),
        (("template", "x.xlsx"), "--month"),
        (("template", "x.xlsx", "--month", "2024/25"), "--month takes a month"),
        (("template", "x.xlsx", "--month", "2024-04", "--authority", "E1"), "--authority is one of"),
        (("template", MARCH, "--month", "2024-04"), "nothing is overwritten"),
        (("template", "x.xlsm", "--month", "2024-04"), "must end in .xlsx"),
        (("frobnicate",), "frobnicate"),
    ],
)
def test_usage_that_cannot_be_meant_ends_with_2_and_says_what_to_write(
    words: tuple[str | Path, ...], said: str
) -> None:
    told = kpi(*words)
    assert (told.code, told.out) == (2, "")
    assert said in " ".join(told.err.split())
    assert "Value error" not in told.err
    assert not list(ROOT.glob("x.xls*"))


@pytest.mark.parametrize(
    "words",
    [("explain", "views-shared"), ("explain", "r101"), ("explain", "views-shared", MARCH),
     ("explain", "views-shared", MARCH, "--cases"), ("rules", "list"), ("rules", "list", "--format", "json"),
     ("rules", "show", "views-shared"), ("rules", "show", "views-shared", "--format", "json"),
     ("rules", "lint"), ("rules", "schema"), ("rules", "test"), ("doctor",)],
)  # fmt: skip
def test_looking_ends_with_0(words: tuple[str | Path, ...]) -> None:
    told = kpi(*words)
    assert (told.code, told.out.strip() != "") == (0, True)


def test_mistyped_path_and_folder_without_workbooks_end_with_4(tmp_path: Path) -> None:
    (tmp_path / "~$returns_2024-03.xlsx").write_bytes(b"lock")
    (tmp_path / "notes.txt").write_bytes(b"x")
    for path in (tmp_path / "retruns.xlsx", tmp_path):
        told = kpi("check", path, "--exit-zero")
        assert (told.code, told.out) == (4, "")
        assert "No return found in" in told.err


def test_lock_files_links_in_circles_and_corrected_folders_are_passed_over(tmp_path: Path) -> None:
    shutil.copy(MARCH, tmp_path)
    (tmp_path / "~$returns_2024-03.xlsx").write_bytes(b"lock")
    (tmp_path / "corrected").mkdir()
    shutil.copy(MARCH, tmp_path / "corrected" / "other.xlsx")
    for name in ("a", "b"):
        (tmp_path / name).symlink_to(tmp_path, target_is_directory=True)
    told = kpi("check", tmp_path, "--rules", RULES, "--format", "json")
    assert [one["file"] for one in json.loads(told.out)["run"]["returns"]] == [MARCH.name]


def test_template_is_written_once_and_reads_back(tmp_path: Path) -> None:
    out = tmp_path / "returns_2024-04.xlsx"
    told = kpi("template", out, "--month", "2024-04", "--last-month", MARCH, "--authority", "E99999999")
    assert (told.code, told.out, out.is_file()) == (0, "", True)
    assert kpi("check", out, "--rules", RULES).code == 3


def test_output_is_whole_when_piped_narrow_plain_and_to_an_old_code_page() -> None:
    told = kpi("check", MARCH, "--rules", RULES, PYTHONIOENCODING="cp1252", LC_ALL="C", NO_COLOR="1")
    assert (told.code, told.err) == (1, "")
    assert "\x1b" not in told.out
    assert max(map(len, told.out.splitlines())) <= 80


def test_reader_that_stops_early_gives_no_traceback() -> None:
    command = f"{sys.executable} -m kpi_engine check {MARCH} --all | head -1"
    done = subprocess.run(  # noqa: S602  (a pipe is what is tested)
        command, shell=True, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_broken_import_gives_5_and_never_1() -> None:
    script = "import sys; sys.modules['typer'] = None; from kpi_engine.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT, env=os.environ
    )
    assert done.returncode == 5
    assert "internal error" in done.stderr


def test_faults_of_rules_are_all_told_and_end_with_2(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(RULES, rules)
    for name, line in (("views-shared", "targest: []\n"), ("audits", "lead: \n")):
        (folder,) = [p for p in (rules / "indicators", rules / "returns") if (p / f"{name}.yaml").is_file()]
        with (folder / f"{name}.yaml").open("a", encoding="utf-8") as file:
            file.write(line)
    told = kpi("check", MARCH, "--rules", rules)
    assert (told.code, told.out) == (2, "")
    assert "views-shared.yaml" in told.err
    assert "audits.yaml" in told.err
    assert "faults. Nothing was checked" in told.err


def test_two_authorities_are_not_checked_together(tmp_path: Path) -> None:
    haringey = tmp_path / "returns_2024-04.xlsx"
    assert kpi("template", haringey, "--month", "2024-04", "--authority", "E09000014").code == 0
    told = kpi("check", MARCH, haringey, "--rules", RULES)
    assert (told.code, told.out) == (2, "")
    assert "more than one authority" in told.err
    assert max(map(len, told.err.splitlines())) <= 80


def test_advice_on_the_rules_is_within_80_columns() -> None:
    assert max(map(len, kpi("rules", "lint").out.splitlines())) <= 80


def test_corrected_return_replaces_the_one_it_names() -> None:
    corrected = next((ROOT / "inputs" / "corrected").iterdir())
    month = ROOT / "inputs" / "returns_2024-07.xlsx"
    told = kpi("check", month, corrected, "--rules", RULES, "--format", "json")
    codes = {one["code"] for one in json.loads(told.out)["findings"]}
    assert "R171" in codes
    assert "R170" not in codes
