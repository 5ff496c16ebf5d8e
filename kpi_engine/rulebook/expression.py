"""Reads the expressions of rules: Python-looking text into the closed tree of terms/expression.py."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from kpi_engine.rulebook.book import Blank
from kpi_engine.rulebook.nearest import did_you_mean
from kpi_engine.rulebook.operand import Operand, Operands, Sort, reads_column
from kpi_engine.terms.expression import (
    AllOf,
    AnyOf,
    Bound,
    ColumnRef,
    Compare,
    Comparison,
    Condition,
    Day,
    Expression,
    IsBlank,
    IsTrue,
    Literal,
    Not,
    OneOf,
)
from kpi_engine.terms.table import ColumnType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kpi_engine.rulebook.book import ColumnSpec
    from kpi_engine.rulebook.operand import Fault

T = TypeVar("T")

_DATE_TEXT: Final = re.compile(r"\d{4}-\d\d-\d\d|\d\d?/\d\d?/\d{4}", re.ASCII)
_ORDER: Final[Mapping[type[ast.cmpop], Comparison]] = {
    ast.Eq: Comparison.EQUAL,
    ast.NotEq: Comparison.EQUAL,
    ast.Lt: Comparison.LESS,
    ast.LtE: Comparison.AT_MOST,
    ast.Gt: Comparison.MORE,
    ast.GtE: Comparison.AT_LEAST,
}


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """What an expression says (None if it has faults) and the columns it reads."""

    tree: T | None
    faults: tuple[Fault, ...]
    columns: frozenset[str]


def parse_condition(
    text: str,
    columns: Mapping[str, ColumnSpec],
    *,
    window: bool = False,
) -> Parsed[Condition]:
    """The condition that `text` says of a row with `columns`; `window` allows window.start and .end."""
    reading = _Conditions(columns, window=window)
    body = reading.body(text)
    tree = reading.condition(body, 0) if body is not None else None
    return _parsed(tree, reading)


def parse_date(text: str, columns: Mapping[str, ColumnSpec], *, window: bool = False) -> Parsed[Expression]:
    """The date of a row that `text` says; it must read a column."""
    reading = Operands(columns, window=window)
    body = reading.body(text)
    operand = reading.operand(body, 0) if body is not None else None
    tree = None
    if body is not None and operand is not None:
        if operand.sort is not Sort.DATE:
            reading.fault("B124", body, f"a date is wanted; {operand.named} is {operand.sort}.")
        elif not reading.used:
            reading.fault("B124", body, "this date reads no column.")
        tree = operand.tree
    return _parsed(tree, reading)


def _parsed(tree: T | None, reading: Operands) -> Parsed[T]:
    # The middle of a chain is read twice, and its faults found twice.
    faults = tuple(dict.fromkeys(reading.faults))
    return Parsed(None if faults else tree, faults, frozenset(reading.used))


class _Conditions(Operands):
    """One walk over one condition."""

    __slots__ = ()

    def condition(self, node: ast.expr, depth: int) -> Condition | None:
        if self.too_deep(node, depth):
            return None
        match node:
            case ast.BoolOp():
                parts = [self.condition(value, depth + 1) for value in node.values]
                whole = tuple(part for part in parts if part is not None)
                return AllOf(whole) if isinstance(node.op, ast.And) else AnyOf(whole)
            case ast.UnaryOp(op=ast.Not()):
                of = self.condition(node.operand, depth + 1)
                return Not(of) if of is not None else None
            case ast.Compare():
                return self._compared(node, depth)
            case ast.Name():
                return self._bare(node)
        self.fault("B121", node, "a condition is wanted here: a comparison, or a yes/no column.")
        return None

    def _bare(self, node: ast.Name) -> Condition | None:
        operand = self.name(node)
        if operand is None:
            return None
        if operand.sort is Sort.YES_NO and isinstance(operand.tree, ColumnRef):
            return IsTrue(operand.tree)
        hint = f"write {operand.named} is not None, or compare it."
        self.fault("B124", node, f"{operand.named} is {operand.sort}, not yes or no; {hint}")
        return None

    def _compared(self, node: ast.Compare, depth: int) -> Condition | None:
        parts: list[Condition] = []
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            part = self._pair(left, op, right, depth + 1)
            if part is not None:
                parts.append(part)
            left = right
        return AllOf(tuple(parts)) if len(node.ops) > 1 else next(iter(parts), None)

    def _pair(self, left: ast.expr, op: ast.cmpop, right: ast.expr, depth: int) -> Condition | None:
        held = self.operand(left, depth)
        if isinstance(op, ast.Is | ast.IsNot):
            part = self._blank(left, held, right)
        elif isinstance(op, ast.In | ast.NotIn):
            part = self._within(left, held, right, depth)
        else:
            other = self.operand(right, depth)
            part = self._ordered((left, held), _ORDER[type(op)], (right, other))
        if part is not None and isinstance(op, ast.NotEq | ast.NotIn | ast.IsNot):
            return Not(part)
        return part

    def _blank(self, node: ast.expr, held: Operand | None, right: ast.expr) -> Condition | None:
        if not (isinstance(right, ast.Constant) and right.value is None):
            self.fault("B121", right, "only None can follow is; write == to compare.")
            return None
        if held is None:
            return None
        if not reads_column(held.tree):
            self.fault("B124", node, f"{held.named} is not a column: it is never blank.")
            return None
        if held.spec is not None and held.spec.blank in (Blank.UNKNOWN, Blank.NO):
            means = "unknown" if held.spec.blank is Blank.UNKNOWN else "no"
            self.fault("B124", node, f"a blank {held.named} means {means}, so it is never None.")
            return None
        return IsBlank(held.tree)

    def _within(
        self,
        node: ast.expr,
        held: Operand | None,
        right: ast.expr,
        depth: int,
    ) -> Condition | None:
        if isinstance(right, ast.Name) and right.id in ("period", "window"):
            first, last = Bound(f"{right.id}.start"), Bound(f"{right.id}.end")
            if not self.may_name(right, right.id) or held is None:
                return None
            if held.sort is not Sort.DATE or not reads_column(held.tree):
                self.fault("B124", node, f"{held.named} is not a date of the row, so it is in no {right.id}.")
                return None
            return AllOf(
                (
                    Compare(Comparison.AT_LEAST, held.tree, Day(first)),
                    Compare(Comparison.AT_MOST, held.tree, Day(last)),
                )
            )
        if not isinstance(right, ast.Tuple | ast.List) or not right.elts:
            self.fault("B121", right, 'a list is wanted here, such as ("a", "b"), or period or window.')
            return None
        options: list[Literal] = []
        for element in right.elts:
            option = self.operand(element, depth)
            if option is None or held is None:
                continue
            if not isinstance(option.tree, Literal):
                self.fault("B121", element, "a list holds constants only.")
                continue
            fitted = self._fit((node, held), (element, option))
            if fitted is not None and isinstance(fitted[1], Literal):
                options.append(fitted[1])
        return OneOf(held.tree, tuple(options)) if held is not None else None

    def _ordered(
        self,
        left: tuple[ast.expr, Operand | None],
        how: Comparison,
        right: tuple[ast.expr, Operand | None],
    ) -> Condition | None:
        (left_node, a), (right_node, b) = left, right
        if a is None or b is None:
            return None
        if how is not Comparison.EQUAL and not {a.sort, b.sort} & {Sort.DATE, Sort.NUMBER}:
            self.fault("B124", left_node, f"{a.named} is {a.sort}: only dates and numbers have an order.")
            return None
        fitted = self._fit((left_node, a), (right_node, b))
        return Compare(how, *fitted) if fitted is not None else None

    def _fit(
        self,
        left: tuple[ast.expr, Operand],
        right: tuple[ast.expr, Operand],
    ) -> tuple[Expression, Expression] | None:
        """Both sides, if they can be compared: same sort, a column in one, values that it can hold."""
        (left_node, a), (right_node, b) = left, right
        if not reads_column(a.tree) and not reads_column(b.tree):
            self.fault("B124", left_node, "this compares no column.")
            return None
        yes_no = {a.sort, b.sort} == {Sort.YES_NO, Sort.TEXT}
        if yes_no and isinstance(b.tree, Literal) and b.tree.value in ("yes", "no"):
            return a.tree, Literal(b.tree.value == "yes")
        if yes_no and isinstance(a.tree, Literal) and a.tree.value in ("yes", "no"):
            return Literal(a.tree.value == "yes"), b.tree
        if a.sort is not b.sort:
            self.fault("B124", right_node, f"{a.named} is {a.sort}, {b.named} is {b.sort}{_hint(a, b)}")
            return None
        fits = self._listed(right_node, a, b) and self._listed(left_node, b, a)
        return (a.tree, b.tree) if fits else None

    def _listed(self, node: ast.expr, column: Operand, other: Operand) -> bool:
        spec = column.spec
        if spec is None or spec.type is not ColumnType.CHOICE:
            return True
        if isinstance(other.tree, Literal):
            value = str(other.tree.value)
            if value not in spec.values:
                hint = _value_hint(value, spec)
                self.fault("B123", node, f"{column.named} is never {other.named}{hint}")
                return False
        elif other.spec is not None and other.spec.values and not set(spec.values) & set(other.spec.values):
            self.fault("B123", node, f"{column.named} and {other.named} have no value in common.")
            return False
        return True


def _hint(a: Operand, b: Operand) -> str:
    literal = next((x.tree.value for x in (a, b) if isinstance(x.tree, Literal)), None)
    if Sort.DATE in (a.sort, b.sort) and isinstance(literal, str) and _DATE_TEXT.fullmatch(literal):
        return "; write a date as date(2023, 12, 31)."
    if Sort.YES_NO in (a.sort, b.sort) and isinstance(literal, str):
        return '; write "yes" or "no".'
    return "."


def _value_hint(value: str, spec: ColumnSpec) -> str:
    meant = spec.choices.get(value.casefold())
    return f'; write "{meant}".' if meant is not None else did_you_mean(value, spec.values)
