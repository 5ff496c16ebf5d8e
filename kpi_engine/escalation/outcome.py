"""What escalation gives: each measure's state, the exceptions, and the proof of every one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from kpi_engine.terms.fact import Fact
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.state import Change, State, StateNote
    from kpi_engine.terms.verdict import MilestoneVerdict, Verdict
    from kpi_engine.trend import Trend


@dataclass(frozen=True, slots=True)
class Answered:
    """Which engine derived the exceptions: its name and version, and why not the other (else empty)."""

    engine: str
    why: str


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which a fact was derived: the rule's id, the facts it stood on, what it found absent.

    `absent` are plain phrases, one for each of the rule's `unless`.
    """

    rule: str
    premises: tuple[Proof, ...]
    absent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """A fact and every way to it; no way: the check stated it.

    `period` is the period that the fact is of, None where it is of none.
    """

    fact: Fact
    period: Period | None
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class MeasureState:
    """What a board sees of one measure in the period."""

    indicator: str
    state: State
    note: StateNote
    proof: Proof


@dataclass(frozen=True, slots=True)
class BoardException:
    """One entry of the exception report.

    `indicator` and `milestone`: what it is about, at most one of them; neither: the
    whole return. `severity`: 1 note, 2 board, 3 urgent. `tell` are ids of boards. `period` is
    that of the fact: of a measure judged once a quarter, the quarter.
    """

    kind: str
    title: str
    severity: int
    indicator: str | None
    milestone: str | None
    period: Period
    because: str
    tell: tuple[str, ...]
    change: Change
    proof: Proof


@dataclass(frozen=True, slots=True)
class Explanation:
    """The commentary on one measure; `as_last_month`: carried over, since the month has none of its own."""

    indicator: str
    why: str
    action: str
    lead: str
    back_on_track: date | None
    ask: str
    as_last_month: bool
    cell: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How one period stands: verdicts, trends, milestones, states, exceptions; in the rulebook's order.

    `exceptions` are sorted: the most severe first, then as the rulebook lists what they are about.
    """

    period: Period
    verdicts: Mapping[str, Verdict]
    trends: Mapping[str, Trend]
    milestones: Mapping[str, MilestoneVerdict]
    states: Mapping[str, MeasureState]
    exceptions: tuple[BoardException, ...]
    explanations: Mapping[str, Explanation]


@dataclass(frozen=True, slots=True)
class Escalated:
    """The period, the period before (None: nothing is known of it), and the exceptions that are gone since.

    Every exception of `now` says how it stands to `before`.
    """

    now: Standing
    before: Standing | None
    gone: tuple[BoardException, ...]
    answered: Answered
