"""The packs of all boards, from returns to files."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pikepdf
import pytest
from docx import Document
from openpyxl import load_workbook
from page import ValidationProfile, validate_pdf_bytes

from kpi_engine.packs import Packs, packs
from kpi_engine.reports.board.pack import PackFormat, put
from kpi_engine.terms.period import Period
from tests.packs.made import every_pack, meetings, rulebook, year

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BOARDS = (
    "divisional-management-team",
    "achieving-excellence-board",
    "corporate-parenting-advisory-committee",
    "scrutiny-committee",
    "corporate-leadership-team",
    "iro-service",
)


def content(board: str, form: PackFormat) -> bytes:
    files, missing = Packs({board: every_pack().reports[board]}).files([form])
    assert missing == ()
    (only,) = files.values()
    return only


def test_every_board_has_a_pack_of_its_own_cadence() -> None:
    assert {board: report.period for board, report in every_pack().reports.items()} == {
        board: "2025-03" if board in ("divisional-management-team", "iro-service") else "2024/25-Q4"
        for board in BOARDS
    }


@pytest.mark.parametrize(
    ("asked", "month", "quarter"),
    [
        ("2025-03", "2025-03", "2024/25-Q4"),
        ("2025-02", "2025-02", "2024/25-Q3"),
        ("2024/25-Q3", "2024-12", "2024/25-Q3"),
        ("2024/25", "2024/25", "2024/25-Q4"),  # a public year beside public quarters would tell too much
    ],
)
def test_a_period_asked_for_is_read_by_each_boards_cadence(asked: str, month: str, quarter: str) -> None:
    boards = (rulebook().boards["iro-service"], rulebook().boards["scrutiny-committee"])
    made = packs(year(), rulebook(), boards, period=Period.parse(asked), allow_missing_commentary=True)
    assert [report.period for report in made.reports.values()] == [month, quarter]


@pytest.mark.parametrize("board", BOARDS)
def test_pdf_is_accessible_and_archivable(board: str) -> None:
    made = content(board, PackFormat.PDF)
    told = [
        f"{profile.value}: {fault.rule_id} {fault.message}"
        for profile in (ValidationProfile.PDF_UA_1, ValidationProfile.PDF_A_2A)
        for fault in validate_pdf_bytes(made, profile=profile).failures
    ]
    assert told == []
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert pdf.Root.Lang == "en-GB"


@pytest.mark.parametrize("board", BOARDS)
def test_word_and_excel_open_again_with_their_titles(board: str) -> None:
    document = Document(io.BytesIO(content(board, PackFormat.WORD)))
    title = every_pack().reports[board].title
    assert document.core_properties.title.startswith(title)
    workbook = load_workbook(io.BytesIO(content(board, PackFormat.EXCEL)))
    rows = {row.value for row in workbook["Results"]["A"]}
    assert {measure.id for measure in every_pack().reports[board].measures} <= rows


@pytest.mark.parametrize("board", BOARDS)
def test_no_format_tells_of_a_measure_that_the_board_does_not_read(board: str) -> None:
    others = set(rulebook().indicators) - set(rulebook().boards[board].measures)
    for form in (PackFormat.JSON, PackFormat.CSV):
        told = content(board, form).decode()
        assert [one for one in others if f'"{one}"' in told or f"\n{one}," in told] == []


def test_the_same_returns_give_the_same_bytes_again() -> None:
    boards = (rulebook().boards["iro-service"],)
    again = packs(year(), rulebook(), boards, meetings=meetings()).files(list(PackFormat))[0]
    assert again == Packs({"iro-service": every_pack().reports["iro-service"]}).files(list(PackFormat))[0]


def test_a_public_pack_says_less_than_the_same_for_its_own_staff() -> None:
    board = (rulebook().boards["scrutiny-committee"],)
    made = packs(year(), rulebook(), board, audience="internal", meetings=meetings())
    own = made.reports["scrutiny-committee"]
    public = every_pack().reports["scrutiny-committee"]
    assert (own.public, public.public) == (False, True)
    assert "[c]" not in {measure.figure for measure in own.measures}
    assert "[c]" in {measure.figure for measure in public.measures}


def test_a_small_correction_keeps_a_figure_back_that_was_open() -> None:
    board, months = (rulebook().boards["scrutiny-committee"],), year().measured.records
    last = max(months)
    told = {
        one.id: one.figure
        for one in packs(year(), rulebook(), board, corrected=[months]).reports["scrutiny-committee"].measures
    }
    was = months[last].own["life-story-matched-and-sg"]
    assert was.low is not None
    fewer = replace(was.low, numerator=was.low.numerator - 1)
    one_less = replace(was, low=fewer, high=fewer)
    then = {
        **months,
        last: replace(months[last], own={**months[last].own, "life-story-matched-and-sg": one_less}),
    }
    corrected = packs(year(), rulebook(), board, corrected=[then]).reports["scrutiny-committee"].measures
    changed = {one.id for one in corrected if one.figure != told[one.id]}
    assert changed == {"life-story-matched-and-sg"}
    assert {one.figure for one in corrected if one.id in changed} == {"[c]"}


def test_golden_pack(golden: Callable[[str, str], None]) -> None:
    held = json.loads(content("corporate-parenting-advisory-committee", PackFormat.JSON))
    del held["run"]  # digests and versions: another test's matter
    golden("board-corporate-parenting.json", json.dumps(held, indent=1, ensure_ascii=False) + "\n")


def test_golden_page(golden: Callable[[str, str], None]) -> None:
    page = content("corporate-parenting-advisory-committee", PackFormat.HTML).decode()
    main = page[page.index("<main") : page.index("<p><strong>Run</strong>")]
    golden("board-corporate-parenting.html", main + "\n")


def test_all_files_are_written_or_none(tmp_path: Path) -> None:
    (tmp_path / "b.json").mkdir()  # a folder stands where the second file should go
    with pytest.raises(OSError, match=r"b\.json"):
        put({"a.json": b"{}", "b.json": b"{}"}, tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_file() and path.name.startswith(".")] == []
