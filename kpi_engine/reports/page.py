"""Lines of text of a fixed width: cutting, wrapping, colour, and rows whose numbers stay whole."""

from __future__ import annotations

import shlex
import unicodedata
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from rich.cells import cell_len

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDTH = 80
ASIDE = 7  # cells of the words before the closing lines
NAME_LEAST = 26  # a measure is recognised by about so many characters
STYLES = MappingProxyType(
    {"bold": "1", "red": "1;31", "green": "32", "yellow": "33", "blue": "36", "magenta": "35"}
)


def plain(text: str) -> str:
    """One line that no terminal obeys: blanks become a space, control and unseen characters `�`."""
    visible = (
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(letter).startswith("C") else letter
        for letter in " ".join(text.split())
    )
    return "".join(visible)


def painted(text: str, style: str, *, colour: bool) -> str:
    """`text` in a style of STYLES, if colour is wanted."""
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if colour and style and text else text


def cut(text: str, room: int) -> str:
    """The beginning of `text` that fits `room` cells, ended by `…` if it is cut."""
    if cell_len(text) <= room:
        return text
    kept = text
    while kept and cell_len(kept) > room - 1:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


def padded(text: str, room: int, *, right: bool = False) -> str:
    """`text` filled up with blanks to `room` cells."""
    blanks = " " * max(0, room - cell_len(text))
    return blanks + text if right else text + blanks


def wrapped(text: str, indent: int = 0, hang: int | None = None, width: int = WIDTH) -> list[str]:
    """`text` in lines of at most `width` cells, the first after `indent` blanks, the others after `hang`."""
    hang = indent if hang is None else hang
    lines: list[str] = []
    line, room = "", width - indent
    for word in _breakable(plain(text).split(), width - max(indent, hang)):
        if line and cell_len(line) + 1 + cell_len(word) > room:
            lines.append(line)
            line, room = "", width - hang
        line = f"{line} {word}" if line else word
    lines.append(line)
    return [" " * (hang if number else indent) + line for number, line in enumerate(lines)]


def command(name: str, *words: str, short: str) -> str:
    """A command to be typed, whole; where its words do not fit the line, `short` in its place."""
    typed = [shlex.quote(word) if word == plain(word) else "" for word in words if word]
    whole = " ".join([name, *typed])
    return whole if all(typed) and cell_len(whole) <= WIDTH - ASIDE else short


def _breakable(words: Iterable[str], room: int) -> Iterable[str]:
    for word in words:
        rest = word
        while cell_len(rest) > room:
            length = len(rest)
            while cell_len(rest[:length]) > room:
                length -= 1
            yield rest[:length]
            rest = rest[length:]
        if rest:
            yield rest


@dataclass(frozen=True, slots=True)
class Row:
    """One row: status, name, target, figure and its parts; notes behind them, sentences below."""

    status: str
    style: str
    name: str
    target: str = ""
    value: str = ""
    parts: str = ""
    notes: tuple[str, ...] = ()
    below: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Columns:
    status: int
    name: int
    target: int
    value: int
    parts: int

    @property
    def end(self) -> int:
        return self.status + self.name + sum(2 + w for w in (self.target, self.value, self.parts) if w) + 2


def table(title: str, heads: tuple[str, str], rows: Sequence[Row], *, colour: bool) -> list[str]:
    """The rows under a heading line, each line at most WIDTH cells; only a name is ever cut."""
    columns = _columns(title, heads, rows)
    if columns is None:
        return [painted(cut(title, WIDTH), "bold", colour=colour), *_stacked(rows, colour=colour)]
    lead = columns.status + 2 + columns.name
    head = padded(cut(title, lead), lead)
    for text, room in zip(heads, (columns.target, columns.value), strict=True):
        head += f"  {padded(text, room, right=True)}" if room else ""
    lines = [painted(head.rstrip(), "bold", colour=colour)]
    for row in rows:
        lines += _row(row, columns, colour=colour)
    return lines


def _columns(title: str, heads: tuple[str, str], rows: Sequence[Row]) -> _Columns | None:
    """The widths of the columns; None where numbers leave no room for a name."""

    def widest(cells: Iterable[str], head: str = "") -> int:
        width = max((cell_len(cell) for cell in cells), default=0)
        return max(width, len(head)) if width else 0

    status = widest(row.status for row in rows)
    target = widest((row.target for row in rows), heads[0])
    value = widest((row.value for row in rows), heads[1])
    parts = widest(row.parts for row in rows)
    notes = widest(note for row in rows for note in row.notes[:1])
    room = WIDTH - _Columns(status, 0, target, value, parts).end
    if room < NAME_LEAST // 2:
        return None
    beside_notes = room - notes - 2
    names = max(widest(row.name for row in rows), cell_len(title) - status - 2)
    name = min(names, beside_notes if beside_notes >= NAME_LEAST else room)
    return _Columns(status, name, target, value, parts)


def _row(row: Row, columns: _Columns, *, colour: bool) -> list[str]:
    line = f"  {padded(cut(row.name, columns.name), columns.name)}"
    for text, room, right in (
        (row.target, columns.target, True),
        (row.value, columns.value, True),
        (row.parts, columns.parts, False),
    ):
        line += f"  {padded(text, room, right=right)}" if room else ""
    status = padded(row.status, columns.status)
    indent = columns.status + 2
    below = [text for sentence in row.below for text in wrapped(sentence, indent, indent + 2)]
    taken = len(row.notes)
    while taken and columns.end + 2 + cell_len("; ".join(row.notes[:taken])) > WIDTH:
        taken -= 1
    line += f"  {'; '.join(row.notes[:taken])}"
    if row.notes[taken:]:
        below = [*wrapped("; ".join(row.notes[taken:]), indent), *below]
    return [painted(status, row.style, colour=colour) + line.rstrip(), *below]


def _stacked(rows: Sequence[Row], *, colour: bool) -> list[str]:
    lines = []
    for row in rows:
        name = cut(row.name, max(1, WIDTH - cell_len(row.status) - 2))
        lines.append(f"{painted(row.status, row.style, colour=colour)}  {name}".rstrip())
        cells = [row.target and f"target {row.target}", row.value, row.parts, *row.notes]
        facts = "; ".join(cell for cell in cells if cell)
        lines += wrapped(facts, 4) if facts else []
        lines += [text for sentence in row.below for text in wrapped(sentence, 4)]
    return lines
