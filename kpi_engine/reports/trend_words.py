"""What is said of a trend, the same words in every output."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from kpi_engine.reports.figures import parts_shown, shown, target_shown
from kpi_engine.reports.wording import Mark
from kpi_engine.rulebook.book import Operator
from kpi_engine.terms.period import Period
from kpi_engine.terms.verdict import TargetInForce
from kpi_engine.variation import (
    Assurance,
    AssuranceIcon,
    Evidence,
    Rule,
    SpecialCause,
    Variation,
    VariationIcon,
    sentence,
)

if TYPE_CHECKING:
    from datetime import date
    from fractions import Fraction

    from kpi_engine.trend import Month, Trend
    from kpi_engine.variation import Chart, Flag

# The letters of the icons: a state is never told by colour alone. `~` is a state on trial limits.
VARIATION_MARKS = MappingProxyType(
    {
        VariationIcon.COMMON_CAUSE: Mark("○", "no change", ""),
        VariationIcon.IMPROVEMENT_HIGH: Mark("H", "improving", "blue"),
        VariationIcon.IMPROVEMENT_LOW: Mark("L", "improving", "blue"),
        VariationIcon.CONCERN_HIGH: Mark("H", "worsening", "yellow"),
        VariationIcon.CONCERN_LOW: Mark("L", "worsening", "yellow"),
        VariationIcon.NEUTRAL_HIGH: Mark("H", "higher", "magenta"),
        VariationIcon.NEUTRAL_LOW: Mark("L", "lower", "magenta"),
    }
)
ASSURANCE_MARKS = MappingProxyType(
    {
        AssuranceIcon.PASS: Mark("P", "will meet", "blue"),
        AssuranceIcon.FAIL: Mark("F", "will miss", "yellow"),
        AssuranceIcon.INCONSISTENT: Mark("?", "may miss", ""),
    }
)
ICON_TITLES = MappingProxyType(
    {
        VariationIcon.COMMON_CAUSE: "Variation: no real change",
        VariationIcon.IMPROVEMENT_HIGH: "Variation: improving, the figure is high",
        VariationIcon.IMPROVEMENT_LOW: "Variation: improving, the figure is low",
        VariationIcon.CONCERN_HIGH: "Variation: worsening, the figure is high",
        VariationIcon.CONCERN_LOW: "Variation: worsening, the figure is low",
        VariationIcon.NEUTRAL_HIGH: "Variation: higher than before",
        VariationIcon.NEUTRAL_LOW: "Variation: lower than before",
        AssuranceIcon.PASS: "Assurance: the target can be expected to be met",
        AssuranceIcon.FAIL: "Assurance: the target will not be met without a change",
        AssuranceIcon.INCONSISTENT: "Assurance: the target will be met in some months and missed in others",
    }
)
_TRIAL_VARIATION = MappingProxyType(
    {
        Variation.COMMON_CAUSE: Mark("~", "no change", ""),
        Variation.IMPROVEMENT: Mark("~", "improving", "blue"),
        Variation.CONCERN: Mark("~", "worsening", "yellow"),
        Variation.NEUTRAL_HIGH: Mark("~", "higher", "magenta"),
        Variation.NEUTRAL_LOW: Mark("~", "lower", "magenta"),
    }
)
_TRIAL_ASSURANCE = MappingProxyType(
    {
        Assurance.CONSISTENT_PASS: Mark("~", "will meet", "blue"),
        Assurance.CONSISTENT_FAIL: Mark("~", "will miss", "yellow"),
        Assurance.INCONSISTENT: Mark("~", "may miss", ""),
    }
)
RULE_WORDS = MappingProxyType(
    {
        Rule.OUTSIDE: "outside the expected range",
        Rule.TREND: "7 months or more rising or falling without a break",
        Rule.TWO_IN_THREE: "2 of 3 months near one end of the expected range",
        Rule.RUN: "7 months or more on one side of the average",
    }
)
CAUSE_WORDS = MappingProxyType(
    {
        SpecialCause.ABOVE_LIMIT: "above the expected range",
        SpecialCause.BELOW_LIMIT: "below the expected range",
        SpecialCause.RISING: "rising without a break",
        SpecialCause.FALLING: "falling without a break",
        SpecialCause.NEAR_ABOVE: "near the upper end of the expected range",
        SpecialCause.NEAR_BELOW: "near the lower end of the expected range",
        SpecialCause.RUN_ABOVE: "all above the average",
        SpecialCause.RUN_BELOW: "all below the average",
        SpecialCause.COMMON_CAUSE: "not flagged",
    }
)


def sentence_of(trend: Trend) -> str:
    """What the chart says, or why there is none: one sentence."""
    if trend.chart is None:
        return " ".join(fault.message for fault in trend.faults)
    if not trend.months:
        return "No figure yet."
    said = sentence(trend.chart, show=lambda value, places: shown(value, trend.unit, places=places))
    if trend.op is Operator.MORE_THAN:
        said = said.replace("the target of ", "the target of more than ", 1)
    return said


def variation_mark(trend: Trend) -> Mark:
    """Whether the figure is really changing: a letter or shape, and a word."""
    drawn = trend.chart
    if drawn is None:
        return Mark("–", "fault", "")
    if drawn.variation_icon is not None:
        return VARIATION_MARKS[drawn.variation_icon]
    return (
        Mark("–", _why_not(trend, drawn), "")
        if drawn.variation is None
        else _TRIAL_VARIATION[drawn.variation]
    )


def assurance_mark(trend: Trend) -> Mark | None:
    """Whether the target can be expected to be met; None for a figure beside, which has no target."""
    drawn = trend.chart
    if trend.beside:
        return None
    if drawn is None:
        return Mark("–", "fault", "")
    if drawn.assurance_icon is not None:
        return ASSURANCE_MARKS[drawn.assurance_icon]
    if drawn.assurance is not None:
        return _TRIAL_ASSURANCE[drawn.assurance]
    return Mark("–", "no target" if trend.no_target else _why_not(trend, drawn), "")


def figure_words(trend: Trend, value: Fraction, target: TargetInForce | None = None) -> str:
    """A figure of the series in its unit."""
    return shown(value, trend.unit, target)


def month_words(trend: Trend, month: Month) -> str:
    """A month's figure, never against its target; empty if there is none."""
    return "" if month.value is None else shown(month.value, trend.unit, aim(trend, month))


