"""Reports in a real browser: accessible, by keyboard alone, without another request, on screen and paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kpi_engine.reports.board.to_html import to_html
from tests.browser.chromium import faults
from tests.reports.board.sample import hostile, sample, suppressed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kpi_engine.reports.board.report import BoardReport

BAD = """<!DOCTYPE html><html><head><title>Bad</title>
<style>a:focus { outline: none } p { color: #bbb; background: #fff; width: 900px }</style></head>
<body><div id="x"><p id="x">Faint and wide.</p><img src="missing.png"><a href="#gone">Gone</a>
<a href="#x" tabindex="2">First</a><details><summary>More</summary><p>Shut on paper.</p></details>
<script>console.log("ran")</script></div></body></html>"""


@pytest.mark.parametrize("made", [sample, suppressed, hostile])
def test_report_has_no_fault_in_a_browser(made: Callable[[], BoardReport], tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(to_html(made()), encoding="utf-8")

    assert faults([page]) == []


def test_faults_of_a_bad_page_are_told(tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text(BAD, encoding="utf-8")

    told = "\n".join(faults([page]))

    for fault in (
        "axe, closed: image-alt",
        "axe, closed: html-has-lang",
        "axe, closed: color-contrast",
        "axe, closed: landmark-one-main",
        "do not skip to the report",
        "focus not seen: Gone",
        "order: ",
        "scrolls sideways: {'width': 390",
        "1 details stay shut on paper",
        "id used twice: x",
        "link to nowhere: #gone",
        "asks for another file: file:",
        "console: ran",
    ):
        assert fault in told, fault
