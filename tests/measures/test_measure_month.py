"""A month measured: every reason for no figure, counts beside rows, windows, and rules that fail."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from kpi_engine.measures.measure import records_of
from kpi_engine.rulebook.book import Kind, SheetKind, Unit, Window
from kpi_engine.terms.expression import AllOf, Bound, Compare, Comparison, Day
from kpi_engine.terms.measurement import Origin, Reason, Source
from kpi_engine.terms.period import Period
from kpi_engine.terms.returned import CountRow, MonthReturn, Problem
from kpi_engine.terms.table import ColumnType
from tests.measures.build import (
    DECEMBER,
    IN_CARE,
    UNKNOWN,
    Cell,
    book,
    both,
    count_row,
    indicator,
    is_,
    measured,
    month,
    of,
    ref,
    rule,
    share,
    sheet,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kpi_engine.measures.plan import Engine, Number, Query, ReturnKey
    from kpi_engine.rulebook.book import Measure, RuleBook
    from kpi_engine.terms.measurement import Measurement, MonthRecords, Parts
    from kpi_engine.terms.table import Table

SHARE = share(IN_CARE)
COUNT = rule(Kind.COUNT, where=IN_CARE, unit=Unit.NUMBER)
STATED = rule(Kind.STATED, value="fte")
THREE: list[dict[str, Cell]] = [
    {"team": "care", "contract": "permanent"},
    {"team": "care", "contract": "agency"},
    {"team": "edge", "contract": "permanent"},
]


def records_in(engine: Engine, one: MonthReturn, rulebook: RuleBook) -> MonthRecords:
    """Everything that one month's return measures."""
    (records,) = records_of(engine, [one], rulebook)
    return records


# ── No figure, and why ───────────────────────────────────────────────────────


def test_a_sheet_that_nothing_holds_has_the_months_own_reason(engine: Engine) -> None:
    assert measured(engine, SHARE, month()).reason is Reason.NO_RETURN


def test_a_refused_sheet_gives_its_problem_even_where_a_table_stands(engine: Engine) -> None:
    problem = Problem(Reason.RETURN_REFUSED, "Two workbooks hold it.")
    found = measured(engine, SHARE, month(table(THREE), problem=problem))

    assert (found.reason, found.detail, found.low) == (Reason.RETURN_REFUSED, "Two workbooks hold it.", None)


def test_a_missing_column_stops_only_the_measures_that_need_it(engine: Engine) -> None:
    held = table(THREE, lacks="contract")

    assert measured(engine, SHARE, held).reason is Reason.COLUMN_MISSING
    assert "Contract" in measured(engine, SHARE, held).detail
    assert measured(engine, COUNT, held).low == of(2)


def test_a_missing_key_or_dating_column_stops_every_measure(engine: Engine) -> None:
    events = sheet(kind=SheetKind.EVENTS, dated_by=(ref("held_on"),))

    assert (
        measured(engine, COUNT, table(THREE, lacks="id"), sheet(key=("id",))).reason is Reason.COLUMN_MISSING
    )
    assert measured(engine, COUNT, table(THREE, lacks="held_on"), events).reason is Reason.COLUMN_MISSING


@pytest.mark.parametrize(
    ("one", "nil", "reason", "figure"),
    [
        (SHARE, False, Reason.NO_DENOMINATOR, None),
        (COUNT, False, Reason.NO_DENOMINATOR, None),
        (STATED, False, Reason.NO_VALUE, None),
        (SHARE, True, Reason.NOTHING_DUE, None),
        (COUNT, True, None, of(0)),
        (STATED, True, Reason.NO_VALUE, None),
    ],
)
def test_an_empty_sheet_proves_nothing_unless_none_this_month_is_ticked(
    engine: Engine,
    one: Measure,
    nil: bool,  # noqa: FBT001  (a case)
    reason: Reason | None,
    figure: Parts | None,
) -> None:
    found = measured(engine, one, table([], nil=nil))

    assert (found.reason, found.low, found.high) == (reason, figure, figure)


def test_none_this_month_above_rows_is_a_disagreement(engine: Engine) -> None:
    found = measured(engine, COUNT, table(THREE, nil=True))

    assert found.reason is Reason.SOURCES_DISAGREE
    assert "None this month" in found.detail


