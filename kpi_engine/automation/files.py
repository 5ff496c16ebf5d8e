"""Files written whole and for their owner's eyes, on disks that may fill up, and never through a link."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from kpi_engine.errors import KpiError
from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
_LONGEST = 255  # of a name, on Windows
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_IN_THE_WAY = frozenset({errno.EEXIST, errno.ENOTEMPTY, errno.EISDIR, errno.ENOTDIR, errno.ELOOP})
_NO_SYNC = frozenset({errno.EINVAL, errno.EBADF, errno.ENOTSUP})
# 0 where a system has no such flag. NONBLOCK: the opening of a pipe would wait for its other end.
_PLAIN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


# ── What is told when a disk says no ─────────────────────────────────────────


class CannotNow(KpiError):  # noqa: N818  (it is no fault of anybody's)
    """What was asked for could not be done now; nothing is lost, and the next run goes on."""


@contextmanager
def writing(name: str) -> Iterator[None]:
    """Turn what the system raises into a CannotNow of `name`, the place as people know it."""
    try:
        yield
    except OSError as error:
        raise cannot(error, name) from None


def cannot(error: OSError, name: str) -> CannotNow:
    """What to tell of an error that the system raised at `name`."""
    what = (error.strerror or type(error).__name__).lower()
    if error.errno in _NO_ROOM:
        return CannotNow([finding("A103", file=name)])
    if error.errno == errno.ENAMETOOLONG:
        return CannotNow([finding("A105", file=name)])
    if error.errno in _IN_THE_WAY:
        return CannotNow([finding("A106", file=name, what=what)])
    return CannotNow([finding("A104", file=name, what=what)])


def in_the_way(name: str, what: str) -> CannotNow:
    """The error for a place at `name` that is taken by `what`."""
    return CannotNow([finding("A106", file=name, what=what)])


# ── Looking, never through a link ────────────────────────────────────────────


def kind_of(path: Path) -> int | None:
    """The type of what stands at `path` itself (`stat.S_IFREG`, ...); None: nothing does."""
    try:
        return stat.S_IFMT(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes, or of a folder's names and their digests; "" for nothing and for links."""
    kind = kind_of(path)
    if kind == stat.S_IFDIR:
        return _digest_of_folder(path)
    if kind != stat.S_IFREG:
        return ""
    with os.fdopen(open_plain(path, os.O_RDONLY), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_of_folder(folder: Path) -> str:
    lines = []
    for path in sorted(folder.iterdir()):
        digest = digest_of(path)
        if not digest:
            return ""
        lines.append(f"{'folder' if path.is_dir() else 'file'} {digest} {path.name}\n")
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def open_plain(path: Path, flags: int) -> int:
    """A descriptor of the plain file at `path`, made for its owner alone where `flags` make it.

    OSError where a link, a folder or anything else stands there.
    """
    descriptor = os.open(path, flags | _PLAIN, FILE_MODE)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileExistsError(errno.EEXIST, "it is no plain file")
    if flags & (os.O_WRONLY | os.O_RDWR):
        _for_owner_alone(descriptor, FILE_MODE)
    return descriptor


def _for_owner_alone(what: int | Path, mode: int) -> None:
    """Set the mode whatever the umask is; on Windows and on mounts with modes of their own it is theirs."""
    if sys.platform != "win32":
        with suppress(PermissionError):
            os.chmod(what, mode)  # noqa: PTH101  (a descriptor is no path)


def make_folder(folder: Path, trusted: Path, name: str) -> None:
    """`folder` with all above it, each for its owner alone; none below `trusted` may be a link.

    `name` is the place as people know it.
    """
    below = trusted in folder.parents
    if below:
        make_folder(folder.parent, trusted, name)
        refuse_links(folder, trusted, name)
    elif not folder.parent.is_dir():
        make_folder(folder.parent, trusted, name)
    if folder.is_dir():
        return
    os.mkdir(folder, FOLDER_MODE)  # noqa: PTH102
    _for_owner_alone(folder, FOLDER_MODE)
    sync_folder(folder.parent)


def refuse_links(folder: Path, trusted: Path, name: str) -> None:
    """CannotNow where `folder`, or one above it and below `trusted`, is something other than a folder."""
    for one in (folder, *folder.parents):
        if one == trusted or trusted not in one.parents:
            return
        kind = kind_of(one)
        if kind not in {None, stat.S_IFDIR}:
            raise in_the_way(name, f"{one.name} is {'a link' if kind == stat.S_IFLNK else 'no folder'}")


def refuse_long_names(path: Path, there: Path) -> None:
    """OSError where a name between `there`, a folder, and `path` is longer than its disk allows.

    The system itself tells of it only once the folders above are there.
    """
    if sys.platform == "win32":
        most = _LONGEST
    else:
        most = os.pathconf(there, "PC_NAME_MAX")
    if any(len(os.fsencode(name)) > most for name in path.relative_to(there).parts):
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))


