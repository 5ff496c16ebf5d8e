"""Another plan is another folder: real figures from committee minutes, judged by rules of their own."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kpi_engine.check import check
from kpi_engine.examples import run_examples
from kpi_engine.returns.template import Filling, write_return
from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import Period
from kpi_engine.terms.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.verdict import Verdict

HERE = Path(__file__).parent
NOT_ASSESSED = Status.NOT_ASSESSED


@pytest.fixture(scope="module")
def rulebook() -> RuleBook:
    return load_rulebook(HERE / "rules")


@pytest.fixture(scope="module")
def verdicts(
    rulebook: RuleBook, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[tuple[str, str], Verdict]:
    """One return a month that the minutes have a figure for, and every verdict by measure and month."""
    folder = tmp_path_factory.mktemp("published")
    rows = defaultdict(list)
    with (HERE / "figures.csv").open(encoding="utf-8", newline="") as source:
        for row in csv.DictReader(source):
            rows[Period.of(date.fromisoformat(row["as_at"]))].append(
                {
                    "as_at": date.fromisoformat(row["as_at"]),
                    "indicator": row["indicator"],
                    "value": Decimal(row["value"]) if row["value"] else None,
                    "target": Decimal(row["target"]) if row["target"] else None,
                }
            )
    for month, figures in rows.items():
        filling = Filling("E09000014", rows={"figures": figures})
        write_return(rulebook, month, folder / f"returns_{month}.xlsx", filling)
    checked = check([folder], rulebook)
    assert checked is not None
    assert checked.period is not None
    assert [f for f in (*checked.findings, *checked.earlier_findings) if f.severity != "flag"] == []
    by_month = {**checked.series, checked.period: checked.verdicts}
    return {(v.indicator, str(month)): v for month, said in by_month.items() for v in said}


def test_every_example_of_the_second_rulebook_holds(rulebook: RuleBook) -> None:
    assert [o for o in run_examples(rulebook) if o.faults] == []


def test_care_plans_fail_three_times_and_then_pass(verdicts: Mapping[tuple[str, str], Verdict]) -> None:
    months = ("2015-05", "2015-09", "2015-11", "2016-08", "2016-11", "2017-02")
    said = [verdicts["cla-care-plans", month] for month in months]
    assert [v.value for v in said if v.value is not None] == [
        Decimal(n) / 100 for n in (49, 74, 84, 91, 91, 95)
    ]
    assert [v.status.value for v in said] == ["fail", "fail", "fail", "pass", "pass", "pass"]


@pytest.mark.parametrize(
    ("measure", "month", "status", "reason"),
    [
        ("cla-placed-20-miles", "2015-08", Status.FAIL, None),
        ("adoption-scorecard-a1", "2016-03", Status.FAIL, None),
        ("cla-pathway-plans", "2015-12", Status.FAIL, None),
        ("cla-pathway-plans", "2016-06", Status.PASS, None),
        ("cla-pathway-plans", "2016-08", Status.FAIL, None),
        ("cla-pathway-plans", "2016-11", Status.FAIL, None),
        ("cla-peps", "2015-07", NOT_ASSESSED, Reason.NO_TARGET),
        ("cla-health", "2015-11", NOT_ASSESSED, Reason.NO_TARGET),
        ("adoption-days", "2015-10", NOT_ASSESSED, Reason.NO_TARGET),
        ("cla-rate", "2017-02", NOT_ASSESSED, Reason.NO_TARGET),
        ("cla-visits-target", "2012-07", NOT_ASSESSED, Reason.NO_VALUE),
    ],
)
def test_each_figure_is_judged_by_the_target_of_its_own_row(
    verdicts: Mapping[tuple[str, str], Verdict],
    measure: str,
    month: str,
    status: Status,
    reason: Reason | None,
) -> None:
    verdict = verdicts[measure, month]
    assert (verdict.status, verdict.reason) == (status, reason)


def test_a_target_stated_once_judges_no_other_month(verdicts: Mapping[tuple[str, str], Verdict]) -> None:
    assert verdicts["cla-placed-20-miles", "2015-09"].reason is Reason.NO_VALUE
    assert verdicts["cla-care-plans", "2015-08"].reason is Reason.NO_VALUE


def test_a_figure_is_kept_as_printed(verdicts: Mapping[tuple[str, str], Verdict]) -> None:
    assert verdicts["cla-placed-20-miles", "2015-08"].value == Decimal("0.183")
    assert verdicts["adoption-scorecard-a1", "2016-03"].value == 683
    assert verdicts["adoption-scorecard-a1", "2016-03"].gap == 257
    assert verdicts["cla-rate", "2015-11"].value == 74
