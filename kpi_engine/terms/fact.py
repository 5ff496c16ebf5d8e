"""Facts: flat statements that escalation rules match and derive, and why each one holds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Value: TypeAlias = "int | str"
"""A whole number or a short text: the only values that every engine holds alike."""


@dataclass(frozen=True, slots=True, order=True)
class Fact:
    """One statement: its type and every field of the type, by name. Made by `fact`.

    `id` follows from the type and the fields, so the same statement has the same id everywhere.
    """

    type: str
    fields: tuple[tuple[str, Value], ...]
    id: str

    def __getitem__(self, field: str) -> Value:
        """The value of a field; KeyError where the type has none of that name."""
        for name, value in self.fields:
            if name == field:
                return value
        raise KeyError(field)


def fact(kind: str, fields: Mapping[str, Value]) -> Fact:
    """The fact of type `kind` with `fields`, in whatever order they are given."""
    ordered = tuple(sorted(fields.items()))
    return _made(kind, ordered, tuple([type(value) for _, value in ordered]))


@lru_cache(maxsize=2**14)  # the period before is told again, and rules come to one fact in many ways
def _made(kind: str, ordered: tuple[tuple[str, Value], ...], _types: tuple[type, ...]) -> Fact:
    """The same; values of other types that are equal, as 1 and True are, are other facts."""
    said = repr((kind, ordered)).encode()
    return Fact(kind, ordered, f"{kind}-{hashlib.blake2b(said, digest_size=8).hexdigest()}")


@dataclass(frozen=True, slots=True, order=True)
class Why:
    """One way in which a fact was derived: the rule, and the facts that its `when` matched, in order.

    All are ids. What the rule's `unless` looked for was not there.
    """

    fact: str
    rule: str
    premises: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Derived:
    """Everything that rules make of facts: the facts derived and every way to each, both sorted."""

    facts: tuple[Fact, ...]
    whys: tuple[Why, ...]
