"""The PDF report: accessible, archivable, the same everywhere, and nothing of it is markup."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pikepdf
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from page import ValidationProfile, validate_pdf_bytes

from kpi_engine.errors import ExtraMissing
from kpi_engine.reports.board.raster import chart_png
from kpi_engine.reports.board.report import Fact
from kpi_engine.reports.board.to_pdf import to_pdf
from kpi_engine.reports.board.typeset import settable
from tests.reports.board.sample import hostile, sample, suppressed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kpi_engine.reports.board.report import BoardReport

ROOT: Final = Path(__file__).parents[3]
UNSAID = frozenset({"Link", "Span", "Strong", "Reference"})
"""Roles inside a line: their text is their parent's."""


# ── Reading a PDF as a screen reader does: by its tags, in their order ───────


@dataclass(frozen=True, slots=True)
class Tag:
    """An element of the structure: its role, its own text with that of the lines inside, its parts."""

    role: str
    text: str
    alt: str
    parts: tuple[Tag, ...]

    def walk(self) -> Iterator[Tag]:
        yield self
        for part in self.parts:
            yield from part.walk()

    @property
    def whole(self) -> str:
        return bare(self.text + "".join(part.whole for part in self.parts if part.role not in UNSAID))


def bare(text: str) -> str:
    """Text without its blanks, which lines swallow."""
    return re.sub(r"[\s\u200b]", "", text)


def opened(content: bytes) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(content))


def tags(pdf: pikepdf.Pdf) -> Tag:
    """The document's structure."""
    texts = {page.obj.objgen: marked(page) for page in pdf.pages}

    def read(element: pikepdf.Object, page: tuple[int, int]) -> Tag:
        here = element.Pg.objgen if "/Pg" in element else page
        text, parts = "", []
        for kid in kids(element):
            if isinstance(kid, int):
                text += texts[here].get(kid, "")
            elif "/MCID" in kid:
                text += texts[kid.Pg.objgen if "/Pg" in kid else here].get(int(kid.MCID), "")
            elif "/S" in kid:
                part = read(kid, here)
                parts.append(part)
                text += part.text if part.role in UNSAID else ""
        return Tag(str(element.S)[1:], text, str(element.get("/Alt", "")), tuple(parts))

    return Tag("Root", "", "", tuple(read(kid, (0, 0)) for kid in kids(pdf.Root.StructTreeRoot)))


def kids(element: pikepdf.Object) -> list[pikepdf.Object]:
    held = element.get("/K")
    if held is None:
        return []
    return list(held) if isinstance(held, pikepdf.Array) else [held]


def marked(page: pikepdf.Page) -> dict[int, str]:
    """The texts of a page by their mark; those of its artifacts under -1."""
    fonts = {name: unicode_of(font) for name, font in page.resources.get("/Font", {}).items()}
    texts: dict[int, str] = defaultdict(str)
    marks: list[int] = []
    letters: dict[int, str] = {}
    for step in pikepdf.parse_content_stream(page):
        operands = step.operands
        match str(step.operator):
            case "BDC" | "BMC":
                known = operands[1] if len(operands) > 1 else pikepdf.Dictionary()
                inside = marks[-1] if marks else -1
                marks.append(int(known["/MCID"]) if "/MCID" in known else inside)
            case "EMC":
                marks.pop()
            case "Tf":
                letters = fonts[str(operands[0])]
            case "Tj" | "TJ":
                strings = operands[0] if isinstance(operands[0], pikepdf.Array) else [operands[0]]
                for string in strings:
                    if isinstance(string, pikepdf.String):
                        raw = bytes(string)
                        codes = (int.from_bytes(raw[n : n + 2]) for n in range(0, len(raw), 2))
                        texts[marks[-1] if marks else -1] += "".join(letters.get(code, "") for code in codes)
    return texts


def unicode_of(font: pikepdf.Object) -> dict[int, str]:
    """What each glyph of a font stands for: its map to Unicode."""
    found = {}
    cmap = font.ToUnicode.read_bytes().decode("ascii")
    for block in re.findall(r"beginbfchar(.*?)endbfchar", cmap, re.DOTALL):
        for code, text in re.findall(r"<(\w+)>\s*<(\w+)>", block):
            found[int(code, 16)] = bytes.fromhex(text).decode("utf-16-be")
    for block in re.findall(r"beginbfrange(.*?)endbfrange", cmap, re.DOTALL):
        for first, last, text in re.findall(r"<(\w+)>\s*<(\w+)>\s*<(\w+)>", block):
            start = int(text, 16)
            found |= {n: chr(start + n - int(first, 16)) for n in range(int(first, 16), int(last, 16) + 1)}
    return found


