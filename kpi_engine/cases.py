"""The rows behind one verdict, by cell address: what counted, what did not, what is in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpi_engine.measures.embedded import EmbeddedEngine
from kpi_engine.measures.evidence import evidence
from kpi_engine.measures.plan import Outcome
from kpi_engine.returns.assemble import assemble

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.returned import MonthReturn, Return
    from kpi_engine.terms.verdict import Verdict


def cases_behind(
    returns: Sequence[Return], rulebook: RuleBook, checked: Checked, indicator: str
) -> tuple[tuple[str, str], ...]:
    """(Outcome, address) of every row that the verdict on `indicator` was made from.

    Addresses are `Sheet!C7`; where several months were added up, the file stands
    before the sheet. No values: a reader looks them up in the return itself.
    """
    verdict = next((v for v in checked.verdicts if v.indicator == indicator), None)
    if verdict is None:
        return ()
    return tuple(_cases(assemble(returns, rulebook).months, rulebook, verdict))


def deciding_cells(
    months: Mapping[Period, MonthReturn], rulebook: RuleBook, verdict: Verdict
) -> tuple[str, ...]:
    """Addresses of the rows that speak against a measure, those in doubt first; else of all that count.

    Empty where the verdict is not made from rows of `months`.
    """
    found: dict[str, list[str]] = {outcome: [] for outcome in Outcome}
    for outcome, address in _cases(months, rulebook, verdict):
        found[outcome].append(address)
    against = (*found[Outcome.IN_DOUBT], *found[Outcome.NOT_COUNTED])
    return against or tuple(found[Outcome.COUNTED])


def _cases(
    months: Mapping[Period, MonthReturn], rulebook: RuleBook, verdict: Verdict
) -> Iterator[tuple[str, str]]:
    measure = rulebook.indicators[verdict.indicator].measure
    last = (verdict.period.last_month,)
    wanted = (
        last if measure.window_from_table or verdict.measured is None else verdict.measured.months or last
    )
    with EmbeddedEngine() as engine:
        for period in wanted:
            month = months.get(period)
            if month is not None and measure.table in month.tables:
                prefix = f"[{month.tables[measure.table].file}]" if len(wanted) > 1 else ""
                yield from _of_month(engine, month, rulebook, measure.id, prefix)


def _of_month(
    engine: EmbeddedEngine, month: MonthReturn, rulebook: RuleBook, measure: str, prefix: str
) -> Iterator[tuple[str, str]]:
    for row in evidence(engine, month, rulebook, measure):
        cells = (*row.unknown, *row.decided_by)
        yield row.outcome.value, f"{prefix}{cells[0]}" if cells else f"{prefix}row {row.row}"
