"""The audit log: one line for each thing done, each sealed with the hash of the line before.

A line is canonical JSON (sorted keys, no spaces, UTF-8) and never changes. Whoever changes, takes out, puts
in or moves a line breaks the chain, and `read_log` says where. Someone who can write everything can make the
whole log anew; against that stand the heads printed in the packs that were handed out: see `verify`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping  # noqa: TC003  (pydantic reads annotations at run time)
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, Field, TypeAdapter

from kpi_engine.automation.chain import GENESIS, Line, faults_of_chain
from kpi_engine.errors import KpiError
from kpi_engine.terms.codes import finding
from kpi_engine.terms.period import MONTH, Period

if TYPE_CHECKING:
    from pathlib import Path

    from kpi_engine.terms.finding import Finding

FORMAT: Final = "kpi-audit/1"
__all__ = [
    "FORMAT",
    "GENESIS",
    "Entry",
    "Kind",
    "Log",
    "Output",
    "Recorded",
    "Reported",
    "Taken",
    "archived",
    "line_of",
    "read_log",
    "sealed",
]


def _time(text: str) -> str:
    if datetime.fromisoformat(text).utcoffset() is None:
        raise ValueError("a time without its zone")
    return text


def _month(text: str) -> str:
    if Period.parse(text).length != MONTH:
        raise ValueError("no month")
    return text


_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Time = Annotated[str, AfterValidator(_time)]
_Month = Annotated[str, AfterValidator(_month)]
_Number = Annotated[int, Field(ge=0)]


class Kind(StrEnum):
    """What an entry tells."""

    REPORT = "report"
    """A month was reported, or reported again."""
    REFUSED = "refused"
    """Files were taken out of the inbox, of which no report is made."""
    PURGE = "purge"
    """Archived returns were removed."""


@dataclass(frozen=True, slots=True)
class Output:
    """A file by its path, relative to the root, and its SHA-256 digest."""

    file: str
    digest: _Digest


@dataclass(frozen=True, slots=True)
class Taken:
    """A file taken out of the inbox: its name, what it was, and where it is kept ("": it is not).

    `month` None: it claims none. `replaces` are the digests of the returns that it supersedes. `beside` is
    what was put beside it: its marked copy, and why it was refused.
    """

    file: str
    digest: _Digest
    month: _Month | None
    outcome: str
    kept: str
    replaces: tuple[_Digest, ...] = ()
    beside: tuple[Output, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """A record that a run added to the history: its key, and the digests of its returns, refused ones too.

    `figures` is the digest of its figures.
    """

    authority: str
    period: _Month
    revision: _Number
    recalculation: _Number
    returned: tuple[_Digest, ...]
    figures: _Digest


@dataclass(frozen=True, slots=True)
class Reported:
    """A month's report: why it was made, from which returns, what it says in counts, and its files.

    `cause` is new, revised or recalculated, and `because` says it in a sentence. `history_run` is the newest
    run of the history before; `rules_kept` the folder with the rules that judged. `recorded` is all that the
    run added to the history; the first report of an entry tells it.
    """

    authority: str
    period: _Month
    revision: _Number
    recalculation: _Number
    cause: str
    because: str
    folder: str
    verdicts: Mapping[str, int]
    outputs: tuple[Output, ...]
    returned: tuple[_Digest, ...]
    history_run: _Number
    rules_kept: str
    recorded: tuple[Recorded, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log; `previous` is the hash of the line before, `hash` its own."""

    number: Annotated[int, Field(ge=1)]
    at: _Time
    who: str
    kind: Kind
    engine: str
    rulebook: str
    taken: tuple[Taken, ...] = ()
    reported: tuple[Reported, ...] = ()
    removed: tuple[Output, ...] = ()
    previous: _Digest = GENESIS
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Log:
    """The entries that can be read, in the file's order, and every fault of the file."""

    entries: tuple[Entry, ...]
    faults: tuple[Finding, ...]

    @property
    def head(self) -> str:
        """The hash of the last entry; GENESIS where there is none."""
        return self.entries[-1].hash if self.entries else GENESIS


def sealed(entry: Entry, previous: str) -> Entry:
    """`entry` as it follows the line whose hash is `previous`, with its own hash."""
    linked = replace(entry, previous=previous, hash="")
    return replace(linked, hash=_hash_of(linked))


def line_of(entry: Entry) -> bytes:
    """The line of a sealed entry, with its newline."""
    return _canonical({**_content(entry), "hash": entry.hash}) + b"\n"


def read_log(path: Path) -> Log:
    """The log at `path` with all its faults at once; no file is a log without entries.

    KpiError where it is there and cannot be read at all.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Log((), ())
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise KpiError([finding("A130", file=path.name, why=why)]) from None
    lines = content.split(b"\n")
    torn = lines.pop()
    read = [
        Line(n, entry, sound=entry.hash == _hash_of(entry)) if (entry := _entry_of(line)) else None
        for n, line in enumerate(lines, 1)
    ]
    faults = faults_of_chain(read, file=path.name)
    if torn:
        faults = (*faults, finding("A133", file=path.name, line=len(lines) + 1, column=1))
    return Log(tuple(line.entry for line in read if line is not None), faults)


def archived(log: Log) -> tuple[Taken, ...]:
    """Every return that is kept now, in the order they were taken; what was purged is not among them."""
    kept: dict[str, Taken] = {}
    for entry in log.entries:
        kept.update((one.kept, one) for one in entry.taken if one.kept)
        for gone in entry.removed:
            kept.pop(gone.file, None)
    return tuple(kept.values())


def _entry_of(line: bytes) -> Entry | None:
    """The entry in a line; None unless it is written exactly as this module writes it."""
    try:
        # Lax, since writing it again would differ wherever a type was not exactly so.
        entry = _typed().validate_python(json.loads(line))
    except (ValueError, RecursionError):
        return None
    return entry if line_of(entry) == line + b"\n" else None


@cache
def _typed() -> TypeAdapter[Entry]:
    return TypeAdapter(Entry)


def _hash_of(entry: Entry) -> str:
    return hashlib.sha256(entry.previous.encode() + _canonical(_content(entry))).hexdigest()


def _content(entry: Entry) -> dict[str, object]:
    content = {name: value for name, value in asdict(entry).items() if name != "hash"}
    return {**content, "format": FORMAT}


def _canonical(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    # A file's name may hold what UTF-8 cannot; `\udc80` is how JSON writes it, so it comes back as it was.
    return text.encode("utf-8", "backslashreplace")
