"""What may be written in a rules folder: the YAML's shape, checked by pydantic.

Every value arrives as text (see load.py), so `1.10` stays `1.10` and `no`
stays "no". `kpi rules schema` prints these as JSON Schema for editors, and
the field reference in rules/README.md is made from them.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
    WithJsonSchema,
    model_validator,
)

from kpi_engine.rulebook.book import Better, Blank, Kind, Over, SheetKind, Unit, Window
from kpi_engine.rulebook.pack import Cadence, ZeroRule
from kpi_engine.terms.measurement import Parts
from kpi_engine.terms.period import MONTH, Period
from kpi_engine.terms.table import ColumnType

_AMOUNT = re.compile(r"([+-]?\d{1,12}(?:\.\d{1,6})?)\s*(%?)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
FIRST_YEAR, LAST_YEAR = 1900, 2199  # a date outside is a slip of the pen, and would overflow a window


def amount(text: object) -> Fraction:
    """`85%` as 17/20, `+20` as 20, exactly; ValueError for anything else."""
    match = _AMOUNT.fullmatch(str(text).strip())
    if match is None:
        raise ValueError("write a number or a percentage, such as 85% or 12")
    number = Fraction(match[1])
    return number / 100 if match[2] else number


def _period(text: object) -> Period:
    period = text if isinstance(text, Period) else Period.parse(str(text))
    if not FIRST_YEAR <= period.start.year <= LAST_YEAR:
        raise ValueError(f"write a period between {FIRST_YEAR} and {LAST_YEAR}")
    return period


def _month(text: object) -> Period:
    month = _period(text)
    if month.length != MONTH:
        raise ValueError("write a month, such as 2024-04")
    return month


def _day(text: object) -> date:
    if isinstance(text, date):
        return text
    if _DAY.fullmatch(str(text)) is None:
        raise ValueError("write a date as year-month-day, such as 2023-12-31")
    try:
        day = date.fromisoformat(str(text))
    except ValueError:
        raise ValueError("there is no such day") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"write a date between {FIRST_YEAR} and {LAST_YEAR}")
    return day


def _yes_no(text: object) -> bool:
    # true and false too: an editor may write them.
    answers = {"yes": True, "true": True, "no": False, "false": False}
    if str(text).lower() not in answers:
        raise ValueError("write yes or no")
    return answers[str(text).lower()]


def _number(text: object) -> Decimal:
    match = _AMOUNT.fullmatch(str(text))
    if match is None or match[2]:
        raise ValueError("write a number, such as 12 or 0.5")
    return Decimal(match[1])


def _choices(given: object) -> object:
    if not isinstance(given, list):
        return given
    twice = [x for i, x in enumerate(given) if x in given[:i]]
    if twice:
        raise ValueError(f"{twice[0]} is listed twice")
    return {str(x): [] for x in given}


def _amount_or_column(given: object) -> str:
    return "<column>" if isinstance(given, dict | BaseModel) else "<amount>"


_TEXT_SCHEMA = WithJsonSchema({"type": "string"})
Amount = Annotated[
    Fraction,
    BeforeValidator(amount),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}]}),
    PlainSerializer(str),
]


def parts(text: object) -> Parts:
    """`3 of 4` as Parts(3, 4), `61` as Parts(61, None); ValueError for anything else."""
    if isinstance(text, Parts):
        return text
    numerator, of, denominator = str(text).partition(" of ")
    return Parts(amount(numerator), amount(denominator) if of else None)


PartsText = Annotated[Parts, BeforeValidator(parts), _TEXT_SCHEMA, PlainSerializer(str)]
PeriodText = Annotated[Period, BeforeValidator(_period), _TEXT_SCHEMA, PlainSerializer(str)]
MonthText = Annotated[Period, BeforeValidator(_month), _TEXT_SCHEMA, PlainSerializer(str)]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
YesNo = Annotated[bool, BeforeValidator(_yes_no), WithJsonSchema({"enum": ["yes", "no", True, False]})]
Number = Annotated[
    Decimal, BeforeValidator(_number), WithJsonSchema({"type": "number"}), PlainSerializer(str)
]
Choices = Annotated[
    dict[str, tuple[str, ...]],
    BeforeValidator(_choices),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {"type": "string"}},
                {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
            ]
        }
    ),
]
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=48)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=48)]
Sentence = Annotated[str, Field(min_length=1, max_length=400)]
ExpressionText = Annotated[str, Field(min_length=1, max_length=800)]
PATTERN_WORDS = {
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$": "small letters and digits joined by hyphens, such as annual-reviews",
    r"^[a-z][a-z0-9_]*$": "small letters, digits and underscores, such as matched_on",
    r"^[A-Z][0-9]{8}$": "an ONS code: a capital letter and eight digits",
}
"""What the patterns of this module ask for, in words."""
Status = Literal["pass", "fail", "not_due", "not_assessed"]


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class CitationModel(_Declared):
    """Where a figure is from."""

    document: Id = Field(description="An id of sources.yaml.")
    at: Sentence = Field(description="The place in the document.")
    figure: Annotated[str, Field(max_length=120)] = Field(
        description="The figure phrase, in the document's own words: a dozen at most."
    )


class ReadingModel(_Declared):
    """What was decided where the source is silent."""

    text: Sentence
    status: Literal["assumed", "agreed"]
    by: str = Field("", description="Who agreed it.")
    on: Day | None = Field(None, description="When it was agreed.")
    use: YesNo = Field(True, description="no: a declared alternative that is switched off.")

    @model_validator(mode="after")
    def _agreed_by_someone(self) -> Self:
        if self.status == "agreed" and not (self.by and self.on):
            raise ValueError("an agreed reading says by whom (by:) and when (on:)")
        return self


class StatedTarget(_Declared):
    """The column of the return that states the target."""

    column: Name


Threshold = Annotated[
    Annotated[Amount, Tag("<amount>")] | Annotated[StatedTarget, Tag("<column>")],
    Discriminator(_amount_or_column),
]


class TargetModel(_Declared):
    """One dated step of a target; exactly one of at_least, at_most, more_than."""

    at_least: Threshold | None = None
    at_most: Threshold | None = None
    more_than: Threshold | None = None
    by: Day | None = Field(
        None,
        description="Due for every period whose last day is on or after this. Left out: the plan gives no date.",
    )
    by_assumed: YesNo = Field(False, description="yes: the date is a reading, not the plan's word.")
    then: Literal["maintain"] = Field(
        "maintain", description="Every target goes on after its date, until `end`."
    )
    end: Day | None = Field(None, description="The last day that the target is in force.")
    source: CitationModel | None = Field(
        None, description="Where this step is from; left out: the indicator's source."
    )

    @model_validator(mode="after")
    def _one_operator(self) -> Self:
        if sum(x is not None for x in (self.at_least, self.at_most, self.more_than)) != 1:
            raise ValueError("a target has exactly one of at_least, at_most, more_than")
        return self


class MeasureModel(_Declared):
    """What is counted, of what, over which months."""

    kind: Kind
    table: Name = Field(description="A sheet of rules/returns/.")
    where: ExpressionText | None = Field(None, description="The population. Left out: every row.")
    left_out: ExpressionText | None = Field(
        None, description="Rows of the population that are set aside, and their number printed."
    )
    numerator: ExpressionText | None = Field(None, description="The rows counted (kind proportion).")
    weight: Name | None = Field(
        None, description="A number column added up instead of counting rows (kind proportion)."
    )
    numerator_sum: Name | None = Field(None, description="The column added up above the line (kind sums).")
    denominator_sum: Name | None = Field(None, description="The column added up below the line (kind sums).")
    since: ExpressionText | None = Field(None, description="The date a wait is counted from (kind longest).")
    value: Name | None = Field(None, description="The column that holds the figure (kind stated).")
    unit: Unit | None = Field(None, description="Of a stated figure; of others it follows from the kind.")
    window: Window = Window.MONTH
    window_from_table: YesNo = Field(
        False, description="yes: the table's own dates give the whole window; one return judges alone."
    )
    over: Over | None = Field(
        None, description="How months make a quarter: sum (events), last (snapshots), each (once a month)."
    )
    when_none: Literal["nothing_due", "no_denominator"] | None = Field(
        None, description="What 0 of 0 means on a sheet that has rows."
    )
    baseline: Id | None = Field(None, description="An id of baselines.yaml (kind change).")
    change_as: Literal["percent", "number"] | None = Field(
        None, description="How a change is said (kind change)."
    )


class BesideModel(MeasureModel):
    """A figure always shown beside the measure, without a target."""

    id: Id
    title: Sentence


class GivenModel(_Declared):
    """Figures of an example. Nothing at all: an empty sheet."""

    numerator: Amount | None = None
    denominator: Amount | None = None
    baseline: Amount | None = None
    value: Amount | None = None
    target: Amount | None = None
    none_this_month: YesNo = False


class ExampleModel(_Declared):
    """A case that the rule must get right."""

    name: Sentence
    period: PeriodText
    given: GivenModel | None = None
    rows: tuple[dict[str, str], ...] = Field(
        (), description="Cells by column, and `is`: counted, not_counted, outside, left_out or in_doubt."
    )
    of: Id | None = Field(
        None, description="A measure of beside: the one that reads the rows, in place of the main one."
    )
    makes: PartsText | None = Field(
        None,
        description="The figure that all the rows together make, none being in doubt: `3 of 4`, or `61` without a denominator.",
    )
    expect: Status | None = None
    reason: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.given is None) == (not self.rows):
            raise ValueError("an example has either given: or rows:")
        if self.given is not None and self.expect is None:
            raise ValueError("an example with given: says what to expect:")
        return self


class IndicatorModel(_Declared):
    """A KPI (rules/indicators/<id>.yaml)."""

    id: Id = Field(description="Never reused or renamed: history keys on it.")
    title: Sentence
    short: Annotated[str, Field(min_length=1, max_length=32)]
    actions: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="References in the plan, as text."
    )
    covers: tuple[str, ...] = Field((), description="Items of the plan that this measures (plan.yaml).")
    lead: Sentence
    better: Better
    headline: YesNo = Field(False, description="yes: always shown on page one.")
    disclosive: YesNo = Field(
        True, description="no: it counts things, not people; no audience has its figures kept back."
    )
    source: CitationModel
    readings: tuple[ReadingModel, ...] = ()
    measure: MeasureModel
    beside: tuple[BesideModel, ...] = ()
    warn_if_falls: Id | None = Field(
        None, description="A measure of beside: a finding when it falls while the target is met."
    )
    targets: tuple[TargetModel, ...] = Field(
        (), description="Dated steps; append, never overwrite. Empty: shown without a verdict."
    )
    examples: Annotated[tuple[ExampleModel, ...], Field(min_length=1)]


class DocumentModel(_Declared):
    """A source document."""

    id: Id
    title: Sentence
    published: str
    address: str = ""


class AuthorityModel(_Declared):
    """A council."""

    code: Annotated[str, Field(pattern=r"^[A-Z][0-9]{8}$")] = Field(description="ONS code.")
    name: Sentence
    made_up: YesNo = False


class PlanModel(_Declared):
    """rules/plan.yaml."""

    id: Id
    title: Sentence
    start: Day
    end: Day
    authorities: Annotated[tuple[AuthorityModel, ...], Field(min_length=1)]
    readings: tuple[ReadingModel, ...] = ()


class SourcesModel(_Declared):
    """rules/sources.yaml."""

    documents: tuple[DocumentModel, ...]


class BaselineModel(_Declared):
    """A figure that a change is measured against: total, or a figure a month, or neither (unknown)."""

    id: Id
    authority: str = Field(description="ONS code; a baseline never serves another council.")
    first: PeriodText
    last: PeriodText
    total: Amount | None = None
    months: tuple[Amount, ...] | None = Field(None, description="One figure a month, first to last.")
    source: Sentence

    @model_validator(mode="after")
    def _months_fill_the_span(self) -> Self:
        wanted = self.last.first - self.first.first + 1
        if self.months is not None and len(self.months) != wanted:
            raise ValueError(
                f"months: has {len(self.months)} figures; {self.first} to {self.last} is {wanted} months"
            )
        if self.months is not None and self.total is not None and sum(self.months) != self.total:
            raise ValueError("total: is not the sum of months:")
        return self


class BaselinesModel(_Declared):
    """rules/baselines.yaml."""

    baselines: tuple[BaselineModel, ...]


class RebaseModel(_Declared):
    """A recorded decision to draw a chart's limits anew from one month on."""

    measure: Id = Field(description="An indicator's id, or that of a figure beside one.")
    authority: str = Field(description="ONS code; a rebase never touches another council's charts.")
    first: MonthText = Field(description="The first month of the new limits, such as 2024-04.")
    reason: Sentence = Field(description="The cause, known and lasting.")
    by: Sentence = Field(description="Who decided it.")
    on: Day = Field(description="When it was decided.")


