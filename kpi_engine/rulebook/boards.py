"""rules/boards.yaml: who is told, what each of them reads, and everything that can be wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kpi_engine.rulebook.faults import validated
from kpi_engine.rulebook.indicators import citation, known_or_fault, readings
from kpi_engine.rulebook.pack import SECTIONS, Audience, Board
from kpi_engine.rulebook.schema import BoardsModel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kpi_engine.rulebook.document import Path, RuleFile
    from kpi_engine.rulebook.schema import BoardModel
    from kpi_engine.rulebook.wanted import Known
    from kpi_engine.terms.finding import Finding


@dataclass(frozen=True, slots=True)
class Told:
    """What boards may read and hear. None: a file that declares it could not be read, so ask nothing.

    The actions are the plan's references, by the id of every indicator or milestone
    without faults, in the rulebook's order.
    """

    known: Known
    kinds: frozenset[str] | None
    documents: frozenset[str] | None
    measure_actions: Mapping[str, tuple[str, ...]]
    milestone_actions: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class BoardsRead:
    """The audiences and boards by id, in the file's order, and the faults of the file."""

    audiences: Mapping[str, Audience] = field(default_factory=dict)
    boards: Mapping[str, Board] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def board_ids(file: RuleFile) -> frozenset[str]:
    """The ids of the boards, whatever else is wrong with the file."""
    written = file.at(("boards",))
    count = len(written) if isinstance(written, list) else 0
    return frozenset(file.texts(("boards", i, "id")) for i in range(count)) - {""}


def read_boards(file: RuleFile, told: Told) -> BoardsRead:
    """The audiences and boards of the file."""
    model, faults = validated(file, BoardsModel)
    if model is None:
        return BoardsRead(findings=faults)
    found = [*faults, *_said_once(file, model)]
    audiences = frozenset(one.id for one in model.audiences)
    for i, one in enumerate(model.boards):
        found += _unknown_names(file, ("boards", i), one, audiences, told)
    return BoardsRead(
        audiences={
            one.id: Audience(one.id, one.threshold, one.rounding, one.zero, one.case_cells)
            for one in model.audiences
        },
        boards={one.id: _board(one, told) for one in model.boards},
        findings=tuple(found),
    )


def _said_once(file: RuleFile, model: BoardsModel) -> Iterator[Finding]:
    """Ids are used once; so are the names that boards go by."""
    ids: list[tuple[Path, str]] = []
    ids += [(("audiences", i, "id"), one.id) for i, one in enumerate(model.audiences)]
    yield from _twice(file, ids, "B131")
    ids = [(("boards", i, "id"), one.id) for i, one in enumerate(model.boards)]
    yield from _twice(file, ids, "B131")
    names: list[tuple[Path, str]] = []
    for i, one in enumerate(model.boards):
        names.append((("boards", i, "name"), one.name))
        names += [(("boards", i, "also_called", j), name) for j, name in enumerate(one.also_called)]
    yield from _twice(file, names, "B138")


def _twice(file: RuleFile, places: Sequence[tuple[Path, str]], code: str) -> Iterator[Finding]:
    first: dict[str, Path] = {}
    for place, text in places:
        before = first.setdefault(text.casefold(), place)
        if before != place:
            where = f"{'the board in ' if code == 'B138' else ''}line {file.line(before)}"
            yield file.fault(code, place, found=text, where=where)


def _unknown_names(
    file: RuleFile, path: Path, model: BoardModel, audiences: frozenset[str], told: Told
) -> Iterator[Finding]:
    yield from known_or_fault(file, (*path, "audience"), "audience", model.audience, audiences)
    if model.source is not None:
        place = (*path, "source", "document")
        yield from known_or_fault(file, place, "document", model.source.document, told.documents)
    rules = frozenset(told.measure_actions), frozenset(told.milestone_actions)
    sections = _plan_sections(told) if rules == (told.known.indicators, told.known.milestones) else None
    lists = (
        ("plan_sections", "measure or milestone in section", model.plan_sections, sections),
        ("measures", "indicator", model.measures, told.known.indicators),
        ("milestones", "milestone", model.milestones, told.known.milestones),
        ("exceptions", "kind of exception", model.exceptions, told.kinds),
    )
    for key, what, names, there in lists:
        for i, name in enumerate(names):
            yield from known_or_fault(file, (*path, key, i), what, name, there)


def _plan_sections(told: Told) -> frozenset[str]:
    """Every section and subsection of the plan that something measures: 1.2.3 is in 1, 1.2 and 1.2.3."""
    actions = [one for all_ in (told.measure_actions, told.milestone_actions) for one in all_.values()]
    numbers = {number for several in actions for number in several}
    return frozenset(
        number[:end]
        for number in numbers
        for end in range(1, len(number) + 1)
        if number[end : end + 1] in {"", "."}
    )


def _board(model: BoardModel, told: Told) -> Board:
    everything = not (model.plan_sections or model.measures or model.milestones)

    def read(actions: Mapping[str, tuple[str, ...]], named: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            one
            for one, numbers in actions.items()
            if everything or one in named or _within(numbers, model.plan_sections)
        )

    return Board(
        id=model.id,
        name=model.name,
        also_called=model.also_called,
        lead=model.lead,
        cadence=model.cadence,
        audience=model.audience,
        measures=read(told.measure_actions, model.measures),
        milestones=read(told.milestone_actions, model.milestones),
        exceptions=model.exceptions if "exceptions" in model.model_fields_set else None,
        least_severity=model.least_severity,
        sections=tuple(one for one in SECTIONS if one in model.sections or not model.sections),
        source=citation(model.source) if model.source is not None else None,
        readings=readings(model.readings),
    )


def _within(actions: Sequence[str], sections: Sequence[str]) -> bool:
    return any(action == one or action.startswith(f"{one}.") for action in actions for one in sections)
