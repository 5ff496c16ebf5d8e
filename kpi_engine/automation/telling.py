"""What a run has to say: of each month that it reports, and of itself."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from kpi_engine.automation.archive import reports_by_month
from kpi_engine.automation.arrivals import TAKEN, Outcome
from kpi_engine.automation.awaited import awaited, calendar_missing, lacking
from kpi_engine.automation.inbox import shown
from kpi_engine.automation.notice import Told, notice_json, notice_md
from kpi_engine.automation.report import CHECK
from kpi_engine.automation.run_file import NAME, read_run_file
from kpi_engine.automation.settings import place_of
from kpi_engine.automation.staged import kept_at, marked_name, taken
from kpi_engine.errors import KpiError
from kpi_engine.reports.wording import many
from kpi_engine.terms.finding import Severity
from kpi_engine.terms.returned import Validated
from kpi_engine.terms.state import Change
from kpi_engine.terms.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from kpi_engine.automation.arrivals import Arrival
    from kpi_engine.automation.audit import Reported, Taken
    from kpi_engine.automation.awaited import Awaited
    from kpi_engine.automation.months import Made, Reports
    from kpi_engine.automation.settings import Settings
    from kpi_engine.automation.staged import Setting
    from kpi_engine.escalation.outcome import BoardException, Escalated
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.period import Period

NOTICE_MD, NOTICE_JSON = "notice.md", "notice.json"
_TOLD: Final = {Change.NEW: "New", Change.WORSE: "Worse"}


@dataclass(frozen=True, slots=True)
class Situation:
    """What stands open whatever a run reports: what waits in the inbox, and what is awaited."""

    arrivals: tuple[Arrival, ...]
    waiting: tuple[Finding, ...]
    awaited: tuple[Awaited, ...]
    amiss: tuple[Finding, ...]


def files_of(told: Told) -> Mapping[str, bytes]:
    """The notice as files, for people and for programs."""
    return {NOTICE_MD: notice_md(told).encode(), NOTICE_JSON: notice_json(told).encode()}


def of_run(setting: Setting, council: str, reports: Reports | None, open_now: Situation) -> Told:
    """The notice of the whole run: of the latest month that it reports, with the others named."""
    if reports is None or not reports.made:
        return _told(setting, council, open_now)
    *others, last = reports.made
    out = setting.settings.relative(setting.settings.out)
    also = [f"{one.due.period.label} {out}/{one.due.folder}" for one in others]
    whole = _told(setting, council, open_now)
    told = of_month(setting, reports, last, open_now)
    return replace(told, taken=whole.taken, refused=whole.refused, marked=whole.marked, also=tuple(also))


def of_month(setting: Setting, reports: Reports, made: Made, open_now: Situation) -> Told:
    """The notice of one month's report."""
    own = [one for one in open_now.arrivals if one.returned.claims in {made.due.period, None}]
    report = made.report
    folder = setting.settings.relative(setting.settings.out / made.due.folder)
    counts = Counter(verdict.status.value for verdict in report.checked.verdicts)
    again = [one for one in reports.recorded if one.period not in {m.due.period for m in reports.made}]
    return replace(
        _told(setting, reports.council, replace(open_now, arrivals=tuple(own))),
        council=report.checked.authority,
        made_up=report.checked.made_up,
        period=made.due.period,
        folder=folder,
        kind=made.due.cause.value,
        verdicts=dict(sorted(counts.items())),
        unvalidated=sum(
            v.status is Status.PASS and v.validated is not Validated.YES for v in report.checked.verdicts
        ),
        not_assessed=tuple(_not_assessed(report.checked, setting.rulebook)),
        changes=(made.due.because, *made.changes),
        exceptions=tuple(_exceptions(report.escalated, setting.rulebook)),
        packs=tuple(f"{folder}/{name}" for name in sorted(report.files) if name != CHECK),
        packs_waiting=tuple(dict.fromkeys(f for faults in report.waiting.values() for f in faults)),
        recalculated=(
            *((f"{many(len(again), 'month')} measured again in the history.",) if again else ()),
            *reports.elsewhere,
        ),
    )


def renews(settings: Settings, told: Told) -> bool:
    """Whether what waits or is awaited is otherwise than the last notice says; a day more is nothing new."""
    try:
        last = json.loads((settings.out / NOTICE_JSON).read_bytes())
        return _open(last) != _open(json.loads(notice_json(told)))
    except FileNotFoundError:
        return bool(told.waiting or told.awaited)
    except (OSError, ValueError, KeyError, TypeError):
        return True


