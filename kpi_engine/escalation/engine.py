"""Which engine derives: durable-rules where it can, else the built-in one, which gives the same answers."""

from __future__ import annotations

import os
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from kpi_engine.escalation.builtin import derive_builtin
from kpi_engine.escalation.compiled import DurableError
from kpi_engine.escalation.durable import SECONDS, Worker, durable_version
from kpi_engine.escalation.outcome import Answered
from kpi_engine.rulebook.pack import (
    NUMBER,
    Consequence,
    EscalationRule,
    FieldTest,
    Join,
    Op,
    Pack,
    Pattern,
    Reference,
)
from kpi_engine.terms.fact import Derived, Fact, fact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Deriving: TypeAlias = "Callable[[Pack, Iterable[Fact]], tuple[Derived, Answered]]"
    """Facts and rules -> what follows, and which engine said so."""

BUILT_IN: Final = "built-in"
ENVIRONMENT: Final = "KPI_ENGINE"
"""Set to `built-in`, no child process is ever started, and the built-in engine answers."""


def derive(pack: Pack, facts: Iterable[Fact], worker: Worker | None) -> tuple[Derived, Answered]:
    """What the rules of `pack` make of `facts`, the same from either engine, and which one answered.

    Without a worker the built-in engine does. With one, durable-rules, unless there is any trouble with it.
    """
    held = tuple(facts)
    if worker is None:
        return derive_builtin(pack, held), Answered(BUILT_IN, "")
    try:
        derived = worker.derive(pack, held)
        return derived, Answered(f"durable-rules {durable_version()}", "")
    except DurableError as error:
        return derive_builtin(pack, held), Answered(BUILT_IN, error.reason)


@contextmanager
def deriving(seconds: float = SECONDS) -> Iterator[Deriving]:
    """`derive` for as many sets of facts as a run has, in one child process; `seconds` bound each set."""
    if os.environ.get(ENVIRONMENT) == BUILT_IN:
        asked = Answered(BUILT_IN, f"{ENVIRONMENT}={BUILT_IN} asks for it")
        yield lambda pack, facts: (derive_builtin(pack, facts), asked)
        return
    with Worker(seconds) as worker:
        yield lambda pack, facts: derive(pack, facts, worker)


def examine() -> Answered:
    """Which engine answers on this machine, from one derivation that is tried; for `kpi doctor`."""
    facts = [fact("number", {"n": n}) for n in (1, 2, 4)]
    with deriving() as run:
        derived, answered = run(_TRIAL, facts)
    if derived != derive_builtin(_TRIAL, facts):
        return Answered(BUILT_IN, "durable-rules gives another answer than the built-in engine")
    return answered


_NEXT = EscalationRule(
    id="next",
    title="",
    because="",
    when=(
        Pattern("a", "number", (FieldTest("n", Op.AT_LEAST, (0,)),), ()),
        Pattern("b", "number", (), (Join("n", Reference("a", "n", 1)),)),
    ),
    unless=(Pattern("c", "number", (), (Join("n", Reference("b", "n", 1)),)),),
    then=Consequence("last", (("n", Reference("b", "n")),)),
    tell=(),
    examples=(),
)
_TRIAL = Pack(MappingProxyType({"number": {"n": NUMBER}, "last": {"n": NUMBER}}), (_NEXT,), ((_NEXT,),))
