"""What the returns of all months measured together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kpi_engine.terms.measurement import MonthRecords
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.returned import Validated


@dataclass(frozen=True, slots=True)
class Measured:
    """What the returns of all months measured, and what is known of each month.

    `month_unknown`: a return was given whose month nobody can tell; it may be of any.
    """

    authority: str
    records: Mapping[Period, MonthRecords]
    validated: Mapping[Period, Validated]
    month_unknown: bool = False


NOTHING_MEASURED = Measured("", {}, {})
"""Where no month could be measured."""
