"""The annotated copy: the filler's own workbook, nothing lost, what was found marked and listed."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.comments import Comment

from kpi_engine.errors import KpiError, ReturnUnreadable
from kpi_engine.returns.marked_copy.annotate import annotate
from kpi_engine.returns.marked_copy.marks import MARK, NO_STYLES, Styles, mark_cells
from kpi_engine.returns.marked_copy.splice import plain, tree
from kpi_engine.returns.read import read_return
from kpi_engine.returns.scanner.workbook import CellKind, column_letter, open_workbook
from kpi_engine.returns.template import Filling, write_return
from kpi_engine.terms.codes import finding
from kpi_engine.terms.period import Period
from tests.returns.contracts import CODE, ROWS, RULEBOOK, saved, workbook
from tests.returns.parts import (
    MAIN,
    OFFICE,
    STRICT,
    STRICT_OFFICE,
    links,
    parts,
    scan,
    styles,
    worksheet,
    zipped,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.returned import Return
    from kpi_engine.terms.table import Value

TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
OFFICE_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
MARCH = Period.parse("2024-03")
FAULTY: list[dict[str, Value]] = [
    {"post_id": "P01", "person_id": "W1", "team": "Fosterin", "status": "filled", "fte": 7},
    {"post_id": "P02", "team": "Fostering", "status": "filled", "fte": "half"},
    {"person_id": "W3", "team": "CIC", "status": "vacant", "fte": 1},
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A return with faults of several kinds, one in a cell that is not stored at all."""
    path = tmp_path / "returns_2024-03.xlsx"
    order: dict[str, Value] = {"child_id": "K1", "order_on": "31/02/2024"}
    rows = {"workforce": FAULTY, "care_orders": [order]}
    write_return(RULEBOOK, MARCH, path, Filling(CODE, cover={"validated_by": "Team"}, rows=rows))
    return path


def without_file(returned: Return) -> list[Finding]:
    return [replace(fault, file="") for fault in returned.findings]


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def at(cell: str, sheet: str = "Sheet1", message: str = "=HYPERLINK(1)") -> Finding:
    return finding("R302", sheet=sheet, cell=cell, message=message, fix="+put it right")


def hand_made(folder: Path, contents_: Mapping[str, str | bytes]) -> Path:
    """A workbook of these parts, with content types for those that read by them."""
    overrides = "".join(
        f'<Override PartName="/xl/{part}.xml" ContentType="{OFFICE_TYPE}.{kind}+xml"/>'
        for part, kind in (("workbook", "sheet.main"), ("worksheets/sheet1", "worksheet"))
    )
    types = f'<Types xmlns="{TYPES}">{overrides}</Types>'
    return zipped(folder / "r.xlsx", {"[Content_Types].xml": types, **contents_})


def annotated(source: Path, findings: Iterable[Finding], name: str = "copy.xlsx") -> Path:
    out = source.with_name(name)
    annotate(source, tuple(findings), out)
    return out


def marked(path: Path, sheet: str = "Sheet1") -> dict[str, str]:
    """The marked cells of a sheet, each with the id of its number format; read without any library."""
    inside = contents(path)
    with open_workbook(path) as book:
        number = [one.name for one in book.sheets].index(sheet) + 1
    styles_ = tree(inside["xl/styles.xml"])
    fills, formats = styles_.child("fills"), styles_.child("cellXfs")
    data = tree(plain(inside[f"xl/worksheets/sheet{number}.xml"])).child("sheetData")
    assert fills
    assert formats
    assert data
    pink = [MARK.encode() in inside["xl/styles.xml"][one.start : one.end] for one in fills.children]
    found = {}
    for number, row in enumerate(data.children, 1):
        for column, cell in enumerate(row.children, 1):
            style = formats.children[int(cell.attributes.get("s", 0))].attributes
            if pink[int(style.get("fillId", 0))]:
                found[cell.attributes.get("r", f"{column_letter(column)}{number}")] = style["numFmtId"]
    return found


# ── Nothing is lost ──────────────────────────────────────────────────────────


def test_other_parts_are_copied_byte_for_byte(source: Path) -> None:
    before, after = contents(source), contents(annotated(source, read_return(source, RULEBOOK).findings))
    changed = {name for name in before if before[name] != after[name]}
    touched = {"Start here", "Workforce", "Care orders"}
    with open_workbook(source) as book:
        numbers = [i for i, sheet in enumerate(book.sheets, 1) if sheet.name in touched]
    allowed = {"[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"}
    allowed |= {f"xl/worksheets/sheet{i}.xml" for i in numbers}
    allowed |= {f"xl/worksheets/_rels/sheet{i}.xml.rels" for i in numbers}
    assert changed <= allowed
    assert {f"xl/worksheets/sheet{i}.xml" for i in numbers} <= changed


