"""The rulebook as values: what a rules folder says, checked and typed.

`load.py` makes it from YAML; everything after reads only this.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from kpi_engine.rulebook.pack import NO_PACK
from kpi_engine.terms.period import add_months

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from decimal import Decimal
    from fractions import Fraction

    from kpi_engine.rulebook.pack import Audience, Board, Pack
    from kpi_engine.terms.expression import Condition, Expression
    from kpi_engine.terms.measurement import Parts, Reason
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.table import ColumnType

# ── Where a rule comes from ──────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Document:
    """A source document of the plan (`rules/sources.yaml`)."""

    id: str
    title: str
    published: str
    address: str


@dataclass(frozen=True, slots=True)
class Citation:
    """The place in a document, and the figure phrase in the document's own words."""

    document: str
    at: str
    figure: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What was decided where the source is silent.

    `in_use` is False for a declared alternative that is switched off.
    """

    text: str
    status: str  # "assumed" or "agreed"
    by: str = ""
    on: date | None = None
    in_use: bool = True


# ── Targets ──────────────────────────────────────────────────────────────────


class Operator(StrEnum):
    """How a figure meets a target."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    MORE_THAN = "more_than"


class Unit(StrEnum):
    """What a figure is counted in. A share is held as a fraction of 1."""

    PERCENT = "percent"
    NUMBER = "number"
    DAYS = "days"
    RATE = "rate"


class Better(StrEnum):
    """The direction of improvement."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Target:
    """One dated step.

    `value` is exact (85% is 17/20), or None where `column` names the column of
    the return that states the target. `by` None: the plan gives no date.
    """

    op: Operator
    value: Fraction | None
    column: str | None
    by: date | None
    by_assumed: bool
    then: str
    end: date | None
    source: Citation | None


# ── Measures ─────────────────────────────────────────────────────────────────


class Kind(StrEnum):
    """What a measure works out."""

    PROPORTION = "proportion"  # rows counted, out of the rows of the population
    SUMS = "sums"  # a column added up, out of another column added up
    COUNT = "count"  # rows of the population
    OCCURRENCE = "occurrence"  # the same, promised once in every window
    CHANGE = "change"  # a count against a baseline
    LONGEST = "longest"  # the longest wait in days, from a date to the period's end
    STATED = "stated"  # a figure as published, without parts


class Window(StrEnum):
    """The months that a month's figure covers."""

    MONTH = "month"
    QUARTER = "quarter"
    ROLLING_12_MONTHS = "rolling_12_months"
    YEAR_TO_DATE = "year_to_date"


class Over(StrEnum):
    """How months make the figure of a quarter or a year."""

    SUM = "sum"
    LAST = "last"
    EACH = "each"


@dataclass(frozen=True, slots=True)
class Measure:
    """What is counted, of what, over which months.

    `window_from_table`: the table's own dates give the whole window, so one
    return judges alone. `change_as` and `baseline` belong to kind `change`.
    """

    id: str
    title: str
    kind: Kind
    table: str
    where: Condition
    left_out: Condition | None
    numerator: Condition | None
    weight: str | None
    numerator_sum: str | None
    denominator_sum: str | None
    since: Expression | None
    value: str | None
    unit: Unit
    window: Window
    window_from_table: bool
    over: Over
    when_none: Reason
    baseline: str | None
    change_as: Unit | None
    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class RowExample:
    """One row and what the measure must make of it."""

    cells: Mapping[str, str]
    outcome: str  # counted, not_counted, outside, left_out, in_doubt


@dataclass(frozen=True, slots=True)
class Example:
    """A case that the rule must get right; run by `kpi rules test` and by pytest.

    Either `rows`, or figures: `numerator` and `denominator`, `count` and
    `baseline`, `value` and `target`; or nothing at all: an empty sheet.
    """

    name: str
    period: Period
    rows: tuple[RowExample, ...]
    numerator: Fraction | None
    denominator: Fraction | None
    baseline: Fraction | None
    target: Fraction | None
    nil: bool
    empty: bool
    expect: str | None
    reason: str | None
    line: int = 0
    of: str | None = None  # a measure of `beside` that reads the rows, in place of the main one
    makes: Parts | None = None  # the figure that all the rows together make


