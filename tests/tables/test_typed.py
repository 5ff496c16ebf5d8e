"""Typing in SQL is the reader's typing: the same values, the same unknown cells, of any texts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi_engine.measures.conditions import quoted, unknown
from kpi_engine.returns.faults import Faults
from kpi_engine.returns.row_checks import check_rows
from kpi_engine.returns.scanner.workbook import CellKind, Content
from kpi_engine.returns.typed import expect, typed
from kpi_engine.tables.lake import open_lake
from kpi_engine.tables.months import type_cells
from kpi_engine.terms.period import Period
from kpi_engine.terms.table import Column, ColumnType, Table
from tests.tables.lakes import Lake, child, opened, rulebook

if TYPE_CHECKING:
    from pathlib import Path

    from kpi_engine.measures.local import LocalSession
    from kpi_engine.rulebook.book import ColumnSpec, SheetSpec
    from kpi_engine.terms.table import Value

SHEETS = ("care_orders", "children_in_care", "permanency_meetings", "workforce", "pf_referrals")
MONTHS = [Period.parse(f"2024-{n:02d}") for n in range(1, 9)]

WORDS = st.sampled_from(
    (
        "",
        " ",
        "\u00a0",
        "n/k",
        "N/K ",
        "not  known",
        "tbc",
        "-",
        "?",
        "yes",
        "No",
        "Y",
        "true",
        "TRUE",
        "FALSE",
        "1",
        "0",
    )
)
ODD_DAYS = (
    *("31/02/2024", "29/02/2024", " 01/03/2024\u200b", "1/3/2024", "01.03.2024", "2024-02-30", "01/01/1949"),
    *("31/12/2149", "01/01/2150", "0000-01-01", "2024-03-01T00:00:00", "03/2024", "45352", "١٢/٠٣/٢٠٢٤"),
)
DAYS = st.one_of(
    st.dates(date(2023, 6, 1), date(2024, 9, 30)).map("{:%d/%m/%Y}".format),
    st.dates(date(2023, 6, 1), date(2024, 9, 30)).map(date.isoformat),
    st.sampled_from([f"{day:%d/%m/%Y}" for month in MONTHS for day in (month.start, month.end)]),
    st.sampled_from(ODD_DAYS),
)
NUMBERS = st.one_of(
    st.integers(-3, 30).map(str),
    st.decimals(-1, 3, places=3).map(str),
    st.sampled_from(
        ("+1", "1.", ".5", "0.50", "1e2", "1,000", "85%", "--1", "-", ".", "1 0", "0,5", "999999", "²")
    ),
)
IDS = st.sampled_from(("A1", "a1", " A1", "A-1", "007", "B  2", "B\u00a02", "C’1", "n/k", ""))
ANY = st.text(st.sampled_from("aAyYnN01/-. \u00a0\u200b\t’é\\'\"%_"), max_size=6)


def texts(column: ColumnSpec) -> st.SearchStrategy[str]:
    match column.type:
        case ColumnType.DATE:
            own = DAYS
        case ColumnType.WHOLE | ColumnType.DECIMAL:
            own = NUMBERS
        case ColumnType.CHOICE:
            own = st.sampled_from(
                (*column.values, *column.choices, *(v.upper() + " " for v in column.values))
            )
        case ColumnType.ID:
            own = IDS
        case _:
            own = WORDS
    return st.one_of(own, own, own, WORDS, ANY)


@st.composite
def sheets(draw: st.DrawFn) -> tuple[SheetSpec, list[list[dict[str, str]]]]:
    """A sheet, and a few rows of it for each of the months."""
    spec = rulebook().contract.sheets[draw(st.sampled_from(SHEETS))]
    row = st.fixed_dictionaries({name: texts(column) for name, column in spec.columns.items()})
    return spec, [draw(st.lists(row, min_size=1, max_size=3)) for _ in MONTHS]


def content(text: str) -> Content:
    """A cell as a workbook would hold it: an ISO day is a true date there."""
    is_day = len(text) >= len("2024-03-01") and text[4:5] == text[7:8] == "-" and text[:4].isascii()
    return Content(CellKind.DATE if is_day else CellKind.TEXT, text, formula=False, is_date=is_day)


def as_read(spec: SheetSpec, month: Period, rows: list[dict[str, str]]) -> Table:
    """The rows as the reader reads them from a workbook."""
    columns = {}
    for name, column in spec.columns.items():
        last = None if column.future else month.end
        expected = expect(column, rulebook().contract.not_known, date_1904=False, last_day=last)
        cells = [typed(content(row[name]), expected) for row in rows]
        columns[name] = Column(name, column.type, [c.value for c in cells], [c.unknown for c in cells], "A")
    table = Table(spec.id, month, columns, range(1, len(rows) + 1))
    return check_rows(table, spec, "None this month", Faults("returns.xlsx"))


def as_asked(session: LocalSession, spec: SheetSpec, month: Period) -> list[tuple[object, ...]]:
    """The rows as the engine sees them, sorted."""
    listed = ", ".join(part for name in spec.columns for part in (quoted(name), unknown(name)))
    found = session.ask(f"SELECT {listed} FROM {quoted(spec.id)} WHERE _period = {month.first}")  # noqa: S608
    return sorted(found, key=repr)


def plain(value: Value) -> object:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return value
    return Decimal(value).quantize(Decimal("1e-15"))


@settings(max_examples=20)
@given(drawn=sheets())
def test_any_cells_are_typed_as_the_reader_types_them(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[SheetSpec, list[list[dict[str, str]]]]
) -> None:
    spec, rows = drawn
    lake = Lake(tmp_path_factory.mktemp("lake"))
    for month, of in zip(MONTHS, rows, strict=True):
        lake.send(spec.id, of, period=str(month))
    with opened(lake.write()) as session:
        type_cells(session, open_lake(session, str(lake.folder), rulebook().contract), rulebook(), MONTHS, ())
        for month, of in zip(MONTHS, rows, strict=True):
            table = as_read(spec, month, of)
            cells = [
                tuple(
                    part
                    for column in table.columns.values()
                    for part in (plain(column.values[n]), bool(column.unknown[n]))
                )
                for n in range(len(of))
            ]
            assert as_asked(session, spec, month) == sorted(cells, key=repr)


def test_typed_columns_say_what_texts_say(tmp_path: Path) -> None:
    """Parquet with days, numbers and yes or no as types of their own."""
    lake = Lake(tmp_path / "lake")
    lake.send("children_in_care", [child(1), child(2, left_care_on="2024-03-05", consents="no")])
    lake.send("permanency_meetings", [{"meeting_id": "7", "held_on": "2024-03-05", "managers_due": "3"}])
    lake.write()
    month = Period.parse("2024-03")
    months = [month]
    seen = []
    for form in ("csv", "parquet"):
        if form == "parquet":
            import duckdb  # noqa: PLC0415  (only here)

            for name in ("children_in_care", "permanency_meetings"):
                source = lake.folder / f"{name}.csv"  # all columns as DuckDB guesses them
                target = lake.folder / f"{name}.parquet"
                duckdb.sql(f"COPY (FROM read_csv('{source}')) TO '{target}'")
                source.unlink()
        with opened(lake.folder) as session:
            type_cells(
                session, open_lake(session, str(lake.folder), rulebook().contract), rulebook(), months, ()
            )
            specs = (rulebook().contract.sheets[name] for name in ("children_in_care", "permanency_meetings"))
            seen.append([as_asked(session, spec, month) for spec in specs])

    assert seen[0] == seen[1]
    assert len(seen[0][0]) == 2


@pytest.mark.parametrize(
    ("mark", "is_unknown"), [("yes", True), ("checked", True), ("perhaps", True), ("no", False), ("", False)]
)
def test_a_cell_that_is_marked_as_unknown_says_nothing(tmp_path: Path, mark: str, is_unknown: bool) -> None:  # noqa: FBT001  (a case)
    lake = Lake(tmp_path / "lake")
    lake.send("children_in_care", [child(1, has_life_story_book__unknown=mark)])
    with opened(lake.write()) as session:
        month = Period.parse("2024-03")
        type_cells(
            session, open_lake(session, str(lake.folder), rulebook().contract), rulebook(), [month], ()
        )
        sql = "SELECT CAST(has_life_story_book AS INTEGER), CAST(has_life_story_book__unknown AS INTEGER)"
        found = session.ask(f"{sql} FROM children_in_care")

    assert found == [(None, 1) if is_unknown else (1, 0)]