def test_every_value_and_format_is_kept(source: Path) -> None:
    copy = annotated(source, read_return(source, RULEBOOK).findings)
    old, new = load_workbook(source), load_workbook(copy)
    for page in old.worksheets:
        for row in page.iter_rows():
            for cell in row:
                kept = new[page.title][cell.coordinate]
                assert (kept.value, kept.number_format) == (cell.value, cell.number_format)
                assert repr((kept.font, kept.border, kept.alignment)) == repr(
                    (cell.font, cell.border, cell.alignment)
                )
        assert new[page.title].tables.keys() == page.tables.keys()
        assert new[page.title].data_validations.count == page.data_validations.count


def test_a_second_reading_finds_the_same(source: Path) -> None:
    first = read_return(source, RULEBOOK)
    assert {fault.code for fault in first.findings} >= {"R203", "R205", "R207", "R210", "R211", "R302"}
    assert without_file(read_return(annotated(source, first.findings), RULEBOOK)) == without_file(first)


def test_a_copy_can_be_annotated_again(source: Path) -> None:
    first = read_return(source, RULEBOOK)
    again = annotated(annotated(source, first.findings), without_file(first), "again.xlsx")
    assert load_workbook(again).sheetnames[-2:] == ["Findings", "Findings (2)"]
    assert without_file(read_return(again, RULEBOOK)) == without_file(first)


def test_the_original_is_not_touched(source: Path) -> None:
    before = source.read_bytes()
    annotated(source, read_return(source, RULEBOOK).findings)
    assert source.read_bytes() == before


def test_a_workbook_from_another_hand_is_kept(tmp_path: Path) -> None:
    made = workbook(rows={**ROWS, "workforce": [["P01", "W1", "CIC", "filed", "permanent", 1, None]]})
    source = saved(tmp_path, made)
    first = read_return(source, RULEBOOK)
    copy = annotated(source, first.findings)
    assert "D7" in marked(copy, "Workforce")
    assert without_file(read_return(copy, RULEBOOK)) == without_file(first)


def test_macros_are_copied_as_they_are(tmp_path: Path) -> None:
    source = zipped(tmp_path / "r.xlsm", {**parts('<row r="1"/>'), "xl/vbaProject.bin": b"\x00\x01macro"})
    assert contents(annotated(source, [at("A1")], "copy.xlsm"))["xl/vbaProject.bin"] == b"\x00\x01macro"


def test_notes_of_the_filler_are_left_alone(tmp_path: Path) -> None:
    made = workbook()
    made["Workforce"]["A7"].comment = Comment("ours", "team")
    source = saved(tmp_path, made)
    before, after = contents(source), contents(annotated(source, [at("A8", "Workforce")]))
    assert {n for n in after if "omment" in n or n.endswith(".vml")} == {
        n for n in before if "omment" in n or n.endswith(".vml")
    }
    assert all(before[n] == after[n] for n in before if "omment" in n or n.endswith(".vml"))


# ── Marks, notes and the list ────────────────────────────────────────────────


def test_faulty_cells_are_marked_and_no_others(source: Path) -> None:
    first = read_return(source, RULEBOOK)
    copy = annotated(source, first.findings)
    faulty = {fault.cell for fault in first.findings if fault.sheet == "Workforce" and fault.cell}
    assert marked(copy, "Workforce").keys() == faulty


def test_a_marked_cell_has_a_note_that_says_what_to_do(source: Path) -> None:
    copy = annotated(source, [at("C7", "Workforce", "Wrong team.")])
    note = load_workbook(copy)["Workforce"]["C7"].comment
    assert note is not None
    assert note.text == "R302: Wrong team. +put it right"


def test_the_list_links_each_finding_to_its_cell(source: Path) -> None:
    copy = annotated(source, [at("C7", "Workforce"), at("A1", "Gone"), at("", "Care orders")])
    page = load_workbook(copy)["Findings"]
    assert [[cell.value for cell in row] for row in page["A5:D7"]] == [
        ["R302", "In doubt: cannot improve a figure", "Workforce", "C7"],
        ["R302", "In doubt: cannot improve a figure", "Gone", "A1"],
        ["R302", "In doubt: cannot improve a figure", "Care orders", "whole sheet"],
    ]
    targets = [page[f"D{row}"].hyperlink and page[f"D{row}"].hyperlink.location for row in (5, 6, 7)]
    assert targets == ["'Workforce'!C7", None, "'Care orders'!A1"]


