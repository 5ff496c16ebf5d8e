"""Returns that are read by several processes come out as by one, whatever one of them does."""

from __future__ import annotations

import os
import shutil
from pathlib import Path, PosixPath
from typing import TYPE_CHECKING

import pytest

from kpi_engine.returns import processes
from kpi_engine.returns.many import LARGE, MANY, read_many, worth_it
from kpi_engine.rulebook.load import load_rulebook

if TYPE_CHECKING:
    from kpi_engine.rulebook.book import RuleBook

ROOT = Path(__file__).parents[2]


class Deadly(PosixPath):
    """A path that ends the process in which it arrives."""

    __slots__ = ()

    def __reduce__(self) -> tuple[object, ...]:
        return os._exit, (9,)


@pytest.fixture(scope="module")
def rulebook() -> RuleBook:
    return load_rulebook(ROOT / "rules", "rules")


def files(folder: Path) -> list[Path]:
    """Good returns, one that is no workbook, one cut short, one that is not there."""
    months = sorted((ROOT / "inputs").glob("*.xlsx"))[:4]
    (folder / "text.xlsx").write_text("Jane Smith")
    (folder / "short.xlsx").write_bytes(months[0].read_bytes()[:20_000])
    return [months[0], folder / "text.xlsx", *months[1:], folder / "short.xlsx", folder / "none.xlsx"]


def test_several_processes_read_what_one_reads_in_the_same_order(tmp_path: Path, rulebook: RuleBook) -> None:
    heard: dict[int, list[tuple[int, int]]] = {1: [], 3: []}
    found = {
        n: read_many(files(tmp_path), rulebook, lambda *told, n=n: heard[n].append(told), processes=n)
        for n in heard
    }
    assert found[1] == found[3]
    assert heard[1] == heard[3] == [(n, 7) for n in range(8)]


def test_workbook_that_ends_its_process_is_refused_and_the_rest_are_read(
    tmp_path: Path, rulebook: RuleBook
) -> None:
    given = files(tmp_path)
    deadly = Deadly(shutil.copy(given[0], tmp_path / "returns_2023-04 again.xlsx"))
    wanted = read_many(given, rulebook, lambda *_: None, processes=1)
    found = read_many([*given[:2], deadly, *given[2:]], rulebook, lambda *_: None, processes=2)
    assert (*found[:2], *found[3:]) == wanted
    assert (found[2].refused, [one.code for one in found[2].findings]) == (True, ["R125"])
    assert str(found[2].claims) == "2023-04"


def test_where_no_process_can_be_started_one_does(
    tmp_path: Path, rulebook: RuleBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_COMMAND", ("/no/such/python",))
    given = files(tmp_path)[:2]
    assert len(read_many(given, rulebook, lambda *_: None, processes=2)) == 2


def test_few_small_files_are_not_worth_a_process(tmp_path: Path) -> None:
    small = [tmp_path / f"{n}.xlsx" for n in range(MANY)]
    for path in small:
        path.write_bytes(b"x")
    assert worth_it(small[1:]) == 1
    assert worth_it(small) >= 1
    small[0].write_bytes(b"x" * LARGE)
    assert worth_it(small[:2]) == min(2, worth_it(small))
