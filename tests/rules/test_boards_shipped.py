"""The shipped boards: those that the plan names, what each reads, and what is kept from the public."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.rulebook.pack import SECTIONS, Cadence, ZeroRule

if TYPE_CHECKING:
    from kpi_engine.rulebook.book import Indicator, MilestoneRule, RuleBook
    from kpi_engine.rulebook.pack import Board

RULES = Path(__file__).parents[2] / "rules"
DOZEN = 12
HOS_QA = "Head of Service for Engagement, Safeguarding and Quality Assurance"
BOARDS = {  # id: lead, cadence, audience, sections
    "divisional-management-team": ("Director of Children's Services", "month", "internal", SECTIONS),
    "achieving-excellence-board": (
        "Independent Scrutineer",
        "quarter",
        "internal",
        ("summary", "exceptions"),
    ),
    "corporate-parenting-advisory-committee": (
        "Lead Member for Children and Families",
        "quarter",
        "public",
        SECTIONS,
    ),
    "scrutiny-committee": (
        "Lead Member for Children's and Young People's scrutiny",
        "quarter",
        "public",
        ("summary", "exceptions"),
    ),
    "corporate-leadership-team": ("", "quarter", "internal", ("summary", "exceptions")),
    "iro-service": (HOS_QA, "month", "internal", SECTIONS),
}


@cache
def rulebook() -> RuleBook:
    return load_rulebook(RULES)


def board(name: str) -> Board:
    return rulebook().boards[name]


def test_the_boards_are_those_of_the_plan_as_the_plan_leads_them() -> None:
    assert {
        one.id: (one.lead, str(one.cadence), one.audience, one.sections) for one in rulebook().boards.values()
    } == BOARDS


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_a_board_cites_the_plan_in_a_dozen_words_and_marks_what_is_assumed(name: str) -> None:
    source = board(name).source
    assert source is not None
    assert source.document == "post-ofsted-action-plan-2023-06"
    assert len(source.figure.split()) <= DOZEN
    assert board(name).readings
    assert {reading.status for reading in board(name).readings} == {"assumed"}


def test_a_public_audience_never_sees_counts_of_one_to_five_nor_where_cases_stand() -> None:
    public = rulebook().audiences["public"]
    assert (public.threshold, public.case_cells) == (5, False)
    internal = rulebook().audiences["internal"]
    assert (internal.threshold, internal.case_cells) == (0, True)
    assert {one.zero for one in rulebook().audiences.values()} == {ZeroRule.SHOWN}


def test_corporate_parenting_reads_sections_1_and_3_alone() -> None:
    read = board("corporate-parenting-advisory-committee")
    sections = {one.id: {action.split(".")[0] for action in one.actions} for one in every_one()}
    wanted = {name for name, of in sections.items() if of & {"1", "3"}}
    assert {*read.measures, *read.milestones} == wanted
    assert "pf-champions" not in wanted
    assert "supervision-feedback" not in wanted


def every_one() -> list[Indicator | MilestoneRule]:
    return [*rulebook().indicators.values(), *rulebook().milestones.values()]


def test_the_iro_service_reads_what_its_head_of_service_leads() -> None:
    read = board("iro-service")
    led = {one.id for one in every_one() if one.lead == HOS_QA}
    assert {*read.measures, *read.milestones} == led
    assert "iro-monthly-report" in led


@pytest.mark.parametrize("name", ["divisional-management-team", "achieving-excellence-board"])
def test_the_boards_over_the_whole_plan_read_all_of_it(name: str) -> None:
    assert set(board(name).measures) == set(rulebook().indicators)
    assert set(board(name).milestones) == set(rulebook().milestones)


def test_one_board_at_least_hears_every_exception_each_month() -> None:
    hears = board("divisional-management-team")
    assert (hears.cadence, hears.exceptions, hears.least_severity) == (Cadence.MONTH, None, 1)


def test_no_board_but_those_who_act_on_notes_is_told_them() -> None:
    assert {one.id for one in rulebook().boards.values() if one.least_severity == 1} == {
        "divisional-management-team",
        "iro-service",
    }
