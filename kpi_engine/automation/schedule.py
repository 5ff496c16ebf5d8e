"""The job that calls `kpi run` each day, as the scheduler of this machine reads it.

There is no daemon: a run without new returns does nothing, so a daily call is enough, and a missed one is
made up for.
"""

from __future__ import annotations

import getpass
import os
import re
import shlex
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from kpi_engine.automation.schedulers import Scheduler
from kpi_engine.automation.settings import FILES, FOLDERS
from kpi_engine.errors import KpiError
from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import time

    from kpi_engine.automation.settings import Settings

_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_TASK: Final = "http://schemas.microsoft.com/windows/2004/02/mit/task"


@dataclass(frozen=True, slots=True)
class Job:
    """What is called, as whom and when. `writes` are the places that a run writes to.

    `program` is the program with its first words; `password_env` names a variable that it wants, or is empty.
    """

    program: tuple[str, ...]
    config: Path
    root: Path
    writes: tuple[Path, ...]
    user: str
    at: time
    password_env: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """The whole command."""
        return (*self.program, "run", "--config", str(self.config))


def job_of(settings: Settings, config: Path, at: time) -> Job:
    """The job on this machine, by this installation, as the user who asks."""
    return Job(
        program=_this_program(),
        config=settings.root / config.name,
        root=settings.root,
        writes=_writes(settings),
        user=_user(),
        at=at,
        password_env="" if settings.mail is None else settings.mail.password_env,
    )


def printed(job: Job, scheduler: Scheduler) -> bytes:
    """What the scheduler reads. Raises KpiError where it could not read a path back as it is."""
    _fits(job, scheduler)
    match scheduler:
        case Scheduler.SYSTEMD:
            folder = "/etc/systemd/system"
            return "\n".join(
                f"# {folder}/{name}\n{text}" for name, text in systemd_units(job).items()
            ).encode()
        case Scheduler.CRON:
            return cron_line(job).encode()
        case Scheduler.WINDOWS:
            return windows_task(job)


def _this_program() -> tuple[str, ...]:
    ending = ".exe" if sys.platform == "win32" else ""
    script = Path(sysconfig.get_path("scripts"), f"kpi{ending}")
    return (str(script),) if script.is_file() else (sys.executable, "-m", "kpi_engine")


def _user() -> str:
    domain = os.environ.get("USERDOMAIN", "") if sys.platform == "win32" else ""
    return f"{domain}\\{getpass.getuser()}" if domain else getpass.getuser()


def _writes(settings: Settings) -> tuple[Path, ...]:
    """The root, and what lies outside it: of a file its folder, where SQLite lays its journal too."""
    folders = [getattr(settings, name) for name in FOLDERS]
    folders += [getattr(settings, name).parent for name in FILES]
    outside = {path for path in folders if not path.is_relative_to(settings.root)}
    return (settings.root, *sorted(outside))


def _fits(job: Job, scheduler: Scheduler) -> None:
    texts = [*job.words, job.user, *map(str, job.writes)]
    wrong = []
    if any(_UNPRINTABLE.search(text) for text in texts):
        wrong.append("A path holds a character that cannot be printed.")
    if scheduler is Scheduler.WINDOWS and any("%" in text for text in texts):
        wrong.append("A path holds %, which Task Scheduler reads as the name of a variable.")
    if scheduler is Scheduler.SYSTEMD and any(re.search(r"[\\\"]|^\s|\s$", text) for text in texts):
        wrong.append(
            "A path holds \\ or a quotation mark, or ends in a blank, which systemd does not read back."
        )
    if scheduler is Scheduler.SYSTEMD and "'" in job.program[0]:
        wrong.append("systemd starts no program whose path holds an apostrophe.")
    if wrong:
        raise KpiError([finding("A129", what=" ".join(wrong))])


# ── systemd ──────────────────────────────────────────────────────────────────


def systemd_units(job: Job) -> Mapping[str, str]:
    """The service and its timer, by the names of their files."""
    program, *words = job.words
    command = " ".join([_quoted(program), *(_quoted(word.replace("$", "$$")) for word in words)])
    temporary = any(path.is_relative_to(folder) for path in job.writes for folder in _TEMPORARY)
    service = f"""\
[Unit]
Description=Monthly KPI returns: check, record, report
After=network-online.target
Wants=network-online.target

[Service]
Type=oneshot
User={_whole(job.user)}
WorkingDirectory={_whole(str(job.root))}
{_secret(job)}ExecStart={command}
UMask=0077
TimeoutStartSec=2h
# It writes to these places only, and gains no rights.
ReadWritePaths={" ".join(_quoted(str(path)) for path in job.writes)}
ProtectSystem=strict
PrivateTmp={"no" if temporary else "yes"}
PrivateDevices=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
"""
    timer = f"""\
[Unit]
Description=Each day: look for new KPI returns

[Timer]
OnCalendar=*-*-* {job.at:%H:%M:%S}
# A day on which the machine was off is made up for.
Persistent=true

[Install]
WantedBy=timers.target
"""
    return {"kpi.service": service, "kpi.timer": timer}


