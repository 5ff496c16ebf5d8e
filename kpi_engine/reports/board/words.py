"""The board report's own words: marks, directions, explanations; figures are said by reports.wording."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from kpi_engine.reports.board.report import (
    LOW,
    NOT_APPLICABLE,
    NOT_AVAILABLE,
    SUPPRESSED,
    Badge,
    Fact,
    Icon,
    Tone,
)
from kpi_engine.reports.icons import icon_svg
from kpi_engine.reports.trend_words import ICON_TITLES
from kpi_engine.reports.wording import MILESTONE_MARKS, STATE_MARKS
from kpi_engine.terms.state import State
from kpi_engine.terms.verdict import MilestoneStatus, Status
from kpi_engine.variation import AssuranceIcon, Variation, VariationIcon

if TYPE_CHECKING:
    from kpi_engine.reports.wording import Mark

MARKING: Final = "OFFICIAL"
NO_EXPLANATION: Final = "No explanation given"
MAY_IDENTIFY: Final = "[withheld: it may identify a child]"
MAY_TELL: Final = "[withheld: it may tell a figure that is kept back]"

_TONES = MappingProxyType(
    {
        State.ACTION_NEEDED: Tone.BAD,
        State.MISSED_IMPROVING: Tone.IMPROVING,
        State.MISSED_UNCLEAR: Tone.UNCLEAR,
        State.WATCH: Tone.WATCH,
        State.ON_TRACK: Tone.GOOD,
    }
)
MEANINGS = MappingProxyType(
    {
        State.ACTION_NEEDED: "Target missed, and getting worse, out of reach, or missed three times running",
        State.MISSED_IMPROVING: "Target missed, but a real improvement shows",
        State.MISSED_UNCLEAR: "Target missed; month-to-month ups and downs could explain it",
        State.WATCH: "Target met, but it may not last",
        State.ON_TRACK: "Target met",
        State.NOT_REPORTED: "No figure could be judged",
        State.NOT_DUE: "The target is still to come",
        State.NOTHING_DUE: "Nothing fell due, so there was nothing to judge",
    }
)
ALWAYS_TOLD = frozenset(_TONES)
"""The states of page one that have a card even if no measure has them."""
STATUS_WORDS = MappingProxyType(
    {
        Status.PASS: "met",
        Status.FAIL: "missed",
        Status.NOT_DUE: "not due",
        Status.NOT_ASSESSED: "not reported",
    }
)
KEPT_BACK: Final = Badge("?", "Kept back", Tone.PLAIN)
"""In place of a state that would tell a small count."""

_MILESTONE_TONES = MappingProxyType(
    {
        MilestoneStatus.OVERDUE: Tone.BAD,
        MilestoneStatus.DONE_LATE: Tone.GOOD,
        MilestoneStatus.DONE: Tone.GOOD,
    }
)

# Arrows say better or worse, not up or down: of a wait, fewer days are better.
TREND_WORDS = MappingProxyType(
    {
        Variation.IMPROVEMENT: "↗ Improving",
        Variation.CONCERN: "↘ Getting worse",
        Variation.COMMON_CAUSE: "→ No clear change",
        None: "cannot say",
    }
)
DIRECTION_SENTENCES = MappingProxyType(
    {
        Variation.IMPROVEMENT: "Improving.",
        Variation.CONCERN: "Getting worse.",
        Variation.COMMON_CAUSE: "No clear change.",
        None: "Whether it is changing cannot be said.",
    }
)
WORST_WORDS = MappingProxyType(
    {
        Variation.IMPROVEMENT: ", but is improving",
        Variation.CONCERN: " and is getting worse",
        Variation.COMMON_CAUSE: ", with no clear change",
        None: "",
    }
)

GRID_COLUMNS = MappingProxyType(
    {
        Variation.CONCERN: (VariationIcon.CONCERN_LOW, "Getting worse"),
        Variation.COMMON_CAUSE: (VariationIcon.COMMON_CAUSE, "No clear change"),
        Variation.IMPROVEMENT: (VariationIcon.IMPROVEMENT_HIGH, "Improving"),
    }
)

SYMBOLS = MappingProxyType(
    {
        SUPPRESSED: "kept back, so that no child can be recognised",
        NOT_APPLICABLE: "not applicable: nothing fell due",
        NOT_AVAILABLE: "not available: there is no figure that could be judged",
        LOW: "low: not nought, but it rounds to nought",
    }
)


def state_badge(state: State) -> Badge:
    """The state as every output shows it."""
    return _badge(STATE_MARKS[state], _TONES.get(state, Tone.PLAIN))


def milestone_badge(status: MilestoneStatus) -> Badge:
    """Where a milestone stands."""
    return _badge(MILESTONE_MARKS[status], _MILESTONE_TONES.get(status, Tone.PLAIN))


def _badge(mark: Mark, tone: Tone) -> Badge:
    return Badge(mark.shape, mark.words, tone)


def icon(kind: VariationIcon | AssuranceIcon) -> Icon:
    """A picture of variation or assurance, in the words of its title."""
    _, _, words = ICON_TITLES[kind].partition(": ")
    return Icon(icon_svg(kind), capital(words))


def capital(text: str) -> str:
    """`text` with its first letter a capital; the others stay."""
    return text[:1].upper() + text[1:]


def how_to_read(*, kept: bool) -> tuple[Fact, ...]:
    """Short plain facts; `kept`: of an audience from whom small counts are kept back."""
    facts = [
        *(Fact(f"{STATE_MARKS[s].shape} {STATE_MARKS[s].words}", f"{MEANINGS[s]}.") for s in STATE_MARKS),
        Fact("Average and expected range", _RANGE),
        Fact("Real change", _CHANGE),
        *(
            Fact(f"{letter} in a circle", f"{icon(kind).words}.")
            for letter, kind in (
                ("P", AssuranceIcon.PASS),
                ("F", AssuranceIcon.FAIL),
                ("?", AssuranceIcon.INCONSISTENT),
            )
        ),
        Fact("H or L in a circle", "The latest figures are high, or low. Blue is better, orange is worse."),
        Fact("Change and target together", _GRID),
        Fact("Rounding", _ROUNDING),
        Fact("Rows in doubt", _DOUBT),
    ]
    return (*facts, Fact("Small numbers", _SMALL)) if kept else tuple(facts)


_RANGE: Final = (
    "Where single months have lain, and nearly all will lie if nothing changes. It is reckoned from the "
    "months themselves. From 7 months on it is on trial, from 13 on it is firm."
)
_CHANGE: Final = (
    "A month beyond the expected range; 7 months or more on one side of the average; 7 or more rising or "
    "falling without a break; 2 of 3 near one end of the range. All else is the ups and downs of chance."
)
_GRID: Final = (
    "Only measures with 13 months or more, a target for single months, and months that may be shown stand in "
    "that table."
)
_ROUNDING: Final = (
    "Per cent are whole, unless that would put a figure on the wrong side of its target; then decimals are "
    "added. The counts stand beside. Gaps are reckoned from the exact figures."
)
_DOUBT: Final = "A row that cannot be read is counted against the measure. It never improves a figure."
_SMALL: Final = (
    "Where a count of few children could be worked out, from this report or from earlier ones, the figure is "
    "kept back, and so is everything that would give it away. State and direction are told in words."
)
