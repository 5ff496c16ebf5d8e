"""Two CSV files make two, and every fault of theirs is told at its line."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.errors import KpiError
from kpi_engine.spc import POINTS, SUMMARY, Spc, spc
from tests.variation.build import ZIGZAG, config_csv, series_csv

CONFIG = config_csv("a,increase,,,TRUE,")
HEADER = "series_id,date,value"


def faults(series: str, config: str = CONFIG, profile: str = "nhsr-0.2.2") -> list[str]:
    with pytest.raises(KpiError) as refused:
        spc(series, config, profile)
    return [f"{f.where} {f.code}" for f in refused.value.findings]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_points_and_summary_have_the_columns_and_spelling_that_are_promised() -> None:
    made = spc(series_csv(a=[0.1, 0.2, None, 0.4]), config_csv("a,increase,0.95,,TRUE,"))
    assert made.points == (
        "series_id,date,mean,lpl,upl,mr,mean_mr,special_cause_type,point_type\n"
        "a,2021-04-01,0.23333333333333334,-0.03266666666666668,0.49933333333333335,,0.1,"
        "Common Cause,common_cause\n"
        "a,2021-05-01,0.23333333333333334,-0.03266666666666668,0.49933333333333335,0.1,0.1,"
        "Common Cause,common_cause\n"
        "a,2021-06-01,0.23333333333333334,-0.03266666666666668,0.49933333333333335,,0.1,"
        "Common Cause,common_cause\n"
        "a,2021-07-01,0.23333333333333334,-0.03266666666666668,0.49933333333333335,,0.1,"
        "Common Cause,common_cause\n"
    )
    assert made.summary == (
        "series_id,variation_type,variation_icon,assurance_type,assurance_icon\n"
        "a,common_cause,common_cause,consistent_fail,fail\n"
    )


def test_series_stay_in_the_order_first_met_and_dates_ascend() -> None:
    text = f"{HEADER}\nz,2021-05-01,1\na,2021-05-01,1\nz,2021-04-01,2\na,2021-03-01,3\n"
    made = spc(text, config_csv("a,increase,,,,", "z,decrease,,,,"))
    assert [(r["series_id"], r["date"]) for r in rows(made.points)] == [
        ("z", "2021-04-01"), ("z", "2021-05-01"), ("a", "2021-03-01"), ("a", "2021-05-01")
    ]  # fmt: skip
    assert [r["series_id"] for r in rows(made.summary)] == ["z", "a"]


def test_other_columns_their_order_and_line_ends_do_not_matter() -> None:
    plain = spc(series_csv(a=ZIGZAG), config_csv("a,increase,60,2021-06-01;2022-04-01,FALSE,12"))
    config = (
        "\ufefffix_after_n,note,screen_outliers,rebase_dates,target,improvement_direction,series_id\r\n"
        '12,"a, b",f,2021-06-01 ; 2022-04-01,6e1,Increase,a\r\n\r\n'
    )
    assert spc(series_csv(a=ZIGZAG).replace("\n", "\r\n"), config) == plain
    assert len({r["mean"] for r in rows(plain.points)}) > 0


def test_several_rebases_and_a_fixed_baseline_are_carried_out() -> None:
    made = spc(series_csv(a=[1] * 14 + [5] * 13), config_csv("a,increase,,2022-06-01,FALSE,12"))
    assert [r["mean"] for r in rows(made.points)] == ["1.0"] * 14 + ["5.0"] * 13
    assert [r["mr"] for r in rows(made.points)] == ["", *["0.0"] * 11, "", "", "", *["0.0"] * 11, ""]


def test_empty_values_and_those_that_r_writes_as_na_are_missing() -> None:
    text = f"{HEADER}\na,2021-04-01,\na,2021-05-01,NA\na,2021-06-01, \na,2021-07-01,3\n"
    assert {r["mean"] for r in rows(spc(text, CONFIG).points)} == {"3.0"}


def test_the_undefined_is_an_empty_field() -> None:
    made = spc(series_csv(a=[None]), config_csv("a,neutral,3,,,"))
    assert rows(made.points)[0] == dict.fromkeys(POINTS, "") | {
        "series_id": "a",
        "date": "2021-04-01",
        "special_cause_type": "Common Cause",
        "point_type": "common_cause",
    }  # fmt: skip
    assert rows(made.summary)[0] == dict.fromkeys(SUMMARY, "") | {
        "series_id": "a", "variation_type": "common_cause", "variation_icon": "common_cause"
    }  # fmt: skip


def test_a_rebase_date_that_is_ignored_is_told_at_its_line() -> None:
    made = spc(series_csv(a=ZIGZAG), config_csv("a,increase,,2030-01-01,,"), config_name="c.csv")
    assert [(f.where, f.code, f.severity) for f in made.findings] == [("c.csv:2:1", "V106", "flag")]


def test_the_board_profile_reads_exact_decimals() -> None:
    text = series_csv(a=["0.1", "0.2", "0.3"] * 5)
    board = rows(spc(text, CONFIG, "board").points)
    assert {r["mean"] for r in board} == {"0.2"}
    assert {r["special_cause_type"] for r in board} == {"Common Cause"}
    few = rows(spc(series_csv(a=[1, 2]), CONFIG, "board").summary)
    assert few[0] == dict.fromkeys(SUMMARY, "") | {"series_id": "a"}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("a,2021-04-31,1", "series.csv:2:2 V123"),
        ("a,20210401,1", "series.csv:2:2 V123"),
        ("a,,1", "series.csv:2:2 V123"),
        ("a,2021-04-01,abc", "series.csv:2:3 V124"),
        ("a,2021-04-01,nan", "series.csv:2:3 V124"),
        ("a,2021-04-01,inf", "series.csv:2:3 V124"),
        ("a,2021-04-01,1e999", "series.csv:2:3 V124"),
        ("a,2021-04-01,-1e999", "series.csv:2:3 V124"),
        ("a,2021-04-01,1_000", "series.csv:2:3 V124"),
        ("a,2021-04-01,85%", "series.csv:2:3 V124"),
        ('a,2021-04-01,"1,000"', "series.csv:2:3 V124"),
        ("a,2021-04-01,٣", "series.csv:2:3 V124"),
        ("a,2021-04-01", "series.csv:2:1 V121"),
        ("a,2021-04-01,1,2", "series.csv:2:1 V121"),
        ('a,2021-04-01,"1" 2', "series.csv:2:1 V121"),
        ('a,2021-04-01,"1', "series.csv:2:1 V121"),
        (",2021-04-01,1", "series.csv:2:1 V122"),
        ("b,2021-04-01,1", "series.csv:2:1 V126"),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused_at_its_place(line: str, fault: str) -> None:
    assert faults(f"{HEADER}\n{line}\na,2021-05-01,1\n") == [fault]


def test_a_date_that_stands_twice_is_refused_at_its_second_line() -> None:
    assert faults("\n".join([HEADER, *["a,2021-04-01,1"] * 3, ""])) == [
        "series.csv:3:2 V101", "series.csv:4:2 V101"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("a,up,,,,", "config.csv:2:2 V125"),
        ("a,,,,,", "config.csv:2:2 V125"),
        ("a,increase,high,,,", "config.csv:2:3 V124"),
        ("a,increase,,2021-04,,", "config.csv:2:4 V123"),
        ("a,increase,,2021-04-01;soon,,", "config.csv:2:4 V123"),
        ("a,increase,,,maybe,", "config.csv:2:5 V125"),
        ("a,increase,,,,12.5", "config.csv:2:6 V125"),
        ("a,increase,,,,-12", "config.csv:2:6 V125"),
        ("a,increase,,,,11", "config.csv:2:1 V103"),
        ("a,increase,,,,\na,increase,,,,", "config.csv:3:1 V127"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused_at_its_place(line: str, fault: str) -> None:
    assert faults(series_csv(a=ZIGZAG), config_csv(line)) == [fault]


def test_a_rebase_outside_the_data_is_refused_in_the_board_profile() -> None:
    config = config_csv("a,increase,,2030-01-01,,")
    assert faults(series_csv(a=ZIGZAG), config, "board") == ["config.csv:2:1 V106"]


def test_a_configuration_without_values_is_told_and_no_more() -> None:
    made = spc(series_csv(a=ZIGZAG), config_csv("a,increase,,,,", "b,increase,,,,"))
    assert [(f.where, f.code) for f in made.findings] == [("config.csv:3:1", "V128")]
    assert len(rows(made.summary)) == 1


@pytest.mark.parametrize("text", ["", "\n", "a,b\n", "series_id,date\n", f"{HEADER},value\n", "\x00"])
def test_a_file_without_the_columns_is_refused_once(text: str) -> None:
    assert faults(text) == ["series.csv:1:1 V120"]


def test_faults_of_both_files_are_told_at_once_and_never_quote_a_field() -> None:
    with pytest.raises(KpiError) as refused:
        spc(f"{HEADER}\na,Smith,Jones\n", config_csv("a,Brown,Green,,,"), series_name="s", config_name="c")
    assert [f.where for f in refused.value.findings] == ["s:2:2", "s:2:3", "c:2:2", "c:2:3"]
    words = " ".join(f.message + f.fix for f in refused.value.findings)
    assert not any(name in words for name in ("Smith", "Jones", "Brown", "Green"))
    assert all(f.found is None for f in refused.value.findings)


def test_a_wrong_file_is_told_in_50_lines_and_a_count() -> None:
    found = faults("\n".join([HEADER, *["a,x,1"] * 200, ""]))
    assert len(found) == 51
    assert found[-1].endswith("V129")


@given(st.text(alphabet='a,;"\n\r0123456789-.eE \x00\ufeffNA', max_size=200))
def test_no_text_whatever_escapes_as_anything_but_a_fault(text: str) -> None:
    for series, config in ((HEADER + "\n" + text, CONFIG), (series_csv(a=ZIGZAG), config_csv(text))):
        try:
            assert isinstance(spc(series, config), Spc)
        except KpiError as error:
            assert error.findings  # noqa: PT017
