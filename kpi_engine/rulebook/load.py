"""Reads a rules folder into a RuleBook, or tells every fault of every file at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from pydantic import BaseModel

from kpi_engine.errors import RuleBookInvalid
from kpi_engine.rulebook.boards import BoardsRead, Told, board_ids, read_boards
from kpi_engine.rulebook.book import (
    Authority,
    Baseline,
    Document,
    Indicator,
    MilestoneRule,
    Plan,
    Rebase,
    RuleBook,
    Unmeasured,
)
from kpi_engine.rulebook.calendar import read_calendar
from kpi_engine.rulebook.contract import read_contract
from kpi_engine.rulebook.escalations import EscalationsRead, read_escalations
from kpi_engine.rulebook.faults import validated
from kpi_engine.rulebook.folder import (
    BASELINES,
    BOARDS,
    CALENDAR,
    COVER,
    ESCALATIONS,
    INDICATORS,
    MILESTONES,
    PLAN,
    REBASES,
    RETURNS,
    SOURCES,
    UNMEASURED,
    gather,
    is_one_of,
)
from kpi_engine.rulebook.indicators import Around, citation, known_or_fault, read_indicator, readings
from kpi_engine.rulebook.pack import NO_PACK
from kpi_engine.rulebook.schema import (
    BaselinesModel,
    MilestonesModel,
    PlanModel,
    RebasesModel,
    SourcesModel,
    UnmeasuredModel,
)
from kpi_engine.rulebook.wanted import Known

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from fractions import Fraction

    from kpi_engine.rulebook.book import SheetSpec
    from kpi_engine.rulebook.document import Path as Place
    from kpi_engine.rulebook.document import RuleFile
    from kpi_engine.rulebook.folder import Gathered
    from kpi_engine.rulebook.schema import BaselineModel, MilestoneModel
    from kpi_engine.terms.finding import Finding

M = TypeVar("M", bound=BaseModel)

_SHIPPED: Final = "shipped_rules"  # the rules folder's name in a wheel (pyproject.toml)
_MEANING: Final = "B120"  # codes below are about the writing, from here on about what is meant


def find_rules(given: Path | None) -> Path:
    """The rules folder to use: the one given, else ./rules if it has a plan, else the shipped one."""
    if given is not None:
        return given
    here = Path("rules")
    return here if (here / PLAN).is_file() else shipped_rules()


def shipped_rules() -> Path:
    """The rules folder that the program was installed with."""
    package = Path(str(resources.files("kpi_engine")))
    shipped = package / _SHIPPED
    return shipped if shipped.is_dir() else package.parent / "rules"


def load_rulebook(folder: Path, shown: str | None = None) -> RuleBook:
    """Everything that the rules folder declares.

    `shown` is the folder's name in findings and reports (default: as given).
    Raises RuleBookInvalid with the faults of all files, by file, line and column.
    """
    name = folder.as_posix() if shown is None else shown
    gathered = gather(folder, name)
    reading = _Reading(gathered.files, list(gathered.findings))
    book = _book(reading, gathered, name)
    if reading.findings or book is None:
        raise RuleBookInvalid(sorted(_without_echoes(reading.findings), key=_place))
    return book


def _without_echoes(findings: Sequence[Finding]) -> set[Finding]:
    """The findings, less those on what a value means where the value itself is at fault."""
    at_fault = {_place(one)[:3] for one in findings if one.line is not None and one.code < _MEANING}
    return {one for one in findings if one.code < _MEANING or _place(one)[:3] not in at_fault}


def _place(found: Finding) -> tuple[str, int, int, str, str]:
    return found.file, found.line or 0, found.column or 0, found.code, found.message


# ── The files ────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Reading:
    """The files that could be read, and the findings so far."""

    files: Mapping[str, RuleFile]
    findings: list[Finding]

    def model(self, name: str, model: type[M]) -> M | None:
        file = self.files.get(name)
        if file is None:
            return None
        read, faults = validated(file, model)
        self.findings += faults
        return read

    def within(self, part: str) -> list[RuleFile]:
        return [file for name, file in self.files.items() if is_one_of(part, name)]


def _book(reading: _Reading, gathered: Gathered, name: str) -> RuleBook | None:
    contract = read_contract(reading.files.get(COVER), reading.within(RETURNS))
    reading.findings += contract.findings
    # A sheet whose file is not even YAML is there all the same.
    contract = contract.with_declared(_stems(gathered, RETURNS))
    calendar, faults = read_calendar(reading.files.get(CALENDAR), contract.declared)
    reading.findings += faults
    plan = _plan(reading)
    documents = _documents(reading, gathered.present)
    baselines = _baselines(reading, gathered.present, plan)
    around = Around(
        contract=contract,
        documents=None if documents is None else frozenset(documents),
        baselines=None if baselines is None else frozenset(one.id for one in baselines),
    )
    read: list[Indicator] = []
    for file in reading.within(INDICATORS):
        indicator, faults = read_indicator(file, around)
        reading.findings += faults
        if indicator is not None:
            read.append(indicator)
    indicators = {one.id: one for one in sorted(read, key=_place_in_plan)}
    milestones = _milestones(reading, around.documents, _stems(gathered, INDICATORS))
    rebases = _rebases(reading, plan)
    reading.findings += _repeated_ids(reading)
    names = _named(reading, gathered)
    escalations = _escalations(reading, gathered.present, names)
    boards = _boards(reading, names, escalations.kinds, around.documents, (indicators, milestones))
    if plan is None or contract.contract is None:
        return None
    return RuleBook(
        plan=plan,
        documents=documents or {},
        contract=replace(
            contract.contract,
            sheets=_in_order_of_use(contract.contract.sheets, indicators.values()),
            calendar=calendar,
        ),
        indicators=indicators,
        milestones=milestones,
        baselines=baselines or (),
        unmeasured=_unmeasured(reading),
        digest=gathered.digest,
        folder=name,
        rebases=rebases,
        escalations=escalations.pack or NO_PACK,
        audiences=boards.audiences,
        boards=boards.boards,
    )


def _place_in_plan(indicator: Indicator) -> tuple[tuple[int, ...], str]:
    """Where the plan says it: 1.2 before 1.10."""
    numbers = tuple(int(number) for number in re.findall(r"\d+", indicator.actions[0]))
    return numbers, indicator.actions[0]


def _in_order_of_use(
    sheets: Mapping[str, SheetSpec], indicators: Iterable[Indicator]
) -> Mapping[str, SheetSpec]:
    """The sheets as the indicators come to need them; those that none reads last."""
    used = (measure.table for one in indicators for measure in (one.measure, *one.beside))
    return {name: sheets[name] for name in dict.fromkeys((*used, *sheets)) if name in sheets}


def _stems(gathered: Gathered, part: str) -> frozenset[str]:
    return frozenset(Path(name).stem for name in gathered.within(part))


def _once(file: RuleFile, places: Sequence[tuple[Place, str]]) -> list[Finding]:
    """A finding for every text that stands at two places."""
    first: dict[str, Place] = {}
    found = []
    for place, text in places:
        before = first.setdefault(text, place)
        if before != place:
            where = f"line {file.line(before)}"
            found.append(file.fault("B131", place, found=text, where=where))
    return found


def _plan(reading: _Reading) -> Plan | None:
    model = reading.model(PLAN, PlanModel)
    if model is None:
        return None
    file = reading.files[PLAN]
    if model.end < model.start:
        reading.findings.append(file.fault("B135", ("end",), what="the plan ends before it starts."))
    codes: list[tuple[Place, str]] = []
    codes += [(("authorities", i, "code"), one.code) for i, one in enumerate(model.authorities)]
    reading.findings += _once(file, codes)
    return Plan(
        id=model.id,
        title=model.title,
        start=model.start,
        end=model.end,
        authorities=tuple(Authority(a.code, a.name, a.made_up) for a in model.authorities),
        readings=readings(model.readings),
    )


def _documents(reading: _Reading, present: frozenset[str]) -> dict[str, Document] | None:
    model = reading.model(SOURCES, SourcesModel)
    if model is None:
        return None if SOURCES in present else {}
    file = reading.files[SOURCES]
    names: list[tuple[Place, str]] = []
    names += [(("documents", i, "id"), one.id) for i, one in enumerate(model.documents)]
    reading.findings += _once(file, names)
    return {d.id: Document(d.id, d.title, d.published, d.address) for d in model.documents}


def _baselines(
    reading: _Reading,
    present: frozenset[str],
    plan: Plan | None,
) -> tuple[Baseline, ...] | None:
    model = reading.model(BASELINES, BaselinesModel)
    if model is None:
        return None if BASELINES in present else ()
    file = reading.files[BASELINES]
    codes = frozenset(one.code for one in plan.authorities) if plan is not None else None
    names: list[tuple[Place, str]] = [
        (("baselines", i, "id"), f"{one.id} of {one.authority}") for i, one in enumerate(model.baselines)
    ]
    reading.findings += _once(file, names)
    for i, one in enumerate(model.baselines):
        place = ("baselines", i, "authority")
        reading.findings += known_or_fault(file, place, "authority in plan.yaml", one.authority, codes)
        reading.findings += _baseline_faults(file, ("baselines", i), one)
    return tuple(map(_baseline, model.baselines))


def _baseline_faults(file: RuleFile, place: Place, model: BaselineModel) -> list[Finding]:
    found = []
    if model.last < model.first:
        found.append(file.fault("B135", (*place, "last"), what="last: is before first:."))
    figures: list[tuple[Place, Fraction | None]] = [(("total",), model.total)]
    figures += [(("months", i), figure) for i, figure in enumerate(model.months or ())]
    for inner, figure in figures:
        if file.texts((*place, *inner)).endswith("%") or (figure is not None and figure < 0):
            what = "a baseline is a plain number, 0 or more."
            found.append(file.fault("B134", (*place, *inner), what=what))
    return found


def _baseline(model: BaselineModel) -> Baseline:
    months = None
    if model.months is not None:
        months = {model.first.plus(i): figure for i, figure in enumerate(model.months)}
    return Baseline(model.id, model.authority, model.first, model.last, model.total, months, model.source)


def _rebases(reading: _Reading, plan: Plan | None) -> tuple[Rebase, ...]:
    model = reading.model(REBASES, RebasesModel)
    if model is None:
        return ()
    file = reading.files[REBASES]
    codes = frozenset(one.code for one in plan.authorities) if plan is not None else None
    places = [(held, place) for held, place in _id_places(reading) if place[0] != "milestones"]
    measures = frozenset(held.texts(place) for held, place in places)
    decisions: list[tuple[Place, str]] = [
        (("rebases", i), f"{one.measure} of {one.authority} from {one.first}")
        for i, one in enumerate(model.rebases)
    ]
    reading.findings += _once(file, decisions)
    for i, one in enumerate(model.rebases):
        place: Place = ("rebases", i)
        reading.findings += known_or_fault(file, (*place, "measure"), "measure", one.measure, measures)
        where = (*place, "authority")
        reading.findings += known_or_fault(file, where, "authority in plan.yaml", one.authority, codes)
        if one.on <= one.first.start:
            what = "decided before the first month of the new limits: nothing was known of it then."
            reading.findings.append(file.fault("B135", (*place, "on"), what=what))
    return tuple(Rebase(r.measure, r.authority, r.first, r.reason, r.by, r.on) for r in model.rebases)


def _unmeasured(reading: _Reading) -> tuple[Unmeasured, ...]:
    model = reading.model(UNMEASURED, UnmeasuredModel)
    return tuple(Unmeasured(u.item, u.text, u.reason) for u in model.unmeasured) if model is not None else ()


def _milestones(
    reading: _Reading,
    documents: frozenset[str] | None,
    indicators: frozenset[str],
) -> dict[str, MilestoneRule]:
    model = reading.model(MILESTONES, MilestonesModel)
    if model is None:
        return {}
    file = reading.files[MILESTONES]
    for i, one in enumerate(model.milestones):
        place: Place = ("milestones", i)
        cited = (*place, "source", "document")
        reading.findings += known_or_fault(file, cited, "document", one.source.document, documents)
        if one.same_as is not None:
            named = (*place, "same_as")
            reading.findings += known_or_fault(file, named, "indicator", one.same_as, indicators)
    return {one.id: _milestone(one) for one in model.milestones}


def _milestone(model: MilestoneModel) -> MilestoneRule:
    return MilestoneRule(
        id=model.id,
        title=model.title,
        actions=model.actions,
        covers=model.covers,
        lead=model.lead,
        due=model.due,
        every=model.every,
        same_as=model.same_as,
        source=citation(model.source),
        readings=readings(model.readings),
    )


def _named(reading: _Reading, gathered: Gathered) -> Known:
    """Everything that escalation rules and boards may name, the files with faults included."""
    boards, milestones = reading.files.get(BOARDS), reading.files.get(MILESTONES)
    ids = frozenset(file.texts(place) for file, place in _id_places(reading) if file is milestones)
    return Known(
        indicators=_stems(gathered, INDICATORS),
        milestones=None if milestones is None and MILESTONES in gathered.present else ids,
        sheets=_stems(gathered, RETURNS),
        boards=(None if BOARDS in gathered.present else frozenset()) if boards is None else board_ids(boards),
    )


def _escalations(reading: _Reading, present: frozenset[str], names: Known) -> EscalationsRead:
    file = reading.files.get(ESCALATIONS)
    if file is None:
        return EscalationsRead(NO_PACK, None if ESCALATIONS in present else frozenset(), ())
    read = read_escalations(file, names)
    reading.findings += read.findings
    return read


def _boards(
    reading: _Reading,
    names: Known,
    kinds: frozenset[str] | None,
    documents: frozenset[str] | None,
    rules: tuple[Mapping[str, Indicator], Mapping[str, MilestoneRule]],
) -> BoardsRead:
    file = reading.files.get(BOARDS)
    if file is None:
        return BoardsRead()
    measures, milestones = ({one.id: one.actions for one in several.values()} for several in rules)
    read = read_boards(file, Told(names, kinds, documents, measures, milestones))
    reading.findings += read.findings
    return read


def _repeated_ids(reading: _Reading) -> list[Finding]:
    """Ids of indicators, figures beside them and milestones: one name, one thing, in history too."""
    first: dict[str, str] = {}
    found = []
    for file, place in _id_places(reading):
        text = file.texts(place)
        here = f"{file.name}, line {file.line(place)}"
        before = first.setdefault(text, here)
        if text and before != here:
            found.append(file.fault("B131", place, found=text, where=before))
    return found


def _id_places(reading: _Reading) -> Iterator[tuple[RuleFile, Place]]:
    for file in reading.within(INDICATORS):
        yield file, ("id",)
    for file in reading.within(INDICATORS):
        yield from ((file, ("beside", i, "id")) for i in range(_length(file, "beside")))
    milestones = reading.files.get(MILESTONES)
    if milestones is not None:
        yield from ((milestones, ("milestones", i, "id")) for i in range(_length(milestones, "milestones")))


def _length(file: RuleFile, key: str) -> int:
    value = file.at((key,))
    return len(value) if isinstance(value, list) else 0
