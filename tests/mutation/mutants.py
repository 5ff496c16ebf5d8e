"""Every rule broken once in every place: operator, figure, date, column, constant, window."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from kpi_engine.rulebook.book import Kind, Operator, Unit, Window
from kpi_engine.terms.expression import (
    AllOf,
    AnyOf,
    Choose,
    ColumnRef,
    Compare,
    Comparison,
    IsBlank,
    IsTrue,
    Literal,
    Not,
    OneOf,
    Shift,
)
from kpi_engine.terms.table import ColumnType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kpi_engine.rulebook.book import Indicator, Measure, SheetSpec, Target

Mutant = tuple[str, "Indicator"]
_OTHER_COMPARISONS = {
    Comparison.EQUAL: (),
    Comparison.LESS: (Comparison.AT_MOST, Comparison.AT_LEAST),
    Comparison.AT_MOST: (Comparison.LESS, Comparison.MORE),
    Comparison.MORE: (Comparison.AT_LEAST, Comparison.AT_MOST),
    Comparison.AT_LEAST: (Comparison.MORE, Comparison.LESS),
}


def mutants(indicator: Indicator, sheets: dict[str, SheetSpec]) -> Iterator[Mutant]:
    """Each way of breaking `indicator` in one place, with what was broken."""
    for what, measure in _measures(indicator.measure, sheets):
        yield f"measure: {what}", replace(indicator, measure=measure)
    for n, side in enumerate(indicator.beside):
        for what, measure in _measures(side, sheets):
            beside = (*indicator.beside[:n], measure, *indicator.beside[n + 1 :])
            yield f"{side.id}: {what}", replace(indicator, beside=beside)
    for n, target in enumerate(indicator.targets):
        for what, broken in _targets(target, indicator.measure.unit):
            targets = (*indicator.targets[:n], broken, *indicator.targets[n + 1 :])
            yield f"target: {what}", replace(indicator, targets=targets)
    measure = indicator.measure
    if measure.kind is Kind.CHANGE and measure.id != "pf-children-increase":
        # More than no change is the same in per cent and in number.
        other = Unit.NUMBER if measure.change_as is Unit.PERCENT else Unit.PERCENT
        changed = replace(measure, change_as=other)
        yield f"target: change_as became {other}", replace(indicator, measure=changed)


def _targets(target: Target, unit: Unit) -> Iterator[tuple[str, Target]]:
    for op in Operator:
        if op is not target.op:
            yield f"{target.op} became {op}", replace(target, op=op)
    if target.value is not None:
        step = Fraction(1, 1000) if unit is Unit.PERCENT else Fraction(1)
        for value in (target.value - step, target.value + step):
            yield f"{target.value} became {value}", replace(target, value=value)
    if target.by is not None:
        for by in (target.by - timedelta(days=31), target.by + timedelta(days=31), None):
            yield f"{target.by} became {by}", replace(target, by=by)


def _measures(measure: Measure, sheets: dict[str, SheetSpec]) -> Iterator[tuple[str, Measure]]:
    sheet = sheets[measure.table]
    for name in ("where", "left_out", "numerator", "since"):
        tree = getattr(measure, name)
        if tree is not None:
            for what, broken in _trees(tree, sheet):
                yield f"{name}: {what}", replace(measure, **{name: broken})
    if measure.left_out is not None:
        yield "left_out dropped", replace(measure, left_out=None)
    if measure.weight is not None:
        yield "weight dropped", replace(measure, weight=None)
    if measure.kind is Kind.SUMS:
        above, below = measure.numerator_sum, measure.denominator_sum
        yield "sums swapped", replace(measure, numerator_sum=below, denominator_sum=above)
    yield from _windows(measure)


def _windows(measure: Measure) -> Iterator[tuple[str, Measure]]:
    if measure.window_from_table:
        for window in Window:
            if window is not measure.window:
                yield f"{measure.window} became {window}", replace(measure, window=window)


# ── Trees ────────────────────────────────────────────────────────────────────


def _trees(node: Any, sheet: SheetSpec) -> Iterator[tuple[str, Any]]:  # noqa: ANN401  (any node of the tree)
    """Each way of breaking one node of the tree."""
    yield from _broken(node, sheet)
    if not is_dataclass(node):
        return
    for field in fields(node):
        held = getattr(node, field.name)
        if isinstance(held, tuple):
            for n, part in enumerate(held):
                for what, broken in _trees(part, sheet):
                    yield what, replace(node, **{field.name: (*held[:n], broken, *held[n + 1 :])})  # type: ignore[type-var]
        elif is_dataclass(held):
            for what, broken in _trees(held, sheet):
                yield what, replace(node, **{field.name: broken})  # type: ignore[type-var]


def _broken(node: Any, sheet: SheetSpec) -> Iterator[tuple[str, Any]]:  # noqa: ANN401, C901, PLR0912
    match node:
        case Compare():
            for how in _OTHER_COMPARISONS[node.how]:
                yield f"{node.how} became {how}", replace(node, how=how)
            if isinstance(node.left, ColumnRef) and isinstance(node.right, Literal):
                for value in _other_values(node.left, node.right, sheet):
                    yield f"{node.right.value} became {value.value}", replace(node, right=value)
        case OneOf():
            for n, option in enumerate(node.options):
                if len(node.options) > 1:
                    fewer = (*node.options[:n], *node.options[n + 1 :])
                    yield f"{option.value} dropped", replace(node, options=fewer)
            if isinstance(node.value, ColumnRef):
                for value in _unlisted(node, sheet):
                    yield f"{value.value} added", replace(node, options=(*node.options, value))
        case AllOf(parts=parts) if parts:
            for n in range(len(parts)):
                yield f"part {n + 1} of and dropped", AllOf((*parts[:n], *parts[n + 1 :]))
            if len(parts) > 1:
                yield "and became or", AnyOf(parts)
        case AnyOf(parts=parts) if len(parts) > 1:
            for n in range(len(parts)):
                yield f"part {n + 1} of or dropped", AnyOf((*parts[:n], *parts[n + 1 :]))
        case Shift():
            for by in (-1, 1):
                if node.months:
                    yield (
                        f"{node.months} months became {node.months + by}",
                        replace(node, months=node.months + by),
                    )
                if node.days:
                    yield f"{node.days} days became {node.days + by}", replace(node, days=node.days + by)
        case Choose():
            yield "earliest and latest swapped", replace(node, latest=not node.latest)
        case ColumnRef():
            for name in _other_columns(node, sheet):
                yield f"{node.name} became {name}", replace(node, name=name)
        case _:
            pass
    if isinstance(node, Compare | OneOf | IsBlank | IsTrue):
        yield "negated", Not(node)


def _other_columns(column: ColumnRef, sheet: SheetSpec) -> list[str]:
    return [spec.id for spec in sheet.columns.values() if spec.type is column.type and spec.id != column.name]


def _other_values(column: ColumnRef, held: Literal, sheet: SheetSpec) -> list[Literal]:
    spec = sheet.columns[column.name]
    if column.type is ColumnType.CHOICE:
        return [Literal(value) for value in spec.values if value != held.value]
    if isinstance(held.value, bool | str):
        return []
    if isinstance(held.value, date):
        return [Literal(held.value + timedelta(days=by)) for by in (-1, 1)]
    return [Literal(Decimal(held.value) + by) for by in (-1, 1)]


def _unlisted(node: OneOf, sheet: SheetSpec) -> list[Literal]:
    held = {option.value for option in node.options}
    assert isinstance(node.value, ColumnRef)
    return [Literal(value) for value in sheet.columns[node.value.name].values if value not in held]
