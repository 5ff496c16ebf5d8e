"""Facts: what is known at the end of a period, said in the flat statements that escalation rules match."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from kpi_engine.returns.spelling import normal
from kpi_engine.rulebook.book import Unit, Window
from kpi_engine.rulebook.pack import ABOUT_RETURN
from kpi_engine.terms.fact import fact
from kpi_engine.terms.period import MONTH, QUARTER, Period
from kpi_engine.terms.returned import Validated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from fractions import Fraction

    from kpi_engine.escalation.outcome import Explanation
    from kpi_engine.rulebook.book import Indicator, RuleBook
    from kpi_engine.terms.checked import ReturnRead
    from kpi_engine.terms.fact import Fact, Value
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.verdict import MilestoneVerdict, TargetInForce, Verdict
    from kpi_engine.trend import Trend

Behind: TypeAlias = (
    "Verdict | Trend | MilestoneVerdict | Explanation | Indicator"
    " | tuple[ReturnRead, ...] | tuple[Finding, ...] | None"
)
"""What a fact was made from; None: that a measure has no commentary."""

ABOUT_FIELDS: Final = ("indicator", "about", "milestone")
"""The fields that name what a fact is about."""
_APRIL: Final = 3  # months after January
_HUNDREDTHS: Final = 100
_MOST: Final = 2**53


class ReturnStanding(StrEnum):
    """What became of a period's returns."""

    GIVEN = "given"
    REFUSED = "refused"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known at the end of `period`, and nothing that came later.

    `verdicts` are those of every period as long as it, from the first there is anything for to
    `period` itself, by indicator. `trends`, `milestones` and `explanations` are by id, `returns` and
    `findings` those of the period's own months.
    """

    period: Period
    verdicts: Mapping[Period, Mapping[str, Verdict]]
    trends: Mapping[str, Trend]
    milestones: Mapping[str, MilestoneVerdict]
    standing: ReturnStanding
    returns: tuple[ReturnRead, ...]
    findings: tuple[Finding, ...]
    explanations: Mapping[str, Explanation]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which period each `seq` is: everything about a measure is counted in the measure's own cadence.

    `lengths` are months, by indicator: the longer of `period` and what the measure is judged on.
    Milestones and the return are counted in periods as long as `period`.
    """

    period: Period
    lengths: Mapping[str, int]

    def seq(self, about: str, period: Period | None = None) -> int:
        """The ordinal of the period that holds the last month of `period` (else of the calendar's own)."""
        length = self.lengths.get(about, self.period.length)
        return ((period or self.period).last_month.first - _APRIL % length) // length

    def named(self, about: str, seq: int) -> Period:
        """The period with that ordinal: of a measure judged once a quarter, the quarter."""
        length = self.lengths.get(about, self.period.length)
        return Period(seq * length + _APRIL % length, length)

    def of(self, fact: Fact) -> Period | None:
        """The period that a fact is of; None where it has no `seq`."""
        fields = dict(fact.fields)
        seq = fields.get("seq")
        return self.named(about(fact), seq) if isinstance(seq, int) else None


@dataclass(frozen=True, slots=True)
class Told:
    """The facts of one period, sorted; by a fact's id, what it was made from."""

    known: Known
    calendar: Calendar
    facts: tuple[Fact, ...]
    behind: Mapping[str, Behind]


def about(fact: Fact) -> str:
    """The id of the measure or milestone that a fact is about, else `return`."""
    fields = dict(fact.fields)
    return next((str(fields[name]) for name in ABOUT_FIELDS if name in fields), ABOUT_RETURN)


def calendar(rulebook: RuleBook, period: Period) -> Calendar:
    """The calendar of a rulebook where `period` is judged."""
    return Calendar(
        period,
        {
            one.id: max(period.length, QUARTER if one.measure.window is Window.QUARTER else MONTH)
            for one in rulebook.indicators.values()
        },
    )


def facts_of(rulebook: RuleBook, known: Known) -> Told:
    """Every fact of FACT_TYPES that `known` holds, and what each was made from.

    Where several periods fall in one `seq` (the months of a quarter), the latest states it.
    """
    dates = calendar(rulebook, known.period)
    made: list[tuple[Fact, Behind]] = []
    for one in rulebook.indicators.values():
        made += _verdicts(one, known, dates)
        made += _charted(one, known, dates)
        made.append(_commentary(one, known, dates))
        made.append((fact("reads", {"indicator": one.id, "sheet": one.measure.table}), one))
    made += _milestones(rulebook, known, dates)
    made += _findings(rulebook, known, dates)
    seq = dates.seq(ABOUT_RETURN)
    made.append((fact("return", {"seq": seq, "standing": known.standing.value}), known.returns))
    return Told(known, dates, tuple(sorted(one for one, _ in made)), {one.id: behind for one, behind in made})


