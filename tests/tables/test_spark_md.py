"""What kpi_engine/SPARK.md shows is what the program does."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from kpi_engine.tables.lake import NO_CASE_LIST, REGISTER_COLUMNS
from tests.cli.run import kpi

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "kpi_engine" / "SPARK.md").read_text(encoding="utf-8")
(SHELL,) = re.findall(r"^```sh\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
PYTHON = re.findall(r"^```python\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
IN_LINE = [
    found
    for found in re.findall(r"`([^`\n]+)`", TEXT)
    if re.match(r"(kpi|spark-submit) .*measure .*--", found)
]


def test_the_commands_to_try_run(tmp_path: Path) -> None:
    """On the last months shown: all 24 would say no more."""
    (tmp_path / "rules").symlink_to(ROOT / "rules")
    (tmp_path / "inputs").mkdir()
    for month in ("2024-08", "2024-09"):
        (tmp_path / "inputs" / f"returns_{month}.xlsx").symlink_to(ROOT / "inputs" / f"returns_{month}.xlsx")
    for line in SHELL.splitlines():
        program, *words = shlex.split(line)
        assert program == "kpi"
        run = subprocess.run(
            [sys.executable, "-m", "kpi_engine", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode in {0, 1}, f"{line}\n{run.stderr}"
    assert "Example Borough" in run.stdout


def test_every_option_shown_is_one_of_the_command() -> None:
    known = kpi("measure", "--help").out

    assert len(IN_LINE) == 4
    for shown in IN_LINE:
        _, _, own = shown.partition(" measure ")
        assert {word for word in shlex.split(own) if word.startswith("--")} <= set(
            re.findall(r"--[a-z-]+", known)
        )


@pytest.mark.parametrize("block", PYTHON)
def test_everything_that_is_imported_is_there(block: str) -> None:
    imports = [node for node in ast.parse(block).body if isinstance(node, ast.ImportFrom)]

    assert imports
    for node in imports:
        module = importlib.import_module(str(node.module))
        assert all(hasattr(module, alias.name) for alias in node.names)


def test_every_column_of_the_register_is_told() -> None:
    assert all(f"`{column}`" in TEXT for column in (*REGISTER_COLUMNS, NO_CASE_LIST))
