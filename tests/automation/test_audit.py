"""The audit log and its proof: what is changed afterwards is found, and nothing where nothing is."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from kpi_engine.automation.audit import (
    Entry,
    Kind,
    Output,
    Recorded,
    Reported,
    Taken,
    archived,
    line_of,
    read_log,
    sealed,
)
from kpi_engine.automation.audit_text import log_json, log_text, month_json, month_text
from kpi_engine.automation.settings import read_settings
from kpi_engine.automation.verify import Proof, verify
from kpi_engine.cli import app
from kpi_engine.errors import KpiError
from kpi_engine.history.export import export_csv
from kpi_engine.history.file import open_history
from kpi_engine.terms.finding import Severity
from kpi_engine.terms.period import Period
from tests.automation.months import drop, root_at, run_at
from tests.automation.reported import by_hand, chained, copy, three_runs, written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kpi_engine.automation.settings import Settings

_DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
_TEXTS = st.text(
    st.characters(exclude_categories=()), max_size=12
)  # lone surrogates too, as in names of files
_OUTPUTS = st.lists(st.builds(Output, _TEXTS, _DIGESTS), max_size=2).map(tuple)
_SOME = st.lists(_DIGESTS, max_size=2).map(tuple)
_NUMBERS = st.integers(0, 9)
_MONTHS = st.sampled_from(["2023-12", "2024-01"])
_TAKEN = st.builds(Taken, _TEXTS, _DIGESTS, st.none() | _MONTHS, _TEXTS, _TEXTS, _SOME, _OUTPUTS)
_RECORDED = st.builds(Recorded, _TEXTS, _MONTHS, _NUMBERS, _NUMBERS, _SOME, _DIGESTS)
_REPORTED = st.builds(
    Reported,
    authority=_TEXTS,
    period=_MONTHS,
    revision=_NUMBERS,
    recalculation=_NUMBERS,
    cause=_TEXTS,
    because=_TEXTS,
    folder=_TEXTS,
    verdicts=st.dictionaries(_TEXTS, st.integers(0, 99), max_size=2),
    outputs=_OUTPUTS,
    returned=_SOME,
    history_run=_NUMBERS,
    rules_kept=_TEXTS,
    recorded=st.lists(_RECORDED, max_size=1).map(tuple),
)


@st.composite
def _logs(draw: st.DrawFn) -> tuple[Entry, ...]:
    day = datetime(2024, 4, 1, tzinfo=UTC)
    return chained(
        [
            Entry(
                number=n,
                at=(day + timedelta(days=n)).isoformat(),
                who=draw(_TEXTS),
                kind=draw(st.sampled_from(Kind)),
                engine=draw(_TEXTS),
                rulebook=draw(_TEXTS),
                taken=draw(st.lists(_TAKEN, max_size=1).map(tuple)),
                reported=draw(st.lists(_REPORTED, max_size=1).map(tuple)),
                removed=draw(_OUTPUTS),
            )
            for n in range(1, draw(st.integers(2, 7)) + 1)
        ]
    )


def _faults(content: bytes) -> list[tuple[int | None, str]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "audit.jsonl")
        path.write_bytes(content)
        return [(one.line, one.code) for one in read_log(path).faults]


# ── The log by itself ────────────────────────────────────────────────────────


@given(_logs())
def test_a_log_is_read_as_it_was_written(entries: tuple[Entry, ...]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = read_log(written(Path(folder, "audit.jsonl"), entries))
    assert log.entries == entries
    assert log.faults == ()
    assert log.head == entries[-1].hash


@given(_logs(), st.data())
def test_a_changed_byte_is_found(entries: tuple[Entry, ...], data: st.DataObject) -> None:
    content = bytearray(b"".join(map(line_of, entries)))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] = (content[at] + data.draw(st.integers(1, 255))) % 256
    assert _faults(bytes(content))


@given(_logs(), st.data())
def test_bytes_put_in_or_taken_out_are_found(entries: tuple[Entry, ...], data: st.DataObject) -> None:
    content = b"".join(map(line_of, entries))
    at = data.draw(st.integers(0, len(content) - 1))
    put_in = data.draw(st.binary(max_size=3))
    changed = content[:at] + put_in + content[at + data.draw(st.integers(0, 3)) :]
    whole_lines = {b"".join(map(line_of, entries[:n])) for n in range(len(entries) + 1)}
    assume(changed not in whole_lines)
    assert _faults(changed)


@given(_logs(), st.data())
def test_lines_in_another_order_are_found(entries: tuple[Entry, ...], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(entries))
    assume(tuple(shuffled) != entries)
    assert {code for _, code in _faults(b"".join(map(line_of, shuffled)))} == {"A137"}


@given(_logs(), st.data())
def test_a_line_taken_out_is_told_where_it_was(entries: tuple[Entry, ...], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(entries) - 2))
    left = entries[:at] + entries[at + 1 :]
    assert _faults(b"".join(map(line_of, left))) == [(at + 1, "A134")]


@given(_logs(), st.data())
def test_a_line_put_in_is_told(entries: tuple[Entry, ...], data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(entries) - 1))
    forged = sealed(replace(entries[at], who="somebody else"), entries[at - 1].hash)
    assume(forged != entries[at])
    put_in = (*entries[:at], forged, *entries[at:])
    codes = [code for _, code in _faults(b"".join(map(line_of, put_in)))]
    assert codes == ["A136"]


@given(_logs(), st.data())
def test_a_line_twice_is_told(entries: tuple[Entry, ...], data: st.DataObject) -> None:
    which = data.draw(st.integers(0, len(entries) - 1))
    at = data.draw(st.integers(which + 1, len(entries)))
    doubled = (*entries[:at], entries[which], *entries[at:])
    assert _faults(b"".join(map(line_of, doubled))) == [(at + 1, "A138")]


def _line(number: int, change: Callable[[Entry], Entry]) -> bytes:
    entries = by_hand()
    return b"".join(line_of(change(one) if one.number == number else one) for one in entries)


def _earlier_clock() -> bytes:
    *most, last = by_hand()
    return b"".join(map(line_of, chained([*most, replace(last, at="2020-01-01T00:00:00+00:00")])))


_FAULTS: dict[str, tuple[Callable[[], bytes], list[tuple[int, str]]]] = {
    "nothing": (lambda: b"".join(map(line_of, by_hand())), []),
    "another name in a line": (lambda: _line(2, lambda one: replace(one, who="me")), [(2, "A131")]),
    "another hash": (lambda: _line(2, lambda one: replace(one, hash="0" * 64)), [(2, "A131")]),
    "a line sealed anew": (
        lambda: _line(2, lambda one: sealed(replace(one, who="me"), one.previous)),
        [(3, "A135")],
    ),
    "no object": (lambda: b"[]\n" + b"".join(map(line_of, by_hand()[1:])), [(1, "A132")]),
    "an empty line": (lambda: b"".join(map(line_of, by_hand())) + b"\n", [(5, "A132")]),
    "blanks in a line": (
        lambda: b"".join(map(line_of, by_hand())).replace(b'"number":2', b'"number": 2'),
        [(2, "A132")],
    ),
    "a key more": (
        lambda: b"".join(map(line_of, by_hand())).replace(b'"number":2', b'"note":"","number":2'),
        [(2, "A132")],
    ),
    "a number as text": (
        lambda: b"".join(map(line_of, by_hand())).replace(b'"number":2', b'"number":"2"'),
        [(2, "A132")],
    ),
    "no end of the last line": (lambda: b"".join(map(line_of, by_hand()))[:-1], [(4, "A133")]),
    "two lines gone": (lambda: b"".join(map(line_of, (by_hand()[0], by_hand()[3]))), [(2, "A134")]),
    "the first line gone": (lambda: b"".join(map(line_of, by_hand()[1:])), [(1, "A134")]),
    "numbers that jump": (
        lambda: b"".join(map(line_of, chained([replace(one, number=2 * one.number) for one in by_hand()]))),
        [(1, "A139"), (2, "A139"), (3, "A139"), (4, "A139")],
    ),
    "the clock set back": (_earlier_clock, [(4, "A140")]),
    "deeper than can be read": (lambda: b"[" * 100_000 + b"\n", [(1, "A132")]),
    "no text": (lambda: b"\xff\xfe\n", [(1, "A132")]),
}


@pytest.mark.parametrize("what", _FAULTS)
def test_each_fault_is_told_once_and_where_it_is(what: str) -> None:
    content, told = _FAULTS[what]
    assert _faults(content()) == told


def test_a_clock_set_back_breaks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(_earlier_clock())
    assert [one.severity for one in read_log(path).faults] == [Severity.FLAG]


def test_no_file_is_a_log_without_entries(tmp_path: Path) -> None:
    log = read_log(tmp_path / "audit.jsonl")
    assert (log.entries, log.faults, log.head) == ((), (), "0" * 64)


def test_a_log_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").mkdir()
    with pytest.raises(KpiError) as error:
        read_log(tmp_path / "audit.jsonl")
    assert [one.code for one in error.value.findings] == ["A130"]


def test_what_was_purged_is_archived_no_more(tmp_path: Path) -> None:
    log = read_log(written(tmp_path / "audit.jsonl", by_hand()))
    assert [one.digest[0] for one in archived(log)] == ["b", "c"]


# ── What is there, held against the log ──────────────────────────────────────


def _codes(proof: Proof) -> set[str]:
    return {one.code for one in proof.findings}


@pytest.fixture
def root(tmp_path: Path) -> Settings:
    return copy(tmp_path)


def test_what_nobody_touched_is_whole(root: Settings) -> None:
    proof = verify(root)
    assert proof.findings == ()
    assert proof.whole
    assert (proof.entries, proof.returns, proof.records) == (3, 5, 4)


def test_a_root_without_runs_is_whole(tmp_path: Path) -> None:
    assert verify(read_settings(root_at(tmp_path / "root") / "kpi.toml")).findings == ()


_NOT_PROVED = {"notice.md", "notice.json", "results.parquet"}
"""On top of `out`: written anew from what is proved, and in no entry."""


_NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # a proof takes a second


def _proved() -> Sequence[str]:
    root = three_runs()
    files = [
        p
        for top in ("out", "processed", "refused", "rules-kept")
        for p in (root / top).rglob("*")
        if p.is_file()
    ]
    log = read_log(root / "audit.jsonl")
    said = {one.file for entry in log.entries for taken in entry.taken for one in taken.beside}
    names = [path.relative_to(root).as_posix() for path in files]
    silent = {name for name in names if (".marked." in name or name.endswith("why.txt")) and name not in said}
    return sorted(
        name for name in names if name.removeprefix("out/") not in _NOT_PROVED and name not in silent
    )


_HOW: dict[str, Callable[[Path], object]] = {
    "changed": lambda path: path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:]),
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "lengthened": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "removed": lambda path: path.unlink(),
}


def _named(name: str) -> str:
    """What is told where the file is tampered with: of the rules, the folder."""
    return "/".join(Path(name).parts[:2]) if name.startswith("rules-kept/") else name


@pytest.mark.parametrize("how", _HOW)
def test_every_file_tampered_with_is_found_and_named(root: Settings, how: str) -> None:
    names = _proved()
    for name in names:
        _HOW[how](root.root / name)
    proof = verify(root)
    assert {_named(name) for name in names} - {one.file for one in proof.findings} == set()


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], phases=_NO_SHRINKING)
@given(data=st.data())
def test_one_file_tampered_with_is_found_and_no_other(root: Settings, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([one for one in _proved() if one != "out/latest.json"]))
    path = root.root / name
    content = path.read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    changed = bytes([content[at] ^ data.draw(st.integers(1, 255))])
    try:
        path.write_bytes(content[:at] + changed + content[at + 1 :])
        proof = verify(root)
    finally:
        path.write_bytes(content)
    assert {one.file for one in proof.findings} == {_named(name)}
    assert not proof.whole


def test_a_pointer_to_another_report_is_found(root: Settings) -> None:
    latest = root.out / "latest.json"
    latest.write_bytes(latest.read_bytes().replace(b"out/2024-08/r1", b"out/2024-07/r1"))
    assert [(one.code, one.file) for one in verify(root).findings] == [("A143", "out/latest.json")]


def test_a_link_to_the_same_bytes_is_found(root: Settings, tmp_path: Path) -> None:
    pack = root.out / "2024-07" / "r1" / "iro-service-2024-07.html"
    pack.rename(tmp_path / "away.html")
    pack.symlink_to(tmp_path / "away.html")
    assert [(one.code, one.file) for one in verify(root).findings] == [("A143", root.relative(pack))]


@pytest.mark.parametrize(
    "folder", ["out", "out/2024-07/r1", "out/2024-10", "processed/2024-06", "refused/x/y"]
)
def test_a_file_that_no_entry_names_is_found(root: Settings, folder: str) -> None:
    (root.root / folder).mkdir(parents=True, exist_ok=True)
    (root.root / folder / "pack.html").write_text("a pack", encoding="utf-8")
    assert [one.code for one in verify(root).findings] == ["A144"]
    assert not verify(root).whole


def test_what_file_managers_leave_behind_is_told_and_breaks_nothing(root: Settings) -> None:
    (root.out / "Thumbs.db").write_bytes(b"")
    proof = verify(root)
    assert [(one.code, one.severity) for one in proof.findings] == [("A144", Severity.FLAG)]
    assert proof.whole


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_log_whose_end_was_cut_off_is_found(root: Settings, left: int) -> None:
    lines = root.audit.read_bytes().splitlines(keepends=True)
    root.audit.write_bytes(b"".join(lines[:left]))
    assert read_log(root.audit).faults == ()  # by itself it is a whole log
    proof = verify(root)
    assert not proof.whole
    assert "A141" in _codes(proof)
    assert "out/latest.json" in {one.file for one in proof.findings}


def test_a_report_ahead_of_the_log_shows_the_cut_though_latest_json_was_put_back(root: Settings) -> None:
    lines = root.audit.read_bytes().splitlines(keepends=True)
    root.audit.write_bytes(b"".join(lines[:2]))
    latest = json.loads((root.out / "latest.json").read_bytes())
    latest["audit"]["head"] = read_log(root.audit).head
    (root.out / "latest.json").write_text(json.dumps(latest), encoding="utf-8")
    told = [one for one in verify(root).findings if one.code == "A141"]
    assert {one.file for one in told} == {"out/2024-08"}


def test_a_log_sealed_anew_is_found_by_the_heads_that_later_reports_carry(root: Settings) -> None:
    entries = list(read_log(root.audit).entries)
    better = replace(entries[0].reported[0], verdicts={"pass": 23})
    entries[0] = replace(entries[0], reported=(better, *entries[0].reported[1:]))
    forged = chained(entries)
    written(root.audit, forged)
    latest = json.loads((root.out / "latest.json").read_bytes())
    latest["audit"]["head"] = forged[-1].hash
    (root.out / "latest.json").write_text(json.dumps(latest), encoding="utf-8")
    assert read_log(root.audit).faults == ()
    proof = verify(root)
    assert not proof.whole
    assert _codes(proof) == {"A141"}


def test_a_log_made_anew_with_all_its_files_is_found_by_a_pack_that_was_handed_out(
    root: Settings, tmp_path: Path
) -> None:
    handed_out = root.out / "2024-08" / "r1" / "iro-service-2024-08.html"
    again = root_at(tmp_path / "again")
    drop(again, "2024-06")
    run_at(again, "2024-08-12")
    drop(again, "2024-08")
    run_at(again, "2024-09-12")
    forged = _settings_of(again)
    assert verify(forged).whole
    proof = verify(forged, pack=handed_out)
    assert not proof.whole
    assert _codes(proof) == {"A141"}


def _settings_of(root: Path) -> Settings:
    return read_settings(root / "kpi.toml")


def test_every_pack_is_known_again_byte_for_byte(root: Settings, tmp_path: Path) -> None:
    for name in ("iro-service-2024-07.html", "iro-service-2024-07.csv", "check.json"):
        away = tmp_path / f"from the post {name}"
        shutil.copy(root.out / "2024-07" / "r1" / name, away)
        proof = verify(root, pack=away)
        assert proof.whole
        assert f"out/2024-07/r1/{name}, byte for byte as entry 1 wrote it" in proof.said


@pytest.mark.parametrize(("ending", "whole"), [("html", False), ("json", False), ("txt", True)])
def test_a_pack_changed_since_is_of_this_log_and_not_as_written(
    root: Settings,
    tmp_path: Path,
    ending: str,
    whole: bool,  # noqa: FBT001  (a case)
) -> None:
    source = root.out / "2024-07" / "r2" / f"iro-service-2024-07.{'json' if ending == 'json' else 'html'}"
    away = tmp_path / f"pack.{ending}"
    away.write_text(source.read_text(encoding="utf-8").replace("July", "Julie", 1), encoding="utf-8")
    proof = verify(root, pack=away)
    assert proof.said == f"{away.name} carries the head that entry 2 follows: it is from this log."
    assert _codes(proof) == {"A143"}
    assert proof.whole is whole


def test_a_head_from_paper_is_known_or_not(root: Settings) -> None:
    head = read_log(root.audit).entries[1].hash
    assert "entry 2" in verify(root, head=head).said
    assert _codes(verify(root, head="1" * 64)) == {"A141"}
    assert _codes(verify(root, head="0" * 64)) == {"A141"}  # a log without entries has it: no proof


def test_a_pack_without_a_head_proves_nothing(root: Settings, tmp_path: Path) -> None:
    (tmp_path / "pack.html").write_text("<p>no head</p>", encoding="utf-8")
    assert _codes(verify(root, pack=tmp_path / "pack.html")) == {"A141"}


# ── The history ──────────────────────────────────────────────────────────────


def _in_history(root: Settings, *statements: str) -> None:
    with closing(sqlite3.connect(root.history)) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM months WHERE period = '2024-07' AND revision = 1",
        "UPDATE months SET revision = 9 WHERE period = '2024-06'",
        "UPDATE returns SET digest = replace(digest, substr(digest, 1, 1), 'f') WHERE period = '2024-08'",
        "UPDATE runs SET rulebook = 'x'",
        "UPDATE runs SET engine = 'x'",
        "UPDATE runs SET at = '2020-01-01T00:00:00+00:00'",
    ],
)
def test_a_history_tampered_with_is_found(root: Settings, statement: str) -> None:
    _in_history(root, statement)
    assert _codes(verify(root)) & {"A145", "H103"}
    assert not verify(root).whole


def test_another_figure_in_the_history_is_found(root: Settings) -> None:
    _in_history(root, "UPDATE measurements SET low_numerator = '1' WHERE period = '2024-07'")
    assert {one.file for one in verify(root).findings} == {"out/results.csv", "history.sqlite"}


def test_another_figure_is_found_where_the_history_was_exported_since(root: Settings) -> None:
    _in_history(root, "UPDATE measurements SET low_numerator = '1' WHERE period = '2024-07'")
    with open_history(root.history) as history:
        export_csv(history, root.out / "results.csv")
    assert "has other figures" in " ".join(one.message for one in verify(root).findings)


def test_a_history_that_is_gone_is_found(root: Settings) -> None:
    root.history.unlink()
    assert _codes(verify(root)) == {"A145"}


def test_a_record_made_by_hand_is_told_and_breaks_nothing(root: Settings) -> None:
    _in_history(
        root,
        "INSERT INTO months SELECT NULL, authority, '2024-05', 1, 0, run, returned, validated, 0 FROM months"
        " WHERE period = '2024-06'",
    )
    proof = verify(root)
    told = [(one.code, one.severity, one.file) for one in proof.findings]
    assert told == [("A146", Severity.FLAG, "history.sqlite")]
    assert proof.whole


def test_a_run_that_was_cut_off_is_told(root: Settings) -> None:
    (root.work / "manifest.json").write_text("{}", encoding="utf-8")
    proof = verify(root)
    assert _codes(proof) == {"A147"}
    assert proof.whole


# ── What is printed ──────────────────────────────────────────────────────────


def test_the_log_in_words(tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    log = read_log(written(tmp_path / "audit.jsonl", by_hand()))
    text = log_text(log, file="audit.jsonl")
    assert all(len(line) <= 80 for line in text.splitlines())
    golden("audit_log.txt", text)


def test_a_month_in_words(tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    log = read_log(written(tmp_path / "audit.jsonl", by_hand()))
    text = month_text(log, Period.parse("2024-09"))
    assert all(len(line) <= 80 for line in text.splitlines())
    golden("audit_2024-09.txt", text)


def test_json_holds_every_digest_whole(tmp_path: Path) -> None:
    log = read_log(written(tmp_path / "audit.jsonl", by_hand()))
    assert [one["hash"] for one in json.loads(log_json(log))] == [entry.hash for entry in log.entries]
    month = json.loads(month_json(log, Period.parse("2024-09")))
    assert [one["returned"] for one in month["reports"]] == [["a" * 64], ["c" * 64]]
    assert [one["file"] for one in month["others_taken"]] == ["notes.xlsx"]
    assert [one["entry"] for one in month["purged"]] == [4]


def test_the_commands_tell_whole_from_broken_by_their_code(root: Settings) -> None:
    config = ["--config", str(root.root / "kpi.toml")]
    runner = CliRunner()
    whole = runner.invoke(app, ["audit", "verify", *config])
    assert (whole.exit_code, whole.stdout.split(".")[0]) == (0, "Whole")
    assert runner.invoke(app, ["audit", "verify", *config, "--head", "12"]).exit_code == 2
    assert runner.invoke(app, ["audit", "verify", "--config", str(root.root / "no.toml")]).exit_code == 2
    shown = runner.invoke(app, ["audit", "show", "2024-07", *config])
    assert shown.exit_code == 0
    assert "2024-07 r2, revised" in shown.stdout
    assert runner.invoke(app, ["audit", "show", "2024/25", *config]).exit_code == 2
    (root.out / "2024-07" / "r1" / "check.json").unlink()
    broken = runner.invoke(app, ["audit", "verify", *config])
    assert (broken.exit_code, broken.stdout.split(":")[0]) == (1, "Broken")
    assert "out/2024-07/r1/check.json: A142" in broken.stderr
