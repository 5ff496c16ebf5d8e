"""A drawing as a picture of dots, for formats that take no other."""

from __future__ import annotations

from typing import Final

from kpi_engine.reports.board.typeset import drawn, require, typeset

_DOTS_PER_INCH: Final = 72
"""One dot a point: the width in points is the width in dots."""


def chart_png(svg: str, width: int) -> bytes:
    """One drawing of reports.chart as PNG, `width` dots wide; the same bytes every time.

    Raises ExtraMissing where typst or its font is not installed.
    """
    require("Word document", "word")
    page = f'#set page(width: {width}pt, height: auto, margin: 0pt)\n#image("drawing.svg", width: 100%)\n'
    files = {"main.typ": page.encode(), "drawing.svg": drawn(svg)}
    return typeset(files, "png", dots=_DOTS_PER_INCH)
