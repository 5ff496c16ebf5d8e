"""The log of the runs, for whoever looks after the machine: JSON lines, rotated, no word from any return.

An event has fields of closed kinds only: a month, a digest, codes of findings, counts, words of the program's
own lists. There is no field that text could go into, so no cell, name of a file or message can.
"""

from __future__ import annotations

import json
import logging
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kpi_engine.automation.clock import now
from kpi_engine.automation.files import FOLDER_MODE, open_plain
from kpi_engine.terms.codes import CODES

if TYPE_CHECKING:
    from io import TextIOWrapper

    from kpi_engine.terms.period import Period

FILE: Final = "kpi.jsonl"
_MOST_BYTES: Final = 1_000_000
_KEPT: Final = 5
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_SHOWN: Final = 12  # digits of a digest: the audit log has the rest, and the file's name


class Event(StrEnum):
    """What can be logged."""

    STARTED = "started"
    RECOVERED = "recovered"
    """What a killed run left was put in order; the outcome says how."""
    WAITS = "waits"
    """A file stays in the inbox."""
    TAKEN = "taken"
    """A file was taken out of the inbox; the outcome says as what."""
    REPORTED = "reported"
    RECORDED = "recorded"
    """An entry was written to the audit log."""
    PACKS_HELD_BACK = "packs_held_back"
    POSTED = "posted"
    """Letters left."""
    NOT_POSTED = "not_posted"
    PURGED = "purged"
    BUSY = "busy"
    """Another run holds the lock."""
    FAILED = "failed"
    """The run ended by an error."""
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Happened:
    """One event. `digest` is that of a file, of 64 digits; `number` that of an entry of the audit log.

    `outcome` is a word of one of the program's lists; of `error` only the type is written.
    """

    event: Event
    month: Period | None = None
    digest: str = ""
    outcome: StrEnum | None = None
    codes: tuple[str, ...] = ()
    count: int | None = None
    revision: int | None = None
    recalculation: int | None = None
    number: int | None = None
    exit_code: int | None = None
    error: BaseException | None = None


class RunLog:
    """The log in a folder. A line that cannot be written is lost and never stops a run; `lost` says so."""

    def __init__(self, folder: Path) -> None:
        """Open nothing yet: the file is made by the first event."""
        self._handler = _Handler(folder / FILE)
        self._logger = logging.Logger("kpi", logging.INFO)  # noqa: LOG001  (of no tree: nobody else hears it)
        self._logger.addHandler(self._handler)

    @property
    def lost(self) -> bool:
        """Whether a line could not be written."""
        return self._handler.lost

    def tell(self, happened: Happened) -> None:
        """Write one event as a line."""
        level = logging.ERROR if happened.event is Event.FAILED else logging.INFO
        self._logger.log(level, "%s", line_of(happened))

    def close(self) -> None:
        """Close the file; a later event opens it again."""
        self._handler.close()


def line_of(happened: Happened) -> str:
    """An event as one line of JSON, without the fields that it does not have."""
    error = happened.error
    fields: dict[str, object] = {
        "at": now().isoformat(),
        "event": Event(happened.event).value,
        "month": None if happened.month is None else str(happened.month),
        "file": happened.digest[:_SHOWN] if _DIGEST.fullmatch(happened.digest) else None,
        "outcome": None if happened.outcome is None else happened.outcome.value,
        "codes": sorted({code for code in happened.codes if code in CODES}) or None,
        "error": None if error is None else type(error).__name__,
    }
    for name in ("count", "revision", "recalculation", "number", "exit_code"):
        number = getattr(happened, name)
        fields[name] = None if number is None else int(number)
    return json.dumps({key: value for key, value in fields.items() if value is not None})


class _Handler(RotatingFileHandler):
    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=_MOST_BYTES, backupCount=_KEPT, encoding="utf-8", delay=True)
        self.lost = False

    def _open(self) -> TextIOWrapper:
        path = Path(self.baseFilename)
        path.parent.mkdir(FOLDER_MODE, exist_ok=True)
        descriptor = open_plain(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        return open(descriptor, "a", encoding="utf-8", newline="\n")  # noqa: PTH123  (a descriptor)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802  (logging's own names)
        self.lost = True
        stream, self.stream = self.stream, None
        if stream is not None:
            with suppress(OSError):  # what it still holds cannot be written either
                stream.close()