_TEMPORARY: Final = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108  (a private one would hide these)


def _secret(job: Job) -> str:
    if not job.password_env:
        return ""
    return (
        f"# Put {job.password_env}=... into this file, which root alone may read (0600).\n"
        "EnvironmentFile=-/etc/kpi-mail.env\n"
    )


def _quoted(text: str) -> str:
    """A word as systemd reads it back."""
    return f'"{_whole(text)}"'


def _whole(text: str) -> str:
    """A value that takes the rest of the line as it is, but for %."""
    return text.replace("%", "%%")


# ── cron ─────────────────────────────────────────────────────────────────────


def cron_line(job: Job) -> str:
    """The line for `crontab -e`, after a comment that says so."""
    # cron itself reads % as the end of the line, wherever it stands.
    command = shlex.join(job.words).replace("%", "\\%")
    note = "" if not job.password_env else f"# {job.password_env} must be set above, in this crontab.\n"
    return f"# For crontab -e.\n{note}{job.at.minute} {job.at.hour} * * * umask 077; {command}\n"


# ── Windows ──────────────────────────────────────────────────────────────────


def windows_task(job: Job) -> bytes:
    """The XML that schtasks /Create /XML takes: UTF-16 with its mark, elements in the order of the schema.

    It runs whether the user is logged on or not, with the network folders that the user may use.
    """
    task = ET.Element("Task", {"version": "1.2", "xmlns": _TASK})
    _branch(
        task, "RegistrationInfo", Description="Each day: look for new KPI returns, check and report them."
    )
    trigger = ET.SubElement(ET.SubElement(task, "Triggers"), "CalendarTrigger")
    _leaves(trigger, StartBoundary=f"2024-01-01T{job.at:%H:%M:%S}", Enabled="true")
    _branch(trigger, "ScheduleByDay", DaysInterval="1")
    principal = ET.SubElement(ET.SubElement(task, "Principals"), "Principal", {"id": "Author"})
    _leaves(principal, UserId=job.user, LogonType="Password", RunLevel="LeastPrivilege")
    _branch(
        task,
        "Settings",
        MultipleInstancesPolicy="IgnoreNew",
        DisallowStartIfOnBatteries="false",
        StopIfGoingOnBatteries="false",
        StartWhenAvailable="true",
        Enabled="true",
        ExecutionTimeLimit="PT2H",
    )
    actions = ET.SubElement(task, "Actions", {"Context": "Author"})
    program, *words = job.words
    _branch(
        actions,
        "Exec",
        Command=program,
        Arguments=subprocess.list2cmdline(words),
        WorkingDirectory=str(job.root),
    )
    ET.indent(task)
    text = ET.tostring(task, encoding="unicode")
    whole = f'<?xml version="1.0" encoding="UTF-16"?>\r\n{text}\r\n'
    return f"\ufeff{whole}".encode("utf-16-le")


def _branch(parent: ET.Element, tag: str, **leaves: str) -> None:
    _leaves(ET.SubElement(parent, tag), **leaves)


def _leaves(parent: ET.Element, **leaves: str) -> None:
    for tag, text in leaves.items():
        ET.SubElement(parent, tag).text = text


def next_steps(scheduler: Scheduler) -> Sequence[str]:
    """What to do with it, a line each."""
    return _STEPS[scheduler]


_STEPS: Final[Mapping[Scheduler, Sequence[str]]] = {
    Scheduler.SYSTEMD: (
        "As root: save each part under the name above it, then",
        "systemctl daemon-reload && systemctl enable --now kpi.timer",
    ),
    Scheduler.CRON: ("Add the line with: crontab -e",),
    Scheduler.WINDOWS: (
        "Save it with --out kpi.xml, then as administrator",
        "schtasks /Create /TN kpi /XML kpi.xml /RU %USERDOMAIN%\\%USERNAME% /RP *",
    ),
}
