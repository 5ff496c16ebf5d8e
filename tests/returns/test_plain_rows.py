"""The quick way of reading plain rows gives what the parser gives, and is taken only where it is safe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpi_engine.errors import ReturnUnreadable
from kpi_engine.returns.scanner.plain_rows import PlainRows, plain_tag
from kpi_engine.returns.scanner.values import Stores
from kpi_engine.returns.scanner.workbook import open_workbook
from tests.returns.parts import DECLARATION, MAIN, cells, parts, scan, styles, texts, worksheet, zipped

if TYPE_CHECKING:
    from pathlib import Path

# With a second declaration of the namespace nothing counts as plain, and all goes through the parser.
SLOW = f'<sheetPr xmlns="{MAIN}"/>'
SLOW_TEXT = f'<t xmlns="{MAIN}">x</t>'
LETTERS = ("A", "B", "C", "AA", "XFD", "XFE")
CONTENTS = st.sampled_from(
    ["/>", " />", "><v>1</v></c>", "><v>12</v></c>", "><v>007</v></c>", "><v/></c>", "><v></v></c>",
     "><f>A1+1</f><v>7.50</v></c>", "><f/></c>", "><f>B2</f></c>", '><f aca="false">1</f><v>2</v></c>',
     ' t="s"><v>1</v></c>', ' t="s"><v>9</v></c>', ' t="s"><v>0</v></c>', ' t="s"><v>1x</v></c>',
     ' s="1"><v>45000</v></c>', ' s="7"><v>45000</v></c>', ' s="1" t="s"><v>0</v></c>', " s='1'><v>1</v></c>",
     ' t="str"><v>a &amp; é</v></c>', ' t="str"><v>é’</v></c>', ' t="str"><v> _x000D_ </v></c>',
     ' t="inlineStr"><is><t>b</t></is></c>', ' t="inlineStr"><is><t>b c</t></is></c>',
     ' t="inlineStr"><is><t></t></is></c>', ' t="inlineStr"><is><t>_x0041_</t></is></c>',
     ' t="inlineStr"><is><t xml:space="preserve"> b </t></is></c>', ' t="inlineStr"><v>b</v></c>',
     ' t="n"><v>3</v></c>', ' t="n"><is><t>3</t></is></c>', ' t="s"><is><t>1</t></is></c>', "><v> 4 </v></c>",
     ' t="e"><v>#N/A</v></c>', ' t="b"><v>1</v></c>', ' t="zz"><v>1</v></c>', "><v>1</v><v>2</v></c>",
     ' t="str"><v>7"</v></c>', "><v>\u0085</v></c>", "><v>1e5</v></c>", "><v>]]&gt;</v></c>"]
)  # fmt: skip
CELLS = st.lists(st.tuples(st.sampled_from(LETTERS), CONTENTS), max_size=5)
ORDERED = st.lists(
    st.tuples(st.sampled_from(LETTERS[:5]), CONTENTS), max_size=5, unique_by=lambda cell: cell[0]
)
TAGS = st.sampled_from(
    ["", "", ' spans="1:3"', ' hidden="1"', ' ht="0"', ' ht="15.5"', " s='1'", ' x="&gt;"']
)
ROWS = st.lists(
    st.tuples(TAGS, CELLS | ORDERED.map(lambda row: sorted(row, key=lambda cell: LETTERS.index(cell[0])))),
    max_size=6,
)


def written(rows: list[tuple[str, list[tuple[str, str]]]], first: int) -> str:
    lines = []
    for n, (tag, row) in enumerate(rows, first):
        inside = "".join(f'<c r="{column}{n}"{rest}' for column, rest in row)
        lines.append(f'<row r="{n}"{tag}>{inside}</row>')
    return "".join(lines)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, times=st.integers(1, 3), first=st.sampled_from([1, 7, 12, 345, 99_998]))
def test_plain_rows_are_read_as_the_parser_reads_them(
    tmp_path: Path, rows: list[tuple[str, list[tuple[str, str]]]], times: int, first: int
) -> None:
    body = written(rows * times, first)
    contents = {"texts": texts("<t>x</t>", "<t>y</t>"), "styles": styles("14")}
    quick = scan(zipped(tmp_path / "a.xlsx", parts(body, **contents)))
    slow = scan(zipped(tmp_path / "a.xlsx", parts(worksheet(body, before=SLOW), **contents)))
    assert quick == slow


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    items=st.lists(
        st.sampled_from(
            ["<t>a</t>", "<t>b c</t>", "<t></t>", "<t/>", "<t>é’</t>", "<t>a&amp;b</t>", "<t>two\nlines</t>",
             "<t>two\r\nlines</t>", "<t>_x000D_</t>", '<t xml:space="preserve"> a </t>', "<t>a</t><t>b</t>",
             "<r><t>rich</t></r>", "<rPh sb='0' eb='1'><t>no</t></rPh><t>a</t>", "<t><![CDATA[a]]></t>",
             "<t>a<!-- no -->b</t>", "<t>\u0085\u2028</t>", "<t>]]&gt;</t>"]
        ),
        max_size=8,
    )
)  # fmt: skip
def test_plain_texts_are_read_as_the_parser_reads_them(tmp_path: Path, items: list[str]) -> None:
    every = [*items, *items]

    def found(*shared: str) -> list[str]:
        path = zipped(tmp_path / "a.xlsx", parts("", texts=texts(*shared)))
        with open_workbook(path) as workbook:
            return list(workbook.sheets[0].texts)

    assert found("<t>x</t>", *every) == found(SLOW_TEXT, *every)


@pytest.mark.parametrize(
    "trap",
    [
        '<row r="1"><!-- <row r="2"><c r="A2"><v>2</v></c></row> --><c r="A1"><v>1</v></c></row>',
        '<!-- <row r="2"><c r="A2"><v>2</v></c></row> --><row r="1"><c r="A1"><v>1</v></c></row>',
        '<row r="1" x="> &lt;row>"><c r="A1"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c></row><row xmlns="urn:x" r="2"><c r="A2"><v>2</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c></row><!-- <row r="2"><c r="A2"><v>2</v></c></row> -->',
        '<row r="1"><c r="A1"><v>1</v></c></row><x:row xmlns:x="urn:x"><row xmlns="urn:x" r="2"/></x:row>',
    ],
)
def test_what_only_looks_like_a_row_is_no_row(tmp_path: Path, trap: str) -> None:
    assert list(cells(zipped(tmp_path / "r.xlsx", parts(trap)))) == ["A1"]


@pytest.mark.parametrize(
    "trap",
    [
        '<c r="A{n}" t="s"><v>1</t></is></c>',
        '<c r="A{n}" t="inlineStr"><is><t>1</v></c>',
        '<c r="A{n}"><v>1</v>',
        '<c r="A{n}"><v>]]></v></c>',
        '<c r="A{n}"><v>\ufffe</v></c>',
        '<c r="A{n}" s="1" s="1"><v>1</v></c>',
        '<c r="A{n}"><v>a < b</v></c>',
        '<c r="A{n}"><v>&none;</v></c>',
        '<c r="A{n}"><v>1</v></c></c>',
    ],
)
def test_damage_after_plain_rows_is_damage(tmp_path: Path, trap: str) -> None:
    inline = '<c r="B{n}" t="inlineStr"><is><t>a</t></is></c>'
    plain = '<c r="A{n}" t="s"><v>0</v></c>' + inline + '<c r="C{n}"><v>5</v></c>'
    rows = [*[plain] * 3, trap, plain]
    body = "".join(f'<row r="{n}">{row.format(n=n)}</row>' for n, row in enumerate(rows, 500))
    path = zipped(tmp_path / "r.xlsx", parts(body, texts=texts("<t>x</t>", "<t>y</t>")))
    with pytest.raises(ReturnUnreadable, match="not well-formed"):
        scan(path)


def test_prefix_that_is_not_declared_everywhere_is_not_taken_for_granted(tmp_path: Path) -> None:
    row = '<row r="{0}" y:z="1"><c r="A{0}"><v>1</v></c></row>'
    sheet = (
        f'{DECLARATION}<worksheet xmlns="{MAIN}">'
        f'<sheetData xmlns:y="urn:y">{row.format(500)}{row.format(501)}</sheetData>'
        f'<sheetData><row r="502"><c r="A502"><v>1</v></c></row>{row.format(503)}</sheetData></worksheet>'
    )
    path = zipped(tmp_path / "r.xlsx", parts(sheet))
    with pytest.raises(ReturnUnreadable, match="not well-formed"):
        scan(path)


def test_unpacked_size_of_plain_rows_never_reaches_the_parser(tmp_path: Path) -> None:
    body = "".join(
        f'<row r="{n}"><c r="A{n}"><v>{n}</v></c><c r="B{n}" t="s"><v>0</v></c></row>'
        for n in range(500, 3_000)
    )
    path = zipped(tmp_path / "r.xlsx", parts(body, texts=texts("<t>x</t>")))
    with open_workbook(path) as workbook:
        rows = list(workbook.sheets[0].rows())
        assert len(rows) == 2_500
        assert workbook.sheets[0].parsed < len(body) / 100


def reader() -> PlainRows:
    plain = PlainRows(Stores(["x"], {None: False}), utf_8=True)
    plain.learn(b"", hidden=False)
    return plain


def test_row_is_read_with_its_place_and_its_cells() -> None:
    row = reader().read(b'<row r="7"><c r="A7"><v>17</v></c><c r="C7"/><c r="D7" t="s"><v>0</v></c>', 6)
    assert row is not None
    assert (row.number, row.hidden, row.columns) == (7, False, (1, 3, 4))
    assert [(cell.address, cell.text) for cell in row.cells] == [("A7", "17"), ("D7", "x")]


@pytest.mark.parametrize(
    "source",
    [b"<row r='7'><c r='A7'/>", b'<row r="7"><c r="B7"/><c r="A7"/>', b'<row r="7"><c r="A8"/>',
     b'<row r="7"><c r="XFE7"/>', b'<row r="7"><c r="A7"/> ', b'<row r="7"><c r="A7"><v>1</is></c>',
     b'<row r="7"><c r="A7"><v>]]></v></c>', b'<row r="7"><c r="A7"><v>\xc3</v></c>', b"", b'<row r="7',
     b'<row r="7">', b'<row r="07"><c r="A07"/>', b'<row r="7"><c r="A07"/>', b'<row r="6"><c r="A6"/>',
     b'<row r="1048577"><c r="A1048577"/>', b'<row r="7" hidden="1"><c r="A7"/>',
     b'<row r="7"><c r="A7"/><c r="B',
     b'<row r="7"><c r="A7"/><c r="A7"/>', b'<row r="7"/><row r="8"><c r="A8"/>'],
)  # fmt: skip
def test_what_is_not_certain_is_left_to_the_parser(source: bytes) -> None:
    assert reader().read(source, 6) is None


@pytest.mark.parametrize("source", [b'<row r="7" x="&gt;">', b"<row r='7'>", b'<row r="07">', b"<rows>"])
def test_tag_that_is_not_plain_is_not_learnt(source: bytes) -> None:
    assert plain_tag(source) is None
