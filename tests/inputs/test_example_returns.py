"""The example returns are what their script makes, tell the story, and hold the planted faults alone."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inputs.example_borough import MONTHS, simulate
from inputs.example_sheets import sheets_of
from inputs.make_returns import MISTYPED, name_of, write_month
from kpi_engine.check import judged, read_returns
from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import Period
from kpi_engine.terms.returned import Validated
from kpi_engine.terms.verdict import MilestoneStatus, Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from inputs.example_borough import Borough
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.returned import Return
    from kpi_engine.terms.verdict import Verdict

ROOT = Path(__file__).parents[2]
INPUTS = ROOT / "inputs"
MARCH_2024, MARCH_2025 = Period.parse("2024-03"), Period.parse("2025-03")
PLANTED = {
    ("2024-07", "R204", "Care orders", "F"),
    ("2024-07", "R205", "Care orders", "G"),
    ("2024-07", "R203", "Children in care", "D"),
    ("2024-07", "R205", "Foster carers", "C"),
    ("2024-07", "R203", "Foster carers", "C"),
    ("2024-07", "R215", "Permanency meetings", "E"),
    ("2024-07", "R203", "Placements", "B"),
    ("2024-07", "R211", "Workforce", "F"),
    ("2024-11", "R131", "Supervision", ""),
    ("2025-03", "R202", "Permanency meetings", "F"),
}
STORY: dict[str, dict[str, tuple[Status, int, int | None]]] = {  # numerator, denominator
    "cic-permanent-workforce": {"2024-03": (Status.PASS, 30, 35), "2025-03": (Status.FAIL, 23, 29)},
    "foster-carer-annual-reviews": {"2024-03": (Status.FAIL, 123, 131), "2025-03": (Status.PASS, 133, 139)},
    "pf-referrals-increase": {"2024-03": (Status.PASS, 44, None), "2025-03": (Status.FAIL, 40, None)},
    "matched-within-6-months": {"2024-03": (Status.FAIL, 36, 52), "2025-03": (Status.FAIL, 35, 61)},
}


@pytest.fixture(scope="module")
def rulebook() -> RuleBook:
    return load_rulebook(ROOT / "rules")


@pytest.fixture(scope="module")
def borough() -> Borough:
    return simulate()


@pytest.fixture(scope="module")
def returns(rulebook: RuleBook) -> Sequence[Return]:
    return read_returns([INPUTS], rulebook, lambda _done, _of: None)


@pytest.fixture(scope="module")
def checked(returns: Sequence[Return], rulebook: RuleBook) -> Checked:
    return judged(returns, rulebook, None)


def parts_of(workbook: Path) -> list[tuple[str, tuple[int, ...], bytes]]:
    with zipfile.ZipFile(workbook) as archive:
        return [(entry.filename, entry.date_time, archive.read(entry)) for entry in archive.infolist()]


def verdict(checked: Checked, month: str, measure: str) -> Verdict:
    period = Period.parse(month)
    verdicts = checked.verdicts if period == checked.period else checked.series[period]
    return next(v for v in verdicts if v.indicator == measure)


def of_months(returns: Sequence[Return], *months: str) -> list[Return]:
    return [one for one in returns if str(one.claims) in months]


@pytest.mark.parametrize("month", ["2024-07", "2025-03"])
def test_a_month_made_again_is_the_file_that_is_there(
    month: str, rulebook: RuleBook, borough: Borough, tmp_path: Path
) -> None:
    period = Period.parse(month)
    for name in ("first.xlsx", "second.xlsx"):
        write_month(rulebook, borough, period, tmp_path / name)
    # Unpacked, because how tightly a part is packed is up to the machine's zlib.
    assert parts_of(tmp_path / "first.xlsx") == parts_of(INPUTS / name_of(period))
    assert (tmp_path / "first.xlsx").read_bytes() == (tmp_path / "second.xlsx").read_bytes()


def test_the_corrected_month_made_again_is_the_file_that_is_there(
    rulebook: RuleBook, borough: Borough, tmp_path: Path
) -> None:
    write_month(rulebook, borough, MISTYPED, tmp_path / "made.xlsx", corrected=True)
    assert parts_of(tmp_path / "made.xlsx") == parts_of(INPUTS / "corrected" / name_of(MISTYPED))


def test_there_is_a_small_return_for_each_month_from_april_2023_to_march_2025() -> None:
    files = sorted(INPUTS.glob("*.xlsx"))
    assert [file.name for file in files] == [f"returns_{month}.xlsx" for month in MONTHS]
    assert (str(MONTHS[0]), str(MONTHS[-1]), len(MONTHS)) == ("2023-04", "2025-03", 24)
    assert all(file.stat().st_size < 150_000 for file in files)


def test_only_the_planted_faults_are_found(checked: Checked) -> None:
    found = {
        (f.file.removeprefix("returns_").removesuffix(".xlsx"), f.code, f.sheet, f.cell.rstrip("0123456789"))
        for f in (*checked.findings, *checked.earlier_findings)
    }
    assert found == {*PLANTED, ("", "R391", "", "")}  # most lists have no counts beside them


@pytest.mark.parametrize(("measure", "month"), [(m, month) for m in STORY for month in STORY[m]])
def test_a_headline_measure_is_judged_as_the_story_says(checked: Checked, measure: str, month: str) -> None:
    said = verdict(checked, month, measure)
    assert (said.status, said.numerator, said.denominator) == STORY[measure][month]


def test_permanent_staff_is_above_its_share_before_it_is_due_and_slips_in_august_2024(
    checked: Checked,
) -> None:
    shares = {
        str(m): verdict(checked, str(m), "cic-permanent-workforce").value for m in MONTHS if m != MISTYPED
    }
    met = {month for month, share in shares.items() if share is not None and share * 100 >= 85}
    assert min(met) == "2023-10"
    assert max(met) == "2024-06"


def test_march_2024_is_met_while_the_share_of_posts_falls(
    returns: Sequence[Return], rulebook: RuleBook
) -> None:
    alone = judged(of_months(returns, "2024-02", "2024-03"), rulebook, MARCH_2024)
    assert [finding.code for finding in alone.findings] == ["R390", "R391"]


def test_the_waiting_list_grows(checked: Checked) -> None:
    waiting = []
    for month in ("2023-06", "2024-03", "2025-03"):
        beside = verdict(checked, month, "matched-within-6-months").beside
        low = next(side.low for side in beside if side.measure == "matched-waiting")
        waiting.append(low.numerator if low is not None else None)
    assert waiting == [11, 14, 22]


def test_june_2023_is_the_baseline_that_the_rules_hold(checked: Checked) -> None:
    for measure in ("foster-placements-net-increase", "pf-children-increase"):
        assert verdict(checked, "2023-06", measure).value == 0


def test_the_other_measures_are_mixed(checked: Checked) -> None:
    for month in ("2024-03", "2025-03"):
        statuses = [verdict(checked, month, v.indicator).status for v in checked.verdicts]
        assert statuses.count(Status.PASS) >= 7
        assert statuses.count(Status.FAIL) >= 7


def test_the_counts_beside_the_lists_agree_with_them(checked: Checked) -> None:
    verdicts = (*checked.verdicts, *(v for month in checked.series.values() for v in month))
    assert not [v.indicator for v in verdicts if v.reason is Reason.SOURCES_DISAGREE]


def test_what_is_planted_is_not_assessed_and_says_why(checked: Checked) -> None:
    missing = verdict(checked, "2024-11", "supervision-feedback")
    uncalculated = verdict(checked, "2025-03", "team-managers-at-ppm")
    mistyped = verdict(checked, "2024-07", "cic-permanent-workforce")
    assert (missing.status, missing.reason) == (Status.NOT_ASSESSED, Reason.SHEET_MISSING)
    assert (uncalculated.status, uncalculated.reason) == (Status.NOT_ASSESSED, Reason.ROWS_IN_DOUBT)
    assert (mistyped.status, mistyped.reason) == (Status.NOT_ASSESSED, Reason.ROWS_IN_DOUBT)


def test_an_empty_sheet_says_none_this_month(returns: Sequence[Return], checked: Checked) -> None:
    empty = {(str(r.claims), name) for r in returns for name, table in r.tables.items() if not table.rows}
    ticked = {(str(r.claims), name) for r in returns for name, table in r.tables.items() if table.nil}
    assert empty == ticked
    assert ("2024-12", "pf_referrals") in ticked
    assert verdict(checked, "2024-08", "raa-at-permanency-meetings").reason is Reason.NOTHING_DUE


def test_only_may_2024_is_not_validated(returns: Sequence[Return]) -> None:
    assert {str(r.claims): r.validated for r in returns} == {
        str(month): Validated.NO if str(month) == "2024-05" else Validated.YES for month in MONTHS
    }


def test_the_corrected_july_takes_the_place_of_the_mistyped_one(
    returns: Sequence[Return], rulebook: RuleBook
) -> None:
    corrected = read_returns([INPUTS / "corrected"], rulebook, lambda _done, _of: None)
    assert [one.findings for one in corrected] == [()]
    assert not {one.digest for one in corrected} & {one.digest for one in returns}
    july = judged([*of_months(returns, "2024-07"), *corrected], rulebook, MISTYPED)
    assert verdict(july, "2024-07", "cic-permanent-workforce").status is Status.PASS
    assert "R171" in {finding.code for finding in july.findings}


def test_most_milestones_are_done_some_late_and_one_is_overdue(checked: Checked) -> None:
    statuses = [milestone.status for milestone in checked.milestones]
    assert statuses.count(MilestoneStatus.OVERDUE) == 1
    assert statuses.count(MilestoneStatus.DONE_LATE) == 2
    assert statuses.count(MilestoneStatus.DONE) > len(statuses) / 2


def test_each_missed_headline_is_explained(checked: Checked, returns: Sequence[Return]) -> None:
    explained = {str(r.claims): set(r.commentary) for r in returns}
    missed = {
        (str(v.period), v.indicator)
        for month in (checked.verdicts, *checked.series.values())
        for v in month
        if v.indicator in STORY and v.status is Status.FAIL
    }
    assert missed
    assert not [one for one in missed if one[1] not in explained[one[0]]]


def test_what_a_return_has_said_the_next_does_not_take_back(borough: Borough) -> None:
    keys = {"care_orders": "child_id", "children_in_care": "child_id", "pf_arrangements": "child_id"}
    for sheet, key in keys.items():
        known: dict[str, Mapping[str, date]] = {}
        for month in MONTHS:
            for row in sheets_of(borough, month)[sheet]:
                dates = {name: value for name, value in row.items() if name.endswith(("_on", "_from"))}
                before = known.get(str(row[key]), {})
                assert {name: dates[name] for name, day in before.items() if day} == {
                    name: day for name, day in before.items() if day
                }
                known[str(row[key])] = dates  # type: ignore[assignment]  # the columns of dates
