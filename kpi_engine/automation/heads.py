"""Heads: the hash of the log that a pack carries, and what it proves of a pack that was handed out."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from typing import TYPE_CHECKING, Final

from kpi_engine.automation.audit import GENESIS
from kpi_engine.errors import KpiError
from kpi_engine.terms.codes import finding
from kpi_engine.terms.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kpi_engine.automation.audit import Entry, Log, Output
    from kpi_engine.terms.finding import Finding

MOST: Final = 64 << 20
"""Bytes of one file, or of one part of a zip, that are looked into."""
_ZIPPED: Final = frozenset({".docx", ".xlsx"})
_RUN: Final = "kpi-run/1"
_RETYPED: Final = frozenset({".txt", ".md", ""})
"""Endings of what people copy a pack's words into; nobody expects those to be the pack's own bytes."""
_HASH: Final = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


def files_of(entry: Entry) -> Iterator[Output]:
    """The files that an entry wrote for the months it reports."""
    yield from (one for report in entry.reported for one in report.outputs)


def handed_out(log: Log, head: str, pack: Path | None) -> tuple[str, tuple[Finding, ...]]:
    """What is known of a head, or of the pack it stands in; a finding where it is not of this log."""
    if pack is not None:
        return _of_pack(log, pack)
    if not head:
        return "", ()
    known = next((entry for entry in log.entries if entry.hash == head), None)
    if known is not None:
        return f"The head is that of entry {known.number}, of {known.at}: this log is the one it is from.", ()
    return "", (unknown("", head),)


def _of_pack(log: Log, pack: Path) -> tuple[str, tuple[Finding, ...]]:
    try:
        content = pack.read_bytes()
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise KpiError([finding("R104", file=pack.name, why=why)]) from None
    digest = hashlib.sha256(content).hexdigest()
    for entry in log.entries:
        for one in files_of(entry):
            if one.digest == digest:
                return f"{pack.name} is {one.file}, byte for byte as entry {entry.number} wrote it.", ()
    heads = _heads_in(pack, content)
    if not heads:
        remedy = "Give it as HTML or JSON, or type the head that is printed on its last page after --head."
        return "", (
            finding("A141", file=pack.name, what="This holds no head that can be read", remedy=remedy),
        )
    made = next((entry for entry in log.entries if entry.previous in heads - {GENESIS}), None)
    if made is not None:
        remedy = "Hold it against the files of that entry (kpi audit show), or make them again (kpi rerun)."
        severity = Severity.FLAG if pack.suffix.casefold() in _RETYPED else Severity.REFUSE
        what = f"no file of entry {made.number} has its digest"
        changed = finding("A143", file=pack.name, what=what, remedy=remedy, severity=severity)
        said = f"{pack.name} carries the head that entry {made.number} follows: it is from this log."
        return said, (changed,)
    if log.head in heads - {GENESIS}:
        return "", (ahead(pack.name, log),)
    return "", (unknown(pack.name, min(heads)),)


def _heads_in(pack: Path, content: bytes) -> frozenset[str]:
    """The head that a JSON file names; of other files every 64 hexadecimal digits, be it a head or not."""
    named = head_of(content)
    if named:
        return frozenset({named})
    parts = [content]
    if pack.suffix.casefold() in _ZIPPED and zipfile.is_zipfile(pack):
        with zipfile.ZipFile(pack) as packed:
            parts = [packed.read(one) for one in packed.infolist() if one.file_size <= MOST]
    return frozenset(found.decode() for part in parts for found in _HASH.findall(part))


def unknown(file: str, head: str) -> Finding:
    """The finding for a head that no entry has."""
    if head == GENESIS:
        what = "This is the head of a log without entries, which proves nothing"
        return finding("A141", file=file, what=what, remedy="Give a pack of a later report.")
    what = f"The head {head[:12]}... is of no entry: this log was cut or made anew, or is not the one meant"
    return finding("A141", file=file, what=what, remedy="Compare with the last good copy of the log.")


def ahead(file: str, log: Log) -> Finding:
    """The finding for what was written after the last entry that is there."""
    number = len(log.entries)
    what = f"This was written after entry {number}, and its own entry is not in the log: it was cut off"
    return finding("A141", file=file, what=what, remedy="Put the last good copy of the log in its place.")


def head_of(content: bytes) -> str:
    """The head that a JSON text carries; "" if it carries none, or is no JSON."""
    try:
        return next(_said_heads(json.loads(content)), "")
    except (ValueError, RecursionError):
        return ""


def _said_heads(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        fact = value.get("text") if value.get("label") == "Audit log" else None
        audit = value.get("audit")
        latest = audit.get("head") if isinstance(audit, dict) else None
        said = (
            value.get("audit_head"),
            fact,
            latest,
            value.get("head") if value.get("format") == _RUN else None,
        )
        yield from (one for one in said if isinstance(one, str) and _HASH.fullmatch(one.encode()))
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _said_heads(one)
