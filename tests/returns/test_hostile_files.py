"""Every hostile file ends in a clear finding, within bounded time and memory."""

from __future__ import annotations

import os
import random
import struct
import sys
import zipfile
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpi_engine.errors import ReturnUnreadable
from kpi_engine.returns.scanner.container import MAX_DIRECTORY, MAX_FILE
from kpi_engine.returns.scanner.workbook import CellKind, open_workbook
from tests.returns.parts import (
    DECLARATION,
    MAIN,
    OFFICE,
    cells,
    codes_within_bounds,
    links,
    parts,
    scan,
    styles,
    texts,
    worksheet,
    zipped,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kpi_engine.terms.finding import Finding

ONE = '<row r="1"><c r="A1"><v>1</v></c></row>'
bounded = pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")


def refusal(path: Path) -> list[Finding]:
    """The findings that refuse the file; it must be refused, and names no folder."""
    with pytest.raises(ReturnUnreadable) as caught:
        scan(path)
    assert all(finding.file == path.name for finding in caught.value.findings)
    return list(caught.value.findings)


def only(path: Path) -> tuple[str, str]:
    """Code and message of the one finding that refuses the file."""
    (finding,) = refusal(path)
    return finding.code, finding.message


def scan_or_refuse(path: Path) -> None:
    """Read the file; it may be refused for a reason that is told, but not fail otherwise."""
    with suppress(ReturnUnreadable):
        scan(path)


def ole(*streams: str) -> bytes:
    """The look of an OLE file: its magic, and stream names in UTF-16."""
    names = b"".join(name.encode("utf-16-le").ljust(64, b"\0") for name in streams)
    return bytes.fromhex("D0CF11E0A1B11AE1").ljust(5000, b"\0") + names


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read anything, so a test of permissions steps down."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


# Files that are no workbook


def test_missing_file_is_not_there(tmp_path: Path) -> None:
    assert only(tmp_path / "r.xlsx") == ("R104", "The file cannot be opened: it is not there.")


def test_folder_is_no_file(tmp_path: Path) -> None:
    assert only(tmp_path) == ("R104", "The file cannot be opened: it is a folder.")


def test_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    path.touch()
    assert only(path) == ("R104", "The file cannot be opened: it is empty (0 bytes).")


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX permissions")
def test_file_without_permission_says_so(tmp_path: Path) -> None:
    path = zipped(tmp_path / "r.xlsx", parts(ONE))
    path.chmod(0)
    with as_nobody():
        assert only(path) == ("R104", "The file cannot be opened: permission is refused.")


@pytest.mark.skipif(sys.platform == "win32", reason="needs named pipes")
def test_pipe_does_not_wait_for_ever(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "r.xlsx")
    assert only(tmp_path / "r.xlsx") == ("R104", "The file cannot be opened: it is not a file.")


def test_file_over_the_cap_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    with path.open("wb") as file:
        file.truncate(MAX_FILE + 1)
    assert only(path) == ("R105", "The file is larger than 100 MB.")


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"Child ID,Team\r\n1,CIC\r\n", "R101", "a text file, perhaps CSV"),
        ("Child ID\tTeam\r\n".encode("utf-16"), "R101", "a text file, perhaps CSV"),
        (b"\n <HTML><table><tr><td>1</td></tr></table></HTML>", "R101", "a web page (HTML)"),
        (b"\xef\xbb\xbf<!DOCTYPE html><p>1", "R101", "a web page (HTML)"),
        (b'<?xml version="1.0"?><Workbook/>', "R101", "an XML or HTML file"),
        (b"%PDF-1.7\n\0", "R101", "a PDF"),
        (b"\0\1\2\3" * 99, "R101", "This is not an Excel workbook."),
        (ole("EncryptionInfo", "EncryptedPackage"), "R102", "protected by a password"),
        (ole("Root Entry", "Workbook"), "R103", "the old Excel (.xls) format"),
        (ole("Root Entry", "WordDocument"), "R101", "another kind of Office file"),
    ],
)
def test_other_format_under_a_workbook_name_is_named(
    tmp_path: Path, content: bytes, code: str, words: str
) -> None:
    path = tmp_path / "r.xlsx"
    path.write_bytes(content)
    found, message = only(path)
    assert found == code
    assert words in message


