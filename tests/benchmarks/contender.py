"""One contender of the race over one return, in a process of its own: prints what it took and found, as JSON.

Run by returns.py: python -m tests.benchmarks.contender floor|kpi RETURN.xlsx RULES
"""

# ruff: noqa: T201  (it prints)
from __future__ import annotations

import json
import resource
import sys
import time
import zipfile
from pathlib import Path
from typing import Any
from xml.parsers import expat

CHUNK = 2**16


def floor(path: Path) -> dict[str, Any]:
    """Unzip every part and parse it without a handler: what no reader of the whole file can do without."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            parser = expat.ParserCreate()
            with archive.open(name) as part:
                while chunk := part.read(CHUNK):
                    parser.Parse(chunk, False)  # noqa: FBT003
            parser.Parse(b"", True)  # noqa: FBT003
    return {}


def kpi(path: Path, rules: Path) -> dict[str, Any]:
    """From rules and file to verdicts; the limits on size are lifted, which the longest return is beyond."""
    from kpi_engine import check  # noqa: PLC0415  (so that the floor is that of a bare Python)
    from kpi_engine.returns.many import read_many  # noqa: PLC0415
    from kpi_engine.returns.scanner import container  # noqa: PLC0415
    from kpi_engine.rulebook.load import load_rulebook  # noqa: PLC0415

    container.MAX_WORK = container.MAX_UNPACKED = 2**40
    began = time.process_time()
    rulebook = load_rulebook(rules, "rules")
    loaded = time.process_time()
    returns = read_many([path], rulebook, lambda *_: None, processes=1)
    read = time.process_time()
    checked = check.judged(returns, rulebook, None)
    figures = {}
    for records in checked.measured.records.values():
        for name, one in records.own.items():
            parts = [one.low, one.high] if one.low and one.high else []
            figures[name] = [[str(part.numerator), str(part.denominator)] for part in parts]
    return {
        "stages": {"rules": loaded - began, "read": read - loaded, "judge": time.process_time() - read},
        "faults": [[one.code, one.cell] for one in checked.findings],
        "figures": figures,
        "verdicts": {one.indicator: one.status for one in checked.verdicts},
    }


def main() -> None:
    """Time the contender that is named and print what it found."""
    name, path, rules = sys.argv[1:]
    if name == "kpi":
        import duckdb  # noqa: F401, PLC0415  (imports are timed in startup.py)
        import nanoarrow  # type: ignore[import-untyped]  # noqa: F401, PLC0415

        import kpi_engine.check  # noqa: PLC0415
        import kpi_engine.rulebook.load  # noqa: F401, PLC0415
    wall, processor = time.perf_counter(), time.process_time()
    found = kpi(Path(path), Path(rules)) if name == "kpi" else floor(Path(path))
    took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - processor}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**found, **took, "peak": peak}))


if __name__ == "__main__":
    main()
