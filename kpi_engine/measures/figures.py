"""Totals made into figures: the least and the greatest that the rows allow, exactly."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, assert_never

from kpi_engine.rulebook.book import Kind, Unit
from kpi_engine.terms.measurement import Measurement, Parts, Reason, Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kpi_engine.measures.plan import Dated, Number

SHARES = frozenset({Kind.PROPORTION, Kind.SUMS})


def figure(asked: Dated, totals: Mapping[str, Number], base: Measurement) -> Measurement:
    """`base` with its parts, rows in doubt and units left out; a share may be 0 of 0."""
    base = replace(base, left_out=int(_exact(totals["left_out"])), in_doubt=int(_exact(totals["in_doubt"])))
    match asked.measure.kind:
        case Kind.PROPORTION | Kind.SUMS:
            return _share(asked, totals, base)
        case Kind.COUNT | Kind.OCCURRENCE | Kind.CHANGE:
            low = max(Fraction(0), _exact(totals["low"]) - _exact(totals["keyless"]))
            return replace(base, low=Parts(low), high=Parts(_exact(totals["high"])))
        case Kind.LONGEST:
            # Any one row may be the repeat of a row without a key, the longest wait too.
            low = Fraction(0) if totals["keyless"] else _exact(totals["low"])
            return replace(base, low=Parts(low), high=Parts(_exact(totals["high"])))
        case Kind.STATED:
            return _stated(asked, totals, base)
        case _:
            assert_never(asked.measure.kind)


def _exact(number: Number) -> Fraction:
    return Fraction(number or 0)


def _share(asked: Dated, totals: Mapping[str, Number], base: Measurement) -> Measurement:
    """Counted of counted and rest; each row without a key costs, for it may be the repeat of any row."""
    exact = {name: _exact(number) for name, number in totals.items()}
    low, low_whole = (
        exact["low_counted"],
        exact["low_counted"] + exact["low_rest"] - exact.get("low_rest_less", 0),
    )
    high, high_whole = (
        exact["high_counted"],
        exact["high_counted"] + exact["high_rest"] - exact.get("high_rest_less", 0),
    )
    if keyless := exact["keyless"]:
        least, most = _most_of_a_row(asked)
        low, high = max(Fraction(0), low - keyless * least), min(high_whole, high + keyless * most)
    return replace(base, low=Parts(low, low_whole), high=Parts(high, high_whole))


def _most_of_a_row(asked: Dated) -> tuple[Fraction, Fraction]:
    """What one repeated row can take from the numerator, and what it can take from the rest."""
    measure = asked.measure
    if measure.kind is Kind.SUMS:
        names = (measure.numerator_sum, measure.denominator_sum)
    else:
        names = (measure.weight, measure.weight)
    taken = [asked.sheet.columns[name].most if name else 1 for name in names]
    if None in taken:
        raise ValueError("a column that is added up declares no most")
    return Fraction(taken[0] or 0), Fraction(taken[1] or 0)


def _stated(asked: Dated, totals: Mapping[str, Number], base: Measurement) -> Measurement:
    """The one value that the population states."""
    base = replace(base, source=Source.STATED)
    blanks = bool(totals["sure_blank"]) and totals["sure_least"] is not None
    if totals["sure_least"] != totals["sure_most"] or blanks:
        return replace(base, reason=Reason.SOURCES_DISAGREE, detail="Two rows state different figures.")
    differ = totals["least"] != totals["most"] or (bool(totals["blank"]) and totals["least"] is not None)
    absent = not totals["possible"] or totals["blank"] == totals["possible"]
    if absent:
        return replace(base, reason=Reason.NO_VALUE, detail="No figure is stated.")
    if differ or totals["vague"] or not totals["sure"]:
        return replace(
            base, reason=Reason.ROWS_IN_DOUBT, detail="The stated figure cannot be read for certain."
        )
    value = _exact(totals["least"])
    parts = Parts(value / 100 if asked.measure.unit is Unit.PERCENT else value)
    return replace(base, low=parts, high=parts)
