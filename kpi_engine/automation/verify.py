"""The proof: the audit log held against itself, and all that it says was written against what is there."""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from kpi_engine.automation.archive import reports_by_month
from kpi_engine.automation.audit import Output, archived, read_log
from kpi_engine.automation.files import digest_of, kind_of
from kpi_engine.automation.heads import MOST, ahead, files_of, handed_out, head_of, unknown
from kpi_engine.automation.results import CSV, PARQUET
from kpi_engine.automation.settings import place_of
from kpi_engine.automation.staged import LATEST, WHY, marked_name
from kpi_engine.automation.telling import NOTICE_JSON, NOTICE_MD
from kpi_engine.errors import KpiError
from kpi_engine.history.export import export_csv
from kpi_engine.history.file import open_history
from kpi_engine.history.read import figures_held, recorded_months
from kpi_engine.rulebook.folder import gather
from kpi_engine.terms.codes import finding
from kpi_engine.terms.finding import Severity
from kpi_engine.terms.period import Period

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from kpi_engine.automation.audit import Entry, Log, Recorded, Reported, Taken
    from kpi_engine.automation.settings import Settings
    from kpi_engine.history.read import RecordedMonth
    from kpi_engine.terms.finding import Finding

_VIEWS: Final = (NOTICE_MD, NOTICE_JSON, CSV, PARQUET)
"""What every run writes anew at the top of `out`: no entry lists it."""
_TOLD: Final = ("period", "revision", "recalculation", "folder", "verdicts")
"""What latest.json says of the latest report, besides its files."""
_OTHER_DIGEST: Final = "entry {} of the audit log has another digest"
MANIFEST: Final = "manifest.json"
_CLUTTER: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
"""What file managers leave behind."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Every fault at once, how much was looked at, and what is known of a pack or head asked about."""

    findings: tuple[Finding, ...]
    entries: int
    outputs: int
    returns: int
    records: int
    said: str = ""

    @property
    def whole(self) -> bool:
        """Whether nothing is broken; what is only told breaks nothing."""
        return all(one.severity is Severity.FLAG for one in self.findings)


def verify(settings: Settings, *, head: str = "", pack: Path | None = None) -> Proof:
    """Hold the log, the files in `out`, the archive, the kept rules and the history against each other.

    `head` (64 hexadecimal digits), or those that the file `pack` holds, must be of this log. Only that
    proves against somebody who can write everything: he can make the log, the files and the history anew
    so that all agree, but not the packs that members of a board already have. Raises KpiError where the
    log, or `pack`, cannot be read.
    """
    log = read_log(settings.audit)
    outputs = _outputs(log)
    said, of_head = handed_out(log, head, pack)
    return Proof(
        findings=(
            *_cut_off(settings),
            *log.faults,
            *of_head,
            *_latest(settings, log),
            *_written(settings, outputs),
            *_archive(settings, log),
            *_unnamed(settings, log, outputs),
            *_rules(settings, log),
            *_history(settings, log),
        ),
        entries=len(log.entries),
        outputs=len(outputs),
        returns=len(archived(log)),
        records=sum(1 for _ in _recorded(log)),
        said=said,
    )


# ── Files: what the log names is there, and nothing beside ───────────────────


def _outputs(log: Log) -> Mapping[str, tuple[Output, Entry]]:
    """Every file that should be there, by its path, with the entry that wrote it last."""
    found: dict[str, tuple[Output, Entry]] = {}
    for entry in log.entries:
        found.update((one.file, (one, entry)) for one in files_of(entry))
        for gone in entry.removed:
            found.pop(gone.file, None)
    return found


def _written(settings: Settings, outputs: Mapping[str, tuple[Output, Entry]]) -> Iterator[Finding]:
    remedy = "Put it back from a copy, or make the month's report again: kpi rerun MONTH --out FOLDER."
    for one, entry in outputs.values():
        path = place_of(settings, one.file)
        fault = _fault_of(path, one, entry.number, remedy)
        if fault is not None:
            yield fault
        elif path is not None and path.suffix == ".json":
            head = head_of(path.read_bytes())
            if head and head != entry.previous:
                what = f"Entry {entry.number} wrote this, and it carries another head than that before it"
                again = "The log was made anew: put the last good copy of the log in its place."
                yield finding("A141", file=one.file, what=what, remedy=again)


