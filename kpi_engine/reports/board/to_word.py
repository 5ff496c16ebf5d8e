"""A board report as a Word document: real headings, lists and marked tables, all of it editable."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from kpi_engine.errors import ExtraMissing
from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from kpi_engine.reports.board.report import BoardReport


def to_word(report: BoardReport) -> bytes:
    """The report as .docx; the same bytes every time.

    Raises ExtraMissing where python-docx, or typst for the pictures, is not installed.
    """
    if find_spec("docx") is None:
        raise ExtraMissing([finding("P110", format="Word document", library="python-docx", extra="word")])
    from kpi_engine.reports.board.word_pages import paper_of  # noqa: PLC0415  (for this format alone)

    return paper_of(report).saved()
