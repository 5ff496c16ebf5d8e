"""Exceptions a second from each engine: 150 authorities, 24 measures, 12 months, the shipped rules.

Run: .venv/bin/python tests/benchmarks/escalation.py
"""

# ruff: noqa: T201  (it prints)
from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2]))

from kpi_engine.escalation.builtin import derive_builtin
from kpi_engine.escalation.durable import Worker, durable_version
from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.terms.fact import fact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kpi_engine.rulebook.pack import FieldType, Pack
    from kpi_engine.terms.fact import Derived, Fact, Value

AUTHORITIES, MEASURES, MONTHS = 150, 24, 12
RULES = Path(__file__).parents[2] / "rules"


def stated(pack: Pack, kind: str, chance: random.Random, **known: Value) -> Fact:
    """A fact of this type: what is not known of it is by chance one of the words that its field may hold."""

    def value(field: FieldType) -> Value:
        return chance.randint(-40, 40) if field.number else chance.choice(sorted(field.values) or ["other"])

    return fact(kind, {name: known.get(name, value(field)) for name, field in pack.types[kind].items()})


def of_authority(pack: Pack, number: int) -> Iterator[Fact]:
    """A year of verdicts, in which misses tend to stay, and the last month's charts and sheets."""
    chance = random.Random(number)
    for m in range(MEASURES):
        who, status = f"measure-{m}", "pass"
        for seq in range(MONTHS):
            if chance.random() < 0.35:
                status = chance.choice(("pass", "pass", "fail", "not_assessed"))
            yield stated(pack, "verdict", chance, indicator=who, seq=seq, status=status)
        for kind in ("variation", "assurance", "commentary"):
            yield stated(pack, kind, chance, indicator=who, seq=MONTHS - 1)
        yield stated(pack, "reads", chance, indicator=who, sheet=f"sheet-{m % 7}")
        yield stated(pack, "milestone", chance, milestone=f"milestone-{m}", seq=MONTHS - 1)
    for seq in range(MONTHS):
        yield stated(pack, "return", chance, seq=seq)


def timed(run: Callable[[list[Fact]], Derived], facts: list[Fact]) -> tuple[float, Derived]:
    """Seconds and the answer."""
    began = time.perf_counter()
    derived = run(facts)
    return time.perf_counter() - began, derived


def main() -> None:
    """Each authority's facts through one engine and then the other; print what they took."""
    pack = load_rulebook(RULES).escalations
    sets = [list(of_authority(pack, number)) for number in range(AUTHORITIES)]
    spent = {"durable-rules": 0.0, "built-in": 0.0}
    exceptions = ways = 0
    with Worker() as worker:
        engines: dict[str, Callable[[list[Fact]], Derived]] = {
            "durable-rules": lambda facts: worker.derive(pack, facts),
            "built-in": lambda facts: derive_builtin(pack, facts),
        }
        for number, facts in enumerate(sets):
            answers = []
            for name in sorted(engines, reverse=bool(number % 2)):
                seconds, derived = timed(engines[name], facts)
                spent[name] += seconds
                answers.append(derived)
            assert answers[0] == answers[1], f"the engines differ about authority {number}"
            exceptions += sum(one.type == "exception" for one in derived.facts)
            ways += len(derived.whys)
    total = f"{sum(map(len, sets)):,} facts, {exceptions:,} exceptions, {ways:,} ways"
    print(f"{len(pack.rules)} rules, {AUTHORITIES} authorities, {total}; the answers are equal")
    for name, seconds in spent.items():
        print(
            f"{name:14}{seconds:7.2f} s {exceptions / seconds:9,.0f} exceptions a second"
            f" {1000 * seconds / AUTHORITIES:7.1f} ms an authority"
        )
    ratio = spent["durable-rules"] / spent["built-in"]
    print(f"ratio {ratio:.2f} (durable-rules {durable_version()} to built-in)")


if __name__ == "__main__":
    main()
