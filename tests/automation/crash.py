"""`python -m tests.automation.crash --kills 200`: kill -9 a run, and compare with one that was not killed.

Half of the kills fall at any moment of a run, half while it writes. After each, one more run must leave
exactly what an undisturbed run leaves: history, files, audit log. Prints how many did.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.automation.months import drop, root_at, run_at, started, state

if TYPE_CHECKING:
    from collections.abc import Mapping

BEFORE, DAY = "2024-09-20", "2024-10-12"
ALL_FORMATS = 'boards = ["iro-service"]\n'


def prepared(folder: Path, settings: str = ALL_FORMATS) -> Path:
    """Two months are reported; in the inbox lie a new month, a correction, a copy and a broken file."""
    root = root_at(folder, settings)
    drop(root, "2024-07")
    drop(root, "2024-08")
    run_at(root, BEFORE)
    drop(root, "2024-09")
    drop(root, "2024-07", corrected=True)
    drop(root, "2024-08", "a copy.xlsx")
    (root / "inbox" / "broken.xlsx").write_bytes(b"PK\x03\x04 and no more")
    return root


def undisturbed(start: Path, folder: Path) -> tuple[Mapping[str, str], float]:
    """What a run that nobody kills leaves, and how long it takes."""
    root = folder / "undisturbed"
    shutil.copytree(start, root)
    began = time.monotonic()
    process = started(root, DAY)
    out, _ = process.communicate()
    assert process.returncode == 0, out.decode()
    took = time.monotonic() - began
    return state(root), took


def killed(start: Path, folder: Path, seed: int, took: float) -> tuple[Mapping[str, str], str]:
    """What one more run leaves after a run that was killed; and how far that one had come."""
    dice = random.Random(seed)
    root = folder / f"killed-{seed}"
    shutil.copytree(start, root)
    process = started(root, DAY)
    if seed % 2:
        time.sleep(dice.random() * took)
    else:
        writing = root / "work" / "staged"
        while not writing.exists() and process.poll() is None:
            time.sleep(0.001)
        time.sleep(dice.random() ** 2 * 0.6)
    promised = (root / "work" / "manifest.json").exists()
    ended = process.poll() is not None
    process.kill()
    process.communicate()
    again = started(root, DAY)
    out, _ = again.communicate()
    assert again.returncode == 0, out.decode()
    found = state(root)
    shutil.rmtree(root)
    return found, "ended" if ended else "promised" if promised else "before"


def differences(expected: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """The names that differ."""
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))


def main() -> None:
    """Kill, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        start = prepared(folder / "start")
        expected, took = undisturbed(start, folder)
        where = dict.fromkeys(("before", "promised", "ended"), 0)
        equal = 0
        for seed in range(given.seed, given.seed + given.kills):
            found, at = killed(start, folder, seed, took)
            where[at] += 1
            wrong = differences(expected, found)
            equal += not wrong
            if wrong:
                print(f"seed {seed} ({at}): {', '.join(wrong)}")  # noqa: T201
        print(f"{given.kills} kills, of them {where}; the same state afterwards: {equal}")  # noqa: T201


if __name__ == "__main__":
    main()
