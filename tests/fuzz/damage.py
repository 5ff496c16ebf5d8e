"""Damage to the archive's bytes, to its members, and to the XML in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.fuzz.package import RELATIONS, SHARED, STYLES, TYPES, WORKBOOK, Package

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    Bytes = Callable[[Random, bytes], bytes]
    Change = Callable[[Random, Package], tuple[Package, str]]

TAG = re.compile(r"<(/?)([A-Za-z:]+)([^<>]*?)(/?)>")
ATTRIBUTE = re.compile(r' ([A-Za-z:]+)="([^"]*)"')
PLACE = re.compile(r'<c r="([A-Z]+\d+)"')
NAMES = ("row", "c", "v", "t", "is", "f", "sheet", "sheetData", "x:c", "worksheet", "si", "")
PLACES = ("A1", "A7", "XFD1048576", "XFE1", "A0", "A1048577", "a7", "7A", "", "B7:C9", "$A$7", "ZZZZ9", "A٧")
TYPED = ("s", "str", "inlineStr", "n", "b", "e", "d", "", "S", "zz")
ENTITIES = ("&nope;", "&#0;", "&#xD800;", "&#x202E;", "&amp;amp;", "&", "<", "]]>", "\x00", "\ufffe", "&#10;")
DOCTYPE = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;&b;">]>'
FORMATS = (
    "dd/mm/yyyy",
    "General",
    "0",
    "[h]:mm",
    "@",
    '"d"0',
    "yyyy\\-mm",
    "0.00%",
    "[Red]0;[$-809]d mmm",
    "x" * 300,
)
CELLS_IN_MERGES = ("A7:B8", "A6:C6", "B7:B30", "A1:XFD1048576", "C7", "Z9:A1", "nowhere", "D6:D18", "E7:F7")


# ── Bytes ────────────────────────────────────────────────────────────────────


def bytes_flipped(random: Random, data: bytes) -> bytes:
    """A few bits turned over, anywhere."""
    out = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8, 64))):
        out[random.randrange(len(out))] ^= 1 << random.randrange(8)
    return bytes(out)


def directory_flipped(random: Random, data: bytes) -> bytes:
    """A few bytes changed in the list of members at the archive's end, or in a member's own header."""
    out = bytearray(data)
    starts = [m.start() for m in re.finditer(rb"PK(?:\x01\x02|\x05\x06|\x03\x04)", data)] or [0]
    for _ in range(random.choice((1, 2, 4))):
        place = random.choice(starts) + random.randrange(4, 46)
        if place < len(out):
            out[place] = random.choice((0, 0xFF, out[place] ^ 1, random.randrange(256)))
    return bytes(out)


def bytes_cut(random: Random, data: bytes) -> bytes:
    """The end cut off, or a piece out of the middle."""
    start = random.randrange(len(data))
    length = random.choice((1, 7, 512, len(data)))
    return data[:start] + data[start + length :]


def bytes_inserted(random: Random, data: bytes) -> bytes:
    """A run of bytes put in: noise, zeros, or a piece of the file itself."""
    start, length = random.randrange(len(data) + 1), random.choice((1, 4, 22, 700))
    piece = random.choice((random.randbytes(length), b"\0" * length, data[:length], data[-length:]))
    return data[:start] + piece + data[start:]


def bytes_swapped(random: Random, data: bytes) -> bytes:
    """Two stretches of the file change places."""
    a, b, c, d = sorted(random.randrange(len(data)) for _ in range(4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def bytes_prefixed(random: Random, data: bytes) -> bytes:
    """Something before the archive, or after it."""
    piece = random.choice(
        (b"PK", b"\r\n", b"#!/bin/sh\n", b"<html>", random.randbytes(100), b"\xd0\xcf\x11\xe0")
    )
    return random.choice((piece + data, data + piece))


BYTES: dict[str, Bytes] = {
    made.__name__: made
    for made in (bytes_flipped, directory_flipped, bytes_cut, bytes_inserted, bytes_swapped, bytes_prefixed)
}

# ── Members ──────────────────────────────────────────────────────────────────


def member_dropped(random: Random, package: Package) -> tuple[Package, str]:
    name = random.choice(package.members)[0]
    return package.without(name), name


def member_doubled(random: Random, package: Package) -> tuple[Package, str]:
    """Two members of one name: the same, another's content, or a name in capitals."""
    name, data = random.choice(package.members)
    how = random.choice(("same", "other", "capitals"))
    other = random.choice(package.members)[1] if how == "other" else data
    return package.holding(
        (*package.members, (name.upper() if how == "capitals" else name, other))
    ), f"{name}, {how}"