def test_a_measurement_says_which_sheet_it_is_from(engine: Engine) -> None:
    found = measured(engine, SHARE, table(THREE))

    assert found.origins == (Origin(DECEMBER, "returns.xlsx", "Posts"),)
    assert (found.source, found.months, found.period) == (Source.ROWS, (DECEMBER,), DECEMBER)


# ── Counts ───────────────────────────────────────────────────────────────────


def counted(row: CountRow, *, rows: Table | None = None, listless: bool = False) -> MonthReturn:
    return month(rows, counts={"measure": row}, no_case_list=listless)


def test_counts_stand_in_only_where_the_cover_says_no_case_list(engine: Engine) -> None:
    found = measured(engine, SHARE, counted(count_row(17, 20), listless=True))

    assert (found.low, found.high, found.source) == (of(17, 20), of(17, 20), Source.COUNTS)
    assert measured(engine, SHARE, counted(count_row(17, 20))).reason is Reason.NO_RETURN
    assert measured(engine, SHARE, counted(count_row(17, 20), rows=table([]))).reason is Reason.NO_DENOMINATOR


def test_counts_stand_in_for_a_sheet_left_empty_or_out(engine: Engine) -> None:
    empty = counted(count_row(14), rows=table([]), listless=True)
    left_out = replace(empty, tables={}, problems={"posts": Problem(Reason.SHEET_MISSING, "No sheet.")})
    refused = replace(left_out, problems={"posts": Problem(Reason.RETURN_REFUSED, "Refused.")})

    assert measured(engine, COUNT, empty).low == of(14)
    assert measured(engine, COUNT, left_out).low == of(14)
    assert measured(engine, COUNT, refused).reason is Reason.RETURN_REFUSED


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (count_row(None), Reason.NO_VALUE),
        (count_row(None, why_none=Reason.NOTHING_DUE), Reason.NOTHING_DUE),
        (count_row(3), Reason.NO_VALUE),
        (count_row(None, unknown=True), Reason.NO_VALUE),
        (count_row(0, 0), Reason.NO_DENOMINATOR),
        (count_row(0, 0, why_none=Reason.NOTHING_DUE), Reason.NOTHING_DUE),
    ],
)
def test_a_counts_row_without_a_share_gives_its_reason(engine: Engine, row: CountRow, reason: Reason) -> None:
    found = measured(engine, SHARE, counted(row, listless=True))

    assert (found.reason, found.low) == (reason, None)


def test_no_counts_row_for_a_sheet_without_a_case_list_is_no_value(engine: Engine) -> None:
    assert measured(engine, SHARE, month(no_case_list=True)).reason is Reason.NO_VALUE


def test_rows_judge_and_counts_compare(engine: Engine) -> None:
    same = measured(engine, SHARE, counted(count_row(1, 2), rows=table(THREE), listless=True))
    other = measured(engine, SHARE, counted(count_row(2, 2), rows=table(THREE)))

    assert (same.low, same.source, same.reason) == (of(1, 2), Source.ROWS, None)
    assert (other.reason, other.low) == (Reason.SOURCES_DISAGREE, None)
    assert other.detail == "The rows give 1 of 2; row 7 of Counts says 2 of 2."


@pytest.mark.parametrize(
    ("number", "out_of", "agrees"),
    [(1, 3, True), (3, 4, True), (1, 4, True), (2, 2, False), (0, 3, False), (4, 4, False)],
)
def test_counts_agree_with_any_figure_that_doubt_allows(
    engine: Engine,
    number: int,
    out_of: int,
    agrees: bool,  # noqa: FBT001  (a case)
) -> None:
    rows = table([*THREE, {"team": UNKNOWN, "contract": "permanent"}, {"team": "care", "contract": UNKNOWN}])
    found = measured(engine, SHARE, counted(count_row(number, out_of), rows=rows))

    assert found.reason is (None if agrees else Reason.SOURCES_DISAGREE)
    if not agrees:
        assert found.detail.startswith("The rows give 1 of 3 to 3 of 4;")


@pytest.mark.parametrize("out_of", [2, 3])
def test_doubt_that_makes_the_least_share_the_larger_whole_is_allowed_for(
    engine: Engine, out_of: int
) -> None:
    rows = table([*THREE, {"team": UNKNOWN, "contract": "agency"}])

    assert measured(engine, SHARE, counted(count_row(1, out_of), rows=rows)).reason is None


