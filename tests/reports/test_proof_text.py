"""The lines of `kpi explain` on states and exceptions: rule, facts, figure, plan, cells."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kpi_engine.escalation.escalate import escalate
from kpi_engine.escalation.outcome import Proof, Way
from kpi_engine.escalation.why_not import NearMiss
from kpi_engine.reports.behind import Behind, source_of
from kpi_engine.reports.explain import explain_measure
from kpi_engine.reports.proof_text import proof_lines, why_not_lines
from kpi_engine.rulebook.book import Citation
from kpi_engine.terms.fact import fact
from kpi_engine.terms.period import Period
from kpi_engine.terms.verdict import Status
from tests.escalation.standings import derive, examples, shipped
from tests.reports.build import BOOKS, CHECKED, MARCH, STAFF, in_force
from tests.reports.raised import BOOK, ESCALATED, NOW, OUT_OF_REACH, OVERDUE, UNEXPLAINED, UNREAD, verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kpi_engine.escalation.outcome import BoardException, MeasureState
    from kpi_engine.terms.verdict import Verdict

MISS = NearMiss(
    "miss-getting-worse", "Missed, and getting worse", "c", "wants a chart of concern; it is none"
)


def cells(verdict: Verdict) -> Sequence[str]:
    of = (verdict.indicator, verdict.period)
    return [f"Workforce!C{n}" for n in range(4, 20)] if of == (STAFF.id, MARCH) else []


def lines(one: BoardException | MeasureState) -> list[str]:
    return proof_lines(one, BOOK, NOW, Behind(BOOK, CHECKED, NOW), cells)


def test_the_lines_are_as_agreed(golden: Callable[[str, str], None]) -> None:
    told = [*lines(NOW.states[STAFF.id]), *lines(OUT_OF_REACH), *lines(UNEXPLAINED), *why_not_lines([MISS])]
    golden("explain_exceptions.txt", explain_measure(CHECKED, BOOK, STAFF.id, exceptions=told))


def test_the_way_goes_from_rule_to_facts_to_figure_plan_sheet_and_cells() -> None:
    told = [line.strip() for line in lines(OUT_OF_REACH)]
    wanted = [
        "Urgent: Out of reach (worse than last month)",
        "by rule exception (rules/escalations.yaml:70): what is raised is told",
        f"by rule out-of-reach (rules/escalations.yaml:12): {OUT_OF_REACH.because}",
        "target of Permanent staff, CIC, March 2024: missed",
        "80% (16 of 20), target at least 85% by 31 December 2023, 5 points below",
        "“85% permanent staff by December 2023” (Post-Ofsted Action Plan, action 1.10, impact measures)",
        "sheet Workforce of returns_2024-03.xlsx",
        f"cells {', '.join(f'Workforce!C{n}' for n in range(4, 16))} and 4 more",
        "chart of Permanent staff, CIC, March 2024: getting worse, on trial limits, from 9 months",
        "expectation for the target of Permanent staff, CIC, March 2024: will not be met without a change",
        "there is no outranked of kind out-of-reach about permanent-staff of 2024-03",
    ]
    places = [told.index(line) for line in wanted]
    assert places == sorted(places)


def test_an_earlier_month_has_its_own_figure() -> None:
    told = [line.strip() for line in lines(OUT_OF_REACH)]
    place = told.index("target of Permanent staff, CIC, February 2024: met")
    assert told[place + 1].startswith("85% (17 of 20)")


def test_each_line_is_set_in_below_what_it_stands_under() -> None:
    depths = [len(line) - len(line.lstrip()) for line in lines(OUT_OF_REACH)]
    assert depths[0] == 0
    assert all(after <= before + 2 for before, after in pairwise(depths))


def test_a_rule_a_figure_and_a_citation_are_told_once_a_tree() -> None:
    told = "\n".join(lines(OUT_OF_REACH))
    assert told.count("rules/escalations.yaml:12") == 1
    assert told.count("80% (16 of 20)") == 1
    assert told.count("85% permanent staff by December 2023") == 1


def test_milestones_findings_and_sheets_are_in_words() -> None:
    told = [line.strip() for line in (*lines(OVERDUE), *lines(UNREAD), *lines(UNEXPLAINED))]
    assert (
        "milestone “Business support officer in post”, March 2024: 60 days overdue, due 31 January 2024"
        in told
    )
    assert "finding R130 in the return, March 2024: refuse, 1 time, sheet children_in_care" in told
    assert "Life story books: read from the sheet children_in_care" in told
    assert "explanation of Permanent staff, CIC, March 2024: missing" in told


def test_a_state_that_no_rule_gave_rests_on_its_verdict() -> None:
    bare = replace(NOW.states[STAFF.id], proof=verdict(STAFF.id, Status.FAIL))
    told = lines(bare)
    assert told[0] == "State: ■ Action needed"
    assert told[1].startswith("  80% (16 of 20), target at least 85%")


def test_a_near_miss_is_one_line() -> None:
    assert why_not_lines([MISS]) == [
        "Why not: Missed, and getting worse (rule miss-getting-worse): wants a chart of concern; it is none"
    ]


def test_a_target_with_its_own_source_is_cited_from_it() -> None:
    own = Citation("letter", "page 2", "90% from April")
    step = replace(BOOKS.targets[0], source=own)
    rule = replace(BOOKS, targets=(step,))
    assert source_of(in_force(rule), rule) == own
    assert source_of(in_force(BOOKS), BOOKS) == BOOKS.source
    assert source_of(None, rule) == BOOKS.source


def test_the_verdict_behind_a_quarter_is_that_of_its_latest_month() -> None:
    quarter = Period.parse("2023/24-Q4")
    leaf = Proof(verdict(STAFF.id, Status.FAIL).fact, quarter, ())
    found = Behind(BOOK, CHECKED, NOW).verdict(leaf)
    assert found is not None
    assert found.period == MARCH
    assert ESCALATED.before is not None
    earlier = Behind(BOOK, CHECKED, ESCALATED.before).verdict(leaf)
    assert earlier is not None
    assert earlier.period == Period.parse("2024-02")


@given(st.text(max_size=120), st.text(max_size=120), st.integers(0, 20))
def test_no_line_of_explain_is_over_80_columns_however_deep(because: str, phrase: str, depth: int) -> None:
    rules = tuple(replace(rule, because=because) for rule in BOOK.escalations.rules)
    book = replace(BOOK, escalations=replace(BOOK.escalations, rules=rules))
    proof = verdict(STAFF.id, Status.FAIL)
    for step in range(depth):
        stands_on = (Way("miss", (proof,), (phrase,)),)
        proof = Proof(fact("raised", {"kind": phrase, "about": because, "seq": step}), MARCH, stands_on)
    told = proof_lines(replace(OUT_OF_REACH, proof=proof), book, NOW, Behind(book, CHECKED, NOW), cells)
    text = explain_measure(CHECKED, book, STAFF.id, exceptions=told)
    assert all(cell_len(line) <= 80 for line in text.split("\n"))
    assert "State and exceptions" in text


def test_every_exception_and_state_of_the_example_returns_can_be_explained() -> None:
    checked, rules = examples("2024-10", "2025-03"), shipped()
    escalated = escalate(rules, checked, derive=derive)
    assert escalated is not None
    behind = Behind(rules, checked, escalated.now)
    every: list[BoardException | MeasureState] = [*escalated.now.states.values(), *escalated.now.exceptions]
    for one in every:
        told = proof_lines(one, rules, escalated.now, behind)
        assert len(told) > 2
        assert all(line.strip() for line in told)
