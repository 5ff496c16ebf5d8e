"""The Word report: its structure is real, every picture has words, and nothing in it runs."""

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
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from docx import Document
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi_engine.errors import ExtraMissing
from kpi_engine.reports.board.report import Ask, Fact
from kpi_engine.reports.board.to_word import to_word
from kpi_engine.reports.page import plain
from tests.reports.board.sample import hostile, sample, suppressed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docx.document import Document as Word
    from docx.oxml.xmlchemy import BaseOxmlElement

    from kpi_engine.reports.board.report import BoardReport

REPORTS = pytest.mark.parametrize("made", [sample, suppressed, hostile], ids=lambda made: made.__name__)
SOFFICE = shutil.which("soffice")
WRITER = SOFFICE is not None and (Path(SOFFICE).resolve().parent / "libswlo.so").exists()


def opened(report: BoardReport) -> Word:
    return Document(io.BytesIO(to_word(report)))


def part(report: BoardReport, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(to_word(report))) as file:
        return file.read(name).decode()


def all_of(document: Word, tag: str) -> list[BaseOxmlElement]:
    return list(document.element.body.iter(qn(tag)))


def headings(document: Word) -> Iterator[tuple[int, str]]:
    for line in document.paragraphs:
        name = line.style.name if line.style is not None and line.style.name else ""
        if name == "Title":
            yield 0, line.text
        elif name.startswith("Heading "):
            yield int(name.removeprefix("Heading ")), line.text


