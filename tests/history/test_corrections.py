"""What reports went out with before a month was corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpi_engine.history.file import open_history
from kpi_engine.history.read import before_corrections
from tests.history.build import COUNCIL, month, recorded, share

if TYPE_CHECKING:
    from pathlib import Path


def states(path: Path) -> list[dict[str, object]]:
    with open_history(path) as history:
        return [
            {
                str(p): m.low.numerator
                for p, held in state.items()
                for m in held.own.values()
                if m.low is not None
            }
            for state in before_corrections(history, COUNCIL)
        ]


def test_nothing_was_otherwise_where_nothing_was_corrected(tmp_path: Path) -> None:
    path = tmp_path / "kpi.db"
    recorded(path, month("2024-06", share("m", "2024-06", 17, 20)))
    recorded(path, month("2024-07", share("m", "2024-07", 18, 20)))
    assert states(path) == []


def test_each_state_is_all_months_as_they_stood_before_a_correction(tmp_path: Path) -> None:
    path = tmp_path / "kpi.db"
    recorded(path, month("2024-06", share("m", "2024-06", 17, 20)))
    recorded(path, month("2024-07", share("m", "2024-07", 18, 20)))
    recorded(path, month("2024-06", share("m", "2024-06", 12, 20)))
    recorded(path, month("2024-07", share("m", "2024-07", 19, 20)))
    assert states(path) == [
        {"2024-06": 17, "2024-07": 18},
        {"2024-06": 12, "2024-07": 18},
        {"2024-06": 12, "2024-07": 19},
    ]
