"""A run made ready: every file it writes, the line of the audit log, and the steps that put them in place."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from kpi_engine.automation.archive import reports_by_month
from kpi_engine.automation.arrivals import Outcome
from kpi_engine.automation.audit import Entry, Kind, Output, Recorded, Reported, Taken, line_of, sealed
from kpi_engine.automation.awaited import lacking
from kpi_engine.automation.commit import Key
from kpi_engine.automation.files import CannotNow, digest_of
from kpi_engine.automation.run_file import NAME, RunFile, Used, libraries, python, text_of
from kpi_engine.automation.steps import Do, Step
from kpi_engine.errors import KpiError, ReturnUnreadable
from kpi_engine.history.record import Outcome as Record
from kpi_engine.history.record import figures_of
from kpi_engine.reports.page import plain
from kpi_engine.returns.marked_copy.annotate import annotate
from kpi_engine.rulebook.folder import gather
from kpi_engine.terms.codes import finding
from kpi_engine.terms.period import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from kpi_engine.automation.arrivals import Arrival
    from kpi_engine.automation.audit import Log
    from kpi_engine.automation.commit import Staging
    from kpi_engine.automation.months import Made, Reports
    from kpi_engine.automation.settings import Settings
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.finding import Finding

    Notices = Callable[[Made, Reports], Mapping[str, bytes]]

SHORT: Final = 12
"""Digits of a digest that name a folder."""
NOTHING_BESIDE: Final[Mapping[str, tuple[Output, ...]]] = MappingProxyType({})
LATEST, WHY = "latest.json", "why.txt"
_STEM: Final = 200  # bytes of a workbook's name in that of its marked copy; systems allow 255 in all
_ADDED: Final = frozenset({Record.NEW, Record.REVISED, Record.RECALCULATED})


@dataclass(frozen=True, slots=True)
class Setting:
    """What every part of a run goes by; `rules` is the folder that the rulebook was read from."""

    settings: Settings
    rulebook: RuleBook
    rules: Path
    log: Log
    at: datetime
    who: str

    @property
    def number(self) -> int:
        """The number of the entry that this run makes."""
        return self.log.entries[-1].number + 1 if self.log.entries else 1

    @property
    def rules_kept(self) -> str:
        """Where the rules are kept, relative to the root."""
        return self.settings.relative(self.settings.rules_kept / self.rulebook.digest[:SHORT])


# ── What came ────────────────────────────────────────────────────────────────


def kept_at(setting: Setting, arrival: Arrival) -> Path | None:
    """Where the workbook will be kept; None: it is kept already."""
    digest = arrival.returned.digest[:SHORT]
    match arrival.outcome:
        case Outcome.DUPLICATE | Outcome.EARLY:
            return None
        case Outcome.REFUSED:
            # Copies of one file are all kept, so the number that `take_in` gave each tells them apart.
            own = f"{setting.number}-{arrival.path.parent.name}-{digest}"
            folder = setting.settings.refused / f"{setting.at:%Y-%m-%d}" / own
        case _:
            folder = setting.settings.processed / str(arrival.returned.claims) / digest
    return folder / arrival.path.name


def taken(
    setting: Setting, arrivals: Sequence[Arrival], beside: Mapping[str, tuple[Output, ...]] = NOTHING_BESIDE
) -> tuple[Taken, ...]:
    """The arrivals as the audit log tells them; what waits in the inbox is not taken."""
    told = []
    for one in arrivals:
        if one.outcome is Outcome.EARLY:
            continue
        place = kept_at(setting, one)
        kept = "" if place is None else setting.settings.relative(place)
        told.append(
            Taken(
                file=one.path.name,
                digest=one.returned.digest,
                month=str(one.returned.claims) if one.returned.claims is not None else None,
                outcome=one.outcome.value,
                kept=kept,
                replaces=one.supersedes,
                beside=beside.get(kept, ()),
            )
        )
    return tuple(told)


@dataclass(frozen=True, slots=True)
class Archived:
    """The steps that archive what came, and what is put beside each workbook, by where that is kept."""

    steps: tuple[Step, ...]
    beside: Mapping[str, tuple[Output, ...]]


def archived(staged: Staging, setting: Setting, arrivals: Sequence[Arrival]) -> Archived:
    """Stage each workbook with its marked copy, and why it was refused."""
    steps: list[Step] = []
    beside: dict[str, tuple[Output, ...]] = {}
    for number, one in enumerate(arrivals, 1):
        place = kept_at(setting, one)
        if place is None:
            continue
        source = f"kept-{number}"
        shutil.copyfile(one.path, staged.path(f"{source}/{one.path.name}"))
        if one.returned.findings:
            _marked(one.path, one.returned.findings, staged.path(f"{source}/{marked_name(one.path)}"))
        if one.outcome is Outcome.REFUSED:
            why = why_text((*one.findings, *one.returned.findings))
            staged.put(f"{source}/{WHY}", why.encode("utf-8", "backslashreplace"))
        within = setting.settings.refused if one.outcome is Outcome.REFUSED else setting.settings.processed
        steps.append(_step(setting.settings, Do.FOLDER, place.parent, source, within=within))
        folder = setting.settings.relative(place.parent)
        beside[f"{folder}/{place.name}"] = tuple(
            Output(f"{folder}/{path.name}", digest_of(path))
            for path in sorted(staged.path(source).iterdir())
            if path.name != place.name
        )
    return Archived(tuple(steps), beside)


def marked_name(workbook: Path) -> str:
    """The name of a workbook's marked copy."""
    stem = os.fsencode(workbook.stem)[:_STEM].decode(errors="ignore")
    return f"{stem}.marked{workbook.suffix}"


