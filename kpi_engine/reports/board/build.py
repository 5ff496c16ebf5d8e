"""The board exception report, made: every text rounded, worded and suppressed for who reads it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from kpi_engine.reports.board.back_pages import (
    findings,
    grid,
    milestones,
    others,
    quality,
    run,
    sources,
)
from kpi_engine.reports.board.brief import Brief, Revised
from kpi_engine.reports.board.first_page import (
    asks,
    carded,
    changes,
    completeness,
    in_need,
    lead_sentence,
    rest_sentence,
    tallies,
    title_of,
)
from kpi_engine.reports.board.measures import anchor_of, measure_of, row_of
from kpi_engine.reports.board.report import BoardReport, Fact
from kpi_engine.reports.board.words import MARKING, SYMBOLS, how_to_read
from kpi_engine.reports.page import plain
from kpi_engine.rulebook.pack import SECTIONS
from kpi_engine.terms.codes import finding
from kpi_engine.terms.period import in_words
from kpi_engine.terms.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from kpi_engine.escalation.outcome import Escalated
    from kpi_engine.reports.board.disclosure import Disclosure
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.rulebook.pack import Board
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.finding import Finding

T = TypeVar("T")


def board_report(  # noqa: PLR0913  (what a report is made from; the last three are keywords)
    rulebook: RuleBook,
    checked: Checked,
    escalated: Escalated,
    board: Board,
    *,
    meeting: date | None,
    disclosure: Mapping[str, Disclosure],
    allow_missing_commentary: bool = False,
    revised: Revised | None = None,
) -> BoardReport | tuple[Finding, ...]:
    """The report of `board` for the period that `escalated` stands for.

    Refused, with a finding for each, while measures that need action have no commentary, unless
    `allow_missing_commentary`. `revised` where the report is made again. `disclosure` holds every
    measure that the board reads: KeyError where it lacks one.
    """
    audience = rulebook.audiences[board.audience]
    brief = Brief(rulebook, checked, escalated, board, audience, disclosure, revised)
    refused = () if allow_missing_commentary else tuple(_unexplained(brief))
    return refused or _finished(_report(brief, meeting))


def _unexplained(brief: Brief) -> Iterator[Finding]:
    month = brief.escalated.now.period.last_month
    for one in brief.indicators:
        needed = brief.escalated.now.states[one.id].state is State.ACTION_NEEDED
        if needed and brief.explanation(one.id) is None:
            yield finding("P101", measure=one.short, id=one.id, month=month.label)


def _report(brief: Brief, meeting: date | None) -> BoardReport:
    board, period = brief.board, brief.escalated.now.period
    sections = tuple(part for part in SECTIONS if not board.sections or part in board.sections)
    cards = carded(brief)
    shown = [one for one in brief.indicators if "measures" in sections or one.id in cards]
    measures = tuple(measure_of(brief, one) for one in shown)
    need = in_need(brief)
    return BoardReport(
        council=brief.checked.authority,
        made_up=brief.checked.made_up,
        plan=brief.rulebook.plan.title,
        title=title_of(brief),
        board=board.name,
        lead=board.lead,
        meeting="" if meeting is None else in_words(meeting),
        meeting_on="" if meeting is None else meeting.isoformat(),
        period=str(period),
        period_label=period.label,
        audience=brief.audience.id,
        public=brief.keeps_back,
        marking=MARKING,
        sections=sections,
        lead_sentence=lead_sentence(brief),
        rest_sentence=rest_sentence(brief),
        tallies=tallies(brief),
        asks=asks(brief),
        action=tuple(row_of(brief, one) for one in need),
        headlines=tuple(row_of(brief, i) for i in brief.indicators if i.headline and i not in need),
        changes=changes(brief),
        completeness=completeness(brief),
        measures=measures,
        exceptions=tuple(anchor_of(name) for name in cards),
        others=others(brief),
        grid=grid(brief, measures) if "measures" in sections else None,
        milestones=milestones(brief) if "milestones" in sections else (),
        findings=findings(brief) if "data_quality" in sections else (),
        quality=quality(brief) if "data_quality" in sections else (),
        how_to_read=how_to_read(kept=brief.keeps_back),
        symbols=(),
        sources=sources(brief) if "sources" in sections else (),
        run=run(brief),
    )


def _finished(report: BoardReport) -> BoardReport:
    """The report with every text printable and one line, and the symbols that occur explained."""
    whole = _printable(report)
    said = list(_texts(whole))
    told = (Fact(symbol, words) for symbol, words in SYMBOLS.items() if any(symbol in text for text in said))
    return replace(whole, symbols=tuple(told))


def _printable(value: T, name: str = "") -> T:
    """Drawings are left: they are made here, of texts that are plain already."""
    if isinstance(value, str):
        made: object = value if name == "svg" or type(value) is not str else plain(value)
    elif isinstance(value, tuple):
        made = tuple(_printable(one) for one in value)
    elif is_dataclass(value) and not isinstance(value, type):
        made = replace(value, **{f.name: _printable(getattr(value, f.name), f.name) for f in fields(value)})
    else:
        made = value
    return made  # type: ignore[return-value]  # the same kind of value


def _texts(value: object, name: str = "") -> Iterator[str]:
    if isinstance(value, str):
        yield from () if name == "svg" else (value,)
    elif isinstance(value, tuple):
        for one in value:
            yield from _texts(one)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _texts(getattr(value, field.name), field.name)