@pytest.mark.parametrize(
    ("contents", "code", "words"),
    [
        ({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}, "R101", "OpenDocument"),
        ({"word/document.xml": "<a/>", "_rels/.rels": links()}, "R101", "a Word document"),
        ({"ppt/presentation.xml": "<a/>", "_rels/.rels": links()}, "R101", "a presentation"),
        ({"photo.jpg": "1"}, "R101", "a zip archive of something else"),
        ({"_rels/.rels": links()}, "R101", "a zip archive of something else"),
        ({"_rels/.rels": links(("r1", "officeDocument", "xl/workbook.bin"))}, "R103", "(.xlsb)"),
        ({}, "R101", "a zip archive of something else"),
    ],
)
def test_other_archive_is_named(tmp_path: Path, contents: dict[str, str], code: str, words: str) -> None:
    found, message = only(zipped(tmp_path / "r.xlsx", contents))
    assert found == code
    assert words in message


# Damage


def test_truncated_archive_is_damaged(tmp_path: Path) -> None:
    path = zipped(tmp_path / "r.xlsx", parts(ONE))
    path.write_bytes(path.read_bytes()[:-40])
    code, message = only(path)
    assert code == "R106"
    assert "cut short" in message


def test_truncated_sheet_is_damaged(tmp_path: Path) -> None:
    code, message = only(zipped(tmp_path / "r.xlsx", parts(worksheet(ONE)[:-30])))
    assert (code, message) == (
        "R106", "The workbook is damaged: xl/worksheets/sheet1.xml is not well-formed XML.",
    )  # fmt: skip


