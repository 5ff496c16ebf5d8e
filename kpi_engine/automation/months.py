"""The months of a run: measured together, recorded as one, and a report of each that is due."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING

from kpi_engine.automation.archive import figures_of, reported_figures, reports_by_month, turned
from kpi_engine.automation.due import made_again, of_arrivals, still_read
from kpi_engine.automation.report import CHECK, Asked, month_report
from kpi_engine.check import gathered, judged_at, up_to
from kpi_engine.history.file import open_history
from kpi_engine.history.read import NOTHING_HELD, before_corrections, newest_run, records
from kpi_engine.history.record import foreseen, measured_months
from kpi_engine.reports.to_json import to_json
from kpi_engine.reports.wording import listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from kpi_engine.automation.arrivals import Arrival
    from kpi_engine.automation.audit import Log, Reported
    from kpi_engine.automation.due import Due
    from kpi_engine.automation.report import MonthReport
    from kpi_engine.automation.settings import Settings
    from kpi_engine.check import Gathered
    from kpi_engine.history.read import Held
    from kpi_engine.history.record import Done, MeasuredMonth
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.measurement import MonthRecords
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.returned import Return


@dataclass(frozen=True, slots=True)
class Known:
    """What the history knew before a run: months, their states as reports went out, its newest run."""

    held: Held
    corrected: tuple[Mapping[Period, MonthRecords], ...]
    run: int


@dataclass(frozen=True, slots=True)
class Made:
    """One report, what it was asked for, and what it was made from.

    `changes` are sentences on the verdicts that the month's last report gave otherwise.
    """

    due: Due
    asked: Asked
    report: MonthReport
    of: Gathered
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reports:
    """All reports of a run in order of months, and what it adds to the history.

    `corrects`: what this run corrects has gone out, so that readers hold two states of it.
    `elsewhere` are sentences on months that turn out otherwise now and are not reported again. `kept`
    is where each return that counts is kept, by digest.
    """

    council: str
    made: tuple[Made, ...]
    gathered: Gathered
    recorded: tuple[MeasuredMonth, ...]
    done: tuple[Done, ...]
    known: Known
    corrects: bool
    elsewhere: tuple[str, ...]
    kept: Mapping[str, str]


def known_by(history: Path, council: str, *, until: int | None = None, corrects: bool = False) -> Known:
    """What `history` knows of `council` (after run `until`); `corrects`: its newest state went out, too."""
    if not history.exists():
        return Known(NOTHING_HELD, (), 0)
    with open_history(history) as opened:
        held = records(opened, council, until=until)
        states = before_corrections(opened, council, until=until)
        newest = (held.records,) if corrects and held.records and not states else ()
        return Known(held, (*states, *newest), newest_run(opened) if until is None else until)


def together(returns: Sequence[Return], rulebook: RuleBook, known: Known) -> Gathered:
    """`returns` put together and measured, and the months for which none is kept as the history has them."""
    given = {one.claims for one in returns}
    held = known.held
    months = {p: one for p, one in held.records.items() if p not in given}
    return gathered(returns, rulebook, replace(held, records=months))


def reports_due(  # noqa: PLR0913  (what a run stands on; all but three are keywords)
    settings: Settings,
    rulebook: RuleBook,
    log: Log,
    *,
    council: str,
    returns: Sequence[Return],
    arrivals: Sequence[Arrival],
    other_rules: str,
    kept: Mapping[str, str],
) -> Reports:
    """Everything measured, and the reports that a run owes.

    `returns` are all that count now, `arrivals` those of them that came. `other_rules` says what is
    otherwise than at the last report: rules or program; empty where nothing is.
    """
    came: defaultdict[Period, list[Arrival]] = defaultdict(list)
    for one in arrivals:
        if one.returned.claims is not None:
            came[one.returned.claims].append(one)
    went_out = reports_by_month(log)
    corrects = bool(other_rules) or any(month <= max(went_out) for month in came if went_out)
    known = known_by(settings.history, council, corrects=corrects)
    of = together(returns, rulebook, known)
    every = measured_months(of.months, of.measured.records, of.run)
    recorded = tuple(one for one in every if other_rules or one.period in came)
    done = foreseen(settings.history, recorded, of.run, authority=council)

    due = [*of_arrivals(came, {one.period: one.revision for one in done}, went_out)]
    elsewhere: list[str] = []
    for month in went_out if corrects else ():
        if month in came or not (other_rules or month > min(came)):
            continue
        moved = _moved(settings, rulebook, of, went_out[month][-1], month)
        if month in still_read(went_out) and (other_rules or moved is not None):
            months = listed(one.label for one in sorted(came) if one < month)
            because = other_rules or f"Returns for earlier months came or were corrected: {months}."
            due += made_again([month], because, went_out)
        else:
            elsewhere += [f"{month.label}: {one}" for one in moved or ()]
    return Reports(
        council=council,
        made=tuple(
            _made(settings, rulebook, of, known, log, one) for one in sorted(due, key=attrgetter("period"))
        ),
        gathered=of,
        recorded=recorded,
        done=done,
        known=known,
        corrects=corrects,
        elsewhere=tuple(elsewhere),
        kept=kept,
    )


def meetings_after(settings: Settings, boards: Sequence[str], month: Period) -> Mapping[str, date]:
    """The first day on which each board meets after `month`, where the settings say one."""
    days = {board: [day for day in settings.meetings.get(board, ()) if day > month.end] for board in boards}
    return {board: min(after) for board, after in days.items() if after}


def _made(  # noqa: PLR0913, PLR0917  (what a report is made from)
    settings: Settings, rulebook: RuleBook, of: Gathered, known: Known, log: Log, due: Due
) -> Made:
    boards = settings.boards or tuple(rulebook.boards)
    asked = Asked(
        period=due.period,
        boards=boards,
        formats=settings.formats,
        meetings=meetings_after(settings, boards, due.period),
        allow_missing_commentary=settings.allow_missing_commentary,
        revised=due.revised,
        head=log.head,
    )
    then = up_to(of, rulebook, due.period)
    report = month_report(then, rulebook, asked, known.corrected)
    earlier = reports_by_month(log).get(due.period, ())
    before = reported_figures(settings, earlier[-1]) if earlier else {}
    return Made(due, asked, report, then, turned(before, figures_of(report.files[CHECK])))


def _moved(
    settings: Settings, rulebook: RuleBook, of: Gathered, last: Reported, month: Period
) -> tuple[str, ...] | None:
    """What the month's last report gave otherwise, verdict by verdict; None: no figure is otherwise."""
    checked = judged_at(up_to(of, rulebook, month), rulebook, month)
    before, now = reported_figures(settings, last), figures_of(to_json(checked, rulebook).encode())
    return None if before == now else turned(before, now)
