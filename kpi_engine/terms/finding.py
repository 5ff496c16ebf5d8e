"""Faults in a return or a rule file, as values: collected, never raised."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What a finding does to the verdicts."""

    REFUSE = "refuse"
    """The return, or the one table named, is not used."""
    DOUBT = "doubt"
    """The row stays, but can never improve a verdict."""
    FLAG = "flag"
    """Printed; changes no verdict."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: what it is, where it stands, what was read and what to do.

    `found` is None unless the contract says that the column may be quoted.
    `line` and `column` (from 1) place a fault in a rule file; `sheet` and
    `cell` (`B5` or `D4:D9`) place one in a workbook.
    """

    code: str
    severity: Severity
    message: str
    fix: str
    file: str = ""
    sheet: str = ""
    cell: str = ""
    found: str | None = None
    line: int | None = None
    column: int | None = None

    @property
    def where(self) -> str:
        """The place as people write it: `file:22:5`, `Sheet!B5`, a sheet or a file."""
        if self.line is not None:
            return f"{self.file}:{self.line}:{self.column}"
        if self.sheet and self.cell:
            return f"{self.sheet}!{self.cell}"
        return self.sheet or self.file