def read(content: bytes) -> Tag:
    with opened(content) as pdf:
        return tags(pdf)


def feet(content: bytes) -> list[str]:
    """What stands at the foot of each page."""
    with opened(content) as pdf:
        return [bare(marked(page)[-1]) for page in pdf.pages]


def faults(content: bytes) -> list[str]:
    return [
        f"{profile.value}: {fault.rule_id} {fault.message}"
        for profile in (ValidationProfile.PDF_UA_1, ValidationProfile.PDF_A_2A)
        for fault in validate_pdf_bytes(content, profile=profile).failures
    ]


# ── Promises ─────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def made() -> bytes:
    return to_pdf(sample())


@pytest.mark.parametrize("report", [sample, suppressed, hostile])
def test_meets_pdf_ua_1_and_pdf_a_2a_at_once(report: Callable[[], BoardReport]) -> None:
    content = to_pdf(report())
    with opened(content) as pdf, pdf.open_metadata() as said:
        assert (said["pdfuaid:part"], said["pdfaid:part"], said["pdfaid:conformance"]) == ("1", "2", "A")
    assert faults(content) == []


def test_the_validator_finds_a_figure_without_words(made: bytes) -> None:
    with opened(made) as pdf:
        for element in pdf.objects:
            if isinstance(element, pikepdf.Dictionary) and element.get("/S") == "/Figure":
                del element["/Alt"]
        broken = io.BytesIO()
        pdf.save(broken)
    assert faults(broken.getvalue())


def test_says_its_language_and_title(made: bytes) -> None:
    with opened(made) as pdf:
        assert str(pdf.Root.Lang) == "en-GB"
        assert str(pdf.docinfo.Title).startswith("Exception report, March 2025")
        assert pdf.Root.ViewerPreferences.DisplayDocTitle is True


