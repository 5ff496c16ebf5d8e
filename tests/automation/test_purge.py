"""Purging: old returns go, what was reported stays and can be proved, and a kill loses nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from kpi_engine.automation import purge as purging
from kpi_engine.automation.audit import Kind, archived, read_log
from kpi_engine.automation.commit import Recovered, recover
from kpi_engine.automation.files import digest_of
from kpi_engine.automation.lock import locked
from kpi_engine.automation.purge import planned, purge
from kpi_engine.automation.verify import verify
from kpi_engine.cli import app
from kpi_engine.errors import KpiError
from kpi_engine.terms.period import Period
from tests.automation.months import on, run_at, state
from tests.automation.reported import copy

if TYPE_CHECKING:
    from pathlib import Path

    from kpi_engine.automation.settings import Settings

JULY, AUGUST = Period.parse("2024-07"), Period.parse("2024-08")
WHEN = on("2024-10-01")


@pytest.fixture
def root(tmp_path: Path) -> Settings:
    return copy(tmp_path)


def test_old_returns_and_their_marked_copies_go_and_nothing_else(root: Settings) -> None:
    before = state(root.root)
    done = purge(root, AUGUST, who="analyst", at=WHEN)
    after = state(root.root)
    gone = {one.file for one in done.removed}
    assert set(before) - set(after) == gone
    assert all(one.startswith(("processed/2024-06/", "processed/2024-07/")) for one in gone)
    assert any(".marked" in one for one in gone)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"audit.jsonl", "out/latest.json"}
    assert {one.digest for one in done.removed} == {before[one] for one in gone}
    assert not (root.processed / "2024-06").exists()


def test_a_purge_is_an_entry_and_all_is_whole_after_it(root: Settings) -> None:
    done = purge(root, JULY, who="analyst", at=WHEN)
    log = read_log(root.audit)
    entry = log.entries[-1]
    assert (entry.kind, entry.removed, entry.who, entry.at) == (
        *(Kind.PURGE, done.removed, "analyst", "2024-10-01T05:00:00+00:00"),
    )
    assert "2024-06" not in {one.month for one in archived(log)}
    assert verify(root).findings == ()


def test_a_purge_of_nothing_makes_no_entry(root: Settings) -> None:
    purge(root, JULY, who="analyst", at=WHEN)
    before = state(root.root)
    assert purge(root, JULY, who="analyst", at=WHEN).removed == ()
    assert state(root.root) == before


def test_it_says_what_can_be_made_again_no_more(root: Settings) -> None:
    plan = planned(root, read_log(root.audit), JULY)
    assert [one.folder for one in plan.lost] == ["out/2024-06/r1"]
    assert [one.folder for one in plan.weakened] == ["out/2024-07/r1", "out/2024-07/r2", "out/2024-08/r1"]


def test_a_file_without_a_month_goes_by_the_month_in_which_it_came(root: Settings) -> None:
    broken = {one.file for one in planned(root, read_log(root.audit), AUGUST).returns}
    assert "broken.xlsx" not in broken  # it came on 20 August
    later = planned(root, read_log(root.audit), Period.parse("2024-09"))
    assert "broken.xlsx" in {one.file for one in later.returns}
    assert any(one.file.endswith("/why.txt") for one in later.removed)


def test_the_next_run_has_nothing_to_do(root: Settings) -> None:
    purge(root, JULY, who="analyst", at=WHEN)
    before = read_log(root.audit)
    assert run_at(root.root, "2024-10-02").entry is None
    assert read_log(root.audit) == before
    assert verify(root).whole


def test_a_broken_log_removes_nothing(root: Settings) -> None:
    lines = root.audit.read_bytes().splitlines(keepends=True)
    root.audit.write_bytes(lines[0] + lines[2])
    before = state(root.root)
    with pytest.raises(KpiError) as error:
        purge(root, AUGUST, who="analyst", at=WHEN)
    assert [one.code for one in error.value.findings] == ["A149"]
    assert state(root.root) == before


def test_a_log_that_names_a_place_elsewhere_removes_nothing_there(root: Settings, tmp_path: Path) -> None:
    outside = tmp_path / "outside.xlsx"
    outside.write_bytes(b"not ours")
    log = read_log(root.audit)
    first = log.entries[0]
    for place in ("../outside.xlsx", "processed/../../outside.xlsx", str(outside), "kpi.toml"):
        taken = replace(first.taken[0], kept=place)
        forged = replace(log, entries=(replace(first, taken=(taken,)), *log.entries[1:]))
        with pytest.raises(KpiError) as error:
            planned(root, forged, AUGUST)
        assert [one.code for one in error.value.findings] == ["A149"]


@pytest.mark.parametrize("cut_off", ["promise", "carry_out"])
def test_a_purge_that_is_killed_is_undone_or_finished(
    root: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut_off: str
) -> None:
    undisturbed = copy(tmp_path / "other")
    before = state(undisturbed.root)
    purge(undisturbed, AUGUST, who="analyst", at=WHEN)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(purging, cut_off, killed)
    with pytest.raises(KeyboardInterrupt):
        purge(root, AUGUST, who="analyst", at=WHEN)
    monkeypatch.undo()
    recovered = recover(root.root, root.work, root.history)
    expected = (
        (Recovered.NOTHING, before) if cut_off == "promise" else (Recovered.FINISHED, state(undisturbed.root))
    )
    assert (recovered, state(root.root)) == expected


def test_a_dry_run_changes_nothing(root: Settings) -> None:
    before = state(root.root)
    command = ["purge", "--before", "2024-08", "--dry-run", "--config", str(root.root / "kpi.toml")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0
    assert "Would remove 3 returns" in done.stdout
    assert "2024-06 r1" in done.stdout
    assert state(root.root) == before


def test_the_command_purges_and_waits_for_nobody(root: Settings) -> None:
    command = ["purge", "--before", "2024-08", "--config", str(root.root / "kpi.toml")]
    with locked(root.work, who="a run", at=WHEN):
        busy = CliRunner().invoke(app, command)
    assert busy.exit_code == 6
    done = CliRunner().invoke(app, command)
    assert (done.exit_code, done.stdout.split(" and ")[0]) == (0, "Removed 3 returns")
    assert CliRunner().invoke(app, ["purge", "--before", "2024/25"]).exit_code == 2
    assert digest_of(root.processed / "2024-07") == ""
