"""The audit log in words and as JSON: every entry, or what was reported of a month and from what."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from kpi_engine.automation.arrivals import Outcome
from kpi_engine.reports.page import WIDTH, cut, padded, painted, plain, wrapped
from kpi_engine.reports.records import written
from kpi_engine.reports.wording import many
from kpi_engine.terms.finding import Severity
from kpi_engine.terms.period import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kpi_engine.automation.audit import Entry, Log, Reported, Taken
    from kpi_engine.automation.purge import Purged
    from kpi_engine.automation.rerun import Rerun
    from kpi_engine.automation.verify import Proof
    from kpi_engine.terms.period import Period

_DIGITS = 12  # of a digest: as the archive's folders are named
_IN_NO_REPORT = frozenset({Outcome.REFUSED, Outcome.DUPLICATE})


# ── All entries ──────────────────────────────────────────────────────────────


def log_text(log: Log, *, file: str, colour: bool = False) -> str:
    """Every entry in a line; no line is over 80 columns, only names are cut."""
    title = f"{plain(file)}  {_entries(log)}"
    lines = [painted(cut(title, WIDTH), "bold", colour=colour)]
    if not log.entries:
        return lines[0] + "\n"
    rows = [("No.", "when (UTC)", "by", "what")]
    rows += [(str(e.number), _minute(e), cut(plain(e.who), 12), _what(e)) for e in log.entries]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    for number, (*cells, what) in enumerate(rows):
        fixed = "  ".join(
            padded(cell, width, right=n == 0)
            for n, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        line = cut(f"{fixed}  {what}", WIDTH).rstrip()
        lines.append(painted(line, "bold", colour=colour and not number))
    lines += wrapped(f"Head: {log.head}")
    return "\n".join(lines) + "\n"


def log_json(log: Log) -> str:
    """The same as a JSON list of whole entries."""
    return written([asdict(entry) for entry in log.entries])


def _entries(log: Log) -> str:
    return many(len(log.entries), "entry").replace("entrys", "entries")


def _minute(entry: Entry) -> str:
    return f"{datetime.fromisoformat(entry.at).astimezone(UTC):%Y-%m-%d %H:%M}"


def _what(entry: Entry) -> str:
    said = [", ".join(f"{_label(one)} {one.cause}" for one in entry.reported)]
    if len(entry.reported) == 1:
        said.append(_verdicts(entry.reported[0]))
    others = [one for one in entry.taken if not entry.reported or one.outcome in _IN_NO_REPORT]
    said.append(", ".join(f"{plain(one.file)} {one.outcome}" for one in others))
    if entry.removed:
        said.append(f"{many(len(entry.removed), 'file')} removed")
    return f"{entry.kind}: {'; '.join(part for part in said if part)}"


def _label(one: Reported) -> str:
    again = f" recalculated {one.recalculation}" if one.recalculation else ""
    return f"{one.period} r{one.revision}{again}"


def _verdicts(one: Reported) -> str:
    told = (
        f"{number} {status.replace('_', ' ')}" for status, number in sorted(one.verdicts.items()) if number
    )
    return ", ".join(told) or "no verdicts"


# ── One month ────────────────────────────────────────────────────────────────


def month_text(log: Log, month: Period, *, colour: bool = False) -> str:
    """Every report of `month`, oldest first: when, by whom, why, from what, what it said and its files.

    Then what else was taken for the month, and what was purged of it. No line is over 80 columns.
    """
    of = _of(log, month)
    stands = f"; {_label(of.reports[-1][1])} stands" if of.reports else ""
    title = f"{month.label}  {many(len(of.reports), 'report')}{stands}"
    lines = [painted(cut(title, WIDTH), "bold", colour=colour)]
    for entry, one in of.reports:
        lines += [
            "",
            painted(f"{_label(one)}, {one.cause}", "bold", colour=colour),
            *_report(log, entry, one),
        ]
    if of.others:
        lines += ["", painted("Taken, and in no report", "bold", colour=colour)]
        lines += [line for entry, one in of.others for line in wrapped(_taken(entry, one), 2, 4)]
    if of.removed:
        lines += ["", painted("Purged", "bold", colour=colour)]
        for entry, files in of.removed:
            lines += wrapped(f"{_when(entry)} (entry {entry.number}): {', '.join(files)}", 2, 4)
    return "\n".join(lines) + "\n"


def month_json(log: Log, month: Period) -> str:
    """The same as one JSON object, every digest whole."""
    of = _of(log, month)
    return written(
        {
            "period": str(month),
            "reports": [{**_made(entry), **asdict(one)} for entry, one in of.reports],
            "others_taken": [{**_made(entry), **asdict(one)} for entry, one in of.others],
            "purged": [{**_made(entry), "files": list(files)} for entry, files in of.removed],
        }
    )


@dataclass(frozen=True, slots=True)
class _Month:
    reports: Sequence[tuple[Entry, Reported]]
    others: Sequence[tuple[Entry, Taken]]
    removed: Sequence[tuple[Entry, Sequence[str]]]


def _of(log: Log, month: Period) -> _Month:
    reports = [(e, one) for e in log.entries for one in e.reported if one.period == str(month)]
    used = {digest for _, one in reports for digest in one.returned}
    taken = [(e, one) for e in log.entries for one in e.taken if one.month == str(month)]
    folders = {PurePosixPath(one.kept).parent for _, one in taken if one.kept}
    purged = [
        (e, [one.file for one in e.removed if PurePosixPath(one.file).parent in folders]) for e in log.entries
    ]
    others = [(e, one) for e, one in taken if one.digest not in used or (not one.kept and not e.reported)]
    return _Month(reports, others, [(e, files) for e, files in purged if files])


def _made(entry: Entry) -> Mapping[str, object]:
    return {
        "entry": entry.number,
        "at": entry.at,
        "who": entry.who,
        "engine_version": entry.engine,
        "rulebook_digest": entry.rulebook,
        "previous": entry.previous,
        "hash": entry.hash,
    }


def _report(log: Log, entry: Entry, one: Reported) -> Iterator[str]:
    yield from wrapped(f"{_when(entry)}, by {plain(entry.who)} (entry {entry.number})", 2, 4)
    yield from wrapped(plain(one.because), 2, 4)
    yield from _fact("Verdicts", _verdicts(one))
    names = {taken.digest: taken for e in log.entries for taken in e.taken}
    for number, digest in enumerate(one.returned):
        taken = names.get(digest)
        yield from _fact(
            "" if number else "Returns", f"{plain(taken.file) if taken else '?'} {digest[:_DIGITS]}"
        )
    for replaced in (d for digest in one.returned if digest in names for d in names[digest].replaces):
        yield from _fact("Replaces", f"{plain(names[replaced].file)} {replaced[:_DIGITS]}")
    yield from _fact("Made by", f"kpi {entry.engine}, rules {entry.rulebook[:_DIGITS]}")
    yield from _fact("Head", entry.previous)
    yield from _fact("Files", f"{many(len(one.outputs), 'file')} in {one.folder}")
    for output in one.outputs:
        name = PurePosixPath(output.file)
        shown = name.name if str(name.parent) == one.folder else output.file
        yield cut(f"              {output.digest[:_DIGITS]}  {plain(shown)}", WIDTH)


def _fact(label: str, text: str) -> list[str]:
    first, *more = wrapped(text, 14)
    return [f"  {padded(label, 12)}{first[14:]}", *more]


def _taken(entry: Entry, one: Taken) -> str:
    kept = f"kept as {plain(one.kept)}" if one.kept else "not kept"
    return f"{_when(entry)} (entry {entry.number}): {plain(one.file)}, {one.outcome}; {kept}"


def _when(entry: Entry) -> str:
    at = datetime.fromisoformat(entry.at).astimezone(UTC)
    return f"{in_words(at.date())} at {at:%H:%M} UTC"


# ── A report made again, a purge ─────────────────────────────────────────────


def rerun_text(made: Rerun, *, colour: bool = False) -> str:
    """Whether a report made again is the same, else each file that is not, where, and why it may be."""
    title = f"{made.period.label}, as entry {made.number} reported it in {plain(made.folder)}"
    lines = [painted(cut(title, WIDTH), "bold", colour=colour)]
    compared = len(made.same) + len(made.different)
    if made.different:
        lines += wrapped(f"{len(made.different)} of {many(compared, 'file')} differ.")
    else:
        lines += wrapped(f"The same, byte for byte: {many(compared, 'file')}.")
    for one in made.different:
        lines += [cut(plain(one.file), WIDTH), *(line for text in one.where for line in wrapped(text, 2, 6))]
    if made.more:
        lines += wrapped(f"Made now and not then: {', '.join(map(plain, made.more))}.")
    if made.not_made:
        lines += wrapped(f"Not made again, since they tell of the run itself: {', '.join(made.not_made)}.")
    if made.because:
        lines += ["Otherwise than then:", *(line for text in made.because for line in wrapped(text, 2, 4))]
    return "\n".join(lines) + "\n"


def rerun_json(made: Rerun) -> str:
    """The same as one JSON object."""
    return written(
        {
            "period": str(made.period),
            "folder": made.folder,
            "entry": made.number,
            "same": list(made.same),
            "different": [{"file": one.file, "where": list(one.where)} for one in made.different],
            "more": list(made.more),
            "not_made": list(made.not_made),
            "because": list(made.because),
        }
    )


def purge_text(plan: Purged, *, dry: bool) -> str:
    """What was removed, or would be, and which reports cannot be made again."""
    if not plan.returns:
        return "There is nothing to purge.\n"
    did = "Would remove" if dry else "Removed"
    aside = len(plan.removed) - len(plan.returns)
    what = f"{did} {many(len(plan.returns), 'return')} and {many(aside, 'file')} made from them."
    lines = wrapped(what)
    lines += [line for one in plan.removed for line in wrapped(plain(one.file), 2, 4)] if dry else []
    lines += wrapped("Packs, checks, the history and the audit log stay.")
    if plan.lost:
        can = "could" if dry else "can"
        lines += wrapped(f"These reports {can} be made again no more: {', '.join(map(_label, plan.lost))}.")
    if plan.weakened:
        lines += wrapped(
            f"{many(len(plan.weakened), 'later report')} {'would' if dry else 'will'} be made again with the"
            " history's figures for those months, and name fewer returns."
        )
    return "\n".join(lines) + "\n"


# ── A proof ──────────────────────────────────────────────────────────────────


def proof_text(proof: Proof) -> str:
    """What was held against what, and whether it is whole; the findings are told apart."""
    looked = (
        many(proof.entries, "line"),
        f"{many(proof.outputs, 'file')} of reports",
        f"{many(proof.returns, 'archived return')}",
        f"{many(proof.records, 'record')} of the history",
    )
    broken = sum(one.severity is not Severity.FLAG for one in proof.findings)
    verdict = f"Broken: {many(broken, 'fault')}" if broken else "Whole"
    lines = wrapped(f"{verdict}. Looked at the log's {looked[0]}, {looked[1]}, {looked[2]} and {looked[3]}.")
    return "\n".join([*lines, *(wrapped(proof.said) if proof.said else [])]) + "\n"
