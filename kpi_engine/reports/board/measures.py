"""Each measure as the board sees it: its figure in words, its row, its chart."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from kpi_engine.reports.board.commentary import back_on_track, explained, lead
from kpi_engine.reports.board.pictures import picture_of
from kpi_engine.reports.board.report import (
    LOW,
    NOT_APPLICABLE,
    NOT_AVAILABLE,
    SUPPRESSED,
    Fact,
    Measure,
    Row,
)
from kpi_engine.reports.board.words import (
    DIRECTION_SENTENCES,
    KEPT_BACK,
    STATUS_WORDS,
    TREND_WORDS,
    capital,
    icon,
    state_badge,
)
from kpi_engine.reports.figures import exact, parts_shown, shown
from kpi_engine.reports.trend_words import month_words, sentence_of
from kpi_engine.reports.trend_words import parts_words as month_parts
from kpi_engine.reports.wording import (
    NOTE_WORDS,
    REASON_WORDS,
    aim,
    change_words,
    gap_words,
    held_words,
    is_signed,
    many,
    needed_words,
    parts_words,
    target_words,
    unit_of,
)
from kpi_engine.rulebook.book import Kind, Unit
from kpi_engine.terms.measurement import Reason, Source
from kpi_engine.terms.period import MONTH, QUARTER, in_words
from kpi_engine.terms.returned import Validated
from kpi_engine.terms.state import StateNote
from kpi_engine.terms.verdict import Status
from kpi_engine.variation import Evidence
from kpi_engine.verdicts.judge import judge_one

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kpi_engine.reports.board.brief import Brief
    from kpi_engine.rulebook.book import Indicator
    from kpi_engine.rulebook.book import Measure as Measured
    from kpi_engine.terms.measurement import Measurement
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.verdict import TargetInForce, Verdict
    from kpi_engine.trend import Trend


def anchor_of(indicator: str) -> str:
    """Where a measure stands in the report."""
    return f"measure-{indicator}"


def measure_of(brief: Brief, indicator: Indicator) -> Measure:
    """Everything the report says of one measure."""
    name = indicator.id
    trend, opened = brief.trend(name), brief.open(name)
    row = row_of(brief, indicator)
    drawn = trend.chart if opened and trend.months else None
    chart = trend.chart if brief.disclosure[name].state else None
    return Measure(
        id=name,
        anchor=row.anchor,
        title=indicator.title,
        short=indicator.short,
        badge=row.badge,
        note=_note(brief, indicator),
        headline=indicator.headline,
        figure=row.latest,
        facts=tuple(_facts(brief, indicator, row)),
        sentence=_sentence(brief, indicator),
        exceptions=_exceptions(brief, indicator),
        beside=tuple(_beside(brief, indicator)),
        details=(*explained(brief, indicator), _source(brief, indicator)),
        months=tuple(_months(brief, indicator)) if opened else (),
        picture=None if drawn is None else picture_of(trend, drawn, row.badge),
        no_picture="" if drawn is not None else _no_picture(brief, indicator),
        variation=icon(chart.variation_icon) if chart is not None and chart.variation_icon else None,
        assurance=icon(drawn.assurance_icon) if drawn is not None and drawn.assurance_icon else None,
        row=row,
    )


# ── Figures ──────────────────────────────────────────────────────────────────


def row_of(brief: Brief, indicator: Indicator) -> Row:
    """The measure in a table of measures."""
    name = indicator.id
    state, verdict = brief.state(name), brief.verdict(name)
    latest = _latest(brief, indicator)
    nothing = latest in {NOT_AVAILABLE, NOT_APPLICABLE}
    hidden = "" if nothing else SUPPRESSED
    seen = brief.figure(name) and not nothing
    return Row(
        anchor=anchor_of(name),
        measure=indicator.short,
        badge=KEPT_BACK if state is None else state_badge(state),
        target=target_words(aim(verdict), indicator),
        latest=latest,
        counts=_counts(brief, indicator) if seen else hidden,
        gap=gap_words(verdict, indicator) if seen else hidden,
        trend=_direction(brief, indicator),
        lead=lead(brief, indicator),
        back_on_track=back_on_track(brief, indicator),
        before=_before(brief, indicator),
    )


def figure_words(verdict: Verdict, indicator: Indicator) -> str:
    """The figure of a verdict as boards read it: whole per cent, but never against its verdict."""
    if verdict.value is None:
        return NOT_AVAILABLE
    measure = indicator.measure
    return _whole(verdict.value, unit_of(measure), aim(verdict), signed=is_signed(measure))


def _whole(value: Fraction, unit: Unit, target: TargetInForce | None = None, *, signed: bool = False) -> str:
    return shown(value, unit, target, signed=signed, places=0 if unit is Unit.PERCENT else 1)


def _latest(brief: Brief, indicator: Indicator) -> str:
    verdict = brief.verdict(indicator.id)
    if brief.state(indicator.id) is None:
        return SUPPRESSED
    if verdict.status is Status.NOT_ASSESSED:
        return NOT_APPLICABLE if verdict.reason is Reason.NOTHING_DUE else NOT_AVAILABLE
    if not brief.figure(indicator.id):
        return SUPPRESSED
    return LOW if brief.low(indicator.id) else figure_words(verdict, indicator)


def _counts(brief: Brief, indicator: Indicator) -> str:
    verdict = brief.verdict(indicator.id)
    if brief.low(indicator.id):
        return "" if verdict.denominator is None else f"{LOW} of {exact(verdict.denominator)}"
    return parts_words(verdict, indicator)


def _before(brief: Brief, indicator: Indicator) -> str:
    if brief.escalated.before is None:
        return ""
    verdict = brief.before(indicator.id)
    if verdict is None or brief.state(indicator.id) is None:
        return SUPPRESSED
    if verdict.status is Status.NOT_ASSESSED:
        return NOT_APPLICABLE if verdict.reason is Reason.NOTHING_DUE else NOT_AVAILABLE
    if brief.keeps_back and verdict.value == 0 and brief.audience.rounding > 1:
        return LOW
    return figure_words(verdict, indicator)


def _direction(brief: Brief, indicator: Indicator) -> str:
    """Whether it is really changing, in words: these are told of every measure whose state is."""
    chart = brief.trend(indicator.id).chart
    if brief.state(indicator.id) is None:
        return SUPPRESSED
    if chart is None or chart.variation is None:
        return TREND_WORDS[None]
    return TREND_WORDS[chart.variation] + (", on trial" if chart.evidence is Evidence.TRIAL else "")


def _sentence(brief: Brief, indicator: Indicator) -> str:
    trend = brief.trend(indicator.id)
    if brief.state(indicator.id) is None:
        return ""
    if brief.open(indicator.id):
        return f"{'Single months: ' if trend.rolling else ''}{sentence_of(trend)}"
    return DIRECTION_SENTENCES[trend.chart.variation if trend.chart is not None else None]


def _note(brief: Brief, indicator: Indicator) -> str:
    """What is said beside the state. Of a closed figure nothing: it would say more than the state does."""
    if not brief.figure(indicator.id):
        return ""
    verdict = brief.verdict(indicator.id)
    note = brief.escalated.now.states[indicator.id].note
    said = []
    if note is not StateNote.NOT_AT_THIS_RATE or brief.open(indicator.id):
        said.append(NOTE_WORDS[note])
    if verdict.status is Status.NOT_ASSESSED and verdict.reason is not None:
        said.append(REASON_WORDS[verdict.reason])
    if verdict.status in {Status.PASS, Status.FAIL} and verdict.validated is not Validated.YES:
        said.append("figures not validated")
    return capital("; ".join(text for text in said if text))


def _facts(brief: Brief, indicator: Indicator, row: Row) -> Iterator[str]:
    """The lines under the big figure."""
    verdict, name = brief.verdict(indicator.id), indicator.id
    first, last = verdict.window
    when = f"in {first.label}" if first == last else f"{first.label} to {last.label}"
    if not brief.figure(name):
        yield when + ("" if brief.state(name) is None else f": {_status(verdict)}")
    elif row.counts:
        yield f"{when} ({row.counts})"
    else:
        yield when
    yield from _target_facts(verdict, indicator)
    if row.before:
        yield f"{_last(brief.escalated.now.period)} {row.before}"
    if brief.open(name):
        yield from _range_facts(brief.trend(name))
    if brief.figure(name):
        yield from (text for text in (needed_words(verdict), held_words(verdict, indicator)) if text)
    if brief.in_full(name):
        yield from _doubt_facts(verdict, indicator)


def _status(verdict: Verdict) -> str:
    nothing_due = verdict.reason is Reason.NOTHING_DUE
    return REASON_WORDS[Reason.NOTHING_DUE] if nothing_due else STATUS_WORDS[verdict.status]


def _target_facts(verdict: Verdict, indicator: Indicator) -> Iterator[str]:
    target = aim(verdict)
    if target is None:
        yield "No target in force"
        return
    by = "" if target.by is None else f" by {in_words(target.by)}"
    coming = "" if verdict.target is not None else " to come"
    yield f"Target{coming} {target_words(target, indicator)}{by}"


def _range_facts(trend: Trend) -> Iterator[str]:
    latest = trend.chart.points[-1] if trend.chart is not None and trend.chart.points else None
    if latest is not None and latest.lower is not None and latest.upper is not None:
        low, high = (_whole(Fraction(limit), trend.unit) for limit in (latest.lower, latest.upper))
        yield f"Expected range{' of a single month' if trend.rolling else ''} {low} to {high}"


def _doubt_facts(verdict: Verdict, indicator: Indicator) -> Iterator[str]:
    """What only those may read who see everything: rows in doubt and left out, and what they would change."""
    measured = verdict.measured
    if measured is None:
        return
    if verdict.reason is Reason.ROWS_IN_DOUBT and verdict.value is not None and verdict.best is not None:
        target, unit = aim(verdict), unit_of(indicator.measure)
        least, greatest = sorted((verdict.value, verdict.best))
        yield f"{_whole(least, unit, target)} to {_whole(greatest, unit, target)}, as the rows in doubt fall"
    elif verdict.status is Status.NOT_ASSESSED and verdict.detail:
        yield verdict.detail
    if measured.in_doubt:
        yield f"{many(measured.in_doubt, 'row')} in doubt"
    if measured.left_out:
        yield f"{measured.left_out} left out"
    if measured.source is Source.COUNTS:
        yield "From counts: the return had no list of cases"
    if verdict.small:
        yield "Small numbers: a few cases move it far"


def _last(period: Period) -> str:
    return f"Last {'month' if period.length == MONTH else 'quarter' if period.length == QUARTER else 'year'}"


# ── What stands beside and behind ────────────────────────────────────────────


def _exceptions(brief: Brief, indicator: Indicator) -> tuple[Fact, ...]:
    """What was raised and why; of what is kept back, only that something was."""
    period = brief.escalated.now.period
    told = []
    for one in brief.exceptions():
        if one.indicator == indicator.id:
            change = "" if brief.escalated.before is None else f" ({change_words(one.change, period)})"
            told.append(Fact(f"{one.title}{change}", one.because))
    if not told and indicator.id in brief.raised_on() and brief.keeps_back:
        badge = state_badge(brief.escalated.now.states[indicator.id].state)
        told.append(Fact(badge.words, "what exactly raised this is kept back with the figures"))
    return tuple(told)


def _beside(brief: Brief, indicator: Indicator) -> Iterator[Fact]:
    """The figures beside; the longest wait is one child's, so only those who see everything read it."""
    figures = {one.measure: one for one in brief.verdict(indicator.id).beside}
    may = brief.disclosure[indicator.id].beside
    for side in indicator.beside:
        if side.id not in figures:
            continue
        one_persons = side.kind is Kind.LONGEST and brief.keeps_back
        allowed = may.get(side.id, False) and brief.figure(indicator.id) and not one_persons
        yield Fact(side.title, _side_words(brief, figures[side.id], side) if allowed else SUPPRESSED)


