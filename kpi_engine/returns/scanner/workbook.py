"""The scanner: a workbook as sheets of rows of cells, each cell with its address.

Only the standard library reads the file. Nothing is coerced and nothing is dropped
in silence: what Excel would not have written is a finding, and the value is withheld.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from kpi_engine.errors import ReturnUnreadable
from kpi_engine.returns.scanner.cells import (
    Cell,
    CellKind,
    Content,
    Row,
    column_letter,
    column_number,
    is_address,
    serial_to_date,
    split_address,
    unescape,
)
from kpi_engine.returns.scanner.container import open_container
from kpi_engine.returns.scanner.parts import elements, relationships
from kpi_engine.returns.scanner.shared_parts import read_date_styles, read_texts
from kpi_engine.returns.scanner.sheet import FILTERS, TRUE, Sheet, SheetState
from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from os import PathLike
    from types import TracebackType

    from kpi_engine.returns.scanner.container import Container
    from kpi_engine.returns.scanner.parts import Element, Relationship
    from kpi_engine.terms.finding import Finding

__all__ = [
    "Cell",
    "CellKind",
    "Content",
    "Row",
    "Sheet",
    "SheetState",
    "Table",
    "Workbook",
    "column_letter",
    "column_number",
    "open_workbook",
    "serial_to_date",
    "split_address",
]

MAX_SHEETS = 500
MAX_NAME = 255  # Excel stops at 31, other programs do not
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
MACRO_SHEETS = frozenset({"xlMacrosheet", "xlIntlMacrosheet"})
SHEETS_WITHOUT_CELLS = MACRO_SHEETS | {"chartsheet", "dialogsheet"}
CUSTOM_PROPERTIES = ("custom-properties", "customProperties")  # transitional and strict


@dataclass(frozen=True, slots=True)
class Table:
    """An Excel table; `ref` (`A5:F20`) takes in its headings and its totals row, if it has them."""

    name: str
    sheet: str
    ref: str
    columns: tuple[str, ...]
    has_headings: bool = True
    has_totals: bool = False
    is_filtered: bool = False


@dataclass(frozen=True, slots=True)
class Workbook:
    """An open workbook; a context manager that closes its file.

    `defined_names` (those of the whole workbook) and `properties` (the custom document
    properties) map a name to its text. `findings` flag what concerns no single sheet.
    """

    file: str
    sheets: tuple[Sheet, ...]
    tables: tuple[Table, ...]
    defined_names: Mapping[str, str]
    properties: Mapping[str, str]
    date_1904: bool
    has_macros: bool
    has_external_links: bool
    findings: tuple[Finding, ...]
    _container: Container

    def __enter__(self) -> Self:
        """Give the workbook itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file; its rows can no longer be read."""
        self._container.close()


def open_workbook(path: str | PathLike[str]) -> Workbook:
    """Open an .xlsx or .xlsm file and read all of it but the cells; close it after use.

    Raises ReturnUnreadable, with every fault found, if the file cannot be read safely.
    """
    container = open_container(path)
    try:
        return _Opening(container).workbook()
    except BaseException:
        container.close()
        raise


@dataclass(frozen=True, slots=True)
class _Opening:
    """Reads one part after another and keeps their faults, so that all are told at once."""

    container: Container
    faults: list[Finding] = field(default_factory=list)

    def workbook(self) -> Workbook:
        """The workbook; raises ReturnUnreadable if any part has a fault."""
        package = relationships(self.container)
        main = _target(package, "officeDocument")
        if not main:
            raise self.container.refused("R101", detail=", but a zip archive of something else")
        if main.endswith(".bin"):
            raise self.container.refused("R103", format="the binary Excel (.xlsb)")
        links = relationships(self.container, main)
        entries = list(elements(self.container, main))
        sheets = self._sheets(entries, links)
        tables = tuple(table for sheet in sheets for table in self._tables(sheet))
        properties = self._properties(_target(package, *CUSTOM_PROPERTIES))
        if self.faults:
            raise ReturnUnreadable(self.faults)
        types = {link.type for link in links}
        has_links, has_macros = "externalLink" in types, bool(types & {"vbaProject", *MACRO_SHEETS})
        noted = [("R120", has_links), ("R121", has_macros)]
        return Workbook(
            file=self.container.file,
            sheets=sheets,
            tables=tables,
            defined_names=_defined_names(entries),
            properties=properties,
            date_1904=any(e.name == "workbookPr" and e.attributes.get("date1904") in TRUE for e in entries),
            has_macros=has_macros,
            has_external_links=has_links,
            findings=tuple(finding(code, file=self.container.file) for code, there in noted if there),
            _container=self.container,
        )

    def _sheets(self, entries: Sequence[Element], links: Sequence[Relationship]) -> tuple[Sheet, ...]:
        """The sheets of cells, in the order of their tabs."""
        texts: list[str] = []
        date_styles: dict[str | None, bool] = {None: False}
        if part := _target(links, "sharedStrings"):
            with self._kept_faults():
                texts = read_texts(self.container, part)
        if part := _target(links, "styles"):
            with self._kept_faults():
                date_styles = read_date_styles(self.container, part)
        by_id = {link.id: link for link in links}
        tabs = [entry.attributes for entry in entries if entry.name == "sheet" and entry.parent == "sheets"]
        if len(tabs) > MAX_SHEETS:
            raise self.container.refused("R113", cap=MAX_SHEETS, what="sheets")
        sheets: list[Sheet] = []
        for tab in tabs:
            link = by_id.get(tab.get("id", ""))
            if link and link.type in SHEETS_WITHOUT_CELLS:
                continue
            name = unescape(tab.get("name", ""))
            with self._kept_faults():
                state = tab.get("state", SheetState.VISIBLE)
                part = self._sheet_part(name, state, link, sheets)
                sheets.append(Sheet(name, SheetState(state), part, self.container, texts, date_styles))
        if not sheets and not self.faults:
            self.faults.append(finding("R114", file=self.container.file))
        return tuple(sheets)

    def _sheet_part(self, name: str, state: str, link: Relationship | None, others: Sequence[Sheet]) -> str:
        """The part of a sheet; raises ReturnUnreadable if its entry in the workbook is faulty."""
        refused = self.container.refused
        if not 0 < len(name) <= MAX_NAME or CONTROL.search(name):
            raise refused("R106", what="a sheet has no proper name")
        if name.casefold() in {other.name.casefold() for other in others}:
            raise refused("R115", sheet=name)
        if not link or link.external or link.part not in self.container:
            raise refused("R112", sheet=name, what="a sheet")
        is_shared = link.part.casefold() in {other.part.casefold() for other in others}
        if link.type != "worksheet" or state not in set(SheetState) or is_shared:
            raise refused("R106", sheet=name, what="the entry of a sheet makes no sense")
        return link.part

    def _tables(self, sheet: Sheet) -> Iterator[Table]:
        with self._kept_faults():
            for link in relationships(self.container, sheet.part):
                if link.type == "table" and not link.external:
                    yield self._table(sheet, link.part)

    def _table(self, sheet: Sheet, part: str) -> Table:
        entries = list(elements(self.container, part))
        table = entries[-1].attributes  # the outermost element is complete last
        if entries[-1].name != "table" or not is_address(table.get("ref", "")):
            raise self.container.refused("R106", sheet=sheet.name, what="a table makes no sense")
        return Table(
            name=unescape(table.get("displayName", table.get("name", ""))),
            sheet=sheet.name,
            ref=table["ref"],
            columns=tuple(_name(entry) for entry in entries if entry.name == "tableColumn"),
            has_headings=table.get("headerRowCount", "1") != "0",
            has_totals=table.get("totalsRowCount", "0") != "0",
            is_filtered=any(e.parent == "filterColumn" and e.name in FILTERS for e in entries),
        )

    def _properties(self, part: str) -> dict[str, str]:
        """The custom document properties; the value of each is the text of its one child."""
        properties: dict[str, str] = {}
        text = ""
        if part:
            with self._kept_faults():
                for element in elements(self.container, part):
                    if element.name == "property":
                        properties[_name(element)] = unescape(text)
                    text = element.text
        return properties

    @contextmanager
    def _kept_faults(self) -> Iterator[None]:
        try:
            yield
        except ReturnUnreadable as error:
            self.faults.extend(one for one in error.findings if one not in self.faults)


def _target(links: Sequence[Relationship], *types: str) -> str:
    """The part that the first relationship of one of the types leads to; empty if there is none."""
    return next((link.part for link in links if link.type in types and not link.external), "")


def _name(element: Element) -> str:
    return unescape(element.attributes.get("name", ""))


def _defined_names(entries: Sequence[Element]) -> dict[str, str]:
    return {
        _name(entry): unescape(entry.text)
        for entry in entries
        if entry.name == "definedName" and "localSheetId" not in entry.attributes
    }
