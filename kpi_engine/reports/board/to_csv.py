"""A board report as CSV in long form: one row a measure, then one for each month of its chart."""

from __future__ import annotations

import csv
import io
from types import MappingProxyType
from typing import TYPE_CHECKING

from kpi_engine.reports.to_csv import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from kpi_engine.reports.board.report import BoardReport, Measure

COLUMNS = MappingProxyType(
    {
        "council": "The council, as the returns name it.",
        "made_up": "yes for example figures.",
        "board": "Who reads the report.",
        "audience": "What may be seen: an id of rules/boards.yaml.",
        "report_period": "The judged period: 2025-03 or 2024/25-Q4.",
        "id": "The measure; never reused or renamed.",
        "short": "Its short title.",
        "state": "Its state in words.",
        "row": "judged for the figure that is held against the target, month for a month of the chart.",
        "period": "The judged period, or the month.",
        "figure": "The figure as the report prints it; [c], [x], [z] and [k] where there is none.",
        "counts": "What it was made of; empty where that adds nothing.",
        "value": "Of a month: the figure as a plain number in its unit.",
        "unit": "Of a month: per cent, number, days or rate.",
        "target": "The target: in words for the judged figure, a plain number for a month.",
        "gap": "Of the judged figure: how far it is from the target.",
        "before": "Of the judged figure: the last period's.",
        "trend": "Of the judged figure: whether it is really changing.",
        "mean": "Of a month: the average.",
        "lower": "Of a month: where the expected range begins.",
        "upper": "Of a month: where it ends.",
        "flag": "Of a month: what is special about it, in words.",
        "lead": "Who leads.",
        "back_on_track": "When the target should be met again.",
    }
)


def to_board_csv(report: BoardReport) -> str:
    """The measures in the report's order, each followed by its months; the columns are COLUMNS.

    Text that a spreadsheet would take for a formula gets a leading `'`.
    """
    written = io.StringIO(newline="")
    rows = csv.DictWriter(written, COLUMNS, restval="", lineterminator="\n")
    rows.writeheader()
    for measure in report.measures:
        for record in _records(report, measure):
            rows.writerow({name: harmless(text) for name, text in record.items()})
    return written.getvalue().encode("utf-8", "replace").decode("utf-8")


def _records(report: BoardReport, measure: Measure) -> Iterator[dict[str, str]]:
    shared = {
        "council": report.council,
        "made_up": "yes" if report.made_up else "no",
        "board": report.board,
        "audience": report.audience,
        "report_period": report.period,
        "id": measure.id,
        "short": measure.short,
        "state": measure.badge.words,
    }
    row = measure.row
    yield {
        **shared,
        "row": "judged",
        "period": report.period,
        "figure": row.latest,
        "counts": row.counts,
        "target": row.target,
        "gap": row.gap,
        "before": row.before,
        "trend": row.trend,
        "lead": row.lead,
        "back_on_track": row.back_on_track,
    }
    for point in measure.picture.points if measure.picture is not None else ():
        yield {
            **shared,
            "row": "month",
            "period": point.period,
            "figure": point.shown,
            "counts": point.counts,
            "value": _number(point.value),
            "unit": measure.picture.unit if measure.picture is not None else "",
            "target": _number(point.target),
            "mean": _number(point.mean),
            "lower": _number(point.lower),
            "upper": _number(point.upper),
            "flag": point.flag,
        }


def _number(figure: Decimal | None) -> str:
    return "" if figure is None else f"{figure:f}"
