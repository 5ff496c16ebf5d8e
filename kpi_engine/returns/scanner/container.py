"""The archive of a workbook, opened with care: formats, caps, and the bytes of its parts.

A return comes by e-mail from strangers. Nothing is ever extracted, no entity is
expanded, and every quantity an author can inflate has a cap, so that a hostile
file ends in a clear finding within seconds and within a few hundred megabytes.
"""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kpi_engine.errors import ReturnUnreadable
from kpi_engine.returns.faults import Faults
from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from os import PathLike

    from kpi_engine.terms.finding import Finding

MEGABYTE = 2**20
MAX_FILE = 100 * MEGABYTE
MAX_UNPACKED = 256 * MEGABYTE
MAX_RATIO = 200  # repeated cells pack to a thirtieth; a part of zeros to a thousandth
RATIO_FROM = 16 * MEGABYTE  # a small part may pack as tightly as it likes
MAX_DIRECTORY = MEGABYTE  # the list of parts: some 15,000 of them
MAX_SMALL_PARTS = 16 * MEGABYTE  # all parts but sheets and shared texts, as often as they are read
# What reading and typing may cost, in units of half a microsecond or so: 100,000 rows of 20 cells are 11.1
# million if they are plain and 13.3 million through the parser, with 300,000 texts beside them.
MAX_WORK = 13_400_000
CHUNK = 2**16

OLE_MAGIC = bytes.fromhex("D0CF11E0A1B11AE1")
OPEN_DOCUMENT = b"application/vnd.oasis.opendocument"
ENCRYPTED = 0x1
ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    OverflowError,
)
PLAIN_NAME = re.compile(r"[\w./\[\]-]{1,80}", re.ASCII)


@dataclass(slots=True)
class Container:
    """An open archive. `file` is its base name; the parts are found whatever their case."""

    file: str
    _source: io.FileIO
    _archive: zipfile.ZipFile
    _entries: Mapping[str, zipfile.ZipInfo]
    _small: int = 0
    _work: int = 0

    def __contains__(self, part: str) -> bool:
        """Whether the archive holds the part."""
        return part.casefold() in self._entries

    def refused(self, code: str, sheet: str = "", **words: str | int) -> ReturnUnreadable:
        """The error to raise for a fault of this file as a whole, or of the one sheet named."""
        return refused(self.file, code, sheet, **words)

    def close(self) -> None:
        """Close the file; its parts can no longer be read."""
        self._archive.close()
        self._source.close()

    def chunks(self, part: str) -> Iterator[bytes]:
        """The unpacked bytes of a part. zipfile hands out no more than the size that was checked."""
        if part not in self:
            raise self.refused("R112", what=f"the part {shown(part)}")
        damaged = self.refused("R106", what=f"{shown(part)} cannot be unpacked")
        try:
            stream = self._archive.open(self._entries[part.casefold()])
        except ZIP_FAULTS as fault:
            raise damaged from fault
        with stream:
            while True:
                try:
                    chunk = stream.read(CHUNK)
                except ZIP_FAULTS as fault:
                    raise damaged from fault
                if not chunk:
                    return
                yield chunk

    def work(self, amount: int) -> None:
        """Note how much was parsed, in plain elements; reading a part again counts again."""
        self._work += amount
        if self._work > MAX_WORK:
            raise self.refused("R113", cap="100,000 rows of 20", what="cells")

    def spend(self, size: int) -> None:
        """Note that so many bytes of small parts were read; reading a part again counts again."""
        self._small += size
        if self._small > MAX_SMALL_PARTS:
            raise self.refused("R107", what=f"over {MAX_SMALL_PARTS // MEGABYTE} MB beside its cells")


class _CarefulFile(io.FileIO):
    """A file that hands out little at once: zipfile reads a whole directory in one go."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = os.fstat(self.fileno()).st_size - self.tell()
        if size > MAX_DIRECTORY:
            message = "a list of parts longer than any workbook's"
            raise zipfile.BadZipFile(message)
        return super().read(size)


def open_container(path: str | PathLike[str]) -> Container:
    """Open the archive of a workbook and check all that can be told without unpacking.

    Raises ReturnUnreadable with every fault found: no such file, another format,
    a password, damage, parts that are encrypted, doubled, unsafe or too large.
    """
    file = Path(path).name
    with ExitStack() as opened:
        source = opened.enter_context(_open_file(Path(path), file))
        _check_format(source, file)
        try:
            archive = opened.enter_context(zipfile.ZipFile(source))
        except ZIP_FAULTS as fault:
            raise refused(file, "R106", what="it is cut short, or its list of parts is broken") from fault
        entries = archive.infolist()
        _check_entries(entries, file)
        container = Container(file, source, archive, {entry.filename.casefold(): entry for entry in entries})
        _check_purpose(container)
        opened.pop_all()
    return container


def refused(file: str, code: str, sheet: str = "", **words: str | int) -> ReturnUnreadable:
    """The error to raise for one fault of a file as a whole, or of the one sheet named."""
    faults = Faults(file, sheet)
    faults.add(code, "", found=None, severity=None, **words)
    return ReturnUnreadable(faults.listed())


def shown(part: str) -> str:
    """A part's name, if it is plain enough to be printed."""
    return part if PLAIN_NAME.fullmatch(part) else "a part with an odd name"