class RebasesModel(_Declared):
    """rules/rebases.yaml."""

    rebases: tuple[RebaseModel, ...]


class MilestoneModel(_Declared):
    """A dated action of the plan."""

    id: Id
    title: Sentence
    actions: Annotated[tuple[str, ...], Field(min_length=1)]
    covers: tuple[str, ...] = ()
    lead: Sentence
    due: Day | None = Field(None, description="Left out: the plan gives no date.")
    every: Literal["year"] | None = None
    same_as: Id | None = Field(None, description="The indicator whose target this repeats.")
    source: CitationModel
    readings: tuple[ReadingModel, ...] = ()


class MilestonesModel(_Declared):
    """rules/milestones.yaml."""

    milestones: tuple[MilestoneModel, ...]


class UnmeasuredItemModel(_Declared):
    """A promise that no return measures."""

    item: str
    text: Sentence
    reason: Sentence


class UnmeasuredModel(_Declared):
    """rules/unmeasured.yaml."""

    unmeasured: tuple[UnmeasuredItemModel, ...]


class ColumnModel(_Declared):
    """A column of a sheet."""

    id: Name
    heading: Annotated[str, Field(min_length=1, max_length=60)]
    synonyms: tuple[str, ...] = ()
    type: ColumnType
    blank: Blank = Blank.UNKNOWN
    required: YesNo = Field(True, description="no: a return may lack the column.")
    quotable: YesNo = Field(
        False, description="yes: what was read may be printed. Never for ids or free text."
    )
    future: YesNo = Field(False, description="yes: a date may lie after the month.")
    values: Choices = Field({}, description="Allowed values of a choice, each with its other spellings.")
    least: Number | None = None
    most: Number | None = None
    help: str = ""


