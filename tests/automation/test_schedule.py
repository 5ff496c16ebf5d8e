"""The job as systemd, cron and Task Scheduler read it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.automation.init import init
from kpi_engine.automation.schedule import (
    Job,
    cron_line,
    job_of,
    next_steps,
    printed,
    systemd_units,
    windows_task,
)
from kpi_engine.automation.schedulers import Scheduler
from kpi_engine.automation.settings import read_settings
from kpi_engine.errors import KpiError
from tests.cli.run import kpi

ROOT = Path("/srv/children's services/100% kpi $HOME")
JOB = Job(
    program=("/opt/kpi tools/bin/kpi",),
    config=ROOT / "kpi.toml",
    root=ROOT,
    writes=(ROOT, Path("/srv/shared/in box")),
    user="kpi",
    at=time(5, 7),
)
PATHS = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters='/\\"') | st.just(" "), min_size=1
).map(lambda text: Path(f"/srv/{text.strip() or 'x'}"))
TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


def job(path: Path) -> Job:
    return Job((str(path / "kpi"),), path / "kpi.toml", path, (path,), "kpi", time(23, 59))


# ── systemd ──────────────────────────────────────────────────────────────────


def verified(folder: Path, units: dict[str, str]) -> str:
    """What systemd-analyze has to say of the units: nothing, where they are right."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not on this machine")
    for name, text in units.items():
        (folder / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", "--recursive-errors=no", *(str(folder / name) for name in units)],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"SYSTEMD_LOG_LEVEL": "warning"},
    )
    return done.stdout + done.stderr + ("" if not done.returncode else f"exit {done.returncode}")


def with_a_program(folder: Path) -> Job:
    """A job whose program is there, in a folder of a difficult name."""
    root = folder / "children's services 100% $HOME {x} ä"
    root.mkdir()
    program = folder / "kpi 100% $HOME"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o700)
    return Job((str(program),), root / "kpi.toml", root, (root,), "root", time(5))


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    assert verified(tmp_path, dict(systemd_units(with_a_program(tmp_path)))) == ""


def test_systemd_would_have_told_a_fault(tmp_path: Path) -> None:
    units = dict(systemd_units(with_a_program(tmp_path)))
    units["kpi.service"] = units["kpi.service"].replace("ProtectClock=yes", "ProtectClocks=yes")
    assert "ProtectClocks" in verified(tmp_path, units)


def test_the_units_give_the_run_no_more_than_it_needs() -> None:
    service = systemd_units(JOB)["kpi.service"].splitlines()
    for line in ("ProtectSystem=strict", "NoNewPrivileges=yes", "PrivateTmp=yes", "UMask=0077"):
        assert line in service
    assert 'ReadWritePaths="/srv/children\'s services/100%% kpi $HOME" "/srv/shared/in box"' in service


def test_words_are_read_back_by_systemd_as_they_are() -> None:
    service = systemd_units(JOB)["kpi.service"]
    assert (
        'ExecStart="/opt/kpi tools/bin/kpi" "run" "--config" '
        '"/srv/children\'s services/100%% kpi $$HOME/kpi.toml"\n'
    ) in service
    assert "WorkingDirectory=/srv/children's services/100%% kpi $HOME\n" in service


def test_a_folder_of_temporary_files_is_not_hidden_from_the_run() -> None:
    assert "PrivateTmp=no" in systemd_units(job(Path("/tmp/kpi")))["kpi.service"]  # noqa: S108


def test_a_missed_day_is_made_up_for() -> None:
    timer = systemd_units(JOB)["kpi.timer"].splitlines()
    assert {"OnCalendar=*-*-* 05:07:00", "Persistent=true", "WantedBy=timers.target"} <= set(timer)


def test_the_password_comes_from_a_file_that_is_not_printed() -> None:
    service = systemd_units(replace(JOB, password_env="KPI_MAIL_PASSWORD"))["kpi.service"]  # noqa: S106
    assert "\nEnvironmentFile=-/etc/kpi-mail.env\n" in service
    assert "EnvironmentFile" not in systemd_units(JOB)["kpi.service"]


# ── cron ─────────────────────────────────────────────────────────────────────


def as_cron_runs(line: str) -> tuple[list[str], list[str]]:
    """The five fields of a line, and the command's words as the shell gets them from cron."""
    *fields, command = line.split(" ", 5)
    # Unescaped, % ends the command; with a backslash it loses the backslash.
    assert not re.search(r"(?<!\\)%", command)
    umask, run = command.replace("\\%", "%").split("; ", 1)
    assert umask == "umask 077"
    return fields, shlex.split(run)


def test_cron_runs_the_command_each_day() -> None:
    comment, line = cron_line(JOB).splitlines()
    assert comment.startswith("# ")
    assert as_cron_runs(line) == (["7", "5", "*", "*", "*"], list(JOB.words))


@given(PATHS)
def test_any_path_comes_through_cron(path: Path) -> None:
    line = cron_line(job(path)).splitlines()[-1]
    assert as_cron_runs(line)[1] == list(job(path).words)