def test_text_like_a_formula_is_text(source: Path) -> None:
    texts = ("=1+1", "+1", "-1", "@x", "\x07<b>_x0041_")
    copy = annotated(source, [at("C7", "Workforce", text) for text in texts])
    with open_workbook(copy) as book:
        listed = next(sheet for sheet in book.sheets if sheet.name == "Findings")
        cells = {cell.address: cell for row in listed.rows() for cell in row.cells}
    assert [cells[f"E{row}"].text for row in range(5, 10)] == ["=1+1", "+1", "-1", "@x", "\ufffd<b>_x0041_"]
    assert {cells[f"E{row}"].kind for row in range(5, 10)} == {CellKind.TEXT}
    assert not any(cell.formula for cell in cells.values())


def test_no_finding_is_said_too(source: Path) -> None:
    assert load_workbook(annotated(source, []))["Findings"]["A5"].value == "Nothing was found."


def test_findings_of_another_file_are_passed_over(source: Path) -> None:
    copy = annotated(source, [replace(at("C7", "Workforce"), file="other.xlsx")])
    assert not marked(copy, "Workforce")


def test_a_range_is_marked_whole(tmp_path: Path) -> None:
    copy = annotated(hand_made(tmp_path, parts()), [at("B2:C4")])
    assert marked(copy).keys() == {"B2", "C2", "B3", "C3", "B4", "C4"}


def test_an_address_that_is_none_is_only_listed(tmp_path: Path) -> None:
    copy = annotated(hand_made(tmp_path, parts()), [at("rows 3 to 9"), at("A0"), at("XFE1")])
    assert not marked(copy)


# ── Cells where they belong ──────────────────────────────────────────────────

PREFIXED = (
    f'<?xml version="1.0"?><x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="2"><x:c r="B2" t="inlineStr">'
    "<x:is><x:t>a &gt; b</x:t></x:is></x:c></x:row><x:row r='4' spans='1:2'/></x:sheetData></x:worksheet>"
)


@pytest.mark.parametrize(
    "sheet",
    [
        '<row r="2"><c r="B2" t="inlineStr"><is><t>a &gt; b</t></is></c></row><row r="4" spans="1:2"/>',
        PREFIXED,
        '<row/><row><c/><c t="str" cm="1"><f>"a > b"</f><v>a &gt; b</v></c></row>',
        f'<?xml version="1.0"?><worksheet xmlns="{MAIN}"><sheetData/></worksheet>',
    ],
    ids=["inline", "prefixed", "without addresses", "empty"],
)
def test_cells_that_are_not_stored_are_put_in_their_place(tmp_path: Path, sheet: str) -> None:
    source = hand_made(tmp_path, parts(sheet))
    copy = annotated(source, [at(c) for c in ("D4", "A1", "B2", "A2", "C2", "A4", "B9")])
    assert marked(copy).keys() == {"A1", "A2", "B2", "C2", "A4", "D4", "B9"}
    assert scan(copy) == scan(source)


def test_a_sheet_in_utf_16_is_marked(tmp_path: Path) -> None:
    text = worksheet('<row r="1"><c r="A1" t="inlineStr"><is><t>Zoë</t></is></c></row>')
    coded = text.replace("UTF-8", "UTF-16").encode("utf-16")
    source = hand_made(tmp_path, {**parts(), "xl/worksheets/sheet1.xml": coded})
    copy = annotated(source, [at("A1")])
    assert marked(copy).keys() == {"A1"}
    assert scan(copy) == scan(source)


def test_a_strict_workbook_is_marked(tmp_path: Path) -> None:
    plain = {**parts('<row r="1"><c r="A1"><v>5</v></c></row>', styles=styles("14"))}
    strict = {name: text.replace(MAIN, STRICT).replace(OFFICE, STRICT_OFFICE) for name, text in plain.items()}
    source = hand_made(tmp_path, strict)
    copy = annotated(source, [at("A1")])
    assert scan(copy) == scan(source)
    assert MARK.encode() in contents(copy)["xl/styles.xml"]
    with open_workbook(copy) as book:
        assert [sheet.name for sheet in book.sheets] == ["Sheet1", "Findings"]


def test_a_date_stays_a_date(tmp_path: Path) -> None:
    row = '<row r="1"><c r="A1" s="1"><v>45000</v></c><c r="B1" s="9"><v>1</v></c></row>'
    source = hand_made(tmp_path, parts(row, styles=styles("14")))
    copy = annotated(source, [at("A1"), at("B1")])
    assert marked(copy) == {"A1": "14", "B1": "0"}
    assert [cell.is_date for cell in scan(copy)[0][0].cells] == [True, False]


