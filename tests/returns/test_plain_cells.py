"""The quick way of reading plain cells gives what the parser gives, and is taken only where it is safe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpi_engine.returns.scanner.plain_cells import plain_cells
from tests.returns.parts import cells, parts, scan, styles, texts, zipped

if TYPE_CHECKING:
    from pathlib import Path

CONTENTS = st.sampled_from(
    ["/>", "><v>1</v></c>", "><v/></c>", "><v></v></c>", "><f>A1+1</f><v>7.50</v></c>", "><f/></c>",
     ' t="s"><v>1</v></c>', ' t="s"><v>9</v></c>', ' s="1"><v>45000</v></c>', ' s="7"><v>45000</v></c>',
     ' t="str"><v>a &amp; é</v></c>', ' t="str"><v> _x000D_ </v></c>', ' t="inlineStr"><is><t>b</t></is></c>',
     ' t="e"><v>#N/A</v></c>', ' t="b"><v>1</v></c>', ' t="zz"><v>1</v></c>', "><v>1</v><v>2</v></c>"]
)  # fmt: skip
ROW = st.lists(st.tuples(st.sampled_from(["A", "B", "C", "AA", "XFD", "XFE"]), CONTENTS), max_size=5)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, max_size=4))
def test_plain_cells_are_read_as_the_parser_reads_them(
    tmp_path: Path, rows: list[list[tuple[str, str]]]
) -> None:
    sheet = "".join(
        f'<row r="{n}">{"".join(f"<c r={chr(34)}{column}{n}{chr(34)}{rest}" for column, rest in row)}</row>'
        for n, row in enumerate(rows, 1)
    )
    contents = {"texts": texts("<t>x</t>", "<t>y</t>"), "styles": styles("14")}
    quick = scan(zipped(tmp_path / "a.xlsx", parts(sheet, **contents)))
    slow = scan(zipped(tmp_path / "a.xlsx", parts(sheet.replace("<c r", "<c  r"), **contents)))
    assert quick == slow


@pytest.mark.parametrize(
    "trap",
    [
        '<row r="1"><!-- <row r="2"><c r="A2"><v>2</v></c></row> --><c r="A1"><v>1</v></c></row>',
        '<!-- <row r="2"><c r="A2"><v>2</v></c></row> --><row r="1"><c r="A1"><v>1</v></c></row>',
        '<row r="1" x="> &lt;row>"><c r="A1"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c></row><row xmlns="urn:x" r="2"><c r="A2"><v>2</v></c></row>',
    ],
)
def test_what_only_looks_like_a_row_is_no_row(tmp_path: Path, trap: str) -> None:
    assert list(cells(zipped(tmp_path / "r.xlsx", parts(trap)))) == ["A1"]


@pytest.mark.parametrize(
    "source",
    [b"<c r='A1'/>", b'<c r="B1"/><c r="A1"/>', b'<c r="A2"/>', b'<c r="XFE1"/>', b'<c r="A1"/> ',
     b'<c r="A1"><v>1</is></c>', b'<c r="A1"><v>]]></v></c>', b'<c r="A1"><v>\xc3\xa9</v></c>', b""],
)  # fmt: skip
def test_what_is_not_certain_is_left_to_the_parser(source: bytes) -> None:
    assert plain_cells(source, 1) == []
