"""Workbooks made by hand, part by part, as no library would write them."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

from kpi_engine.returns.scanner.workbook import open_workbook

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kpi_engine.returns.scanner.workbook import Cell, Row
    from kpi_engine.terms.finding import Finding

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_OFFICE = "http://purl.oclc.org/ooxml/officeDocument/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

BOUNDED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (500 * 2**20,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
from kpi_engine.errors import ReturnUnreadable
from kpi_engine.returns.scanner.workbook import open_workbook
try:
    with open_workbook(sys.argv[1]) as workbook:
        for sheet in workbook.sheets:
            for row in sheet.rows():
                pass
            print(*(finding.code for finding in sheet.findings))
except ReturnUnreadable as error:
    print(*(finding.code for finding in error.findings))
"""


def links(*entries: tuple[str, str, str], office: str = OFFICE) -> str:
    """A relationships part; each entry is id, last word of the type, and target."""
    arrows = "".join(
        f'<Relationship Id="{key}" Type="{office}/{kind}" Target="{target}"/>'
        for key, kind, target in entries
    )
    return f'{DECLARATION}<Relationships xmlns="{PACKAGE}">{arrows}</Relationships>'


def worksheet(rows: str = "", *, before: str = "", after: str = "", main: str = MAIN) -> str:
    """A sheet part: `rows` is what stands inside sheetData."""
    return f'{DECLARATION}<worksheet xmlns="{main}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'


def texts(*items: str) -> str:
    """A part of shared texts; each item is what stands inside si."""
    return f'{DECLARATION}<sst xmlns="{MAIN}">{"".join(f"<si>{item}</si>" for item in items)}</sst>'


def styles(*codes: str) -> str:
    """A part of styles: style 0 is General; then one for each number format, a built-in id or a code."""
    custom = {code: 164 + number for number, code in enumerate(codes) if not code.isdigit()}
    formats = "".join(
        f'<numFmt numFmtId="{key}" formatCode="{code.replace("&", "&amp;").replace(chr(34), "&quot;")}"/>'
        for code, key in custom.items()
    )
    cells = "".join(f'<xf numFmtId="{custom.get(code, code)}"/>' for code in ("0", *codes))
    # The styles of cell styles and of conditional formats must not be taken for those of cells.
    decoys = '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
    return (
        f'{DECLARATION}<styleSheet xmlns="{MAIN}"><numFmts>{formats}</numFmts>{decoys}'
        f"<cellXfs>{cells}</cellXfs>"
        '<dxfs><dxf><numFmt numFmtId="0" formatCode="dd/mm/yyyy"/></dxf></dxfs></styleSheet>'
    )


def parts(sheet: str = "", **changes: str) -> dict[str, str]:
    """The parts of a workbook with one sheet, `Sheet1`.

    `sheet` is the whole sheet part, or only its rows. Of `changes`, `texts` and `styles` are
    whole parts, `states` are attributes of the sheet, `workbook` stands before the sheets
    and `names` after them.
    """
    body = sheet if sheet.startswith("<?xml") else worksheet(sheet)
    made = {
        "_rels/.rels": links(("rId1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": (
            f'{DECLARATION}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{changes.get("workbook", "")}<sheets>'
            f'<sheet name="Sheet1" sheetId="1" r:id="rId1" {changes.get("states", "")}/></sheets>'
            f"{changes.get('names', '')}</workbook>"
        ),
        "xl/_rels/workbook.xml.rels": links(
            ("rId1", "worksheet", "worksheets/sheet1.xml"),
            *([("rId2", "sharedStrings", "sharedStrings.xml")] if "texts" in changes else []),
            *([("rId3", "styles", "styles.xml")] if "styles" in changes else []),
        ),
        "xl/worksheets/sheet1.xml": body,
    }
    if "texts" in changes:
        made["xl/sharedStrings.xml"] = changes["texts"]
    if "styles" in changes:
        made["xl/styles.xml"] = changes["styles"]
    return made


def zipped(path: Path, contents: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write the parts as an archive."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def scan(path: Path) -> tuple[list[Row], tuple[Finding, ...]]:
    """The rows and findings of the first sheet."""
    with open_workbook(path) as workbook:
        sheet = workbook.sheets[0]
        return list(sheet.rows()), sheet.findings


def cells(path: Path) -> dict[str, Cell]:
    """The cells of the first sheet by address; the sheet must have no findings."""
    rows, findings = scan(path)
    assert not findings
    return {cell.address: cell for row in rows for cell in row.cells}


def codes_within_bounds(path: Path) -> list[str]:
    """The codes that reading the whole file gives, within 500 MB and 20 seconds of processor time.

    On a quiet machine the slowest takes under 10.
    """
    done = subprocess.run(
        [sys.executable, "-c", BOUNDED, str(path)], capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr[-500:]
    return done.stdout.split()


def zip_bomb(path: Path) -> Path:
    """A workbook with a part that packs to a thousandth."""
    zipped(path, parts())
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/big.xml", "w") as part:
        for _ in range(300):
            part.write(bytes(2**20))
    return path


def cell_bomb(path: Path) -> Path:
    """A workbook with more cells than any return has."""
    row = "".join(f'<c r="{letter}{{0}}"><v>{{0}}</v></c>' for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    made = parts("".join(f'<row r="{n}">{row.format(n)}</row>' for n in range(1, 110_000)))
    made["xl/workbook.xml"] = made["xl/workbook.xml"].replace("Sheet1", "Start here")
    return zipped(path, made)
