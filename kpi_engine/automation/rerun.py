"""A report made again: from the archived returns, the kept rules and the history as it was, to the byte."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, TypeVar

from kpi_engine.automation.difference import first_difference
from kpi_engine.automation.files import digest_of
from kpi_engine.automation.months import known_by, together
from kpi_engine.automation.report import month_report
from kpi_engine.automation.run_file import NAME, libraries, python, read_run_file
from kpi_engine.automation.settings import place_of
from kpi_engine.automation.telling import NOTICE_JSON, NOTICE_MD
from kpi_engine.check import up_to
from kpi_engine.errors import KpiError
from kpi_engine.history.read import Held
from kpi_engine.returns.read import read_return
from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.terms.codes import finding
from kpi_engine.terms.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from kpi_engine.automation.audit import Entry, Log, Output, Reported
    from kpi_engine.automation.months import Known
    from kpi_engine.automation.report import MonthReport
    from kpi_engine.automation.run_file import RunFile, Used
    from kpi_engine.automation.settings import Settings
    from kpi_engine.rulebook.book import RuleBook

T = TypeVar("T")
_OF_THE_RUN: Final = frozenset({NAME, NOTICE_MD, NOTICE_JSON})
"""What tells of the run, of its time and of what else came then."""


@dataclass(frozen=True, slots=True)
class Different:
    """A file that is not the same again: its name, and where it differs first."""

    file: str
    where: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rerun:
    """A report made again, held against what went out.

    `files` are all that were made now, `same` those that have the bytes reported then; `more` were not
    made then. `not_made` are files of the report that tell of the run itself and stay as they are.
    `because` says what is otherwise now than then.
    """

    period: Period
    folder: str
    number: int
    files: Mapping[str, bytes]
    same: tuple[str, ...]
    different: tuple[Different, ...]
    more: tuple[str, ...]
    not_made: tuple[str, ...]
    because: tuple[str, ...]


def rerun(
    settings: Settings,
    log: Log,
    month: Period,
    *,
    revision: int | None = None,
    recalculation: int | None = None,
) -> Rerun:
    """Make a report of `month` again (left out: the last one) and hold it against the log's digests.

    Nothing is written. Raises KpiError where there is no such report, or what it was made from is gone.
    """
    entry, reported = _asked_for(log, month, revision, recalculation)
    run = _run_of(settings, reported)
    lost = [one for one in run.returns if _digest_at(settings, one.kept) != one.digest]
    _refuse_without_own(reported, lost, log)
    rulebook = _rules_of(settings, run, reported)
    kept = [_place(settings, one.kept) for one in run.returns if one not in lost]
    read = [
        replace(read_return(path, rulebook), replaces="") for path in kept
    ]  # that is settled, as in a run
    known = _known(settings, run, [Period.parse(one.month) for one in lost])
    made = month_report(
        up_to(together(read, rulebook, known), rulebook, month), rulebook, run.asked, known.corrected
    )
    then = {PurePosixPath(one.file).name: one for one in reported.outputs}
    same = [name for name, one in then.items() if _sha(made.files.get(name)) == one.digest]
    return Rerun(
        period=month,
        folder=reported.folder,
        number=entry.number,
        files=made.files,
        same=tuple(same),
        different=tuple(
            Different(name, _where(settings, one, made.files.get(name)))
            for name, one in then.items()
            if name not in same and name not in _OF_THE_RUN
        ),
        more=tuple(name for name in made.files if name not in then),
        not_made=tuple(name for name in then if name in _OF_THE_RUN),
        because=tuple(_because(run, made, lost, log)),
    )


# ── What it was made from ────────────────────────────────────────────────────


def _asked_for(
    log: Log, month: Period, revision: int | None, recalculation: int | None
) -> tuple[Entry, Reported]:
    of_month = [(e, one) for e in log.entries for one in e.reported if one.period == str(month)]
    found = [
        (entry, one)
        for entry, one in of_month
        if revision in {None, one.revision} and recalculation in {None, one.recalculation}
    ]
    if not found:
        there = ", ".join(
            f"r{r.revision}" + f".{r.recalculation}" * bool(r.recalculation) for _, r in of_month
        )
        what = (
            f"{month} was never reported"
            if not of_month
            else f"Of {month} there are {there}, and not that one"
        )
        raise _cannot(what, "kpi audit show tells what was reported.")
    return found[-1]


def _run_of(settings: Settings, reported: Reported) -> RunFile:
    listed = next((one for one in reported.outputs if PurePosixPath(one.file).name == NAME), None)
    if listed is None or _digest_at(settings, listed.file) != listed.digest:
        what = (
            f"The {NAME} of {reported.folder} is gone or was changed: it says what the report was made from"
        )
        raise _cannot(what, "Put it back from a copy.")
    return read_run_file(_place(settings, listed.file), listed.file)


def _refuse_without_own(reported: Reported, lost: Sequence[Used], log: Log) -> None:
    own = [one for one in lost if one.month == reported.period]
    if own:
        told = "; ".join(dict.fromkeys(_gone(one, log) for one in own))
        raise _cannot(f"Returns of {reported.period} are gone: {told}", "Put them back from a copy.")


def _gone(one: Used, log: Log) -> str:
    purged = next((e for e in log.entries for gone in e.removed if gone.file == one.kept), None)
    if purged is None:
        return f"{one.file} is not in the archive as it was kept"
    return f"{one.file} was purged on {purged.at[:10]} (entry {purged.number})"


def _rules_of(settings: Settings, run: RunFile, reported: Reported) -> RuleBook:
    folder = place_of(settings, reported.rules_kept)
    rulebook = None if folder is None or not folder.is_dir() else load_rulebook(folder, run.rules)
    if rulebook is None or rulebook.digest != run.rulebook:
        what = f"The rules in {reported.rules_kept} are gone or were changed"
        raise _cannot(what, "Put them back from a copy.")
    return rulebook


def _known(settings: Settings, run: RunFile, lost: Sequence[Period]) -> Known:
    """What the history knew then; of the months whose returns are lost, what the report's own run added."""
    known = known_by(settings.history, run.authority, until=run.history_run, corrects=run.corrects)
    if not lost:
        return known
    after = known_by(settings.history, run.authority, until=run.history_run + 1).held
    held = known.held

    def filled(before: Mapping[Period, T], since: Mapping[Period, T]) -> Mapping[Period, T]:
        return dict(sorted({**before, **{p: one for p, one in since.items() if p in lost}}.items()))

    return replace(
        known,
        held=Held(
            filled(held.records, after.records),
            filled(held.validated, after.validated),
            filled(held.milestones, after.milestones),
            filled(held.made_by, after.made_by),
        ),
    )