def _fault_of(path: Path | None, one: Output, number: int, remedy: str) -> Finding | None:
    try:
        if path is None or kind_of(path) is None:
            return finding("A142", file=one.file, number=number, remedy=remedy)
        if digest_of(path) == one.digest:
            return None
    except OSError as error:
        remedy = f"It cannot be read ({(error.strerror or '').lower()}). {remedy}"
    return finding("A143", file=one.file, what=_OTHER_DIGEST.format(number), remedy=remedy)


def _archive(settings: Settings, log: Log) -> Iterator[Finding]:
    remedy = "Put it back from a copy; without it, its month cannot be made again."
    for taken, number in _archived(log):
        for one in (Output(taken.kept, taken.digest), *taken.beside):
            fault = _fault_of(place_of(settings, one.file), one, number, remedy)
            if fault is not None:
                yield fault


def _archived(log: Log) -> Iterator[tuple[Taken, int]]:
    kept = {one.kept: one for one in archived(log)}
    numbers = {one.kept: entry.number for entry in log.entries for one in entry.taken}
    return ((one, numbers[file]) for file, one in kept.items())


def beside(settings: Settings, one: Taken) -> tuple[Path, ...]:
    """What lies beside an archived return: what its entry says, or may lie there where it says nothing."""
    kept = place_of(settings, one.kept)
    if kept is None:
        return ()
    if one.beside:
        return tuple(path for other in one.beside if (path := place_of(settings, other.file)) is not None)
    return kept.with_name(marked_name(kept)), kept.with_name(WHY)


def _unnamed(settings: Settings, log: Log, outputs: Mapping[str, tuple[Output, Entry]]) -> Iterator[Finding]:
    """Whatever lies in `out` or in the archive without an entry that names it; a folder is told as one."""
    known = {path for file in outputs if (path := place_of(settings, file)) is not None}
    for one in archived(log):
        if (path := place_of(settings, one.kept)) is not None:
            known |= {path, *beside(settings, one)}
    known |= {settings.out / name for name in (LATEST, *_VIEWS)}
    above = {folder for path in known for folder in path.parents}
    for top in (settings.out, settings.processed, settings.refused):
        if kind_of(top) is not None:
            yield from _strangers(settings, log, top, known, above)


def _strangers(
    settings: Settings, log: Log, folder: Path, known: Collection[Path], above: Collection[Path]
) -> Iterator[Finding]:
    for path in sorted(folder.iterdir()):
        kind = kind_of(path)
        if kind == stat.S_IFDIR and path in above:
            yield from _strangers(settings, log, path, known, above)
        elif path not in known:
            heads = {head_of(one.read_bytes()) for one in _json_in(path, kind)} - {""}
            if heads and log.head in heads:
                yield ahead(settings.relative(path), log)
            elif heads:
                yield unknown(settings.relative(path), min(heads))
            else:
                severity = Severity.FLAG if path.name.casefold() in _CLUTTER else None
                yield finding("A144", file=settings.relative(path), severity=severity)


def _json_in(path: Path, kind: int | None) -> Sequence[Path]:
    inside = path.rglob("*.json") if kind == stat.S_IFDIR else [path] if path.suffix == ".json" else []
    return [one for one in inside if kind_of(one) == stat.S_IFREG and one.lstat().st_size <= MOST]


def _latest(settings: Settings, log: Log) -> Iterator[Finding]:
    """Whether latest.json names the latest report and the log's head: so a log that was cut off shows."""
    path, file = settings.out / LATEST, settings.relative(settings.out / LATEST)
    went_out = reports_by_month(log)
    if not went_out and kind_of(path) is None:
        return
    remedy = "Put the last good copy of the log in its place, or this file back from a copy."
    if kind_of(path) != stat.S_IFREG:
        number = next((entry.number for entry in reversed(log.entries) if entry.reported), 0)
        yield finding("A142", file=file, number=number, remedy=remedy)
        return
    content = path.read_bytes()
    head = head_of(content)
    if head != log.head or not went_out:
        known = next((entry.number for entry in log.entries if entry.hash == head), 0)
        how = f"that of entry {known}, not of the last" if known else "one that is not in the log"
        what = f"The head in this is {how}: the log's end was cut off, it was made anew, or this was put back"
        yield finding("A141", file=file, what=what, remedy=remedy)
    elif not _tells(json.loads(content), went_out[max(went_out)][-1]):
        what = "the audit log's last report of its latest month is another"
        yield finding("A143", file=file, what=what, remedy=remedy)


