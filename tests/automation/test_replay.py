"""Months replayed through `kpi run`, and runs that are killed: a little of what the scripts do at length."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpi_engine.reports.board.pack import PackFormat
from kpi_engine.terms.period import Period
from tests.automation.crash import differences, killed, prepared, undisturbed
from tests.automation.months import FEW
from tests.automation.replay import replayed

if TYPE_CHECKING:
    from pathlib import Path


def test_months_replayed_give_the_packs_made_directly(tmp_path: Path) -> None:
    formats = [PackFormat.HTML, PackFormat.JSON, PackFormat.CSV, PackFormat.EXCEL]
    settings = f"formats = {[one.value for one in formats]}\n"
    same, other = replayed(
        tmp_path / "root", Period.parse("2024-01"), Period.parse("2024-03"), settings, formats
    )
    assert other == []
    assert same > 3 * len(formats)


def test_a_killed_run_and_one_more_leave_what_an_undisturbed_run_leaves(tmp_path: Path) -> None:
    start = prepared(tmp_path / "start", FEW)
    expected, took = undisturbed(start, tmp_path)
    for seed in range(6):
        found, at = killed(start, tmp_path, seed, took)
        assert differences(expected, found) == [], (seed, at)