class RowCheckModel(_Declared):
    """A fault between cells of one row."""

    when: ExpressionText
    doubt: tuple[Name, ...] = Field((), description="Columns whose cells are then in doubt.")
    message: Sentence
    fix: Sentence


class SheetModel(_Declared):
    """A sheet of the return (rules/returns/<id>.yaml)."""

    id: Name
    sheet: Annotated[str, Field(min_length=1, max_length=31)]
    sheet_synonyms: tuple[str, ...] = ()
    kind: SheetKind
    grain: Sentence = Field(description="What one row is.")
    key: tuple[Name, ...] = Field((), description="The columns that make a row unique.")
    dated_by: tuple[ExpressionText, ...] = Field(
        (), description="Of events: the dates of which one must fall in the month."
    )
    history_months: Annotated[int, Field(ge=1, le=1200)] | None = Field(
        None, description="A snapshot with its own dates reaches back so many months."
    )
    columns: Annotated[tuple[ColumnModel, ...], Field(min_length=1)]
    checks: tuple[RowCheckModel, ...] = ()


class CoverFieldModel(_Declared):
    """A labelled cell of the cover."""

    id: Name
    label: Annotated[str, Field(min_length=1, max_length=60)]
    type: ColumnType
    name: Name = Field(description="The workbook's defined name for the cell.")
    required: YesNo = False
    help: str = ""


