"""What the figures beside a measure warn of: a target met while the figure behind it falls."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from kpi_engine.terms.codes import finding
from kpi_engine.terms.verdict import Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kpi_engine.rulebook.book import Indicator, RuleBook
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.measurement import Measurement


def falls_beneath(
    rulebook: RuleBook, verdicts: Sequence[Verdict], before: Mapping[str, Verdict]
) -> tuple[Finding, ...]:
    """A finding where a target is met while the figure declared beside it fell since the last period."""
    return tuple(
        found
        for verdict in verdicts
        if verdict.status is Status.PASS
        for found in _falls(rulebook.indicators[verdict.indicator], verdict, before.get(verdict.indicator))
    )


def _falls(indicator: Indicator, verdict: Verdict, before: Verdict | None) -> Iterator[Finding]:
    now, then = (_beside(v, indicator.warn_if_falls) for v in (verdict, before))
    if now is None or then is None or now.low is None or then.low is None:
        return
    least, was = now.low.value, then.low.value
    if least is not None and was is not None and least < was:
        side = next(m for m in indicator.beside if m.id == indicator.warn_if_falls)
        shown = _apart(was, least)
        yield finding(
            "R390",
            file=now.origins[-1].file if now.origins else "",
            sheet=now.origins[-1].sheet if now.origins else "",
            measure=indicator.short,
            beside=side.title,
            then=shown[0],
            now=shown[1],
        )


def _beside(verdict: Verdict | None, measure_id: str | None) -> Measurement | None:
    sides = () if verdict is None else verdict.beside
    return next((m for m in sides if m.measure == measure_id), None)


def _apart(*values: Fraction) -> tuple[str, ...]:
    """Shares in per cent, with as many decimals as it takes to tell them apart."""
    places = 1
    while len({_percent(value, places) for value in values}) < len(set(values)):
        places += 1
    return tuple(_percent(value, places) for value in values)


def _percent(value: Fraction, places: int) -> str:
    scaled = math.floor(value * 100 * 10**places + Fraction(1, 2))
    return f"{Decimal(scaled).scaleb(-places):f}%"
