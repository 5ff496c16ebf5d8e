"""Rows that are typed together come out as each would by itself."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from kpi_engine.returns.conditions import amount, amounts, days_of, row_of
from kpi_engine.returns.faults import Faults
from kpi_engine.returns.gathered import Gathered, Gathering, Plan, Reading
from kpi_engine.returns.headings import Headings, spellings
from kpi_engine.returns.scanner.cells import CellKind, Content, Row, column_letter
from kpi_engine.returns.typed import expect
from kpi_engine.rulebook.book import Blank, SheetKind
from kpi_engine.terms.expression import Bound, Choose, ColumnRef, Day, Literal, Shift
from kpi_engine.terms.period import Period
from kpi_engine.terms.table import Column, ColumnType, Table
from tests.returns.contracts import column, sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.returns.gathered import Contents
    from kpi_engine.terms.expression import Expression

SPEC = sheet(
    "cases",
    "Cases",
    SheetKind.SNAPSHOT,
    [
        column("case", "Case ID", ColumnType.ID),
        column("part", "Part", ColumnType.ID, blank=Blank.NOT_APPLICABLE),
        column("team", "Team", ColumnType.CHOICE, quotable=True, values={"North": ("N",), "South": ()}),
        column("came", "Came on", ColumnType.DATE, blank=Blank.NOT_HAPPENED, quotable=True),
        column("size", "Size", ColumnType.WHOLE, blank=Blank.NOT_APPLICABLE, least=0, most=9),
        column("note", "Note", ColumnType.TEXT, blank=Blank.NOT_APPLICABLE),
    ],
    key=("case", "part"),
)
MARCH = Period.parse("2024-03")
PLACES = {"case": 2, "part": 3, "team": 4, "came": 6, "size": 7, "note": 8}  # 1 and 5 have other headings
WORDS = (
    "C1", "C2", "007", "C-3", "a b c", "Total", "total :", "Case ID", "Part", "Team", "Notes:", " ", "\u00a0",
    "n/k", "unknown", "North", "n", "East", "31/02/2024", "01/03/2024", "5", "85%", "x\u2019y",
    "Came on", "yes",
)  # fmt: skip
HELD = st.builds(
    Content,
    kind=st.just(CellKind.TEXT),
    text=st.sampled_from(WORDS),
    formula=st.booleans(),
    is_date=st.just(False),  # noqa: FBT003
) | st.sampled_from(
    [
        Content(CellKind.NUMBER, "7", formula=False, is_date=False),
        Content(CellKind.NUMBER, "45000", formula=False, is_date=True),
        Content(CellKind.NUMBER, "49000", formula=False, is_date=True),
        Content(CellKind.NUMBER, "3.5", formula=False, is_date=False),
        Content(CellKind.BOOLEAN, "1", formula=False, is_date=False),
        Content(CellKind.ERROR, "#N/A", formula=False, is_date=False),
        Content(CellKind.BLANK, "", formula=True, is_date=False),
        Content(CellKind.DATE, "2024-03-01", formula=False, is_date=True),
    ]
)


class EachByItself(Gathering):
    """Every row is looked at as if it might be something else."""

    def is_certain(self, row: Row, contents: Contents) -> bool:
        del row, contents
        return False


def gathered(kind: type[Gathering], rows: Sequence[Row], last: int | None, *, totals: bool) -> object:
    expected = {
        c.id: expect(c, frozenset({"n/k", "unknown"}), date_1904=False, last_day=MARCH.end)
        for c in SPEC.columns.values()
    }
    plan = Plan(SPEC, Headings(4, PLACES, frozenset({1, 5})), expected, spellings(SPEC), last, totals)
    faults = Faults("r.xlsx", "Cases")
    readings = {name: Reading(name, column_letter(n), n, expected[name]) for name, n in PLACES.items()}
    gathering = kind(plan, faults, Gathered([], readings, last_number=4))
    for row in rows:
        gathering.add(row)
    gathering.finish()
    found = gathering.gathered
    columns = [(one.name, one.values, one.unknown, one.numeric) for one in found.columns.values()]
    told = (list(found.tallies.items()), found.first, found.hidden, faults.listed())
    return found.rows, columns, found.last_number, told


ROWS = st.lists(
    st.tuples(st.integers(1, 3), st.booleans(), st.dictionaries(st.integers(1, 10), HELD | st.none())),
    max_size=12,
)


@settings(max_examples=300)
@given(rows=ROWS, last=st.none() | st.integers(5, 20), totals=st.booleans())
def test_rows_read_together_are_read_as_each_by_itself(
    rows: list[tuple[int, bool, dict[int, Content | None]]],
    last: int | None,
    totals: bool,  # noqa: FBT001
) -> None:
    number, made = 4, []
    for step, hidden, cells in rows * 3:
        number += step
        columns = tuple(sorted(cells))
        made.append(Row(number, hidden, columns, tuple(cells[column] for column in columns)))
    assert gathered(Gathering, made, last, totals=totals) == gathered(EachByItself, made, last, totals=totals)


DAY = st.dates(date(2020, 1, 1), date(2024, 12, 31))
COLUMN = ColumnRef("came", ColumnType.DATE)
EXPRESSIONS: tuple[Expression, ...] = (
    COLUMN,
    ColumnRef("gone", ColumnType.DATE),
    Literal(5),
    Day(Bound.PERIOD_END),
    Shift(COLUMN, 4, 0),
    Shift(COLUMN, 1, 10),
    Choose(True, COLUMN, Day(Bound.PERIOD_START)),  # noqa: FBT003
    Choose(False, Shift(COLUMN, -2, 0), ColumnRef("gone", ColumnType.DATE)),  # noqa: FBT003
)


@given(st.lists(st.none() | DAY | st.just("?"), max_size=6), st.sampled_from(EXPRESSIONS))
def test_amounts_of_all_rows_are_those_of_each(days: list[date | str | None], expression: Expression) -> None:
    values = [None if day == "?" else day for day in days]
    unknown = [day == "?" for day in days]
    table = Table(
        "cases", MARCH, {"came": Column("came", ColumnType.DATE, values, unknown)}, range(len(days))
    )
    together = zip(*amounts(expression, table, days_of(MARCH)), strict=True)
    each = [amount(expression, row_of(table, n), days_of(MARCH)) for n in range(len(days))]
    assert list(together) == each
