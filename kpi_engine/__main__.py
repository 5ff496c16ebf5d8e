"""The console script: everything that goes wrong before or after the commands gives exit code 5, never 1."""

from __future__ import annotations

import gc
import sys
import traceback

_MADE_AT_ONCE = 100_000  # objects: to look for cycles after every 700 takes a tenth of a small check


def main() -> None:
    """Run `kpi`; standard output is UTF-8 whatever the terminal says."""
    gc.set_threshold(_MADE_AT_ONCE)
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
        from kpi_engine.cli import app  # noqa: PLC0415  (a broken import must give 5)

        app()
    except SystemExit:
        raise
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(0) from None
    except BaseException as error:  # noqa: BLE001  (exit code 1 would read as "a measure fails")
        traceback.print_exc(limit=-3)
        sys.stderr.write(f"kpi: internal error ({type(error).__name__}). Nothing was changed.\n")
        raise SystemExit(5) from None


if __name__ == "__main__":
    main()
