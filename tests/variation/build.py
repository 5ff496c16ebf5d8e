"""Series for the tests of variation."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kpi_engine.variation import Chart, SpecialCause
    from kpi_engine.variation.charted import Number

REFERENCE = Path(__file__).parent / "reference"
ZIGZAG = (50, 52) * 12
"""24 values around a mean of 51 in which nothing is special."""


def month(number: int) -> date:
    """The first day of the month `number` months after April 2021."""
    return date(2021 + (number + 3) // 12, (number + 3) % 12 + 1, 1)


def monthly(values: Iterable[Number | None]) -> list[tuple[date, Number | None]]:
    """The values, a month each, from April 2021."""
    return [(month(i), x) for i, x in enumerate(values)]


def causes(chart: Chart) -> list[SpecialCause | None]:
    """The name of each point."""
    return [p.special_cause for p in chart.points]


def table(name: str) -> list[dict[str, str]]:
    """The rows of one of the reference's files."""
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def series_csv(**series: Sequence[object]) -> str:
    """A series file; None is written as an empty field."""
    lines = [
        f"{name},{month(i)},{'' if x is None else x}" for name, xs in series.items() for i, x in enumerate(xs)
    ]
    return "\n".join(["series_id,date,value", *lines, ""])


def config_csv(*lines: str) -> str:
    """A config file of these lines."""
    header = "series_id,improvement_direction,target,rebase_dates,screen_outliers,fix_after_n"
    return "\n".join([header, *lines, ""])