class CoverModel(_Declared):
    """rules/returns/cover.yaml: the cover sheet and what holds for every sheet."""

    template_version: str
    sheet: str
    fields: tuple[CoverFieldModel, ...]
    not_known: tuple[str, ...]
    nil_label: str
    no_figure_reasons: dict[str, str] = Field(
        description="What the filler chooses -> the reason it stands for."
    )


class CalendarExceptionModel(_Declared):
    """A month whose return is due on another day."""

    month: MonthText
    due: Day
    reason: Sentence


class CalendarModel(_Declared):
    """rules/returns/calendar.yaml: when a month's return is due, and who sends it. Without it nothing is late or awaited."""

    day: Annotated[int, Field(ge=1, le=31)] = Field(
        description="The day of the month by which a return is due; in a shorter month its last day."
    )
    months_after: Annotated[int, Field(ge=1, le=12)] = Field(
        1, description="That day of which month: so many after the return's own."
    )
    exceptions: tuple[CalendarExceptionModel, ...] = ()
    sender: Sentence = Field(
        description="The role or team that sends the sheets which senders: does not list."
    )
    senders: dict[Name, Sentence] = Field(
        {}, description="The role or team that sends a sheet, by the sheet's id; never a person's name."
    )
    readings: tuple[ReadingModel, ...] = ()


_Word = Annotated[
    str, WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]})
]  # yes, 3 and 2024-03 are text to the rules, but not to an editor


class WantedModel(_Declared):
    """A test of one field; exactly one of its keys."""

    not_: _Word | tuple[_Word, ...] | None = Field(
        None, alias="not", description="Anything but this, or none of these."
    )
    at_least: _Word | None = Field(None, description="A number field is this or more.")
    at_most: _Word | None = Field(None, description="A number field is this or less.")
    more_than: _Word | None = None
    less_than: _Word | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if sum(getattr(self, name) is not None for name in type(self).model_fields) != 1:
            raise ValueError("a test has exactly one of not, at_least, at_most, more_than, less_than")
        return self


