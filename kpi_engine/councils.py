"""Many councils, top to bottom: tables are opened, typed, measured, and each council's returns are judged."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from kpi_engine.check import Gathered, judged_at
from kpi_engine.escalation.builtin import derive_builtin
from kpi_engine.escalation.engine import BUILT_IN
from kpi_engine.escalation.escalate import escalate
from kpi_engine.escalation.outcome import Answered
from kpi_engine.history.read import NOTHING_HELD
from kpi_engine.measures.measure import records_of
from kpi_engine.measures.session import SessionEngine
from kpi_engine.reports.councils_judged import Council, Councils
from kpi_engine.rulebook.book import Authority
from kpi_engine.tables.months import read_lake
from kpi_engine.terms.checked import ReturnRead, Run
from kpi_engine.terms.measured import Measured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kpi_engine.measures.session import Session
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.rulebook.pack import Pack
    from kpi_engine.tables.months import CouncilReturns
    from kpi_engine.terms.fact import Derived, Fact
    from kpi_engine.terms.measurement import MonthRecords
    from kpi_engine.terms.period import Period


def measure_councils(  # noqa: PLR0913  (what is asked for; the last three are keywords)
    session: Session,
    place: str,
    rulebook: RuleBook,
    *,
    period: Period | None = None,
    only: Sequence[str] = (),
    told: Callable[[int, int], None] = lambda _done, _of: None,
) -> Councils:
    """Judge `period` (or the latest month that any council's return claims) for every council in `place`.

    `only` are the codes of the councils wanted; none: all. `told` hears how many are judged, of how many.
    Raises KpiError where a table cannot be used at all, with every fault.
    """
    lake = read_lake(session, place, rulebook, period, only)
    months = [month for council in lake.councils for month in council.months.values()]
    records = iter(records_of(SessionEngine(session), months, rulebook))
    measured = [dict(zip(council.months, records, strict=False)) for council in lake.councils]
    judged = []
    for n, (council, of) in enumerate(zip(lake.councils, measured, strict=True), 1):
        judged.append(_judged(council, of, rulebook, lake.period))
        told(n, len(lake.councils))
    return Councils(
        lake.period, tuple(judged), lake.findings, rulebook.digest, rulebook.folder, version("kpi-engine")
    )


def _judged(
    council: CouncilReturns, records: Mapping[Period, MonthRecords], rulebook: RuleBook, period: Period | None
) -> Council:
    """One council's verdicts, trend and exceptions, as `kpi check` and `kpi exceptions` judge workbooks."""
    known = _naming(rulebook, council.authority)
    checked = judged_at(_gathered(council, records, known), known, period)
    return Council(council.authority, checked, escalate(known, checked, derive=_derive))


def _naming(rulebook: RuleBook, code: str) -> RuleBook:
    """The rulebook with a council of that code; one that the plan does not name goes by its code."""
    if any(one.code == code for one in rulebook.plan.authorities):
        return rulebook
    named = (*rulebook.plan.authorities, Authority(code, code, made_up=False))
    return replace(rulebook, plan=replace(rulebook.plan, authorities=named))


def _gathered(
    council: CouncilReturns, records: Mapping[Period, MonthRecords], rulebook: RuleBook
) -> Gathered:
    """What `check.gathered` makes of workbooks."""
    months, returns = council.months, council.returns
    return Gathered(
        returns=returns,
        held=NOTHING_HELD,
        used=returns,
        months=months,
        measured=Measured(
            authority=council.authority,
            records=records,
            validated={period: month.validated for period, month in months.items()},
            month_unknown=any(one.claims is None for one in returns),
        ),
        milestones={period: month.milestones for period, month in months.items()},
        between=council.loose,
        run=Run(
            version("kpi-engine"),
            rulebook.digest,
            rulebook.folder,
            tuple(ReturnRead(one.file, one.digest, one.claims, one.refused) for one in returns),
        ),
    )


def _derive(pack: Pack, facts: Iterable[Fact]) -> tuple[Derived, Answered]:
    """The built-in engine: it gives what durable-rules gives, in no process of its own."""
    return derive_builtin(pack, facts), Answered(BUILT_IN, "")
