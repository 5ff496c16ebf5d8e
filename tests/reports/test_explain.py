"""`kpi explain` and `kpi rules`: from the plan's words to the verdict, and back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kpi_engine.reports.explain import (
    explain_code,
    explain_measure,
    rule_json,
    rules_json,
    rules_list,
    rules_show,
)
from kpi_engine.rulebook.book import Operator
from kpi_engine.terms.codes import CODES
from tests.reports.build import BOOK, CHECKED, SHARE, STAFF, indicator, rulebook, share, target

if TYPE_CHECKING:
    from collections.abc import Callable

EVIDENCE = (("counted", "Workforce!C4"), ("counted", "Workforce!C5"), ("not_counted", "Workforce!C9"))


@pytest.mark.parametrize("measure", ["permanent-staff", "pf-referrals", "matched", "life-story-books"])
def test_an_explanation_is_as_agreed(measure: str, golden: Callable[[str, str], None]) -> None:
    evidence = EVIDENCE if measure == "permanent-staff" else ()
    golden(f"explain_{measure}.txt", explain_measure(CHECKED, BOOK, measure, evidence))


def test_the_rules_are_listed_as_agreed(golden: Callable[[str, str], None]) -> None:
    golden("rules_list.txt", rules_list(BOOK))
    golden("rules_show.txt", rules_show(STAFF, BOOK))
    golden("rule.json", rule_json(STAFF))


def test_a_miss_says_the_smallest_change_that_turns_it() -> None:
    assert "1 more of the 20 would meet it" in explain_measure(CHECKED, BOOK, "permanent-staff")
    rule = indicator("a-measure", "A measure", SHARE, target("1/10", Operator.AT_MOST))
    checked = replace(CHECKED, verdicts=(share(rule, 4, 20, needed=2),))
    assert "2 fewer of the 20 would meet it" in explain_measure(checked, rulebook(rule), "a-measure")


def test_readings_say_who_agreed_them_and_which_are_off() -> None:
    text = " ".join(explain_measure(CHECKED, BOOK, "permanent-staff").split())
    assert "(assumed)" in text
    assert "(agreed by the Director, 9 January 2024) Declared, not in use." in text


def test_the_evidence_is_addresses_by_outcome() -> None:
    text = explain_measure(CHECKED, BOOK, "permanent-staff", EVIDENCE)
    assert "  counted (2): Workforce!C4, Workforce!C5\n  not counted (1): Workforce!C9\n" in text


def test_without_a_verdict_the_rule_is_explained_all_the_same() -> None:
    checked = replace(CHECKED, period=None, verdicts=())
    assert "85% permanent staff by December 2023" in explain_measure(checked, BOOK, "permanent-staff")


@pytest.mark.parametrize("code", list(CODES))
def test_every_code_is_explained(code: str) -> None:
    text = explain_code(code)
    assert text is not None
    assert text.startswith(f"{code} ")
    assert not set("{}") & set(text)
    assert all(cell_len(line) <= 80 for line in text.split("\n"))


def test_a_code_that_is_none_has_no_explanation() -> None:
    assert explain_code("R000") is None


@given(st.text(max_size=120), st.lists(st.text(max_size=100), max_size=5))
def test_every_line_fits_80_columns(words: str, cells: list[str]) -> None:
    rule = replace(
        indicator("a-measure-" + "x" * 38, words, SHARE, target("17/20"), title=words, lead=words), file=words
    )
    checked = replace(CHECKED, verdicts=(share(rule, 1, 20, detail=words),))
    book = rulebook(rule)
    texts = [
        explain_measure(checked, book, rule.id, [("counted", cell) for cell in cells]),
        rules_show(rule, book),
        rules_list(book),
    ]
    for text in texts:
        assert all(cell_len(line) <= 80 for line in text.split("\n"))
        assert rule.id in text


def test_a_stated_target_names_its_column_and_an_own_source_is_cited() -> None:
    stated = replace(target("1"), value=None, column="target_figure", source=STAFF.source)
    rule = replace(STAFF, targets=(replace(stated, end=date(2025, 6, 30)),))
    text = " ".join(rules_show(rule, BOOK).split())
    assert "at least what the return states (target_figure), until 30 June 2025 (“85% permanent" in text
    assert json.loads(rule_json(rule))["targets"][0]["value"] is None


def test_rules_as_json_hold_what_an_agreement_needs() -> None:
    found = json.loads(rules_json(BOOK.indicators.values()))
    assert [rule["id"] for rule in found] == list(BOOK.indicators)
    for key in ("id", "title", "short", "actions", "lead", "targets", "source", "readings"):
        assert all(key in rule for rule in found)
    assert found[0]["targets"][0]["value"] == "85"
