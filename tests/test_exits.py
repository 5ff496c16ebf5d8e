"""Exit codes: each in its place, none hides another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kpi_engine.exits import Exit, exit_code
from kpi_engine.terms.checked import Checked, ReturnRead, Run
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import Period
from kpi_engine.terms.verdict import Status, Verdict

MARCH = Period.parse("2024-03")
GOOD = ReturnRead("a.xlsx", "00", MARCH, refused=False)


def verdict(status: Status, reason: Reason | None = None) -> Verdict:
    return Verdict("x", MARCH, (MARCH, MARCH), status, reason, "")


def checked(
    *verdicts: Verdict, returns: tuple[ReturnRead, ...] = (GOOD,), period: Period | None = MARCH
) -> Checked:
    return Checked(
        authority="A",
        made_up=True,
        period=period,
        verdicts=verdicts,
        milestones=(),
        findings=(),
        earlier_findings=(),
        series={},
        run=Run("1", "d", "rules", returns),
    )


PASS = verdict(Status.PASS)
FAIL = verdict(Status.FAIL)
NOT_DUE = verdict(Status.NOT_DUE, Reason.NOT_IN_FORCE)
UNKNOWN = verdict(Status.NOT_ASSESSED, Reason.SHEET_MISSING)
NOTHING = verdict(Status.NOT_ASSESSED, Reason.NOTHING_DUE)
CRASH = verdict(Status.NOT_ASSESSED, Reason.RULE_ERROR)


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ((PASS, NOT_DUE, NOTHING), Exit.OK),
        ((PASS, UNKNOWN), Exit.NOT_ASSESSED),
        ((FAIL, UNKNOWN), Exit.MEASURE_FAILS),
        ((FAIL, UNKNOWN, CRASH), Exit.INTERNAL_ERROR),
    ],
)
def test_the_first_that_applies(verdicts: tuple[Verdict, ...], code: Exit) -> None:
    assert exit_code(checked(*verdicts)) is code


def test_a_refused_return_of_the_judged_month_comes_before_a_miss() -> None:
    refused = replace(GOOD, refused=True)
    assert exit_code(checked(FAIL, returns=(GOOD, refused))) is Exit.NOT_ASSESSED
    assert exit_code(checked(FAIL, returns=(refused,))) is Exit.NOT_ASSESSED


def test_a_refused_return_that_another_replaces_does_not_count() -> None:
    replaced = replace(GOOD, refused=True, replaced=True)
    assert exit_code(checked(PASS, returns=(GOOD, replaced))) is Exit.OK


def test_no_return_for_the_judged_month_is_not_assessed() -> None:
    earlier = replace(GOOD, period=Period.parse("2024-02"))
    assert exit_code(checked(FAIL, returns=(earlier,))) is Exit.NOT_ASSESSED


def test_an_earlier_refused_month_never_counts() -> None:
    earlier = replace(GOOD, period=Period.parse("2024-02"), refused=True)
    assert exit_code(checked(PASS, returns=(earlier, GOOD))) is Exit.OK


def test_no_month_at_all_is_not_assessed() -> None:
    nameless = replace(GOOD, period=None, refused=True)
    assert exit_code(checked(returns=(nameless,), period=None)) is Exit.NOT_ASSESSED


@pytest.mark.parametrize(("verdicts", "code"), [((FAIL, UNKNOWN), Exit.OK), ((CRASH,), Exit.INTERNAL_ERROR)])
def test_exit_zero_hides_misses_but_never_a_crash(verdicts: tuple[Verdict, ...], code: Exit) -> None:
    assert exit_code(checked(*verdicts), exit_zero=True) is code


def test_fail_on_chooses_what_counts() -> None:
    both = checked(FAIL, UNKNOWN)
    assert exit_code(both, fail_on={Status.NOT_ASSESSED}) is Exit.NOT_ASSESSED
    assert exit_code(checked(UNKNOWN), fail_on={Status.FAIL}) is Exit.OK
