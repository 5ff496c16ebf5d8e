"""The monthly run, top to bottom: recover, look, sort out, report, promise, record, carry out."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from kpi_engine.automation.archive import kept_returns, lost, reader
from kpi_engine.automation.arrivals import TAKEN, look, sorted_out, standing
from kpi_engine.automation.audit import read_log
from kpi_engine.automation.commit import Manifest, Recovered, carry_out, promise, recover, staging
from kpi_engine.automation.files import CannotNow, erase, writing
from kpi_engine.automation.lock import locked
from kpi_engine.automation.mail import letter, post
from kpi_engine.automation.months import reports_due
from kpi_engine.automation.results import export_results
from kpi_engine.automation.settings import held_against
from kpi_engine.automation.staged import (
    Setting,
    appended,
    archived,
    emptied,
    entry_of,
    keys_of,
    latest,
    put,
    reported,
    taken,
)
from kpi_engine.automation.take_in import TAKEN_IN, take_in
from kpi_engine.automation.telling import files_of, of_month, of_run, renews, situation
from kpi_engine.errors import KpiError
from kpi_engine.escalation.examples import run_escalation_examples
from kpi_engine.examples import run_examples
from kpi_engine.history.record import record
from kpi_engine.returns.read import read_return
from kpi_engine.rulebook.folder import PLAN
from kpi_engine.rulebook.load import load_rulebook, shipped_rules
from kpi_engine.terms.codes import finding
from kpi_engine.terms.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from kpi_engine.automation.arrivals import Arrival
    from kpi_engine.automation.audit import Entry, Taken
    from kpi_engine.automation.commit import Staging
    from kpi_engine.automation.months import Reports
    from kpi_engine.automation.notice import Told
    from kpi_engine.automation.settings import Settings
    from kpi_engine.automation.steps import Step
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.returned import Return


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run did: `entry` None, it had nothing to do. `told` is its notice.

    `found` is what went otherwise than expected and stopped nothing; `renewed`: the notice is a new one.
    """

    recovered: Recovered
    entry: Entry | None
    told: Told
    found: tuple[Finding, ...]
    renewed: bool
    sent: int


def run(settings: Settings, *, at: datetime, dry_run: bool = False) -> Ran:
    """Take what is new in the inbox, report the months it is of, record and archive it; or nothing at all.

    `at` is the time with its zone that everything written carries. `dry_run` changes nothing. Raises
    KpiError where settings, rules, the log or the history cannot be used, and its kin CannotNow where
    another run is at work or a disk says no: nothing is lost, and the next run goes on.
    """
    if dry_run:
        with TemporaryDirectory() as folder, _copies(Path(folder)) as work:
            return _run(set_up(replace(settings, work=work), at), Recovered.NOTHING, dry_run=True)
    with locked(settings.work, who=settings.who, at=at) as lock:
        recovered = recover(settings.root, settings.work, settings.history)
        if recovered is Recovered.FINISHED:
            export_results(settings)
        with _copies(settings.work):
            ran = _run(set_up(settings, at), recovered, dry_run=False)
    left = post(settings)
    return replace(ran, found=(*lock.found, *ran.found, *left.findings), sent=left.sent)


@contextmanager
def _copies(work: Path) -> Iterator[Path]:
    """`work`, from which the copies of the inbox go when they have been read, whatever happens."""
    try:
        yield work
    finally:
        with writing(work.name):
            erase(work / TAKEN_IN)


def set_up(settings: Settings, at: datetime) -> Setting:
    """The rules that judge, and the log so far. KpiError where either cannot be trusted."""
    log = read_log(settings.audit)
    broken = [fault for fault in log.faults if fault.severity is Severity.REFUSE]
    if broken:
        raise KpiError(broken)
    own = settings.root / "rules"
    rules = settings.rules or (own if (own / PLAN).is_file() else shipped_rules())
    inside = rules.is_relative_to(settings.root)
    shown = settings.relative(rules) if settings.rules or inside else "the shipped rules"
    rulebook = load_rulebook(rules, shown)
    wrong = held_against(settings, rulebook)
    if wrong:
        raise KpiError(wrong)
    return Setting(settings, rulebook, rules, log, at, settings.who)


