"""Old returns removed from the archive; what was reported from them stays, and can still be proved."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from kpi_engine.automation.audit import Entry, Kind, Output, archived, line_of, read_log, sealed
from kpi_engine.automation.commit import Do, Manifest, Step, carry_out, promise, recover, staging
from kpi_engine.automation.files import digest_of, kind_of
from kpi_engine.automation.lock import locked
from kpi_engine.automation.settings import place_of
from kpi_engine.automation.staged import LATEST
from kpi_engine.automation.verify import beside
from kpi_engine.errors import KpiError
from kpi_engine.terms.codes import finding
from kpi_engine.terms.finding import Severity
from kpi_engine.terms.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kpi_engine.automation.audit import Log, Reported, Taken
    from kpi_engine.automation.settings import Settings


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge removes: the returns, every file with its digest, and the reports that depend on them.

    `lost` can be made again no more, their own returns being gone. `weakened` are later ones, which then
    stand on the history's figures for the purged months.
    """

    returns: tuple[Taken, ...]
    removed: tuple[Output, ...]
    lost: tuple[Reported, ...]
    weakened: tuple[Reported, ...]


def planned(settings: Settings, log: Log, before: Period) -> Purged:
    """What a purge of all before the first month of `before` would remove; nothing is touched.

    A file that claims no month goes by the month in which it was taken. Raises KpiError while the log is
    broken: what it says must not remove anything then.
    """
    broken = [one for one in log.faults if one.severity is not Severity.FLAG]
    if broken:
        what = f"The audit log has {len(broken)} faults" if len(broken) > 1 else "The audit log has a fault"
        raise KpiError(
            [finding("A149", what=what, remedy="kpi audit verify tells what they are; mend it first.")]
        )
    at = {one.kept: entry.at for entry in log.entries for one in entry.taken}
    first = before.months[0]
    old = tuple(one for one in archived(log) if _month_of(one, at[one.kept]) < first)
    digests = {one.digest for one in old}
    reports = [one for entry in log.entries for one in entry.reported]
    lost = tuple(one for one in reports if digests & set(one.returned))
    months = {one.month for one in old}
    later = [
        one for one in reports if one not in lost and any(m is not None and m < one.period for m in months)
    ]
    return Purged(old, tuple(_files(settings, old)), lost, tuple(later))


def purge(settings: Settings, before: Period, *, who: str, at: datetime) -> Purged:
    """Remove the archived returns of months before `before`, with their marked copies; one entry of the log.

    Packs, checks, the history and the log stay. Killed at any moment, it is finished or undone by the next
    run or purge. Raises KpiError where another run is at work or the files cannot be removed.
    """
    with locked(settings.work, who=who, at=at):
        recover(settings.root, settings.work, settings.history)
        log = read_log(settings.audit)
        plan = planned(settings, log, before)
        if plan.returns:
            _carried_out(settings, log, plan, who=who, at=at)
        return plan


def _carried_out(settings: Settings, log: Log, plan: Purged, *, who: str, at: datetime) -> None:
    entry = Entry(
        number=len(log.entries) + 1,
        at=at.isoformat(timespec="seconds"),
        who=who,
        kind=Kind.PURGE,
        engine=version("kpi-engine"),
        rulebook="",
        removed=plan.removed,
    )
    entry = sealed(entry, log.head)
    with staging(settings.work) as staged:
        staged.put("audit", line_of(entry))
        size = settings.audit.stat().st_size
        steps = [Step(Do.APPEND, _given(settings, settings.audit), "audit", length=size)]
        steps += [_removal(settings, one) for one in plan.removed]
        latest = _pointing(settings.out / LATEST, entry)
        if latest:
            staged.put(LATEST, latest)
            target = _given(settings, settings.out / LATEST)
            steps.append(Step(Do.FILE, target, LATEST, within=_given(settings, settings.out)))
        promised = promise(settings.root, staged, Manifest(tuple(steps)))
        carry_out(settings.root, settings.work, promised)


def _month_of(one: Taken, at: str) -> Period:
    if one.month is not None:
        return Period.parse(one.month)
    return Period.of(datetime.fromisoformat(at).date())


def _files(settings: Settings, old: Sequence[Taken]) -> Iterator[Output]:
    """Each return with what lies beside it, by the digests that they have now."""
    for one in old:
        path = place_of(settings, one.kept)
        if path is None:
            what = f"{one.kept} is no place that a run writes to"
            raise KpiError([finding("A149", what=what, remedy="Verify the log: kpi audit verify.")])
        yield Output(one.kept, digest_of(path) or one.digest)
        for other in beside(settings, one):
            if kind_of(other) is not None:
                yield Output(f"{PurePosixPath(one.kept).parent}/{other.name}", digest_of(other))


def _removal(settings: Settings, one: Output) -> Step:
    path = place_of(settings, one.file)
    if path is None:  # `_files` has seen that it is one
        raise AssertionError(one.file)
    within = settings.refused if path.is_relative_to(settings.refused) else settings.processed
    return Step(Do.REMOVE, _given(settings, path), within=_given(settings, within))


def _given(settings: Settings, path: Path) -> str:
    return path.relative_to(settings.root).as_posix() if path.is_relative_to(settings.root) else str(path)


def _pointing(latest: Path, entry: Entry) -> bytes:
    """latest.json as it is, with the head of the log after `entry`; empty where there is none to change."""
    try:
        told = json.loads(latest.read_bytes())
        told["audit"] = {"number": entry.number, "head": entry.hash}
    except (OSError, ValueError, TypeError):
        return b""
    return (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "backslashreplace")
