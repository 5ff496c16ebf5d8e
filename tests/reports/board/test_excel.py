"""The Excel report: named tables, numbers that are numbers, charts with words, and text that never runs."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from kpi_engine.reports.board.excel_sheets import Number, figure
from kpi_engine.reports.board.report import Badge, Fact, Tone
from kpi_engine.reports.board.to_excel import to_excel
from kpi_engine.reports.page import plain
from tests.reports.board.sample import hostile, sample, suppressed

if TYPE_CHECKING:
    from collections.abc import Callable

    from openpyxl import Workbook
    from openpyxl.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

    from kpi_engine.reports.board.report import BoardReport

REPORTS = pytest.mark.parametrize("made", [sample, suppressed, hostile], ids=lambda made: made.__name__)
SHEETS = ["Readme", "Results", "Series", "Exceptions", "Milestones", "Findings", "Charts"]
SOFFICE = shutil.which("soffice")
CALC = SOFFICE is not None and (Path(SOFFICE).resolve().parent / "libsclo.so").exists()


def opened(report: BoardReport) -> Workbook:
    return load_workbook(io.BytesIO(to_excel(report)))


def parts(report: BoardReport, name: str) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(to_excel(report))) as file:
        return [file.read(part).decode() for part in sorted(file.namelist()) if re.fullmatch(name, part)]


def cells(page: Worksheet, column: str) -> list[Cell]:
    heads = [cell.value for cell in page[1]]
    return [row[heads.index(column)] for row in page.iter_rows(min_row=2)]  # type: ignore[misc]  # none is merged


def day(year: int, month: int, number: int) -> datetime:
    return datetime.combine(date(year, month, number), time())


def values(page: Worksheet, column: str) -> list[object]:
    return [cell.value for cell in cells(page, column)]


@REPORTS
def test_each_sheet_is_one_named_table_from_row_1(made: Callable[[], BoardReport]) -> None:
    book = opened(made())
    assert book.sheetnames == SHEETS
    for page in book.worksheets:
        (table,) = page.tables.values()
        assert table.displayName == page.title
        assert table.ref == page.dimensions
        assert table.ref.startswith("A1:")
        heads = [cell.value for cell in page[1]]
        assert all(isinstance(head, str) and head for head in heads)
        assert len({str(head).casefold() for head in heads}) == len(heads)
        assert not page.merged_cells.ranges


@REPORTS
def test_each_sheet_is_seen_and_printed_with_its_headings(made: Callable[[], BoardReport]) -> None:
    for page in opened(made()).worksheets:
        assert page.freeze_panes in {"B2", "C2"}
        assert page.page_setup.orientation == "landscape"
        assert page.page_setup.paperSize == 9
        assert page.print_title_rows == "$1:$1"
        assert page.page_setup.fitToHeight == 0
        widths = [page.column_dimensions[name].width for name in page.column_dimensions]
        assert all(width >= 9 for width in widths)


@REPORTS
def test_no_cell_is_a_formula(made: Callable[[], BoardReport]) -> None:
    for page in opened(made()).worksheets:
        assert {cell.data_type for row in page.iter_rows() for cell in row} <= {"s", "n", "d"}
    assert not [
        xml for xml in parts(made(), r"xl/worksheets/sheet\d+\.xml") if "<f>" in xml or "<hyperlink" in xml
    ]
    assert not parts(made(), r"xl/externalLinks/.*")


def test_what_would_run_elsewhere_is_kept_as_text() -> None:
    book = opened(hostile())
    evil = hostile().measures[0].sentence
    (held,) = [cell for cell in cells(book["Results"], "Why off track") if str(cell.value).startswith("=")]
    assert held.value == evil
    assert held.data_type == "s"
    assert held.quotePrefix
    assert evil in values(book["Results"], "What it shows")


@pytest.mark.parametrize("first", list("=+-@\t\r\n＝＋－＠"))
def test_no_first_letter_runs(first: str) -> None:
    whole = sample()
    bad = replace(whole.measures[0], details=(Fact("Why off track", f"{first}1+1"),))
    held = cells(opened(replace(whole, measures=(bad,)))["Results"], "Why off track")[0]
    assert held.value == plain(f"{first}1+1")
    assert held.data_type == "s"
    assert held.quotePrefix == (not first.isspace())


def test_figures_are_numbers_in_the_format_they_are_printed_in() -> None:
    page = opened(sample())["Results"]
    held = cells(page, "Latest")
    assert [cell.value for cell in held] == [0.59, 0.79, 0.96, 11, 1, "[x]"]
    assert [cell.number_format for cell in held[:4]] == ["0%", "0%", "0%", "0"]
    assert values(page, "Count") == [30, 26, 381, None, 332, None]
    assert values(page, "Of") == [52, 33, 396, None, 332, None]
    assert values(page, "Previous") == [0.68] * 6
    assert values(page, "Target")[:2] == ["100%", "at least 85%"]
    assert values(page, "State")[0] == "■ Action needed"
    assert values(page, "Why off track")[0] == "Family finding took longer than planned in two teams."


def test_series_hold_every_month_of_every_chart() -> None:
    page = opened(sample())["Series"]
    points = [(m.id, point) for m in sample().measures if m.picture is not None for point in m.picture.points]
    assert values(page, "Measure id") == [name for name, _ in points]
    assert values(page, "Month")[:2] == [day(2023, 4, 1), day(2023, 5, 1)]
    for column, name in (("Figure", "value"), ("Target", "target"), ("Expected to", "upper")):
        wanted = [getattr(point, name) for _, point in points]
        assert values(page, column) == [None if x is None else float(x / 100) for x in wanted]
    assert values(page, "As shown") == [point.shown for _, point in points]
    assert {cell.number_format for cell in cells(page, "Figure")} == {"0.0%"}


def test_a_month_without_a_figure_is_a_gap_and_says_why() -> None:
    whole = sample()
    measure = whole.measures[0]
    assert measure.picture is not None
    first, *others = measure.picture.points
    gap = replace(first, value=None, shown="no figure")
    gone = replace(measure, picture=replace(measure.picture, points=(gap, *others)))
    report = replace(whole, measures=(gone,))
    page = opened(report)["Series"]
    assert values(page, "Figure")[0] is None
    assert values(page, "As shown")[0] == "no figure"
    assert "dispBlanksAs" not in parts(report, r"xl/charts/chart1\.xml")[0]  # left out, it means a gap


@REPORTS
def test_each_chart_draws_its_own_rows_and_has_words(made: Callable[[], BoardReport]) -> None:
    drawn = [m for m in made().measures if m.picture is not None]
    book, (drawing,) = opened(made()), parts(made(), r"xl/drawings/drawing\d+\.xml")
    told = [unescape(text) for text in re.findall(r' descr="([^"]*)"', drawing)]
    assert told == [m.picture.alt for m in drawn if m.picture is not None]
    ids = values(book["Series"], "Measure id")
    charts = parts(made(), r"xl/charts/chart\d+\.xml")
    assert len(charts) == len(drawn)
    for measure, xml in zip(drawn, charts, strict=True):
        rows = {
            (int(a), int(b)) for a, b in re.findall(r"<c:f>Series!\$[A-Z]+\$(\d+):\$[A-Z]+\$(\d+)</c:f>", xml)
        }
        ((first, last),) = rows
        assert {n + 2 for n, one in enumerate(ids) if one == measure.id} == set(range(first, last + 1))
        assert measure.picture is not None
        assert measure.picture.title in unescape(xml)
    assert values(book["Charts"], "In words") == told


def test_a_chart_without_a_target_draws_none() -> None:
    whole = sample()
    measure = whole.measures[0]
    assert measure.picture is not None
    points = tuple(replace(point, target=None) for point in measure.picture.points)
    bare = replace(measure, picture=replace(measure.picture, points=points))
    (xml,) = parts(replace(whole, measures=(bare,)), r"xl/charts/chart1\.xml")
    assert "<c:v>Figure</c:v>" in xml
    assert "<c:v>Target</c:v>" not in xml


def test_readme_comes_first_and_names_every_sheet() -> None:
    page = opened(sample())["Readme"]
    told = list(page.iter_rows(min_row=2, values_only=True))
    assert told[0] == ("Report", "Title", "Exception report, March 2025")
    assert [row[1] for row in told if row[0] == "Sheet"] == SHEETS[1:]
    assert ("Symbol", "[x]", "not available") in told
    assert ("Run", "Rules", "0123456789abcdef") in told
    assert ("Report", "Figures", "Made-up figures.") in told


def test_other_sheets_hold_what_the_report_holds() -> None:
    book = opened(sample())
    assert values(book["Exceptions"], "Exception") == [
        "Missed three times running (new)",
        "Out of reach at the present rate",
        "Milestone overdue",
    ]
    assert values(book["Milestones"], "Due") == [day(2023, 10, 31), day(2023, 6, 30), "No date"]
    assert values(book["Milestones"], "Status") == ["● done", "■ overdue", "○ undated"]
    assert values(book["Findings"], "How many") == [3, 1]


def test_nothing_to_tell_is_told() -> None:
    empty = replace(sample(), measures=(), action=(), headlines=(), others=(), milestones=(), findings=())
    book = opened(empty)
    said = [book[name]["A2"].value for name in SHEETS[1:]]
    assert said == [
        "No measure.",
        "No figures by month.",
        "No exception.",
        "No milestone.",
        "No finding.",
        "No chart.",
    ]


def test_sheets_of_parts_that_the_board_does_not_read_are_not_there() -> None:
    book = opened(replace(sample(), sections=("summary", "exceptions")))
    assert book.sheetnames == ["Readme", "Results", "Series", "Exceptions", "Charts"]


def test_headline_measures_without_a_card_have_a_row() -> None:
    brief = replace(sample(), measures=sample().measures[:1])
    assert values(opened(brief)["Results"], "Measure") == ["Matched within 6 months", "Permanent staff, CIC"]


def test_what_is_kept_back_is_nowhere() -> None:
    report = suppressed()
    page = opened(report)["Results"]
    assert [values(page, name)[0] for name in ("Latest", "Count", "Of", "Gap", "Previous")] == [
        *("[c]", "[c]", None),
        *("[c]", "[c]"),
    ]
    ids = {m.id for m in report.measures if m.picture is not None}
    assert set(values(opened(report)["Series"], "Measure id")) == ids
    assert "matched-within-6-months" not in ids
    assert values(opened(report)["Findings"], "How many") == ["some"]
    assert "30 of 52" not in "".join(parts(report, r".*\.xml"))


def test_properties_hold_no_clock_and_no_machine() -> None:
    held = opened(sample()).properties
    assert held.title == "Exception report, March 2025: Achieving Excellence Board, Example Borough (made-up)"
    assert held.creator == held.lastModifiedBy == "Example Borough (made-up)"
    assert held.created == held.modified == day(2025, 4, 17)
    bare = replace(sample(), meeting="", meeting_on="")
    assert opened(bare).properties.created == day(2025, 3, 31)


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("59%", "0.59", "0%"),
        ("94.99%", "0.9499", "0.00%"),
        ("-3%", "-0.03", "0%"),
        ("+40%", "0.4", "+0%;-0%;0%"),
        ("+13", "13", "+0;-0;0"),
        ("12", "12", "0"),
        ("18.3", "18.3", "0.0"),
        ("1 day", "1", '0" day"'),
        ("683 days", "683", '0" days"'),
    ],
)
def test_a_printed_figure_is_a_number(text: str, value: str, shown: str) -> None:
    assert figure(text) == Number(Decimal(value), shown)


@pytest.mark.parametrize(
    "text", ["", "[c]", "[k]", "100/3", "at least 85%", "84% to 100%", "٣", "1e5", "59 %", "40, baseline 30"]
)
def test_what_is_no_figure_stays_text(text: str) -> None:
    assert figure(text) == text


@given(st.text(min_size=1, max_size=80))
@settings(max_examples=40, deadline=None)
def test_any_text_can_be_written(text: str) -> None:
    whole = sample()
    badge = Badge("■", text, Tone.BAD)
    measure = replace(whole.measures[0], badge=badge, sentence=text, details=(Fact(text, text),), title=text)
    picture = measure.picture
    assert picture is not None
    measure = replace(measure, picture=replace(picture, title=text, alt=text))
    report = replace(
        whole, council=text, marking=text, plan=text, measures=(measure,), symbols=(Fact(text, text),)
    )
    page = opened(report)["Results"]
    assert values(page, "Title")[0] == (plain(text) or None)
    assert {cell.data_type for row in page.iter_rows() for cell in row} <= {"s", "n"}


def test_same_report_same_bytes_in_any_place() -> None:
    program = (
        "import hashlib\n"
        "from kpi_engine.reports.board.to_excel import to_excel\n"
        "from tests.reports.board.sample import sample\n"
        "print(hashlib.sha256(to_excel(sample())).hexdigest())"
    )
    places = [("Pacific/Kiritimati", "C", "1"), ("America/Los_Angeles", "C.UTF-8", "2")]
    made = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "TZ": zone, "LC_ALL": words, "PYTHONHASHSEED": seed, "PYTHONPATH": os.curdir},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for zone, words, seed in places
    }
    assert made == {hashlib.sha256(to_excel(sample())).hexdigest()}


@pytest.mark.skipif(not CALC, reason="LibreOffice Calc is not on this machine")
def test_another_spreadsheet_program_reads_it(tmp_path: Path) -> None:
    (tmp_path / "report.xlsx").write_bytes(to_excel(hostile()))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    subprocess.run(
        [
            str(SOFFICE),
            profile,
            "--headless",
            "--convert-to",
            "ods",
            "--outdir",
            str(tmp_path),
            str(tmp_path / "report.xlsx"),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    with zipfile.ZipFile(tmp_path / "report.ods") as file:
        content = file.read("content.xml").decode()
    assert re.findall(r'<table:table table:name="(\w+)"', content) == SHEETS
    assert "table:formula" not in content
    assert content.count("<draw:object ") == 3
