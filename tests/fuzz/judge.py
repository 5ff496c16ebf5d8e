"""What must hold of every run, and what it means that a verdict became no better without a finding."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tests.fuzz.drive import MEGABYTES, SECONDS
from tests.fuzz.hostile import CANARY
from tests.fuzz.mutate import Family
from tests.fuzz.second import ByHandError
from tests.fuzz.where import ANYWHERE
from tests.reports.test_to_json import SCHEMA, faults

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from tests.fuzz.drive import Ran
    from tests.fuzz.mutate import Mutated

    Second = Callable[[], Mapping[str, Mapping[str, object]]]

CODES = (0, 1, 3)  # of a check of one file that is there
MISSED = frozenset({"fail", "not_assessed"})
ALONE = "R391"  # what it says of a target met says nothing of the change itself
FIGURES = ("numerator", "denominator", "value", "best", "left_out")


@dataclass(frozen=True)
class Told:
    """What `kpi check --format json` says: each measure, and how often each finding."""

    measures: Mapping[str, Mapping[str, Any]]
    findings: Counter[tuple[str, str, str, str]]
    whole: Mapping[str, Any]

    @property
    def statuses(self) -> dict[str, str]:
        """The status of each measure."""
        return {name: measure["status"] for name, measure in self.measures.items()}


@dataclass
class Held:
    """What was found against a run: `breaches` of what must hold, and verdicts that are better than before.

    `careful` are figures in doubt for which the engine allows more than the second path, and says no more.
    `told` are those with a finding on the part that was changed; `alone` those where the workbook is, to
    the second path too, a valid return that meets the target, and the check says by name that the
    target is met on a list alone, which no count confirms.
    """

    breaches: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)
    careful: list[str] = field(default_factory=list)
    compared: int = 0
    by_hand: str = ""


def told(out: bytes) -> Told:
    """What the JSON of a check says; ValueError if it is none."""
    whole = json.loads(out, parse_constant=no_constant)
    findings = Counter(
        (f["code"], f["sheet"] or "", f["cell"] or "", f["message"]) for f in whole["findings"]
    )
    return Told({m["id"]: m for m in whole["measures"]}, findings, whole)


def no_constant(name: str) -> None:
    """Refuse NaN and the like, which Python writes and reads, and JSON has not."""
    raise ValueError(f"{name} is no JSON")


def of_leaks(mutated: Mutated, *printed: bytes) -> list[str]:
    """Whether a name typed into a cell is printed; the words of a commentary are there to be."""
    if CANARY not in mutated.what or "Commentary" in mutated.sheets:
        return []
    return ["a name is printed"] if any(CANARY.encode() in text for text in printed) else []


def of_code(ran: Ran, out: bytes) -> list[str]:
    """Whether the exit code of a check is the one that its verdicts ask for."""
    try:
        wanted = code_of(told(out))
    except ValueError:
        return []
    return [] if ran.code == wanted else [f"exit code {ran.code}, and the verdicts ask for {wanted}"]


def judged(before: Told, out: bytes, mutated: Mutated, second: Second) -> Held:
    """Hold what is said of the changed return against what was said of it before."""
    held = Held()
    try:
        after = told(out)
    except ValueError as fault:
        held.breaches.append(f"the output is no JSON: {fault}")
        return held
    if mutated.family is Family.SAME:
        held.breaches += _changed(before, after)
    elif mutated.family is Family.VALID:
        _compare(held, after, second)
    else:
        _no_better(held, before, after, mutated, second)
    return held


def of_schema(out: bytes) -> list[str]:
    """Where the JSON of a check does not keep to its published schema."""
    broken = faults(json.loads(out), SCHEMA)
    return [f"the output breaks its schema: {fault[:160]}" for fault in broken]


def of_any_run(ran: Ran, codes: Collection[int]) -> list[str]:
    """What may never happen, whatever the file."""
    found = []
    if ran.code < 0:
        found.append(f"ended by signal {-ran.code} after {ran.seconds:.1f} s")
    elif ran.code not in codes:
        found.append(f"exit code {ran.code}: {ran.err[-300:].decode(errors='replace')}")
    if b"Traceback" in ran.err or b"Traceback" in ran.out:
        found.append(f"a traceback: {ran.err[-600:].decode(errors='replace')}")
    if ran.seconds > SECONDS:
        found.append(f"{ran.seconds:.1f} s of the processor")
    if ran.megabytes > MEGABYTES:
        found.append(f"{ran.megabytes:.0f} MB")
    return found


def code_of(after: Told) -> int:
    """The exit code that the README's table gives these verdicts."""
    returns = [r for r in after.whole["run"]["returns"] if not r["replaced"]]
    of_month = [r for r in returns if r["period"] == after.whole["period"]]
    refused = any(r["refused"] for r in returns if r["period"] in {None, after.whole["period"]})
    if after.whole["period"] is None or not of_month or refused:
        return 3
    if "fail" in after.statuses.values():
        return 1
    open_ = [
        m for m in after.measures.values() if m["status"] == "not_assessed" and m["reason"] != "nothing_due"
    ]
    return 3 if open_ else 0


