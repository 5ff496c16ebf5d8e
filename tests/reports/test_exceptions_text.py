"""`kpi exceptions` at 80 columns: every miss counted, the most severe first, no number cut."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kpi_engine.reports.exceptions_text import exceptions_text
from kpi_engine.reports.wording import (
    NOTE_WORDS,
    SEVERITY_WORDS,
    STATE_MARKS,
    change_words,
    missed_sentence,
    told_sentence,
)
from kpi_engine.rulebook.pack import NO_PACK
from kpi_engine.terms.period import Period
from kpi_engine.terms.returned import Validated
from kpi_engine.terms.state import Change, State, StateNote
from kpi_engine.terms.verdict import Status
from tests.reports.build import CHECKED, MARCH, SHARE, STAFF, indicator, share, target
from tests.reports.raised import (
    BOOK,
    ESCALATED,
    LONG_WAIT,
    NOTHING,
    NOW,
    OUT_OF_REACH,
    PANEL,
    TEAM,
    state,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from kpi_engine.escalation.outcome import Escalated
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.rulebook.pack import Board

ANY_TEXT = st.text(max_size=120)


def text(
    escalated: Escalated = ESCALATED,
    *,
    board: Board | None = None,
    rules: RuleBook = BOOK,
    subject: str = "inputs",
    colour: bool = False,
) -> str:
    return exceptions_text(
        escalated, CHECKED, rules, board=board, subject=subject, words=[subject], colour=colour
    )


def test_the_whole_report_is_as_agreed(golden: Callable[[str, str], None]) -> None:
    golden("exceptions.txt", text())


def test_what_one_board_hears_is_as_agreed(golden: Callable[[str, str], None]) -> None:
    golden("exceptions_board.txt", text(board=PANEL))


def test_a_report_without_exceptions_is_as_agreed(golden: Callable[[str, str], None]) -> None:
    golden("exceptions_none.txt", text(NOTHING))


def test_all_misses_are_counted_whatever_their_state() -> None:
    assert "\n3 of 5 targets judged were missed; 1 needs action.\n" in text()


@pytest.mark.parametrize(
    ("statuses", "action", "said"),
    [
        ([Status.FAIL, Status.PASS], 0, "1 of 2 targets judged was missed; none needs action."),
        ([Status.FAIL, Status.FAIL], 2, "2 of 2 targets judged were missed; 2 need action."),
        ([Status.PASS], 0, "The one target judged was met."),
        ([Status.PASS, Status.PASS], 0, "None of 2 targets judged was missed."),
        ([Status.NOT_DUE, Status.NOT_ASSESSED], 0, "No target could be judged."),
        ([Status.NOT_ASSESSED], 1, "No target could be judged; 1 needs action."),
    ],
)
def test_the_first_sentence_is_plain(statuses: list[Status], action: int, said: str) -> None:
    verdicts = [replace(CHECKED.verdicts[0], status=status) for status in statuses]
    others = replace(state("permanent-staff"), state=State.ON_TRACK)
    states = [state("permanent-staff")] * action + [others]
    assert missed_sentence(verdicts, states) == said


def test_every_state_has_a_shape_of_its_own_and_every_word_is_there() -> None:
    assert set(STATE_MARKS) == set(State)
    assert len({mark.shape for mark in STATE_MARKS.values()}) == len(State)
    assert set(NOTE_WORDS) == set(StateNote)
    assert set(SEVERITY_WORDS) == {1, 2, 3}


def test_the_five_states_of_page_one_are_counted_even_at_nought() -> None:
    states = {name: replace(one, state=State.ON_TRACK) for name, one in NOW.states.items()}
    told = text(replace(NOTHING, now=replace(NOTHING.now, states=states)))
    for words in (
        "■ Action needed 0",
        "▲ Missed, improving 0",
        "◇ Missed, could be chance 0",
        "◆ Met, at risk 0",
    ):
        assert words in told
    assert "Not due" not in told
    assert "● On track 11 (1 unvalidated)" in told


def test_the_most_severe_card_comes_first_and_each_thing_has_one_card() -> None:
    told = text()
    names = (
        "■ Permanent staff, CIC  ",
        "■ Business support officer",
        "◇ Days to adoption",
        "▲ Later life",
        "□ The return",
    )
    places = [told.index(f"\n{name}") for name in names]
    assert places == sorted(places)
    assert told.count("Permanent staff, CIC") == 1


def test_a_card_says_figure_counts_target_change_and_reason() -> None:
    told = " ".join(text().split())
    assert "Missed: 80% (16 of 20), target at least 85% by 31 December 2023, 5 points below." in told
    assert "Urgent Out of reach (worse than last month): only a change in how the work is done" in told


def test_a_milestone_says_its_dates_and_its_lead() -> None:
    said = "Milestone, due 31 January 2024, 60 days overdue, expected 1 June 2024."
    assert said in " ".join(text().split())


def test_an_explanation_carried_over_says_so_and_a_miss_without_one_too() -> None:
    told = text()
    assert re.search(r"Explained +as last month\n +Why +One letter waits", told)
    assert re.search(r"Days to adoption.*\n(.*\n)*? +Why +No explanation given\.", told)


def test_a_lack_of_explanation_that_an_exception_tells_is_told_once() -> None:
    card = text().split("\n\n")[2]
    assert card.count("No explanation given") == 1
    assert "Head of Service, Children in Care" in card


def test_the_return_names_the_measures_that_it_concerns() -> None:
    assert "It concerns Life story books and Good feedback on supervision." in " ".join(text().split())


def test_a_board_hears_only_its_own_and_a_public_one_is_warned() -> None:
    told = text(board=PANEL)
    assert "Days to adoption" not in told
    assert "1 of 2 targets judged was missed" in told
    assert "What the Scrutiny Panel hears." in told
    assert "not for publication" in told
    assert "not for publication" not in text(board=TEAM)


def test_what_is_gone_is_listed_for_those_who_heard_it() -> None:
    assert "Gone since February 2024\n  Foster carer annual reviews: Target missed\n" in text()
    unheard = replace(ESCALATED, gone=(replace(ESCALATED.gone[0], tell=("team",)),))
    assert "Gone since" not in text(unheard, board=PANEL)


def test_where_nothing_stands_the_report_says_so() -> None:
    assert "\nNo exceptions: there is nothing that a board must hear.\n" in text(NOTHING)
    assert "nothing that this board must hear" in text(NOTHING, board=TEAM)
    assert "declares no escalation rules" in text(NOTHING, rules=replace(BOOK, escalations=NO_PACK))


def test_without_a_period_before_all_are_told_as_new_and_why() -> None:
    told = text(replace(ESCALATED, before=None, gone=()))
    assert "Nothing is known of the period before" in told


def test_the_engine_and_the_next_command_end_the_report() -> None:
    lines = text().splitlines()
    assert lines[-2:] == [
        "Why    kpi explain permanent-staff inputs",
        "Engine built-in (durable-rules is not installed)",
    ]


def test_a_measure_judged_on_another_period_says_so() -> None:
    quarter = Period.parse("2023/24-Q4")
    late = replace(LONG_WAIT, period=quarter)
    told = text(replace(ESCALATED, now=replace(NOW, exceptions=(late,))))
    assert "Target missed, Quarter 4 of 2023/24 (better than last quarter)" in " ".join(told.split())
    apart = replace(
        NOW.verdicts["permanent-staff"], period=Period.parse("2024-01"), detail="Shown: January 2024."
    )
    said = told_sentence(apart, STAFF, MARCH)
    assert said.startswith("Missed in January 2024: 80%")
    assert said.endswith("Shown: January 2024.")


def test_a_pass_on_unvalidated_figures_says_so() -> None:
    rule = indicator("a-measure", "A measure", SHARE, target("17/20"))
    assert told_sentence(share(rule, 17, 20), rule, MARCH).startswith("Met: 85%")
    unsure = share(rule, 17, 20, validated=Validated.NO)
    assert told_sentence(unsure, rule, MARCH).startswith("Met (unvalidated): 85%")


def test_changes_are_words() -> None:
    year = Period.parse("2023/24")
    said = [change_words(change, period) for change in Change for period in (MARCH, year)]
    assert said == [
        "new", "new", "worse than last month", "worse than last year",
        "same as last month", "same as last year",
        "better than last month", "better than last year", "gone since last month", "gone since last year",
    ]  # fmt: skip


def test_colour_adds_nothing_but_colour() -> None:
    coloured = text(colour=True)
    assert "\x1b[1;31m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == text()


@given(
    name=ANY_TEXT, title=ANY_TEXT, because=ANY_TEXT, why=ANY_TEXT, lead=ANY_TEXT, subject=ANY_TEXT,
    named=ANY_TEXT,
    counted=st.integers(1, 10**9), missed=st.integers(1, 10**9),
)  # fmt: skip
def test_every_line_fits_80_columns_and_no_number_is_cut(  # noqa: PLR0913
    *,
    name: str,
    title: str,
    because: str,
    why: str,
    lead: str,
    subject: str,
    named: str,
    counted: int,
    missed: int,
) -> None:
    rule = replace(STAFF, short=name, lead=lead)
    verdict = share(rule, counted, counted + missed)
    given_ = replace(NOW.explanations["later-life-letters"], indicator=rule.id, why=why, lead="", ask=named)
    raised = replace(OUT_OF_REACH, title=title, because=because)
    now = replace(
        NOW,
        verdicts={**NOW.verdicts, rule.id: verdict},
        exceptions=(raised, *NOW.exceptions[1:]),
        explanations={rule.id: given_},
    )
    boards = {**BOOK.boards, "team": replace(TEAM, name=named)}
    book = replace(BOOK, indicators={**BOOK.indicators, rule.id: rule}, boards=boards)
    told = text(replace(ESCALATED, now=now), rules=book, subject=subject)
    assert all(cell_len(line) <= 80 for line in told.split("\n"))
    assert not any(ord(letter) < 32 and letter != "\n" for letter in told)
    assert f"({counted} of {counted + missed})" in " ".join(told.split())
