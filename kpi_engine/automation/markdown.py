"""Markdown in which text from outside stays text, in every dialect and where it is pasted as HTML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len

from kpi_engine.reports.page import WIDTH, cut, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_LONGEST: Final = 60  # cells of a name: one that is longer loses its middle
# Readers make links of these without any markup; in a code span they do not.
_LINK: Final = re.compile(r"://|www\.|@|^[a-z][a-z0-9+.-]*:\S", re.IGNORECASE)
_MARKUP: Final = re.compile(r"[\\*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])|&(?=[A-Za-z#])")
# At the beginning of a line these would make a heading, a list, a quote, a rule or a table.
_OPENING: Final = re.compile(r"[#>]|[-+=:|]+$|(?P<number>\d{1,9})[.)]$")
_TOKEN: Final = re.compile(r"(?:`[^`]*`|[^\s`])+")
_UNQUOTED: Final = str.maketrans({"<": "‹", ">": "›", "`": "'"})


def shown(text: str) -> str:
    """One line without control characters and without what begins a tag or a code span."""
    return plain(text).translate(_UNQUOTED)


def name(text: str, longest: int = _LONGEST) -> str:
    """A name of a file, sheet or cell, as a code span: nothing in it has a meaning."""
    said = shown(text) or "(no name)"
    if cell_len(said) > longest:
        half = longest // 2
        said = cut(said, half) + cut(said[::-1], half)[::-1].removeprefix("…")
    return f"`{said}`"


def inert(text: str) -> str:
    """Prose from outside: its marks are escaped, and what looks like a link is a code span."""
    words = shown(text).split() or ["(nothing)"]
    return " ".join(f"`{word}`" if _LINK.search(word) else _MARKUP.sub(r"\\\g<0>", word) for word in words)


def heading(text: str, outside: str) -> list[str]:
    """A heading that ends in a few words from outside."""
    return ["", f"## {text} {inert(cut(shown(outside), _LONGEST))}", ""]


def paragraph(text: str, first: str = "", rest: str | None = None) -> list[str]:
    """`text` in lines of 80 cells: the first begins with `first`, the others with `rest`.

    A code span is never broken: a line that begins with the rest of one could begin a block.
    """
    rest = first if rest is None else rest
    lines: list[str] = []
    line, begun = first, False
    for word in _TOKEN.findall(text):
        if begun and cell_len(line) + 1 + cell_len(word) > WIDTH:
            lines.append(line)
            line, begun = rest, False
        line += f" {word}" if begun else _begin(word)
        begun = True
    return [*lines, line]


def item(text: str, depth: int = 0) -> list[str]:
    """`text` as an item of a list."""
    blanks = "  " * depth
    return paragraph(text, f"{blanks}- ", f"{blanks}  ")


def quoted(texts: Sequence[str]) -> Iterator[str]:
    """Paragraphs of plain text as a quotation; those that begin with `- ` make a list."""
    for n, text in enumerate(texts):
        listed = text.startswith("- ")
        if n and not (listed and texts[n - 1].startswith("- ")):
            yield ">"
        yield from _quoted(inert(text.removeprefix("- ")), listed=listed)


def _quoted(text: str, *, listed: bool) -> Iterable[str]:
    return paragraph(text, "> - ", ">   ") if listed else paragraph(text, "> ")


def _begin(word: str) -> str:
    found = _OPENING.match(word)
    if found is None:
        return word
    number = found["number"]
    return f"\\{word}" if number is None else f"{number}\\{word[len(number) :]}"
