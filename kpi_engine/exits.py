"""Exit codes: one list, one pure function."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Collection

    from kpi_engine.terms.checked import Checked


class Exit(IntEnum):
    """What the process tells its caller."""

    OK = 0
    MEASURE_FAILS = 1
    USAGE_OR_RULEBOOK = 2
    NOT_ASSESSED = 3
    NO_RETURN_FOUND = 4
    INTERNAL_ERROR = 5
    NOT_NOW = 6


BOTH = frozenset({Status.FAIL, Status.NOT_ASSESSED})


def exit_code(checked: Checked, *, fail_on: Collection[Status] = BOTH, exit_zero: bool = False) -> Exit:
    """The code of a check; the first that applies, in the order of the README's table.

    `fail_on` names the statuses that count; `exit_zero` turns 1 and 3 into 0. A
    rule that crashed gives 5 whatever was asked. Earlier months never count.
    """
    reasons = {v.reason for v in checked.verdicts} | {m.reason for v in checked.verdicts for m in v.beside}
    if Reason.RULE_ERROR in reasons:
        return Exit.INTERNAL_ERROR
    code = _of_the_figures(checked, fail_on)
    return Exit.OK if exit_zero and code in (Exit.MEASURE_FAILS, Exit.NOT_ASSESSED) else code


def _of_the_figures(checked: Checked, fail_on: Collection[Status]) -> Exit:
    if _refused_or_absent(checked) and Status.NOT_ASSESSED in fail_on:
        return Exit.NOT_ASSESSED
    if Status.FAIL in fail_on and any(v.status is Status.FAIL for v in checked.verdicts):
        return Exit.MEASURE_FAILS
    unassessed = any(
        v.status is Status.NOT_ASSESSED and v.reason is not Reason.NOTHING_DUE for v in checked.verdicts
    )
    return Exit.NOT_ASSESSED if unassessed and Status.NOT_ASSESSED in fail_on else Exit.OK


def _refused_or_absent(checked: Checked) -> bool:
    """No return for the judged period's last month, or one refused that is of it or of no known month."""
    if checked.period is None:
        return True
    months = set(checked.period.months)
    used = [r for r in checked.run.returns if not r.replaced]
    last = [r for r in used if r.period == checked.period.last_month]
    return not last or any(r.refused for r in used if r.period is None or r.period in months)
