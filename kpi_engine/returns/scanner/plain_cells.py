"""Cells as Excel and most exports write them, read by one expression: a third of the time that handlers take.

Only what is certain is read so: ASCII, attributes in their usual order, no entity, each cell to
the right of the one before. A row with anything else goes through the parser, like the rest of the sheet.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from kpi_engine.returns.scanner.cells import COLUMNS

PlacedCell: TypeAlias = tuple[int, str | None, str | None, str | None, str | None]
"""A cell as the file has it: column, style, type, its formula (None: it has none), value."""

# No &, < or ], which mean something in XML, and nothing that XML would change or refuse.
_TEXT = r"[ -%'-;=-\\^-~]*"
_CELL = re.compile(
    r'<c r="([A-Z]{1,3})([0-9]{1,7})"(?: s="([0-9]{1,6})")?(?: t="([a-zA-Z]{1,9})")?'
    rf'(?: ?/>|>(<f(?: aca="false")?(?: ?/>|>{_TEXT}</f>))?'
    rf'(?:(?:<v>|(<is><t(?: xml:space="preserve")?>))({_TEXT})(?(6)</t></is>|</v>))?</c>)'
)
_PARTS = 8  # what split gives for each cell: what stands before it, and the groups


def plain_cells(source: bytes, row: int) -> list[PlacedCell]:
    """The cells of row `row`, if `source` holds plain cells and nothing else; none if that is not certain."""
    if not source.isascii():
        return []
    parts = _CELL.split(source.decode("ascii"))
    if any(parts[::_PARTS]) or set(parts[2::_PARTS]) != {str(row)}:
        return []
    columns = [COLUMNS.get(letters, 0) for letters in parts[1::_PARTS]]
    if columns != sorted(set(columns) - {0}):
        return []
    rest = (parts[group::_PARTS] for group in (3, 4, 5, 7))
    return list(zip(columns, *rest, strict=False))
