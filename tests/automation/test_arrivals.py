"""Each file of the inbox is taken once, for the right month, or it is told why not."""

from __future__ import annotations

import hashlib
import itertools
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi_engine.automation.arrivals import TAKEN, Arrival, Outcome, filled, look, sorted_out, standing
from kpi_engine.automation.audit import Taken
from kpi_engine.automation.inbox import WORKBOOKS
from kpi_engine.errors import KpiError
from kpi_engine.returns.read import find_returns, read_return
from kpi_engine.rulebook.book import Calendar
from kpi_engine.terms.period import Period
from tests.returns.contracts import CODE, CONTRACT, OTHER_CODE, ROWS, RULEBOOK, saved, workbook

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.returned import Return

MARCH, APRIL, MAY = (Period.parse(text) for text in ("2024-03", "2024-04", "2024-05"))
CASES = ("workforce", "supervision", "care_orders", "meetings")
RULES = replace(
    RULEBOOK, contract=replace(CONTRACT, calendar=Calendar(15, 1, {}, "Performance team", {}, ()))
)
IN_TIME = date(2024, 4, 15)


# ── The inbox ────────────────────────────────────────────────────────────────

NOW = 1_712_000_000.0


def laid(folder: Path, name: str, *, age: float = 3600, content: bytes = b"x") -> Path:
    """A file written `age` seconds before NOW: its status changes now, long after."""
    (folder / name).write_bytes(content)
    os.utime(folder / name, (NOW - age, NOW - age))
    return folder / name


def clock(folder: Path, after: float = 0.0) -> float:
    """The time `after` seconds after the last change to any file of the folder."""
    return max(one.lstat().st_ctime for one in folder.iterdir()) + after


def names(folder: Path, *, rest: int = 60, now: float | None = None) -> list[str]:
    return [one.name for one in look(folder, rest=rest, now=clock(folder, 61) if now is None else now)[0]]


def held(folder: Path, *, rest: int = 60, now: float | None = None) -> dict[str, Finding]:
    waiting = look(folder, rest=rest, now=clock(folder, 61) if now is None else now)[1]
    return {one.name: one.why for one in waiting}


def test_a_file_that_has_rested_is_ready(tmp_path: Path) -> None:
    laid(tmp_path, "b.xlsx")
    laid(tmp_path, "A.XLSM")
    assert names(tmp_path) == ["A.XLSM", "b.xlsx"]
    assert held(tmp_path) == {}


def test_every_ending_that_check_reads_is_taken(tmp_path: Path) -> None:
    for ending in (*WORKBOOKS, ".csv", ".xltx", ".zip"):
        laid(tmp_path, f"a{ending}")
    assert names(tmp_path) == [path.name for path in find_returns([tmp_path])]


def test_a_file_just_written_waits(tmp_path: Path) -> None:
    laid(tmp_path, "a.xlsx")
    assert held(tmp_path, now=clock(tmp_path, 59))["a.xlsx"].code == "A160"
    assert names(tmp_path, now=clock(tmp_path, 60)) == ["a.xlsx"]


def test_a_file_copied_with_its_old_date_waits_too(tmp_path: Path) -> None:
    laid(tmp_path, "a.xlsx", age=10**6)
    assert held(tmp_path, now=clock(tmp_path, 5))["a.xlsx"].message.startswith(
        "The file was written less than 60 s"
    )


def test_without_a_rest_nothing_waits(tmp_path: Path) -> None:
    laid(tmp_path, "a.xlsx")
    assert names(tmp_path, rest=0, now=clock(tmp_path)) == ["a.xlsx"]
    assert names(tmp_path, rest=0, now=NOW - 10**6) == ["a.xlsx"]


def test_a_file_from_the_future_waits_and_is_told(tmp_path: Path) -> None:
    laid(tmp_path, "a.xlsx")
    assert held(tmp_path, now=clock(tmp_path, -3600))["a.xlsx"].code == "A162"


@pytest.mark.parametrize("lock", ["~$a.xlsx", "~$A.xlsx", ".~lock.a.xlsx#"])
def test_a_workbook_that_is_open_waits(tmp_path: Path, lock: str) -> None:
    laid(tmp_path, "a.xlsx")
    laid(tmp_path, "b.xlsx")
    laid(tmp_path, lock)
    assert names(tmp_path) == ["b.xlsx"]
    assert set(held(tmp_path)) == {"a.xlsx"}
    assert held(tmp_path)["a.xlsx"].code == "A161"


