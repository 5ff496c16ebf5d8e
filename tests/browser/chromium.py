"""Pages opened in Chromium through look.mjs, and what is wrong with them in words."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).parent
CHROMIUM = os.environ.get("KPI_CHROMIUM", "/usr/bin/chromium")
INSTALL = "apt-get install chromium; npm install --prefix tests/browser"


def faults(pages: Sequence[Path]) -> list[str]:
    """Everything wrong with the pages at both widths, a line each; skips where there is no browser."""
    node = _ready()
    done = subprocess.run(
        [node, str(HERE / "look.mjs"), *map(str, pages)],
        capture_output=True,
        encoding="utf-8",
        timeout=120 + 120 * len(pages),
        check=False,
        env={**os.environ, "KPI_CHROMIUM": CHROMIUM},
    )
    assert done.returncode == 0, done.stderr
    looks = json.loads(done.stdout)
    assert len(looks) == 2 * len(pages)
    return [f"{Path(look['file']).name} at {look['width']}: {fault}" for look in looks for fault in _of(look)]


def _ready() -> str:
    """The path of node; without it, Chromium or the packages: a skip, on the build machine a failure."""
    node = shutil.which("node")
    needed = {
        "node": node,
        CHROMIUM: shutil.which(CHROMIUM),
        "axe-core and playwright-core": (HERE / "node_modules" / "axe-core").is_dir()
        and (HERE / "node_modules" / "playwright-core").is_dir(),
    }
    absent = ", ".join(name for name, there in needed.items() if not there)
    if absent or node is None:
        told = f"no browser to open reports in; absent: {absent}. Install: {INSTALL}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(told)
    return node


def _of(look: dict[str, Any]) -> Iterator[str]:
    for state in ("closed", "open"):
        rules = [*look[state]["violations"], *filter(_undecided, look[state]["unsure"])]
        yield from (f"axe, {state}: {r['rule']}: {r['help']}: {'; '.join(r['where'])}" for r in rules)
        if look[state]["passes"] < 20:
            yield f"axe, {state}: only {look[state]['passes']} rules were tried"
    skip = look["skip"]
    if not (skip["seen"] and skip["inside"] and skip["tag"] == "A"):
        yield f"keyboard: the first Tab and Enter do not skip to the report: {skip}"
    for name in ("walk", "walk_open"):
        walk = look[name]
        yield from (f"keyboard, {name}: not reached by Tab: {text}" for text in walk["missed"])
        yield from (f"keyboard, {name}: focus not seen: {text}" for text in walk["unseen"])
        if walk["disordered"] or not walk["total"]:
            yield f"keyboard, {name}: order: {walk['disordered']} of {walk['total']} steps go back"
    if look["details"]["shut"]:
        yield f"keyboard: {look['details']['shut']} details do not open by Enter"
    yield from (f"scrolls sideways: {over}" for over in look["overflow"])
    if look["unprinted"]:
        yield f"print: {look['unprinted']} details stay shut on paper"
    if look["lonely"]:
        yield "one tile stands alone in its row"
    yield from (f"id used twice: {name}" for name in look["ids"])
    yield from (f"link to nowhere: {link}" for link in look["dead_links"])
    yield from (f"asks for another file: {url}" for url in look["elsewhere"])
    yield from (f"console: {line}" for line in look["console"])


def _undecided(rule: dict[str, Any]) -> bool:
    """Whether axe leaves open more than the contrast of shapes, which test_html computes."""
    return rule["rule"] != "color-contrast" or any("non-text characters" not in w for w in rule["where"])