# ── No better without a finding ──────────────────────────────────────────────


def _no_better(held: Held, before: Told, after: Told, mutated: Mutated, second: Second) -> None:
    better = [
        name
        for name, status in after.statuses.items()
        if status == "pass" and before.statuses.get(name) in MISSED
    ]
    if not better:
        return
    new = after.findings - before.findings
    # The touched sheet's own, or one of the whole file: what is said of another sheet does not tell of this.
    about = [
        code
        for code, sheet, _, _ in new
        if code != ALONE and (mutated.sheets == ANYWHERE or not sheet or sheet in mutated.sheets)
    ]
    if about:
        held.told += [f"{name} ({', '.join(sorted(set(about)))})" for name in better]
        return
    elsewhere = f"; findings elsewhere: {sorted({(c, s) for c, s, _, _ in new})}" if new else ""
    try:
        valid = second()
    except ByHandError as fault:
        held.breaches.append(f"better without a finding: {better} ({fault}){elsewhere}")
        return
    said = " ".join(message for code, _, _, message in after.findings if code == ALONE)
    for name in better:
        is_valid = valid[name]["status"] == "pass"
        if is_valid and after.measures[name]["short"] in said:
            held.alone.append(f"{name}{elsewhere}")
        else:
            held.breaches.append(f"better without a finding: {name}{elsewhere}")


def _changed(before: Told, after: Told) -> list[str]:
    """What is not as it was: a status, a reason or a part."""
    return [
        f"{name}: {key} {held[key]} became {after.measures.get(name, {}).get(key)}"
        for name, held in before.measures.items()
        for key in ("status", "reason", *FIGURES)
        if held[key] != after.measures.get(name, {}).get(key)
    ]


# ── The second path ──────────────────────────────────────────────────────────


def _compare(held: Held, after: Told, second: Second) -> None:
    try:
        expected = second()
    except ByHandError as fault:
        held.by_hand = str(fault)
        return
    for name, entry in expected.items():
        held.compared += 1
        said = _in_words(after.measures[name])
        wrong = {key: (said[key], value) for key, value in entry.items() if said[key] != value}
        if wrong and _only_more_careful(said, entry):
            held.careful.append(f"{name}: (engine, second path) {wrong}")
        elif wrong:
            held.breaches.append(f"{name}: (engine, second path) {wrong}")


def _only_more_careful(said: Mapping[str, object], entry: Mapping[str, object]) -> bool:
    """Whether rows in doubt are given more room than they have, and the verdict is the same or none."""
    worst, best, least, most = said["value"], said["best"], entry.get("value"), entry.get("best")
    if not all(isinstance(figure, Fraction) for figure in (worst, best, least, most)) or worst == best:
        return False
    in_doubt = (said["status"], said["reason"]) == ("not_assessed", "rows_in_doubt")
    same = said["status"] == entry["status"]
    return worst <= least and most <= best and (same or in_doubt)  # type: ignore[operator]


def _in_words(measure: Mapping[str, Any]) -> dict[str, object]:
    """A measure of the JSON in the words of the second path: a share is of 1, not of 100."""
    said: dict[str, object] = {key: measure[key] for key in ("status", "reason")}
    scale = 100 if measure["unit"] == "percent" else 1
    for key in FIGURES:
        value = None if measure[key] is None else Fraction(measure[key])
        said[key] = value / scale if value is not None and key in {"value", "best"} else value
    return said
