"""What a command does not use is not loaded: by name, so that it fails on any machine alike."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOADED = """
import io, sys
sys.argv = ["kpi", *sys.argv[1:]]
from kpi_engine.__main__ import main
out, sys.stdout = sys.stdout, io.TextIOWrapper(io.BytesIO())
try:
    main()
except SystemExit as ended:
    assert ended.code in (None, 0, 1, 3), ended.code
sys.stdout = out
print(*sys.modules)
"""
WRITERS = ["docx", "jinja2", "openpyxl", "pikepdf", "typst", "xlsxwriter", "kpi_engine.reports.board.build"]
OTHERS = ["kpi_engine.packs", "kpi_engine.trend", "kpi_engine.variation", "kpi_engine.escalation"]
HEAVY = [
    *("asyncio", "http", "multiprocessing", "smtplib", "ssl", "unittest", "xml.etree"),
    *("numpy", "pandas", "pyarrow", "pyspark", "sqlglot"),
]
ENGINE = ["duckdb", "nanoarrow", "sqlite3", "kpi_engine.check", "kpi_engine.returns"]
RUNS = ["getpass", "tomllib", "webbrowser", "kpi_engine.automation.run", "kpi_engine.automation.settings"]
LOADING = ["pydantic", "yaml", "kpi_engine.history", "kpi_engine.measures", "kpi_engine.rulebook"]
OF_OTHER_COMMANDS = [
    "concurrent",
    "kpi_engine.reports.to_json",
    "kpi_engine.returns.marked_copy",
    "kpi_engine.returns.processes",
    "kpi_engine.returns.template",
]
UNUSED = {
    "--version": [*WRITERS, *OTHERS, *HEAVY, *RUNS, *ENGINE, *LOADING],
    "check": [*WRITERS, *OTHERS, *HEAVY, *RUNS, *OF_OTHER_COMMANDS],
    "rules list": [*WRITERS, *OTHERS, *HEAVY, *RUNS, *ENGINE],
}


@pytest.mark.parametrize("command", UNUSED)
def test_what_the_command_does_not_use_is_not_loaded(command: str) -> None:
    given = [str(ROOT / "inputs" / "returns_2024-03.xlsx")] if command == "check" else []
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *command.split(), *given],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "kpi_engine.cli.check" in loaded
    assert not sorted(loaded & set(UNUSED[command]))