@pytest.mark.parametrize("report", [sample, suppressed])
def test_has_one_first_heading_and_leaves_no_level_out(report: Callable[[], BoardReport]) -> None:
    levels = [int(tag.role[1:]) for tag in read(to_pdf(report())).walk() if re.fullmatch(r"H\d", tag.role)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_table_has_a_header_for_every_column(made: bytes) -> None:
    tables = [tag for tag in read(made).walk() if tag.role == "Table"]
    assert len(tables) == 6
    for table in tables:
        head, *rows = [tag for tag in table.walk() if tag.role == "TR"]
        assert {cell.role for cell in head.parts} == {"TH"}
        assert all(cell.whole for cell in head.parts)
        assert rows
        for row in rows:
            assert len(row.parts) == len(head.parts)


def test_every_figure_says_its_latest_value_and_its_state(made: bytes) -> None:
    said = [tag.alt for tag in read(made).walk() if tag.role == "Figure"]
    drawn = [one for one in sample().measures if one.picture]
    assert len(said) == len(drawn) == 3
    for alt, measure in zip(said, drawn, strict=True):
        assert measure.picture is not None
        assert measure.badge.words in alt
        assert measure.picture.alt in alt
        assert re.search(r"March 2025: [\d.]+%", alt)


def test_outline_names_each_part_and_each_card(made: bytes) -> None:
    with opened(made) as pdf, pdf.open_outline() as outline:
        (whole,) = outline.root
        parts = {part.title: [one.title for one in part.children] for part in whole.children}
    assert whole.title == "Exception report, March 2025"
    assert "Exceptions in full" in parts
    assert any("Permanent staff, CIC" in title for title in parts["All measures"])


def test_every_link_leads_into_the_document(made: bytes) -> None:
    with opened(made) as pdf:
        links = [link for page in pdf.pages for link in page.obj.get("/Annots", [])]
        named = {str(name) for name in pikepdf.NameTree(pdf.Root.Names.Dests)}
        assert {str(link.Subtype) for link in links} == {"/Link"}
        assert all(link.get("/Contents") for link in links)
        wanted = [str(link.Dest) for link in links if isinstance(link.get("/Dest"), pikepdf.String)]
    assert set(wanted) <= named
    assert {one.anchor for one in sample().measures} <= set(wanted)


def test_first_page_is_read_in_its_order(made: bytes) -> None:
    text = read(made).whole
    report = sample()
    order = [
        report.council,
        report.marking,
        report.title,
        report.board,
        "Made-up figures.",
        report.lead_sentence,
        report.rest_sentence,
        *(f"{tally.badge.shape}{tally.badge.words}{tally.meaning}" for tally in report.tallies),
        "The board is asked to",
        report.asks[0].text,
        "Measures that need action",
        report.action[0].measure,
        "Other headline measures",
        report.headlines[0].measure,
        report.changes[0],
        report.completeness,
        "In this report",
        "Exceptions in full",
    ]
    at = 0
    for part in order:
        assert bare(part) in text[at:], part
        at = text.index(bare(part), at) + len(bare(part))


def test_holds_every_text_of_its_parts(made: bytes) -> None:
    text = read(made).whole
    report = sample()
    for measure in report.measures:
        for words in (measure.title, measure.figure, measure.sentence, *measure.facts):
            assert bare(words) in text
        for fact in (*measure.details, *measure.beside, *measure.exceptions):
            assert bare(fact.label) in text
            assert bare(fact.text) in text
    for milestone in report.milestones:
        assert bare(milestone.title + milestone.badge.shape + milestone.badge.words) in text
    for fact in (*report.how_to_read, *report.symbols, *report.run):
        assert bare(fact.text) in text
    for finding in report.findings:
        assert (
            bare(finding.code + finding.severity + finding.message + finding.number + finding.where) in text
        )


def test_every_page_has_its_number_the_title_and_the_marking(made: bytes) -> None:
    said = feet(made)
    assert len(said) > 3
    for number, foot in enumerate(said, start=1):
        assert bare("Exception report, March 2025. OFFICIAL") in foot
        assert foot.endswith(f"Page{number}of{len(said)}")


def test_parts_that_a_board_does_not_read_are_left_out() -> None:
    report = replace(sample(), sections=("summary", "exceptions"), grid=None)
    text = read(to_pdf(report)).whole
    assert bare("Exceptions in full") in text
    assert bare("All measures") not in text
    assert bare("Data quality") not in text
    assert faults(to_pdf(replace(sample(), sections=("exceptions",), grid=None))) == []


def test_an_empty_report_is_a_report() -> None:
    report = replace(
        sample(), asks=(), action=(), headlines=(), exceptions=(), others=(), milestones=(), findings=(),
        measures=(), grid=None, tallies=(), changes=(), quality=(), how_to_read=(), symbols=(), sources=(),
        meeting="", meeting_on="", lead="", marking="", completeness="", run=(), made_up=False,
    )  # fmt: skip
    content = to_pdf(report)
    assert faults(content) == []
    assert bare("No decision is asked for.") in read(content).whole
    assert bare("There is no exception.") in read(content).whole


def test_is_dated_by_the_meeting_or_by_the_end_of_its_period() -> None:
    for report, day in ((sample(), "20250417"), (replace(sample(), meeting="", meeting_on=""), "20250331")):
        with opened(to_pdf(report)) as pdf:
            assert str(pdf.docinfo.CreationDate).startswith(f"D:{day}")
            assert str(pdf.docinfo.ModDate).startswith(f"D:{day}")


def test_is_the_same_in_every_zone_locale_and_run(made: bytes, tmp_path: Path) -> None:
    program = (
        "import sys; from kpi_engine.reports.board.to_pdf import to_pdf;"
        "from tests.reports.board.sample import sample; sys.stdout.buffer.write(to_pdf(sample()))"
    )
    places = (("Pacific/Kiritimati", "C"), ("America/Los_Angeles", "tr_TR.UTF-8"))
    for seed, (zone, locale) in enumerate(places):
        told = {"TZ": zone, "LC_ALL": locale, "PYTHONHASHSEED": str(seed), "HOME": str(tmp_path)}
        run = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | told,
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        assert run.stdout == made


def test_holds_only_fonts_that_are_shipped(made: bytes) -> None:
    with opened(made) as pdf:
        names = {
            str(o.FontName) for o in pdf.objects if isinstance(o, pikepdf.Dictionary) and "/FontName" in o
        }
    assert {re.sub(r"/[A-Z]{6}\+|-.*", "", name) for name in names} == {"Arimo", "DejaVuSansMono"}


def test_hostile_text_stands_as_it_was_written() -> None:
    content = to_pdf(hostile())
    text = read(content).whole
    assert text.count(bare(hostile().asks[0].text)) == 4
    with opened(content) as pdf:
        for element in pdf.objects:
            if isinstance(element, pikepdf.Dictionary):
                assert not {"/URI", "/JS", "/Launch", "/OpenAction", "/AA", "/EF"} & set(element)


def test_letters_that_no_font_has_are_marked_and_not_lost() -> None:
    report = sample()
    first = replace(report.measures[0], sentence="Kept: é ł Ж 😀 漢 \ue000 \u202e end")
    content = to_pdf(replace(report, measures=(first, *report.measures[1:])))
    assert faults(content) == []
    assert bare("Kept: é ł Ж � � � � end") in read(content).whole


def test_every_letter_that_is_let_through_can_be_set() -> None:
    letters = [chr(n) for n in range(32, 0x10000) if settable(chr(n)) == chr(n) and not chr(n).isspace()]
    assert len(letters) > 2500
    report = sample()
    first = replace(report.measures[0], details=(Fact("All", " ".join(letters)),))
    content = to_pdf(replace(report, measures=(first, *report.measures[1:])))
    assert faults(content) == []


@settings(max_examples=12, deadline=None)
@given(text=st.text(max_size=200), label=st.text(max_size=60))
@example(text="", label="¦Øù\u05f5")  # a packed stream of this one ends in CR
def test_any_text_anywhere_makes_an_accessible_report(text: str, label: str) -> None:
    report = sample()
    row = replace(report.measures[0].row, measure=label, lead=text, trend=label, latest=label)
    first = replace(
        report.measures[0], short=label, title=text, sentence=text, figure=label, facts=(text, label),
        details=(Fact(label, text),), exceptions=(Fact(text, label),), months=(Fact(label, text),), row=row,
    )  # fmt: skip
    content = to_pdf(replace(report, council=text, measures=(first,), action=(row,), changes=(text, label)))
    assert faults(content) == []


def test_a_card_longer_than_a_page_loses_nothing() -> None:
    words = [f"word{n}" for n in range(4000)]
    report = sample()
    first = replace(report.measures[0], details=(Fact("Why off track", " ".join(words)),))
    content = to_pdf(replace(report, measures=(first, *report.measures[1:])))
    text = read(content).whole
    assert "".join(words) in text
    assert faults(content) == []
    with opened(content) as pdf:
        spread = [n for n, page in enumerate(pdf.pages) if "word" in "".join(marked(page).values())]
    assert len(spread) > 2


def test_each_card_stands_on_one_page(made: bytes) -> None:
    with opened(made) as pdf:
        pages = [bare("".join(marked(page).values())) for page in pdf.pages]
    for measure in sample().measures:
        title, source = bare(measure.title), bare(measure.details[-1].text)
        (page,) = [page for page in pages if title in page]
        assert source in page[page.index(title) :]


def test_a_long_word_is_broken_and_still_one_word() -> None:
    report = sample()
    row = replace(report.action[0], lead="Head" * 60)
    content = to_pdf(replace(report, action=(row,)))
    assert "Head" * 60 in read(content).whole
    assert faults(content) == []


@pytest.mark.parametrize(("module", "library"), [("typst", "typst"), ("fontpkg_arimo", "fontpkg-arimo")])
def test_a_missing_library_is_named_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch, module: str, library: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ExtraMissing) as caught:
        to_pdf(sample())
    (finding,) = caught.value.findings
    assert finding.message == f"The PDF needs {library}, which is not installed."
    assert "pip install 'kpi-engine[pdf]'" in finding.fix


def test_a_drawing_becomes_a_picture_as_wide_as_wanted() -> None:
    picture = sample().measures[0].picture
    assert picture is not None
    for width in (520, 1041):
        png = chart_png(picture.svg, width)
        assert png.startswith(b"\x89PNG")
        assert int.from_bytes(png[16:20]) == width
        assert int.from_bytes(png[20:24]) == pytest.approx(width * 252 / 520, abs=1)
        assert chart_png(picture.svg, width) == png


def test_letters_are_drawn_in_the_picture() -> None:
    picture = sample().measures[0].picture
    assert picture is not None
    without = re.sub(r"<text.*?</text>", "", picture.svg)
    assert len(chart_png(picture.svg, 520)) > 1.2 * len(chart_png(without, 520))
