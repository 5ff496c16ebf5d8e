"""What the returns of all months measured together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kpi_engine.terms.measurement import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kpi_engine.terms.measurement import MonthRecords
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.returned import Validated


@dataclass(frozen=True, slots=True)
class Measured:
    """What the returns of all months measured, and what is known of each month.

    `why_absent` holds the reason of months whose return cannot be used; a month
    in neither has no return.
    """

    authority: str
    records: Mapping[Period, MonthRecords]
    validated: Mapping[Period, Validated]
    why_absent: Mapping[Period, Reason]

    def absent(self, month: Period) -> Reason:
        """Why `month` has no records."""
        return self.why_absent.get(month, Reason.NO_RETURN)


NOTHING_MEASURED = Measured("", {}, {}, {})
"""Where no month could be measured."""
