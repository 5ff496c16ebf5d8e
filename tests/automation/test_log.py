"""The log of the runs: JSON lines, rotated, for their owner alone, and no word from any return."""

from __future__ import annotations

import json
import re
import stat
from dataclasses import fields
from enum import StrEnum
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.automation import log as log_module
from kpi_engine.automation.log import FILE, Event, Happened, RunLog, line_of
from kpi_engine.terms.period import Period

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "0123456789ab" + "c" * 52


class Word(StrEnum):
    """One of the program's lists."""

    CORRECTION = "correction"


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1718600400")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_an_event_is_one_line_of_json(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log")
    log.tell(Happened(Event.STARTED))
    taken = Happened(
        Event.TAKEN,
        month=Period.parse("2024-04"),
        digest=DIGEST,
        outcome=Word.CORRECTION,
        codes=("R203", "A103", "R203"),
        count=0,
    )
    log.tell(taken)
    log.tell(Happened(Event.FAILED, error=ValueError("Wren Halloway"), exit_code=5))
    log.close()
    assert [json.loads(line) for line in (tmp_path / "log" / FILE).read_text().splitlines()] == [
        {"at": "2024-06-17T05:00:00+00:00", "event": "started"},
        {
            "at": "2024-06-17T05:00:00+00:00",
            "event": "taken",
            "month": "2024-04",
            "file": "0123456789ab",
            "outcome": "correction",
            "codes": ["A103", "R203"],
            "count": 0,
        },
        {"at": "2024-06-17T05:00:00+00:00", "event": "failed", "error": "ValueError", "exit_code": 5},
    ]
    assert not log.lost


def test_the_log_is_for_its_owner_alone(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log")
    log.tell(Happened(Event.STARTED))
    log.close()
    assert (mode(tmp_path / "log"), mode(tmp_path / "log" / FILE)) == (0o700, 0o600)


def test_a_later_run_goes_on_in_the_same_file(tmp_path: Path) -> None:
    for _ in range(2):
        log = RunLog(tmp_path)
        log.tell(Happened(Event.STARTED))
        log.close()
    assert len((tmp_path / FILE).read_text().splitlines()) == 2


def test_the_log_is_rotated_and_no_line_is_torn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "_MOST_BYTES", 300)
    log = RunLog(tmp_path)
    for n in range(60):
        log.tell(Happened(Event.WAITS, count=n))
    log.close()
    kept = sorted(tmp_path.iterdir())
    assert [path.name for path in kept] == [FILE, *(f"{FILE}.{n}" for n in range(1, 6))]
    assert {mode(path) for path in kept} == {0o600}
    assert all(path.stat().st_size <= 300 for path in kept)
    counts = sorted(json.loads(line)["count"] for path in kept for line in path.read_text().splitlines())
    assert counts == list(range(counts[0], 60))


def test_a_log_that_cannot_be_written_stops_nothing_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log").write_text("in the way", encoding="utf-8")
    log = RunLog(tmp_path / "log")
    log.tell(Happened(Event.STARTED))
    log.tell(Happened(Event.FINISHED))
    log.close()
    assert log.lost
    assert capsys.readouterr() == ("", "")


def test_a_link_in_the_logs_place_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("", encoding="utf-8")
    (tmp_path / FILE).symlink_to(tmp_path / "other")
    log = RunLog(tmp_path)
    log.tell(Happened(Event.STARTED))
    assert log.lost
    assert (tmp_path / "other").read_text() == ""


def test_nobody_elses_logging_hears_of_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = RunLog(tmp_path)
    log.tell(Happened(Event.STARTED))
    log.close()
    assert caplog.records == []


CANARY = "Wren Halloway 12/03/2011"


def test_there_is_no_field_for_text() -> None:
    free = {field.name for field in fields(Happened) if field.type in ("str", "tuple[str, ...]")}
    assert free == {"digest", "codes"}


@given(
    st.text(max_size=20).map(lambda text: f"{text}{CANARY}"),
    st.sampled_from(Event),
    st.integers(-(10**9), 10**9),
)
def test_text_from_a_return_never_shows_wherever_it_is_put(text: str, event: Event, number: int) -> None:
    line = line_of(
        Happened(
            event,
            digest=text,
            codes=(text, "R203", text[:64]),
            count=number,
            error=ValueError(text),
        )
    )
    assert set(json.loads(line)) == {"at", "event", "codes", "error", "count"}
    assert re.fullmatch(r"[ -~]+", line)
    assert not any(part in line for part in CANARY.split())
