"""Reporting periods: a month, a quarter or a financial year (April to March)."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

MONTH, QUARTER, YEAR = 1, 3, 12
_FORMS: Final = re.compile(r"(\d{4})-(\d{2})|(\d{4})/(\d{2})(?:-Q([1-4]))?", re.ASCII)
_APRIL: Final = 3  # months after January
_MONTH_NAMES: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """`length` months (1, 3 or 12) from month number `first` (year x 12 + month - 1)."""

    first: int
    length: int = MONTH

    @classmethod
    def parse(cls, text: str) -> Period:
        """The period that `2023-12`, `2023/24-Q3` or `2023/24` names; ValueError for anything else."""
        match = _FORMS.fullmatch(text)
        if match is None:
            raise ValueError(_not_a_period(text))
        year, month, first_year, second_year, quarter = match.groups()
        if year is not None:
            if not 1 <= int(month) <= YEAR or int(year) == 0:
                raise ValueError(_not_a_period(text))
            return cls(int(year) * YEAR + int(month) - 1)
        if (int(first_year) + 1) % 100 != int(second_year) or int(first_year) == 0:
            raise ValueError(_not_a_period(text))
        april = int(first_year) * YEAR + _APRIL
        return cls(april, YEAR) if quarter is None else cls(april + QUARTER * (int(quarter) - 1), QUARTER)

    @classmethod
    def of(cls, day: date) -> Period:
        """The month that holds `day`."""
        return cls(day.year * YEAR + day.month - 1)

    @property
    def start(self) -> date:
        """The first day."""
        return date(self.first // YEAR, self.first % YEAR + 1, 1)

    @property
    def end(self) -> date:
        """The last day."""
        last = self.first + self.length - 1
        year, month = last // YEAR, last % YEAR + 1
        return date(year, month, calendar.monthrange(year, month)[1])

    @property
    def months(self) -> tuple[Period, ...]:
        """Its months, first to last."""
        return tuple(Period(self.first + i) for i in range(self.length))

    @property
    def last_month(self) -> Period:
        """Its last month."""
        return Period(self.first + self.length - 1)

    @property
    def quarter(self) -> Period:
        """The quarter that holds its last month (April to June is Q1)."""
        month = self.first + self.length - 1
        return Period(month - (month - _APRIL) % QUARTER, QUARTER)

    @property
    def year(self) -> Period:
        """The financial year that holds its last month."""
        month = self.first + self.length - 1
        return Period(month - (month - _APRIL) % YEAR, YEAR)

    @property
    def label(self) -> str:
        """The name people read: `December 2023`, `Quarter 3 of 2023/24`, `2023/24`."""
        if self.length == MONTH:
            return f"{_MONTH_NAMES[self.first % YEAR]} {self.first // YEAR}"
        if self.length == QUARTER:
            return f"Quarter {self._quarter_number} of {self.year}"
        return str(self)

    @property
    def _quarter_number(self) -> int:
        return (self.first - _APRIL) % YEAR // QUARTER + 1

    def plus(self, months: int) -> Period:
        """The period as long, `months` later (earlier if negative)."""
        return Period(self.first + months, self.length)

    def __str__(self) -> str:
        """The form that `parse` reads."""
        if self.length == MONTH:
            return f"{self.first // YEAR:04d}-{self.first % YEAR + 1:02d}"
        first_year = self.first // YEAR if self.first % YEAR >= _APRIL else self.first // YEAR - 1
        financial_year = f"{first_year:04d}/{(first_year + 1) % 100:02d}"
        return financial_year if self.length == YEAR else f"{financial_year}-Q{self._quarter_number}"


def span(first: Period, last: Period) -> tuple[Period, ...]:
    """The months from the first month of `first` to the last of `last`, both included."""
    return tuple(Period(n) for n in range(first.first, last.last_month.first + 1))


def add_months(day: date, months: int) -> date:
    """`months` calendar months after `day`; the 31st becomes the last day of a shorter month."""
    number = day.year * YEAR + day.month - 1 + months
    year, month = number // YEAR, number % YEAR + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def days_after(day: date, days: int) -> date:
    """`days` days after `day`."""
    return day + timedelta(days=days)


def in_words(day: date) -> str:
    """A day as people read it: `31 December 2023`."""
    return f"{day.day} {_MONTH_NAMES[day.month - 1]} {day.year}"


def _not_a_period(text: str) -> str:
    return f"{text!r} is not a period; write 2023-12, 2023/24-Q3 or 2023/24"
