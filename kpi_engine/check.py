"""A check, top to bottom: returns are read, months put together, measured, and judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from kpi_engine.history.file import open_history
from kpi_engine.history.read import NOTHING_HELD, Held, before_corrections, measured_otherwise, records
from kpi_engine.measures.embedded import EmbeddedEngine
from kpi_engine.measures.measure import records_of
from kpi_engine.returns.across import across_months
from kpi_engine.returns.assemble import assemble
from kpi_engine.returns.many import read_many
from kpi_engine.returns.read import find_returns
from kpi_engine.terms.checked import Checked, ReturnRead, Run
from kpi_engine.terms.measured import Measured
from kpi_engine.verdicts.beside import falls_beneath
from kpi_engine.verdicts.judge import judge
from kpi_engine.verdicts.milestones import judge_milestones
from kpi_engine.verdicts.unconfirmed import unconfirmed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from kpi_engine.returns.assemble import Assembled
    from kpi_engine.rulebook.book import Authority, RuleBook
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.measurement import MonthRecords
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.returned import MilestoneRow, MonthReturn, Return


def check(
    paths: Sequence[Path],
    rulebook: RuleBook,
    *,
    period: Period | None = None,
    told: Callable[[int, int], None] = lambda _done, _of: None,
) -> Checked | None:
    """Judge `period` (or the latest month any file claims) on the returns in `paths`; None: no return there.

    `told` hears how many files are read, of how many. Raises KpiError where the
    returns cannot be put together at all: they are of more than one council.
    """
    returns = read_returns(paths, rulebook, told)
    return judged(returns, rulebook, period) if returns else None


def read_returns(
    paths: Sequence[Path], rulebook: RuleBook, told: Callable[[int, int], None]
) -> tuple[Return, ...]:
    """Every return in `paths`, in order; a refused one is among them, with its findings."""
    return read_many(find_returns(paths), rulebook, told)


def judged(
    returns: Sequence[Return], rulebook: RuleBook, period: Period | None, held: Held = NOTHING_HELD
) -> Checked:
    """The same on returns that are read already; `held` fills in the months for which none is given."""
    return judged_at(gathered(returns, rulebook, held), rulebook, period)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What returns hold together, measured: any period can be judged on it.

    `between` are the findings between files and months; `milestones` the rows of each month's sheet.
    `held` is what fills in the months for which no return was given.
    """

    returns: Sequence[Return]
    held: Held
    used: Sequence[Return]
    months: Mapping[Period, MonthReturn]
    measured: Measured
    milestones: Mapping[Period, Mapping[str, MilestoneRow]]
    between: tuple[Finding, ...]
    run: Run


def gathered(returns: Sequence[Return], rulebook: RuleBook, held: Held = NOTHING_HELD) -> Gathered:
    """The returns put together by month and measured; `held` fills in the months for which none is given."""
    assembled = assemble(returns, rulebook)
    return _together(returns, assembled, measure_months(assembled.months, rulebook, held), rulebook, held)


def up_to(of: Gathered, rulebook: RuleBook, month: Period) -> Gathered:
    """The same as it was when `month` was the latest; nothing is measured anew."""
    returns = [r for r in of.returns if r.claims is None or r.claims <= month]
    measured = replace(
        of.measured,
        records={p: one for p, one in of.measured.records.items() if p <= month},
        validated={p: one for p, one in of.measured.validated.items() if p <= month},
    )
    return _together(returns, assemble(returns, rulebook), measured, rulebook, of.held.up_to(month))


def _together(
    returns: Sequence[Return], assembled: Assembled, measured: Measured, rulebook: RuleBook, held: Held
) -> Gathered:
    months = assembled.months
    run = _run(returns, assembled.replaced, rulebook)
    filled_in = [month for month in held.records if month not in months]
    return Gathered(
        returns=returns,
        held=held,
        used=[r for r in returns if r not in assembled.replaced],
        months=months,
        measured=replace(measured, month_unknown=any(r.claims is None for r in returns)),
        milestones={**held.milestones, **{p: month.milestones for p, month in months.items()}},
        between=(
            *assembled.findings,
            *across_months(months, rulebook),
            *measured_otherwise(held, run, filled_in),
        ),
        run=run,
    )


