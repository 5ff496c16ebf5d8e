"""The notice of a run: what was reported, refused and awaited, understood in 30 seconds.

It holds no cell value and no figure of a measure, only counts of verdicts. Text from outside (names of
files and sheets, titles) is inert in it: it makes no link, picture, HTML, heading, list or table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from kpi_engine.automation.markdown import heading, inert, item, name, paragraph, quoted, shown
from kpi_engine.reports.records import written
from kpi_engine.reports.wording import listed, many
from kpi_engine.terms.codes import CODES
from kpi_engine.terms.finding import Severity
from kpi_engine.terms.period import Period, in_words
from kpi_engine.terms.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kpi_engine.automation.audit import Taken
    from kpi_engine.automation.awaited import Awaited
    from kpi_engine.reports.records import Json
    from kpi_engine.terms.finding import Finding

SCHEMA: Final = "kpi-notice/1"
_MOST_KINDS: Final = 8  # of faults told of one file; its marked copy has all
_MOST_CELLS: Final = 5  # told of one kind of fault
_GRAVEST: Final = (Severity.REFUSE, Severity.DOUBT, Severity.FLAG)
# What became of a file, where it was not simply taken.
_OUTCOMES: Final[Mapping[str, str]] = {
    "late": "late",
    "correction": "a correction",
    "joins": "joins what was there",
    "duplicate": "the same as one taken before; taken out of the inbox",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a notice is made of; the words in it may come from outside.

    `period` None: nothing was reported. `kind` is the cause of the report (new, revised, recalculated), or
    refused, or awaited. `changes`, `exceptions`, `also` (the other months reported) and `recalculated` are
    sentences; `refused` holds the files with why. `unvalidated` are the passes on figures that nobody
    validated; `not_assessed` and `marked` say which measures, with the reason, and which returns hold
    faults. `amiss` is what was not as it was left.
    `head` is the newest hash of the audit log before this run's own entry. `sheets` are the titles of
    sheets by their ids; an id stands in for one that is not there.
    """

    at: str
    council: str
    made_up: bool
    period: Period | None
    folder: str
    kind: str
    verdicts: Mapping[str, int]
    changes: tuple[str, ...]
    exceptions: tuple[str, ...]
    packs: tuple[str, ...]
    packs_waiting: tuple[Finding, ...]
    taken: tuple[Taken, ...]
    refused: tuple[tuple[Taken, tuple[Finding, ...]], ...]
    waiting: tuple[Finding, ...]
    awaited: tuple[Awaited, ...]
    recalculated: tuple[str, ...]
    head: str
    sheets: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    also: tuple[str, ...] = ()
    unvalidated: int = 0
    not_assessed: tuple[str, ...] = ()
    marked: tuple[str, ...] = ()
    amiss: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Reminder:
    """A text that is ready to be sent to whom something is awaited from."""

    sender: str
    subject: str
    lines: tuple[str, ...]


# ── What it says ─────────────────────────────────────────────────────────────


def subject_of(told: Told) -> str:
    """The notice in some eight words, for a mail's subject; no text from outside is in it."""
    said = [_headline(told), *_also(told)]
    return f"KPI: {'; '.join(said)}"


def sentence_of(told: Told) -> str:
    """The notice in one sentence."""
    verdicts = ", ".join(_counted(told, status) for status in Status if told.verdicts.get(status))
    also = _also(told)
    return f"{_headline(told)}{f': {verdicts}' if verdicts else ''}{f'; {listed(also)}' if also else ''}."


def _counted(told: Told, status: Status) -> str:
    beside = f" ({told.unvalidated} unvalidated)" if status is Status.PASS and told.unvalidated else ""
    return f"{told.verdicts[status]} {status.replace('_', ' ')}{beside}"


def reminders(told: Told) -> tuple[Reminder, ...]:
    """One text for each sender from whom something is overdue, in the order of their names."""
    late = [one for one in told.awaited if one.days_overdue > 0]
    return tuple(
        _reminder(told, sender, [one for one in late if one.sender == sender])
        for sender in sorted({one.sender for one in late})
    )


def _headline(told: Told) -> str:
    if told.period is None:
        return "No month was reported"
    month = told.period.label
    return {
        "revised": f"{month} is reported again, on other returns",
        "recalculated": f"{month} is worked out again on the same returns",
    }.get(told.kind, f"{month} is reported")