def _verdicts(one: Indicator, known: Known, dates: Calendar) -> Iterator[tuple[Fact, Behind]]:
    latest = {dates.seq(one.id, period): held[one.id] for period, held in known.verdicts.items()}
    for seq, verdict in latest.items():
        yield _verdict(one, seq, verdict), verdict


def _verdict(one: Indicator, seq: int, verdict: Verdict) -> Fact:
    course = {True: "yes", False: "no", None: "unknown"}
    coming = verdict.coming.by if verdict.coming is not None else None
    return fact(
        "verdict",
        {
            "indicator": one.id,
            "seq": seq,
            "status": verdict.status.value,
            "reason": "" if verdict.reason is None else verdict.reason.value,
            "target": _target(verdict.target or verdict.coming),
            "on_course": course[verdict.on_course],
            "validated": (verdict.validated or Validated.NOT_STATED).value,
            "headline": _yes_no(said=one.headline),
            "small": _yes_no(said=verdict.small),
            "in_doubt": verdict.measured.in_doubt if verdict.measured is not None else 0,
            "gap": _gap(verdict.gap, one.measure.unit),
            "days_left": 0 if coming is None else (coming - verdict.period.end).days,
        },
    )


def _target(target: TargetInForce | None) -> str:
    """Of the target in force; before the first is, of the one to come."""
    if target is None:
        return "none"
    return "undated" if target.by is None else "dated"


def _yes_no(*, said: bool) -> str:
    return "yes" if said else "no"


def _gap(gap: Fraction | None, unit: Unit) -> int:
    """In hundredths of the unit, toward zero but never to it: a gap of nought means exactly on target."""
    if not gap:
        return 0
    hundredths = int(gap * _HUNDREDTHS * (_HUNDREDTHS if unit is Unit.PERCENT else 1))
    return max(-_MOST, min(_MOST, hundredths)) or (1 if gap > 0 else -1)


def _charted(one: Indicator, known: Known, dates: Calendar) -> Iterator[tuple[Fact, Behind]]:
    trend = known.trends.get(one.id)
    drawn = None if trend is None else trend.chart
    here: dict[str, Value] = {"indicator": one.id, "seq": dates.seq(one.id)}
    variation = None if drawn is None else drawn.variation
    assurance = None if drawn is None else drawn.assurance
    yield (
        fact(
            "variation",
            {
                **here,
                "variation": "none" if variation is None else variation.value,
                "evidence": "none" if drawn is None else drawn.evidence.value,
                "points": 0 if drawn is None else drawn.n,
            },
        ),
        trend,
    )
    said = "none" if assurance is None else assurance.value
    yield fact("assurance", {**here, "assurance": said}), trend


def _commentary(one: Indicator, known: Known, dates: Calendar) -> tuple[Fact, Behind]:
    explained = known.explanations.get(one.id)
    standing = "missing" if explained is None else "as_last_month" if explained.as_last_month else "given"
    return fact(
        "commentary", {"indicator": one.id, "seq": dates.seq(one.id), "standing": standing}
    ), explained


def _milestones(rulebook: RuleBook, known: Known, dates: Calendar) -> Iterator[tuple[Fact, Behind]]:
    for verdict in known.milestones.values():
        rule = rulebook.milestones[verdict.milestone]
        yield (
            fact(
                "milestone",
                {
                    "milestone": rule.id,
                    "seq": dates.seq(rule.id),
                    "status": verdict.status.value,
                    "days": verdict.days or 0,
                    "same_as": rule.same_as or "",
                },
            ),
            verdict,
        )


def _findings(rulebook: RuleBook, known: Known, dates: Calendar) -> Iterator[tuple[Fact, Behind]]:
    """One fact for each code, severity and sheet, with the number of findings that are listed."""
    ids = {
        normal(name): spec.id
        for spec in rulebook.contract.sheets.values()
        for name in (spec.id, *spec.sheet_synonyms, spec.sheet)
    }
    alike: defaultdict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for found in known.findings:
        alike[found.code, found.severity.value, ids.get(normal(found.sheet), "")].append(found)
    for (code, severity, sheet), these in alike.items():
        yield (
            fact(
                "finding",
                {
                    "code": code,
                    "severity": severity,
                    "sheet": sheet,
                    "number": len(these),
                    "seq": dates.seq(ABOUT_RETURN),
                },
            ),
            tuple(these),
        )
