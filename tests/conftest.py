"""The golden outputs: compared with, or with --update-golden written anew."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable

os.environ["OPENPYXL_LXML"] = "False"  # as kpi_engine.returns.template does; some tests import openpyxl first
settings.register_profile("steady", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("steady")
GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write tests/golden anew; look at the diff")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden(name, text)`: `text` must be what tests/golden/`name` holds."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            GOLDEN.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        assert path.is_file(), f"{name} is not in tests/golden; run pytest --update-golden and look at it"
        with path.open(encoding="utf-8", newline="") as held:
            assert held.read() == text, f"{name} differs; if it is right: pytest --update-golden"

    return compare


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the share of broken rules that the rules' own examples caught."""
    told: Counter[str] = Counter()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            told.update({name: int(str(n)) for name, n in report.user_properties if name in _MUTATION})
    if told["mutants"]:
        terminalreporter.write_line(f"rules broken: {told['mutants']}; caught: {told['caught']}")


_MUTATION = frozenset({"mutants", "caught"})
