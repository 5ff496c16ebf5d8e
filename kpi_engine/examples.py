"""The examples written in each rule, run through the same reader, engine and judge as a return."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from kpi_engine.measures.embedded import EmbeddedEngine
from kpi_engine.measures.evidence import cases
from kpi_engine.measures.measure import measure
from kpi_engine.measures.plan import dated
from kpi_engine.returns.scanner.cells import Cell, CellKind, is_number
from kpi_engine.returns.typed import expect, typed
from kpi_engine.rulebook.book import Baseline, Kind
from kpi_engine.terms.measurement import Measurement, Parts, Reason
from kpi_engine.terms.returned import MonthReturn, Problem, Validated
from kpi_engine.terms.table import Column, ColumnType, Table
from kpi_engine.verdicts.judge import verdict_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kpi_engine.measures.plan import Engine
    from kpi_engine.rulebook.book import ColumnSpec, Example, Indicator, Measure, RuleBook, SheetSpec


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one example went; `faults` is empty where the rule does what it says."""

    indicator: Indicator
    example: Example
    faults: tuple[str, ...]


def run_examples(rulebook: RuleBook) -> Iterator[Outcome]:
    """Every example of every rule, in order."""
    with EmbeddedEngine() as engine:
        for indicator in rulebook.indicators.values():
            for example in indicator.examples:
                yield run_example(engine, rulebook, indicator, example)


def run_example(engine: Engine, rulebook: RuleBook, indicator: Indicator, example: Example) -> Outcome:
    """One example."""
    bench = _Bench(engine, rulebook, indicator, example)
    faults = [*bench.row_faults(), *bench.verdict_faults()]
    return Outcome(indicator, example, tuple(faults))


@dataclass(frozen=True, slots=True)
class _Bench:
    """One example with what is needed to try it."""

    engine: Engine
    rulebook: RuleBook
    indicator: Indicator
    example: Example

    @property
    def _measure(self) -> Measure:
        every = (self.indicator.measure, *self.indicator.beside)
        return next(m for m in every if self.example.of in (None, m.id))

    @property
    def _sheet(self) -> SheetSpec:
        return self.rulebook.contract.sheets[self._measure.table]

    @property
    def _table(self) -> Table:
        rows = [row.cells for row in self.example.rows]
        columns = {
            name: _column(spec, [cells.get(name) for cells in rows], self.rulebook.contract.not_known)
            for name, spec in self._sheet.columns.items()
        }
        month = self.example.period.last_month
        return Table(
            self._sheet.id, month, columns, range(1, len(rows) + 1), "", self._sheet.sheet, self.example.nil
        )

    def row_faults(self) -> Iterator[str]:
        """What the measure makes of a row, where that is not what the example says."""
        if not self.example.rows:
            return
        asked = dated(self._measure, self._sheet, self.example.period.last_month, whole=True)
        for row, found in zip(self.example.rows, cases(self.engine, self._table, asked), strict=True):
            if found.outcome != row.outcome:
                yield f"row {found.row} is {found.outcome}, not {row.outcome}"
        made, wanted = self._measured(), self.example.makes
        if wanted is not None and not made.low == made.high == wanted:
            yield f"the rows make {_said(made)}, not {_parts(wanted)}"

    def verdict_faults(self) -> Iterator[str]:
        """The status and reason, where they are not those expected."""
        example = self.example
        if example.expect is None:
            return
        verdict = verdict_on(
            self.indicator,
            self._measured() if example.rows or example.empty or example.nil else self._given(),
            plan_start=self.rulebook.plan.start,
            baseline=self._baseline(),
        )
        if verdict.status != example.expect:
            yield f"is {verdict.status}{_because(verdict.reason)}, not {example.expect}"
        elif example.reason is not None and verdict.reason != example.reason:
            yield f"is {verdict.status}{_because(verdict.reason)}, not because {example.reason}"

    def _measured(self) -> Measurement:
        month = self.example.period.last_month
        nothing: dict[str, Problem] = {}
        returned = MonthReturn(
            period=month,
            authority=None,
            validated=Validated.YES,
            no_case_list=frozenset(),
            tables={self._sheet.id: self._table},
            problems=nothing,
            counts={},
            milestones={},
            commentary={},
            absent=Problem(Reason.SHEET_MISSING, ""),
            files=("example",),
        )
        asked = dated(self._measure, self._sheet, month, whole=True)
        nil_label = self.rulebook.contract.nil_label
        (found,) = measure(self.engine, returned, [asked], nil_label=nil_label)
        return replace(found, period=self.example.period)

    def _given(self) -> Measurement:
        example, period = self.example, self.example.period
        parts = Parts(example.numerator, example.denominator) if example.numerator is not None else None
        stated = self.indicator.measure.kind is Kind.STATED
        return Measurement(
            self.indicator.measure.id,
            period,
            low=parts,
            high=parts,
            months=(period.last_month,),
            stated_target=example.target,
            reason=Reason.NO_VALUE if stated and parts is None else None,
        )

    def _baseline(self) -> Baseline | None:
        if self.example.baseline is None:
            return None
        month = self.example.period.last_month
        return Baseline("", "", month, month, self.example.baseline, None, "")


def _column(spec: ColumnSpec, texts: list[str | None], not_known: frozenset[str]) -> Column:
    expected = expect(spec, not_known, date_1904=False, last_day=None)
    cells = [typed(None if text is None else _cell(spec, text), expected) for text in texts]
    return Column(spec.id, spec.type, [c.value for c in cells], [c.unknown for c in cells])


def _cell(spec: ColumnSpec, text: str) -> Cell:
    """The cell a filler would make: days are written `2024-03-31` in rules and 31/03/2024 in returns."""
    kind = CellKind.TEXT
    if spec.type in (ColumnType.WHOLE, ColumnType.DECIMAL) and is_number(text):
        kind = CellKind.NUMBER
    if spec.type is ColumnType.DATE:
        with contextlib.suppress(ValueError):
            text = f"{date.fromisoformat(text):%d/%m/%Y}"
    return Cell(1, 1, kind, text, formula=False, is_date=False)


def _parts(parts: Parts | None) -> str:
    if parts is None:
        return "nothing"
    return str(parts.numerator) if parts.denominator is None else f"{parts.numerator} of {parts.denominator}"


def _said(made: Measurement) -> str:
    if made.reason is not None:
        return f"no figure ({made.reason})"
    return _parts(made.low) if made.low == made.high else f"{_parts(made.low)} to {_parts(made.high)}"


def _because(reason: Reason | None) -> str:
    return "" if reason is None else f" ({reason})"
