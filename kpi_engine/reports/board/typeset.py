"""Typesetting by typst with fonts that are shipped, never the machine's: the same bytes everywhere."""

from __future__ import annotations

import struct
import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast

from kpi_engine.errors import ExtraMissing
from kpi_engine.reports.svg import FONT
from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from typst import PDFStandard

_FONTS: Final = "fontpkg_arimo"
_LIBRARIES: Final = (("typst", "typst"), ("fontpkg-arimo", _FONTS))
_FAMILY: Final = "Arimo"
"""As wide as Arial, letter for letter: drawings are laid out for that."""
_MARKS: Final = frozenset("■▲◇◆●○→↗↘↑↓←\N{REPLACEMENT CHARACTER}")
"""Characters that are set in DejaVu Sans Mono, which typst itself holds."""


def require(what: str, extra: str) -> None:
    """Raise ExtraMissing, which tells `what` and `extra`, where typst or the font is not installed."""
    for library, module in _LIBRARIES:
        if find_spec(module) is None:
            raise ExtraMissing([finding("P110", format=what, library=library, extra=extra)])


def typeset(
    files: Mapping[str, bytes],
    form: Literal["pdf", "png"],
    *,
    standards: Sequence[PDFStandard] = (),
    dated: datetime | None = None,
    dots: int | None = None,
) -> bytes:
    """The document `main.typ` of `files`, which reads the others by name, as PDF or (of one page) as PNG.

    Drawings are given by `drawn`, texts by `settable`; `dots` are those of an inch. `require` comes first.
    """
    from typst import compile as compiled  # noqa: PLC0415  (an extra)

    return compiled(
        cast("str", dict(files)),  # several files at once, of which the library's own types know nothing
        format=form,
        font_paths=[str(_font_folder())],
        ignore_system_fonts=True,
        pdf_standards=list(standards),
        timestamp=dated,
        ppi=dots,
    )


def drawn(svg: str) -> bytes:
    """A drawing of reports.chart in the font that is there."""
    return settable(svg).replace(FONT, _FAMILY).encode()


def settable(text: str) -> str:
    """`text` with `�` for what the fonts do not have: an archived page holds no letter without a shape."""
    held = _characters()
    return "".join(letter if ord(letter) in held else "\N{REPLACEMENT CHARACTER}" for letter in text)


def _font_folder() -> Path:
    found = find_spec(_FONTS)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(_FONTS)
    return Path(found.origin).parent / "files"


@cache
def _characters() -> frozenset[int]:
    """The code points that every font of the family has a shape for, and the marks."""
    faces = [_mapped(file.read_bytes()) for file in sorted(_font_folder().glob("*.ttf"))]
    shared = frozenset.intersection(*faces)
    return frozenset(c for c in shared if unicodedata.category(chr(c))[0] != "C") | {
        ord(c) for c in (*_MARKS, "\n")
    }


def _mapped(font: bytes) -> frozenset[int]:
    """The code points of a font: its table `cmap`, format 4 (OpenType specification, "cmap")."""
    tables = struct.unpack_from(">H", font, 4)[0]
    records = (struct.unpack_from(">4sLLL", font, 12 + 16 * n) for n in range(tables))
    cmap = next(start for tag, _, start, _ in records if tag == b"cmap")
    encodings = struct.unpack_from(">H", font, cmap + 2)[0]
    found: set[int] = set()
    for n in range(encodings):
        table = cmap + struct.unpack_from(">HHL", font, cmap + 4 + 8 * n)[2]
        if struct.unpack_from(">H", font, table)[0] == 4:  # noqa: PLR2004  (the format's number)
            found |= _segments(font, table)
    return frozenset(found)


def _segments(font: bytes, table: int) -> set[int]:
    """The code points of one table of format 4, without those that lead to the missing glyph."""
    segments = struct.unpack_from(">H", font, table + 6)[0] // 2
    words = f">{segments}H"
    size = 2 * segments
    ends = struct.unpack_from(words, font, table + 14)
    starts = struct.unpack_from(words, font, table + 16 + size)
    deltas = struct.unpack_from(words, font, table + 16 + 2 * size)
    offsets = struct.unpack_from(words, font, table + 16 + 3 * size)
    found = set()
    for n, (first, last, delta, offset) in enumerate(zip(starts, ends, deltas, offsets, strict=True)):
        for code in range(first, min(last, 0xFFFE) + 1):
            if offset:
                place = table + 16 + 3 * size + 2 * n + offset + 2 * (code - first)
                glyph = struct.unpack_from(">H", font, place)[0]
                glyph = (glyph + delta) % 0x10000 if glyph else 0
            else:
                glyph = (code + delta) % 0x10000
            if glyph:
                found.add(code)
    return found
