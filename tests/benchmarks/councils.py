"""Verdicts, trends and exceptions of 150 councils from their records: all measures, 24 months.

Run: .venv/bin/python -m tests.benchmarks councils [--councils 150] [--months 24]

Records are made up, as measuring gives them: walks that miss for a while and recover, months without a
return, rows in doubt. The built-in engine derives. Growth is by months for one council, since councils
are judged one after another.
"""

# ruff: noqa: T201  (it prints)
from __future__ import annotations

import argparse
import random
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpi_engine.check import Gathered, judged_at
from kpi_engine.escalation.builtin import derive_builtin
from kpi_engine.escalation.escalate import escalate
from kpi_engine.escalation.outcome import Answered
from kpi_engine.history.read import NOTHING_HELD
from kpi_engine.measures.plan import measures_of
from kpi_engine.rulebook.book import Kind
from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.terms.checked import Run
from kpi_engine.terms.measured import Measured
from kpi_engine.terms.measurement import Measurement, MonthRecords, Parts, Reason
from kpi_engine.terms.period import Period
from kpi_engine.terms.returned import Validated
from kpi_engine.trend import trends
from tests.benchmarks.growth import growth, shown, taken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kpi_engine.rulebook.book import Measure, RuleBook
    from kpi_engine.rulebook.pack import Pack
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.fact import Derived, Fact

COUNCILS, MONTHS = 150, 24
LENGTHS = (12, 24, 48, 96)
LAST = Period.parse("2025-03")
STAGES = ("judge", "trend", "exceptions")
# Of a dozen months few windows of a year are full. And each verdict looks for the first of all months: where
# there are 96, that is a tenth of the judging.
WHY = {"judge": "windows of a year fill up; the first month is looked for in each verdict"}
_COUNTS = frozenset({Kind.COUNT, Kind.OCCURRENCE, Kind.CHANGE})


def of_council(rulebook: RuleBook, number: int, months: int) -> Gathered:
    """What a council's returns of so many months, the last of them `LAST`, would have measured."""
    chance = random.Random(number)
    sent = [
        month for n in range(months) if (month := LAST.plus(n + 1 - months)) == LAST or chance.random() > 0.02
    ]
    own: dict[Period, dict[str, Measurement]] = {month: {} for month in sent}
    whole: dict[Period, dict[str, Measurement]] = {month: {} for month in sent}
    for measure in measures_of(rulebook).values():
        for month, figure in zip(sent, _walk(measure, sent, chance), strict=True):
            own[month][measure.id] = figure
            if measure.window_from_table:
                whole[month][measure.id] = figure
    records = {month: MonthRecords(own[month], whole[month]) for month in sent}
    authority = rulebook.plan.authorities[0].code
    return Gathered(
        returns=(),
        held=NOTHING_HELD,
        used=(),
        months={},
        measured=Measured(authority, records, dict.fromkeys(sent, Validated.YES)),
        milestones={},
        between=(),
        run=Run("1.0", rulebook.digest, rulebook.folder, ()),
    )


def _walk(measure: Measure, months: Sequence[Period], chance: random.Random) -> Iterator[Measurement]:
    """A figure a month that wanders, so that misses tend to stay; now and then none, or rows in doubt."""
    level = chance.uniform(0.5, 1)
    for month in months:
        level = min(1, max(0, level + chance.gauss(0, 0.05)))
        if chance.random() < 0.03:
            yield Measurement(
                measure.id, month, reason=chance.choice((Reason.SHEET_MISSING, Reason.NOTHING_DUE))
            )
            continue
        of = chance.randint(20, 400)
        counted, doubtful = round(of * level), chance.choice((0, 0, 0, 0, 1))
        if measure.kind in _COUNTS:
            low, high = Parts(Fraction(counted)), Parts(Fraction(counted + doubtful))
        else:
            low, high = (Parts(Fraction(min(of, counted + n)), Fraction(of)) for n in (0, doubtful))
        yield Measurement(measure.id, month, low, high, in_doubt=doubtful, months=(month,))


