"""Whatever file the commands are given, they end in a clear message, in bounds, and write nothing."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.cli.run import ROOT, RULES, kpi_each
from tests.returns.parts import DECLARATION, cell_bomb, parts, worksheet, zip_bomb, zipped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
ONE = '<row r="1"><c r="A1"><v>1</v></c></row>'
GOOD = ROOT / "inputs" / "returns_2024-03.xlsx"
LAUGHS = '<!DOCTYPE worksheet [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]>'
XXE = '<!DOCTYPE worksheet [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


def raw(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def packed(sheet: str = ONE, **others: str) -> Callable[[Path], object]:
    """A workbook with a cover sheet, so that it is read."""
    made = parts(sheet)
    made["xl/workbook.xml"] = made["xl/workbook.xml"].replace("Sheet1", "Start here")
    return lambda path: zipped(path, {**made, **others})


def declaring(doctype: str) -> Callable[[Path], object]:
    return packed(worksheet(ONE).replace(DECLARATION, DECLARATION + doctype))


def cut(path: Path) -> None:
    path.write_bytes(GOOD.read_bytes()[:-500])


REFUSED: dict[str, tuple[Callable[[Path], object], int, str]] = {
    "not there": (lambda _: None, 4, "No return found"),
    "a folder of that name": (lambda path: path.mkdir(), 4, "No return found"),
    "empty": (raw(b""), 3, "it is empty (0 bytes)"),
    "csv": (raw(b"Child ID,Team\n1,CIC\n"), 3, "perhaps CSV"),
    "html": (raw(b"<html><table></table></html>"), 3, "a web page (HTML)"),
    "password": (raw(bytes.fromhex("D0CF11E0A1B11AE1") + "EncryptedPackage".encode("utf-16-le") * 9), 3,
                 "protected by a password"),
    "old format": (raw(bytes.fromhex("D0CF11E0A1B11AE1") + "Workbook".encode("utf-16-le") * 9), 3,
                   "the old Excel (.xls) format"),
    "cut short": (cut, 3, "cut short"),
    "zip bomb": (zip_bomb, 3, "unpacks to far more"),
    "external entity": (declaring(XXE), 3, "declares a document type"),
    "billion laughs": (declaring(LAUGHS), 3, "declares a document type"),
    "path traversal": (packed(**{"../../x": "x"}), 3, "points outside it"),
    "another zip": (lambda path: zipped(path, {"photo.jpg": "x"}), 3, "a zip archive of something else"),
    "no return": (lambda path: zipped(path, parts(ONE)), 3, "neither the cover nor any sheet"),
    "last cell": (packed('<row r="1048576"><c r="XFD1048576"><v>7</v></c></row>'), 3, "does not say which"),
}  # fmt: skip

CAN_BE_OPENED = {"no return", "last cell", "external entity", "billion laughs"}


@pytest.mark.parametrize("kind", REFUSED)
def test_hostile_file_is_refused_in_words_and_nothing_is_written(tmp_path: Path, kind: str) -> None:
    make, code, words = REFUSED[kind]
    path = tmp_path / "returns_2024-03.xlsx"
    make(path)
    before = sorted(tmp_path.iterdir())
    annotate: list[str | Path] = []
    if path.is_file() and kind not in CAN_BE_OPENED:
        annotate = ["--annotate", tmp_path / "out.xlsx"]
    marked, text, explained, last = kpi_each([
        ["check", path, "--rules", RULES, "--format", "json"],
        ["check", path, "--rules", RULES, *annotate],
        ["explain", "views-shared", path, "--rules", RULES],
        ["template", tmp_path / "new.xlsx", "--month", "2024-04", "--last-month", path, "--rules", RULES],
    ])  # fmt: skip
    said = " ".join((text.out + text.err).split())
    assert (marked.code, text.code) == (code, code)
    assert words in said
    if code == 3:
        assert words in " ".join(f["message"] for f in json.loads(marked.out)["findings"])
        assert explained.code in {0, 3}
    assert last.code == 2
    assert "Nothing was checked and nothing was written" in last.err
    assert sorted(tmp_path.iterdir()) == before
    assert "Traceback" not in said + explained.err + last.err


@pytest.mark.parametrize("kind", ["csv", "zip bomb", "no return"])
def test_refusal_reads_as_such_in_every_format(tmp_path: Path, kind: str) -> None:
    make, code, _ = REFUSED[kind]
    path = tmp_path / "returns_2024-03.xlsx"
    make(path)
    forms = ("text", "json", "csv", "github", "junit")
    told = kpi_each([["check", path, "--rules", RULES, "--format", form] for form in forms])
    assert [one.code for one in told] == [code] * len(forms)
    assert all(one.out.strip() for one in told)


def changed(path: Path, change: Callable[[str], str], part: str = "xl/worksheets/sheet12.xml") -> None:
    """A real return with one part changed."""
    with zipfile.ZipFile(GOOD) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content.decode()) if name == part else content)


READ: dict[str, Callable[[str], str]] = {
    "wrong dimension": lambda xml: (
        xml.replace("<sheetData>", '<dimension ref="A1:A2"/><sheetData>', 1)
        if "<dimension" not in xml
        else xml.replace('<dimension ref="', '<dimension ref="A1:A2" x="', 1)
    ),
    "value in XFD1048576": lambda xml: xml.replace(
        "</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>7</v></c></row></sheetData>'
    ),
    "one cell twice": lambda xml: xml.replace(
        "</sheetData>", '<row r="9999"><c r="A9999"><v>1</v></c><c r="A9999"><v>2</v></c></row></sheetData>'
    ),
    "2^53 and beyond": lambda xml: xml.replace(
        "</sheetData>", '<row r="9999"><c r="A9999"><v>9007199254740993</v></c></row></sheetData>'
    ),
    "error cells": lambda xml: xml.replace(
        "</sheetData>", '<row r="9999"><c r="A9999" t="e"><v>#N/A</v></c></row></sheetData>'
    ),
}


@pytest.mark.parametrize("kind", READ)
def test_odd_cells_are_told_and_the_rest_is_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "returns_2024-03.xlsx"
    changed(path, READ[kind])
    (told,) = kpi_each([
        ["check", path, "--rules", RULES, "--format", "json", "--annotate", tmp_path / "out.xlsx"]
    ])  # fmt: skip
    assert told.code in {1, 3}
    assert "Traceback" not in told.err
    judged = json.loads(told.out)["measures"]
    assert sum(one["status"] in {"pass", "fail"} for one in judged) > 10
    assert (tmp_path / "out.xlsx").is_file()


def test_macros_are_never_run_and_links_never_followed(tmp_path: Path) -> None:
    path = tmp_path / "returns_2024-03.xlsm"
    shutil.copy(GOOD, path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"x")
    (told,) = kpi_each([["check", path, "--rules", RULES, "--format", "json"]])
    assert told.code == 1


def test_cell_bomb_is_refused(tmp_path: Path) -> None:
    (told,) = kpi_each([["check", cell_bomb(tmp_path / "returns_2024-03.xlsx"), "--rules", RULES]])
    assert told.code == 3
    assert "more than 100,000 rows of 20 cells" in " ".join(told.out.split())
