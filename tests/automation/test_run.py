"""`kpi run`: what each kind of return becomes, and what a run leaves whatever happens to it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook

from kpi_engine.automation import run as run_module
from kpi_engine.automation.audit import read_log
from kpi_engine.automation.files import CannotNow
from kpi_engine.automation.run import run
from kpi_engine.automation.settings import read_settings
from kpi_engine.automation.verify import verify
from kpi_engine.history.file import open_history
from kpi_engine.history.read import recorded_months
from kpi_engine.returns.read import read_return
from kpi_engine.rulebook.load import load_rulebook
from tests.automation.months import ROOT, drop, on, root_at, run_at, started, state

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kpi_engine.automation.run import Ran


@pytest.fixture(scope="module")
def august(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root in which July and August 2024 are reported; tests copy it."""
    root = root_at(tmp_path_factory.mktemp("august") / "root")
    drop(root, "2024-07")
    run_at(root, "2024-08-10")
    drop(root, "2024-08")
    run_at(root, "2024-09-10")
    return root


@pytest.fixture
def root(august: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "root"
    shutil.copytree(august, copy)
    return copy


def outcomes(ran: Ran) -> Mapping[str, str]:
    return {} if ran.entry is None else {one.file: one.outcome for one in ran.entry.taken}


def folders(ran: Ran) -> list[str]:
    return [] if ran.entry is None else [one.folder for one in ran.entry.reported]


def whole(root: Path) -> None:
    """The audit log, the files and the history agree."""
    assert verify(read_settings(root / "kpi.toml")).findings == ()


def recorded(root: Path) -> list[tuple[str, int, int]]:
    with open_history(root / "history.sqlite") as history:
        return [(str(m.period), m.revision, m.recalculation) for m in recorded_months(history)]


# ── One month ────────────────────────────────────────────────────────────────


def test_a_return_is_reported_recorded_and_archived(root: Path) -> None:
    drop(root, "2024-09")
    ran = run_at(root, "2024-10-12")
    assert outcomes(ran) == {"returns_2024-09.xlsx": "new"}
    assert folders(ran) == ["out/2024-09/r1"]
    held = {path.name for path in (root / "out/2024-09/r1").iterdir()}
    assert held == {
        *(
            "achieving-excellence-board-2024-25-Q2.html",
            "achieving-excellence-board-2024-25-Q2.json",
            "achieving-excellence-board-2024-25-Q2.csv",
        ),
        *("check.json", "run.json", "notice.md", "notice.json"),
    }
    assert recorded(root) == [("2024-07", 1, 0), ("2024-08", 1, 0), ("2024-09", 1, 0)]
    assert not list((root / "inbox").iterdir())
    latest = json.loads((root / "out/latest.json").read_text())
    log = read_log(root / "audit.jsonl")
    assert (latest["period"], latest["audit"]["head"]) == ("2024-09", log.head)
    whole(root)


def test_the_pack_carries_the_head_of_the_log_before_it(root: Path) -> None:
    before = read_log(root / "audit.jsonl").head
    drop(root, "2024-09")
    run_at(root, "2024-10-12")
    assert before in (root / "out/2024-09/r1/achieving-excellence-board-2024-25-Q2.html").read_text()


def test_a_board_that_meets_by_quarter_hears_where_the_quarter_ends(root: Path) -> None:
    packs = {
        month: [p.name for p in (root / f"out/{month}/r1").glob("achieving-*")]
        for month in ("2024-07", "2024-08")
    }
    assert packs == {"2024-07": [], "2024-08": []}


def test_the_same_inputs_make_nothing_new(root: Path) -> None:
    before = state(root)
    ran = run_at(root, "2024-09-11")
    assert ran.entry is None
    assert state(root) == before


def test_a_dry_run_writes_nothing_and_says_what_would_be(root: Path) -> None:
    drop(root, "2024-09")
    before = state(root)
    ran = run_at(root, "2024-10-12", dry_run=True)
    assert folders(ran) == ["out/2024-09/r1"]
    assert state(root) == before


def test_files_and_folders_are_for_their_owner_alone(root: Path) -> None:
    drop(root, "2024-09")
    run_at(root, "2024-10-12")
    loose = [
        path.relative_to(root).as_posix()
        for top in ("out", "processed", "work", "audit.jsonl", "history.sqlite", "rules-kept")
        for path in (root / top, *(root / top).rglob("*"))
        if path.stat().st_mode & 0o077
    ]
    assert loose == []


# ── Corrections, and what follows from them ──────────────────────────────────


def test_a_corrected_return_makes_a_second_revision_that_says_so(root: Path) -> None:
    drop(root, "2024-09")
    run_at(root, "2024-10-12")
    with_correction(root, "2024-09", team="Family Support")
    ran = run_at(root, "2024-10-20")
    assert outcomes(ran) == {"returns_2024-09.xlsx": "correction"}
    assert folders(ran) == ["out/2024-09/r2"]
    pack = json.loads((root / "out/2024-09/r2/achieving-excellence-board-2024-25-Q2.json").read_text())
    assert pack["changes"][0].startswith("This is revision 2; it replaces revision 1.")
    assert (root / "out/2024-09/r1").is_dir()
    assert ("2024-09", 2, 0) in recorded(root)
    whole(root)


def with_correction(root: Path, month: str, *, team: str) -> None:
    """The month's example return with every worker moved to another team."""
    path = drop(root, month)
    book = load_workbook(path)
    sheet = book["Workforce"]
    heads = [cell.value for cell in sheet[6]] if sheet.max_row > 6 else []
    column = heads.index("Team") + 1 if "Team" in heads else 2
    for row in range(7, sheet.max_row + 1):
        if sheet.cell(row, column).value:
            sheet.cell(row, column).value = team
    book.save(path)


def test_a_corrected_earlier_month_reports_those_that_boards_have_before_them(root: Path) -> None:
    drop(root, "2024-07", corrected=True)
    ran = run_at(root, "2024-09-20")
    assert folders(ran)[0] == "out/2024-07/r2"
    assert set(folders(ran)[1:]) <= {"out/2024-08/r1-recalculated-1"}
    assert recorded(root) == [("2024-07", 1, 0), ("2024-07", 2, 0), ("2024-08", 1, 0)]
    whole(root)


def test_other_rules_make_recalculated_records_of_the_same_revision(root: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", rules)
    plan = rules / "plan.yaml"
    plan.write_text(plan.read_text(encoding="utf-8") + "\n# looked through\n", encoding="utf-8")
    settings = replace(read_settings(root / "kpi.toml"), rules=rules)
    ran = run(settings, at=on("2024-09-20"))
    assert ran.entry is not None
    assert [one.cause for one in ran.entry.reported] == ["recalculated"]
    assert folders(ran) == ["out/2024-08/r1-recalculated-1"]
    assert recorded(root) == [("2024-07", 1, 0), ("2024-07", 1, 1), ("2024-08", 1, 0), ("2024-08", 1, 1)]
    assert "rules" in ran.told.changes[0]
    assert run(settings, at=on("2024-09-21")).entry is None
    assert verify(settings).findings == ()


# ── What is late, early, doubled, of another month, or broken ────────────────


def test_each_kind_of_arrival_has_its_outcome(root: Path) -> None:
    drop(root, "2024-06")
    drop(root, "2024-08", "august again.xlsx")
    drop(root, "2024-10")
    drop(root, "2024-12")
    drop(root, "2024-09", "one.xlsx")
    two = drop(root, "2024-09", "two.xlsx")
    book = load_workbook(two)
    book["Start here"]["B3"].value = book["Start here"]["B3"].value
    book.save(two)
    (root / "inbox/broken.xlsx").write_bytes(b"PK\x03\x04")
    (root / "inbox/notes.txt").write_text("see attached")
    (root / "inbox/link.xlsx").symlink_to(root / "kpi.toml")
    ran = run_at(root, "2024-10-20")
    assert outcomes(ran) == {
        "returns_2024-06.xlsx": "late",
        "august again.xlsx": "duplicate",
        "returns_2024-12.xlsx": "refused",
        "one.xlsx": "refused",
        "two.xlsx": "refused",
        "broken.xlsx": "refused",
    }
    left = sorted(path.name for path in (root / "inbox").iterdir())
    assert left == ["link.xlsx", "notes.txt", "returns_2024-10.xlsx"]
    whole(root)


def test_a_refused_return_is_kept_with_its_marked_copy_and_why(root: Path) -> None:
    path = drop(root, "2024-09")
    book = load_workbook(path)
    book["Workforce"]["Z6"].value = "Date of birth"
    for row in range(7, 20):
        book["Workforce"][f"Z{row}"].value = "01/02/2015"
    book.save(path)
    ran = run_at(root, "2024-10-12")
    if outcomes(ran)["returns_2024-09.xlsx"] != "refused":
        pytest.fail("a sheet with dates of birth was not refused")
    kept = next((root / "refused").rglob("returns_2024-09.xlsx"))
    held = {one.name for one in kept.parent.iterdir()}
    assert held == {"returns_2024-09.xlsx", "returns_2024-09.marked.xlsx", "why.txt"}
    assert "01/02/2015" not in (kept.parent / "why.txt").read_text()
    assert folders(ran) == []


def test_a_file_that_is_replaced_during_the_run_stays_for_the_next(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = drop(root, "2024-09")
    kept = run_module._record  # noqa: SLF001  (the moment between the promise and the taking)

    def replaced(*words: object) -> None:
        kept(*words)  # type: ignore[arg-type]
        drop(root, "2024-07", first.name, corrected=True)

    monkeypatch.setattr(run_module, "_record", replaced)
    ran = run_at(root, "2024-10-12")
    monkeypatch.undo()
    assert [one.code for one in ran.found] == ["A109"]
    assert first.exists()
    assert outcomes(run_at(root, "2024-10-13")) == {first.name: "correction"}
    whole(root)


# ── Two runs, no room, no clock ──────────────────────────────────────────────


def test_a_second_run_at_once_is_told_to_wait(root: Path) -> None:
    drop(root, "2024-09")
    one = started(root, "2024-10-12")
    while not (root / "work/in").exists() and one.poll() is None:
        pass
    one.send_signal(signal.SIGSTOP)  # it holds the folder for as long as the other takes
    other = started(root, "2024-10-12")
    said = other.communicate()[0].decode()
    one.send_signal(signal.SIGCONT)
    one.communicate()
    assert other.returncode == 6, said
    assert "A101" in said
    assert one.returncode == 0
    whole(root)


def test_a_clock_that_was_set_back_loses_nothing_and_is_told(root: Path) -> None:
    drop(root, "2024-09")
    ran = run_at(root, "2024-10-12")
    drop(root, "2024-09", "later.xlsx")
    again = run_at(root, "2024-10-01")
    assert folders(ran) == ["out/2024-09/r1"]
    assert outcomes(again) == {"later.xlsx": "duplicate"}
    assert [one.code for one in verify(read_settings(root / "kpi.toml")).findings] == ["A140"]


def mounted(folder: Path, options: str) -> None:
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=False)  # noqa: S607
    if done.returncode:
        pytest.skip("only root may mount a small disk")


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs")
@pytest.mark.parametrize("options", ["size", "ro"])
def test_a_full_or_read_only_disk_loses_nothing(root: Path, tmp_path: Path, options: str) -> None:
    calm = tmp_path / "calm"
    shutil.copytree(root, calm)
    drop(calm, "2024-09")
    run_at(calm, "2024-10-12")
    drop(root, "2024-09")
    held = tmp_path / "held"
    shutil.move(root / "out", held)
    (root / "out").mkdir(mode=0o700)
    mounted(root / "out", "size=20m")
    try:
        shutil.copytree(held, root / "out", dirs_exist_ok=True)
        if options == "size":  # enough for what is there and some of what comes
            options = f"size={shutil.disk_usage(root / 'out').used + 100_000}"
        subprocess.run(["mount", "-o", f"remount,{options}", root / "out"], check=True)  # noqa: S607
        with pytest.raises(CannotNow):
            run_at(root, "2024-10-12")
        subprocess.run(["mount", "-o", "remount,rw,size=20m", root / "out"], check=True)  # noqa: S607
        run_at(root, "2024-10-12")
        assert state(root) == state(calm)
    finally:
        subprocess.run(["umount", root / "out"], check=True)  # noqa: S607


# ── What stops a run ─────────────────────────────────────────────────────────


def test_a_changed_audit_log_stops_the_run(root: Path) -> None:
    log = root / "audit.jsonl"
    log.write_text(log.read_text().replace('"2024-07"', '"2024-06"', 1))
    drop(root, "2024-09")
    before = state(root)
    done = started(root, "2024-10-12")
    said = done.communicate()[0].decode()
    assert done.returncode == 2, said
    assert state(root) == before


def test_an_archived_return_that_was_lost_is_told_and_its_month_stands(root: Path) -> None:
    next((root / "processed/2024-07").rglob("*.xlsx")).unlink()
    drop(root, "2024-09")
    ran = run_at(root, "2024-10-12")
    assert [one.code for one in ran.found] == ["A151"]
    assert folders(ran) == ["out/2024-09/r1"]


def test_a_run_reads_what_a_check_reads(root: Path) -> None:
    rules = load_rulebook(ROOT / "rules")
    kept = next((root / "processed/2024-08").rglob("returns_2024-08.xlsx"))
    assert read_return(kept, rules).digest == read_return(ROOT / "inputs/returns_2024-08.xlsx", rules).digest