def parts_words(month: Month) -> str:
    """What a share was out of: `17 of 20`; empty for a count."""
    if month.value is None or month.parts is None or month.parts.denominator is None:
        return ""
    return parts_shown(month.parts.numerator, month.parts.denominator)


def target_words(trend: Trend) -> str:
    """The target in force at the latest month: `at least 85%`; empty if there is none."""
    held = aim(trend, trend.months[-1]) if trend.months else None
    return "" if held is None else target_shown(held, trend.unit)


def aim(trend: Trend, month: Month) -> TargetInForce | None:
    """The target that the month's figure is held against."""
    if trend.op is None or month.target is None:
        return None
    return TargetInForce(trend.op.value, month.target, None)


def span_words(first: date, last: date) -> str:
    """The months from one date to another: `April 2023 to March 2025`."""
    begin, end = Period.of(first).label, Period.of(last).label
    return begin if begin == end else f"{begin} to {end}"


def latest_flag(drawn: Chart) -> Flag | None:
    """The flag on the latest month, if it has one."""
    latest = drawn.flags[-1] if drawn.flags else None
    return latest if latest is not None and latest.date == drawn.points[-1].date else None


def _why_not(trend: Trend, drawn: Chart) -> str:
    if not trend.months or drawn.evidence is Evidence.TOO_FEW:
        return "too few"
    return "no figure" if trend.months[-1].value is None else "no range"
