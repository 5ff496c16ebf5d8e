"""Processes that read returns for another: each a child with a thread that waits for it.

One that a workbook ends (it may run out of memory) is replaced, and that workbook is tried once more, alone,
before it is refused.
"""

from __future__ import annotations

import copyreg
import io
import pickle
import queue
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from kpi_engine.returns.many import read_one
from kpi_engine.returns.read import refusal
from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.returned import Return

# The folders to import from are the parent's; -P keeps the current one, which may hold anything, out.
_COMMAND = (
    sys.executable,
    "-P",
    "-c",
    "import sys; sys.path[:] = sys.argv[1:]; from kpi_engine.returns.processes import serve; serve()",
)


# ── The parent's side ────────────────────────────────────────────────────────


class CannotStartError(Exception):
    """No process of ours can be started here: one process must do."""


class _EndedError(Exception):
    """The process ended before it answered."""


@dataclass(slots=True)
class _Child:
    """A process that reads returns, one after another."""

    rulebook: bytes
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        """Start it, and wait until it is ready."""
        try:
            self.process = subprocess.Popen(  # noqa: S603  (our own module, by this Python)
                (*_COMMAND, *sys.path), stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except OSError as fault:
            raise CannotStartError from fault
        try:
            self._send(self.rulebook)
            self._answer()  # that it is ready
        except _EndedError as fault:
            self.stop()
            raise CannotStartError from fault

    def read(self, file: Path) -> Return:
        """The return in `file`; raises what reading raised, or _EndedError if that ended the process."""
        self._send(pickle.dumps(file))
        answer = self._answer()
        if isinstance(answer, BaseException):
            raise answer
        return answer  # type: ignore[return-value]  # (our own serve says so)

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):  # it had not read all that was written
                    pipe.close()

    def _send(self, message: bytes) -> None:
        assert self.process.stdin is not None  # noqa: S101  (a pipe)
        try:
            self.process.stdin.write(message)
            self.process.stdin.flush()
        except OSError as fault:
            raise _EndedError from fault

    def _answer(self) -> object:
        assert self.process.stdout is not None  # noqa: S101  (a pipe)
        try:
            answer: object = pickle.load(self.process.stdout)  # noqa: S301  (our own child's)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as fault:
            raise _EndedError from fault
        return answer


def read_by(
    processes: int, files: Sequence[Path], rulebook: RuleBook, told: Callable[[int, int], None]
) -> tuple[Return, ...]:
    """The return in each of `files`, in their order, read by so many processes; raises CannotStartError."""
    packed = _packed(rulebook)
    idle: queue.SimpleQueue[_Child] = queue.SimpleQueue()
    children: list[_Child] = []

    def started() -> _Child:
        child = _Child(packed)
        children.append(child)
        return child

    def read(file: Path) -> Return:
        child = idle.get()
        try:
            return child.read(file)
        except _EndedError:
            child.stop()
            child = started()
            raise
        finally:
            idle.put(child)

    done: dict[int, Return] = {}
    with ThreadPoolExecutor(processes) as threads:
        try:
            for child in threads.map(lambda _: started(), range(processes)):
                idle.put(child)
            asked = {threads.submit(read, file): n for n, file in enumerate(files)}
            for answered in as_completed(asked):
                with suppress(_EndedError):
                    done[asked[answered]] = answered.result()
                    told(len(done), len(files))
            for n, file in enumerate(files):
                if n not in done:
                    done[n] = _alone(file, packed)
                    told(len(done), len(files))
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            for child in children:
                child.stop()
    return tuple(done[n] for n in range(len(files)))


def _alone(file: Path, rulebook: bytes) -> Return:
    """The return in a file whose reading has ended a process; refused if it ends another."""
    child = _Child(rulebook)
    try:
        return child.read(file)
    except _EndedError:
        return refusal(file, [finding("R125", file=file.name)])
    finally:
        child.stop()


def _packed(rulebook: RuleBook) -> bytes:
    """The rulebook as bytes; read-only mappings, which pickle does not know, go as what they show."""
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = {
        **copyreg.dispatch_table,
        MappingProxyType: lambda shown: (_read_only, (dict(shown),)),
    }
    pickler.dump(rulebook)
    return stream.getvalue()


def _read_only(mapping: dict[object, object]) -> Mapping[object, object]:
    return MappingProxyType(mapping)


# ── The child's side ─────────────────────────────────────────────────────────


def serve() -> None:
    """Read the returns whose paths come on standard input, until there are no more."""
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library may print is no answer
    rulebook = pickle.load(asked)  # noqa: S301  (our own parent's, like all that follows)
    answer: object = "ready"
    while True:
        pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()
        try:
            file = pickle.load(asked)  # noqa: S301
        except EOFError:
            return
        try:
            answer = read_one(file, rulebook)
        except Exception as error:  # noqa: BLE001  (the parent raises it)
            answer = error
