"""The few errors that are raised: those after which a run cannot go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.terms.finding import Finding


class KpiError(Exception):
    """Something after which the run, or one return, cannot go on."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Keep every finding: all faults are told at once."""
        super().__init__("\n".join(f"{f.where}: {f.message}" for f in findings))
        self.findings = tuple(findings)


class RuleBookInvalid(KpiError):  # noqa: N818  (the glossary's name)
    """The rules folder has faults; all of them, of all files, are listed."""


class ReturnUnreadable(KpiError):  # noqa: N818  (the glossary's name)
    """A file is not a workbook that can be read safely."""


class ExtraMissing(KpiError):  # noqa: N818  (the glossary's name)
    """A format needs a library that is not installed; the finding says how to get it."""
