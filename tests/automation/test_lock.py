"""One run at a time, and whoever is kept out is told by whom and since when."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.automation.files import CannotNow
from kpi_engine.automation.lock import Busy, _owner, locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT = datetime(2024, 10, 7, 5, 0, tzinfo=UTC)
HOLDS = """
import sys, time
from datetime import datetime
from pathlib import Path
from kpi_engine.automation.lock import locked
with locked(Path(sys.argv[1]), who="A. Person", at=datetime.fromisoformat(sys.argv[2])):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def held_by_another(work: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock since AT."""
    command = [sys.executable, "-c", HOLDS, str(work), AT.isoformat()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        try:
            yield other
        finally:
            other.kill()


def kept_out(work: Path, at: datetime) -> str:
    with pytest.raises(Busy) as caught, locked(work, who="B. Person", at=at):
        pass
    (told,) = caught.value.findings
    assert (told.code, told.file) == ("A101", "work/lock")
    return told.message


def test_the_second_is_told_whose_the_lock_is_and_since_when(tmp_path: Path) -> None:
    work = tmp_path / "work"
    with held_by_another(work) as other:
        began = time.monotonic()
        assert kept_out(work, AT + timedelta(minutes=3, seconds=50)) == (
            f"Another run of A. Person (process {other.pid}), begun on 7 October 2024 at 05:00 UTC, "
            "3 minutes ago, is at work; this one has done nothing."
        )
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("later", "words"),
    [
        (timedelta(seconds=-90), "less than a minute ago"),
        (timedelta(seconds=59), "less than a minute ago"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=47), "1 day ago"),
        (timedelta(days=400), "400 days ago"),
    ],
)
def test_the_age_is_told_in_words(tmp_path: Path, later: timedelta, words: str) -> None:
    work = tmp_path / "work"
    with locked(work, who="A. Person", at=AT.astimezone(timezone(timedelta(hours=1)))):
        assert f"begun on 7 October 2024 at 05:00 UTC, {words}, is" in kept_out(work, AT + later)


def test_a_killed_owner_frees_the_lock_and_is_told_of(tmp_path: Path) -> None:
    work = tmp_path / "work"
    with held_by_another(work) as other:
        other.kill()
        other.wait()
        with locked(work, who="B. Person", at=AT) as lock:
            (told,) = lock.found
    assert told.code == "A102"
    assert told.message == (
        f"An earlier run of A. Person (process {other.pid}), begun on 7 October 2024 at 05:00 UTC, "
        "was broken off."
    )
    with locked(work, who="B. Person", at=AT) as lock:
        assert lock.found == ()


@pytest.mark.parametrize(
    "text", [b"{", b"\xff\x00", b"[]", b'{"who": 1}', b'{"who":"x","process":"y","since":""}']
)
def test_a_torn_text_is_told_of_without_an_owner(tmp_path: Path, text: bytes) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "lock").write_bytes(text)
    with locked(work, who="B. Person", at=AT) as lock:
        assert [f.message for f in lock.found] == ["An earlier run was broken off."]


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_text_has_an_owner_or_none(text: bytes) -> None:
    owner = _owner(text)
    assert owner is None or owner.who.isprintable()


def test_a_name_with_control_characters_is_told_harmless(tmp_path: Path) -> None:
    work = tmp_path / "work"
    with locked(work, who="A\x1b[31m\n" + "x" * 500, at=AT):
        assert f"of A?[31m?{'x' * 53} (process {os.getpid()})" in kept_out(work, AT)


def test_the_lock_file_stays_and_is_empty_afterwards(tmp_path: Path) -> None:
    work, inode = tmp_path / "work", 0
    for _ in range(2):
        with locked(work, who="A. Person", at=AT):
            assert (work / "lock").stat().st_size > 0
            assert inode in {0, (work / "lock").stat().st_ino}
            inode = (work / "lock").stat().st_ino
        assert (work / "lock").read_bytes() == b""


def test_an_error_under_the_lock_frees_it(tmp_path: Path) -> None:
    def fail() -> None:
        with locked(tmp_path, who="A. Person", at=AT):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    with locked(tmp_path, who="B. Person", at=AT) as lock:
        assert lock.found == ()


def test_the_one_kept_out_leaves_the_text_of_the_owner(tmp_path: Path) -> None:
    with locked(tmp_path / "work", who="A. Person", at=AT):
        text = (tmp_path / "work/lock").read_bytes()
        kept_out(tmp_path / "work", AT)
        kept_out(tmp_path / "work", AT)
        assert (tmp_path / "work/lock").read_bytes() == text


@pytest.mark.skipif(sys.platform == "win32", reason="needs links and modes")
def test_the_lock_is_no_link_and_for_its_owner_alone(tmp_path: Path) -> None:
    work, private = tmp_path / "work", tmp_path / "private"
    with locked(work, who="A. Person", at=AT):
        assert work.stat().st_mode & 0o777 == 0o700
        assert (work / "lock").stat().st_mode & 0o777 == 0o600
    (work / "lock").unlink()
    private.write_bytes(b"private")
    (work / "lock").symlink_to(private)
    with pytest.raises(CannotNow) as caught, locked(work, who="A. Person", at=AT):
        pass
    assert [f.code for f in caught.value.findings] == ["A106"]
    assert private.read_bytes() == b"private"


def test_of_many_that_begin_at_once_one_runs_at_a_time(tmp_path: Path) -> None:
    script = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from kpi_engine.automation.lock import Busy, locked
work, log, got = Path(sys.argv[1]), Path(sys.argv[2]), 0
while got < 30:
    try:
        with locked(work, who="P", at=datetime.now(UTC)):
            number = int(log.read_text())
            log.write_text(str(number + 1))
            got += 1
    except Busy:
        pass
"""
    log = tmp_path / "log"
    log.write_text("0", encoding="utf-8")
    command = [sys.executable, "-c", script, str(tmp_path / "work"), str(log)]
    others = [subprocess.Popen(command) for _ in range(3)]
    assert [other.wait() for other in others] == [0, 0, 0]
    assert log.read_text(encoding="utf-8") == "90"