def test_links_are_not_followed(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "a.xlsx").symlink_to(laid(tmp_path, "secret.xlsx"))
    (inbox / "gone.xlsx").symlink_to(tmp_path / "nowhere")
    (inbox / "folder.xlsx").symlink_to(tmp_path, target_is_directory=True)
    assert names(inbox) == []
    assert {name: why.code for name, why in held(inbox).items()} == dict.fromkeys(
        ("a.xlsx", "folder.xlsx", "gone.xlsx"), "A164"
    )
    assert "link" in held(inbox)["a.xlsx"].message


def test_hidden_files_are_passed_over_in_silence(tmp_path: Path) -> None:
    laid(tmp_path, ".a.xlsx")
    laid(tmp_path, "~$b.xlsx")
    (tmp_path / ".trash").mkdir()
    assert look(tmp_path, rest=60, now=clock(tmp_path, 61)) == ((), ())


def test_a_folder_is_not_looked_into_and_told(tmp_path: Path) -> None:
    (tmp_path / "from the team").mkdir()
    laid(tmp_path / "from the team", "returns_2024-03.xlsx")
    assert names(tmp_path) == []
    assert held(tmp_path)["from the team"].code == "A164"
    assert "folder" in held(tmp_path)["from the team"].message


def test_other_files_are_left_alone_and_told(tmp_path: Path) -> None:
    laid(tmp_path, "notes.docx")
    laid(tmp_path, "a.xlsx.part")
    os.mkfifo(tmp_path / "pipe.xlsx")
    assert names(tmp_path) == []
    assert {why.code for why in held(tmp_path).values()} == {"A164"}
    assert set(held(tmp_path)) == {"notes.docx", "a.xlsx.part", "pipe.xlsx"}


def test_capitals_make_no_difference_to_a_lock(tmp_path: Path) -> None:
    laid(tmp_path, "A.xlsx")
    laid(tmp_path, "~$a.xlsx")
    assert set(held(tmp_path)) == {"A.xlsx"}


