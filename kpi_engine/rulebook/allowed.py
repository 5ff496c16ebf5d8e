"""The values that a field can have at some place of a rule: a set, or a range with holes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kpi_engine.rulebook.pack import Op

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kpi_engine.rulebook.pack import FieldTest, FieldType
    from kpi_engine.terms.fact import Value

_LISTED: Final = 100  # a range this short, or a union this small, is kept value by value
_SHOWN: Final = 8  # values named in a message


@dataclass(frozen=True, slots=True)
class Allowed:
    """The `values`, if they can be listed; else every one but the `excluded`, from `least` to `most`."""

    values: frozenset[Value] | None = None
    excluded: frozenset[Value] = frozenset()
    least: int | None = None
    most: int | None = None

    @property
    def empty(self) -> bool:
        """Whether no value is left."""
        return self.values is not None and not self.values

    def has(self, value: Value) -> bool:
        """Whether the field can be `value`."""
        if self.values is not None:
            return value in self.values
        above = self.least is None or (isinstance(value, int) and value >= self.least)
        below = self.most is None or (isinstance(value, int) and value <= self.most)
        return above and below and value not in self.excluded

    def both(self, other: Allowed) -> Allowed:
        """What both allow."""
        if self.values is not None:
            return Allowed(frozenset(filter(other.has, self.values)))
        if other.values is not None:
            return other.both(self)
        least = max((one for one in (self.least, other.least) if one is not None), default=None)
        most = min((one for one in (self.most, other.most) if one is not None), default=None)
        ranged = Allowed(None, self.excluded | other.excluded, least, most)
        if least is not None and most is not None and most - least < _LISTED:
            return Allowed(frozenset(filter(ranged.has, range(least, most + 1))))
        return ranged

    def meets(self, other: Allowed) -> bool:
        """Whether there is a value that both allow."""
        if self.values is not None:
            return any(map(other.has, self.values))
        return other.meets(self) if other.values is not None else not self.both(other).empty

    def within(self, other: Allowed) -> bool:
        """Whether the other allows all that this does, as far as can be told."""
        if self.values is not None:
            return all(map(other.has, self.values))
        return other.values is None and self.both(other) == self

    def plus(self, number: int) -> Allowed:
        """What is allowed once `number` is added; as it is for 0."""
        if not number:
            return self

        def moved(values: Iterable[Value]) -> frozenset[Value]:
            return frozenset(one + number for one in values if isinstance(one, int))

        return Allowed(
            None if self.values is None else moved(self.values),
            moved(self.excluded),
            None if self.least is None else self.least + number,
            None if self.most is None else self.most + number,
        )

    def said(self) -> str:
        """`fail or pass`, `at least 7`, `not drift`: for a message."""
        if self.values is not None:
            shown = [str(one) if one != "" else '""' for one in sorted(self.values, key=_numbers_first)]
            if len(shown) > _SHOWN:
                return f"one of {len(shown)} values"
            return " or ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]
        parts = [f"at least {self.least}"] if self.least is not None else []
        parts += [f"at most {self.most}"] if self.most is not None else []
        parts += [f"not {one}" for one in sorted(self.excluded, key=_numbers_first)[:_SHOWN]]
        return " and ".join(parts) or "anything"


ANYTHING: Final = Allowed()
NOTHING: Final = Allowed(frozenset())


def of_type(holds: FieldType | None) -> Allowed:
    """What a field of this type can hold."""
    return Allowed(frozenset(holds.values)) if holds is not None and holds.values else ANYTHING


def of_test(test: FieldTest) -> Allowed:
    """What passes the test."""
    values = frozenset(test.values)
    if test.op is Op.IS:
        return Allowed(values)
    if test.op is Op.NOT:
        return Allowed(excluded=values)
    number = int(test.values[0])
    if test.op in (Op.AT_LEAST, Op.MORE_THAN):
        return Allowed(least=number + (test.op is Op.MORE_THAN))
    return Allowed(most=number - (test.op is Op.LESS_THAN))


def either(several: Iterable[Allowed]) -> Allowed:
    """What at least one allows, or more where that cannot be said shortly."""
    values: frozenset[Value] = frozenset()
    for one in several:
        if one.values is None:
            return ANYTHING
        values |= one.values
    return Allowed(values)


def _numbers_first(value: Value) -> tuple[bool, int, str]:
    return (False, value, "") if isinstance(value, int) else (True, 0, value)
