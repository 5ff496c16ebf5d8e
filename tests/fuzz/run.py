"""Many changed returns through `kpi check` or `kpi run`: python -m tests.fuzz.run --number 2000 --seed 1.

Prints how many of each kind, what each run cost at most, and every breach with the seed that makes it again:
python -m tests.fuzz.run --only SEED.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzz import second
from tests.fuzz.bases import RULES, Base, base
from tests.fuzz.drive import Ran, prepare, run
from tests.fuzz.judge import CODES, Held, Told, judged, of_any_run, of_code, of_leaks, of_schema, told
from tests.fuzz.monthly import prepared, through_run
from tests.fuzz.mutate import Family, mutated
from tests.oracle.worked_out import PROMISES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.oracle.workbooks import Book

AT_ONCE = 2
EVERY = 100  # changes between two words of how far it is
VERIFIED = 5  # one in so many is looked at more closely: by `kpi audit verify`, and against the schema
RULES_AND_FORM = ("--rules", str(RULES), "--format", "json")


class Through(StrEnum):
    """What the changed return is given to."""

    CHECK = "check"
    RUN = "run"


@dataclass(frozen=True)
class Asked:
    """What is to be done: to how many bases, kept in which folder, through what; one family or all."""

    folder: Path
    bases: int
    through: Through = Through.CHECK
    family: Family | None = None


@dataclass(frozen=True)
class Case:
    """One change and what came of it."""

    seed: int
    family: Family
    kind: str
    what: str
    held: Held
    seconds: float
    megabytes: float
    code: int


@cache
def before(asked: Asked, number: int) -> Told:
    """What is said of the base as it is."""
    of = base(number, asked.folder)
    out, _, faults = _said_of(asked, of, of.package.packed(), verify=True)
    if faults:
        raise AssertionError(f"the return as it is: {faults}")
    return told(out)


def _said_of(asked: Asked, of: Base, data: bytes, *, verify: bool) -> tuple[bytes, Ran, list[str]]:
    if asked.through is Through.RUN:
        return through_run(of, data, asked.folder, _own(asked.folder), verify=verify)
    path = _own(asked.folder) / of.name
    path.write_bytes(data)
    ran = run(["check", str(path), "--history", str(of.history), *RULES_AND_FORM], path.parent)
    return ran.out, ran, of_any_run(ran, CODES)


@cache
def earlier_books(asked: Asked, number: int) -> Mapping[str, Book]:
    """The earlier returns, as the second path reads them."""
    of = base(number, asked.folder)
    return {m: second.read(of.history.parent / "earlier" / f"returns_{m}.xlsx", m) for m in of.months[:-1]}


def case(seed: int, asked: Asked) -> Case:
    """Make one change, run it, and judge it."""
    number = seed % asked.bases
    of, said = base(number, asked.folder), before(asked, number)
    change = mutated(of, seed, asked.family)

    def by_second_path() -> Mapping[str, Mapping[str, object]]:
        path = _own(asked.folder) / of.name
        path.write_bytes(change.data)
        books = {**earlier_books(asked, number), of.month: second.read(path, of.month)}
        return {name: second.verdict(name, of.month, books) for name in PROMISES}

    out, ran, faults = _said_of(asked, of, change.data, verify=seed % VERIFIED == 0)
    held = Held(faults)
    if not faults and (out or asked.through is Through.CHECK):
        held = judged(said, out, change, by_second_path)
        if asked.through is Through.CHECK:
            held.breaches += of_code(ran, out)
        held.breaches += of_leaks(change, out, ran.out, ran.err)
        if seed % VERIFIED == 0:
            held.breaches += of_schema(out)
    return Case(seed, change.family, change.kind, change.what, held, ran.seconds, ran.megabytes, ran.code)


def _own(folder: Path) -> Path:
    """A folder of this process's own."""
    own = folder / f"process-{os.getpid()}"
    own.mkdir(exist_ok=True)
    return own


# ── Many ─────────────────────────────────────────────────────────────────────


def cases(seeds: Sequence[int], asked: Asked) -> Iterator[Case]:
    """Every case, in turn."""
    for number in range(asked.bases):
        of = base(number, asked.folder)
        if asked.through is Through.RUN:
            prepared(of, asked.folder)
    with ProcessPoolExecutor(AT_ONCE, mp_context=get_context("spawn"), initializer=prepare) as pool:
        yield from pool.map(partial(case, asked=asked), seeds, chunksize=4)


def summary(done: Sequence[Case], through: Through) -> str:
    """Counts by kind, costs, and every breach."""
    lines = [f"{len(done)} changed workbooks through kpi {through}"]
    kinds: defaultdict[tuple[str, str], list[Case]] = defaultdict(list)
    for one in done:
        kinds[one.family.value, one.kind].append(one)
    lines.append(f"{'':42} {'runs':>5} {'told':>5} {'alone':>6} {'breach':>6}")
    for (family, kind), held in sorted(kinds.items()):
        counts = [sum(bool(getattr(c.held, n)) for c in held) for n in ("told", "alone", "breaches")]
        lines.append(f"{family + ': ' + kind:42} {len(held):5} {counts[0]:5} {counts[1]:6} {counts[2]:6}")
    codes = Counter(str(one.code) for one in done)
    lines += [
        f"exit codes: {', '.join(f'{code} x {n}' for code, n in sorted(codes.items()))}",
        f"most: {max(c.seconds for c in done):.1f} s of the processor",
        f"most: {max(c.megabytes for c in done):.0f} MB",
        f"verdicts compared with the second path: {sum(c.held.compared for c in done)}",
        f"left to work out by hand: {sum(bool(c.held.by_hand) for c in done)}",
        f"more careful of rows in doubt than the second path: {sum(bool(c.held.careful) for c in done)}",
        f"better with a finding: {sum(bool(c.held.told) for c in done)}",
        f"better on a list that is said to stand alone: {sum(bool(c.held.alone) for c in done)}",
        f"breaches: {sum(bool(c.held.breaches) for c in done)}",
    ]
    for title, name in (("careful", "careful"), ("alone", "alone"), ("BREACH", "breaches")):
        for one in done:
            lines += [
                f"{title} seed {one.seed} {one.kind} [{one.what}]: {held}" for held in getattr(one.held, name)
            ]
    return "\n".join(lines)


def main() -> int:
    """Run as a script; 1 where there is a breach."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--number", type=int, default=200)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--bases", type=int, default=8)
    words.add_argument("--through", type=Through, choices=list(Through), default=Through.CHECK)
    words.add_argument("--only", type=int, help="one seed, and all that is known of it")
    words.add_argument("--family", type=Family, choices=list(Family), help="changes of one family alone")
    words.add_argument("--keep", type=Path, help="where bases are kept from one time to the next")
    given = words.parse_args()
    first = given.seed * 10**6
    seeds = [given.only] if given.only is not None else range(first, first + given.number)
    with tempfile.TemporaryDirectory() as made:
        folder = given.keep or Path(made)
        folder.mkdir(exist_ok=True)
        asked = Asked(folder, given.bases, given.through, given.family)
        done = []
        for one in cases(seeds, asked):
            done.append(one)
            if len(done) % EVERY == 0:
                sys.stderr.write(f"{len(done)} of {len(seeds)}\n")
            if one.held.breaches or given.only is not None:
                sys.stdout.write(f"{one}\n")
                sys.stdout.flush()
    sys.stdout.write(summary(done, given.through) + "\n")
    return int(any(one.held.breaches for one in done))


if __name__ == "__main__":
    sys.exit(main())