def _also(told: Told) -> list[str]:
    late = sum(one.days_overdue > 0 for one in told.awaited)
    said = (
        (len(told.exceptions), many(len(told.exceptions), "exception") + " new, worse or gone"),
        (len(told.packs_waiting), "packs held back"),
        (len(told.refused), many(len(told.refused), "file") + " refused"),
        (len(told.waiting), many(len(told.waiting), "file") + " waiting in the inbox"),
        (late, f"{late} awaited and overdue"),
    )
    return [words for count, words in said if count]


def _reminder(told: Told, sender: str, late: Sequence[Awaited]) -> Reminder:
    months = sorted({one.period for one in late})
    subject = f"Overdue: KPI returns of {listed([month.label for month in months])}"
    lines = [f"- {_what(told, one)}: was due on {in_words(one.due)}, {_days(one)} overdue" for one in late]
    return Reminder(
        shown(sender),
        subject,
        (
            "Hello,",
            "for the monthly KPI report we have not received:",
            *lines,
            "Please send it as soon as you can. If you have sent it, please tell us: it has not arrived.",
            "A sheet with nothing to report says so: fill in None this month.",
            "Thank you.",
        ),
    )


def _what(told: Told, one: Awaited) -> str:
    sheet = f"sheet {shown(told.sheets.get(one.sheet, one.sheet))}" if one.sheet else "the whole return"
    return f"{one.period.label}, {sheet}"


def _days(one: Awaited) -> str:
    return many(one.days_overdue, "day")


# ── notice.md ────────────────────────────────────────────────────────────────


def notice_md(told: Told) -> str:
    """The notice as Markdown of 80 columns, ended by a newline; it reads well as plain text too."""
    lines = [*paragraph(f"**{sentence_of(told)}**"), ""]
    made_up = " Made-up figures." if told.made_up else ""
    lines += paragraph(f"{inert(told.council)}. {_when(told.at)}.{made_up}")
    parts = (
        ("Reported", _reported(told)),
        ("Taken from the inbox", _taken(told)),
        ("What changed", _items(told.changes)),
        ("Not assessed, and why", _items(told.not_assessed)),
        ("Returns with faults", _items(told.marked)),
        ("Not as it was left", _findings(told.amiss)),
        ("Exceptions since the period before", _items(told.exceptions)),
        ("Packs held back", _findings(told.packs_waiting)),
        ("Refused", _refused(told)),
        ("Waiting in the inbox", _findings(told.waiting)),
        ("Also reported", _items(told.also)),
        ("Worked out again", _items(told.recalculated)),
        ("Still awaited", _awaited(told)),
    )
    for title, part in parts:
        held = list(part)
        if held:
            lines += ["", f"## {title}", "", *held]
    for reminder in reminders(told):
        lines += heading("Reminder to", reminder.sender)
        lines += quoted((f"Subject: {reminder.subject}", *reminder.lines))
    lines += ["", "---", "", *paragraph(f"Audit log before this: {name(told.head, 64)}")]
    return "\n".join(lines) + "\n"


def _when(at: str) -> str:
    moment = datetime.fromisoformat(at)
    return f"{in_words(moment.date())}, {moment:%H:%M} UTC"


