"""A board report as one HTML page: nothing is fetched, nothing runs, and it prints."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kpi_engine.reports.board.report import BoardReport

_NAMESPACE: Final = ' xmlns="http://www.w3.org/2000/svg"'


def to_html(report: BoardReport) -> str:
    """The report as one file of HTML, with its style and drawings inside; the same bytes every time.

    Its policy lets a browser use its one style sheet and nothing else: no script, no other file, no form.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  (for this format alone)
    from markupsafe import Markup  # noqa: PLC0415

    def drawing(svg: str) -> Markup:
        """A drawing of reports.chart, which escapes its texts, as an element of the page."""
        return Markup(svg.replace(_NAMESPACE, "", 1).strip())  # noqa: S704  (made by reports.chart)

    style = files("kpi_engine.reports.board").joinpath("page.css").read_text("utf-8") + _on_each_page(report)
    page = Environment(
        loader=PackageLoader("kpi_engine.reports.board", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    page.filters["drawing"] = drawing
    return page.get_template("page.html.jinja").render(
        report=report,
        style=Markup(style),  # noqa: S704  (ours; a report's text is escaped by _css_text)
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )


def _on_each_page(report: BoardReport) -> str:
    """What each printed page repeats at its foot: the marking and the title."""
    foot = ". ".join(text for text in (report.marking, report.title, report.board) if text)
    return f"@page{{@bottom-left{{content:{_css_text(foot)}}}}}\n"


def _css_text(text: str) -> str:
    """A string of CSS that can end neither itself nor its element."""
    return (
        '"'
        + "".join(c if c.isascii() and (c.isalnum() or c in " .,") else f"\\{ord(c):x} " for c in text)
        + '"'
    )
