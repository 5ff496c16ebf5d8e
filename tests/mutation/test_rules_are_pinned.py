"""Whatever is broken in a rule, one of its own examples fails."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kpi_engine.examples import run_example
from kpi_engine.measures.embedded import EmbeddedEngine
from kpi_engine.rulebook.load import load_rulebook
from tests.mutation.mutants import mutants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kpi_engine.measures.plan import Engine
    from kpi_engine.rulebook.book import Indicator

RULEBOOK = load_rulebook(Path(__file__).parents[2] / "rules")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with EmbeddedEngine() as embedded:
        yield embedded


def _caught(engine: Engine, what: str, broken: Indicator) -> bool:
    """Whether an example that can notice fails: figures notice targets, rows notice measures."""
    part = what.partition(":")[0]
    noticing = [
        e
        for e in broken.examples
        if bool(e.rows) == (part != "target") and (part in ("target", "measure") or e.of == part)
    ]
    try:
        return any(run_example(engine, RULEBOOK, broken, e).faults for e in noticing)
    except Exception:  # noqa: BLE001  (a mutant that cannot run is caught)
        return True


@pytest.mark.parametrize("indicator", RULEBOOK.indicators.values(), ids=lambda i: i.id)
def test_every_broken_rule_fails_an_example(
    engine: Engine, indicator: Indicator, record_property: Callable[[str, object], None]
) -> None:
    made = list(mutants(indicator, dict(RULEBOOK.contract.sheets)))
    missed = [what for what, broken in made if not _caught(engine, what, broken)]
    record_property("mutants", len(made))
    record_property("caught", len(made) - len(missed))
    assert len(made) >= 4
    assert missed == []
