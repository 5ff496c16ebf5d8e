"""A lake: the tables of many councils' returns in one place, found by the ids of the contract's sheets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kpi_engine.errors import KpiError
from kpi_engine.returns.personal import is_personal_heading
from kpi_engine.rulebook.book import SheetKind
from kpi_engine.tables.typed import Held
from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kpi_engine.measures.session import Session
    from kpi_engine.rulebook.book import Contract, SheetSpec
    from kpi_engine.terms.finding import Finding

REGISTER: Final = "returns"
AUTHORITY, PERIOD = "authority", "period"
REGISTER_COLUMNS: Final = (AUTHORITY, PERIOD, "sheet", "rows", "nil", "validated")
NO_CASE_LIST: Final = "no_case_list"
"""A column that the register may have: yes where the cover says that there is no case list."""
UNKNOWN: Final = "__unknown"
"""How the column is called that says which cells of another are known to be unknown."""
_FORMS: Final = (".parquet", "", ".csv")


@dataclass(frozen=True, slots=True)
class Lake:
    """Its tables, by sheet id, and the register: the session's name of it and of its columns.

    `findings` tell what the tables lack or have too much.
    """

    register: str
    register_columns: Mapping[str, str]
    tables: Mapping[str, Held]
    findings: tuple[Finding, ...]


def open_lake(session: Session, place: str, contract: Contract) -> Lake:
    """Every table of the contract in `place`, a folder or any address that the session reads.

    Raises KpiError with all faults at once: no table at all, no register, a table that cannot be read,
    that stands twice, that lacks `authority` or `period`, or that has a column of personal details.
    """
    opening = _Opening(session, place.rstrip("/"))
    register = opening.find(REGISTER, REGISTER)
    unread = bool(opening.faults)
    found = {spec.id: (spec, opening.find(spec.id, spec.sheet)) for spec in contract.sheets.values()}
    tables = [opening.held(spec, *one) for spec, one in found.values() if one is not None]
    if register is not None:
        opening.want(REGISTER, _by_id(register[1]), REGISTER_COLUMNS)
    elif tables and not unread:
        opening.faults.append(finding("T105", register=", ".join(REGISTER_COLUMNS)))
    elif not opening.faults:
        opening.faults.append(finding("T101", lake=place))
    if opening.faults or register is None:
        raise KpiError(opening.faults)
    held = {one.spec.id: one for one in tables if one is not None}
    return Lake(register[0], _by_id(register[1]), held, tuple(opening.findings))


class _Opening:
    """Tables on their way; every fault is kept, so that all are told at once."""

    def __init__(self, session: Session, place: str) -> None:
        self.session, self.place = session, place
        self.faults: list[Finding] = []
        self.findings: list[Finding] = []

    def find(self, name: str, meant: str) -> tuple[str, Sequence[str]] | None:
        """The name that the session knows a table by, and its columns; None if there is none."""
        known: dict[str, tuple[str, Sequence[str]]] = {}
        for n, form in enumerate(_FORMS):
            as_known = f"_raw_{name}_{n}"
            try:
                columns = self.session.table(as_known, f"{self.place}/{name}{form}")
            except KpiError as error:
                self.faults += error.findings
                continue
            if columns is not None:
                known[f"{name}{form}"] = as_known, columns
        if len(known) > 1:
            self.faults.append(finding("T104", meant=repr(meant), places=" and ".join(known)))
        return next(iter(known.values()), None)

    def held(self, spec: SheetSpec, name: str, columns: Sequence[str]) -> Held | None:
        """A sheet's table; what it lacks or has too much is told."""
        by_id = _by_id(columns)
        self.want(spec.id, by_id, (AUTHORITY, PERIOD))
        if spec.kind in (SheetKind.SNAPSHOT, SheetKind.EVENTS):
            self.faults += [
                finding("T106", sheet=spec.sheet, table=spec.id, number=number)
                for number, column in enumerate(columns, 1)
                if column.casefold() not in spec.columns and is_personal_heading(column.replace("_", " "))
            ]
        if not {AUTHORITY, PERIOD} <= by_id.keys():
            return None
        own = {column: by_id[column] for column in spec.columns if column in by_id}
        marks = {column: by_id[column + UNKNOWN] for column in own if column + UNKNOWN in by_id}
        strangers = len(columns) - len({*own.values(), *marks.values(), by_id[AUTHORITY], by_id[PERIOD]})
        if strangers:
            self.findings.append(finding("T119", sheet=spec.sheet, meant=repr(spec.sheet), count=strangers))
        self.findings += [
            finding("T118", sheet=spec.sheet, meant=repr(spec.sheet), name=column.id)
            for column in spec.columns.values()
            if column.required and column.id not in own
        ]
        return Held(spec, name, by_id[AUTHORITY], by_id[PERIOD], own, marks)

    def want(self, table: str, columns: Mapping[str, str], wanted: Iterable[str]) -> None:
        """Tell what a table must have and has not."""
        lacking = [column for column in wanted if column not in columns]
        if lacking:
            more = ", ".join(REGISTER_COLUMNS[2:])
            self.faults.append(
                finding("T103", file=table, table=table, columns=" and no ".join(lacking), register=more)
            )


def _by_id(columns: Sequence[str]) -> Mapping[str, str]:
    """The table's own names of its columns by what they are without regard to capitals."""
    return {column.strip().casefold(): column for column in columns}
