"""Months recorded and read back: new, corrected, measured again, or nothing to do."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.history.file import open_history
from kpi_engine.history.read import (
    authorities,
    measured_otherwise,
    recorded_months,
    records,
    series,
)
from kpi_engine.history.record import MeasuredMonth, Outcome, measured_months
from kpi_engine.history.row import KEY, Basis, measurement_of, row_of
from kpi_engine.terms.checked import ReturnRead, Run
from kpi_engine.terms.measurement import Measurement, MonthRecords, Origin, Parts, Reason, Source
from kpi_engine.terms.period import Period, span
from kpi_engine.terms.returned import MilestoneRow, MonthReturn, Problem, Validated
from tests.history.build import COUNCIL, month, recorded, renamed, run, share

if TYPE_CHECKING:
    from pathlib import Path

    from kpi_engine.history.record import Recorded

MARCH, APRIL = Period.parse("2024-03"), Period.parse("2024-04")


def outcomes(done: Recorded) -> list[tuple[Outcome, int, int]]:
    return [(one.outcome, one.revision, one.recalculation) for one in done.months]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kpi.history"


def test_a_month_comes_back_as_it_was_recorded(path: Path) -> None:
    doubtful = replace(
        share("a", "2024-03", 16, 20, 17), in_doubt=1, left_out=2, stated_target=Fraction(1, 3)
    )
    without = Measurement("b", MARCH, reason=Reason.SHEET_MISSING, detail="The sheet is missing.")
    count = Measurement("c", MARCH, Parts(Fraction(7, 2)), Parts(Fraction(7, 2)), source=Source.COUNTS)
    rolling = replace(share("a", "2024-03", 80, 90), months=span(Period.parse("2023-04"), MARCH))
    milestones = {"m1": MilestoneRow(date(2024, 3, 8), None, unknown=False, cell="C4")}
    given_month = month("2024-03", doubtful, without, count, whole=(rolling,), milestones=milestones)
    recorded(path, given_month)
    with open_history(path) as history:
        held = records(history, COUNCIL)
    assert held.records == {MARCH: given_month.records}
    assert held.validated == {MARCH: Validated.YES}
    assert held.milestones == {MARCH: milestones}


def test_a_council_that_is_not_in_the_history_has_no_months(path: Path) -> None:
    recorded(path, month("2024-03", share("a", "2024-03", 1, 2)))
    with open_history(path) as history:
        assert records(history, "E00000000").records == {}
        assert series(history, "E00000000", "a") == ()
        assert authorities(history) == (COUNCIL,)


def test_councils_are_kept_apart(path: Path) -> None:
    recorded(path, month("2024-03", share("a", "2024-03", 1, 2)))
    done = recorded(path, month("2024-03", share("a", "2024-03", 2, 2), digest="d2"), authority="E1")
    assert outcomes(done) == [(Outcome.NEW, 1, 0)]
    with open_history(path) as history:
        assert records(history, COUNCIL).records[MARCH].own["a"].low == Parts(Fraction(1), Fraction(2))
        assert {m.authority for m in recorded_months(history)} == {COUNCIL, "E1"}


def test_the_same_return_twice_writes_nothing_and_says_so(path: Path) -> None:
    one = month("2024-03", share("a", "2024-03", 1, 2))
    recorded(path, one)
    before = path.read_bytes()
    done = recorded(path, one)
    assert outcomes(done) == [(Outcome.UNCHANGED, 1, 0)]
    assert path.read_bytes() == before


def test_the_same_return_under_another_name_is_the_same_return(path: Path) -> None:
    one = month("2024-03", share("a", "2024-03", 1, 2))
    recorded(path, one)
    assert outcomes(recorded(path, renamed(one, "copy.xlsx"))) == [(Outcome.UNCHANGED, 1, 0)]


def test_a_corrected_return_is_a_new_revision_and_the_old_one_stays(path: Path) -> None:
    recorded(path, month("2024-03", share("a", "2024-03", 16, 20)))
    corrected = month("2024-03", share("a", "2024-03", 17, 20), digest="d2")
    assert outcomes(recorded(path, corrected)) == [(Outcome.REVISED, 2, 0)]
    with open_history(path) as history:
        (figure,) = series(history, COUNCIL, "a")
        assert records(history, COUNCIL).records == {MARCH: corrected.records}
    assert figure.reported is not None
    assert figure.now is not None
    assert figure.reported.measured == share("a", "2024-03", 16, 20)
    assert figure.now.measured == share("a", "2024-03", 17, 20)
    assert (figure.now.revision, figure.now.recalculation) == (2, 0)


def test_a_correction_touches_no_other_month(path: Path) -> None:
    march, april = (month(at, share("a", at, 1, 2)) for at in ("2024-03", "2024-04"))
    recorded(path, march, april)
    corrected = month("2024-04", share("a", "2024-04", 2, 2), digest="d2")
    assert outcomes(recorded(path, march, corrected)) == [(Outcome.UNCHANGED, 1, 0), (Outcome.REVISED, 2, 0)]


@pytest.mark.parametrize(("engine", "rules"), [("1.0", "rules-2"), ("1.1", "rules-1")])
def test_other_rules_or_another_version_measure_the_same_revision_again(
    path: Path, engine: str, rules: str
) -> None:
    recorded(path, month("2024-03", share("a", "2024-03", 16, 20)))
    again = month("2024-03", share("a", "2024-03", 16, 19))
    assert outcomes(recorded(path, again, engine=engine, rules=rules)) == [(Outcome.RECALCULATED, 1, 1)]
    assert outcomes(recorded(path, again, engine=engine, rules=rules)) == [(Outcome.UNCHANGED, 1, 1)]
    with open_history(path) as history:
        (figure,) = series(history, COUNCIL, "a")
        listed = recorded_months(history)
    assert figure.reported is not None
    assert figure.now is not None
    assert figure.reported.measured == share("a", "2024-03", 16, 20)
    assert figure.now.measured == share("a", "2024-03", 16, 19)
    assert [(m.revision, m.recalculation, m.current) for m in listed] == [(1, 0, False), (1, 1, True)]


def test_figures_that_differ_under_one_version_are_never_called_unchanged(path: Path) -> None:
    recorded(path, month("2024-03", share("a", "2024-03", 16, 20)))
    other = month("2024-03", share("a", "2024-03", 17, 20))
    assert outcomes(recorded(path, other)) == [(Outcome.RECALCULATED, 1, 1)]
    more = month("2024-03", share("a", "2024-03", 17, 20), share("b", "2024-03", 1, 2))
    assert outcomes(recorded(path, more)) == [(Outcome.RECALCULATED, 1, 2)]


def test_an_older_return_given_again_does_not_undo_its_correction(path: Path) -> None:
    first = month("2024-03", share("a", "2024-03", 16, 20))
    second = month("2024-03", share("a", "2024-03", 17, 20), digest="d2")
    recorded(path, first)
    recorded(path, second)
    (done,) = recorded(path, first).months
    assert (done.outcome, done.revision, done.newest) == (Outcome.UNCHANGED, 1, 2)
    recorded(path, first, rules="rules-2")
    with open_history(path) as history:
        assert records(history, COUNCIL).records == {MARCH: second.records}


def test_a_month_whose_returns_were_all_refused_is_not_recorded(path: Path) -> None:
    good = month("2024-03", share("a", "2024-03", 1, 2))
    refused = month("2024-04", share("a", "2024-04", 1, 2), refused=True)
    done = recorded(path, good, refused)
    assert [one.outcome for one in done.months] == [Outcome.NEW, Outcome.NOT_RECORDED]
    with open_history(path) as history:
        assert [*records(history, COUNCIL).records] == [MARCH]


def test_nothing_to_record_makes_no_file(path: Path) -> None:
    assert recorded(path, month("2024-03", refused=True)).journal is None
    assert not path.exists()


def test_a_measure_that_a_month_lacked_was_not_reported(path: Path) -> None:
    recorded(path, month("2024-03", share("a", "2024-03", 1, 2)))
    recorded(path, month("2024-03", share("b", "2024-03", 1, 2)), rules="rules-2")
    with open_history(path) as history:
        ((gone,), (new,)) = series(history, COUNCIL, "a"), series(history, COUNCIL, "b")
    assert gone.reported is not None
    assert gone.now is None
    assert new.reported is None
    assert new.now is not None


def test_a_series_is_of_one_basis_in_the_order_of_months(path: Path) -> None:
    months = [
        month(at, share("a", at, n, 20), whole=(share("a", at, n + 100, 200),))
        for n, at in enumerate(("2024-04", "2024-02", "2024-03"))
    ]
    recorded(path, *months)
    with open_history(path) as history:
        own, whole = series(history, COUNCIL, "a"), series(history, COUNCIL, "a", basis=Basis.WHOLE)
    assert [str(one.period) for one in own] == ["2024-02", "2024-03", "2024-04"]
    assert [one.now.measured.low for one in own if one.now] == [
        Parts(Fraction(n), Fraction(20)) for n in (1, 2, 0)
    ]
    assert [one.now.measured.low.numerator for one in whole if one.now and one.now.measured.low] == [
        101,
        102,
        100,
    ]


def test_months_measured_by_other_rules_are_told(path: Path) -> None:
    march, april = (month(at, share("a", at, 1, 2)) for at in ("2024-03", "2024-04"))
    recorded(path, march, april)
    with open_history(path) as history:
        held = records(history, COUNCIL)
    assert measured_otherwise(held, run(), [MARCH, APRIL]) == ()
    (both,) = measured_otherwise(held, run(rules="rules-2"), [MARCH, APRIL])
    (one,) = measured_otherwise(held, run(rules="rules-2"), [APRIL])
    assert both.code == "H110"
    assert "2 months (2024-03 to 2024-04)" in both.message
    assert one.message.startswith("April 2024 ")


def test_every_record_is_listed_with_its_run_and_returns(path: Path) -> None:
    recorded(path, month("2024-03", share("a", "2024-03", 1, 2)))
    with open_history(path) as history:
        (listed,) = recorded_months(history)
    assert (listed.who, listed.at.isoformat()) == ("A. Person", "2024-04-05T09:12:00+00:00")
    assert (listed.engine, listed.rulebook, listed.measures) == ("1.0", "rules-1", 1)
    assert listed.returns == (ReturnRead("returns_2024-03.xlsx", "d1", MARCH, refused=False),)


def test_a_file_name_that_is_no_text_can_be_recorded(path: Path) -> None:
    odd = renamed(month("2024-03", share("a", "2024-03", 1, 2)), "returns\udcff.xlsx")
    assert outcomes(recorded(path, odd)) == [(Outcome.NEW, 1, 0)]
    assert outcomes(recorded(path, odd)) == [(Outcome.UNCHANGED, 1, 0)]


def test_a_record_once_made_cannot_be_changed_or_taken_out(path: Path) -> None:
    recorded(path, month("2024-03", share("a", "2024-03", 1, 2)))
    with open_history(path, writable=True) as history:
        for statement in ("UPDATE measurements SET in_doubt = 9", "DELETE FROM months", "DELETE FROM runs"):
            with pytest.raises(sqlite3.IntegrityError, match="only added to"):
                history.connection.execute(statement)


def test_a_replaced_return_is_no_part_of_what_was_recorded() -> None:
    returns = (
        ReturnRead("old.xlsx", "d1", MARCH, refused=False, replaced=True),
        ReturnRead("new.xlsx", "d2", MARCH, refused=False),
        ReturnRead("april.xlsx", "d3", APRIL, refused=False),
    )
    absent = Problem(Reason.SHEET_MISSING, "")
    held = MonthReturn(
        MARCH, COUNCIL, Validated.NO, frozenset(), {}, {}, {}, {}, {}, absent, files=("new.xlsx",)
    )
    (one,) = measured_months({MARCH: held}, {MARCH: MonthRecords({}, {})}, Run("1.0", "r", "rules", returns))
    assert one == MeasuredMonth(MARCH, MonthRecords({}, {}), (returns[1],), Validated.NO, {})


fractions = st.fractions(max_denominator=10**6)
parts = st.none() | st.builds(Parts, fractions, st.none() | fractions)
periods = st.integers(12 * 1900, 12 * 2100).map(Period)
few = st.lists(periods, max_size=14).map(tuple)
counts = st.integers(0, 10**6)
text = st.text(st.characters(codec="utf-8"), max_size=20)


@given(
    st.builds(
        Measurement,
        measure=text,
        period=periods,
        low=parts,
        high=parts,
        in_doubt=counts,
        left_out=counts,
        source=st.sampled_from(Source),
        reason=st.none() | st.sampled_from(Reason),
        detail=text,
        months=few,
        missing=few,
        origins=st.lists(st.builds(Origin, periods, text, text), max_size=3).map(tuple),
        stated_target=st.none() | fractions,
        group=text,
    )
)
def test_every_measurement_survives_being_a_row(measured: Measurement) -> None:
    key = ("E1", measured.measure, "own", measured.group, str(measured.period), 1, 0)
    assert len(key) == KEY
    assert measurement_of((*key, *row_of(measured))) == measured
