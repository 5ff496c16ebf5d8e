"""How a figure is shown: rounded from its exact value, and never against its verdict."""

from __future__ import annotations

from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING

from kpi_engine.rulebook.book import Operator, Unit

if TYPE_CHECKING:
    from kpi_engine.terms.verdict import TargetInForce

OP_WORDS = MappingProxyType(
    {Operator.AT_LEAST: "at least", Operator.AT_MOST: "at most", Operator.MORE_THAN: "more than"}
)
OP_SIGNS = MappingProxyType({Operator.AT_LEAST: "≥", Operator.AT_MOST: "≤", Operator.MORE_THAN: ">"})


def exact(value: Fraction, unit: Unit = Unit.NUMBER) -> str:
    """`value` in its unit, without its sign: `85`, `18.3`, or `100/3` where no decimal is exact.

    A share (unit percent) is a fraction of 1 and comes out per hundred.
    """
    amount = value * _scale(unit)
    places = _places(amount.denominator)
    return str(amount) if places is None else _decimal(amount, places)


def shown(
    value: Fraction, unit: Unit, target: TargetInForce | None = None, *, signed: bool = False, places: int = 1
) -> str:
    """`value` as people read it: `85%`, `+40%`, `12`, `683 days`.

    Rounded half away from zero to `places` decimals, then given more until the
    text meets `target` exactly if the value does, and is 0 (or 100%) only if the value is.
    """
    return _dressed(number_shown(value, unit, target, signed=signed, places=places), unit, signed=signed)


def number_shown(
    value: Fraction, unit: Unit, target: TargetInForce | None = None, *, signed: bool = False, places: int = 1
) -> str:
    """What `shown` shows, the bare number: `85`, `-3`."""
    amount = value * _scale(unit)
    if target is not None and value == target.value:
        return exact(value, unit)
    while not _true_to(amount, _rounded(amount, places), unit, target, signed=signed):
        places += 1
    return _decimal(_rounded(amount, places), places)


def target_shown(target: TargetInForce, unit: Unit, *, signed: bool = False, words: bool = True) -> str:
    """The target exactly: `at least 85%`, or `≥ 85%` where room is short."""
    op = Operator(target.op)
    if unit is Unit.PERCENT and not signed and op is Operator.AT_LEAST and target.value == 1:
        return "100%"  # at least all is all
    figure = _dressed(exact(target.value, unit), unit, signed=signed)
    return f"{(OP_WORDS if words else OP_SIGNS)[op]} {figure}"


def gap_shown(gap: Fraction, unit: Unit, target: TargetInForce) -> str:
    """How far the figure is from its target: `3.2 points below`, `2 short`, `257 days over`."""
    at_most = target.op == Operator.AT_MOST
    if gap == 0:
        return "level; more is needed" if target.op == Operator.MORE_THAN else "exactly on target"
    size = shown(abs(gap), Unit.DAYS if unit is Unit.DAYS else Unit.NUMBER)
    if unit is Unit.PERCENT:
        points = shown(abs(gap) * 100, Unit.NUMBER)
        return f"{points} {'point' if points == '1' else 'points'} {'below' if gap < 0 else 'above'}"
    if unit is Unit.RATE:
        return f"{size} {'below' if gap < 0 else 'above'}"
    if gap > 0:
        return f"{size} over"
    return f"{size} {'under' if at_most else 'short'}"


def parts_shown(numerator: Fraction, denominator: Fraction) -> str:
    """The exact parts of a share: `17 of 20`, `16.8 of 20.5`."""
    return f"{exact(numerator)} of {exact(denominator)}"


def _scale(unit: Unit) -> int:
    return 100 if unit is Unit.PERCENT else 1


def _rounded(amount: Fraction, places: int) -> Fraction:
    size = abs(amount) * 10**places
    whole = (2 * size.numerator + size.denominator) // (2 * size.denominator)
    return Fraction(whole if amount > 0 else -whole, 10**places)


def _true_to(
    amount: Fraction, rounded: Fraction, unit: Unit, target: TargetInForce | None, *, signed: bool
) -> bool:
    landmarks = [0] if unit is not Unit.PERCENT else [0, -100 if signed else 100]
    if any(_side(amount, mark) != _side(rounded, mark) for mark in landmarks):
        return False
    if target is None:
        return True
    limit = target.value * _scale(unit)
    return _meets(amount, limit, target.op) == _meets(rounded, limit, target.op)


def _meets(amount: Fraction, limit: Fraction, op: str) -> bool:
    if op == Operator.AT_LEAST:
        return amount >= limit
    return amount > limit if op == Operator.MORE_THAN else amount <= limit


def _side(amount: Fraction, mark: int) -> int:
    return (amount > mark) - (amount < mark)


def _places(denominator: int) -> int | None:
    counts = []
    for factor in (2, 5):
        count = 0
        while denominator % factor == 0:
            denominator //= factor
            count += 1
        counts.append(count)
    return max(counts) if denominator == 1 else None


def _decimal(amount: Fraction, places: int) -> str:
    digits = str(int(abs(amount) * 10**places)).rjust(places + 1, "0")
    whole, part = digits[: len(digits) - places], digits[len(digits) - places :].rstrip("0")
    return ("-" if amount < 0 else "") + whole + (f".{part}" if part else "")


def _dressed(number: str, unit: Unit, *, signed: bool) -> str:
    if signed and number != "0" and not number.startswith("-"):
        number = f"+{number}"
    if unit is Unit.DAYS:
        return f"{number} {'day' if number.lstrip('+-') == '1' else 'days'}"
    return f"{number}%" if unit is Unit.PERCENT else number