@dataclass(frozen=True, slots=True)
class Indicator:
    """The declared KPI: what the plan promises, how it is measured, who leads."""

    id: str
    title: str
    short: str
    actions: tuple[str, ...]
    covers: tuple[str, ...]
    lead: str
    better: Better
    headline: bool
    source: Citation
    readings: tuple[Reading, ...]
    measure: Measure
    beside: tuple[Measure, ...]
    warn_if_falls: str | None  # a measure of `beside`: say so when it falls while the target is met
    targets: tuple[Target, ...]
    examples: tuple[Example, ...]
    file: str
    disclosive: bool = True  # False: it counts things, not people, so nothing of it is kept back


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a change is measured against.

    `total` for a snapshot or a whole year; `months` where each month is known
    (only then can a year to date be compared). Both None: unknown.
    """

    id: str
    authority: str
    first: Period
    last: Period
    total: Fraction | None
    months: Mapping[Period, Fraction] | None
    source: str


@dataclass(frozen=True, slots=True)
class Rebase:
    """A recorded decision: from month `first` on, a measure's chart draws its limits anew.

    `on` is the day it was decided.
    """

    measure: str
    authority: str
    first: Period
    reason: str
    by: str
    on: date


@dataclass(frozen=True, slots=True)
class MilestoneRule:
    """A dated action of the plan. `due` None: undated."""

    id: str
    title: str
    actions: tuple[str, ...]
    covers: tuple[str, ...]
    lead: str
    due: date | None
    every: str | None  # "year" for one that comes round
    same_as: str | None
    source: Citation
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """A promise of the plan that no return measures, with the reason."""

    item: str
    text: str
    reason: str


# ── The return contract ──────────────────────────────────────────────────────


class Blank(StrEnum):
    """What an empty cell of a column means."""

    NOT_HAPPENED = "not_happened"
    NOT_APPLICABLE = "not_applicable"
    NO = "no"
    UNKNOWN = "unknown"


class SheetKind(StrEnum):
    """What a sheet of a return is."""

    SNAPSHOT = "snapshot"  # as it stands at month end
    EVENTS = "events"  # what happened in the month
    COUNTS = "counts"
    MILESTONES = "milestones"
    COMMENTARY = "commentary"


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """A column of a sheet: its heading, type, and what a blank means.

    `choices` maps every accepted spelling (casefolded) to the value it stands
    for. `least` and `most` bound a number, and bound what an unreadable one
    could be. `future`: a date may lie after the month.
    """

    id: str
    heading: str
    synonyms: tuple[str, ...]
    type: ColumnType
    blank: Blank
    required: bool
    quotable: bool
    values: tuple[str, ...]
    choices: Mapping[str, str]
    least: Decimal | None
    most: Decimal | None
    help: str
    future: bool = False


@dataclass(frozen=True, slots=True)
class RowCheck:
    """Two cells of a row that must agree: `when` is the fault, `doubt` the columns it puts in doubt."""

    when: Condition
    doubt: tuple[str, ...]
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class SheetSpec:
    """One sheet of the return and the table in it."""

    id: str
    sheet: str
    sheet_synonyms: tuple[str, ...]
    kind: SheetKind
    grain: str
    key: tuple[str, ...]
    dated_by: tuple[Expression, ...]
    columns: Mapping[str, ColumnSpec]
    checks: tuple[RowCheck, ...]
    history_months: int | None  # a snapshot with its own dates reaches back so far


@dataclass(frozen=True, slots=True)
class CoverField:
    """One labelled cell of the cover sheet."""

    id: str
    label: str
    type: ColumnType
    name: str  # the workbook's defined name for the cell
    required: bool
    help: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """When returns are due, and from whom.

    `exceptions` are due days of single months; `senders` are by sheet, and `sender` sends the others.
    """

    day: int
    months_after: int
    exceptions: Mapping[Period, date]
    sender: str
    senders: Mapping[str, str]
    readings: tuple[Reading, ...]

    def due(self, period: Period) -> date:
        """The last day on which the return of the period's last month is in time."""
        month = period.last_month
        first = add_months(month.start, self.months_after)
        last = add_months(first, 1) - timedelta(days=1)
        return self.exceptions.get(month) or first.replace(day=min(self.day, last.day))

    def sender_of(self, sheet: str) -> str:
        """Who sends the sheet of this id."""
        return self.senders.get(sheet, self.sender)


@dataclass(frozen=True, slots=True)
class Contract:
    """What a return workbook must look like (`rules/returns/`). `calendar` None: the rules have none."""

    template_version: str
    cover_sheet: str
    cover: tuple[CoverField, ...]
    sheets: Mapping[str, SheetSpec]
    not_known: frozenset[str]  # casefolded tokens that mean "not known"
    nil_label: str
    no_figure_reasons: Mapping[str, Reason]
    calendar: Calendar | None = None


@dataclass(frozen=True, slots=True)
class Authority:
    """A council whose returns this rulebook reads. `made_up` for the examples."""

    code: str
    name: str
    made_up: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan as a whole (`rules/plan.yaml`)."""

    id: str
    title: str
    start: date
    end: date
    authorities: tuple[Authority, ...]
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Everything a rules folder declares. `digest` is of the files' bytes."""

    plan: Plan
    documents: Mapping[str, Document]
    contract: Contract
    indicators: Mapping[str, Indicator]
    milestones: Mapping[str, MilestoneRule]
    baselines: tuple[Baseline, ...]
    unmeasured: tuple[Unmeasured, ...]
    digest: str
    folder: str
    rebases: tuple[Rebase, ...] = ()
    escalations: Pack = NO_PACK
    audiences: Mapping[str, Audience] = field(default_factory=dict)
    boards: Mapping[str, Board] = field(default_factory=dict)
