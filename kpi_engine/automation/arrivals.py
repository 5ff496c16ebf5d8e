"""What came: what each return read from the inbox is to its month."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from kpi_engine.automation.inbox import Ready, Waiting, look, shown
from kpi_engine.automation.replacing import File, listed, name_of, settle
from kpi_engine.returns.cover import month_of_name
from kpi_engine.returns.tables import CASE_SHEETS
from kpi_engine.terms.codes import finding
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import Period, days_after, in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from kpi_engine.automation.audit import Taken
    from kpi_engine.automation.replacing import Settled
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.returned import Return

__all__ = ["TAKEN", "Arrival", "Outcome", "Ready", "Waiting", "filled", "look", "sorted_out", "standing"]


class Outcome(StrEnum):
    """What becomes of a file that was read."""

    NEW = "new"
    LATE = "late"
    CORRECTION = "correction"
    JOINS = "joins"
    DUPLICATE = "duplicate"
    EARLY = "early"
    REFUSED = "refused"


TAKEN: Final = frozenset({Outcome.NEW, Outcome.LATE, Outcome.CORRECTION, Outcome.JOINS})
"""The outcomes of a return that counts until another replaces it."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A return that was read from `path`, and what becomes of it.

    `days_late` are calendar days after the due day, of a return that its month lacked. `supersedes` are
    the digests of those that it takes the place of. `findings` say why, besides the return's own.
    """

    returned: Return
    path: Path
    outcome: Outcome
    days_late: int = 0
    supersedes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def sorted_out(  # noqa: PLR0913  (what a return is held against; all but three are keywords)
    read: Sequence[tuple[Path, Return]],
    archived: Sequence[Taken],
    archived_returns: Callable[[str], Return | None],
    *,
    rulebook: RuleBook,
    council: str,
    today: date,
    first_month: Period | None,
) -> tuple[Arrival, ...]:
    """What becomes of each file that was read; one Arrival each, in order of months and names.

    The order of `read` makes no difference. Of the files accepted and not replaced, no two hold the same
    sheet of a month. `archived` is what was taken before, in that order; `archived_returns` reads one by
    its digest, or says None where it is not kept any more. `council` is the ONS code that returns must have.
    """
    before = _Before(archived, archived_returns, rulebook, council, today, first_month)
    settled: list[Arrival] = []
    unused: list[Return] = []
    by_month: defaultdict[Period, list[tuple[Path, Return]]] = defaultdict(list)
    for path, returned in sorted(read, key=lambda one: (one[1].file, one[1].digest, one[0].as_posix())):
        at_once = before.at_once(returned)
        if at_once is not None:
            settled.append(Arrival(returned, path, at_once[0], findings=(at_once[1],)))
            unused += [returned] if at_once[0] is Outcome.REFUSED else []
        elif returned.claims is not None:
            by_month[returned.claims].append((path, returned))
    for month, came in by_month.items():
        settled += _of_month(month, came, [one for one in unused if one.claims in {month, None}], before)
    return tuple(sorted(settled, key=_in_order))


def standing(archived: Sequence[Taken], arrivals: Iterable[Arrival]) -> Mapping[Period, tuple[str, ...]]:
    """The digests of the returns that count now, by month: those taken, less those replaced since.

    In order of months; within one, those taken before come first, as `archived` has them.
    """
    came = [one for one in arrivals if one.outcome in TAKEN]
    taken = [(Period.parse(one.month), one.digest) for one in archived if one.month and one.outcome in TAKEN]
    taken += [
        (one.returned.claims, one.returned.digest)
        for one in sorted(came, key=_in_order)
        if one.returned.claims
    ]
    gone = {digest for one in archived if one.outcome in TAKEN for digest in one.replaces}
    gone.update(digest for one in came for digest in one.supersedes)
    months: defaultdict[Period, dict[str, None]] = defaultdict(dict)
    for month, digest in taken:
        if digest not in gone:
            months[month][digest] = None
    return {month: tuple(months[month]) for month in sorted(months)}


def _in_order(one: Arrival) -> tuple[int, str, str, str]:
    month = one.returned.claims
    return (month.first if month else 0), one.returned.file, one.returned.digest, one.path.as_posix()


def filled(returned: Return) -> frozenset[str]:
    """The case sheets that a return holds something of: rows, "none this month", or what cannot be used."""
    saying = (name for name, table in returned.tables.items() if table.rows or table.nil)
    faulty = (n for n, problem in returned.problems.items() if problem.reason is not Reason.SHEET_MISSING)
    return frozenset((*saying, *faulty))


@dataclass(slots=True)
class _Before:
    """What returns are held against: those taken before, the rules and the day."""

    archived: Sequence[Taken]
    returns: Callable[[str], Return | None]
    rulebook: RuleBook
    council: str
    today: date
    first_month: Period | None
    counted: Mapping[str, Taken] = field(init=False)
    replaced_by: Mapping[str, Taken] = field(init=False)

    def __post_init__(self) -> None:
        self.counted = {one.digest: one for one in self.archived if one.outcome in TAKEN}
        self.replaced_by = {old: one for one in self.counted.values() for old in one.replaces}

    def at_once(self, returned: Return) -> tuple[Outcome, Finding] | None:
        """The outcome that a return has whatever else its month holds; None: the month decides."""
        month = returned.claims
        same = self.counted.get(returned.digest)
        if same is not None:
            heir = self.heir(same)
            stands = "stands" if heir is same else f"{shown(heir.file)} has replaced since"
            told = _told("A114", returned, other=shown(same.file), stands=stands)
            return Outcome.DUPLICATE, told
        if returned.refused or month is None or not returned.digest:
            return Outcome.REFUSED, _told("A119", returned)
        if returned.authority != self.council:
            names = {one.code: one.name for one in self.rulebook.plan.authorities}
            theirs, ours = (names.get(code, code) for code in (returned.authority or "", self.council))
            return Outcome.REFUSED, _told("A117", returned, theirs=theirs, ours=ours)
        if month == Period.of(self.today):
            until = in_words(days_after(month.end, 1))
            return Outcome.EARLY, _told("A115", returned, month=month.label, until=until)
        what = ""
        if month.start > self.today:
            what = f"{month.label} has not begun yet"
        elif self.first_month is not None and month < self.first_month:
            what = f"{month.label} is before {self.first_month.label}, the first month that is reported"
        if what:
            remedy = "Correct the month on the cover, and send it again."
            return Outcome.REFUSED, _told("A116", returned, what=what, remedy=remedy)
        return None

    def heir(self, taken: Taken) -> Taken:
        """What stands now in the place of a return that was taken: itself, if nothing does."""
        for _ in self.counted:
            taken = self.replaced_by.get(taken.digest, taken)
        return taken

    def names(self, digest: str) -> frozenset[str]:
        """Every name that the bytes came under before, in the form in which names are compared."""
        return frozenset(name_of(one.file) for one in self.archived if one.digest == digest)

    def months_of_name(self, file: str) -> frozenset[Period]:
        """The months in which a return of this name stands."""
        return frozenset(
            Period.parse(one.month)
            for one in self.counted.values()
            if one.month and one.digest not in self.replaced_by and name_of(one.file) == name_of(file)
        )

    def days_late(self, month: Period) -> int:
        """Calendar days since the due day; 0 without a calendar."""
        calendar = self.rulebook.contract.calendar
        return 0 if calendar is None else max(0, (self.today - calendar.due(month)).days)


@dataclass(frozen=True, slots=True)
class _Month:
    """A month while it is settled: the files that count, and those that came with the copies of each."""

    period: Period
    before: _Before
    stands: Mapping[File, Taken]
    came: Mapping[File, Sequence[tuple[Path, Return]]]
    idle: Sequence[File]

    @property
    def titles(self) -> Mapping[str, str]:
        """The names of the case sheets."""
        contract = self.before.rulebook.contract
        return {one.id: one.sheet for one in contract.sheets.values() if one.kind in CASE_SHEETS}

    @property
    def gone(self) -> Mapping[str, str]:
        """The names of returns that were replaced before this run, each with what stands in its place."""
        return {
            name: shown(self.before.heir(old).file)
            for old in self.before.counted.values()
            if old.month == str(self.period) and old.digest in self.before.replaced_by
            for name in self.before.names(old.digest)
        }

    def digest(self, file: File) -> str:
        return self.came[file][0][1].digest if file.came else self.stands[file].digest


def _of_month(
    period: Period, came: Sequence[tuple[Path, Return]], unused: Sequence[Return], before: _Before
) -> Iterator[Arrival]:
    """What becomes of the usable files of a month; they may name what is `unused`."""
    of_digest: defaultdict[str, list[tuple[Path, Return]]] = defaultdict(list)
    for path, returned in came:
        of_digest[returned.digest].append((path, returned))
    stands = {
        _file(one.file, before.names(digest), before.returns(digest), came=False): one
        for digest, one in before.counted.items()
        if one.month == str(period) and digest not in before.replaced_by
    }
    known = frozenset(name for one in stands for name in one.names)
    files: dict[File, Sequence[tuple[Path, Return]]] = {}
    for copies in of_digest.values():
        # Of copies, the one under a name that is known goes on.
        copies.sort(key=lambda one: name_of(one[1].file) not in known)
        names = frozenset(name_of(one.file) for _, one in copies)
        files[_file(copies[0][1].file, names, copies[0][1], came=True)] = copies
    named = frozenset(name_of(one.replaces) for _, one in came)
    idle = [*map(_idle, unused), *_refused_before(period, named, before)]
    month = _Month(period, before, stands, files, idle)
    settled = settle([*stands, *files, *idle], month.gone, month.titles, period.label)
    for file, ((path, returned), *copies) in files.items():
        arrival = _arrival(path, returned, file, settled, month)
        yield arrival
        yield from (_copy(copy, same, arrival) for copy, same in copies)


def _file(name: str, names: frozenset[str], returned: Return | None, *, came: bool) -> File:
    known = returned is not None and not returned.refused
    in_name = month_of_name(name)
    astray = in_name is not None and returned is not None and in_name != returned.claims
    return File(
        name=shown(name),
        names=names,
        replaces=name_of(returned.replaces) if returned is not None else "",
        sheets=filled(returned) if returned is not None and known else None,
        came=came,
        other_month=in_name.label if in_name and astray else "",
    )


def _idle(returned: Return) -> File:
    """A refused return: it may stand between a correction and what that corrects."""
    names, replaces = frozenset({name_of(returned.file)}), name_of(returned.replaces)
    return File(shown(returned.file), names, replaces, frozenset(), came=True, usable=False)


def _refused_before(period: Period, named: frozenset[str], before: _Before) -> Iterator[File]:
    """The returns refused earlier that a file which came names."""
    for one in before.archived:
        file = File(shown(one.file), frozenset({name_of(one.file)}), "", frozenset(), came=True, usable=False)
        if (
            one.outcome == Outcome.REFUSED
            and one.month in {str(period), None}
            and any(map(file.called, named))
        ):
            returned = before.returns(one.digest)
            yield file if returned is None else _idle(replace(returned, file=one.file))


def _arrival(path: Path, returned: Return, file: File, settled: Settled, month: _Month) -> Arrival:
    if file in settled.refused:
        code, words = settled.refused[file]
        return Arrival(returned, path, Outcome.REFUSED, findings=(_told(code, returned, **words),))
    replaces = settled.replaces[file]
    late = 0 if month.stands and replaces else month.before.days_late(month.period)
    label = month.period.label
    if replaces:
        outcome = Outcome.CORRECTION
        explicit = any(one.called(file.replaces) for one in (*replaces, *month.idle))
        why = "as its cover says" if explicit else "as it has the same name"
        told = _told("A112", returned, month=label, names=listed(one.name for one in replaces), why=why)
    elif month.stands:
        outcome = Outcome.JOINS
        beside = listed(one.name for one in settled.counting if one is not file)
        told = _told("A113", returned, month=label, names=beside)
    else:
        outcome = Outcome.LATE if late else Outcome.NEW
        told = _told("A110", returned, month=label)
    supersedes = tuple(sorted(map(month.digest, replaces)))
    findings = (told, *_told_besides(file, returned, late, settled, month))
    return Arrival(returned, path, outcome, late, supersedes, findings)


def _told_besides(
    file: File, returned: Return, late: int, settled: Settled, month: _Month
) -> Iterator[Finding]:
    """What must be said of a return that is taken, whatever it is to its month."""
    label, calendar = month.period.label, month.before.rulebook.contract.calendar
    if late and calendar is not None:
        due = in_words(calendar.due(month.period))
        yield _told("A111", returned, days=_many(late, "day"), month=label, due=due)
    if file in settled.nameless:
        yield _told("R172", returned, month=label)
    by = [one.name for one in settled.counting if file in settled.reaches[one]]
    if by:
        yield _told("A166", returned, names=listed(by))
        return
    held = {sheet for one in settled.reaches[file] for sheet in one.sheets or ()}
    lost = held.difference(*(one.sheets or () for one in settled.counting))
    if lost:
        meant = ", ".join(title for sheet, title in month.titles.items() if sheet in lost)
        yield _told("A167", returned, meant=meant, month=label)
    others = month.before.months_of_name(returned.file) - {month.period}
    if others and month_of_name(returned.file) == month.period:
        yield _told("A168", returned, other=", ".join(one.label for one in sorted(others)))


def _copy(path: Path, returned: Return, of: Arrival) -> Arrival:
    """What becomes of a file that holds the same bytes as one that came with it."""
    if of.outcome is Outcome.REFUSED:
        why = tuple(replace(one, file=shown(returned.file)) for one in of.findings)
        return Arrival(returned, path, Outcome.REFUSED, findings=why)
    told = _told("A114", returned, other=shown(of.returned.file), stands="came with it")
    return Arrival(returned, path, Outcome.DUPLICATE, findings=(told,))


def _told(code: str, returned: Return, **words: Any) -> Finding:  # noqa: ANN401  (the words of a finding)
    return finding(code, file=shown(returned.file), **words)


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
