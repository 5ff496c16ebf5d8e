"""Annotations: each on one line, and nothing in them read as a command."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.reports.to_github import to_github
from kpi_engine.terms.finding import Finding, Severity
from tests.reports.build import BOOK, CHECKED

if TYPE_CHECKING:
    from collections.abc import Callable

ANY_TEXT = st.text(max_size=60)
LINE = re.compile(r"::(error|warning|notice) (?:file=[^,:]*,)?title=[^,:]*::.*")


def test_the_annotations_are_as_agreed(golden: Callable[[str, str], None]) -> None:
    golden("check.github", to_github(CHECKED, BOOK))


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT, st.sampled_from(Severity))
def test_whatever_a_file_holds_every_annotation_is_one_line(
    message: str, fix: str, file: str, sheet: str, severity: Severity
) -> None:
    found = Finding("R203", severity, message, fix, file, sheet, "A1", found=message)
    text = to_github(replace(CHECKED, verdicts=(), milestones=(), findings=(found,)), BOOK)
    assert len(text.splitlines()) == 2
    assert all(LINE.fullmatch(line) for line in text.splitlines())


def test_per_cent_colon_comma_and_line_end_are_escaped() -> None:
    found = Finding("R203", Severity.REFUSE, "50%\n::error::x", "Fix.", "a,b:c.xlsx", "S")
    line = to_github(replace(CHECKED, verdicts=(), milestones=(), findings=(found,)), BOOK).splitlines()[0]
    assert line == "::error file=a%2Cb%3Ac.xlsx,title=R203 S::50%25 ::error::x Fix."


def test_nothing_due_is_no_annotation_and_other_gaps_are_errors() -> None:
    text = to_github(CHECKED, BOOK)
    assert "Training within 7 weeks" not in text
    assert "::error title=Life story books::not assessed" in text


def test_a_run_without_faults_still_says_what_it_counted() -> None:
    text = to_github(replace(CHECKED, verdicts=CHECKED.verdicts[1:2], milestones=(), findings=()), BOOK)
    assert text == "::notice title=kpi check%2C March 2024::0 fail, 1 pass\n"
