"""A measurement as a row of the history and back: fractions and months as text, exactly."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from kpi_engine.terms.measurement import Measurement, Origin, Parts, Reason, Source
from kpi_engine.terms.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Row: TypeAlias = "Sequence[str | int | None]"
KEY = 7
"""How many columns of `measurements` are its key."""


class Basis(StrEnum):
    """Which of a month's two figures a record is."""

    OWN = "own"
    """The month alone: what charts draw and windows add up."""
    WHOLE = "whole"
    """Its whole window, where the sheet's own dates give it."""


def row_of(measured: Measurement) -> Row:
    """The columns of `measurements` after its key."""
    return (
        *_text_of_parts(measured.low),
        *_text_of_parts(measured.high),
        measured.in_doubt,
        measured.left_out,
        measured.source.value,
        measured.reason.value if measured.reason else None,
        measured.detail,
        " ".join(map(str, measured.months)),
        " ".join(map(str, measured.missing)),
        json.dumps([[str(o.period), o.file, o.sheet] for o in measured.origins]),
        None if measured.stated_target is None else str(measured.stated_target),
    )


def measurement_of(row: Row) -> Measurement:
    """What a whole row of `measurements` holds; ValueError or TypeError for one that cannot be."""
    _authority, measure, _basis, group, period, *_ = map(_text, row[:KEY])
    low_top, low_below, high_top, high_below, in_doubt, left_out, *rest = row[KEY:]
    source, reason, detail, months, missing, origins, target = map(_text, rest)
    return Measurement(
        measure=measure,
        period=Period.parse(period),
        low=_parts_of(low_top, low_below),
        high=_parts_of(high_top, high_below),
        in_doubt=int(in_doubt or 0),
        left_out=int(left_out or 0),
        source=Source(source),
        reason=Reason(reason) if reason else None,
        detail=detail,
        months=_periods(months),
        missing=_periods(missing),
        origins=tuple(Origin(Period.parse(p), file, sheet) for p, file, sheet in json.loads(origins)),
        stated_target=Fraction(target) if target else None,
        group=group,
    )


def figures_alone(row: Row) -> Row:
    """What of a row a second reading of the same returns must give again: all but names and sentences."""
    *figures, _detail, months, missing, _origins, target = row
    return (*figures, months, missing, target)


def sealed(figures: Iterable[tuple[str, str, str, Row]]) -> str:
    """SHA-256 over the figures of a month, in whatever order: measure, basis, group and row of each."""
    lines = sorted(json.dumps([*key, *map(_text, figures_alone(row))]) for *key, row in figures)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "backslashreplace")).hexdigest()


def _text_of_parts(parts: Parts | None) -> tuple[str | None, str | None]:
    if parts is None:
        return None, None
    return str(parts.numerator), None if parts.denominator is None else str(parts.denominator)


def _parts_of(numerator: str | int | None, denominator: str | int | None) -> Parts | None:
    if numerator is None:
        return None
    return Parts(Fraction(numerator), None if denominator is None else Fraction(denominator))


def _text(cell: str | int | None) -> str:
    return "" if cell is None else str(cell)


def _periods(text: str) -> tuple[Period, ...]:
    return tuple(map(Period.parse, text.split()))