def test_flipped_bytes_fail_the_checksum(tmp_path: Path) -> None:
    path = zipped(tmp_path / "r.xlsx", parts(ONE), zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"<v>1</v>", b"<v>2</v>"))
    code, message = only(path)
    assert code == "R106"
    assert message.endswith("xl/worksheets/sheet1.xml cannot be unpacked.")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_read_or_refused_and_nothing_else(tmp_path: Path, data: st.DataObject) -> None:
    sheet = worksheet(ONE + '<row r="2"><c r="A2" t="s" s="1"><v>0</v></c><c r="B2" t="b"><v>1</v></c></row>')
    method = data.draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
    contents = parts(sheet, texts=texts("<t>a</t>"), styles=styles("14"))
    path = zipped(tmp_path / "r.xlsx", contents, method)
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw[: data.draw(st.integers(1, len(raw)))] if data.draw(st.booleans()) else raw)
    scan_or_refuse(path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_nonsense_in_the_xml_is_read_or_refused_and_nothing_else(
    tmp_path: Path, data: st.DataObject
) -> None:
    pieces = st.sampled_from(
        ["<row>", "</row>", '<row r="2">', '<c r="A2">', "<c>", "</c>", "<c/>", "<v>", "</v>", "<is>",
         "</is>", "<t>", "</t>", "<f/>", "0", "x", '<c t="s">',
         '<c t="b" s="9">', "<rPh>", "</rPh>", '<mergeCell ref="A"/>']
    )  # fmt: skip
    body = "".join(data.draw(st.lists(pieces, max_size=25)))
    scan_or_refuse(zipped(tmp_path / "r.xlsx", parts(body, texts=texts("<t>a</t>"))))


@pytest.mark.parametrize(
    "body",
    [
        '<row r="1"><row r="2"/></row>',
        '<row r="1"><c r="A1"><c r="B1"/></c></row>',
        '<c r="A1"><v>1</v></c>',
    ],
)
def test_cells_and_rows_out_of_place_are_damage(tmp_path: Path, body: str) -> None:
    assert only(zipped(tmp_path / "r.xlsx", parts(body)))[0] == "R106"


def test_unknown_encoding_is_damage(tmp_path: Path) -> None:
    body = worksheet(ONE).replace("UTF-8", "utf-7")
    assert only(zipped(tmp_path / "r.xlsx", parts(body)))[0] == "R106"


def test_part_of_another_kind_in_place_of_a_sheet_is_damage(tmp_path: Path) -> None:
    code, message = only(zipped(tmp_path / "r.xlsx", parts(texts())))
    assert code == "R106"
    assert message.endswith("is not what the workbook says it is.")


def test_faults_of_several_parts_are_told_at_once(tmp_path: Path) -> None:
    contents = parts(ONE, texts="<sst", styles="<!DOCTYPE a><a/>")
    del contents["xl/worksheets/sheet1.xml"]
    assert [f.code for f in refusal(zipped(tmp_path / "r.xlsx", contents))] == ["R106", "R108", "R112"]


def test_missing_sheet_part_names_the_sheet(tmp_path: Path) -> None:
    contents = parts(ONE)
    del contents["xl/worksheets/sheet1.xml"]
    (finding,) = refusal(zipped(tmp_path / "r.xlsx", contents))
    assert (finding.code, finding.sheet) == ("R112", "Sheet1")


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml"])
def test_missing_part_is_named(tmp_path: Path, part: str) -> None:
    contents = parts(ONE, texts=texts(), styles=styles())
    del contents[part]
    assert only(zipped(tmp_path / "r.xlsx", contents)) == (
        "R112", f"The workbook names the part {part} that is not in it.",
    )  # fmt: skip


def test_two_sheets_of_one_name_are_refused(tmp_path: Path) -> None:
    contents = parts(ONE)
    contents["xl/workbook.xml"] = contents["xl/workbook.xml"].replace(
        "</sheets>", '<sheet name="SHEET1" sheetId="2" r:id="rId1"/></sheets>'
    )
    (finding,) = refusal(zipped(tmp_path / "r.xlsx", contents))
    assert (finding.code, finding.sheet) == ("R115", "SHEET1")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('state=""', 'state="gone"'),
        ('name="Sheet1"', 'name=""'),
        ('name="Sheet1"', 'name="_x001B_[31m"'),
        ("</sheets>", '<sheet name="Two" sheetId="2" r:id="rId1"/></sheets>'),
    ],
)
def test_sheet_entry_without_sense_is_damage(tmp_path: Path, old: str, new: str) -> None:
    contents = parts(ONE, states='state=""') if "state" in old else parts(ONE)
    contents["xl/workbook.xml"] = contents["xl/workbook.xml"].replace(old, new)
    assert only(zipped(tmp_path / "r.xlsx", contents))[0] == "R106"


def test_workbook_without_sheets_of_cells_is_refused(tmp_path: Path) -> None:
    contents = parts(ONE)
    rels = "xl/_rels/workbook.xml.rels"
    contents[rels] = contents[rels].replace("/worksheet", "/chartsheet")
    assert only(zipped(tmp_path / "r.xlsx", contents)) == ("R114", "The workbook holds no sheet of cells.")


# Archives that attack


def test_part_name_that_leaves_the_archive_is_refused(tmp_path: Path) -> None:
    for name in ["../../etc/passwd", "/etc/passwd", "xl/../../x", "C:/x", "xl\\..\\x"]:
        code, message = only(zipped(tmp_path / "r.xlsx", {**parts(ONE), name: "x"}))
        assert (code, message) == ("R109", "The workbook holds a part whose name points outside it.")


def test_part_stored_twice_is_refused(tmp_path: Path) -> None:
    contents = {**parts(ONE), "XL/Worksheets/Sheet1.xml": worksheet()}
    assert only(zipped(tmp_path / "r.xlsx", contents)) == (
        "R110", "The workbook holds the part xl/worksheets/sheet1.xml twice.",
    )  # fmt: skip


def test_odd_part_name_is_never_printed(tmp_path: Path) -> None:
    contents = {**parts(ONE), "xl/\x1b[31mJane.xml": "", "xl/\x1b[31mJANE.xml": ""}
    code, message = only(zipped(tmp_path / "r.xlsx", contents))
    assert code == "R110"
    assert "jane" not in message.casefold()