def test_a_created_cell_has_the_format_of_its_column(tmp_path: Path) -> None:
    columns = '<cols><col min="2" max="3" style="1"/></cols>'
    source = hand_made(tmp_path, parts(worksheet(before=columns), styles=styles("14")))
    assert marked(annotated(source, [at("C5"), at("D5")])) == {"C5": "14", "D5": "0"}


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.integers(1, 9), st.sets(st.integers(1, 6), max_size=6), max_size=6),
    st.sets(st.tuples(st.integers(1, 10), st.integers(1, 7)), min_size=1, max_size=12),
)
def test_marks_change_nothing_but_styles(rows: dict[int, set[int]], wanted: set[tuple[int, int]]) -> None:
    stored = {(row, column) for row, columns in rows.items() for column in columns}
    body = "".join(
        f'<row r="{row}">'
        + "".join(f'<c r="{column_letter(c)}{row}"><v>{row * c}</v></c>' for c in sorted(rows[row]))
        + "</row>"
        for row in sorted(rows)
    )
    marks = Styles(NO_STYLES.format(space=MAIN).encode())
    root = tree(mark_cells(worksheet(body).encode(), wanted, marks))
    sheet = root.child("sheetData")
    assert sheet is not None
    order = [int(row.attributes["r"]) for row in sheet.children]
    cells = [cell.attributes for row in sheet.children for cell in row.children]
    names = {(row, column): f"{column_letter(column)}{row}" for row, column in stored | wanted}
    assert order == sorted(set(order))
    assert [cell["r"] for cell in cells] == [names[place] for place in sorted(names)]
    assert {cell["r"] for cell in cells if "s" in cell} == {names[place] for place in wanted}


# ── What is refused ──────────────────────────────────────────────────────────


def test_nothing_is_overwritten(source: Path) -> None:
    other = source.with_name("other.xlsx")
    other.write_bytes(b"mine")
    for out in (source, other):
        before = out.read_bytes()
        with pytest.raises(KpiError) as refused:
            annotate(source, [], out)
        assert [fault.code for fault in refused.value.findings] == ["R198"]
        assert out.read_bytes() == before


def test_a_copy_of_another_kind_is_refused(source: Path) -> None:
    with pytest.raises(KpiError) as refused:
        annotated(source, [], "copy.xlsm")
    assert [fault.code for fault in refused.value.findings] == ["R197"]


def test_a_folder_that_is_not_there_is_refused(source: Path) -> None:
    with pytest.raises(KpiError) as refused:
        annotate(source, [], source.parent / "gone" / "copy.xlsx")
    assert [fault.code for fault in refused.value.findings] == ["R199"]


def test_a_file_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "r.xlsx"
    source.write_text("a,b\n")
    with pytest.raises(ReturnUnreadable):
        annotated(source, [])
    assert not (tmp_path / "copy.xlsx").exists()


def test_a_sheet_too_broken_to_be_marked_is_listed(tmp_path: Path) -> None:
    source = hand_made(tmp_path, parts('<row r="x"><c r="A1"><v>1</v></c></row>'))
    copy = annotated(source, [at("A1")])
    assert contents(copy)["xl/worksheets/sheet1.xml"] == contents(source)["xl/worksheets/sheet1.xml"]
    with open_workbook(copy) as book:
        listed = [cell.text for row in book.sheets[-1].rows() for cell in row.cells]
    assert "A1" in listed


def test_damaged_content_types_leave_no_copy(source: Path, tmp_path: Path) -> None:
    damaged = zipped(tmp_path / "r.xlsx", {**contents(source), "[Content_Types].xml": b"<Types <"})
    with pytest.raises(ReturnUnreadable) as told:
        annotated(damaged, [at("B5", sheet="Workforce")])
    assert [one.code for one in told.value.findings] == ["R196"]
    assert not (tmp_path / "copy.xlsx").exists()


def test_a_part_that_fails_its_checksum_leaves_no_copy(source: Path, tmp_path: Path) -> None:
    words = b"what this part says, so that it can be found"
    damaged = tmp_path / "r.xlsx"
    with zipfile.ZipFile(damaged, "w", zipfile.ZIP_STORED) as archive:
        for name, data in {**contents(source), "xl/other.bin": words}.items():
            archive.writestr(name, data)
    damaged.write_bytes(damaged.read_bytes().replace(words, words.upper(), 1))
    with pytest.raises(ReturnUnreadable) as told:
        annotated(damaged, [at("B5", sheet="Workforce")])
    assert [one.code for one in told.value.findings] == ["R196"]


def test_relationships_of_the_sheet_are_kept(tmp_path: Path) -> None:
    own = links(("rId1", "hyperlink", "worksheets/sheet1.xml"))
    source = hand_made(tmp_path, {**parts(), "xl/worksheets/_rels/sheet1.xml.rels": own})
    made = contents(annotated(source, [at("A1")]))["xl/worksheets/_rels/sheet1.xml.rels"].decode()
    assert own.removesuffix("</Relationships>") in made
