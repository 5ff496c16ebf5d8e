"""A trend as an SVG drawing: the months, the range to expect, the target in force, and the decisions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from kpi_engine.reports.icons import drawing, icon_svg
from kpi_engine.reports.page import plain
from kpi_engine.reports.svg import (
    BLUE,
    FONT,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    RED,
    TEXT,
    Shape,
    at,
    circle,
    cross,
    diamond,
    in_lines,
    label,
    path,
    square,
    triangle,
    xml,
)
from kpi_engine.reports.trend_words import (
    ICON_TITLES,
    assurance_mark,
    figure_words,
    month_words,
    parts_words,
    sentence_of,
    target_words,
    variation_mark,
)
from kpi_engine.reports.wording import REASON_WORDS, many
from kpi_engine.terms.period import YEAR, Period, in_words
from kpi_engine.variation import Evidence, Variation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kpi_engine.trend import Month, Trend
    from kpi_engine.variation import Chart, Point
    from kpi_engine.variation.charted import Figure

__all__ = ["icon_svg", "to_svg"]

# Units of the drawing. 520 across: at 340 pixels its letters are still 9 pixels high.
_WIDTH: Final = 520
_LEFT: Final = 26
_PLOT: Final = 160
_SMALL, _LINE = 13, 17
_LETTER: Final = Fraction(54, 100)  # of the type size: the mean width of a character, on the safe side
_LABELS_APART: Final = 16
_TICKS_APART: Final = 52
_CLEAR: Final = 20
_BAND: Final = "#EAEFF4"
_MOST_TICKS: Final = 6
_TICK_STEPS: Final = (1, 2, 3, 6, 12, 24, 60, 120)

_SHAPES = MappingProxyType(
    {
        Variation.COMMON_CAUSE: Shape("chance alone", INK, circle),
        Variation.IMPROVEMENT: Shape("improvement", BLUE, triangle),
        Variation.CONCERN: Shape("concern", ORANGE, diamond),
        Variation.NEUTRAL_HIGH: Shape("real change", PURPLE, square),
        Variation.NEUTRAL_LOW: Shape("real change", PURPLE, square),
        None: Shape("no verdict", INK, circle, filled=False),
    }
)
_GAP = Shape("no figure", GREY, cross, filled=False)


def to_svg(trend: Trend, *, heading: bool = True) -> str:
    """The trend's chart as one SVG document; the same bytes every time.

    It scales to any width, holds no script and refers to nothing outside, and tells the latest value and the
    state in words as its description. `heading` writes the measure's name and the icons above the plot.
    """
    top = 54 if heading else 16
    field = _Field.of(trend, top) if trend.chart is not None and trend.months else None
    below = top + _PLOT + 42 if field is not None else top + 8
    notes = _notes(trend, drawn=field is not None)
    key = _key(field.points, below) if field is not None else ""
    height = below + (_LINE if key else 0) + _LINE * len(notes)
    name = f"chart-{trend.measure}"
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc" font-family="{FONT}" font-size="{TEXT}" fill="{INK}">'
    )
    parts = [
        opening,
        f'<title id="{name}-title">{xml(title_of(trend))}</title>',
        f'<desc id="{name}-desc">{xml(described(trend))}</desc>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#FFFFFF"/>',
        *(_heading(trend) if heading else ()),
        *(_plot(trend, field) if field is not None else ()),
        key,
        *(
            label(note, _LEFT - 12, below + (_LINE if key else 0) + n * _LINE, size=_SMALL)
            for n, note in enumerate(notes)
        ),
        "</svg>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def title_of(trend: Trend) -> str:
    """The chart's name: the measure and its months."""
    if not trend.months:
        return plain(trend.short)
    first, last = trend.months[0].period.label, trend.months[-1].period.label
    return plain(f"{trend.short}, {first}" + ("" if first == last else f" to {last}"))