def built_in(pack: Pack, facts: Iterable[Fact]) -> tuple[Derived, Answered]:
    """The engine without a process of its own."""
    return derive_builtin(pack, facts), Answered("built-in", "")


def judged(rulebook: RuleBook, gathered: Gathered) -> tuple[dict[str, tuple[float, float]], Checked, int]:
    """What each stage took for a council (wall and processor seconds), its check, and how many exceptions."""
    checked, *judge = taken(lambda: judged_at(gathered, rulebook, LAST))
    _, *trend = taken(lambda: trends(rulebook, gathered.measured, LAST))
    # Those of the period and of the one before it: charts of both are drawn, facts told and rules applied.
    standing, *exceptions = taken(lambda: escalate(rulebook, checked, derive=built_in))
    took = dict(zip(STAGES, ((wall, cpu) for wall, cpu in (judge, trend, exceptions)), strict=True))
    return took, checked, len(standing.now.exceptions) if standing is not None else 0


def summed(took: Iterable[dict[str, tuple[float, float]]]) -> dict[str, tuple[float, float]]:
    """Wall and processor seconds of each stage, of all councils."""
    whole: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for one in took:
        for stage, cost in one.items():
            whole[stage].append(cost)
    return {stage: (sum(w for w, _ in costs), sum(c for _, c in costs)) for stage, costs in whole.items()}


def results(arguments: Sequence[str] = ()) -> dict[str, Any]:
    """Judge every council, print what each stage takes and how it grows, and give what is printed."""
    options = argparse.ArgumentParser("councils")
    options.add_argument("--councils", type=int, default=COUNCILS)
    options.add_argument("--months", type=int, default=MONTHS)
    options.add_argument("--lengths", default=",".join(map(str, LENGTHS)))
    chosen = options.parse_args(arguments)
    rulebook = load_rulebook(Path(__file__).parents[2] / "rules", "rules")
    rulebook = replace(rulebook, plan=replace(rulebook.plan, start=LAST.plus(1 - max(LENGTHS)).start))
    took, statuses, exceptions = [], defaultdict[str, int](int), 0
    for number in range(chosen.councils):
        cost, checked, raised = judged(rulebook, of_council(rulebook, number, chosen.months))
        took.append(cost)
        exceptions += raised
        for verdict in checked.verdicts:
            statuses[verdict.status] += 1
    whole = summed(took)
    found = {
        "councils": chosen.councils,
        "months": chosen.months,
        "measures": len(rulebook.indicators),
        "verdicts": dict(sorted(statuses.items())),
        "exceptions": exceptions,
        "stages": {stage: {"wall": wall, "cpu": cpu} for stage, (wall, cpu) in whole.items()},
        "growth": growth(by_months(rulebook, [int(n) for n in chosen.lengths.split(",")])),
    }
    print(printed(found))
    return found


def by_months(rulebook: RuleBook, lengths: Sequence[int]) -> dict[str, list[tuple[float, float]]]:
    """Processor seconds of each stage for councils of so many months each."""
    points: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for months in lengths:
        whole = summed(judged(rulebook, of_council(rulebook, n, months))[0] for n in range(4))
        for stage, (_, cpu) in whole.items():
            points[stage].append((months, cpu))
    return points


def printed(found: dict[str, Any]) -> str:
    """The results as a table."""
    verdicts = ", ".join(f"{count:,} {status}" for status, count in found["verdicts"].items())
    lines = [
        f"{found['councils']} councils x {found['measures']} measures x {found['months']} months:",
        f"{verdicts}; {found['exceptions']:,} exceptions",
        f"{'':12} {'cpu s':>7} {'wall s':>7} {'ms a council':>13}",
    ]
    for stage, cost in found["stages"].items():
        each = 1000 * cost["cpu"] / found["councils"]
        lines.append(f"{stage:12} {cost['cpu']:7.2f} {cost['wall']:7.2f} {each:13.1f}")
    whole = sum(found["stages"][stage]["cpu"] for stage in ("judge", "exceptions"))
    lines.append(f"{'together':12} {whole:7.2f}, less the trends, which the exceptions draw themselves")
    return "\n".join([*lines, shown(found["growth"], "months", WHY)])
