"""The trend table at 80 columns, the lines of explain, and the JSON."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kpi_engine.reports.page import wrapped
from kpi_engine.reports.trend_json import assurance_record, trends_json, variation_record
from kpi_engine.reports.trend_text import explain_trend, sparkline, trend_text
from kpi_engine.reports.trend_words import assurance_mark, month_words, sentence_of, variation_mark
from kpi_engine.rulebook.book import Operator
from kpi_engine.terms.measurement import Reason
from kpi_engine.trend import revisions
from tests.reports.test_to_json import faults
from tests.trend.build import STEADY, count, rebase, share, trend_of, world
from tests.verdicts.build import at_least

if TYPE_CHECKING:
    from collections.abc import Callable

    from kpi_engine.trend import Trend
    from tests.trend.build import Given

ANY_TEXT = st.text(max_size=120)
SERIES = st.lists(
    st.one_of(
        st.none(),
        st.integers(0, 10**12),
        st.sampled_from([Reason.NOTHING_DUE, Reason.NO_RETURN, Reason.ROWS_IN_DOUBT]),
    ),
    min_size=1,
    max_size=30,
)


SCHEMA: dict[str, Any] = json.loads(
    files("kpi_engine.reports").joinpath("schema_kpi_trend_1.json").read_text(encoding="utf-8")
)


def inlined(schema: Any) -> Any:  # noqa: ANN401  (JSON of any form)
    """The schema with every name replaced by what it stands for."""
    if isinstance(schema, list):
        return [inlined(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    held = {key: inlined(value) for key, value in schema.items() if key not in {"$ref", "$defs"}}
    return {**inlined(SCHEMA["$defs"][schema["$ref"].split("/")[-1]]), **held} if "$ref" in schema else held


def told(*trends: Trend, subject: str = "inputs", colour: bool = False) -> str:
    checked = replace(world()[1], verdicts=())
    return trend_text(trends, checked, subject=subject, colour=colour)


def test_the_whole_table_is_as_agreed(golden: Callable[[str, str], None]) -> None:
    trends, checked = world()
    golden("trend.txt", trend_text(trends, checked, subject="inputs"))


@pytest.mark.parametrize("measure", ["books", "training", "staff"])
def test_the_lines_of_explain_are_as_agreed(golden: Callable[[str, str], None], measure: str) -> None:
    trend = next(t for t in world()[0] if t.measure == measure)
    lines = [line for text in explain_trend(trend, revisions(trend)) for line in wrapped(text, 2, 4)]
    golden(f"explain_trend_{measure}.txt", "\n".join(lines) + "\n")


def test_the_json_is_as_agreed(golden: Callable[[str, str], None]) -> None:
    golden("trend.json", trends_json(t for t in world()[0] if t.measure in {"books", "letters"}))


@given(st.lists(st.tuples(ANY_TEXT, SERIES), min_size=1, max_size=3), ANY_TEXT)
def test_no_line_is_over_80_columns_whatever_names_and_figures(
    held: list[tuple[str, list[Given]]], subject: str
) -> None:
    trends = [trend_of(replace(count(), short=short), series) for short, series in held]
    text = told(*trends, subject=subject)
    lines = [*text.split("\n"), *(x for t in trends for y in explain_trend(t) for x in wrapped(y, 2, 4))]
    assert max(map(cell_len, lines)) <= 80
    for trend in trends:
        latest = month_words(trend, trend.months[-1]) if trend.months else ""
        assert re.search(rf"(?<![0-9.]){re.escape(latest)}(?![0-9%])", text)


def test_an_unvalidated_pass_is_never_shown_as_a_pass() -> None:
    trends, checked = world()
    text = trend_text(trends, checked)
    line = next(line for line in text.splitlines() if "Panels held" in line)
    assert line.startswith("~ unvalidated")
    assert "Targets met, not validated" in text


def test_a_month_without_a_figure_is_seen_in_the_sparkline() -> None:
    bars = sparkline(trend_of(count(), [1, None, 8, Reason.NOTHING_DUE, 4]))
    assert bars == "▁·█·▄"


def test_the_sparkline_holds_the_latest_twelve_months() -> None:
    bars = sparkline(trend_of(count(), [99, *range(12)]))
    assert (len(bars), bars[0], bars[-1]) == (12, "▁", "█")


def test_equal_figures_stand_in_the_middle() -> None:
    assert set(sparkline(trend_of(count(), [12] * 14))) == {"▄"}


@pytest.mark.parametrize(
    ("months", "variation", "assurance"),
    [
        (6, "– too few", "– too few"),
        (7, "~ no change", "~ will miss"),
        (12, "~ no change", "~ will miss"),
        (13, "○ no change", "F will miss"),
    ],
)
def test_few_months_have_no_letter(months: int, variation: str, assurance: str) -> None:
    trend = trend_of(share(), STEADY[:months])
    assert (str(variation_mark(trend)), str(assurance_mark(trend))) == (variation, assurance)


def test_a_series_without_variation_says_so() -> None:
    trend = trend_of(share(at_least("1")), [(20, 20)] * 24)
    assert sentence_of(trend).startswith("No variation in 24 months at 100%; the target of 100% is met")
    assert str(assurance_mark(trend)) == "P will meet"


def test_more_than_is_said_and_not_met_by_its_own_figure() -> None:
    said = sentence_of(trend_of(count(at_least("12", op=Operator.MORE_THAN)), [12] * 14))
    assert said == (
        "No variation in 14 months at 12; the target of more than 12 is not met at that figure: "
        "it will not be met without a change."
    )


def test_figures_never_round_to_all_or_none() -> None:
    trend = trend_of(share(at_least("1")), [(9999, 10000), (9998, 10000)] * 7)
    assert sentence_of(trend).startswith(
        "Latest month at 99.98% is within the expected range of 99.96% to 100%"
    )
    assert month_words(trend, trend.months[-2]) == "99.99%"


def test_the_profile_is_named() -> None:
    trend = trend_of(share(), STEADY)
    assert "profile board" in told(trend)
    assert explain_trend(trend)[-1] == "XmR chart, profile board."


def test_the_rule_its_months_mean_limits_n_and_denominators_are_named() -> None:
    run = trend_of(share(), [*STEADY[:12], *((n, 100) for n in (83, 84, 83, 84, 83, 84, 83))])
    text = " ".join(explain_trend(run))
    assert "7 months or more on one side of the average; April 2024 to October 2024" in text
    assert re.search(r"Average 81.6%, expected range .*%; from 19 months, April 2023 to October 2024", text)
    assert "Out of 100 in each month." in text


def test_a_rebase_that_cannot_be_is_told_in_place_of_the_chart() -> None:
    trend = trend_of(share(), STEADY, rebase("a-share", "2022-01"))
    assert explain_trend(trend) == [sentence_of(trend)]
    assert "2022-01" in told(trend)
    assert variation_record(trend)["kind"] is None
    assert variation_record(trend)["faults"]


def test_why_there_is_no_target_is_told() -> None:
    text = trend_text(*world())
    assert "one month has none of its own" in " ".join(text.split())


def test_colour_adds_nothing_but_colour() -> None:
    trends, checked = world()
    coloured = trend_text(trends, checked, colour=True)
    assert coloured != trend_text(trends, checked)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == trend_text(trends, checked)


def test_amounts_in_json_are_exact_texts_in_the_unit() -> None:
    trend = trend_of(share(), STEADY)
    variation, assurance = variation_record(trend), assurance_record(trend)
    assert (variation["mean"], variation["unit"]) == ("80.5", "percent")
    assert assurance["target"] == {"op": "at_least", "value": "95"}
    assert assurance["kind"] == "consistent_fail"
    points = json.loads(trends_json([trend]))["measures"][0]["points"]
    assert points[0]["value"] == "80"


def test_every_trend_keeps_to_the_schema() -> None:
    trends = (*world()[0], trend_of(share(), STEADY, rebase("a-share", "2022-01")))
    assert list(faults(json.loads(trends_json(trends)), inlined(SCHEMA))) == []


@given(SERIES)
def test_every_series_can_be_written(series: list[Given]) -> None:
    trend = trend_of(count(), series)
    held = json.loads(trends_json([trend]))["measures"][0]
    assert list(faults({"schema": "kpi-trend/1", "measures": [held]}, inlined(SCHEMA))) == []
    assert [p["period"] for p in held["points"]] == [str(m.period) for m in trend.months]
