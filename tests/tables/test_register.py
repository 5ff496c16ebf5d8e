"""The register: a row lost on the way, or a line that is not clear, never makes a pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kpi_engine.terms.measurement import Reason, Source
from kpi_engine.terms.period import Period
from kpi_engine.terms.returned import Validated
from kpi_engine.terms.verdict import Status
from tests.tables.lakes import EXAMPLE, HARINGEY, MONTH, Lake, child, codes, council, judged, verdict

if TYPE_CHECKING:
    from pathlib import Path

BOOKS = "life-story-books"
FOUR = [child(n) for n in range(4)]


@pytest.fixture(name="lake")
def _lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def test_a_sheet_that_is_as_announced_is_judged(lake: Lake) -> None:
    lake.send("children_in_care", FOUR)
    lake.send_empty_rest()
    judgement = judged(lake)
    found = verdict(judgement, BOOKS)

    assert (found.status, found.numerator, found.denominator) == (Status.PASS, 4, 4)
    assert found.validated is Validated.YES
    assert codes(judgement) == ["R391"]


@pytest.mark.parametrize(
    ("said", "code", "detail"),
    [
        (
            "5",
            "T111",
            "The register says 5 rows of 'Children in care', and 4 are there; none of them is used.",
        ),
        (
            "3",
            "T111",
            "The register says 3 rows of 'Children in care', and 4 are there; none of them is used.",
        ),
        ("", "T110", "The register does not say clearly how many rows there are of 'Children in care'"),
        ("four", "T110", "The register does not say clearly how many rows there are of 'Children in care'"),
        ("-4", "T110", "The register does not say clearly how many rows there are of 'Children in care'"),
    ],
)
def test_rows_lost_or_added_are_not_assessed(lake: Lake, said: str, code: str, detail: str) -> None:
    lake.send("children_in_care", FOUR, said=said)
    judgement = judged(lake)
    found = verdict(judgement, BOOKS)

    assert (found.status, found.reason) == (Status.NOT_ASSESSED, Reason.RETURN_REFUSED)
    assert detail in found.detail
    assert code in codes(judgement)


@pytest.mark.parametrize("again", ["4", "5"])
def test_two_lines_for_a_sheet_are_told_and_none_is_believed(lake: Lake, again: str) -> None:
    lake.send("children_in_care", FOUR)
    lake.send("children_in_care", (), said=again)
    judgement = judged(lake)

    assert verdict(judgement, BOOKS).reason is Reason.RETURN_REFUSED
    assert "T114" in codes(judgement)


def test_rows_that_no_line_announces_are_told_and_not_used(lake: Lake) -> None:
    lake.send("workforce", (), nil="yes")
    lake.send("children_in_care", FOUR)
    lake.lines.pop()
    judgement = judged(lake)
    found = verdict(judgement, BOOKS)

    assert (found.status, found.reason) == (Status.NOT_ASSESSED, Reason.SHEET_MISSING)
    assert {"T112", "T113"} <= set(codes(judgement))


def test_rows_of_a_month_that_was_not_sent_are_told(lake: Lake) -> None:
    lake.send("children_in_care", FOUR)
    lake.rows["children_in_care"] += [{**child(9), "authority": HARINGEY, "period": "2024-02"}]
    told = [found.message for found in council(judged(lake)).checked.findings if found.code == "T112"]

    assert told == [
        "1 rows of 'Children in care' for February 2024 have no line in the register; they are not used."
    ]


def test_rows_of_nobody_are_told_and_the_return_that_lost_them_is_not_assessed(lake: Lake) -> None:
    lake.send("children_in_care", FOUR)
    lake.rows["children_in_care"][0]["period"] = "March"
    lake.rows["children_in_care"][1]["authority"] = ""
    lake.rows["children_in_care"][2]["authority"] = "Zebedee"
    judgement = judged(lake)

    assert [(found.code, found.message.split(" ")[0]) for found in judgement.findings] == [("T117", "3")]
    assert verdict(judgement, BOOKS).reason is Reason.RETURN_REFUSED
    assert "Zebedee" not in str(judgement)


def test_a_line_whose_month_cannot_be_read_may_be_of_any(lake: Lake) -> None:
    lake.send("children_in_care", FOUR)
    lake.lines.append({"authority": HARINGEY, "period": "Feb 2024", "sheet": "workforce", "rows": "0"})
    judgement = judged(lake)

    assert "T115" in codes(judgement)
    assert council(judgement).checked.measured.month_unknown
    assert any(one.refused and one.period is None for one in council(judgement).checked.run.returns)


def test_lines_of_nobody_or_of_no_sheet_are_told(lake: Lake) -> None:
    lake.send("children_in_care", FOUR)
    lake.lines += [
        {"authority": "", "period": MONTH, "sheet": "workforce"},
        {"authority": HARINGEY, "sheet": "x"},
    ]

    assert [(found.code, found.message[0]) for found in judged(lake).findings] == [("T116", "2")]


def test_none_this_month_is_nothing_due_and_with_rows_a_contradiction(lake: Lake) -> None:
    lake.send("children_in_care", FOUR, nil="yes")
    lake.send("supervision", (), nil="yes")
    judgement = judged(lake)

    assert verdict(judgement, "supervision-feedback").reason is Reason.NOTHING_DUE
    assert verdict(judgement, BOOKS).reason is Reason.SOURCES_DISAGREE
    assert "R309" in codes(judgement)


def test_an_empty_sheet_that_does_not_say_none_is_no_pass(lake: Lake) -> None:
    lake.send("children_in_care", ())

    assert verdict(judged(lake), BOOKS).reason is Reason.NO_DENOMINATOR


@pytest.mark.parametrize("said", ["no", "perhaps"])
def test_figures_that_one_line_does_not_validate_are_not_validated(lake: Lake, said: str) -> None:
    lake.send("children_in_care", FOUR)
    lake.send("workforce", (), nil="yes", validated=said)

    assert verdict(judged(lake), BOOKS).validated is Validated.NO


def test_a_council_that_sent_nothing_for_the_month_has_no_return(lake: Lake) -> None:
    lake.send("children_in_care", FOUR, period="2024-02")
    lake.send("children_in_care", FOUR, authority=EXAMPLE)
    judgement = judged(lake)

    assert judgement.period == Period.parse(MONTH)
    assert verdict(judgement, BOOKS).reason is Reason.NO_RETURN
    assert verdict(judgement, BOOKS, EXAMPLE).status is Status.PASS


# ── Counts ───────────────────────────────────────────────────────────────────


def count_of(number: str, out_of: str) -> dict[str, str]:
    return {"measure": BOOKS, "number": number, "out_of": out_of}


def test_counts_stand_in_where_there_is_no_case_list(lake: Lake) -> None:
    lake.send("children_in_care", (), no_case_list="yes")
    lake.send("counts", [count_of("19", "20")])
    found = verdict(judged(lake), BOOKS)

    assert (found.status, found.numerator, found.denominator) == (Status.PASS, 19, 20)
    assert found.measured is not None
    assert found.measured.source is Source.COUNTS


def test_counts_that_differ_from_the_rows_are_not_assessed(lake: Lake) -> None:
    lake.send("children_in_care", FOUR)
    lake.send("counts", [count_of("3", "4")])

    assert verdict(judged(lake), BOOKS).reason is Reason.SOURCES_DISAGREE


def test_without_the_counts_that_were_sent_no_list_passes_alone(lake: Lake) -> None:
    lake.send("children_in_care", FOUR)
    lake.send("counts", (), said="1")

    assert verdict(judged(lake), BOOKS).reason is Reason.RETURN_REFUSED
