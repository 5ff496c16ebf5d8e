"""Several processes at one history: one is killed, two write, one reads while another writes."""

from __future__ import annotations

import multiprocessing
import random
import sqlite3
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from kpi_engine.errors import KpiError
from kpi_engine.history import file as history_file
from kpi_engine.history.file import Journal, open_history
from kpi_engine.history.read import records
from tests.history.build import COUNCIL, month, recorded, share
from tests.history.recording import MONTHS, marked, numbers_held, record_each, record_for_ever, record_once

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs kill -9")
KILLS = 60


@pytest.fixture(scope="module")
def processes() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")  # each child starts in milliseconds
    context.set_forkserver_preload(["tests.history.recording"])
    return context


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kpi.history"


def last_acknowledged(heard: Connection) -> int:
    number = 0
    try:
        while True:
            number = heard.recv()
    except EOFError:
        return number


@pytest.mark.parametrize("journal", Journal)
def test_a_killed_recording_loses_nothing_acknowledged_and_leaves_nothing_partial(
    tmp_path: Path, processes: multiprocessing.context.ForkServerContext, journal: Journal
) -> None:
    r = random.Random(20240405)
    number, files, answers = 0, 0, 0
    for kill in range(KILLS):
        if kill % 10 == 0:  # a new file now and then: making it can be cut off too
            files, number = files + 1, 0
        path = tmp_path / f"{files}.history"
        heard, told = processes.Pipe(duplex=False)
        child = processes.Process(target=record_for_ever, args=(str(path), journal, number, told))
        child.start()
        told.close()
        assert heard.recv() == number
        acknowledged = heard.recv() if kill % 3 else number  # every third is killed in its first recording
        time.sleep(r.random() * 0.03)
        child.kill()
        child.join()
        acknowledged = max(acknowledged, last_acknowledged(heard))
        heard.close()
        answers += acknowledged - number
        number = held_after_kill(path, acknowledged)
    assert answers > KILLS // 2, "killed too early to lose anything"


def held_after_kill(path: Path, acknowledged: int) -> int:
    """Check the file as the next run finds it; gives the number that its months are marked with."""
    try:
        held = numbers_held(path)
    except KpiError as error:
        # Killed before the first record was acknowledged: there may be no history yet.
        if acknowledged == 0 and {f.code for f in error.findings} <= {"H101", "H105"}:
            return 0
        raise
    assert set(held.values()) <= {acknowledged, acknowledged + 1}  # the last may have lacked its answer only
    assert len(set(held.values())) <= 1, "months of one recording were torn apart"
    assert [*held] == ([*MONTHS] if held else [])
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return next(iter(held.values()), 0)


def test_two_writers_from_the_first_moment_lose_nothing(
    path: Path, processes: multiprocessing.context.ForkServerContext
) -> None:
    start = processes.Barrier(2)
    writers = [processes.Process(target=record_each, args=(str(path), name, start)) for name in ("E1", "E2")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    with open_history(path) as history:
        assert [len(records(history, name).records) for name in ("E1", "E2")] == [20, 20]


def test_a_second_writer_waits_for_the_first(
    path: Path, processes: multiprocessing.context.ForkServerContext
) -> None:
    recorded(path, marked("2024-03", 3))
    heard, told = processes.Pipe(duplex=False)
    with open_history(path, writable=True) as first:
        first.connection.execute("BEGIN IMMEDIATE")
        second = processes.Process(target=record_once, args=(str(path), told))
        second.start()
        assert heard.recv()
        assert not heard.poll(0.4)
        let_go = time.monotonic()
        first.connection.execute("COMMIT")
    assert heard.recv() >= let_go
    second.join()
    assert numbers_held(path) == {"2024-03": 3, "2024-04": 4}


def test_a_writer_that_waits_too_long_is_told_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(path, marked("2024-03", 3))
    monkeypatch.setattr(history_file, "PATIENCE", 0.05)
    with open_history(path, writable=True) as first:
        first.connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(KpiError) as caught:
            recorded(path, marked("2024-04", 4))
    assert [f.code for f in caught.value.findings] == ["H106"]


def test_a_reader_goes_on_during_a_write_and_sees_what_was_there(path: Path) -> None:
    recorded(path, month("2024-03", share("a", "2024-03", 1, 2)), journal=Journal.WAL)
    with open_history(path, writable=True, journal=Journal.WAL) as writer, open_history(path) as early:
        writer.connection.execute("BEGIN IMMEDIATE")
        writer.connection.execute("INSERT INTO runs VALUES (2, '', '', '', '')")
        writer.connection.execute(
            "INSERT INTO months VALUES (2, ?, '2024-04', 1, 0, 2, 'd2', 'yes', 0)", (COUNCIL,)
        )
        with open_history(path) as late:
            for reader in (early, late):
                assert len(records(reader, COUNCIL).records) == 1
        writer.connection.execute("COMMIT")
        assert len(records(early, COUNCIL).records) == 2
