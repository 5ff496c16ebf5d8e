"""The charts and icons: well formed, the same every time, legible, and right without colour."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.reports.chart import described, icon_svg, title_of, to_svg
from kpi_engine.rulebook.book import Better, Operator
from kpi_engine.terms.measurement import Reason
from kpi_engine.variation import AssuranceIcon, VariationIcon
from tests.trend.build import STEADY, count, rebase, share, trend_of, world
from tests.verdicts.build import COUNT, at_least, indicator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kpi_engine.trend import Trend
    from tests.trend.build import Given

SVG = "{http://www.w3.org/2000/svg}"
ICONS = (*VariationIcon, *AssuranceIcon)
BAND = "#EAEFF4"
SERIES = st.lists(
    st.one_of(st.none(), st.integers(0, 10**9), st.sampled_from([Reason.NOTHING_DUE, Reason.NO_RETURN])),
    min_size=1,
    max_size=40,
)
STEPS = (
    at_least("3/4"),
    at_least("17/20", date(2023, 12, 31)),
    at_least("19/20", date(2024, 9, 30)),
)


def texts(trend: Trend) -> list[str]:
    return [node.text or "" for node in ET.fromstring(to_svg(trend)).iter(f"{SVG}text")]  # noqa: S314  (our own)


def paths(trend: Trend, colour: str) -> list[str]:
    drawn = ET.fromstring(to_svg(trend)).iter(f"{SVG}path")  # noqa: S314  (our own)
    return [node.get("d", "") for node in drawn if node.get("stroke") == colour]


def moved() -> Trend:
    """A rise that was made a rebase, with a target in three steps."""
    given = [
        *STEADY[:9],
        *((n + 8, 100) for n in (80, 82, 79, 81, 80, 83, 78, 81, 80, 82, 79, 81, 80, 83, 78)),
    ]
    return trend_of(share(*STEPS), given, rebase("a-share", "2024-01"))


def states() -> Iterator[Trend]:
    yield from world()[0]
    yield moved()
    yield trend_of(share(at_least("1")), [(20, 20)] * 24)
    yield trend_of(share(), [(80, 100), None, (82, 100), Reason.NOTHING_DUE, *STEADY[:12], None])
    yield trend_of(share(), STEADY[:1])
    yield trend_of(share(), [Reason.NO_RETURN])
    yield trend_of(share(), STEADY, rebase("a-share", "2021-01"))
    yield trend_of(share(), STEADY * 5)
    fewer = indicator(COUNT, at_least("426", op=Operator.AT_MOST), better=Better.LOWER)
    yield trend_of(fewer, [600 + (n * 37) % 50 - 3 * n for n in range(36)])


# ── As agreed ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "measure", ["reviews", "staff", "books", "training", "letters", "champions", "panels"]
)
def test_the_chart_is_as_agreed(golden: Callable[[str, str], None], measure: str) -> None:
    golden(f"chart_{measure}.svg", to_svg(next(t for t in world()[0] if t.measure == measure)))


def test_the_chart_of_steps_and_a_rebase_is_as_agreed(golden: Callable[[str, str], None]) -> None:
    golden("chart_steps.svg", to_svg(moved()))


def test_the_icons_are_as_agreed(golden: Callable[[str, str], None]) -> None:
    golden("icons.svg.txt", "".join(icon_svg(kind) for kind in ICONS))


# ── What holds for every chart ───────────────────────────────────────────────


@given(SERIES, st.text(max_size=60))
def test_every_chart_is_well_formed_and_the_same_twice(series: list[Given], short: str) -> None:
    trend = trend_of(replace(count(), short=short), series)
    text = to_svg(trend)
    root = ET.fromstring(text)  # noqa: S314  (our own)
    assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
    assert text == to_svg(trend_of(replace(count(), short=short), series))


@given(SERIES)
def test_every_figure_lies_within_the_drawing(series: list[Given]) -> None:
    root = ET.fromstring(to_svg(trend_of(count(), series)))  # noqa: S314  (our own)
    width, height = map(Fraction, root.get("viewBox", "").split()[2:])
    for node in root.iter(f"{SVG}path"):
        start = re.match(r"M(-?[\d.]+) (-?[\d.]+)", node.get("d", ""))
        assert start is not None
        assert 0 <= Fraction(start[1]) <= width
        assert -5 <= Fraction(start[2]) <= height


def test_no_script_and_nothing_from_outside() -> None:
    for trend in states():
        root = ET.fromstring(to_svg(trend))  # noqa: S314  (our own)
        assert {node.tag.removeprefix(SVG) for node in root.iter()} <= {
            "svg", "title", "desc", "rect", "g", "circle", "path", "text"
        }  # fmt: skip
        names = {name for node in root.iter() for name in node.keys()}  # noqa: SIM118  (an element is no mapping)
        assert not names & {"href", "style", "class", "onload"}
        assert not re.search(r"url\(|https?://(?!www\.w3\.org/2000/svg)", to_svg(trend))
        assert root.get("width") is None


def test_no_two_charts_of_a_page_share_an_id() -> None:
    page = "".join(to_svg(trend) for trend in world()[0])
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids)) == 2 * len(world()[0])


def test_the_description_holds_the_latest_value_and_the_state_in_words() -> None:
    by_id = {trend.measure: trend for trend in world()[0]}
    said = described(by_id["staff"])
    assert said.startswith(
        "March 2025: 72.5% (29 of 40). Target: at least 85%. Variation: worsening. Assurance: may miss."
    )
    assert "No figure for the latest month" in described(by_id["visits"])
    assert "no figure (sheet missing)" in described(by_id["visits"])
    assert "Limits drawn anew from August 2024: Reviews moved" in described(by_id["books"])
    assert title_of(by_id["staff"]) == "Permanent staff, April 2023 to March 2025"


# ── Contrast ─────────────────────────────────────────────────────────────────


def light(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    least, most = sorted((light(one), light(other)))
    return (most + 0.05) / (least + 0.05)


def test_the_reckoning_of_contrast_knows_black_and_white() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#A6A6A6", "#FFFFFF") < 3  # the grey of the reference


def test_lines_and_shapes_are_3_to_1_and_letters_4_and_a_half() -> None:
    drawings = [*map(to_svg, states()), *map(icon_svg, ICONS)]
    seen = set()
    for drawing in drawings:
        for node in ET.fromstring(drawing).iter():  # noqa: S314  (our own)
            colours = {node.get("fill"), node.get("stroke")} - {None, "none", "#FFFFFF", BAND}
            for colour in colours:
                assert colour is not None
                seen.add(colour)
                assert contrast(colour, "#FFFFFF") >= 4.5
                assert contrast(colour, BAND) >= 3
    assert len(seen) >= 6


# ── What is drawn ────────────────────────────────────────────────────────────


def test_limits_average_target_and_latest_are_labelled_where_they_are() -> None:
    said = texts(trend_of(share(), STEADY))
    for text in ("95% target", "87.3% upper limit", "80.5% average", "73.7% lower limit", "81% latest"):
        assert text in said


def test_labels_never_touch() -> None:
    for trend in states():
        nodes = ET.fromstring(to_svg(trend)).iter(f"{SVG}text")  # noqa: S314  (our own)
        ends = [n for n in nodes if (n.text or "").endswith((" target", " limit", " average", " latest"))]
        places = sorted(Fraction(n.get("y", "")) for n in ends if n.get("paint-order") is None)
        assert all(after - before >= 15 for before, after in pairwise(places))


def test_a_missing_month_breaks_the_line_and_is_marked() -> None:
    whole, broken = trend_of(count(), [3, 4, 5, 4, 3]), trend_of(count(), [3, 4, None, 4, 3])
    ink = "#1F2933"
    lines = [
        [p for p in paths(t, ink) if "L" in p and "a" not in p and p.count(" ") > 1] for t in (whole, broken)
    ]
    joined = [max((p.count("L") for p in found), default=0) for found in lines]
    assert joined == [4, 1]
    assert "no figure" in texts(broken)
    assert "no figure" not in texts(whole)


def test_every_step_of_the_target_is_drawn_and_labelled() -> None:
    said = texts(moved())
    assert {"75% target", "85% target", "95% target"} <= set(said)
    assert sum("V" in p for p in paths(moved(), "#A8123A")) == 2


def test_a_rebase_is_drawn_with_its_reason_and_who_decided() -> None:
    said = texts(moved())
    assert "R1" in said
    note = " ".join(said)
    assert "R1 January 2024: limits drawn anew. Reviews moved to a new team." in note
    assert "Decided by Management Team, 9 January 2025." in note


def test_shapes_tell_improvement_from_concern_without_colour() -> None:
    outlines = {
        word: {re.sub(r"-?[\d.]+", "", p) for p in found}
        for word, found in (
            ("improvement", paths(trend_of(share(), [*STEADY[:20], (99, 100)]), "#0A5FB0")),
            ("concern", paths(trend_of(share(), [*STEADY[:20], (50, 100)]), "#B84A00")),
        )
    }
    assert outlines["improvement"]
    assert outlines["concern"]
    assert not outlines["improvement"] & outlines["concern"]


def test_the_key_explains_what_is_drawn_and_nothing_else() -> None:
    said = texts(trend_of(share(), [*STEADY[:20], (50, 100)]))
    assert {"chance alone", "concern"} <= set(said)
    assert not {"improvement", "no verdict", "no figure", "real change"} & set(said)


@pytest.mark.parametrize(
    ("months", "basis"),
    [
        (6, "XmR chart, profile board, 6 months since April 2023: too few for limits."),
        (9, "limits from 9 months since April 2023 (trial limits)."),
        (13, "XmR chart, profile board, limits from 13 months since April 2023."),
    ],
)
def test_the_profile_and_what_the_limits_rest_on_are_named(months: int, basis: str) -> None:
    assert basis in " ".join(texts(trend_of(share(), STEADY[:months])))


def test_icons_are_drawn_from_13_months_only() -> None:
    def titles(months: int) -> list[str]:
        root = ET.fromstring(to_svg(trend_of(share(), STEADY[:months])))  # noqa: S314  (our own)
        return [node.text or "" for node in root.iter(f"{SVG}title")][1:]

    assert titles(12) == []
    assert titles(13) == [
        "Variation: no real change",
        "Assurance: the target will not be met without a change",
    ]


def test_a_chart_without_heading_leaves_name_and_icons_to_the_page() -> None:
    trend = trend_of(share(), STEADY)
    bare = to_svg(trend, heading=False)
    assert "<g " not in bare
    assert f">{trend.short}<" not in bare
    assert "95% target" in bare


def test_the_first_and_the_latest_month_are_named() -> None:
    said = texts(trend_of(share(), STEADY))
    assert {"Apr 23", "Mar 25"} <= set(said)


def test_why_there_is_no_target_stands_below() -> None:
    trend = trend_of(share(at_least("1", date(2025, 6, 30))), STEADY)
    assert "The target is not in force before 30 June 2025." in texts(trend)


# ── Icons ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ICONS)
def test_every_icon_has_a_title_and_a_letter_or_shape_of_its_own(kind: VariationIcon | AssuranceIcon) -> None:
    root = ET.fromstring(icon_svg(kind))  # noqa: S314  (our own)
    letters = "".join(node.text or "" for node in root.iter(f"{SVG}text"))
    wanted = {"pass": "P", "fail": "F", "inconsistent": "?", "common_cause": ""}
    high = "H" if kind.value.endswith("_high") else "L"
    assert letters == wanted.get(kind.value, high)
    assert (root[0].text or "").split(":")[0] in {"Variation", "Assurance"}


def test_no_two_icons_are_alike() -> None:
    assert len({re.sub(r"#\w{6}|<title>.*</title>", "", icon_svg(kind)) for kind in ICONS}) >= 8
    assert len({icon_svg(kind) for kind in ICONS}) == len(ICONS)
