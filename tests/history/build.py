"""Small months to record, and a history to record them in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from kpi_engine.history.record import MeasuredMonth, Recorded, record
from kpi_engine.terms.checked import ReturnRead, Run
from kpi_engine.terms.measurement import Measurement, MonthRecords, Origin, Parts
from kpi_engine.terms.period import Period
from kpi_engine.terms.returned import Validated

if TYPE_CHECKING:
    from pathlib import Path

    from kpi_engine.history.file import Journal
    from kpi_engine.terms.returned import MilestoneRow

COUNCIL = "E99999999"
AT = datetime(2024, 4, 5, 9, 12, tzinfo=UTC)


def share(measure: str, at: str, numerator: int, denominator: int, high: int | None = None) -> Measurement:
    period = Period.parse(at)
    whole = Fraction(denominator)
    return Measurement(
        measure,
        period,
        Parts(Fraction(numerator), whole),
        Parts(Fraction(numerator if high is None else high), whole),
        months=(period,),
        origins=(Origin(period, f"returns_{at}.xlsx", "Workforce"),),
    )


def month(
    at: str,
    *figures: Measurement,
    digest: str = "d1",
    whole: tuple[Measurement, ...] = (),
    refused: bool = False,
    milestones: dict[str, MilestoneRow] | None = None,
) -> MeasuredMonth:
    period = Period.parse(at)
    return MeasuredMonth(
        period,
        MonthRecords({m.measure: m for m in figures}, {m.measure: m for m in whole}),
        (ReturnRead(f"returns_{at}.xlsx", digest, period, refused),),
        Validated.YES,
        milestones or {},
    )


def run(*months: MeasuredMonth, engine: str = "1.0", rules: str = "rules-1") -> Run:
    return Run(engine, rules, "rules", tuple(r for m in months for r in m.returns))


def recorded(
    path: Path,
    *months: MeasuredMonth,
    engine: str = "1.0",
    rules: str = "rules-1",
    authority: str = COUNCIL,
    journal: Journal | None = None,
) -> Recorded:
    return record(
        path,
        months,
        run(*months, engine=engine, rules=rules),
        authority=authority,
        who="A. Person",
        at=AT,
        journal=journal,
    )


def renamed(one: MeasuredMonth, file: str) -> MeasuredMonth:
    """The same return under another name: it is what the sheets say of where they were read, too."""
    own = {
        name: replace(m, origins=tuple(replace(o, file=file) for o in m.origins))
        for name, m in one.records.own.items()
    }
    returns = tuple(replace(r, file=file) for r in one.returns)
    return replace(one, records=MonthRecords(own, one.records.whole), returns=returns)
