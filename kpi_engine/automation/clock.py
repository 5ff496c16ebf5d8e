"""What time it is, for everything that a run writes."""

from __future__ import annotations

import os
from datetime import UTC, datetime


def now() -> datetime:
    """The time in UTC, to the second; `SOURCE_DATE_EPOCH`, where it is set, stands in for the clock.

    The convention of reproducible-builds.org: the same inputs at the same time give the same bytes.
    """
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given.isascii() and given.isdigit():
        return datetime.fromtimestamp(int(given), UTC)
    return datetime.now(UTC).replace(microsecond=0)
