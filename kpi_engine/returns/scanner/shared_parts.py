"""What cells refer to by number: the shared texts, and which styles are those of dates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kpi_engine.returns.scanner.cells import DATE_FORMATS, is_date_format, unescape
from kpi_engine.returns.scanner.container import CHUNK, MEGABYTE
from kpi_engine.returns.scanner.parts import PartReader, elements

if TYPE_CHECKING:
    from kpi_engine.returns.scanner.container import Container

MAX_SHARED_TEXT = 150 * MEGABYTE  # in memory, as reckoned below: what a text takes differs between Pythons
TEXT_OVERHEAD, WIDEST = 49, 4  # bytes, of a text and of a character that is not ASCII
END_OF_TEXT = b"</si>"
ELEMENTS = 2  # of a plain text
MAX_REST = 4 * CHUNK  # a longer text goes through the parser
# As Excel writes them. Left out is what means something in XML, and what it would change or refuse.
_PLAIN = r'<si><t(?: xml:space="preserve")?>([^\x00-\x08\x0b-\x1f&<\]\x7f-\x9f\ufffe\uffff]*+)</t></si>'
_TEXTS, _ALL_TEXTS = re.compile(_PLAIN), re.compile(f"(?:{_PLAIN})++")


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
        self._rest = b""  # what is read and not yet looked at: less than a text
        self._end_at = -1  # the byte at which the last text ended

    def held(self) -> int:
        """How many characters are kept of a text that is not complete yet."""
        return super().held() + sum(map(len, self._pieces))

    def _take(self, chunk: bytes, *, final: bool) -> None:
        """Read the texts that are written plainly, all of a chunk at once; the parser gets the rest."""
        whole, end, self._rest = (self._rest + chunk).rpartition(END_OF_TEXT)
        if end and not self._take_plain(whole + end):
            self._feed(whole + end)
        if final or len(self._rest) > MAX_REST:
            self._feed(self._rest, final=final)
            self._rest = b""

    def _take_plain(self, source: bytes) -> bool:
        """Take the texts in `source` if the parser has just seen one end, and they are plain, every one."""
        if self._end_at != self.given - len(END_OF_TEXT) or not (self.is_usual and self.is_utf_8):
            return False
        try:
            written = source.decode()
        except UnicodeDecodeError:
            return False
        if not _ALL_TEXTS.fullmatch(written):
            return False
        found = _TEXTS.findall(written)
        self.plain += ELEMENTS * len(found)
        for text in found:
            self._keep(unescape(text))
        return True

    def _keep(self, text: str) -> None:
        self.texts.append(text)
        self.size += TEXT_OVERHEAD + len(text) * (1 if text.isascii() else WIDEST)

    def _named(self, space: str) -> None:
        self._si, self._t, self._r_ph = self.names(space, "si", "t", "rPh")

    def _start(self, name: str, _attributes: list[str]) -> None:
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
            self._keep(unescape("".join(self._pieces)))
            self._pieces.clear()
            if self.starts - self.ends == 1:  # the parser stands where another text may begin
                self._end_at = self.parser.CurrentByteIndex
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