def _run(setting: Setting, recovered: Recovered, *, dry_run: bool) -> Ran:
    settings, log = setting.settings, setting.log
    ready, waiting = look(settings.inbox, rest=settings.rest, now=time.time())
    inbox, unread = take_in(settings.work, ready)
    waits = (*(one.why for one in waiting), *unread)

    kept = kept_returns(log)
    gone = lost(settings, kept)
    read = reader(settings, setting.rulebook, {d: one for d, one in kept.items() if d not in gone})
    came = [(copy, read_return(copy, setting.rulebook)) for copy in inbox]
    council = council_of(setting, [returned for _, returned in came])
    before = [one for entry in log.entries for one in entry.taken]
    arrivals = sorted_out(
        came,
        before,
        read,
        rulebook=setting.rulebook,
        council=council,
        today=setting.at.date(),
        first_month=settings.first_month,
    )
    reports = _reports(setting, council, before, arrivals, read)
    open_now = situation(setting, reports, arrivals, waits, tuple(gone.values()))
    told = of_run(setting, council, reports, open_now)
    found = tuple(gone.values())
    if reports is None and not taken(setting, arrivals):
        renewed = renews(settings, told)
        if renewed and not dry_run:
            with staging(settings.work) as staged:
                steps = _notices(staged, setting, told)
                carry_out(settings.root, settings.work, promise(settings.root, staged, Manifest(steps)))
        return Ran(recovered, None, told, found, renewed, 0)

    with staging(settings.work) as staged:
        made = reported(
            staged, setting, reports, lambda one, all_of: files_of(of_month(setting, all_of, one, open_now))
        )
        kept_now = archived(staged, setting, arrivals)
        entry = entry_of(setting, taken(setting, arrivals, kept_now.beside), made.reported)
        steps = (
            *kept_now.steps,
            *made.steps,
            *latest(staged, setting, entry),
            *_notices(staged, setting, told),
            appended(staged, setting, entry),
            *emptied(settings, arrivals, inbox),
        )
        if dry_run:
            return Ran(recovered, entry, told, found, renewed=False, sent=0)
        promised = promise(settings.root, staged, Manifest(steps, keys_of(setting, reports)))
        _record(setting, reports)
        export_results(settings)
        left = carry_out(settings.root, settings.work, promised)
    return Ran(recovered, entry, told, (*found, *left), renewed=True, sent=0)


def council_of(setting: Setting, came: Sequence[Return]) -> str:
    """The council that is reported: as set, as before, as the first return says, or the plan's first."""
    reported_before = (one.authority for entry in setting.log.entries for one in entry.reported)
    dated = sorted(
        (one.claims.first, one.file, one.authority) for one in came if one.claims and one.authority
    )
    said = (authority for _, _, authority in dated)
    known = setting.settings.authority or next(reported_before, "") or next(said, "")
    return known or setting.rulebook.plan.authorities[0].code


def _reports(
    setting: Setting,
    council: str,
    before: Sequence[Taken],
    arrivals: Sequence[Arrival],
    read: Callable[[str], Return | None],
) -> Reports | None:
    """The reports that are owed; None where nothing new came and the rules are those of before."""
    counting = standing(before, arrivals)
    new = [one for one in arrivals if one.outcome in TAKEN]
    other_rules = made_otherwise(setting)
    if not new and not other_rules:
        return None
    if other_rules or not setting.log.entries:
        hold_examples(setting.rulebook)
    came = {one.returned.digest: one.returned for one in new}
    # What replaces what is settled; a check would look for it among these alone.
    returns = [
        replace(returned, replaces="")
        for digests in counting.values()
        for digest in digests
        if (returned := came.get(digest) or read(digest)) is not None and not returned.refused
    ]
    places = {one.digest: one.kept for one in (*before, *taken(setting, arrivals)) if one.kept}
    return reports_due(
        setting.settings,
        setting.rulebook,
        setting.log,
        council=council,
        returns=returns,
        arrivals=[one for one in new if any(one.returned.digest in of for of in counting.values())],
        other_rules=other_rules,
        kept=places,
    )


def hold_examples(rulebook: RuleBook) -> None:
    """KpiError where the rules' own examples do not hold: rules are tried before they judge anything."""
    faults = [one.faults for one in run_examples(rulebook)]
    faults += [one.faults for one in run_escalation_examples(rulebook.escalations)]
    wrong = sum(map(bool, faults))
    if wrong:
        raise KpiError([finding("A155", file=rulebook.folder, count=f"{wrong} of {len(faults)}")])


def made_otherwise(setting: Setting) -> str:
    """What is otherwise than at the last report, in a sentence: rules, program; empty where nothing is."""
    last = next((entry for entry in reversed(setting.log.entries) if entry.reported), None)
    if last is None:
        return ""
    now = version("kpi-engine")
    same_rules, same_program = last.rulebook == setting.rulebook.digest, last.engine == now
    rules = "" if same_rules else "The rules are others than at the last report."
    program = "" if same_program else f"The program is kpi {now}; at the last report it was {last.engine}."
    return f"{rules} {program}".strip()


def _notices(staged: Staging, setting: Setting, told: Told) -> tuple[Step, ...]:
    """The steps that put the notice on top of `out`, and its letter in the outbox."""
    settings = setting.settings
    steps = [put(staged, settings, name, data) for name, data in files_of(told).items()]
    if settings.mail is not None:
        name, data = letter(settings.mail, told)
        steps.append(put(staged, settings, name, data, folder=settings.outbox))
    return tuple(steps)


def _record(setting: Setting, reports: Reports | None) -> None:
    """Add the months to the history. CannotNow where somebody else added to it meanwhile."""
    if reports is None or not reports.recorded:
        return
    done = record(
        setting.settings.history,
        reports.recorded,
        reports.gathered.run,
        authority=reports.council,
        who=setting.who,
        at=setting.at,
    )
    if done.months != reports.done:
        raise CannotNow([finding("A154", file=setting.settings.history.name)])
