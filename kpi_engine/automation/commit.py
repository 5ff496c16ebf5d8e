"""One transaction: everything is staged, promised, recorded in the history, and only then carried out.

    with staging(work) as staged:
        staged.put("latest", ...)                     # any number of times
        promised = promise(root, staged, Manifest(steps, history=keys))
        record(history, ...)                          # where `keys` are not empty
        told = carry_out(root, work, promised)

A run that is killed leaves it for the next one's `recover`, which undoes what the history
does not hold, and carries out again what it holds: each step gives the same bytes wherever
it was interrupted, and what is done already is left. All of it under `lock.locked`.
"""

from __future__ import annotations

import json
import os
import stat
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING, Final

from kpi_engine.automation.files import (
    CannotNow,
    cannot,
    digest_of,
    erase,
    kind_of,
    make_folder,
    open_plain,
    settle,
    sync_folder,
    write_new,
    writing,
)
from kpi_engine.automation.steps import SOURCED, SPENT, STAGED, Do, Step, carried, disorder, obstacles
from kpi_engine.history.file import open_history
from kpi_engine.history.read import recorded_months

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kpi_engine.terms.finding import Finding

__all__ = [
    "Do",
    "Key",
    "Manifest",
    "Recovered",
    "Staging",
    "Step",
    "carry_out",
    "clear",
    "promise",
    "recover",
    "staging",
]
FORMAT: Final = "kpi-promise/1"
TAKEN_IN: Final = "in"
_PROMISE, _UNFINISHED = "manifest.json", "manifest.json.part"