def why_text(findings: Sequence[Finding]) -> str:
    """Why a workbook was refused, every finding with what to do."""
    told = ((f"{one.where}: {one.code} {one.message}".removeprefix(": "), one.fix) for one in findings)
    return "".join(f"{plain(said)}\n    {plain(fix)}\n" for said, fix in told)


def _marked(workbook: Path, findings: Sequence[Finding], out: Path) -> None:
    try:
        annotate(workbook, findings, out)
    except (ReturnUnreadable, KpiError):  # there is nothing to mark in what cannot be opened
        return


# ── What is reported ─────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Staged:
    """The reports as the audit log tells them, and the steps that put them in place."""

    reported: tuple[Reported, ...]
    steps: tuple[Step, ...]


def reported(staged: Staging, setting: Setting, reports: Reports | None, notices: Notices) -> Staged:
    """Stage the folder of each report, and the rules that judged it."""
    if reports is None:
        return Staged((), ())
    found: list[Reported] = []
    steps: list[Step] = []
    for number, made in enumerate(reports.made):
        source = f"report-{number}"
        files = {
            **made.report.files,
            **notices(made, reports),
            NAME: text_of(run_file(setting, reports, made)),
        }
        for name, data in files.items():
            staged.put(f"{source}/{name}", data)
        folder = setting.settings.out / made.due.folder
        shown = setting.settings.relative(folder)
        steps.append(_step(setting.settings, Do.FOLDER, folder, source, within=setting.settings.out))
        counts = Counter(verdict.status.value for verdict in made.report.checked.verdicts)
        found.append(
            Reported(
                authority=reports.council,
                period=str(made.due.period),
                revision=made.due.revision,
                recalculation=made.due.recalculation,
                cause=made.due.cause.value,
                because=made.due.because,
                folder=shown,
                verdicts=dict(sorted(counts.items())),
                outputs=tuple(
                    Output(f"{shown}/{name}", hashlib.sha256(data).hexdigest())
                    for name, data in sorted(files.items())
                ),
                returned=_returned(made),
                history_run=reports.known.run,
                rules_kept=setting.rules_kept,
                recorded=() if number else recorded(reports),
            )
        )
    return Staged(tuple(found), (*_rules(staged, setting), *steps))


def recorded(reports: Reports) -> tuple[Recorded, ...]:
    """The records that the run adds to the history."""
    return tuple(
        Recorded(
            authority=reports.council,
            period=str(month.period),
            revision=done.revision,
            recalculation=done.recalculation,
            returned=tuple(sorted({one.digest for one in month.returns})),
            figures=figures_of(month),
        )
        for month in reports.recorded
        for done in reports.done
        if done.period == month.period and done.outcome in _ADDED
    )


def keys_of(setting: Setting, reports: Reports | None) -> tuple[Key, ...]:
    """The same as the promise names them."""
    return tuple(
        Key(
            *(one.authority, one.period, one.revision, one.recalculation),
            *(version("kpi-engine"), setting.rulebook.digest, one.returned),
        )
        for one in (recorded(reports) if reports is not None else ())
    )


