"""A target that is met while the figure behind it falls is said to."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from kpi_engine.terms.verdict import Status, Verdict
from kpi_engine.verdicts.beside import falls_beneath
from tests.verdicts.build import SHARE, at_least, figure, indicator, month, parts

if TYPE_CHECKING:
    from kpi_engine.rulebook.book import RuleBook

SIDE = replace(SHARE, id="side", title="Share of posts")
RULE = replace(indicator(SHARE, at_least("1/2")), beside=(SIDE,), warn_if_falls="side")
BOOK = cast("RuleBook", SimpleNamespace(indicators={RULE.id: RULE}))


def verdict(at: str, status: Status, numerator: int, denominator: int) -> Verdict:
    side = replace(figure(SIDE, at, parts(numerator, denominator)))
    period = month(at)
    return Verdict(RULE.id, period, (period, period), status, None, "", beside=(side,))


BEFORE = {RULE.id: verdict("2024-02", Status.PASS, 60, 100)}


def test_a_fall_beside_a_pass_is_a_finding() -> None:
    (found,) = falls_beneath(BOOK, [verdict("2024-03", Status.PASS, 57, 100)], BEFORE)
    assert found.code == "R390"
    assert "from 60.0% to 57.0%" in found.message


def test_a_small_fall_is_shown_as_a_fall() -> None:
    (found,) = falls_beneath(BOOK, [verdict("2024-03", Status.PASS, 59_999, 100_000)], BEFORE)
    assert "from 60.000% to 59.999%" in found.message


@pytest.mark.parametrize(
    ("status", "numerator"), [(Status.PASS, 60), (Status.PASS, 61), (Status.FAIL, 50), (Status.NOT_DUE, 50)]
)
def test_no_fall_or_no_pass_is_no_finding(status: Status, numerator: int) -> None:
    assert falls_beneath(BOOK, [verdict("2024-03", status, numerator, 100)], BEFORE) == ()


def test_the_first_month_has_nothing_to_fall_from() -> None:
    assert falls_beneath(BOOK, [verdict("2024-03", Status.PASS, 50, 100)], {}) == ()
