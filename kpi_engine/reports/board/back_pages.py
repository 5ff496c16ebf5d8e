"""What stands behind the measures: milestones, the grid, findings, sources and the Run line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kpi_engine.reports.board.first_page import about_words, returns_of
from kpi_engine.reports.board.report import Fact, FindingLine, Grid, GridCell, Icon, Milestone, Other, Source
from kpi_engine.reports.board.words import GRID_COLUMNS, icon, milestone_badge
from kpi_engine.reports.icons import icon_svg
from kpi_engine.reports.wording import change_words, many
from kpi_engine.terms.codes import CODES
from kpi_engine.terms.finding import Severity
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import in_words
from kpi_engine.terms.verdict import MilestoneStatus
from kpi_engine.variation import Assurance, AssuranceIcon

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from kpi_engine.reports.board.brief import Brief
    from kpi_engine.reports.board.report import Measure
    from kpi_engine.rulebook.book import Indicator, MilestoneRule
    from kpi_engine.terms.checked import ReturnRead
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.verdict import MilestoneVerdict

_RANK: Final = tuple(Severity)
_PLACES: Final = 20
_DIGITS, _OF_RULES = 12, 16


def others(brief: Brief) -> tuple[Other, ...]:
    """The exceptions about milestones and the whole return."""
    period = brief.escalated.now.period
    known = brief.escalated.before is not None
    return tuple(
        Other(
            title=one.title,
            about=about_words(brief, one) or "The whole return",
            because=one.because,
            change=change_words(one.change, period) if known else "",
        )
        for one in brief.exceptions()
        if one.indicator is None
    )


# ── Milestones ───────────────────────────────────────────────────────────────


def milestones(brief: Brief) -> tuple[Milestone, ...]:
    """The board's milestones by date, those without one last; those that a measure tells of are left out."""
    rules = brief.rulebook.milestones.values()
    read = {one.id for one in brief.indicators}
    board = brief.board
    named = set(board.milestones) if board.measures or board.milestones else {rule.id for rule in rules}
    kept = [
        rule for rule in rules if rule.id in named and (rule.same_as is None or _apart(brief, rule, read))
    ]
    standing = brief.escalated.now.milestones
    told = [(rule, standing[rule.id]) for rule in kept]
    told.sort(key=lambda pair: (pair[1].due is None, pair[1].due or brief.rulebook.plan.start))
    return tuple(_milestone(rule, verdict, brief.escalated.now.period.end) for rule, verdict in told)


def _apart(brief: Brief, rule: MilestoneRule, read: set[str]) -> bool:
    """Whether a milestone that is a measure too is told by itself: its date may tell the measure's count."""
    return rule.same_as not in read and not brief.keeps_back


def _milestone(rule: MilestoneRule, verdict: MilestoneVerdict, end: date) -> Milestone:
    done = verdict.status in {MilestoneStatus.DONE, MilestoneStatus.DONE_LATE} and verdict.done_on is not None
    expected = None if done else verdict.expected_on
    return Milestone(
        id=rule.id,
        title=rule.title,
        badge=milestone_badge(verdict.status),
        due="" if verdict.due is None else in_words(verdict.due),
        due_on="" if verdict.due is None else verdict.due.isoformat(),
        expected="" if expected is None else in_words(expected),
        done=in_words(verdict.done_on) if done and verdict.done_on is not None else "",
        lead=rule.lead,
        said=_said(verdict, end),
    )


def _said(verdict: MilestoneVerdict, end: date) -> str:
    if verdict.status is MilestoneStatus.UNDATED:
        return "the plan gives no date"
    if verdict.due is None:
        return ""
    if verdict.status is MilestoneStatus.OVERDUE:
        return f"{many((end - verdict.due).days, 'day')} overdue"
    if verdict.status is MilestoneStatus.NOT_DUE:
        return f"{many((verdict.due - end).days, 'day')} left"
    if verdict.status is MilestoneStatus.DONE_LATE and verdict.done_on is not None:
        return f"{many((verdict.done_on - verdict.due).days, 'day')} late"
    return ""


# ── The grid ─────────────────────────────────────────────────────────────────

_ROWS: Final = {
    Assurance.CONSISTENT_FAIL: AssuranceIcon.FAIL,
    Assurance.INCONSISTENT: AssuranceIcon.INCONSISTENT,
    Assurance.CONSISTENT_PASS: AssuranceIcon.PASS,
}


def grid(brief: Brief, measures: Iterable[Measure]) -> Grid | None:
    """The measures by assurance and variation; None where none has both."""
    placed: dict[tuple[object, object], list[str]] = {}
    for measure in measures:
        chart = brief.trend(measure.id).chart
        if measure.variation is not None and measure.assurance is not None and chart is not None:
            placed.setdefault((chart.assurance, chart.variation), []).append(measure.short)
    if not placed:
        return None
    return Grid(
        columns=tuple(Icon(icon_svg(kind), words) for kind, words in GRID_COLUMNS.values()),
        rows=tuple(
            (icon(kind), tuple(GridCell(tuple(placed.get((row, column), ()))) for column in GRID_COLUMNS))
            for row, kind in _ROWS.items()
        ),
    )


