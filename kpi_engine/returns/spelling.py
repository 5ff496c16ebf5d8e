"""Text as people type it: spaces, quotes and capitals that make no difference, and near misses."""

from __future__ import annotations

import difflib
import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALIKE = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-", "\u2011": "-"}
    | dict.fromkeys(("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad"))
)
_CLOSE = 0.75


def tidy(text: str) -> str:
    """`text` without padding or doubled, non-breaking and zero-width spaces; quotes and dashes plain."""
    return " ".join((text if text.isascii() else text.translate(_ALIKE)).split())


@functools.lru_cache(maxsize=8192)
def normal(text: str) -> str:
    """`tidy`, and without regard to capitals: two headings are the same if their normal forms are."""
    return tidy(text).casefold()


def close_to(text: str, known: Iterable[str]) -> str | None:
    """The entry of `known` that `text` is most likely meant to be, or None."""
    by_normal = {normal(entry): entry for entry in known}
    near = difflib.get_close_matches(normal(text)[:100], by_normal, n=1, cutoff=_CLOSE)
    return by_normal[near[0]] if near else None


def did_you_mean(text: str, known: Iterable[str]) -> str:
    """`; did you mean X?` for a near miss, else nothing. Never repeats `text` itself."""
    near = close_to(text, known)
    return f"; did you mean {near!r}?" if near else ""
