"""Runs the benchmarks.

Run: .venv/bin/python -m tests.benchmarks [NAME [OPTIONS]] [--json FILE]

Without a name all of them, one after another: a table each, with the powers with which costs grow, and
with --json all results. Times are ratios to something measured in the same run; no test depends on them.
"""

# ruff: noqa: T201  (it prints)
from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
NAMES = sorted(
    path.stem
    for path in FOLDER.glob("*.py")
    if any(line.startswith("def results(") for line in path.read_text("utf-8").splitlines())
)


def main() -> None:
    """Run the one that is named, or all."""
    arguments = sys.argv[1:]
    out = None
    if "--json" in arguments:
        at = arguments.index("--json")
        out = Path(arguments[at + 1])
        del arguments[at : at + 2]
    chosen, options = (arguments[:1], arguments[1:]) if arguments else (NAMES, [])
    if unknown := set(chosen) - set(NAMES):
        sys.exit(f"{', '.join(unknown)}: there is no such benchmark; there are {', '.join(NAMES)}.")
    found = {}
    for name in chosen:
        print(f"== {name}", flush=True)
        module = importlib.import_module(f"tests.benchmarks.{name}")
        found[name] = module.results(options)
    if out is not None:
        out.write_text(json.dumps(found, indent=1), "utf-8")


if __name__ == "__main__":
    main()
