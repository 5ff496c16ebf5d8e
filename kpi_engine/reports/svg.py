"""Shapes, lines and texts of a drawing: exact places, and colours that are never alone."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from html import escape
from typing import TYPE_CHECKING, Final

from kpi_engine.reports.page import plain
from kpi_engine.variation import plain as number

if TYPE_CHECKING:
    from collections.abc import Callable

# The reference's meanings, darkened: each 4.5:1 or more on white.
INK: Final = "#1F2933"
GREY: Final = "#616161"
BLUE: Final = "#0A5FB0"
ORANGE: Final = "#B84A00"
PURPLE: Final = "#490092"
RED: Final = "#A8123A"
FONT: Final = "Arial, Helvetica, 'Liberation Sans', sans-serif"
TEXT: Final = 14


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape that stands for a meaning; its colour only repeats it."""

    words: str
    colour: str
    outline: Callable[[Fraction, Fraction, Fraction], str]
    filled: bool = True

    def draw(self, x: Fraction, y: Fraction, size: Fraction) -> str:
        """The shape around a place."""
        fill = self.colour if self.filled else "#FFFFFF"
        return (
            f'<path d="{self.outline(x, y, size)}" fill="{fill}" stroke="{self.colour}" stroke-width="1.5"/>'
        )


def circle(x: Fraction, y: Fraction, size: Fraction) -> str:
    """A round outline around a place."""
    r = Fraction(round(size * 7), 10)  # a radius that is written exactly: else the halves do not meet
    half = f"a{at(r)} {at(r)} 0 1 0"
    return f"M{at(x - r)} {at(y)}{half} {at(2 * r)} 0{half} {at(-2 * r)} 0z"


def triangle(x: Fraction, y: Fraction, size: Fraction) -> str:
    """A triangle, point up."""
    return f"M{at(x)} {at(y - size * 6 / 5)}l{at(size * 6 / 5)} {at(size * 21 / 10)}h{at(-size * 12 / 5)}z"


def diamond(x: Fraction, y: Fraction, size: Fraction) -> str:
    """A square on its corner."""
    r = size * 13 / 10
    return f"M{at(x)} {at(y - r)}l{at(r)} {at(r)}l{at(-r)} {at(r)}l{at(-r)} {at(-r)}z"


def square(x: Fraction, y: Fraction, size: Fraction) -> str:
    """A square."""
    return f"M{at(x - size)} {at(y - size)}h{at(2 * size)}v{at(2 * size)}h{at(-2 * size)}z"


def cross(x: Fraction, y: Fraction, size: Fraction) -> str:
    """Two strokes across."""
    r = size * 4 / 5
    return f"M{at(x - r)} {at(y - r)}l{at(2 * r)} {at(2 * r)}m0 {at(-2 * r)}l{at(-2 * r)} {at(2 * r)}"


def path(line: str, colour: str, *, dash: str = "", width: str = "1") -> str:
    """A line without a fill, in SVG's path commands."""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="{line}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>'


def label(  # noqa: PLR0913  (how a text is set; all but the place are keywords)
    text: str,
    x: Fraction | int,
    y: Fraction | int,
    *,
    size: int = TEXT,
    colour: str = INK,
    anchor: str = "",
    bold: bool = False,
    halo: bool = False,
) -> str:
    """A line of text; `halo` keeps it legible on top of other lines."""
    more = f' font-size="{size}"' if size != TEXT else ""
    more += f' fill="{colour}"' if colour != INK else ""
    more += f' text-anchor="{anchor}"' if anchor else ""
    more += ' font-weight="bold"' if bold else ""
    more += ' stroke="#FFFFFF" stroke-width="4" paint-order="stroke"' if halo else ""
    return f'<text x="{at(x)}" y="{at(y)}"{more}>{xml(text)}</text>'


def at(place: Fraction | int) -> str:
    """A place to one decimal, the same digits on every machine."""
    return number(Fraction(place), 1)


def xml(text: str) -> str:
    """Text as it may stand in XML: one line, no control characters."""
    return escape(plain(text), quote=False)


def in_lines(text: str, room: int) -> list[str]:
    """`text` in lines of at most `room` characters; SVG breaks none by itself."""
    lines: list[str] = []
    for word in plain(text).split():
        if lines and len(lines[-1]) + 1 + len(word) <= room:
            lines[-1] += f" {word}"
        else:
            lines += [word[n : n + room] for n in range(0, len(word), room)]
    return lines
