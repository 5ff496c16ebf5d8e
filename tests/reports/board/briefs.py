"""Boards, audiences and decisions on what is shown, to make reports from."""

from __future__ import annotations

import functools
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from kpi_engine.escalation.escalate import escalate
from kpi_engine.reports.board.build import board_report
from kpi_engine.reports.board.disclosure import Disclosure, Level, disclosures
from kpi_engine.reports.board.report import BoardReport
from kpi_engine.rulebook.pack import NO_PACK, Audience, Board, Cadence, ZeroRule
from kpi_engine.terms.period import Period
from kpi_engine.verdicts.judge import judge
from tests.escalation.standings import book, checked_of, derive, examples, shipped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kpi_engine.escalation.outcome import Escalated
    from kpi_engine.rulebook.book import Indicator, MilestoneRule, RuleBook
    from kpi_engine.rulebook.pack import Pack
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.measured import Measured

MEETING = date(2025, 4, 17)
INTERNAL = Audience("internal", 0, 1, ZeroRule.SHOWN, case_cells=True)
PUBLIC = Audience("public", 5, 1, ZeroRule.SHOWN, case_cells=False)
FIVES = Audience("fives", 5, 5, ZeroRule.SHOWN, case_cells=False)
BOARD = Board(
    id="b", name="A board", also_called=(), lead="A chair", cadence=Cadence.MONTH, audience="internal",
    measures=(), milestones=(), exceptions=None, least_severity=1, sections=(), source=None, readings=(),
)  # fmt: skip
PUBLIC_BOARD = replace(BOARD, id="p", audience="public")
ROUNDED_BOARD = replace(BOARD, id="r", audience="fives")


def rules_for(
    *indicators: Indicator,
    pack: Pack = NO_PACK,
    milestones: tuple[MilestoneRule, ...] = (),
    boards: Sequence[Board] = (BOARD, PUBLIC_BOARD, ROUNDED_BOARD),
) -> RuleBook:
    """A rulebook whose boards are an internal, a public and a rounding one."""
    return replace(
        book(*indicators, pack=pack, milestones=milestones),
        audiences={one.id: one for one in (INTERNAL, PUBLIC, FIVES)},
        boards={one.id: one for one in boards},
    )


def at(indicator: Indicator, level: Level, *, state: bool = True, last: bool | None = None) -> Disclosure:
    """A decision made by hand for an audience that sees less."""
    opened = level is Level.OPEN
    return Disclosure(
        indicator=indicator.id,
        level=level,
        state=state,
        last=opened if last is None else last,
        doubt=False,
        reason="" if opened else "Kept back.",
        beside={side.id: level is not Level.CLOSED for side in indicator.beside},
    )


def all_at(rules: RuleBook, level: Level, *, state: bool = True) -> Mapping[str, Disclosure]:
    return {one.id: at(one, level, state=state) for one in rules.indicators.values()}


def all_open(rules: RuleBook) -> Mapping[str, Disclosure]:
    """What an audience sees that sees everything."""
    return disclosures(rules, None, (), INTERNAL, tuple(rules.indicators), list)  # type: ignore[arg-type]


def escalated_of(rules: RuleBook, checked: Checked) -> Escalated:
    escalated = escalate(rules, checked, derive=derive)
    assert escalated is not None
    return escalated


def report_of(
    rules: RuleBook,
    checked: Checked,
    board: Board = BOARD,
    disclosure: Mapping[str, Disclosure] | None = None,
    *,
    escalated: Escalated | None = None,
) -> BoardReport:
    """The board's report, missing commentary allowed; without decisions everything is shown."""
    made = board_report(
        rules,
        checked,
        escalated or escalated_of(rules, checked),
        board,
        meeting=MEETING,
        disclosure=disclosure or all_open(rules),
        allow_missing_commentary=True,
    )
    assert isinstance(made, BoardReport)
    return made


def small(rules: RuleBook, held: Measured, period: str, board: Board = BOARD, **more: object) -> BoardReport:
    """The same of records made by hand."""
    return report_of(rules, checked_of(rules, held, Period.parse(period)), board, **more)  # type: ignore[arg-type]


# ── The example returns ──────────────────────────────────────────────────────


def example_check(board: Board) -> Checked:
    """The examples as a board of that cadence has them judged."""
    return examples() if board.cadence is Cadence.MONTH else examples(period="2024/25-Q4")


@functools.cache
def example_escalated(cadence: Cadence) -> Escalated:
    return escalated_of(shipped(), example_check(replace(BOARD, cadence=cadence)))


@functools.cache
def example_disclosure(board: str) -> Mapping[str, Disclosure]:
    """What may be shown to a shipped board, decided by all its packs."""
    rules, one = shipped(), shipped().boards[board]
    checked = example_check(one)
    assert checked.period is not None
    measured, length = checked.measured, checked.period.length
    first = min(measured.records).first
    periods = [checked.period.plus(-n * length) for n in range(24)]
    return disclosures(
        rules,
        measured,
        sorted(period for period in periods if period.first >= first),
        rules.audiences[one.audience],
        one.measures,
        lambda period: judge(rules, period, measured),
    )


@functools.cache
def example_report(board: str) -> BoardReport:
    """The report of a shipped board on the example returns."""
    one = shipped().boards[board]
    return report_of(
        shipped(),
        example_check(one),
        one,
        example_disclosure(board),
        escalated=example_escalated(one.cadence),
    )
