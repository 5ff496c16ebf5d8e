"""What a reader can work out: the least and the greatest that months' counts can be, given printed sums.

The sum of a run of months is the difference of two running totals. So every printed window, every
bound and every "not below nought" limits the difference of two totals, and shortest paths give the
exact bounds of every run at once: all that elimination and interval tightening would find, and in
whole numbers. Verdicts tie the met to the missed; they are tightened in turn until nothing moves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

UNBOUNDED: Final = 10**15
_ROUNDS: Final = 100  # a verdict may tighten for ever by ones; what is left undone leaves bounds wider

Totals = tuple[tuple[int, ...], ...]
"""Cell i, j: the running total before month j less that before month i is at most this."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Months `first` up to but not including `after` add up to `least` to `most` of one part."""

    first: int
    after: int
    part: int
    least: int
    most: int = UNBOUNDED


@dataclass(frozen=True, slots=True)
class Link:
    """Over the run, `of_more` x part `more` is at least `of_less` x part `less`, plus `by`."""

    first: int
    after: int
    more: int
    of_more: int
    less: int
    of_less: int
    by: int


@dataclass(frozen=True, slots=True)
class Known:
    """Everything known of one measure's months: a table of bounds for each part (met, missed)."""

    parts: tuple[Totals, ...]
    links: tuple[Link, ...] = ()

    @property
    def months(self) -> int:
        """How many months there are."""
        return len(self.parts[0]) - 1

    def bounds(self, part: int, first: int, after: int) -> tuple[int, int]:
        """The least and the greatest that months `first` to before `after` can add up to."""
        totals = self.parts[part]
        return -totals[after][first], totals[first][after]


def nothing_known(parts: int) -> Known:
    """No months yet."""
    return Known((((0,),),) * parts)


def with_months(known: Known, months: int) -> Known:
    """The same and further months, of which only "not below nought" is known."""
    parts = known.parts
    while len(parts[0]) <= months:
        parts = tuple(_one_more(totals) for totals in parts)
    return replace(known, parts=parts)


def _one_more(totals: Totals) -> Totals:
    rows = tuple((*row, UNBOUNDED) for row in totals)
    return (*rows, (*totals[-1], 0))


def with_all_known(known: Known, months: Sequence[Sequence[int]]) -> Known:
    """The same where each of the first `months` is known exactly, every part of it."""
    found = []
    for part, totals in enumerate(known.parts):
        running = [0]
        for month in months:
            running.append(running[-1] + month[part])
        rows = [list(row) for row in totals]
        for i, before in enumerate(running):
            rows[i][: len(running)] = [after - before for after in running]
        found.append(tuple(tuple(row) for row in rows))
    return Known(tuple(found))


def with_facts(known: Known, bounds: Sequence[Bound], links: Sequence[Link] = ()) -> Known | None:
    """The same and these facts, with all that follows; None where they contradict each other."""
    parts = [[list(row) for row in totals] for totals in known.parts]
    every = (*known.links, *links)
    if not all(_tightened(parts[b.part], b) for b in bounds):
        return None
    for _ in range(_ROUNDS):
        moved = False
        for link in every:
            for bound in _follows(link, parts):
                if bound.least > bound.most:
                    return None
                moved = True
                if not _tightened(parts[bound.part], bound):
                    return None
        if not moved:
            break
    return Known(tuple(tuple(tuple(row) for row in totals) for totals in parts), every)


def _tightened(totals: list[list[int]], bound: Bound) -> bool:
    """Whether the bound fits; if so the table is shortest paths again."""
    fits = _shortened(totals, bound.first, bound.after, bound.most)
    return fits and _shortened(totals, bound.after, bound.first, -bound.least)


def _shortened(totals: list[list[int]], start: int, end: int, length: int) -> bool:
    if length >= totals[start][end]:
        return True
    if totals[end][start] + length < 0:
        return False
    onward = totals[end]
    for row in totals:
        there = row[start] + length
        if there < UNBOUNDED:
            row[:] = [min(old, there + on) for old, on in zip(row, onward, strict=True)]
    return True


