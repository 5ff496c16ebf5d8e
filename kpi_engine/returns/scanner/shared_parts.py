"""What cells refer to by number: the shared texts, and which styles are those of dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpi_engine.returns.scanner.cells import DATE_FORMATS, is_date_format, unescape
from kpi_engine.returns.scanner.container import MEGABYTE
from kpi_engine.returns.scanner.parts import PartReader, elements

if TYPE_CHECKING:
    from kpi_engine.returns.scanner.container import Container

MAX_SHARED_TEXT = 150 * MEGABYTE  # in memory, as reckoned below: what a text takes differs between Pythons
TEXT_OVERHEAD, WIDEST = 49, 4  # bytes, of a text and of a character that is not ASCII


class TextsReader(PartReader):
    """The handlers for the shared texts; formatting runs are joined, phonetic ones left out."""

    cost = 1

    def __init__(self, container: Container, part: str) -> None:
        """Prepare to read the shared texts."""
        super().__init__(container, part, "sst")
        self.texts: list[str] = []
        self.size = 0
        self._pieces: list[str] = []
        self._phonetic = False

    def held(self) -> int:
        """How many characters are kept of a text that is not complete yet."""
        return super().held() + sum(map(len, self._pieces))

    def _named(self, space: str) -> None:
        self._si, self._t, self._r_ph = self.names(space, "si", "t", "rPh")

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        self.starts += 1
        if name == self._r_ph:
            self._phonetic = True
        self.text.clear()

    def _end(self, name: str) -> None:
        self.ends += 1
        if name == self._t:
            if not self._phonetic:
                self._pieces.append("".join(self.text))
        elif name == self._si:
            text = unescape("".join(self._pieces))
            self.texts.append(text)
            self.size += TEXT_OVERHEAD + len(text) * (1 if text.isascii() else WIDEST)
            self._pieces.clear()
        elif name == self._r_ph:
            self._phonetic = False
        self.text.clear()


def read_texts(container: Container, part: str) -> list[str]:
    """The shared texts, in the order that cells number them. Raises ReturnUnreadable."""
    reader = TextsReader(container, part)
    for _ in reader.parse():
        if reader.size > MAX_SHARED_TEXT:
            raise container.refused("R113", cap=f"{MAX_SHARED_TEXT // MEGABYTE} MB", what="of text")
    return reader.texts


def read_date_styles(container: Container, part: str) -> dict[str | None, bool]:
    """For every cell style, by its number as cells write it, whether it shows a date or time.

    A cell that names no style (None) has the first.
    """
    codes: dict[str, str] = {}
    styles: list[str] = []
    for element in elements(container, part):
        identity = element.attributes.get("numFmtId", "0")
        if element.name == "numFmt" and element.parent == "numFmts":
            codes[identity] = unescape(element.attributes.get("formatCode", ""))
        elif element.name == "xf" and element.parent == "cellXfs":
            styles.append(identity)
    dates = DATE_FORMATS - codes.keys() | {key for key, code in codes.items() if is_date_format(code)}
    first = bool(styles) and styles[0] in dates
    return {None: first, **{str(number): identity in dates for number, identity in enumerate(styles)}}
