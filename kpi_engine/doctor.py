"""What this installation is made of: versions, engines, extras, rules, fonts."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from kpi_engine.escalation.engine import examine as examine_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kpi_engine.rulebook.book import RuleBook

_NEEDED = ("duckdb", "jinja2", "nanoarrow", "openpyxl", "pydantic", "PyYAML", "rich", "typer", "xlsxwriter")
_EXTRAS = (("typst", "pdf"), ("fontpkg-arimo", "pdf"), ("python-docx", "word"))


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's: what was looked at, whether it is well, what was found."""

    subject: str
    well: bool
    found: str


def examine(rulebook: RuleBook) -> tuple[Check, ...]:
    """Everything that `kpi doctor` prints."""
    return tuple(_checks(rulebook))


def _checks(rulebook: RuleBook) -> Iterator[Check]:
    yield Check("kpi", well=True, found=version("kpi-engine"))
    yield Check("Python", well=sys.version_info >= (3, 11), found=platform.python_version())
    for name in _NEEDED:
        try:
            yield Check(name, well=True, found=version(name))
        except PackageNotFoundError:
            yield Check(name, well=False, found="not installed: install kpi-engine again")
    yield _engine()
    yield _exceptions()
    yield from map(_extra, _EXTRAS)
    council = rulebook.plan.authorities[0].name
    yield Check(
        "rules", well=True, found=f"{rulebook.folder}, {len(rulebook.indicators)} measures, {council}"
    )
    yield Check("rulebook digest", well=True, found=rulebook.digest[:16])
    encoding = sys.stdout.encoding or "none"
    yield Check("standard output", well=encoding.lower().startswith("utf"), found=encoding)


def _engine() -> Check:
    """The measure engine is tried, not only looked up."""
    import duckdb  # noqa: PLC0415  (slow to import)

    with duckdb.connect(":memory:") as connection:
        row = connection.execute("SELECT CAST(DATE '2023-08-31' + INTERVAL 6 MONTH AS DATE)").fetchone()
    day = str(row[0]) if row else "nothing"
    return Check(
        "measure engine", well=day == "2024-02-29", found=f"DuckDB in memory; 31 August + 6 months: {day}"
    )


def _exceptions() -> Check:
    """The engine that derives exceptions is tried too; either of the two is well."""
    answered = examine_engine()
    why = f" ({answered.why})" if answered.why else ""
    return Check("exceptions engine", well=True, found=f"{answered.engine}{why}")


def _extra(named: tuple[str, str]) -> Check:
    name, extra = named
    try:
        return Check(name, well=True, found=version(name))
    except PackageNotFoundError:
        return Check(name, well=True, found=f"not installed; for reports: pip install 'kpi-engine[{extra}]'")
