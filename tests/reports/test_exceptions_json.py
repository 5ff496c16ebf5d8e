"""Exceptions as JSON keep to their schema, each proof down to figure, plan and sheet."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

from kpi_engine.escalation.escalate import escalate
from kpi_engine.escalation.outcome import Way
from kpi_engine.reports.exceptions_json import to_exceptions_json
from kpi_engine.reports.to_json import to_json
from kpi_engine.terms.state import Change, State, StateNote
from tests.escalation.standings import derive, examples, shipped
from tests.reports.build import CHECKED
from tests.reports.raised import BOOK, ESCALATED, NOW, OUT_OF_REACH, PANEL, derived
from tests.reports.test_to_json import SCHEMA as CHECK_SCHEMA
from tests.reports.test_to_json import faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kpi_engine.escalation.outcome import Escalated, Proof
    from kpi_engine.rulebook.pack import Board

SCHEMA: dict[str, Any] = json.loads(
    files("kpi_engine.reports").joinpath("schema_kpi_exceptions_1.json").read_text(encoding="utf-8")
)


def found(escalated: Escalated = ESCALATED, board: Board | None = None) -> dict[str, Any]:
    held: dict[str, Any] = json.loads(to_exceptions_json(escalated, CHECKED, BOOK, board))
    return held


def wrong(held: dict[str, Any]) -> list[str]:
    return list(faults(held, SCHEMA, whole=SCHEMA))


def proofs(proof: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield proof
    for way in proof["ways"]:
        for premise in way["premises"]:
            yield from proofs(premise)


def test_the_object_is_as_agreed(golden: Callable[[str, str], None]) -> None:
    golden("exceptions.json", to_exceptions_json(ESCALATED, CHECKED, BOOK, None))


@pytest.mark.parametrize("board", [None, PANEL])
def test_the_object_keeps_to_its_schema(board: Board | None) -> None:
    assert wrong(found(board=board)) == []
    assert wrong(found(replace(ESCALATED, before=None, gone=()), board)) == []


def test_every_state_note_and_change_is_in_the_schema() -> None:
    for state in State:
        for note in StateNote:
            one = replace(NOW.states["matched"], state=state, note=note)
            assert wrong(found(replace(ESCALATED, now=replace(NOW, states={"matched": one})))) == []
    for change in Change:
        raised = replace(NOW, exceptions=(replace(OUT_OF_REACH, change=change),))
        assert wrong(found(replace(ESCALATED, now=raised))) == []


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        ((), "schema", "kpi-exceptions/2"),
        ((), "extra", 1),
        (("engine",), "name", None),
        (("states", 0), "state", "red"),
        (("exceptions", 0), "severity", 4),
        (("exceptions", 0, "proof"), "ways", None),
        (("exceptions", 0, "proof", "ways", 0, "premises", 0, "fact", "fields"), "severity", 1.5),
    ],
)
def test_the_schema_finds_what_is_wrong(place: tuple[str | int, ...], key: str, value: object) -> None:
    held: Any = found()
    inner = held
    for step in place:
        inner = inner[step]
    inner[key] = value
    assert wrong(held) != []


def test_keys_come_in_the_order_of_the_schema() -> None:
    held = found()
    assert list(held) == list(SCHEMA["properties"])
    assert list(held["exceptions"][0]) == SCHEMA["$defs"]["exception"]["required"]
    assert list(held["exceptions"][0]["proof"]) == SCHEMA["$defs"]["proof"]["required"]


def test_a_verdict_leaf_carries_figure_target_citation_and_sheet() -> None:
    leaf = next(one for one in proofs(found()["exceptions"][0]["proof"]) if one["fact"]["type"] == "verdict")
    assert leaf["verdict"] == {
        "figure": {"value": "80", "unit": "percent", "numerator": "16", "denominator": "20"},
        "target": {"op": "at_least", "value": "85", "by": "2023-12-31"},
        "citation": {
            "document": "plan",
            "at": "action 1.10, impact measures",
            "figure": "85% permanent staff by December 2023",
        },
        "origins": [{"period": "2024-03", "file": "returns_2024-03.xlsx", "sheet": "Workforce"}],
    }


def test_a_verdict_of_an_earlier_month_is_that_months() -> None:
    leaves = [one for one in proofs(found()["exceptions"][0]["proof"]) if one["fact"]["type"] == "verdict"]
    february = next(one for one in leaves if one["period"] == "2024-02")
    assert february["verdict"]["figure"]["value"] == "85"
    january = next(one for one in leaves if one["period"] == "2024-01")
    assert january["verdict"]["figure"]["value"] is None


def test_only_the_verdict_of_a_gone_exceptions_own_period_stands_behind_it() -> None:
    gone = found()["gone"][0]
    leaf = next(one for one in proofs(gone["proof"]) if one["fact"]["type"] == "verdict")
    assert (gone["change"], leaf["period"]) == ("gone", "2024-02")
    assert leaf["verdict"]["figure"]["value"] is None  # February has no return of it


def test_a_board_gets_only_what_it_hears_and_its_own_measures() -> None:
    held = found(board=PANEL)
    assert held["board"] == {"id": "panel", "name": "Scrutiny Panel", "audience": "public"}
    assert [one["kind"] for one in held["exceptions"]] == ["out-of-reach", "milestone-overdue"]
    assert [one["indicator"] for one in held["states"]] == list(PANEL.measures)
    assert found()["board"] is None
    assert len(found()["exceptions"]) == len(NOW.exceptions)


def test_explanations_are_given_for_what_is_told() -> None:
    assert [one["indicator"] for one in found()["explanations"]] == ["later-life-letters"]
    assert found(board=PANEL)["explanations"] == []


def doubled(depth: int) -> Proof:
    """A fact with two ways, both on a fact with two ways, and so on."""
    below = derived("raised", kind="leaf", about="matched")
    for step in range(depth):
        ways = (Way("miss", (below,), ()), Way("exception", (below,), ()))
        below = derived("raised", *ways, kind=f"step-{step}", about="matched")
    return below


def test_a_proof_with_many_ways_to_the_same_facts_stays_small() -> None:
    deep = replace(OUT_OF_REACH, proof=doubled(40))
    held = found(replace(ESCALATED, now=replace(NOW, exceptions=(deep,))))
    every = list(proofs(held["exceptions"][0]["proof"]))
    assert len(every) <= 2 * 40 + 1
    assert any(one["above"] for one in every)
    assert wrong(held) == []


def test_what_schemas_share_is_the_same_in_each() -> None:
    trend = json.loads(
        files("kpi_engine.reports").joinpath("schema_kpi_trend_1.json").read_text(encoding="utf-8")
    )
    held = CHECK_SCHEMA["$defs"]
    for others in (SCHEMA["$defs"], trend["$defs"]):
        assert [name for name in set(others) & set(held) if others[name] != held[name]] == []


# ── In the check ─────────────────────────────────────────────────────────────


def test_a_check_with_exceptions_keeps_to_its_schema() -> None:
    held = json.loads(to_json(CHECKED, BOOK, series=True, escalated=ESCALATED))
    assert list(faults(held, CHECK_SCHEMA)) == []
    staff = held["measures"][0]
    assert staff["state"] == {"state": "action_needed", "note": ""}
    assert staff["variation"]["evidence"] == "too_few"
    assert staff["assurance"]["kind"] is None
    assert held["exceptions"] == found()["exceptions"]
    assert held["series"]["2024-02"][0]["state"] is None


def test_a_check_without_escalation_has_the_same_keys_with_null() -> None:
    plain, full = (json.loads(to_json(CHECKED, BOOK, escalated=one)) for one in (None, ESCALATED))
    assert list(plain) == list(full)
    assert list(plain["measures"][0]) == list(full["measures"][0])
    assert plain["exceptions"] is None
    assert [plain["measures"][0][key] for key in ("state", "variation", "assurance")] == [None] * 3


def test_the_example_returns_keep_to_the_schemas_and_every_verdict_leaf_has_its_plan() -> None:
    checked = examples("2024-10", "2025-03")
    escalated = escalate(shipped(), checked, derive=derive)
    assert escalated is not None
    held = json.loads(to_exceptions_json(escalated, checked, shipped(), None))
    assert wrong(held) == []
    assert list(faults(json.loads(to_json(checked, shipped(), escalated=escalated)), CHECK_SCHEMA)) == []
    leaves = [
        leaf
        for one in (*held["exceptions"], *held["gone"])
        for leaf in proofs(one["proof"])
        if not leaf["ways"]
    ]
    verdicts = [leaf["verdict"] for leaf in leaves if leaf["fact"]["type"] == "verdict"]
    assert len(verdicts) > 5
    assert all(one["citation"]["figure"] and one["origins"] for one in verdicts)
