"""`python -m tests.automation.replay`: two years of months through `kpi run`, and the packs made directly.

One root, from an empty folder; each month's return is dropped after the month has ended. Every file of every
pack must have the bytes that the same returns give without any run. Prints how many do.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kpi_engine.check import gathered, judged_at, read_returns
from kpi_engine.escalation.engine import deriving
from kpi_engine.escalation.escalate import escalate
from kpi_engine.packs import packs, period_of
from kpi_engine.reports.board.pack import PackFormat
from kpi_engine.reports.to_json import to_json
from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.terms.period import Period, span
from tests.automation.months import INPUTS, ROOT, drop, root_at, run_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kpi_engine.rulebook.book import RuleBook

FIRST, LAST = Period.parse("2023-04"), Period.parse("2025-03")
_OF_THE_RUN = frozenset({"run.json", "notice.md", "notice.json"})


def directly(
    rulebook: RuleBook, month: Period, first: Period, head: str, formats: Sequence[PackFormat]
) -> Mapping[str, bytes]:
    """The packs and the check of a month, from the returns of the months up to it."""
    paths = [INPUTS / f"returns_{one}.xlsx" for one in span(first, month)]
    of = gathered(read_returns(paths, rulebook, lambda _done, _of: None), rulebook)
    of = replace(of, run=replace(of.run, audit_head=head))
    hearing = [
        board
        for board in rulebook.boards.values()
        if period_of(board, month, yearly=False).last_month == month
    ]
    made = packs(of, rulebook, hearing, period=month, allow_missing_commentary=True)
    checked = judged_at(of, rulebook, month)
    with deriving() as derive:
        check = to_json(checked, rulebook, escalated=escalate(rulebook, checked, derive=derive))
    return {**made.files(formats)[0], "check.json": check.encode()}


def replayed(
    folder: Path, first: Period, last: Period, settings: str, formats: Sequence[PackFormat]
) -> tuple[int, list[str]]:
    """How many files are the same, and the names of those that are not."""
    root, rulebook = root_at(folder, settings), load_rulebook(ROOT / "rules", "rules")
    same, other = 0, []
    for month in span(first, last):
        drop(root, str(month))
        run_at(root, f"{month.plus(1)}-10")
        out = root / "out" / str(month) / "r1"
        run = json.loads((out / "run.json").read_bytes())
        expected = directly(replace(rulebook, folder=run["rules"]), month, first, run["head"], formats)
        found = {path.name: path.read_bytes() for path in out.iterdir() if path.name not in _OF_THE_RUN}
        for name in sorted(expected.keys() | found.keys()):
            if expected.get(name) == found.get(name):
                same += 1
            else:
                other.append(f"{month}/{name}")
    return same, other


def main() -> None:
    """Replay, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=Period.parse, default=FIRST)
    parser.add_argument("--last", type=Period.parse, default=LAST)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        same, other = replayed(Path(place) / "root", given.first, given.last, "", list(PackFormat))
    print(f"{same} files the same, {len(other)} not: {', '.join(other) or 'none'}")  # noqa: T201


if __name__ == "__main__":
    main()
