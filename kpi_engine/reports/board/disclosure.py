"""What a board's audience may see of each measure, decided before anything is worded.

The reader to keep counts from holds this pack and every earlier one of the board, the targets, the
baselines, the rules and this program. Counts of 1 to the audience's threshold are kept back
(numerators, and denominators less numerators, so denominators too) in every figure that is printed
or follows from what is printed. For each measure the most open level is chosen at which none follows.

A figure kept back hints at its size. So the reader is held to have guessed the size of every month
(nobody, a small number, more), and must still be left several counts for each small one; reasons are
the same at any amount; and a state is left unsaid where either answer would narrow a count. Not
ruled out: who runs this program on every history that there could be, and drops those that would
have been shown otherwise, can in rare cases be left with one. Tests do that on short histories.
Rounding only takes from what is known, so nothing is opened for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from kpi_engine.reports.board.inference import Small, is_small
from kpi_engine.reports.board.printable import (
    Edition,
    Printable,
    Series,
    printable,
    printable_beside,
    series_of,
)
from kpi_engine.reports.board.reader import (
    Reader,
    before_pack,
    figure_of,
    is_safe,
    kept_back,
    leaves_room,
    new_reader,
    told_sizes,
    with_every_month,
    with_figure,
    with_told,
)
from kpi_engine.reports.board.side_by_side import (
    Ledger,
    clash,
    known_wholes,
    lines_of,
    new_ledger,
    one_answer,
    write,
)
from kpi_engine.rulebook.pack import ZeroRule
from kpi_engine.terms.measurement import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kpi_engine.rulebook.book import Indicator, Measure, RuleBook
    from kpi_engine.rulebook.pack import Audience
    from kpi_engine.terms.measured import Measured
    from kpi_engine.terms.measurement import Measurement
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.verdict import Verdict

__all__ = ["Disclosure", "Edition", "Level", "disclosures", "rounded"]


class Level(StrEnum):
    """How much of a measure is shown."""

    OPEN = "open"  # everything: figure, counts, each month, last period
    WINDOW = "window"  # the judged figure and its counts; no month's own, no chart
    CLOSED = "closed"  # state and direction, in words


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What may be shown of one measure in one pack.

    `state`: whether its target is met, missed or on course may be said; without it nothing may be that
    follows from that, nor a tally that counts it. `last`: the figure of the period before may stand
    beside. `doubt`: numbers of rows in doubt or left out, ranges, and the verdict's `detail` may be
    printed. `beside`: whether each figure beside the measure is shown, by id. `reason` is in plain words
    and tells no more than the level does. Of a closed figure not even `Verdict.small` may be told.
    """

    indicator: str
    level: Level
    state: bool
    last: bool
    doubt: bool
    reason: str
    beside: Mapping[str, bool]

    @property
    def figure(self) -> bool:
        """Whether the judged figure, its counts, gap and needed may be shown."""
        return self.level is not Level.CLOSED

    @property
    def months(self) -> bool:
        """Whether each month's own figure, the chart, its mean and limits may be shown."""
        return self.level is Level.OPEN


def disclosures(  # noqa: PLR0913, PLR0917  (the pack, who reads it, and how its earlier ones were judged)
    rulebook: RuleBook,
    measured: Measured,
    periods: Sequence[Period],
    audience: Audience,
    measures: Sequence[str],
    verdicts_at: Callable[[Period], Iterable[Verdict]],
    earlier: Sequence[Edition] = (),
) -> Mapping[str, Disclosure]:
    """What the pack of the last of `periods` may show of each of `measures`.

    `periods` are all of the board's cadence from the first that was measured to the judged one.
    `earlier` are packs that went out with figures corrected since, first to last. All measures of the
    rulebook are decided on, whichever are asked for: so boards of one audience and cadence agree.
    """
    if audience.threshold == 0:
        return {one: _all_shown(rulebook.indicators[one]) for one in measures}
    now = (Edition(p, {v.indicator: v for v in verdicts_at(p)}, measured) for p in sorted(periods))
    editions = (*earlier, *now)
    desk = _desk(rulebook, audience, editions)
    decided: Mapping[str, Disclosure] = {}
    for edition in editions:
        decided = _decide(desk, edition)
    return {one: decided[one] for one in measures}


