"""Every fault that the program can name is in the catalogue, and every entry can be filled in."""

from __future__ import annotations

import re
from pathlib import Path

import kpi_engine
from kpi_engine.terms.codes import CODES, finding

CODE = re.compile(r'"([ABHPRSTV]\d{3})"')
SOURCES = sorted(Path(kpi_engine.__file__).parent.rglob("*.py"))


def used() -> set[str]:
    return {
        code
        for path in SOURCES
        if path.name != "codes.py"
        for code in CODE.findall(path.read_text(encoding="utf-8"))
    }


def test_every_code_used_is_in_the_catalogue() -> None:
    assert len(used()) > 50
    assert sorted(used() - set(CODES)) == []


def test_every_code_of_the_catalogue_is_used() -> None:
    assert sorted(set(CODES) - used()) == []


def test_every_entry_says_what_and_what_to_do() -> None:
    for code, entry in CODES.items():
        assert entry.title, code
        assert entry.message.endswith((".", "?", "}")), code
        assert entry.fix.endswith((".", "?", "}")), code


def test_a_hint_that_asks_ends_the_sentence() -> None:
    for maybe, end in (
        ("; did you mean 'permanent'?", "in its list; did you mean 'permanent'?"),
        ("", "list."),
    ):
        said = finding("R211", heading="Contract", shown="'x'", maybe=maybe, allowed="permanent").message
        assert said.endswith(end)
