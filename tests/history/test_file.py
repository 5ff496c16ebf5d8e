"""A history file is recognised before it is touched: damaged, foreign, newer, older, in use, on a share."""

from __future__ import annotations

import random
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kpi_engine.errors import KpiError
from kpi_engine.history.disk import file_system, is_local
from kpi_engine.history.file import Journal, open_history
from kpi_engine.history.read import records, series
from kpi_engine.history.schema import APPLICATION_ID, STEPS, layout, upgrade
from tests.history.build import COUNCIL, month, recorded, share

if TYPE_CHECKING:
    from collections.abc import Callable

both = pytest.mark.parametrize("writable", [False, True], ids=["read", "write"])


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.iterdir() if p.is_file()}


def codes_on_opening(path: Path, *, writable: bool) -> list[str]:
    with pytest.raises(KpiError) as caught:
        open_history(path, writable=writable)
    assert all(f.file == path.name for f in caught.value.findings)  # no folder of this machine
    return [f.code for f in caught.value.findings]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "kpi.history"
    for n, at in enumerate(("2024-01", "2024-02", "2024-03")):
        recorded(made, month(at, *(share(f"m{i:03}", at, n, 20) for i in range(200)), digest=at))
    return made


def sqlite_of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = wal")
        other.execute("CREATE TABLE notes (text)")


def of_a_later_version(path: Path) -> None:
    recorded(path, month("2024-01", share("a", "2024-01", 1, 2)))
    with closing(sqlite3.connect(path)) as history:
        history.execute(f"PRAGMA user_version = {len(STEPS) + 1}")


FOREIGN: dict[str, tuple[Callable[[Path], object], str]] = {
    "text": (lambda path: path.write_text("month,figure\n", encoding="utf-8"), "H102"),
    "zip": (lambda path: path.write_bytes(b"PK\3\4" + bytes(5000)), "H102"),
    "zeros": (lambda path: path.write_bytes(bytes(8192)), "H102"),
    "sqlite": (sqlite_of_another_program, "H102"),
    "newer": (of_a_later_version, "H104"),
    "header only": (lambda path: path.write_bytes(b"SQLite format 3\0"), "H103"),
}


@both
@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_that_is_not_ours_to_read_is_not_touched(tmp_path: Path, kind: str, *, writable: bool) -> None:
    make, code = FOREIGN[kind]
    path = tmp_path / "a.file"
    make(path)
    before = snapshot(tmp_path)
    assert codes_on_opening(path, writable=writable) == [code]
    assert snapshot(tmp_path) == before


@both
@pytest.mark.parametrize("left", [0.3, 0.98])
def test_a_file_that_was_cut_off_is_not_touched(path: Path, left: float, *, writable: bool) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * left)])
    before = snapshot(path.parent)
    assert codes_on_opening(path, writable=writable) == ["H103"]
    assert snapshot(path.parent) == before


def test_a_damaged_history_is_not_added_to(path: Path) -> None:
    damage(path)
    before = snapshot(path.parent)
    assert codes_on_opening(path, writable=True) == ["H103"]
    with pytest.raises(KpiError):
        recorded(path, month("2024-04", share("a", "2024-04", 1, 2)))
    assert snapshot(path.parent) == before


def test_a_damaged_history_gives_no_figures(path: Path) -> None:
    damage(path)
    before = snapshot(path.parent)
    with pytest.raises(KpiError) as caught, open_history(path) as history:
        records(history, COUNCIL)
    assert [f.code for f in caught.value.findings] == ["H103"]
    assert snapshot(path.parent) == before


