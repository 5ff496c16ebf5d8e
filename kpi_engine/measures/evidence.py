"""The rows behind a figure: what a measure makes of each, and the cells that decided it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kpi_engine.measures.plan import (
    Atom,
    Dated,
    Outcome,
    ReturnKey,
    dated,
    measures_of,
    needs,
    population,
    set_aside,
)
from kpi_engine.measures.sql import rows_of
from kpi_engine.terms.expression import AllOf, AnyOf, Not, columns_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kpi_engine.measures.plan import Engine
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.expression import Condition
    from kpi_engine.terms.returned import MonthReturn
    from kpi_engine.terms.table import Table

# The marks of sql.py.
_CERTAIN, _CANNOT_SAY, _CERTAIN_NOT = 2, 1, 0


@dataclass(frozen=True, slots=True)
class CaseEvidence:
    """One row of the sheet: its number, its outcome, and addresses of cells, never their values.

    `decided_by` are the cells that gave the outcome; `unknown` those that left it
    in doubt. A row in doubt without an unknown cell has a repeat that differs:
    `decided_by` is then its key.
    """

    row: int
    outcome: Outcome
    decided_by: tuple[str, ...]
    unknown: tuple[str, ...]


def evidence(
    engine: Engine, month: MonthReturn, rulebook: RuleBook, measure_id: str, *, whole: bool = True
) -> tuple[CaseEvidence, ...]:
    """Every row of the measure's table in the sheet's order; none without a usable table.

    `whole`: over all its window, where the table gives it (the judged record);
    else the month's own. KeyError for an id that the rulebook does not have.
    """
    measure = measures_of(rulebook)[measure_id]
    table = month.tables.get(measure.table)
    asked = dated(measure, rulebook.contract.sheets[measure.table], month.period, whole=whole)
    if table is None or not set(needs(asked)) <= set(table.columns):
        return ()
    return cases(engine, table, asked)


def cases(engine: Engine, table: Table, asked: Dated) -> tuple[CaseEvidence, ...]:
    """Every row of `table` in order; raises what the engine raises."""
    counted = asked.measure.numerator
    atoms = _atoms(AllOf((population(asked), set_aside(asked), *((counted,) if counted else ()))))
    found = []
    of = ReturnKey("", asked.month)
    for row in engine.run({of: table}, rows_of(asked, atoms))[of]:
        index, pop, num, left_out, unclear, *marks = (int(number or 0) for number in row)
        outcome = _outcome(pop, num, left_out=left_out == 1, unclear=unclear == 1)
        names = _deciding(asked, outcome, dict(zip(atoms, marks, strict=True)))
        unknown = {c for c in names if table.columns[c].unknown[index]}
        if outcome is Outcome.IN_DOUBT:
            names = unknown or set(asked.sheet.key)
        found.append(
            CaseEvidence(
                table.rows[index],
                outcome,
                decided_by=_addresses(table, index, names - unknown),
                unknown=_addresses(table, index, unknown) if outcome is Outcome.IN_DOUBT else (),
            )
        )
    return tuple(found)


def _outcome(pop: int, num: int, *, left_out: bool, unclear: bool) -> Outcome:
    if pop == _CERTAIN_NOT:
        return Outcome.LEFT_OUT if left_out else Outcome.OUTSIDE
    if unclear:
        return Outcome.IN_DOUBT
    return Outcome.COUNTED if num == _CERTAIN else Outcome.NOT_COUNTED


def _deciding(asked: Dated, outcome: Outcome, marks: Mapping[Atom, int]) -> set[str]:
    """The columns that gave a row its outcome; for one in doubt, all that may have left it so."""
    measure = asked.measure
    match outcome:
        case Outcome.OUTSIDE:
            return _decisive(population(asked), marks)[1]
        case Outcome.LEFT_OUT:
            return _decisive(set_aside(asked), marks)[1]
        case Outcome.COUNTED | Outcome.NOT_COUNTED:
            return _decisive(measure.numerator or population(asked), marks)[1]
        case Outcome.IN_DOUBT:
            amounts = {measure.weight, measure.numerator_sum, measure.denominator_sum, measure.value} - {None}
            since = columns_of(measure.since) if measure.since else frozenset()
            conditions = (population(asked), *([measure.numerator] if measure.numerator else []))
            unsure = set().union(
                *(_decisive(c, marks)[1] for c in conditions if _decisive(c, marks)[0] == _CANNOT_SAY)
            )
            return unsure | set(asked.sheet.key) | {a for a in amounts if a} | since


def _decisive(condition: Condition, marks: Mapping[Atom, int]) -> tuple[int, set[str]]:
    """A condition's mark, and the columns of the parts that alone gave it."""
    match condition:
        case Not(of):
            held, names = _decisive(of, marks)
            return _CERTAIN - held, names
        case AllOf(parts) | AnyOf(parts):
            judged = [_decisive(part, marks) for part in parts]
            all_of = isinstance(condition, AllOf)
            held = (
                min((m for m, _ in judged), default=_CERTAIN)
                if all_of
                else max((m for m, _ in judged), default=_CERTAIN_NOT)
            )
            return held, set().union(*(names for m, names in judged if m == held))
        case _:
            return marks[condition], set(columns_of(condition))


def _atoms(condition: Condition) -> tuple[Atom, ...]:
    match condition:
        case Not(of):
            return _atoms(of)
        case AllOf(parts) | AnyOf(parts):
            return tuple(dict.fromkeys(atom for part in parts for atom in _atoms(part)))
        case _:
            return (condition,)


def _addresses(table: Table, index: int, names: Iterable[str]) -> tuple[str, ...]:
    """Cells in the order of the table's columns."""
    wanted = frozenset(names)
    return tuple(table.address(index, c) for c in table.columns if c in wanted)