@contextmanager
def nobody() -> Iterator[Path]:
    """A folder that everybody may look into, as somebody who may not read everything."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            if is_root:
                os.seteuid(0)


def test_a_file_that_cannot_be_read_waits_and_is_told() -> None:
    with TemporaryDirectory() as folder:
        inbox = Path(folder)
        inbox.chmod(0o755)
        laid(inbox, "a.xlsx").chmod(0o000)
        laid(inbox, "b.xlsx").chmod(0o644)
        with nobody():
            assert names(inbox) == ["b.xlsx"]
            assert held(inbox)["a.xlsx"].message == "The file cannot be read: permission denied."


def test_an_inbox_that_is_not_there_is_raised(tmp_path: Path) -> None:
    with pytest.raises(KpiError) as raised:
        look(tmp_path / "inbox", rest=60, now=NOW)
    assert raised.value.findings[0].message == "The inbox cannot be read: no such file or directory."


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\x1b[2J.xlsx", r"a\x1b[2J.xlsx"),
        ("a\nb.xlsx", r"a\nb.xlsx"),
        ("a\u202exslx.xlsx", r"a\u202exslx.xlsx"),
    ],
)
def test_a_name_that_plays_tricks_is_shown_harmless(tmp_path: Path, name: str, shown: str) -> None:
    path = laid(tmp_path, name)
    (one,), _ = look(tmp_path, rest=0, now=NOW)
    assert (one.name, one.path) == (shown, path)
    assert held(tmp_path, now=clock(tmp_path))[shown].file == shown


def test_a_name_that_is_no_text_waits(tmp_path: Path) -> None:
    with suppress(OSError):  # some file systems know no such names
        laid(tmp_path, os.fsdecode(b"a\xff.xlsx"))
        assert names(tmp_path) == []
        assert held(tmp_path)[r"a\udcff.xlsx"].fix == "Rename it."


# ── What each is to its month ────────────────────────────────────────────────


def made(name: str = "a.xlsx", *sheets: str, rows: dict[str, Any] | None = None, **cover: Any) -> Return:  # noqa: ANN401  (what a cell holds)
    """A return of March with the sheets named (all if none is)."""
    held = {sheet: (rows or {}).get(sheet, ROWS[sheet]) for sheet in (sheets or tuple(ROWS))}
    with TemporaryDirectory() as folder:
        return read_return(saved(Path(folder), workbook(rows=held, cover=cover), name), RULEBOOK)


ONE = made()
ANOTHER_PERSON = [["P01", "W9", "Children in Care", "filled", "permanent", 1, None]]
STAFF, STAFF_AGAIN = (
    made("s.xlsx", "workforce"),
    made("s.xlsx", "workforce", rows={"workforce": ANOTHER_PERSON}),
)
REST = made("rest.xlsx", *CASES[1:])


def as_(returned: Return, file: str, replaces: str = "", *, version: int = 0, **changed: Any) -> Return:  # noqa: ANN401
    """The same under another name, with other bytes."""
    text = f"{returned.digest} {replaces} {version} {changed.get('claims')}"
    digest = hashlib.sha256(text.encode()).hexdigest()
    return replace(returned, **{"file": file, "replaces": replaces, "digest": digest, **changed})


@dataclass
class Archive:
    """The returns taken by runs one after another."""

    taken: list[Taken] = field(default_factory=list)
    returns: dict[str, Return] = field(default_factory=dict)
    purged: bool = False

    def sort(self, *came: Return, today: date = IN_TIME, **asked: Any) -> tuple[Arrival, ...]:  # noqa: ANN401
        read = [(Path(f"work/in/{n}", one.file), one) for n, one in enumerate(came)]
        given = {"rulebook": RULES, "council": CODE, "first_month": None, **asked}
        return sorted_out(read, self.taken, self._read, today=today, **given)

    def run(self, *came: Return, today: date = IN_TIME, **asked: Any) -> dict[str, Arrival]:  # noqa: ANN401
        arrivals = self.sort(*came, today=today, **asked)
        foreseen = standing(self.taken, arrivals)
        for one in arrivals:
            if one.outcome is Outcome.EARLY:
                continue
            month = str(one.returned.claims) if one.returned.claims else None
            kept = "" if one.outcome is Outcome.DUPLICATE else f"kept/{one.returned.file}"
            self.taken.append(
                Taken(one.returned.file, one.returned.digest, month, one.outcome.value, kept, one.supersedes)
            )
            self.returns.setdefault(one.returned.digest, one.returned)
        assert standing(self.taken, ()) == foreseen
        return {one.returned.file: one for one in arrivals}

    def counting(self, month: Period = MARCH) -> list[str]:
        """The names of the returns that count, in order of names."""
        digests = standing(self.taken, ()).get(month, ())
        return sorted(self.returns[digest].file for digest in digests)

    def _read(self, digest: str) -> Return | None:
        return None if self.purged else self.returns[digest]


def codes(arrival: Arrival) -> list[str]:
    return [one.code for one in arrival.findings]


def outcomes(arrivals: dict[str, Arrival]) -> dict[str, Outcome]:
    return {name: one.outcome for name, one in arrivals.items()}


def message(arrival: Arrival, code: str) -> str:
    (text,) = (one.message for one in arrival.findings if one.code == code)
    return text


def test_the_first_return_of_a_month_is_new() -> None:
    archive = Archive()
    arrival = archive.run(ONE)["a.xlsx"]
    assert (arrival.outcome, arrival.days_late, arrival.supersedes) == (Outcome.NEW, 0, ())
    assert [one.message for one in arrival.findings] == ["Taken as a return of March 2024."]
    assert archive.counting() == ["a.xlsx"]


def test_a_return_after_the_due_day_is_late_by_calendar_days() -> None:
    arrival = Archive().run(ONE, today=date(2024, 4, 16))["a.xlsx"]
    assert (arrival.outcome, arrival.days_late, codes(arrival)) == (Outcome.LATE, 1, ["A110", "A111"])
    assert (
        message(arrival, "A111") == "It came 1 day after the return of March 2024 was due, on 15 April 2024."
    )


def test_without_a_calendar_nothing_is_late() -> None:
    arrival = Archive().run(ONE, today=date(2025, 1, 1), rulebook=RULEBOOK)["a.xlsx"]
    assert (arrival.outcome, arrival.days_late) == (Outcome.NEW, 0)


def test_returns_with_other_sheets_make_a_month_together() -> None:
    archive = Archive()
    assert outcomes(archive.run(STAFF, REST)) == {"s.xlsx": Outcome.NEW, "rest.xlsx": Outcome.NEW}
    assert archive.counting() == ["rest.xlsx", "s.xlsx"]


def test_a_return_with_other_sheets_joins_its_month_and_may_be_late() -> None:
    archive = Archive()
    archive.run(STAFF)
    arrival = archive.run(REST, today=date(2024, 4, 20))["rest.xlsx"]
    assert (arrival.outcome, arrival.days_late, arrival.supersedes) == (Outcome.JOINS, 5, ())
    assert message(arrival, "A113") == "Taken for March 2024, beside s.xlsx."
    assert archive.counting() == ["rest.xlsx", "s.xlsx"]


def test_a_template_sheet_left_empty_is_not_held() -> None:
    archive = Archive()
    empty = made("rest.xlsx", *CASES, rows={"workforce": []})
    assert outcomes(archive.run(STAFF, empty)) == {"s.xlsx": Outcome.NEW, "rest.xlsx": Outcome.NEW}


def test_a_correction_names_what_it_replaces() -> None:
    archive = Archive()
    archive.run(ONE)
    arrival = archive.run(as_(ONE, "b.xlsx", "A.xlsx"), today=date(2024, 6, 1))["b.xlsx"]
    assert (arrival.outcome, arrival.days_late) == (Outcome.CORRECTION, 0)
    assert arrival.supersedes == (ONE.digest,)
    assert message(arrival, "A112") == "Taken for March 2024 in place of a.xlsx, as its cover says."
    assert archive.counting() == ["b.xlsx"]


def test_the_same_name_with_other_bytes_is_a_correction_and_told() -> None:
    archive = Archive()
    archive.run(STAFF, REST)
    arrival = archive.run(STAFF_AGAIN)["s.xlsx"]
    assert (arrival.outcome, arrival.supersedes) == (Outcome.CORRECTION, (STAFF.digest,))
    assert message(arrival, "A112") == "Taken for March 2024 in place of s.xlsx, as it has the same name."
    assert archive.counting() == ["rest.xlsx", "s.xlsx"]


def test_the_same_name_in_another_month_is_no_correction() -> None:
    archive = Archive()
    archive.run(ONE)
    arrival = archive.run(as_(ONE, "a.xlsx", claims=APRIL), today=date(2024, 5, 2))["a.xlsx"]
    assert (arrival.outcome, codes(arrival)) == (Outcome.NEW, ["A110"])
    assert (archive.counting(MARCH), archive.counting(APRIL)) == (["a.xlsx"], ["a.xlsx"])


def test_a_dated_name_that_stands_in_another_month_is_told() -> None:
    archive = Archive()
    archive.run(as_(ONE, "returns_2024-04.xlsx"))
    arrival = archive.run(as_(ONE, "returns_2024-04.xlsx", claims=APRIL), today=date(2024, 5, 2))
    one = arrival["returns_2024-04.xlsx"]
    assert message(one, "A168") == "A return of this name was taken for March 2024."


def test_a_correction_of_a_correction_counts() -> None:
    archive = Archive()
    archive.run(ONE)
    archive.run(as_(ONE, "b.xlsx", "a.xlsx"))
    assert outcomes(archive.run(as_(ONE, "c.xlsx", "b"))) == {"c.xlsx": Outcome.CORRECTION}
    assert archive.counting() == ["c.xlsx"]


def test_a_chain_of_corrections_in_one_drop_leaves_the_last() -> None:
    archive = Archive()
    b, c = as_(ONE, "b.xlsx", "a.xlsx"), as_(ONE, "c.xlsx", "b.xlsx")
    came = archive.run(c, ONE, b)
    assert outcomes(came) == {
        "a.xlsx": Outcome.NEW,
        "b.xlsx": Outcome.CORRECTION,
        "c.xlsx": Outcome.CORRECTION,
    }
    assert (came["b.xlsx"].supersedes, came["c.xlsx"].supersedes) == ((ONE.digest,), (b.digest,))
    assert message(came["a.xlsx"], "A166").startswith("c.xlsx came with it and replaces it")
    assert archive.counting() == ["c.xlsx"]


def test_two_corrections_of_one_file_in_one_drop_are_both_refused() -> None:
    archive = Archive()
    archive.run(ONE)
    came = archive.run(as_(ONE, "b.xlsx", "a.xlsx"), as_(ONE, "c.xlsx", "a.xlsx", version=2))
    assert outcomes(came) == {"b.xlsx": Outcome.REFUSED, "c.xlsx": Outcome.REFUSED}
    said = "More than one file is said to replace a.xlsx: b.xlsx and c.xlsx."
    assert [message(one, "A165") for one in came.values()] == [said, said]
    assert archive.counting() == ["a.xlsx"]


def test_one_that_replaces_all_other_corrections_counts() -> None:
    archive = Archive()
    archive.run(ONE)
    came = archive.run(as_(ONE, "a.xlsx", version=2), as_(ONE, "c.xlsx", "a.xlsx"))
    assert outcomes(came) == {"a.xlsx": Outcome.CORRECTION, "c.xlsx": Outcome.CORRECTION}
    assert archive.counting() == ["c.xlsx"]


def test_files_that_name_each_other_are_refused() -> None:
    ring = [as_(ONE, "a.xlsx", "c.xlsx"), as_(ONE, "b.xlsx", "a.xlsx"), as_(ONE, "c.xlsx", "b.xlsx")]
    for n in (2, 3):
        came = Archive().run(replace(ring[0], replaces=ring[n - 1].file), *ring[1:n])
        assert set(outcomes(came).values()) == {Outcome.REFUSED}
        assert {code for one in came.values() for code in codes(one)} == {"A165"}


def test_a_correction_of_what_was_corrected_before_is_refused() -> None:
    archive = Archive()
    archive.run(ONE)
    archive.run(as_(ONE, "b.xlsx", "a.xlsx"))
    late = as_(ONE, "c.xlsx", "a")
    came = archive.run(late)["c.xlsx"]
    assert (came.outcome, codes(came)) == (Outcome.REFUSED, ["A165"])
    assert came.findings[0].fix.startswith("If it is to stand in the place of b.xlsx, say so on its cover")
    assert archive.run(as_(ONE, "a.xlsx", version=3))["a.xlsx"].outcome is Outcome.REFUSED
    assert archive.run(as_(ONE, "a.xlsx", "b.xlsx", version=4))["a.xlsx"].outcome is Outcome.CORRECTION
    assert archive.counting() == ["a.xlsx"]


def test_what_a_correction_replaces_may_not_come_after_it() -> None:
    archive = Archive()
    assert codes(archive.run(as_(STAFF, "b.xlsx", "a.xlsx"))["b.xlsx"]) == ["A110", "R172"]
    came = archive.run(as_(REST, "a.xlsx"))["a.xlsx"]
    assert (came.outcome, codes(came)) == (Outcome.REFUSED, ["A165"])
    assert archive.counting() == ["b.xlsx"]


def test_a_file_that_replaces_an_unknown_name_is_told_and_then_like_any_other() -> None:
    archive = Archive()
    archive.run(STAFF)
    assert codes(archive.run(as_(REST, "b.xlsx", "zz.xlsx"))["b.xlsx"]) == ["A113", "R172"]
    assert codes(archive.run(as_(ONE, "c.xlsx", "zz.xlsx"))["c.xlsx"]) == ["A118"]


def test_a_correction_in_a_month_of_refused_returns_is_its_first() -> None:
    archive = Archive()
    archive.run(replace(ONE, refused=True))
    arrival = archive.run(as_(ONE, "b.xlsx", "a.xlsx"))["b.xlsx"]
    assert (arrival.outcome, arrival.supersedes, codes(arrival)) == (Outcome.NEW, (), ["A110"])


@pytest.mark.parametrize("together", [True, False])
def test_a_correction_of_a_refused_correction_replaces_what_that_named(together: bool) -> None:  # noqa: FBT001
    archive = Archive()
    archive.run(ONE)
    b, c = as_(ONE, "b.xlsx", "a.xlsx", refused=True), as_(ONE, "c.xlsx", "b.xlsx")
    came = archive.run(b, c) if together else {**archive.run(b), **archive.run(c)}
    assert outcomes(came) == {"b.xlsx": Outcome.REFUSED, "c.xlsx": Outcome.CORRECTION}
    assert came["c.xlsx"].supersedes == (ONE.digest,)
    assert archive.counting() == ["c.xlsx"]


def test_a_refused_correction_leaves_the_month_as_it_was() -> None:
    archive = Archive()
    archive.run(ONE)
    came = archive.run(as_(ONE, "b.xlsx", "a.xlsx", refused=True))["b.xlsx"]
    assert (came.outcome, codes(came), archive.counting()) == (Outcome.REFUSED, ["A119"], ["a.xlsx"])


def test_a_sheet_that_the_month_has_already_is_refused() -> None:
    archive = Archive()
    archive.run(ONE)
    came = archive.run(STAFF)["s.xlsx"]
    assert (came.outcome, archive.counting()) == (Outcome.REFUSED, ["a.xlsx"])
    assert message(came, "A118") == "'Workforce' of March 2024 stands in a.xlsx too; this file is not used."


def test_two_returns_for_one_month_are_both_refused() -> None:
    archive = Archive()
    came = archive.run(ONE, STAFF)
    assert set(outcomes(came).values()) == {Outcome.REFUSED}
    assert archive.counting() == []
    assert archive.run(ONE)["a.xlsx"].outcome is Outcome.NEW  # refused is not archived for good


def test_a_stray_file_does_not_stop_the_correction_that_comes_with_it() -> None:
    archive = Archive()
    archive.run(ONE)
    came = archive.run(as_(ONE, "a.xlsx", version=2), STAFF)
    assert outcomes(came) == {"a.xlsx": Outcome.CORRECTION, "s.xlsx": Outcome.REFUSED}


def test_where_two_that_stand_hold_one_sheet_no_third_is_added() -> None:
    archive = Archive()
    archive.run(STAFF)
    other = as_(STAFF, "t.xlsx", version=5)  # as after rules that recognise more sheets
    archive.taken.append(Taken("t.xlsx", other.digest, "2024-03", "joins", "kept/t.xlsx"))
    archive.returns[other.digest] = other
    came = archive.run(as_(STAFF, "s.xlsx", version=6), as_(STAFF, "t.xlsx", version=7))
    assert set(outcomes(came).values()) == {Outcome.REFUSED}
    both = archive.run(as_(STAFF, "t.xlsx", "s.xlsx", version=8))
    assert outcomes(both) == {"t.xlsx": Outcome.CORRECTION}
    assert archive.counting() == ["t.xlsx"]


def test_bytes_refused_under_a_name_that_stands_may_come_under_another() -> None:
    archive = Archive()
    archive.run(STAFF)
    archive.run(as_(REST, "s.xlsx", refused=True))
    assert outcomes(archive.run(as_(REST, "rest.xlsx"))) == {"rest.xlsx": Outcome.JOINS}


def test_a_return_may_be_split_in_two_by_a_correction() -> None:
    archive = Archive()
    archive.run(ONE)
    came = archive.run(as_(REST, "a.xlsx"), STAFF)
    assert outcomes(came) == {"a.xlsx": Outcome.CORRECTION, "s.xlsx": Outcome.JOINS}
    assert archive.counting() == ["a.xlsx", "s.xlsx"]
    assert codes(came["a.xlsx"]) == ["A112"]


def test_a_correction_that_lacks_sheets_is_told() -> None:
    archive = Archive()
    archive.run(ONE)
    arrival = archive.run(as_(REST, "a.xlsx"))["a.xlsx"]
    assert message(arrival, "A167") == (
        "It does not hold what the return that it replaces held: Workforce. March 2024 is now without."
    )


def test_the_same_bytes_again_are_a_duplicate() -> None:
    archive = Archive()
    archive.run(ONE)
    arrival = archive.run(replace(ONE, file="copy.xlsx"))["copy.xlsx"]
    assert (arrival.outcome, arrival.supersedes) == (Outcome.DUPLICATE, ())
    assert message(arrival, "A114") == (
        "This file is the same, byte for byte, as a.xlsx, which stands; it is not used again."
    )


def test_going_back_to_replaced_bytes_is_a_duplicate_and_told() -> None:
    archive = Archive()
    archive.run(ONE)
    archive.run(as_(ONE, "b.xlsx", "a.xlsx"))
    archive.run(as_(ONE, "c.xlsx", "b.xlsx"))
    arrival = archive.run(ONE)["a.xlsx"]
    assert arrival.outcome is Outcome.DUPLICATE
    assert "which c.xlsx has replaced since" in message(arrival, "A114")
    assert archive.counting() == ["c.xlsx"]


def test_of_two_copies_in_one_drop_one_is_taken() -> None:
    archive = Archive()
    came = archive.run(ONE, replace(ONE, file="copy.xlsx"))
    assert outcomes(came) == {"a.xlsx": Outcome.NEW, "copy.xlsx": Outcome.DUPLICATE}
    assert archive.run(as_(ONE, "c.xlsx", "copy.xlsx"))["c.xlsx"].outcome is Outcome.CORRECTION


def test_a_copy_under_a_name_that_stands_is_the_correction() -> None:
    archive = Archive()
    archive.run(replace(ONE, file="m.xlsx"))
    again = as_(ONE, "m.xlsx", version=2)
    came = archive.run(replace(again, file="a.xlsx"), again)
    assert outcomes(came) == {"a.xlsx": Outcome.DUPLICATE, "m.xlsx": Outcome.CORRECTION}


def test_copies_of_a_refused_file_are_refused_like_it() -> None:
    archive = Archive()
    archive.run(ONE)
    came = archive.run(STAFF, replace(STAFF, file="t.xlsx"))
    assert {name: (one.outcome, codes(one)) for name, one in came.items()} == dict.fromkeys(
        ("s.xlsx", "t.xlsx"), (Outcome.REFUSED, ["A118"])
    )
    assert came["t.xlsx"].findings[0].file == "t.xlsx"


def test_the_month_that_runs_waits_until_it_has_ended() -> None:
    archive = Archive()
    arrival = archive.run(ONE, today=date(2024, 3, 31))["a.xlsx"]
    assert (arrival.outcome, archive.taken) == (Outcome.EARLY, [])
    assert message(arrival, "A115") == (
        "March 2024 has not ended yet: the file waits in the inbox until 1 April 2024."
    )
    assert archive.run(ONE, today=date(2024, 4, 1))["a.xlsx"].outcome is Outcome.NEW


@pytest.mark.parametrize(
    ("today", "first", "said"),
    [
        (date(2024, 2, 29), None, "March 2024 has not begun yet."),
        (IN_TIME, APRIL, "March 2024 is before April 2024, the first month that is reported."),
    ],
)
def test_a_wrong_month_is_refused(today: date, first: Period | None, said: str) -> None:
    arrival = Archive().run(ONE, today=today, first_month=first)["a.xlsx"]
    assert (arrival.outcome, message(arrival, "A116")) == (Outcome.REFUSED, said)


def test_the_first_month_itself_is_taken() -> None:
    assert Archive().run(ONE, first_month=MARCH)["a.xlsx"].outcome is Outcome.NEW


def test_another_council_is_refused() -> None:
    arrival = Archive().run(replace(ONE, authority=OTHER_CODE))["a.xlsx"]
    assert (arrival.outcome, codes(arrival)) == (Outcome.REFUSED, ["A117"])
    assert "London Borough of Haringey; here the returns of Example Borough" in arrival.findings[0].message


def test_a_file_without_a_month_or_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    came = Archive().run(read_return(tmp_path / "a.xlsx", RULEBOOK), made("b.xlsx", month="soon"))
    assert {name: (one.outcome, codes(one)) for name, one in came.items()} == dict.fromkeys(
        ("a.xlsx", "b.xlsx"), (Outcome.REFUSED, ["A119"])
    )


def test_a_correction_in_a_purged_month_must_replace_all_of_it() -> None:
    archive = Archive()
    archive.run(STAFF)
    archive.purged = True
    came = archive.run(REST)["rest.xlsx"]
    assert (came.outcome, codes(came)) == (Outcome.REFUSED, ["A116"])
    assert "March 2024 holds s.xlsx, which is not kept any more" in came.findings[0].message
    assert archive.run(as_(ONE, "b.xlsx", "s.xlsx"))["b.xlsx"].outcome is Outcome.CORRECTION
    assert archive.run(STAFF)["s.xlsx"].outcome is Outcome.DUPLICATE


def test_a_month_that_its_name_contradicts_is_taken_as_the_cover_says() -> None:
    returned = made("returns_2024-04.xlsx")
    assert "R156" in {one.code for one in returned.findings}
    arrival = Archive().run(returned)["returns_2024-04.xlsx"]
    assert (arrival.outcome, arrival.returned.claims) == (Outcome.NEW, MARCH)


def test_a_month_that_its_name_contradicts_never_changes_one_that_was_reported() -> None:
    archive = Archive()
    archive.run(STAFF)
    came = archive.run(as_(REST, "returns_2024-04.xlsx"))["returns_2024-04.xlsx"]
    assert (came.outcome, codes(came)) == (Outcome.REFUSED, ["A116"])
    named = archive.run(as_(ONE, "returns_2024-05.xlsx", "s.xlsx"))["returns_2024-05.xlsx"]
    assert named.outcome is Outcome.CORRECTION


def test_names_are_shown_harmless_in_every_finding() -> None:
    arrival = Archive().run(replace(ONE, file="a\x1b[2J.xlsx"))["a\x1b[2J.xlsx"]
    assert arrival.findings[0].file == r"a\x1b[2J.xlsx"


# ── Whatever comes ───────────────────────────────────────────────────────────

NAMES = ("a.xlsx", "b.xlsx", "c.xlsx", "B.xlsx", "returns_2024-04.xlsx")
PARTS = [made("x.xlsx", *some) for n in (1, 2, 4) for some in itertools.combinations(CASES, n)]


@st.composite
def returns(draw: st.DrawFn) -> Return:
    return as_(
        draw(st.sampled_from(PARTS)),
        draw(st.sampled_from(NAMES)),
        draw(st.sampled_from(("", "", *NAMES, "a", "zz.xlsx"))),
        version=draw(st.integers(0, 1)),
        claims=draw(st.sampled_from((MARCH, MARCH, MARCH, APRIL, MAY, None))),
        refused=draw(st.sampled_from((False, False, False, True))),
        authority=draw(st.sampled_from((CODE, CODE, CODE, OTHER_CODE))),
    )


drops = st.lists(returns(), max_size=5)


def held_twice(archive: Archive) -> list[tuple[Period, str]]:
    return [
        (month, sheet)
        for month, digests in standing(archive.taken, ()).items()
        for one, other in itertools.combinations(digests, 2)
        for sheet in filled(archive.returns[one]) & filled(archive.returns[other])
    ]


@settings(max_examples=150, deadline=None)
@given(st.lists(drops, max_size=4), st.data())
def test_whatever_comes_is_placed_once_and_in_any_order_alike(
    runs: list[list[Return]], data: st.DataObject
) -> None:
    archive = Archive()
    today = date(2024, 5, 3)
    for came in runs:
        numbered = [(Path(f"work/in/{n}", one.file), one) for n, one in enumerate(came)]
        asked: dict[str, Any] = {"rulebook": RULES, "council": CODE, "today": today, "first_month": None}
        shuffled = data.draw(st.permutations(numbered))
        there = sorted_out(numbered, archive.taken, archive.returns.get, **asked)
        assert sorted_out(shuffled, archive.taken, archive.returns.get, **asked) == there
        assert sorted(one.path for one in there) == sorted(path for path, _ in numbered)
        assert all(one.findings for one in there)
        before = standing(archive.taken, ())
        archive.run(*came, today=today)
        after = standing(archive.taken, ())
        assert held_twice(archive) == []
        _only_taken_ones_change(there, before, after)
        again = archive.sort(*(one.returned for one in there if one.outcome in TAKEN), today=today)
        assert {one.outcome for one in again} <= {Outcome.DUPLICATE}


def _only_taken_ones_change(
    arrivals: Sequence[Arrival],
    before: Mapping[Period, tuple[str, ...]],
    after: Mapping[Period, tuple[str, ...]],
) -> None:
    for month in {*before, *after}:
        taken = [one for one in arrivals if one.outcome in TAKEN and one.returned.claims == month]
        new, gone = ({*x.get(month, ())} - {*y.get(month, ())} for x, y in ((after, before), (before, after)))
        assert new <= {one.returned.digest for one in taken}
        assert gone <= {digest for one in taken for digest in one.supersedes}
        # A month that had a return has one ever after.
        assert after.get(month) or not before.get(month)
