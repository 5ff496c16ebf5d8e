"""The progress bar: drawn for who looks, after a second; silent in a pipe."""

from __future__ import annotations

import sys
import time

import pytest

from kpi_engine.cli.edges import progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize("seen", [True, False])
def test_a_bar_is_drawn_only_on_a_terminal(
    clock: list[float],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    seen: bool,  # noqa: FBT001  (a parameter of the test)
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: seen)
    told = progress()
    told(1, 288)
    clock[0] += 1
    told(144, 288)
    told(288, 288)
    half = "\rReading returns [############............] 144 of 288"
    whole = "\rReading returns [########################] 288 of 288\n"
    assert capsys.readouterr() == ("", half + whole if seen else "")


def test_the_bar_fits_a_terminal_of_80_columns(
    clock: list[float], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    told = progress("Judging councils")
    clock[0] += 1
    told(9_999, 10_000)
    assert len(capsys.readouterr().err) <= 80
