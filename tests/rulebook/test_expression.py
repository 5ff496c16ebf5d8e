"""Expressions of rules: what they mean, and the place of every fault in them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi_engine.rulebook.book import Blank, ColumnSpec
from kpi_engine.rulebook.expression import parse_condition, parse_date
from kpi_engine.terms.expression import (
    AllOf,
    AnyOf,
    Bound,
    Choose,
    ColumnRef,
    Compare,
    Comparison,
    Condition,
    Day,
    Expression,
    IsBlank,
    IsTrue,
    Literal,
    Not,
    OneOf,
    Shift,
)
from kpi_engine.terms.table import ColumnType


def column(
    name: str,
    kind: ColumnType,
    blank: Blank = Blank.NOT_HAPPENED,
    values: tuple[str, ...] = (),
) -> ColumnSpec:
    choices = {value.casefold(): value for value in values}
    return ColumnSpec(name, name, (), kind, blank, True, False, values, choices, None, None, "")  # noqa: FBT003


COLUMNS = {
    spec.id: spec
    for spec in (
        column("team", ColumnType.CHOICE, Blank.UNKNOWN, ("Fostering", "Children in Care")),
        column("plan", ColumnType.CHOICE, values=("Adoption",)),
        column("start", ColumnType.DATE),
        column("end_on", ColumnType.DATE),
        column("posts", ColumnType.WHOLE),
        column("trained", ColumnType.YES_NO),
        column("consents", ColumnType.YES_NO, Blank.NO),
        column("post_id", ColumnType.ID),
        column("note", ColumnType.TEXT),
    )
}
TEAM, START, END = (
    ColumnRef("team", ColumnType.CHOICE),
    ColumnRef("start", ColumnType.DATE),
    ColumnRef("end_on", ColumnType.DATE),
)
POSTS, TRAINED = ColumnRef("posts", ColumnType.WHOLE), ColumnRef("trained", ColumnType.YES_NO)
FOSTERING = Compare(Comparison.EQUAL, TEAM, Literal("Fostering"))
IN_PERIOD = AllOf(
    (
        Compare(Comparison.AT_LEAST, START, Day(Bound.PERIOD_START)),
        Compare(Comparison.AT_MOST, START, Day(Bound.PERIOD_END)),
    )
)

SAID: list[tuple[str, Condition]] = [
    ('team == "Fostering"', FOSTERING),
    ('  team\n  ==\t"Fostering"\n', FOSTERING),
    ("team == 'Fostering'", FOSTERING),
    ('team != "Fostering"', Not(FOSTERING)),
    ('"Fostering" == team', Compare(Comparison.EQUAL, Literal("Fostering"), TEAM)),
    ("trained", IsTrue(TRAINED)),
    ("not trained", Not(IsTrue(TRAINED))),
    ('trained == "yes"', Compare(Comparison.EQUAL, TRAINED, Literal(True))),  # noqa: FBT003
    ('trained == "no"', Compare(Comparison.EQUAL, TRAINED, Literal(False))),  # noqa: FBT003
    ("end_on is None", IsBlank(END)),
    ("end_on is not None", Not(IsBlank(END))),
    ("start in period", IN_PERIOD),
    ("start not in period", Not(IN_PERIOD)),
    (
        'team in ("Fostering", "Children in Care")',
        OneOf(TEAM, (Literal("Fostering"), Literal("Children in Care"))),
    ),
    ('team not in ["Fostering"]', Not(OneOf(TEAM, (Literal("Fostering"),)))),
    ("posts in (1, 2)", OneOf(POSTS, (Literal(1), Literal(2)))),
    ("posts > -3", Compare(Comparison.MORE, POSTS, Literal(-3))),
    ("posts <= 0.50", Compare(Comparison.AT_MOST, POSTS, Literal(Decimal("0.50")))),
    ("start < date(2023, 6, 30)", Compare(Comparison.LESS, START, Literal(date(2023, 6, 30)))),
    (
        "start < end_on <= period.end",
        AllOf(
            (Compare(Comparison.LESS, START, END), Compare(Comparison.AT_MOST, END, Day(Bound.PERIOD_END)))
        ),
    ),
    ("start + months(6) >= end_on", Compare(Comparison.AT_LEAST, Shift(START, months=6), END)),
    ("start - days(49) == end_on", Compare(Comparison.EQUAL, Shift(START, days=-49), END)),
    (
        "start + months(6) + days(1) - days(3) == end_on",
        Compare(Comparison.EQUAL, Shift(START, months=6, days=-2), END),
    ),
    (
        "start + days(1) + months(1) == end_on",
        Compare(Comparison.EQUAL, Shift(Shift(START, days=1), months=1), END),
    ),
    (
        "start + months(1) + months(1) == end_on",
        Compare(Comparison.EQUAL, Shift(Shift(START, months=1), months=1), END),
    ),
    (
        "earliest(start, end_on) < latest(start, period.start)",
        Compare(
            Comparison.LESS,
            Choose(False, START, END),  # noqa: FBT003
            Choose(True, START, Day(Bound.PERIOD_START)),  # noqa: FBT003
        ),
    ),
    (
        'trained and team == "Fostering" or end_on is None',
        AnyOf((AllOf((IsTrue(TRAINED), FOSTERING)), IsBlank(END))),
    ),
]


@pytest.mark.parametrize(("text", "tree"), SAID, ids=[text for text, _ in SAID])
def test_an_expression_means_one_tree(text: str, tree: Condition) -> None:
    parsed = parse_condition(text, COLUMNS)
    assert parsed.faults == ()
    assert parsed.tree == tree


FAULTS = [
    ('taem == "Fostering"', "B122", 0, "did you mean team?"),
    ('team == "fostering"', "B123", 8, 'write "Fostering"'),
    ('team == "Fosterin"', "B123", 8, "did you mean Fostering?"),
    ('team in ("Fostering", "CIN")', "B123", 22, 'never "CIN"'),
    ("team == plan", "B123", 8, "no value in common"),
    ("team == Fostering", "B122", 8, 'quotes: "Fostering"'),
    ("trained == yes", "B122", 11, 'quotes: "yes"'),
    ("trained == True", "B121", 11, '== "yes"'),
    ('trained == "maybe"', "B124", 11, 'write "yes" or "no"'),
    ('start > "2023-06-30"', "B124", 8, "date(2023, 12, 31)"),
    ("start > 3", "B124", 8, "start is a date, 3 is a number"),
    ('posts > "3"', "B124", 8, "posts is a number"),
    ('team < "Fostering"', "B124", 0, "only dates and numbers"),
    ("post_id < note", "B124", 0, "only dates and numbers"),
    ("start", "B124", 0, "start is not None"),
    ("team is None", "B124", 0, "a blank team means unknown"),
    ("consents is None", "B124", 0, "a blank consents means no"),
    ("start == None", "B121", 9, "is None"),
    ('note == ""', "B124", 8, "is None"),
    ('team is "Fostering"', "B121", 8, "=="),
    ("1 == 1", "B124", 0, "compares no column"),
    ("period.start < period.end", "B124", 0, "compares no column"),
    ("3 in period", "B124", 0, "not a date of the row"),
    ("period.strat < start", "B121", 0, "did you mean period.start?"),
    ("start in window", "B121", 9, "window:"),
    ("start > window.start", "B121", 8, "window:"),
    ('"a" in team', "B121", 7, "a list is wanted"),
    ("posts in ()", "B121", 9, "a list is wanted"),
    ("posts in (posts,)", "B121", 10, "constants only"),
    ("start + 6 < end_on", "B121", 8, "months(6)"),
    ("months(6) < end_on", "B121", 0, "added to a date"),
    ("posts + months(6) < end_on", "B124", 0, "added to dates"),
    ("start + months(x) < end_on", "B121", 8, "one whole number"),
    ("start + months(1201) < end_on", "B125", 8, "hundred years"),
    ("start < date(2023, 2, 30)", "B124", 8, "no such day"),
    ("start < date(99, 1, 1)", "B124", 8, "1900"),
    ("start < earliest(end_on)", "B121", 8, "two dates"),
    ("start < earliest(end_on, posts)", "B124", 25, "a date is wanted"),
    ("start < eraliest(end_on, start)", "B121", 8, "did you mean earliest?"),
    ("posts + posts == 2", "B121", 8, "can be added"),
    ("posts * 2 == 2", "B121", 0, "wanted here"),
    ("posts == 1_000", "B121", 9, "plain digits"),
    ("posts == 0x10", "B121", 9, "plain digits"),
    ("posts == 1e3", "B121", 9, "plain digits"),
    ("posts == 9999999999999", "B121", 9, "plain digits"),
    ('note == "a" "b"', "B121", 8, "written plainly"),
    ('note == f"a"', "B121", 8, "wanted here"),
    (r'note == "\x41"', "B121", 8, "written plainly"),
    ("[team for team in note]", "B121", 0, "condition"),
    ("lambda: trained", "B121", 0, "condition"),
    ("trained if trained else trained", "B121", 0, "condition"),
    ('__import__("os").system("true")', "B121", 0, "condition"),
    ("note.upper() == note", "B121", 0, "no function"),
    ('team = "Fostering"', "B120", 5, "=="),
    ('(team == "Fostering"', "B120", 0, "bracket"),
    ('team == "Fostering', "B120", 8, "quote"),
    ("trained and", "B120", 11, "cannot be read"),
    ("trained # every one", "B120", 8, "comment"),
    ("ｔrained", "B122", 0, "no column"),
    ("\ud800", "B120", 0, "cannot be read"),
    ("note == 'é' and x", "B122", 16, "no column x"),
    ("x" * 801, "B125", 0, "800"),
    ("not " * 100 + "trained", "B125", 84, "deep"),
    ("start" + " + days(1) + months(1)" * 20 + " < end_on", "B125", 0, "deep"),
]


@pytest.mark.parametrize(("text", "code", "offset", "what"), FAULTS, ids=[f[0][:40] for f in FAULTS])
def test_a_fault_is_told_at_its_character(text: str, code: str, offset: int, what: str) -> None:
    parsed = parse_condition(text, COLUMNS)
    assert parsed.tree is None
    assert [(fault.code, fault.offset) for fault in parsed.faults] == [(code, offset)]
    assert what in parsed.faults[0].what


def test_every_fault_of_one_expression_is_told() -> None:
    parsed = parse_condition('taem == "x" and team == "y" and start > 3', COLUMNS)
    assert [fault.offset for fault in parsed.faults] == [0, 24, 40]


def test_a_fault_in_the_middle_of_a_chain_is_told_once() -> None:
    assert len(parse_condition("start < ned_on < period.end", COLUMNS).faults) == 1


def test_the_columns_read_are_gathered() -> None:
    parsed = parse_condition("start + months(6) <= end_on and (not trained or posts in (1, 2))", COLUMNS)
    assert parsed.columns == {"start", "end_on", "trained", "posts"}


def test_the_window_is_named_only_where_there_is_one() -> None:
    assert parse_condition("start in window", COLUMNS, window=True).faults == ()


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("start", START),
        ("start + months(3)", Shift(START, months=3)),
        ("latest(start, end_on)", Choose(True, START, END)),  # noqa: FBT003
    ],
)
def test_a_date_of_the_row_is_read(text: str, tree: Expression) -> None:
    assert parse_date(text, COLUMNS).tree == tree


@pytest.mark.parametrize(("text", "code"), [("period.end", "B124"), ("posts", "B124"), ("strat", "B122")])
def test_what_is_no_date_of_the_row_is_a_fault(text: str, code: str) -> None:
    assert [fault.code for fault in parse_date(text, COLUMNS).faults] == [code]


WORDS = st.sampled_from(
    [
        *COLUMNS,
        "and",
        "or",
        "not",
        "in",
        "is",
        "None",
        "==",
        "!=",
        "<",
        "<=",
        "(",
        ")",
        ",",
        '"Fostering"',
        "3",
        "0.5",
        "period",
        "window",
        "period.end",
        "months(6)",
        "days(1)",
        "+",
        "-",
        "date(2023, 1, 31)",
        "earliest(",
        "lambda",
        ":",
        "[",
        "]",
        "*",
        "=",
        "if",
        "else",
        "\n",
        "é",
        "#",
        "\\",
    ],
)


@given(st.one_of(st.text(max_size=900), st.lists(WORDS, max_size=25).map(" ".join)))
@settings(max_examples=300, deadline=None)
def test_any_text_gives_a_tree_or_faults_inside_it(text: str) -> None:
    for parsed in (parse_condition(text, COLUMNS), parse_date(text, COLUMNS, window=True)):
        assert (parsed.tree is None) == bool(parsed.faults)
        assert all(0 <= fault.offset <= len(text) for fault in parsed.faults)
        assert parsed.columns <= set(COLUMNS)
