"""What a Word document is made of: styled paragraphs, marked tables, pictures with words, page numbers.

Imported only where a Word document is written: python-docx is an extra.
"""

# ruff: noqa: SLF001  (what python-docx has no words for is set in its XML)
from __future__ import annotations

import io
import unicodedata
import zipfile
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Emu

from kpi_engine.reports.page import plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from docx.oxml.xmlchemy import BaseOxmlElement
    from docx.table import _Cell
    from docx.text.paragraph import Paragraph

_PROPERTY: Final = 255  # the most characters of a property
_SYMBOL: Final = 7  # millimetres
_SIDES, _ENDS = Cm(2), Cm(1.75)  # margins
_FOOT: Final = Cm(1)
_FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)
"""The least date that a zip holds: files carry no clock."""
_DECORATIVE: Final = (
    '<a:extLst xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
    '<a:ext uri="{C183D7F6-B498-43B3-948B-1728B52AA6E4}">'
    '<adec:decorative xmlns:adec="http://schemas.microsoft.com/office/drawing/2017/decorative" val="1"/>'
    "</a:ext></a:extLst>"
)
_LISTS: Final = tuple(
    f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{number}"><w:multiLevelType w:val="singleLevel"/>'
    f'<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="{kind}"/><w:pStyle w:val="{style}"/>'
    f'<w:lvlText w:val="{mark}"/><w:lvlJc w:val="left"/>'
    '<w:pPr><w:ind w:left="397" w:hanging="397"/></w:pPr></w:lvl></w:abstractNum>'
    for number, kind, style, mark in ((1, "bullet", "ListBullet", "•"), (2, "decimal", "ListNumber", "%1."))
) + tuple(
    f'<w:num {nsdecls("w")} w:numId="{number}"><w:abstractNumId w:val="{number}"/></w:num>'
    for number in (1, 2)
)
_SETTINGS: Final = (
    f'<w:settings {nsdecls("w")}><w:zoom w:percent="100"/><w:defaultTabStop w:val="567"/>'
    '<w:characterSpacingControl w:val="doNotCompress"/><w:compat><w:compatSetting '
    'w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat>'
    '<w:themeFontLang w:val="en-GB"/><w:decimalSymbol w:val="."/><w:listSeparator w:val=","/></w:settings>'
)
_NOT_OURS: Final = ("thumbnail", "customXml", "extended-properties", "stylesWithEffects")
"""Parts of python-docx's own template that say something of the machine it was made on."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text with a character style of word_styles.xml, and the bookmark that it leads to."""

    text: str
    style: str = ""
    to: str = ""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A small picture in a line; its words stand beside it, so it is marked as there for the eye alone."""

    png: bytes
    words: str


Line = tuple[Span | Symbol, ...]
Cell = tuple[Line, ...]
"""The paragraphs of a cell."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading and its width in millimetres; figures stand to the right."""

    head: str
    width: int
    figures: bool = False
    symbol: Symbol | None = None

    @property
    def heading(self) -> Cell:
        """The cell of the first row, the symbol above the words."""
        words = (Span(self.head),)
        return (words,) if self.symbol is None else ((self.symbol, Span("\n"), *words),)


