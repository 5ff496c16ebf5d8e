"""The scanner gives every cell as it is stored, with its address and what hides it."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.packaging.custom import IntProperty, StringProperty
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel, to_excel
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.table import Table as ExcelTable

from kpi_engine.returns.scanner.cells import is_date_format, is_number, unescape
from kpi_engine.returns.scanner.workbook import (
    CellKind,
    SheetState,
    column_letter,
    column_number,
    open_workbook,
    serial_to_date,
    split_address,
)
from tests.returns.parts import (
    DECLARATION,
    MAIN,
    OFFICE,
    STRICT,
    STRICT_OFFICE,
    cells,
    links,
    parts,
    scan,
    styles,
    texts,
    worksheet,
    zipped,
)

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl.cell.cell import Cell as OpenpyxlCell

    from kpi_engine.returns.scanner.workbook import Cell

ONE = '<row r="1"><c r="A1"><v>1</v></c></row>'


# Values


@pytest.mark.parametrize(
    ("stored", "kind", "text"),
    [
        ("<c><v>17</v></c>", CellKind.NUMBER, "17"),
        ('<c t="n"><v>-0.85</v></c>', CellKind.NUMBER, "-0.85"),
        ("<c><v>0.1</v></c>", CellKind.NUMBER, "0.1"),
        ("<c><v>9007199254740993</v></c>", CellKind.NUMBER, "9007199254740993"),
        ("<c><v>1.0E-5</v></c>", CellKind.NUMBER, "1.0E-5"),
        ("<c><v>\n 17 </v></c>", CellKind.NUMBER, "17"),
        ('<c t="b"><v>1</v></c>', CellKind.BOOLEAN, "1"),
        ('<c t="b"><v>false</v></c>', CellKind.BOOLEAN, "0"),
        ('<c t="e"><v>#N/A</v></c>', CellKind.ERROR, "#N/A"),
        ('<c t="e"><v>#REF!</v></c>', CellKind.ERROR, "#REF!"),
        ('<c t="d"><v>2024-09-30</v></c>', CellKind.DATE, "2024-09-30"),
        ('<c t="s"><v>1</v></c>', CellKind.TEXT, "shared"),
        ('<c t="inlineStr"><is><t>in line</t></is></c>', CellKind.TEXT, "in line"),
        ('<c t="str"><v>007</v></c>', CellKind.TEXT, "007"),
        ('<c t="str"><v> \u00a0 </v></c>', CellKind.TEXT, " \u00a0 "),
        ('<c t="str"><v><![CDATA[a<b]]></v></c>', CellKind.TEXT, "a<b"),
        ('<c t="str"><v>a<!-- no -->b&amp;&#x20AC;</v></c>', CellKind.TEXT, "ab&€"),
        ('<c t="str"><v>a_x0007_b_x000D_</v></c>', CellKind.TEXT, "a\x07b\r"),
        ('<c t="inlineStr"><is><t>_x005F_x000D_</t></is></c>', CellKind.TEXT, "_x000D_"),
        ('<c t="str"><v>_x1F600_ _X000D_ _x00_</v></c>', CellKind.TEXT, "_x1F600_ _X000D_ _x00_"),
        ('<c t="str"><v>_xD83D__xDE00_</v></c>', CellKind.TEXT, "\U0001f600"),
        ('<c t="str"><v>_xD83D_</v></c>', CellKind.TEXT, "\ufffd"),
    ],
)
def test_cell_is_given_as_stored(tmp_path: Path, stored: str, kind: CellKind, text: str) -> None:
    body = '<row r="5">' + stored.replace("<c", '<c r="B5"', 1) + "</row>"
    path = zipped(tmp_path / "r.xlsx", parts(body, texts=texts("", "<t>shared</t>")))
    cell = cells(path)["B5"]
    assert (cell.kind, cell.text, cell.formula) == (kind, text, False)
    assert (cell.row, cell.column, cell.address) == (5, 2, "B5")


@pytest.mark.parametrize("where", ["shared", "in line"])
def test_rich_text_is_joined_without_its_phonetic_runs(tmp_path: Path, where: str) -> None:
    rich = (
        "<r><rPr><b/></rPr><t>Chil</t></r>\n  <r><t xml:space='preserve'>dren </t></r>"
        "<rPh sb='0' eb='1'><t>no</t></rPh><phoneticPr fontId='1'/><r><t>in care</t></r>"
    )
    cell = '<c t="s"><v>0</v></c>' if where == "shared" else f'<c t="inlineStr"><is>{rich}</is></c>'
    path = zipped(tmp_path / "r.xlsx", parts(f"<row>{cell}</row>", texts=texts(rich)))
    assert cells(path)["A1"].text == "Children in care"


@pytest.mark.parametrize(
    ("stored", "kind"),
    [
        ("<c><f>1+1</f></c>", CellKind.BLANK),
        ("<c><f>1+1</f><v></v></c>", CellKind.BLANK),
        ("<c><f>1+1</f><v/></c>", CellKind.BLANK),
        ('<c t="str"><f>A1</f></c>', CellKind.BLANK),
        ('<c t="e"><f>A1</f><v/></c>', CellKind.BLANK),
        ("<c><f>1+1</f><v>2</v></c>", CellKind.NUMBER),
        ('<c><f t="shared" si="0"/><v>2</v></c>', CellKind.NUMBER),
        ('<c t="str"><f>""</f><v></v></c>', CellKind.TEXT),
        ('<c t="e"><f>1/0</f><v>#DIV/0!</v></c>', CellKind.ERROR),
    ],
)
def test_formula_never_calculated_is_told_from_one_that_was(
    tmp_path: Path, stored: str, kind: CellKind
) -> None:
    cell = cells(zipped(tmp_path / "r.xlsx", parts(f"<row>{stored}</row>")))["A1"]
    assert (cell.kind, cell.formula) == (kind, True)


def test_formatted_empty_rows_and_cells_are_left_out(tmp_path: Path) -> None:
    empty = "".join(
        f'<row r="{n}"><c r="A{n}" s="1"/><c r="B{n}" s="1"><v></v></c></row>' for n in range(2, 302)
    )
    rows, findings = scan(zipped(tmp_path / "r.xlsx", parts(ONE + empty, styles=styles("14"))))
    assert [row.number for row in rows] == [1]
    assert not findings


# Addresses


def test_rows_and_cells_without_addresses_are_counted(tmp_path: Path) -> None:
    body = (
        '<row><c/><c><v>1</v></c></row><row r="7"><c r="C7"><v>2</v></c><c><v>3</v></c></row>'
        "<row><c><v>4</v></c></row>"
    )
    found = cells(zipped(tmp_path / "r.xlsx", parts(body)))
    assert {address: cell.text for address, cell in found.items()} == {
        "B1": "1",
        "C7": "2",
        "D7": "3",
        "A8": "4",
    }


def test_cells_out_of_order_are_sorted_and_said_so(tmp_path: Path) -> None:
    body = '<row r="1"><c r="C1"><v>3</v></c><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c></row>'
    (row,), (finding,) = scan(zipped(tmp_path / "r.xlsx", parts(body)))
    assert [cell.address for cell in row.cells] == ["A1", "B1", "C1"]
    assert (finding.code, finding.severity) == ("R119", "flag")


@given(st.integers(1, 16384))
def test_column_letters_and_numbers_are_inverse(number: int) -> None:
    assert column_number(column_letter(number)) == number
    assert column_letter(number) == get_column_letter(number)


@given(st.integers(1, 1_048_576), st.integers(1, 16384))
def test_address_splits_into_row_and_column(row: int, column: int) -> None:
    assert split_address(f"{column_letter(column)}{row}") == (row, column)
    assert split_address(f"${column_letter(column)}${row}") == (row, column)


@pytest.mark.parametrize(
    "address", ["", "A", "1", "a1", "A0", "XFE1", "A1048577", "A1:B2", "A 1", "A1$", "A٥"]
)
def test_address_that_is_none_raises(address: str) -> None:
    with pytest.raises(ValueError, match=r"not the address|no column"):
        split_address(address)


@pytest.mark.parametrize("number", [0, 16385])
def test_column_that_is_none_raises(number: int) -> None:
    with pytest.raises(ValueError, match=f"the number {number}"):
        column_letter(number)


@pytest.mark.parametrize("letters", ["", "a", "XFE", "AAAA", "A1"])
def test_column_letters_that_are_none_raise(letters: str) -> None:
    with pytest.raises(ValueError, match="these letters"):
        column_number(letters)


# Dates


@pytest.mark.parametrize(
    ("text", "date_1904", "day"),
    [
        ("45565", False, date(2024, 9, 30)),
        ("45565.0", False, date(2024, 9, 30)),
        ("4.5565E4", False, date(2024, 9, 30)),
        ("44103", True, date(2024, 9, 30)),
        ("61", False, date(1900, 3, 1)),
        ("60", False, None),
        ("1", False, None),
        ("0", True, date(1904, 1, 1)),
        ("2958465", False, date(9999, 12, 31)),
        ("2958466", False, None),
        ("2957003", True, date(9999, 12, 31)),
        ("2957004", True, None),
        ("45565.5", False, None),
        ("45565.0000001", False, None),
        ("-1", True, None),
        ("1e999", False, None),
        ("1e999999999", False, None),
        ("nan", False, None),
        ("", False, None),
        ("30/09/2024", False, None),
        ("٤٥٥٦٥", False, None),
    ],
)
def test_serial_is_its_exact_day_or_none(text: str, date_1904: bool, day: date | None) -> None:  # noqa: FBT001
    assert serial_to_date(text, date_1904) == day


@given(st.dates(date(1904, 1, 2)), st.booleans())
def test_serials_agree_with_openpyxl(day: date, date_1904: bool) -> None:  # noqa: FBT001
    epoch = CALENDAR_MAC_1904 if date_1904 else CALENDAR_WINDOWS_1900
    assert serial_to_date(str(int(to_excel(day, epoch))), date_1904) == day  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("code", "is_date"),
    [
        ("General", False), ("GENERAL", False), ("0.00", False), ("[Red]0", False),
        ("#,##0;[Red]-#,##0", False),
        ("0.00E+00", False), ("@", False), ('0 "days"', False), (r"0\d", False), ("0_d", False),
        ("0*s", False),
        ('"£"#,##0', False), ("[$-809]0", False), ("[$USD]#,##0", False), ("0;d", False), ("", False),
        ("dd/mm/yyyy", True), ("D-MMM-YY", True), ("mmm yyyy", True), ("hh:mm", True), ("[h]:mm:ss", True),
        ("[mm]", True), ("[ss].0", True), (r"[$-F800]dddd\,\ mmmm\ dd\,\ yyyy", True), ('yyyy"-"mm', True),
        ("[Red]dd/mm/yyyy", True), ("h AM/PM", True), ("_-d", True), ("yyyy;@", True),
    ],
)  # fmt: skip
def test_number_format_is_that_of_a_date_or_not(code: str, is_date: bool) -> None:  # noqa: FBT001
    assert is_date_format(code) is is_date


@pytest.mark.parametrize(
    ("code", "is_date"),
    [
        ("0", False), ("9", False), ("13", False), ("14", True), ("22", True), ("23", False), ("27", True),
        ("36", True),
        ("44", False), ("45", True), ("47", True), ("49", False), ("50", True), ("58", True), ("59", False),
        ("dd/mm/yyyy", True), ('0 "days & d"', False),
    ],
)  # fmt: skip
def test_cell_knows_whether_its_style_is_a_date(tmp_path: Path, code: str, is_date: bool) -> None:  # noqa: FBT001
    body = '<row><c s="0"><v>1</v></c><c s="1"><v>1</v></c><c><v>1</v></c></row>'
    found = cells(zipped(tmp_path / "r.xlsx", parts(body, styles=styles(code))))
    assert [cell.is_date for cell in found.values()] == [False, is_date, False]


@pytest.mark.parametrize(
    ("attribute", "is_1904"), [('date1904="1"', True), ('date1904="true"', True), ("", False)]
)
def test_date_system_is_given(tmp_path: Path, attribute: str, is_1904: bool) -> None:  # noqa: FBT001
    path = zipped(tmp_path / "r.xlsx", parts(ONE, workbook=f"<workbookPr {attribute}/>"))
    with open_workbook(path) as workbook:
        assert workbook.date_1904 is is_1904


@given(st.text(st.sampled_from("0123456789.+-eE_ ٣x"), max_size=8))
def test_number_text_is_a_number_for_python_too(text: str) -> None:
    if is_number(text):
        assert float(text) == float(text)
    else:
        assert not (text.isascii() and text.isdigit())


# What hides cells, and what stands around them


@pytest.mark.parametrize("state", SheetState)
def test_sheet_state_is_given(tmp_path: Path, state: SheetState) -> None:
    with open_workbook(zipped(tmp_path / "r.xlsx", parts(ONE, states=f'state="{state}"'))) as workbook:
        assert [(sheet.name, sheet.state) for sheet in workbook.sheets] == [("Sheet1", state)]


@pytest.mark.parametrize(
    ("attribute", "hidden"),
    [('hidden="1"', True), ('ht="0" customHeight="1"', True), ('hidden="0"', False), ("", False)],
)
def test_hidden_rows_are_given_and_marked(tmp_path: Path, attribute: str, hidden: bool) -> None:  # noqa: FBT001
    (row,), _ = scan(zipped(tmp_path / "r.xlsx", parts(f"<row {attribute}><c><v>1</v></c></row>")))
    assert row.hidden is hidden


def test_what_stands_around_the_cells_is_given(tmp_path: Path) -> None:
    sheet = worksheet(
        ONE,
        before=(
            '<cols><col min="1" max="1"/><col min="2" max="3" hidden="1"/>'
            '<col min="9" max="9" width="0"/></cols>'
        ),
        after=(
            '<sheetProtection sheet="1"/><customSheetViews><customSheetView/></customSheetViews>'
            '<autoFilter ref="A1:B9"><filterColumn colId="0"><filters><filter val="x"/></filters>'
            "</filterColumn></autoFilter>"
            '<mergeCells><mergeCell ref="A1:C1"/><mergeCell ref="D4:D9"/></mergeCells>'
        ),
    )
    with open_workbook(zipped(tmp_path / "r.xlsx", parts(sheet))) as workbook:
        (found,) = workbook.sheets
        list(found.rows())
        assert found.hidden_columns == {2, 3, 9}
        assert found.merged == ("A1:C1", "D4:D9")
        assert (found.is_protected, found.is_filtered) == (True, True)
        assert not found.findings


def test_filter_button_and_filter_of_a_custom_view_hide_nothing(tmp_path: Path) -> None:
    criterion = '<filterColumn colId="0"><filters/></filterColumn>'
    sheet = worksheet(
        ONE,
        after=(
            f"<customSheetViews><customSheetView><autoFilter>{criterion}</autoFilter></customSheetView>"
            "</customSheetViews>"
            '<autoFilter ref="A1:B9"><filterColumn colId="0" hiddenButton="1"/></autoFilter>'
        ),
    )
    with open_workbook(zipped(tmp_path / "r.xlsx", parts(sheet))) as workbook:
        (found,) = workbook.sheets
        list(found.rows())
        assert (found.is_protected, found.is_filtered) == (False, False)


@pytest.mark.parametrize(
    "around",
    [
        {"before": '<cols><col min="0" max="2" hidden="1"/></cols>'},
        {"before": '<cols><col min="1" max="99999" hidden="1"/></cols>'},
        {"after": '<mergeCells><mergeCell ref="Jane"/></mergeCells>'},
    ],
)
def test_range_that_is_none_refuses_the_sheet(tmp_path: Path, around: dict[str, str]) -> None:
    _, (finding,) = scan(zipped(tmp_path / "r.xlsx", parts(worksheet(ONE, **around))))
    assert (finding.code, finding.severity) == ("R117", "refuse")
    assert "Jane" not in finding.message


def test_sheet_that_was_not_read_to_its_end_says_nothing(tmp_path: Path) -> None:
    with open_workbook(zipped(tmp_path / "r.xlsx", parts(ONE))) as workbook:
        (sheet,) = workbook.sheets
        with pytest.raises(RuntimeError, match="not been read"):
            _ = sheet.findings
        next(sheet.rows())
        with pytest.raises(RuntimeError, match="not been read"):
            _ = sheet.merged


def test_sheet_can_be_read_again(tmp_path: Path) -> None:
    with open_workbook(zipped(tmp_path / "r.xlsx", parts(ONE + "<row r='1'/>"))) as workbook:
        (sheet,) = workbook.sheets
        assert list(sheet.rows()) == list(sheet.rows())
        assert len(sheet.findings) == 1


# Parts and names


def test_prefixed_namespaces_are_read(tmp_path: Path) -> None:
    sheet = (
        f'{DECLARATION}<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="1">'
        '<x:c r="A1" t="inlineStr"><x:is>'
        "<x:t>a</x:t></x:is></x:c></x:row></x:sheetData></x:worksheet>"
    )
    assert cells(zipped(tmp_path / "r.xlsx", parts(sheet)))["A1"].text == "a"


def test_elements_of_foreign_namespaces_are_no_cells(tmp_path: Path) -> None:
    sheet = worksheet(ONE, after='<extLst><ext xmlns:y="urn:y"><y:c r="A1"><y:v>9</y:v></y:c></ext></extLst>')
    assert [cell.text for cell in cells(zipped(tmp_path / "r.xlsx", parts(sheet))).values()] == ["1"]


def test_strict_workbooks_are_read(tmp_path: Path) -> None:
    contents = {
        name: text.replace(MAIN, STRICT).replace(OFFICE, STRICT_OFFICE)
        for name, text in parts(
            '<row><c t="s" s="1"><v>0</v></c></row>', texts=texts("<t>a</t>"), styles=styles("14")
        ).items()
    }
    cell = cells(zipped(tmp_path / "r.xlsx", contents))["A1"]
    assert (cell.text, cell.is_date) == ("a", True)


@pytest.mark.parametrize(
    "target", ["worksheets/sheet1.xml", "/xl/worksheets/sheet1.xml", "./x/../Worksheets/Sheet1.xml"]
)
def test_targets_may_be_relative_or_absolute(tmp_path: Path, target: str) -> None:
    contents = parts(ONE)
    contents["xl/_rels/workbook.xml.rels"] = links(("rId1", "worksheet", target))
    assert cells(zipped(tmp_path / "r.xlsx", contents))["A1"].text == "1"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "iso-8859-1"])
def test_other_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    sheet = worksheet('<row><c t="str"><v>£é</v></c></row>').replace("UTF-8", declared)
    contents: dict[str, str | bytes] = {**parts(), "xl/worksheets/sheet1.xml": sheet.encode(encoding)}
    assert cells(zipped(tmp_path / "r.xlsx", contents))["A1"].text == "£é"


def test_chart_sheets_are_left_out_and_tabs_keep_their_order(tmp_path: Path) -> None:
    contents = parts(ONE)
    contents["xl/workbook.xml"] = contents["xl/workbook.xml"].replace(
        "<sheets>",
        '<sheets><sheet name="B &amp; C" sheetId="9" r:id="r9"/><sheet name="Chart" sheetId="8" r:id="r8"/>',
    )
    contents["xl/_rels/workbook.xml.rels"] = links(
        ("rId1", "worksheet", "worksheets/sheet1.xml"),
        ("r8", "chartsheet", "chartsheets/sheet1.xml"),
        ("r9", "worksheet", "worksheets/sheet2.xml"),
    )
    contents["xl/worksheets/sheet2.xml"] = worksheet()
    with open_workbook(zipped(tmp_path / "r.xlsx", contents)) as workbook:
        assert [sheet.name for sheet in workbook.sheets] == ["B & C", "Sheet1"]


def test_tables_names_and_properties_survive_openpyxl(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Start here"
    for row in [["Child ID", "Team"], ["1", "CIC"], ["2", "CP"]]:
        sheet.append(row)
    sheet.add_table(ExcelTable(displayName="Children", ref="A1:B3"))
    book.defined_names["template_version"] = DefinedName("template_version", attr_text="'Start here'!$C$4")
    sheet.defined_names["local"] = DefinedName("local", attr_text="'Start here'!$A$1")
    properties = book.custom_doc_props  # type: ignore[attr-defined]  # the stubs lack it
    properties.append(StringProperty(name="template", value="2024_x0041_1"))
    properties.append(IntProperty(name="edition", value=7))
    book.save(tmp_path / "r.xlsx")
    with open_workbook(tmp_path / "r.xlsx") as workbook:
        (table,) = workbook.tables
        assert (table.name, table.sheet, table.ref, table.columns) == (
            "Children", "Start here", "A1:B3", ("Child ID", "Team"),
        )  # fmt: skip
        assert (table.has_headings, table.has_totals, table.is_filtered) == (True, False, False)
        assert workbook.defined_names == {"template_version": "'Start here'!$C$4"}
        assert workbook.properties == {"template": "2024A1", "edition": "7"}
        assert (workbook.has_macros, workbook.has_external_links) == (False, False)
        assert not workbook.findings


def test_table_tells_of_totals_headings_and_filter(tmp_path: Path) -> None:
    contents = parts(ONE)
    contents["xl/worksheets/_rels/sheet1.xml.rels"] = links(("r1", "table", "/xl/tables/table1.xml"))
    contents["xl/tables/table1.xml"] = (
        f'<table xmlns="{MAIN}" name="a" displayName="T" ref="A5:B20" headerRowCount="0" totalsRowCount="1">'
        '<autoFilter ref="A5:B19"><filterColumn colId="0"><filters/></filterColumn></autoFilter>'
        '<tableColumns><tableColumn name="Two_x000a_lines"/><tableColumn name="b"/></tableColumns></table>'
    )
    with open_workbook(zipped(tmp_path / "r.xlsx", contents)) as workbook:
        (table,) = workbook.tables
    assert (table.name, table.columns) == ("T", ("Two\nlines", "b"))
    assert (table.has_headings, table.has_totals, table.is_filtered) == (False, True, True)


# The oracle

# What openpyxl gets wrong is left out of what is made here: it does not undo _x000D_ escapes (and does not
# write them), and writes an empty text as no cell. Its figures are floats, so numbers are compared as such.
ERRORS = ["#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"]
words = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\n \u00a0\"'<&=_"),
    min_size=1,
    max_size=20,
).filter(lambda text: not text.startswith("=") and unescape(text) == text and text not in ERRORS)
moments = st.datetimes(datetime(1904, 1, 2), datetime(2100, 1, 1)).map(lambda d: d.replace(microsecond=0))  # noqa: DTZ001
values = st.one_of(
    words,
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.booleans(),
    st.sampled_from(ERRORS),
    st.dates(date(1904, 1, 2), date(2100, 1, 1)),
    moments,
    st.just("=SUM(1,2)"),
)
KINDS = {
    "s": CellKind.TEXT,
    "n": CellKind.NUMBER,
    "d": CellKind.NUMBER,
    "b": CellKind.BOOLEAN,
    "e": CellKind.ERROR,
    "f": CellKind.BLANK,
}
grids = st.dictionaries(st.tuples(st.integers(1, 40), st.integers(1, 30)), values, max_size=25)


def made(path: Path, sheets: list[dict[tuple[int, int], object]], hidden: set[int], epoch: datetime) -> None:
    """Write the grids with openpyxl, a sheet each."""
    book = openpyxl.Workbook()
    book.epoch = epoch
    for number, grid in enumerate(sheets):
        sheet = book.create_sheet(f"S {number}")
        for (row, column), value in grid.items():
            sheet.cell(row, column, value)
        for row in hidden:
            sheet.row_dimensions[row].hidden = True
    book.save(path)


def assert_same(cell: Cell, theirs: OpenpyxlCell, epoch: datetime) -> None:
    """The scanner's cell says what openpyxl's says."""
    assert (cell.kind, cell.formula) == (KINDS[theirs.data_type], theirs.data_type == "f")
    assert cell.is_date == theirs.is_date
    if cell.is_date:
        moment = from_excel(float(cell.text), epoch)
        assert moment == theirs.value
        if isinstance(moment, datetime) and moment.time() == time():
            assert serial_to_date(cell.text, epoch == CALENDAR_MAC_1904) == moment.date()
    elif cell.kind is CellKind.NUMBER:
        assert float(cell.text) == theirs.value
    elif cell.kind is CellKind.BOOLEAN:
        assert (cell.text == "1") is theirs.value
    elif not cell.formula:
        assert cell.text == theirs.value


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(grids, min_size=1, max_size=3),
    st.sets(st.integers(1, 40)),
    st.sampled_from([CALENDAR_WINDOWS_1900, CALENDAR_MAC_1904]),
)
def test_scanner_reads_what_openpyxl_reads(
    tmp_path: Path, sheets: list[dict[tuple[int, int], object]], hidden: set[int], epoch: datetime
) -> None:
    path = tmp_path / "r.xlsx"
    made(path, sheets, hidden, epoch)
    oracle = openpyxl.load_workbook(path)
    with open_workbook(path) as workbook:
        assert [sheet.name for sheet in workbook.sheets] == oracle.sheetnames
        assert workbook.date_1904 is (epoch == CALENDAR_MAC_1904)
        for sheet in workbook.sheets:
            rows = list(sheet.rows())
            expected = {c.coordinate: c for line in oracle[sheet.name] for c in line if c.value is not None}
            found = {cell.address: cell for row in rows for cell in row.cells}
            assert not sheet.findings
            assert found.keys() == expected.keys()
            assert all(row.hidden == (row.number in hidden) for row in rows)
            for address, cell in found.items():
                assert_same(cell, expected[address], epoch)