def described(trend: Trend) -> str:
    """The chart in words: the latest value, the states, the sentence."""
    said = []
    if trend.months:
        month = trend.months[-1]
        figure, parts = month_words(trend, month), parts_words(month)
        none = "no figure" if month.reason is None else f"no figure ({REASON_WORDS[month.reason]})"
        said.append(f"{month.period.label}: {f'{figure} ({parts})' if parts else figure or none}.")
        target, held = target_words(trend), assurance_mark(trend)
        said.append(f"Target: {target}." if target else "")
        said.append(f"Variation: {variation_mark(trend).words}.")
        said.append("" if held is None else f"Assurance: {held.words}.")
    said += [sentence_of(trend), trend.no_target]
    said += [f"Limits drawn anew from {r.first.label}: {r.reason}" for r in trend.rebases]
    return plain(" ".join(text for text in said if text))


# ── The field: from months and figures to places ─────────────────────────────


@dataclass(frozen=True, slots=True)
class _Field:
    """Where months and figures stand: x by the month's number, y by the figure."""

    points: tuple[Point, ...]
    right: Fraction
    top: int
    least: Fraction
    most: Fraction

    @classmethod
    def of(cls, trend: Trend, top: int) -> _Field:
        """The field that shows every figure, limit and target of the trend, with room for its labels."""
        points = trend.chart.points if trend.chart is not None else ()
        drawn = [x for p in points for x in (p.value, p.mean, p.lower, p.upper, p.target) if x is not None]
        least, most = Fraction(min(drawn)), Fraction(max(drawn))
        room = (most - least) / 16 or max(abs(most) / 10, Fraction(1, 10))
        widest = max((len(text) for _, text, _, _ in _end_labels(trend, points)), default=0)
        right = _WIDTH - 28 - widest * TEXT * _LETTER
        return cls(points, right, top, least - room, most + room)

    @property
    def step(self) -> Fraction:
        """From one month to the next."""
        return (self.right - _LEFT) / max(1, len(self.points) - 1)

    @property
    def bottom(self) -> int:
        """The plot's lower edge."""
        return self.top + _PLOT

    def x(self, n: int) -> Fraction:
        """The place of the n-th month; one month alone stands in the middle."""
        if len(self.points) == 1:
            return (_LEFT + self.right) / 2
        return _LEFT + n * self.step

    def reach(self, first: int, last: int) -> tuple[Fraction, Fraction]:
        """From half a month before the first to half a month after the last, within the plot."""
        half = self.step / 2 if len(self.points) > 1 else (self.right - _LEFT) / 2
        return max(Fraction(_LEFT), self.x(first) - half), min(self.right, self.x(last) + half)

    def y(self, figure: Figure) -> Fraction:
        """The place of a figure."""
        return self.top + (self.most - Fraction(figure)) / (self.most - self.least) * _PLOT


def _plot(trend: Trend, field: _Field) -> Iterator[str]:
    yield from _ranges(field)
    yield from _rebases(trend, field)
    yield from _targets(trend, field)
    yield from _line(field)
    yield from (_mark(field, n) for n in range(len(field.points)))
    yield from _months(field, trend.months)
    yield from _ends(trend, field)


# ── What is drawn ────────────────────────────────────────────────────────────


def _heading(trend: Trend) -> Iterator[str]:
    """The name, the latest figure, and the icons at the right."""
    chart = trend.chart
    icons = [i for i in (chart.variation_icon, chart.assurance_icon) if i is not None] if chart else []
    for n, icon in enumerate(icons):
        x = _WIDTH - 46 * (len(icons) - n)
        yield (
            f'<g transform="translate({x} 4) scale(0.65)"><title>{xml(ICON_TITLES[icon])}</title>'
            f"{drawing(icon)}</g>"
        )
    room = int((_WIDTH - 46 * len(icons) - _LEFT) / (16 * _LETTER))
    for n, line in enumerate(in_lines(trend.short, room)[:2]):
        yield label(line, _LEFT - 12, 20 + n * 18, size=16, bold=True)


