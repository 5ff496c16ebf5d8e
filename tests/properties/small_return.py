"""Small returns in which every measure is just missed, and their cells changed one at a time."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from openpyxl.utils import get_column_letter

from kpi_engine.measures.embedded import EmbeddedEngine
from kpi_engine.measures.measure import records_of
from kpi_engine.returns.assemble import assemble
from kpi_engine.returns.read import read_return
from kpi_engine.returns.template import Filling, build_return
from kpi_engine.returns.template.workbook import packed
from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.terms.measured import Measured
from kpi_engine.terms.period import Period, add_months
from kpi_engine.verdicts.judge import judge

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.returned import Return
    from kpi_engine.terms.table import Value
    from kpi_engine.terms.verdict import Status, Verdict

MONTH = Period.parse("2025-06")  # every target is due, and a quarter ends
END = MONTH.end
HEADINGS_ROW = 6
COUNCIL = "E99999999"
Row = dict[str, "Value"]


def ago(months: int, days: int = 0) -> date:
    """A day so many months and days before the month ends."""
    return add_months(END, -months) - timedelta(days=days)


def row(sheet: str, number: int, *cells: Value) -> Row:
    """A row of the sheet: its key made from `number`, then the cells in the order of the contract."""
    columns = list(rulebook().contract.sheets[sheet].columns)
    return dict(zip(columns, (f"{sheet[:2].upper()}-{number}", *cells), strict=False))


@cache
def rulebook() -> RuleBook:
    """The rules, with baselines so small that a handful of rows decides."""
    book = load_rulebook(Path(__file__).parents[2] / "rules")
    small = {"pf-referrals-2022-23": 5, "foster-placements-2023-06": 1, "pf-children-2023-06": 2}
    baselines = tuple(replace(b, total=Fraction(small[b.id]), months=None) for b in book.baselines)
    return replace(book, baselines=baselines)


@cache
def rules_of(sheet: str) -> RuleBook:
    """The rules that read one sheet, less the figures beside them."""
    of_sheet = {
        i.id: replace(i, beside=(), warn_if_falls=None)
        for i in rulebook().indicators.values()
        if i.measure.table == sheet
    }
    return replace(rulebook(), indicators=of_sheet)


@cache
def just_missed() -> Mapping[str, Sequence[Row]]:
    """Rows of every sheet: one row fewer against each measure, or one more for it, and it would be met."""
    in_month, early, late = END - timedelta(days=9), ago(10), END - timedelta(days=1)
    order = ago(8)  # an order whose 6 months ended 2 months ago
    joined = END - timedelta(days=49)
    sheets: dict[str, list[tuple[Value, ...]]] = {
        "adoption": [
            (True, ago(3), None, None, late, True, None, None),
            (True, ago(3), None, None, None, False, None, None),
            (True, ago(3), ago(3) + timedelta(days=40), "Left care", None, False, None, None),
            (False, ago(14), None, None, ago(9), False, ago(1), late),
            (False, ago(14), None, None, ago(9), False, ago(1), None),
        ],
        "audits": [("Other", in_month, "AD for Safeguarding"), ("Other", in_month, None)],
        "care_orders": [
            (order, "Adoption", None, None, ago(7), ago(3), None, None),
            (order, "Connected carer", None, None, None, ago(3), None, None),
            (order, "Adoption", None, ago(5), None, None, ago(3), "Returned home"),
            (order, "No match wanted", None, None, None, ago(3), None, None),
            (ago(30), "Long-term fostering", None, None, late, None, None, None),
        ],
        "children_in_care": [
            *[(early, None, True, True, True)] * 5,
            (early, None, False, True, False),
            (early, in_month, False, True, False),
            (early, None, True, None, False),
        ],
        "court_cases": [
            (in_month - timedelta(days=182), in_month, True),
            (in_month - timedelta(days=183), in_month, True),
            (ago(6), in_month, False),
            (ago(8), ago(2), False),
        ],
        "foster_carers": [
            (ago(40), ago(12), ago(23, 20), None, False, "Good"),
            (ago(40), ago(12, 1), ago(24), ago(11), True, None),
            (ago(6), None, None, None, False, None),
        ],
        "matched_and_sg": [
            *[("Special guardianship", None, True)] * 5,
            ("Matched foster placement", None, False),
            ("Other", None, False),
            ("Special guardianship", in_month, False),
        ],
        "midway_reviews": [*[(in_month, None)] * 10, (ago(1), late), (ago(4), None)],
        "permanency_meetings": [
            (in_month, True, True, 3, 3),
            (in_month, False, True, 2, 1),
            (in_month, True, False, 4, 0),
        ],
        "pf_arrangements": [(early, None), (early, None), (early, in_month)],
        "pf_champions": [*[("CSP", early, None)] * 11, ("HSCP", early, in_month)],
        "pf_referrals": [
            (in_month, "C-1", False, None),
            (in_month, "C-2", True, "Other"),
            (ago(2), "C-3", False, None),
        ],
        "placements": [*[(True, "In-house")] * 20, (False, "Other")],
        "reviews": [(2, in_month, in_month), (2, in_month, late), (3, in_month, None)],
        "starters": [
            ("Agency", True, joined, joined + timedelta(days=49), None),
            ("Newly appointed", True, joined, None, None),
            ("Agency", True, joined, None, joined + timedelta(days=48)),
            ("Moved within the council", True, joined, None, None),
            ("Agency", True, in_month, None, None),
        ],
        "supervision": [
            *[(in_month, True, True)] * 2,
            (in_month, True, False),
            (ago(2), False, False),
        ],
        "workforce": [
            *[("PE-1", "Children in Care", "Social worker", "filled", "permanent", 1)] * 5,
            ("PE-2", "Children in Care", "Team manager", "filled", "agency", 1),
            (None, "Children in Care", "Social worker", "vacant", None, 1),
            ("PE-3", "Assessment", "Social worker", "filled", "agency", 1),
        ],
    }
    return {sheet: [row(sheet, n, *cells) for n, cells in enumerate(rows)] for sheet, rows in sheets.items()}


# ── Workbooks whose cells are changed as text ────────────────────────────────


def inline(text: str) -> str:
    """A cell of text."""
    return f' t="inlineStr"><is><t xml:space="preserve">{text}</t></is>'


UNREADABLE = {
    "an error": ' t="e"><v>#N/A</v>',
    "not known": inline("n/k"),
    "a formula without its value": "><f>1+1</f>",
    "a text that means nothing": inline("qq7?"),
}


@dataclass(frozen=True, repr=False)
class Workbook:
    """A workbook's parts as text, and the part that each sheet is."""

    parts: Mapping[str, str]
    sheets: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Workbook of {len(self.sheets)} sheets"

    def with_cell(self, sheet: str, address: str, cell: str) -> Workbook:
        """The workbook with the one cell written anew, its style kept."""
        part = self.sheets[sheet]
        pattern = rf'<c r="{address}"( s="\d+")?[^>]*?(?:/>|>.*?</c>)'
        text, done = re.subn(
            pattern, lambda found: f'<c r="{address}"{found[1] or ""}{cell}</c>', self.parts[part], count=1
        )
        assert done == 1, f"{sheet} has no cell {address}"
        return replace(self, parts={**self.parts, part: text})

    def without(self, sheet: str) -> Workbook:
        """The workbook less one sheet."""
        listed = self.parts["xl/workbook.xml"]
        text, done = re.subn(rf'<sheet [^>]*name="{sheet}"[^>]*/>', "", listed)
        assert done == 1, f"there is no sheet {sheet}"
        return replace(self, parts={**self.parts, "xl/workbook.xml": text})

    def save(self, path: Path) -> Path:
        """Write it to `path`, in place of what is there."""
        with zipfile.ZipFile(path, "w") as out:
            for name, text in self.parts.items():
                out.writestr(name, text)
        return path


