"""Every board's pack of the example returns, made once a process."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from kpi_engine.check import gathered, read_returns
from kpi_engine.packs import packs
from kpi_engine.rulebook.load import load_rulebook

if TYPE_CHECKING:
    from kpi_engine.check import Gathered
    from kpi_engine.packs import Packs
    from kpi_engine.rulebook.book import RuleBook

ROOT = Path(__file__).parents[2]
MEETING = date(2025, 4, 17)


@cache
def rulebook() -> RuleBook:
    """The shipped rules."""
    return load_rulebook(ROOT / "rules", "rules")


def meetings() -> dict[str, date]:
    """Every board meets on the same day."""
    return dict.fromkeys(rulebook().boards, MEETING)


@cache
def year() -> Gathered:
    """The last twelve months of the example returns, measured."""
    paths = sorted((ROOT / "inputs").glob("returns_202[45]-*.xlsx"))[-12:]
    return gathered(read_returns(paths, rulebook(), lambda _done, _of: None), rulebook())


@cache
def every_pack() -> Packs:
    """The packs of all boards for the meeting of April 2025."""
    return packs(year(), rulebook(), tuple(rulebook().boards.values()), meetings=meetings())