def _tells(latest: object, last: Reported) -> bool:
    """Whether latest.json says of the last report what the log says."""
    if not isinstance(latest, dict):
        return False
    files = [one.file for one in last.outputs]
    return latest.get("files") == files and all(latest.get(name) == getattr(last, name) for name in _TOLD)


def _rules(settings: Settings, log: Log) -> Iterator[Finding]:
    """Whether the rules that judged each report are kept as they were."""
    kept = {(one.rules_kept, entry.rulebook): entry for entry in log.entries for one in entry.reported}
    remedy = "Put it back from a copy; without it, what it judged cannot be made again."
    for (file, digest), entry in kept.items():
        folder = place_of(settings, file)
        if folder is None or kind_of(folder) != stat.S_IFDIR:
            yield finding("A142", file=file, number=entry.number, remedy=remedy)
            continue
        try:
            same = gather(folder, file).digest == digest
        except KpiError:
            same = False
        if not same:
            yield finding("A143", file=file, what=_OTHER_DIGEST.format(entry.number), remedy=remedy)


# ── The history: the records that the entries report, and those of nobody ────


def _history(settings: Settings, log: Log) -> Iterator[Finding]:
    file = settings.relative(settings.history)
    named = {(r.authority, r.period, r.revision, r.recalculation): (r, e) for r, e in _recorded(log)}
    held: dict[tuple[str, str, int, int], RecordedMonth] = {}
    figures: dict[tuple[str, str, int, int], str] = {}
    try:
        if kind_of(settings.history) is not None:
            with open_history(settings.history) as history:
                months = recorded_months(history)
                figures = {
                    key: figures_held(history, key[0], Period.parse(key[1]), *key[2:]) for key in named
                }
            held = {(m.authority, str(m.period), m.revision, m.recalculation): m for m in months}
    except KpiError as error:
        yield from error.findings
        return
    for key, (one, entry) in named.items():
        why = _otherwise(held.get(key), one, entry, figures.get(key, ""))
        if why:
            yield finding("A145", file=file, number=entry.number, month=_record(*key[1:]), why=why)
    by_hand = [(key, month) for key, month in held.items() if key not in named]
    for key, month in by_hand:
        at = f"{month.at:%Y-%m-%d %H:%M}"
        yield finding("A146", file=file, month=_record(*key[1:]), who=month.who, at=at)
    if held and named:
        yield from _export(settings, log, Severity.FLAG if by_hand else Severity.REFUSE)


def _export(settings: Settings, log: Log, severity: Severity) -> Iterator[Finding]:
    """Whether results.csv is what the history gives: that shows a figure changed in either.

    A record made by hand since makes the file old, which breaks nothing.
    """
    file, remedy = settings.relative(settings.out / CSV), "kpi history export writes it anew."
    if kind_of(settings.out / CSV) is None:
        yield finding("A142", file=file, number=len(log.entries), remedy=remedy)
        return
    try:
        with TemporaryDirectory() as folder, open_history(settings.history) as history:
            export_csv(history, Path(folder, CSV))
            same = digest_of(Path(folder, CSV)) == digest_of(settings.out / CSV)
    except KpiError as error:
        yield from error.findings
        return
    if not same:
        what = "the history, of which it is the export, says otherwise"
        remedy = f"Find which of the two was changed; {remedy}"
        yield finding("A143", file=file, what=what, remedy=remedy, severity=severity)


def _recorded(log: Log) -> Iterator[tuple[Recorded, Entry]]:
    return ((r, entry) for entry in log.entries for one in entry.reported for r in one.recorded)


def _otherwise(month: RecordedMonth | None, one: Recorded, entry: Entry, figures: str) -> str:
    if month is None:
        return "does not hold it"
    if {r.digest for r in month.returns} != set(one.returned):
        return "has it from other returns"
    if (month.engine, month.rulebook) != (entry.engine, entry.rulebook):
        return "has it by another version or other rules"
    if month.at != datetime.fromisoformat(entry.at):
        return "has it of another time"
    if figures != one.figures:
        return "has other figures"
    return ""


def _record(period: str, revision: int, recalculation: int) -> str:
    return f"{period} r{revision}" + (f".{recalculation}" if recalculation else "")


def _cut_off(settings: Settings) -> tuple[Finding, ...]:
    return (finding("A147"),) if kind_of(settings.work / MANIFEST) is not None else ()