def test_encrypted_part_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "r.xlsx", parts(ONE))
    raw = bytearray(path.read_bytes())
    central = raw.index(b"PK\1\2")
    raw[central + 8] |= 1
    path.write_bytes(raw)
    assert only(path) == ("R111", "A part of the workbook is encrypted.")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 9, 99])
def test_packing_that_excel_does_not_use_is_refused(tmp_path: Path, method: int) -> None:
    path = zipped(tmp_path / "r.xlsx", parts(ONE))
    raw = bytearray(path.read_bytes())
    struct.pack_into("<H", raw, raw.index(b"PK\1\2") + 10, method)
    path.write_bytes(raw)
    assert only(path)[1] == "A part of the workbook is packed by a method that Excel does not use."


def test_all_faults_of_the_archive_are_told_at_once(tmp_path: Path) -> None:
    contents: dict[str, str | bytes] = {
        **parts(ONE),
        "../x": "x",
        "XL/workbook.xml": "x",
        "xl/media/a.bin": bytes(2**25),
    }
    assert [f.code for f in refusal(zipped(tmp_path / "r.xlsx", contents))] == ["R109", "R110", "R107"]


def test_zip64_archive_is_read(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts(ONE).items():
            with archive.open(name, "w", force_zip64=True) as part:
                part.write(content.encode())
    assert cells(path)["A1"].text == "1"


@bounded
def test_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = zipped(tmp_path / "r.xlsx", parts(ONE))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/big.xml", "w") as part:
        for _ in range(300):
            part.write(bytes(2**20))
    assert codes_within_bounds(path) == ["R107", "R107"]
    assert [f.message.partition("(")[2] for f in refusal(path)] == [
        "over 256 MB).",
        "over 200 times its size).",
    ]


@bounded
def test_zip_bomb_that_lies_about_its_size_is_cut_off(tmp_path: Path) -> None:
    path = zipped(tmp_path / "r.xlsx", parts(worksheet(" " * 2**26)))
    raw = bytearray(path.read_bytes())
    for magic, offset in [(b"PK\3\4", 22), (b"PK\1\2", 24)]:
        struct.pack_into("<I", raw, raw.rindex(magic) + offset, 1000)
    path.write_bytes(raw)
    assert codes_within_bounds(path) == ["R106"]


@bounded
def test_endless_list_of_parts_is_not_taken_in(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(MAX_DIRECTORY // 50):
            archive.writestr(str(number), b"")
    assert codes_within_bounds(path) == ["R106"]


# XML that attacks


@bounded
@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE worksheet>",
        '<!DOCTYPE worksheet [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE worksheet SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE worksheet [<!ENTITY a "lol">'
        + "".join(
            '<!ENTITY {} "{}">'.format(new, 10 * f"&{old};")
            for old, new in zip("abcdefghij", "bcdefghijk", strict=True)
        )
        + "]>",
    ],
    ids=["bare", "external entity", "external subset", "billion laughs"],
)
@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"])
def test_document_type_is_refused_before_anything_expands(tmp_path: Path, doctype: str, part: str) -> None:
    contents = parts('<row r="1"><c r="A1" t="str"><v>&x;&k;</v></c></row>', styles=styles())
    contents[part] = contents[part].replace(DECLARATION, DECLARATION + doctype)
    path = zipped(tmp_path / "r.xlsx", contents)
    assert codes_within_bounds(path) == ["R108"]
    assert only(path)[1] == f"The part {part} declares a document type, as no workbook from Excel does."


def some(count: int, form: str) -> str:
    """So many different pieces of XML."""
    return "".join(form.format(number) for number in range(count))


def letters(power: int) -> str:
    """Two to that power of letters, in no order, so that they do not pack too tightly."""
    return random.Random(power).randbytes(2 ** (power - 1)).hex()


@bounded
@pytest.mark.parametrize(
    ("sheet", "codes"),
    [
        (lambda: worksheet(("<row>" + "<c/>" * 16_000 + "</row>") * 410), ["R113"]),
        (lambda: worksheet("<row/>" * 1_100_000), ["R106"]),
        (lambda: worksheet('<row r="1">' + '<c r="A1"/>' * 500_000 + "</row>"), ["R106"]),
        (lambda: worksheet(before="<a>" * 1_000_000), ["R106"]),
        (lambda: worksheet("<row><c>" + "<v>" * 1_000_000), ["R106"]),
        (lambda: worksheet(before=some(400_000, "<a{}/>")), ["R106"]),
        (lambda: worksheet(before="<a " + some(50_000, 'a{}="" ') + "/>"), ["R106"]),
        (lambda: worksheet(before=some(50_000, '<a xmlns:a{}="u"/>')), ["R106"]),
        (lambda: worksheet(before=f'<a b="{letters(25)}"/>'), ["R106"]),
        (lambda: worksheet(before=f"<!--{letters(25)}-->"), ["R106"]),
        (lambda: worksheet(f"<row><c><v>{letters(25)}</v></c></row>"), ["R106"]),
        (lambda: worksheet(f'<row><c t="inlineStr"><is>{"<t>xxxx</t>" * 2**20}</is></c></row>'), ["R106"]),
        (lambda: worksheet(after='<mergeCell ref="A1:B1"/>' * 20_000), ["R113"]),
    ],
    ids=[
        "cells", "rows", "one cell again and again", "nesting", "nested values", "element names",
        "attribute names", "prefixes", "endless attribute", "endless comment", "endless number",
        "endless text", "merged ranges",
    ],
)  # fmt: skip
def test_sheet_that_goes_on_for_ever_is_cut_off(
    tmp_path: Path, sheet: Callable[[], str], codes: list[str]
) -> None:
    path = zipped(tmp_path / "r.xlsx", parts(sheet()), zipfile.ZIP_STORED)
    assert codes_within_bounds(path) == codes


def names(count: int) -> str:
    """A workbook part with so many defined names and nothing else."""
    return f'<workbook xmlns="{MAIN}">{"<definedName/>" * count}</workbook>'


def sheets(count: int) -> str:
    """A workbook part with so many sheets, all of one part."""
    tabs = some(count, '<sheet name="{}" r:id="rId1"/>')
    return f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{tabs}</sheets></workbook>'


@bounded
@pytest.mark.parametrize(
    ("part", "content", "code"),
    [
        ("xl/sharedStrings.xml", lambda: texts(*["<t>ab</t>"] * 3_200_000), "R113"),
        ("xl/sharedStrings.xml", lambda: texts(f"<t>{letters(25)}</t>"), "R106"),
        ("xl/styles.xml", lambda: styles(*["14"] * 1_000_000), "R107"),
        ("xl/workbook.xml", lambda: names(2_000_000), "R107"),
        ("xl/workbook.xml", lambda: sheets(1000), "R113"),
        (
            "xl/worksheets/_rels/sheet1.xml.rels",
            lambda: links(*[("r", "table", "../tables/table1.xml")] * 100_000),
            "R107",
        ),
    ],
    ids=["shared texts", "one shared text", "styles", "names", "sheets", "one table again and again"],
)
def test_small_part_that_goes_on_for_ever_is_cut_off(
    tmp_path: Path, part: str, content: Callable[[], str], code: str
) -> None:
    table = f'<table xmlns="{MAIN}" name="T" ref="A1:B2"/>'
    contents = {**parts(ONE, texts=texts(), styles=styles()), "xl/tables/table1.xml": table, part: content()}
    path = zipped(tmp_path / "r.xlsx", contents, zipfile.ZIP_STORED)
    assert codes_within_bounds(path) == [code]


# Cells that attack


@bounded
def test_value_in_the_last_cell_costs_nothing(tmp_path: Path) -> None:
    path = zipped(tmp_path / "r.xlsx", parts('<row r="1048576"><c r="XFD1048576"><v>7</v></c></row>'))
    assert codes_within_bounds(path) == []
    assert cells(path)["XFD1048576"].text == "7"


def test_wrong_dimension_drops_nothing(tmp_path: Path) -> None:
    rows = '<row r="9"><c r="Z9"><v>7</v></c></row>'
    path = zipped(tmp_path / "r.xlsx", parts(worksheet(rows, before='<dimension ref="A1:B2"/>')))
    assert cells(path)["Z9"].text == "7"


@pytest.mark.parametrize("rows", [[5], [3, 4, 5]])
def test_rows_gone_from_the_end_are_told(tmp_path: Path, rows: list[int]) -> None:
    held = "".join(f'<row r="{row}"><c r="B{row}"><v>7</v></c></row>' for row in rows)
    sheet = worksheet(held, before='<dimension ref="A1:B9"/>')
    _, (finding,) = scan(zipped(tmp_path / "r.xlsx", parts(sheet)))
    assert (finding.code, finding.severity, finding.where) == ("R126", "flag", "Sheet1")
    assert "row 9" in finding.message
    assert "row 5" in finding.message


@pytest.mark.parametrize("said", ["A1:B5", "A1", "B2:C3", "A1:XFD1048576", "all", "", "A1:B05x"])
def test_an_extent_that_is_no_further_tells_nothing(tmp_path: Path, said: str) -> None:
    rows = worksheet('<row r="5"><c r="B5"><v>7</v></c></row>', before=f'<dimension ref="{said}"/>')
    assert codes_within_bounds(zipped(tmp_path / "r.xlsx", parts(rows))) == []


def test_an_empty_sheet_is_said_to_be_one_cell(tmp_path: Path) -> None:
    path = zipped(tmp_path / "r.xlsx", parts(worksheet("", before='<dimension ref="A1"/>')))
    assert codes_within_bounds(path) == []


@pytest.mark.parametrize(
    "second", ['<c r="B5"><v>2</v></c>', '<c r="B5"/>', '<c r="C5"/><c r="B5"><v>2</v></c>']
)
def test_two_values_for_one_cell_refuse_the_sheet(tmp_path: Path, second: str) -> None:
    path = zipped(tmp_path / "r.xlsx", parts(f'<row r="5"><c r="B5"><v>1</v></c>{second}</row>'))
    (row,), (finding,) = scan(path)
    assert (finding.code, finding.severity, finding.where) == ("R116", "refuse", "Sheet1!B5")
    assert [(cell.address, cell.text) for cell in row.cells] == [("B5", "1")]


@pytest.mark.parametrize("second", [5, 4])
def test_rows_stored_twice_or_backwards_refuse_the_sheet(tmp_path: Path, second: int) -> None:
    path = zipped(tmp_path / "r.xlsx", parts(f'<row r="5"/><row r="{second}"><c><v>1</v></c></row>'))
    rows, (finding,) = scan(path)
    assert (finding.code, finding.severity, finding.sheet) == ("R118", "refuse", "Sheet1")
    assert [row.number for row in rows] == [second]


@pytest.mark.parametrize(
    "address", ["", "B", "5", "b5", "B4", "B15", "B05", "$B$5", "XFE5", "AAAA5", "B-5", "B5:C5", "Á5", "A٥"]
)
def test_cell_at_an_address_that_is_none_refuses_the_sheet(tmp_path: Path, address: str) -> None:
    rows, (finding,) = scan(
        zipped(tmp_path / "r.xlsx", parts(f'<row r="5"><c r="{address}"><v>1</v></c></row>'))
    )
    assert (finding.code, finding.severity) == ("R117", "refuse")
    assert finding.message == "The sheet stores a cell of row 5 at an address that does not exist."
    assert not rows


@pytest.mark.parametrize("number", ["0", "-1", "1048577", "x", "", "٥", "9" * 5000])
def test_row_that_does_not_exist_refuses_the_sheet(tmp_path: Path, number: str) -> None:
    _, findings = scan(zipped(tmp_path / "r.xlsx", parts(f'<row r="{number}"><c><v>1</v></c></row>')))
    assert [(f.code, f.severity) for f in findings] == [("R117", "refuse")]


@pytest.mark.parametrize("number", ["2", "-1", "x", "٠", "9" * 5000])
def test_shared_text_out_of_range_is_never_a_blank(tmp_path: Path, number: str) -> None:
    path = zipped(
        tmp_path / "r.xlsx",
        parts(f'<row r="5"><c r="B5" t="s"><v>{number}</v></c></row>', texts=texts("<t>a</t>", "<t>b</t>")),
    )
    (row,), (finding,) = scan(path)
    assert (finding.code, finding.severity, finding.where) == ("R122", "refuse", "Sheet1!B5")
    assert (row.cells[0].kind, row.cells[0].text) == (CellKind.ERROR, "")


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="B5"><v>Jane</v></c>',
        '<c r="B5"><v>NaN</v></c>',
        '<c r="B5"><v>1_000</v></c>',
        '<c r="B5"><v>٥</v></c>',
        '<c r="B5"><v>1e9999</v></c>',
        f'<c r="B5"><v>{"9" * 401}</v></c>',
        '<c r="B5" t="b"><v>Jane</v></c>',
        '<c r="B5" t="e"><v>#JANE!</v></c>',
        '<c r="B5" t="zz"><v>Jane</v></c>',
        '<c r="B5"><v>1</v><v>2</v></c>',
        '<c r="B5" t="inlineStr"><v>1</v><is><t>Jane</t></is></c>',
    ],
)
def test_value_that_excel_does_not_write_is_withheld(tmp_path: Path, cell: str) -> None:
    (row,), (finding,) = scan(zipped(tmp_path / "r.xlsx", parts(f'<row r="5">{cell}</row>')))
    assert (finding.code, finding.severity, finding.where) == ("R122", "refuse", "Sheet1!B5")
    assert (row.cells[0].kind, row.cells[0].text) == (CellKind.ERROR, "")
    assert "jane" not in repr(finding).casefold()


