"""Proofs as lines of `kpi explain`: from an exception or a state down to figure, target, plan and cells."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from kpi_engine.escalation.facts import ABOUT_FIELDS
from kpi_engine.escalation.outcome import MeasureState
from kpi_engine.reports.behind import source_of
from kpi_engine.reports.wording import (
    MILESTONE_MARKS,
    REASON_WORDS,
    SEVERITY_WORDS,
    STATE_MARKS,
    aim,
    change_words,
    figure_sentence,
    many,
    state_words,
)
from kpi_engine.rulebook.pack import ABOUT_RETURN
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import in_words
from kpi_engine.terms.state import State
from kpi_engine.terms.verdict import MilestoneStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kpi_engine.escalation.outcome import BoardException, Proof, Standing
    from kpi_engine.escalation.why_not import NearMiss
    from kpi_engine.reports.behind import Behind
    from kpi_engine.rulebook.book import Citation, Indicator, RuleBook
    from kpi_engine.terms.fact import Fact
    from kpi_engine.terms.verdict import TargetInForce, Verdict

_STEP: Final = 2  # blanks by which each step down is set in
_DEEPEST: Final = 24  # beyond so many blanks a tree is set in no further
_CELLS: Final = 12
_STATUSES: Final = MappingProxyType(
    {"fail": "missed", "pass": "met", "not_due": "not due", "not_assessed": "not assessed"}
)
_VARIATIONS: Final = MappingProxyType(
    {
        "none": "nothing can be said",
        "common_cause": "no real change",
        "improvement": "improving",
        "concern": "getting worse",
        "neutral_high": "higher than before",
        "neutral_low": "lower than before",
    }
)
_EVIDENCE: Final = MappingProxyType(
    {"too_few": ", too few for a verdict", "trial": ", on trial limits", "full": "", "none": ""}
)
_ASSURANCES: Final = MappingProxyType(
    {
        "none": "nothing can be said",
        "consistent_pass": "can be expected to be met",
        "consistent_fail": "will not be met without a change",
        "inconsistent": "will be met in some months and missed in others",
    }
)
_RETURNS: Final = MappingProxyType({"given": "given", "refused": "refused", "none": "none came"})


def proof_lines(
    one: BoardException | MeasureState,
    rulebook: RuleBook,
    standing: Standing,
    behind: Behind,
    cells: Callable[[Verdict], Sequence[str]] = lambda _verdict: (),
) -> list[str]:
    """What is told, and under it every way to it: rule, facts, what was not there, figure, plan, cells.

    `cells` gives the addresses behind a verdict, where they are known; `behind` is that of `standing`.
    Each line begins with as many blanks as it is set in.
    """
    tree = _Tree(rulebook, standing, behind, cells)
    if isinstance(one, MeasureState):
        head = f"State: {STATE_MARKS[one.state].shape} {state_words(one)}"
    else:
        head = f"{SEVERITY_WORDS[one.severity]}: {one.title} ({change_words(one.change, one.period)})"
    first = [head] if one.proof.ways else [head, *tree.under(one.proof, _STEP)]
    return [*first, *tree.ways(one.proof, _STEP)]


def why_not_lines(misses: Iterable[NearMiss]) -> list[str]:
    """One line for each rule that might have raised an exception: what it lacked."""
    return [f"Why not: {miss.title} (rule {miss.rule}): {miss.sentence}" for miss in misses]


class _Tree:
    """The lines of one tree; a fact whose ways were told already is told without them."""

    def __init__(
        self,
        rulebook: RuleBook,
        standing: Standing,
        behind: Behind,
        cells: Callable[[Verdict], Sequence[str]],
    ) -> None:
        """Of one standing."""
        self._rulebook = rulebook
        self._standing = standing
        self._behind = behind
        self._cells = cells
        self._rules = {rule.id: rule for rule in rulebook.escalations.rules}
        self._told: set[str] = set()
        self._named: set[str] = set()
        self._cited: set[tuple[str, TargetInForce]] = set()

    def ways(self, proof: Proof, depth: int) -> Iterator[str]:
        """Each way to a fact: the rule, the facts it stood on, what was not there."""
        if proof.ways and proof.fact.id in self._told:
            yield _set_in(depth, "as above")
            return
        self._told.add(proof.fact.id)
        for number, way in enumerate(proof.ways):
            yield _set_in(depth, f"{'also by' if number else 'by'} rule {self._rule(way.rule)}")
            for premise in way.premises:
                yield _set_in(depth + _STEP, self._said(premise))
                yield from self.under(premise, depth + 2 * _STEP)
                yield from self.ways(premise, depth + 2 * _STEP)
            for phrase in way.absent:
                yield _set_in(depth + _STEP, f"there is {phrase}")

    def _rule(self, name: str) -> str:
        """The rule's id; where it stands and its because the first time."""
        if name in self._named:
            return name
        self._named.add(name)
        rule = self._rules[name]
        return (
            f"{name} ({self._rulebook.folder}/{self._rulebook.escalations.file}:{rule.line}): {rule.because}"
        )

    def under(self, proof: Proof, depth: int) -> Iterator[str]:
        """What a stated fact rests on: figure and target, plan, sheets, cells."""
        verdict = self._behind.verdict(proof)
        if not proof.ways and verdict is not None and proof.fact.id not in self._told:
            self._told.add(proof.fact.id)
            for text in self._figure(verdict):
                yield _set_in(depth, text)

    def _figure(self, verdict: Verdict) -> Iterator[str]:
        indicator = self._rulebook.indicators[verdict.indicator]
        said = figure_sentence(verdict, indicator)
        yield said or verdict.detail or "no figure"
        target = aim(verdict)
        if target is not None and (indicator.id, target) not in self._cited:
            self._cited.add((indicator.id, target))
            yield self._citation(source_of(target, indicator))
        origins = verdict.measured.origins if verdict.measured is not None else ()
        for origin in origins[-1:]:
            earlier = f", and {many(len(origins) - 1, 'sheet')} of earlier months" if origins[1:] else ""
            yield f"sheet {origin.sheet} of {origin.file}{earlier}"
        cells = self._cells(verdict)
        if cells:
            more = f" and {len(cells) - _CELLS} more" if len(cells) > _CELLS else ""
            yield f"cells {', '.join(cells[:_CELLS])}{more}"

    def _citation(self, source: Citation) -> str:
        document = self._rulebook.documents.get(source.document)
        title = source.document if document is None else document.title
        return f"“{source.figure}” ({', '.join(part for part in (title, source.at) if part)})"

    def _said(self, proof: Proof) -> str:
        """A fact in words: what it is about, its period, and what it states."""
        one = proof.fact
        kind, rest = _WORDS.get(one.type, _declared)(one, self._name(one))
        kind += f", {proof.period.label}" if proof.period is not None else ""
        verdict = self._standing.milestones.get(str(one["milestone"])) if one.type == "milestone" else None
        if verdict is not None:
            rest += f", due {in_words(verdict.due)}" if verdict.due is not None else ""
            rest += f"; {verdict.cell}" if verdict.cell else ""
        return f"{kind}: {rest}" if rest else kind

    def _name(self, one: Fact) -> str:
        """The short title of what a fact is about."""
        about = next((str(value) for name, value in one.fields if name in ABOUT_FIELDS), ABOUT_RETURN)
        indicator: Indicator | None = self._rulebook.indicators.get(about)
        if indicator is not None:
            return indicator.short
        milestone = self._rulebook.milestones.get(about)
        if milestone is not None:
            return milestone.title
        return "the return" if about == ABOUT_RETURN else about


