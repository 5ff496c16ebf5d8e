"""A report made again: the same to the byte, or exactly what differs and why."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from kpi_engine.automation import rerun as again
from kpi_engine.automation.audit import read_log
from kpi_engine.automation.audit_text import rerun_json, rerun_text
from kpi_engine.automation.difference import first_difference
from kpi_engine.automation.purge import purge
from kpi_engine.automation.rerun import rerun
from kpi_engine.cli import app
from kpi_engine.errors import KpiError
from kpi_engine.terms.period import Period
from tests.automation.months import on, state
from tests.automation.reported import copy

if TYPE_CHECKING:
    from pathlib import Path

    from kpi_engine.automation.settings import Settings

JUNE, JULY, AUGUST = (Period.parse(f"2024-0{n}") for n in (6, 7, 8))


@pytest.fixture
def root(tmp_path: Path) -> Settings:
    return copy(tmp_path)


@pytest.mark.parametrize(("month", "revision"), [(JUNE, 1), (JULY, 1), (JULY, 2), (AUGUST, 1)])
def test_every_report_is_the_same_again_whatever_came_after_it(
    root: Settings, month: Period, revision: int
) -> None:
    before = state(root.root)
    made = rerun(root, read_log(root.audit), month, revision=revision)
    assert made.different == ()
    assert made.folder == f"out/{month}/r{revision}"
    assert set(made.same) == set(made.files)
    assert set(made.same) | set(made.not_made) == {p.name for p in (root.root / made.folder).iterdir()}
    assert "The same, byte for byte: 4 files." in rerun_text(made)
    assert state(root.root) == before


def test_the_last_report_is_made_again_where_none_is_named(root: Settings) -> None:
    assert rerun(root, read_log(root.audit), JULY).folder == "out/2024-07/r2"


def test_what_was_reported_and_is_lost_comes_back_to_the_byte(root: Settings, tmp_path: Path) -> None:
    lost = root.out / "2024-07" / "r2" / "iro-service-2024-07.html"
    content = lost.read_bytes()
    lost.unlink()
    config = ["--config", str(root.root / "kpi.toml")]
    done = CliRunner().invoke(app, ["rerun", "2024-07", *config, "--out", str(tmp_path / "again")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "again" / lost.name).read_bytes() == content
    refused = CliRunner().invoke(
        app, ["rerun", "2024-07", *config, "--out", str(root.out / "2024-07" / "r2")]
    )
    assert refused.exit_code == 2
    assert not lost.exists()


def test_after_a_purge_each_difference_is_told_with_its_reason(root: Settings) -> None:
    purge(root, JULY, who="analyst", at=on("2024-10-01"))
    made = rerun(root, read_log(root.audit), AUGUST)
    different = {one.file: one.where for one in made.different}
    assert set(different) == {"check.json", "iro-service-2024-08.html", "iro-service-2024-08.json"}
    assert different["check.json"][0].startswith("First in line ")
    assert "  returns_2024-06.xlsx was purged on 2024-10-01 (entry 4)" in made.because
    text = rerun_text(made)
    assert "3 of 4 files differ." in text
    assert all(len(line) <= 80 for line in text.splitlines())
    assert {one["file"] for one in json.loads(rerun_json(made))["different"]} == set(different)
    command = ["rerun", "2024-08", "--config", str(root.root / "kpi.toml")]
    assert CliRunner().invoke(app, command).exit_code == 1


def test_figures_are_the_same_though_earlier_returns_were_purged(root: Settings) -> None:
    purge(root, JULY, who="analyst", at=on("2024-10-01"))
    made = rerun(root, read_log(root.audit), AUGUST)
    then = json.loads((root.out / "2024-08" / "r1" / "check.json").read_bytes())["measures"]
    now = json.loads(made.files["check.json"])["measures"]
    assert [{**one, "evidence": []} for one in now] == [{**one, "evidence": []} for one in then]


def _refused(root: Settings, month: Period, *, revision: int | None = None) -> str:
    with pytest.raises(KpiError) as error:
        rerun(root, read_log(root.audit), month, revision=revision)
    (found,) = error.value.findings
    assert found.code == "A148"
    return found.message


def test_what_was_never_reported_cannot_be_made_again(root: Settings) -> None:
    assert _refused(root, Period.parse("2023-01")) == "2023-01 was never reported."
    assert _refused(root, JULY, revision=3) == "Of 2024-07 there are r1, r2, and not that one."


def test_a_report_whose_own_returns_are_gone_cannot_be_made_again(root: Settings) -> None:
    (kept,) = (root.processed / "2024-08").rglob("returns_2024-08.xlsx")
    kept.write_bytes(kept.read_bytes() + b"\0")
    assert "returns_2024-08.xlsx is not in the archive as it was kept" in _refused(root, AUGUST)
    purge(root, JULY, who="analyst", at=on("2024-10-01"))
    assert "returns_2024-06.xlsx was purged on 2024-10-01 (entry 4)" in _refused(root, JUNE)


def test_what_it_was_made_from_must_be_as_it_was(root: Settings) -> None:
    run_file = root.out / "2024-08" / "r1" / "run.json"
    content = run_file.read_bytes()
    run_file.write_bytes(content.replace(b"analyst", b"somebody") + b"\n")
    assert "run.json of out/2024-08/r1" in _refused(root, AUGUST)
    run_file.write_bytes(content)
    (rules,) = root.rules_kept.iterdir()
    boards = rules / "boards.yaml"
    boards.write_bytes(boards.read_bytes() + b"# a word\n")
    assert "The rules in rules-kept/" in _refused(root, AUGUST)


def test_versions_that_are_others_now_are_told(root: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rerun(root, read_log(root.audit), JULY).because == ()
    monkeypatch.setattr(again, "python", lambda: "3.99.0")
    (because,) = rerun(root, read_log(root.audit), JULY).because
    assert because.endswith(", now 3.99.0.")


# ── Where files differ first ─────────────────────────────────────────────────


def test_a_text_differs_first_in_a_line() -> None:
    assert first_difference("a.csv", b"1\n2\n3\n", b"1\nx\n3\n") == (
        "First in line 2 of 4:",
        "was 2",
        "now x",
    )
    assert first_difference("a.html", b"1", b"1\n2") == (
        "First in line 2 of 1:",
        "was (no such line)",
        "now 2",
    )
    assert first_difference("a.json", b"\xff", b"\xfe") == ("In bytes that are no text.",)


def _zip(**parts: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        for name, content in parts.items():
            packed.writestr(zipfile.ZipInfo(name), content)
    return made.getvalue()


def test_a_workbook_differs_first_in_a_part() -> None:
    was = _zip(a=b"1", b=b"2")
    assert first_difference("a.xlsx", was, _zip(a=b"1", b=b"3")) == ("First in the part b.",)
    assert first_difference("a.docx", was, _zip(a=b"1")) == ("The part b is not there now.",)
    assert first_difference("a.docx", was, _zip(a=b"1", aa=b"", b=b"2")) == ("The part aa was not there.",)
    packed_otherwise = ("Every part is the same; they are packed otherwise.",)
    assert first_difference("a.xlsx", was, _zip(b=b"2", a=b"1")) == packed_otherwise
    no_workbook = ("One of the two is no workbook or document that can be opened.",)
    assert first_difference("a.xlsx", was, b"PK") == no_workbook


def _pdf(*pages: str) -> bytes:
    typst = pytest.importorskip("typst")
    source = "#set document(date: none)\n" + "#pagebreak()\n".join(pages)
    made: bytes = typst.compile(source.encode(), format="pdf")
    return made


def test_a_pdf_differs_first_on_a_page() -> None:
    was = _pdf("One", "Two", "Three")
    assert first_difference("a.pdf", was, _pdf("One", "Two", "Drei")) == ("First on page 3 of 3.",)
    assert first_difference("a.pdf", was, _pdf("One", "Two")) == ("It has 2 pages; it had 3.",)
    assert first_difference("a.pdf", was, b"%PDF-1.7") == ("Its pages cannot be told apart here.",)
    other = was.replace(b"/Lang", b"/Lanx") if b"/Lang" in was else was + b"\n"
    links = ("Every page shows the same; links, fonts or properties are otherwise.",)
    assert first_difference("a.pdf", was, other) == links
