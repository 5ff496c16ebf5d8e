"""The steps of a transaction: each does nothing where it is done already, and is never half done."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from kpi_engine.automation.files import (
    CannotNow,
    digest_of,
    hidden,
    in_the_way,
    kind_of,
    make_folder,
    open_plain,
    place,
    refuse_links,
    refuse_long_names,
    set_aside,
    sync_folder,
    write_all,
    writing,
)
from kpi_engine.errors import KpiError
from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kpi_engine.terms.finding import Finding

STAGED: Final = "staged"
SPENT: Final = "spent"


class Do(StrEnum):
    """What a step does; each does nothing where it is done already."""

    FOLDER = "folder"
    """The staged folder becomes the target, whole; nothing else may stand there."""
    FILE = "file"
    """The staged file replaces the target, whole."""
    APPEND = "append"
    """The staged bytes follow the first `length` bytes of the target; a torn line behind them is cut."""
    TAKE = "take"
    """The target, a file of the inbox, is removed if its digest still is `digest`."""
    REMOVE = "remove"
    """The target, a file, is removed, and the folders that are empty then."""


SOURCED = frozenset({Do.FOLDER, Do.FILE, Do.APPEND})


@dataclass(frozen=True, slots=True)
class Step:
    """One change outside `work`.

    `target` and `within` are relative to the root, or absolute. `source` is a
    name in `work/staged`, "" for TAKE and REMOVE. `promise` fills in `digest`
    for all but TAKE. `within` is the folder that the user named (`out`): it may
    be a link and is never removed, and nothing below it may be a link. Left out:
    the root, whose own folders stay, or the folder of an absolute target.
    """

    kind: Do
    target: str
    source: str = ""
    digest: str = ""
    length: int = 0
    within: str = ""


# ── What can be seen before ──────────────────────────────────────────────────


def obstacles(root: Path, step: Step) -> Sequence[Finding]:
    """What would keep the step from being carried out, as far as can be seen before."""
    target, name = root / step.target, step.target
    try:
        with writing(name):
            refuse_links(target.parent, _trusted(root, step), name)
            _refuse_taken(step, target)
            there = next(one for one in target.parents if kind_of(one) is not None)
            refuse_long_names(target, there)
            places = [there, target] if step.kind is Do.APPEND and kind_of(target) is not None else [there]
            if not all(os.access(one, os.W_OK) for one in places):
                raise PermissionError(errno.EACCES, "it may not be written to")
    except CannotNow as error:
        return error.findings
    return ()


def _refuse_taken(step: Step, target: Path) -> None:
    """CannotNow where `target` is taken by what the step may not replace."""
    kind = kind_of(target)
    if kind is None:
        return
    empty = kind == stat.S_IFDIR and step.kind is Do.FOLDER and not any(target.iterdir())
    if step.kind is Do.FOLDER and not empty and digest_of(target) != step.digest:
        raise in_the_way(step.target, "something that no run wrote has this name")
    if step.kind is Do.APPEND:
        if kind != stat.S_IFREG:
            raise in_the_way(step.target, "it is no plain file")
        if target.stat().st_size < step.length:
            raise _cut_off(step)
    if step.kind in {Do.FILE, Do.REMOVE} and kind == stat.S_IFDIR:
        raise in_the_way(step.target, "it is a folder")


def _trusted(root: Path, step: Step) -> Path:
    if step.within:
        return root / step.within
    return (root / step.target).parent if PurePath(step.target).is_absolute() else root


# ── Carrying out ─────────────────────────────────────────────────────────────


def carried(root: Path, work: Path, step: Step, number: int) -> tuple[Finding, ...]:
    """Carry out `step`, the `number`-th; what was left as it is, is told. CannotNow where that cannot be."""
    target = root / step.target
    with writing(step.target):
        refuse_links(target.parent, _trusted(root, step), step.target)
        if step.kind is Do.TAKE:
            return _take(step, target)
        if step.kind is Do.REMOVE:
            _remove(root, step, target)
        else:
            _put(root, work, step, number)
    return ()


def _put(root: Path, work: Path, step: Step, number: int) -> None:
    source, target = work / STAGED / step.source, root / step.target
    with writing(work.name):
        if kind_of(source) is None:
            return
        if digest_of(source) != step.digest:
            raise disorder(f"{step.source} in it was changed")
    with writing(step.target):
        make_folder(target.parent, _trusted(root, step), step.target)
        _refuse_taken(step, target)
        spent = work / SPENT / str(number)
        if step.kind is Do.APPEND:
            _append(step, source, target)
        elif step.kind is Do.FILE or kind_of(target) is None or not any(target.iterdir()):
            if step.kind is Do.FOLDER and kind_of(target) is not None:
                target.rmdir()  # on Windows a folder cannot replace even an empty one
            place(source, target, spent)
        else:  # it is there already, with the same content
            set_aside(source, spent)


def _append(step: Step, source: Path, target: Path) -> None:
    line = source.read_bytes()
    descriptor = open_plain(target, os.O_RDWR | os.O_CREAT)
    try:
        sync_folder(target.parent)
        os.lseek(descriptor, step.length, os.SEEK_SET)
        behind = b"".join(iter(lambda: os.read(descriptor, 1 << 16), b""))
        if behind.startswith(line):
            os.fsync(descriptor)
            return
        if b"\n" in behind and not line.startswith(behind):
            raise _cut_off(step)
        try:
            os.ftruncate(descriptor, step.length)
            os.lseek(descriptor, step.length, os.SEEK_SET)
            write_all(descriptor, line)
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, step.length)
            raise
    finally:
        os.close(descriptor)


def _take(step: Step, target: Path) -> tuple[Finding, ...]:
    """Remove a file of the inbox, looked at once more under a name that nobody else writes to.

    The name is beside it, since the inbox may lie on another disk than `work`.
    """
    aside = target.with_name(hidden(target, "taken"))
    if kind_of(aside) is None:
        if kind_of(target) is None:
            return ()
        if _digest_if_any(target) != step.digest:
            return (finding("A109", file=step.target),)
        os.rename(target, aside)  # noqa: PTH104
        sync_folder(target.parent)
    if _digest_if_any(aside) == step.digest:
        os.unlink(aside)  # noqa: PTH108
        sync_folder(target.parent)
        return ()
    _put_back(aside, target)
    sync_folder(target.parent)
    return (finding("A109", file=step.target),)


def _digest_if_any(path: Path) -> str:
    try:
        return digest_of(path)
    except (PermissionError, FileNotFoundError, FileExistsError):
        return ""


def _put_back(aside: Path, target: Path) -> None:
    """Give the file its name again; one that has taken the name meanwhile keeps it."""
    number, name = 1, target
    while kind_of(name) is not None:
        number += 1
        name = target.with_name(f"{target.stem} ({number}){target.suffix}")
    os.rename(aside, name)  # noqa: PTH104


def _remove(root: Path, step: Step, target: Path) -> None:
    with suppress(FileNotFoundError):
        os.unlink(target)  # noqa: PTH108
    stays = _trusted(root, step)
    for folder in target.parents:
        if folder == stays or stays not in folder.parents or (not step.within and folder.parent == stays):
            return
        if kind_of(folder) is None:
            continue
        if any(folder.iterdir()):
            sync_folder(folder)
            return
        folder.rmdir()
        sync_folder(folder.parent)


def _cut_off(step: Step) -> CannotNow:
    return CannotNow([finding("A107", file=step.target)])


def disorder(what: str) -> KpiError:
    """The error for a work folder whose content cannot be."""
    return KpiError([finding("A108", file="work", what=what)])
