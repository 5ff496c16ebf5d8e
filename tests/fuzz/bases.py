"""Small returns cut from the examples, in which as many measures as can be are missed by a single row."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from kpi_engine.returns.read import read_return
from kpi_engine.returns.template import Filling, write_return
from kpi_engine.rulebook.book import Kind
from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.terms.period import Period
from tests.fuzz.package import Package
from tests.oracle.workbooks import INPUTS, NUMBERS, Book, ending, last_day
from tests.oracle.worked_out import CHANGE, FLOW, PROMISES, Figure, Promise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.returned import Return
    from kpi_engine.terms.table import Table, Value

RULES = INPUTS.parent / "rules"
MONTHS = ("2024-03", "2024-09", "2025-03")  # each ends a quarter, so that every measure but two is due
COUNCIL = "E99999999"
COUNTED = ("cic-permanent-workforce", "foster-carer-annual-reviews", "pf-champions", "life-story-books")
SIZES = (6, 9, 11, 12)  # rows of a case sheet
DOUBTED = ("children_in_care", "matched_and_sg", "permanency_meetings", "court_cases")
LEAST_CHAMPIONS = 12
LOW = 0.5  # of a target that so few reach, none at all may be just short
TRIES = 40
EARLIER_REFERRALS = 41  # of the 11 months before, with this month's: one fewer than 40% more than 30
Line = dict[str, "Value"]


@dataclass(frozen=True)
class Base:
    """The return that is changed, and the history of the 11 months before it.

    `shares_texts`: it is stored as Excel stores it, with its texts in one part.
    """

    number: int
    month: str
    package: Package
    history: Path
    shares_texts: bool

    @property
    def name(self) -> str:
        """The file name of the return."""
        return f"returns_{self.month}.xlsx"

    @property
    def months(self) -> list[str]:
        """The 12 months up to its own."""
        return ending(self.month, 12)


@cache
def rulebook() -> RuleBook:
    return load_rulebook(RULES)


@cache
def example(month: str) -> Return:
    return read_return(INPUTS / f"returns_{month}.xlsx", rulebook())


def base(number: int, folder: Path) -> Base:
    """The base of that number: months in turn; each second one keeps its texts in one shared part.

    In each fourth, measures are not assessed: the cell that decides is not known, or counts disagree.
    In each fourth after that, every list has its counts beside it.
    """
    random, month = Random(number), MONTHS[number % len(MONTHS)]
    out = folder / f"base-{number}"
    if not out.exists():
        _write(out, month, random, doubtful=number % 4 == 3, everything_counted=number % 4 == 0)
    with zipfile.ZipFile(out / f"returns_{month}.xlsx") as held:
        package = Package.of(held, last_day(month))
    return Base(number, month, package, out / "history.sqlite", shares_texts=number % 2 == 1)


def _write(out: Path, month: str, random: Random, *, doubtful: bool, everything_counted: bool) -> None:
    (out / "earlier").mkdir(parents=True)
    sheets = {name: cut(table, month, random) for name, table in sorted(example(month).tables.items())}
    held = len(sheets["pf_referrals"])
    before = ending(month, 12)[:-1]
    for place, earlier in enumerate(before):
        of_it = (EARLIER_REFERRALS - held) // 11 + (place < (EARLIER_REFERRALS - held) % 11)
        _write_earlier(out / "earlier", earlier, of_it)
    _record(out)
    named = PROMISES if everything_counted else COUNTED
    counts = {name: line for name in named if (line := _counted(name, month, sheets)) is not None}
    if doubtful:
        sheets |= {name: _doubted(sheets[name]) for name in DOUBTED}
        counts["pf-champions"]["number"] = LEAST_CHAMPIONS
    returned = example(month)
    period = Period.parse(month)
    filling = Filling(
        COUNCIL,
        cover={"validated_by": "Performance team", "validated_on": period.end},
        rows=sheets,
        nil=[name for name, rows in sheets.items() if not rows],
        counts=counts,
        milestones={
            name: {"done_on": line.done_on, "expected_on": line.expected_on}
            for name, line in returned.milestones.items()
        },
        commentary={
            name: {"why": line.why, "action": line.action, "lead": line.lead}
            for name, line in returned.commentary.items()
        },
    )
    write_return(rulebook(), period, out / f"returns_{month}.xlsx", filling)


def _record(out: Path) -> None:
    """Put the earlier months on record, so that they need not be read again for every change."""
    words = ["record", str(out / "earlier"), "--rules", str(RULES), "--history", str(out / "history.sqlite")]
    # In a process of its own: one that has opened an engine must not be forked.
    subprocess.run([sys.executable, "-m", "kpi_engine", *words], check=True, stdout=subprocess.DEVNULL)


def _write_earlier(folder: Path, month: str, referrals: int) -> None:
    """A return of an earlier month: referrals, and nothing else that months add up."""
    period = Period.parse(month)
    received: list[Line] = [
        {"referral_id": f"EX-{month}-{n}", "received_on": period.end, "child_id": f"EX-{n}", "repeat": False}
        for n in range(referrals)
    ]
    filling = Filling(
        COUNCIL,
        cover={"validated_by": "Performance team", "validated_on": period.end},
        rows={"pf_referrals": received},
        nil=["audits", "reviews", "adoption"],
    )
    write_return(rulebook(), period, folder / f"returns_{month}.xlsx", filling)


# ── Which rows to keep ───────────────────────────────────────────────────────


def cut(table: Table, month: str, random: Random) -> list[Line]:
    """Some rows of the table: of many drawn, those with which most of its measures are just missed.

    Where the example meets a target in every row, one cell is made worse.
    """
    rows = [
        {name: column.values[n] for name, column in table.columns.items()}
        for n in range(len(table.rows))
        if not any(column.unknown[n] for column in table.columns.values())
    ]
    draws = [random.sample(rows, min(size, len(rows))) for _ in range(TRIES) for size in SIZES]
    best = max(draws, key=lambda drawn: _just_missed(table.name, drawn, month))
    return max([best, *_one_worse(best)], key=lambda drawn: _just_missed(table.name, drawn, month))


def _doubted(rows: Sequence[Line]) -> list[Line]:
    """The rows with the first no of each column not known; it is the no by which the target is missed."""
    held = [dict(row) for row in rows]
    for name in rows[0].keys() - {"stepped_up_or_edging"}:  # which the oracle leaves to work out by hand
        first = next((row for row in held if row[name] is False), None)
        if first is not None:
            first[name] = "n/k"
    return held


def _one_worse(rows: Sequence[Line]) -> Iterator[list[Line]]:
    """The rows with one yes made a no, or one number less by one."""
    for place, row in enumerate(rows):
        for name, value in row.items():
            if value is True or (isinstance(value, int) and value > 0):
                worse = False if value is True else value - 1
                yield [*rows[:place], {**row, name: worse}, *rows[place + 1 :]]


def _just_missed(sheet: str, rows: Sequence[Line], month: str) -> tuple[int, int]:
    """How many measures of the sheet a row fewer or one changed would meet; then, how handy its size is."""
    figures = {name: figure_of(name, month, {sheet: rows}) for name in _measures_on(sheet)}
    missed = sum(_by_one(PROMISES[name], figure) for name, figure in figures.items() if figure is not None)
    return missed, -abs(len(rows) - SIZES[1])


def _by_one(promise: Promise, figure: Figure) -> bool:
    """Whether one row more or less decides; not where nobody would be left to count."""
    number, whole = figure.low
    if promise.months in {CHANGE, FLOW}:
        return False
    if whole is None:
        return number == promise.target - 1
    if number in {whole, 0} and promise.target > LOW:
        return False
    nearest = [(number + 1) / whole, number / (whole - 1)] if whole > 1 else []
    return number < whole and number / whole < promise.target <= max(nearest, default=0)


@cache
def _measures_on(sheet: str) -> tuple[str, ...]:
    return tuple(i.id for i in rulebook().indicators.values() if i.measure.table == sheet)


def figure_of(measure: str, month: str, sheets: Mapping[str, Sequence[Line]]) -> Figure | None:
    """The figure of the month's own rows, by the second path."""
    return PROMISES[measure].of(in_memory(month, sheets))


def in_memory(month: str, sheets: Mapping[str, Sequence[Line]]) -> Book:
    """Rows as the second path has them from a workbook."""
    of = rulebook().contract.sheets
    return Book(
        month, Path(), {of[s].sheet: [_by_heading(s, row) for row in rows] for s, rows in sheets.items()}
    )


def _by_heading(sheet: str, row: Line) -> dict[str, Any]:
    columns = rulebook().contract.sheets[sheet].columns
    return {
        columns[name].heading: value
        if value is None or columns[name].heading not in NUMBERS
        else _exact(value)
        for name, value in row.items()
    }


def _counted(measure: str, month: str, sheets: Mapping[str, Sequence[Line]]) -> Line | None:
    """The line of the Counts sheet that says what the rows say; None for what is no count."""
    figure = figure_of(measure, month, sheets)
    if figure is None or rulebook().indicators[measure].measure.kind is Kind.STATED:
        return None
    number, whole = figure.low
    return {"number": int(number), "out_of": None if whole is None else int(whole)}


def _exact(value: object) -> Fraction:
    return Fraction(str(value))
