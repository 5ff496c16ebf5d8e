"""What a lake must be: every fault at once, and no cell of it in any message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kpi_engine.errors import KpiError
from kpi_engine.tables.lake import open_lake
from tests.tables.lakes import Lake, child, judged, opened, rulebook

if TYPE_CHECKING:
    from pathlib import Path

    from kpi_engine.terms.finding import Finding

NAME = "Zebedee"


def refused(folder: Path) -> list[tuple[str, str]]:
    """The codes and messages with which a lake is refused."""
    with pytest.raises(KpiError) as fault:
        judged(folder)
    assert NAME not in str(fault.value.findings)
    return [(found.code, found.message) for found in fault.value.findings]


@pytest.fixture(name="lake")
def _lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake")
    lake.send("children_in_care", [child(1), child(2)])
    return lake


def test_a_folder_without_tables_is_told(tmp_path: Path) -> None:
    assert refused(tmp_path) == [("T101", f"There is no table of a return in {tmp_path}.")]


def test_without_a_register_nothing_is_judged(lake: Lake) -> None:
    (lake.write() / "returns.csv").unlink()

    assert [code for code, _ in refused(lake.folder)] == ["T105"]


def test_every_fault_is_told_at_once(lake: Lake) -> None:
    folder = lake.write()
    lake.file("returns", ("authority", "period", "sheet"), ())
    lake.file("workforce", ("post_id",), ())
    lake.file("adoption", ("authority", "period", "child_name"), ())
    (folder / "reviews.parquet").write_bytes(NAME.encode())
    (folder / "supervision.csv").write_text("")
    (folder / "placements.csv").write_text("authority,period\n")
    (folder / "placements").mkdir()
    (folder / "placements" / "part.csv").write_text("no parquet, so no table")
    (folder / "placements.parquet").write_bytes((folder / "reviews.parquet").read_bytes())

    assert sorted(refused(folder)) == [
        ("T102", "placements.parquet cannot be read: it is damaged, or no table at all."),
        ("T102", "reviews.parquet cannot be read: it is damaged, or no table at all."),
        ("T102", "supervision.csv cannot be read: its first line is no heading."),
        ("T103", "returns has no column rows and no nil and no validated."),
        ("T103", "workforce has no column authority and no period."),
        ("T106", "Column 3 of adoption is headed as a person's details; no return has such a column."),
    ]


def test_one_table_in_two_forms_is_refused(lake: Lake) -> None:
    import duckdb  # noqa: PLC0415  (only here)

    folder = lake.write()
    duckdb.sql(f"COPY (FROM '{folder}/children_in_care.csv') TO '{folder}/children_in_care.parquet'")

    ((code, message),) = refused(folder)

    assert code == "T104"
    assert "stands as children_in_care.parquet and children_in_care.csv" in message


@pytest.mark.parametrize("line", [f"E09000014,2024-03,{NAME}", f"{NAME},a,b,c,d,e,f,g,h,i,j,k", f'"{NAME}'])
def test_a_line_that_is_not_as_the_others_refuses_the_table_and_is_not_quoted(lake: Lake, line: str) -> None:
    with (lake.write() / "children_in_care.csv").open("a") as file:
        file.write(f"{line}\n")
    (told,) = refused(lake.folder)

    assert told[0] == "T102"
    assert told[1].startswith("children_in_care.csv cannot be read: ")


def test_files_of_one_table_have_one_heading(lake: Lake) -> None:
    """A column that one council's file lacks would be blank there: not happened, where it is unknown."""
    folder = lake.write()
    (folder / "reviews.csv").mkdir()
    (folder / "reviews.csv" / "a.csv").write_text("authority,period,child_id,held_on\n")
    (folder / "reviews.csv" / "b.csv").write_text("authority,period,child_id\n")

    assert refused(folder) == [("T102", "b.csv cannot be read: its heading is not that of a.csv.")]


def test_parquet_files_that_lack_a_column_are_refused(lake: Lake) -> None:
    import duckdb  # noqa: PLC0415  (only here)

    folder = lake.write()
    (folder / "reviews").mkdir()
    columns = "'E09000014' AS authority, '2024-03' AS period, 'C1' AS child_id"
    duckdb.sql(f"COPY (SELECT {columns}, DATE '2024-03-01' AS held_on) TO '{folder}/reviews/a.parquet'")
    duckdb.sql(f"COPY (SELECT {columns}) TO '{folder}/reviews/b.parquet'")

    assert [code for code, _ in refused(folder)] == ["T102"]


def findings_of(folder: Path) -> list[Finding]:
    with opened(folder) as session:
        return list(open_lake(session, str(folder), rulebook().contract).findings)


def test_columns_that_lack_or_are_too_many_are_told(lake: Lake) -> None:
    folder = lake.write()
    lake.file("children_in_care", ("Authority", "PERIOD", "child_id", "came_into_care_on", "team_name"), ())
    told = [(found.code, found.message) for found in findings_of(folder)]

    assert [message.split(" ")[0] for code, message in told if code == "T119"] == ["1"]
    assert [message.split("'")[2] for code, message in told if code == "T118"] == [
        f" has no column {name}; measures that need it are not assessed."
        for name in ("left_care_on", "has_life_story_book", "consents", "views_shared")
    ]


def test_a_partitioned_folder_says_council_and_month_in_its_names(lake: Lake) -> None:
    import duckdb  # noqa: PLC0415  (only here)

    alone = judged(lake)
    for name in ("children_in_care", "returns"):
        source = lake.folder / f"{name}.csv"
        duckdb.sql(
            f"COPY (FROM read_csv('{source}', all_varchar=true)) TO '{lake.folder / name}' "
            "(FORMAT parquet, PARTITION_BY (authority, period))"
        )
        source.unlink()
    (lake.folder / "returns" / "_SUCCESS").write_text("")

    assert judged(lake.folder).councils == alone.councils