def written(
    filling: Filling,
    *,
    only: Collection[str] | None = None,
    month: Period = MONTH,
) -> Workbook:
    """The workbook of a filling; `only` keeps the sheets named, by id, beside the cover."""
    built = build_return(rulebook(), month, filling)
    for spec in rulebook().contract.sheets.values():
        if only is not None and spec.id not in only:
            del built[spec.sheet]
    if only is not None:
        del built["Lists"]
    names = {name: f"xl/worksheets/sheet{n}.xml" for n, name in enumerate(built.sheetnames, 1)}
    with zipfile.ZipFile(io.BytesIO(packed(built, month))) as held:
        return Workbook({name: held.read(name).decode() for name in held.namelist()}, names)


VALIDATED: Mapping[str, Value] = {"validated_by": "Performance team", "validated_on": END}


def of_sheet(sheet: str, rows: Sequence[Row], *, nil: bool = False, month: Period = MONTH) -> Workbook:
    """A return that holds one sheet and the cover."""
    filling = Filling(COUNCIL, cover=VALIDATED, rows={sheet: rows}, nil=[sheet] if nil else [])
    return written(filling, only={sheet}, month=month)


@cache
def missed(sheet: str) -> Workbook:
    """The return that holds one sheet's measures, just missed."""
    return of_sheet(sheet, just_missed()[sheet])


@cache
def all_missed() -> Workbook:
    """The return that holds every sheet's."""
    return written(Filling(COUNCIL, cover=VALIDATED, rows=just_missed()))


def read(workbook: Workbook, folder: Path, name: str = "returns_2025-06.xlsx") -> Return:
    """The workbook, saved and read."""
    return read_return(workbook.save(folder / name), rulebook())


def verdicts(returns: Iterable[Return], rules: RuleBook | None = None) -> dict[str, Verdict]:
    """What is said of every measure: kpi_engine.check on one engine that stays open, for speed."""
    asked = rules or rulebook()
    months = assemble(tuple(returns), asked).months
    records = dict(zip(months, records_of(engine(), list(months.values()), asked), strict=True))
    validated = {period: month.validated for period, month in months.items()}
    return {v.indicator: v for v in judge(asked, MONTH, Measured(COUNCIL, records, validated))}


@cache
def engine() -> EmbeddedEngine:
    """One engine for every run; it forgets each table."""
    return EmbeddedEngine()


def statuses(returns: Iterable[Return], rules: RuleBook | None = None) -> dict[str, Status]:
    """The bare statuses."""
    return {name: verdict.status for name, verdict in verdicts(returns, rules).items()}


def distinct(rows: Sequence[Row]) -> Iterator[int]:
    """The places of the rows that differ in more than their key."""
    seen: set[tuple[Value, ...]] = set()
    for place, cells in enumerate(rows):
        content = tuple(cells.values())[1:]
        if content not in seen:
            yield place
        seen.add(content)


def cells(sheet: str, rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Each column's id and address, in every row unlike those above it."""
    for place in distinct(rows):
        for number, column in enumerate(rulebook().contract.sheets[sheet].columns, 1):
            yield column, f"{get_column_letter(number)}{HEADINGS_ROW + 1 + place}"