# ── Data quality ─────────────────────────────────────────────────────────────


def findings(brief: Brief) -> tuple[FindingLine, ...]:
    """The findings of the period's returns by code, the gravest first.

    Their messages may quote numbers, so an audience that is kept from some reads the code's title alone.
    """
    groups: dict[tuple[int, str], list[Finding]] = {}
    for found in brief.checked.findings:
        groups.setdefault((_RANK.index(found.severity), found.code), []).append(found)
    return tuple(_line(brief, groups[key]) for key in sorted(groups))


def _line(brief: Brief, group: Sequence[Finding]) -> FindingLine:
    first = group[0]
    messages = {found.message for found in group}
    entry = CODES.get(first.code)
    title = f"{entry.title}." if entry is not None else first.message
    one_message = len(messages) == 1 and not brief.keeps_back
    return FindingLine(
        code=first.code,
        severity=first.severity.value,
        message=first.message if one_message else title,
        number="some" if brief.keeps_back else str(len(group)),
        where=_where(group) if brief.audience.case_cells and not brief.keeps_back else "",
    )


def _where(group: Sequence[Finding]) -> str:
    several = len({found.file for found in group}) > 1
    every = [
        f"{found.file}: {found.where}" if several and found.where != found.file else found.where
        for found in group
    ]
    places = [place for place in dict.fromkeys(every) if place]
    more = f" and {len(places) - _PLACES} more" if len(places) > _PLACES else ""
    return f"{', '.join(places[:_PLACES])}{more}"


def quality(brief: Brief) -> tuple[str, ...]:
    """What was read, what was not used, and what is in doubt or kept back."""
    read = returns_of(brief)
    used = [r.file for r in read if not r.refused and not r.replaced]
    said = [f"{many(len(used), 'return')} read: {', '.join(used)}." if used else "No return could be used."]
    said += [f"Refused: {r.file}; nothing of it was used." for r in read if r.refused and not r.replaced]
    said += [f"Corrected by another return: {r.file}; nothing of it was used." for r in read if r.replaced]
    earlier = len(brief.checked.run.returns) - len(read)
    if earlier:
        said.append(f"Behind the charts: {many(earlier, 'return')} of other months.")
    doubtful = [one for one in brief.told if _in_doubt(brief, one)]
    if doubtful and brief.keeps_back:
        said.append("Some rows are in doubt, and are counted against the measures.")
    elif doubtful:
        said.append(f"{many(len(doubtful), 'measure')} with rows in doubt: {_shorts(doubtful)}.")
    months = sum(not brief.open(one.id) and brief.figure(one.id) for one in brief.indicators)
    closed = sum(brief.disclosure[one.id].state and not brief.figure(one.id) for one in brief.indicators)
    if closed:
        said.append(f"The figures of {many(closed, 'measure')} are kept back; state and direction are told.")
    if months:
        said.append(f"Of {many(months, 'measure')} the single months are kept back.")
    return tuple(said)


def _in_doubt(brief: Brief, one: Indicator) -> bool:
    verdict = brief.escalated.now.verdicts[one.id]
    return verdict.reason is Reason.ROWS_IN_DOUBT or bool(verdict.measured and verdict.measured.in_doubt)


def _shorts(indicators: Iterable[Indicator]) -> str:
    return "; ".join(one.short for one in indicators)


# ── Sources and the run ──────────────────────────────────────────────────────


def sources(brief: Brief) -> tuple[Source, ...]:
    """Each document that the board's measures cite, the places, and how many readings are assumed."""
    found = []
    for document in brief.rulebook.documents.values():
        places = [
            Fact(one.short, f"{cited.at}: “{cited.figure}”{_assumed(one)}")
            for one in brief.indicators
            for cited in dict.fromkeys([one.source, *(step.source for step in one.targets)])
            if cited is not None and cited.document == document.id
        ]
        if places:
            found.append(Source(document.title, document.published, tuple(places)))
    return tuple(found)


def _assumed(indicator: Indicator) -> str:
    number = sum(reading.in_use and reading.status == "assumed" for reading in indicator.readings)
    return f" ({many(number, 'reading')} assumed)" if number else ""


def run(brief: Brief) -> tuple[Fact, ...]:
    """What made the report; nothing of the clock or the machine."""
    made = brief.checked.run
    own = returns_of(brief)
    earlier = [r for r in made.returns if r not in own]
    charts = (trend.chart for trend in brief.escalated.now.trends.values())
    profiles = sorted({chart.profile for chart in charts if chart is not None})
    facts = (
        Fact("Engine", f"kpi {made.engine_version}"),
        Fact("Rules", made.rulebook_digest[:_OF_RULES]),
        Fact("Returns", _digests(own) or "none"),
        Fact("Earlier returns", _digests(earlier)),
        Fact("Exceptions", brief.escalated.answered.engine),
        Fact("Charts", f"XmR, profile {', '.join(profiles)}" if profiles else ""),
        Fact("Audit log", made.audit_head),
    )
    return tuple(fact for fact in facts if fact.text)


def _digests(returns: Iterable[ReturnRead]) -> str:
    return ", ".join(f"{r.file} {r.digest[:_DIGITS]}" for r in returns)
