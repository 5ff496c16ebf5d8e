"""The filler's own workbook given back: faulty cells marked, and a list of what was found.

Only the parts that must change are changed, by their bytes; every other part of the
package is copied as it is. The list is a sheet of its own that the reader passes over.
"""

from __future__ import annotations

import zipfile
from collections import defaultdict
from typing import TYPE_CHECKING, Final
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from kpi_engine.errors import KpiError, ReturnUnreadable
from kpi_engine.returns.marked_copy.finding_list import LIST_SHEET, list_part
from kpi_engine.returns.marked_copy.marks import NO_STYLES, Styles, mark_cells
from kpi_engine.returns.marked_copy.notes import add_notes
from kpi_engine.returns.marked_copy.package import OFFICE, Package, namespace
from kpi_engine.returns.marked_copy.splice import Splices, tree
from kpi_engine.returns.scanner.cells import unescape
from kpi_engine.returns.scanner.workbook import open_workbook, split_address
from kpi_engine.returns.template import write_new
from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from kpi_engine.returns.marked_copy.splice import Span
    from kpi_engine.terms.finding import Finding

    Marks = Mapping[tuple[int, int], Sequence[Finding]]
    """The findings of each cell by its row and column, both from 1."""

MOST_CELLS: Final = 2_000  # marked for one finding: a range can name a whole column
WORKSHEET: Final = "/worksheet"


def annotate(source: Path, findings: Sequence[Finding], out: Path) -> None:
    """Write a copy of a workbook in which the cells of its findings are marked and listed.

    Findings of other files are passed over. Nothing of the workbook is lost, and nothing is ever
    overwritten: KpiError where `out` is there already or has another ending. Raises
    ReturnUnreadable for a file that is no readable workbook, or of which a part is damaged that holds no
    cells and is not read otherwise.
    """
    if out.suffix.casefold() != source.suffix.casefold():
        raise KpiError([finding("R197", file=out.name, ending=source.suffix)])
    if out.exists() or out.is_symlink():  # before the work; the write itself refuses too
        raise KpiError([finding("R198", file=out.name)])
    own = [one for one in findings if one.file in {source.name, ""}]
    open_workbook(source).close()  # refuses what cannot be read safely
    write_new(out, _copy(source, own))


def _copy(source: Path, findings: Sequence[Finding]) -> bytes:
    try:
        with zipfile.ZipFile(source) as archive:
            package = Package(archive)
            _annotate(package, findings)
            return package.made()
    except Exception:  # noqa: BLE001  (any part may hold anything, and no report must wait for a copy)
        raise ReturnUnreadable([finding("R196", file=source.name)]) from None


def _annotate(package: Package, findings: Sequence[Finding]) -> None:
    main = next(part for _, kind, part in package.links("") if kind.endswith("/officeDocument"))
    links = list(package.links(main))
    root = tree(package.read(main))
    parts = dict(_sheet_parts(root, {link: part for link, kind, part in links if kind.endswith(WORKSHEET)}))
    kinds = next(kind for _, kind, _ in links if kind.endswith(WORKSHEET)).removesuffix(WORKSHEET)
    styles_part = next((part for _, kind, part in links if kind.endswith("/styles")), "")
    space = namespace(root)
    styles = Styles(package.read(styles_part) if styles_part else NO_STYLES.format(space=space).encode())
    for name, part in parts.items():
        if marks := _marks(one for one in findings if one.sheet == name):
            _mark(package, part, marks, styles, kinds)
    listed = package.free("xl/worksheets/findings{}.xml")
    package.write(listed, list_part(findings, parts, space, styles.own))
    package.declare(listed, f"{OFFICE}worksheet+xml")
    _add_sheet(package, main, package.link(main, kinds + WORKSHEET, listed), kinds)
    if not styles_part:
        styles_part = package.free("xl/styles{}.xml")
        package.declare(styles_part, f"{OFFICE}styles+xml")
        package.link(main, f"{kinds}/styles", styles_part)
    package.write(styles_part, styles.made())


def _sheet_parts(root: Span, worksheets: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The name and part of every sheet of cells."""
    sheets = root.child("sheets")
    for span in sheets.children if sheets else ():
        link = next((v for k, v in span.attributes.items() if k.rpartition(":")[2] == "id" and ":" in k), "")
        if link in worksheets:
            yield unescape(span.attributes.get("name", "")), worksheets[link]


def _marks(findings: Iterator[Finding]) -> Marks:
    marks: defaultdict[tuple[int, int], list[Finding]] = defaultdict(list)
    for one in findings:
        for place in _cells_of(one.cell):
            marks[place].append(one)
    return dict(sorted(marks.items()))


def _cells_of(cell: str) -> Iterator[tuple[int, int]]:
    """The row and column of `B5`, or of every cell of `D4:D9` up to the cap; nothing else marks any."""
    first, _, last = cell.partition(":")
    try:
        top, left = split_address(first)
        bottom, right = split_address(last or first)
    except ValueError:
        return
    places = ((row, column) for row in range(top, bottom + 1) for column in range(left, right + 1))
    for place, _ in zip(places, range(MOST_CELLS), strict=False):
        yield place


def _mark(package: Package, part: str, marks: Marks, styles: Styles, kinds: str) -> None:
    """Mark the cells of a sheet; one that is too broken to be marked is only listed."""
    try:
        data = mark_cells(package.read(part), marks, styles)
    except (ValueError, expat.ExpatError):
        return
    package.write(part, data)
    add_notes(package, part, marks, kinds)


def _add_sheet(package: Package, main: str, link: str, kinds: str) -> None:
    """Name the list in the workbook, as its last sheet: earlier ones are counted from the front."""
    data = package.read(main)
    sheets = tree(data).child("sheets")
    if sheets is None:  # the scanner refuses a workbook without sheets
        return
    numbers = [int(span.attributes.get("sheetId", "0")) for span in sheets.children]
    name = _free_name({span.attributes.get("name", "").casefold() for span in sheets.children})
    splices = Splices(data)
    made = (
        f'<{sheets.prefix}sheet xmlns:kpi={quoteattr(kinds)} name="{name}" '
        f'sheetId="{max(numbers, default=0) + 1}" kpi:id="{link}"/>'
    )
    splices.append_to(sheets, made.encode())
    package.write(main, splices.made())


def _free_name(taken: Collection[str]) -> str:
    names = [LIST_SHEET, *(f"{LIST_SHEET} ({i})" for i in range(2, len(taken) + 3))]
    return next(name for name in names if name.casefold() not in taken)