def _set_in(depth: int, text: str) -> str:
    return " " * min(depth, _DEEPEST) + text


# ── Facts in words: what, and of what, and then what it states ───────────────


def _verdict(one: Fact, name: str) -> tuple[str, str]:
    status, reason = _STATUSES[str(one["status"])], str(one["reason"])
    return f"target of {name}", status + (f" ({REASON_WORDS[Reason(reason)]})" if reason else "")


def _variation(one: Fact, name: str) -> tuple[str, str]:
    said = _VARIATIONS[str(one["variation"])] + _EVIDENCE[str(one["evidence"])]
    return f"chart of {name}", f"{said}, from {many(int(one['points']), 'month')}"


def _assurance(one: Fact, name: str) -> tuple[str, str]:
    return f"expectation for the target of {name}", _ASSURANCES[str(one["assurance"])]


def _milestone(one: Fact, name: str) -> tuple[str, str]:
    status, days = MilestoneStatus(str(one["status"])), int(one["days"])
    said = MILESTONE_MARKS[status].words
    if status is MilestoneStatus.OVERDUE:
        said = f"{many(days, 'day')} overdue"
    elif status is MilestoneStatus.NOT_DUE:
        said += f", {many(-days, 'day')} left"
    return f"milestone “{name}”", said


def _return(one: Fact, name: str) -> tuple[str, str]:
    return name, _RETURNS[str(one["standing"])]


def _finding(one: Fact, name: str) -> tuple[str, str]:
    sheet = f", sheet {one['sheet']}" if one["sheet"] else ""
    times = many(int(one["number"]), "time")
    return f"finding {one['code']} in {name}", f"{one['severity']}, {times}{sheet}"


def _reads(one: Fact, name: str) -> tuple[str, str]:
    return name, f"read from the sheet {one['sheet']}"


def _commentary(one: Fact, name: str) -> tuple[str, str]:
    return f"explanation of {name}", str(one["standing"]).replace("_", " ")


def _state(one: Fact, name: str) -> tuple[str, str]:
    return f"state of {name}", STATE_MARKS[State(str(one["state"]))].words


def _declared(one: Fact, name: str) -> tuple[str, str]:
    """A type that only rules know: its name, what it is about, its other fields."""
    skipped = {*ABOUT_FIELDS, "seq"}
    fields = [f"{field.replace('_', ' ')} {value}" for field, value in one.fields if field not in skipped]
    about = f" about {name}" if any(field in ABOUT_FIELDS for field, _ in one.fields) else ""
    return f"{one.type.replace('_', ' ')}{about}", ", ".join(fields)


_WORDS: Final = MappingProxyType(
    {
        "verdict": _verdict,
        "variation": _variation,
        "assurance": _assurance,
        "milestone": _milestone,
        "return": _return,
        "finding": _finding,
        "reads": _reads,
        "commentary": _commentary,
        "state": _state,
    }
)
