"""YAML as plain text: what is kept, what is refused, and where each thing stands."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi_engine.rulebook.document import RuleFile, read_yaml


def read(text: str) -> RuleFile:
    file, faults = read_yaml(text.encode(), "a.yaml", "a")
    assert faults == ()
    assert file is not None
    return file


def faults(text: str | bytes) -> list[str]:
    raw = text if isinstance(text, bytes) else text.encode()
    return [f"{f.line}:{f.column} {f.code} {f.message}" for f in read_yaml(raw, "a.yaml", "a")[1]]


def place(file: RuleFile, *path: str | int, offset: int | None = None) -> str:
    fault = file.fault("B112", path, offset=offset, what="")
    return f"{fault.line}:{fault.column}"


def test_scalars_stay_text() -> None:
    file = read("version: 1.10\nanswer: no\nother: yes\ncount: 012\nday: 2023-12-31\nword: 'null'\n")
    assert file.data == {
        "version": "1.10",
        "answer": "no",
        "other": "yes",
        "count": "012",
        "day": "2023-12-31",
        "word": "null",
    }


def test_every_key_and_value_has_its_place() -> None:
    file = read("a: 1\nb:\n  - {c: d, e: [f, g]}\n  - h\n")
    assert place(file, "a") == "1:4"
    assert place(file, "b", 0, "c") == "3:9"
    assert place(file, "b", 0, "e", 1) == "3:19"
    assert place(file, "b", 1) == "4:5"
    assert place(file, "b", 7, "nowhere") == "3:3"
    on_key = file.fault("B110", ("b", 0, "e"), on_key=True, hint="")
    assert (on_key.line, on_key.column) == (3, 12)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a: one == twoo\n", "1:11"),
        ("a: 'one == twoo'\n", "1:12"),
        ('a: "one == twoo"\n', "1:12"),
        ("a: 'o''e == twoo'\n", "1:13"),
        ('a: "o\\"e == twoo"\n', "1:13"),
        ("a: >-\n  one\n  ==\n    twoo\n", "4:5"),
        ("a: |\n  one ==\n\n  twoo\n", "4:3"),
        ("a: one\n   ==\n\n   twoo\n", "4:4"),
        ("a: {b: 1,\n  c: é}\nd:   'one\n  == twoo'\n", "4:6"),
        ('a: "one\\\n  == twoo"\n', "1:4"),
        ('a: "\\u006fne == twoo"\n', "1:4"),
    ],
)
def test_a_place_inside_a_scalar_is_found_in_every_style(text: str, wanted: str) -> None:
    file = read(text)
    name = "d" if "d" in file.data else "a"
    assert place(file, name, offset=file.texts((name,)).index("twoo")) == wanted


def test_a_place_at_the_end_of_a_scalar_is_just_after_it() -> None:
    file = read("a: >\n  one and\nb: c\n")
    assert place(file, "a", offset=8) == "2:10"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a: 1\nb: 2\na: 3\n", ["3:1 B105 a: written twice (first in line 1)."]),
        ("x: {a: 1, a: 2}\n", ["1:11 B105 x.a: written twice (first in line 1)."]),
        ("a:\nb: 2\n", ["1:3 B106 a: has no value."]),
        ("a: ~\n", ["1:4 B106 a: has no value."]),
        ("a: [1, null]\n", ["1:8 B106 a.1: has no value."]),
        ("a: ''\n", ["1:4 B106 a: has no value."]),
        ("a: '  '\n", ["1:4 B106 a: has no value."]),
        ("a: &x 1\nb: *x\n", ["1:4 B104 a: &anchors are not used.", "2:4 B104 b: *aliases are not used."]),
        ("a: !!int 1\n", ["1:4 B104 a: !tags are not used."]),
        ("a: {<<: {b: 1}}\n", ["1:5 B104 a.<<: keys are not merged in from elsewhere."]),
        ("a: 1\n---\nb: 2\n", ["2:1 B104 the file: a second document starts here."]),
        ("- a\n", ["1:1 B104 the file: a rule file is keys and values, not a list or a text."]),
        ("text\n", ["1:1 B104 the file: a rule file is keys and values, not a list or a text."]),
        ("? [a]\n: b\n", ["1:3 B104 the file: a key is plain text."]),
        ("", ["1:1 B106 the file: has no value."]),
        ("# a comment\n", ["1:1 B106 the file: has no value."]),
        ("a: 1\n\tb: 2\n", ["2:1 B103 Not YAML: a tab; indent with spaces."]),
        ("\ta: 1\n", ["1:1 B103 Not YAML: a tab; indent with spaces."]),
        ("a: 1 \t# b\n \t\n", ["2:2 B103 Not YAML: a tab; indent with spaces."]),
        ("a: \x07\n", ["1:4 B103 Not YAML: a character that cannot be printed."]),
        (b"a: b\nc: \xff\n", ["2:4 B102 The file is not UTF-8 text."]),
        (b"a: " + b"x" * 1_000_000, ["None:None B102 The file is larger than 1,000,000 bytes."]),
    ],
)
def test_what_rules_do_not_use_is_refused_at_its_place(text: str | bytes, wanted: list[str]) -> None:
    assert faults(text) == wanted


@pytest.mark.parametrize(
    ("text", "where"),
    [("a: [1, 2\nb: 3\n", "2:2"), ("a: b: c\n", "1:5"), ("a: 'x\n", "2:1")],
)
def test_what_is_not_yaml_is_told_with_its_place(text: str, where: str) -> None:
    (fault,) = faults(text)
    assert fault.startswith(f"{where} B103 Not YAML")


def test_depth_is_a_fault_and_never_an_error() -> None:
    (fault,) = faults("a: " + "[" * 30_000)
    assert "nested more than 20 deep" in fault


def test_a_byte_order_mark_moves_nothing() -> None:
    assert faults(b"\xef\xbb\xbfa: ~\n") == ["1:4 B106 a: has no value."]


def test_windows_line_ends_count_once() -> None:
    assert faults("a: 1\r\nb: ~\r\n") == ["2:4 B106 b: has no value."]


@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace")),
        st.lists(
            st.sampled_from(
                [
                    "a: ",
                    "b",
                    "\n",
                    "  ",
                    "- ",
                    "{",
                    "}",
                    "[",
                    "]",
                    ", ",
                    "'",
                    '"',
                    "&x ",
                    "*x",
                    "~",
                    "|\n",
                    ">-\n",
                    "é",
                    "\t",
                    "---\n",
                    "<<: ",
                    "? ",
                    "!t ",
                    "#",
                ]
            ),
            max_size=30,
        ).map(lambda parts: "".join(parts).encode()),
    )
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_data_or_findings(raw: bytes) -> None:
    file, found = read_yaml(raw, "a.yaml", "a")
    assert file is not None or found
    assert all(f.line is None or f.line >= 1 for f in found)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,6}", fullmatch=True),
        st.from_regex(r"[A-Za-z0-9 .%é]{0,8}[A-Za-z0-9é]", fullmatch=True).filter(
            lambda t: t.lower() != "null"
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(deadline=None)
def test_what_is_written_is_what_is_read_and_where(written: dict[str, str]) -> None:
    text = "".join(f"{key}: '{value}'\n" for key, value in written.items())
    file = read(text)
    assert file.data == written
    assert [file.line((key,)) for key in written] == list(range(1, len(written) + 1))
