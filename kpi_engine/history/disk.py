"""Where a history lies: on a local disk, or where other machines may write to it too."""

from __future__ import annotations

import re
import sys
from pathlib import Path

_LOCAL = frozenset(
    {
        *("bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "jfs", "ntfs", "ntfs3"),
        *("overlay", "ramfs", "reiserfs", "tmpfs", "ufs", "vfat", "xfs", "zfs"),
    }
)
_MOUNTS = Path("/proc/self/mountinfo")


def is_local(folder: Path) -> bool:
    """Whether `folder` is known to lie on a disk of this machine.

    False also where that cannot be told (macOS; file systems not known here),
    for what is safe on a network share is safe everywhere.
    """
    if sys.platform == "win32":
        return _is_local_drive(folder)
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    return file_system(folder.resolve(), mounts) in _LOCAL


def file_system(folder: Path, mounts: str) -> str:
    """The type of the file system that holds `folder`, by the lines of Linux's `mountinfo`."""
    found: tuple[int, str] = (-1, "")
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")[0]
        if len(fields) < 5 or not kind:  # noqa: PLR2004  (the fifth field is the mount point)
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4]))
        depth = len(point.parts)
        if (folder == point or point in folder.parents) and depth >= found[0]:  # the last mount covers
            found = depth, kind
    return found[1]


def _is_local_drive(folder: Path) -> bool:
    if sys.platform != "win32":
        return False
    import ctypes  # noqa: PLC0415  (Windows only)

    removable, fixed, memory = 2, 3, 6  # GetDriveTypeW of the Windows API
    return ctypes.windll.kernel32.GetDriveTypeW(folder.resolve().anchor) in {removable, fixed, memory}
