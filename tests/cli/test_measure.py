"""`kpi measure` and `kpi tables` as people run them."""

from __future__ import annotations

import csv
import io
import json
import stat
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

from kpi_engine.reports.councils_csv import MORE
from kpi_engine.reports.councils_text import councils_text
from kpi_engine.reports.to_csv import COLUMNS
from tests.cli.run import ROOT, RULES, Told, kpi, kpi_each
from tests.reports.test_to_json import faults
from tests.tables.lakes import EXAMPLE, HARINGEY, OTHER, Lake, child, judged, rulebook

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCHEMA: dict[str, Any] = json.loads(
    files("kpi_engine.reports").joinpath("schema_kpi_measure_1.json").read_text(encoding="utf-8")
)
ONE = str(ROOT / "inputs" / "returns_2024-03.xlsx")


@pytest.fixture(name="lake", scope="module")
def _lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three councils: one in order, one with lost rows and faults, one with two months and a miss."""
    lake = Lake(tmp_path_factory.mktemp("given") / "lake")
    lake.send("children_in_care", [child(n) for n in range(4)], authority=EXAMPLE)
    lake.send_empty_rest(EXAMPLE)
    lake.send("children_in_care", [child(1, left_care_on="soon"), child(2, views_shared="")], validated="")
    lake.send("workforce", (), said="7")
    for month in ("2024-02", "2024-03"):
        lake.send("children_in_care", [child(1, has_life_story_book="no")], authority=OTHER, period=month)
    lake.rows["children_in_care"].append(child(9))
    return lake.write()


@pytest.fixture(name="told", scope="module")
def _told(lake: Path) -> dict[str, Told]:
    forms = ("text", "json", "csv")
    found = kpi_each([("measure", lake, "--rules", RULES, "--format", form) for form in forms])
    return dict(zip(forms, found, strict=True))


def test_the_report_is_as_agreed(lake: Path, golden: Callable[[str, str], None]) -> None:
    text = councils_text(judged(lake), rulebook(), engine="DuckDB", words=("lake",), colour=False)

    golden(
        "measure.txt", text.replace(rulebook().digest[:12], "<digest>").replace(rulebook().folder, "rules")
    )
    assert max(map(len, text.splitlines())) <= 80


def test_every_form_says_the_same_and_fails_as_check_does(told: dict[str, Told]) -> None:
    assert {one.code for one in told.values()} == {1}
    councils = json.loads(told["json"].out)["councils"]
    listed = [(one["code"], m["id"], m["status"]) for one in councils for m in one["measures"]]
    rows = list(csv.DictReader(io.StringIO(told["csv"].out, newline="")))

    assert [(row["council"], row["id"], row["status"]) for row in rows] == listed
    assert list(rows[0]) == ["council", *COLUMNS, *MORE]
    assert len(listed) == 3 * len(rulebook().indicators)
    assert {(row["council"], row["worst"]) for row in rows if row["id"] == "life-story-books"} == {
        (
            one["code"],
            str(
                max(
                    (e["severity"] for e in one["exceptions"] if e["indicator"] == "life-story-books"),
                    default="",
                )
            ),
        )
        for one in councils
    }


def test_the_object_keeps_to_its_schema(told: dict[str, Told]) -> None:
    held = json.loads(told["json"].out)

    assert list(faults(held, SCHEMA, whole=SCHEMA)) == []
    assert list(held) == list(SCHEMA["properties"])
    assert list(held["councils"][0]) == list(SCHEMA["properties"]["councils"]["items"]["properties"])
    assert list(held["councils"][0]["measures"][0]) == list(SCHEMA["$defs"]["measure"]["properties"])


def test_only_the_councils_that_are_named_are_judged(lake: Path) -> None:
    (told,) = kpi_each([("measure", lake, "--rules", RULES, "--authority", EXAMPLE.lower(), "--exit-zero")])

    assert told.code == 0
    assert "March 2024, 1 council (made-up figures), DuckDB" in told.out.replace("\n", " ")
    assert HARINGEY not in told.out


def test_what_cannot_be_judged_is_told_with_its_code(tmp_path: Path, lake: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    bare = Lake(tmp_path / "bare")
    bare.send("children_in_care", [child(1)])
    (bare.write() / "returns.csv").unlink()
    none, nothing, unregistered, wrong = kpi_each(
        [
            ("measure", tmp_path / "nowhere", "--rules", RULES),
            ("measure", empty, "--rules", RULES),
            ("measure", bare.folder, "--rules", RULES),
            ("measure", lake, "--rules", RULES, "--master", "local[2]"),
        ]
    )

    assert (none.code, nothing.code, unregistered.code, wrong.code) == (4, 4, 2, 2)
    assert "T101" in nothing.err
    assert "T105" in unregistered.err
    assert "--engine spark" in wrong.err


def test_a_lake_whose_returns_are_all_lost_is_no_success(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.send("children_in_care", (), said="5")

    assert kpi("measure", lake.write(), "--rules", RULES).code == 3


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_workbooks_become_tables_for_their_owners_eyes(tmp_path: Path, form: str) -> None:
    out = tmp_path / "new" / "lake"
    made, again, measured = kpi_each(
        [
            ("tables", ONE, "--rules", RULES, "--out", out, "--format", form),
            ("tables", ONE, "--rules", RULES, "--out", out),
            ("measure", out, "--rules", RULES),
        ]
    )

    assert (made.code, again.code, measured.code) == (0, 2, 1)
    assert "T107" in again.err
    assert "1 month of 1 council" in made.err
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    written = sorted(out.iterdir())
    assert {file.suffix for file in written} == {f".{form}"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in written} == {0o600}
    assert {file.stem for file in written} == {"returns", *rulebook().contract.sheets}


def test_a_refused_return_is_refused_as_a_table_too(tmp_path: Path) -> None:
    """Its month is known by its name, and its council is not: it is in no table, and told."""
    (tmp_path / "returns_2024-03.xlsx").write_text("no workbook")
    made = kpi("tables", tmp_path / "returns_2024-03.xlsx", ONE, "--rules", RULES, "--out", tmp_path / "lake")

    assert made.code == 3
    assert "T108" in made.err
    assert "R101" in made.err


def test_the_words_of_the_commentary_stay_behind(tmp_path: Path) -> None:
    (made,) = kpi_each(
        [("tables", ROOT / "inputs" / "returns_2024-09.xlsx", "--rules", RULES, "--out", tmp_path / "lake")]
    )
    with (tmp_path / "lake" / "commentary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))

    assert made.code == 0
    assert rows
    assert {len(row["why"]) for row in rows} <= {0, 64}
    assert not any(row["lead"] or row["ask"] for row in rows)


def test_a_council_that_is_not_there_is_refused_by_its_code(lake: Path) -> None:
    told = kpi("measure", lake, "--rules", RULES, "--authority", "E08009999")

    assert told.code == 2
    assert "T130 The register has no line for the council E08009999" in told.err
    assert OTHER in told.err


def test_a_period_without_a_return_is_told(lake: Path) -> None:
    told = kpi("measure", lake, "--rules", RULES, "--period", "2026-01")

    assert told.code == 3
    assert "T131" in told.out
    assert "February 2024" in told.out


def test_findings_of_earlier_months_are_counted_and_in_the_json(lake: Path) -> None:
    text = kpi("measure", lake, "--rules", RULES, "--authority", OTHER).out
    councils = json.loads(
        kpi("measure", lake, "--rules", RULES, "--authority", OTHER, "--format", "json").out
    )["councils"]

    number = len(councils[0]["earlier_findings"])
    assert number
    assert f"{number} findings in earlier months not listed." in " ".join(text.split())
