"""run.json: what a month's report was made from, so that it can be made again to the byte."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping  # noqa: TC003  (pydantic reads annotations at run time)
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field, TypeAdapter

from kpi_engine.automation.report import Asked
from kpi_engine.errors import KpiError
from kpi_engine.reports.board.pack import PackFormat
from kpi_engine.terms.codes import finding
from kpi_engine.terms.period import Period

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "run.json"
FORMAT: Final = "kpi-run/1"
_LIBRARIES: Final = ("duckdb", "fontpkg-arimo", "jinja2", "python-docx", "typst", "xlsxwriter")
"""Those whose version can change the bytes of a report."""

_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class Used:
    """A return that the report was made from; `kept` is its place in the archive."""

    file: str
    digest: _Digest
    month: str
    kept: str


@dataclass(frozen=True, slots=True)
class RunFile:
    """The content of run.json; paths are relative to the root.

    `returns` are all that were read, of earlier months too; `history_run` is the newest run of the history
    before, `head` that of the audit log. `waiting` holds the boards whose pack waits, with the codes of why;
    `missing` the formats that could not be written; `awaited_sheets` what the month's returns lack.
    """

    period: str
    revision: int
    recalculation: int
    cause: str
    because: str
    revised: str
    at: str
    who: str
    authority: str
    engine: str
    rulebook: str
    rules: str
    rules_kept: str
    python: str
    libraries: Mapping[str, str]
    exceptions_by: str
    boards: tuple[str, ...]
    formats: tuple[str, ...]
    meetings: Mapping[str, str]
    allow_missing_commentary: bool
    returns: tuple[Used, ...]
    history_run: int
    corrects: bool
    head: str
    waiting: Mapping[str, tuple[str, ...]]
    missing: tuple[str, ...]
    awaited_sheets: tuple[str, ...]
    format: Literal["kpi-run/1"] = FORMAT

    @property
    def asked(self) -> Asked:
        """What decided the report besides returns, rules and history."""
        return Asked(
            period=Period.parse(self.period),
            boards=self.boards,
            formats=tuple(map(PackFormat, self.formats)),
            meetings={board: date.fromisoformat(day) for board, day in self.meetings.items()},
            allow_missing_commentary=self.allow_missing_commentary,
            revised=self.revised,
            head=self.head,
        )


def text_of(run: RunFile) -> bytes:
    """The file's bytes."""
    return (json.dumps(asdict(run), ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode(
        "utf-8", "backslashreplace"
    )


def read_run_file(path: Path, shown: str) -> RunFile:
    """The run.json at `path`, called `shown` in findings; KpiError where it cannot be read as one."""
    try:
        return _typed().validate_json(path.read_bytes())
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
    except ValueError:
        why = "it is no run.json of this program"
    raise KpiError([finding("A150", file=shown, why=why)])


def libraries() -> Mapping[str, str]:
    """The versions of the libraries that write reports; those not installed are left out."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def python() -> str:
    """The version of Python that runs this."""
    return platform.python_version()


@cache
def _typed() -> TypeAdapter[RunFile]:
    return TypeAdapter(RunFile)
