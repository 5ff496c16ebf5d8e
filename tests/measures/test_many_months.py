"""Months measured together: each says what it says alone, whatever stands in the others."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.measures.measure import records_of
from kpi_engine.measures.plan import dated
from kpi_engine.measures.sql import fused
from kpi_engine.rulebook.book import Kind, SheetKind, Unit, Window
from kpi_engine.terms.expression import Bound, Compare, Comparison, Day
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import Period
from tests.measures import oracle
from tests.measures.build import (
    IN_CARE,
    PERMANENT,
    UNKNOWN,
    Cell,
    book,
    both,
    count_row,
    indicator,
    is_,
    month,
    of,
    ref,
    rule,
    share,
    sheet,
    table,
)
from tests.measures.test_engine_suite import DOMAIN, condition, few, some_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kpi_engine.measures.plan import Engine, Number, Query, ReturnKey
    from kpi_engine.rulebook.book import Measure, RuleBook
    from kpi_engine.terms.expression import Condition
    from kpi_engine.terms.measurement import Measurement, MonthRecords
    from kpi_engine.terms.returned import MonthReturn
    from kpi_engine.terms.table import Table

Row = dict[str, Cell]
TOO_LONG = Decimal("1." + "1" * 40)
FIRST = Period.parse("2023-11")
NEVER_HOLDS = Compare(Comparison.LESS, ref("team"), ref("held_on"))  # text and a date

# ── Any rules, any months ────────────────────────────────────────────────────

ATTENDANCE: list[tuple[Cell, Cell]] = [(0, 1), (1, 3), (UNKNOWN, 3), (None, 0)]
windows = st.tuples(st.sampled_from(Window), st.booleans())
some_measures = st.one_of(
    st.builds(
        lambda where, left, num, weight: share(where, num, left_out=left, weight=weight),
        condition,
        st.none() | condition,
        condition | st.just(NEVER_HOLDS),
        st.sampled_from([None, "fte"]),
    ),
    st.builds(
        lambda kind, where, left: rule(kind, where=where, left_out=left, unit=Unit.NUMBER),
        st.sampled_from([Kind.COUNT, Kind.OCCURRENCE, Kind.CHANGE]),
        condition,
        st.none() | condition,
    ),
    st.builds(
        lambda where: rule(Kind.SUMS, where=where, numerator_sum="present", denominator_sum="due"), condition
    ),
    st.builds(lambda where: rule(Kind.LONGEST, where=where, since=ref("held_on"), unit=Unit.DAYS), condition),
    st.builds(lambda where: rule(Kind.STATED, where=where, value="fte"), condition),
)


@st.composite
def rulebooks(draw: st.DrawFn) -> RuleBook:
    """One to five measures of one sheet; the first may have its target stated by a column."""
    drawn = draw(st.lists(st.tuples(some_measures, windows), min_size=1, max_size=5))
    measures = [
        replace(one, id=f"m{n}", window=window, window_from_table=from_table)
        for n, (one, (window, from_table)) in enumerate(drawn)
    ]
    stating = draw(st.sampled_from([None, "due"]))
    if stating:
        measures[0] = replace(measures[0], columns=measures[0].columns | {stating})
    kind = draw(st.sampled_from([SheetKind.SNAPSHOT, SheetKind.EVENTS]))
    dates = (ref("held_on"), ref("due_on")) if kind is SheetKind.EVENTS else ()
    spec = sheet(key=draw(st.sampled_from([(), ("id",), ("id", "team")])), kind=kind, dated_by=dates)
    return book(spec, indicator(measures[0], target_column=stating), *map(indicator, measures[1:]))


@st.composite
def some_months(draw: st.DrawFn) -> list[MonthReturn]:
    """Two to four months in a row; some lack the sheet, a column or rows, some hold a number too long."""
    found = []
    for n in range(draw(st.integers(2, 4))):
        rows = draw(st.just([]) | some_rows(names=(*DOMAIN, "id")))
        for row in rows:
            row["present"], row["due"] = draw(st.sampled_from(ATTENDANCE))
            row["fte"] = draw(st.sampled_from([row["fte"], row["fte"], row["fte"], TOO_LONG]))
        lacks = draw(st.sampled_from(["", "", "contract", "fte", "id", "held_on"]))
        nil = draw(st.sampled_from([False, False, True]))
        held = table(rows, lacks=lacks, nil=nil) if draw(st.integers(0, 5)) else None
        counts = {"m0": count_row(draw(st.integers(0, 3)), 3)} if draw(st.booleans()) else {}
        found.append(of_month(n, month(held, counts=counts, no_case_list=draw(st.booleans()))))
    return found


def of_month(n: int, held: MonthReturn) -> MonthReturn:
    """The return as that of the nth month from the first."""
    period = FIRST.plus(n)
    tables = {name: replace(one, period=period, file=f"{period}.xlsx") for name, one in held.tables.items()}
    return replace(held, period=period, tables=tables)


def alone(engine: Engine, months: Sequence[MonthReturn], rulebook: RuleBook) -> list[MonthRecords]:
    return [records for one in months for records in records_of(engine, [one], rulebook)]


@few
@given(rulebook=rulebooks(), months=some_months())
def test_a_month_says_the_same_alone_and_among_others(
    engine: Engine, rulebook: RuleBook, months: list[MonthReturn]
) -> None:
    assert records_of(engine, months, rulebook) == alone(engine, months, rulebook)


@few
@given(rulebook=rulebooks(), months=some_months(), size=st.integers(1, 5))
def test_the_size_of_a_batch_never_matters(
    engine: Engine, rulebook: RuleBook, months: list[MonthReturn], size: int
) -> None:
    together = records_of(engine, months, rulebook)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(engine), "rows_at_once", size)
        assert records_of(engine, months, rulebook) == together


@few
@given(where=condition, counted=condition, rows=st.lists(some_rows(0), min_size=2, max_size=3))
def test_each_month_is_measured_on_its_own_days(
    engine: Engine, where: Condition, counted: Condition, rows: list[list[Row]]
) -> None:
    one = share(where, counted, window=Window.QUARTER)
    months = [of_month(n, month(table(of_it))) for n, of_it in enumerate(rows)]
    found = records_of(engine, months, book(sheet(), indicator(one)))

    for held, records, of_it in zip(months, found, rows, strict=True):
        days = dated(one, sheet(), held.period, whole=True).days
        expected = oracle.figure(one, of_it, days)
        low = records.own["measure"].low
        assert (low.value if low else None) == expected


# ── What one month cannot do to another ──────────────────────────────────────

STAFF: list[Row] = [{"team": "care", "contract": "permanent"}, {"team": "care", "contract": "agency"}]
SHARE = share(IN_CARE)


def three(*rows: list[Row], lacks: Sequence[str] = ("", "", "")) -> list[MonthReturn]:
    return [
        of_month(n, month(table(held, lacks=column)))
        for n, (held, column) in enumerate(zip(rows or [STAFF] * 3, lacks, strict=True))
    ]


def of_each(engine: Engine, months: list[MonthReturn], *measures: Measure) -> list[list[Measurement]]:
    rulebook = book(sheet(), *map(indicator, measures))
    return [[records.own[one.id] for one in measures] for records in records_of(engine, months, rulebook)]


def test_a_number_too_long_harms_only_the_rules_that_read_it_in_its_own_month(engine: Engine) -> None:
    weighed = replace(share(weight="fte"), id="weighed")
    months = three(STAFF, [*STAFF, {"contract": "agency", "fte": TOO_LONG}], STAFF)
    found = of_each(engine, months, SHARE, weighed)

    assert [first.low for first, _ in found] == [of(1, 2)] * 3
    assert [second.reason for _, second in found] == [
        Reason.NO_DENOMINATOR,
        Reason.RULE_ERROR,
        Reason.NO_DENOMINATOR,
    ]


def test_numbers_that_no_one_type_holds_are_each_held_in_their_own_month(engine: Engine) -> None:
    weighed = share(weight="fte")
    short, long = Decimal("0." + "0" * 29 + "1"), Decimal(10**20)
    one_each: list[list[Row]] = [[{"contract": "permanent", "fte": n}] for n in (short, long, Decimal(1))]
    months = three(*one_each)

    assert [one.low for (one,) in of_each(engine, months, weighed)] == [
        of(str(fte), str(fte)) for fte in (short, long, 1)
    ]


def test_a_rule_that_fails_leaves_the_others_every_month(engine: Engine) -> None:
    broken = replace(share(both(IN_CARE, NEVER_HOLDS)), id="broken")
    found = of_each(engine, three(), SHARE, broken)

    assert [first.low for first, _ in found] == [of(1, 2)] * 3
    assert {second.reason for _, second in found} == {Reason.RULE_ERROR}


def test_a_column_is_missing_only_in_the_month_that_lacks_it(engine: Engine) -> None:
    found = of_each(engine, three(lacks=("", "contract", "")), SHARE)

    assert [one.reason for (one,) in found] == [None, Reason.COLUMN_MISSING, None]


def test_one_key_in_two_months_is_two_cases(engine: Engine) -> None:
    rows: list[Row] = [{"id": "P", "contract": "permanent"}]
    rulebook = book(sheet(key=("id",)), indicator(rule(Kind.COUNT, unit=Unit.NUMBER)))
    found = records_of(engine, three(rows, [*rows, *rows], rows), rulebook)

    assert [records.own["measure"].low for records in found] == [of(1)] * 3


def test_councils_are_kept_apart(engine: Engine) -> None:
    months = [replace(three()[0], authority=code) for code in ("E09000014", "E99999999", None)]
    months[1] = replace(months[1], tables={"posts": table(STAFF[:1])})

    assert [one.low for (one,) in of_each(engine, months, SHARE)] == [of(1, 2), of(1, 1), of(1, 2)]


def test_two_returns_of_one_council_and_month_are_refused(engine: Engine) -> None:
    with pytest.raises(ValueError, match="two returns"):
        of_each(engine, [*three(), three()[0]], SHARE)


def test_no_months_have_no_records(engine: Engine) -> None:
    assert records_of(engine, [], book(sheet(), indicator(SHARE))) == []


class _Counting:
    """An engine that counts what it is asked, over a real one."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.asked = engine, 0
        self.rows_at_once = engine.rows_at_once

    def run(
        self, tables: Mapping[ReturnKey, Table], query: Query
    ) -> Mapping[ReturnKey, Sequence[tuple[Number, ...]]]:
        self.asked += 1
        return self.engine.run(tables, query)


