"""Measurements: the exact parts of a figure, the rows in doubt and where they came from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction  # noqa: TC003  (pydantic reads the annotations of Parts)
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kpi_engine.terms.period import Period


class Reason(StrEnum):
    """Why a target is not judged, or why it could not be."""

    NO_RETURN = "no_return"
    RETURN_REFUSED = "return_refused"
    SHEET_MISSING = "sheet_missing"
    COLUMN_MISSING = "column_missing"
    NO_DENOMINATOR = "no_denominator"
    NOTHING_DUE = "nothing_due"
    MONTHS_MISSING = "months_missing"
    ROWS_IN_DOUBT = "rows_in_doubt"
    SOURCES_DISAGREE = "sources_disagree"
    BASELINE_UNKNOWN = "baseline_unknown"
    NO_TARGET = "no_target"
    NO_VALUE = "no_value"
    NOT_IN_FORCE = "not_in_force"
    PERIOD_OPEN = "period_open"
    RULE_ERROR = "rule_error"


class Source(StrEnum):
    """What a measurement was made from."""

    ROWS = "rows"
    COUNTS = "counts"
    STATED = "stated"


@dataclass(frozen=True, slots=True)
class Parts:
    """A figure's exact parts: a share has a denominator, a count has none (None)."""

    numerator: Fraction
    denominator: Fraction | None = None

    @property
    def value(self) -> Fraction | None:
        """Numerator over denominator; the count itself; None for 0 of 0."""
        if self.denominator is None:
            return self.numerator
        return self.numerator / self.denominator if self.denominator else None

    def plus(self, other: Parts) -> Parts:
        """The parts of both together."""
        if self.denominator is None or other.denominator is None:
            return Parts(self.numerator + other.numerator)
        return Parts(self.numerator + other.numerator, self.denominator + other.denominator)


@dataclass(frozen=True, slots=True)
class Origin:
    """The sheet of a return that a measurement was read from."""

    period: Period
    file: str
    sheet: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measure in one period: exact parts, or the reason there are none.

    `low` and `high` are the least and greatest figures that the rows allow:
    equal unless rows are in doubt. Both are None where `reason` is set.
    `stated_target` is the target that a stated figure's own row names.
    `months` are the months it was added up from; `missing` those that a window
    wants and no usable return holds.
    """

    measure: str
    period: Period
    low: Parts | None = None
    high: Parts | None = None
    in_doubt: int = 0
    left_out: int = 0
    source: Source = Source.ROWS
    reason: Reason | None = None
    detail: str = ""
    months: tuple[Period, ...] = ()
    missing: tuple[Period, ...] = ()
    origins: tuple[Origin, ...] = ()
    stated_target: Fraction | None = None
    group: str = "all"


@dataclass(frozen=True, slots=True)
class MonthRecords:
    """What one month's returns measured, by measure id.

    `own` is each measure's figure of the month alone; `whole` that of its whole
    window, for the measures whose table carries its own dates.
    """

    own: Mapping[str, Measurement]
    whole: Mapping[str, Measurement]