def _text_list_or_test(given: object) -> str:
    if isinstance(given, dict | BaseModel):
        return "<test>"
    return "<list>" if isinstance(given, list | tuple) else "<text>"


Wanted = Annotated[
    Annotated[_Word, Tag("<text>")]
    | Annotated[tuple[_Word, ...], Tag("<list>")]
    | Annotated[WantedModel, Tag("<test>")],
    Discriminator(_text_list_or_test),
]


class ExpectedModel(_Declared):
    """What must follow from the facts of an example, or must not."""

    follows: dict[Name, _Word] | None = Field(None, description="A fact of this type and with these fields.")
    never: dict[Name, _Word] | None = Field(None, description="No fact of this type has these fields.")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.follows is None) == (self.never is None):
            raise ValueError("say either follows: or never:")
        return self


class EscalationExampleModel(_Declared):
    """A case that all the rules together must get right."""

    name: Sentence
    given: tuple[dict[Name, _Word], ...] = Field(
        description="Facts, each its type (is:) and fields; one left out is 0, empty, none, unknown, no or not_stated, whichever it can be first."
    )
    expect: Annotated[tuple[ExpectedModel, ...], Field(min_length=1)]


class EscalationRuleModel(_Declared):
    """What follows from which facts."""

    id: Id
    title: Annotated[str, Field(max_length=60)] = Field(
        "", description="What reports call the exception; wanted where then: gives a kind."
    )
    because: Sentence = Field(description="Why a board should hear it; printed with the exception.")
    when: Annotated[dict[Name, dict[Name, Wanted]], Field(min_length=1)] = Field(
        description="Facts that must be there, each by a name: its type (is:) and any of its fields: a value, a list of which it is one, or a test. `$a.seq + 1` is a field of the fact named a, which stands before."
    )
    unless: dict[Name, dict[Name, Wanted]] = Field({}, description="Facts of which none may be there.")
    then: dict[Name, _Word] = Field(
        description="The fact that follows: its type (is:) and every field, a value or a reference such as `$a.seq`."
    )
    tell: tuple[Id, ...] = Field((), description="Boards of boards.yaml that hear it. Left out: all of them.")
    examples: Annotated[tuple[EscalationExampleModel, ...], Field(min_length=1)]


class EscalationsModel(_Declared):
    """rules/escalations.yaml."""

    facts: dict[Name, dict[Name, Literal["number", "text"]]] = Field(
        {}, description="Types of facts that rules derive for each other, and what their fields hold."
    )
    rules: tuple[EscalationRuleModel, ...]


class AudienceModel(_Declared):
    """Who reads a report, and what is kept from them."""

    id: Id
    threshold: Annotated[int, Field(ge=0, le=100)] = Field(
        5, description="Counts from 1 to this are suppressed; 0: none is."
    )
    rounding: Annotated[int, Field(ge=1, le=100)] = Field(
        1, description="Other counts are rounded to a multiple of this."
    )
    zero: ZeroRule = ZeroRule.SHOWN
    case_cells: YesNo = Field(False, description="yes: addresses of case rows may stand in the report.")


class BoardModel(_Declared):
    """One body that reads the plan's progress."""

    id: Id
    name: Sentence
    also_called: tuple[str, ...] = ()
    lead: str = ""
    cadence: Cadence
    audience: Id
    plan_sections: tuple[str, ...] = Field(
        (), description="Sections of the plan, such as 1 and 3, whose measures it reads. Left out: all."
    )
    measures: tuple[Id, ...] = Field((), description="Measures it reads besides those of plan_sections.")
    milestones: tuple[Id, ...] = Field((), description="Milestones it reads besides those of plan_sections.")
    exceptions: tuple[Id, ...] = Field((), description="Kinds of exception it hears. Left out: all.")
    least_severity: Annotated[int, Field(ge=1, le=3)] = Field(
        1, description="1 note, 2 board, 3 urgent: it hears these and worse."
    )
    sections: tuple[
        Literal["summary", "exceptions", "measures", "milestones", "data_quality", "sources"], ...
    ] = Field((), description="Parts of its report. Left out: all.")
    source: CitationModel | None = None
    readings: tuple[ReadingModel, ...] = ()

    @model_validator(mode="after")
    def _from_somewhere(self) -> Self:
        if self.source is None and not self.readings:
            raise ValueError("a board has a source:, or a reading that says what is assumed")
        return self


class BoardsModel(_Declared):
    """rules/boards.yaml."""

    audiences: Annotated[tuple[AudienceModel, ...], Field(min_length=1)]
    boards: tuple[BoardModel, ...]
