"""Where a hash chain is broken, and how: each line held against those it should follow."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kpi_engine.automation.audit import Entry
    from kpi_engine.terms.finding import Finding

GENESIS: Final = "0" * 64
"""What stands for the hash of the line before the first."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that can be read: where it stands (from 1), and whether its hash is that of its content."""

    at: int
    entry: Entry
    sound: bool


def faults_of_chain(lines: Sequence[Line | None], *, file: str) -> tuple[Finding, ...]:
    """Every fault of the chain in the file's order; none if each line follows the one before.

    None is a line that cannot be read. Any change, insertion, move or removal gives a fault, but for the
    removal of the last lines: the rest is a whole chain. The longest chain is taken for the true one, so
    that a fault is told where it is and not at every line after it.
    """
    told = sorted(_faults(lines), key=lambda fault: fault[:2])
    return tuple(finding(code, file=file, line=at, column=1, **words) for at, code, words in told)


_Fault = tuple[int, str, dict[str, Any]]


def _faults(lines: Sequence[Line | None]) -> Iterator[_Fault]:
    read = [line for line in lines if line is not None]
    named = sorted(
        (line for line in read if line.entry.hash != GENESIS), key=lambda line: (line.sound, -line.at)
    )
    by_hash = {
        line.entry.hash: line for line in named
    }  # a sound line before others, and the first of its like
    once = [line for line in read if by_hash.get(line.entry.hash) is line]
    yield from ((at, "A132", {}) for at, line in enumerate(lines, 1) if line is None)
    yield from ((line.at, "A131", {}) for line in read if not line.sound)
    for line in read:
        if line.sound and (first := by_hash[line.entry.hash]) is not line:
            yield line.at, "A138", {"of": first.at}
    trunk = [line for line in _trunk(once, by_hash) if line.sound]
    followed = {line.entry.previous for line in read}
    alien = [line for line in once if line.sound and line not in trunk]
    for line in trunk:
        before, above = by_hash.get(line.entry.previous), lines[line.at - 2] if line.at > 1 else None
        if before is not None:
            yield from _follows(before, line)
        elif line.entry.previous != GENESIS and above and above.sound and above.entry.hash in followed:
            alien.append(line)
        else:
            yield from _unlinked(line, lines)
    yield from ((line.at, "A136", {}) for line in alien)
    yield from ((line.at, "A137", {}) for line in _moved([line for line in trunk if line not in alien]))


def _trunk(lines: Sequence[Line], by_hash: Mapping[str, Line]) -> Sequence[Line]:
    """The longest chain from every line that follows none of the file; one alone from the very start."""
    after: dict[str, list[Line]] = {}
    for line in lines:
        after.setdefault(line.entry.previous, []).append(line)
    roots = [line for line in lines if line.entry.previous not in by_hash]
    outward = list(roots)
    for line in outward:  # it grows as it is walked; lines that follow each other in a ring are never reached
        outward += after.get(line.entry.hash, ())
    height: dict[int, int] = {}
    for line in reversed(outward):
        height[line.at] = 1 + max((height[one.at] for one in after.get(line.entry.hash, ())), default=0)

    def highest(among: Sequence[Line]) -> Sequence[Line]:
        return sorted(among, key=lambda line: -height[line.at])[:1]

    tops = [line for line in roots if line.entry.previous != GENESIS]
    kept = [*highest([line for line in roots if line.entry.previous == GENESIS]), *tops]
    for line in kept:
        kept += highest(after.get(line.entry.hash, ()))
    return sorted(kept, key=lambda line: line.at)


def _follows(before: Line, line: Line) -> Iterator[_Fault]:
    if not before.sound:
        return
    if line.entry.number != before.entry.number + 1:
        yield line.at, "A139", {"number": line.entry.number, "meant": before.entry.number + 1}
    if datetime.fromisoformat(line.entry.at) < datetime.fromisoformat(before.entry.at):
        yield line.at, "A140", {"then": line.entry.at, "before": before.entry.at}


def _unlinked(line: Line, lines: Sequence[Line | None]) -> Iterator[_Fault]:
    """What is wrong before a sound line that follows none of the file, unless the line before it is told."""
    number = line.entry.number
    if line.entry.previous == GENESIS:
        if number != 1:
            yield line.at, "A139", {"number": number, "meant": 1}
        return
    above = lines[: line.at - 1][::-1]
    unread = len(list(takewhile(lambda one: one is None, above)))
    before = next((one for one in above if one is not None), None)
    last = before.entry.number if before is not None else 0
    if before is not None and not unread:
        if not before.sound:
            return
        if last == number - 1:
            yield line.at, "A135", {}
            return
    if unread != number - last - 1 or not unread:
        gone = f": entries {last + 1} to {number - 1} are gone" if last + 1 < number else ""
        gone = f": entry {number - 1} is gone" if last + 2 == number else gone
        yield line.at, "A134", {"gone": gone}


def _moved(lines: Sequence[Line]) -> Sequence[Line]:
    """The fewest lines without which the numbers only rise."""
    tails: list[int] = []
    ends: list[int] = []
    back: list[int] = []
    for n, line in enumerate(lines):
        at = bisect_left(tails, line.entry.number)
        tails[at:] = [line.entry.number, *tails[at + 1 :]]
        back.append(ends[at - 1] if at else -1)
        ends[at:] = [n, *ends[at + 1 :]]
    kept: set[int] = set()
    n = ends[-1] if ends else -1
    while n >= 0:
        kept.add(n)
        n = back[n]
    return [line for n, line in enumerate(lines) if n not in kept]
