"""What hostile people put into an inbox: returns whose every text attacks, and names that attack."""

from __future__ import annotations

import zipfile
from itertools import cycle
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import quoteattr

from openpyxl import load_workbook
from openpyxl.comments import Comment
from openpyxl.utils import get_column_letter

from tests.automation.months import INPUTS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

CANARY: Final = "qzcanary"
"""Stands in every text that no output may hold: ids, unknown columns, notes, and most of the cover."""
_HEADINGS: Final = 6
_CASES: Final = ("Workforce", "Court cases", "Placements", "Children in care", "PF champions", "Supervision")
_LINES: Final = ("Counts", "Milestones", "Commentary")

RUN_BY_SPREADSHEETS: Final = (
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("https://evil.example","a")',
    "+1+cmd|' /C calc'!A0",
    "-1+1",
    "@SUM(1+1)",
    "\t=1",
    "_x000D_=1",
    "\n=1",
    "\uff1d1+1",
    "\u200b=1+1",
    '",=1+1,"\n=1+1',
    "'=1+1",
    "%0A=1+1;=1+1|=1+1",
)
ATTACKS: Final = (
    *RUN_BY_SPREADSHEETS,
    # HTML
    "<script>alert(1)</script>",
    "</script><!--",
    "<img src=x onerror=alert(1)>",
    "\" onmouseover=alert(1) x='",
    "<svg/onload=alert(1)>",
    "<a href=javascript:alert(1)>a</a>",
    "</title></style><style>*{display:none}</style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;b&#62; &amp;amp;",
    "]]><script>alert(1)</script><![CDATA[",
    "<!ENTITY x SYSTEM 'file:///etc/passwd'>&x;",
    # Templates
    "{{ 7*7 }} {{ config }} {{ ''.__class__ }}",
    "{% raw %}{% include '/etc/passwd' %}",
    "{# gone #} ${7*7} <%= 7*7 %> {0} %s %n",
    # typst
    '#read("/etc/passwd")',
    '#import "@preview/x:1.0.0": *',
    '#eval("1") #{ sys } #link("https://evil.example")[a]',
    "$ sum x^2 $ @ref <label> *bold* _it_ `code` ~ -- \\ \\u{202e} // gone",
    "= Heading\n- item\n+ item\n/ term: x",
    # Word and Excel
    "</w:t></w:r><w:r><w:instrText>INCLUDETEXT file:///etc/passwd</w:instrText></w:r><w:r><w:t>",
    '{ HYPERLINK "https://evil.example" } { DDEAUTO c:\\\\windows\\\\cmd.exe "/k calc" }',
    "</a:t></c:v><f>1+1</f>",
    "</t></is></c><c><f>1+1</f></c>",
    "_x0000__x001B_[31m _x0041_ _x005F_x0007_",
    # Links, Markdown
    "javascript:alert(1) data:text/html,x file:///etc/passwd \\\\host\\share\\x",
    "https://evil.example/x www.evil.example a@evil.example mailto:a@evil.example",
    "[a](https://evil.example) ![a](//evil.example/x.png) [a]: //evil.example",
    "| a | b |\n| --- | --- |\n# Heading\n> quote\n```",
    "<https://evil.example> <a@evil.example>",
    # Terminals, editors, readers
    "\u202egnp.exe\u202c \u2066a\u2069 \u200e\u200f",
    "a\u200bb\u200cc\u200dd\ufeffe\u00ade\u2028f\u2029g",
    "_x0007__x0008__x001B_]0;evil_x0007__x009B_31m_x007F_",
    "Z" + "\u0301" * 60,
    "'; DROP TABLE months; --",
    "../../etc/passwd ..\\..\\x %2e%2e%2f CON NUL",
    "_xFFFE__xFFFF__xD800_ \U000e0041\U000f0000",
    "x" * 3_000,
    "long " * 6_500,
)
"""Texts that something or other would obey; `_x001B_` is how a workbook writes a control character."""

MARKED_UP: Final = "=1+1 <img src=x onerror=alert(1)> {{7*7}} #read(x) $x$ *b* [a](javascript:a) &lt; @a.xlsx"
UNPRINTABLE: Final = "\x1b]0;evil\x07\x1b[31m\n# heading\t|a|\r\u202excod\u200b 'q' \"q\" `q` $(q).xlsx"
NAMES: Final = (
    *("..xlsx", "....x.xlsx", " .xlsx", "..\\..\\evil.xlsx", "a..\\..\\evil.xlsx", "C:evil.xlsx", "CON.xlsx"),
    *("%2e%2e%2fevil.xlsx", "-rf.xlsx", "~.xlsx", "x.marked.xlsx", "why.txt.xlsx", "manifest.json.xlsx"),
    *("+1.xlsx", "-1+1.xlsx", "@SUM(1).xlsx", "\t=1.xlsx", "=cmd|' C calc'!A0.xlsx", "<script>alert(1).xlsx"),
    *(
        "www.evil.example a@evil.example.xlsx",
        "| a | b |.xlsx",
        "# a\n- b.xlsx",
        "{% raw %}.xlsx",
        "#eval.xlsx",
    ),
    *("\x1b[2J\x07\x9b31m\x7f.xlsx", "\u202excod.xlsx", "\u2066\u200b\ufeff.xlsx", "\x85a\u2028b\u2029.xlsx"),
    *("a" * 250 + ".xlsx", "\u00e9" * 125 + ".xlsx", "a" * 100 + ".marked.xlsx", "\U0001f600" * 62 + ".xlsx"),
)
"""Names that a disk allows, of 255 bytes at most."""

