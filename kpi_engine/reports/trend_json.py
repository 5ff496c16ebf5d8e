"""Trends as JSON: for `kpi trend --format json`, and as the keys `variation` and `assurance` of a measure."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from kpi_engine.reports.figures import exact
from kpi_engine.reports.records import Json, written
from kpi_engine.reports.trend_words import latest_flag, sentence_of
from kpi_engine.rulebook.book import Unit
from kpi_engine.terms.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from kpi_engine.terms.finding import Finding
    from kpi_engine.trend import Month, Trend
    from kpi_engine.variation import Flag, Point
    from kpi_engine.variation.charted import Figure

SCHEMA = "kpi-trend/1"


def trends_json(trends: Iterable[Trend]) -> str:
    """One object: the trends with their months, amounts as exact text in the unit of the series."""
    return written({"schema": SCHEMA, "measures": [_trend(trend) for trend in trends]})


def variation_record(trend: Trend) -> Json:
    """Whether the figure is really changing, by which rule, and what it was held against.

    `kind` and `icon` are null where the months cannot carry them; `evidence` says how many there are.
    """
    drawn, unit = trend.chart, trend.unit
    latest = drawn.points[-1] if drawn is not None and drawn.points else None
    flag = latest_flag(drawn) if drawn is not None and latest is not None else None
    wholes = trend.denominators
    return {
        "kind": _text(drawn.variation) if drawn else None,
        "icon": _text(drawn.variation_icon) if drawn else None,
        "sentence": sentence_of(trend),
        "profile": drawn.profile if drawn else None,
        "evidence": _text(drawn.evidence) if drawn else None,
        "months": drawn.n if drawn else 0,
        "since": _since(trend, latest),
        "mean": _amount(latest.mean, unit) if latest else None,
        "lower": _amount(latest.lower, unit) if latest else None,
        "upper": _amount(latest.upper, unit) if latest else None,
        "unit": unit.value,
        "rule": None if flag is None else _flag(flag),
        "denominators": {"least": min(wholes), "greatest": max(wholes)} if wholes else None,
        "rebases": [
            {"first": str(r.first), "reason": r.reason, "by": r.by, "on": r.on.isoformat()}
            for r in trend.rebases
        ],
        "suggested_rebase": _month(drawn.suggested_rebase) if drawn else None,
        "warnings": [_finding(one) for one in trend.warnings],
        "faults": [_finding(one) for one in trend.faults],
    }


def assurance_record(trend: Trend) -> Json:
    """Whether the target can be expected to be met, and which; `why_no_target` is empty if one is."""
    drawn = trend.chart
    aim = trend.months[-1].target if trend.months else None
    held = trend.op is not None and aim is not None
    return {
        "kind": _text(drawn.assurance) if drawn else None,
        "icon": _text(drawn.assurance_icon) if drawn else None,
        "target": {"op": str(trend.op), "value": _amount(aim, trend.unit)} if held else None,
        "why_no_target": trend.no_target,
    }


def _trend(trend: Trend) -> Json:
    drawn: dict[date, Point] = {point.date: point for point in trend.chart.points} if trend.chart else {}
    return {
        "id": trend.measure,
        "indicator": trend.indicator,
        "title": trend.title,
        "short": trend.short,
        "beside": trend.beside,
        "unit": trend.unit.value,
        "rolling": trend.rolling,
        "variation": variation_record(trend),
        "assurance": assurance_record(trend),
        "points": [_point(month, drawn.get(month.period.end), trend.unit) for month in trend.months],
        "flags": [
            {"period": _month(flag.date), **_flag(flag)}
            for flag in (trend.chart.flags if trend.chart else ())
        ],
    }


def _point(month: Month, drawn: Point | None, unit: Unit) -> Json:
    parts = month.parts
    return {
        "period": str(month.period),
        "value": _amount(month.value, unit),
        "numerator": _amount(parts.numerator) if parts else None,
        "denominator": _amount(parts.denominator) if parts else None,
        "reason": _text(month.reason),
        "in_doubt": month.in_doubt,
        "target": _amount(month.target, unit),
        "group": drawn.group if drawn else None,
        "mean": _amount(drawn.mean, unit) if drawn else None,
        "lower": _amount(drawn.lower, unit) if drawn else None,
        "upper": _amount(drawn.upper, unit) if drawn else None,
        "special_cause": _text(drawn.special_cause) if drawn else None,
        "variation": _text(drawn.colour) if drawn else None,
    }


def _flag(flag: Flag) -> Json:
    return {
        "rule": flag.rule.value,
        "special_cause": flag.special_cause.value,
        "first": _month(flag.window[0]),
        "last": _month(flag.window[-1]),
    }


def _since(trend: Trend, latest: Point | None) -> str | None:
    if trend.chart is None or latest is None:
        return None
    return next((_month(point.date) for point in trend.chart.points if point.group == latest.group), None)


def _finding(finding: Finding) -> Json:
    return {"code": finding.code, "message": finding.message, "fix": finding.fix}


def _month(day: date | None) -> str | None:
    return None if day is None else str(Period.of(day))


def _text(word: str | None) -> str | None:
    return None if word is None else str(word)


def _amount(value: Figure | None, unit: Unit = Unit.NUMBER) -> str | None:
    return None if value is None else exact(Fraction(value), unit)
