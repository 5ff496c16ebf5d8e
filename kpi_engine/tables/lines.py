"""The sheets with one line for each measure or milestone, read as the reader reads them; none is a case."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from kpi_engine.measures.conditions import quoted, unknown
from kpi_engine.returns.faults import Faults
from kpi_engine.returns.lines import kinds_of_measures, read_counts, read_milestones
from kpi_engine.returns.spelling import normal
from kpi_engine.rulebook.book import SheetKind
from kpi_engine.tables.typed import NUMBER
from kpi_engine.terms.period import Period
from kpi_engine.terms.returned import CommentaryRow, CountRow, MilestoneRow
from kpi_engine.terms.table import Column, ColumnType, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kpi_engine.measures.session import Session
    from kpi_engine.rulebook.book import ColumnSpec, RuleBook
    from kpi_engine.tables.typed import Held
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.table import Value

_WORDS: Final = frozenset({ColumnType.TEXT})
"""Free text stays where it is: only that there is some, and whether it is the same again, comes back."""


@dataclass(frozen=True, slots=True)
class Lines:
    """What the sheets of one return with a line for each measure say, and what is wrong with them."""

    counts: Mapping[str, CountRow] = field(default_factory=dict)
    milestones: Mapping[str, MilestoneRow] = field(default_factory=dict)
    commentary: Mapping[str, CommentaryRow] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


NO_LINES: Final = Lines()


def read_lines(
    session: Session, table: Held, cells: str, rulebook: RuleBook, name_of: Mapping[tuple[str, Period], str]
) -> Mapping[tuple[str, Period], Lines]:
    """The lines of each return in the view `cells`; `name_of` names the returns that are wanted."""
    columns = [table.spec.columns[name] for name in table.columns]
    listed = ", ".join(part for column in columns for part in _asked(column))
    sql = f"SELECT _authority, _period, {listed} FROM {quoted(cells)}"  # noqa: S608  (names are quoted)
    held: defaultdict[tuple[str, Period], list[tuple[object, ...]]] = defaultdict(list)
    for authority, number, *line in session.ask(sql):
        held[str(authority), Period(int(number or 0))].append(tuple(line))
    return {
        key: _read(_table(table, key[1], columns, held[key], file), table, rulebook)
        for key, file in name_of.items()
        if key in held
    }


def _asked(column: ColumnSpec) -> Iterator[str]:
    name = quoted(column.id)
    match column.type:
        case ColumnType.TEXT:
            yield f"MD5({name})"
        case ColumnType.WHOLE | ColumnType.DECIMAL:
            yield f"CAST({name} AS {NUMBER})"
        case _:
            yield f"CAST({name} AS STRING)"
    yield f"CASE WHEN {unknown(column.id)} THEN 1 ELSE 0 END"


def _table(
    held: Held, month: Period, columns: Sequence[ColumnSpec], lines: list[tuple[object, ...]], file: str
) -> Table:
    """The lines as the reader's table, sorted, for a lake has no order."""
    ordered = sorted(lines, key=lambda line: [str(cell) for cell in line])
    cells = list(zip(*ordered, strict=True))
    return Table(
        held.spec.id,
        month,
        {
            column.id: Column(
                column.id,
                column.type,
                [_value(column, cell) for cell in cells[2 * n]],
                [bool(cell) for cell in cells[2 * n + 1]],
            )
            for n, column in enumerate(columns)
        },
        range(1, len(ordered) + 1),
        file,
        held.spec.sheet,
    )


def _value(column: ColumnSpec, cell: object) -> Value:
    if cell is None:
        return None
    match column.type:
        case ColumnType.DATE:
            return date.fromisoformat(str(cell))
        case ColumnType.WHOLE:
            return int(Decimal(str(cell)))
        case ColumnType.DECIMAL:
            return Decimal(str(cell))
        case ColumnType.YES_NO:
            return str(cell) == "true"
        case _:
            return str(cell)


def _read(table: Table, held: Held, rulebook: RuleBook) -> Lines:
    faults = Faults(table.file, table.sheet)
    match held.spec.kind:
        case SheetKind.COUNTS:
            return Lines(counts=read_counts(table, held.spec, rulebook, faults), findings=faults.listed())
        case SheetKind.MILESTONES:
            rows = read_milestones(table, held.spec, rulebook, faults)
            return Lines(milestones=rows, findings=faults.listed())
        case _:
            return Lines(commentary=_commentary(table, held, rulebook))


def _commentary(table: Table, held: Held, rulebook: RuleBook) -> Mapping[str, CommentaryRow]:
    """Which measures are explained; in place of the words stands what tells them from others."""
    known = {normal(name): name for name in kinds_of_measures(rulebook)}
    key = table.columns.get(held.spec.key[0])
    explained: dict[str, CommentaryRow] = {}
    for index, named in enumerate(key.values if key is not None else ()):
        measure = known.get(normal(named)) if isinstance(named, str) else None
        if measure is None:
            continue
        why, action = (str(_cell(table, index, name) or "") for name in ("why", "action"))
        if why or action:
            explained.setdefault(measure, CommentaryRow(why, action, "", None, "", ""))
    return explained


def _cell(table: Table, index: int, name: str) -> Value:
    column = table.columns.get(name)
    return None if column is None else column.values[index]
