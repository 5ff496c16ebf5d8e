"""The template: what it asks for, how it helps, and that what is filled in reads back."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from kpi_engine.errors import KpiError
from kpi_engine.returns.marked_copy.annotate import annotate
from kpi_engine.returns.read import read_return
from kpi_engine.returns.scanner.workbook import open_workbook
from kpi_engine.returns.template import Filling, build_return, save_return, write_return, write_template
from kpi_engine.returns.template.input_rules import GREY
from kpi_engine.rulebook.book import SheetKind
from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.terms.codes import finding
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import Period
from kpi_engine.terms.returned import Return, Validated
from tests.returns.contracts import CODE, CONTRACT, COUNCIL, RULEBOOK, VERSION

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook

    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.table import Value

    Line = dict[str, Value]

MARCH = Period.parse("2024-03")
CASES = [s for s in CONTRACT.sheets.values() if s.kind in {SheetKind.SNAPSHOT, SheetKind.EVENTS}]
CHECKS = {"date": "date", "whole": "whole", "decimal": "decimal", "choice": "list", "yes_no": "list"}
FOLDER_OF_RULES = Path(__file__).parents[2] / "rules"


@cache
def shipped() -> RuleBook:
    return load_rulebook(FOLDER_OF_RULES)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "returns_2024-03.xlsx"
    write_template(RULEBOOK, MARCH, path, authority=CODE)
    return path


def filled(folder: Path, filling: Filling) -> Return:
    path = folder / "returns_2024-03.xlsx"
    path.unlink(missing_ok=True)
    write_return(RULEBOOK, MARCH, path, filling)
    return read_return(path, RULEBOOK)


def values(returned: Return, sheet: str) -> list[Line]:
    columns = returned.tables[sheet].columns
    return [
        {name: column.values[i] for name, column in columns.items()}
        for i in range(len(returned.tables[sheet].rows))
    ]


# ── Reading back ─────────────────────────────────────────────────────────────


def test_the_empty_template_reads_as_an_empty_return(empty: Path) -> None:
    returned = read_return(empty, RULEBOOK)
    assert not returned.findings
    assert (returned.claims, returned.authority, returned.refused) == (MARCH, CODE, False)
    assert returned.validated is Validated.NOT_STATED
    assert returned.tables.keys() == {spec.id for spec in CASES}
    assert not any(table.rows or table.nil for table in returned.tables.values())
    assert not returned.counts
    assert not any(line.done_on for line in returned.milestones.values())


def test_the_shipped_template_reads_as_an_empty_return(tmp_path: Path) -> None:
    path = tmp_path / "returns_2024-04.xlsx"
    write_template(shipped(), Period.parse("2024-04"), path, authority=CODE)
    returned = read_return(path, shipped())
    assert not returned.findings
    assert not returned.problems
    assert returned.claims == Period.parse("2024-04")


NOTES: list[str | None] = [None, "=1+1", "+44", "@here", " padded ", "_x0041_", "a\nb", "<b> & 'c'"]
CONTRACTS: list[Line] = [
    {"status": "vacant", "contract": None},
    {"status": "filled", "contract": "permanent"},
    {"status": "filled", "contract": "agency"},
]
FTE = [Decimal(text) for text in ("0.3", "1", "0.5", "0.25", "0.7")]  # none of them the sum of the others


@st.composite
def returns(draw: st.DrawFn) -> dict[str, list[Line]]:
    """Rows of three sheets as the contract wants them."""
    numbers = st.lists(st.integers(0, 9999), max_size=len(FTE), unique=True)
    rows: dict[str, list[Line]] = {"workforce": [], "supervision": [], "care_orders": []}
    ids = {name: [f"A{n:04d}/é" for n in draw(numbers)] for name in rows}
    for i, fte in zip(ids["workforce"], FTE, strict=False):
        team, note = draw(st.sampled_from(["Children in Care", "Fostering"])), draw(st.sampled_from(NOTES))
        line: Line = {"post_id": i, "person_id": f"W-{i}", "team": team, "fte": fte, "note": note}
        rows["workforce"].append(line | draw(st.sampled_from(CONTRACTS)))
    for i in ids["supervision"]:
        day, good = draw(st.dates(MARCH.start, MARCH.end)), draw(st.booleans())
        rows["supervision"].append({"case_id": i, "supervised_on": day, "feedback_good": good})
    for i in ids["care_orders"]:
        day, stay = draw(st.dates(date(2021, 5, 1), date(2024, 1, 1))), draw(st.none() | st.integers(0, 90))
        left = None if stay is None else day + timedelta(stay)
        rows["care_orders"].append({"child_id": i, "order_on": day, "left_on": left})
    return rows


def tidied(lines: list[Line]) -> list[Line]:
    """Texts as the reader gives them, white space being no part of what they say."""
    return [{k: " ".join(v.split()) if isinstance(v, str) else v for k, v in line.items()} for line in lines]


@settings(max_examples=25, deadline=None)
@given(returns(), st.booleans())
def test_a_filled_template_reads_back_without_a_finding(
    rows: dict[str, list[Line]], ticks: bool  # noqa: FBT001  (drawn)
) -> None:  # fmt: skip
    nil = [name for name, lines in rows.items() if ticks and not lines]
    with TemporaryDirectory() as folder:
        returned = filled(Path(folder), Filling(CODE, rows=rows, nil=nil))
    assert [(fault.code, fault.where, fault.message) for fault in returned.findings] == []
    for name, lines in rows.items():
        assert values(returned, name) == tidied(lines)
        assert not any(any(column.unknown) for column in returned.tables[name].columns.values())
        assert returned.tables[name].nil == (name in nil)


def test_everything_beside_the_cases_reads_back(tmp_path: Path) -> None:
    returned = filled(
        tmp_path,
        Filling(
            COUNCIL,
            cover={
                "validated_by": "Head of Performance", "validated_on": date(2024, 4, 8),
                "no_case_list": "Workforce; Supervision", "replaces": "returns_2024-03_first.xlsx",
            },
            counts={
                "permanent-staff": {"number": 17, "out_of": 20},
                "champions": {"why_none": "Not known yet"},
            },
            milestones={"slip-for-iros": {"done_on": date(2023, 7, 3)}},
            commentary={
                "permanent-staff": {"why": "Posts are hard to fill.", "back_on_track": date(2025, 1, 31)}
            },
        ),
    )  # fmt: skip
    assert not returned.findings
    assert (returned.authority, returned.validated) == (CODE, Validated.YES)
    assert returned.no_case_list == {"workforce", "supervision"}
    assert returned.replaces == "returns_2024-03_first.xlsx"
    count = returned.counts["permanent-staff"]
    assert (count.number, count.out_of) == (Fraction(17), Fraction(20))
    assert returned.counts["champions"].why_none is Reason.NO_VALUE
    assert returned.milestones["slip-for-iros"].done_on == date(2023, 7, 3)
    assert returned.commentary["permanent-staff"].why == "Posts are hard to fill."
    assert returned.commentary["permanent-staff"].back_on_track == date(2025, 1, 31)


def test_a_faulty_value_is_written_as_it_is_typed(tmp_path: Path) -> None:
    rows: dict[str, list[Line]] = {"care_orders": [{"child_id": "K1", "order_on": "31/09/2023"}]}
    returned = filled(tmp_path, Filling(CODE, rows=rows))
    assert [fault.code for fault in returned.findings] == ["R205"]


# ── What the workbook holds ──────────────────────────────────────────────────


def test_each_sheet_has_its_excel_table_with_the_contract_s_headings(empty: Path) -> None:
    with open_workbook(empty) as book:
        tables = {table.name: (table.sheet, table.columns) for table in book.tables}
    assert tables == {
        spec.id: (spec.sheet, tuple(column.heading for column in spec.columns.values()))
        for spec in CONTRACT.sheets.values()
    }


def test_the_cover_is_named_and_ready(empty: Path) -> None:
    with open_workbook(empty) as book:
        names, properties = book.defined_names, book.properties
        assert [sheet.state.value for sheet in book.sheets] == ["visible"] * len(book.sheets)
    page = load_workbook(empty)["Start here"]
    cells = {name: page[text.rpartition("!")[2]] for name, text in names.items()}
    assert cells["kpi_month"].value.date() == date(2024, 3, 1)
    assert cells["kpi_month"].number_format == "mmmm yyyy"
    assert cells["kpi_authority"].value == COUNCIL
    assert cells["template_version"].value == properties["template_version"] == VERSION
    rules = [cell.value for cell in page["A"] if re.match(r"[1-6]\.  ", str(cell.value))]
    assert len(rules) == 6


def test_every_input_column_is_checked_far_down(empty: Path) -> None:
    book = load_workbook(empty)
    for spec in CASES:
        page = book[spec.sheet]
        checks = {str(rule.sqref).partition(":")[0]: rule for rule in page.data_validations.dataValidation}
        for letter, column in zip("ABCDEFGHIJ", spec.columns.values(), strict=False):
            rule = checks[f"{letter}7"]
            assert int(re.sub(r".*[A-Z]", "", str(rule.sqref))) >= 2000
            assert rule.type == CHECKS.get(column.type)


def test_lists_hold_the_contract_s_values(empty: Path) -> None:
    book = load_workbook(empty)
    rules = {str(rule.sqref): rule for rule in book["Workforce"].data_validations.dataValidation}
    sheet, _, cells = str(rules["C7:C2006"].formula1).partition("!")
    offered = [row[0].value for row in book[sheet][cells.replace("$", "")]]
    assert offered == ["Children in Care", "Fostering", "N/k"]


@pytest.mark.parametrize("rulebook", [RULEBOOK, None], ids=["small", "shipped"])
def test_no_text_is_longer_than_excel_allows(rulebook: RuleBook | None) -> None:
    book = build_return(rulebook or shipped(), MARCH, Filling(CODE))
    rules = [rule for page in book.worksheets for rule in page.data_validations.dataValidation]
    assert rules
    for rule in rules:
        assert len(rule.promptTitle or "") <= 32
        assert len(rule.errorTitle or "") <= 32
        assert len(rule.prompt or "") <= 255
        assert len(rule.error or "") <= 225
        assert len(rule.formula1 or "") <= 255
    assert max(len(page.title) for page in book.worksheets) <= 31


def test_only_the_cover_and_the_counts_are_protected_without_a_password(empty: Path) -> None:
    book = load_workbook(empty)
    assert {page.title for page in book.worksheets if page.protection.sheet} == {"Start here", "Counts"}
    assert not any(page.protection.password for page in book.worksheets)
    assert not book["Counts"]["C7"].protection.locked
    assert book["Counts"]["A7"].protection.locked
    assert not book["Start here"]["B11"].protection.locked


def test_there_is_no_formula_macro_or_outside_link(empty: Path) -> None:
    with open_workbook(empty) as book:
        assert not book.has_macros
        assert not book.has_external_links
        assert not any(cell.formula for sheet in book.sheets for row in sheet.rows() for cell in row.cells)


def test_colours_use_plain_addresses_only(empty: Path) -> None:
    for page in load_workbook(empty).worksheets:
        for area in page.conditional_formatting:
            for rule in area.rules:
                assert not set("[]{}") & set("".join(rule.formula))


def test_identifiers_keep_their_leading_zeros_far_down(empty: Path) -> None:
    page = load_workbook(empty)["Workforce"]
    assert page["A7"].number_format == "@"
    assert page.column_dimensions["A"].number_format == "@"


def test_no_heading_is_cut() -> None:
    book = build_return(shipped(), MARCH, Filling(CODE))
    for page in book.worksheets[1:-1]:
        for cell in page[6]:
            if cell.value:
                longest = max(map(len, str(cell.value).split()))
                assert page.column_dimensions[cell.column_letter].width >= longest + 3, cell.value


def test_out_of_is_asked_for_shares_only(empty: Path) -> None:
    page = load_workbook(empty)["Counts"]
    ids = {page[f"A{row}"].value: row for row in (7, 8)}
    assert not page[f"D{ids['permanent-staff']}"].protection.locked
    assert page[f"D{ids['champions']}"].protection.locked


def test_last_month_s_counts_stand_beside_locked_and_grey(tmp_path: Path) -> None:
    february = filled(tmp_path, Filling(CODE, counts={"permanent-staff": {"number": 17, "out_of": 20}}))
    path = tmp_path / "next.xlsx"
    write_template(RULEBOOK, MARCH.plus(1), path, authority=CODE, last_month=february)
    page = load_workbook(path)["Counts"]
    row = next(cell.row for cell in page["A"] if cell.value == "permanent-staff")
    assert [page[f"{letter}{row}"].value for letter in "GHI"] == [17, 20, "Workforce, on 30 April 2024"]
    assert page[f"G{row}"].fill.fgColor.rgb == GREY.fgColor.rgb
    assert page[f"G{row}"].protection.locked
    assert not read_return(path, RULEBOOK).counts


def test_text_like_a_formula_is_text(tmp_path: Path) -> None:
    rows: dict[str, list[Line]] = {"workforce": [{"post_id": "=1+1", "note": "=HYPERLINK(1)"}]}
    write_return(RULEBOOK, MARCH, tmp_path / "r.xlsx", Filling(CODE, rows=rows))
    page = load_workbook(tmp_path / "r.xlsx")["Workforce"]
    assert (page["A7"].value, page["A7"].data_type) == ("=1+1", "s")


# ── Bytes, files and faults ──────────────────────────────────────────────────


def test_nothing_in_the_file_tells_when_it_was_made(tmp_path: Path) -> None:
    first, second = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    for path in (first, second):
        write_template(RULEBOOK, MARCH, path, authority=CODE)
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2024, 3, 1, 0, 0, 0)}
        core = archive.read("docProps/core.xml").decode()
    assert set(re.findall(r"\d{4}-\d{2}-\d{2}T[^<]*", core)) == {"2024-03-01T00:00:00Z"}
    assert "openpyxl" not in core


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    path.write_bytes(b"mine")
    with pytest.raises(KpiError) as refused:
        write_template(RULEBOOK, MARCH, path, authority=CODE)
    assert [fault.code for fault in refused.value.findings] == ["R198"]
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize(
    "filling",
    [
        Filling(CODE, rows={"nowhere": []}),
        Filling(CODE, nil=["nowhere"]),
        Filling(CODE, rows={"workforce": [{"nothing": 1}]}),
        Filling(CODE, cover={"nothing": 1}),
        Filling(CODE, counts={"nothing": {}}),
        Filling(CODE, counts={"champions": {"nothing": 1}}),
    ],
)
def test_what_the_contract_lacks_is_not_written(filling: Filling) -> None:
    with pytest.raises(KeyError):
        build_return(RULEBOOK, MARCH, filling)


def test_a_cell_may_be_changed_before_it_is_saved(tmp_path: Path) -> None:
    book: Workbook = build_return(RULEBOOK, MARCH, Filling(CODE, rows={"supervision": [{"case_id": "C1"}]}))
    book["Supervision"]["B7"] = "=TODAY()"
    save_return(book, MARCH, tmp_path / "returns_2024-03.xlsx")
    returned = read_return(tmp_path / "returns_2024-03.xlsx", RULEBOOK)
    assert "R202" in {fault.code for fault in returned.findings}


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_template_and_annotated_copy_open_in_libreoffice(tmp_path: Path) -> None:
    rows: dict[str, list[Line]] = {"workforce": [{"post_id": "P1", "team": "Fosterin"}]}
    write_return(RULEBOOK, MARCH, tmp_path / "template.xlsx", Filling(CODE, rows=rows))
    faults = [finding("R302", sheet="Workforce", cell="C7", message="Wrong.", fix="Right it.")]
    annotate(tmp_path / "template.xlsx", faults, tmp_path / "copy.xlsx")
    office = shutil.which("soffice") or ""
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    names = ["template.xlsx", "copy.xlsx"]
    command = [office, profile, "--headless", "--convert-to", "xlsx", "--outdir", "opened", *names]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    for name, added in (("template.xlsx", []), ("copy.xlsx", ["Findings"])):
        before, after = load_workbook(tmp_path / name), load_workbook(tmp_path / "opened" / name)
        assert after.sheetnames == before.sheetnames
        assert after.sheetnames[-1:] == (added or ["Lists"])
        assert after["Workforce"]["C7"].value == "Fosterin"
        assert after["Workforce"].data_validations.count
    assert after["Findings"]["D5"].hyperlink is not None
    assert after["Workforce"]["C7"].comment is not None
