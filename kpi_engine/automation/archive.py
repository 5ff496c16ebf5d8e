"""The returns that are kept, and the months' reports as they went out: what a run stands on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kpi_engine.automation.audit import archived
from kpi_engine.automation.files import digest_of
from kpi_engine.automation.report import CHECK
from kpi_engine.automation.settings import place_of
from kpi_engine.returns.read import read_return
from kpi_engine.terms.codes import finding
from kpi_engine.terms.period import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kpi_engine.automation.audit import Log, Reported, Taken
    from kpi_engine.automation.settings import Settings
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.returned import Return

Figures = tuple[object, ...]


def kept_returns(log: Log) -> Mapping[str, Taken]:
    """What was taken and is kept, by digest."""
    return {one.digest: one for one in archived(log)}


def lost(settings: Settings, kept: Mapping[str, Taken]) -> Mapping[str, Finding]:
    """The kept returns whose file is gone or is another now, by digest; nobody purged them."""
    return {
        digest: finding("A151", file=one.kept, month=one.month or "no month")
        for digest, one in kept.items()
        if (path := place_of(settings, one.kept)) is None or digest_of(path) != digest
    }


def reader(
    settings: Settings, rulebook: RuleBook, kept: Mapping[str, Taken]
) -> Callable[[str], Return | None]:
    """Reads the kept return of a digest, each once; None for one that is not kept."""
    held: dict[str, Return] = {}

    def read(digest: str) -> Return | None:
        if digest not in kept:
            return None
        if digest not in held:
            path = place_of(settings, kept[digest].kept)
            if path is None:
                return None
            held[digest] = read_return(path, rulebook)
        return held[digest]

    return read


def reports_by_month(log: Log) -> Mapping[Period, tuple[Reported, ...]]:
    """Every report that went out, by its month, in order of months and of time."""
    found: dict[Period, tuple[Reported, ...]] = {}
    for entry in log.entries:
        for one in entry.reported:
            month = Period.parse(one.period)
            found[month] = (*found.get(month, ()), one)
    return dict(sorted(found.items()))


def figures_of(check: bytes) -> Mapping[str, Figures]:
    """What a check.json says of each measure: its title, status, and the figure with its parts and target."""
    return {
        one["id"]: (
            *(one["short"], one["status"], one["value"], one["numerator"], one["denominator"]),
            json.dumps(one["target"], sort_keys=True),
        )
        for one in json.loads(check)["measures"]
    }


def reported_figures(settings: Settings, report: Reported) -> Mapping[str, Figures]:
    """The same of a report that went out; nothing where its check cannot be read any more."""
    path = place_of(settings, f"{report.folder}/{CHECK}")
    try:
        return figures_of(path.read_bytes()) if path is not None else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def turned(before: Mapping[str, Figures], now: Mapping[str, Figures]) -> tuple[str, ...]:
    """What became of the verdicts in a sentence each; figures are not told."""
    return tuple(
        f"{now[name][0]}: was {_words(before[name][1])}, is now {_words(now[name][1])}"
        for name in now
        if name in before and before[name][1] != now[name][1]
    )


def _words(status: object) -> str:
    return str(status).replace("_", " ")
