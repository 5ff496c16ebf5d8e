"""The HTML report: whole in itself, inert, well built, and with no figure but the report's own."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from enum import Enum
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi_engine.reports.board.to_html import to_html
from kpi_engine.rulebook.pack import SECTIONS
from tests.reports.board.sample import hostile, sample, suppressed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kpi_engine.reports.board.report import BoardReport

T = TypeVar("T")
EMPTY = frozenset({"meta", "br", "hr", "img", "input", "link", "path", "circle", "rect"})
NAMES = frozenset({"id", "anchor", "svg", "sections", "period", "meeting_on", "due_on", "audience"})
"""Fields that hold no text to be read."""
EVIL = "\"><script>alert(1)</script><img src=x onerror=alert(1)> ' {{7*7}} {% raw %} </style> <!-- ]]> &lt;"


class Page(HTMLParser):
    """A page's tags in order, its texts outside drawings and style, and which tags were never closed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.inside: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in EMPTY:
            self.inside.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.inside.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and not {"svg", "style"} & set(self.inside):
            self.texts.append(" ".join(data.split()))

    def all(self, *names: str) -> list[dict[str, str]]:
        return [held for tag, held in self.tags if tag in names]

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """The tags and the names of their attributes: what a text must never change."""
        return [(tag, tuple(held)) for tag, held in self.tags]


def mapped(value: T, change: Callable[[str], str], field: str = "") -> T:
    """The value with each text that is read changed."""
    made: Any = value
    if is_dataclass(value) and not isinstance(value, type):
        given_ = {f.name: mapped(getattr(value, f.name), change, f.name) for f in fields(value)}
        made = replace(value, **given_)
    elif isinstance(value, tuple) and field not in NAMES:
        made = tuple(mapped(held, change, field) for held in value)
    elif isinstance(value, str) and not isinstance(value, Enum) and field not in NAMES and value:
        made = change(value)
    return made  # type: ignore[no-any-return]


def strings(value: object) -> Iterator[str]:
    """Every text and figure of a report."""
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from strings(getattr(value, field.name))
    elif isinstance(value, tuple):
        for held in value:
            yield from strings(held)
    elif isinstance(value, Decimal):
        yield f"{value:f}"
    elif isinstance(value, (str, int)):
        yield " ".join(str(value).split())


def only(report: BoardReport, *sections: str) -> BoardReport:
    grid = report.grid if "measures" in sections else None
    return replace(report, sections=sections, grid=grid)


# ── One file, the same every time ────────────────────────────────────────────


def test_same_report_gives_the_same_bytes() -> None:
    assert to_html(sample()) == to_html(sample())


@pytest.mark.parametrize("made", [sample, suppressed, hostile])
def test_page_asks_for_nothing_and_runs_nothing(made: Callable[[], BoardReport]) -> None:
    html = to_html(made())
    page = Page(html)

    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "image", "use"}
    attributes = {name for _, held in page.tags for name in held}
    assert not {name for name in attributes if name.startswith("on") or name in {"src", "srcset", "style"}}
    assert all(held["href"].startswith("#") for _, held in page.tags if "href" in held)
    assert "http" not in html.replace("http-equiv", "")
    style = files("kpi_engine.reports.board").joinpath("page.css").read_text("utf-8")
    assert not re.search(r"url\(|@import|@font-face", style)


@pytest.mark.parametrize("made", [sample, hostile])
def test_policy_allows_the_one_style_and_nothing_else(made: Callable[[], BoardReport]) -> None:
    html = to_html(made())

    style = html.partition("<style>")[2].partition("</style>")[0]
    policy = next(held["content"] for held in Page(html).all("meta") if "http-equiv" in held)

    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"


# ── Hostile text ─────────────────────────────────────────────────────────────


def test_hostile_text_is_shown_as_text() -> None:
    shown = " ".join(Page(to_html(hostile())).texts)

    assert "<script>alert(1)</script> #import" in shown
    assert "{{7*7}} {% raw %}" in shown


@settings(max_examples=8)
@given(st.one_of(st.just(EVIL), st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1)))
def test_no_text_changes_the_structure(evil: str) -> None:
    plain = mapped(sample(), lambda text: f"{text} word")
    wild = mapped(sample(), lambda text: f"{text} {evil}")

    assert Page(to_html(wild)).shape == Page(to_html(plain)).shape


# ── Well built ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "sections",
    [SECTIONS, ("summary",), ("summary", "exceptions"), ("summary", "measures", "sources"), ("milestones",)],
)
def test_every_link_leads_somewhere_and_no_id_is_used_twice(sections: tuple[str, ...]) -> None:
    page = Page(to_html(only(sample(), *sections)))

    ids = [held["id"] for _, held in page.tags if "id" in held]
    assert len(ids) == len(set(ids))
    assert {held["href"][1:] for held in page.all("a")} <= set(ids)
    named = " ".join(held.get("aria-labelledby", "") for _, held in page.tags).split()
    assert set(named) <= set(ids)
    assert set(sections) == {held["id"] for held in page.all("section")} & set(SECTIONS)
    assert page.inside == []