def test_a_count_that_cannot_be_read_may_disagree(engine: Engine) -> None:
    found = measured(engine, SHARE, counted(count_row(None, unknown=True), rows=table(THREE)))
    assert found.reason is Reason.SOURCES_DISAGREE
    assert found.detail.endswith("cannot be read.")


@pytest.mark.parametrize("row", [count_row(None), count_row(1)])
def test_a_counts_row_that_says_nothing_is_not_compared(engine: Engine, row: CountRow) -> None:
    assert measured(engine, SHARE, counted(row, rows=table(THREE))).low == of(1, 2)


def test_counts_contradict_none_this_month(engine: Engine) -> None:
    nil = table([], nil=True)

    assert measured(engine, COUNT, counted(count_row(3), rows=nil)).reason is Reason.SOURCES_DISAGREE
    assert measured(engine, SHARE, counted(count_row(1, 3), rows=nil)).reason is Reason.SOURCES_DISAGREE
    assert measured(engine, SHARE, counted(count_row(0, 0), rows=nil)).reason is Reason.NOTHING_DUE


# ── The whole rulebook ───────────────────────────────────────────────────────

IN_WINDOW = AllOf(
    (
        Compare(Comparison.AT_LEAST, ref("held_on"), Day(Bound.WINDOW_START)),
        Compare(Comparison.AT_MOST, ref("held_on"), Day(Bound.WINDOW_END)),
    )
)


@pytest.mark.parametrize(
    ("window", "days"),
    [
        (Window.MONTH, (date(2023, 12, 1), 1)),
        (Window.QUARTER, (date(2023, 10, 1), 3)),
        (Window.ROLLING_12_MONTHS, (date(2023, 1, 1), 12)),
        (Window.YEAR_TO_DATE, (date(2023, 4, 1), 9)),
    ],
)
def test_a_window_from_the_table_is_measured_for_the_month_and_whole(
    engine: Engine, window: Window, days: tuple[date, int]
) -> None:
    first, months = days
    one = rule(Kind.COUNT, where=IN_WINDOW, unit=Unit.NUMBER, window=window, window_from_table=True)
    held = table(
        [
            {"held_on": date(2023, 12, 31)},
            {"held_on": first},
            {"held_on": date.fromordinal(first.toordinal() - 1)},
        ]
    )
    records = records_in(engine, month(held), book(sheet(), indicator(one)))

    assert records.whole["measure"].low == of(2)
    assert len(records.whole["measure"].months) == months
    assert records.own["measure"].low == (of(2) if window is Window.MONTH else of(1))
    assert records.own["measure"].months == (DECEMBER,)


def test_other_measures_have_no_whole_record_but_see_the_windows_days(engine: Engine) -> None:
    one = rule(Kind.COUNT, where=IN_WINDOW, unit=Unit.NUMBER, window=Window.QUARTER)
    held = table([{"held_on": date(2023, 10, 1)}, {"held_on": date(2023, 9, 30)}])
    records = records_in(engine, month(held), book(sheet(), indicator(one)))

    assert records.own["measure"].low == of(1)
    assert not records.whole


def test_counts_are_held_against_the_whole_window(engine: Engine) -> None:
    one = rule(Kind.COUNT, where=IN_WINDOW, unit=Unit.NUMBER, window=Window.QUARTER, window_from_table=True)
    held = table([{"held_on": date(2023, 10, 1)}, {"held_on": date(2023, 12, 1)}])
    rulebook = book(sheet(), indicator(one))
    agreeing = records_in(engine, counted(count_row(2), rows=held), rulebook)
    standing_in = records_in(engine, counted(count_row(2), listless=True), rulebook)

    assert (agreeing.own["measure"].low, agreeing.whole["measure"].low) == (of(1), of(2))
    assert (standing_in.own["measure"].reason, standing_in.whole["measure"].low) == (Reason.NO_VALUE, of(2))


def test_every_measure_is_there_those_beside_too(engine: Engine) -> None:
    beside = replace(COUNT, id="beside")
    records = records_in(engine, month(table(THREE)), book(sheet(), indicator(SHARE, beside)))

    assert {name: found.low for name, found in records.own.items()} == {"measure": of(1, 2), "beside": of(2)}


