"""Standing: how one period stands at its end, by what was known then: its states and its exceptions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from kpi_engine.escalation.commentary import explanations
from kpi_engine.escalation.facts import Known, ReturnStanding, about, facts_of
from kpi_engine.escalation.outcome import Answered, BoardException, MeasureState, Proof, Standing
from kpi_engine.escalation.proof import Proofs
from kpi_engine.rulebook.pack import ABOUT_RETURN, Pack
from kpi_engine.terms.fact import Derived, Fact
from kpi_engine.terms.period import Period
from kpi_engine.terms.state import Change, State, StateNote
from kpi_engine.terms.verdict import Status, Verdict
from kpi_engine.trend import trends
from kpi_engine.verdicts.beside import falls_beneath
from kpi_engine.verdicts.judge import judge
from kpi_engine.verdicts.milestones import judge_milestones

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kpi_engine.escalation.facts import Calendar, Told
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.rulebook.pack import Board, EscalationRule
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.verdict import MilestoneVerdict

Derive: TypeAlias = Callable[[Pack, Iterable[Fact]], tuple[Derived, Answered]]
"""An engine: what a pack makes of facts, and which engine answered."""

_FALLBACK: Final = MappingProxyType(
    {
        Status.FAIL: State.ACTION_NEEDED,
        Status.PASS: State.WATCH,
        Status.NOT_DUE: State.NOT_DUE,
        Status.NOT_ASSESSED: State.NOT_REPORTED,
    }
)
"""The state of a measure that no rule gives one: never better than what is known."""
_STATES: Final = tuple(State)
_NOTES: Final = tuple(StateNote)
_NO_RULES: Final = Answered("no engine", "the rules folder declares no escalation rules")


def told_of(rulebook: RuleBook, checked: Checked, period: Period) -> Told:
    """The facts of `period`, which is the judged one or an earlier one as long."""
    return facts_of(rulebook, known_at(rulebook, checked, period))


def derive_from(pack: Pack, told: Told, derive: Derive) -> tuple[Derived, Answered]:
    """What `pack` makes of the facts; no engine is asked where there are no rules."""
    return derive(pack, told.facts) if pack.rules else (Derived((), ()), _NO_RULES)


# ── What was known ───────────────────────────────────────────────────────────


def known_at(rulebook: RuleBook, checked: Checked, period: Period) -> Known:
    """What was known at the end of `period`: nothing of a later month is in it."""
    verdicts = dict(_verdicts(rulebook, checked, period))
    drawn = trends(rulebook, checked.measured, period)
    return Known(
        period=period,
        verdicts=verdicts,
        trends={trend.indicator: trend for trend in drawn},
        milestones={m.milestone: m for m in _milestones(rulebook, checked, period)},
        standing=_return_standing(checked, period),
        returns=tuple(r for r in checked.run.returns if not r.replaced and r.period in period.months),
        findings=_findings(rulebook, checked, period, tuple(verdicts[period].values())),
        explanations=explanations(rulebook, checked.commentary, period),
    )


def first_known(rulebook: RuleBook, checked: Checked) -> Period | None:
    """The first month that anything is known of; none of before the plan's start, None where none is."""
    first = min((*checked.measured.records, *checked.series), default=None)
    return None if first is None else max(first, Period.of(rulebook.plan.start))


