"""Each error that real returns were seen to hold: its code, its cell, and what becomes of the table."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from kpi_engine.returns.faults import CAP
from kpi_engine.returns.personal import is_personal_heading, looks_like_name, telling_words, vocabulary
from kpi_engine.returns.read import read_return
from kpi_engine.terms.finding import Severity
from kpi_engine.terms.measurement import Reason
from tests.returns.contracts import (
    CANARY,
    CONTRACT,
    COVER,
    HEADING_ROW,
    ROWS,
    RULEBOOK,
    as_excel_table,
    column_of,
    found,
    one,
    properties,
    reading,
    saved,
    setting,
    workbook,
)

if TYPE_CHECKING:
    from kpi_engine.terms.returned import Return

WORDS = (
    "first name",
    "Surname",
    "Child's name",
    "DOB",
    "D.O.B.",
    "Date of birth",
    "NHS number",
    "Postcode",
    "Home address",
)


def unknown(returned: Return, table: str, column: str) -> list[bool]:
    return [flag for _, flag in column_of(returned, table, column)]


# ── wrong workbook, old template ─────────────────────────────────────────────


def test_wrong_workbook_has_its_own_message(tmp_path: Path) -> None:
    made = Workbook()
    made.worksheets[0]["A1"] = "Menu"
    returned = read_return(saved(tmp_path, made), RULEBOOK)
    assert one(returned, "R150").severity is Severity.REFUSE
    assert (returned.refused, [f.code for f in returned.findings if f.severity is Severity.REFUSE]) == (
        True,
        ["R150"],
    )


def test_workbook_without_the_cover_is_refused(tmp_path: Path) -> None:
    def uncovered(made: Workbook) -> None:
        made.remove(made[COVER])
        for name in list(made.defined_names):
            del made.defined_names[name]

    returned = reading(tmp_path, uncovered)
    assert one(returned, "R161").severity is Severity.REFUSE
    assert (returned.refused, returned.tables) == (True, {})


def test_old_template_is_told_by_the_named_cell(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting(COVER, B20="2"))
    fault = one(returned, "R151")
    assert (fault.where, "not version 3" in fault.message, returned.refused) == (f"{COVER}!B20", True, False)


def test_old_template_is_told_by_the_custom_property(tmp_path: Path) -> None:
    def older(made: Workbook) -> None:
        properties(made)["template_version"].value = "2"

    assert "another template" in one(reading(tmp_path, older), "R151").message


def test_workbook_without_a_template_version_is_told(tmp_path: Path) -> None:
    def bare(made: Workbook) -> None:
        made[COVER]["B20"] = None
        del properties(made)["template_version"]

    assert "no template" in one(reading(tmp_path, bare), "R151").message


# ── renamed sheet, misspelt or shifted columns ───────────────────────────────


@pytest.mark.parametrize("name", ["Supervision (2)", "Supervison"])
def test_renamed_sheet_is_not_used_but_named(tmp_path: Path, name: str) -> None:
    def renamed(made: Workbook) -> None:
        made["Supervision"].title = name

    returned = reading(tmp_path, renamed)
    fault = one(returned, "R132")
    assert (fault.sheet, "did you mean 'Supervision'" in fault.message) == (name, True)
    assert returned.problems["supervision"].reason is Reason.SHEET_MISSING


def test_renamed_sheet_is_used_where_its_excel_table_says_what_it_is(tmp_path: Path) -> None:
    def renamed(made: Workbook) -> None:
        as_excel_table(made, "supervision")
        made["Supervision"].title = "Supervision (2)"

    returned = reading(tmp_path, renamed)
    assert one(returned, "R130").sheet == "Supervision (2)"
    assert len(returned.tables["supervision"].rows) == 2


def test_misspelt_heading_leaves_the_column_out_and_asks_what_was_meant(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Supervision", C6="Feedbak good"))
    fault = one(returned, "R136")
    assert (fault.cell, fault.severity, fault.found) == ("C6", Severity.FLAG, None)
    assert "did you mean 'Feedback good'" in fault.message
    assert "not assessed" in one(returned, "R135").message
    assert set(returned.tables["supervision"].columns) == {"case_id", "supervised_on"}


def test_missing_optional_column_is_no_fault(tmp_path: Path) -> None:
    returned = reading(tmp_path, lambda made: made["Workforce"].delete_cols(7))
    assert returned.findings == ()
    assert "note" not in returned.tables["workforce"].columns


def test_shifted_table_is_found_by_its_headings(tmp_path: Path) -> None:
    def shifted(made: Workbook) -> None:
        made["Workforce"].insert_rows(1, 9)
        made["Workforce"].insert_cols(1, 4)

    returned = reading(tmp_path, shifted)
    assert returned.findings == ()
    assert returned.tables["workforce"].address(0, "post_id") == "Workforce!E16"


@pytest.mark.parametrize(
    "heading", ["POST  ID", " post\u00a0id ", "Post\nID", "post number", "\ufeffPost ID"]
)
def test_heading_is_known_however_it_is_spaced_and_capitalised(tmp_path: Path, heading: str) -> None:
    assert reading(tmp_path, setting("Workforce", A6=heading)).findings == ()


# ── n/k, -, *, <5, "c", tbc, 0 for unknown ───────────────────────────────────


@pytest.mark.parametrize("token", ["n/k", "-", "*", "<5", "c", "TBC", " N/K\u00a0"])
@pytest.mark.parametrize(
    ("at", "table", "column"),
    [
        ("Workforce!C7", "workforce", "team"),
        ("Workforce!F7", "workforce", "fte"),
        ("Workforce!A7", "workforce", "post_id"),
        ("Supervision!B7", "supervision", "supervised_on"),
        ("Supervision!C7", "supervision", "feedback_good"),
    ],
)
def test_word_for_not_known_is_unknown_in_every_kind_of_column(
    tmp_path: Path, token: str, at: str, table: str, column: str
) -> None:
    sheet, cell = at.split("!")
    returned = reading(tmp_path, setting(sheet, **{cell: token}))
    fault = one(returned, "R203")
    assert (fault.where, fault.severity, len(returned.findings)) == (at, Severity.DOUBT, 1)
    assert unknown(returned, table, column)[0]


def test_word_for_not_known_is_unknown_where_a_blank_is_not(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Care orders", C7="n/k"))
    assert column_of(returned, "care_orders", "left_on")[0] == (None, True)
    returned = reading(tmp_path, setting("Care orders", C7=None))
    assert column_of(returned, "care_orders", "left_on")[0] == (None, False)


def test_any_other_word_is_a_finding(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Supervision", C7="probably"))
    assert one(returned, "R212").cell == "C7"
    assert unknown(returned, "supervision", "feedback_good") == [True, False]


@pytest.mark.parametrize("value", [0, 1, "0", "1"])
def test_nought_and_one_are_neither_yes_nor_no(tmp_path: Path, value: object) -> None:
    returned = reading(tmp_path, setting("Supervision", C7=value))
    assert one(returned, "R212").found == str(value)
    assert unknown(returned, "supervision", "feedback_good") == [True, False]


def test_value_outside_the_list_is_unknown_with_a_near_miss_named(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Workforce", C7="Fosterng"))
    fault = one(returned, "R211")
    assert (fault.cell, fault.found, fault.severity) == ("C7", "Fosterng", Severity.DOUBT)
    assert "did you mean 'Fostering'" in fault.message
    assert unknown(returned, "workforce", "team") == [True, False, False]


def test_nought_out_of_nought_asks_for_a_reason(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Counts", C7=0, D7=0))
    assert one(returned, "R312").where == "Counts!C7"
    returned = reading(tmp_path, setting("Counts", C7=0, D7=0, E7="Nothing due this month"))
    assert returned.findings == ()


# ── 85, 0.85, "85%" ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "code"), [("85%", "R208"), (0.85, "R209"), ("85 per cent", "R208"), ("many", "R207")]
)
def test_percentage_in_place_of_a_count_is_unknown_and_never_rescaled(
    tmp_path: Path, value: object, code: str
) -> None:
    returned = reading(tmp_path, setting("Counts", C7=value))
    assert one(returned, code).where == "Counts!C7"
    count = returned.counts["permanent-staff"]
    assert (count.number, count.unknown) == (None, True)


def test_lone_number_of_a_share_asks_for_the_two_counts(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Counts", C7=85, D7=None))
    assert one(returned, "R311").where == "Counts!C7"
    assert returned.counts["permanent-staff"].unknown


def test_lone_number_of_a_count_is_all_there_is(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Counts", C8=12))
    assert (returned.findings, returned.counts["champions"].number) == ((), 12)


def test_share_in_a_column_of_percentages_is_told_and_kept_as_it_is(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Permanency meetings", D7=0.85))
    assert one(returned, "R217").severity is Severity.FLAG
    assert column_of(returned, "meetings", "rate")[0] == (Decimal("0.85"), False)


def test_percentage_sign_in_a_number_column_is_unknown(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Permanency meetings", D7="85%"))
    assert one(returned, "R208").found == "85%"
    assert unknown(returned, "meetings", "rate")[0]


@pytest.mark.parametrize(
    ("value", "code"), [(1.5, "R210"), (-1, "R210"), ("half", "R207"), (True, "R207"), ("1,0", "R207")]
)
def test_number_that_cannot_be_is_unknown(tmp_path: Path, value: object, code: str) -> None:
    returned = reading(tmp_path, setting("Workforce", F7=value))
    assert one(returned, code).cell == "F7"
    assert unknown(returned, "workforce", "fte") == [True, False, False]


def test_number_stored_as_text_is_read_and_told_once(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Workforce", F7="1", F8="0.5"))
    assert "2 numbers" in one(returned, "R215").message
    assert column_of(returned, "workforce", "fte")[1] == (Decimal("0.5"), False)


# ── dates ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("31/09/2024", "R205"),
        ("29/02/2023", "R205"),
        ("12/31/2023", "R205"),
        ("04/03/0024", "R205"),
        ("4/3/2024", "R204"),
        ("04.03.2024", "R204"),
        ("04-03-2024", "R204"),
        ("2024-03-04", "R204"),
        ("4 March 2024", "R204"),
        ("04/03/24", "R204"),
        ("March", "R204"),
        (45355, "R206"),
        (True, "R204"),
    ],
)
def test_date_that_is_not_certain_is_unknown(tmp_path: Path, value: object, code: str) -> None:
    returned = reading(tmp_path, setting("Supervision", B7=value))
    fault = one(returned, code)
    assert (fault.where, fault.severity) == ("Supervision!B7", Severity.DOUBT)
    assert column_of(returned, "supervision", "supervised_on")[0] == (None, True)
    assert len(returned.tables["supervision"].rows) == 2


def test_strict_text_date_is_the_same_as_a_date_cell(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Supervision", B7=" 04/03/2024\u00a0"))
    assert (returned.findings, column_of(returned, "supervision", "supervised_on")[0]) == (
        (),
        (date(2024, 3, 4), False),
    )


@pytest.mark.parametrize("serial", [59, 60, 1, 45355.25])
def test_serial_that_is_no_certain_day_is_unknown(tmp_path: Path, serial: float) -> None:
    def written(made: Workbook) -> None:
        made["Supervision"]["B7"] = serial
        made["Supervision"]["B7"].number_format = "dd/mm/yyyy"

    returned = reading(tmp_path, written)
    assert one(returned, "R205").cell == "B7"
    assert unknown(returned, "supervision", "supervised_on")[0]


def test_dates_of_the_1904_system_are_the_days_that_excel_shows(tmp_path: Path) -> None:
    def mac(made: Workbook) -> None:
        made.epoch = CALENDAR_MAC_1904

    returned = reading(tmp_path, mac)
    assert returned.findings == ()
    assert column_of(returned, "supervision", "supervised_on")[0] == (date(2024, 3, 4), False)


def test_date_with_a_time_of_midnight_is_the_day(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Supervision", B7=datetime(2024, 3, 4)))  # noqa: DTZ001  (Excel has no zones)
    assert (returned.findings, column_of(returned, "supervision", "supervised_on")[0]) == (
        (),
        (date(2024, 3, 4), False),
    )


# ── errors and formulas ──────────────────────────────────────────────────────


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!"])
@pytest.mark.parametrize("cell", ["A7", "B9", "C7", "E9", "F7", "G7"])
def test_error_cell_is_not_a_blank(tmp_path: Path, error: str, cell: str) -> None:
    returned = reading(tmp_path, setting("Workforce", **{cell: error}))
    assert one(returned, "R201").cell == cell
    flags = [
        flag
        for column in returned.tables["workforce"].columns
        for flag in unknown(returned, "workforce", column)
    ]
    assert sum(flags) == 1


def test_formula_never_calculated_is_unknown_and_says_what_to_do(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Counts", C7="=16+1"))
    fault = one(returned, "R202")
    assert (fault.where, fault.fix) == ("Counts!C7", "Open the workbook in Excel and save it.")
    assert returned.counts["permanent-staff"].unknown


# ── totals ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("label", ["Total", "TOTALS", "Grand total:", "Sum"])
@pytest.mark.parametrize("at", [8, 10])
def test_labelled_row_of_totals_is_told_and_is_no_case(tmp_path: Path, label: str, at: int) -> None:
    def totalled(made: Workbook) -> None:
        page = made["Workforce"]
        page.insert_rows(at)
        page.cell(at, 1, label)
        page.cell(at, 6, 2.5)

    returned = reading(tmp_path, totalled)
    assert one(returned, "R143").cell == f"A{at}"
    assert (len(returned.findings), len(returned.tables["workforce"].rows)) == (1, 3)


def test_case_with_the_word_total_in_its_note_stays(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Workforce", G8="total"))
    assert (returned.findings, len(returned.tables["workforce"].rows)) == ((), 3)


def test_unlabelled_row_that_adds_up_the_others_is_kept_in_doubt(tmp_path: Path) -> None:
    rows: list[list[object]] = [[f"M{i}", date(2024, 3, i), i, None] for i in (1, 2, 3)]
    returned = reading(tmp_path, rows={**ROWS, "meetings": [*rows, [None, date(2024, 3, 4), 6, None]]})
    assert one(returned, "R308").cell == "C10"
    assert column_of(returned, "meetings", "due")[3] == (None, True)
    assert len(returned.tables["meetings"].rows) == 4


def test_case_that_happens_to_equal_the_others_together_stays(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        [f"M{i}", date(2024, 3, i), due, None] for i, due in enumerate((1, 2, 3, 6), 1)
    ]
    assert reading(tmp_path, rows={**ROWS, "meetings": rows}).findings == ()


# ── hidden parts and filters ─────────────────────────────────────────────────


def test_hidden_sheet_is_read_and_told(tmp_path: Path) -> None:
    def hidden(made: Workbook) -> None:
        made["Workforce"].sheet_state = "veryHidden"

    returned = reading(tmp_path, hidden)
    assert one(returned, "R139").sheet == "Workforce"
    assert len(returned.tables["workforce"].rows) == 3


def test_hidden_columns_are_read_and_told(tmp_path: Path) -> None:
    def hidden(made: Workbook) -> None:
        made["Workforce"].column_dimensions["E"].hidden = True

    returned = reading(tmp_path, hidden)
    assert "(E)" in one(returned, "R140").message
    assert column_of(returned, "workforce", "contract")[0] == ("permanent", False)


def test_filtered_rows_are_read_and_told(tmp_path: Path) -> None:
    def filtered(made: Workbook) -> None:
        made["Workforce"].auto_filter.ref = "A6:G9"
        made["Workforce"].row_dimensions[8].hidden = True

    returned = reading(tmp_path, filtered)
    assert "1 hidden or filtered" in one(returned, "R141").message
    assert len(returned.tables["workforce"].rows) == 3


# ── merged, doubled, duplicate, leading zeros ────────────────────────────────


def test_merged_headings_leave_their_columns_out(tmp_path: Path) -> None:
    returned = reading(tmp_path, lambda made: made["Workforce"].merge_cells("C6:D6"))
    assert one(returned, "R138").cell == "C6:D6"
    assert not {"team", "status"} & set(returned.tables["workforce"].columns)
    assert "contract" in returned.tables["workforce"].columns


def test_merged_title_above_the_headings_changes_nothing(tmp_path: Path) -> None:
    assert reading(tmp_path, lambda made: made["Workforce"].merge_cells("A1:F2")).findings == ()


def test_merged_cells_say_nothing_beneath_their_first(tmp_path: Path) -> None:
    returned = reading(tmp_path, lambda made: made["Workforce"].merge_cells("E7:E9"))
    assert one(returned, "R216").cell == "E7:E9"
    assert unknown(returned, "workforce", "contract") == [False, True, True]


def test_cells_merged_across_columns_say_nothing_beyond_the_first(tmp_path: Path) -> None:
    returned = reading(tmp_path, lambda made: made["Workforce"].merge_cells("D9:E9"))
    assert unknown(returned, "workforce", "status") == [False, False, False]
    assert unknown(returned, "workforce", "contract") == [False, False, True]


def test_doubled_heading_leaves_that_column_out(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Workforce", H6="Contract", H7="agency"))
    assert [fault.cell for fault in found(returned, "R137")] == ["E6", "H6"]
    assert "contract" not in returned.tables["workforce"].columns
    assert "team" in returned.tables["workforce"].columns


def test_identical_rows_are_told_and_both_kept_for_the_count(tmp_path: Path) -> None:
    rows = [*ROWS["workforce"], ROWS["workforce"][0]]
    returned = reading(tmp_path, rows={**ROWS, "workforce": rows})
    fault = one(returned, "R303")
    assert (fault.cell, fault.severity, "row 7" in fault.message) == ("A10", Severity.FLAG, True)
    assert len(returned.tables["workforce"].rows) == 4


def test_one_key_with_different_rows_is_told_as_doubt(tmp_path: Path) -> None:
    rows = [*ROWS["workforce"], ["P01", "W1", "Fostering", "filled", "agency", 1, None]]
    returned = reading(tmp_path, rows={**ROWS, "workforce": rows})
    assert (one(returned, "R304").cell, one(returned, "R304").severity) == ("A10", Severity.DOUBT)
    assert not any(unknown(returned, "workforce", "contract"))


def test_known_blank_in_a_key_is_a_value_and_an_unknown_is_not(tmp_path: Path) -> None:
    vacant: list[object] = ["P03", None, "Fostering", "vacant", None, 1, None]
    returned = reading(tmp_path, rows={**ROWS, "workforce": [*ROWS["workforce"], vacant]})
    assert one(returned, "R303").cell == "A10"
    keyless: list[object] = ["n/k", None, "Fostering", "vacant", None, 1, None]
    returned = reading(tmp_path, rows={**ROWS, "workforce": [keyless, keyless]})
    assert found(returned, "R303") == []


def test_identifier_is_text_and_a_whole_number_is_taken_as_its_digits(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Workforce", A7=12345678))
    assert column_of(returned, "workforce", "post_id")[0] == ("12345678", False)
    assert returned.findings == ()


@pytest.mark.parametrize("value", [1.5, date(2024, 3, 1), True, -3, 1e20])
def test_identifier_that_excel_has_changed_is_unknown(tmp_path: Path, value: object) -> None:
    returned = reading(tmp_path, setting("Workforce", A7=value))
    assert one(returned, "R213").cell == "A7"
    assert unknown(returned, "workforce", "post_id") == [True, False, False]


@pytest.mark.parametrize("ids", [["00123", 456, "00789"], [100123, 45612, 100789]])
def test_lost_leading_zeros_are_told(tmp_path: Path, ids: list[object]) -> None:
    rows = [[value, *row[1:]] for value, row in zip(ids, ROWS["workforce"], strict=True)]
    returned = reading(tmp_path, rows={**ROWS, "workforce": rows})
    assert one(returned, "R214").cell == "A8"


def test_plain_running_numbers_have_lost_nothing(tmp_path: Path) -> None:
    rows = [[value, *row[1:]] for value, row in zip([9, 10, 11], ROWS["workforce"], strict=True)]
    assert reading(tmp_path, rows={**ROWS, "workforce": rows}).findings == ()


def test_identifiers_that_differ_only_in_zeros_or_capitals_are_told(tmp_path: Path) -> None:
    rows: list[list[object]] = [["k01", date(2023, 9, 1), None], ["K01", date(2023, 9, 2), None]]
    returned = reading(tmp_path, rows={**ROWS, "care_orders": rows})
    assert one(returned, "R305").cell == "A8"


# ── months, parts, order, future ─────────────────────────────────────────────


def test_month_cell_against_the_file_name_is_told_and_the_cell_holds(tmp_path: Path) -> None:
    returned = read_return(saved(tmp_path, workbook(), "returns_2024-02.xlsx"), RULEBOOK)
    fault = one(returned, "R156")
    assert (fault.where, fault.severity) == (f"{COVER}!B4", Severity.FLAG)
    assert (str(returned.claims), returned.refused) == ("2024-03", False)


def test_part_more_than_the_whole_is_in_doubt(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Counts", C7=21))
    assert one(returned, "R310").where == "Counts!C7"
    assert returned.counts["permanent-staff"].unknown


def test_dates_out_of_order_are_in_doubt(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Care orders", C8="01/01/2023"))
    fault = one(returned, "R302")
    assert (fault.where, fault.severity) == ("Care orders!B8", Severity.DOUBT)
    assert fault.message == "The child left care before the care order."
    assert (
        unknown(returned, "care_orders", "order_on")
        == unknown(returned, "care_orders", "left_on")
        == [False, True]
    )


def test_cells_that_contradict_each_other_are_in_doubt(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Workforce", E7=None))
    assert one(returned, "R302").where == "Workforce!E7"
    assert unknown(returned, "workforce", "contract") == [True, False, False]


def test_doubtful_cell_contradicts_nothing(tmp_path: Path) -> None:
    assert found(reading(tmp_path, setting("Workforce", D7="n/k", E7=None)), "R302") == []


@pytest.mark.parametrize("sheet", ["Supervision", "Care orders"])
def test_date_in_the_future_is_unknown(tmp_path: Path, sheet: str) -> None:
    returned = reading(tmp_path, setting(sheet, B7="01/04/2024"))
    fault = one(returned, "R301")
    assert (fault.where, fault.severity) == (f"{sheet}!B7", Severity.DOUBT)
    assert "31 March 2024" in fault.message


def test_event_outside_the_month_is_told_and_kept(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Supervision", B7=date(2024, 2, 29)))
    assert one(returned, "R306").cell == "A7"
    assert column_of(returned, "supervision", "supervised_on")[0] == (date(2024, 2, 29), False)


def test_row_older_than_the_sheet_reaches_is_told(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Care orders", B7=date(2021, 2, 28), B8=date(2021, 3, 1)))
    assert one(returned, "R307").cell == "B7"


# ── blanks ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("padding", [" ", "\u00a0", "  \u00a0 ", "\t", "\u200b"])
def test_padding_is_a_blank(tmp_path: Path, padding: str) -> None:
    returned = reading(tmp_path, setting("Care orders", C7=padding))
    assert (returned.findings, column_of(returned, "care_orders", "left_on")[0]) == ((), (None, False))


def test_formatted_empty_rows_are_no_rows(tmp_path: Path) -> None:
    def formatted(made: Workbook) -> None:
        for row in range(10, 310):
            for place in range(1, 8):
                made["Workforce"].cell(row, place).number_format = "dd/mm/yyyy"
            made["Workforce"].cell(row, 1, "\u00a0")

    returned = reading(tmp_path, formatted)
    assert (returned.findings, len(returned.tables["workforce"].rows)) == ((), 3)


# ── what stands beside and beneath ───────────────────────────────────────────


def test_note_beneath_the_table_is_told_and_never_quoted(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Workforce", A12=f"Checked by {CANARY}"))
    assert one(returned, "R144").cell == "A12"
    assert len(returned.tables["workforce"].rows) == 3


def test_rows_after_a_gap_are_read_and_told(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Supervision", A40="C9", B40="05/03/2024", C40="yes"))
    assert one(returned, "R147").cell == "A40"
    assert list(returned.tables["supervision"].rows) == [7, 8, 40]


def test_row_after_a_gap_without_a_key_is_kept_in_doubt(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Supervision", B40="05/03/2024", C40="yes"))
    assert unknown(returned, "supervision", "case_id") == [False, False, True]


def test_rows_beneath_an_excel_table_are_read(tmp_path: Path) -> None:
    def longer(made: Workbook) -> None:
        as_excel_table(made, "supervision")
        for place, value in enumerate(["C9", "05/03/2024", "yes"], 1):
            made["Supervision"].cell(9, place, value)

    returned = reading(tmp_path, longer)
    assert (returned.findings, len(returned.tables["supervision"].rows)) == ((), 3)


def test_headings_repeated_in_the_middle_are_told_and_no_case(tmp_path: Path) -> None:
    rows = [
        *ROWS["supervision"],
        ["Case ID", "Supervised on", "Feedback good"],
        ["C3", date(2024, 3, 5), "yes"],
    ]
    returned = reading(tmp_path, rows={**ROWS, "supervision": rows})
    assert one(returned, "R145").cell == "A9"
    assert list(returned.tables["supervision"].rows) == [7, 8, 10]


def test_headings_sorted_in_among_the_rows_refuse_the_sheet(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Supervision", A5="C0", B5="03/03/2024", C5="no"))
    assert (one(returned, "R148").cell, one(returned, "R148").severity) == ("A5", Severity.REFUSE)
    assert returned.problems["supervision"].reason is Reason.RETURN_REFUSED
    assert "workforce" in returned.tables


def test_values_without_a_heading_are_told(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Supervision", F7="late", F8="late"))
    fault = one(returned, "R142")
    assert (fault.cell, "2 cells" in fault.message) == ("F7", True)


# ── protected sheet ──────────────────────────────────────────────────────────


def test_protected_sheet_with_columns_pasted_in_any_order_is_read(tmp_path: Path) -> None:
    def pasted(made: Workbook) -> None:
        page = made["Supervision"]
        page.protection.sheet = True
        for row in range(HEADING_ROW, HEADING_ROW + 3):
            for place, value in enumerate(reversed([page.cell(row, i).value for i in (1, 2, 3)]), 1):
                page.cell(row, place).value = value
                page.cell(row, place).number_format = "dd/mm/yyyy"

    returned = reading(tmp_path, pasted)
    assert returned.findings == ()
    assert column_of(returned, "supervision", "case_id") == [("C1", False), ("C2", False)]


# ── names and dates of birth ─────────────────────────────────────────────────


@pytest.mark.parametrize("heading", WORDS)
def test_personal_details_refuse_the_return_and_are_not_quoted(tmp_path: Path, heading: str) -> None:
    returned = reading(tmp_path, setting("Care orders", D6=heading, D7=CANARY))
    fault = one(returned, "R401")
    assert (fault.where, fault.severity, fault.found) == ("Care orders!D6", Severity.REFUSE, None)
    assert (returned.refused, returned.tables, returned.counts) == (True, {}, {})
    assert not told(returned, CANARY)


@pytest.mark.parametrize(
    "heading", ["Team name", "Provider name", "Agency", "Page", "Management", "Stage", "Surnamed"]
)
def test_headings_of_nobody_are_not_personal(heading: str) -> None:
    assert not is_personal_heading(heading)


def test_names_in_place_of_identifiers_are_told(tmp_path: Path) -> None:
    returned = reading(tmp_path, setting("Care orders", A7=CANARY))
    assert one(returned, "R406").cell == "A7"
    assert not told(returned, CANARY)
    assert not looks_like_name("KX-2023-001")


ORDINARY = vocabulary(["Head of Service, Children in Care", "Private Fostering", "Corporate Parenting"])


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Three children waited.", ["R402"]),
        ("It was 2 siblings who moved.", ["R402"]),
        ("The four unmatched older children wait.", ["R402"]),
        ("We lost 12 children's files.", []),
        ("85% of children, 1 of 3 posts", []),
        ("Order made on 3 March.", ["R403"]),
        ("Order of 03/03/2024", ["R403"]),
        ("From March 2024 on.", []),
        ("See case LC12345.", ["R404"]),
        ("See 1234567.", ["R404"]),
        ("Posts rose from 1200 to 1300 in 2023/24.", []),
        (f"{CANARY} was placed.", ["R405"]),
        (f"Met {CANARY} twice.", ["R405"]),
        ("The Head of Service leads Private Fostering.", []),
        ("Children in Care lead, Corporate Parenting asks.", []),
        ("One post is vacant.", []),
    ],
)
def test_commentary_is_searched_for_what_a_child_might_be_known_by(text: str, codes: list[str]) -> None:
    assert list(telling_words(text, ORDINARY)) == codes


def test_commentary_faults_are_flags_by_address_and_the_text_is_kept(tmp_path: Path) -> None:
    text = f"{CANARY} and two siblings, LC12345, on 3 March."
    returned = reading(tmp_path, setting("Commentary", B7=text))
    assert [f.code for f in returned.findings] == ["R402", "R403", "R404", "R405"]
    assert {(f.where, f.severity, f.found) for f in returned.findings} == {
        ("Commentary!B7", Severity.FLAG, None)
    }
    assert returned.commentary["permanent-staff"].why == text
    assert not told(returned, CANARY)


def told(returned: Return, words: str) -> bool:
    """Whether any part of `words` stands in a finding."""
    said = " ".join(f"{f.message} {f.fix} {f.found} {f.sheet} {f.cell}" for f in returned.findings).casefold()
    return any(word.casefold() in said for word in words.split())


CELLS = [
    (spec.sheet, row, place)
    for spec in CONTRACT.sheets.values()
    for row in (1, 4, HEADING_ROW, 7, 8, 12)
    for place in range(1, len(spec.columns) + 3)
] + [(COVER, row, place) for row in range(1, 10) for place in (1, 2, 3)]


@pytest.mark.parametrize("digits", ["943 476 5919", "9434765919", "07700 900123"])
@pytest.mark.parametrize("cell", ["C7", "D7", "F7"])
def test_long_number_in_the_wrong_cell_is_not_quoted(tmp_path: Path, digits: str, cell: str) -> None:
    returned = reading(tmp_path, setting("Workforce", **{cell: digits}))
    assert [fault.cell for fault in returned.findings] == [cell]
    assert not told(returned, digits)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(CELLS), st.sampled_from([CANARY, f"Fostering {CANARY}", CANARY.split()[0]]))
def test_name_in_any_cell_appears_in_no_finding(place: tuple[str, int, int], name: str) -> None:
    sheet, row, column = place
    with TemporaryDirectory() as folder:
        made = workbook()
        made[sheet].cell(row, column).value = name
        assert not told(read_return(saved(Path(folder), made), RULEBOOK), name.removeprefix("Fostering "))


# ── order makes no difference ────────────────────────────────────────────────


def rows_of(returned: Return) -> dict[str, Counter[tuple[tuple[str, object, bool], ...]]]:
    """Every table as a bag of rows, without addresses."""
    return {
        name: Counter(
            tuple((c, table.columns[c].values[i], table.columns[c].unknown[i]) for c in sorted(table.columns))
            for i in range(len(table.rows))
        )
        for name, table in returned.tables.items()
    }


ODD: dict[str, list[list[object]]] = {
    "workforce": [
        ["P04", "W4", "n/k", "filled", None, "85%", "note"],
        ["P04", "W4", "CIC", "filled", "agency", 2, None],
        [77, "W5", "Fosterng", "empty", "#N/A", "1", None],
    ],
    "supervision": [["C3", "31/09/2024", "maybe"], [None, date(2024, 2, 3), None]],
}


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False))
def test_order_of_columns_rows_and_sheets_changes_no_table(random: object) -> None:
    shuffle = random.shuffle  # type: ignore[attr-defined]
    rows = {name: [*lines, *ODD.get(name, [])] for name, lines in ROWS.items()}
    made = workbook(rows=rows)
    for spec in CONTRACT.sheets.values():
        page = made[spec.sheet]
        width = len(spec.columns)
        lines = [
            [page.cell(row, i).value for i in range(1, width + 1)] for row in range(6, 7 + len(rows[spec.id]))
        ]
        body, order = lines[1:], list(range(width))
        shuffle(body)
        shuffle(order)
        for number, line in enumerate([lines[0], *body], HEADING_ROW):
            for place, source in enumerate(order, 1):
                page.cell(number, place).value = line[source]
                page.cell(number, place).number_format = (
                    "dd/mm/yyyy" if isinstance(line[source], date) else "General"
                )
    shuffle(made._sheets)  # type: ignore[attr-defined]  # noqa: SLF001  (openpyxl has no public way)
    with TemporaryDirectory() as folder:
        plain = read_return(saved(Path(folder), workbook(rows=rows), "a_2024-03.xlsx"), RULEBOOK)
        mixed = read_return(saved(Path(folder), made), RULEBOOK)
    assert rows_of(plain) == rows_of(mixed)
    assert (plain.counts.keys(), plain.milestones.keys()) == (mixed.counts.keys(), mixed.milestones.keys())
    assert Counter(f.code for f in plain.findings) == Counter(f.code for f in mixed.findings)


def test_long_sheet_of_faults_keeps_its_list_short(tmp_path: Path) -> None:
    rows = [[f"P{i}", f"W{i}", "Nowhere", "gone", "none", 7, None] for i in range(500)]
    returned = reading(tmp_path, rows={**ROWS, "workforce": rows})
    assert len(returned.findings) < 5 * (CAP + 1)
    assert len(returned.tables["workforce"].rows) == 500


def doubling(folder: Path, part: str, cell: str) -> Return:
    """The return with one cell stored twice."""
    path = saved(folder, workbook())
    raw = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(raw, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == f"xl/worksheets/{part}.xml":
                stored = re.search(rb'<c r="%s"[^>]*>.*?</c>' % cell.encode(), data)
                assert stored
                data = data.replace(stored[0], stored[0] * 2)
            target.writestr(name, data)
    path.write_bytes(raw.getvalue())
    return read_return(path, RULEBOOK)


def test_cell_stored_twice_on_the_cover_refuses_the_return(tmp_path: Path) -> None:
    returned = doubling(tmp_path, "sheet1", "B3")
    assert one(returned, "R116").where == f"{COVER}!B3"
    assert (returned.refused, returned.tables) == (True, {})


def test_cell_stored_twice_refuses_its_sheet_alone(tmp_path: Path) -> None:
    returned = doubling(tmp_path, "sheet2", "C7")
    assert one(returned, "R116").where == "Workforce!C7"
    assert returned.problems["workforce"].reason is Reason.RETURN_REFUSED
    assert (returned.refused, "supervision" in returned.tables) == (False, True)