def judged_at(of: Gathered, rulebook: RuleBook, period: Period | None) -> Checked:
    """The check of `period`, or of the latest month any file claims."""
    judging = period or max(of.months, default=None)
    council = _council(rulebook, of.measured.authority)
    if judging is None:
        found = (*(f for r in of.used for f in r.findings), *of.between)
        return Checked(council.name, council.made_up, None, (), (), found, (), {}, of.run)
    verdicts = judge(rulebook, judging, of.measured)
    earlier = (month for month in sorted(of.measured.records) if month.end < judging.start)
    series = {month: judge(rulebook, month, of.measured) for month in earlier}
    before = next(reversed(series.values()), ())
    now, then = _told_apart(of.used, of.between, judging)
    rows = of.milestones.get(judging.last_month, {})
    return Checked(
        authority=council.name,
        made_up=council.made_up,
        period=judging,
        verdicts=verdicts,
        milestones=judge_milestones(rulebook.milestones, rows, judging, rulebook.plan.start),
        findings=(
            *now,
            *falls_beneath(rulebook, verdicts, {v.indicator: v for v in before}),
            *unconfirmed(rulebook, verdicts, of.months.get(judging.last_month)),
        ),
        earlier_findings=then,
        series=series,
        run=of.run,
        measured=of.measured,
        milestone_rows=of.milestones,
        commentary={p: month.commentary for p, month in of.months.items()},
    )


def months_of(returns: Sequence[Return], rulebook: RuleBook) -> Mapping[Period, MonthReturn]:
    """The months that the returns make together."""
    return assemble(returns, rulebook).months


def held_in(history: Path | None, returns: Sequence[Return], rulebook: RuleBook) -> Held:
    """What `history` holds of the council whose returns these are; nothing without a history."""
    if history is None:
        return NOTHING_HELD
    with open_history(history) as opened:
        return records(opened, authority_of(months_of(returns, rulebook), rulebook))


def stood_in(history: Path | None, council: str) -> tuple[Mapping[Period, MonthRecords], ...]:
    """All months of `council` as reports went out with them before each correction that `history` knows of.

    First to last. The newest state in it is among them, since a return given may correct it in its turn.
    """
    if history is None:
        return ()
    with open_history(history) as opened:
        return before_corrections(opened, council) or (records(opened, council).records,)


def measure_months(months: Mapping[Period, MonthReturn], rulebook: RuleBook, held: Held) -> Measured:
    """Every month's records, and what is known of each month; a return given wins over what was recorded."""
    with EmbeddedEngine() as engine:
        found = dict(zip(months, records_of(engine, list(months.values()), rulebook), strict=True))
    return Measured(
        authority=authority_of(months, rulebook),
        records={**held.records, **found},
        validated={**held.validated, **{p: month.validated for p, month in months.items() if month.files}},
    )


def authority_of(months: Mapping[Period, MonthReturn], rulebook: RuleBook) -> str:
    """The code of the council whose returns these are; the plan's first where none says."""
    said = (month.authority for month in months.values() if month.authority is not None)
    return next(said, rulebook.plan.authorities[0].code)


def _told_apart(
    returns: Sequence[Return], between: Sequence[Finding], judging: Period
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """The findings of the judged period's returns, and those of the others."""
    judged_months = set(judging.months)
    files = {r.file for r in returns if r.claims is None or r.claims in judged_months}
    every = (*(f for r in returns for f in r.findings), *between)
    now = tuple(f for f in every if not f.file or f.file in files)
    return now, tuple(f for f in every if f.file and f.file not in files)


def _council(rulebook: RuleBook, code: str) -> Authority:
    return next(a for a in rulebook.plan.authorities if a.code == code)


def _run(returns: Sequence[Return], replaced: Sequence[Return], rulebook: RuleBook) -> Run:
    read = tuple(ReturnRead(r.file, r.digest, r.claims, r.refused, r in replaced) for r in returns)
    return Run(version("kpi-engine"), rulebook.digest, rulebook.folder, read)