def _verdicts(
    rulebook: RuleBook, checked: Checked, period: Period
) -> Iterator[tuple[Period, Mapping[str, Verdict]]]:
    """Of every period from the first to `period`, those without a return among them."""
    first = first_known(rulebook, checked) or period
    behind = max(0, -(-(period.first - first.first) // period.length))
    for back in range(behind, -1, -1):
        one = period.plus(-back * period.length)
        held = checked.verdicts if one == checked.period else checked.series.get(one)
        judged = judge(rulebook, one, checked.measured) if held is None else held
        yield one, {verdict.indicator: verdict for verdict in judged}


def _milestones(rulebook: RuleBook, checked: Checked, period: Period) -> tuple[MilestoneVerdict, ...]:
    if period == checked.period:
        return checked.milestones
    rows = checked.milestone_rows.get(period.last_month, {})
    return judge_milestones(rulebook.milestones, rows, period, rulebook.plan.start)


def _return_standing(checked: Checked, period: Period) -> ReturnStanding:
    """Refused: a return of one of its months or of no known month; none: no return of its last month.

    A month that a history holds was given.
    """
    used = [r for r in checked.run.returns if not r.replaced]
    if any(r.refused for r in used if r.period is None or r.period in period.months):
        return ReturnStanding.REFUSED
    given = period.last_month in {*(r.period for r in used), *checked.measured.records}
    return ReturnStanding.GIVEN if given else ReturnStanding.NONE


def _findings(
    rulebook: RuleBook, checked: Checked, period: Period, verdicts: tuple[Verdict, ...]
) -> tuple[Finding, ...]:
    """Those of the period's own files, of files of no known month and of no file: as when it was judged."""
    if period == checked.period:
        return checked.findings
    files = {
        r.file
        for r in checked.run.returns
        if not r.replaced and (r.period is None or r.period in period.months)
    }
    every = (*checked.findings, *checked.earlier_findings)
    earlier = max((month for month in checked.series if month.end < period.start), default=None)
    before = {} if earlier is None else {v.indicator: v for v in checked.series[earlier]}
    own = (found for found in every if not found.file or found.file in files)
    return (*own, *falls_beneath(rulebook, verdicts, before))


# ── What follows ─────────────────────────────────────────────────────────────


def standing_of(rulebook: RuleBook, told: Told, derived: Derived) -> Standing:
    """The states and exceptions that `derived` holds of the period told of; every exception is new."""
    proofs = Proofs(rulebook.escalations, told, derived)
    known, verdicts = told.known, told.known.verdicts[told.known.period]
    now = [fact for fact in derived.facts if _is_now(fact, told.calendar)]
    stated: dict[str, list[Fact]] = {name: [] for name in rulebook.indicators}
    for one in now:
        if one.type == "state":
            stated.setdefault(str(one["indicator"]), []).append(one)
    raised = (_exception(rulebook, one, told, proofs) for one in now if one.type == "exception")
    return Standing(
        period=known.period,
        verdicts={name: verdicts[name] for name in rulebook.indicators},
        trends=known.trends,
        milestones=known.milestones,
        states={name: _state(name, stated[name], told, proofs) for name in rulebook.indicators},
        exceptions=tuple(sorted(raised, key=_Order(rulebook))),
        explanations=known.explanations,
    )


def _is_now(fact: Fact, calendar: Calendar) -> bool:
    """Whether a fact is of the period that its measure is in now; an earlier run has told of the others."""
    seq = next((value for name, value in fact.fields if name == "seq"), None)
    return seq is not None and seq == calendar.seq(about(fact))


def _state(indicator: str, stated: list[Fact], told: Told, proofs: Proofs) -> MeasureState:
    """The first in State's order of those that rules gave it; where none did, the fallback.

    Of one state with several notes, the first note that says something.
    """
    if stated:
        first = min(stated, key=_state_order)
        state, note = State(str(first["state"])), StateNote(str(first["note"]))
        return MeasureState(indicator, state, note, proofs.of(first))
    verdict = told.known.verdicts[told.known.period][indicator]
    seq = told.calendar.seq(indicator)
    fact = next(f for f in told.facts if (f.type, *_whose(f)) == ("verdict", indicator, seq))
    proof = Proof(fact, told.calendar.of(fact), ())
    return MeasureState(indicator, _FALLBACK[verdict.status], StateNote.NONE, proof)


def _state_order(fact: Fact) -> tuple[int, bool, int]:
    note = StateNote(str(fact["note"]))
    return _STATES.index(State(str(fact["state"]))), note is StateNote.NONE, _NOTES.index(note)


def _whose(fact: Fact) -> tuple[object, object]:
    fields = dict(fact.fields)
    return fields.get("indicator"), fields.get("seq")


def _exception(rulebook: RuleBook, fact: Fact, told: Told, proofs: Proofs) -> BoardException:
    kind, severity, name = str(fact["kind"]), int(fact["severity"]), str(fact["about"])
    rule = raising(rulebook.escalations, kind)
    indicator = name if name in rulebook.indicators else None
    milestone = name if indicator is None and name in rulebook.milestones else None
    proof = proofs.of(fact)
    return BoardException(
        kind=kind,
        title=rule.title if rule is not None else kind,
        severity=severity,
        indicator=indicator,
        milestone=milestone,
        period=proof.period or told.known.period,
        because=rule.because if rule is not None else "",
        tell=tuple(
            board.id
            for board in rulebook.boards.values()
            if (rule is None or not rule.tell or board.id in rule.tell)
            and _hears(board, kind, severity)
            and _reads(board, indicator, milestone)
        ),
        change=Change.NEW,
        proof=proof,
    )


def raising(pack: Pack, kind: str) -> EscalationRule | None:
    """The rule whose `then` gives `kind` literally: the first with a title, else the first."""
    rules = [rule for rule in pack.rules if dict(rule.then.fields).get("kind") == kind]
    return next((rule for rule in rules if rule.title), rules[0] if rules else None)


def _hears(board: Board, kind: str, severity: int) -> bool:
    return (board.exceptions is None or kind in board.exceptions) and severity >= board.least_severity


def _reads(board: Board, indicator: str | None, milestone: str | None) -> bool:
    """Every board reads the whole return; one that names no measure and no milestone reads all of both."""
    if (indicator is None and milestone is None) or not (board.measures or board.milestones):
        return True
    return indicator in board.measures or milestone in board.milestones


class _Order:
    """The most severe first; then the return, measures and milestones as listed; then as the rules are."""

    def __init__(self, rulebook: RuleBook) -> None:
        listed = (ABOUT_RETURN, *rulebook.indicators, *rulebook.milestones)
        self._place = {name: n for n, name in enumerate(listed)}
        rules = (dict(rule.then.fields).get("kind") for rule in reversed(rulebook.escalations.rules))
        self._kinds = {kind: -n for n, kind in enumerate(rules) if isinstance(kind, str)}

    def __call__(self, one: BoardException) -> tuple[int, int, int, str, str]:
        place = self._place[one.indicator or one.milestone or ABOUT_RETURN]
        return -one.severity, place, self._kinds.get(one.kind, 1), one.kind, one.proof.fact.id
