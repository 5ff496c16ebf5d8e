"""A return: one workbook for one month, read and typed; and the month that several make."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from fractions import Fraction

    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.measurement import Reason
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.table import Table


class Validated(StrEnum):
    """Whether the cover says that the figures were validated."""

    YES = "yes"
    NO = "no"
    NOT_STATED = "not_stated"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a sheet cannot be used: the reason, and one sentence."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class CountRow:
    """One line of the Counts sheet. `unknown`: a figure stands there but cannot be read."""

    number: Fraction | None
    out_of: Fraction | None
    why_none: Reason | None
    unknown: bool
    sheet: str
    row: int
    number_cell: str
    out_of_cell: str


@dataclass(frozen=True, slots=True)
class MilestoneRow:
    """One line of the Milestones sheet. Both dates None: reported as not done yet."""

    done_on: date | None
    expected_on: date | None
    unknown: bool
    cell: str


@dataclass(frozen=True, slots=True)
class CommentaryRow:
    """One line of the Commentary sheet: free text, never quoted in a finding."""

    why: str
    action: str
    lead: str
    back_on_track: date | None
    ask: str
    cell: str


@dataclass(frozen=True, slots=True)
class Return:
    """One workbook. `period` None: no month could be read, so nothing of it is used.

    `tables` holds the case sheets that can be used, by sheet id; `problems` those
    that cannot. `claims` is the month it claims to be for, even when refused.
    """

    file: str
    digest: str
    claims: Period | None
    refused: bool
    authority: str | None = None
    validated: Validated = Validated.NOT_STATED
    replaces: str = ""
    no_case_list: frozenset[str] = frozenset()
    tables: Mapping[str, Table] = field(default_factory=dict)
    problems: Mapping[str, Problem] = field(default_factory=dict)
    counts: Mapping[str, CountRow] = field(default_factory=dict)
    milestones: Mapping[str, MilestoneRow] = field(default_factory=dict)
    commentary: Mapping[str, CommentaryRow] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class MonthReturn:
    """Everything usable that the returns of one month hold together.

    `absent` is the problem of every sheet that `tables` and `problems` lack:
    no return at all, or a refused one.
    """

    period: Period
    authority: str | None
    validated: Validated
    no_case_list: frozenset[str]
    tables: Mapping[str, Table]
    problems: Mapping[str, Problem]
    counts: Mapping[str, CountRow]
    milestones: Mapping[str, MilestoneRow]
    commentary: Mapping[str, CommentaryRow]
    absent: Problem
    files: tuple[str, ...]
