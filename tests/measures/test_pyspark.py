"""PySpark itself, in processes of their own: the whole suite, and what can be seen of it from outside."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LACKS_JAVA = shutil.which("java") is None and "CI" not in os.environ  # a run for a change never goes without
pytestmark = [pytest.mark.spark, pytest.mark.skipif(LACKS_JAVA, reason="there is no Java")]
FOLDER = Path(__file__).parent
# Most queries of the suite are run once, so Java compiles them lightly: half the time.
LIGHTLY = {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}


def run(command: list[str], folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    # PySpark says by the environment that this process has a Connect server, Sail's for one.
    own = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    environment = own | LIGHTLY | {"PYTHONPATH": str(FOLDER.parents[1])} | more
    return subprocess.run(
        [sys.executable, "-m", *command],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )


def test_pyspark_says_what_duckdb_says_in_the_whole_suite() -> None:
    """One process for all of it: Java takes longer to start than most of the tests to run."""
    asked = ["pytest", "-n0", "-q", "-m", "not spark and not hypothesis", str(FOLDER)]
    ran = run(asked, FOLDER.parents[1], KPI_TEST_SPARK="local[2]")

    assert ran.returncode == 0, ran.stdout[-5000:]


def test_pyspark_is_alone_on_this_machine_quiet_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "tmp").mkdir()
    ran = run(["tests.measures.alone"], tmp_path / "work", TMPDIR=str(tmp_path / "tmp"))

    assert (ran.returncode, ran.stderr) == (0, "")
    seen = json.loads(ran.stdout)
    assert {address[-8:] for address in seen.pop("hears")} == {"0100007F"}  # 127.0.0.1
    assert seen == {"mode": "0o700", "beside": [[2]], "given": [1], "left": []}
