"""Notes beside marked cells, where a sheet has none of its own that they could disturb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kpi_engine.returns.marked_copy.package import OFFICE, namespace
from kpi_engine.returns.marked_copy.splice import Splices, first_of, said, tree
from kpi_engine.returns.scanner.workbook import column_letter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kpi_engine.returns.marked_copy.package import Package
    from kpi_engine.terms.finding import Finding

MOST_NOTES: Final = 200  # of one sheet; the list names the others
AUTHOR: Final = "kpi"
OWN_NOTES: Final = ("/comments", "/vmlDrawing", "/threadedComment")
STRICT: Final = "http://purl.oclc.org/"
# What comes after legacyDrawing in a sheet (ECMA-376 part 1, 18.3.1.99).
AFTER: Final = (
    "legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems", "tableParts",
    "extLst",
)  # fmt: skip
SHAPES: Final = (
    '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel">'
    '<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" '
    'path="m,l,21600r21600,l21600,xe">'
    '<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
    "{shapes}</xml>"
)
SHAPE: Final = (
    '<v:shape id="_x0000_s{id}" type="#_x0000_t202" '
    'style="position:absolute;margin-left:60pt;margin-top:2pt;width:220pt;height:90pt;z-index:{z};'
    'visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/>'
    '<v:textbox style="mso-direction-alt:auto"/><x:ClientData ObjectType="Note"><x:MoveWithCells/>'
    "<x:SizeWithCells/><x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column>"
    "</x:ClientData></v:shape>"
)


def add_notes(
    package: Package, part: str, marks: Mapping[tuple[int, int], Sequence[Finding]], kinds: str
) -> None:
    """Give each marked cell a note that says what was found and what to do; none where it is not safe."""
    data = package.read(part)
    root = tree(data, depth=1)
    if kinds.startswith(STRICT) or root.child("legacyDrawing"):
        return
    if any(kind.endswith(OWN_NOTES) for _, kind, _ in package.links(part)):
        return
    noted = list(marks.items())[:MOST_NOTES]
    comments = package.free("xl/commentsKpi{}.xml")
    shapes = package.free("xl/drawings/vmlDrawingKpi{}.vml")
    package.write(comments, _comments(noted, namespace(root)))
    package.declare(comments, f"{OFFICE}comments+xml")
    package.link(part, f"{kinds}/comments", comments)
    package.write(shapes, _shapes([place for place, _ in noted]))
    package.declare_ending("vml", "application/vnd.openxmlformats-officedocument.vmlDrawing")
    link = package.link(part, f"{kinds}/vmlDrawing", shapes)
    made = f'<{root.prefix}legacyDrawing xmlns:kpi="{kinds}" kpi:id="{link}"/>'.encode()
    splices = Splices(data)
    after = first_of(root, AFTER)
    splices.insert(after.start if after else root.close, made)
    package.write(part, splices.made())


def _comments(noted: Sequence[tuple[tuple[int, int], Sequence[Finding]]], space: str) -> bytes:
    lines = []
    for (row, column), findings in noted:
        text = "\n".join(f"{one.code}: {one.message} {one.fix}" for one in findings)
        lines.append(
            f'<comment ref="{column_letter(column)}{row}" authorId="0"><text><t xml:space="preserve">'
            f"{said(text)}</t></text></comment>"
        )
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<comments xmlns="{space}"><authors>'
        f"<author>{AUTHOR}</author></authors><commentList>{''.join(lines)}</commentList></comments>"
    ).encode()


def _shapes(places: Sequence[tuple[int, int]]) -> bytes:
    shapes = "".join(
        SHAPE.format(id=1025 + i, z=i + 1, row=row - 1, column=column - 1)
        for i, (row, column) in enumerate(places)
    )
    return SHAPES.format(shapes=shapes).encode()
