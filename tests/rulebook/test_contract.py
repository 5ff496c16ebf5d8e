"""The return contract: choices, columns, cells, and every way that it can contradict itself."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from kpi_engine.rulebook.contract import blank_cell, cell
from kpi_engine.terms.expression import ColumnRef
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.table import ColumnType
from tests.rulebook.rules_folder import FILES, MARK, POSTS, loaded, marked, said, spoilt, write

if TYPE_CHECKING:
    from pathlib import Path

    from kpi_engine.terms.table import Value

COVER, REFERRALS = "returns/cover.yaml", "returns/referrals.yaml"
TEAM_HELP = "    help: The team of the post.\n"


def test_the_contract_is_typed(tmp_path: Path) -> None:
    contract = loaded(write(tmp_path)).contract
    posts = contract.sheets["posts"]
    assert contract.template_version == "1.10"
    assert contract.not_known == {"n/k", "not known"}
    assert contract.no_figure_reasons == {"Not known yet": Reason.NO_VALUE}
    assert posts.columns["team"].values == ("Children in Care", "Fostering")
    assert posts.columns["team"].choices == {
        "children in care": "Children in Care",
        "cic": "Children in Care",
        "fostering": "Fostering",
    }
    assert (posts.columns["hours"].least, posts.columns["hours"].most) == (Decimal(0), Decimal(40))
    assert posts.checks[0].doubt == ("left_on",)
    assert contract.sheets["referrals"].dated_by == (ColumnRef("received_on", ColumnType.DATE),)


def test_a_date_lies_in_the_future_only_where_the_contract_says_so(tmp_path: Path) -> None:
    folder = spoilt(tmp_path, POSTS, ("blank: not_happened", "blank: not_happened, future: yes"))
    columns = loaded(folder).contract.sheets["posts"].columns
    assert {name for name, column in columns.items() if column.future} == {"left_on"}


def test_values_may_be_a_plain_list(tmp_path: Path) -> None:
    before = "    values:\n      Children in Care: [CIC]\n      Fostering: []\n"
    after = "    values: [Children in Care, Fostering, CIC]\n"
    posts = loaded(spoilt(tmp_path, POSTS, (before, after))).contract.sheets["posts"]
    assert posts.columns["team"].values == ("Children in Care", "Fostering", "CIC")


@pytest.mark.parametrize(
    ("name", "before", "after", "wanted"),
    [
        (POSTS, "id: posts\n", "id: «post\n", "B130 id: this is post, but the file is named posts."),
        (
            POSTS,
            "key: [post_id]",
            "key: [«post_di]",
            "B132 key.0: there is no column post_di; did you mean post_id?",
        ),
        (
            POSTS,
            "heading: Hours,",
            "heading: «'left  ON',",
            "B138 columns.4.heading: left  ON already stands for column 4, left_on.",
        ),
        (
            POSTS,
            "heading: Hours,",
            "heading: Hours, synonyms: [Time, «team],",
            "B138 columns.4.synonyms.1: team already stands for column 2, team.",
        ),
        (
            POSTS,
            "{id: hours,",
            "{id: «left_on,",
            "B138 columns.4.id: left_on already stands for a column above.",
        ),
        (
            POSTS,
            "Fostering: []",
            "Fostering: «[cic]",
            "B138 columns.1.values.Fostering: cic already stands for Children in Care.",
        ),
        (
            POSTS,
            "Fostering: []",
            "Fostering: «[N/K]",
            'B139 columns.1.values.Fostering: "N/K" means "not known" on every sheet (cover.yaml).',
        ),
        (
            POSTS,
            "type: decimal, least: 0",
            "type: date, least: «0",
            "B139 columns.4.least: only a number has a least.",
        ),
        (POSTS, "least: 0, most: 40", "least: «41, most: 40", "B139 columns.4.least: more than most."),
        (
            POSTS,
            "least: 0",
            "least: «1e3",
            'B112 columns.4.least: "1e3" cannot stand here: write a number, such as 12 or 0.5.',
        ),
        (
            POSTS,
            "blank: not_happened",
            "blank: «no",
            "B139 columns.3.blank: only a blank of a yes_no column can mean no.",
        ),
        (
            POSTS,
            "blank: not_happened",
            "blank: «nothappened",
            (
                'B112 columns.3.blank: "nothappened" is not allowed; '
                "write not_happened, not_applicable, no or unknown; did you mean not_happened?"
            ),
        ),
        (
            POSTS,
            "type: id,",
            "type: id, quotable: «yes,",
            "B139 columns.0.quotable: ids and free text are never quoted.",
        ),
        (
            POSTS,
            "type: id,",
            "type: id, quotable: «maybe,",
            'B112 columns.0.quotable: "maybe" cannot stand here: write yes or no.',
        ),
        (
            POSTS,
            "type: id,",
            "type: id, future: «yes,",
            "B139 columns.0.future: only a date can lie in the future.",
        ),
        (
            POSTS,
            "{id: hours,",
            "{id: «period,",
            "B139 columns.4.id: period is a word of the rule language; call the column something else.",
        ),
        (
            POSTS,
            "{id: hours,",
            "{id: «class,",
            "B139 columns.4.id: class is a word of the rule language; call the column something else.",
        ),
        (
            POSTS,
            "{id: hours,",
            "{id: «Hours,",
            (
                'B112 columns.4.id: "Hours" cannot stand here: '
                "write small letters, digits and underscores, such as matched_on."
            ),
        ),
        (
            POSTS,
            "kind: snapshot",
            "kind: «events",
            "B139 kind: events want dated_by: the dates that put one in a month.",
        ),
        (
            POSTS,
            "key: [post_id]",
            "key: [post_id]\ndated_by: «[left_on]",
            "B139 dated_by: only events are dated_by: something.",
        ),
        (
            POSTS,
            "key: [post_id]",
            "key: [post_id]\nhistory_months: «many",
            'B112 history_months: "many" wants a whole number.',
        ),
        (
            REFERRALS,
            "kind: events",
            "kind: events\nhistory_months: «3",
            "B139 history_months: only a snapshot reaches back.",
        ),
        (
            REFERRALS,
            "[received_on]",
            "[«recieved_on]",
            "B122 dated_by.0: there is no column recieved_on; did you mean received_on?",
        ),
        (REFERRALS, "sheet: Referrals", "sheet: «posts", "B138 sheet: posts already stands for posts."),
        (
            POSTS,
            "when: left_on > period.end",
            "when: left_on > «window.end",
            "B121 checks.0.when: window needs a measure with window: (longer than a month).",
        ),
        (
            POSTS,
            "doubt: [left_on]",
            "doubt: [«leftt_on]",
            "B132 checks.0.doubt.0: there is no column leftt_on; did you mean left_on?",
        ),
        (
            COVER,
            "no_value",
            "«no_valu",
            "B132 no_figure_reasons.Not known yet: there is no reason no_valu; did you mean no_value?",
        ),
        (COVER, "nil_label: None this month\n", "", "1:1 B111 nil_label: missing."),
        (
            COVER,
            "required: yes}",
            "required: yes}\n  - {id: «month, label: MONTH, type: date, name: other}",
            "B138 fields.1.id: month already stands for field 1, month.",
        ),
    ],
)
def test_a_contract_that_contradicts_itself_is_told(
    tmp_path: Path,
    name: str,
    before: str,
    after: str,
    wanted: str,
) -> None:
    place = f"{marked(name, before, after)} " if MARK in after else ""
    assert f"rules/{name}:{place}{wanted}" in said(spoilt(tmp_path, name, (before, after)))


def test_a_choice_wants_values_and_only_a_choice_has_them(tmp_path: Path) -> None:
    found = said(spoilt(tmp_path, POSTS, ("    type: choice\n", "    type: text\n")))
    assert "rules/returns/posts.yaml:13:7 B139 columns.1.values: only a choice has values." in found


def test_a_value_listed_twice_is_a_fault(tmp_path: Path) -> None:
    before = "    values:\n      Children in Care: [CIC]\n      Fostering: []\n"
    found = said(spoilt(tmp_path, POSTS, (before, "    values: [A, A]\n")))
    wanted = "rules/returns/posts.yaml:12:13 B112 columns.1.values: cannot stand here: A is listed twice."
    assert wanted in found


@pytest.mark.parametrize(
    ("column", "text", "held"),
    [
        ("post_id", "0012", ("0012", False)),
        ("team", "cic", ("Children in Care", False)),
        ("team", "CIN", None),
        ("team", "N/K", (None, True)),
        ("permanent", "yes", (True, False)),
        ("permanent", "maybe", None),
        ("left_on", "2024-02-29", (date(2024, 2, 29), False)),
        ("left_on", "2023-02-29", None),
        ("left_on", "29/02/2024", None),
        ("hours", "37.5", (Decimal("37.5"), False)),
        ("hours", "40.5", None),
        ("hours", "-1", None),
        ("hours", "1e1", None),
    ],
)
def test_a_cell_of_an_example_is_typed(
    tmp_path: Path,
    column: str,
    text: str,
    held: tuple[Value, bool] | None,
) -> None:
    contract = loaded(write(tmp_path)).contract
    assert cell(text, contract.sheets["posts"].columns[column], contract.not_known) == held


@pytest.mark.parametrize(
    ("column", "held"),
    [("team", (None, True)), ("left_on", (None, False)), ("permanent", (False, False))],
)
def test_a_blank_means_what_its_column_says(tmp_path: Path, column: str, held: tuple[Value, bool]) -> None:
    folder = spoilt(tmp_path, POSTS, ("type: yes_no,", "type: yes_no, blank: no,"))
    assert blank_cell(loaded(folder).contract.sheets["posts"].columns[column]) == held


def test_the_small_folder_is_what_the_places_are_counted_in() -> None:
    assert FILES[POSTS].splitlines()[17].startswith("  - {id: hours,")
