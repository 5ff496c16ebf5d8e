"""What a cell holds, worked out from what the file stores for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kpi_engine.returns.scanner.cells import CellKind, Content, is_number, unescape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NUMBER, TEXT, BLANK, ERROR = CellKind.NUMBER, CellKind.TEXT, CellKind.BLANK, CellKind.ERROR
TEXTS = frozenset({"str", "inlineStr"})
FAULTS = {"n": "a number, but is not one", "s": "a reference to a shared text that is not in the workbook"}
MAX_INDEX_DIGITS = 9
SPACE = " \t\r\n"
BOOLEANS = {"0": "0", "1": "1", "false": "0", "true": "1"}
ERRORS = frozenset(
    {
        "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!",
        "#CALC!", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!", "#UNKNOWN!", "#EXTERNAL!", "#PYTHON!",
        "#TIMEOUT!",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stores:
    """What the cells of a workbook refer to: shared texts by number, and whether a style is that of dates."""

    texts: Sequence[str]
    date_styles: Mapping[str | None, bool]

    def content(
        self,
        style: str | None,
        stored: str | None,
        formula: bool,  # noqa: FBT001
        value: str | None,
    ) -> tuple[Content | None, str, bool]:
        """What a cell holds; what is wrong with its value, if anything; whether its style is not there."""
        kind, text, fault = typed(stored, value, self.texts)
        if kind is BLANK and not formula:
            return None, "", False
        is_date = self.date_styles.get(style)
        return Content(kind, text, formula, bool(is_date)), fault, is_date is None


def typed(stored: str | None, value: str | None, texts: Sequence[str]) -> tuple[CellKind, str, str]:  # noqa: PLR0911
    """Kind and text of a cell stored as type `stored`; third, what is wrong with it, if anything."""
    if not value:
        return (TEXT, "", "") if stored in TEXTS and value is not None else (BLANK, "", "")
    if (stored is None or stored == "n") and is_number(value):
        return NUMBER, value, ""
    if stored == "s" and value.isdigit() and value.isascii() and len(value) <= MAX_INDEX_DIGITS:
        index = int(value)
        if index < len(texts):
            return TEXT, texts[index], ""
    if stored in TEXTS:
        return TEXT, unescape(value), ""
    plain = value.strip(SPACE)
    if plain != value:
        return typed(stored, plain, texts)
    if stored == "b" and value in BOOLEANS:
        return CellKind.BOOLEAN, BOOLEANS[value], ""
    if stored == "e" and value in ERRORS:
        return ERROR, value, ""
    if stored == "d":
        return CellKind.DATE, value, ""
    return ERROR, "", FAULTS.get(stored or "n", "a kind of value that Excel does not write")
