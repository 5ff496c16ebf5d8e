"""What the README shows is what the program does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHELL = re.findall(r"^```sh\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
EVERY = re.findall(r"^```text\n\$ kpi (.*?)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
MONTHLY = [(command, output) for command, output in EVERY if command.startswith("run ")]
SHOWN = [one for one in EVERY if one not in MONTHLY]


def kpi(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kpi_engine", *words],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_quick_start_is_two_commands_and_the_first_runs_the_main_job() -> None:
    assert len(SHELL) == 2
    assert SHELL[0].strip().endswith("kpi check inputs --exit-zero")
    assert SHELL[1].strip().endswith("pytest")


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=[command for command, _ in SHOWN])
def test_the_output_shown_is_the_output(command: str, output: str, tmp_path: Path) -> None:
    for part in ("inputs", "rules"):  # what a command writes is not left in the project
        (tmp_path / part).symlink_to(ROOT / part)
    run = kpi(*command.split(), cwd=tmp_path)
    assert run.returncode in (0, 1)
    at = 0
    for part in output.split("[...]\n"):
        found = run.stdout.find(part, at)
        assert found >= 0, f"not in the output of kpi {command}:\n{part}"
        at = found + len(part)


def test_the_monthly_run_shown_is_what_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rules").symlink_to(ROOT / "rules")
    assert kpi("init", "department", cwd=tmp_path).returncode == 0
    with (tmp_path / "department/kpi.toml").open("a") as settings:
        settings.write("rest = 0\n")
    copied = (ROOT / "inputs/returns_2024-09.xlsx").read_bytes()
    (tmp_path / "department/inbox/returns_2024-09.xlsx").write_bytes(copied)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1728280800")  # 7 October 2024
    ((command, output),) = MONTHLY
    run = kpi(*command.split(), cwd=tmp_path)
    assert (run.returncode, run.stdout) == (0, output)


def test_every_command_is_documented() -> None:
    listed = kpi("--help").stdout.split("Commands:")[1]
    names = re.findall(r"^  (\w+)  ", listed, flags=re.MULTILINE)
    assert len(names) >= 5
    assert [name for name in names if f"`kpi {name}" not in README] == []


def test_the_exit_codes_of_the_table_are_those_of_the_program() -> None:
    from kpi_engine.exits import Exit  # noqa: PLC0415

    assert [int(n) for n in re.findall(r"^\| (\d) \|", README, flags=re.MULTILINE)] == [int(e) for e in Exit]


def test_the_field_reference_is_up_to_date() -> None:
    from kpi_engine.rulebook.lint import field_reference  # noqa: PLC0415

    text = (ROOT / "rules" / "README.md").read_text(encoding="utf-8")
    held = text.split("<!-- fields -->")[1].split("<!-- /fields -->")[0]
    assert held.strip() == field_reference().strip()
