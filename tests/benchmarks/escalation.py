"""Exceptions a second from each engine: 150 authorities, 24 measures, 12 months, the shipped rules.

Run: .venv/bin/python -m tests.benchmarks escalation [--authorities 150]

The engines take turns on each authority, and their answers must be equal. Growth is by months.
"""

# ruff: noqa: T201  (it prints)
from __future__ import annotations

import argparse
import random
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpi_engine.escalation.builtin import derive_builtin
from kpi_engine.escalation.durable import Worker, durable_version
from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.terms.fact import fact
from tests.benchmarks.growth import growth, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from kpi_engine.rulebook.pack import FieldType, Pack
    from kpi_engine.terms.fact import Derived, Fact, Value

    Engines = Mapping[str, Callable[[list[Fact]], Derived]]

AUTHORITIES, MEASURES, MONTHS = 150, 24, 12
LENGTHS = (6, 12, 24, 48)
# Rules on runs of misses find none in the first months; from 12 months on the ways are in step with them.
WHY = dict.fromkeys(("built-in", "durable-rules"), "runs of misses need months to be found in")
RULES = Path(__file__).parents[2] / "rules"


def stated(pack: Pack, kind: str, chance: random.Random, **known: Value) -> Fact:
    """A fact of this type: what is not known of it is by chance one of the words that its field may hold."""

    def value(field: FieldType) -> Value:
        return (
            chance.randint(-40, 40) if field.number else str(chance.choice(sorted(field.values) or ["other"]))
        )

    return fact(kind, {name: known.get(name, value(field)) for name, field in pack.types[kind].items()})


def of_authority(pack: Pack, number: int, months: int = MONTHS) -> Iterator[Fact]:
    """Months of verdicts, in which misses tend to stay, and the last one's charts, sheets and return."""
    chance = random.Random(number)
    for m in range(MEASURES):
        who, status = f"measure-{m}", "pass"
        for seq in range(months):
            if chance.random() < 0.35:
                status = chance.choice(("pass", "pass", "fail", "not_assessed"))
            yield stated(pack, "verdict", chance, indicator=who, seq=seq, status=status)
        for kind in ("variation", "assurance", "commentary"):
            yield stated(pack, kind, chance, indicator=who, seq=months - 1)
        yield stated(pack, "reads", chance, indicator=who, sheet=f"sheet-{m % 7}")
        yield stated(pack, "milestone", chance, milestone=f"milestone-{m}", seq=months - 1)
    yield stated(pack, "return", chance, seq=months - 1)


def by_turns(engines: Engines, sets: Sequence[list[Fact]]) -> tuple[dict[str, float], list[Derived]]:
    """Wall seconds of each engine (one is another process) over all sets, and the answers, which agree."""
    spent: defaultdict[str, float] = defaultdict(float)
    agreed = []
    for number, facts in enumerate(sets):
        answers = []
        for name in sorted(engines, reverse=bool(number % 2)):
            began = time.perf_counter()
            answers.append(engines[name](facts))
            spent[name] += time.perf_counter() - began
        if answers[0] != answers[-1]:
            raise AssertionError(f"the engines differ about authority {number}")
        agreed.append(answers[0])
    return dict(spent), agreed


def results(arguments: Sequence[str] = ()) -> dict[str, Any]:
    """Each authority's facts through one engine and then the other; print what they took, and give it."""
    options = argparse.ArgumentParser("escalation")
    options.add_argument("--authorities", type=int, default=AUTHORITIES)
    many = options.parse_args(arguments).authorities
    pack = load_rulebook(RULES).escalations
    points: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    with Worker() as worker:
        engines: Engines = {
            "durable-rules": lambda facts: worker.derive(pack, facts),
            "built-in": lambda facts: derive_builtin(pack, facts),
        }
        sets = [list(of_authority(pack, number)) for number in range(many)]
        spent, answers = by_turns(engines, sets)
        for months in LENGTHS:
            few = [list(of_authority(pack, number, months)) for number in range(min(many, 8))]
            for name, seconds in by_turns(engines, few)[0].items():
                points[name].append((months, seconds))
    exceptions = sum(one.type == "exception" for derived in answers for one in derived.facts)
    ways = sum(len(derived.whys) for derived in answers)
    found = {
        "rules": len(pack.rules),
        "authorities": many,
        "facts": sum(map(len, sets)),
        "exceptions": exceptions,
        "ways": ways,
        "wall": spent,
        "durable_to_built_in": spent["durable-rules"] / spent["built-in"],
        "growth": growth(points),
    }
    print(
        f"{len(pack.rules)} rules, {many} authorities, {found['facts']:,} facts, {exceptions:,} exceptions,"
        f" {ways:,} ways; the answers are equal"
    )
    for name, seconds in spent.items():
        print(
            f"{name:14}{seconds:7.2f} s {exceptions / seconds:9,.0f} exceptions a second"
            f" {1000 * seconds / many:7.1f} ms an authority"
        )
    print(f"ratio {found['durable_to_built_in']:.2f} (durable-rules {durable_version()} to built-in)")
    print(shown(growth(points), "months", WHY))
    return found