def _ranges(field: _Field) -> Iterator[str]:
    """Each group's expected range as a band between dashed lines, and its average as a plain line."""
    for _, stretch in groupby(enumerate(field.points), key=lambda pair: pair[1].group):
        held = list(stretch)
        (first, point), last = held[0], held[-1][0]
        begin, end = field.reach(first, last)
        if point.lower is not None and point.upper is not None:
            high, low = field.y(point.upper), field.y(point.lower)
            yield (
                f'<rect x="{at(begin)}" y="{at(high)}" width="{at(end - begin)}" '
                f'height="{at(low - high)}" fill="{_BAND}"/>'
            )
            for y in (high, low):
                yield path(f"M{at(begin)} {at(y)}H{at(end)}", GREY, dash="3 3")
            if point.mean is not None:
                yield path(f"M{at(begin)} {at(field.y(point.mean))}H{at(end)}", GREY)


def _rebases(trend: Trend, field: _Field) -> Iterator[str]:
    """A line before the first month of each group, numbered as its reason below the chart."""
    numbers = {point.date: n for n, point in enumerate(field.points)}
    for n, rebase in enumerate(trend.rebases, start=1):
        number = numbers.get(rebase.first.end)
        if number:
            x = field.x(number) - field.step / 2
            yield path(f"M{at(x)} {field.top - 4}V{field.bottom}", INK, dash="1 3", width="1.5")
            yield label(f"R{n}", x, Fraction(field.top - 7), size=_SMALL, anchor="middle")


def _targets(trend: Trend, field: _Field) -> Iterator[str]:
    """The target in force at each month, as steps; an earlier step is labelled where it begins."""
    latest = field.points[-1].target
    for target, stretch in groupby(enumerate(field.points), key=lambda pair: pair[1].target):
        if target is None:
            continue
        held = [n for n, _ in stretch]
        begin, end = field.reach(held[0], held[-1])
        y = field.y(target)
        line = f"M{at(begin)} {at(y)}H{at(end)}"
        after = field.points[held[-1] + 1].target if held[-1] + 1 < len(field.points) else None
        if after is not None:
            line += f"V{at(field.y(after))}"
        yield path(line, RED, dash="8 4", width="2")
        if target != latest:
            text = f"{figure_words(trend, Fraction(target))} target"
            yield label(text, begin + 4, _clear_of(field, begin, y, text), size=_SMALL, colour=RED, halo=True)


def _clear_of(field: _Field, begin: Fraction, y: Fraction, text: str) -> Fraction:
    """The foot of a text above the line at `y`, or below it if fewer figures lie there."""
    end = begin + len(text) * _SMALL * _LETTER + field.step
    places = [
        field.y(point.value)
        for n, point in enumerate(field.points)
        if point.value is not None and begin - field.step <= field.x(n) <= end
    ]
    above, below = (sum(0 <= side * (place - y) < _CLEAR for place in places) for side in (-1, 1))
    return y - 5 if above <= below or y + _CLEAR > field.bottom else y + 14


def _line(field: _Field) -> Iterator[str]:
    """The figures joined by a line that breaks where one is missing."""
    for there, stretch in groupby(enumerate(field.points), key=lambda pair: pair[1].value is not None):
        places = [f"{at(field.x(n))} {at(field.y(p.value))}" for n, p in stretch if p.value is not None]
        if there and len(places) > 1:
            yield path("M" + "L".join(places), INK, width="2")


def _mark(field: _Field, n: int) -> str:
    """The n-th month's shape, as the key explains it; a cross at the foot where there is no figure."""
    point, x = field.points[n], field.x(n)
    if point.value is None:
        return _GAP.draw(x, Fraction(field.bottom - 6), _size(field))
    return _SHAPES[point.colour].draw(x, field.y(point.value), _size(field))


def _size(field: _Field) -> Fraction:
    return min(Fraction(9, 2), field.step * 2 / 5)


def _months(field: _Field, months: Sequence[Month]) -> Iterator[str]:
    """The foot of the plot, and the names of the latest month and of some before it."""
    base = field.bottom
    yield path(f"M{_LEFT} {base}H{at(field.right)}", GREY)
    last = len(months) - 1
    apart = next((s for s in _TICK_STEPS if last / s < _MOST_TICKS and field.step * s >= _TICKS_APART), YEAR)
    named = list(range(last, -1, -apart))
    if named[-1] * field.step >= _TICKS_APART:
        named.append(0)
    for n in named:
        x, month = field.x(n), months[n].period
        name = f"{month.label[:3]} {month.start.year % 100:02d}"
        yield path(f"M{at(x)} {base}v5", GREY)
        yield label(name, x, base + 19, size=_SMALL, anchor="middle")


