"""A cell that cannot be read, or a table that is gone, never makes a verdict better."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kpi_engine.check import check
from kpi_engine.returns.template import Filling
from kpi_engine.terms.period import Period
from kpi_engine.terms.table import ColumnType
from kpi_engine.terms.verdict import Status
from tests.properties.small_return import (
    COUNCIL,
    END,
    HEADINGS_ROW,
    UNREADABLE,
    VALIDATED,
    Row,
    Workbook,
    ago,
    all_missed,
    cells,
    inline,
    just_missed,
    missed,
    of_sheet,
    read,
    row,
    rulebook,
    rules_of,
    statuses,
    written,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kpi_engine.rulebook.book import ColumnSpec
    from kpi_engine.terms.returned import Return

SHEETS = sorted(just_missed())
EMPTY = ">"
STATED = {"fail", "not_assessed"}


class Judged:
    """The verdicts of one sheet's measures; returns that read alike are judged once."""

    def __init__(self, sheet: str, *others: Return) -> None:
        self.sheet, self.others = sheet, others
        self.held: dict[str, dict[str, Status]] = {}

    def of(self, returned: Return) -> dict[str, Status]:
        table = returned.tables.get(self.sheet)
        key = repr((returned.refused, returned.problems.get(self.sheet), returned.counts, table))
        if key not in self.held:
            self.held[key] = statuses([returned, *self.others], rules_of(self.sheet))
        return self.held[key]


def improved(before: dict[str, Status], after: dict[str, Status]) -> list[str]:
    """The measures that pass now and did not."""
    return [m for m, status in after.items() if status is Status.PASS and before[m] is not Status.PASS]


@pytest.mark.parametrize("sheet", SHEETS)
def test_no_unreadable_cell_turns_a_miss_into_a_pass(sheet: str, tmp_path: Path) -> None:
    rows, judged = just_missed()[sheet], Judged(sheet)
    workbook = missed(sheet)
    before = judged.of(read(workbook, tmp_path))
    assert {status.value for status in before.values()} <= STATED
    name = rulebook().contract.sheets[sheet].sheet
    better = [
        (measure, address, how)
        for _, address in cells(sheet, rows)
        for how, cell in UNREADABLE.items()
        for measure in improved(before, judged.of(read(workbook.with_cell(name, address, cell), tmp_path)))
    ]
    assert better == []


@pytest.mark.parametrize("sheet", SHEETS)
def test_no_unreadable_heading_turns_a_miss_into_a_pass(sheet: str, tmp_path: Path) -> None:
    workbook, judged = missed(sheet), Judged(sheet)
    before = judged.of(read(workbook, tmp_path))
    spec = rulebook().contract.sheets[sheet]
    for number in range(len(spec.columns)):
        address = f"{chr(ord('A') + number)}{HEADINGS_ROW}"
        broken = workbook.with_cell(spec.sheet, address, UNREADABLE["an error"])
        assert improved(before, judged.of(read(broken, tmp_path))) == [], address


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Status]:
    return statuses([read(all_missed(), tmp_path_factory.mktemp("whole"))])


@pytest.mark.parametrize("gone", SHEETS)
def test_removing_a_table_turns_nothing_into_a_pass(
    gone: str, whole: dict[str, Status], tmp_path: Path
) -> None:
    without = read(all_missed().without(rulebook().contract.sheets[gone].sheet), tmp_path)
    before, after = whole, statuses([without])
    of_it = rules_of(gone).indicators.keys()
    assert {after[measure] for measure in of_it} == {Status.NOT_ASSESSED}
    assert all(after[measure] == before[measure] for measure in before.keys() - of_it)


# ── Any rows at all ──────────────────────────────────────────────────────────

DAYS = [
    ago(0),
    ago(0, 1),
    ago(0, 9),
    ago(1),
    ago(2),
    ago(3),
    ago(6),
    ago(7),
    ago(8),
    ago(9),
    ago(12),
    ago(20),
]


def _cell_of(column: ColumnSpec) -> st.SearchStrategy[str]:
    """What a team may type into a cell, as it is stored."""
    match column.type.value:
        case "date":
            shown = [f"><v>{(day - END).days + 45838}</v>" for day in DAYS]  # 45838 is 30 June 2025
        case "yes_no":
            shown = [inline("Yes"), inline("No")]
        case "choice":
            shown = [inline(value) for value in column.values]
        case "whole" | "decimal":
            shown = [
                f"><v>{number}</v>" for number in (0, 1, 2, 3) if column.most is None or number <= column.most
            ]
        case _:
            shown = [inline(name) for name in ("AB-1", "AB-2", "AB-3")]
    return st.sampled_from([*shown, *shown, EMPTY, UNREADABLE["not known"]])


@st.composite
def _filled(draw: st.DrawFn) -> tuple[str, dict[str, str], str, str]:
    """A sheet, a few rows of any cells by address, and one of them that becomes unreadable, and how."""
    sheet = draw(st.sampled_from(SHEETS))
    columns = list(rulebook().contract.sheets[sheet].columns.values())
    last = HEADINGS_ROW + draw(st.integers(1, 3))
    typed = {
        f"{chr(ord('A') + place)}{number}": draw(_cell_of(column))
        for number in range(HEADINGS_ROW + 1, last + 1)
        for place, column in enumerate(columns)
    }
    address = draw(st.sampled_from([at for at, cell in typed.items() if cell != EMPTY] or ["A7"]))
    of_id = columns[ord(address[0]) - ord("A")].type is ColumnType.ID
    # Any text is an identifier, so none is unreadable as one.
    ways = [how for how in UNREADABLE if not (of_id and how == "a text that means nothing")]
    return sheet, typed, address, draw(st.sampled_from(ways))


