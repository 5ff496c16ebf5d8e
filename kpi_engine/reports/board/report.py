"""The board exception report as a value: sections, lines, words and order; writers only set it.

Every text is final: rounded, worded, suppressed. `SUPPRESSED` and the other symbols stand where
a figure may not or cannot be shown; the report's `symbols` explain those that occur.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from kpi_engine.terms.state import State

SUPPRESSED, NOT_APPLICABLE, NOT_AVAILABLE, LOW = "[c]", "[z]", "[x]", "[k]"
"""[c] kept back so that nobody can be recognised; [z] not applicable; [x] not available; [k] low."""
TITLES: Final = MappingProxyType(
    {
        "summary": "Summary",
        "exceptions": "Exceptions in full",
        "measures": "All measures",
        "grid": "Change and target together",
        "milestones": "Milestones",
        "data_quality": "Data quality",
        "how_to_read": "How to read this report",
        "sources": "Sources",
    }
)
"""The headings of the parts, in their order: rulebook.pack.SECTIONS, and two that no section names."""


class Tone(StrEnum):
    """The colour family of a mark; a shape and a word always stand beside it."""

    BAD = "bad"
    IMPROVING = "improving"
    UNCLEAR = "unclear"
    WATCH = "watch"
    GOOD = "good"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Badge:
    """A state, variation, assurance or milestone status: shape, word, tone."""

    shape: str
    words: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Tally:
    """How many measures have a state: one card of page one; `meaning` is one line."""

    state: State
    badge: Badge
    number: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Ask:
    """One decision that the board is asked for, and the measure it belongs to."""

    text: str
    measure: str  # its short title
    anchor: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its text, such as `Lead: Head of Service, Children in Care`."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Point:
    """One month of a chart in figures and in words, in the unit of the chart (a share per hundred).

    `value` None: there is no figure, and `shown` says why in a word.
    """

    period: str  # 2024-03
    label: str  # March 2024
    value: Decimal | None
    shown: str
    counts: str  # 30 of 52; empty for a count
    target: Decimal | None
    mean: Decimal | None
    lower: Decimal | None
    upper: Decimal | None
    flag: str  # plain words of a special cause; else empty


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart: the drawing (one SVG document without outside references), its words, and its figures."""

    svg: str
    title: str
    alt: str
    unit: str  # per cent, number, days
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One measure in a table of measures. `trend` in words, `icons` as badges with their SVG beside."""

    anchor: str
    measure: str
    badge: Badge
    target: str
    latest: str
    counts: str
    gap: str
    trend: str
    lead: str
    back_on_track: str
    before: str  # last period's figure


@dataclass(frozen=True, slots=True)
class Icon:
    """A variation or assurance icon: its SVG and what it means."""

    svg: str
    words: str


@dataclass(frozen=True, slots=True)
class Measure:
    """Everything the report says of one measure; its card if it has exceptions.

    `exceptions` are titles with their because; `facts` the lines under the big figure; `details`
    why off track, action, lead, back on track, ask, source. `picture` None: not drawn, and
    `no_picture` says why.
    """

    id: str
    anchor: str
    title: str
    short: str
    badge: Badge
    note: str
    headline: bool
    figure: str
    facts: tuple[str, ...]
    sentence: str
    exceptions: tuple[Fact, ...]
    beside: tuple[Fact, ...]
    details: tuple[Fact, ...]
    months: tuple[Fact, ...]  # of a quarter: each month behind it
    picture: Picture | None
    no_picture: str
    variation: Icon | None
    assurance: Icon | None
    row: Row


@dataclass(frozen=True, slots=True)
class GridCell:
    """Short titles of the measures with one variation and one assurance."""

    measures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """The assurance x variation grid: headings with icons, rows of cells."""

    columns: tuple[Icon, ...]  # variation
    rows: tuple[tuple[Icon, tuple[GridCell, ...]], ...]  # assurance


@dataclass(frozen=True, slots=True)
class Milestone:
    """One milestone of the timeline."""

    id: str
    title: str
    badge: Badge
    due: str
    due_on: str  # 2024-03-31; empty where undated
    expected: str
    done: str
    lead: str
    said: str  # 45 days overdue


@dataclass(frozen=True, slots=True)
class Other:
    """An exception that is about no measure: a milestone or the whole return."""

    title: str
    about: str
    because: str
    change: str


@dataclass(frozen=True, slots=True)
class Source:
    """A source document and what is read from it."""

    title: str
    published: str
    places: tuple[Fact, ...]  # measure: place and figure phrase


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One kind of finding of the returns: code, what, how many, where (cells only where the audience may)."""

    code: str
    severity: str
    message: str
    number: str
    where: str


@dataclass(frozen=True, slots=True)
class BoardReport:
    """The whole report of one board for one period.

    `sections` names those of rulebook.pack.SECTIONS that it has, in order. `changes` and `completeness`
    are the two lines of page one. `run` is the Run line.
    """

    council: str
    made_up: bool
    plan: str
    title: str
    board: str
    lead: str
    meeting: str  # 17 April 2025; empty where not said
    meeting_on: str  # 2025-04-17
    period: str  # 2025-03
    period_label: str
    audience: str
    public: bool
    marking: str  # OFFICIAL
    sections: tuple[str, ...]
    lead_sentence: str
    rest_sentence: str
    tallies: tuple[Tally, ...]
    asks: tuple[Ask, ...]
    action: tuple[Row, ...]
    headlines: tuple[Row, ...]  # the headline measures that `action` does not hold
    changes: tuple[str, ...]
    completeness: str
    measures: tuple[Measure, ...]
    exceptions: tuple[str, ...]  # anchors of the measures whose cards are printed, most severe first
    others: tuple[Other, ...]
    grid: Grid | None
    milestones: tuple[Milestone, ...]
    findings: tuple[FindingLine, ...]
    quality: tuple[str, ...]
    how_to_read: tuple[Fact, ...]
    symbols: tuple[Fact, ...]
    sources: tuple[Source, ...]
    run: tuple[Fact, ...]

    @property
    def parts(self) -> Mapping[str, str]:
        """The parts that it has, in order, each with its heading."""
        there = {*self.sections, "how_to_read", *(["grid"] if self.grid is not None else [])}
        return {part: title for part, title in TITLES.items() if part in there}

    @property
    def cards(self) -> Mapping[str, str]:
        """The anchor of each measure that has a card, and its part: exceptions first, then the others."""
        held, cards = [measure.anchor for measure in self.measures], dict[str, str]()
        for part, anchors in (("exceptions", self.exceptions), ("measures", held)):
            for anchor in anchors if part in self.sections else ():
                if anchor in held:
                    cards.setdefault(anchor, part)
        return cards

    def in_full(self, part: str) -> tuple[Measure, ...]:
        """The measures whose cards stand in `part`, in order."""
        measures = {measure.anchor: measure for measure in self.measures}
        return tuple(measures[anchor] for anchor, of in self.cards.items() if of == part)

    @property
    def linked(self) -> Mapping[str, str]:
        """The anchor of the card that a short title stands for, where it stands for one."""
        cards, times = self.cards, Counter(measure.short for measure in self.measures)
        return {m.short: m.anchor for m in self.measures if m.anchor in cards and times[m.short] == 1}
