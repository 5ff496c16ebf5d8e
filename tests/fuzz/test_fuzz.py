"""A small part of the fuzzing, from a seed, and proof that what it looks for would be found."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.fuzz.bases import base
from tests.fuzz.drive import Ran
from tests.fuzz.hostile import CANARY
from tests.fuzz.judge import CODES, judged, of_any_run, of_leaks, told
from tests.fuzz.mutate import Family, Mutated, mutated
from tests.fuzz.second import ByHandError

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
CHANGE = Mutated(Family.ROWS, "row_deleted", b"", frozenset({"Workforce"}), "a row")
FINE = Ran(1, b"{}", b"", 1.0, 100.0)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bases")


def test_changed_returns_never_look_better_unnoticed(kept: Path) -> None:
    for through, number in (("check", 12), ("run", 2)):
        words = [
            "--number",
            str(number),
            "--seed",
            "7",
            "--bases",
            "1",
            "--keep",
            str(kept),
            "--through",
            through,
        ]
        ran = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.run", *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
        assert f"{number} changed workbooks through kpi {through}" in ran.stdout


def test_a_seed_makes_the_same_change_again(kept: Path) -> None:
    of = base(0, kept)
    for seed in range(40):
        assert mutated(of, seed) == mutated(of, seed)
    assert len({mutated(of, seed).data for seed in range(40)}) > 36  # a few find nothing to change


@pytest.mark.parametrize(
    "ran",
    [
        replace(FINE, code=5),
        replace(FINE, code=-9),
        replace(FINE, err=b"Traceback (most recent call last)"),
        replace(FINE, seconds=10.5),
        replace(FINE, megabytes=501.0),
    ],
)
def test_what_may_never_happen_is_a_breach(ran: Ran) -> None:
    assert of_any_run(FINE, CODES) == []
    assert of_any_run(ran, CODES) != []


# ── No better without a finding ──────────────────────────────────────────────


def said(status: str, *findings: tuple[str, str], numerator: str = "9") -> bytes:
    """The JSON of a check of one measure, as far as it is looked at."""
    measure = {"id": "a", "short": "Staff", "status": status, "reason": None, "unit": "number"}
    measure["numerator"] = numerator
    listed = [{"code": code, "sheet": sheet, "cell": "", "message": "Of Staff"} for code, sheet in findings]
    none: dict[str, Any] = dict.fromkeys(("denominator", "value", "best", "left_out"))
    return json.dumps({"measures": [measure | none], "findings": listed}).encode()


def second(status: str) -> Mapping[str, Mapping[str, object]]:
    return {"a": {"status": status}}


def better(after: bytes, valid: str = "fail", before: str = "fail") -> tuple[bool, bool, bool]:
    held = judged(told(said(before)), after, CHANGE, lambda: second(valid))
    return bool(held.breaches), bool(held.told), bool(held.alone)


@pytest.mark.parametrize("before", ["fail", "not_assessed"])
def test_a_pass_without_a_finding_is_a_breach(before: str) -> None:
    assert better(said("pass"), before=before) == (True, False, False)


def test_a_finding_on_another_sheet_tells_nothing() -> None:
    assert better(said("pass", ("R147", "Reviews"))) == (True, False, False)


@pytest.mark.parametrize("sheet", ["Workforce", ""])
def test_a_finding_on_the_sheet_or_the_file_tells_it(sheet: str) -> None:
    assert better(said("pass", ("R147", sheet))) == (False, True, False)


def test_a_valid_return_that_meets_the_target_says_that_its_list_stands_alone() -> None:
    assert better(said("pass", ("R391", "")), valid="pass") == (False, False, True)
    assert better(said("pass"), valid="pass") == (True, False, False)
    of_another = said("pass", ("R391", "")).replace(b"Of Staff", b"Of another")
    assert better(of_another, valid="pass") == (True, False, False)


def test_that_a_list_stands_alone_tells_nothing_of_a_damaged_one() -> None:
    assert better(said("pass", ("R391", "")), valid="fail") == (True, False, False)


def test_a_return_that_openpyxl_cannot_read_either_way_is_a_breach() -> None:
    def unreadable() -> Mapping[str, Mapping[str, object]]:
        raise ByHandError("a cell cannot be read")

    held = judged(told(said("fail")), said("pass"), CHANGE, unreadable)
    assert any("cannot be read" in breach for breach in held.breaches)


@pytest.mark.parametrize(("family", "after"), [(Family.SAME, "8"), (Family.VALID, "8")])
def test_another_figure_than_the_second_path_gives_is_a_breach(family: Family, after: str) -> None:
    change = replace(CHANGE, family=family)
    expected = {"a": {"status": "fail", "reason": None, "numerator": 9}}
    for numerator, wrong in ((after, True), ("9", False)):
        held = judged(told(said("fail")), said("fail", numerator=numerator), change, lambda: expected)
        assert bool(held.breaches) is wrong


def test_a_name_that_is_printed_is_a_breach() -> None:
    change = replace(CHANGE, what=f"Workforce!B7: text {CANARY!r}")
    assert of_leaks(change, b"", f"B7: {CANARY}".encode()) != []
    assert of_leaks(change, b"", b"B7: a text of 10 characters") == []
    assert of_leaks(replace(change, sheets=frozenset({"Commentary"})), CANARY.encode()) == []


def figures(worst: str, best: str) -> dict[str, object]:
    status = "fail" if best == worst else "not_assessed"
    return {
        "status": status,
        "reason": None if best == worst else "rows_in_doubt",
        "value": worst,
        "best": best,
    }


@pytest.mark.parametrize(("engine", "breach"), [(("1", "3"), False), (("2", "3"), True), (("1", "1"), True)])
def test_doubt_may_be_given_more_room_and_never_less(engine: tuple[str, str], breach: bool) -> None:  # noqa: FBT001
    change = replace(CHANGE, family=Family.VALID)
    whole = json.loads(said("fail"))
    whole["measures"][0] |= figures(*engine)
    expected = {"a": {"status": "fail", "reason": None, "value": Fraction(1), "best": Fraction(2)}}
    held = judged(told(said("fail")), json.dumps(whole).encode(), change, lambda: expected)
    assert (bool(held.breaches), bool(held.careful)) == (breach, not breach)