# ── Writing ──────────────────────────────────────────────────────────────────


def write_new(path: Path, data: bytes) -> None:
    """A new file of `data`, on the disk when this returns; FileExistsError where anything stands there."""
    descriptor = open_plain(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        write_all(descriptor, data)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data` at the descriptor's place, and see it on the disk."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)


def place(source: Path, target: Path, spent: Path) -> None:
    """`source`, a file or a folder, becomes `target` in one step, and is no longer at `source`.

    Where the two lie on different disks a hidden copy beside `target` becomes it,
    and the source goes to `spent`, which lies beside the source.
    """
    try:
        os.replace(source, target)  # noqa: PTH105
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy = target.with_name(hidden(target, "part"))
        erase(copy)
        try:
            _copied(source, copy)
            os.replace(copy, target)  # noqa: PTH105
        except OSError:
            with suppress(OSError):
                erase(copy)
            raise
        sync_folder(target.parent)
        set_aside(source, spent)
        return
    sync_folder(target.parent)
    sync_folder(source.parent)


def set_aside(source: Path, spent: Path) -> None:
    """Move `source` to `spent` on the same disk: gone in one step, where removing a folder takes many."""
    make_folder(spent.parent, spent.parent.parent, spent.parent.name)
    erase(spent)
    os.replace(source, spent)  # noqa: PTH105
    sync_folder(source.parent)


def hidden(target: Path, ending: str) -> str:
    """A name for something of `target` that lies beside it for a moment: short, and the same each time."""
    return f".{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]}.{ending}"


def _copied(source: Path, copy: Path) -> None:
    if kind_of(source) != stat.S_IFDIR:
        with os.fdopen(open_plain(source, os.O_RDONLY), "rb") as file:
            write_new(copy, file.read())
        return
    os.mkdir(copy, FOLDER_MODE)  # noqa: PTH102
    _for_owner_alone(copy, FOLDER_MODE)
    for path in sorted(source.iterdir()):
        _copied(path, copy / path.name)
    sync_folder(copy)


def settle(folder: Path, name: str) -> None:
    """See `folder` with all in it on the disk, for its owner alone; CannotNow where a link is in it."""
    for path in sorted(folder.iterdir()):
        kind = kind_of(path)
        if kind == stat.S_IFDIR:
            settle(path, name)
        elif kind == stat.S_IFREG:
            descriptor = open_plain(path, os.O_RDWR)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        else:
            raise in_the_way(name, f"{path.name} is no plain file")
    _for_owner_alone(folder, FOLDER_MODE)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """See the names in `folder` on the disk, where the system can; Windows and some shares cannot."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(descriptor)


def erase(path: Path) -> bool:
    """Remove a file, a link (not what it leads to) or a folder; whether a file or a link was there."""
    kind = kind_of(path)
    if kind is None:
        return False
    if kind != stat.S_IFDIR:
        os.unlink(path)  # noqa: PTH108
        return True
    held = any(kind_of(one) != stat.S_IFDIR for one in path.rglob("*"))
    shutil.rmtree(path)
    return held
