"""The nearest known word to one that is not known."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 100  # difflib takes quadratic time


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` most likely stands for; None if none is near."""
    folded: dict[str, str] = {}
    for one in known:
        folded.setdefault(one.casefold(), one)
    matches = get_close_matches(word[:_LONGEST].casefold(), folded, n=1, cutoff=0.7)
    return folded[matches[0]] if matches else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean at_least?`, or a full stop if nothing is near."""
    match = nearest(word, known)
    return f"; did you mean {match}?" if match is not None else "."