def members_swapped(random: Random, package: Package) -> tuple[Package, str]:
    """The contents of two members change places; mostly of two sheets."""
    some = list(package.sheets.values()) if random.random() < 0.8 else list(package.parts)
    one, other = random.sample(some, 2)
    held = package.parts
    return package.with_part(one, held[other]).with_part(other, held[one]), f"{one} and {other}"


def member_renamed(random: Random, package: Package) -> tuple[Package, str]:
    name = random.choice(package.members)[0]
    new = random.choice(
        (f"../{name}", f"/{name}", name.replace("/", "\\"), f"{name}~", name.upper(), "C:\\x", "")
    )
    return package.holding((new if n == name else n, data) for n, data in package.members), f"{name} as {new}"


def member_emptied(random: Random, package: Package) -> tuple[Package, str]:
    name, data = random.choice(package.members)
    return package.with_part(
        name, random.choice((b"", b" ", b"\0" * 100, data[: len(data) // 2], b"\xff\xfe"))
    ), name


def member_repeated(random: Random, package: Package) -> tuple[Package, str]:
    """A sheet's content many times over within its part."""
    name = random.choice(list(package.sheets.values()))
    return package.with_part(name, package.parts[name] * random.choice((2, 50))), name


# ── XML ──────────────────────────────────────────────────────────────────────


def part_of(random: Random, package: Package) -> str:
    """A part to damage: mostly a sheet's, else one that the workbook is held together by."""
    sheets = list(package.sheets.values())
    others = [p for p in (WORKBOOK, STYLES, RELATIONS, TYPES, SHARED) if p in package.parts]
    tables = [p for p in package.parts if p.startswith(("xl/tables/", "docProps/", "_rels/"))]
    return random.choice(
        (random.choice(sheets), random.choice(sheets), random.choice(others), random.choice(tables))
    )


def _at_one(
    random: Random, pattern: re.Pattern[str], text: str, change: Callable[[re.Match[str]], str]
) -> str:
    found = list(pattern.finditer(text))
    if not found:
        return text
    one = random.choice(found)
    return text[: one.start()] + change(one) + text[one.end() :]


def xml_tag(random: Random, package: Package) -> tuple[Package, str]:
    """One tag dropped, doubled, renamed, or left open."""
    part = part_of(random, package)
    change = random.choice(
        (
            lambda _tag: "",
            lambda tag: tag[0] * 2,
            lambda tag: f"<{tag[1]}{random.choice(NAMES)}{tag[3]}{tag[4]}>",
            lambda tag: tag[0][:-1],
        )
    )
    return package.with_text(part, lambda text: _at_one(random, TAG, text, change)), part


def xml_attribute(random: Random, package: Package) -> tuple[Package, str]:
    """One attribute dropped, doubled, emptied, or given another's value."""
    part = part_of(random, package)
    values = ATTRIBUTE.findall(package.text(part)) or [("a", "b")]
    change = random.choice(
        (
            lambda _held: "",
            lambda held: held[0] * 2,
            lambda held: f' {held[1]}=""',
            lambda held: f' {held[1]}="{random.choice(values)[1]}"',
            lambda held: f' {random.choice(values)[0]}="{held[2]}"',
            lambda held: f' {held[1]}="{random.choice(("-1", "1e9", "99999999999", "x", "true", "&lt;"))}"',
        )
    )
    return package.with_text(part, lambda text: _at_one(random, ATTRIBUTE, text, change)), part


def xml_entity(random: Random, package: Package) -> tuple[Package, str]:
    """Something that is no text put between two tags, or a DOCTYPE at the start."""
    part = part_of(random, package)
    if random.random() < 0.2:
        return package.with_text(part, lambda text: DOCTYPE + text), f"{part}, DOCTYPE"
    entity = random.choice(ENTITIES)
    return package.with_text(part, lambda text: _at_one(random, TAG, text, lambda tag: tag[0] + entity)), part


def xml_namespace(random: Random, package: Package) -> tuple[Package, str]:
    part = part_of(random, package)
    old = "spreadsheetml/2006/main"
    new = random.choice(("spreadsheetml/2006/mein", "x", "", "strict"))
    return package.with_text(part, lambda text: text.replace(old, new, random.choice((1, -1)))), part


def xml_encoding(random: Random, package: Package) -> tuple[Package, str]:
    part = part_of(random, package)
    code = random.choice(("utf-16", "utf-8-sig", "latin-1", "utf-7", "utf-32"))
    declared = f'<?xml version="1.0" encoding="{random.choice((code, "utf-8", "ascii", "ebcdic"))}"?>'
    data = (declared + package.text(part)).encode(code, errors="replace")
    return package.with_part(part, data), f"{part} as {code}"


def xml_bytes(random: Random, package: Package) -> tuple[Package, str]:
    """Bytes of a part changed before it is packed, so that no checksum tells."""
    part = part_of(random, package)
    return package.with_part(part, random.choice(list(BYTES.values()))(random, package.parts[part])), part


def cell_type(random: Random, package: Package) -> tuple[Package, str]:
    """One cell stored as another type."""
    part = random.choice(list(package.sheets.values()))
    kind = re.compile(r' t="[a-zA-Z]+"')
    return package.with_text(
        part, lambda text: _at_one(random, kind, text, lambda _t: f' t="{random.choice(TYPED)}"')
    ), part


def cell_place(random: Random, package: Package) -> tuple[Package, str]:
    """One cell said to stand elsewhere."""
    part = random.choice(list(package.sheets.values()))
    places = [*PLACES, *PLACE.findall(package.text(part))[-40:]]
    return package.with_text(
        part, lambda text: _at_one(random, PLACE, text, lambda _c: f'<c r="{random.choice(places)}"')
    ), part


def row_number(random: Random, package: Package) -> tuple[Package, str]:
    """One row said to stand elsewhere."""
    part = random.choice(list(package.sheets.values()))
    number = random.choice(("7", "0", "-1", "1048577", "x", "", "9", "100"))
    pattern = re.compile(r'<row r="\d+"')
    return package.with_text(
        part, lambda text: _at_one(random, pattern, text, lambda _r: f'<row r="{number}"')
    ), part


def shared_index(random: Random, package: Package) -> tuple[Package, str]:
    """One cell made to show another of the shared texts, or one of the texts dropped."""
    if SHARED not in package.parts:
        return cell_type(random, package)
    if random.random() < 0.4:
        item = re.compile(r"<si>.*?</si>")
        return package.with_text(SHARED, lambda text: _at_one(random, item, text, lambda _s: "")), SHARED
    part = random.choice(list(package.sheets.values()))
    value = re.compile(r't="s"><v>\d+</v>')
    new = random.choice(("-1", "99999999", "0", "", "1.0", str(random.randrange(100))))
    return package.with_text(
        part, lambda text: _at_one(random, value, text, lambda _v: f't="s"><v>{new}</v>')
    ), part


def styles_changed(random: Random, package: Package) -> tuple[Package, str]:
    """A number format changed, so that dates show as numbers or numbers as dates; or a cell's style."""
    if random.random() < 0.5:
        pattern, new = (
            re.compile(r'formatCode="[^"]*"'),
            f'formatCode="{random.choice(FORMATS).replace(chr(34), "&quot;")}"',
        )
        return package.with_text(STYLES, lambda text: _at_one(random, pattern, text, lambda _f: new)), STYLES
    part = random.choice(list(package.sheets.values()))
    style = re.compile(r' s="\d+"')
    new = random.choice((' s="0"', ' s="15"', ' s="12"', ' s="9999"', ' s="-1"', ' s="x"', ""))
    return package.with_text(part, lambda text: _at_one(random, style, text, lambda _s: new)), part


def workbook_changed(random: Random, package: Package) -> tuple[Package, str]:
    """The days counted from 1904, calculation set by hand, names dropped or pointed elsewhere."""
    names = re.compile(r"<definedName [^>]*>[^<]*</definedName>")
    target = re.compile(r"(?<=>)'Start here'!\$B\$\d+(?=<)")
    places = (
        "'Start here'!$B$12",
        "'Start here'!$A$1",
        "Workforce!$A$7",
        "#REF!",
        "1+1",
        "'Start here'!$B$999999",
        "",
    )
    changes: dict[str, Callable[[str], str]] = {
        "1904": lambda text: text.replace("<workbookPr />", '<workbookPr date1904="1" />'),
        "1904 true": lambda text: text.replace("<workbookPr />", '<workbookPr date1904="true" />'),
        "calculation": lambda text: re.sub(
            r"<calcPr[^>]*/>", '<calcPr calcMode="manual" fullPrecision="0" />', text
        ),
        "a name dropped": lambda text: _at_one(random, names, text, lambda _n: ""),
        "a name doubled": lambda text: _at_one(random, names, text, lambda n: n[0] * 2),
        "a name elsewhere": lambda text: _at_one(random, target, text, lambda _n: random.choice(places)),
        "no sheets": lambda text: re.sub(r"<sheets>.*</sheets>", "<sheets></sheets>", text),
    }
    how = random.choice(list(changes))
    return package.with_text(WORKBOOK, changes[how]), how


def merged(random: Random, package: Package) -> tuple[Package, str]:
    """Cells merged, of the headings or the rows."""
    part = random.choice(list(package.sheets.values()))
    area = random.choice(CELLS_IN_MERGES)
    element = f'</sheetData><mergeCells count="1"><mergeCell ref="{area}" /></mergeCells>'
    return package.with_text(part, lambda text: text.replace("</sheetData>", element)), f"{part} {area}"


def hidden(random: Random, package: Package) -> tuple[Package, str]:
    """A row, a column or a sheet hidden: it is read all the same."""
    part = random.choice(list(package.sheets.values()))
    how = random.choice(("row", "col", "sheet"))
    if how == "sheet":
        state = random.choice(("hidden", "veryHidden", "nowhere"))
        pattern = re.compile(r'state="visible"')
        return package.with_text(
            WORKBOOK, lambda text: _at_one(random, pattern, text, lambda _s: f'state="{state}"')
        ), f"sheet {state}"
    pattern = re.compile(rf"<{how} ")
    return package.with_text(
        part, lambda text: _at_one(random, pattern, text, lambda tag: f'{tag[0]}hidden="1" ')
    ), f"{part} {how}"


def table_changed(random: Random, package: Package) -> tuple[Package, str]:
    """An Excel table that is said to be larger, smaller or elsewhere, to have totals, or another name."""
    part = random.choice([p for p in package.parts if p.startswith("xl/tables/")])
    changes: dict[str, Callable[[str], str]] = {
        "area": lambda text: re.sub(
            r' ref="[^"]*"',
            f' ref="{random.choice(("A6:C8", "A1:B2", "A7:I9", "B6:D400", "x"))}"',
            text,
            count=1,
        ),
        "totals": lambda text: text.replace(" ref=", ' totalsRowCount="1" ref=', 1),
        "no headings": lambda text: text.replace(" ref=", ' headerRowCount="0" ref=', 1),
        "name": lambda text: re.sub(
            r'isplayName="[^"]*"',
            f'isplayName="{random.choice(("reviews", "workforce", "counts", "Table1", "x"))}"',
            text,
        ),
    }
    how = random.choice(list(changes))
    return package.with_text(part, changes[how]), f"{part} {how}"


MEMBERS: dict[str, Change] = {
    made.__name__: made
    for made in (
        member_dropped,
        member_doubled,
        members_swapped,
        member_renamed,
        member_emptied,
        member_repeated,
    )
}
XML: dict[str, Change] = {
    made.__name__: made
    for made in (
        xml_tag,
        xml_attribute,
        xml_entity,
        xml_namespace,
        xml_encoding,
        xml_bytes,
        cell_type,
        cell_place,
        row_number,
        shared_index,
        styles_changed,
        workbook_changed,
        merged,
        hidden,
        table_changed,
    )
}