def test_headings_descend_one_step_at_a_time_from_one_h1() -> None:
    levels = [int(tag[1]) for tag, _ in Page(to_html(sample())).tags if re.fullmatch("h[1-6]", tag)]

    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_page_has_language_landmarks_and_skip_link_first() -> None:
    page = Page(to_html(sample()))

    assert page.all("html") == [{"lang": "en-GB"}]
    assert [len(page.all(tag)) for tag in ("header", "nav", "main", "footer")] == [1, 1, 1, 1]
    assert page.all("a")[0] == {"class": "skip", "href": "#main"}
    assert page.all("main")[0]["id"] == "main"


def test_every_table_has_a_name_and_scoped_headers() -> None:
    html = to_html(sample())
    tables = re.findall(r"<table.*?</table>", html, re.DOTALL)

    assert len(tables) == 8
    for table in tables:
        assert "aria-labelledby=" in table or "<caption" in table
        assert 'scope="col"' in table
        assert 'scope="row"' in table
        assert "<th " in table
        assert not re.search(r"<th(?! scope=| role=)", table.replace("<thead", ""))


def test_figures_behind_a_chart_are_all_in_its_table() -> None:
    report = sample()
    html = to_html(report)

    drawn = [measure for measure in report.measures if measure.picture is not None]
    assert html.count("<details>") == len(drawn) == 3
    for measure in drawn:
        assert measure.picture is not None
        table = html.partition(f'id="figures-{measure.anchor}"')[2].partition("</table>")[0]
        for point in measure.picture.points:
            assert f'<th scope="row">{point.label}</th><td class="n">{point.shown}</td>' in table
            assert f'<td class="n">{point.counts}</td>' in table
            assert f'<td class="n">{point.upper}</td>' in table


def test_every_measure_has_one_card_that_its_rows_link_to_and_that_links_back() -> None:
    report = sample()
    page = Page(to_html(report))

    assert [held["id"] for held in page.all("article")] == [
        *report.exceptions,
        *(m.anchor for m in report.measures if m.anchor not in report.exceptions),
    ]
    links = [held["href"] for held in page.all("a")]
    for measure in report.measures:
        assert f"#{measure.anchor}" in links
        summary = measure.row in report.action + report.headlines
        assert f"#in-{'summary' if summary else 'measures'}-{measure.anchor}" in links


def test_page_one_stands_in_the_agreed_order() -> None:
    report = sample()
    shown = " ".join(Page(to_html(report)).texts).partition("Exceptions in full")[0]

    order = [
        report.title,
        "17 April 2025",
        report.lead_sentence,
        report.tallies[0].meaning,
        report.tallies[-1].meaning,
        "The board is asked to",
        report.asks[0].text,
        "Measures that need action",
        report.action[0].gap,
        "Other headline measures",
        report.headlines[0].counts,
        report.changes[-1],
        report.completeness,
    ]
    places = [shown.index(text) for text in order]
    assert places == sorted(places)


def test_no_decision_is_said_where_none_is_asked_for() -> None:
    assert "No decision is asked for." in to_html(replace(sample(), asks=()))
    assert "No decision is asked for." not in to_html(sample())


def test_state_colours_stand_out_from_white() -> None:
    style = files("kpi_engine.reports.board").joinpath("page.css").read_text("utf-8")

    colours = re.findall(r"--(?:tone|ink|soft|link): #([0-9a-f]{6});", style)
    assert len(colours) == 10
    assert min(map(_contrast_with_white, colours)) >= 4.5


def _contrast_with_white(colour: str) -> float:
    """WCAG's contrast ratio."""
    channels = [int(colour[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


# ── Nothing that the report does not hold ────────────────────────────────────


@pytest.mark.parametrize("made", [sample, suppressed])
def test_every_digit_shown_is_the_reports_own(made: Callable[[], BoardReport]) -> None:
    report = made()
    own = set(strings(report))

    for text in Page(to_html(report)).texts:
        if any(letter.isdigit() for letter in text):
            rest = text
            for held in sorted((h for h in own if h and h in text), key=len, reverse=True):
                rest = re.sub(rf"(?<!\w){re.escape(held)}(?!\w)", "", rest)
            assert not re.search(r"\d", rest), text


def test_suppressed_measure_shows_no_figure_anywhere() -> None:
    report = suppressed()
    closed = report.measures[0]
    alone = replace(
        report, measures=(closed,), headlines=(), tallies=(), grid=None, milestones=(), findings=()
    )
    html = to_html(alone)

    shown = " ".join(Page(html).texts)
    for kept_back in ("59", "30 of 52", "52", "68", "69", "73", "41", "22"):
        assert kept_back not in shown, kept_back
    assert shown.count("[c]") >= 5
    assert closed.no_picture in shown
    assert not Page(html).all("figure", "details", "caption")
    assert "chart-" not in html


def test_no_figure_hides_in_an_attribute() -> None:
    allowed = {"class", "id", "href", "aria-labelledby", "datetime", "content", "charset", "tabindex"}
    outside = re.sub(r"<svg.*?</svg>", "", to_html(sample()), flags=re.DOTALL)

    for tag, held in Page(outside).tags:
        for name, value in held.items():
            assert name in allowed or not re.search(r"\d", value), (tag, name, value)