def rounded(count: Fraction, audience: Audience) -> Fraction:
    """The count to the audience's multiple, half up; percentages are made of rounded counts."""
    step = audience.rounding
    return Fraction(math.floor(count / step + Fraction(1, 2)) * step) if step > 1 else count


def _all_shown(indicator: Indicator) -> Disclosure:
    return Disclosure(
        indicator=indicator.id,
        level=Level.OPEN,
        state=True,
        last=True,
        doubt=True,
        reason="",
        beside={side.id: True for side in indicator.beside},
    )


_REASONS: Final = {
    Level.OPEN: "",
    Level.WINDOW: "The months are kept back: a small count could be worked out from them.",
    Level.CLOSED: "The figure is kept back: a small count could be worked out from it.",
}
_SILENT: Final = "Figure and state are kept back: a small count could be worked out from them."
_WITHOUT_COUNTS: Final = "The figure is kept back: it comes without counts, and may be of one person."


# ── Deciding pack after pack ─────────────────────────────────────────────────


@dataclass(slots=True)
class _Desk:
    """What went out so far: what its reader knows, counts printed, states said of closed figures."""

    indicators: Sequence[Indicator]
    series: Mapping[str, Series]
    small: Mapping[str, Small]
    readers: dict[str, Reader]
    ledger: Ledger
    shown: dict[str, Period]
    before: Period | None = None


@dataclass(frozen=True, slots=True)
class _Decided:
    """One measure in one pack."""

    level: Level
    state: bool = True
    last: bool = False


def _desk(rulebook: RuleBook, audience: Audience, editions: Sequence[Edition]) -> _Desk:
    """Nothing has gone out yet; the headline measures choose first where two cannot both be shown."""
    indicators = sorted(rulebook.indicators.values(), key=lambda one: not one.headline)
    records = list({id(e.measured): e.measured for e in editions}.values())
    series: dict[str, Series] = {}
    for one in indicators:
        verdicts = [e.verdicts[one.id] for e in editions]
        series[one.id] = series_of(one.measure, one.better, records, [v.measured for v in verdicts])
        for side in one.beside:
            figures = [b for v in verdicts for b in v.beside if b.measure == side.id]
            series[side.id] = series_of(side, one.better, records, figures)
    zero = audience.zero is ZeroRule.SUPPRESSED or audience.threshold == 1  # else a mark would say: 1
    return _Desk(
        indicators=indicators,
        series=series,
        small={name: Small(audience.threshold, zero, one.unit) for name, one in series.items()},
        readers={name: new_reader(one) for name, one in series.items() if one.parts},
        ledger=new_ledger(m for one in indicators if one.disclosive for m in (one.measure, *one.beside)),
        shown={},
    )


def _decide(desk: _Desk, edition: Edition) -> dict[str, Disclosure]:
    """The next pack; the figures beside measures yield to all measures."""
    decided = {one.id: _of_measure(desk, one, edition) for one in desk.indicators}
    found = {}
    for one in desk.indicators:
        this = decided[one.id]
        beside = {b.measure: b for b in edition.verdicts[one.id].beside}
        found[one.id] = Disclosure(
            indicator=one.id,
            level=this.level,
            state=this.state,
            last=this.last,
            doubt=not one.disclosive,
            reason=_reason(desk, one, this),
            beside={
                side.id: not one.disclosive
                or (this.level is not Level.CLOSED and _of_beside(desk, side, edition, beside.get(side.id)))
                for side in one.beside
            },
        )
    desk.before = edition.period
    return found


def _reason(desk: _Desk, indicator: Indicator, this: _Decided) -> str:
    if this.level is Level.CLOSED and desk.series[indicator.id].parts == 0:
        return _WITHOUT_COUNTS
    return _REASONS[this.level] if this.state else _SILENT