_PROPER: Final = {
    "Workforce": "=Workforce",
    "Placements": "Placements (<img src=x onerror=alert(1)> &lt; [a](javascript:a) | a | {{7*7}} #read(x))",
    "PF champions": "PF champions (\u202e\u200b\u2028 \\\\host\\share https://evil.example $x$ *b*)",
    "Strange 0": "<script>alert(1)</script>",
    "Strange 1": "../../evil",
    "Strange 2": "=cmd|' /C calc'!A0",
}
"""Names for sheets that Excel does not allow; the first three are near enough to their own to be printed."""


def texts_of(commentary: Worksheet) -> Mapping[str, str]:
    """What the cells of the commentary hold, by address: leads, which reach CSV, what spreadsheets run."""
    heads = {str(cell.value): get_column_letter(n) for n, cell in enumerate(commentary[_HEADINGS], 1)}
    leads, others = cycle(RUN_BY_SPREADSHEETS), cycle(ATTACKS)
    texts: dict[str, str] = {}
    for row in range(_HEADINGS + 1, commentary.max_row + 1):
        for head in ("Why", "Action", "The board is asked to", "Lead"):
            n = len(texts)
            text = next(leads if head == "Lead" else others)
            texts[f"{heads[head]}{row}"] = f"{text} zq{chr(97 + n // 26)}{chr(97 + n % 26)}qz"
    return texts


def hostile_return(path: Path, cover: Mapping[str, str], *, proper: bool = True) -> None:
    """The return of September 2024 with attacks in every text; `cover` is written over its cover, by label.

    `proper`: no sheet has a name for which the whole workbook is refused.
    """
    book = load_workbook(INPUTS / "returns_2024-09.xlsx")
    for place, text in texts_of(book["Commentary"]).items():
        _write(book["Commentary"], place, text)
    for name in _CASES:
        _plant(book[name])
    for name in _LINES:
        row = book[name].max_row + 1
        _write(book[name], f"A{row}", f"{CANARY}-{row}")
        _write(book[name], f"B{row}", f"=1+1 {CANARY}")
    _fill(book, {"Filled in by": f"=1+1 <script> {CANARY}", "Validated by": f"{{{{7*7}}}} {CANARY}", **cover})
    book.properties.creator = book.properties.title = CANARY
    for n in range(4):
        book.create_sheet(f"Strange {n}")["A1"] = CANARY
    book.save(path)
    _rename(path, _PROPER if proper else {**_PROPER, "Strange 3": "_x001B_]0;evil_x0007_"})


def _plant(sheet: Worksheet) -> None:
    """Canaries among the cases: as ids, one twice and one a name, as a column, below all, in a note."""
    below, right = sheet.max_row + 3, sheet.max_column + 1
    for row, text in ((7, "-77"), (8, "-77"), (9, " Person")):
        _write(sheet, f"A{row}", f"{CANARY}{text}")
    sheet.cell(_HEADINGS, right).value = f"=1 {CANARY}"
    sheet.cell(_HEADINGS, right).data_type = "s"
    sheet.cell(7, right).value = f"<script>{CANARY}</script>"
    sheet.cell(below, 2).value = CANARY
    sheet["A7"].comment = Comment(CANARY, CANARY)


def _write(sheet: Worksheet, place: str, text: str) -> None:
    """A text as a text: openpyxl would make formulas of some."""
    sheet[place].value = text
    sheet[place].data_type = "s"


def _fill(book: Workbook, cover: Mapping[str, str]) -> None:
    sheet = book["Start here"]
    rows = {str(sheet.cell(row, 1).value): row for row in range(1, sheet.max_row + 1)}
    for label, text in cover.items():
        _write(sheet, f"B{rows[label]}", text)


def _rename(path: Path, names: Mapping[str, str]) -> None:
    """Give sheets names that openpyxl and Excel do not allow."""

    def changed(part: str, data: bytes) -> bytes:
        if part != "xl/workbook.xml":
            return data
        text = data.decode()
        for old, new in names.items():
            assert f'name="{old}"' in text
            text = text.replace(f'name="{old}"', f"name={quoteattr(new)}")
        return text.encode()

    with zipfile.ZipFile(path) as archive:
        members = [(name, changed(name, archive.read(name))) for name in archive.namelist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)


def with_members_outside(path: Path, source: Path) -> None:
    """A copy of a return whose archive has members that lead out of it."""
    path.write_bytes(source.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        for name in ("../../evil.txt", "/evil.txt", "xl/../../evil.txt", "..\\evil.txt"):
            archive.writestr(name, "evil")
