"""Pieces of a SELECT that stand once, however many measures ask for them: named texts, and bits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_T = TypeVar("_T")

LACKING = "the rule or the sheet leaves out what the measure's kind needs"
_WORD = 60  # bits held in one whole number of 64


@dataclass(slots=True)
class Named:
    """Columns of a layer: each text of SQL has one name."""

    prefix: str
    texts: dict[str, str] = field(default_factory=dict)

    def of(self, text: str) -> str:
        """The name of a text."""
        return self.texts.setdefault(text, f"{self.prefix}_{len(self.texts)}")

    def listed(self) -> Iterator[str]:
        """The columns as a SELECT lists them."""
        return (f"{text} AS {name}" for text, name in self.texts.items())


@dataclass(slots=True)
class Bits:
    """Conditions of a row, each a bit of the whole numbers `_bits_0`, `_bits_1`, ..."""

    texts: dict[str, int] = field(default_factory=dict)

    def of(self, text: str) -> int:
        """The place of a condition."""
        return self.texts.setdefault(text, len(self.texts))

    def names(self) -> list[str]:
        """The columns that hold them."""
        return [f"_bits_{word}" for word in range(-(-len(self.texts) // _WORD))]

    def listed(self) -> Iterator[str]:
        """The columns as a SELECT lists them."""
        texts = list(self.texts)
        for word, name in enumerate(self.names()):
            own = texts[word * _WORD : (word + 1) * _WORD]
            set_bits = (f"CASE WHEN {text} THEN {1 << place} ELSE 0 END" for place, text in enumerate(own))
            yield f"CAST({' + '.join(set_bits)} AS BIGINT) AS {name}"


def where(on: Iterable[int | None] = (), off: Iterable[int | None] = ()) -> str:
    """SQL that is true of a unit with the bits `on` and without the bits `off`."""
    with_bits, without = ({given(bit) for bit in bits} for bits in (on, off))
    if with_bits & without:  # one condition in two parts of a rule
        return "FALSE"
    tests = []
    for word in sorted({bit // _WORD for bit in with_bits | without}):
        wanted, unwanted = (
            sum(1 << bit % _WORD for bit in bits if bit // _WORD == word) for bits in (with_bits, without)
        )
        tests.append(f"(_bits_{word} & {wanted | unwanted}) = {wanted}")
    return " AND ".join(tests)


def given(value: _T | None) -> _T:
    """What a rule must give; ValueError where it does not."""
    if value is None:
        raise ValueError(LACKING)
    return value
