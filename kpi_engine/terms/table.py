"""Typed tables: what a return's sheet becomes once the contract has read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kpi_engine.terms.period import Period


class ColumnType(StrEnum):
    """What the cells of a column hold."""

    ID = "id"
    TEXT = "text"
    CHOICE = "choice"
    DATE = "date"
    WHOLE = "whole"
    DECIMAL = "decimal"
    YES_NO = "yes_no"


Value = str | date | int | Decimal | bool | None
"""One typed cell. None is a blank that the contract knows the meaning of."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, a value a row.

    Where `unknown[i]` is true the cell was unreadable, "not known", or a blank
    that the contract declares unknown: `values[i]` is then None and says nothing.
    """

    name: str
    type: ColumnType
    values: Sequence[Value]
    unknown: Sequence[bool]
    letter: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one sheet of one return.

    `rows` holds the sheet's row numbers. `nil` is the filler's "None this month".
    A column that the sheet lacks is absent from `columns`.
    """

    name: str
    period: Period
    columns: Mapping[str, Column]
    rows: Sequence[int]
    file: str = ""
    sheet: str = ""
    nil: bool = False

    def address(self, index: int, column: str) -> str:
        """The workbook cell of row `index` in `column`: `Workforce!D7`."""
        return f"{self.sheet}!{self.columns[column].letter}{self.rows[index]}"
