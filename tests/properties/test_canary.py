"""No name that is typed into a return comes out of any output, wherever it is typed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from openpyxl.utils import get_column_letter
from typer.testing import CliRunner

from kpi_engine.cases import cases_behind
from kpi_engine.check import judged, read_returns
from kpi_engine.cli import app
from kpi_engine.reports.explain import explain_measure
from kpi_engine.reports.text import to_text
from kpi_engine.reports.to_csv import to_csv
from kpi_engine.reports.to_github import to_github
from kpi_engine.reports.to_json import to_json
from kpi_engine.reports.to_junit import to_junit
from kpi_engine.returns.template import Filling
from kpi_engine.rulebook.book import SheetKind
from tests.properties.small_return import (
    COUNCIL,
    HEADINGS_ROW,
    VALIDATED,
    Workbook,
    all_missed,
    inline,
    just_missed,
    rulebook,
    written,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kpi_engine.terms.table import Value

NAME = "Zebedee Quillfeather"
TOLD = re.compile(r"zebedee|quillfeather", re.IGNORECASE)
RULES = str(rulebook().folder)
MANY_COLUMNS = max(len(spec.columns) for spec in rulebook().contract.sheets.values())
MEASURES = sorted(rulebook().indicators)
OUTPUTS = [
    ["check", "--all"],
    ["check", "--format", "json", "--series"],
    ["check", "--format", "csv", "--series"],
    ["check", "--format", "github"],
    ["check", "--format", "junit"],
    ["explain", "matched-within-6-months", "--cases"],
]


def told(workbook: Workbook, folder: Path, measure: str = MEASURES[0]) -> list[str]:
    """The outputs that repeat any part of the name."""
    path, rules = workbook.save(folder / "returns_2025-06.xlsx"), rulebook()
    returns = read_returns([path], rules, lambda _done, _of: None)
    done = judged(returns, rules, None)
    cases = cases_behind(returns, rules, done, measure)
    outputs = {
        "text": to_text(done, rules, subject="inputs", everything=True),
        "json": to_json(done, rules, series=True),
        "csv": to_csv(done, rules, series=True),
        "github": to_github(done, rules),
        "junit": to_junit(done, rules),
    }
    if done.period is not None:
        outputs["explain"] = explain_measure(done, rules, measure, cases)
    return [form for form, text in outputs.items() if TOLD.search(text)]


def told_by_command(workbook: Workbook, folder: Path) -> list[str]:
    """The commands that repeat any part of the name, on standard error too."""
    path = workbook.save(folder / "returns_2025-06.xlsx")
    runs = [(words, CliRunner().invoke(app, [*words, str(path), "--rules", RULES])) for words in OUTPUTS]
    assert all(run.stdout and "Traceback" not in run.stderr for _, run in runs)
    return [" ".join(words) for words, run in runs if TOLD.search(run.stdout + run.stderr)]


def diagonal(shift: int) -> Workbook:
    """In row n the name stands in column n; each shift moves it on, so that every cell has its turn."""
    workbook = all_missed()
    for sheet, rows in just_missed().items():
        spec = rulebook().contract.sheets[sheet]
        for place in range(min(len(rows), len(spec.columns))):
            column = get_column_letter((place + shift) % len(spec.columns) + 1)
            workbook = workbook.with_cell(spec.sheet, f"{column}{HEADINGS_ROW + 1 + place}", inline(NAME))
    return workbook


@pytest.mark.parametrize("shift", range(MANY_COLUMNS))
def test_name_in_a_case_is_never_repeated(shift: int, tmp_path: Path) -> None:
    assert told(diagonal(shift), tmp_path, MEASURES[2 * shift]) == []


def test_name_in_a_case_is_on_no_stream(tmp_path: Path) -> None:
    assert told_by_command(diagonal(1), tmp_path) == []


@pytest.mark.parametrize("field", ["authority", "month"])
def test_name_on_a_refused_cover_is_on_no_stream(field: str, tmp_path: Path) -> None:
    cover: dict[str, Value] = {**VALIDATED, field: NAME}
    assert told_by_command(written(Filling(COUNCIL, cover=cover), only=()), tmp_path) == []


@pytest.mark.parametrize("field", [f.id for f in rulebook().contract.cover] + ["template_version"])
def test_name_on_the_cover_is_never_repeated(field: str, tmp_path: Path) -> None:
    cover: dict[str, Value] = {**VALIDATED, field: NAME}
    rows = {"workforce": just_missed()["workforce"]}
    workbook = written(Filling(COUNCIL, cover=cover, rows=rows), only={"workforce"})
    assert told(workbook, tmp_path, "cic-permanent-workforce") == []


@pytest.mark.parametrize("kind", [SheetKind.COUNTS, SheetKind.MILESTONES, SheetKind.COMMENTARY])
def test_name_on_the_other_sheets_is_never_repeated(kind: SheetKind, tmp_path: Path) -> None:
    (spec,) = [one for one in rulebook().contract.sheets.values() if one.kind is kind]
    rows = {"workforce": just_missed()["workforce"]}
    held = written(Filling(COUNCIL, cover=VALIDATED, rows=rows), only={"workforce", spec.id})
    cells = re.findall(r'<c r="([A-Z]+\d+)"', held.parts[held.sheets[spec.sheet]])
    for letter in map(get_column_letter, range(1, len(spec.columns) + 1)):
        workbook = held
        for address in cells:
            if address.rstrip("0123456789") == letter and int(address.removeprefix(letter)) > HEADINGS_ROW:
                workbook = workbook.with_cell(spec.sheet, address, inline(NAME))
        assert told(workbook, tmp_path, "cic-permanent-workforce") == [], letter


@pytest.mark.parametrize("letter", ["A", "B", "C"])
def test_name_as_a_heading_is_never_repeated(letter: str, tmp_path: Path) -> None:
    workbook = all_missed()
    for sheet in just_missed():
        cell = f"{letter}{HEADINGS_ROW}"
        workbook = workbook.with_cell(rulebook().contract.sheets[sheet].sheet, cell, inline(NAME))
    assert told(workbook, tmp_path) == []


@pytest.mark.parametrize("address", ["A1", "A2", "A3", "A4", "B4"])
def test_name_above_a_table_is_never_repeated(address: str, tmp_path: Path) -> None:
    workbook = all_missed()
    for sheet in just_missed():
        workbook = workbook.with_cell(rulebook().contract.sheets[sheet].sheet, address, inline(NAME))
    assert told(workbook, tmp_path) == []


def renamed(held: Workbook, sheet: str) -> Workbook:
    """The workbook whose sheet has the name for its own; what points at the sheet follows."""
    text = held.parts["xl/workbook.xml"]
    text = text.replace(f'name="{sheet}"', f'name="{NAME}"').replace(f"'{sheet}'!", f"'{NAME}'!")
    return Workbook({**held.parts, "xl/workbook.xml": text}, held.sheets)


def test_name_of_a_sheet_that_is_no_part_of_the_return_is_never_repeated(tmp_path: Path) -> None:
    assert told(renamed(all_missed(), "Lists"), tmp_path) == []


def test_name_of_a_case_sheet_is_never_repeated(tmp_path: Path) -> None:
    assert told(renamed(all_missed(), "Workforce"), tmp_path, "cic-permanent-workforce") == []


def test_name_of_the_cover_is_never_repeated(tmp_path: Path) -> None:
    half_validated = written(Filling(COUNCIL, cover={"validated_by": "Performance team"}), only={"workforce"})
    assert told(renamed(half_validated, "Start here"), tmp_path) == []
