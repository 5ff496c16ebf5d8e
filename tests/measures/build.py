"""Small tables, sheets, measures and rulebooks, made in Python."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from types import EllipsisType
from typing import TYPE_CHECKING, Any

from kpi_engine.measures.measure import measure
from kpi_engine.measures.plan import ReturnKey, dated
from kpi_engine.rulebook.book import (
    Better,
    Blank,
    Citation,
    ColumnSpec,
    Contract,
    Indicator,
    Kind,
    Measure,
    Operator,
    Over,
    Plan,
    RuleBook,
    SheetKind,
    SheetSpec,
    Target,
    Unit,
    Window,
)
from kpi_engine.terms.expression import (
    ALWAYS,
    AllOf,
    AnyOf,
    ColumnRef,
    Compare,
    Comparison,
    Condition,
    Expression,
    Literal,
    columns_of,
)
from kpi_engine.terms.measurement import Parts, Reason
from kpi_engine.terms.period import Period
from kpi_engine.terms.returned import CountRow, MonthReturn, Problem, Validated
from kpi_engine.terms.table import Column, ColumnType, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kpi_engine.measures.plan import Engine, Number, Query
    from kpi_engine.terms.measurement import Measurement
    from kpi_engine.terms.table import Value

Cell = str | date | int | Decimal | bool | EllipsisType | None
"""A cell of a test: `...` is unknown, None a known blank."""

DECEMBER = Period.parse("2023-12")
UNKNOWN: EllipsisType = ...

COLUMNS: Mapping[str, ColumnType] = {
    "id": ColumnType.ID,
    "sub": ColumnType.ID,
    "team": ColumnType.CHOICE,
    "contract": ColumnType.CHOICE,
    "held_on": ColumnType.DATE,
    "due_on": ColumnType.DATE,
    "present": ColumnType.WHOLE,
    "due": ColumnType.WHOLE,
    "fte": ColumnType.DECIMAL,
    "agreed": ColumnType.YES_NO,
}
BOUNDS = {"present": (0, 3), "due": (0, 4), "fte": (0, 2)}

NOBODY = Problem(Reason.NO_RETURN, "No return.")


def ref(name: str) -> ColumnRef:
    return ColumnRef(name, COLUMNS[name])


def is_(name: str, value: str | int | Decimal) -> Compare:
    return Compare(Comparison.EQUAL, ref(name), Literal(value))


def on_or_before(name: str, day: date) -> Compare:
    return Compare(Comparison.AT_MOST, ref(name), Literal(day))


IN_CARE = is_("team", "care")
PERMANENT = is_("contract", "permanent")


def sheet(
    *,
    key: Sequence[str] = (),
    kind: SheetKind = SheetKind.SNAPSHOT,
    dated_by: Sequence[Expression] = (),
    name: str = "posts",
) -> SheetSpec:
    columns = {}
    for column, kind_of_cell in COLUMNS.items():
        least, most = BOUNDS.get(column, (None, None))
        columns[column] = ColumnSpec(
            id=column,
            heading=column.title(),
            synonyms=(),
            type=kind_of_cell,
            blank=Blank.NOT_APPLICABLE,
            required=True,
            quotable=False,
            values=(),
            choices={},
            least=None if least is None else Decimal(least),
            most=None if most is None else Decimal(most),
            help="",
        )
    return SheetSpec(
        id=name,
        sheet=name.title(),
        sheet_synonyms=(),
        kind=kind,
        grain="one post",
        key=tuple(key),
        dated_by=tuple(dated_by),
        columns=columns,
        checks=(),
        history_months=None,
    )


def table(
    rows: Iterable[Mapping[str, Cell]], *, nil: bool = False, lacks: str = "", name: str = "posts"
) -> Table:
    """Rows by column; what a row leaves out is a known blank. `lacks`: a column that the sheet has not."""
    listed = list(rows)
    columns = {}
    for n, (column, kind) in enumerate(COLUMNS.items()):
        if column == lacks:
            continue
        cells = [row.get(column) for row in listed]
        values: list[Value] = [None if isinstance(cell, EllipsisType) else cell for cell in cells]
        columns[column] = Column(column, kind, values, [c is UNKNOWN for c in cells], letter="ABCDEFGHIJ"[n])
    numbers = [5 + n for n in range(len(listed))]
    return Table(name, DECEMBER, columns, numbers, file="returns.xlsx", sheet=name.title(), nil=nil)


def share(where: Condition = ALWAYS, numerator: Condition | None = PERMANENT, **rest: Any) -> Measure:  # noqa: ANN401  (any part of a measure)
    return rule(Kind.PROPORTION, where=where, numerator=numerator, **rest)


def rule(  # noqa: PLR0913  (a measure has many parts; all are keywords)
    kind: Kind,
    *,
    id: str = "measure",  # noqa: A002  (the field's name)
    where: Condition = ALWAYS,
    left_out: Condition | None = None,
    numerator: Condition | None = None,
    since: Expression | None = None,
    weight: str | None = None,
    numerator_sum: str | None = None,
    denominator_sum: str | None = None,
    value: str | None = None,
    unit: Unit = Unit.PERCENT,
    window: Window = Window.MONTH,
    window_from_table: bool = False,
    when_none: Reason = Reason.NO_DENOMINATOR,
    also_reads: Iterable[str] = (),
) -> Measure:
    trees: list[Condition | Expression] = [t for t in (where, left_out, numerator, since) if t is not None]
    names = {name for name in (weight, numerator_sum, denominator_sum, value) if name is not None}
    return Measure(
        id=id,
        title=id,
        kind=kind,
        table="posts",
        where=where,
        left_out=left_out,
        numerator=numerator,
        weight=weight,
        numerator_sum=numerator_sum,
        denominator_sum=denominator_sum,
        since=since,
        value=value,
        unit=unit,
        window=window,
        window_from_table=window_from_table,
        over=Over.LAST,
        when_none=when_none,
        baseline=None,
        change_as=None,
        columns=frozenset(names).union(also_reads, *map(columns_of, trees)),
    )


def indicator(judged: Measure, *beside: Measure, target_column: str | None = None) -> Indicator:
    citation = Citation("plan", "action 1.1", "a figure")
    target = Target(
        Operator.AT_LEAST,
        None if target_column else Fraction(17, 20),
        target_column,
        None,
        by_assumed=False,
        then="maintain",
        end=None,
        source=None,
    )
    return Indicator(
        id=judged.id,
        title=judged.id,
        short=judged.id,
        actions=("1.1",),
        covers=(),
        lead="Head of Service",
        better=Better.HIGHER,
        headline=False,
        source=citation,
        readings=(),
        measure=judged,
        beside=beside,
        warn_if_falls=None,
        targets=(target,),
        examples=(),
        file="",
    )


def book(spec: SheetSpec, *indicators: Indicator) -> RuleBook:
    contract = Contract("1", "Start here", (), {spec.id: spec}, frozenset(), "None this month", {})
    plan = Plan("plan", "Plan", date(2023, 6, 30), date(2025, 6, 30), (), ())
    return RuleBook(
        plan=plan,
        documents={},
        contract=contract,
        indicators={i.id: i for i in indicators},
        milestones={},
        baselines=(),
        unmeasured=(),
        digest="",
        folder="rules",
    )


def month(
    held: Table | None = None,
    *,
    problem: Problem | None = None,
    counts: Mapping[str, CountRow] | None = None,
    no_case_list: bool = False,
) -> MonthReturn:
    return MonthReturn(
        period=DECEMBER,
        authority=None,
        validated=Validated.YES,
        no_case_list=frozenset(("posts",) if no_case_list else ()),
        tables={"posts": held} if held else {},
        problems={"posts": problem} if problem else {},
        counts=counts or {},
        milestones={},
        commentary={},
        absent=NOBODY,
        files=("returns.xlsx",),
    )


def count_row(
    number: int | None, out_of: int | None = None, *, why_none: Reason | None = None, unknown: bool = False
) -> CountRow:
    return CountRow(
        None if number is None else Fraction(number),
        None if out_of is None else Fraction(out_of),
        why_none,
        unknown=unknown,
        sheet="Counts",
        row=7,
        number_cell="C7",
        out_of_cell="D7",
    )


def measured(
    engine: Engine,
    one: Measure,
    held: Table | MonthReturn,
    spec: SheetSpec | None = None,
    *,
    whole: bool = True,
) -> Measurement:
    """The one measure of a table or a month; the sheet has no key unless `spec` says so."""
    held = month(held) if isinstance(held, Table) else held
    asked = dated(one, spec or sheet(), held.period, whole=whole)
    (found,) = measure(engine, held, [asked], nil_label="None this month")
    return found


def run(engine: Engine, held: Table, query: Query) -> list[tuple[Number, ...]]:
    """What a query makes of one table."""
    key = ReturnKey("", held.period)
    return list(engine.run({key: held}, query)[key])


def of(numerator: float | Fraction | str, denominator: int | Fraction | str | None = None) -> Parts:
    return Parts(Fraction(numerator), None if denominator is None else Fraction(denominator))


def both(*parts: Condition) -> AllOf:
    return AllOf(parts)


def either(*parts: Condition) -> AnyOf:
    return AnyOf(parts)
