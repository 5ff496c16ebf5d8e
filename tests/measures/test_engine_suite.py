"""What every engine must make of the same tables, against the rules in plain Python."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpi_engine.measures.conditions import literal, mark, quoted, unknown
from kpi_engine.measures.plan import Query, dated
from kpi_engine.rulebook.book import Kind, SheetKind, Unit
from kpi_engine.tables.typed import PLACES
from kpi_engine.terms.expression import (
    ALWAYS,
    AllOf,
    AnyOf,
    Bound,
    Choose,
    Compare,
    Comparison,
    Condition,
    Day,
    IsBlank,
    IsTrue,
    Literal,
    Not,
    OneOf,
    Shift,
    columns_of,
)
from kpi_engine.terms.measurement import Parts, Reason
from kpi_engine.terms.table import Column, ColumnType, Table
from tests.measures import oracle
from tests.measures.build import (
    DECEMBER,
    IN_CARE,
    PERMANENT,
    UNKNOWN,
    Cell,
    either,
    is_,
    measured,
    of,
    on_or_before,
    ref,
    rule,
    run,
    share,
    sheet,
    table,
)

if TYPE_CHECKING:
    from kpi_engine.measures.plan import Engine
    from kpi_engine.rulebook.book import Measure
    from kpi_engine.terms.measurement import Measurement

Row = dict[str, Cell]
KEYED = sheet(key=("id",))
THE_MONTH = dated(share(), sheet(), DECEMBER, whole=True)
DAYS = THE_MONTH.days
# Each example is a query of its own, so they are few and have no deadline.
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# ── Random rows and conditions ───────────────────────────────────────────────

DAYS_THAT_BITE = [
    date(2023, 1, 31),
    date(2023, 2, 28),
    date(2023, 11, 30),
    date(2023, 12, 31),
    date(2024, 2, 29),
    date(2024, 8, 31),
]
DOMAIN: dict[str, list[Cell]] = {
    "id": ["P1", "P2"],
    "team": ["care", "edge", None],
    "contract": ["permanent", "agency"],
    "held_on": [DAYS_THAT_BITE[0], DAYS_THAT_BITE[3], None],
    "due_on": [DAYS_THAT_BITE[1], DAYS_THAT_BITE[4]],
    "fte": [Decimal(0), Decimal("0.5"), Decimal(2)],
    "agreed": [True, False, None],
}
rows_of_cells = st.fixed_dictionaries(
    {name: st.sampled_from([*cells, UNKNOWN]) for name, cells in DOMAIN.items()}
)
day = st.recursive(
    st.sampled_from([ref("held_on"), ref("due_on"), *map(Day, Bound), *map(Literal, DAYS_THAT_BITE)]),
    lambda inner: st.one_of(
        st.builds(Shift, inner, st.integers(-14, 14), st.integers(-40, 40)),
        st.builds(Choose, st.booleans(), inner, inner),
    ),
    max_leaves=3,
)
options = st.lists(st.sampled_from(["care", "edge", "O'Brien"]).map(Literal), max_size=2).map(tuple)
atom = st.one_of(
    st.builds(Compare, st.sampled_from(Comparison), day, day),
    st.sampled_from([IN_CARE, PERMANENT, is_("fte", Decimal("0.5")), IsTrue(ref("agreed"))]),
    st.builds(Compare, st.sampled_from(Comparison), st.just(ref("fte")), st.just(Literal(1))),
    st.builds(OneOf, st.just(ref("team")), options),
    st.builds(IsBlank, st.one_of(day, st.sampled_from([ref("team"), ref("agreed")]))),
)
condition = st.recursive(
    atom,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(AllOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=5,
)


@st.composite
def some_rows(draw: st.DrawFn, unknown_cells: int = 3, names: tuple[str, ...] = tuple(DOMAIN)) -> list[Row]:
    """One to four rows, with so many unknown cells at most."""
    size = draw(st.integers(1, 4))
    rows = [{name: draw(st.sampled_from(DOMAIN[name])) for name in names} for _ in range(size)]
    gaps = st.tuples(st.integers(0, size - 1), st.sampled_from(names))
    for n, name in draw(st.lists(gaps, max_size=unknown_cells)):
        rows[n][name] = UNKNOWN
    return rows


def shares(weight: str | None = None) -> st.SearchStrategy[Measure]:
    return st.builds(
        lambda where, left_out, counted: share(where, counted, left_out=left_out, weight=weight),
        condition,
        st.none() | condition,
        condition,
    )


counts = st.builds(
    lambda where, out: rule(Kind.COUNT, where=where, left_out=out), condition, st.none() | condition
)
measures = st.one_of(shares(), shares("fte"), counts)

# ── Conditions ───────────────────────────────────────────────────────────────


def marks_of(engine: Engine, asked: list[Condition], rows: list[Row]) -> list[list[int]]:
    """The marks 2, 1 or 0 of every row for each condition."""
    listed = ", ".join(f"{mark(one, THE_MONTH.columns)} AS c{n}" for n, one in enumerate(asked))
    reads = tuple(sorted(frozenset[str]().union(*map(columns_of, asked)) or {"id"}))
    names = tuple(f"c{n}" for n in range(len(asked)))
    sql = f'SELECT _authority, _period, {listed} FROM "posts" ORDER BY _row'  # noqa: S608
    days = tuple(set(THE_MONTH.columns.values()))
    found = run(engine, table(rows), Query("posts", sql, days, reads, names))
    return [[int(number or 0) for number in row] for row in found]


@few
@given(
    asked=st.lists(condition, min_size=1, max_size=6), rows=st.lists(rows_of_cells, min_size=1, max_size=8)
)
def test_sql_agrees_with_three_valued_logic(engine: Engine, asked: list[Condition], rows: list[Row]) -> None:
    expected = [[{True: 2, None: 1, False: 0}[oracle.truth(one, row, DAYS)] for one in asked] for row in rows]

    assert marks_of(engine, asked, rows) == expected


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2023, 8, 31), 6, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), -12, date(2023, 2, 28)),
        (date(2023, 12, 31), -1, date(2023, 11, 30)),
        (date(2023, 3, 31), -1, date(2023, 2, 28)),
    ],
)
def test_months_are_calendar_months_clamped_to_the_month_end(
    engine: Engine, start: date, months: int, end: date
) -> None:
    shifted = Shift(ref("held_on"), months=months)
    on_the_day = Compare(Comparison.EQUAL, shifted, Literal(end))

    assert marks_of(engine, [on_the_day], [{"held_on": start}]) == [[2]]


def test_months_come_before_days(engine: Engine) -> None:
    shifted = Compare(Comparison.EQUAL, Shift(ref("held_on"), 1, 1), Literal(date(2023, 3, 1)))

    assert marks_of(engine, [shifted], [{"held_on": date(2023, 1, 30)}]) == [[2]]


@pytest.mark.parametrize(
    "text", ["O'Brien", "'; DROP TABLE posts; --", '"quoted"', "back\\slash", "ünï ☃", "%_"]
)
def test_text_is_compared_exactly_whatever_it_holds(engine: Engine, text: str) -> None:
    rows: list[Row] = [{"team": text}, {"team": text.upper() + " "}, {"team": None}, {"team": UNKNOWN}]

    assert marks_of(engine, [is_("team", text), OneOf(ref("team"), (Literal(text),))], rows) == [
        [2, 2],
        [0, 0],
        [0, 0],
        [1, 1],
    ]


def test_a_known_blank_is_less_than_nothing_and_not_in_nothing(engine: Engine) -> None:
    blank: list[Row] = [{"held_on": None, "team": None}]
    before = on_or_before("held_on", date(2023, 12, 31))
    asked: list[Condition] = [before, Not(before), Not(OneOf(ref("team"), (Literal("care"),)))]

    assert marks_of(engine, asked, blank) == [[0, 2, 2]]


def test_a_choice_of_dates_is_blank_if_either_is(engine: Engine) -> None:
    rows: list[Row] = [{"held_on": date(2023, 12, 1), "due_on": None}]

    assert marks_of(
        engine, [IsBlank(Choose(latest, ref("held_on"), ref("due_on"))) for latest in (True, False)], rows
    ) == [[2, 2]]


# ── Bounds: low <= every figure that the cells allow <= high ─────────────────


def check_bounds(one: Measure, found: Measurement, rows: list[Row], key: tuple[str, ...]) -> None:
    """Each way to fill in the cells, and to take one row of each key for the right one, is in the bounds."""
    if found.low is None or found.high is None:
        assert found.reason is Reason.NO_DENOMINATOR
    low = None if found.low is None else found.low.value
    high = None if found.high is None else found.high.value
    for complete in oracle.completions(rows, DOMAIN):
        for chosen in oracle.cases(complete, key):
            true = oracle.figure(one, chosen, DAYS)
            if true is None:
                continue
            assert found.reason is None
            # 0 of 0 as the least means that only counted rows may be in it; as the greatest, only others.
            assert true == 1 if low is None else low <= true
            assert true == 0 if high is None else true <= high


@few
@given(one=measures, rows=some_rows())
def test_every_figure_that_the_cells_allow_is_within_the_bounds(
    engine: Engine, one: Measure, rows: list[Row]
) -> None:
    check_bounds(one, measured(engine, one, table(rows)), rows, ())


@few
@given(one=measures, rows=some_rows(2))
def test_duplicates_and_rows_without_a_key_stay_within_the_bounds(
    engine: Engine, one: Measure, rows: list[Row]
) -> None:
    check_bounds(one, measured(engine, one, table(rows), KEYED), rows, ("id",))


@few
@given(rows=some_rows(4, ("team", "contract", "fte")), weight=st.sampled_from([None, "fte"]))
def test_the_bounds_are_reached_where_rows_differ_and_have_keys(
    engine: Engine, rows: list[Row], weight: str | None
) -> None:
    one = share(IN_CARE, weight=weight)
    found = measured(engine, one, table(rows))
    figures = [oracle.figure(one, complete, DAYS) for complete in oracle.completions(rows, DOMAIN)]
    defined = [figure for figure in figures if figure is not None]

    if found.low is not None and found.low.value is not None:
        assert found.low.value == min(defined)
    if found.high is not None and found.high.value is not None:
        assert found.high.value == max(defined)


@few
@given(one=measures, rows=some_rows(), keyed=st.booleans(), data=st.data())
def test_a_cell_made_unknown_never_raises_low_nor_lowers_high(
    engine: Engine,
    one: Measure,
    rows: list[Row],
    keyed: bool,  # noqa: FBT001  (drawn)
    data: st.DataObject,
) -> None:
    spec = KEYED if keyed else sheet()
    before = measured(engine, one, table(rows), spec)
    n, name = data.draw(st.tuples(st.integers(0, len(rows) - 1), st.sampled_from(sorted(DOMAIN))))
    after = measured(engine, one, table([*rows[:n], rows[n] | {name: UNKNOWN}, *rows[n + 1 :]]), spec)

    if before.low is not None and after.low is not None:
        assert least(after) <= least(before)
    if before.high is not None and after.high is not None:
        assert most(after) >= most(before)


def least(found: Measurement) -> Fraction:
    """0 of 0 as the least figure stands for all counted."""
    value = found.low.value if found.low else None
    return Fraction(1) if value is None else value


def most(found: Measurement) -> Fraction:
    """0 of 0 as the greatest figure stands for none counted."""
    value = found.high.value if found.high else None
    return Fraction(0) if value is None else value


@few
@given(one=measures, rows=some_rows(), data=st.data())
def test_the_order_of_rows_never_matters(
    engine: Engine, one: Measure, rows: list[Row], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(rows))

    assert measured(engine, one, table(shuffled), KEYED) == measured(engine, one, table(rows), KEYED)


@few
@given(one=measures, rows=some_rows(), keyed=st.booleans())
def test_low_is_never_above_high_and_they_differ_only_with_rows_in_doubt(
    engine: Engine,
    one: Measure,
    rows: list[Row],
    keyed: bool,  # noqa: FBT001  (drawn)
) -> None:
    found = measured(engine, one, table(rows), KEYED if keyed else sheet())
    if found.low is None or found.high is None:
        return
    if found.low.value is not None and found.high.value is not None:
        assert found.low.value <= found.high.value
    if found.low != found.high:
        assert found.in_doubt > 0


# ── Sums ─────────────────────────────────────────────────────────────────────

ATTENDED = rule(Kind.SUMS, where=IN_CARE, numerator_sum="present", denominator_sum="due")
NUMBERS: dict[str, list[Cell]] = {
    "team": ["care", "edge"],
    "present": [0, 1, 3],
    "due": [0, 1, 3, 4],
    "id": ["P1", "P2"],
}


@st.composite
def meetings(draw: st.DrawFn, unknown_cells: int = 3) -> list[Row]:
    """Meetings where nobody is present who was not due."""
    rows: list[Row] = []
    for _ in range(draw(st.integers(1, 4))):
        due = draw(st.sampled_from([0, 1, 3]))
        row: Row = {"present": draw(st.sampled_from([n for n in (0, 1, 3) if n <= due])), "due": due}
        rows.append(row | {name: draw(st.sampled_from(NUMBERS[name])) for name in ("id", "team")})
    gaps = st.tuples(st.integers(0, len(rows) - 1), st.sampled_from(sorted(NUMBERS)))
    for n, name in draw(st.lists(gaps, max_size=unknown_cells)):
        rows[n][name] = UNKNOWN
    return rows


def sensible(complete: list[Row]) -> bool:
    return all(Fraction(row["present"]) <= Fraction(row["due"]) for row in complete)  # type: ignore[arg-type]


@few
@given(rows=meetings(), keyed=st.booleans())
def test_sums_that_the_cells_allow_are_within_the_bounds(
    engine: Engine,
    rows: list[Row],
    keyed: bool,  # noqa: FBT001  (drawn)
) -> None:
    key = ("id",) if keyed else ()
    found = measured(engine, ATTENDED, table(rows), sheet(key=key))
    for complete in oracle.completions(rows, NUMBERS):
        if not sensible(complete):
            continue
        for chosen in oracle.cases(complete, key):
            true = oracle.figure(ATTENDED, chosen, DAYS)
            if true is not None:
                assert found.low is not None
                assert found.high is not None
                assert true == 1 if found.low.value is None else found.low.value <= true
                assert true == 0 if found.high.value is None else true <= found.high.value


@few
@given(rows=meetings(4))
def test_sums_reach_their_bounds_where_the_population_is_certain(engine: Engine, rows: list[Row]) -> None:
    one = rule(Kind.SUMS, numerator_sum="present", denominator_sum="due")
    certain: list[Row] = [{name: row[name] for name in ("present", "due")} for row in rows]
    found = measured(engine, one, table(certain))
    sums = [
        oracle.figure(one, complete, DAYS)
        for complete in oracle.completions(certain, NUMBERS)
        if sensible(complete)
    ]
    defined = [figure for figure in sums if figure is not None]

    if found.low is not None and found.low.value is not None:
        assert found.low.value == min(defined)
    if found.high is not None and found.high.value is not None:
        assert found.high.value == max(defined)


def test_a_part_never_counts_for_more_than_its_whole(engine: Engine) -> None:
    found = measured(
        engine,
        ATTENDED,
        table([{"team": "care", "present": 3, "due": 1}, {"team": "care", "present": 0, "due": 3}]),
    )

    assert (found.low, found.high) == (of(1, 4), of(1, 4))


# ── Numbers, texts and names at their limits ─────────────────────────────────


@pytest.mark.parametrize(
    "number", ["0.1", "0.000001", "0.000000000000001", "0.8108108108108109", "123456789012345678", "1E+3"]
)
def test_every_decimal_is_added_up_exactly(engine: Engine, number: str) -> None:
    rows: list[Row] = [{"contract": c, "fte": Decimal(number)} for c in ("permanent", "agency", "agency")]
    found = measured(engine, share(weight="fte"), table(rows))

    assert found.low == found.high == of(Fraction(number), 3 * Fraction(number))


def test_a_number_of_38_digits_is_stated_as_it_is(engine: Engine) -> None:
    long = Decimal("9" * 32 + ".999999")
    one = rule(Kind.STATED, value="fte", unit=Unit.NUMBER)

    assert measured(engine, one, table([{"fte": long}])).low == of(str(long))


def test_a_sum_too_large_to_hold_is_an_error_and_never_wraps(engine: Engine) -> None:
    held = table([{"present": 9 * 10**31, "due": 1}] * 2)
    one = rule(Kind.SUMS, numerator_sum="present", denominator_sum="present")

    assert measured(engine, one, held).reason is Reason.RULE_ERROR


def test_numbers_are_compared_to_the_last_place(engine: Engine) -> None:
    least = Decimal("0.000000000000001")
    asked: list[Condition] = [
        Compare(Comparison.LESS, ref("fte"), Literal(least)),
        OneOf(ref("fte"), (Literal(0), Literal(1), Literal(2 * least))),
        Compare(Comparison.EQUAL, ref("fte"), Literal(1)),
    ]
    rows: list[Row] = [{"fte": number} for number in (Decimal(0), least, 2 * least, Decimal(1), 1 + least)]

    assert marks_of(engine, asked, rows) == [[2, 2, 0], [0, 0, 0], [0, 2, 0], [0, 2, 2], [0, 0, 0]]


@pytest.mark.parametrize("number", [Decimal(1).scaleb(-PLACES - 1), Decimal("1" * 39), Decimal("Infinity")])
def test_a_number_that_not_every_engine_compares_exactly_is_refused(number: Decimal) -> None:
    with pytest.raises(ValueError, match="exactly"):
        literal(number)
    assert literal(Decimal(1).scaleb(-PLACES))  # as fine as a lake's numbers are


@pytest.mark.parametrize(
    "name", ['said "so"', "back\\slash", "`ticked`", "it's", "ünï ☃", "a.b", "100%", "${x}", "SELECT"]
)
def test_a_column_is_found_whatever_its_name_holds(engine: Engine, name: str) -> None:
    text = Column(name, ColumnType.TEXT, ["a", "b", None], [False, False, True])
    held = Table("posts", DECEMBER, {name: text}, [5, 6, 7], file="", sheet="")
    sql = f"SELECT _authority, _period, COUNT({quoted(name)}), COUNT(CASE WHEN {unknown(name)} THEN 1 END)"
    query = Query("posts", f'{sql} FROM "posts" GROUP BY _authority, _period', (), (name,), ("n", "unknown"))

    assert run(engine, held, query) == [(2, 1)]


# ── Shares, counts, waits and stated figures ─────────────────────────────────


def test_seventeen_of_twenty_is_exactly_that(engine: Engine) -> None:
    rows: list[Row] = [{"team": "care", "contract": "permanent" if n < 17 else "agency"} for n in range(20)]
    found = measured(engine, share(IN_CARE), table(rows))

    assert found.low == found.high == of(17, 20)
    assert found.in_doubt == 0


def test_doubtful_rows_count_against_in_low_and_for_in_high(engine: Engine) -> None:
    rows: list[Row] = [{"team": "care", "contract": "permanent"}] * 3
    rows += [
        {"team": "care", "contract": UNKNOWN},
        {"team": UNKNOWN, "contract": "permanent"},
        {"team": UNKNOWN, "contract": "agency"},
        {"team": "edge", "contract": UNKNOWN},
    ]
    found = measured(engine, share(IN_CARE), table(rows))

    assert (found.low, found.high, found.in_doubt) == (of(3, 5), of(5, 5), 3)


def test_rows_left_out_are_in_neither_part_and_their_number_is_kept(engine: Engine) -> None:
    left = Not(IsBlank(ref("held_on")))
    rows: list[Row] = [
        {"team": "care", "contract": "permanent"},
        {"team": "care", "contract": "agency", "held_on": date(2023, 12, 1)},
        {"team": "edge", "contract": "agency", "held_on": date(2023, 12, 1)},
        {"team": "care", "contract": "agency", "held_on": UNKNOWN},
    ]
    found = measured(engine, share(IN_CARE, left_out=left), table(rows))

    assert (found.left_out, found.in_doubt) == (1, 1)
    assert (found.low, found.high) == (of(1, 2), of(1, 1))


def test_weights_are_added_up_exactly(engine: Engine) -> None:
    rows: list[Row] = [{"contract": "permanent", "fte": Decimal("0.1")}] * 3
    rows += [
        {"contract": "agency", "fte": Decimal("0.8108108108108109")},
        {"contract": "agency", "fte": None},
    ]
    found = measured(engine, share(weight="fte"), table(rows))

    assert found.low == found.high == of(Fraction(3, 10), Fraction("1.1108108108108109"))


def test_an_unknown_weight_lies_between_the_least_and_most_of_its_column(engine: Engine) -> None:
    rows: list[Row] = [{"contract": "permanent", "fte": UNKNOWN}, {"contract": "agency", "fte": Decimal(1)}]
    found = measured(engine, share(weight="fte"), table(rows))

    assert (found.low, found.high, found.in_doubt) == (of(0, 1), of(2, 3), 1)


def test_an_unknown_weight_of_a_row_not_counted_is_its_most_in_the_least_share(engine: Engine) -> None:
    rows: list[Row] = [{"contract": "permanent", "fte": Decimal(1)}, {"contract": "agency", "fte": UNKNOWN}]
    found = measured(engine, share(weight="fte"), table(rows))

    assert (found.low, found.high) == (of(1, 3), of(1, 1))


def test_a_share_of_nobody_is_no_denominator_on_a_sheet_with_rows(engine: Engine) -> None:
    rows: list[Row] = [{"team": "edge", "contract": "permanent"}]

    assert measured(engine, share(IN_CARE), table(rows)).reason is Reason.NO_DENOMINATOR
    nothing_due = share(IN_CARE, when_none=Reason.NOTHING_DUE)
    assert measured(engine, nothing_due, table(rows)).reason is Reason.NOTHING_DUE


def test_a_share_that_doubt_alone_makes_keeps_both_parts(engine: Engine) -> None:
    found = measured(engine, share(IN_CARE), table([{"team": UNKNOWN, "contract": "permanent"}]))

    assert (found.low, found.high, found.reason) == (of(0, 0), of(1, 1), None)


@pytest.mark.parametrize("kind", [Kind.COUNT, Kind.OCCURRENCE, Kind.CHANGE])
def test_counts_have_no_denominator_and_none_counted_is_nought(engine: Engine, kind: Kind) -> None:
    one = rule(kind, where=IN_CARE, unit=Unit.NUMBER)
    rows: list[Row] = [{"team": "care"}, {"team": "care"}, {"team": UNKNOWN}, {"team": "edge"}]
    found = measured(engine, one, table(rows))

    assert (found.low, found.high, found.in_doubt) == (of(2), of(3), 1)
    assert measured(engine, one, table(rows[3:])).low == of(0)


def test_the_longest_wait_is_in_days_to_the_end_of_the_period(engine: Engine) -> None:
    one = rule(Kind.LONGEST, where=IN_CARE, since=ref("held_on"), unit=Unit.DAYS)
    rows: list[Row] = [
        {"team": "care", "held_on": date(2023, 12, 1)},
        {"team": "care", "held_on": date(2023, 12, 1)},
        {"team": "care", "held_on": date(2024, 1, 5)},
        {"team": "care", "held_on": None},
        {"team": "edge", "held_on": date(2020, 1, 1)},
    ]
    assert measured(engine, one, table(rows)).low == of(30)
    doubtful = measured(
        engine,
        one,
        table([*rows, {"team": UNKNOWN, "held_on": date(2023, 1, 1)}, {"team": "care", "held_on": UNKNOWN}]),
    )
    assert (doubtful.low, doubtful.high, doubtful.in_doubt) == (of(30), of(364), 2)
    assert measured(engine, one, table(rows[4:])).low == of(0)


def test_a_stated_percentage_is_held_as_a_fraction_of_one(engine: Engine) -> None:
    rows: list[Row] = [{"team": "care", "fte": Decimal("18.3")}, {"team": "edge", "fte": Decimal(99)}]

    assert measured(engine, rule(Kind.STATED, where=IN_CARE, value="fte"), table(rows)).low == of("183/1000")
    number = rule(Kind.STATED, where=IN_CARE, value="fte", unit=Unit.RATE)
    assert measured(engine, number, table(rows)).high == of("18.3")


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([{"team": "edge", "fte": Decimal(1)}], Reason.NO_VALUE),
        ([{"team": "care", "fte": None}], Reason.NO_VALUE),
        ([{"team": "care", "fte": Decimal(1)}, {"team": "care", "fte": Decimal(2)}], Reason.SOURCES_DISAGREE),
        ([{"team": "care", "fte": Decimal(1)}, {"team": "care", "fte": None}], Reason.SOURCES_DISAGREE),
        ([{"team": "care", "fte": UNKNOWN}], Reason.ROWS_IN_DOUBT),
        ([{"team": UNKNOWN, "fte": Decimal(1)}], Reason.ROWS_IN_DOUBT),
        ([{"team": "care", "fte": Decimal(1)}, {"team": UNKNOWN, "fte": Decimal(2)}], Reason.ROWS_IN_DOUBT),
        ([{"team": "care", "fte": Decimal(1)}, {"team": "care", "fte": Decimal(1)}], None),
        ([{"team": "care", "fte": Decimal(1)}, {"team": UNKNOWN, "fte": Decimal(1)}], None),
    ],
)
def test_a_stated_figure_is_one_figure_or_a_reason(
    engine: Engine, rows: list[Row], reason: Reason | None
) -> None:
    assert measured(engine, rule(Kind.STATED, where=IN_CARE, value="fte"), table(rows)).reason is reason


# ── Events ───────────────────────────────────────────────────────────────────


def test_an_event_counts_in_the_month_of_one_of_its_dates(engine: Engine) -> None:
    spec = sheet(kind=SheetKind.EVENTS, dated_by=(ref("held_on"), Shift(ref("due_on"), months=1)))
    rows: list[Row] = [
        {"held_on": date(2023, 12, 1)},
        {"held_on": date(2023, 12, 31)},
        {"held_on": date(2023, 11, 30), "due_on": date(2023, 11, 30)},
        {"held_on": date(2023, 11, 30), "due_on": date(2023, 10, 31)},
        {"held_on": date(2024, 1, 1)},
        {"held_on": None, "due_on": None},
        {"held_on": UNKNOWN},
        {"held_on": UNKNOWN, "due_on": date(2023, 11, 1)},
    ]
    found = measured(engine, rule(Kind.COUNT, where=ALWAYS, unit=Unit.NUMBER), table(rows), spec)

    assert (found.low, found.high, found.in_doubt) == (of(4), of(5), 1)


# ── Duplicates and rows without a key ────────────────────────────────────────


def unit(*rows: Row) -> list[Row]:
    """A settled row counted and a settled row not, then the rows of the test."""
    return [
        {"id": "A", "team": "care", "contract": "permanent"},
        {"id": "B", "team": "care", "contract": "agency"},
        *rows,
    ]


ONE_KEY: dict[str, tuple[list[tuple[Cell, Cell, Cell]], Parts, Parts, int]] = {
    "identical rows count once": ([("P", "care", "permanent")] * 2, of(2, 3), of(2, 3), 0),
    "identical rows outside stay outside": ([("P", None, "permanent")] * 2, of(1, 2), of(1, 2), 0),
    "a known blank is a key": ([(None, "care", "permanent")] * 2, of(2, 3), of(2, 3), 0),
    "numerator differs": ([("P", "care", "permanent"), ("P", "care", "agency")], of(1, 3), of(2, 3), 2),
    "population differs": ([("P", "care", "permanent"), ("P", "edge", "permanent")], of(1, 2), of(2, 3), 2),
    "one of two in doubt": ([("P", "care", "agency"), ("P", UNKNOWN, "agency")], of(1, 3), of(1, 2), 2),
    "a row without a key costs one": ([(UNKNOWN, "care", "permanent")], of(0, 3), of(3, 3), 1),
    "and so if it is outside itself": ([(UNKNOWN, "edge", "permanent")], of(0, 2), of(2, 2), 1),
    "each row without a key is its own": ([(UNKNOWN, "care", "agency")] * 2, of(0, 4), of(4, 4), 2),
}


@pytest.mark.parametrize(("rows", "low", "high", "in_doubt"), ONE_KEY.values(), ids=ONE_KEY)
def test_rows_of_one_key_are_one_case(
    engine: Engine, rows: list[tuple[Cell, Cell, Cell]], low: Parts, high: Parts, in_doubt: int
) -> None:
    given_rows = unit(*({"id": one, "team": team, "contract": contract} for one, team, contract in rows))
    found = measured(engine, share(IN_CARE), table(given_rows), KEYED)

    assert (found.low, found.high, found.in_doubt) == (low, high, in_doubt)


def test_every_part_of_a_key_makes_the_case(engine: Engine) -> None:
    rows: list[Row] = [
        {"id": "P", "sub": "1"},
        {"id": "P", "sub": "2"},
        {"id": "P", "sub": None},
        {"id": "P", "sub": None},
    ]
    found = measured(engine, rule(Kind.COUNT, unit=Unit.NUMBER), table(rows), sheet(key=("id", "sub")))

    assert (found.low, found.high) == (of(3), of(3))


def test_duplicates_that_differ_in_weight_alone_weigh_the_least_and_the_most(engine: Engine) -> None:
    twice: Row = {"id": "P", "team": "care", "contract": "permanent"}
    rows = unit(twice | {"fte": Decimal("0.5")}, twice | {"fte": Decimal(1)})
    rows[0]["fte"] = rows[1]["fte"] = Decimal(1)
    found = measured(engine, share(IN_CARE, weight="fte"), table(rows), KEYED)

    assert (found.low, found.high, found.in_doubt) == (of("3/2", "5/2"), of(2, 3), 2)


def test_a_row_without_a_key_costs_the_most_it_could_weigh(engine: Engine) -> None:
    rows: list[Row] = [
        {"id": "A", "contract": "permanent", "fte": Decimal(2)},
        {"id": "B", "contract": "permanent", "fte": Decimal(1)},
        {"id": "C", "contract": "agency", "fte": Decimal(1)},
        {"id": UNKNOWN, "contract": "agency", "fte": Decimal(1)},
    ]
    found = measured(engine, share(weight="fte"), table(rows), KEYED)

    assert (found.low, found.high) == (of(1, 5), of(5, 5))


def test_a_row_without_a_key_leaves_no_longest_wait_certain(engine: Engine) -> None:
    one = rule(Kind.LONGEST, since=ref("held_on"), unit=Unit.DAYS)
    rows: list[Row] = [
        {"id": "A", "held_on": date(2023, 12, 1)},
        {"id": UNKNOWN, "held_on": date(2023, 12, 30)},
    ]
    found = measured(engine, one, table(rows), KEYED)

    assert (found.low, found.high, found.in_doubt) == (of(0), of(30), 1)


def test_a_row_without_a_key_makes_a_count_smaller_at_least(engine: Engine) -> None:
    one = rule(Kind.COUNT, where=IN_CARE, unit=Unit.NUMBER)
    rows: list[Row] = [
        {"id": "A", "team": "care"},
        {"id": "B", "team": "care"},
        {"id": UNKNOWN, "team": "care"},
    ]
    found = measured(engine, one, table(rows), KEYED)

    assert (found.low, found.high, found.in_doubt) == (of(1), of(3), 1)


def test_a_case_left_out_twice_is_left_out_once(engine: Engine) -> None:
    one = share(left_out=either(IN_CARE))
    rows: list[Row] = [
        {"id": "A", "team": "care"},
        {"id": "A", "team": "care"},
        {"id": "B", "contract": "permanent"},
    ]

    assert measured(engine, one, table(rows), KEYED).left_out == 1


def test_a_case_that_one_of_its_rows_puts_outside_is_not_left_out(engine: Engine) -> None:
    one = share(IN_CARE, left_out=PERMANENT)
    rows: list[Row] = [{"id": "A", "team": team, "contract": "permanent"} for team in ("care", "edge")]

    assert measured(engine, one, table(rows), KEYED).left_out == 0


def test_a_repeat_that_is_outside_does_not_weigh(engine: Engine) -> None:
    rows: list[Row] = [
        {"id": "A", "team": "care", "contract": "permanent", "fte": Decimal(1)},
        {"id": "B", "team": "care", "contract": "agency", "fte": Decimal("0.5")},
        {"id": "B", "team": "edge", "contract": "agency", "fte": Decimal(2)},
    ]
    found = measured(engine, share(IN_CARE, weight="fte"), table(rows), KEYED)

    assert (found.low, found.high) == (of("1", "3/2"), of(1, 1))


def test_a_row_without_a_key_costs_a_sum_the_most_of_either_column(engine: Engine) -> None:
    rows: list[Row] = [
        {"id": "A", "team": "care", "present": 0, "due": 4},
        {"id": "B", "team": "care", "present": 3, "due": 3},
        {"id": UNKNOWN, "team": "care", "present": 1, "due": 1},
    ]
    found = measured(engine, ATTENDED, table(rows), KEYED)

    assert (found.low, found.high) == (of(0, 7), of(8, 8))
