"""The pictures of variation and assurance, drawn as SVG: a letter and a shape in each, never colour alone."""

from __future__ import annotations

from html import escape
from types import MappingProxyType
from typing import Final

from kpi_engine.reports.svg import BLUE, FONT, GREY, ORANGE, PURPLE
from kpi_engine.reports.trend_words import ICON_TITLES
from kpi_engine.variation import AssuranceIcon, VariationIcon

SIZE: Final = 64

_RING = MappingProxyType(
    {
        VariationIcon.COMMON_CAUSE: GREY,
        VariationIcon.IMPROVEMENT_HIGH: BLUE,
        VariationIcon.IMPROVEMENT_LOW: BLUE,
        VariationIcon.CONCERN_HIGH: ORANGE,
        VariationIcon.CONCERN_LOW: ORANGE,
        VariationIcon.NEUTRAL_HIGH: PURPLE,
        VariationIcon.NEUTRAL_LOW: PURPLE,
        AssuranceIcon.PASS: BLUE,
        AssuranceIcon.FAIL: ORANGE,
        AssuranceIcon.INCONSISTENT: GREY,
    }
)
_CHANCE = ((14, 34), (23, 41), (32, 25), (41, 39), (50, 33))
_RISING = ((13, 45), (22, 48), (31, 44), (41, 35), (51, 38))
_FALLING = ((13, 20), (22, 16), (31, 20), (41, 29), (51, 26))
_WAVE = "M13 42C20 32 27 33 32 41C34 45 37 45 39 39C41 35 43 44 51 41"


def icon_svg(kind: VariationIcon | AssuranceIcon) -> str:
    """One icon as an SVG document of 64 by 64, with its meaning as title; the same bytes every time."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" role="img">'
        f"<title>{escape(ICON_TITLES[kind], quote=False)}</title>{drawing(kind)}</svg>\n"
    )


def drawing(kind: VariationIcon | AssuranceIcon) -> str:
    """The icon's shapes on a field of 64 by 64, to be placed in another drawing."""
    colour = _RING[kind]
    ring = f'<circle cx="32" cy="32" r="29" fill="#FFFFFF" stroke="{colour}" stroke-width="4"/>'
    if isinstance(kind, AssuranceIcon):
        return ring + _assurance(kind, colour)
    if kind is VariationIcon.COMMON_CAUSE:
        return ring + _dots(_CHANCE, colour, special=0)
    high = kind in (VariationIcon.IMPROVEMENT_HIGH, VariationIcon.CONCERN_HIGH, VariationIcon.NEUTRAL_HIGH)
    letter = _letter("H", 24, 30, colour) if high else _letter("L", 24, 54, colour)
    if kind in (VariationIcon.NEUTRAL_HIGH, VariationIcon.NEUTRAL_LOW):
        return ring + letter + _arrow(colour, up=high)
    return ring + letter + _dots(_RISING if high else _FALLING, colour, special=2)


def _assurance(kind: AssuranceIcon, colour: str) -> str:
    letter, target = {
        AssuranceIcon.PASS: ("P", 51),
        AssuranceIcon.FAIL: ("F", 31),
        AssuranceIcon.INCONSISTENT: ("?", 40),
    }[kind]
    return (
        _letter(letter, 32, 26, colour)
        + f'<path d="{_WAVE}" fill="none" stroke="{GREY}" stroke-width="2.5"/>'
        + f'<path d="M8 {target}H56" stroke="{colour}" stroke-width="2.5" stroke-dasharray="5 3"/>'
    )


def _letter(text: str, x: int, y: int, colour: str) -> str:
    return (
        f'<text x="{x}" y="{y}" font-family="{FONT}" font-size="22" font-weight="bold" '
        f'text-anchor="middle" fill="{colour}">{text}</text>'
    )


def _dots(places: tuple[tuple[int, int], ...], colour: str, *, special: int) -> str:
    """The places joined by a line, the last `special` of them in the icon's own colour."""
    line = "L".join(f"{x} {y}" for x, y in places)
    plain = len(places) - special
    return f'<path d="M{line}" fill="none" stroke="{GREY}" stroke-width="2"/>' + "".join(
        f'<circle cx="{x}" cy="{y}" r="4" fill="{GREY if n < plain else colour}"/>'
        for n, (x, y) in enumerate(places)
    )


def _arrow(colour: str, *, up: bool) -> str:
    path = "M24 50L46 28M33 26H48V41" if up else "M24 14L46 36M33 38H48V23"
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="5"/>'
