"""The same changed returns dropped in the inbox of `kpi run`: what must hold of the folder it leaves."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from tests.automation.months import root_at
from tests.fuzz.drive import Ran, run
from tests.fuzz.judge import no_constant, of_any_run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fuzz.bases import Base

AFTER = timedelta(days=9)  # of the month's end: before the calendar's day, so that nothing is late


def prepared(of: Base, folder: Path) -> Path:
    """A root folder in which the 11 months before have been reported; made once, and kept."""
    root = folder / f"root-{of.number}"
    if not root.exists():
        begun = root_at(folder / f"begun-{of.number}")
        for path in sorted((of.history.parent / "earlier").iterdir()):
            shutil.copy(path, begun / "inbox")
        ran = _run(of, begun, folder)
        assert ran.code == 0, ran.err
        begun.rename(root)
    return root


def through_run(
    of: Base, data: bytes, folder: Path, own: Path, *, verify: bool
) -> tuple[bytes, Ran, list[str]]:
    """Run on a copy of the root, the changed return in its inbox: the report's check.json, and faults.

    There is no check.json where the return was refused, or taken for another month's.
    """
    root = own / "root"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(prepared(of, folder), root)
    (root / "inbox" / of.name).write_bytes(data)
    ran = _run(of, root, own)
    if faults := of_any_run(ran, (0,)):
        return b"", ran, faults
    faults = _left(root, of, data)
    if verify:
        verified = run(["audit", "verify", "--config", str(root / "kpi.toml")], own)
        if verified.code != 0:
            faults.append(f"audit verify: {verified.out[-300:].decode(errors='replace')}")
    check = root / "out" / of.month / "r1" / "check.json"
    return check.read_bytes() if check.exists() else b"", ran, faults


def _run(of: Base, root: Path, own: Path) -> Ran:
    day = datetime.combine(of.package.end + AFTER, time(5), UTC)
    os.environ["SOURCE_DATE_EPOCH"] = str(int(day.timestamp()))
    return run(["run", "--config", str(root / "kpi.toml")], own)


def _left(root: Path, of: Base, data: bytes) -> list[str]:
    """What is wrong with what the run left: a return lost, a file half written, JSON that is none."""
    faults = []
    digest = hashlib.sha256(data).hexdigest()
    places = [root / "inbox" / of.name, *root.glob("processed/*/*/*"), *root.glob("refused/*/*/*")]
    if not any(hashlib.sha256(p.read_bytes()).hexdigest() == digest for p in places if p.is_file()):
        faults.append("the return is nowhere any more")
    if (root / "inbox" / of.name).exists() and not any(
        fault["where"] for fault in json.loads((root / "out" / "notice.json").read_bytes())["waiting"]
    ):
        faults.append("the return is left in the inbox and nobody is told")
    faults += [f"left in work: {p.name}" for p in (root / "work").iterdir() if p.name != "lock"]
    for path in root.glob("out/**/*.json"):
        try:
            json.loads(path.read_bytes(), parse_constant=no_constant)
        except ValueError as fault:
            faults.append(f"{path.relative_to(root)} is no JSON: {fault}")
    return faults
