"""The rows behind a figure: outcomes and addresses, never a cell's value."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from kpi_engine.measures.evidence import CaseEvidence, evidence
from kpi_engine.measures.plan import Outcome
from kpi_engine.rulebook.book import Kind, Unit, Window
from kpi_engine.terms.expression import Bound, Compare, Comparison, Day, IsBlank, Not
from tests.measures.build import (
    IN_CARE,
    PERMANENT,
    UNKNOWN,
    Cell,
    book,
    both,
    either,
    indicator,
    is_,
    measured,
    month,
    ref,
    rule,
    share,
    sheet,
    table,
)
from tests.measures.test_engine_suite import KEYED, few, shares, some_rows

if TYPE_CHECKING:
    from kpi_engine.measures.plan import Engine
    from kpi_engine.rulebook.book import Measure, SheetSpec

Row = dict[str, Cell]


def cases(
    engine: Engine, one: Measure, rows: list[Row], spec: SheetSpec | None = None, *, whole: bool = True
) -> tuple[CaseEvidence, ...]:
    return evidence(engine, month(table(rows)), book(spec or sheet(), indicator(one)), one.id, whole=whole)


def test_each_row_has_its_outcome_and_the_cells_that_decided_it(engine: Engine) -> None:
    one = share(IN_CARE, left_out=Not(IsBlank(ref("held_on"))))
    rows: list[Row] = [
        {"team": "care", "contract": "permanent"},
        {"team": "care", "contract": "agency"},
        {"team": "edge", "contract": "permanent"},
        {"team": "care", "contract": "agency", "held_on": date(2023, 12, 1)},
        {"team": "care", "contract": UNKNOWN},
        {"team": UNKNOWN, "contract": "permanent"},
    ]

    assert cases(engine, one, rows) == (
        CaseEvidence(5, Outcome.COUNTED, ("Posts!D5",), ()),
        CaseEvidence(6, Outcome.NOT_COUNTED, ("Posts!D6",), ()),
        CaseEvidence(7, Outcome.OUTSIDE, ("Posts!C7",), ()),
        CaseEvidence(8, Outcome.LEFT_OUT, ("Posts!C8", "Posts!E8"), ()),
        CaseEvidence(9, Outcome.IN_DOUBT, (), ("Posts!D9",)),
        CaseEvidence(10, Outcome.IN_DOUBT, (), ("Posts!C10",)),
    )


def test_only_the_parts_that_decide_are_named(engine: Engine) -> None:
    one = share(both(IN_CARE, is_("fte", 1)), either(PERMANENT, is_("present", 1)))
    rows: list[Row] = [
        {"team": "care", "fte": 1, "contract": "agency", "present": 1},
        {"team": "care", "fte": 1, "contract": "agency", "present": 2},
        {"team": "care", "fte": 2, "contract": UNKNOWN, "present": 2},
        {"team": "care", "fte": 1, "contract": UNKNOWN, "present": 1},
    ]

    assert [case.decided_by for case in cases(engine, one, rows)] == [
        ("Posts!G5",),
        ("Posts!D6", "Posts!G6"),
        ("Posts!I7",),
        ("Posts!G8",),
    ]


def test_repeats_that_differ_are_in_doubt_by_their_key(engine: Engine) -> None:
    rows: list[Row] = [{"id": "P", "contract": "permanent"}, {"id": "P", "contract": "agency"}]

    assert cases(engine, share(), rows, KEYED) == (
        CaseEvidence(5, Outcome.IN_DOUBT, ("Posts!A5",), ()),
        CaseEvidence(6, Outcome.IN_DOUBT, ("Posts!A6",), ()),
    )


def test_a_row_without_a_key_is_in_doubt_unless_outside(engine: Engine) -> None:
    rows: list[Row] = [
        {"id": UNKNOWN, "team": "care", "contract": "permanent"},
        {"id": UNKNOWN, "team": "edge"},
    ]

    assert cases(engine, share(IN_CARE), rows, KEYED) == (
        CaseEvidence(5, Outcome.IN_DOUBT, (), ("Posts!A5",)),
        CaseEvidence(6, Outcome.OUTSIDE, ("Posts!C6",), ()),
    )


@pytest.mark.parametrize(
    ("one", "cell"),
    [
        (share(weight="fte"), "fte"),
        (rule(Kind.SUMS, numerator_sum="present", denominator_sum="due"), "due"),
        (rule(Kind.LONGEST, since=ref("held_on"), unit=Unit.DAYS), "held_on"),
        (rule(Kind.STATED, value="fte"), "fte"),
    ],
)
def test_an_unknown_amount_puts_a_row_in_doubt(engine: Engine, one: Measure, cell: str) -> None:
    row: Row = {"contract": "permanent", "present": 1, "due": 1, "fte": 1, "held_on": date(2023, 12, 1)}
    certain, doubtful = cases(engine, one, [row, row | {cell: UNKNOWN}])

    assert certain.outcome is Outcome.COUNTED
    assert doubtful.outcome is Outcome.IN_DOUBT
    assert len(doubtful.unknown) == 1


def test_the_window_is_the_judged_one_unless_the_months_own_is_asked_for(engine: Engine) -> None:
    since_start = Compare(Comparison.AT_LEAST, ref("held_on"), Day(Bound.WINDOW_START))
    one = rule(Kind.COUNT, where=since_start, window=Window.QUARTER, window_from_table=True)
    rows: list[Row] = [{"held_on": date(2023, 10, 1)}]

    assert cases(engine, one, rows)[0].outcome is Outcome.COUNTED
    assert cases(engine, one, rows, whole=False)[0].outcome is Outcome.OUTSIDE


def test_there_are_no_cases_without_a_usable_table(engine: Engine) -> None:
    rulebook = book(sheet(), indicator(share()))

    assert evidence(engine, month(), rulebook, "measure") == ()
    assert evidence(engine, month(table([{}], lacks="contract")), rulebook, "measure") == ()


@few
@given(one=shares("fte"), rows=some_rows())
def test_the_cases_add_up_to_the_measurement(engine: Engine, one: Measure, rows: list[Row]) -> None:
    unweighed = replace(one, weight=None)
    found = measured(engine, unweighed, table(rows))
    outcomes = [case.outcome for case in cases(engine, unweighed, rows)]

    assert outcomes.count(Outcome.IN_DOUBT) == found.in_doubt
    assert outcomes.count(Outcome.LEFT_OUT) == found.left_out
    settled = outcomes.count(Outcome.COUNTED)
    if found.low is not None and found.high is not None:
        assert found.low.numerator == settled
        assert found.high.numerator <= settled + found.in_doubt
