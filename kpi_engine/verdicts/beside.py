"""What the figures beside a measure warn of: a target met while the figure behind it falls."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from kpi_engine.terms.codes import finding
from kpi_engine.terms.verdict import Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.finding import Finding


def falls_beneath(
    rulebook: RuleBook, verdicts: Sequence[Verdict], before: Mapping[str, Verdict]
) -> tuple[Finding, ...]:
    """A finding where a target is met while the figure declared beside it fell since the last period."""
    found = []
    for verdict in verdicts:
        indicator = rulebook.indicators[verdict.indicator]
        now = _beside_value(verdict, indicator.warn_if_falls)
        then = _beside_value(before.get(verdict.indicator), indicator.warn_if_falls)
        if verdict.status is Status.PASS and now is not None and then is not None and now < then:
            side = next(m for m in indicator.beside if m.id == indicator.warn_if_falls)
            found.append(
                finding(
                    "R390",
                    measure=indicator.short,
                    beside=side.title,
                    now=_percent(now),
                    then=_percent(then),
                )
            )
    return tuple(found)


def _beside_value(verdict: Verdict | None, measure_id: str | None) -> Fraction | None:
    if verdict is None or measure_id is None:
        return None
    side = next((m for m in verdict.beside if m.measure == measure_id), None)
    return side.low.value if side is not None and side.low is not None else None


def _percent(value: Fraction) -> str:
    return f"{math.floor(value * 1000 + Fraction(1, 2)) / 10:.1f}%"
