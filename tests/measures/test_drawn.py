"""Rules and rows drawn at random, many to a query: Spark's engines say what DuckDB says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from kpi_engine.measures.embedded import EmbeddedEngine
from kpi_engine.measures.plan import ReturnKey, dated
from kpi_engine.measures.sql import fused
from kpi_engine.rulebook.book import Kind, SheetKind, Unit, Window
from kpi_engine.terms.period import Period
from tests.measures.build import UNKNOWN, ref, rule, sheet, table
from tests.measures.test_engine_suite import condition, counts, shares

if TYPE_CHECKING:
    from kpi_engine.measures.plan import Engine
    from kpi_engine.rulebook.book import Measure
    from kpi_engine.terms.table import Table
    from tests.measures.build import Cell

MEASURES, RETURNS = 30, 200  # of each query

waits = st.builds(lambda w: rule(Kind.LONGEST, where=w, since=ref("held_on"), unit=Unit.DAYS), condition)
stated = st.builds(lambda w: rule(Kind.STATED, where=w, value="fte"), condition)
sums = st.builds(
    lambda w, out: rule(Kind.SUMS, where=w, left_out=out, numerator_sum="present", denominator_sum="due"),
    condition,
    st.none() | condition,
)
windows = st.tuples(st.sampled_from(Window), st.booleans())
any_measure = st.builds(
    lambda one, window: replace(one, window=window[0], window_from_table=window[1]),
    st.one_of(shares(), shares("fte"), counts, sums, waits, stated),
    windows,
)
texts = st.sampled_from(["care", "edge", "O'Brien", "back\\slash", '"', "%", "${x}", "ünï ☃", "", " "])
days = st.dates(date(1950, 1, 1), date(2150, 12, 31)) | st.dates(date(2022, 11, 1), date(2024, 3, 31))
CELLS: dict[str, st.SearchStrategy[Cell]] = {
    "id": st.sampled_from(["P1", "P2", "P3"]),
    "team": texts,
    "contract": st.sampled_from(["permanent", "agency"]),
    "held_on": days,
    "due_on": days,
    "present": st.integers(0, 3),
    "due": st.integers(0, 4),
    "fte": st.decimals(0, 2, places=6) | st.decimals(0, 10**20, places=15),
    "agreed": st.booleans(),
}
any_row = st.fixed_dictionaries(
    {name: st.one_of(cells, cells, cells, st.none(), st.just(UNKNOWN)) for name, cells in CELLS.items()}
)
periods = st.integers(0, 30).map(Period.parse("2022-01").plus)


def drawn(seeded: int) -> tuple[list[Measure], dict[ReturnKey, Table]]:
    """Some measures, and the tables of many returns."""
    measures: list[Measure] = []
    tables: dict[ReturnKey, Table] = {}

    @seed(seeded)
    @settings(max_examples=RETURNS, phases=[Phase.generate], database=None)
    @given(one=any_measure, rows=st.lists(any_row, max_size=6), period=periods)
    def draw(one: Measure, rows: list[dict[str, Cell]], period: Period) -> None:
        measures.append(replace(one, id=f"m{len(measures)}"))
        tables[ReturnKey(f"E{len(tables)}", period)] = replace(table(rows), period=period)

    draw()
    return Random(seeded).sample(measures, MEASURES), tables


@pytest.mark.parametrize("kind", [SheetKind.SNAPSHOT, SheetKind.EVENTS])
@pytest.mark.parametrize("key", [(), ("id",), ("id", "team")])
def test_drawn_rules_say_the_same_of_drawn_rows(other: Engine, key: tuple[str, ...], kind: SheetKind) -> None:
    seeded = Random().randrange(2**32)
    measures, tables = drawn(seeded)
    spec = sheet(key=key, kind=kind, dated_by=(ref("held_on"), ref("due_on")))
    asked = [dated(one, spec, Period.parse("2023-12"), whole=True) for one in measures]
    query = fused(asked)
    with EmbeddedEngine() as embedded:
        expected = embedded.run(tables, query)
    found = other.run(tables, query)

    for at, rows in expected.items():
        for n, (ours, theirs) in enumerate(zip(rows, found[at], strict=True)):
            for total, one, two in zip(query.columns, ours, theirs, strict=True):
                assert one == two, (seeded, key, kind, n, total, tables[at].columns, measures)
