"""The parts of a board report on paper: which text stands where, in which style.

Imported only where a Word document is written: python-docx is an extra.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import cache
from typing import TYPE_CHECKING, Final

from kpi_engine.reports.board.raster import chart_png
from kpi_engine.reports.board.word_paper import Column, Paper, Span, Symbol
from kpi_engine.terms.period import Period

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kpi_engine.reports.board.report import Badge, BoardReport, Fact, Icon, Measure, Row
    from kpi_engine.reports.board.word_paper import Cell

_WIDE, _SMALL = 118, 104  # millimetres of a chart on paper
_CHART_DOTS, _ICON_DOTS = 1240, 128
_SHORT: Final = 4  # rows of a table that is kept on one page
_CHARTS_A_PAGE: Final = 2  # of measures without an exception: little is said of them

_STATE, _TARGET = Column("State", 31), Column("Target", 19, figures=True)
_LATEST, _GAP = Column("Latest", 20, figures=True), Column("Gap", 20, figures=True)
_BRIEF: Final = (
    *(Column("Measure", 37), _TARGET, _LATEST, _GAP, Column("Trend", 20)),
    *(Column("Lead", 29), Column("Back on track", 25)),
)
_EVERY: Final = (
    *(Column("Measure", 39), _STATE, _TARGET, _LATEST),
    *(Column("Previous", 18, figures=True), _GAP, Column("Trend", 23)),
)


def paper_of(report: BoardReport) -> Paper:
    """The whole report, on paper."""
    day = date.fromisoformat(report.meeting_on) if report.meeting_on else Period.parse(report.period).end
    paper = Paper(
        f"{report.title}: {report.board}, {report.council}",
        report.council,
        report.plan,
        datetime.combine(day, time(), UTC),
    )
    _Pages(report, paper).write()
    return paper


class _Pages:
    """One report being put on paper."""

    def __init__(self, report: BoardReport, paper: Paper) -> None:
        self.report = report
        self.paper = paper
        self.parts: Mapping[str, str] = {**report.parts, "run": "How this report was made"}
        # Not by anchor: a name of Word's ends at 40 characters.
        self.cards = {anchor: f"measure_{number}" for number, anchor in enumerate(report.cards, 1)}

    def write(self) -> None:
        """Every part, in order."""
        report, paper = self.report, self.paper
        foot = ". ".join(text for text in (report.marking, report.title, report.board) if text)
        paper.foot(Span(foot))
        paper.line("From", Span(f"{report.council}. {report.plan}"), Span(f"\t{report.marking}", "Strong"))
        paper.heading(0, Span(report.title))
        meeting = f", meeting of {report.meeting}" if report.meeting else ""
        lead = f". Lead: {report.lead}" if report.lead else ""
        made_up = " Made-up figures." if report.made_up else ""
        paper.line("Subtitle", Span(f"{report.board}{meeting}{lead}."), Span(made_up, "Strong"))
        parts = list(self.parts)
        if parts[0] != "summary":
            self._contents(parts)
        for part in parts:
            new_page = part == "exceptions" and part != parts[0]
            paper.heading(1, Span(self.parts[part]), bookmark=part, new_page=new_page)
            getattr(self, f"_{part}")()
            if part == "summary":
                self._contents(parts[1:])

    def _contents(self, parts: Sequence[str]) -> None:
        links = [Span(self.parts[part], "Hyperlink", part) for part in parts]
        spaced = [span for link in links for span in (Span(", "), link)][1:]
        self.paper.line("Note", Span("In this report: ", "Strong"), *spaced)

    # ── Page one ─────────────────────────────────────────────────────────────

    def _summary(self) -> None:
        report, paper = self.report, self.paper
        paper.line("Lead", Span(report.lead_sentence, "Strong"), Span(f" {report.rest_sentence}"))
        paper.table(
            "How many measures have each state",
            (Column("State", 52), Column("Measures", 20, figures=True), Column("What it means", 98)),
            [
                (_one(_badge(t.badge)), _one(Span(str(t.number), "Strong")), _one(Span(t.meaning)))
                for t in report.tallies
            ],
            together=True,
        )
        paper.heading(2, Span("The board is asked to"))
        for ask in report.asks:
            of = (Span(" ("), self._named(ask.measure, self.cards.get(ask.anchor)), Span(")"))
            paper.line("List Number", Span(ask.text), *(of if ask.measure else ()))
        if not report.asks:
            paper.line("Normal", Span("No decision is asked for."))
        if report.action:
            self._brief("Measures that need action", report.action)
        if report.headlines:
            self._brief("Other headline measures" if report.action else "Headline measures", report.headlines)
        if report.changes:
            paper.heading(2, Span("What has changed"))
            for change in report.changes:
                paper.line("List Bullet", Span(change))
        if report.completeness:
            paper.heading(2, Span("How complete the figures are"))
            paper.line("Normal", Span(report.completeness))

    def _brief(self, title: str, rows: Sequence[Row]) -> None:
        self.paper.heading(2, Span(title))
        self.paper.table(title, _BRIEF, [self._brief_row(row) for row in rows], together=len(rows) <= _SHORT)

    def _brief_row(self, row: Row) -> tuple[Cell, ...]:
        return (
            ((self._named(row.measure, self.cards.get(row.anchor)),), (_badge(row.badge),)),
            _one(Span(row.target)),
            _latest(row),
            _one(Span(row.gap)),
            _one(Span(row.trend)),
            _one(Span(row.lead)),
            _one(Span(row.back_on_track)),
        )

    def _named(self, text: str, bookmark: str | None) -> Span:
        return Span(text, "Hyperlink", bookmark) if bookmark else Span(text, "Strong")

    # ── Measures ─────────────────────────────────────────────────────────────

    def _exceptions(self) -> None:
        report, paper = self.report, self.paper
        for number, measure in enumerate(report.in_full("exceptions")):
            self._card(measure, _WIDE, new_page=number > 0)
        if report.others:
            paper.heading(
                2, Span("Beyond the measures" if report.exceptions else "Milestones and the return")
            )
        for other in report.others:
            change = f" ({other.change})" if other.change else ""
            told = f" {other.about}; {other.because}{change}"
            paper.line("List Bullet", Span(f"{other.title}:", "Strong"), Span(told))
        if not report.exceptions and not report.others:
            paper.line("Normal", Span("No exception."))

    def _measures(self) -> None:
        rows = []
        for measure in self.report.measures:
            row = measure.row
            cells = (
                _one(Span(row.target)),
                _latest(row),
                _one(Span(row.before)),
                _one(Span(row.gap)),
                _one(Span(row.trend)),
            )
            name = _one(self._named(row.measure, self.cards.get(row.anchor)))
            rows.append((name, _one(_badge(row.badge)), *cells))
        self.paper.table(self.parts["measures"], _EVERY, rows, together=len(rows) <= _SHORT)
        charts = 0
        for measure in self.report.in_full("measures"):
            self._card(measure, _SMALL, new_page=charts % _CHARTS_A_PAGE == 0)
            charts += measure.picture is not None

    def _card(self, measure: Measure, width: int, *, new_page: bool) -> None:
        """All that is said of one measure, on one page.

        One with a chart begins a page where `new_page` is given: not every program holds so many paragraphs
        together.
        """
        paper = self.paper
        paper.heading(
            2,
            Span(f"{measure.short}  "),
            _badge(measure.badge),
            bookmark=self.cards[measure.anchor],
            new_page=new_page and measure.picture is not None,
        )
        if measure.title != measure.short:
            paper.line("Note", Span(measure.title), keep=True)
        under = " ".join(_ended(fact) for fact in measure.facts)
        paper.line("Latest", Span(measure.figure, "Big Figure"), Span(f"  {under}"), keep=True)
        paper.line("Latest", Span(measure.note, "Strong"), keep=True)
        picture = measure.picture
        if picture is not None:
            paper.picture(_png(picture.svg, _CHART_DOTS), width, picture.title, picture.alt)
            paper.line("Caption", Span(picture.title), keep=True)
        else:
            paper.line("Note", Span(measure.no_picture), keep=True)
        icons = [icon for icon in (measure.variation, measure.assurance) if icon is not None]
        told = [item for icon in icons for item in (Span("    "), _symbol(icon), Span(f" {icon.words}"))]
        paper.line("Icons", *told[1:], keep=True)
        paper.line("Normal", Span(measure.sentence), keep=True)
        for fact in measure.exceptions:
            paper.line("List Bullet", Span(f"{fact.label}:", "Strong"), Span(f" {fact.text}"), keep=True)
        self._facts((*measure.beside, *measure.months, *measure.details), keep=True)

    def _facts(self, facts: Sequence[Fact], *, keep: bool = False) -> None:
        """Labels with their texts; `keep` holds all of them on one page."""
        for number, fact in enumerate(facts, 1):
            self.paper.line(
                "Fact" if number > 1 else "First Fact",
                Span(f"{fact.label}:", "Strong"),
                Span(f"\t{fact.text}"),
                keep=keep and number < len(facts),
            )

    def _grid(self) -> None:
        grid = self.report.grid
        if grid is None:
            return
        self.paper.line(
            "Normal",
            Span(
                "Each measure by what its chart shows: across, whether it is changing; down, whether it can "
                "be expected to meet its target."
            ),
            keep=True,
        )
        width, linked = 136 // max(1, len(grid.columns)), self.report.linked
        self.paper.table(
            self.parts["grid"],
            (
                Column("Target and change", 34),
                *(Column(one.words, width, symbol=_symbol(one)) for one in grid.columns),
            ),
            [
                (
                    _one(_symbol(head), Span("\n"), Span(head.words, "Strong")),
                    *(
                        tuple((self._named(m, self.cards.get(linked.get(m, ""))),) for m in cell.measures)
                        or _one(Span("none", "Aside"))
                        for cell in cells
                    ),
                )
                for head, cells in grid.rows
            ],
            together=True,
        )

    # ── The back pages ───────────────────────────────────────────────────────

    def _milestones(self) -> None:
        rows = []
        for one in self.report.milestones:
            when = []
            if one.done:
                when.append((Span(f"Done: {one.done}"),))
            if one.expected:
                when.append((Span(f"Expected: {one.expected}"),))
            said = ((Span(one.said),),) if one.said else ()
            rows.append(
                (
                    _one(Span(one.title, "Strong")),
                    _one(Span(one.due or "No date")),
                    ((_badge(one.badge),), *said),
                    tuple(when),
                    _one(Span(one.lead)),
                )
            )
        if not rows:
            self.paper.line("Normal", Span("No milestone."))
            return
        columns = (Column("Milestone", 52), Column("Due", 25), Column("Status", 32))
        self.paper.table(
            self.parts["milestones"],
            (*columns, Column("Done or expected", 28), Column("Lead", 33)),
            rows,
            together=len(rows) <= _SHORT,
        )

    def _data_quality(self) -> None:
        report = self.report
        for line in report.quality:
            self.paper.line("Normal", Span(line))
        if not report.findings:
            return
        where = any(one.where for one in report.findings)
        columns = [Column("Code", 16), Column("Kind", 18), Column("What was found", 68 if where else 114)]
        columns += [Column("How many", 22, figures=True), *([Column("Where", 46)] if where else [])]
        rows = []
        for one in report.findings:
            texts = [one.code, one.severity, one.message, one.number, *([one.where] if where else [])]
            rows.append([_one(Span(text)) for text in texts])
        self.paper.table(self.parts["data_quality"], columns, rows, together=len(rows) <= _SHORT)

    def _how_to_read(self) -> None:
        self._facts(self.report.how_to_read)
        if self.report.symbols:
            self.paper.heading(2, Span("Symbols"))
            self._facts(self.report.symbols)

    def _sources(self) -> None:
        for source in self.report.sources:
            published = f", {source.published}" if source.published else ""
            self.paper.heading(2, Span(f"{source.title}{published}"))
            self._facts(source.places)

    def _run(self) -> None:
        report = self.report
        self._facts(report.run)
        marking = f"{report.marking}. " if report.marking else ""
        self.paper.line("Note", Span(f"{marking}Audience: {report.audience}. {report.council}."))


def _one(*spans: Span | Symbol) -> Cell:
    return (spans,)


def _badge(badge: Badge) -> Span:
    return Span(f"{badge.shape} {badge.words}", f"State {badge.tone.capitalize()}")


def _latest(row: Row) -> Cell:
    counts = ((Span(row.counts, "Aside"),),) if row.counts and row.counts != row.latest else ()
    return ((Span(row.latest, "Strong"),), *counts)


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", "”")) else f"{text}."


def _symbol(icon: Icon) -> Symbol:
    return Symbol(_png(icon.svg, _ICON_DOTS), icon.words)


@cache
def _png(svg: str, dots: int) -> bytes:
    return chart_png(svg, dots)
