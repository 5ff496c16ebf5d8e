"""What the reader of a board's packs knows of one measure, and what one more figure would add."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from kpi_engine.reports.board.inference import (
    UNBOUNDED,
    Bound,
    Known,
    Link,
    Small,
    gives_away,
    nothing_known,
    with_all_known,
    with_facts,
    with_months,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kpi_engine.reports.board.printable import Counts, Printable, Series
    from kpi_engine.terms.period import Period


_ROOM: Final = 2
"""A small month must have this many counts to be besides its own: with one, refusing would name the edge."""


@dataclass(frozen=True, slots=True)
class Account:
    """The months as one state of the returns has them, what is known of them, and what is guessed.

    `guessed` are the sizes of windows that were kept back.
    """

    months: tuple[Period, ...]
    own: tuple[Counts | None, ...]
    known: Known
    guessed: tuple[Bound, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """What is known after some packs: the latest account, and those that corrections replaced."""

    latest: Account
    replaced: tuple[Account, ...] = ()


def new_reader(series: Series) -> Reader:
    """Before the first pack."""
    return Reader(Account((), (), nothing_known(series.parts)))


def before_pack(reader: Reader, series: Series, seen: Printable) -> Reader:
    """The reader who waits for this pack: its months are there, and nothing of it is printed yet."""
    old = reader.latest
    count = len(old.months)
    corrected = seen.months[:count] != old.months or seen.own[:count] != old.own
    known = _carried_over(old, seen, series) if corrected else with_months(old.known, len(seen.months))
    replaced = (*reader.replaced, old) if corrected else reader.replaced
    guessed = () if corrected else old.guessed
    return Reader(Account(seen.months, seen.own, known, guessed), replaced)


def told_sizes(reader: Reader, seen: Printable, small: Small) -> Reader | None:
    """The reader who also knows the size of every month and window: nobody, a small number, or more.

    That is what a figure kept back lets guess; of a share, 0 and a small number are one size.
    """
    sizes = list(reader.latest.guessed)
    for i, own in enumerate(seen.own):
        sizes += _sizes(own or (), (i, i + 1), small)
    sizes += _sizes(seen.figure or (), (seen.first, seen.after), small)
    return with_told(reader, sizes)


def kept_back(reader: Reader, seen: Printable, small: Small) -> Reader:
    """The reader who is shown no figure, and guesses its size."""
    latest = reader.latest
    sizes = _sizes(seen.figure or (), (seen.first, seen.after), small)
    return replace(reader, latest=replace(latest, guessed=(*latest.guessed, *sizes)))


def _sizes(counts: Counts, run: tuple[int, int], small: Small) -> Iterator[Bound]:
    limit, apart = small.threshold * small.unit, len(counts) == 1 and not small.zero
    for part, count in enumerate(counts):
        if count > limit:
            yield Bound(*run, part, limit + 1)
        elif count or not apart:
            yield Bound(*run, part, 1 if apart else 0, limit)
        else:
            yield Bound(*run, part, 0, 0)


def leaves_room(reader: Reader, seen: Printable, small: Small) -> bool:
    """Whether every small month could be several counts even for who has guessed all sizes."""
    guessed = told_sizes(reader, seen, small)
    if guessed is None:
        return True
    for i, own in enumerate(seen.own):
        for part, count in enumerate(own or ()):
            least, most = guessed.latest.known.bounds(part, i, i + 1)
            if 0 < count <= small.threshold * small.unit and most - least < _ROOM * small.unit:
                return False
    return True


def _carried_over(old: Account, seen: Printable, series: Series) -> Known:
    """What is known of runs of months that the correction left as they were."""
    known = with_months(nothing_known(series.parts), len(seen.months))
    now = {(month, own): i for i, (month, own) in enumerate(zip(seen.months, seen.own, strict=True))}
    places = [now.get(pair) for pair in zip(old.months, old.own, strict=True)]
    bounds = []
    for first, place in enumerate(places):
        after = first
        while place is not None and after < len(places) and places[after] == place + after - first:
            after += 1
            for part in range(series.parts):
                least, most = old.known.bounds(part, first, after)
                bounds.append(Bound(place, place + after - first, part, least, most))
    return with_facts(known, bounds) or known


# ── What a pack would add ────────────────────────────────────────────────────


def with_every_month(reader: Reader, series: Series, seen: Printable) -> Reader:
    """The reader who is shown every month's own counts and the figure."""
    account, every = reader.latest, [own for own in seen.own if own is not None]
    if len(every) == len(seen.own):
        return _now(reader, with_all_known(account.known, every))
    shown = [
        Bound(i, i + 1, part, own[part], own[part])
        for i, own in enumerate(seen.own)
        if own is not None
        for part in range(series.parts)
    ]
    start = with_facts(account.known, shown) or with_facts(_blank(reader, series), shown)
    known = start or _blank(reader, series)
    return _now(reader, with_facts(known, figure_of(seen)) or known)


def with_figure(reader: Reader, series: Series, seen: Printable) -> Reader:
    """The reader who is shown the figure alone.

    A figure that fits nothing before it, from a table whose rows were corrected since, starts anew.
    """
    shown = figure_of(seen)
    known = with_facts(reader.latest.known, shown)
    if known is not None:
        return _now(reader, known)
    again = with_facts(_blank(reader, series), shown) or _blank(reader, series)
    return Reader(Account(seen.months, seen.own, again), (*reader.replaced, reader.latest))


def with_told(reader: Reader, facts: Sequence[Bound | Link]) -> Reader | None:
    """The reader who is told these facts; None where they cannot be so."""
    known = with_facts(
        reader.latest.known,
        [fact for fact in facts if isinstance(fact, Bound)],
        [fact for fact in facts if isinstance(fact, Link)],
    )
    return None if known is None else _now(reader, known)


def figure_of(seen: Printable) -> list[Bound]:
    """The figure as facts."""
    return [Bound(seen.first, seen.after, part, count, count) for part, count in enumerate(seen.figure or ())]


def _blank(reader: Reader, series: Series) -> Known:
    return with_months(nothing_known(series.parts), len(reader.latest.months))


def _now(reader: Reader, known: Known) -> Reader:
    return replace(reader, latest=replace(reader.latest, known=known))


# ── Whether it gives a count away ────────────────────────────────────────────


def is_safe(reader: Reader, small: Small) -> bool:
    """Whether no protected count follows from what the reader knows, corrections compared too."""
    if gives_away(reader.latest.known, small):
        return False
    return not any(_small_correction(old, reader.latest, small) for old in reader.replaced)


def _small_correction(old: Account, new: Account, small: Small) -> bool:
    """Whether a known run was corrected by a small count of known size."""
    at = {month: i for i, month in enumerate(new.months)}
    for i, first in enumerate(old.months):
        for j in range(i, len(old.months)):
            last = old.months[j]
            if first not in at or last not in at:
                continue
            runs = (i, j + 1), (at[first], at[last] + 1)
            by = list(_differences(old.known, new.known, runs))
            if any(0 < abs(one) <= small.threshold * small.unit for one in (*by, sum(by))):
                return True
    return False


def _differences(old: Known, new: Known, runs: tuple[tuple[int, int], tuple[int, int]]) -> Iterator[int]:
    for part in range(len(old.parts)):
        (least, most), (now_least, now_most) = old.bounds(part, *runs[0]), new.bounds(part, *runs[1])
        if least == most and now_least == now_most and most < UNBOUNDED:
            yield now_least - least
