"""Exceptions as JSON, schema `kpi-exceptions/1`, and as the key `exceptions` of `kpi-check/1`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpi_engine.reports.behind import Behind, heard, measures_of, source_of
from kpi_engine.reports.records import (
    Json,
    amount,
    day,
    exception_record,
    origin_record,
    run_record,
    target_record,
    written,
)
from kpi_engine.reports.wording import aim, unit_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kpi_engine.escalation.outcome import (
        BoardException,
        Escalated,
        Explanation,
        MeasureState,
        Proof,
        Standing,
    )
    from kpi_engine.rulebook.book import Citation, RuleBook
    from kpi_engine.rulebook.pack import Board
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.verdict import Verdict

SCHEMA = "kpi-exceptions/1"


def to_exceptions_json(
    escalated: Escalated, checked: Checked, rulebook: RuleBook, board: Board | None
) -> str:
    """One object with what `board` hears (None: every exception), each with its proof as a tree.

    Amounts are exact text in their unit: `85` (percent), or `100/3` where no decimal is exact.
    """
    now = escalated.now
    measures = measures_of(board, rulebook)
    told = heard(now.exceptions, board)
    about = {one.indicator for one in told}
    return written(
        {
            "schema": SCHEMA,
            "authority": checked.authority,
            "made_up": checked.made_up,
            "period": str(now.period),
            "before": None if escalated.before is None else str(escalated.before.period),
            "board": None if board is None else _board(board),
            "run": run_record(checked.run),
            "engine": {"name": escalated.answered.engine, "why": escalated.answered.why},
            "states": [_state(now.states[name]) for name in measures if name in now.states],
            "exceptions": _exceptions(told, now, checked, rulebook),
            "explanations": [_explanation(e) for name, e in now.explanations.items() if name in about],
            "gone": []
            if escalated.before is None
            else _exceptions(heard(escalated.gone, board), escalated.before, checked, rulebook),
        }
    )


def exception_records(escalated: Escalated, checked: Checked, rulebook: RuleBook) -> list[Json]:
    """Every exception of the judged period, as in `to_exceptions_json`."""
    return _exceptions(escalated.now.exceptions, escalated.now, checked, rulebook)


def state_record(state: MeasureState) -> Json:
    """What a board sees of a measure: the state, and what is said beside it (empty: nothing)."""
    return {"state": state.state.value, "note": state.note.value}


def _board(board: Board) -> Json:
    return {"id": board.id, "name": board.name, "audience": board.audience}


def _state(state: MeasureState) -> Json:
    return {"indicator": state.indicator, **state_record(state)}


def _explanation(given: Explanation) -> Json:
    return {
        "indicator": given.indicator,
        "why": given.why,
        "action": given.action,
        "lead": given.lead,
        "back_on_track": day(given.back_on_track),
        "ask": given.ask,
        "as_last_month": given.as_last_month,
        "cell": given.cell,
    }


def _exceptions(
    told: Iterable[BoardException], standing: Standing, checked: Checked, rulebook: RuleBook
) -> list[Json]:
    """Each with the proof that `standing` gave it."""
    behind = Behind(rulebook, checked, standing)
    return [{**exception_record(one), "proof": _proof(one.proof, behind, rulebook, set())} for one in told]


def _proof(proof: Proof, behind: Behind, rulebook: RuleBook, shown: set[str]) -> Json:
    """A fact and the ways to it; one whose ways stand earlier in the same tree has none here and says so."""
    repeated = bool(proof.ways) and proof.fact.id in shown
    shown.add(proof.fact.id)
    verdict = None if proof.ways else behind.verdict(proof)
    ways = () if repeated else proof.ways
    return {
        "fact": {"type": proof.fact.type, "fields": dict(proof.fact.fields)},
        "period": None if proof.period is None else str(proof.period),
        "above": repeated,
        "ways": [
            {
                "rule": way.rule,
                "premises": [_proof(premise, behind, rulebook, shown) for premise in way.premises],
                "absent": list(way.absent),
            }
            for way in ways
        ],
        "verdict": None if verdict is None else _verdict(verdict, rulebook),
    }


def _verdict(verdict: Verdict, rulebook: RuleBook) -> Json:
    indicator = rulebook.indicators[verdict.indicator]
    unit, target = unit_of(indicator.measure), aim(verdict)
    return {
        "figure": {
            "value": amount(verdict.value, unit),
            "unit": unit.value,
            "numerator": amount(verdict.numerator),
            "denominator": amount(verdict.denominator),
        },
        "target": target_record(target, unit),
        "citation": _citation(source_of(target, indicator)),
        "origins": [origin_record(one) for one in verdict.measured.origins] if verdict.measured else [],
    }


def _citation(source: Citation) -> Json:
    return {"document": source.document, "at": source.at, "figure": source.figure}
