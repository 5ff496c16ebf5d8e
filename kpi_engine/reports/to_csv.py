"""A check as CSV in long form: one row a measure and period."""

from __future__ import annotations

import csv
import io
from types import MappingProxyType
from typing import TYPE_CHECKING

from kpi_engine.reports.figures import exact, number_shown
from kpi_engine.reports.page import plain
from kpi_engine.reports.wording import aim, gap_words, mark, sentence, unit_of

if TYPE_CHECKING:
    from kpi_engine.rulebook.book import Indicator, RuleBook
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.verdict import Verdict

PLACES = 6
"""Decimals of a figure that no decimal states exactly; its parts stand beside it."""

COLUMNS = MappingProxyType(
    {
        "authority": "The council, as the returns name it.",
        "made_up": "yes for example figures.",
        "period": "The judged period: 2023-12, 2023/24-Q3 or 2023/24.",
        "id": "The measure; never reused or renamed.",
        "short": "Its short title.",
        "actions": "References in the plan, separated by a blank and a semicolon.",
        "lead": "Who leads.",
        "headline": "yes for the measures that are always shown first.",
        "first_month": "The first month that the figure covers.",
        "last_month": "The last.",
        "status": "pass, fail, not_due or not_assessed.",
        "status_words": "The same as it is printed: pass (unvalidated) is not pass.",
        "reason": "Why it is not judged; empty for pass and fail.",
        "validated": "yes, no or not_stated.",
        "numerator": "Exact; doubtful rows are counted against the measure.",
        "denominator": "Exact; empty where the figure is no share.",
        "value": f"The figure in its unit, to {PLACES} decimals, or more to keep it true to its target.",
        "unit": "percent (per hundred), number, days or rate.",
        "target_op": "at_least, at_most or more_than; of the target in force, else of the one to come.",
        "target_value": "In the same unit.",
        "target_by": "The day from which it judges; empty where the plan gives none.",
        "gap": "Value less target; of a percentage, in points.",
        "gap_words": "The same in words.",
        "needed": "The fewest rows that would turn a fail.",
        "days_left": "Days until the target judges.",
        "on_course": "Before that day: yes, no, or empty where it cannot be said.",
        "baseline": "The count that a change is measured against.",
        "in_doubt": "Rows in doubt.",
        "left_out": "Rows that the rule sets aside.",
        "small": "yes where the denominator is under 20.",
        "source": "rows, counts or stated.",
        "sentence": "The verdict in one line.",
    }
)


def to_csv(checked: Checked, rulebook: RuleBook, *, series: bool = False) -> str:
    """One row a measure of the judged period, after those of earlier months if `series` is asked for.

    The columns are COLUMNS. Text that a spreadsheet would take for a formula gets a leading `'`.
    """
    verdicts = [v for earlier in checked.series.values() for v in earlier] if series else []
    written = io.StringIO(newline="")
    rows = csv.DictWriter(written, COLUMNS, lineterminator="\n")
    rows.writeheader()
    for verdict in (*verdicts, *checked.verdicts):
        rows.writerow(row_of(checked, verdict, rulebook))
    return written.getvalue()


def row_of(checked: Checked, verdict: Verdict, rulebook: RuleBook) -> dict[str, str]:
    """What stands in COLUMNS for one verdict, harmless in a spreadsheet."""
    record = _record(checked, verdict, rulebook.indicators[verdict.indicator])
    return {name: harmless(plain(text)) for name, text in record.items()}


def harmless(text: str) -> str:
    """`text`, with a leading `'` if a spreadsheet would run it as a formula; a number stays as it is."""
    if not text.startswith(tuple("=+-@\t\r\n＝＋－＠")) or _is_number(text):
        return text
    return f"'{text}"


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdecimal() and text.isascii()


def _record(checked: Checked, verdict: Verdict, indicator: Indicator) -> dict[str, str]:
    unit = unit_of(indicator.measure)
    target, measured = aim(verdict), verdict.measured
    return {
        "authority": checked.authority,
        "made_up": _yes(checked.made_up),
        "period": str(verdict.period),
        "id": indicator.id,
        "short": indicator.short,
        "actions": "; ".join(indicator.actions),
        "lead": indicator.lead,
        "headline": _yes(indicator.headline),
        "first_month": str(verdict.window[0]),
        "last_month": str(verdict.window[1]),
        "status": verdict.status.value,
        "status_words": mark(verdict).words,
        "reason": verdict.reason.value if verdict.reason else "",
        "validated": verdict.validated.value if verdict.validated else "",
        "numerator": "" if verdict.numerator is None else exact(verdict.numerator),
        "denominator": "" if verdict.denominator is None else exact(verdict.denominator),
        "value": "" if verdict.value is None else number_shown(verdict.value, unit, target, places=PLACES),
        "unit": unit.value,
        "target_op": "" if target is None else str(target.op),
        "target_value": "" if target is None else exact(target.value, unit),
        "target_by": "" if target is None or target.by is None else target.by.isoformat(),
        "gap": "" if verdict.gap is None else number_shown(verdict.gap, unit, places=PLACES),
        "gap_words": gap_words(verdict, indicator),
        "needed": "" if verdict.needed is None else str(verdict.needed),
        "days_left": "" if verdict.days_left is None else str(verdict.days_left),
        "on_course": "" if verdict.on_course is None else _yes(verdict.on_course),
        "baseline": "" if verdict.baseline is None else exact(verdict.baseline),
        "in_doubt": str(measured.in_doubt if measured else 0),
        "left_out": str(measured.left_out if measured else 0),
        "small": _yes(verdict.small),
        "source": measured.source.value if measured else "",
        "sentence": sentence(verdict, indicator),
    }


def _yes(said: bool) -> str:  # noqa: FBT001  (the one thing it is given)
    return "yes" if said else "no"
