"""A file becomes a return: found, refused, or typed with everything it says."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from kpi_engine.returns.cover import month_of_name
from kpi_engine.returns.faults import CAP
from kpi_engine.returns.read import find_returns, read_return
from kpi_engine.terms.finding import Severity
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import Period
from kpi_engine.terms.returned import Validated
from tests.returns.contracts import (
    CODE,
    COUNCIL,
    COVER,
    ROWS,
    RULEBOOK,
    as_excel_table,
    column_of,
    found,
    one,
    reading,
    saved,
    setting,
    workbook,
)

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl import Workbook

MARCH = Period.parse("2024-03")


def test_a_return_without_a_fault_reads_without_a_finding(tmp_path: Path) -> None:
    returned = reading(tmp_path)
    assert returned.findings == ()
    assert (returned.file, returned.claims, returned.refused) == ("returns_2024-03.xlsx", MARCH, False)
    assert (returned.authority, len(returned.digest)) == (CODE, 64)
    assert returned.problems == {}
    assert column_of(returned, "workforce", "team") == [
        ("Children in Care", False),
        ("Children in Care", False),
        ("Fostering", False),
    ]
    assert column_of(returned, "workforce", "fte")[1] == (Decimal("0.5"), False)
    assert column_of(returned, "workforce", "person_id")[2] == (None, False)
    assert column_of(returned, "supervision", "feedback_good") == [(True, False), (False, False)]
    assert column_of(returned, "supervision", "supervised_on")[1] == (date(2024, 3, 31), False)
    assert returned.tables["workforce"].address(1, "team") == "Workforce!C8"


def test_counts_milestones_and_commentary_are_read_by_line(tmp_path: Path) -> None:
    returned = reading(tmp_path)
    assert set(returned.counts) == {"permanent-staff"}
    count = returned.counts["permanent-staff"]
    assert (count.number, count.out_of, count.unknown, count.row) == (Fraction(17), Fraction(20), False, 7)
    assert (count.number_cell, count.out_of_cell) == ("Counts!C7", "Counts!D7")
    milestone = returned.milestones["slip-for-iros"]
    assert (milestone.done_on, milestone.expected_on, milestone.cell) == (
        date(2023, 7, 3),
        None,
        "Milestones!B7",
    )
    comment = returned.commentary["permanent-staff"]
    assert (comment.why, comment.back_on_track) == ("Posts are hard to fill.", date(2024, 9, 1))


def test_cover_cells_are_found_by_label_when_the_names_are_gone(tmp_path: Path) -> None:
    def unnamed(made: Workbook) -> None:
        for name in list(made.defined_names):
            del made.defined_names[name]

    returned = reading(tmp_path, unnamed)
    assert (returned.claims, returned.authority, returned.refused) == (MARCH, CODE, False)


def test_cover_is_found_by_its_names_when_the_sheet_was_renamed(tmp_path: Path) -> None:
    def renamed(made: Workbook) -> None:
        made[COVER].title = "Front page"
        for name in made.defined_names.values():
            name.attr_text = name.attr_text.replace(COVER, "Front page")

    assert reading(tmp_path, renamed).claims == MARCH


@pytest.mark.parametrize(
    "text", ["2024-03", "March 2024", "mar 2024", "01/03/2024", date(2024, 3, 1), date(2024, 3, 31)]
)
def test_month_is_read_in_every_form_that_is_offered(tmp_path: Path, text: object) -> None:
    returned = reading(tmp_path, cover={"month": text})
    assert (returned.claims, returned.findings) == (MARCH, ())


@pytest.mark.parametrize("text", ["3/2024", "2024-13", "Q4", "next month", 45352, "2024", True])
def test_month_in_another_form_refuses_the_return(tmp_path: Path, text: object) -> None:
    returned = reading(tmp_path, cover={"month": text})
    assert one(returned, "R155").where == f"{COVER}!B4"
    assert (returned.refused, returned.tables) == (True, {})


def test_missing_month_refuses_but_the_file_name_still_claims_it(tmp_path: Path) -> None:
    returned = reading(tmp_path, cover={"month": None})
    assert one(returned, "R154").severity is Severity.REFUSE
    assert (returned.refused, returned.claims, returned.tables) == (True, MARCH, {})


@pytest.mark.parametrize("text", [COUNCIL, COUNCIL.upper(), CODE, f"  {CODE}\u00a0"])
def test_authority_is_known_by_code_or_name(tmp_path: Path, text: str) -> None:
    assert reading(tmp_path, cover={"authority": text}).authority == CODE


@pytest.mark.parametrize(
    ("text", "meant"),
    [("Haringey", "London Borough of Haringey"), ("Exmaple Borough (made-up)", COUNCIL), ("Atlantis", None)],
)
def test_unknown_authority_refuses_the_return(tmp_path: Path, text: str, meant: str | None) -> None:
    returned = reading(tmp_path, cover={"authority": text})
    message = one(returned, "R153").message
    assert returned.refused
    assert (f"did you mean {meant!r}" in message) if meant else ("did you mean" not in message)


def test_missing_authority_refuses_the_return(tmp_path: Path) -> None:
    returned = reading(tmp_path, cover={"authority": " \u00a0"})
    assert one(returned, "R152").severity is Severity.REFUSE
    assert returned.refused


@pytest.mark.parametrize(
    ("by", "on", "validated", "codes"),
    [
        ("Data team", date(2024, 4, 9), Validated.YES, []),
        ("Data team", "09/04/2024", Validated.YES, []),
        (None, None, Validated.NOT_STATED, []),
        ("No", None, Validated.NO, []),
        ("Data team", "no", Validated.NO, []),
        ("Data team", None, Validated.NOT_STATED, ["R160"]),
        (None, date(2024, 4, 9), Validated.NOT_STATED, ["R160"]),
        ("tbc", None, Validated.NOT_STATED, []),
        ("Data team", "April", Validated.NOT_STATED, ["R157", "R160"]),
    ],
)
def test_validated_only_where_both_who_and_when_are_said(
    tmp_path: Path, by: object, on: object, validated: Validated, codes: list[str]
) -> None:
    returned = reading(tmp_path, cover={"validated_by": by, "validated_on": on})
    assert (returned.validated, [f.code for f in returned.findings]) == (validated, codes)


def test_declared_absence_of_a_case_list_is_read_by_sheet_name(tmp_path: Path) -> None:
    rows = {name: lines for name, lines in ROWS.items() if name != "supervision"}
    returned = reading(tmp_path, rows=rows, cover={"no_case_list": "supervision; Care Order ;"})
    assert returned.no_case_list == {"supervision"}
    assert "did you mean 'Care orders'" in one(returned, "R158").message
    assert returned.problems["supervision"].reason is Reason.SHEET_MISSING
    assert "declares" in returned.problems["supervision"].detail


def test_rows_on_a_sheet_declared_absent_are_used_and_told(tmp_path: Path) -> None:
    returned = reading(tmp_path, cover={"no_case_list": "Supervision"})
    assert one(returned, "R159").sheet == "Supervision"
    assert "supervision" in returned.tables


def test_replaces_keeps_the_file_name_only(tmp_path: Path) -> None:
    assert reading(tmp_path, cover={"replaces": "S:\\returns\\old.xlsx"}).replaces == "old.xlsx"


def test_missing_sheet_is_a_problem_of_that_sheet_alone(tmp_path: Path) -> None:
    returned = reading(tmp_path, lambda made: made.remove(made["Workforce"]))
    assert returned.problems["workforce"].reason is Reason.SHEET_MISSING
    assert set(returned.tables) == {"supervision", "care_orders", "meetings"}
    assert not returned.refused


def test_sheet_synonym_is_the_sheet(tmp_path: Path) -> None:
    def renamed(made: Workbook) -> None:
        made["Workforce"].title = "STAFFING"

    returned = reading(tmp_path, renamed)
    assert (returned.findings, len(returned.tables["workforce"].rows)) == ((), 3)


def test_one_table_on_two_sheets_is_refused(tmp_path: Path) -> None:
    def doubled(made: Workbook) -> None:
        made.copy_worksheet(made["Workforce"]).title = "Staffing"

    returned = reading(tmp_path, doubled)
    assert one(returned, "R133").severity is Severity.REFUSE
    assert returned.problems["workforce"].reason is Reason.RETURN_REFUSED
    assert "workforce" not in returned.tables


def test_unlike_sheet_is_told_by_its_number_and_never_by_its_name(tmp_path: Path) -> None:
    returned = reading(tmp_path, lambda made: made.create_sheet("Q", 1))
    fault = one(returned, "R132")
    assert (fault.sheet, "number 2" in fault.message) == ("", True)


def test_sheet_without_headings_is_not_used(tmp_path: Path) -> None:
    returned = reading(tmp_path, lambda made: made["Workforce"].delete_rows(6))
    assert one(returned, "R134").sheet == "Workforce"
    assert returned.problems["workforce"].reason is Reason.SHEET_MISSING


@pytest.mark.parametrize("tick", ["Yes", "x", True, "TRUE"])
def test_nil_ticked_on_an_empty_sheet(tmp_path: Path, tick: object) -> None:
    returned = reading(tmp_path, setting("Supervision", B4=tick), rows={**ROWS, "supervision": []})
    assert (returned.tables["supervision"].nil, returned.findings) == (True, ())
    assert len(returned.tables["supervision"].rows) == 0


@pytest.mark.parametrize("tick", ["No", None, False])
def test_nil_not_ticked(tmp_path: Path, tick: object) -> None:
    returned = reading(tmp_path, setting("Supervision", B4=tick), rows={**ROWS, "supervision": []})
    assert (returned.tables["supervision"].nil, returned.findings) == (False, ())


def test_nil_cell_that_says_something_else_refuses_the_sheet(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Supervision", B4="maybe"))
    assert one(returned, "R146").cell == "B4"
    assert "supervision" not in returned.tables
    assert returned.problems["supervision"].reason is Reason.RETURN_REFUSED


def test_nil_ticked_beside_rows_is_told(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Supervision", B4="yes"))
    assert one(returned, "R309").sheet == "Supervision"
    assert (returned.tables["supervision"].nil, len(returned.tables["supervision"].rows)) == (True, 2)


def test_blank_of_a_column_that_needs_a_value_is_unknown_and_told_once(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Supervision", C7=None, C8="n/k"))
    assert column_of(returned, "supervision", "feedback_good") == [(None, True), (None, True)]
    fault = one(returned, "R203")
    assert (fault.cell, fault.severity, "2 of its cells" in fault.message) == ("C7", Severity.DOUBT, True)


def test_faults_of_one_kind_are_listed_up_to_the_cap_and_the_rest_counted(tmp_path: Path) -> None:
    rows = [[f"C{i}", "soon", "yes"] for i in range(CAP + 30)]
    returned = reading(tmp_path, rows={**ROWS, "supervision": rows})
    assert len(found(returned, "R204")) == CAP
    assert "30 more of R204" in one(returned, "R124").message
    assert all(unknown for _, unknown in column_of(returned, "supervision", "supervised_on"))


def test_line_for_an_unknown_measure_is_told_and_not_read(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Counts", A7="permanent-staf"))
    assert "did you mean 'permanent-staff'" in one(returned, "R313").message
    assert returned.counts == {}


def test_two_different_lines_for_one_measure_are_in_doubt(tmp_path: Path) -> None:
    rows: list[list[object]] = [["permanent-staff", "", 17, 20, None], ["permanent-staff", "", 18, 20, None]]
    returned = reading(tmp_path, rows={**ROWS, "counts": rows})
    assert one(returned, "R314").cell == "C8"
    assert returned.counts["permanent-staff"].unknown


def test_reason_for_no_figure_is_understood_or_told(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["permanent-staff", "", None, None, "nothing due this month"],
        ["champions", "", None, None, "on holiday"],
    ]
    returned = reading(tmp_path, rows={**ROWS, "counts": rows})
    assert returned.counts["permanent-staff"].why_none is Reason.NOTHING_DUE
    assert returned.counts["champions"].why_none is None
    assert one(returned, "R315").cell == "E8"


def test_expected_date_of_a_milestone_may_lie_ahead_but_not_the_day_it_was_done(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Milestones", B7=date(2024, 5, 1), C7=date(2024, 6, 1)))
    assert one(returned, "R301").where == "Milestones!B7"
    milestone = returned.milestones["slip-for-iros"]
    assert (milestone.done_on, milestone.unknown) == (None, True)


def test_table_is_found_by_its_excel_name_on_a_misnamed_sheet(tmp_path: Path) -> None:
    def renamed(made: Workbook) -> None:
        as_excel_table(made, "workforce")
        made["Workforce"].title = "Sheet1"

    returned = reading(tmp_path, renamed)
    assert one(returned, "R130").severity is Severity.FLAG
    assert len(returned.tables["workforce"].rows) == 3


def test_unreadable_file_is_a_refused_return_that_claims_the_month_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "returns_2024-03.xlsx"
    path.write_bytes(b"not a workbook")
    returned = read_return(path, RULEBOOK)
    assert (returned.refused, returned.claims, returned.tables) == (True, MARCH, {})
    assert returned.findings


def test_missing_file_is_a_refused_return(tmp_path: Path) -> None:
    returned = read_return(tmp_path / "nowhere.xlsx", RULEBOOK)
    assert (returned.refused, returned.claims, returned.digest) == (True, None, "")


@pytest.mark.parametrize(
    ("name", "month"),
    [
        ("returns_2024-03.xlsx", "2024-03"),
        ("2024_03 v2.xlsx", "2024-03"),
        ("return 202403.xlsx", "2024-03"),
        ("March 2024.xlsx", "2024-03"),
        ("kpi-sept-2024.xlsx", "2024-09"),
        ("returns.xlsx", None),
        ("returns_2024-13.xlsx", None),
        ("12024-03.xlsx", None),
    ],
)
def test_month_of_a_file_name(name: str, month: str | None) -> None:
    assert month_of_name(name) == (Period.parse(month) if month else None)


def test_folders_are_searched_sorted_and_without_what_is_set_apart(tmp_path: Path) -> None:
    for name in (
        "b.xlsx",
        "a.XLSX",
        "~$a.xlsx",
        ".hidden.xlsx",
        "notes.txt",
        "old.xls",
        "sub/c.xlsm",
        "corrected/d.xlsx",
        ".git/e.xlsx",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    names = [path.relative_to(tmp_path).as_posix() for path in find_returns([tmp_path])]
    assert names == ["a.XLSX", "b.xlsx", "old.xls", "sub/c.xlsm"]


def test_named_files_and_folders_are_always_tried_and_each_once(tmp_path: Path) -> None:
    apart = tmp_path / "corrected"
    apart.mkdir()
    for path in (apart / "d.xlsx", tmp_path / "notes.txt"):
        path.write_bytes(b"")
    given = [tmp_path / "notes.txt", apart, apart / "d.xlsx", tmp_path / "missing.xlsx"]
    assert find_returns(given) == sorted(
        [apart / "d.xlsx", tmp_path / "missing.xlsx", tmp_path / "notes.txt"]
    )


def test_findings_name_file_sheet_and_cell(tmp_path: Path) -> None:
    path = saved(tmp_path, workbook(), "returns_2024-03.xlsx")
    made = workbook()
    made["Workforce"]["F7"] = "much"
    saved(tmp_path, made)
    fault = one(read_return(path, RULEBOOK), "R207")
    assert (fault.file, fault.sheet, fault.cell) == ("returns_2024-03.xlsx", "Workforce", "F7")
