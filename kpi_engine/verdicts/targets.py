"""Which step of a target judges a period, and what it takes to meet it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kpi_engine.rulebook.book import Kind, Operator, Unit

if TYPE_CHECKING:
    from datetime import date
    from fractions import Fraction

    from kpi_engine.rulebook.book import Indicator, Measure, Target
    from kpi_engine.terms.measurement import Measurement, Parts
    from kpi_engine.terms.period import Period


@dataclass(frozen=True, slots=True)
class Step:
    """A target's step with its exact figure. `by` None: the plan gives no date."""

    op: Operator
    value: Fraction
    by: date | None

    def met(self, value: Fraction) -> bool:
        """Whether `value` meets it, exactly."""
        if self.op is Operator.AT_LEAST:
            return value >= self.value
        return value > self.value if self.op is Operator.MORE_THAN else value <= self.value


def in_force(indicator: Indicator, period: Period, plan_start: date) -> tuple[Target | None, Target | None]:
    """The step that judges `period` (the latest begun, unless it has ended), and the next to come.

    A target is due for every period whose last day is on or after its date; an
    undated one from the start of the plan.
    """
    steps = sorted(indicator.targets, key=lambda t: t.by or plan_start)
    begun = [t for t in steps if (t.by or plan_start) <= period.end]
    coming = next((t for t in steps if t not in begun), None)
    latest = begun[-1] if begun else None
    ended = latest is not None and latest.end is not None and latest.end < period.end
    return (None if ended else latest), coming


def step_of(target: Target | None, measured: Measurement) -> Step | None:
    """The step with its figure: declared, or stated by the return's own row; None where none is stated."""
    if target is None:
        return None
    value = measured.stated_target if target.column is not None else target.value
    return None if value is None else Step(target.op, value, target.by)


def needed(measure: Measure, parts: Parts | None, step: Step | None, baseline: Fraction | None) -> int | None:
    """The fewest rows that would have to turn for the figure to meet `step`; None where rows cannot say."""
    goal = None if step is None or parts is None else _goal(measure, parts, step, baseline)
    if goal is None or parts is None or step is None:
        return None
    if step.op is Operator.AT_MOST:
        return max(0, math.ceil(parts.numerator - goal))
    wanted = math.ceil(goal) if step.op is Operator.AT_LEAST else math.floor(goal) + 1
    if parts.denominator is not None and wanted > parts.denominator:
        return None
    return max(0, math.ceil(wanted - parts.numerator))


def _goal(measure: Measure, parts: Parts, step: Step, baseline: Fraction | None) -> Fraction | None:
    """The numerator at which the target stands."""
    if measure.kind in (Kind.STATED, Kind.LONGEST) or measure.weight is not None:
        return None
    if measure.kind is not Kind.CHANGE:
        return step.value * (parts.denominator if parts.denominator is not None else 1)
    if baseline is None:
        return None
    return baseline * (1 + step.value) if measure.change_as is Unit.PERCENT else baseline + step.value
