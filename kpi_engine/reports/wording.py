"""What is said of a verdict, the same words in every output."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from kpi_engine.reports.figures import exact, gap_shown, parts_shown, shown, target_shown
from kpi_engine.reports.page import painted
from kpi_engine.rulebook.book import Kind, Operator, Over, Unit, Window
from kpi_engine.terms.measurement import Reason, Source
from kpi_engine.terms.period import MONTH, QUARTER, YEAR, in_words
from kpi_engine.terms.returned import Validated
from kpi_engine.terms.state import Change, State, StateNote
from kpi_engine.terms.verdict import MilestoneStatus, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from fractions import Fraction

    from kpi_engine.escalation.outcome import Explanation, MeasureState
    from kpi_engine.rulebook.book import Indicator, Measure
    from kpi_engine.terms.measurement import Measurement
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.verdict import TargetInForce, Verdict

REASON_WORDS = MappingProxyType(
    {
        Reason.NO_RETURN: "no return",
        Reason.RETURN_REFUSED: "return refused",
        Reason.SHEET_MISSING: "sheet missing",
        Reason.COLUMN_MISSING: "column missing",
        Reason.NO_DENOMINATOR: "nothing to count",
        Reason.NOTHING_DUE: "nothing due",
        Reason.MONTHS_MISSING: "months missing",
        Reason.ROWS_IN_DOUBT: "rows in doubt",
        Reason.SOURCES_DISAGREE: "sources disagree",
        Reason.BASELINE_UNKNOWN: "baseline unknown",
        Reason.NO_TARGET: "no target",
        Reason.NO_VALUE: "no figure",
        Reason.NOT_IN_FORCE: "not in force",
        Reason.PERIOD_OPEN: "period not over",
        Reason.RULE_ERROR: "fault in the rule",
    }
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A shape, its words and its style: a status is never told by colour alone."""

    shape: str
    words: str
    style: str

    def __str__(self) -> str:
        """The shape and the words."""
        return f"{self.shape} {self.words}"


# Shapes of the old WGL4 set, which every terminal font has; two are plain ASCII.
_MARKS = MappingProxyType(
    {
        Status.FAIL: Mark("■", "fail", "red"),
        Status.PASS: Mark("●", "pass", "green"),
        Status.NOT_DUE: Mark("○", "not due", "blue"),
        Status.NOT_ASSESSED: Mark("?", "not assessed", "magenta"),
    }
)
_UNVALIDATED_PASS = Mark("~", "pass (unvalidated)", "yellow")
MILESTONE_MARKS = MappingProxyType(
    {
        MilestoneStatus.OVERDUE: Mark("■", "overdue", "red"),
        MilestoneStatus.DONE_LATE: Mark("●", "done late", "yellow"),
        MilestoneStatus.NOT_DUE: Mark("○", "not due", "blue"),
        MilestoneStatus.NOT_REPORTED: Mark("?", "not reported", "magenta"),
        MilestoneStatus.DONE: Mark("●", "done", "green"),
        MilestoneStatus.UNDATED: Mark("○", "undated", "blue"),
    }
)
STATE_MARKS = MappingProxyType(
    {
        State.ACTION_NEEDED: Mark("■", "Action needed", "red"),
        State.MISSED_IMPROVING: Mark("▲", "Missed, improving", "blue"),
        State.MISSED_UNCLEAR: Mark("◇", "Missed, could be chance", "yellow"),
        State.WATCH: Mark("◆", "Met, at risk", "yellow"),
        State.ON_TRACK: Mark("●", "On track", "green"),
        State.NOT_REPORTED: Mark("?", "Not reported", "magenta"),
        State.NOT_DUE: Mark("○", "Not due", "blue"),
        State.NOTHING_DUE: Mark("–", "Nothing due", ""),
    }
)
"""The states in the order in which they are counted on page one."""
_ALWAYS_COUNTED = frozenset(list(STATE_MARKS)[:5])
NOTE_WORDS = MappingProxyType(
    {
        StateNote.NONE: "",
        StateNote.NOT_AT_THIS_RATE: "will not be met at this rate",
        StateNote.ON_COURSE: "on course",
        StateNote.OFF_COURSE: "not on course",
        StateNote.CANNOT_SAY: "no one can say yet whether on course",
    }
)
_TOLD_AS = MappingProxyType({Status.FAIL: "Missed", Status.PASS: "Met"})
SEVERITY_WORDS = MappingProxyType({3: "Urgent", 2: "Board", 1: "Note"})
_LENGTHS = MappingProxyType({MONTH: "month", QUARTER: "quarter", YEAR: "year"})


