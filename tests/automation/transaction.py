"""One transaction with a step of every kind, broken off wherever it can be, and what is there afterwards."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpi_engine.automation.commit import (
    Key,
    Manifest,
    Recovered,
    carry_out,
    clear,
    promise,
    recover,
)
from kpi_engine.automation.commit import staging as staged_in
from kpi_engine.automation.files import digest_of
from kpi_engine.automation.steps import Do, Step
from kpi_engine.errors import KpiError
from kpi_engine.history.file import open_history
from kpi_engine.history.read import recorded_months, records
from tests.history.build import COUNCIL, month, recorded, share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kpi_engine.terms.finding import Finding

RETURN, OLD_LINES, LINE = b"a return\n" * 200, b'{"number":1}\n{"number":2}\n', b'{"number":3}\n'
OPERATIONS = ("open", "write", "fsync", "replace", "rename", "unlink", "rmdir", "mkdir", "chmod", "ftruncate")


@dataclass(frozen=True, slots=True)
class Place:
    """A root folder, and a folder on another disk."""

    root: Path
    elsewhere: Path

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def history(self) -> Path:
        return self.root / "history.sqlite"


def prepared(place: Place) -> Place:
    """A root as earlier runs left it, with one return in the inbox."""
    old = place.root / "processed/2023-03/abc"
    for folder in (place.root / "inbox", old, place.root / "processed/2023-04", place.work, place.elsewhere):
        folder.mkdir(parents=True, exist_ok=True)
    (place.root / "inbox/a.xlsx").write_bytes(RETURN)
    (place.root / "inbox/waits.xlsx").write_bytes(b"half a")
    (old / "old.xlsx").write_bytes(b"old")
    (place.root / "processed/2023-04/kept.xlsx").write_bytes(b"kept")
    (place.root / "latest.json").write_bytes(b"before")
    (place.root / "audit.jsonl").write_bytes(OLD_LINES)
    (place.root / "audit.jsonl").chmod(0o600)
    return place


def steps(place: Place) -> tuple[Step, ...]:
    away = str(place.elsewhere)
    return (
        Step(Do.FOLDER, "out/2024-09/r1", "r1"),
        Step(Do.FILE, "processed/2024-09/abc/a.xlsx", "kept"),
        Step(Do.FOLDER, f"{away}/packs/2024-09", "packs", within=away),
        Step(Do.FILE, f"{away}/notice.md", "notice", within=away),
        Step(Do.FILE, "latest.json", "latest"),
        Step(Do.APPEND, "audit.jsonl", "audit", length=len(OLD_LINES)),
        Step(Do.REMOVE, "processed/2023-03/abc/old.xlsx"),
        Step(Do.TAKE, "inbox/a.xlsx", digest=digest_of(place.root / "inbox/a.xlsx")),
    )


KEY = Key(COUNCIL, "2024-09", 1, 0, "1.0", "rules-1", ("d1",))


def stage_and_promise(place: Place, *, keys: tuple[Key, ...] = (KEY,)) -> Manifest:
    """The promise alone, as a run that was killed after it leaves it."""
    with staged_in(place.work) as staged:
        (place.work / "in/1").mkdir(parents=True, exist_ok=True)
        (place.work / "in/1/a.xlsx").write_bytes(RETURN)
        staged.put("r1/pack.json", b"{}" * 500)
        staged.put("r1/more/pack.html", b"<p>" * 3000)
        staged.put("kept", RETURN)
        (staged.path("packs") / "deep").mkdir(parents=True)
        (staged.path("packs") / "deep/pack.csv").write_bytes(b"a,b\n" * 50)
        (staged.path("packs") / "pack.txt").write_bytes(b"pack\n")
        staged.put("notice", b"# Notice\n")
        staged.put("latest", b"after")
        staged.put("audit", LINE)
        return promise(place.root, staged, Manifest(steps(place), history=keys))


def record_it(place: Place) -> None:
    recorded(place.history, month("2024-09", share("m1", "2024-09", 17, 20)))


def run(place: Place) -> tuple[Recovered, tuple[Finding, ...]]:
    """What a run does: recover, and one transaction if the return is still there."""
    found = recover(place.root, place.work, place.history)
    told: tuple[Finding, ...] = ()
    if (place.root / "inbox/a.xlsx").exists():
        manifest = stage_and_promise(place)
        record_it(place)
        told = carry_out(place.root, place.work, manifest)
    clear(place.work)
    return found, told


def state(place: Place) -> dict[str, tuple[str, str]]:
    """Everything that is there, by name, with mode and digest; of the history what it says."""
    held = {}
    for base in (place.root, place.elsewhere):
        for path in sorted(base.rglob("*")):
            if path.name.startswith(place.history.name):
                continue
            mode = oct(path.lstat().st_mode)
            held[f"{base == place.root} {path.relative_to(base).as_posix()}"] = (mode, digest_of(path))
    if place.history.exists() and place.history.stat().st_size:
        with open_history(place.history) as history:
            said = repr((recorded_months(history), records(history, COUNCIL)))
        held["history"] = ("", said)
    return held


def outside_work(place: Place) -> dict[str, tuple[str, str]]:
    """The same without the work folder, which any run may make anew."""
    return {name: one for name, one in state(place).items() if not name.startswith("True work")}


@contextmanager
def breaking(at: int, end: Callable[[str, Callable[..., Any], tuple[Any, ...]], None]) -> Iterator[list[str]]:
    """Call `end` in place of the `at`-th operation on files (from 1); yields those that were made."""
    made: list[str] = []
    real = {name: getattr(os, name) for name in OPERATIONS}

    def wrapped(name: str) -> Callable[..., Any]:
        def operation(*args: Any, **words: Any) -> Any:  # noqa: ANN401  (whatever it stands in for)
            made.append(name)
            if len(made) == at:
                end(name, real[name], args)
            return real[name](*args, **words)

        return operation

    for name in OPERATIONS:
        setattr(os, name, wrapped(name))
    try:
        yield made
    finally:
        for name in OPERATIONS:
            setattr(os, name, real[name])


class Stopped(BaseException):
    """As when somebody presses Ctrl-C."""


def stopped(_name: str, _real: Callable[..., Any], _args: tuple[Any, ...]) -> None:
    raise Stopped


def killed(name: str, real: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """The end of the process, in the middle of what it was writing."""
    if name == "write":
        real(args[0], bytes(args[1])[: len(args[1]) // 2])
    os.kill(os.getpid(), signal.SIGKILL)


def refusing(code: int) -> Callable[[str, Callable[..., Any], tuple[Any, ...]], None]:
    """The system says no, after half a write."""

    def refused(name: str, real: Callable[..., Any], args: tuple[Any, ...]) -> None:
        if name == "write":
            real(args[0], bytes(args[1])[: len(args[1]) // 2])
        raise OSError(code, os.strerror(code))

    return refused


@contextmanager
def a_place(beside: Path, elsewhere: Path) -> Iterator[Place]:
    """A prepared place that is gone afterwards."""
    root, other = Path(tempfile.mkdtemp(dir=beside)), Path(tempfile.mkdtemp(dir=elsewhere))
    try:
        yield prepared(Place(root, other))
    finally:
        shutil.rmtree(root)
        shutil.rmtree(other)


def undisturbed(beside: Path, elsewhere: Path) -> tuple[dict[str, tuple[str, str]], int]:
    """How it is after a run that nothing disturbed, and of how many operations that run is made."""
    with a_place(beside, elsewhere) as place, breaking(0, stopped) as made:
        assert run(place) == (Recovered.NOTHING, ())
        count = len(made)
        return state(place), count


# ── What processes of their own do; each prints what it found, as JSON ───────


def killed_everywhere(beside: Path, elsewhere: Path) -> None:
    """Kill a child before each operation in turn, kill its recovery too, and compare after one more run."""
    wanted, count = undisturbed(beside, elsewhere)
    found = []
    for at in range(1, count + 1):
        with a_place(beside, elsewhere) as place:
            _in_a_killed_child(place, at)
            _in_a_killed_child(place, 1 + at % 40)
            found.append(run(place)[0].value)
            if state(place) != wanted:
                sys.exit(f"killed before operation {at}: {_difference(wanted, state(place))}")
    print(json.dumps({"count": count, "found": sorted(set(found))}))  # noqa: T201


def _in_a_killed_child(place: Place, at: int) -> None:
    child = os.fork()
    if not child:
        try:
            with breaking(at, killed):
                run(place)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def run_once(root: Path, elsewhere: Path) -> None:
    """One run, to be killed from outside."""
    print(run(Place(root, elsewhere))[0].value)  # noqa: T201


def disk_full(mounted: Path, elsewhere: Path) -> None:
    """Run on a small disk with no pages left, one page left, and so on, then with room."""
    wanted, _ = undisturbed(mounted, elsewhere)
    found: dict[str, int] = {}
    for pages in range(400):
        with a_place(mounted, elsewhere) as place:
            filler = mounted / "filler"
            free = os.statvfs(mounted)
            filler.write_bytes(bytes(max(0, free.f_bavail - pages) * free.f_frsize))
            try:
                run(place)
                code = ""
            except KpiError as error:
                code = error.findings[0].code
            found[code] = found.get(code, 0) + 1
            filler.unlink()
            run(place)
            if state(place) != wanted:
                sys.exit(f"{pages} pages left: {_difference(wanted, state(place))}")
        if found.get("", 0) > 3:
            break
    print(json.dumps(found))  # noqa: T201


def disk_read_only(elsewhere: Path, beside: Path) -> None:
    """Run where the other disk is read-only from the start, and where it turns so after the promise."""
    wanted, _ = undisturbed(beside, elsewhere)

    def remount(how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", elsewhere], check=True)  # noqa: S607

    def codes(act: Callable[[], object]) -> list[str]:
        try:
            act()
        except KpiError as error:
            return [f.code for f in error.findings]
        return []

    with a_place(beside, elsewhere) as place:
        before = outside_work(place)
        remount("ro")
        first = codes(lambda: run(place))
        if outside_work(place) != before:
            sys.exit("something was left")
        remount("rw")
        manifest = stage_and_promise(place)
        record_it(place)
        remount("ro")
        later = codes(lambda: carry_out(place.root, place.work, manifest))
        remount("rw")
        then = run(place)[0].value
        if state(place) != wanted:
            sys.exit(_difference(wanted, state(place)))
    print(json.dumps({"before": first, "after": later, "then": then}))  # noqa: T201


def file_size_limited(beside: Path, elsewhere: Path) -> None:
    """Run where no file may be longer than so many bytes, then without a limit."""
    import resource  # noqa: PLC0415  (not on Windows)

    wanted, _ = undisturbed(beside, elsewhere)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    found: dict[str, int] = {}
    for limit in (0, 5, 20, 30, 100, 500, 1500, 4000, 8000, 20_000, 70_000, 200_000):
        with a_place(beside, elsewhere) as place:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
            try:
                run(place)
                code = ""
            except KpiError as error:
                code = error.findings[0].code
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
            found[code] = found.get(code, 0) + 1
            run(place)
            if state(place) != wanted:
                sys.exit(f"at most {limit} bytes: {_difference(wanted, state(place))}")
    print(json.dumps(found))  # noqa: T201


def _difference(wanted: dict[str, tuple[str, str]], got: dict[str, tuple[str, str]]) -> str:
    names = [name for name in sorted({*wanted, *got}) if wanted.get(name) != got.get(name)]
    return ", ".join(f"{name}: {wanted.get(name)} -> {got.get(name)}" for name in names)


TASKS = {
    one.__name__: one for one in (killed_everywhere, run_once, disk_full, disk_read_only, file_size_limited)
}


def unsynced(_descriptor: int) -> None:
    """Stands in for `os.fsync`, which costs time and of which a killed process takes nothing back."""


if __name__ == "__main__":
    os.fsync = unsynced  # type: ignore[assignment]
    TASKS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