def _follows(link: Link, parts: Sequence[Sequence[Sequence[int]]]) -> Iterator[Bound]:
    """What a link says beyond what is known: a greater least of `more`, a smaller most of `less`."""
    first, after = link.first, link.after
    least_more, most_more = -parts[link.more][after][first], parts[link.more][first][after]
    least_less, most_less = -parts[link.less][after][first], parts[link.less][first][after]
    wanted = link.of_less * least_less + link.by
    if link.of_more:
        least = -(-wanted // link.of_more)
        if least > least_more:
            yield Bound(first, after, link.more, least, most_more)
    elif wanted > 0:
        yield Bound(first, after, link.more, 1, 0)
    if link.of_less and most_more < UNBOUNDED:
        most = (link.of_more * most_more - link.by) // link.of_less
        if most < most_less:
            yield Bound(first, after, link.less, least_less, most)
    elif link.of_less and not link.of_more and -link.by // link.of_less < most_less:
        yield Bound(first, after, link.less, least_less, -link.by // link.of_less)


# ── What is given away ───────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Small:
    """The counts that nobody may learn: 1 to `threshold`, and 0 if `zero`; `unit` is one person."""

    threshold: int
    zero: bool = False
    unit: int = 1

    def __contains__(self, count: int) -> bool:
        """Whether a count, in the units that bounds are in, is one of them."""
        return 0 < abs(count) <= self.threshold * self.unit or (self.zero and count == 0)


def is_small(counts: tuple[int, ...], small: Small) -> bool:
    """Whether a figure is, or counts, what nobody may learn: 0 of 0 is of nobody."""
    nobody = len(counts) > 1 and not any(counts)
    return not nobody and any(count in small for count in counts)


def gives_away(known: Known, small: Small) -> bool:
    """Whether a protected count follows: of a month, of a run of months, or between two nested runs."""
    return any(
        _a_run(known, part, small) or _between_runs(known.parts[part], small)
        for part in range(len(known.parts))
    )


def _a_run(known: Known, part: int, small: Small) -> bool:
    totals = known.parts[part]
    limit, unit = small.threshold * small.unit, small.unit
    for i, row in enumerate(totals):
        for j in range(i + 1, len(totals)):
            most = row[j]
            least = -totals[j][i]
            if (
                most - least < unit
                and least <= limit
                and (most > 0 or (small.zero and _of_somebody(known, i, j)))
            ):
                return True
    return False


def _of_somebody(known: Known, first: int, after: int) -> bool:
    """0 of 0 is of nobody; a count of 0, or 0 of some, is."""
    return len(known.parts) == 1 or any(totals[first][after] > 0 for totals in known.parts)


def _between_runs(totals: Totals, small: Small) -> bool:
    """A known run less a known run inside it, where the months on either side are not known apart."""
    groups = [group for group in _known_apart(totals) if len(group) > 1]
    for outer in groups:
        for inner in groups:
            if inner is outer:
                continue
            for start, end in _ends(outer):
                held = totals[start][end]
                inside = ((a, b) for a, b in _ends(inner) if start < a and b < end)
                if any(held - totals[a][b] > 0 and held - totals[a][b] in small for a, b in inside):
                    return True
    return False


def _ends(group: Sequence[int]) -> Iterator[tuple[int, int]]:
    return ((a, b) for n, a in enumerate(group) for b in group[n + 1 :])


def _known_apart(totals: Totals) -> list[list[int]]:
    """The totals in groups: within one, every difference is known."""
    groups: list[list[int]] = []
    for i in range(len(totals)):
        for group in groups:
            if totals[group[0]][i] == -totals[i][group[0]]:
                group.append(i)
                break
        else:
            groups.append([i])
    return groups
