"""Every board's page in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kpi_engine.reports.board.to_html import to_html
from tests.browser.chromium import faults
from tests.packs.made import every_pack
from tests.packs.test_packs import BOARDS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("board", BOARDS)
def test_board_page_has_no_fault_in_a_browser(board: str, tmp_path: Path) -> None:
    page = tmp_path / f"{board}.html"
    page.write_text(to_html(every_pack().reports[board]), encoding="utf-8")

    assert faults([page]) == []