@pytest.mark.parametrize(
    ("cell", "target", "reason"),
    [(3, of(3), None), (None, None, None), (UNKNOWN, None, Reason.ROWS_IN_DOUBT)],
)
def test_a_stated_target_comes_from_the_row_of_the_figure(
    engine: Engine, cell: Cell, target: Parts | None, reason: Reason | None
) -> None:
    one = rule(Kind.STATED, where=IN_CARE, value="fte", unit=Unit.RATE, also_reads=("due",))
    held = table([{"team": "care", "fte": Decimal("1.5"), "due": cell}, {"team": "edge", "due": 1}])
    found = records_in(engine, month(held), book(sheet(), indicator(one, target_column="due"))).own

    assert found["measure"].reason is reason
    assert found["measure"].low == (None if reason else of("1.5"))
    assert found["measure"].stated_target == (target.numerator if target else None)


# ── Rules that fail ──────────────────────────────────────────────────────────

BROKEN = replace(share(both(IN_CARE, Compare(Comparison.LESS, ref("team"), ref("held_on")))), id="broken")


def test_a_rule_that_fails_alone_leaves_the_others_their_figures(engine: Engine) -> None:
    records = records_in(
        engine,
        month(table([{"team": "Ada Lovelace"}, *THREE])),
        book(sheet(), indicator(SHARE, BROKEN, COUNT_BESIDE)),
    )

    broken = records.own["broken"]
    assert (broken.reason, broken.low) == (Reason.RULE_ERROR, None)
    assert "Exception" in broken.detail or "Error" in broken.detail
    assert "Lovelace" not in broken.detail
    assert records.own["measure"].low == of(1, 2)
    assert records.own["beside"].low == of(2)


COUNT_BESIDE = replace(COUNT, id="beside")


@pytest.mark.parametrize(
    "broken",
    [
        share(numerator=None),
        rule(Kind.LONGEST),
        rule(Kind.SUMS, numerator_sum="present"),
        share(weight="agreed"),
        share(is_("fte", Decimal("NaN"))),
        share(is_("fte", Decimal("1E+60"))),
    ],
)
def test_a_rule_that_lacks_what_its_kind_needs_is_a_rule_error(engine: Engine, broken: Measure) -> None:
    assert measured(engine, broken, table(THREE)).reason is Reason.RULE_ERROR


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


def test_all_measures_of_a_table_share_one_select(engine: Engine) -> None:
    counting = _Counting(engine)
    measures = [replace(SHARE, id=f"m{n}", window_from_table=n % 2 == 0) for n in range(12)]
    records = records_in(counting, month(table(THREE)), book(sheet(), *map(indicator, measures)))

    assert counting.asked == 1
    assert {found.low for found in (*records.own.values(), *records.whole.values())} == {of(1, 2)}


def test_a_measure_says_the_same_alone_and_among_others(engine: Engine) -> None:
    measures = [
        SHARE,
        COUNT_BESIDE,
        replace(share(IN_CARE, weight="fte"), id="weighed"),
        replace(STATED, id="stated"),
    ]
    rows = table([{**row, "fte": Decimal("0.5"), "id": f"P{n}"} for n, row in enumerate(THREE)])
    together = records_in(engine, month(rows), book(sheet(key=("id",)), *map(indicator, measures))).own
    alone: dict[str, Measurement] = {
        one.id: measured(engine, one, rows, sheet(key=("id",))) for one in measures
    }

    assert together == alone


def test_the_month_is_the_returns_own(engine: Engine) -> None:
    in_month = rule(
        Kind.COUNT,
        where=Compare(Comparison.AT_MOST, ref("held_on"), Day(Bound.PERIOD_END)),
        unit=Unit.NUMBER,
    )
    held = month(table([{"held_on": date(2023, 12, 31)}, {"held_on": date(2023, 11, 30)}]))

    assert measured(engine, in_month, replace(held, period=Period.parse("2023-11"))).low == of(1)


def test_a_column_of_every_type_can_be_read(engine: Engine) -> None:
    row: dict[str, Cell] = {
        "id": "P1",
        "team": "care",
        "held_on": date(2023, 12, 1),
        "present": 10**20,
        "fte": Decimal("0.000000000000000001"),
        "agreed": True,
    }
    one = share(both(*(Compare(Comparison.EQUAL, ref(name), ref(name)) for name in row)))

    assert {ref(name).type for name in row} == set(ColumnType) - {ColumnType.TEXT}
    assert measured(engine, one, table([row | {"present": 7, "contract": "permanent"}])).low == of(1, 1)
