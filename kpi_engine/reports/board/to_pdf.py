"""A board report as a PDF that is accessible and archivable: PDF/UA-1 and PDF/A-2a at once."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from kpi_engine.reports.board.report import Picture
from kpi_engine.reports.board.typeset import drawn, require, settable, typeset
from kpi_engine.terms.period import Period

if TYPE_CHECKING:
    from kpi_engine.reports.board.report import BoardReport

# A stream's length ends before the end of line that precedes `endstream` (ISO 19005-2, 6.1.7.1). After data
# that end in CR, LF makes one end of line of both: the length would be one too long. A second CR does not.
_STREAM_END: Final = b"\nendstream"
_PLAIN_STREAM_END: Final = b"\rendstream"


def to_pdf(report: BoardReport) -> bytes:
    """The report as PDF, its text real and tagged; the same bytes every time and everywhere.

    Dated by the meeting, or else by the last day of its period. Raises ExtraMissing where typst or its font
    is not installed.
    """
    require("PDF", "pdf")
    drawings: dict[str, str] = {}
    content = {
        "report": _told(report, drawings),
        "parts": dict(report.parts),
        "cards": dict(report.cards),
        "linked": {settable(short): anchor for short, anchor in report.linked.items()},
    }
    page = files("kpi_engine.reports.board").joinpath("page.typ").read_bytes()
    read = {name: drawn(svg) for svg, name in drawings.items()}
    made = typeset(
        {"main.typ": page, "report.json": json.dumps(content).encode(), **read},
        "pdf",
        standards=("ua-1", "a-2a"),
        dated=datetime.combine(_dated(report), time(), UTC),
    )
    return made.replace(b"\r" + _STREAM_END, b"\r" + _PLAIN_STREAM_END)


def _dated(report: BoardReport) -> date:
    return date.fromisoformat(report.meeting_on) if report.meeting_on else Period.parse(report.period).end


def _told(value: object, drawings: dict[str, str], name: str = "") -> object:
    """`value` as JSON holds it: every text settable, every drawing the name of its file in `drawings`.

    The figures behind a chart are left out: a page shows the chart, and the other formats have them.
    """
    if isinstance(value, str):
        return drawings.setdefault(value, f"{len(drawings)}.svg") if name == "svg" else settable(value)
    if isinstance(value, tuple):
        return [_told(one, drawings) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        kept = [f.name for f in fields(value) if not (isinstance(value, Picture) and f.name == "points")]
        return {key: _told(getattr(value, key), drawings, key) for key in kept}
    return value