def _open_file(path: Path, file: str) -> _CarefulFile:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise refused(file, "R104", why="it is a folder")
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
            raise refused(file, "R104", why="it is not a file")
        if not status.st_size:
            raise refused(file, "R104", why="it is empty (0 bytes)")
        if status.st_size > MAX_FILE:
            raise refused(file, "R105", cap=MAX_FILE // MEGABYTE)
        return _CarefulFile(path)
    except FileNotFoundError as fault:
        raise refused(file, "R104", why="it is not there") from fault
    except PermissionError as fault:
        raise refused(file, "R104", why="permission is refused") from fault
    except (OSError, ValueError) as fault:
        raise refused(file, "R104", why="the system cannot read it") from fault


def _check_format(source: io.FileIO, file: str) -> None:
    head = source.read(4096)
    if head.startswith(OLE_MAGIC):
        raise _old_format(source, file)
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        raise refused(file, "R101", detail=_text_format(head))
    source.seek(0)


def _old_format(source: io.FileIO, file: str) -> ReturnUnreadable:
    """Tell the contents of an OLE file by its stream names, which are UTF-16."""
    source.seek(0)
    contents = b""
    found: set[str] = set()
    names = ("EncryptedPackage", "EncryptionInfo", "Workbook", "Book")
    while chunk := source.read(MAX_DIRECTORY):
        contents = contents[-64:] + chunk
        found |= {name for name in names if name.encode("utf-16-le") in contents}
    if found & {"EncryptedPackage", "EncryptionInfo"}:
        return refused(file, "R102")
    if found:
        return refused(file, "R103", format="the old Excel (.xls)")
    return refused(file, "R101", detail=", but another kind of Office file")


def _text_format(head: bytes) -> str:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(b"%pdf"):
        return ", but a PDF"
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<table", b"<meta", b"<style", b"<div")):
        return ", but a web page (HTML) under another name"
    if start.startswith(b"<"):
        return ", but an XML or HTML file under another name"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" not in head:
        return ", but a text file, perhaps CSV, under another name"
    return ""


def _check_purpose(container: Container) -> None:
    if "mimetype" in container and next(container.chunks("mimetype"), b"").startswith(OPEN_DOCUMENT):
        raise container.refused("R101", detail=", but an OpenDocument file (.ods)")
    if "word/document.xml" in container:
        raise container.refused("R101", detail=", but a Word document")
    if "ppt/presentation.xml" in container:
        raise container.refused("R101", detail=", but a presentation")
    if "_rels/.rels" not in container:
        raise container.refused("R101", detail=", but a zip archive of something else")


def _check_entries(entries: list[zipfile.ZipInfo], file: str) -> None:
    """Refuse what the list of parts alone gives away: one finding of each kind, all at once."""
    faults: list[Finding] = []
    if any(entry.flag_bits & ENCRYPTED for entry in entries):
        faults.append(finding("R111", file=file, how="encrypted"))
    # bz2 and lzma unpack without a bound on the output, and Excel writes neither.
    if any(entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for entry in entries):
        faults.append(finding("R111", file=file, how="packed by a method that Excel does not use"))
    if any(_is_unsafe(entry.orig_filename) for entry in entries):
        faults.append(finding("R109", file=file))
    names = Counter(entry.filename.casefold() for entry in entries)
    faults.extend(
        finding("R110", file=file, part=shown(name)) for name, times in names.most_common(1) if times > 1
    )
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        faults.append(finding("R107", file=file, what=f"over {MAX_UNPACKED // MEGABYTE} MB"))
    if any(entry.file_size > max(RATIO_FROM, entry.compress_size * MAX_RATIO) for entry in entries):
        faults.append(finding("R107", file=file, what=f"over {MAX_RATIO} times its size"))
    if faults:
        raise ReturnUnreadable(faults)


def _is_unsafe(name: str) -> bool:
    steps = name.split("/")
    return name.startswith("/") or ".." in steps or any(mark in name for mark in "\\:\0")
