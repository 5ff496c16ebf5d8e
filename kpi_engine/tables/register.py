"""The register: what was sent, sheet by sheet, held against the rows that are there."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from kpi_engine.measures.conditions import literal, quoted
from kpi_engine.returns.spelling import normal, tidy
from kpi_engine.tables.lake import AUTHORITY, NO_CASE_LIST, PERIOD
from kpi_engine.tables.typed import authority_sql, period_sql, text_of
from kpi_engine.terms.codes import finding
from kpi_engine.terms.period import MONTH, Period
from kpi_engine.terms.returned import Validated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kpi_engine.measures.session import Session
    from kpi_engine.rulebook.book import Contract
    from kpi_engine.tables.lake import Lake
    from kpi_engine.tables.typed import Held
    from kpi_engine.terms.finding import Finding

_YES: Final = frozenset({"yes", "y", "true"})
_NO: Final = frozenset({"no", "n", "false", ""})
_VALIDATED: Final = MappingProxyType(
    {"": Validated.NOT_STATED, Validated.NOT_STATED.value: Validated.NOT_STATED}
)
_PLAUSIBLE: Final = range(1950 * 12, 2150 * 12)  # months; nothing that a return dates lies beyond


@dataclass(frozen=True, slots=True)
class Line:
    """What the register says of one sheet of one return; None: what it says is not clear."""

    rows: int | None
    nil: bool | None
    validated: Validated
    no_case_list: bool | None


@dataclass(frozen=True, slots=True)
class Register:
    """Its lines by council, month and sheet id, in the order of the file.

    `monthless` counts, by council, the lines whose month cannot be read.
    """

    lines: Mapping[str, Mapping[Period, Mapping[str, Sequence[Line]]]]
    monthless: Mapping[str, int]
    findings: tuple[Finding, ...]

    def latest(self) -> Period | None:
        """The latest month that any council's return claims."""
        return max((month for months in self.lines.values() for month in months), default=None)


def read_register(session: Session, lake: Lake, contract: Contract) -> Register:
    """Every line; those of nobody, or of no sheet, are counted and told."""
    own = lake.register_columns
    names = [
        AUTHORITY,
        PERIOD,
        "sheet",
        "rows",
        "nil",
        "validated",
        *([NO_CASE_LIST] if NO_CASE_LIST in own else []),
    ]
    listed = ", ".join(f"{text_of(quoted(own[name]))} AS {name}_" for name in names)
    sheets = {
        normal(name): spec.id
        for spec in contract.sheets.values()
        for name in (spec.sheet, *spec.sheet_synonyms, spec.id)
    }
    lines: defaultdict[str, defaultdict[Period, defaultdict[str, list[Line]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    monthless: Counter[str] = Counter()
    of_nobody = 0
    for row in session.ask(f"SELECT {listed} FROM {quoted(lake.register)}"):  # noqa: S608  (names are quoted)
        said = dict(zip(names, ("" if cell is None else tidy(str(cell)) for cell in row), strict=True))
        authority, sheet = said[AUTHORITY].upper(), sheets.get(normal(said["sheet"]))
        month = month_of(said[PERIOD])
        if not authority or (sheet is None and said["sheet"]):
            of_nobody += 1
        elif month is None:
            monthless[authority] += 1
        elif sheet is None:
            of_nobody += 1
        else:
            lines[authority][month][sheet].append(_line(said))
    findings = (finding("T116", count=of_nobody),) if of_nobody else ()
    return Register(lines, monthless, findings)


def month_of(text: str) -> Period | None:
    """The month that a text such as 2024-03 names; None for any other text."""
    try:
        month = Period.parse(text)
    except ValueError:
        return None
    return month if month.length == MONTH and month.first in _PLAUSIBLE else None


def _line(said: Mapping[str, str]) -> Line:
    rows, validated = said["rows"].removesuffix(".0"), said["validated"].casefold()
    return Line(
        rows=int(rows) if rows.isascii() and rows.isdecimal() else None,
        nil=_answer(said["nil"]),
        validated=_VALIDATED.get(validated, Validated.YES if validated in _YES else Validated.NO),
        no_case_list=_answer(said.get(NO_CASE_LIST, "")),
    )


def _answer(text: str) -> bool | None:
    word = text.casefold()
    return True if word in _YES else False if word in _NO else None


# ── The rows that are there ──────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of one sheet by council and month; `of_nobody` are those without a council or month."""

    rows: Mapping[tuple[str, Period], int]
    of_nobody: int


def count_rows(session: Session, tables: Mapping[str, Held]) -> Mapping[str, Found]:
    """How many rows each return has in each of `tables`, by one SELECT over all of them."""
    if not tables:
        return {}
    counts = (
        f"SELECT {literal(name)} AS _sheet, _authority, _month, COUNT(*) AS _n FROM "  # noqa: S608  (quoted)
        f"(SELECT {authority_sql(quoted(table.authority))} AS _authority, "
        f"{period_sql(quoted(table.period))} AS _month FROM {quoted(table.name)}) AS whose "
        "GROUP BY _authority, _month"
        for name, table in tables.items()
    )
    rows: dict[str, Counter[tuple[str, Period]]] = {name: Counter() for name in tables}
    of_nobody: Counter[str] = Counter()
    for sheet, authority, label, count in session.ask(" UNION ALL ".join(counts)):
        month = month_of(str(label or ""))
        if authority and month is not None:
            rows[str(sheet)][str(authority), month] += int(count or 0)
        else:
            of_nobody[str(sheet)] += int(count or 0)
    return {name: Found(rows[name], of_nobody[name]) for name in tables}
