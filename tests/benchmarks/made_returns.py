"""Returns of any length to race on: 20 columns, planted faults, and the answers that are right."""

from __future__ import annotations

import random
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MONTH, START, END = "2024-03", date(2024, 3, 1), date(2024, 3, 31)
EPOCH = date(1899, 12, 30)
LETTERS = "ABCDEFGHIJKLMNOPQRST"
FIRST_ROW = 5  # beneath the headings, which stand in the row before
MANY = 5_000  # rows from which 15 of each fault are planted, else 2
TEAMS = ("Children in Care", "Assessment", "Safeguarding", "Young Adults", "Court team")
PLANS = ("Adoption", "Long-term fostering", "Return home", "Special guardianship")
PLACEMENTS = ("Foster care", "Kinship care", "Residential", "Supported lodgings", "At home")
GRADES = ("Outstanding", "Good", "Requires improvement", "Inadequate")
WORDS = ("review", "held", "with", "school", "agreed", "plan", "next", "visit", "after", "court", "carer")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the contract."""

    id: str
    heading: str
    type: str
    more: str = ""


COLUMNS = (
    Column("case_id", "Case ID", "id"),
    Column("worker_id", "Worker ID", "id"),
    Column("team", "Team", "choice", f"values: [{', '.join(TEAMS)}]"),
    Column("status", "Status", "choice", "values: [open, closed]"),
    Column("came_on", "Came on", "date"),
    Column("left_on", "Left on", "date", "blank: not_happened"),
    Column("plan", "Plan", "choice", f"blank: not_applicable, values: [{', '.join(PLANS)}]"),
    Column("plan_on", "Plan agreed on", "date", "blank: not_happened"),
    Column("first_review_on", "First review on", "date", "blank: not_happened"),
    Column("second_review_on", "Second review on", "date", "blank: not_happened"),
    Column("visited_on", "Last visited on", "date", "blank: not_happened"),
    Column("visits", "Visits", "whole", "least: 0, most: 400"),
    Column("visits_due", "Visits due", "whole", "least: 0, most: 400"),
    Column("hours", "Hours", "decimal", "least: 0, most: 90"),
    Column("consents", "Consents", "yes_no", "blank: not_applicable"),
    Column("views_shared", "Views shared", "yes_no"),
    Column("has_book", "Has a book", "yes_no"),
    Column("placement", "Placement", "choice", f"blank: not_applicable, values: [{', '.join(PLACEMENTS)}]"),
    Column("grade", "Grade", "choice", f"blank: not_applicable, values: [{', '.join(GRADES)}]"),
    Column("note", "Note", "text", "blank: not_applicable"),
)
NAMES = tuple(column.id for column in COLUMNS)
AT = dict(zip(NAMES, LETTERS, strict=True))
NUMBERS = frozenset(c.id for c in COLUMNS if c.type in {"whole", "decimal"})
_SHEET = """\
id: cases
sheet: Cases
kind: snapshot
grain: one case open in the last 36 months
key: [case_id]
columns:
{columns}
checks:
  - {{when: left_on < came_on, doubt: [left_on], message: Left before coming., fix: Correct it.}}
  - {{when: second_review_on < first_review_on, doubt: [second_review_on], message: Order., fix: Mend.}}
  - {{when: plan is None and plan_on is not None, message: A day without a plan., fix: Name the plan.}}
"""
MEASURES = {
    "views-shared": ('where: team == "Children in Care" and status == "open"', "numerator: views_shared"),
    "visited": ('where: status == "open"', "numerator: visited_on >= period.start"),
    "books": ('where: status == "open"', "numerator: has_book"),
    "planned-in-time": (
        "where: came_on + months(4) < period.end",
        "numerator: plan_on <= came_on + months(4)",
    ),
    "good-hours": (
        'where: status == "open"',
        'numerator: grade in ("Outstanding", "Good")',
        "weight: hours",
    ),
    "foster-care": ('where: status == "open" and placement == "Foster care"',),
}
_COUNTED = (
    "{is: counted, case_id: C1, team: Children in Care, status: open, views_shared: yes, has_book: yes,"
    " hours: 1, grade: Good, placement: Foster care, visited_on: 2024-03-04,"
    " came_on: 2023-06-01, plan_on: 2023-06-02}"
)
_NOT_COUNTED = (
    "{is: not_counted, case_id: C2, team: Children in Care, status: open, views_shared: no, has_book: no,"
    " hours: 1, placement: At home, visited_on: 2024-01-04, came_on: 2023-06-01}"
)
_OUTSIDE = "{is: outside, case_id: C3, team: Assessment, status: closed, came_on: 2024-03-01}"
_INDICATOR = """\
id: {id}
title: {id}
short: {id}
actions: ["1.{n}"]
lead: Head of Service
better: higher
source: {{document: the-plan, at: action 1.{n}, figure: as said}}
measure:
  kind: {kind}
  table: cases
  {parts}