def situation(
    setting: Setting,
    reports: Reports | None,
    arrivals: Sequence[Arrival],
    waiting: Sequence[Finding],
    amiss: Sequence[Finding],
) -> Situation:
    """What stands open after a run that makes `reports`."""
    early = [finding for one in arrivals if one.outcome is Outcome.EARLY for finding in one.findings]
    without = calendar_missing(setting.rulebook.contract)
    return Situation(tuple(arrivals), (*waiting, *early, *without), _awaited(setting, reports), tuple(amiss))


def _told(setting: Setting, council: str, open_now: Situation) -> Told:
    refused = [one for one in open_now.arrivals if one.outcome is Outcome.REFUSED]
    named = next((a for a in setting.rulebook.plan.authorities if a.code == council), None)
    return Told(
        at=setting.at.isoformat(),
        council=named.name if named else council,
        made_up=named is not None and named.made_up,
        period=None,
        folder="",
        kind="refused" if refused else "awaited",
        verdicts={},
        changes=(),
        exceptions=(),
        packs=(),
        packs_waiting=(),
        taken=_counted(setting, open_now.arrivals),
        refused=tuple(
            (said, (*one.findings, *one.returned.findings))
            for one in refused
            for said in taken(setting, [one])
        ),
        waiting=open_now.waiting,
        amiss=open_now.amiss,
        marked=tuple(_marked(setting, open_now.arrivals)),
        awaited=open_now.awaited,
        recalculated=(),
        head=setting.log.head,
        sheets={one.id: one.sheet for one in setting.rulebook.contract.sheets.values()},
    )


def _counted(setting: Setting, arrivals: Sequence[Arrival]) -> tuple[Taken, ...]:
    return taken(setting, [one for one in arrivals if one.outcome is not Outcome.REFUSED])


def _awaited(setting: Setting, reports: Reports | None) -> tuple[Awaited, ...]:
    """Which month and sheet is awaited; nothing where the rules have no calendar or no month ever came."""
    contract = setting.rulebook.contract
    came: dict[Period, Collection[str]] = {}
    for month, out in reports_by_month(setting.log).items():
        came[month] = _lacking(setting.settings, out[-1])
    if reports is not None:
        came |= {one.due.period: lacking(one.of.months[one.due.period]) for one in reports.made}
    first = setting.settings.first_month or min(came, default=None)
    if first is None:
        return ()
    return awaited(came, calendar=contract.calendar, contract=contract, first=first, today=setting.at.date())


def _lacking(settings: Settings, report: Reported) -> tuple[str, ...]:
    """The sheets that a report that went out lacked; none are known where its run.json is gone."""
    file = f"{report.folder}/{NAME}"
    path = place_of(settings, file)
    try:
        return read_run_file(path, file).awaited_sheets if path is not None else ()
    except KpiError:
        return ()


def _not_assessed(checked: Checked, rulebook: RuleBook) -> Iterator[str]:
    for one in checked.verdicts:
        if one.status is Status.NOT_ASSESSED and one.reason is not None:
            yield f"{rulebook.indicators[one.indicator].short}: {one.reason.replace('_', ' ')}"


def _marked(setting: Setting, arrivals: Sequence[Arrival]) -> Iterator[str]:
    """The returns that were taken with faults that leave sheets or rows out of the figures, or in doubt."""
    for one in arrivals:
        grave = sum(fault.severity is not Severity.FLAG for fault in one.returned.findings)
        place = kept_at(setting, one)
        if one.outcome in TAKEN and grave and place is not None:
            copy = setting.settings.relative(place.with_name(marked_name(one.path)))
            yield f"{shown(one.path.name)}: {many(grave, 'fault')}, marked in {copy}"


def _exceptions(escalated: Escalated, rulebook: RuleBook) -> Iterator[str]:
    for one in escalated.now.exceptions:
        if one.change in _TOLD:
            yield f"{_TOLD[one.change]}: {_about(one, rulebook)}"
    for one in escalated.gone:
        yield f"Gone: {_about(one, rulebook)}"


def _about(one: BoardException, rulebook: RuleBook) -> str:
    if one.indicator is not None:
        return f"{one.title}: {rulebook.indicators[one.indicator].short}"
    if one.milestone is not None:
        return f"{one.title}: {rulebook.milestones[one.milestone].title}"
    return one.title


def _open(notice: Mapping[str, Any]) -> object:
    return (
        [(one["code"], one["file"]) for one in notice["waiting"]],
        [(one["period"], one["sheet"], one["days_overdue"] > 0) for one in notice["awaited"]],
    )