# ── What is promised ─────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Key:
    """The record of one month that the history holds once the transaction stands.

    `returned` are the digests of its returns, refused ones too, each once and in order.
    """

    authority: str
    period: str
    revision: int
    recalculation: int
    engine: str
    rulebook: str
    returned: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a transaction does: `steps` in their order, once `history` is recorded."""

    steps: tuple[Step, ...]
    history: tuple[Key, ...] = ()


class Recovered(StrEnum):
    """What `recover` did."""

    NOTHING = "nothing"
    FINISHED = "finished"
    UNDONE = "undone"


# ── Staging and promising ────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Staging:
    """The folder in which a transaction is made ready; nobody looks there."""

    work: Path

    def path(self, name: str) -> Path:
        """Where to write the file or folder `name`; the folder above it is there."""
        if not _plain(name):
            raise ValueError(f"no name for what is staged: {name!r}")
        path = self.work / STAGED / name
        with writing(self.work.name):
            make_folder(path.parent, self.work, self.work.name)
        return path

    def put(self, name: str, data: bytes) -> None:
        """Write the file `name`."""
        path = self.path(name)
        with writing(self.work.name):
            write_new(path, data)


@contextmanager
def staging(work: Path) -> Iterator[Staging]:
    """An empty staging folder; without a promise nothing of it is left afterwards.

    What the system raises inside is told as a CannotNow. ValueError where a
    promise is still to be kept: `recover` comes first.
    """
    with writing(work.name):
        if kind_of(work / _PROMISE) is not None:
            raise ValueError(_PROMISE)
    try:
        _erase(work, STAGED, SPENT, _UNFINISHED)
        make_folder(work / STAGED, work, work.name)
        yield Staging(work)
    except OSError as error:
        _given_up(work)
        raise cannot(error, work.name) from None
    except BaseException:
        _given_up(work)
        raise
    _given_up(work)


def _given_up(work: Path) -> None:
    with suppress(OSError):
        if kind_of(work / _PROMISE) is None:
            _erase(work, STAGED, SPENT, _UNFINISHED)


def _plain(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and "\\" not in name


def promise(root: Path, staged: Staging, manifest: Manifest) -> Manifest:
    """Write down what will be done, to be kept whatever happens; as it is written, with digests.

    CannotNow, and nothing is promised, where a step could not be carried out:
    no room, a place taken or not to be written to, a name too long.
    """
    work = staged.work
    with writing(work.name):
        settle(work / STAGED, work.name)
        promised = replace(manifest, steps=tuple(_filled_in(work, step) for step in manifest.steps))
    faults = [fault for step in promised.steps for fault in obstacles(root, step)]
    if faults:
        raise CannotNow(list(dict.fromkeys(faults)))
    with writing(work.name):
        part = work / _UNFINISHED
        erase(part)
        write_new(part, _written(promised))
        os.replace(part, work / _PROMISE)  # noqa: PTH105
        sync_folder(work)
    return promised


def _filled_in(work: Path, step: Step) -> Step:
    if step.kind not in SOURCED:
        return step
    source = work / STAGED / step.source
    wanted = stat.S_IFDIR if step.kind is Do.FOLDER else stat.S_IFREG
    if kind_of(source) != wanted:
        raise ValueError(step.source)
    return replace(step, digest=digest_of(source))


# ── Carrying out ─────────────────────────────────────────────────────────────


def carry_out(root: Path, work: Path, manifest: Manifest) -> tuple[Finding, ...]:
    """Do what is promised, step by step, and forget the promise; what was left as it is, is told.

    CannotNow where a step cannot be done; the promise then stays for `recover`.
    """
    told: list[Finding] = []
    for number, step in enumerate(manifest.steps):
        told += carried(root, work, step, number)
    with writing(work.name):
        # In this order: a source that is gone tells that its step is done.
        _erase(work, STAGED, SPENT)
        erase(work / _PROMISE)
        sync_folder(work)
    return tuple(told)


# ── Recovering ───────────────────────────────────────────────────────────────


def recover(root: Path, work: Path, history: Path) -> Recovered:
    """Finish or undo what a killed run left in `work`; the first thing that a run does under its lock.

    KpiError, and nothing is touched, where that cannot be known: the history
    cannot be read, or lacks what the killed run had recorded in it.
    """
    with writing(work.name):
        manifest = _promised(work)
    if manifest is None:
        return Recovered.UNDONE if clear(work) else Recovered.NOTHING
    if _holds(history, manifest.history):
        carry_out(root, work, manifest)
        clear(work)
        return Recovered.FINISHED
    with writing(work.name):
        sources = [work / STAGED / step.source for step in manifest.steps if step.kind in SOURCED]
        if any(kind_of(source) is None for source in sources):
            raise disorder("the history lacks what that run had recorded")
        erase(work / _PROMISE)  # first: without it, the rest is of no meaning
        sync_folder(work)
    clear(work)
    return Recovered.UNDONE


def clear(work: Path) -> bool:
    """Remove what no promise needs from `work`, copies of the inbox too; whether any file was there."""
    with writing(work.name):
        return _erase(work, STAGED, SPENT, TAKEN_IN, _UNFINISHED)


def _erase(work: Path, *names: str) -> bool:
    return sum(erase(work / name) for name in names) > 0


def _holds(history: Path, keys: Sequence[Key]) -> bool:
    """Whether all of `keys` are recorded, by the engine and rules and from the returns that they name."""
    if not keys:
        return True
    if not history.exists():
        return False
    with open_history(history, writable=True) as opened:  # one cut off when it was made is made whole
        held = {
            Key(
                *(month.authority, str(month.period), month.revision, month.recalculation),
                *(month.engine, month.rulebook, tuple(sorted({r.digest for r in month.returns}))),
            )
            for month in recorded_months(opened)
        }
    return held.issuperset(keys)


def _written(manifest: Manifest) -> bytes:
    return json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1, sort_keys=True).encode()


def _promised(work: Path) -> Manifest | None:
    path = work / _PROMISE
    if kind_of(path) is None:
        return None
    with os.fdopen(open_plain(path, os.O_RDONLY), "rb") as file:
        data = file.read()
    try:
        told = json.loads(data)
        if told["format"] != FORMAT:
            raise disorder(f"{_PROMISE} in it is of another version")
        manifest = Manifest(
            steps=tuple(_step(step) for step in told["steps"]),
            history=tuple(Key(**{**key, "returned": tuple(key["returned"])}) for key in told["history"]),
        )
    except (ValueError, KeyError, TypeError):
        raise disorder(f"{_PROMISE} in it cannot be read") from None
    return manifest


def _step(told: Mapping[str, object]) -> Step:
    step = Step(**{**told, "kind": Do(told["kind"])})  # type: ignore[arg-type]
    if not step.target or ".." in PurePath(step.target).parts:
        raise ValueError(step.target)
    if step.kind in SOURCED and not _plain(step.source):
        raise ValueError(step.source)
    return step
