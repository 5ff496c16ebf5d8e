"""The JUnit report: failure, error and skipped each mean one thing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.reports.to_junit import to_junit
from tests.reports.build import BOOK, CHECKED, SHARE, indicator, rulebook, share, target

if TYPE_CHECKING:
    from collections.abc import Callable


def cases(text: str) -> dict[str, set[str]]:
    root = ET.fromstring(text.encode())  # noqa: S314  (our own output)
    return {case.get("name", ""): {child.tag for child in case} for case in root.iter("testcase")}


def test_the_report_is_as_agreed(golden: Callable[[str, str], None]) -> None:
    golden("check.xml", to_junit(CHECKED, BOOK))


def test_a_miss_is_a_failure_and_what_could_not_be_assessed_an_error() -> None:
    found = cases(to_junit(CHECKED, BOOK))
    assert "failure" in found["permanent-staff"]
    assert "error" in found["life-story-books"]
    assert "skipped" in found["pf-training"]
    assert "skipped" in found["pf-referrals"]
    assert found["carer-reviews"] == found["pf-champions"] == {"system-out"}


def test_the_totals_are_those_of_the_cases() -> None:
    text = to_junit(CHECKED, BOOK)
    suite = ET.fromstring(text.encode()).find("testsuite")  # noqa: S314  (our own output)
    assert suite is not None
    inside = [tag for tags in cases(text).values() for tag in tags]
    for total, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.get(total, "")) == inside.count(tag)
    assert int(suite.get("tests", "")) == len(CHECKED.verdicts)


@given(st.text(max_size=60))
def test_the_report_is_well_formed_whatever_a_return_says(words: str) -> None:
    rule = indicator("a-measure", words, SHARE, target("17/20"), title=words)
    finding = replace(CHECKED.findings[0], message=words, sheet=words)
    checked = replace(CHECKED, verdicts=(share(rule, 1, 20, detail=words),), findings=(finding,))
    assert cases(to_junit(checked, rulebook(rule))) == {"a-measure": {"failure", "system-out"}}


def test_an_unvalidated_pass_says_so() -> None:
    assert "pass (unvalidated): 14" in to_junit(CHECKED, BOOK)
