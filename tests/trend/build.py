"""Measures, months and trends to look at."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from kpi_engine.rulebook.book import Kind, Rebase, Unit
from kpi_engine.terms.checked import Checked, Run
from kpi_engine.terms.measurement import Measurement, Parts, Reason
from kpi_engine.terms.period import Period
from kpi_engine.terms.returned import Validated
from kpi_engine.trend import trends
from kpi_engine.verdicts.judge import judge
from tests.reports.build import indicator as rule
from tests.reports.build import rulebook
from tests.verdicts.build import COUNT, SHARE, at_least, figure, indicator, measured, none

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.rulebook.book import Indicator, Target
    from kpi_engine.trend import Trend

APRIL, MARCH_2025 = Period.parse("2023-04"), Period.parse("2025-03")
Given = int | str | tuple[int, int] | Reason | None
"""A count, a share `n of m`, the reason there is none, or no return at all."""

STEADY: tuple[Given, ...] = tuple((n, 100) for n in (80, 82, 79, 81, 80, 83, 78, 81) * 3)
"""24 months around 80.5% in which nothing changes."""


def records(one: Indicator, given: Sequence[Given], first: Period = APRIL) -> list[Measurement]:
    """A record a month from `first`; none for a month without a return."""
    made = []
    for n, held in enumerate(given):
        month = str(first.plus(n))
        if isinstance(held, Reason):
            made.append(none(one.measure, month, held))
        elif isinstance(held, tuple):
            made.append(figure(one.measure, month, Parts(Fraction(held[0]), Fraction(held[1]))))
        elif held is not None:
            made.append(figure(one.measure, month, Parts(Fraction(held))))
    return made


def rebase(measure: str, first: str, *, on: date = date(2025, 1, 9), authority: str = "E1") -> Rebase:
    return Rebase(
        measure, authority, Period.parse(first), "Reviews moved to a new team.", "Management Team", on
    )


def share(*targets: Target, short: str = "Annual reviews on time") -> Indicator:
    return replace(indicator(SHARE, *(targets or (at_least("19/20"),))), short=short)


def count(*targets: Target, short: str = "Champions in post") -> Indicator:
    return replace(indicator(COUNT, *(targets or (at_least("12"),))), short=short)


def trend_of(
    one: Indicator, given: Sequence[Given], *rebases: Rebase, to: int | None = None, first: Period = APRIL
) -> Trend:
    """The trend of one indicator, up to its last month given (or the `to`-th)."""
    book = replace(rulebook(one), rebases=rebases)
    period = first.plus(len(given) - 1 if to is None else to - 1)
    return trends(book, measured(*records(one, given, first)), period)[0]


SIDE = replace(SHARE, id="good-reviews", title="Reviews graded good or outstanding")
FLOW = replace(COUNT, kind=Kind.CHANGE, unit=Unit.NUMBER, change_as=Unit.PERCENT, baseline="base")
ON_STAFF = (36, 35, 36, 35, 36, 35, 36, 35, 36, 35, 36, 35, 35, 36, 35, 34, 34, 33, 33, 32, 32, 31, 30, 29)
LETTERS = (27, 28, 26, 27, 29, 28, 27, 28, 27)
TRAINED: tuple[Given, ...] = ((2, 2), Reason.NOTHING_DUE, (3, 4), (4, 4))
RULES: tuple[tuple[Indicator, Sequence[Given]], ...] = (
    (rule("reviews", "Annual reviews on time", SHARE, at_least("19/20"), beside=(SIDE,)), STEADY),
    (rule("staff", "Permanent staff", SHARE, at_least("17/20")), [(n, 40) for n in ON_STAFF]),
    (
        rule("books", "Life story books", SHARE, at_least("3/4")),
        [(n, 100) for n in (*(80, 82, 79, 81) * 4, *(88, 90, 87, 89) * 2)],
    ),
    (rule("champions", "Champions in post", COUNT, at_least("12")), [12] * 24),
    (rule("referrals", "Referrals", FLOW, at_least("2/5", date(2024, 3, 31))), [3, 4, 2, 5, 3, 4] * 4),
    (
        rule("training", "Training within seven weeks of it", SHARE, at_least("1")),
        [*TRAINED * 5, (3, 3), None, (1, 2), (2, 2)],
    ),
    (
        rule("letters", "Later life letters", SHARE, at_least("9/10", date(2025, 6, 30))),
        [*[None] * 15, *((n, 30) for n in LETTERS)],
    ),
    (rule("panels", "Panels held", COUNT, at_least("1")), [*[None] * 20, 1, 2, 1, 1]),
    (rule("visits", "Visits in time", SHARE, at_least("9/10")), [*STEADY[:23], Reason.SHEET_MISSING]),
)


def world() -> tuple[tuple[Trend, ...], Checked]:
    """Trends of every state beside verdicts of every status, March 2025."""
    figures = [one for held, given in RULES for one in records(held, given)]
    beside = replace(RULES[0][0], measure=SIDE)
    figures += records(beside, [(n, 24) for n in (13, 15, 14, 12) * 6])
    book = replace(rulebook(*(held for held, _ in RULES)), rebases=(rebase("books", "2024-08"),))
    held = measured(*figures)
    verdicts = tuple(
        replace(verdict, validated=Validated.NO if verdict.indicator == "panels" else verdict.validated)
        for verdict in judge(book, MARCH_2025, held)
    )
    run = Run("0.1.0", "0" * 64, "rules", ())
    checked = Checked("Example Borough", True, MARCH_2025, verdicts, (), (), (), {}, run)  # noqa: FBT003
    return trends(book, held, MARCH_2025, beside=True), checked
