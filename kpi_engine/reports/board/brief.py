"""What one board's report is made from, and what of it that board may see."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kpi_engine.reports.behind import heard, measures_of
from kpi_engine.reports.board.disclosure import rounded
from kpi_engine.reports.wording import aim, is_signed, unit_of
from kpi_engine.rulebook.book import Kind, Operator, Unit
from kpi_engine.terms.state import State
from kpi_engine.terms.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from fractions import Fraction

    from kpi_engine.escalation.outcome import BoardException, Escalated, Explanation, Proof
    from kpi_engine.reports.board.disclosure import Disclosure
    from kpi_engine.rulebook.book import Indicator, RuleBook
    from kpi_engine.rulebook.pack import Audience, Board
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.fact import Fact
    from kpi_engine.terms.measurement import Measurement, Parts
    from kpi_engine.terms.verdict import TargetInForce, Verdict
    from kpi_engine.trend import Trend

_MISSES = frozenset({State.ACTION_NEEDED, State.MISSED_IMPROVING, State.MISSED_UNCLEAR})


@dataclass(frozen=True, slots=True)
class Revised:
    """Why the report of a period is made again, in a sentence, and the verdicts that it gave before."""

    because: str
    before: Mapping[str, Status]


@dataclass(frozen=True, slots=True)
class Brief:
    """One board, the standing of the period and the one before, and how much is shown of each measure."""

    rulebook: RuleBook
    checked: Checked
    escalated: Escalated
    board: Board
    audience: Audience
    disclosure: Mapping[str, Disclosure]
    revised: Revised | None = None

    @property
    def keeps_back(self) -> bool:
        """Whether anything is kept from this audience."""
        return self.audience.threshold > 0 or self.audience.rounding > 1

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The measures that the board reads, in the rulebook's order."""
        read = measures_of(self.board, self.rulebook)
        return tuple(one for one in self.rulebook.indicators.values() if one.id in read)

    @property
    def told(self) -> tuple[Indicator, ...]:
        """Those whose state may be said."""
        return tuple(one for one in self.indicators if self.disclosure[one.id].state)

    def state(self, indicator: str) -> State | None:
        """The measure's state; None where it may not be said."""
        return self.escalated.now.states[indicator].state if self.disclosure[indicator].state else None

    def open(self, indicator: str) -> bool:
        """Whether each month's own figure and the chart may be shown."""
        one = self.disclosure[indicator]
        return one.state and one.months and not self._coarse(indicator)

    def in_full(self, indicator: str) -> bool:
        """Whether numbers of rows in doubt, ranges and the verdict's own sentence may be shown."""
        return self.disclosure[indicator].doubt and not self.keeps_back

    def figure(self, indicator: str) -> bool:
        """Whether the judged figure may be shown; a rounded one may not contradict its verdict."""
        if not (self.disclosure[indicator].state and self.disclosure[indicator].figure):
            return False
        return not self._coarse(indicator) or self._agrees(self.verdict(indicator))

    def verdict(self, indicator: str) -> Verdict:
        """The verdict of the period, its figures rounded as the audience has them."""
        return self._as_seen(self.escalated.now.verdicts[indicator])

    def before(self, indicator: str) -> Verdict | None:
        """The same of the period before; None where nothing is known of it or it may not be shown."""
        standing = self.escalated.before
        if standing is None or not self.disclosure[indicator].last:
            return None
        verdict = self._as_seen(standing.verdicts[indicator])
        return verdict if not self._coarse(indicator) or self._agrees(verdict) else None

    def trend(self, indicator: str) -> Trend:
        """The measure's months and what their chart says; only its direction where it is not open."""
        return self.escalated.now.trends[indicator]

    def explanation(self, indicator: str) -> Explanation | None:
        """The commentary on the measure."""
        return self.escalated.now.explanations.get(indicator)

    def low(self, indicator: str) -> bool:
        """Whether a count that is not nought rounds to nought."""
        exact, seen = self.escalated.now.verdicts[indicator].numerator, self.verdict(indicator).numerator
        return seen == 0 and bool(exact)

    # ── Exceptions ───────────────────────────────────────────────────────────

    def exceptions(self) -> tuple[BoardException, ...]:
        """Those that the board hears and may be told by kind, the most severe first."""
        return tuple(one for one in heard(self.escalated.now.exceptions, self.board) if self._may_tell(one))

    def gone(self) -> tuple[BoardException, ...]:
        """Those of the period before that are gone, and may be told."""
        return tuple(one for one in heard(self.escalated.gone, self.board) if self._may_tell(one))

    def raised_on(self) -> tuple[str, ...]:
        """The measures with exceptions, the most severe first, then all others that need action.

        Which exceptions a closed measure has would tell of its figure, so there its state alone decides.
        """
        names = [one.indicator for one in heard(self.escalated.now.exceptions, self.board)]
        needed = [one.id for one in self.told if self.state(one.id) is State.ACTION_NEEDED]
        every = dict.fromkeys([*(name for name in names if name is not None), *needed])
        read = {one.id for one in self.told}
        return tuple(
            name
            for name in every
            if name in read and (self._open_to_say(name) or self.state(name) in _MISSES)
        )

    def _may_tell(self, one: BoardException) -> bool:
        """Whether its kind says nothing of a measure beyond what is shown of it."""
        if not self.keeps_back or (one.indicator is None and one.milestone is None):
            return True
        names = {
            str(value) for fact in _facts(one.proof) for name, value in fact.fields if name == "indicator"
        }
        same_as = self.rulebook.milestones[one.milestone].same_as if one.milestone is not None else None
        names |= {name for name in (one.indicator, same_as) if name is not None}
        return all(self._open_to_say(name) for name in names)

    def _open_to_say(self, indicator: str) -> bool:
        """Whether more than the state may be said; of a measure not read nothing is decided."""
        if not self.keeps_back:
            return True
        decided = self.disclosure.get(indicator)
        return decided is not None and decided.state and decided.months

    # ── Rounding ─────────────────────────────────────────────────────────────

    def _coarse(self, indicator: str) -> bool:
        """Whether the measure's counts are rounded: a figure that comes without counts cannot be."""
        one = self.rulebook.indicators[indicator]
        whole = one.measure.kind in {Kind.STATED, Kind.LONGEST} and one.measure.unit is not Unit.NUMBER
        return self.audience.rounding > 1 and one.disclosive and not whole

    def _as_seen(self, verdict: Verdict) -> Verdict:
        """The verdict with its figures made of rounded counts."""
        if not self._coarse(verdict.indicator):
            return verdict
        indicator = self.rulebook.indicators[verdict.indicator]
        numerator, denominator = self._near(verdict.numerator), self._near(verdict.denominator)
        value = _value(indicator, verdict, numerator, denominator)
        target = aim(verdict)
        return replace(
            verdict,
            numerator=numerator,
            denominator=denominator,
            value=value,
            best=value,
            gap=None if value is None or target is None else value - target.value,
            needed=None,
            small=False,
            beside=tuple(self._beside_as_seen(one) for one in verdict.beside),
        )

    def _beside_as_seen(self, measured: Measurement) -> Measurement:
        return replace(measured, low=self._parts(measured.low), high=self._parts(measured.high))

    def _parts(self, parts: Parts | None) -> Parts | None:
        if parts is None:
            return None
        numerator = rounded(parts.numerator, self.audience)
        return replace(parts, numerator=numerator, denominator=self._near(parts.denominator))

    def _near(self, count: Fraction | None) -> Fraction | None:
        return None if count is None else rounded(count, self.audience)

    def _agrees(self, verdict: Verdict) -> bool:
        """Whether the figure made of rounded counts is on the same side of its target."""
        target = aim(verdict)
        if target is None or verdict.value is None or verdict.status not in {Status.PASS, Status.FAIL}:
            return True
        return _meets(verdict.value, target) is (verdict.status is Status.PASS)


def _facts(proof: Proof) -> Iterator[Fact]:
    yield proof.fact
    for way in proof.ways:
        for premise in way.premises:
            yield from _facts(premise)


def _value(
    indicator: Indicator, verdict: Verdict, numerator: Fraction | None, denominator: Fraction | None
) -> Fraction | None:
    if numerator is None or verdict.value is None:
        return None
    if is_signed(indicator.measure):
        if verdict.baseline is None:
            return None
        change = numerator - verdict.baseline
        return change / verdict.baseline if unit_of(indicator.measure) is Unit.PERCENT else change
    if denominator is None:
        return numerator
    return numerator / denominator if denominator else None


def _meets(value: Fraction, target: TargetInForce) -> bool:
    if target.op == Operator.AT_MOST:
        return value <= target.value
    return value > target.value if target.op == Operator.MORE_THAN else value >= target.value