def letters(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


def said(document: Word) -> str:
    return "\n".join("".join(t.text or "" for t in p.iter(qn("w:t"))) for p in all_of(document, "w:p"))


@REPORTS
def test_headings_follow_each_other_without_a_gap(made: Callable[[], BoardReport]) -> None:
    told = list(headings(opened(made())))
    assert [level for level, _ in told].count(0) == 1
    assert told[0] == (0, made().title)
    assert all(text.strip() for _, text in told)
    assert all(below - above <= 1 for (above, _), (below, _) in pairwise(told))


def test_parts_stand_in_the_order_of_the_report() -> None:
    assert [text for level, text in headings(opened(sample())) if level == 1] == [
        "Summary",
        "Exceptions in full",
        "All measures",
        "Change and target together",
        "Milestones",
        "Data quality",
        "How to read this report",
        "Sources",
        "How this report was made",
    ]


def test_parts_that_the_board_does_not_read_are_not_there() -> None:
    brief = replace(sample(), sections=("exceptions",), grid=None)
    told = [text for level, text in headings(opened(brief)) if level == 1]
    assert told == ["Exceptions in full", "How to read this report", "How this report was made"]


@REPORTS
def test_each_table_has_a_marked_header_row_and_whole_rows(made: Callable[[], BoardReport]) -> None:
    document = opened(made())
    assert len(document.tables) >= 7
    for table in document.tables:
        xml = table._tbl  # noqa: SLF001  (flags that python-docx has no words for)
        first, *others = table.rows
        assert all(cell.text.strip() for cell in first.cells)
        assert len(list(xml.iter(qn("w:tblHeader")))) == 1
        assert first._tr.trPr is not None  # noqa: SLF001
        assert first._tr.trPr.find(qn("w:tblHeader")) is not None  # noqa: SLF001
        assert len(list(xml.iter(qn("w:cantSplit")))) == 1 + len(others)
        assert others
        (look,) = xml.iter(qn("w:tblLook"))
        assert (look.get(qn("w:firstRow")), look.get(qn("w:firstColumn"))) == ("1", "1")
        assert not list(xml.iter(qn("w:gridSpan"), qn("w:vMerge")))
        (caption,) = xml.iter(qn("w:tblCaption"))
        assert caption.get(qn("w:val"))


@REPORTS
def test_each_picture_has_words_and_each_chart_those_of_the_report(made: Callable[[], BoardReport]) -> None:
    told = all_of(opened(made()), "wp:docPr")
    assert all(one.get("descr") for one in told)
    charts = [one.get("descr") for one in told if one.get("title")]
    drawn = [m for m in made().measures if m.picture is not None]
    assert sorted(charts) == sorted(m.picture.alt for m in drawn if m.picture is not None)
    for measure in drawn:
        assert measure.picture is not None
        (words,) = [alt for alt in charts if alt == measure.picture.alt]
        assert measure.picture.points[-1].counts in words
        assert "Variation: " in words
    symbols = [one for one in told if not one.get("title")]
    assert symbols
    assert all("decorative" in "".join(child.tag for child in one.iter()) for one in symbols)


@REPORTS
def test_no_paragraph_is_there_for_the_space_it_takes(made: Callable[[], BoardReport]) -> None:
    for line in opened(made()).paragraphs:
        assert line.text.strip() or list(line._p.iter(qn("w:drawing")))  # noqa: SLF001


def test_lists_are_lists() -> None:
    document = opened(replace(sample(), asks=(sample().asks[0], Ask("Note it.", "", ""))))
    numbered = [p.text for p in document.paragraphs if p.style is not None and p.style.name == "List Number"]
    assert numbered == ["Agree to a second panel each month. (Matched within 6 months)", "Note it."]
    bullets = [p.text for p in document.paragraphs if p.style is not None and p.style.name == "List Bullet"]
    assert set(sample().changes) <= set(bullets)
    for name in ("List Number", "List Bullet"):
        assert document.styles[name].element.find(f".//{qn('w:numPr')}") is not None


@REPORTS
def test_each_link_leads_to_a_bookmark(made: Callable[[], BoardReport]) -> None:
    document = opened(made())
    marks = [mark.get(qn("w:name")) for mark in all_of(document, "w:bookmarkStart")]
    links = [link.get(qn("w:anchor")) for link in all_of(document, "w:hyperlink")]
    assert len(set(marks)) == len(marks)
    assert all(len(mark) <= 40 for mark in marks)
    assert links
    assert set(links) <= set(marks)


def test_language_properties_and_page_numbers_are_set() -> None:
    document = opened(sample())
    held = document.core_properties
    assert held.title == "Exception report, March 2025: Achieving Excellence Board, Example Borough (made-up)"
    assert (held.author, held.last_modified_by, held.comments) == (*["Example Borough (made-up)"] * 2, "")
    assert held.created == held.modified == datetime(2025, 4, 17, tzinfo=UTC)
    assert held.language == "en-GB"
    assert 'w:lang w:val="en-GB"' in part(sample(), "word/styles.xml")
    foot = part(sample(), "word/footer1.xml")
    assert re.findall(r'w:instr=" (\w+) "', foot) == ["PAGE", "NUMPAGES"]
    assert "OFFICIAL. Exception report, March 2025. Achieving Excellence Board" in foot


def test_without_a_meeting_the_last_day_of_the_period_dates_it() -> None:
    held = opened(replace(sample(), meeting="", meeting_on="")).core_properties
    assert held.created == datetime(2025, 3, 31, tzinfo=UTC)


def test_nothing_tells_of_the_machine() -> None:
    with zipfile.ZipFile(io.BytesIO(to_word(sample()))) as file:
        names = file.namelist()
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert not [name for name in names if "thumbnail" in name or "customXml" in name or "app.xml" in name]


def test_hostile_text_is_text() -> None:
    calm, bad = opened(sample()), opened(hostile())
    evil = hostile().measures[0].sentence
    assert evil in said(bad)
    tags = [{one.tag for one in document.element.body.iter()} for document in (calm, bad)]
    assert tags[0] == tags[1]
    assert "instr" not in part(hostile(), "word/document.xml")
    assert "TargetMode" not in part(hostile(), "word/_rels/document.xml.rels")


@given(st.text(min_size=1, max_size=60))
@settings(max_examples=20, deadline=None)
def test_any_text_can_be_written(text: str) -> None:
    whole = sample()
    bare = replace(whole.measures[0], picture=None, variation=None, assurance=None, sentence=f"x{text}")
    report = replace(whole, council=text, measures=(bare,), grid=None, how_to_read=(Fact(text, text),))
    assert letters(f"x{text}") in letters(said(opened(report)))


def test_what_is_kept_back_is_nowhere() -> None:
    with zipfile.ZipFile(io.BytesIO(to_word(suppressed()))) as file:
        text = "\n".join(file.read(name).decode() for name in file.namelist() if name.endswith(".xml"))
    shown = said(opened(suppressed()))
    assert "59%" in said(opened(sample()))
    assert "59%" not in shown
    assert "30 of 52" not in text
    assert shown.count("[c]") >= 4
    assert "Not drawn: the figures are kept back so that no child can be recognised." in shown


def test_without_the_library_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(ExtraMissing) as raised:
        to_word(sample())
    (one,) = raised.value.findings
    assert "python-docx" in one.message
    assert "kpi-engine[word]" in one.fix


def test_same_report_same_bytes_in_any_place() -> None:
    program = (
        "import hashlib\n"
        "from kpi_engine.reports.board.to_word import to_word\n"
        "from tests.reports.board.sample import sample\n"
        "print(hashlib.sha256(to_word(sample())).hexdigest())"
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
    assert made == {hashlib.sha256(to_word(sample())).hexdigest()}


@pytest.mark.skipif(not WRITER, reason="LibreOffice Writer is not on this machine")
def test_another_word_processor_reads_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "report.docx").write_bytes(to_word(sample()))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    words = ["--headless", "--convert-to", "txt:Text (encoded):UTF8", "--outdir", str(tmp_path)]
    subprocess.run(
        [str(SOFFICE), profile, *words, str(tmp_path / "report.docx")],
        check=True,
        capture_output=True,
        timeout=120,
    )
    text = " ".join((tmp_path / "report.txt").read_text("utf-8-sig").split())
    places = [text.index(word) for word in ("3 of 6 targets", "The board is asked to", "Exceptions in full")]
    assert places == sorted(places)
    assert all(plain(measure.sentence) in text for measure in sample().measures)
