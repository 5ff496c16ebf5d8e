"""Where two versions of a file differ first, in the words of its format: a line, a part, a page."""

from __future__ import annotations

import io
import re
import zipfile
from itertools import zip_longest
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from kpi_engine.reports.page import cut, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PACKED: Final = frozenset({".xlsx", ".docx"})
_SHOWN: Final = 60  # columns of a line that differs
_OBJECT: Final = re.compile(rb"(\d+) 0 obj\b(.*?)\bendobj\b", re.DOTALL)
_KIDS: Final = re.compile(rb"/Kids ?\[([^\]]*)\]")
_PAGE: Final = re.compile(rb"/Type ?/Page\b(?!s)")
_CONTENTS: Final = re.compile(rb"/Contents ?(\d+) 0 R")


def first_difference(name: str, was: bytes, now: bytes) -> tuple[str, ...]:
    """Where `now` is first otherwise than `was`, a sentence and for texts both lines; they do differ."""
    ending = PurePosixPath(name).suffix.casefold()
    if ending in _PACKED:
        return (_part(was, now),)
    if ending == ".pdf":
        return (_page(was, now),)
    return _line(was, now)


def _line(was: bytes, now: bytes) -> tuple[str, ...]:
    texts = [one.decode("utf-8", "replace").split("\n") for one in (was, now)]
    for number, (before, after) in enumerate(zip_longest(*texts), 1):
        if before != after:
            return (
                f"First in line {number} of {len(texts[0])}:",
                *(f"{label} {_shown(line)}" for label, line in (("was", before), ("now", after))),
            )
    return ("In bytes that are no text.",)


def _shown(line: str | None) -> str:
    return "(no such line)" if line is None else cut(plain(line), _SHOWN)


def _part(was: bytes, now: bytes) -> str:
    before, after = _parts(was), _parts(now)
    if before is None or after is None:
        return "One of the two is no workbook or document that can be opened."
    for part in sorted(before | after):
        if part not in after:
            return f"The part {plain(part)} is not there now."
        if part not in before:
            return f"The part {plain(part)} was not there."
        if before[part] != after[part]:
            return f"First in the part {plain(part)}."
    return "Every part is the same; they are packed otherwise."


def _parts(content: bytes) -> dict[str, bytes] | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return {one.filename: packed.read(one) for one in packed.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError):
        return None


def _page(was: bytes, now: bytes) -> str:
    before, after = _pages(was), _pages(now)
    if not before or not after:
        return "Its pages cannot be told apart here."
    for number, (one, other) in enumerate(zip_longest(before, after), 1):
        if one is None or other is None:
            return f"It has {len(after)} pages; it had {len(before)}."
        if one != other:
            return f"First on page {number} of {len(before)}."
    return "Every page shows the same; links, fonts or properties are otherwise."


def _pages(content: bytes) -> Sequence[bytes]:
    """What each page draws, in their order; empty for a PDF that is laid out otherwise than typst does."""
    objects = {found[1]: found[2] for found in _OBJECT.finditer(content)}
    tree = next((body for body in objects.values() if b"/Kids" in body and b"/Parent" not in body), b"")
    return [_drawn(objects, page) for page in _below(objects, tree)]


def _below(objects: Mapping[bytes, bytes], node: bytes) -> Sequence[bytes]:
    kids = _KIDS.search(node)
    if kids is None:
        return [node] if _PAGE.search(node) else []
    inner = (objects.get(number, b"") for number in re.findall(rb"(\d+) 0 R", kids[1]))
    return [page for one in inner for page in _below(objects, one)]


def _drawn(objects: Mapping[bytes, bytes], page: bytes) -> bytes:
    contents = _CONTENTS.search(page)
    return objects.get(contents[1], b"") if contents else b""
