"""The packs of boards, top to bottom: judge a period, escalate, decide what may be shown, write."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from kpi_engine.check import judged_at
from kpi_engine.errors import ExtraMissing
from kpi_engine.escalation.engine import deriving
from kpi_engine.escalation.escalate import escalate
from kpi_engine.reports.board.brief import Revised
from kpi_engine.reports.board.build import board_report
from kpi_engine.reports.board.disclosure import Edition, disclosures
from kpi_engine.reports.board.pack import name_of, written
from kpi_engine.reports.board.report import BoardReport
from kpi_engine.rulebook.pack import Cadence
from kpi_engine.terms.period import MONTH, YEAR
from kpi_engine.verdicts.judge import judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from kpi_engine.check import Gathered
    from kpi_engine.escalation.outcome import Escalated
    from kpi_engine.reports.board.pack import PackFormat
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.rulebook.pack import Board
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.measured import Measured
    from kpi_engine.terms.measurement import MonthRecords
    from kpi_engine.terms.period import Period

    Standing = tuple[Checked, Escalated]


NO_MEETINGS: Mapping[str, date] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Packs:
    """The reports, by board; `refused` says of the other boards why they have none."""

    reports: Mapping[str, BoardReport]
    refused: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)

    @property
    def faults(self) -> tuple[Finding, ...]:
        """Everything that refuses a report, each once."""
        return tuple(dict.fromkeys(fault for faults in self.refused.values() for fault in faults))

    def files(self, formats: Sequence[PackFormat]) -> tuple[Mapping[str, bytes], tuple[Finding, ...]]:
        """The files by name, and what is missing on this machine to write the others."""
        made: dict[str, bytes] = {}
        missing: dict[Finding, None] = {}
        for board, report in self.reports.items():
            for form in formats:
                try:
                    made[name_of(board, report.period, form)] = written(report, form)
                except ExtraMissing as error:
                    missing.update(dict.fromkeys(error.findings))
        return made, tuple(missing)


def packs(  # noqa: PLR0913  (what is asked for; all but three are keywords)
    gathered: Gathered,
    rulebook: RuleBook,
    boards: Sequence[Board],
    *,
    period: Period | None = None,
    meetings: Mapping[str, date] = NO_MEETINGS,
    audience: str | None = None,
    allow_missing_commentary: bool = False,
    corrected: Sequence[Mapping[Period, MonthRecords]] = (),
    revised: str = "",
) -> Packs:
    """One report a board, of the period that its cadence gives, or every reason why it has none.

    `period` left out: the latest month any file claims, or the latest quarter that it ends or follows.
    `meetings` are the days on which boards meet. A board from which anything is kept back has no report
    of a year. `audience` stands in for the boards' own. `corrected` are the months as earlier packs went
    out with them, where they have been corrected since. `revised` is the sentence that says why these
    reports are made again; what they say otherwise than by the last of `corrected` follows it.
    """
    latest = period or max(gathered.months, default=None)
    if latest is None:
        return Packs(
            {}, dict.fromkeys((one.id for one in boards), judged_at(gathered, rulebook, None).findings)
        )
    reports: dict[str, BoardReport] = {}
    refused: dict[str, tuple[Finding, ...]] = {}
    with deriving() as derive:

        @cache
        def standing(of: Period) -> Standing:
            checked = judged_at(gathered, rulebook, of)
            escalated = escalate(rulebook, checked, derive=derive)
            if escalated is None:  # a period is judged, so there is one
                raise AssertionError(of)
            return checked, escalated

        for board in (replace(one, audience=audience or one.audience) for one in boards):
            sees_all = rulebook.audiences[board.audience].threshold == 0
            made = _report(
                rulebook,
                board,
                standing(period_of(board, latest, yearly=sees_all)),
                meeting=meetings.get(board.id),
                allow_missing_commentary=allow_missing_commentary,
                corrected=corrected,
                revised=revised,
            )
            if isinstance(made, BoardReport):
                reports[board.id] = made
            else:
                refused[board.id] = made
    return Packs(reports, refused)


def _report(  # noqa: PLR0913  (what a report is made from; the last three are keywords)
    rulebook: RuleBook,
    board: Board,
    standing: Standing,
    *,
    meeting: date | None,
    allow_missing_commentary: bool,
    corrected: Sequence[Mapping[Period, MonthRecords]],
    revised: str,
) -> BoardReport | tuple[Finding, ...]:
    checked, escalated = standing
    measured, period = checked.measured, escalated.now.period
    shown = disclosures(
        rulebook,
        measured,
        tuple(_so_far(period, measured.records)),
        rulebook.audiences[board.audience],
        board.measures,
        lambda of: judge(rulebook, of, measured),
        [
            Edition(of, {v.indicator: v for v in judge(rulebook, of, then)}, then)
            for then in (replace(measured, records=state) for state in corrected)
            for of in _so_far(period, then.records)
            if of.last_month <= max(then.records)
        ],
    )
    return board_report(
        rulebook,
        checked,
        escalated,
        board,
        meeting=meeting,
        disclosure=shown,
        allow_missing_commentary=allow_missing_commentary,
        revised=_revised(rulebook, period, measured, corrected, revised),
    )


def _revised(
    rulebook: RuleBook,
    period: Period,
    measured: Measured,
    corrected: Sequence[Mapping[Period, MonthRecords]],
    because: str,
) -> Revised | None:
    if not because:
        return None
    then = judge(rulebook, period, replace(measured, records=corrected[-1])) if corrected else ()
    return Revised(because, {one.indicator: one.status for one in then})


def period_of(board: Board, latest: Period, *, yearly: bool) -> Period:
    """The month, or the quarter that ended last, as the board's cadence is; a year as asked, if `yearly`.

    A year's pack beside those of its quarters would give back what they keep back.
    """
    if latest.length == YEAR and yearly:
        return latest
    if board.cadence is Cadence.MONTH:
        return latest.last_month
    quarter = latest.quarter
    return quarter if quarter.last_month == latest.last_month else quarter.plus(-quarter.length)


def _so_far(period: Period, months: Iterable[Period]) -> Iterator[Period]:
    """The periods as long as `period`, from the one that holds the first of `months` to itself."""
    first = min(months, default=period)
    back = max(0, (period.first - first.first + period.length - MONTH) // period.length)
    for n in range(back, -1, -1):
        yield period.plus(-n * period.length)
