"""Many councils as CSV in long form: a row a council and measure, with the columns of `kpi check`."""

from __future__ import annotations

import csv
import io
from types import MappingProxyType
from typing import TYPE_CHECKING

from kpi_engine.reports.page import plain
from kpi_engine.reports.to_csv import COLUMNS, harmless, row_of

if TYPE_CHECKING:
    from kpi_engine.reports.councils_judged import Council, Councils
    from kpi_engine.rulebook.book import RuleBook

MORE = MappingProxyType(
    {
        "state": "What a board sees of the measure.",
        "variation": "What its chart says of the latest month; empty where it cannot say.",
        "assurance": "Whether the target can be expected to be met; empty where that cannot be said.",
        "exceptions": "How many exceptions are about the measure.",
        "worst": "The severity of the most severe of them: 3 urgent, 2 board, 1 note; empty for none.",
    }
)
"""The columns after those of `kpi check --format csv`; before them stands `council`, the code."""


def councils_csv(of: Councils, rulebook: RuleBook) -> str:
    """One row a council and measure of the judged period, councils in order of their codes.

    Text that a spreadsheet would take for a formula gets a leading `'`.
    """
    out = io.StringIO(newline="")
    rows = csv.DictWriter(out, ("council", *COLUMNS, *MORE), lineterminator="\n")
    rows.writeheader()
    for council in of.councils:
        code = harmless(plain(council.code))
        for verdict in council.checked.verdicts:
            row = row_of(council.checked, verdict, rulebook)
            rows.writerow({"council": code, **row, **_more(council, verdict.indicator)})
    return out.getvalue()


def _more(council: Council, indicator: str) -> dict[str, str]:
    if council.escalated is None:
        return {}
    now = council.escalated.now
    trend = now.trends.get(indicator)
    chart = None if trend is None else trend.chart
    about = [one.severity for one in now.exceptions if one.indicator == indicator]
    return {
        "state": now.states[indicator].state.value,
        "variation": "" if chart is None or chart.variation is None else chart.variation.value,
        "assurance": "" if chart is None or chart.assurance is None else chart.assurance.value,
        "exceptions": str(len(about)),
        "worst": str(max(about, default="")),
    }