def _side_words(brief: Brief, measured: Measurement, side: Measured) -> str:
    low, high = measured.low, measured.high
    if measured.reason is not None or low is None or low.value is None:
        return capital(REASON_WORDS[measured.reason]) if measured.reason else NOT_AVAILABLE
    unit = Unit.NUMBER if is_signed(side) else unit_of(side)
    if brief.audience.rounding > 1 and not low.numerator:
        return LOW
    if high is not None and high.value is not None and high.value != low.value:
        if brief.keeps_back:
            return SUPPRESSED
        doubt = f"{many(measured.in_doubt, 'row')} in doubt"
        return f"{_whole(low.value, unit)} to {_whole(high.value, unit)} ({doubt})"
    parts = "" if low.denominator is None else f" ({parts_shown(low.numerator, low.denominator)})"
    return _whole(low.value, unit) + parts


def _months(brief: Brief, indicator: Indicator) -> Iterator[Fact]:
    """Of a quarter or a year: each month as it was judged by itself.

    Where counts are kept back, its own figure alone: a window ending in it may not follow from the months.
    """
    period, trend = brief.escalated.now.period, brief.trend(indicator.id)
    if period.length == MONTH:
        return
    own = {month.period: month for month in trend.months}
    for month in period.months:
        figure = ""
        if month in own:
            figure = _figure_and_counts(month_words(trend, own[month]), month_parts(own[month]))
        judged = "" if brief.keeps_back else _month_judged(brief, indicator, month)
        yield Fact(month.label, judged or figure or NOT_AVAILABLE)