def _place(settings: Settings, file: str) -> Path:
    place = place_of(settings, file)
    if place is None:
        raise _cannot(f"{file} is no place that a run writes to", "Verify the log: kpi audit verify.")
    return place


def _digest_at(settings: Settings, file: str) -> str:
    try:
        return digest_of(_place(settings, file))
    except OSError:
        return ""


def _cannot(what: str, remedy: str) -> KpiError:
    return KpiError([finding("A148", what=what, remedy=remedy)])


# ── What is otherwise ────────────────────────────────────────────────────────


def _sha(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _where(settings: Settings, then: Output, now: bytes | None) -> tuple[str, ...]:
    if now is None:
        return ("It was not made now.",)
    if _digest_at(settings, then.file) != then.digest:
        return ("What was reported is gone or was changed, so where it differs cannot be told.",)
    return first_difference(then.file, _place(settings, then.file).read_bytes(), now)


def _because(run: RunFile, made: MonthReport, lost: Sequence[Used], log: Log) -> Iterator[str]:
    then = {
        "kpi": run.engine,
        "Python": run.python,
        "engine of exceptions": run.exceptions_by,
        **run.libraries,
    }
    now = {
        "kpi": version("kpi-engine"),
        "Python": python(),
        "engine of exceptions": made.escalated.answered.engine,
        **libraries(),
    }
    for name in dict.fromkeys((*then, *now)):
        if then.get(name) != now.get(name):
            yield f"{name}: then {then.get(name, 'not installed')}, now {now.get(name, 'not installed')}."
    if lost:
        yield "Earlier months stand on the history, since returns are gone:"
        yield from (f"  {_gone(one, log)}" for one in lost)
    yield from (one.message for one in made.missing)