def damage(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    r = random.Random(1)
    for start in range(8 * 4096, len(whole), 4096):
        whole[start : start + 2000] = r.randbytes(2000)
    path.write_bytes(whole)


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE measurements SET source = 'guess'",
        "UPDATE measurements SET low_numerator = 'many'",
        "UPDATE measurements SET origins = '{'",
        "UPDATE months SET validated = 'perhaps'",
        "DELETE FROM measurements WHERE measure = 'm007'",
        "DROP TABLE measurements",
    ],
)
def test_records_that_cannot_be_are_damage_not_figures(path: Path, harm: str) -> None:
    with closing(sqlite3.connect(path)) as history:
        for table in ("measurements", "months"):
            for verb in ("update", "delete"):
                history.execute(f"DROP TRIGGER {table}_no_{verb}")
        history.execute(harm)
        history.commit()
    with open_history(path) as history, pytest.raises(KpiError) as caught:
        records(history, COUNCIL)
    assert [f.code for f in caught.value.findings] == ["H103"]


def test_reading_writes_nothing(path: Path) -> None:
    before = snapshot(path.parent)
    with open_history(path) as history:
        assert len(series(history, COUNCIL, "m000")) == 3
        with pytest.raises(sqlite3.OperationalError):
            history.connection.execute("INSERT INTO runs VALUES (9, '', '', '', '')")
    assert snapshot(path.parent) == before


def test_reading_leaves_the_log_of_a_writer_that_died(path: Path, tmp_path: Path) -> None:
    with open_history(path, writable=True) as writer:
        writer.connection.execute("INSERT INTO runs VALUES (9, '', '', '', '')")
        copies = {name: data for name, (data, _) in snapshot(path.parent).items()}
    left = tmp_path / "left"
    left.mkdir()
    for name, data in copies.items():
        (left / name).write_bytes(data)
    before = {name: data for name, (data, _) in snapshot(left).items() if not name.endswith("-shm")}
    assert len(before) == 2
    with open_history(left / path.name) as history:
        assert history.connection.execute("SELECT count(*) FROM runs").fetchone() == (4,)
    assert {name: data for name, (data, _) in snapshot(left).items() if not name.endswith("-shm")} == before


def test_no_file_is_told_and_not_made(tmp_path: Path) -> None:
    assert codes_on_opening(tmp_path / "none.history", writable=False) == ["H101"]
    assert list(tmp_path.iterdir()) == []


def test_no_folder_is_told(tmp_path: Path) -> None:
    assert codes_on_opening(tmp_path / "none" / "kpi.history", writable=True) == ["H107"]


@both
def test_a_folder_is_no_history(tmp_path: Path, *, writable: bool) -> None:
    assert codes_on_opening(tmp_path, writable=writable) == ["H107"]