def _of_measure(desk: _Desk, indicator: Indicator, edition: Edition) -> _Decided:
    """The most open level at which the reader learns no small count."""
    series, small = desk.series[indicator.id], desk.small[indicator.id]
    if not indicator.disclosive:
        return _Decided(Level.OPEN, last=desk.before is not None)
    if not series.parts:
        return _Decided(Level.CLOSED)
    verdict = edition.verdicts[indicator.id]
    seen = printable(series, edition, verdict)
    reader = before_pack(desk.readers[indicator.id], series, seen)
    as_it_was = len(reader.replaced) == len(desk.readers[indicator.id].replaced)
    for level in (Level.OPEN, Level.WINDOW):
        shown = _shown(reader, series, seen, small, level)
        lines = list(lines_of(series, seen, months=level is Level.OPEN))
        if shown is None or clash(desk.ledger, lines, small):
            continue
        write(desk.ledger, lines)
        desk.readers[indicator.id] = shown
        again = desk.shown.get(indicator.id) == desk.before and as_it_was
        if seen.figure is not None:
            desk.shown[indicator.id] = edition.period
        every = level is Level.OPEN and series.start is None
        return _Decided(level, last=desk.before is not None and (again or every))
    told, state = _closed(desk, series, seen, reader, verdict)
    desk.readers[indicator.id] = kept_back(told, seen, small)
    return _Decided(Level.CLOSED, state)


def _shown(reader: Reader, series: Series, seen: Printable, small: Small, level: Level) -> Reader | None:
    """The reader who is shown that much; None where a small count is printed, or follows."""
    printed = [seen.figure] if seen.figure is not None else []
    if level is Level.OPEN:
        printed += [*(own for own in seen.own if own is not None), *seen.doubtful]
    if any(is_small(counts, small) for counts in printed):
        return None
    if level is Level.OPEN:
        every = None if _late_rows(series, seen, small) else with_every_month(reader, series, seen)
        return every if every is not None and is_safe(every, small) else None
    answers = {None: (), True: seen.if_met, False: seen.if_missed}
    told = with_told(with_figure(reader, series, seen), answers[seen.met])
    return told if told is not None and is_safe(told, small) and leaves_room(told, seen, small) else None


def _late_rows(series: Series, seen: Printable, small: Small) -> bool:
    """Whether a window counted anew differs from its months, as they were counted, by a small count."""
    months = [own for own in seen.own[seen.first : seen.after] if own is not None]
    if series.start is None or seen.figure is None or len(months) < seen.after - seen.first:
        return False
    late = [count - sum(own[part] for own in months) for part, count in enumerate(seen.figure)]
    return any(0 < abs(one) <= small.threshold * small.unit for one in (*late, sum(late)))


def _closed(
    desk: _Desk, series: Series, seen: Printable, reader: Reader, verdict: Verdict
) -> tuple[Reader, bool]:
    """The reader who is shown no figure, and whether the state may be said.

    It may not where either answer would tell a count: silence must not answer in its place.
    """
    small, name = desk.small[series.measure.id], series.measure.id
    if verdict.reason is Reason.NOTHING_DUE:
        told = with_told(reader, figure_of(seen))
        return (told, True) if told is not None and is_safe(told, small) else (reader, False)
    if seen.met is None:
        return reader, True
    if series.parts == 1:
        guessed = told_sizes(reader, seen, small)
        possible = [guessed and with_told(guessed, facts) for facts in (seen.if_met, seen.if_missed)]
        return reader, possible.count(None) == 1
    answers = [with_told(reader, facts) for facts in (seen.if_met, seen.if_missed)]
    target = verdict.target or verdict.coming
    place = (series.measure.table, seen.covered)
    wholes = known_wholes(desk.ledger, place, name)
    if any(answer is not None and not is_safe(answer, small) for answer in answers) or (
        target is not None and any(one_answer(whole, target, small) for whole in wholes)
    ):
        return reader, False
    if target is not None:
        desk.ledger.said[place].append((name, target))
    return answers[0 if seen.met else 1] or reader, True


def _of_beside(desk: _Desk, side: Measure, edition: Edition, figure: Measurement | None) -> bool:
    """Whether a figure beside a shown measure may be printed too."""
    series, small = desk.series[side.id], desk.small[side.id]
    if figure is None or not series.parts:
        return False
    if figure.reason not in {None, Reason.NOTHING_DUE}:
        return True  # it has no number: the reason is said
    seen = printable_beside(series, edition, figure)
    reader = before_pack(desk.readers[side.id], series, seen)
    shown = _shown(reader, series, seen, small, Level.WINDOW)
    lines = list(lines_of(series, seen, months=False))
    if shown is None or seen.in_doubt or clash(desk.ledger, lines, small, every=True):
        desk.readers[side.id] = kept_back(reader, seen, small)
        return False
    desk.readers[side.id] = shown
    write(desk.ledger, lines)
    return True