# ── Windows ──────────────────────────────────────────────────────────────────


def test_task_scheduler_gets_utf_16_with_its_mark() -> None:
    raw = windows_task(JOB)
    assert raw.startswith(b"\xff\xfe")
    assert raw.decode("utf-16").startswith('<?xml version="1.0" encoding="UTF-16"?>')


def test_the_task_holds_what_windows_needs_in_the_order_of_its_schema() -> None:
    task = ET.fromstring(windows_task(JOB))  # noqa: S314  (our own)
    assert [part.tag.removeprefix(TASK) for part in task] == [
        *("RegistrationInfo", "Triggers", "Principals", "Settings", "Actions"),
    ]
    said = {part.tag.removeprefix(TASK): part.text for part in task.iter() if not len(part)}
    assert said["StartBoundary"] == "2024-01-01T05:07:00"
    assert (said["DaysInterval"], said["StartWhenAvailable"]) == ("1", "true")
    assert (said["MultipleInstancesPolicy"], said["RunLevel"]) == ("IgnoreNew", "LeastPrivilege")
    assert said["Command"] == "/opt/kpi tools/bin/kpi"
    assert said["Arguments"] == f'run --config "{ROOT}/kpi.toml"'
    assert said["WorkingDirectory"] == str(ROOT)
    principals = [part.get("id") for part in task.iter(f"{TASK}Principal")]
    assert principals == [part.get("Context") for part in task.iter(f"{TASK}Actions")]


@given(PATHS)
def test_any_path_comes_through_the_xml(path: Path) -> None:
    task = ET.fromstring(windows_task(job(path)))  # noqa: S314  (our own)
    assert task.findtext(f".//{TASK}WorkingDirectory") == str(path)


# ── What is asked for and what is refused ────────────────────────────────────


@pytest.mark.parametrize("scheduler", Scheduler)
def test_a_path_that_would_add_a_line_is_refused(scheduler: Scheduler) -> None:
    with pytest.raises(KpiError) as raised:
        printed(job(Path("/srv/a\nExecStartPre=/bin/evil")), scheduler)
    assert [one.code for one in raised.value.findings] == ["A129"]


@pytest.mark.parametrize(
    ("scheduler", "path"),
    [
        (Scheduler.WINDOWS, "/srv/%TEMP%"),
        (Scheduler.SYSTEMD, '/srv/a"b'),
        (Scheduler.SYSTEMD, "/srv/a\\b"),
        (Scheduler.SYSTEMD, "/srv/a "),
        (Scheduler.SYSTEMD, "/srv/a'b"),
    ],
)
def test_a_path_that_would_be_read_otherwise_is_refused(scheduler: Scheduler, path: str) -> None:
    with pytest.raises(KpiError):
        printed(job(Path(path)), scheduler)


def test_the_job_is_of_this_machine(tmp_path: Path) -> None:
    init(tmp_path / "kpi")
    config = tmp_path / "kpi/kpi.toml"
    config.write_text(f'inbox = "{tmp_path}/shared"\nhistory = "../h/history.sqlite"\n', encoding="utf-8")
    made = job_of(read_settings(config), config, time(6))
    assert Path(made.program[0]).is_absolute()
    assert made.words[-3:] == ("run", "--config", str(config))
    assert made.writes == (tmp_path / "kpi", tmp_path / "h", tmp_path / "shared")
    done = subprocess.run([*made.program, "--version"], check=True, capture_output=True, text=True)
    assert done.stdout.startswith("kpi ")


def test_the_command_prints_and_says_what_to_do(tmp_path: Path) -> None:
    init(tmp_path)
    for scheduler in Scheduler:
        words = ["schedule", "--print", scheduler, "--config", str(tmp_path / "kpi.toml"), "--at", "06:30"]
        done = subprocess.run([sys.executable, "-m", "kpi_engine", *words], check=True, capture_output=True)
        made = job_of(read_settings(tmp_path / "kpi.toml"), tmp_path / "kpi.toml", time(6, 30))
        assert done.stdout == printed(made, scheduler)
        assert done.stderr.decode().splitlines() == list(next_steps(scheduler))


def test_the_command_writes_a_file_byte_for_byte_and_never_over_one(tmp_path: Path) -> None:
    init(tmp_path)
    words = ("schedule", "--print", "windows", "--config", tmp_path / "kpi.toml", "--out", tmp_path / "x.xml")
    assert kpi(*words).code == 0
    before = (tmp_path / "x.xml").read_bytes()
    assert before.startswith(b"\xff\xfe")
    assert kpi(*words).code == 2
    assert (tmp_path / "x.xml").read_bytes() == before


@pytest.mark.parametrize("at", ["5:00", "24:00", "05:60", "noon"])
def test_a_time_that_is_none_is_refused(tmp_path: Path, at: str) -> None:
    init(tmp_path)
    assert kpi("schedule", "--print", "cron", "--config", tmp_path / "kpi.toml", "--at", at).code == 2


def test_the_help_says_that_there_is_no_daemon() -> None:
    assert "no daemon" in kpi("schedule", "--help").out
