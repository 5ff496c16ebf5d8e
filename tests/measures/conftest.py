"""The engines that the suite runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kpi_engine.measures.embedded import EmbeddedEngine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kpi_engine.measures.plan import Engine


@pytest.fixture(scope="session", params=[EmbeddedEngine])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with request.param() as opened:
        yield opened
