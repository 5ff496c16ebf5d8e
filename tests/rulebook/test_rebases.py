"""Rebases: recorded decisions, each of a measure and a council that are there."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from kpi_engine.rulebook.book import Rebase
from kpi_engine.terms.period import Period
from tests.rulebook.rules_folder import loaded, said, write

if TYPE_CHECKING:
    from pathlib import Path

LINE = (
    "  - {measure: permanent-staff, authority: E99999999, first: 2024-04, "
    "reason: A new team., by: Management Team, on: 2024-07-11}\n"
)


def folder(tmp_path: Path, *changes: tuple[str, str], line: str = LINE) -> Path:
    for before, after in changes:
        assert before in line
        line = line.replace(before, after)
    return write(tmp_path, **{"rebases.yaml": f"rebases:\n{line}"})


def test_a_rebase_is_read_with_its_reason_and_who_decided(tmp_path: Path) -> None:
    assert loaded(folder(tmp_path)).rebases == (
        Rebase(
            "permanent-staff",
            "E99999999",
            Period.parse("2024-04"),
            "A new team.",
            "Management Team",
            date(2024, 7, 11),
        ),
    )


def test_a_rulebook_needs_no_rebases(tmp_path: Path) -> None:
    assert loaded(write(tmp_path)).rebases == ()
    assert loaded(write(tmp_path, **{"rebases.yaml": "rebases: []\n"})).rebases == ()


@pytest.mark.parametrize(
    ("change", "place", "fault"),
    [
        (("permanent-staff", "permanent-stuff"), "2:15", "B132"),
        (("permanent-staff", "posts-advertised"), "2:15", "B132"),
        (("E99999999", "E09000014"), "2:43", "B132"),
        (("2024-04", "2024/25"), "2:61", "B112"),
        (("2024-04", "April"), "2:61", "B112"),
        ((", by: Management Team", ""), "2:5", "B111"),
        (("reason: A new team., ", ""), "2:5", "B111"),
        (("2024-07-11", "2024-03-31"), "2:116", "B135"),
    ],
)
def test_a_faulty_rebase_is_told_where_it_stands(
    tmp_path: Path, change: tuple[str, str], place: str, fault: str
) -> None:
    (found,) = said(folder(tmp_path, change))
    assert found.startswith(f"rules/rebases.yaml:{place} {fault} ")


def test_one_decision_is_written_once(tmp_path: Path) -> None:
    found = said(folder(tmp_path, line=LINE * 2))
    assert [line.split()[1] for line in found] == ["B131"]
