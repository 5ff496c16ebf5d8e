"""The notice: understood in 30 seconds, inert, and without a value from any cell."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.cells import cell_len

from kpi_engine.automation.audit import Taken
from kpi_engine.automation.awaited import Awaited
from kpi_engine.automation.markdown import inert, name
from kpi_engine.automation.notice import Told, notice_json, notice_md, reminders, sentence_of, subject_of
from kpi_engine.terms.codes import finding
from kpi_engine.terms.period import Period
from tests.reports.test_to_json import faults

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA: dict[str, Any] = json.loads(
    files("kpi_engine.automation").joinpath("schema_kpi_notice_1.json").read_text(encoding="utf-8")
)
HEAD = "ab" * 32
APRIL, MAY = Period.parse("2024-04"), Period.parse("2024-05")
TAKEN = Taken("returns_2024-04.xlsx", "cd" * 32, "2024-04", "correction", "processed/2024-04/cdcd/a.xlsx")
REFUSED = replace(TAKEN, file="returns_2024-05.xlsx", month="2024-05", outcome="refused", kept="refused/x")
WHY = (
    finding("R203", sheet="Reviews", cell="D4", file="returns_2024-05.xlsx", heading="Seen on", count=1),
    finding("R203", sheet="Reviews", cell="D9", file="returns_2024-05.xlsx", heading="Seen on", count=1),
    finding("R106", file="returns_2024-05.xlsx", what="its table of contents is cut off"),
)


def owed(month: Period, sheet: str, sender: str) -> Awaited:
    """Something two days overdue."""
    return Awaited(month, sheet, sender, month.end + timedelta(15), 2, (sender,))


FULL = Told(
    at="2024-06-17T05:00:00+00:00",
    council="Example Borough",
    made_up=True,
    period=APRIL,
    folder="out/2024-04/r2",
    kind="revised",
    verdicts={"fail": 10, "pass": 11, "not_due": 2},
    changes=("Matched within 6 months: missed, was met.",),
    exceptions=("New: Missed three times running: Matched by both days", "Gone: No explanation: Staff"),
    packs=("out/2024-04/r2/iro-service-2024-04.html", "out/2024-04/r2/iro-service-2024-04.pdf"),
    packs_waiting=(finding("P101", measure="Permanent staff, CIC", id="cic-staff", month="April 2024"),),
    taken=(TAKEN,),
    refused=((REFUSED, WHY),),
    waiting=(finding("H106", file="returns_2024-06.xlsx", seconds=5),),
    awaited=(
        owed(MAY, "", "Performance team"),
        owed(MAY, "court_cases", "Head of Legal"),
        replace(owed(Period.parse("2024-06"), "", "Performance team"), days_overdue=0),
    ),
    recalculated=("May 2024 comes out otherwise.",),
    head=HEAD,
    sheets={"court_cases": "Court cases"},
)
NOTHING = replace(
    FULL,
    period=None,
    folder="",
    kind="refused",
    verdicts={},
    changes=(),
    exceptions=(),
    packs=(),
    packs_waiting=(),
    taken=(),
    waiting=(),
    awaited=(),
    recalculated=(),
)


def test_the_notice_in_full(golden: Callable[[str, str], None]) -> None:
    golden("notice.md", notice_md(FULL))
    golden("notice.json", notice_json(FULL))


def test_the_first_line_says_it_all() -> None:
    assert sentence_of(FULL) == (
        "April 2024 is reported again, on other returns: 11 pass, 10 fail, 2 not due; 2 exceptions new, "
        "worse or gone, packs held back, 1 file refused, 1 file waiting in the inbox and 2 awaited and "
        "overdue."
    )
    assert sentence_of(NOTHING) == "No month was reported; 1 file refused."
    assert " ".join(notice_md(FULL).split("\n\n")[0].split()) == f"**{sentence_of(FULL)}**"


def test_what_there_is_nothing_of_has_no_heading() -> None:
    assert re.findall("^## .*", notice_md(NOTHING), re.MULTILINE) == ["## Refused"]


@pytest.mark.parametrize("told", [FULL, NOTHING])
def test_the_json_keeps_to_its_schema_and_holds_the_markdown(told: Told) -> None:
    read = json.loads(notice_json(told))
    assert list(faults(read, SCHEMA, whole=SCHEMA)) == []
    assert read["markdown"] == notice_md(told)
    assert set(read) == set(SCHEMA["required"])


def test_made_up_figures_are_said_to_be_so() -> None:
    assert "Made-up figures" in notice_md(FULL)
    assert "Made-up" not in notice_md(replace(FULL, made_up=False))


def test_faults_of_one_kind_stand_together_with_their_cells() -> None:
    assert "R203 at `Reviews!D4` and `Reviews!D9`:" in notice_md(FULL)


def test_a_long_list_of_faults_is_cut_and_says_so() -> None:
    many = [finding("R203", sheet="Reviews", cell=f"D{n}", heading="", count=1) for n in range(40)]
    kinds = [replace(WHY[0], code="R211", fix=f"kind {n}") for n in range(12)]
    told = replace(FULL, refused=((REFUSED, (*many, *kinds)),))
    said = " ".join(notice_md(told).split())
    assert "`Reviews!D4` and 35 more:" in said
    assert "5 more kinds of faults" in said
    assert len(json.loads(notice_json(told))["refused"][0]["findings"]) == 52


def test_what_was_read_in_a_cell_is_never_told() -> None:
    canary = "Wren Halloway"
    hidden = (
        replace(WHY[0], found=canary, message=f"Seen on reads {canary}."),
        replace(WHY[0], code="R211", found=canary, fix=f"Not {canary}."),
    )
    told = replace(FULL, refused=((REFUSED, hidden),))
    assert canary not in notice_md(told)
    assert canary not in notice_json(told)


# ── Reminders ────────────────────────────────────────────────────────────────


def test_each_sender_of_something_overdue_has_a_reminder_and_nobody_else() -> None:
    legal, team = reminders(FULL)
    assert (legal.sender, team.sender) == ("Head of Legal", "Performance team")
    assert team.subject == "Overdue: KPI returns of May 2024"
    assert "- May 2024, the whole return: was due on 15 June 2024, 2 days overdue" in team.lines
    assert not any("June 2024, the whole" in line for line in team.lines)
    assert "- May 2024, sheet Court cases: was due on 15 June 2024, 2 days overdue" in legal.lines
    assert reminders(replace(FULL, awaited=FULL.awaited[2:])) == ()
    assert "## Reminder to Head of Legal" in notice_md(FULL)


# ── Inert ────────────────────────────────────────────────────────────────────

ATTACKS = [
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "https://evil.example www.evil.example a@evil.example",
    "javascript:alert(1) mailto:a@b.example data:text/html,x",
    "| a | b |\n| --- | --- |\n| c | d |",
    "a\n\n# Heading\n\n- item",
    "` code ``` fence",
    "---",
    "# a",
    "1. one",
    "- one",
    "> quote",
    "=====",
    ":-",
    "[a]: https://evil.example",
    "*bold* _it_ **b** __u__ ~~gone~~ $x$",
    "&lt;script&gt; &#60;",
    "\\[a](b)",
    "\u202egnp.exe\x1b[31m\x00\r\n",
    "@everyone",
    "x" * 400,
    " ".join(["- # 1. > = +"] * 30),
]
DIALECT = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
ALLOWED = {
    "paragraph_open", "paragraph_close", "heading_open", "heading_close", "bullet_list_open",
    "bullet_list_close", "list_item_open", "list_item_close", "blockquote_open", "blockquote_close", "hr",
    "inline", "text", "softbreak", "code_inline", "strong_open", "strong_close",
}  # fmt: skip


def hostile(text: str) -> Told:
    """A notice into whose every text `text` is written."""
    taken = replace(TAKEN, file=text, kept=text)
    fault = replace(WHY[0], file=text, sheet=text, cell=text, found=None, fix=text)
    other = replace(FULL.waiting[0], file=text, message=text, fix=text)
    return replace(
        FULL,
        council=text,
        folder=text,
        changes=(text, text),
        exceptions=(text,),
        packs=(text,),
        packs_waiting=(other,),
        taken=(taken,),
        refused=((taken, (fault, other)),),
        waiting=(other,),
        awaited=(owed(MAY, text, text),),
        recalculated=(text,),
    )


def shape(markdown: str) -> list[str]:
    """Every part that a reader of Markdown makes of it, but for the words."""
    made = []
    for block in DIALECT.parse(markdown):
        made.append(f"{block.type} {block.tag}")
        assert block.type in ALLOWED, block
        for part in block.children or ():
            assert part.type in ALLOWED, part
            made.append(part.type if part.type.startswith("strong") else "")
            if part.type == "text":
                assert not re.search(r"://|www\.|@", part.content)
    return [one for one in made if one]


def check(text: str) -> None:
    told = hostile(text)
    markdown = notice_md(told)
    assert shape(markdown) == shape(notice_md(hostile("plain")))
    whole = notice_json(told)
    assert "<" not in markdown + whole.replace("\\u", "")
    assert not re.search(r"[^\n\x20-\U0010ffff]|[\x7f-\x9f\u202a-\u202e\u2066-\u2069]", markdown)
    assert list(faults(json.loads(whole), SCHEMA, whole=SCHEMA)) == []
    for line in markdown.splitlines():
        widest = max(map(cell_len, line.split(" ")))
        assert cell_len(line) <= 80 or widest > 60 or line.startswith("## ")


@pytest.mark.parametrize("text", ATTACKS)
def test_text_from_outside_makes_nothing_but_text(text: str) -> None:
    check(text)


@given(st.one_of(st.text(max_size=60), st.text("[]()<>!`*_#-+=|:&;~\\ \n@w.htp/1a", max_size=60)))
def test_any_text_makes_nothing_but_text(text: str) -> None:
    check(text or "x")


@given(st.text("ab _*[]|\\&~$#1.-)(!", max_size=40))
def test_prose_is_read_back_as_it_was(text: str) -> None:
    (_, inline, _) = DIALECT.parse(f"a {inert(text)} b")
    assert inline.children is not None
    said = "".join(part.content for part in inline.children)
    assert said.split() == f"a {text if text.strip() else '(nothing)'} b".split()


@given(st.text(max_size=300))
def test_a_name_is_one_code_span_of_bounded_width(text: str) -> None:
    (_, inline, _) = DIALECT.parse(name(text))
    assert inline.children is not None
    assert [part.type for part in inline.children] == ["code_inline"]
    assert cell_len(name(text)) <= 62


@pytest.mark.parametrize("told", [FULL, NOTHING])
def test_lines_are_of_80_cells(told: Told) -> None:
    assert max(cell_len(line) for line in notice_md(told).splitlines()) <= 80


def test_the_subject_holds_no_text_from_outside() -> None:
    assert subject_of(hostile("x\r\nBcc: a@b.example")) == subject_of(hostile("plain"))
