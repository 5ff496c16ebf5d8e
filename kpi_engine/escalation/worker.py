"""The child process that runs durable-rules: rule sets and facts as JSON lines in, matches as JSON lines out.

Run by its path under `python -I`, with the standard library and the C module alone: `durable.lang` starts
timer threads and swallows errors. Knows nothing of KPIs; compiled.py says what the numbers mean.
A line {"strata": ...} is answered by {}, a line {"facts": [[type, values...]...]} by {"made": [[type,
values...]...], "whys": [[fact, rule, premises...]...]}, each with the request's number, and trouble by
{"trouble": phrase}, after which the process ends: nothing is to be built on C code that has failed.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from contextlib import ExitStack, contextmanager, suppress

# ruff: noqa: ANN401, PLC0415  (the C module has no types; `resource` is on POSIX only)
TYPE_CHECKING = False  # typing takes longer to load than durable-rules does
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

MADE_AT_MOST = 20_000  # facts; durable-rules takes 9 KB for each
WHYS_AT_MOST = 200_000
NUMBER_AT_MOST = 2**54  # what any stated number and any that a rule adds come to
MEMORY_AT_MOST = 4 << 30  # bytes; a join of everything with everything ends here, not with the machine
NOT_HANDLED, OK = 1, 0  # rules.h: no rule looks at the fact; some rule does


class TroubleError(Exception):
    """durable-rules did what it should not; the phrase is printed."""


def load(module: str) -> Any:
    """The C module; LAZY, since on Python 3.13 it names a function that is gone, which we never call."""
    if hasattr(sys, "setdlopenflags"):
        sys.setdlopenflags(os.RTLD_LAZY)
    return importlib.import_module(module)


class RuleSet:
    """One rule set that is open in durable-rules."""

    def __init__(self, engine: Any, handle: int, given: dict[str, Any]) -> None:
        """Fire the rule that does nothing: a state in which none has cannot be deleted (state.c, context)."""
        self.engine, self.handle = engine, handle
        self.then = given["then"]
        self.when, self.absent = frozenset(given["when"]), frozenset(given["absent"])
        self.asserted = 0
        self.state = 0
        self.tell(0, 0, ())
        if list(self.fired()) != [("boot", [0])]:
            raise TroubleError("durable-rules did not fire its first rule")

    def tell(self, tag: int, number: int, values: Iterable[int]) -> None:
        """Assert one fact; `n` is our number of it, `o` what every pattern can compare and find equal."""
        self.asserted += 1
        fields = "".join(f',"f{place}":{value}' for place, value in enumerate(values))
        said = f'{{"id":"{self.asserted}","t":{tag},"n":{number},"o":1{fields}}}'
        code, self.state = self.engine.assert_fact(self.handle, said)
        if code not in {OK, NOT_HANDLED}:
            raise TroubleError(f"durable-rules refused a fact (code {code})")

    def fired(self) -> Iterator[tuple[str, list[int]]]:
        """Each match that waits: the rule's name, and the numbers of the facts that its patterns match."""
        started = self.engine.start_action_for_state(self.handle, self.state)
        said = started[1] if started else None
        while said:
            ((name, match),) = json.loads(said).items()
            yield name, [match[f"p{place}"]["n"] for place in range(len(match))]
            said = self.engine.complete_and_start_action(self.handle, self.state)


@contextmanager
def opened(engine: Any, given: dict[str, Any]) -> Iterator[RuleSet]:
    """A rule set, deleted with its state whatever happens: else a run costs 16 MB for good."""
    handle = engine.create_ruleset("k", given["rules"])
    try:
        rule_set = RuleSet(engine, handle, given)
        try:
            yield rule_set
        finally:
            engine.delete_state(handle, None)
    finally:
        engine.delete_ruleset(handle)


class Facts:
    """The facts known, each once, and every way to those that rules made."""

    def __init__(self, given: list[list[int]]) -> None:
        """Number `given` from 0."""
        self.rows = given
        self.given = len(given)
        self.numbers = {tuple(row): number for number, row in enumerate(given)}
        self.whys: list[list[int]] = []

    def follows(self, then: list[Any], premises: list[int]) -> None:
        """Keep what a match derives, and the way to it."""
        rule, kind, wanted = then
        row = (kind, *(v if isinstance(v, int) else self.referred(premises[v[0]], *v[1:]) for v in wanted))
        number = self.numbers.setdefault(row, len(self.rows))
        if number == len(self.rows):
            self.rows.append(list(row))
            if number - self.given > MADE_AT_MOST:
                raise TroubleError(f"the rules derive more than {MADE_AT_MOST} facts")
        self.whys.append([number, rule, *premises])
        if len(self.whys) > WHYS_AT_MOST:
            raise TroubleError(f"the rules fire more than {WHYS_AT_MOST} times")

    def referred(self, number: int, place: int, plus: int) -> int:
        """A value of a premise, with what the rule adds; above the bound it would be taken for a text."""
        value: int = self.rows[number][place] + plus
        if plus and abs(value) > NUMBER_AT_MOST:
            raise TroubleError("the rules derive a number that is too great")
        return value

    def close(self, sets: list[RuleSet]) -> None:
        """Everything that the rule sets of one stratum make of the facts, round by round."""
        for each in sets:
            for number, (kind, *values) in enumerate(self.rows):
                if kind in each.absent:
                    each.tell(-kind, number, values)
        told = 0
        while told < len(self.rows):
            fresh, told = range(told, len(self.rows)), len(self.rows)
            for each in sets:
                for number in fresh:
                    kind, *values = self.rows[number]
                    if kind in each.when:
                        each.tell(kind, number, values)
            for each in sets:
                for name, premises in list(each.fired()):
                    self.follows(each.then[int(name[1:])], premises)


def answer(engine: Any, strata: list[list[dict[str, Any]]], rows: list[list[int]]) -> dict[str, Any]:
    """What follows from `rows`."""
    facts = Facts(rows)
    for stratum in strata:
        with ExitStack() as stack:
            facts.close([stack.enter_context(opened(engine, given)) for given in stratum])
    return {"made": facts.rows[facts.given :], "whys": facts.whys}


def end_after(seconds: int) -> None:
    """End this process then, wherever the C code is, even if its parent is gone; 0: no longer."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


def confine() -> None:
    """Bound the memory, and leave no core file of a crash: facts would be in it."""
    try:
        import resource
    except ImportError:
        return
    for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, MEMORY_AT_MOST)):
        with suppress(OSError, ValueError):  # a machine may set less already
            resource.setrlimit(kind, (most, most))


def main(module: str) -> None:
    """Answer every line until there is none."""
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # whatever the C code prints is no answer
    confine()
    strata: list[list[dict[str, Any]]] = []
    try:
        engine = load(module)
        for line in sys.stdin:
            request = json.loads(line)
            end_after(request["seconds"])
            if "strata" in request:
                strata = request["strata"]
                said: dict[str, Any] = {}
            else:
                said = answer(engine, strata, request["facts"])
            end_after(0)
            print(json.dumps({**said, "number": request["number"]}), file=out, flush=True)
    except ImportError:
        print(json.dumps({"trouble": "durable-rules cannot be loaded"}), file=out, flush=True)
    except TroubleError as trouble:
        print(json.dumps({"trouble": str(trouble)}), file=out, flush=True)
    except Exception as fault:  # noqa: BLE001  (the C module's own: a sentence with a code)
        print(json.dumps({"trouble": f"durable-rules failed ({type(fault).__name__})"}), file=out, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