def mark(verdict: Verdict) -> Mark:
    """The mark of a verdict; a pass on figures that nobody validated has one of its own."""
    if verdict.status is Status.PASS and verdict.validated is not Validated.YES:
        return _UNVALIDATED_PASS
    return _MARKS[verdict.status]


def many(number: int, thing: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def listed(things: Iterable[str]) -> str:
    """`a, b and c`."""
    *most, last = list(things) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def aim(verdict: Verdict) -> TargetInForce | None:
    """The target that the figure is held against: the one in force, else the one to come."""
    return verdict.target or verdict.coming


def unit_of(measure: Measure) -> Unit:
    """The unit that the measure's figure is said in."""
    return measure.change_as or measure.unit


def is_signed(measure: Measure) -> bool:
    """Whether the figure is a change, shown with its sign."""
    return measure.kind is Kind.CHANGE


def value_words(verdict: Verdict, indicator: Indicator) -> str:
    """The figure, rounded so that it does not contradict the verdict; empty if there is none."""
    return "" if verdict.value is None else _shown(verdict.value, indicator, aim(verdict))


def parts_words(verdict: Verdict, indicator: Indicator) -> str:
    """What the figure was made of: `16 of 20`, `14, baseline 10`; empty where it adds nothing."""
    if verdict.numerator is None:
        return ""
    if is_signed(indicator.measure):
        baseline = "unknown" if verdict.baseline is None else exact(verdict.baseline)
        return f"{exact(verdict.numerator)}, baseline {baseline}"
    return "" if verdict.denominator is None else parts_shown(verdict.numerator, verdict.denominator)


def target_words(target: TargetInForce | None, indicator: Indicator, *, words: bool = True) -> str:
    """The target exactly; empty if there is none."""
    if target is None:
        return ""
    measure = indicator.measure
    return target_shown(target, unit_of(measure), signed=is_signed(measure), words=words)


def gap_words(verdict: Verdict, indicator: Indicator) -> str:
    """How far the figure is from the target; empty if that is not known."""
    target = aim(verdict)
    if verdict.gap is None or target is None:
        return ""
    return gap_shown(verdict.gap, unit_of(indicator.measure), target)


def doubt_range(verdict: Verdict, indicator: Indicator) -> str:
    """The least and greatest figure that rows in doubt allow: `80% to 95%`; empty if they are one."""
    if verdict.value is None or verdict.best is None or verdict.value == verdict.best:
        return ""
    least, greatest = sorted((verdict.value, verdict.best))
    target = aim(verdict)
    return f"{_shown(least, indicator, target)} to {_shown(greatest, indicator, target)}"


def notes(verdict: Verdict, indicator: Indicator, *, every: bool = False) -> tuple[str, ...]:
    """The short remarks that belong beside a verdict; with `every`, those that need no eyes too."""
    measured = verdict.measured
    said: list[str] = []
    if verdict.status is Status.NOT_ASSESSED and verdict.reason is not None:
        said.append(REASON_WORDS[verdict.reason])
        if verdict.reason is Reason.ROWS_IN_DOUBT:
            said.append(doubt_range(verdict, indicator))
    elif every or verdict.status is not Status.PASS:
        said.append(gap_words(verdict, indicator))
    if verdict.status is Status.NOT_DUE:
        said += _before_the_date(verdict)
    if measured is None:
        return tuple(note for note in said if note)
    if measured.in_doubt and verdict.reason is not Reason.ROWS_IN_DOUBT:
        said.append(f"{many(measured.in_doubt, 'row')} in doubt")
    said.append(held_words(verdict, indicator))
    said.append("from counts" if measured.source is Source.COUNTS else "")
    said.append("small numbers" if verdict.small and (every or verdict.status is Status.FAIL) else "")
    said.append(f"{measured.left_out} left out" if every and measured.left_out else "")
    return tuple(note for note in said if note)


def _before_the_date(verdict: Verdict) -> list[str]:
    said = []
    if verdict.on_course is not None:
        said.append("on course" if verdict.on_course else "not on course")
    if verdict.days_left is not None:
        said.append(f"{many(verdict.days_left, 'day')} left")
    elif verdict.reason is not None:
        said.append(REASON_WORDS[verdict.reason])
    return said


def held_words(verdict: Verdict, indicator: Indicator) -> str:
    """How many months of its window a figure holds, where some lack: `9 of 12 months`."""
    first, last = verdict.window
    rolling = indicator.measure.window is Window.ROLLING_12_MONTHS
    wanted = YEAR if rolling else last.last_month.first - first.first + 1
    held = len(verdict.measured.months) if verdict.measured else 0
    apart = verdict.period.length > MONTH and indicator.measure.over is Over.EACH
    if apart or indicator.measure.window_from_table or not 0 < held < wanted:
        return ""
    return f"{held} of {wanted} months"


def needed_words(verdict: Verdict) -> str:
    """The smallest change that turns a fail: `2 more of the 20 would meet it`; empty if not known."""
    target = aim(verdict)
    if verdict.needed is None or target is None:
        return ""
    which = "fewer" if target.op == Operator.AT_MOST else "more"
    whole = "" if verdict.denominator is None else f" of the {exact(verdict.denominator)}"
    return f"{verdict.needed} {which}{whole} would meet it"


def beside_words(measured: Measurement, measure: Measure) -> str:
    """A figure without target: `57% (17 of 30)`, a range where rows are in doubt, or why there is none."""
    low, high = measured.low, measured.high
    if measured.reason is not None or low is None or low.value is None:
        return REASON_WORDS[measured.reason] if measured.reason else "no figure"
    unit = Unit.NUMBER if is_signed(measure) else unit_of(measure)
    if high is not None and high.value is not None and high.value != low.value:
        doubt = f"{many(measured.in_doubt, 'row')} in doubt"
        return f"{shown(low.value, unit)} to {shown(high.value, unit)} ({doubt})"
    parts = "" if low.denominator is None else f" ({parts_shown(low.numerator, low.denominator)})"
    return shown(low.value, unit) + parts


def sentence(verdict: Verdict, indicator: Indicator) -> str:
    """The verdict in one line, for outputs without columns."""
    said = figure_sentence(verdict, indicator)
    text = mark(verdict).words
    text = f"{text}: {said}" if said else text
    return f"{text}. {verdict.detail}" if verdict.status is Status.NOT_ASSESSED and verdict.detail else text


def figure_sentence(verdict: Verdict, indicator: Indicator) -> str:
    """The figure, what it was made of, its target and what belongs beside; without the verdict itself."""
    figure, parts = value_words(verdict, indicator), parts_words(verdict, indicator)
    if verdict.reason is Reason.ROWS_IN_DOUBT:
        figure = parts = ""
    target = aim(verdict)
    facts = [
        f"{figure} ({parts})" if figure and parts else figure,
        f"target {target_words(target, indicator)}{_by(target)}" if target else "",
        *notes(verdict, indicator),
    ]
    return ", ".join(fact for fact in facts if fact)


def counts_line(verdicts: Sequence[Verdict], *, colour: bool = False) -> str:
    """`9 fail, 12 pass (3 unvalidated), 1 not due, 2 not assessed`."""
    said = []
    for status in (Status.FAIL, Status.PASS, Status.NOT_DUE, Status.NOT_ASSESSED):
        group = [mark(verdict) for verdict in verdicts if verdict.status is status]
        if not group and status in {Status.NOT_DUE, Status.NOT_ASSESSED}:
            continue
        words = status.value.replace("_", " ")
        text = painted(f"{len(group)} {words}", group[0].style if group else "", colour=colour)
        unsure = sum(shown.words != words for shown in group)
        said.append(f"{text} ({unsure} unvalidated)" if unsure else text)
    return ", ".join(said)


# ── States and exceptions ────────────────────────────────────────────────────


def state_words(state: MeasureState) -> str:
    """The state and what is said beside it: `Missed, improving; will not be met at this rate`."""
    return "; ".join(text for text in (STATE_MARKS[state.state].words, NOTE_WORDS[state.note]) if text)


def told_sentence(verdict: Verdict, indicator: Indicator, period: Period) -> str:
    """The verdict in a sentence as boards read it: `Missed: 80% (16 of 20), target at least 85%`.

    `period` is the judged one: a verdict on another says so, and so does one with months missing.
    """
    words = _TOLD_AS.get(verdict.status, mark(verdict).words.capitalize())
    if verdict.status is Status.PASS and verdict.validated is not Validated.YES:
        words += " (unvalidated)"
    apart = verdict.period != period
    when = f" in {verdict.period.label}" if apart else ""
    said = figure_sentence(verdict, indicator)
    text = f"{words}{when}: {said}." if said else f"{words}{when}."
    gaps = verdict.measured is not None and bool(verdict.measured.missing)
    wanted = apart or gaps or verdict.status is Status.NOT_ASSESSED
    return f"{text} {verdict.detail}" if wanted and verdict.detail else text


def missed_sentence(verdicts: Iterable[Verdict], states: Iterable[MeasureState]) -> str:
    """The first sentence: every miss is counted, whatever its state."""
    judged = [verdict for verdict in verdicts if verdict.status in {Status.PASS, Status.FAIL}]
    missed = sum(verdict.status is Status.FAIL for verdict in judged)
    urgent = sum(state.state is State.ACTION_NEEDED for state in states)
    action = f"{urgent or 'none'} {'needs' if urgent < 2 else 'need'} action"  # noqa: PLR2004  (one or more)
    if not judged:
        return f"No target could be judged; {action}." if urgent else "No target could be judged."
    if not missed:
        one = len(judged) == 1
        none = "The one target judged was met" if one else f"None of {len(judged)} targets judged was missed"
        return f"{none}; {action}." if urgent else f"{none}."
    were = "was" if missed == 1 else "were"
    return f"{missed} of {many(len(judged), 'target')} judged {were} missed; {action}."


def states_counted(states: Sequence[MeasureState], verdicts: Sequence[Verdict]) -> list[tuple[Mark, str]]:
    """How many measures have each state: its mark, and `9` or `9 (3 unvalidated)`.

    The five states of page one always; the others where there are any.
    """
    unsure = {v.indicator for v in verdicts if v.status is Status.PASS and v.validated is not Validated.YES}
    counted = []
    for state, shape in STATE_MARKS.items():
        group = [one for one in states if one.state is state]
        if group or state in _ALWAYS_COUNTED:
            doubtful = sum(one.indicator in unsure for one in group)
            counted.append((shape, f"{len(group)} ({doubtful} unvalidated)" if doubtful else str(len(group))))
    return counted


def change_words(change: Change, period: Period) -> str:
    """How an exception of `period` stands to the period before: `new`, `worse than last month`."""
    if change is Change.NEW:
        return "new"
    last = f"last {_LENGTHS[period.length]}"
    if change is Change.GONE:
        return f"gone since {last}"
    return f"{change.value} {'as' if change is Change.SAME else 'than'} {last}"


def explained_words(given: Explanation, indicator: Indicator) -> list[tuple[str, str]]:
    """The commentary on a measure as labels and texts; what was carried over says so, what lacks too."""
    date = "no date given" if given.back_on_track is None else in_words(given.back_on_track)
    said = [
        ("Explained", "as last month" if given.as_last_month else ""),
        ("Why", given.why or "not said"),
        ("Action", given.action or "none given"),
        ("Lead", given.lead or indicator.lead),
        ("Back on track", date),
        ("Ask", given.ask),
    ]
    return [(label, text) for label, text in said if text]


def _by(target: TargetInForce) -> str:
    return "" if target.by is None else f" by {in_words(target.by)}"


def _shown(value: Fraction, indicator: Indicator, target: TargetInForce | None) -> str:
    measure = indicator.measure
    return shown(value, unit_of(measure), target, signed=is_signed(measure))
