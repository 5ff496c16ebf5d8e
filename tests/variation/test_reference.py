"""The nhsr-0.2.2 profile says what NHSRplotthedots 0.2.2 says."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from typing import Any

import pytest

from kpi_engine.spc import POINTS, SUMMARY, spc
from kpi_engine.variation import chart
from tests.variation.build import REFERENCE, monthly, table

OURS = spc(
    (REFERENCE / "series.csv").read_text(encoding="utf-8"),
    (REFERENCE / "config.csv").read_text(encoding="utf-8"),
)
NAMES = [row["series_id"] for row in table("config.csv")]
FIVE: list[dict[str, Any]] = json.loads((REFERENCE / "five-series.json").read_text(encoding="utf-8"))
NUMBERS = ("mean", "lpl", "upl", "mr", "mean_mr")
LIMITS = (
    ("mean", "mean"),
    ("lower", "lpl"),
    ("upper", "upl"),
    ("near_lower", "nlpl"),
    ("near_upper", "nupl"),
)


def _number(text: str) -> float | None:
    return None if text in {"", "NaN"} else float(text)


@pytest.mark.parametrize("name", NAMES)
def test_every_point_agrees_to_the_last_bit_and_letter(name: str) -> None:
    ours = [r for r in csv.DictReader(io.StringIO(OURS.points)) if r["series_id"] == name]
    theirs = [r for r in table("points.csv") if r["series_id"] == name]
    assert len(ours) == len(theirs) > 0
    for our, their in zip(ours, theirs, strict=True):
        assert tuple(our) == POINTS
        assert {k: _number(our[k]) for k in NUMBERS} == {k: _number(their[k]) for k in NUMBERS}
        assert "NaN" not in our.values()
        words = set(POINTS) - set(NUMBERS)
        assert {k: our[k] for k in words} == {k: their[k] for k in words}


def test_every_summary_agrees() -> None:
    theirs = [{k: row[k] for k in SUMMARY} for row in table("summary.csv")]
    assert list(csv.DictReader(io.StringIO(OURS.summary))) == theirs


@pytest.mark.parametrize("name", NAMES)
def test_limits_and_near_limits_agree_to_the_last_bit(name: str) -> None:
    config = next(row for row in table("config.csv") if row["series_id"] == name)
    theirs = [r for r in table("points.csv") if r["series_id"] == name]
    made = chart(
        [(date.fromisoformat(r["date"]), _number(r["value"])) for r in theirs],
        better=config["improvement_direction"],
        rebase=[date.fromisoformat(d) for d in config["rebase_dates"].split(";") if d],
        fix_after=int(config["fix_after_n"]) if config["fix_after_n"] else None,
        screen=config["screen_outliers"] == "TRUE",
        profile="nhsr-0.2.2",
    )
    for point, their in zip(made.points, theirs, strict=True):
        for ours, column in LIMITS:
            assert getattr(point, ours) == _number(their[column])


@pytest.mark.parametrize("public", FIVE, ids=[each["name"] for each in FIVE])
def test_the_five_public_series_agree_as_far_as_they_are_printed(public: dict[str, Any]) -> None:
    made = chart(
        monthly(public["y"]), better="increase", screen=public["screen_outliers"], profile="nhsr-0.2.2"
    )
    point = made.points[0]
    for ours, column in (("mean", "mean"), ("lower", "lpl"), ("upper", "upl")):
        digits = len(str(public[column]).partition(".")[2])
        assert getattr(point, ours) == pytest.approx(public[column], abs=0.500001 * 10**-digits)