def test_a_path_with_signs_that_mean_something_in_addresses_is_a_path(tmp_path: Path) -> None:
    path = tmp_path / "a ?mode=memory#%41&b.history"
    recorded(path, month("2024-03", share("a", "2024-03", 1, 2)))
    assert path.is_file()
    with open_history(path) as history:
        assert len(series(history, COUNCIL, "a")) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_the_owner_may_read_a_new_history(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


# ── Layouts ──────────────────────────────────────────────────────────────────


def of_layout_0(path: Path) -> None:
    with closing(sqlite3.connect(path)) as history:
        history.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def test_a_file_of_layout_0_is_brought_up_to_date_by_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "old.history"
    of_layout_0(path)
    recorded(path, month("2024-03", share("a", "2024-03", 1, 2)))
    with open_history(path) as history:
        assert layout(history.connection) == len(STEPS)
        assert len(series(history, COUNCIL, "a")) == 1


@pytest.mark.parametrize("make", [of_layout_0, Path.touch], ids=["layout 0", "empty"])
def test_a_reader_leaves_an_older_layout_as_it_is(tmp_path: Path, make: Callable[[Path], object]) -> None:
    path = tmp_path / "old.history"
    make(path)
    before = snapshot(tmp_path)
    assert codes_on_opening(path, writable=False) == ["H105"]
    assert snapshot(tmp_path) == before


def test_a_history_whose_making_was_cut_off_is_made_by_the_next_writer(tmp_path: Path) -> None:
    making, path = tmp_path / "making", tmp_path / "kpi.history"
    with closing(sqlite3.connect(making, isolation_level=None)) as half:
        half.execute("PRAGMA cache_size = 1")  # so that the journal is written out before the commit
        half.execute("BEGIN")
        for statement in STEPS[0]:
            half.execute(statement)
        half.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        half.execute(f"PRAGMA user_version = {len(STEPS)}")
        for n in range(2000):
            half.execute("INSERT INTO runs VALUES (?, 'then', 'a person', '1.0', 'rules')", (n,))
        path.with_name(f"{path.name}-journal").write_bytes(Path(f"{making}-journal").read_bytes())
        half.execute("COMMIT")
    path.write_bytes(making.read_bytes())  # as it is when only the end of the journal is still to come
    assert int.from_bytes(path.read_bytes()[60:64], "big") == len(STEPS)  # its header promises a history
    assert codes_on_opening(path, writable=False) == ["H105"]
    recorded(path, month("2024-03", share("a", "2024-03", 1, 2)))
    with open_history(path) as history:
        assert len(series(history, COUNCIL, "a")) == 1


def test_a_later_layout_keeps_what_was_recorded(path: Path) -> None:
    added = ("ALTER TABLE runs ADD COLUMN machine TEXT NOT NULL DEFAULT ''",)
    with closing(sqlite3.connect(path, isolation_level=None)) as history:
        upgrade(history, (*STEPS, added))
        assert layout(history) == len(STEPS) + 1
        assert history.execute("SELECT count(*), max(machine) FROM runs").fetchone() == (3, "")


def test_a_step_that_fails_leaves_the_layout_as_it_was(path: Path) -> None:
    failing = ("CREATE TABLE more (x)", "CREATE TABLE more (x)")
    with closing(sqlite3.connect(path, isolation_level=None)) as history:
        with pytest.raises(sqlite3.OperationalError):
            upgrade(history, (*STEPS, failing))
        assert layout(history) == len(STEPS)
        assert history.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'more'").fetchone() == (0,)


# ── Where it lies ────────────────────────────────────────────────────────────

MOUNTS = r"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
28 27 0:26 / /srv/shared\040figures rw - cifs //server/figures rw
29 27 0:27 / /srv/shared\040figures/here rw master:2 shared:9 - xfs /dev/vdb rw
30 27 0:28 / /mnt rw - ext4 /dev/vdc rw
31 27 0:28 / /mnt rw - nfs4 server:/export rw
damaged
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home/a", "ext4"),
        ("/srv/shared figures", "cifs"),
        ("/srv/shared figures/2024", "cifs"),
        ("/srv/shared figures/here/x", "xfs"),
        ("/srv/shared", "ext4"),
        ("/mnt/x", "nfs4"),
    ],
)
def test_a_folder_lies_on_the_innermost_last_mount(folder: str, kind: str) -> None:
    assert file_system(Path(folder), MOUNTS) == kind


def test_a_mount_that_is_not_known_is_not_called_local() -> None:
    assert not file_system(Path("/anywhere"), "")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="another system's processes")
def test_a_folder_of_the_system_itself_is_not_called_a_local_disk() -> None:
    assert not is_local(Path("/proc"))


def test_a_history_elsewhere_keeps_no_log_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "kpi.history"
    done = recorded(path, month("2024-03", share("a", "2024-03", 1, 2)), journal=Journal.DELETE)
    assert done.journal is Journal.DELETE
    with open_history(path) as history:
        assert history.journal is Journal.DELETE
        assert len(series(history, COUNCIL, "a")) == 1
        assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_history_that_moves_to_a_local_disk_and_back_changes_its_journal(path: Path) -> None:
    for journal in (Journal.DELETE, Journal.WAL, Journal.DELETE):
        with open_history(path, writable=True, journal=journal) as history:
            assert history.journal is journal
        with open_history(path) as history:
            assert history.journal is journal
            assert len(series(history, COUNCIL, "m000")) == 3