def _items(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        yield from item(inert(text))


def _reported(told: Told) -> Iterator[str]:
    if told.folder:
        yield from item(f"All files: {name(told.folder)}")
    packs: dict[str, list[str]] = {}
    for pack in told.packs:
        stem, _, ending = pack.rpartition("/")[2].rpartition(".")
        packs.setdefault(stem, []).append(ending)
    for stem, endings in packs.items():
        yield from item(f"{name(stem)}: {name(', '.join(endings))}")


def _taken(told: Told) -> Iterator[str]:
    for one in told.taken:
        what = _OUTCOMES.get(one.outcome, "")
        month = f", for {Period.parse(one.month).label}" if one.month else ""
        yield from item(f"{name(one.file)}{month}{f' ({what})' if what else ''}")


def _refused(told: Told) -> Iterator[str]:
    for taken, why in told.refused:
        yield from item(name(taken.file))
        groups = _grouped(why)
        for first, places in groups[:_MOST_KINDS]:
            yield from item(_fault(first, places), 1)
        if len(groups) > _MOST_KINDS:
            yield from item(f"{many(len(groups) - _MOST_KINDS, 'more kind')} of faults", 1)
        if taken.kept:
            yield from item(f"Kept, with every reason beside it: {name(taken.kept)}", 1)


def _grouped(findings: Sequence[Finding]) -> list[tuple[Finding, list[str]]]:
    """The findings by code and remedy, the gravest first, each with its places."""
    groups: dict[tuple[str, str], tuple[Finding, list[str]]] = {}
    for one in sorted(findings, key=lambda one: _GRAVEST.index(one.severity)):
        _, places = groups.setdefault((one.code, _remedy(one)), (one, []))
        if one.sheet:
            places.append(one.where)
    return list(groups.values())


def _fault(first: Finding, places: Sequence[str]) -> str:
    beyond = len(places) - _MOST_CELLS
    at = [name(place) for place in places[:_MOST_CELLS]] + ([f"{beyond} more"] if beyond > 0 else [])
    where = f" at {listed(at)}" if at else ""
    return f"{first.code}{where}: {inert(f'{_said(first)} {_remedy(first)}'.strip())}"


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    for one in findings:
        file = f"{name(one.file)}: " if one.file else ""
        yield from item(f"{file}{inert(f'{_said(one)} {_remedy(one)}'.strip())} ({one.code})")


def _said(one: Finding) -> str:
    """A fault of a return by its title, since its message may quote a cell; any other by its message."""
    return f"{CODES[one.code].title}." if one.code.startswith("R") else one.message


def _remedy(one: Finding) -> str:
    return "" if one.found and one.found in one.fix else one.fix


def _awaited(told: Told) -> Iterator[str]:
    for one in told.awaited:
        when = f"was due on {in_words(one.due)}, {_days(one)} overdue"
        if one.days_overdue <= 0:
            when = f"due on {in_words(one.due)}"
        yield from item(f"{inert(_what(told, one))}, from {inert(one.sender)}: {when}")


# ── notice.json ──────────────────────────────────────────────────────────────


def notice_json(told: Told) -> str:
    """The notice as one object, schema `kpi-notice/1`; `markdown` holds notice.md."""
    return written(
        {
            "schema": SCHEMA,
            "at": told.at,
            "council": shown(told.council),
            "made_up": told.made_up,
            "period": None if told.period is None else str(told.period),
            "kind": told.kind,
            "folder": shown(told.folder),
            "subject": subject_of(told),
            "sentence": sentence_of(told),
            "verdicts": {status.value: told.verdicts.get(status, 0) for status in Status},
            "changes": [shown(text) for text in told.changes],
            "exceptions": [shown(text) for text in told.exceptions],
            "packs": [shown(pack) for pack in told.packs],
            "packs_waiting": [_finding_record(one) for one in told.packs_waiting],
            "taken": [_taken_record(one) for one in told.taken],
            "refused": [
                {**_taken_record(one), "findings": [_finding_record(found) for found in why]}
                for one, why in told.refused
            ],
            "waiting": [_finding_record(one) for one in told.waiting],
            "awaited": [
                {
                    "period": str(one.period),
                    "sheet": shown(one.sheet),
                    "title": shown(told.sheets.get(one.sheet, one.sheet)),
                    "sender": shown(one.sender),
                    "due": one.due.isoformat(),
                    "days_overdue": max(0, one.days_overdue),
                }
                for one in told.awaited
            ],
            "reminders": [
                {"sender": one.sender, "subject": one.subject, "text": "\n".join(one.lines)}
                for one in reminders(told)
            ],
            "unvalidated": told.unvalidated,
            "not_assessed": [shown(text) for text in told.not_assessed],
            "marked": [shown(text) for text in told.marked],
            "amiss": [_finding_record(one) for one in told.amiss],
            "also": [shown(text) for text in told.also],
            "recalculated": [shown(text) for text in told.recalculated],
            "head": told.head,
            "markdown": notice_md(told),
        }
    )


def _taken_record(one: Taken) -> Json:
    return {
        "file": shown(one.file),
        "digest": one.digest,
        "period": one.month,
        "outcome": one.outcome,
        "kept": shown(one.kept),
    }


def _finding_record(one: Finding) -> Json:
    return {
        "code": one.code,
        "file": shown(one.file),
        "sheet": shown(one.sheet),
        "cell": shown(one.cell),
        "text": shown(_said(one)),
        "fix": shown(_remedy(one)),
    }