@cache
def _empty(sheet: str) -> Workbook:
    return of_sheet(sheet, [])


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(_filled())
def test_no_unreadable_cell_makes_any_sheet_better(
    tmp_path: Path, filled: tuple[str, dict[str, str], str, str]
) -> None:
    sheet, typed, address, how = filled
    name, judged, workbook = rulebook().contract.sheets[sheet].sheet, Judged(sheet), _empty(sheet)
    for at, cell in typed.items():
        workbook = workbook.with_cell(name, at, cell)
    returned = read(workbook, tmp_path)
    # Rows that contradict themselves have their own tests, below.
    assume(all(finding.code != "R302" for finding in returned.findings))
    broken = workbook.with_cell(name, address, UNREADABLE[how])
    assert improved(judged.of(returned), judged.of(read(broken, tmp_path))) == []


# ── Cells that watch over others ─────────────────────────────────────────────
# Losing one of these loses a contradiction, not a figure.


def children(with_book: int) -> list[Row]:
    """20 children in care, so many with a life story book."""
    return [row("children_in_care", n, *(ago(10), None, n < with_book, True, True)) for n in range(20)]


def books(number: int | None) -> Workbook:
    """19 of 20 children have a book; the Counts sheet says `number` of 20."""
    rows = children(with_book=19)
    counts = {} if number is None else {"life-story-books": {"number": number, "out_of": 20}}
    filling = Filling(COUNCIL, cover=VALIDATED, rows={"children_in_care": rows}, counts=counts)
    return written(filling, only={"children_in_care", "counts"})


def judged_books(workbook: Workbook, folder: Path) -> Status:
    return statuses([read(workbook, folder)], rules_of("children_in_care"))["life-story-books"]


COUNTED_CELL = "C26"  # the line of life-story-books on Counts


def test_unreadable_count_does_not_settle_a_disagreement(tmp_path: Path) -> None:
    workbook = books(20)
    assert judged_books(workbook, tmp_path) is Status.NOT_ASSESSED
    broken = workbook.with_cell("Counts", COUNTED_CELL, UNREADABLE["an error"])
    assert judged_books(broken, tmp_path) is Status.NOT_ASSESSED


def test_a_count_that_was_not_sent_says_nothing(tmp_path: Path) -> None:
    """Counts are optional beside rows (targets.md): a sheet that is not there cannot disagree."""
    assert judged_books(books(20), tmp_path) is Status.NOT_ASSESSED
    assert judged_books(books(20).without("Counts"), tmp_path) is Status.PASS


def test_a_doubt_that_explains_a_disagreement_settles_it(tmp_path: Path) -> None:
    """The counts then lie between the two figures, and both of those meet the target (targets.md)."""
    workbook = books(20)
    assert judged_books(workbook, tmp_path) is Status.NOT_ASSESSED
    explained = workbook.with_cell("Children in care", "D26", UNREADABLE["an error"])
    assert judged_books(explained, tmp_path) is Status.PASS


def test_unreadable_tick_beside_rows_is_no_denial(tmp_path: Path) -> None:
    workbook = of_sheet("children_in_care", children(with_book=20), nil=True)
    assert judged_books(workbook, tmp_path) is Status.NOT_ASSESSED
    broken = workbook.with_cell("Children in care", "B4", UNREADABLE["an error"])
    assert judged_books(broken, tmp_path) is Status.NOT_ASSESSED


def test_unreadable_date_does_not_settle_a_contradiction(tmp_path: Path) -> None:
    """The child left before the order: neither date is believed, until one of the two cannot be read."""
    rows = [
        row("care_orders", 1, ago(8), "Adoption", None, None, ago(7), None, None, None),
        row("care_orders", 2, ago(30), "Adoption", None, None, None, None, ago(31), "Other"),
    ]
    workbook, judged = of_sheet("care_orders", rows), Judged("care_orders")
    assert judged.of(read(workbook, tmp_path))["matched-within-6-months"] is Status.NOT_ASSESSED
    broken = workbook.with_cell("Care orders", "H8", UNREADABLE["an error"])
    assert judged.of(read(broken, tmp_path))["matched-within-6-months"] is Status.NOT_ASSESSED


def test_unreadable_month_of_an_earlier_return_hides_no_miss(tmp_path: Path) -> None:
    may, rules = Period.parse("2025-05"), rules_of("reviews")
    missed_in_may = of_sheet("reviews", [row("reviews", 1, 2, may.end, None)], month=may)
    met_in_june = of_sheet("reviews", [row("reviews", 2, 2, END, END)])
    met_in_june.save(tmp_path / "second.xlsx")
    said = []
    for workbook in (missed_in_may, missed_in_may.with_cell("Start here", "B12", UNREADABLE["an error"])):
        workbook.save(tmp_path / "first.xlsx")
        checked = check([tmp_path], rules)
        assert checked is not None
        said.append(checked.verdicts[0].status)
    assert said[0] is Status.FAIL
    assert said[1] is not Status.PASS
