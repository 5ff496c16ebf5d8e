"""A check of what was recorded, without any return: only the records of the measures asked for are read."""

from __future__ import annotations

from collections import defaultdict
from importlib.metadata import version
from typing import TYPE_CHECKING

from kpi_engine.history.file import open_history
from kpi_engine.history.read import authorities, milestone_rows, series
from kpi_engine.history.row import Basis
from kpi_engine.measures.plan import measures_of
from kpi_engine.terms.checked import Checked, Run
from kpi_engine.terms.measured import Measured
from kpi_engine.terms.measurement import MonthRecords
from kpi_engine.verdicts.judge import judge_one
from kpi_engine.verdicts.milestones import judge_milestones

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.measurement import Measurement
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.returned import Validated


def recorded(history: Path, rulebook: RuleBook, ids: Sequence[str], period: Period | None) -> Checked | None:
    """The verdicts on `ids` by the newest records; None: no council of the plan.

    Without `ids`: on every measure, and on the milestones. The cost follows the months of those measures,
    not what else the history holds.
    """
    with open_history(history) as opened:
        known = authorities(opened)
        council = next((a for a in rulebook.plan.authorities if a.code in known), None)
        if council is None:
            return None
        found: dict[Basis, dict[Period, dict[str, Measurement]]] = {b: defaultdict(dict) for b in Basis}
        validated: dict[Period, Validated] = {}
        milestones = {} if ids else milestone_rows(opened, council.code)
        for measure in ids or measures_of(rulebook):
            for basis in Basis:
                for figure in series(opened, council.code, measure, basis=basis):
                    if figure.now is not None:
                        found[basis][figure.period][measure] = figure.now.measured
                        validated[figure.period] = figure.now.validated
    own, whole = found[Basis.OWN], found[Basis.WHOLE]
    records = {month: MonthRecords(own[month], whole[month]) for month in sorted({*own, *whole})}
    if not records:
        return None
    measured, judging = Measured(council.code, records, validated), period or max(records)
    rows = milestones.get(judging.last_month, {})
    return Checked(
        authority=council.name,
        made_up=council.made_up,
        period=judging,
        verdicts=tuple(
            judge_one(i, judging, measured, plan_start=rulebook.plan.start, baselines=rulebook.baselines)
            for i in rulebook.indicators.values()
            if not ids or i.id in ids
        ),
        milestones=() if ids else judge_milestones(rulebook.milestones, rows, judging, rulebook.plan.start),
        findings=(),
        earlier_findings=(),
        series={},
        run=Run(version("kpi-engine"), rulebook.digest, rulebook.folder, ()),
        measured=measured,
        milestone_rows=milestones,
    )
