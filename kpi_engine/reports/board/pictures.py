"""A measure's chart: the drawing, its words, and the figures behind it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING

from kpi_engine.reports.board.report import Picture, Point
from kpi_engine.reports.chart import described, title_of, to_svg
from kpi_engine.reports.figures import number_shown
from kpi_engine.reports.trend_words import CAUSE_WORDS, aim, month_words, parts_words
from kpi_engine.reports.wording import REASON_WORDS
from kpi_engine.rulebook.book import Unit
from kpi_engine.variation import SpecialCause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kpi_engine.reports.board.report import Badge
    from kpi_engine.trend import Trend
    from kpi_engine.variation import Chart
    from kpi_engine.variation import Point as Drawn
    from kpi_engine.variation.charted import Figure

UNIT_WORDS = MappingProxyType(
    {Unit.PERCENT: "per cent", Unit.NUMBER: "number", Unit.DAYS: "days", Unit.RATE: "rate"}
)


def picture_of(trend: Trend, drawn: Chart, badge: Badge) -> Picture:
    """The drawing, the same in words, and each month in figures."""
    return Picture(
        svg=to_svg(trend, heading=False),
        title=title_of(trend),
        alt=f"{described(trend)} State: {badge.words}.",
        unit=UNIT_WORDS[trend.unit],
        points=tuple(_points(trend, drawn)),
    )


def _points(trend: Trend, drawn: Chart) -> Iterator[Point]:
    by_date: dict[object, Drawn] = {point.date: point for point in drawn.points}
    for month in trend.months:
        point = by_date.get(month.period.end)
        held = aim(trend, month)
        none = REASON_WORDS[month.reason] if month.reason is not None else "no figure"
        cause = point.special_cause if point is not None else None
        yield Point(
            period=str(month.period),
            label=month.period.label,
            value=None if month.value is None else Decimal(number_shown(month.value, trend.unit, held)),
            shown=month_words(trend, month) or none,
            counts=parts_words(month),
            target=None if held is None else _decimal(held.value, trend.unit),
            mean=_decimal(point.mean, trend.unit) if point is not None else None,
            lower=_decimal(point.lower, trend.unit) if point is not None else None,
            upper=_decimal(point.upper, trend.unit) if point is not None else None,
            flag="" if cause in {None, SpecialCause.COMMON_CAUSE} else CAUSE_WORDS[SpecialCause(str(cause))],
        )


def _decimal(figure: Figure | None, unit: Unit) -> Decimal | None:
    return None if figure is None else Decimal(number_shown(Fraction(figure), unit))
