"""The lists that the template's cells are chosen from, on one visible sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from openpyxl.utils import get_column_letter

from kpi_engine.returns.template.parts import Choices, put
from kpi_engine.rulebook.book import SheetKind
from kpi_engine.terms.table import ColumnType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openpyxl.worksheet.worksheet import Worksheet

    from kpi_engine.rulebook.book import ColumnSpec, Contract, RuleBook, SheetSpec

AUTHORITY: Final = ("", "authority")
NOT_KNOWN: Final = ("not known", "unknown", "n/k")  # the plainest that the contract reads


def not_known_word(contract: Contract) -> str:
    """The word that the template offers for "not known"; empty if the contract reads none."""
    return next((word for word in NOT_KNOWN if word in contract.not_known), "")


def lists_of(rulebook: RuleBook) -> dict[tuple[str, str], Choices]:
    """The list of every choice column by (sheet id, column id); equal lists are one."""
    made: dict[tuple[tuple[str, ...], tuple[str, ...]], Choices] = {}
    by_column: dict[tuple[str, str], Choices] = {}
    for place, heading, values, others in _wanted(rulebook):
        if (values, others) not in made:
            made[values, others] = Choices(heading, get_column_letter(len(made) + 1), values, others)
        by_column[place] = made[values, others]
    return by_column


def write_lists(sheet: Worksheet, choices: dict[tuple[str, str], Choices]) -> None:
    """Write the lists, each a column under its heading, the other spellings in grey."""
    for one in choices.values():
        put(sheet, f"{one.letter}1", one.heading, "Return heading")
        for i, value in enumerate((*one.values, *one.others)):
            put(sheet, f"{one.letter}{2 + i}", value, "Normal" if i < len(one.values) else "Return note")
        longest = max(map(len, (one.heading, *one.values, *one.others)))
        sheet.column_dimensions[one.letter].width = min(longest + 3, 44)
    sheet.freeze_panes = "A2"


def _wanted(rulebook: RuleBook) -> Iterator[tuple[tuple[str, str], str, tuple[str, ...], tuple[str, ...]]]:
    names = tuple(council.name for council in rulebook.plan.authorities)
    yield AUTHORITY, "Authority", names, tuple(council.code for council in rulebook.plan.authorities)
    contract = rulebook.contract
    for spec in contract.sheets.values():
        for column in spec.columns.values():
            if column.id == "why_none" and spec.kind is SheetKind.COUNTS:
                yield (spec.id, column.id), "No figure, why", tuple(contract.no_figure_reasons), ()
            elif column.type in {ColumnType.CHOICE, ColumnType.YES_NO}:
                yield (spec.id, column.id), *_offered(spec, column, contract)


def _offered(
    spec: SheetSpec, column: ColumnSpec, contract: Contract
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    word = not_known_word(contract)
    spare = (word.capitalize(),) if word else ()
    if column.type is ColumnType.YES_NO:
        return "Yes or no", ("Yes", "No", *spare), ()
    offered = {value.casefold() for value in column.values}
    others = tuple(spelling for spelling in column.choices if spelling not in offered)
    return f"{spec.sheet}: {column.heading}", (*column.values, *spare), others
