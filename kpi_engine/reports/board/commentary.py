"""What is printed of the commentary: as it was given, unless it might let a child be recognised."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kpi_engine.reports.board.report import Fact
from kpi_engine.reports.board.words import MAY_IDENTIFY, MAY_TELL, NO_EXPLANATION
from kpi_engine.terms.period import in_words
from kpi_engine.terms.state import State

if TYPE_CHECKING:
    from kpi_engine.escalation.outcome import Explanation
    from kpi_engine.reports.board.brief import Brief
    from kpi_engine.rulebook.book import Indicator
    from kpi_engine.terms.finding import Finding

_RECOGNISABLE: Final = re.compile(r"R4\d\d")
_CELLS: Final = re.compile(r"[A-Z]+(\d+)(?::[A-Z]+(\d+))?")
_IN_WORDS: Final = re.compile(r"\b(?:one|two|three|four|five|single|both|none)\b", re.IGNORECASE)
_YEAR: Final = re.compile(r"\b20\d\d\b")


def explained(brief: Brief, indicator: Indicator) -> tuple[Fact, ...]:
    """Why, action, lead, back on track and ask; what is carried over is marked in its label."""
    state = brief.state(indicator.id)
    if state is None:
        return (Fact("Lead", indicator.lead),)
    needed = state is State.ACTION_NEEDED
    given = brief.explanation(indicator.id)
    if given is None:
        missing = (Fact("Why off track", NO_EXPLANATION),) if needed else ()
        return (*missing, Fact("Lead", indicator.lead))
    again = " (as last month)" if given.as_last_month else ""
    said = (
        Fact(f"Why off track{again}", _printed(brief, given, given.why) or "Not said"),
        Fact(f"Action{again}", _printed(brief, given, given.action) or "None given"),
        Fact("Lead", lead(brief, indicator)),
        Fact("Back on track", back_on_track(brief, indicator)),
        Fact("The board is asked to", ask(brief, indicator)),
    )
    return tuple(fact for fact in said if fact.text)


def lead(brief: Brief, indicator: Indicator) -> str:
    """Who leads: the rulebook's where the commentary does not say, and for all who may see less.

    What stands in the commentary as lead is not checked for names.
    """
    given = brief.explanation(indicator.id)
    return indicator.lead if given is None or brief.keeps_back else given.lead.strip() or indicator.lead


def back_on_track(brief: Brief, indicator: Indicator) -> str:
    """The day; for a measure that needs action, that none is given."""
    state, given = brief.state(indicator.id), brief.explanation(indicator.id)
    if state is None or (given is None and state is not State.ACTION_NEEDED):
        return ""
    if given is not None and given.back_on_track is not None:
        return in_words(given.back_on_track)
    return "No date given" if state is State.ACTION_NEEDED else ""


def ask(brief: Brief, indicator: Indicator) -> str:
    """What the board is asked to decide; empty if nothing."""
    given = brief.explanation(indicator.id)
    return "" if given is None or brief.state(indicator.id) is None else _printed(brief, given, given.ask)


def _printed(brief: Brief, given: Explanation, text: str) -> str:
    """The text, or why it is withheld; nothing is withheld from those who see everything."""
    if not text.strip() or not brief.keeps_back:
        return text.strip()
    if any(_RECOGNISABLE.fullmatch(found.code) and _is_on(brief, given, found) for found in _findings(brief)):
        return MAY_IDENTIFY
    if not brief.open(given.indicator) and (
        any(map(str.isnumeric, _YEAR.sub("", text))) or _IN_WORDS.search(text)
    ):
        return MAY_TELL
    return text.strip()


def _findings(brief: Brief) -> tuple[Finding, ...]:
    return (*brief.checked.findings, *brief.checked.earlier_findings)


def _is_on(brief: Brief, given: Explanation, found: Finding) -> bool:
    """Whether a finding is on the row that the commentary is from: its cells are told by address only.

    Where two returns of a month gave commentary, the row is of either, so any row of both may be it.
    """
    month = brief.escalated.now.period.last_month
    months = {month, month.plus(-1)} if given.as_last_month else {month}
    files = [r.file for r in brief.checked.run.returns if r.period in months and not r.replaced]
    if found.file not in files:
        return False
    sheet, _, cell = given.cell.rpartition("!")
    if len(files) > len(months) or not sheet:
        return True
    return found.sheet == sheet and (not found.cell or _row(cell) in _rows(found.cell))


def _row(cell: str) -> int:
    return int("".join(letter for letter in cell if letter.isdecimal()) or 0)


def _rows(cells: str) -> frozenset[int]:
    """The rows of `D7`, `D4:D9` or a list of them."""
    return frozenset(
        row for match in _CELLS.finditer(cells) for row in range(int(match[1]), int(match[2] or match[1]) + 1)
    )