@pytest.mark.parametrize("style", ["9", "-1", "x", ""])
def test_style_that_is_not_there_is_told(tmp_path: Path, style: str) -> None:
    path = zipped(
        tmp_path / "r.xlsx",
        parts(f'<row r="5"><c r="B5" s="{style}"><v>1</v></c></row>', styles=styles("14")),
    )
    (row,), (finding,) = scan(path)
    assert (finding.code, finding.severity, finding.where) == ("R123", "flag", "Sheet1!B5")
    assert (row.cells[0].text, row.cells[0].is_date) == ("1", False)


def test_faults_beyond_the_cap_are_counted(tmp_path: Path) -> None:
    _, findings = scan(zipped(tmp_path / "r.xlsx", parts(f"<row>{'<c><v>x</v></c>' * 25}</row>")))
    assert [f.code for f in findings] == ["R122"] * 20 + ["R124"]
    assert findings[-1].message == "5 more of R122 in this sheet are not listed."


def test_table_without_sense_is_damage(tmp_path: Path) -> None:
    contents = parts(ONE)
    contents["xl/worksheets/_rels/sheet1.xml.rels"] = links(("r1", "table", "../tables/table1.xml"))
    contents["xl/tables/table1.xml"] = f'<table xmlns="{MAIN}" name="T" ref="nowhere"/>'
    (finding,) = refusal(zipped(tmp_path / "r.xlsx", contents))
    assert (finding.code, finding.sheet) == ("R106", "Sheet1")


def test_refused_file_is_closed(tmp_path: Path) -> None:
    path = zipped(tmp_path / "r.xlsx", parts(ONE, texts="<sst"))
    refusal(path)
    path.unlink()  # and no ResourceWarning, which pytest turns into an error


def test_link_and_macro_are_noted_and_never_followed(tmp_path: Path) -> None:
    contents = parts(ONE)
    rels = "xl/_rels/workbook.xml.rels"
    contents[rels] = links(
        ("rId1", "worksheet", "worksheets/sheet1.xml"),
        ("rId8", "externalLink", "externalLinks/nowhere.xml"),
        ("rId9", "vbaProject", "nowhere.bin"),
    )
    with open_workbook(zipped(tmp_path / "r.xlsm", contents)) as workbook:
        assert (workbook.has_external_links, workbook.has_macros) == (True, True)
        assert [(f.code, f.severity) for f in workbook.findings] == [("R120", "flag"), ("R121", "flag")]
