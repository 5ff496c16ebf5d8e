"""Small lakes: the tables of a few councils, written as CSV, and what is made of them."""

from __future__ import annotations

import csv
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from kpi_engine.councils import measure_councils
from kpi_engine.measures.local import LocalSession
from kpi_engine.rulebook.load import load_rulebook

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kpi_engine.reports.councils_judged import Council, Councils
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.verdict import Verdict

HARINGEY, EXAMPLE, OTHER = "E09000014", "E99999999", "E08000001"
MONTH = "2024-03"
REGISTER = ("authority", "period", "sheet", "rows", "nil", "validated", "no_case_list")
CASES = ("children_in_care", "workforce")
Row = dict[str, str]


@cache
def rulebook() -> RuleBook:
    return load_rulebook(Path(__file__).parents[2] / "rules")


@dataclass
class Lake:
    """Rows by sheet, and lines of the register; `write` makes files of them."""

    folder: Path
    rows: dict[str, list[Row]] = field(default_factory=dict)
    lines: list[Row] = field(default_factory=list)

    def send(  # noqa: PLR0913  (all but two are keywords)
        self,
        sheet: str,
        rows: Sequence[Mapping[str, str]],
        *,
        authority: str = HARINGEY,
        period: str = MONTH,
        said: str | None = None,
        nil: str = "",
        validated: str = "yes",
        no_case_list: str = "",
    ) -> None:
        """A sheet of a return, and its line; `said`: how many rows the line says, if not as many."""
        self.rows.setdefault(sheet, []).extend({"authority": authority, "period": period, **r} for r in rows)
        count = str(len(rows)) if said is None else said
        line = (authority, period, sheet, count, nil, validated, no_case_list)
        self.lines.append(dict(zip(REGISTER, line, strict=True)))

    def send_empty_rest(self, authority: str = HARINGEY, period: str = MONTH) -> None:
        """A line that says "none this month" for every case sheet that has none."""
        sent = {
            line["sheet"] for line in self.lines if (line["authority"], line["period"]) == (authority, period)
        }
        for spec in rulebook().contract.sheets.values():
            if spec.id not in sent and spec.kind in {"snapshot", "events"}:
                self.send(spec.id, (), authority=authority, period=period, nil="yes")

    def write(self) -> Path:
        self.folder.mkdir(exist_ok=True)
        for sheet, rows in self.rows.items():
            columns = ["authority", "period", *rulebook().contract.sheets[sheet].columns]
            marks = [
                f"{column}__unknown" for column in columns if any(f"{column}__unknown" in r for r in rows)
            ]
            self.file(sheet, [*columns, *marks], rows)
        self.file("returns", REGISTER, self.lines)
        return self.folder

    def file(self, name: str, columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
        with (self.folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)


@contextmanager
def opened(folder: Path) -> Iterator[LocalSession]:
    session = LocalSession(folder, memory="1GB")
    try:
        yield session
    finally:
        session.close()


def judged(lake: Lake | Path, *, period: Period | None = None, only: Sequence[str] = ()) -> Councils:
    folder = lake.write() if isinstance(lake, Lake) else lake
    with opened(folder) as session:
        return measure_councils(session, str(folder), rulebook(), period=period, only=only)


def council(of: Councils, code: str = HARINGEY) -> Council:
    return next(one for one in of.councils if one.code == code)


def verdict(of: Councils, measure: str, code: str = HARINGEY) -> Verdict:
    return next(v for v in council(of, code).checked.verdicts if v.indicator == measure)


def codes(of: Councils, code: str = HARINGEY) -> list[str]:
    return [found.code for found in council(of, code).checked.findings]


def child(number: int, **cells: str) -> Row:
    """A child in care with a book: one for the measure `life-story-books`."""
    return {
        "child_id": f"C{number}",
        "came_into_care_on": "2020-01-31",
        "has_life_story_book": "yes",
        "consents": "yes",
        "views_shared": "yes",
    } | cells
