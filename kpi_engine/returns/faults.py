"""The findings of one sheet as they are met, so many of a kind and no more."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from kpi_engine.terms.finding import Finding, Severity

CAP = 20
"""Findings of one code that a sheet lists; the rest are counted."""


class Faults:
    """Collects the findings of one sheet; memory stays small however many there are."""

    def __init__(self, file: str, sheet: str = "") -> None:
        """Start with none."""
        self.file = file
        self.sheet = sheet
        self._kept: list[Finding] = []
        self._met: Counter[str] = Counter()

    def add(
        self,
        code: str,
        cell: str = "",
        *,
        found: str | None = None,
        severity: Severity | None = None,
        **words: str | int,
    ) -> None:
        """Note one fault of the catalogue at `cell` (`B5`)."""
        self._met[code] += 1
        if self._met[code] <= CAP:
            self._kept.append(
                finding(
                    code,
                    file=self.file,
                    sheet=self.sheet,
                    cell=cell,
                    found=found,
                    severity=severity,
                    line=None,
                    column=None,
                    **words,
                )
            )

    def only_counts(self, code: str) -> bool:
        """Whether one more fault of `code` would not be listed; it is counted then, and needs no words."""
        if self._met[code] < CAP:
            return False
        self._met[code] += 1
        return True

    def listed(self) -> tuple[Finding, ...]:
        """Every finding kept, then one line for each code that met its cap."""
        more = [
            finding("R124", file=self.file, sheet=self.sheet, count=met - CAP, other=code)
            for code, met in self._met.items()
            if met > CAP
        ]
        return (*self._kept, *more)
