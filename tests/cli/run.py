"""The command line as a user runs it: a process of its own, within bounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
RULES = str(ROOT / "rules")
ALL_OF = """
import contextlib, io, json, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
from kpi_engine.cli import app
told = []
for words in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            app(words)
        except SystemExit as end:
            told.append([end.code or 0, out.getvalue(), err.getvalue()])
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
megabytes = int(peak.split()[1]) // 1024
json.dump([megabytes, told], sys.stdout)
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


def kpi(*words: str | Path, **environment: str) -> Told:
    """Run `kpi` once."""
    done = subprocess.run(
        [sys.executable, "-m", "kpi_engine", *map(str, words)],
        capture_output=True,
        cwd=ROOT,
        check=False,
        env=os.environ | {"COLUMNS": "80"} | environment,
    )
    return Told(done.returncode, done.stdout.decode(), done.stderr.decode())


def kpi_each(commands: Sequence[Sequence[str | Path]]) -> list[Told]:
    """Run several commands in one process, of 500 MB and 20 seconds of processor time at most.

    On a quiet machine the slowest takes under 10.
    """
    asked = json.dumps([[str(word) for word in words] for words in commands])
    done = subprocess.run(
        [sys.executable, "-c", ALL_OF, asked], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert not done.returncode, done.stderr[-2000:]
    megabytes, told = json.loads(done.stdout)
    assert megabytes < 500
    return [Told(*one) for one in told]
