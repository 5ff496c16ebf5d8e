"""The parent's side of durable-rules: starts its child process, asks it, and ends it when it errs."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from kpi_engine.escalation.compiled import Compiled, DurableError, compiled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType

    from kpi_engine.rulebook.pack import Pack
    from kpi_engine.terms.fact import Derived, Fact

SECONDS: Final = 5.0
"""How long one set of facts may take; a council's takes a tenth of a second."""

_WORKER = Path(__file__).with_name("worker.py")
_COMMAND = (sys.executable, "-I", str(_WORKER), "durable_rules_engine")
_ANSWER_AT_MOST = 256 << 20  # bytes
_NONSENSE = "durable-rules' answer makes no sense"


def durable_version() -> str:
    """The version of durable-rules; raises DurableError where it is not installed."""
    try:
        return version("durable-rules")
    except PackageNotFoundError:
        raise DurableError("durable-rules is not installed") from None


@dataclass(slots=True)
class Worker:
    """A child process, for the length of a `with`: started when first asked, never again once it failed.

    `seconds` bound each answer. `command` is what is run.
    """

    seconds: float = SECONDS
    command: Sequence[str] = _COMMAND
    process: subprocess.Popen[bytes] | None = None
    _failed: str = ""
    _late: bool = False
    _asked: int = 0
    _pack: Pack | None = None
    _compiled: Compiled = field(default_factory=lambda: Compiled([], (), {}, {}))

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the process."""
        self.stop()

    def stop(self) -> None:
        """End the process, if there is one, whatever it is doing."""
        process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):  # it had not read all that was written
                    pipe.close()

    def derive(self, pack: Pack, facts: Iterable[Fact]) -> Derived:
        """What the rules of `pack` make of `facts`; raises DurableError where it cannot say, with why."""
        if self._failed:
            raise DurableError(self._failed)
        form = self._compiled if pack is self._pack else compiled(pack)
        held = list({one.id: one for one in facts if one.type in form.types}.values())
        rows = form.rows(held)
        try:
            if pack is not self._pack:
                self._ask({"strata": form.strata})
                self._pack, self._compiled = pack, form
            answer = self._ask({"facts": rows})
            return _understood(form, held, answer)
        except DurableError as error:
            self._failed = error.reason
            self.stop()
            raise

    def _ask(self, request: dict[str, object]) -> dict[str, Any]:
        process = self.process or self._start()
        assert process.stdin is not None  # noqa: S101  (both are pipes)
        assert process.stdout is not None  # noqa: S101
        limit = threading.Timer(self.seconds, self._end_late, (process,))
        limit.start()
        try:
            self._asked += 1
            whole = {**request, "number": self._asked, "seconds": math.ceil(self.seconds) + 1}
            process.stdin.write(json.dumps(whole).encode() + b"\n")
            process.stdin.flush()
            said = process.stdout.readline(_ANSWER_AT_MOST)
        except OSError:
            said = b""
        finally:
            limit.cancel()
        if said.endswith(b"\n"):
            return _read(said, self._asked)
        if self._late:
            raise DurableError(f"durable-rules did not answer within {self.seconds:g} s")
        raise DurableError("durable-rules stopped before it answered")

    def _start(self) -> subprocess.Popen[bytes]:
        durable_version()
        try:
            # what it says on stderr is no answer; nobody may have to read it for the child to go on
            self.process = subprocess.Popen(  # noqa: S603  (our own file, by this Python)
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        except OSError:
            raise DurableError("the process of durable-rules cannot be started") from None
        return self.process

    def _end_late(self, process: subprocess.Popen[bytes]) -> None:
        self._late = True
        process.kill()


def _read(said: bytes, number: int) -> dict[str, Any]:
    """The answer to the request of that number."""
    try:
        answer = json.loads(said)
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict):
        if isinstance(answer.get("trouble"), str):
            raise DurableError(answer["trouble"])
        if answer.get("number") == number:
            return answer
    raise DurableError(_NONSENSE)


def _understood(form: Compiled, facts: Sequence[Fact], answer: dict[str, Any]) -> Derived:
    try:
        return form.derived(facts, answer["made"], answer["whys"])
    except (LookupError, TypeError, ValueError):
        raise DurableError(_NONSENSE) from None
