"""Commentary: what the return says of why a measure stands where it does, and whether it is news."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from kpi_engine.escalation.outcome import Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.returned import CommentaryRow

_NOTHING: Final[Mapping[str, CommentaryRow]] = MappingProxyType({})


def explanations(
    rulebook: RuleBook, commentary: Mapping[Period, Mapping[str, CommentaryRow]], period: Period
) -> Mapping[str, Explanation]:
    """What the last month of `period` says of each measure, by indicator in the rulebook's order.

    Where it says nothing, what the month before said, as last month's; so is one whose why and
    action repeat it word for word. A measure of which neither month says anything is left out, and
    a row without why and action says nothing.
    """
    month = period.last_month
    now, then = commentary.get(month, _NOTHING), commentary.get(month.plus(-1), _NOTHING)
    found = {}
    for indicator in rulebook.indicators:
        row, last = _said(now.get(indicator)), _said(then.get(indicator))
        again = last is not None and (row is None or (row.why, row.action) == (last.why, last.action))
        told = row or last
        if told is not None:
            found[indicator] = Explanation(
                indicator=indicator,
                why=told.why,
                action=told.action,
                lead=told.lead,
                back_on_track=told.back_on_track,
                ask=told.ask,
                as_last_month=again,
                cell=told.cell,
            )
    return found


def _said(row: CommentaryRow | None) -> CommentaryRow | None:
    return row if row is not None and (row.why.strip() or row.action.strip()) else None