def _end_labels(trend: Trend, points: Sequence[Point]) -> list[tuple[Fraction, str, str, bool]]:
    """What stands at the right edge: figure, its words, colour, and whether it is the latest figure."""
    latest = points[-1]
    month = trend.months[-1]
    named: list[tuple[Figure | None, str, str]] = [(latest.target, "target", RED)]
    if latest.lower != latest.upper:  # of equal figures alone both are the figure itself
        named += [
            (latest.upper, "upper limit", GREY),
            (latest.mean, "average", GREY),
            (latest.lower, "lower limit", GREY),
        ]
    found = [
        (Fraction(figure), f"{figure_words(trend, Fraction(figure))} {what}", colour, False)
        for figure, what, colour in named
        if figure is not None
    ]
    if month.value is not None:
        found.append((month.value, f"{month_words(trend, month)} latest", INK, True))
    return found


def _ends(trend: Trend, field: _Field) -> Iterator[str]:
    """The labels at the right edge, moved apart where they would touch, each tied to its line."""
    labels = sorted(_end_labels(trend, field.points), key=lambda label: (-label[0], label[1]))
    wanted = [field.y(figure) for figure, _, _, _ in labels]
    for (_, text, colour, bold), y, place in zip(labels, wanted, _apart(wanted, field), strict=True):
        right = field.right
        if abs(place - y) > 1 or bold:
            yield path(f"M{at(right + 6)} {at(y)}L{at(right + 15)} {at(place)}", colour)
        yield label(text, right + 18, place + 5, colour=colour, bold=bold)


def _apart(wanted: Sequence[Fraction], field: _Field) -> list[Fraction]:
    """Places near the wanted ones (in order), each far enough from the next."""
    places: list[Fraction] = []
    for y in wanted:
        places.append(max(y, places[-1] + _LABELS_APART) if places else max(y, Fraction(field.top)))
    limit = Fraction(field.bottom + 2)
    for n in range(len(places) - 1, -1, -1):
        places[n] = min(places[n], limit)
        limit = places[n] - _LABELS_APART
    return places


# ── Below the plot ───────────────────────────────────────────────────────────


def _key(points: Iterable[Point], y: int) -> str:
    """What each shape in the plot means, in one line."""
    points = list(points)
    colours = {point.colour for point in points if point.value is not None}
    shown = [shape for colour, shape in _SHAPES.items() if colour in colours]
    if any(point.value is None for point in points):
        shown.append(_GAP)
    drawn, x, told = "", Fraction(_LEFT - 6), set[str]()
    for shape in shown:
        if shape.words not in told:
            told.add(shape.words)
            drawn += shape.draw(x, Fraction(y - 5), Fraction(9, 2))
            drawn += label(shape.words, x + 10, y, size=_SMALL)
            x += 30 + len(shape.words) * _SMALL * Fraction(1, 2)
    return drawn


def _notes(trend: Trend, *, drawn: bool) -> list[str]:
    said = [] if drawn else [sentence_of(trend)]
    if trend.chart is not None and drawn:
        said += [
            f"R{n} {r.first.label}: limits drawn anew. {r.reason} Decided by {r.by}, {in_words(r.on)}."
            for n, r in enumerate(trend.rebases, start=1)
        ]
        said.append(trend.no_target)
        said.append(f"XmR chart, profile {trend.chart.profile}, {_basis(trend.chart)}.")
    return [line for text in said if text for line in in_lines(text, int(_WIDTH / (_SMALL * _LETTER)))]


def _basis(chart: Chart) -> str:
    since = next(p.date for p in chart.points if p.group == chart.points[-1].group)
    months = f"{many(chart.n, 'month')} since {Period.of(since).label}"
    if chart.evidence is Evidence.TOO_FEW:
        return f"{months}: too few for limits"
    return f"limits from {months}" + (" (trial limits)" if chart.evidence is Evidence.TRIAL else "")