def run_file(setting: Setting, reports: Reports, made: Made) -> RunFile:
    """The content of a report's run.json."""
    asked, report = made.asked, made.report
    kept = reports.kept
    return RunFile(
        period=str(made.due.period),
        revision=made.due.revision,
        recalculation=made.due.recalculation,
        cause=made.due.cause.value,
        because=made.due.because,
        revised=asked.revised,
        at=setting.at.isoformat(),
        who=setting.who,
        authority=reports.council,
        engine=version("kpi-engine"),
        rulebook=setting.rulebook.digest,
        rules=setting.rulebook.folder,
        rules_kept=setting.rules_kept,
        python=python(),
        libraries=libraries(),
        exceptions_by=report.escalated.answered.engine,
        boards=asked.boards,
        formats=tuple(one.value for one in asked.formats),
        meetings={board: day.isoformat() for board, day in asked.meetings.items()},
        allow_missing_commentary=asked.allow_missing_commentary,
        returns=tuple(
            Used(one.file, one.digest, str(one.claims), kept[one.digest]) for one in made.of.returns
        ),
        history_run=reports.known.run,
        corrects=reports.corrects,
        head=asked.head,
        waiting={
            board: tuple(sorted({fault.code for fault in faults})) for board, faults in report.waiting.items()
        },
        missing=tuple(sorted({one.message for one in report.missing})),
        awaited_sheets=tuple(sorted(lacking(made.of.months[made.due.period]))),
    )


def _returned(made: Made) -> tuple[str, ...]:
    return tuple(sorted({one.digest for one in made.of.returns if one.claims == made.due.period}))


def _rules(staged: Staging, setting: Setting) -> tuple[Step, ...]:
    """The step that keeps the rules, where they are not kept yet; CannotNow where they change meanwhile."""
    target = setting.settings.rules_kept / setting.rulebook.digest[:SHORT]
    if target.is_dir():
        return ()
    shown = setting.rulebook.folder
    for name in sorted(gather(setting.rules, shown).present):
        staged.put(f"rules/{name}", (setting.rules / name).read_bytes())
    if gather(staged.path("rules"), shown).digest != setting.rulebook.digest:
        raise CannotNow([finding("A153", file=shown)])
    within = setting.settings.rules_kept
    return (_step(setting.settings, Do.FOLDER, target, "rules", within=within),)


# ── The line of the log, and what points at it ───────────────────────────────


def entry_of(setting: Setting, came: Sequence[Taken], reports: Sequence[Reported]) -> Entry:
    """The sealed line of this run."""
    return sealed(
        Entry(
            number=setting.number,
            at=setting.at.isoformat(),
            who=setting.who,
            kind=Kind.REPORT if reports else Kind.REFUSED,
            engine=version("kpi-engine"),
            rulebook=setting.rulebook.digest,
            taken=tuple(came),
            reported=tuple(reports),
        ),
        setting.log.head,
    )


def appended(staged: Staging, setting: Setting, entry: Entry) -> Step:
    """The step that adds the line to the log."""
    audit = setting.settings.audit
    staged.put("audit", line_of(entry))
    length = audit.stat().st_size if audit.exists() else 0
    return _step(setting.settings, Do.APPEND, audit, "audit", length=length)


def latest(staged: Staging, setting: Setting, entry: Entry) -> tuple[Step, ...]:
    """The step that makes latest.json point at the latest month's last report."""
    went_out = dict(reports_by_month(setting.log))
    for one in entry.reported:
        month = Period.parse(one.period)
        went_out[month] = (*went_out.get(month, ()), one)
    if not went_out:
        return ()
    last = went_out[max(went_out)][-1]
    told = {
        "format": "kpi-latest/1",
        "at": entry.at,
        "period": last.period,
        "revision": last.revision,
        "recalculation": last.recalculation,
        "folder": last.folder,
        "verdicts": last.verdicts,
        "files": [one.file for one in last.outputs],
        "audit": {"number": entry.number, "head": entry.hash},
    }
    return (put(staged, setting.settings, LATEST, _json(told)),)


def put(staged: Staging, settings: Settings, name: str, data: bytes, *, folder: Path | None = None) -> Step:
    """Stage a file of `folder` (left out: `out`), which replaces the one of that name."""
    within = folder or settings.out
    staged.put(name, data)
    return _step(settings, Do.FILE, within / name, name, within=within)


def emptied(settings: Settings, arrivals: Sequence[Arrival], inbox: Mapping[Path, Path]) -> tuple[Step, ...]:
    """The steps that take what was archived out of the inbox; `inbox` says which file each copy is of."""
    return tuple(
        _step(settings, Do.TAKE, inbox[one.path], "", digest=one.returned.digest, within=settings.inbox)
        for one in arrivals
        if one.outcome is not Outcome.EARLY
    )


def _step(  # noqa: PLR0913  (what a step is)
    settings: Settings,
    kind: Do,
    target: Path,
    source: str,
    *,
    digest: str = "",
    length: int = 0,
    within: Path | None = None,
) -> Step:
    return Step(
        kind,
        _given(settings, target),
        source,
        digest,
        length,
        "" if within is None else _given(settings, within),
    )


def _given(settings: Settings, path: Path) -> str:
    return path.relative_to(settings.root).as_posix() if path.is_relative_to(settings.root) else str(path)


def _json(told: Mapping[str, object]) -> bytes:
    return (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "backslashreplace")
