"""A history in words: no line too wide, what stands now told from what was reported."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from fractions import Fraction

from rich.cells import cell_len

from kpi_engine.history.file import Journal
from kpi_engine.history.read import MonthFigure, RecordedMonth, Stored
from kpi_engine.history.record import Done, Outcome, Recorded
from kpi_engine.reports.history_text import (
    history_list,
    history_list_json,
    history_show,
    history_show_json,
    recorded_text,
)
from kpi_engine.terms.checked import ReturnRead
from kpi_engine.terms.measurement import Measurement, Parts, Reason
from kpi_engine.terms.period import Period
from kpi_engine.terms.returned import Validated
from tests.verdicts.build import SHARE

MARCH = Period.parse("2024-03")


def stored(low: int, high: int | None = None, *, revision: int = 1, again: int = 0) -> Stored:
    least, greatest = (Parts(Fraction(n), Fraction(20)) for n in (low, low if high is None else high))
    measured = Measurement("a-share", MARCH, least, greatest, in_doubt=0 if high is None else 1)
    return Stored(measured, revision, again, Validated.YES)


def listed(revision: int, *, current: bool, file: str = "returns_2024-03.xlsx") -> RecordedMonth:
    return RecordedMonth(
        authority="E99999999",
        period=MARCH,
        revision=revision,
        recalculation=0,
        current=current,
        validated=Validated.YES,
        measures=62,
        at=datetime(2024, 4, 5, 9, 12, tzinfo=UTC),
        who="A very long name of a person",
        engine="1.0",
        rulebook="0123456789abcdef",
        returns=(ReturnRead(file, "d1", MARCH, refused=False),),
    )


def widest(text: str) -> int:
    return max(cell_len(line) for line in text.splitlines())


def test_the_list_marks_what_stands_now_and_stays_narrow() -> None:
    months = [listed(1, current=False), listed(2, current=True, file="a\n" * 90)]
    text = history_list(months, file="kpi.history", journal=Journal.WAL)
    assert widest(text) <= 80
    assert "kpi.history  E99999999  1 month, 2 records" in text
    first, second = (line for line in text.splitlines() if "2024-03  " in line)
    assert first.split()[:2] == ["2024-03", "r1"]
    assert second.split()[:3] == ["●", "2024-03", "r2"]


def test_an_empty_history_is_said_to_be_empty() -> None:
    assert "0 months, 0 records" in history_list((), file="kpi.history", journal=Journal.DELETE)
    assert "0 months, 0 changed" in history_show((), "a-share", SHARE)


def test_a_changed_figure_stands_beside_the_one_reported() -> None:
    none = Stored(Measurement("a-share", MARCH, reason=Reason.SHEET_MISSING), 1, 0, Validated.NO)
    figures = (
        MonthFigure(MARCH, stored(16), stored(17, 18, revision=2)),
        MonthFigure(MARCH.plus(1), stored(16), stored(16, again=1)),
        MonthFigure(MARCH.plus(2), none, None),
        MonthFigure(MARCH.plus(3), None, stored(20)),
    )
    text = history_show(figures, "a-share", SHARE, title="A share " * 20)
    assert widest(text) <= 80
    changed, same, gone, new = text.splitlines()[2:6]
    assert changed.split("  ")[:2] == ["2024-03", "80% (16 of 20)"]
    assert "85% to 90% (1 row in doubt)" in changed
    assert changed.endswith("r2")
    assert same.split() == ["2024-04", "80%", "(16", "of", "20)", "r1.1"]
    assert "sheet missing" in gone
    assert "measured no more" in gone
    assert "not measured then" in new
    assert text.endswith("4 months, 3 changed since they were first reported.\n")


def test_a_measure_that_the_rules_lost_shows_its_bare_parts() -> None:
    text = history_show((MonthFigure(MARCH, stored(16), stored(17, 18)),), "gone", None)
    assert "16 of 20" in text
    assert "17 of 20 to 18 of 20" in text


def test_json_is_exact_and_in_the_unit_of_the_measure() -> None:
    figures = (MonthFigure(MARCH, stored(16), None),)
    told = json.loads(history_show_json(figures, "a-share", SHARE))
    assert told["unit"] == "percent"
    (one,) = told["months"]
    assert one["as_reported"]["low"] == {"numerator": "16", "denominator": "20", "value": "80"}
    assert one["now"] is None
    (record,) = json.loads(history_list_json([listed(1, current=True)]))
    assert (record["rulebook_digest"], record["returns"][0]["digest"]) == ("0123456789abcdef", "d1")


def test_a_recording_says_what_became_of_every_month() -> None:
    done = (
        Done(MARCH, Outcome.NEW, 1, 0, 1),
        Done(MARCH.plus(1), Outcome.REVISED, 2, 0, 2),
        Done(MARCH.plus(2), Outcome.RECALCULATED, 1, 1, 2),
        Done(MARCH.plus(3), Outcome.UNCHANGED, 1, 0, 1),
        Done(MARCH.plus(4), Outcome.NOT_RECORDED),
    )
    text = recorded_text(Recorded("E1", done, Journal.WAL), file="kpi.history")
    assert widest(text) <= 80
    assert "2024-05  r1.1  measured again" in text
    assert "r2 stands" in text
    assert "unchanged" in text
    assert "2024-07  not recorded" in text
    assert "3 months written to kpi.history (on a local disk: readers go on during a write)." in text
