"""A transaction stands whole or not at all, wherever it is broken off and whatever stands in its way."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.automation import commit
from kpi_engine.automation.commit import (
    Key,
    Manifest,
    Recovered,
    carry_out,
    promise,
    recover,
    staging,
)
from kpi_engine.automation.files import CannotNow, digest_of, hidden
from kpi_engine.automation.steps import Do, Step
from kpi_engine.errors import KpiError
from tests.automation.transaction import (
    KEY,
    LINE,
    OLD_LINES,
    RETURN,
    Place,
    Stopped,
    a_place,
    breaking,
    outside_work,
    prepared,
    record_it,
    refusing,
    run,
    stage_and_promise,
    state,
    stopped,
    undisturbed,
    unsynced,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs links, modes and kill -9")
TRANSACTION = [sys.executable, "-m", "tests.automation.transaction"]
MEMORY = Path("/dev/shm")  # noqa: S108  (a second disk, and a fast one)


@pytest.fixture
def fast(tmp_path: Path) -> Iterator[Path]:
    """A folder on another disk than tmp_path where there is one."""
    folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else tmp_path))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def place(tmp_path: Path, fast: Path) -> Place:
    return prepared(Place(tmp_path / "root", fast / "elsewhere"))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", unsynced)


def codes(error: KpiError) -> list[str]:
    return [f.code for f in error.findings]


def refused(act: Callable[[], object]) -> list[str]:
    with pytest.raises(KpiError) as caught:
        act()
    return codes(caught.value)


def task(name: str, *folders: Path) -> Any:  # noqa: ANN401  (JSON)
    done = subprocess.run([*TRANSACTION, name, *folders], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# ── Broken off ───────────────────────────────────────────────────────────────


@posix
def test_killed_before_every_operation_one_more_run_gives_the_undisturbed_state(
    tmp_path: Path, fast: Path
) -> None:
    found = task("killed_everywhere", fast, tmp_path)
    assert found["count"] > 100
    assert set(found["found"]) == {"nothing", "finished", "undone"}


@posix
@pytest.mark.usefixtures("quick")
def test_stopped_before_every_operation_one_more_run_gives_the_undisturbed_state(
    tmp_path: Path, fast: Path
) -> None:
    wanted, count = undisturbed(fast, tmp_path)
    for at in range(1, count + 1):
        with a_place(fast, tmp_path) as place:
            with pytest.raises(Stopped), breaking(at, stopped):
                run(place)
            done = not (place.root / "inbox/a.xlsx").exists() and (place.work / "staged").exists()
            found, _ = run(place)
            assert found is Recovered.FINISHED or not done, at
            assert state(place) == wanted, at


@posix
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
def test_an_operation_that_the_system_refuses_is_told_and_loses_nothing(
    tmp_path: Path, fast: Path, code: int
) -> None:
    wanted, count = undisturbed(fast, tmp_path)
    told = set()
    for at in range(1, count + 1):
        with a_place(fast, tmp_path) as place:
            with suppress(KpiError), breaking(at, refusing(code)):
                try:
                    run(place)
                except KpiError as error:
                    told.update(codes(error))
                    raise
            assert (place.root / "audit.jsonl").read_bytes() in {OLD_LINES, OLD_LINES + LINE}, at
            assert not list(place.elsewhere.rglob("*.part")), at
            run(place)
            assert state(place) == wanted, at
    assert told == {"A103" if code == errno.ENOSPC else "A104", "H107"}


@posix
def test_killed_at_random_moments_one_more_run_gives_the_undisturbed_state(
    tmp_path: Path, fast: Path
) -> None:
    wanted, _ = undisturbed(tmp_path, fast)
    command = [*TRANSACTION, "run_once"]
    with a_place(tmp_path, fast) as place:
        began = time.monotonic()
        subprocess.run([*command, place.root, place.elsewhere], check=True, capture_output=True)
        lasts = time.monotonic() - began
    moments = random.Random(6)
    for _ in range(12):
        with a_place(tmp_path, fast) as place:
            with subprocess.Popen(
                [*command, place.root, place.elsewhere], stdout=subprocess.DEVNULL
            ) as child:
                time.sleep(lasts * moments.uniform(0.4, 1))
                child.send_signal(signal.SIGKILL)
            run(place)
            assert state(place) == wanted


@posix
def test_nothing_is_promised_or_forgotten_before_what_it_rests_on_is_on_the_disk(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[int] = set()
    renamed: list[Path] = []
    real_sync, real_replace, real_unlink = os.fsync, os.replace, os.unlink

    def sync(descriptor: int) -> None:
        real_sync(descriptor)
        synced.add(os.fstat(descriptor).st_ino)

    def rename(source: Path, target: Path) -> None:
        if target.name == "manifest.json":
            staged = place.work / "staged"
            assert {path.stat().st_ino for path in (staged, *staged.rglob("*"), source)} <= synced
        synced.discard(target.parent.stat().st_ino)
        renamed.append(target)
        real_replace(source, target)

    def unlink(path: Path, **words: int) -> None:
        if path == place.work / "manifest.json":
            log = place.root / "audit.jsonl"
            targets = {one for one in renamed if place.work not in one.parents}
            assert len(targets) == 5
            assert {one.stat().st_ino for one in (log, *(target.parent for target in targets))} <= synced
        real_unlink(path, **words)

    for name, wrapped in (("fsync", sync), ("replace", rename), ("unlink", unlink)):
        monkeypatch.setattr(os, name, wrapped)
    run(place)
    assert place.work / "manifest.json" in renamed


def test_a_promise_without_its_record_is_undone(place: Place) -> None:
    before = state(place)
    stage_and_promise(place)
    assert recover(place.root, place.work, place.history) is Recovered.UNDONE
    assert state(place) == before
    assert recover(place.root, place.work, place.history) is Recovered.NOTHING


def test_a_promise_with_its_record_is_kept(place: Place) -> None:
    stage_and_promise(place)
    record_it(place)
    assert recover(place.root, place.work, place.history) is Recovered.FINISHED
    assert (place.root / "latest.json").read_bytes() == b"after"
    assert not (place.root / "inbox/a.xlsx").exists()
    assert not any(place.work.iterdir())


def test_a_promise_that_needs_no_record_is_kept(place: Place) -> None:
    stage_and_promise(place, keys=())
    assert recover(place.root, place.work, place.history) is Recovered.FINISHED
    assert not place.history.exists()


@pytest.mark.parametrize(
    "key",
    [
        *(replace(KEY, authority="E00000000"), replace(KEY, period="2024-08"), replace(KEY, revision=2)),
        *(replace(KEY, recalculation=1), replace(KEY, engine="2.0"), replace(KEY, rulebook="rules-2")),
        replace(KEY, returned=("d1", "d2")),
    ],
)
def test_a_record_of_something_else_does_not_keep_the_promise(place: Place, key: Key) -> None:
    record_it(place)
    before = state(place)
    stage_and_promise(place, keys=(KEY, key))
    assert recover(place.root, place.work, place.history) is Recovered.UNDONE
    assert state(place) == before


def test_a_history_that_was_never_made_whole_holds_no_record(place: Place) -> None:
    stage_and_promise(place)
    place.history.touch()
    assert recover(place.root, place.work, place.history) is Recovered.UNDONE


def test_a_history_put_back_from_before_is_told_and_nothing_is_touched(place: Place) -> None:
    manifest = stage_and_promise(place)
    record_it(place)
    with suppress(Stopped), breaking(40, stopped):
        carry_out(place.root, place.work, manifest)
    place.history.unlink()
    before = state(place)
    assert refused(lambda: recover(place.root, place.work, place.history)) == ["A108"]
    assert state(place) == before


@posix
@pytest.mark.usefixtures("quick")
def test_what_is_in_its_place_already_is_left_wherever_the_rest_stops(tmp_path: Path, fast: Path) -> None:
    wanted, _ = undisturbed(fast, tmp_path)
    stops = 0
    for at in range(1, 200):
        with a_place(fast, tmp_path) as place:
            stage_and_promise(place)
            record_it(place)
            copied = place.elsewhere / "packs/2024-09"
            shutil.copytree(place.work / "staged/packs", copied)
            copied.parent.chmod(0o700)
            with suppress(Stopped), breaking(at, stopped) as made:
                recover(place.root, place.work, place.history)
            stops += len(made) >= at
            recover(place.root, place.work, place.history)
            assert state(place) == wanted, at
        if len(made) < at:
            break
    assert 50 < stops < 199


def test_copies_of_the_inbox_alone_are_cleared(place: Place) -> None:
    (place.work / "in/1").mkdir(parents=True)
    assert recover(place.root, place.work, place.history) is Recovered.NOTHING
    (place.work / "in/1").mkdir(parents=True)
    (place.work / "in/1/a.xlsx").write_bytes(b"half")
    assert recover(place.root, place.work, place.history) is Recovered.UNDONE
    assert not any(place.work.iterdir())


def test_without_a_promise_staging_leaves_nothing(place: Place) -> None:
    before = state(place)
    with staging(place.work) as staged:
        staged.put("a", b"a")
    assert state(place) == before


def test_staging_waits_for_a_promise_to_be_kept(place: Place) -> None:
    stage_and_promise(place)
    with pytest.raises(ValueError, match=r"manifest\.json"), staging(place.work):
        pass
    assert (place.work / "staged").is_dir()


@pytest.mark.parametrize("name", ["", "/etc/x", "../x", "a/../../x", "a\\b"])
def test_nothing_is_staged_outside(place: Place, name: str) -> None:
    with staging(place.work) as staged, pytest.raises(ValueError, match="no name"):
        staged.path(name)


@given(cut=st.integers(0, 4000), put=st.binary(max_size=3), drop=st.integers(0, 40))
def test_a_damaged_promise_is_told_or_is_none(cut: int, put: bytes, drop: int) -> None:
    where = MEMORY if MEMORY.is_dir() else Path(tempfile.gettempdir())
    with a_place(where, where) as place:
        stage_and_promise(place)
        path = place.work / "manifest.json"
        data = path.read_bytes()
        path.write_bytes(data[:cut] + put + data[cut + drop :])
        before = state(place)
        told: list[str] = []
        try:
            recover(place.root, place.work, place.history)
        except KpiError as error:
            told = codes(error)
        if state(place) == before:
            assert told
        assert set(told) <= {"A104", "A106", "A107", "A108"}


@pytest.mark.parametrize(
    "step",
    [
        {"kind": "file", "target": "../out", "source": "latest"},
        {"kind": "file", "target": "", "source": "latest"},
        {"kind": "file", "target": "out", "source": "../../inbox/waits.xlsx"},
        {"kind": "remove", "target": "inbox/../../x"},
        {"kind": "burn", "target": "inbox/waits.xlsx"},
        {"kind": "remove", "target": "inbox/waits.xlsx", "more": 1},
    ],
)
def test_a_promise_that_leads_elsewhere_is_refused(place: Place, step: dict[str, object]) -> None:
    stage_and_promise(place)
    promised = {"format": commit.FORMAT, "history": [], "steps": [step]}
    (place.work / "manifest.json").write_text(json.dumps(promised), encoding="utf-8")
    before = state(place)
    assert refused(lambda: recover(place.root, place.work, place.history)) == ["A108"]
    assert state(place) == before


# ── Steps ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("torn", range(len(LINE) + 1))
def test_a_line_torn_anywhere_is_completed(place: Place, torn: int) -> None:
    manifest = stage_and_promise(place)
    log = place.root / "audit.jsonl"
    log.write_bytes(OLD_LINES + LINE[:torn])
    carry_out(place.root, place.work, manifest)
    assert log.read_bytes() == OLD_LINES + LINE


def test_what_a_lost_block_leaves_behind_the_lines_is_cut(place: Place) -> None:
    manifest = stage_and_promise(place)
    (place.root / "audit.jsonl").write_bytes(OLD_LINES + bytes(500))
    carry_out(place.root, place.work, manifest)
    assert (place.root / "audit.jsonl").read_bytes() == OLD_LINES + LINE


@pytest.mark.parametrize("held", [OLD_LINES + b'{"number":9}\n', OLD_LINES[:-1], b""])
def test_a_log_that_another_has_changed_is_told_and_left(place: Place, held: bytes) -> None:
    manifest = stage_and_promise(place)
    (place.root / "audit.jsonl").write_bytes(held)
    assert refused(lambda: carry_out(place.root, place.work, manifest)) == ["A107"]
    assert (place.root / "audit.jsonl").read_bytes() == held
    (place.root / "audit.jsonl").write_bytes(OLD_LINES)
    record_it(place)
    assert recover(place.root, place.work, place.history) is Recovered.FINISHED
    assert (place.root / "audit.jsonl").read_bytes() == OLD_LINES + LINE


def test_a_file_replaced_before_it_is_taken_stays_and_is_told(place: Place) -> None:
    manifest = stage_and_promise(place)
    (place.root / "inbox/a.xlsx").write_bytes(b"newer")
    told = carry_out(place.root, place.work, manifest)
    assert [(f.code, f.file) for f in told] == [("A109", "inbox/a.xlsx")]
    assert (place.root / "inbox/a.xlsx").read_bytes() == b"newer"


@posix
@pytest.mark.parametrize("saved_again", [False, True])
def test_a_file_replaced_while_it_is_taken_is_put_back(place: Place, *, saved_again: bool) -> None:
    manifest, inbox = stage_and_promise(place), place.root / "inbox"
    real = os.rename

    def swapped(source: Path, target: Path) -> None:
        if source.name == "a.xlsx":
            (inbox / "new").write_bytes(b"newer")
            (inbox / "new").replace(inbox / "a.xlsx")
        real(source, target)
        if source.name == "a.xlsx" and saved_again:
            (inbox / "a.xlsx").write_bytes(b"newest")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "rename", swapped)
        told = carry_out(place.root, place.work, manifest)
    assert [f.code for f in told] == ["A109"]
    held = {path.name: path.read_bytes() for path in inbox.iterdir()}
    if saved_again:
        assert held == {"a.xlsx": b"newest", "a (2).xlsx": b"newer", "waits.xlsx": b"half a"}
    else:
        assert held == {"a.xlsx": b"newer", "waits.xlsx": b"half a"}


def test_a_file_that_is_gone_is_taken(place: Place) -> None:
    manifest = stage_and_promise(place)
    (place.root / "inbox/a.xlsx").unlink()
    assert carry_out(place.root, place.work, manifest) == ()


def test_removing_leaves_no_empty_folder_and_no_other(place: Place) -> None:
    run(place)
    processed = place.root / "processed"
    assert not (processed / "2023-03").exists()
    assert (processed / "2023-04/kept.xlsx").exists()
    step = Step(Do.REMOVE, "processed/2023-04/kept.xlsx")
    alone = Step(Do.REMOVE, "processed/2024-09/abc/a.xlsx")
    with staging(place.work) as staged:
        carry_out(place.root, place.work, promise(place.root, staged, Manifest((step, alone))))
    assert list(processed.iterdir()) == []


def test_a_folder_named_by_the_user_stays_when_it_is_empty(place: Place) -> None:
    run(place)
    away = str(place.elsewhere)
    (place.elsewhere / "packs/2024-09/pack.txt").unlink()
    step = Step(Do.REMOVE, f"{away}/packs/2024-09/deep/pack.csv", within=f"{away}/packs")
    with staging(place.work) as staged:
        carry_out(place.root, place.work, promise(place.root, staged, Manifest((step,))))
    assert list(place.elsewhere.joinpath("packs").iterdir()) == []


def test_an_empty_folder_is_no_obstacle(place: Place) -> None:
    (place.root / "out/2024-09/r1").mkdir(parents=True)
    run(place)
    assert (place.root / "out/2024-09/r1/pack.json").exists()


def test_a_folder_that_no_run_wrote_is_told_before_anything_is_done(place: Place) -> None:
    (place.root / "out/2024-09/r1").mkdir(parents=True)
    (place.root / "out/2024-09/r1/mine.txt").write_bytes(b"mine")
    before = outside_work(place)
    assert refused(lambda: run(place)) == ["A106"]
    assert outside_work(place) == before
    assert not (place.work / "staged").exists()


def test_every_obstacle_is_told_at_once(place: Place) -> None:
    (place.root / "latest.json").unlink()
    (place.root / "latest.json").mkdir()
    (place.root / "out").write_bytes(b"no folder")
    with pytest.raises(CannotNow) as caught:
        run(place)
    assert [(f.code, f.file) for f in caught.value.findings] == [
        ("A106", "out/2024-09/r1"),
        ("A106", "latest.json"),
    ]


def test_a_staged_file_changed_after_the_promise_goes_nowhere(place: Place) -> None:
    manifest = stage_and_promise(place)
    (place.work / "staged/latest").write_bytes(b"other")
    assert refused(lambda: carry_out(place.root, place.work, manifest)) == ["A108"]
    assert (place.root / "latest.json").read_bytes() == b"before"


# ── Links, modes, full disks ─────────────────────────────────────────────────


@posix
@pytest.mark.parametrize("link", ["out", "out/2024-09", "out/2024-09/r1", "processed/2024-09", "audit.jsonl"])
def test_a_link_in_the_way_is_told_and_never_written_through(place: Place, link: str) -> None:
    planted = place.root / "planted"
    if link == "audit.jsonl":
        (place.root / link).rename(planted)
    else:
        planted.mkdir()
    (place.root / link).parent.mkdir(parents=True, exist_ok=True)
    (place.root / link).symlink_to(planted)
    before = digest_of(planted)
    assert refused(lambda: run(place)) == ["A106"]
    assert digest_of(planted) == before
    assert (place.root / "inbox/a.xlsx").exists()


@posix
@pytest.mark.parametrize("link", ["out", "out/2024-09", "out/2024-09/r1", "processed/2024-09", "audit.jsonl"])
def test_a_link_planted_after_the_promise_is_told_and_never_written_through(place: Place, link: str) -> None:
    stage_and_promise(place)
    record_it(place)
    planted = place.root / "planted"
    if link == "audit.jsonl":
        (place.root / link).rename(planted)
    else:
        planted.mkdir()
    (place.root / link).parent.mkdir(parents=True, exist_ok=True)
    (place.root / link).symlink_to(planted)
    before = digest_of(planted)
    assert refused(lambda: recover(place.root, place.work, place.history)) == ["A106"]
    assert digest_of(planted) == before
    (place.root / link).unlink()
    if link == "audit.jsonl":
        planted.rename(place.root / link)
    assert recover(place.root, place.work, place.history) is Recovered.FINISHED


@posix
@pytest.mark.parametrize("link", ["inbox", "processed/2023-03"])
def test_nothing_is_removed_through_a_link(place: Place, link: str) -> None:
    stage_and_promise(place)
    record_it(place)
    planted = place.root / "planted"
    (place.root / link).rename(planted)
    (place.root / link).symlink_to(planted)
    before = digest_of(planted)
    assert refused(lambda: recover(place.root, place.work, place.history)) == ["A106"]
    assert digest_of(planted) == before


@posix
def test_a_link_where_a_file_is_replaced_is_replaced_itself(place: Place) -> None:
    private = place.root / "private"
    private.write_bytes(b"private")
    (place.root / "latest.json").unlink()
    (place.root / "latest.json").symlink_to(private)
    run(place)
    assert private.read_bytes() == b"private"
    assert not (place.root / "latest.json").is_symlink()
    assert (place.root / "latest.json").read_bytes() == b"after"


@posix
@pytest.mark.parametrize("name", ["staged", "in", "spent", "manifest.json.part"])
def test_a_link_in_the_work_folder_is_removed_and_not_followed(place: Place, name: str) -> None:
    planted = place.root / "planted"
    planted.mkdir()
    (planted / "kept").write_bytes(b"kept")
    (place.work / name).symlink_to(planted)
    run(place)
    assert [path.name for path in planted.iterdir()] == ["kept"]
    assert (place.root / "latest.json").read_bytes() == b"after"


@posix
def test_a_link_for_a_promise_is_not_read(place: Place) -> None:
    (place.work / "manifest.json").symlink_to(place.root / "latest.json")
    assert refused(lambda: recover(place.root, place.work, place.history)) == ["A106"]


@posix
def test_a_link_among_what_is_staged_is_refused(place: Place) -> None:
    def staged_link() -> None:
        with staging(place.work) as staged:
            staged.put("r1/pack.json", b"{}")
            staged.path("r1/link").symlink_to(place.root / "latest.json")
            promise(place.root, staged, Manifest((Step(Do.FOLDER, "out/r1", "r1"),)))

    assert refused(staged_link) == ["A106"]
    assert not (place.work / "staged").exists()


@posix
def test_a_link_for_a_copy_to_another_disk_is_not_followed(place: Place) -> None:
    private = place.elsewhere / "private"
    private.write_bytes(b"private")
    (place.elsewhere / hidden(Path("notice.md"), "part")).symlink_to(private)
    run(place)
    assert private.read_bytes() == b"private"
    assert (place.elsewhere / "notice.md").read_bytes() == b"# Notice\n"


@posix
def test_a_link_or_pipe_put_in_the_inbox_meanwhile_is_left(place: Place) -> None:
    manifest = stage_and_promise(place)
    path = place.root / "inbox/a.xlsx"
    path.rename(place.root / "same")
    path.symlink_to(place.root / "same")
    assert [f.code for f in carry_out(place.root, place.work, manifest)] == ["A109"]
    assert path.is_symlink()
    path.unlink()
    os.mkfifo(path)
    with staging(place.work) as staged:
        take = Manifest((Step(Do.TAKE, "inbox/a.xlsx", digest=digest_of(place.root / "same")),))
        told = carry_out(place.root, place.work, promise(place.root, staged, take))
    assert [f.code for f in told] == ["A109"]
    assert (place.root / "same").read_bytes() == RETURN


@posix
@pytest.mark.parametrize("umask", [0, 0o022, 0o077, 0o777])
def test_all_that_is_written_is_for_its_owner_alone(place: Place, umask: int) -> None:
    shutil.rmtree(place.work)
    before = os.umask(umask)
    try:
        with staging(place.work) as staged:
            staged.put("r1/deep/pack.json", b"{}")
            staged.put("latest", b"after")
            staged.put("away/deep/pack.json", b"{}")
            staged.put("log", b"{}\n")
            away = str(place.elsewhere)
            manifest = Manifest(
                (
                    Step(Do.FOLDER, "new/2024-09/r1", "r1"),
                    Step(Do.FILE, "new/latest.json", "latest"),
                    Step(Do.FOLDER, f"{away}/new/r1", "away", within=away),
                    Step(Do.APPEND, "new/log", "log"),
                )
            )
            carry_out(place.root, place.work, promise(place.root, staged, manifest))
    finally:
        os.umask(before)
    made = [p for new in (place.root / "new", place.elsewhere / "new") for p in (new, *new.rglob("*"))]
    modes = {(path.is_dir(), path.stat().st_mode & 0o7777) for path in (*made, place.work)}
    assert modes == {(True, 0o700), (False, 0o600)}
    assert len(made) == 11


@posix
def test_a_name_too_long_is_told_before_anything_is_done(place: Place) -> None:
    def too_long() -> None:
        with staging(place.work) as staged:
            staged.put("a", b"a")
            promise(place.root, staged, Manifest((Step(Do.FILE, "out/" + "x" * 300, "a"),)))

    before = outside_work(place)
    assert refused(too_long) == ["A105"]
    assert outside_work(place) == before


@posix
def test_where_no_file_may_grow_it_is_told_and_loses_nothing(tmp_path: Path, fast: Path) -> None:
    found = task("file_size_limited", fast, tmp_path)
    assert set(found) == {"", "A103", "H107"}


def _mounting(tmp_path: Path, size: str, name: str, *folders: Path) -> Any:  # noqa: ANN401  (JSON)
    """A task of tests.automation.transaction with a small disk of its own at the first folder."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        pytest.skip("needs a mount namespace")
    own = ["unshare", "--mount", "--map-root-user"]
    mount = f"mount -t tmpfs -o size={size} none '{folders[0]}'"
    tried = subprocess.run([*own, "sh", "-c", mount], capture_output=True, check=False, cwd=tmp_path)
    if tried.returncode:
        pytest.skip("this user may not mount")
    script = f'{mount} && exec "$@"'
    done = subprocess.run(
        [*own, "sh", "-c", script, "sh", *TRANSACTION, name, *folders],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_on_a_full_disk_it_is_told_and_loses_nothing(tmp_path: Path, fast: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    found = _mounting(tmp_path, "1m", "disk_full", small, fast)
    assert set(found) == {"", "A103", "H107"}


def test_on_a_disk_that_turns_read_only_it_is_told_and_loses_nothing(tmp_path: Path, fast: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    found = _mounting(tmp_path, "1m", "disk_read_only", other, fast)
    assert found == {"before": ["A104", "A104"], "after": ["A104"], "then": "finished"}
