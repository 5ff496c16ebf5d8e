"""The schedulers that can call the job: apart from what they read, so that asking for one loads little."""

from __future__ import annotations

from enum import StrEnum


class Scheduler(StrEnum):
    """What calls the job."""

    SYSTEMD = "systemd"
    CRON = "cron"
    WINDOWS = "windows"
