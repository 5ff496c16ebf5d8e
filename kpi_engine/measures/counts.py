"""The Counts sheet: stands in for a case list that there is not, and is compared with one that there is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

from kpi_engine.measures.figures import SHARES
from kpi_engine.rulebook.book import Kind
from kpi_engine.terms.measurement import Measurement, Origin, Parts, Reason, Source

if TYPE_CHECKING:
    from fractions import Fraction

    from kpi_engine.measures.plan import Dated
    from kpi_engine.terms.returned import CountRow

_DIGITS = 60  # more than any sum of 38-digit numbers has


def stand_in(asked: Dated, row: CountRow | None, base: Measurement) -> Measurement:
    """`base` with the figure of the Counts sheet, where the cover says that there is no case list."""
    base = replace(base, source=Source.COUNTS, origins=(Origin(base.period, "", row.sheet),) if row else ())
    share = asked.measure.kind in SHARES
    if not asked.judged or asked.measure.kind is Kind.STATED:
        fault = (Reason.NO_VALUE, "The Counts sheet does not give this figure.")
    elif row is None:
        fault = (
            Reason.NO_VALUE,
            "The cover says no case list, and the Counts sheet has no row for this.",
        )
    elif row.unknown:
        fault = (Reason.NO_VALUE, "The figure on the Counts sheet cannot be read.")
    elif row.number is None or (share and row.out_of is None):
        fault = (row.why_none or Reason.NO_VALUE, "The Counts sheet has no figure.")
    elif share and row.out_of == 0:
        fault = (row.why_none or Reason.NO_DENOMINATOR, "The Counts sheet says 0 of 0.")
    else:
        parts = Parts(row.number, row.out_of if share else None)
        return replace(base, low=parts, high=parts)
    return replace(base, reason=fault[0], detail=fault[1])


def disagreement(asked: Dated, row: CountRow | None, rows: Measurement) -> str:
    """One sentence with both figures where the rows do not allow that of the Counts sheet; else empty."""
    low, high = rows.low, rows.high
    if row is None or low is None or high is None or not (row.unknown or row.number is not None):
        return ""
    unbounded = asked.measure.kind is Kind.LONGEST and rows.in_doubt > 0  # a date unknown may be any
    if unbounded or asked.measure.kind is Kind.STATED or not asked.judged:
        return ""
    if row.unknown or row.number is None:
        return f"The rows give {_said(low)}; row {row.row} of {row.sheet} cannot be read."
    out_of = row.out_of if low.denominator is not None else None
    agrees = _between(low.numerator, row.number, high.numerator)
    if agrees and _between(low.denominator, out_of, high.denominator):
        return ""
    counted = _plain(row.number) if out_of is None else f"{_plain(row.number)} of {_plain(out_of)}"
    least, most = _said(low), _said(high)
    listed = least if least == most else f"{least} to {most}"
    return f"The rows give {listed}; row {row.row} of {row.sheet} says {counted}."


def _between(one: Fraction | None, number: Fraction | None, other: Fraction | None) -> bool:
    if one is None or other is None or number is None:
        return True
    return min(one, other) <= number <= max(one, other)


def _said(parts: Parts) -> str:
    said = _plain(parts.numerator)
    return said if parts.denominator is None else f"{said} of {_plain(parts.denominator)}"


def _plain(number: Fraction) -> str:
    """A number made of decimals, without an exponent or trailing zeros."""
    with localcontext(prec=_DIGITS):
        written = f"{Decimal(number.numerator) / Decimal(number.denominator):f}"
    return written.rstrip("0").rstrip(".") if "." in written else written