targets:
  - {{at_least: {target}, by: 2023-12-31}}
examples:
  - {{name: reached, period: 2024-03, given: {{{given}}}, expect: pass}}
  - {{name: an empty sheet is never a pass, period: 2024-03, given: {{}}, expect: not_assessed}}
  - name: rows
    period: 2024-03
    rows:
      - {rows}
"""
_FILES = {
    "plan.yaml": (
        "id: race\ntitle: A made-up plan\nstart: 2023-06-30\nend: 2025-06-30\n"
        "authorities:\n  - {code: E99999999, name: Example Borough, made_up: yes}\n"
    ),
    "sources.yaml": "documents:\n  - {id: the-plan, title: The plan, published: 2023-06}\n",
    "baselines.yaml": "baselines: []\n",
    "milestones.yaml": "milestones: []\n",
    "unmeasured.yaml": "unmeasured: []\n",
    "returns/cover.yaml": (
        'template_version: "1"\nsheet: Start here\nfields:\n'
        "  - {id: authority, label: Authority, type: text, name: kpi_authority, required: yes}\n"
        "  - {id: month, label: Month, type: text, name: kpi_month, required: yes}\n"
        "not_known: [n/k, not known]\nnil_label: None this month\n"
        "no_figure_reasons: {Not known yet: no_value}\n"
    ),
}


def write_rules(folder: Path) -> None:
    """Write the rules folder that the returns fit: one sheet of 20 columns, six measures."""
    columns = "\n".join(
        f"  - {{id: {c.id}, heading: {c.heading}, type: {c.type}, help: Made up."
        f"{', quotable: yes' if c.type not in {'id', 'text'} else ''}{', ' + c.more if c.more else ''}}}"
        for c in COLUMNS
    )
    files = {**_FILES, "returns/cases.yaml": _SHEET.format(columns=columns)}
    for n, (name, parts) in enumerate(MEASURES.items(), 1):
        is_share = len(parts) > 1
        files[f"indicators/{name}.yaml"] = _INDICATOR.format(
            id=name,
            n=n,
            kind="proportion" if is_share else "count",
            parts="\n  ".join(parts),
            target="50%" if is_share else 10,
            given="numerator: 10, denominator: 10" if is_share else "numerator: 10",
            rows="\n      - ".join((_COUNTED, _NOT_COUNTED if is_share else _OUTSIDE, _OUTSIDE)),
        )
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


# ── Rows, and what is planted in them ────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Stored:
    """A cell as a file has it. `kind`: s text, n number, d date, e error, f a formula without a value."""

    column: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class MadeRow:
    """One row of the sheet."""

    number: int
    hidden: bool
    cells: tuple[Stored, ...]


@dataclass(slots=True)
class Answers:
    """The faults that were planted (code and cell), and each measure's figures.

    A measure has its numerator and denominator with every doubt against it, then with every doubt for it.
    """

    planted: list[tuple[str, str]] = field(default_factory=list)
    figures: dict[str, tuple[Fraction, ...]] = field(
        default_factory=lambda: dict.fromkeys(MEASURES, (Fraction(0),) * 4)
    )


PLANTS = (
    ("R211", Stored("team", "s", "Childrens")),
    ("R204", Stored("came_on", "s", "03.31.24")),
    ("R206", Stored("plan_on", "n", "45000")),
    ("R301", Stored("visited_on", "d", "45500")),
    ("R201", Stored("views_shared", "e", "#N/A")),
    ("R202", Stored("has_book", "f", "1+1")),
    ("R210", Stored("visits", "n", "5000")),
    ("R208", Stored("visits_due", "s", "85%")),
    ("R212", Stored("consents", "s", "maybe")),
    ("R205", Stored("first_review_on", "s", "31/02/2024")),
    ("R302", Stored("left_on", "d", "30000")),
)
NOT_KNOWN = Stored("grade", "s", "n/k")  # in one row of 97: told once, with the first cell
TOTAL = (Stored("case_id", "s", "Total"), Stored("visits", "n", "1"))


def made_rows(rows: int, answers: Answers) -> Iterator[MadeRow]:
    """So many rows and a row of totals beneath them; `answers` is filled in on the way."""
    draw = random.Random(rows)
    lots = _lots(rows, draw)
    told = False
    for index in range(rows):
        number = FIRST_ROW + index
        row = _row(index, draw)
        lot = lots.get(index)
        spoilt: Stored | None = None
        if lot is not None and lot < len(PLANTS):
            code, spoilt = PLANTS[lot]
            answers.planted.append((code, f"{AT[spoilt.column]}{number}"))
            row["status"] = (
                "closed" if code == "R211" else row["status"]
            )  # a team that could matter to no rule
        elif index % 97 == 0:
            spoilt = NOT_KNOWN
            if not told:
                answers.planted.append(("R203", f"{AT[spoilt.column]}{number}"))
            told = True
        if lot == len(PLANTS):
            answers.planted.append(("R141", ""))
        _count(row, spoilt.column if spoilt else "", answers)
        cells = (
            spoilt if spoilt and spoilt.column == name else _stored(name, value)
            for name, value in row.items()
        )
        yield MadeRow(number, lot == len(PLANTS), tuple(filter(None, cells)))
    answers.planted.append(("R143", f"A{FIRST_ROW + rows}"))
    yield MadeRow(FIRST_ROW + rows, hidden=False, cells=TOTAL)


def _lots(rows: int, draw: random.Random) -> dict[int, int]:
    """By row, the number of its plant; one row, of the number after the last, is hidden."""
    times = 15 if rows >= MANY else 2
    chosen = draw.sample([index for index in range(1, rows) if index % 97], times * len(PLANTS) + 1)
    return dict(zip(chosen, (n // times for n in range(len(chosen))), strict=True))


def _row(index: int, draw: random.Random) -> dict[str, Any]:
    came = date(2021, 4, 1) + timedelta(days=draw.randrange(1090))
    review = came + timedelta(days=20 + draw.randrange(60))
    is_open, planned = draw.random() < 0.8, draw.random() < 0.75

    def day(first: date, span: int) -> date | None:
        found = first + timedelta(days=draw.randrange(span))
        return found if found <= END else None

    return {
        "case_id": f"C{index:07d}",
        "worker_id": f"W{draw.randrange(400):04d}",
        "team": draw.choice(TEAMS),
        "status": "open" if is_open else "closed",
        "came_on": came,
        "left_on": None if is_open else day(came, 700),
        "plan": draw.choice(PLANS) if planned else None,
        "plan_on": day(came, 200) if planned else None,
        "first_review_on": review if review <= END else None,
        "second_review_on": day(review, 150) if review <= END else None,
        "visited_on": END - timedelta(days=draw.randrange(60)),
        "visits": draw.randrange(60),
        "visits_due": draw.randrange(60),
        "hours": f"{draw.randrange(160) / 4:g}",
        "consents": draw.choice((True, False, None)),
        "views_shared": draw.random() < 0.7,
        "has_book": draw.random() < 0.6,
        "placement": draw.choice(PLACEMENTS),
        "grade": draw.choice((*GRADES, None)),
        "note": f"{' '.join(draw.choices(WORDS, k=4))} {index}" if draw.random() < 0.7 else None,
    }


def _stored(name: str, value: object) -> Stored | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return Stored(name, "s", "Yes" if value else "No")
    if isinstance(value, date):
        return Stored(name, "d", str((value - EPOCH).days))
    return Stored(name, "n" if name in NUMBERS else "s", str(value))


def _count(row: dict[str, Any], lost: str, answers: Answers) -> None:
    """Add a row to every measure; the cell `lost` cannot be read, and no measure needs two that might be."""
    is_open, limit = row["status"] == "open", _after(row["came_on"], 4)
    planned = (
        None if lost in {"came_on", "plan_on"} else row["plan_on"] is not None and row["plan_on"] <= limit
    )
    good = None if lost == "grade" else row["grade"] in GRADES[:2]
    visited = None if lost == "visited_on" else row["visited_on"] >= START
    found = (
        ("views-shared", is_open and row["team"] == TEAMS[0], _unless(lost, "views_shared", row), 1),
        ("visited", is_open, visited, 1),
        ("books", is_open, _unless(lost, "has_book", row), 1),
        ("good-hours", is_open, good, Fraction(row["hours"])),
        ("foster-care", is_open and row["placement"] == PLACEMENTS[0], True, 1),
        ("planned-in-time", None if lost == "came_on" else limit < END, planned, 1),
    )
    for name, within, counted, weight in found:
        low = within is True and counted is True
        high = within is not False and counted is not False
        against = (low, low or (within is not False and counted is not True))
        hoped = (high, high or (within is True and counted is False))
        sums = zip(answers.figures[name], (*against, *hoped), strict=True)
        answers.figures[name] = tuple(figure + weight * is_in for figure, is_in in sums)


def _unless(lost: str, name: str, row: dict[str, Any]) -> bool | None:
    return None if lost == name else row[name]


def _after(day: date, months: int) -> date:
    """So many calendar months later; the last day of a month that has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
