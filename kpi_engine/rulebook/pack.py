"""The escalation pack as values: facts, and the rules that derive exceptions and states from them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from kpi_engine.terms.finding import Severity
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.returned import Validated
from kpi_engine.terms.state import State, StateNote
from kpi_engine.terms.verdict import MilestoneStatus, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kpi_engine.rulebook.book import Citation, Reading
    from kpi_engine.terms.fact import Value


@dataclass(frozen=True, slots=True)
class FieldType:
    """What a field of a fact holds: a whole number, or text; `values` closes the set of texts."""

    number: bool = False
    values: frozenset[str] = frozenset()


NUMBER, TEXT = FieldType(number=True), FieldType()
_YES_NO = FieldType(values=frozenset({"yes", "no"}))


def _one_of(*words: str) -> FieldType:
    return FieldType(values=frozenset(words))


FACT_TYPES: Final[Mapping[str, Mapping[str, FieldType]]] = MappingProxyType(
    {
        "verdict": {
            "indicator": TEXT,
            "seq": NUMBER,
            "status": _one_of(*Status),
            "reason": _one_of("", *Reason),
            "target": _one_of("dated", "undated", "none"),
            "on_course": _one_of("yes", "no", "unknown"),
            "validated": _one_of(*Validated),
            "headline": _YES_NO,
            "small": _YES_NO,
            "in_doubt": NUMBER,
            "gap": NUMBER,
            "days_left": NUMBER,
        },
        "variation": {
            "indicator": TEXT,
            "seq": NUMBER,
            "variation": _one_of(
                "none", "common_cause", "improvement", "concern", "neutral_high", "neutral_low"
            ),
            "evidence": _one_of("none", "too_few", "trial", "full"),
            "points": NUMBER,
        },
        "assurance": {
            "indicator": TEXT,
            "seq": NUMBER,
            "assurance": _one_of("none", "consistent_pass", "consistent_fail", "inconsistent"),
        },
        "milestone": {
            "milestone": TEXT,
            "seq": NUMBER,
            "status": _one_of(*MilestoneStatus),
            "days": NUMBER,
            "same_as": TEXT,
        },
        "return": {"seq": NUMBER, "standing": _one_of("given", "refused", "none")},
        "finding": {
            "code": TEXT,
            "severity": _one_of(*Severity),
            "sheet": TEXT,
            "number": NUMBER,
            "seq": NUMBER,
        },
        "reads": {"indicator": TEXT, "sheet": TEXT},
        "commentary": {
            "indicator": TEXT,
            "seq": NUMBER,
            "standing": _one_of("given", "as_last_month", "missing"),
        },
    }
)
"""The facts that a check states.

`seq` numbers the periods of an indicator's own cadence without gaps: the month
before is one less, or the quarter before. `gap` is figure less target, negative
where it is short, in hundredths of the unit (of a percentage: hundredths of a point),
rounded toward zero but never to it. `days` are days overdue, negative while days are
left; `days_left` are those to the next dated target, 0 without one. `sheet` is
the sheet's id, empty where the finding is of no sheet.
"""

READ_BACK: Final[Mapping[str, Mapping[str, FieldType]]] = MappingProxyType(
    {
        "exception": {"kind": TEXT, "severity": NUMBER, "about": TEXT, "seq": NUMBER},
        "state": {
            "indicator": TEXT,
            "seq": NUMBER,
            "state": _one_of(*State),
            "note": _one_of(*StateNote),
        },
    }
)
"""The facts that reports read once all rules have run.

`about` is the id of an indicator or a milestone, or `return` for the whole return.
"""

ABOUT_RETURN: Final = "return"


class Op(StrEnum):
    """How a field is tested."""

    IS = "is"  # one of the values
    NOT = "not"  # none of the values
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    MORE_THAN = "more_than"
    LESS_THAN = "less_than"


@dataclass(frozen=True, slots=True)
class FieldTest:
    """A field held against values; every operator but `is` and `not` has exactly one, a number."""

    field: str
    op: Op
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A field of a fact that an earlier pattern matched, `plus` a whole number (numbers only)."""

    of: str
    field: str
    plus: int = 0


@dataclass(frozen=True, slots=True)
class Join:
    """A field that equals a referenced one."""

    field: str
    to: Reference


@dataclass(frozen=True, slots=True)
class Pattern:
    """What one fact must be like: its type, tests on its own fields, joins to patterns before it."""

    name: str
    type: str
    tests: tuple[FieldTest, ...]
    joins: tuple[Join, ...]


@dataclass(frozen=True, slots=True)
class Consequence:
    """The fact that a rule derives: every field of its type, each a value or a reference."""

    type: str
    fields: tuple[tuple[str, Value | Reference], ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """What an example wants of the derived facts: one with these fields (or none, if `never`)."""

    type: str
    fields: tuple[tuple[str, Value], ...]
    never: bool = False


@dataclass(frozen=True, slots=True)
class EscalationExample:
    """A case that the whole pack must get right: facts given, and what must or must not follow."""

    name: str
    given: tuple[tuple[str, Mapping[str, Value]], ...]
    expects: tuple[Expected, ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class EscalationRule:
    """One rule: where every pattern of `when` matches and none of `unless` does, `then` holds.

    `title` names the exception that it raises, `tell` the boards that hear it (all of them where empty).
    """

    id: str
    title: str
    because: str
    when: tuple[Pattern, ...]
    unless: tuple[Pattern, ...]
    then: Consequence
    tell: tuple[str, ...]
    examples: tuple[EscalationExample, ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Pack:
    """All escalation rules, in the order of the file.

    `types` are all fact types: those a check states, those reports read and those
    the file declares. `strata` are the rules in the order they must run: whatever a
    rule's `unless` looks for is derived by an earlier stratum.
    """

    types: Mapping[str, Mapping[str, FieldType]]
    rules: tuple[EscalationRule, ...]
    strata: tuple[tuple[EscalationRule, ...], ...]
    file: str = ""


NO_PACK: Final = Pack(MappingProxyType({**FACT_TYPES, **READ_BACK}), (), ())
"""The pack of a rules folder without escalations.yaml."""


# ── Who is told ──────────────────────────────────────────────────────────────


class Cadence(StrEnum):
    """How often a board meets on the plan."""

    MONTH = "month"
    QUARTER = "quarter"


class ZeroRule(StrEnum):
    """What an audience sees of a count of nought."""

    SHOWN = "shown"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class Audience:
    """Who reads a report, and what must be kept from them.

    Counts from 1 to `threshold` are suppressed (0: nothing is); others rounded to
    a multiple of `rounding` (1: not rounded).
    """

    id: str
    threshold: int
    rounding: int
    zero: ZeroRule
    case_cells: bool  # whether addresses of case rows may stand in the report


@dataclass(frozen=True, slots=True)
class Board:
    """One body that reads the plan's progress (`rules/boards.yaml`).

    `measures` are indicator ids, `milestones` milestone ids, in the rulebook's order; a
    board without plan_sections, measures and milestones reads all of both. `exceptions`
    are the kinds it hears (None: all), from `least_severity` on.
    """

    id: str
    name: str
    also_called: tuple[str, ...]
    lead: str
    cadence: Cadence
    audience: str
    measures: tuple[str, ...]
    milestones: tuple[str, ...]
    exceptions: tuple[str, ...] | None
    least_severity: int
    sections: tuple[str, ...]  # parts of the report, of SECTIONS
    source: Citation | None
    readings: tuple[Reading, ...]


SECTIONS: Final = ("summary", "exceptions", "measures", "milestones", "data_quality", "sources")
"""The parts of a board report, in its order."""
