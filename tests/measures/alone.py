"""Starts PySpark as `kpi` does and prints what can be seen of it; test_pyspark.py runs it."""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from pyspark.sql import SparkSession

from kpi_engine.measures.spark import on_master, on_session

LISTENING = "0A"  # of the states in /proc/net/tcp


def hears(process: int) -> list[str]:
    """The addresses that a process listens on, as the kernel writes them."""
    own = set()
    for number in Path(f"/proc/{process}/fd").iterdir():
        with suppress(OSError):
            own.add(str(number.readlink()))
    lines = [line.split() for name in ("tcp", "tcp6") for line in _lines(Path(f"/proc/{process}/net/{name}"))]
    return sorted(
        {line[1].split(":")[0] for line in lines if line[3] == LISTENING and f"socket:[{line[9]}]" in own}
    )


def _lines(path: Path) -> list[str]:
    return path.read_text("ascii").splitlines()[1:]


def seen() -> dict[str, object]:
    """Facts of a session at `local[1]`, while it runs and when it is closed."""
    session = on_master("local[1]")
    (folder,) = Path(tempfile.gettempdir()).glob("kpi-spark-*")
    given = SparkSession.getActiveSession()
    assert given is not None
    assert given._jvm is not None  # noqa: SLF001
    given.sql("SELECT 1 AS a").createOrReplaceTempView("posts")
    beside = on_session(given)
    beside.view("posts", "SELECT a + 1 AS a FROM (SELECT 1 AS a UNION SELECT 1) AS twice")
    found = {
        "mode": oct(folder.stat().st_mode & 0o777),
        "hears": hears(given._jvm.java.lang.ProcessHandle.current().pid()),  # noqa: SLF001
        "beside": beside.ask("SELECT a FROM posts"),
    }
    beside.close()
    found["given"] = [row.a for row in given.sql("SELECT a FROM posts").collect()]
    session.close()
    return {
        **found,
        "left": [*map(str, Path().iterdir()), *map(str, Path(tempfile.gettempdir()).glob("kpi-spark-*"))],
    }


if __name__ == "__main__":
    json.dump(seen(), sys.stdout)