def _month_judged(brief: Brief, indicator: Indicator, month: Period) -> str:
    """The month's verdict with its figure; empty while its quarter was not over."""
    book = brief.rulebook
    verdict = judge_one(
        indicator, month, brief.checked.measured, plan_start=book.plan.start, baselines=book.baselines
    )
    if verdict.reason is Reason.PERIOD_OPEN:
        return ""
    if verdict.status is Status.NOT_ASSESSED and verdict.reason is not None:
        return capital(REASON_WORDS[verdict.reason])
    if verdict.value is None:
        return ""
    figure = _figure_and_counts(figure_words(verdict, indicator), parts_words(verdict, indicator))
    return f"{figure}, {STATUS_WORDS[verdict.status]}"


def _figure_and_counts(figure: str, counts: str) -> str:
    return f"{figure} ({counts})" if figure and counts else figure


def _source(brief: Brief, indicator: Indicator) -> Fact:
    cited = indicator.source
    document = brief.rulebook.documents.get(cited.document)
    title = document.title if document is not None else cited.document
    return Fact("Source", f"{title}, {cited.at}: “{cited.figure}”")


def _no_picture(brief: Brief, indicator: Indicator) -> str:
    name = indicator.id
    if not brief.disclosure[name].months:
        return f"Not drawn. {brief.disclosure[name].reason}"
    if not brief.open(name):
        return "Not drawn: figures are rounded for this audience."
    trend = brief.trend(name)
    return sentence_of(trend) if trend.chart is None else "Not drawn: there is no figure yet."