def test_all_months_of_a_table_share_one_select(engine: Engine) -> None:
    counting = _Counting(engine)
    of_each(counting, three(), SHARE, replace(SHARE, id="again", window=Window.QUARTER))

    assert counting.asked == 1


@pytest.mark.parametrize("window", Window)
def test_the_sql_of_a_measure_is_the_same_in_every_month(window: Window) -> None:
    one = share(Compare(Comparison.AT_LEAST, ref("held_on"), Day(Bound.WINDOW_START)), window=window)
    one = replace(one, window_from_table=True)
    queries = [fused([dated(one, sheet(), FIRST.plus(n), whole=True)]) for n in range(12)]

    assert set(queries) == {queries[0]}


def test_rules_may_have_more_conditions_than_a_whole_number_has_bits(engine: Engine) -> None:
    rows: list[Row] = [{"id": f"P{n}", "present": n, "contract": "permanent"} for n in range(40)]
    rows += [{"id": f"Q{n}", "present": n, "contract": UNKNOWN} for n in range(40)]
    measures = [replace(share(is_("present", n)), id=f"m{n}") for n in range(40)]
    rulebook = book(sheet(key=("id",)), *map(indicator, measures))
    (records,) = records_of(engine, [month(table(rows))], rulebook)

    assert {(one.low, one.high, one.in_doubt) for one in records.own.values()} == {(of(1, 2), of(2, 2), 1)}


@pytest.mark.parametrize("key", [(), ("id",)])
def test_one_condition_may_stand_in_two_parts_of_a_rule(engine: Engine, key: tuple[str, ...]) -> None:
    one = share(PERMANENT, PERMANENT, left_out=is_("team", "edge"))
    rows: list[Row] = [{"id": "A", "contract": "permanent"}, {"id": "B", "contract": UNKNOWN}]
    rulebook = book(sheet(key=key), indicator(one))
    (records,) = records_of(engine, [month(table(rows))], rulebook)

    assert (records.own["measure"].low, records.own["measure"].in_doubt) == (of(1, 2), 1)