class Paper:
    """A document that is written from top to bottom."""

    def __init__(self, title: str, author: str, subject: str, day: datetime) -> None:
        """An empty A4 document with its properties and styles; `day` stands in for the clock."""
        self._document = Document()
        self._bookmarks = 0
        document, styles = self._document, files("kpi_engine.reports.board").joinpath("word_styles.xml")
        _replace(document.styles.element, parse_xml(styles.read_bytes()))
        _replace(document.settings.element, parse_xml(_SETTINGS))
        numbering = document.part.numbering_part.element
        numbering[:] = [parse_xml(part) for part in _LISTS]
        for rels in (document.part.package.rels, document.part.rels):
            for key in [key for key, rel in rels.items() if rel.reltype.endswith(_NOT_OURS)]:
                del rels[key]
        properties = document.core_properties
        properties.title, properties.subject = plain(title)[:_PROPERTY], plain(subject)[:_PROPERTY]
        properties.author = properties.last_modified_by = plain(author)[:_PROPERTY]
        properties.comments, properties.language = "", "en-GB"
        properties.created = properties.modified = day
        page = document.sections[0]
        page.page_width, page.page_height = Cm(21), Cm(29.7)
        page.left_margin = page.right_margin = _SIDES
        page.top_margin = page.bottom_margin = _ENDS
        page.header_distance = page.footer_distance = _FOOT

    def foot(self, *spans: Span) -> None:
        """What each page has at its foot, before `Page 1 of 9`."""
        line = self._document.sections[0].footer.paragraphs[0]
        line.style = "footer"
        _write(line, (*spans, Span("\tPage ")))
        for field, after in (("PAGE", " of "), ("NUMPAGES", "")):
            line._p.append(
                parse_xml(
                    f'<w:fldSimple {nsdecls("w")} w:instr=" {field} "><w:r><w:t>1</w:t></w:r></w:fldSimple>'
                )
            )
            _write(line, (Span(after),))

    def heading(self, level: int, *spans: Span, bookmark: str = "", new_page: bool = False) -> None:
        """A heading; level 0 is the document's title."""
        line = self._document.add_paragraph(style="Title" if level == 0 else f"Heading {level}")
        _write(line, spans)
        if new_page:
            line.paragraph_format.page_break_before = True
        if bookmark:
            self._bookmarks += 1
            number = f'w:id="{self._bookmarks}"'
            start = parse_xml(f'<w:bookmarkStart {nsdecls("w")} {number} w:name="{bookmark}"/>')
            end = parse_xml(f"<w:bookmarkEnd {nsdecls('w')} {number}/>")
            line._p.insert(1, start)
            line._p.append(end)

    def line(self, style: str, *spans: Span | Symbol, keep: bool = False) -> None:
        """A paragraph, none where there is nothing to say; `keep` holds it on the page of the next."""
        if not any(isinstance(span, Symbol) or span.text for span in spans):
            return
        line = self._document.add_paragraph(style=style)
        _write(line, spans)
        if keep:
            line.paragraph_format.keep_with_next = True

    def picture(self, png: bytes, millimetres: int, title: str, words: str) -> None:
        """A picture by itself; `words` say what it shows to who cannot see it."""
        line = self._document.add_paragraph(style="Chart")
        _picture(line, png, millimetres, words, title)

    def table(
        self,
        title: str,
        columns: Sequence[Column],
        rows: Sequence[Sequence[Cell]],
        *,
        together: bool = False,
    ) -> None:
        """A table whose first row and column are marked as headings, and whose rows are not split.

        `together` holds all rows on one page.
        """
        made = self._document.add_table(len(rows) + 1, len(columns), "Board Table")
        made.autofit = False
        caption = parse_xml(f"<w:tblCaption {nsdecls('w')}/>")
        caption.set(qn("w:val"), plain(title))
        made._tbl.tblPr.append(caption)
        for column, of in zip(made.columns, columns, strict=True):
            column.width = Cm(of.width / 10)
        heads = tuple(of.heading for of in columns)
        for number, (row, cells) in enumerate(zip(made.rows, (heads, *rows), strict=True)):
            row._tr.get_or_add_trPr().append(parse_xml(f"<w:cantSplit {nsdecls('w')}/>"))
            if number == 0:
                row._tr.get_or_add_trPr().append(parse_xml(f"<w:tblHeader {nsdecls('w')}/>"))
            keep = number == 0 or (together and number < len(rows))
            for cell, lines, of in zip(row.cells, cells, columns, strict=True):
                cell.width = Cm(of.width / 10)
                _fill(cell, lines, "Table Number" if of.figures else "Table Text", keep=keep)

    def saved(self) -> bytes:
        """The document as a file; the same content gives the same bytes."""
        written, stamped = io.BytesIO(), io.BytesIO()
        self._document.save(written)
        with zipfile.ZipFile(written) as old, zipfile.ZipFile(stamped, "w") as new:
            for name in old.namelist():
                part = zipfile.ZipInfo(name, _FIRST_DAY)
                part.compress_type, part.create_system = zipfile.ZIP_DEFLATED, 0
                new.writestr(part, old.read(name))
        return stamped.getvalue()


def _replace(old: BaseOxmlElement, new: BaseOxmlElement) -> None:
    old[:] = list(new)


def _write(line: Paragraph, spans: Sequence[Span | Symbol]) -> None:
    for span in spans:
        if isinstance(span, Symbol):
            _picture(line, span.png, _SYMBOL, span.words)
        elif span.text:
            run = line.add_run(_printable(span.text), span.style or None)
            if span.to:
                link = parse_xml(f'<w:hyperlink {nsdecls("w")} w:anchor="{span.to}" w:history="1"/>')
                link.append(run._r)
                line._p.append(link)


def _printable(text: str) -> str:
    """`text` with `�` for what XML cannot hold; tabs and line breaks are ours."""
    return "".join(
        c if c in "\t\n" or unicodedata.category(c)[0] != "C" else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def _fill(cell: _Cell, lines: Cell, style: str, *, keep: bool) -> None:
    for number, spans in enumerate(lines or ((),)):
        line = cell.paragraphs[0] if number == 0 else cell.add_paragraph()
        line.style = style
        if keep:
            line.paragraph_format.keep_with_next = True
        _write(line, spans)


def _picture(line: Paragraph, png: bytes, millimetres: int, words: str, title: str = "") -> None:
    """A picture in a line; one without a title is there for the eye, and its words stand beside it."""
    shape = line.add_run().add_picture(io.BytesIO(png), width=Emu(millimetres * 36_000))
    for side in ("distT", "distB", "distL", "distR"):
        shape._inline.set(side, "0")
    told = shape._inline.docPr
    told.set("descr", plain(words))
    if title:
        told.set("title", plain(title))
    else:
        told.append(parse_xml(_DECORATIVE))
