"""Several workbooks make one month; months are held against each other."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from kpi_engine.errors import KpiError
from kpi_engine.returns.across import across_months
from kpi_engine.returns.assemble import Assembled, assemble
from kpi_engine.returns.read import read_return
from kpi_engine.terms.finding import Severity
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import Period
from kpi_engine.terms.returned import Validated
from tests.returns.contracts import CODE, COUNTS, OTHER_CODE, ROWS, RULEBOOK, saved, workbook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.returned import MonthReturn, Return
    from tests.returns.contracts import Cells

MARCH = Period.parse("2024-03")
ALL = tuple(ROWS)
CASES = ("workforce", "supervision", "care_orders", "meetings")


def made(
    name: str = "a.xlsx",
    *sheets: str,
    rows: Mapping[str, Sequence[Cells]] | None = None,
    **cover: Any,  # noqa: ANN401  (what a cell holds)
) -> Return:
    """A return of March with the sheets named (all if none is)."""
    held = {sheet: (rows or {}).get(sheet, ROWS[sheet]) for sheet in (sheets or ALL)}
    with TemporaryDirectory() as folder:
        return read_return(saved(Path(folder), workbook(rows=held, cover=cover), name), RULEBOOK)


def unreadable(name: str = "returns_2024-03.xlsx") -> Return:
    with TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(b"PK")
        return read_return(Path(folder) / name, RULEBOOK)


def march(*returns: Return) -> MonthReturn:
    return assemble(returns, RULEBOOK).months[MARCH]


def one(assembled: Assembled, code: str) -> Finding:
    faults = [fault for fault in assembled.findings if fault.code == code]
    assert len(faults) == 1, [(f.code, f.message) for f in assembled.findings]
    return faults[0]


def test_one_return_is_its_month() -> None:
    assembled = assemble([made()], RULEBOOK)
    month = assembled.months[MARCH]
    assert (assembled.findings, month.files, month.authority) == ((), ("a.xlsx",), CODE)
    assert (set(month.tables), month.problems) == (set(CASES), {})


def test_workbooks_with_different_sheets_make_one_month() -> None:
    parts = [
        made("staff.xlsx", "workforce"),
        made("cases.xlsx", *(sheet for sheet in ALL if sheet != "workforce")),
    ]
    assembled = assemble(parts, RULEBOOK)
    month = assembled.months[MARCH]
    assert (assembled.findings, set(month.tables), month.problems) == ((), set(CASES), {})
    assert month.files == ("cases.xlsx", "staff.xlsx")
    assert set(month.counts) == {"permanent-staff"}


def test_order_of_files_makes_no_difference() -> None:
    parts = [
        made("a.xlsx", "workforce", "supervision"),
        made("b.xlsx", "workforce", "counts", validated_by="no"),
        made("c.xlsx", "care_orders", replaces="d.xlsx"),
        made("d.xlsx", "meetings"),
    ]
    answers = [assemble(order, RULEBOOK) for order in itertools.permutations(parts)]
    assert all(answer == answers[0] for answer in answers)


def test_one_table_in_two_workbooks_is_refused_and_the_others_go_on() -> None:
    assembled = assemble([made("a.xlsx"), made("b.xlsx", "workforce")], RULEBOOK)
    month = assembled.months[MARCH]
    fault = one(assembled, "R170")
    assert (fault.severity, fault.sheet, "a.xlsx and b.xlsx" in fault.message) == (
        Severity.REFUSE,
        "Workforce",
        True,
    )
    assert month.problems["workforce"].reason is Reason.RETURN_REFUSED
    assert set(month.tables) == set(CASES) - {"workforce"}


@pytest.mark.parametrize("named", ["a.xlsx", "A.XLSX", "a"])
def test_workbook_that_names_the_other_replaces_it(named: str) -> None:
    later: list[Cells] = [["P09", "W9", "CIC", "filled", "agency", 1, None]]
    assembled = assemble(
        [made("a.xlsx"), made("b.xlsx", rows={"workforce": later}, replaces=named)], RULEBOOK
    )
    month = assembled.months[MARCH]
    assert (one(assembled, "R171").file, month.files) == ("a.xlsx", ("b.xlsx",))
    assert len(month.tables["workforce"].rows) == 1


def test_corrected_file_of_the_same_name_replaces_the_first() -> None:
    later: list[Cells] = [["P09", "W9", "CIC", "filled", "agency", 1, None]]
    assembled = assemble(
        [made("a.xlsx", rows={"workforce": later}, replaces="a.xlsx"), made("a.xlsx")], RULEBOOK
    )
    assert len(assembled.months[MARCH].tables["workforce"].rows) == 1
    assert one(assembled, "R171").severity is Severity.FLAG


def test_replaced_file_is_wholly_set_aside_even_what_the_other_lacks() -> None:
    month = march(made("a.xlsx"), made("b.xlsx", "workforce", replaces="a.xlsx"))
    assert set(month.tables) == {"workforce"}
    assert month.problems["supervision"].reason is Reason.SHEET_MISSING


def test_two_that_replace_each_other_are_both_refused() -> None:
    month = march(made("a.xlsx", replaces="b.xlsx"), made("b.xlsx", replaces="a.xlsx"))
    assert {problem.reason for problem in month.problems.values()} == {Reason.RETURN_REFUSED}
    assert month.tables == {}


def test_refused_correction_does_not_bring_the_first_back() -> None:
    refused = replace(made("b.xlsx", replaces="a.xlsx"), refused=True, tables={}, problems={})
    month = march(made("a.xlsx"), refused)
    assert month.tables == {}
    assert {problem.reason for problem in month.problems.values()} == {Reason.RETURN_REFUSED}


def test_replacing_a_file_that_is_not_there_is_told() -> None:
    assembled = assemble([made("a.xlsx", replaces="gone.xlsx")], RULEBOOK)
    assert one(assembled, "R172").severity is Severity.FLAG
    assert set(assembled.months[MARCH].tables) == set(CASES)


def test_copy_of_a_file_is_used_once() -> None:
    returned = made("a.xlsx")
    assembled = assemble([returned, replace(returned, file="b.xlsx")], RULEBOOK)
    assert one(assembled, "R174").file == "b.xlsx"
    assert set(assembled.months[MARCH].tables) == set(CASES)


def test_empty_sheet_of_one_workbook_stands_back_behind_a_filled_one() -> None:
    empty = made("a.xlsx", rows={"workforce": []})
    month = march(empty, made("b.xlsx", "workforce"))
    assert len(month.tables["workforce"].rows) == 3


def test_nil_of_one_workbook_against_rows_of_another_is_refused() -> None:
    book = workbook(rows={"supervision": []})
    book["Supervision"]["B4"] = "yes"
    with TemporaryDirectory() as folder:
        nil = read_return(saved(Path(folder), book, "b.xlsx"), RULEBOOK)
    assert march(made("a.xlsx"), nil).problems["supervision"].reason is Reason.RETURN_REFUSED


def test_missing_sheet_is_told_once_a_month() -> None:
    assembled = assemble(
        [made("a.xlsx", "workforce"), made("b.xlsx", "supervision", "care_orders")], RULEBOOK
    )
    fault = one(assembled, "R131")
    assert fault.sheet == "Permanency meetings"
    assert assembled.months[MARCH].problems["meetings"].reason is Reason.SHEET_MISSING


def test_sheet_declared_absent_is_no_fault() -> None:
    sheets = [sheet for sheet in ALL if sheet != "supervision"]
    assembled = assemble([made("a.xlsx", *sheets, no_case_list="Supervision")], RULEBOOK)
    month = assembled.months[MARCH]
    assert (assembled.findings, month.no_case_list) == ((), {"supervision"})
    assert "declares" in month.problems["supervision"].detail


def test_refused_return_leaves_its_month_refused() -> None:
    month = march(unreadable())
    assert (month.tables, month.files, month.absent.reason) == ({}, (), Reason.RETURN_REFUSED)
    assert {problem.reason for problem in month.problems.values()} == {Reason.RETURN_REFUSED}


def test_sheet_that_a_refused_workbook_may_hold_is_refused_and_not_missing() -> None:
    month = march(made("a.xlsx", "workforce"), unreadable())
    assert "workforce" in month.tables
    assert month.problems["supervision"].reason is Reason.RETURN_REFUSED


def test_return_without_a_month_is_in_none() -> None:
    assert assemble([unreadable("nowhere.xlsx")], RULEBOOK).months == {}


def test_two_authorities_stop_the_run() -> None:
    with pytest.raises(KpiError) as stopped:
        assemble([made("a.xlsx"), made("b.xlsx", authority=OTHER_CODE)], RULEBOOK)
    assert [fault.code for fault in stopped.value.findings] == ["R173"]


@pytest.mark.parametrize(
    ("said", "validated"),
    [
        ([{"validated_by": "Team", "validated_on": "09/04/2024"}] * 2, Validated.YES),
        ([{"validated_by": "Team", "validated_on": "09/04/2024"}, {}], Validated.NOT_STATED),
        ([{"validated_by": "no"}, {}], Validated.NO),
    ],
)
def test_month_is_only_as_validated_as_its_weakest_workbook(
    said: list[dict[str, Any]], validated: Validated
) -> None:
    parts = [made(f"{sheet}.xlsx", sheet, **cover) for sheet, cover in zip(CASES, said, strict=False)]
    assert march(*parts).validated is validated


def test_counts_that_two_workbooks_differ_on_are_in_doubt() -> None:
    other = made("b.xlsx", "counts", rows={"counts": [["permanent-staff", "", 18, 20, None]]})
    assembled = assemble([made("a.xlsx"), other], RULEBOOK)
    assert one(assembled, "R175").severity is Severity.DOUBT
    assert assembled.months[MARCH].counts["permanent-staff"].unknown


def test_lines_that_agree_or_say_nothing_are_no_fault() -> None:
    blank = {"milestones": [["slip-for-iros", None, None]]}
    assembled = assemble([made("a.xlsx"), made("b.xlsx", "counts", "milestones", rows=blank)], RULEBOOK)
    month = assembled.months[MARCH]
    assert assembled.findings == ()
    assert month.milestones["slip-for-iros"].done_on == date(2023, 7, 3)
    assert not month.counts["permanent-staff"].unknown


# ── What only two months together show ───────────────────────────────────────


def months(**rows: Mapping[str, Sequence[Cells]]) -> tuple[Finding, ...]:
    """The findings between `m2=` (February) and `m3=` (March) and so on."""
    returns = []
    for name, held in rows.items():
        period = f"2024-{int(name[1:]):02d}"
        returns.append(made(f"returns_{period}.xlsx", *held, rows=held, month=period))
    return across_months(assemble(returns, RULEBOOK).months, RULEBOOK)


def orders(*days: date, first: int = 1) -> dict[str, Sequence[Cells]]:
    return {"care_orders": [[f"K{number}", day, None] for number, day in enumerate(days, first)]}


def test_last_months_events_again_are_told() -> None:
    held = {"supervision": ROWS["supervision"]}
    faults = months(m2={"supervision": [["C1", date(2024, 2, 4), "yes"]]}, m3=held, m4=held)
    assert [(f.code, f.sheet, f.severity) for f in faults] == [("R320", "Supervision", Severity.FLAG)]
    assert "April 2024" in faults[0].message


def test_single_event_in_two_months_is_told() -> None:
    again = {"supervision": [ROWS["supervision"][0], ["C9", date(2024, 4, 2), "yes"]]}
    faults = months(m3={"supervision": ROWS["supervision"]}, m4=again)
    assert [(f.code, f.message.split()[0]) for f in faults] == [("R321", "1")]


def test_short_snapshot_may_stand_still_and_a_long_one_may_not() -> None:
    day = date(2023, 9, 1)
    short, long = ([day + timedelta(n) for n in range(count)] for count in (3, 25))
    assert months(m2=orders(*short), m3=orders(*short)) == ()
    assert [f.code for f in months(m2=orders(*long), m3=orders(*long))] == ["R320"]


def test_case_first_sent_after_its_time_is_told() -> None:
    before = orders(date(2023, 5, 1))
    late: dict[str, Sequence[Cells]] = {
        "care_orders": [
            *before["care_orders"],
            ["K7", date(2023, 8, 31), None],
            ["K8", date(2023, 9, 1), None],
        ]
    }
    faults = months(m2=before, m3=late)
    assert [(f.code, f.message.split()[0]) for f in faults] == [("R322", "1")]


def test_case_that_is_gone_before_its_time_is_told() -> None:
    both, one = orders(date(2023, 8, 1), date(2023, 9, 1)), orders(date(2023, 8, 1))
    faults = months(m2=both, m3=one)
    assert [(f.code, f.severity, f.message.split()[0]) for f in faults] == [("R323", Severity.FLAG, "1")]


def test_case_that_has_run_out_may_go() -> None:
    both, one = orders(date(2023, 8, 1), date(2021, 3, 1)), orders(date(2023, 8, 1))
    assert months(m2=both, m3=one) == ()


def test_case_sent_every_month_is_not_late() -> None:
    assert months(m2=orders(date(2023, 5, 1)), m3=orders(date(2023, 5, 1))) == ()


def test_month_between_that_is_missing_makes_no_row_late() -> None:
    assert months(m1=orders(date(2023, 5, 1)), m3=orders(date(2023, 5, 1), date(2023, 6, 1))) == ()


def test_last_months_counts_again_are_told() -> None:
    many = {
        f"m{i}": replace(count, number=count.number) for i in range(3) for count in made().counts.values()
    }
    first, second = (
        assemble([replace(made(f"returns_{p}.xlsx", "counts", month=p), counts=many)], RULEBOOK).months
        for p in ("2024-02", "2024-03")
    )
    faults = across_months({**first, **second}, RULEBOOK)
    assert [(f.code, f.sheet) for f in faults] == [("R320", COUNTS.sheet)]
