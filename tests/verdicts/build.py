"""Small indicators, records and months to judge."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

from kpi_engine.rulebook.book import (
    Baseline,
    Better,
    Citation,
    Indicator,
    Kind,
    Measure,
    Operator,
    Over,
    Target,
    Unit,
    Window,
)
from kpi_engine.terms.expression import ALWAYS
from kpi_engine.terms.measured import Measured
from kpi_engine.terms.measurement import Measurement, MonthRecords, Parts, Reason
from kpi_engine.terms.period import Period
from kpi_engine.terms.returned import Validated

PLAN_START = date(2023, 6, 30)
SHARE = Measure(
    id="a-share",
    title="A share",
    kind=Kind.PROPORTION,
    table="sheet",
    where=ALWAYS,
    left_out=None,
    numerator=ALWAYS,
    weight=None,
    numerator_sum=None,
    denominator_sum=None,
    since=None,
    value=None,
    unit=Unit.PERCENT,
    window=Window.MONTH,
    window_from_table=False,
    over=Over.LAST,
    when_none=Reason.NO_DENOMINATOR,
    baseline=None,
    change_as=None,
    columns=frozenset(),
)
COUNT = replace(SHARE, id="a-count", kind=Kind.COUNT, numerator=None, unit=Unit.NUMBER, over=Over.SUM)
CHANGE = replace(
    COUNT, id="a-change", kind=Kind.CHANGE, baseline="base", unit=Unit.PERCENT, change_as=Unit.PERCENT
)


def month(text: str) -> Period:
    return Period.parse(text)


def at_least(
    value: str, by: date | None = None, *, op: Operator = Operator.AT_LEAST, end: date | None = None
) -> Target:
    return Target(
        op=op,
        value=Fraction(value),
        column=None,
        by=by,
        by_assumed=False,
        then="maintain",
        end=end,
        source=None,
    )


def indicator(measure: Measure, *targets: Target, better: Better = Better.HIGHER) -> Indicator:
    return Indicator(
        id=measure.id,
        title="Title",
        short="Short",
        actions=("1.1",),
        covers=(),
        lead="Lead",
        better=better,
        headline=False,
        source=Citation("plan", "action 1.1", "figure"),
        readings=(),
        measure=measure,
        beside=(),
        warn_if_falls=None,
        targets=targets,
        examples=(),
        file="a.yaml",
    )


def parts(numerator: str | int, denominator: str | int | None = None) -> Parts:
    return Parts(Fraction(numerator), None if denominator is None else Fraction(denominator))


def figure(
    measure: Measure, at: str, low: Parts, high: Parts | None = None, *, in_doubt: int = 0
) -> Measurement:
    return Measurement(
        measure.id, month(at), low=low, high=high or low, in_doubt=in_doubt, months=(month(at),)
    )


def none(measure: Measure, at: str, reason: Reason) -> Measurement:
    return Measurement(measure.id, month(at), reason=reason)


def measured(*figures: Measurement, validated: Validated = Validated.YES) -> Measured:
    records: dict[Period, MonthRecords] = {}
    for one in figures:
        held = records.get(one.period, MonthRecords({}, {}))
        records[one.period] = MonthRecords({**held.own, one.measure: one}, held.whole)
    return Measured("E1", records, dict.fromkeys(records, validated))


def baseline(first: str, last: str, *, months: tuple[int, ...] = (), total: int | None = None) -> Baseline:
    begin = month(first)
    return Baseline(
        id="base",
        authority="E1",
        first=begin,
        last=month(last),
        total=None if total is None else Fraction(total),
        months={begin.plus(i): Fraction(n) for i, n in enumerate(months)} or None,
        source="a test",
    )
