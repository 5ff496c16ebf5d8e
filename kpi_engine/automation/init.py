"""A kpi.toml to begin with, and the folders that it names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from kpi_engine.automation.files import make_folder, write_new
from kpi_engine.automation.settings import read_settings
from kpi_engine.errors import KpiError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CONFIG: Final = "kpi.toml"

KPI_TOML: Final = """\
# Settings of `kpi run`. Paths are taken from this file's folder; a path of Windows stands in
# single quotes: 'D:\\kpi\\inbox'. A line that begins with # and a key shows what holds without it.

# Where new returns are put; a run takes them out of it.
inbox = "inbox"
# Where reports are written: out/2024-04/r1/.
out = "out"
# Where returns that were used are kept, with their marked copies.
processed = "processed"
# Where returns that were refused are kept, with the reasons.
refused = "refused"
# Where the rules of each report are kept, so that it can be made again.
rules_kept = "rules-kept"
# Where the program says what it did, for whoever looks after the machine; no word from a return is in it.
log = "log"
# Where a run works; whatever a broken-off run leaves there, the next one puts in order.
work = "work"
# Where mails wait until the mail host has taken them.
outbox = "outbox"
# What was measured when; keep a copy of it with the audit log.
history = "history.sqlite"
# What was reported when, sealed line by line; `kpi audit verify` checks it.
audit = "audit.jsonl"

# The folder of rules; left out: rules/ beside this file, else the rules that kpi was installed with.
# rules = "rules"
# The boards that get packs, by their ids in boards.yaml; none named: all of them.
# boards = []
# What packs are written as (html, pdf, docx, xlsx, json, csv); none named: all that are installed.
# formats = []
# The council's code in plan.yaml; empty: the one reported before, else that of the first return.
# authority = ""
# The first month that is awaited; left out: the first that was reported.
# first_month = "2024-04"
# How many seconds a file must have lain still in the inbox: it may still be being copied.
# rest = 60
# Whether packs go out where an explanation is missing, saying so; false: they wait for it.
# allow_missing_commentary = false
# Who runs this, as the audit log says it; empty: the user that the program runs as.
# who = ""

# The days on which boards meet, by board; they are printed on the packs.
# [meetings]
# achieving-excellence-board = [2025-04-17, 2025-07-17]

# Notices by mail; without this table none is sent. The way to the host is always encrypted.
# [mail]
# The host, and how it is spoken to: starttls (port 587) or tls (port 465).
# host = "smtp.council.example"
# security = "starttls"
# port = 587
# Who the mail is from, and who gets it.
# sender = "kpi@council.example"
# to = ["performance@council.example"]
# The user at the host, and the environment variable that holds the password: it never stands in a file.
# user = "kpi"
# password_env = "KPI_MAIL_PASSWORD"
"""


def init(folder: Path) -> Sequence[Path]:
    """Write kpi.toml and the folders it names into `folder`; what was made, kpi.toml first.

    Folders that are there stay as they are. Raises FileExistsError where a kpi.toml is there: nothing is
    overwritten; KpiError or OSError where something stands in the way or cannot be written.
    """
    config = folder / CONFIG
    if os.path.lexists(config):
        raise FileExistsError(config)
    make_folder(folder, folder, str(folder))
    write_new(config, KPI_TOML.encode())
    try:
        settings = read_settings(config)
    except KpiError:  # something stands where a folder should
        config.unlink()
        raise
    missing = [one for one in settings.folders if not one.is_dir()]
    for one in missing:
        make_folder(one, settings.root, settings.relative(one))
    return (config, *(folder / settings.relative(one) for one in missing))
