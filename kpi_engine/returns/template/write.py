"""The return workbook, written from the contract: empty for a team to fill in, or filled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kpi_engine.errors import KpiError
from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from openpyxl.workbook.workbook import Workbook

    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.returned import Return
    from kpi_engine.terms.table import Value

    Line = Mapping[str, Value]
    """Cells by column id. Text is written as it is, in a column of any type."""


@dataclass(frozen=True, slots=True)
class Filling:
    """What a return holds beyond the contract.

    `authority` is a code or a name of the plan; `cover` holds values by field id; `rows` the
    rows of each case sheet by its id; `nil` the case sheets with "None this month"; the
    others the lines of their sheet by indicator or milestone id. `last_month` only shows
    its counts beside this month's.
    """

    authority: str
    cover: Mapping[str, Value] = field(default_factory=dict)
    rows: Mapping[str, Sequence[Line]] = field(default_factory=dict)
    nil: Collection[str] = ()
    counts: Mapping[str, Line] = field(default_factory=dict)
    milestones: Mapping[str, Line] = field(default_factory=dict)
    commentary: Mapping[str, Line] = field(default_factory=dict)
    last_month: Return | None = None


def write_template(
    rulebook: RuleBook, period: Period, out: Path, *, authority: str, last_month: Return | None = None
) -> None:
    """Write the empty return of a month.

    The same arguments give the same bytes. Raises KpiError where a file of this name is there.
    """
    write_return(rulebook, period, out, Filling(authority, last_month=last_month))


def write_return(rulebook: RuleBook, period: Period, out: Path, filling: Filling) -> None:
    """Write a filled return, as if a team had typed it.

    The same arguments give the same bytes. Raises KpiError where a file of this name is
    there; KeyError for a sheet, column or field that the contract lacks.
    """
    save_return(build_return(rulebook, period, filling), period, out)


def build_return(rulebook: RuleBook, period: Period, filling: Filling) -> Workbook:
    """The workbook before it is saved, for those who want to change a cell first."""
    from kpi_engine.returns.template.workbook import build  # noqa: PLC0415  (only writing pays for openpyxl)

    return build(rulebook, period, filling)


def save_return(workbook: Workbook, period: Period, out: Path) -> None:
    """Save a workbook so that nothing in its bytes tells when or where; KpiError if `out` is there."""
    from kpi_engine.returns.template.workbook import packed  # noqa: PLC0415  (as above)

    write_new(out, packed(workbook, period))


def write_new(out: Path, data: bytes) -> None:
    """Write a new file; KpiError where one of this name is there, or the folder cannot be written."""
    try:
        with out.open("xb") as stream:
            stream.write(data)
    except FileExistsError as fault:
        raise KpiError([finding("R198", file=out.name)]) from fault
    except OSError as fault:
        why = fault.strerror or "the system refuses"
        raise KpiError([finding("R199", file=out.name, why=why)]) from fault
