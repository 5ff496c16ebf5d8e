"""Hostile returns, names and links do nothing: what they say is text wherever a run writes it."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import socket
import sqlite3
import stat
import sys
import unicodedata
import zipfile
from contextlib import closing
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb
import pikepdf
import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from kpi_engine.automation import run as run_module
from kpi_engine.automation.settings import read_settings
from kpi_engine.automation.verify import verify
from kpi_engine.cli import app
from kpi_engine.errors import KpiError
from tests.automation.hostile import (
    CANARY,
    MARKED_UP,
    NAMES,
    UNPRINTABLE,
    hostile_return,
    texts_of,
    with_members_outside,
)
from tests.automation.months import INPUTS, drop, root_at, run_at, started
from tests.automation.test_notice import shape
from tests.reports.board.test_html import Page
from tests.reports.board.test_pdf import read as read_pdf

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other disks allow fewer names")
BOARDS: Final = """boards = ["divisional-management-team", "corporate-parenting-advisory-committee"]
[mail]
host = "127.0.0.1"
port = 1
sender = "kpi@council.example"
to = ["board@council.example"]
"""
BROKEN: Final = b"PK\x03\x04"
ABROAD: Final = "\u754c" * 83 + ".xlsx"
"""A name of 254 bytes, of a return that can be read and is refused for its council."""
EARLY, AGAIN = f"<b>{UNPRINTABLE}", f"<i>{UNPRINTABLE}"
SEPTEMBER: Final = "out/2024-09/r1/divisional-management-team-2024-09"
"""The pack of those who may see everything, on the hostile return."""


@dataclass(frozen=True)
class After:
    """What a run over a hostile inbox left; `said` is what it printed, `dropped` what lay in the inbox."""

    root: Path
    said: str
    dropped: Mapping[str, bytes]
    elsewhere: tuple[Mapping[str, bytes], Mapping[str, bytes]]

    def written(self, ending: str) -> Sequence[Path]:
        """The files that the run made, by their ending; there is one at least."""
        found = [
            path
            for path in sorted(self.root.rglob(f"*{ending}"))
            if path.is_file() and path.name not in self.dropped and "rules-kept" not in path.parts
        ]
        assert found, ending
        return found


def tree(top: Path, without: str = "") -> Mapping[str, bytes]:
    """All that lies in a folder, less one below it: its kind, mode and bytes; links are not followed."""
    found = {}
    for path in sorted(top.rglob("*")):
        name = path.relative_to(top).as_posix()
        if not without or not f"{name}/".startswith(f"{without}/"):
            mode = path.lstat().st_mode
            found[name] = b"%o " % mode + (path.read_bytes() if stat.S_ISREG(mode) else b"")
    return found


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> After:
    top = tmp_path_factory.mktemp("hostile")
    (top / "inner").mkdir()
    (top / "evil.txt").write_text("as it was")
    root = root_at(top / "inner/root")
    drop(root, "2024-07")
    run_at(root, "2024-08-10")
    settings = root / "kpi.toml"
    settings.write_text(settings.read_text().partition("boards")[0] + BOARDS)
    inbox = root / "inbox"
    hostile_return(inbox / MARKED_UP, {"Replaces the file": f"../../<script>{CANARY}"})
    hostile_return(inbox / ABROAD, {"Authority": f"=1+1 <script> {CANARY}"})
    hostile_return(inbox / "improper.xlsx", {}, proper=False)
    with_members_outside(inbox / "members.xlsx", INPUTS / "returns_2024-09.xlsx")
    for month, name in (("2024-08", UNPRINTABLE), ("2024-10", EARLY), ("2024-07", AGAIN)):
        drop(root, month, name)
    for name in NAMES:
        (inbox / name).write_bytes(BROKEN)
    dropped = {path.name: path.read_bytes() for path in inbox.iterdir()}
    before = tree(top, "inner/root")
    done = started(root, "2024-10-12")
    said = done.communicate()[0].decode()
    assert done.returncode == 0, said
    return After(root, said, dropped, (before, tree(top, "inner/root")))


# ── Where files come to lie ──────────────────────────────────────────────────

OWN: Final = (
    r"kpi\.toml|audit\.jsonl|history\.sqlite|log/kpi\.jsonl|work/lock|rules-kept/[0-9a-f]{12}/[\w/.-]+",
    r"out/(latest\.json|results\.(csv|parquet)|notice\.(md|json))",
    r"out/2024-0[789]/r1/(run\.json|check\.json|notice\.(md|json)|[\w-]+-2024-(0[89]|25-Q2)\.\w+)",
    r"outbox/\d{8}T\d{6}-[0-9a-f]{12}\.eml",
    r"processed/2024-07/[0-9a-f]{12}/returns_2024-07(\.marked)?\.xlsx",
)
ARCHIVE: Final = r"processed/2024-0[89]/[0-9a-f]{12}|refused/2024-10-12/2-\d+-[0-9a-f]{12}"


def test_files_lie_in_their_places_and_nothing_outside_is_touched(after: After) -> None:
    before, now = after.elsewhere
    assert now == before
    kept: dict[str, str] = {}
    for path in after.root.rglob("*"):
        place = path.relative_to(after.root).as_posix()
        if path.is_dir() or any(re.fullmatch(pattern, place) for pattern in OWN):
            continue
        folder = path.parent.relative_to(after.root).as_posix()
        assert folder == "inbox" or re.fullmatch(ARCHIVE, folder), place
        if path.name in after.dropped:
            assert path.name not in kept
            assert path.read_bytes() == after.dropped[path.name]
            kept[path.name] = folder.partition("/")[0]
        else:
            assert len({one.name for one in path.parent.iterdir()} & set(after.dropped)) == 1
            assert path.name == "why.txt" or path.name.endswith(".marked.xlsx"), place
    stay = {name for name in NAMES if name.startswith(".") or "\\" in name} | {EARLY}
    assert len(stay) == 5
    taken = dict.fromkeys((MARKED_UP, UNPRINTABLE), "processed")
    assert (
        kept == dict.fromkeys(set(after.dropped) - {AGAIN}, "refused") | dict.fromkeys(stay, "inbox") | taken
    )
    assert verify(read_settings(after.root / "kpi.toml")).findings == ()


# ── What the packs say ───────────────────────────────────────────────────────


def bare(text: str) -> str:
    """The letters and marks that a text shows on any page, whatever its lines, fonts and writer."""
    return "".join(letter for letter in text if "!" <= letter <= "~")


def commentary() -> Sequence[str]:
    """The texts of the commentary as its writer sees them, `_x001B_` being one character."""
    sheet = load_workbook(INPUTS / "returns_2024-09.xlsx")["Commentary"]
    coded = re.compile(r"_x([0-9A-F]{4})_")
    return [bare(coded.sub(lambda code: chr(int(code[1], 16)), text)) for text in texts_of(sheet).values()]


def xml_of(path: Path) -> Iterator[tuple[str, str]]:
    """The name and text of every part of a package that is no picture."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith((".xml", ".rels", ".vml")):
                yield name, archive.read(name).decode()
            else:
                assert re.fullmatch(r".*\.(png|svg|jpe?g)", name), name


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, held in value.items():
            yield from (key, *strings(held))
    elif isinstance(value, list):
        for held in value:
            yield from strings(held)


def cells_of(path: Path) -> Iterator[str]:
    for page in load_workbook(path).worksheets:
        for row in page.iter_rows(values_only=True):
            yield from (cell for cell in row if isinstance(cell, str))


def words_of(path: Path) -> str:
    """What a pack shows, letter by letter."""
    match path.suffix:
        case ".html":
            return "".join(Page(path.read_text("utf-8")).texts)
        case ".docx":
            text = dict(xml_of(path))["word/document.xml"]
            said = "".join(re.findall(r"<w:t(?: [^>]*)?>([^<]*)</w:t>", text))
            return said.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
        case ".xlsx":
            return "".join(cells_of(path))
        case ".json":
            return "".join(strings(json.loads(path.read_bytes())))
        case ".pdf":
            return read_pdf(path.read_bytes()).whole
    raise AssertionError(path)


@pytest.mark.parametrize("ending", ["html", "docx", "xlsx", "json", "pdf"])
def test_every_text_of_the_commentary_is_shown_as_it_was_written(after: After, ending: str) -> None:
    shown = bare(words_of(after.root / f"{SEPTEMBER}.{ending}"))
    texts = commentary()
    assert len(texts) == 92
    assert [text for text in texts if text not in shown] == []
    assert bare(MARKED_UP) in shown
    assert "=Workforce!A9" in shown


def test_pages_run_nothing_and_ask_for_nothing(after: After) -> None:
    for path in after.written(".html"):
        html = path.read_text("utf-8")
        page = Page(html)
        banned = {"script", "link", "img", "iframe", "object", "embed", "base", "form", "image", "use"}
        assert {tag for tag, _ in page.tags}.isdisjoint(banned)
        names = {name for _, held in page.tags for name in held}
        assert not {name for name in names if name.startswith("on") or name in {"src", "srcset", "style"}}
        assert all(held["href"].startswith("#") for _, held in page.tags if "href" in held)
        assert len(page.all("style")) == html.count("<!") == 1
        (policy,) = [held["content"] for held in page.all("meta") if "http-equiv" in held]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")


def test_word_files_hold_no_field_and_no_link_to_elsewhere(after: After) -> None:
    for path in after.written(".docx"):
        for name, text in xml_of(path):
            assert not re.search(
                r'TargetMode="External"|<w:(instrText|altChunk|object|attachedTemplate)', text
            )
            fields = re.findall(r'w:instr="([^"]*)"', text)
            assert {field.strip() for field in fields} <= (
                {"PAGE", "NUMPAGES"} if "footer" in name else set()
            )
            assert all(re.search(r" w:anchor=", link) and "r:id" not in link for link in links_in(text))


def links_in(text: str) -> Sequence[str]:
    return re.findall(r"<(?:w:)?hyperlink [^>]*>", text)


def test_excel_files_hold_no_formula_and_no_link(after: After) -> None:
    for path in after.written(".xlsx"):
        if path.name.endswith(".marked.xlsx"):
            continue
        for name, text in xml_of(path):
            assert not re.search(r'<f[ >]|TargetMode="External"|<ddeLink|<oleLink|<hyperlink', text), name
            assert "externalLink" not in name
        with closing(load_workbook(path)) as book:
            kinds = {cell.data_type for page in book for row in page.iter_rows() for cell in row}
        assert kinds <= {"s", "n", "d"}


def test_pdf_files_hold_no_action(after: After) -> None:
    for path in after.written(".pdf"):
        with pikepdf.open(path) as pdf:
            for one in pdf.objects:
                if isinstance(one, pikepdf.Dictionary):
                    assert {"/AA", "/URI", "/JS", "/OpenAction", "/EF", "/AcroForm"}.isdisjoint(one)
                    assert one.get("/Subtype") != "/Link" or ("/Dest" in one and "/A" not in one)


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would run the cell; a number is none, and `'` makes a text of it."""
    text = cell.lstrip()
    return text[:1] in set("=+-@\uff1d\uff0b\uff0d\uff20\t") and not re.fullmatch(r"-?\d+(\.\d+)?", text)


def test_no_cell_of_a_csv_file_is_a_formula(after: After) -> None:
    for path in after.written(".csv"):
        rows = list(csv.reader(io.StringIO(path.read_text("utf-8"), newline="")))
        assert len({len(row) for row in rows}) == 1
        assert [cell for row in rows for cell in row if is_formula(cell)] == []
    leads = (after.root / f"{SEPTEMBER}.csv").read_text("utf-8")
    assert "'=cmd|' /C calc'!A0" in leads
    assert f"'{MARKED_UP}, " in (after.root / "out/results.csv").read_text("utf-8")


def test_the_parquet_file_says_what_the_csv_file_says(after: After) -> None:
    with duckdb.connect() as connection:
        read = connection.execute(
            "SELECT files FROM read_parquet(?)", [str(after.root / "out/results.parquet")]
        )
        files = [row[0] or "" for row in read.fetchall()]
    with (after.root / "out/results.csv").open(encoding="utf-8", newline="") as file:
        assert files == [row["files"] for row in csv.DictReader(file)]


# ── What tells of the run ────────────────────────────────────────────────────


def unprintable(text: str) -> set[str]:
    """What a terminal or an editor obeys, in a text of lines."""
    return {
        letter
        for letter in text.replace("\n", "")
        if unicodedata.category(letter) in {"Cc", "Cf", "Zl", "Zp"}
    }


def test_notices_and_letters_are_text_alone(after: After) -> None:
    for path in after.written("notice.md"):
        text = path.read_text("utf-8")
        assert unprintable(text) == set()
        assert "<" not in text.replace("‹", "")
        assert {part.partition(" ")[0] for part in shape(text)}.isdisjoint(
            {"html_block", "link_open", "image"}
        )
        assert json.loads(path.with_suffix(".json").read_bytes())["markdown"] == text
    (letter,) = after.written(".eml")
    read = message_from_bytes(letter.read_bytes(), policy=default)
    wanted = {"Date", "Message-ID", "Subject", "Auto-Submitted", "MIME-Version"}
    assert set(read.keys()) == wanted | {"Content-Type", "Content-Transfer-Encoding"}
    assert read.get_content_type() == "text/plain"
    notice = (after.root / "out/notice.md").read_text("utf-8")
    assert read.get_content().replace("\r\n", "\n") == notice


def test_what_is_printed_moves_no_terminal(after: After) -> None:
    assert unprintable(after.said) == set()
    for path in after.written("why.txt"):
        text = path.read_text("utf-8")
        assert unprintable(text) == set()
        assert len(text.splitlines()) % 2 == 0
    for words in ([], ["2024-08"], ["2024-09"]):
        done = CliRunner().invoke(app, ["audit", "show", *words, "--config", str(after.root / "kpi.toml")])
        assert done.exit_code == 0
        assert unprintable(done.output) == set()
        assert not words or "xcod" in done.output or "onerror" in done.output


def test_files_of_the_run_are_whole_json(after: After) -> None:
    for path in after.written(".json"):
        json.loads(path.read_bytes())
    for name in ("audit.jsonl", "log/kpi.jsonl"):
        lines = (after.root / name).read_text("utf-8").split("\n")
        assert lines.pop() == ""
        told = [json.loads(line) for line in lines]
        if name.startswith("log"):
            words = [text for line in told for text in strings(line)]
            assert [word for word in words if not re.fullmatch(r"[\w:.+-]+", word, re.ASCII)] == []
        else:
            assert {one["file"] for entry in told for one in entry["taken"]} >= {
                MARKED_UP,
                UNPRINTABLE,
                AGAIN,
            }


def test_the_history_holds_names_of_files_as_they_are(after: After) -> None:
    with closing(sqlite3.connect(after.root / "history.sqlite")) as history:
        assert history.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        dump = "\n".join(history.iterdump())
    assert MARKED_UP in dump
    assert not re.search("zq[a-z]{2}qz", dump)


def test_marked_copies_add_nothing_that_runs(after: After) -> None:
    copies = after.written(".marked.xlsx")
    assert len(copies) == 3
    for path in copies:
        (source,) = [one for one in path.parent.iterdir() if one != path and one.suffix == ".xlsx"]
        old = dict(xml_of(source))
        for name, text in xml_of(path):
            for runs in (r"<f[ >]", 'TargetMode="External"', "<externalReference", "<ddeLink"):
                assert len(re.findall(runs, text)) == len(re.findall(runs, old.get(name, "")))
            assert all(re.search(r" location=\"'", link) and "r:id" not in link for link in links_in(text))
        (listed,) = [text for name, text in xml_of(path) if re.search(r"/findings\d*\.xml$", name)]
        assert set(re.findall(r' t="(\w+)"', listed)) == {"inlineStr"}


# ── What stands nowhere ──────────────────────────────────────────────────────


def contents(path: Path) -> Iterator[bytes]:
    """A file, and what is packed in it."""
    yield path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from map(archive.read, archive.namelist())
    elif path.suffix == ".pdf":
        yield read_pdf(path.read_bytes()).whole.encode()
        with pikepdf.open(path) as pdf:
            yield str(pdf.docinfo).encode() + bytes(pdf.Root.Metadata.read_bytes())


def test_a_word_of_a_case_sheet_is_in_no_output(after: After) -> None:
    assert CANARY not in after.said.casefold()
    planted = [
        path.relative_to(after.root).as_posix()
        for path in after.root.rglob("*")
        if path.is_file() and any(CANARY.encode() in part.lower() for part in contents(path))
    ]
    own = ("processed/2024-09/", "refused/2024-10-12/")
    assert len(planted) == 5
    assert all(name.startswith(own) and name.endswith(".xlsx") for name in planted), planted


# ── Links and other things in the inbox ──────────────────────────────────────


@pytest.fixture(scope="module")
def july(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root in which July is reported; tests copy it."""
    root = root_at(tmp_path_factory.mktemp("july") / "root")
    drop(root, "2024-07")
    run_at(root, "2024-08-10")
    return root


@pytest.fixture
def root(july: Path, tmp_path: Path) -> Path:
    """July is reported; beside the root lies what nobody may touch or read."""
    copy = tmp_path / "root"
    shutil.copytree(july, copy)
    secret = tmp_path / "elsewhere"
    secret.mkdir()
    shutil.copyfile(INPUTS / "returns_2024-08.xlsx", secret / "returns_2024-08.xlsx")
    (secret / "precious.txt").write_text("precious")
    (secret / "precious.txt").chmod(0o644)
    return copy


def test_nothing_in_the_inbox_but_files_is_taken(root: Path) -> None:
    elsewhere, inbox = root.parent / "elsewhere", root / "inbox"
    links = {"a.xlsx": elsewhere / "returns_2024-08.xlsx", "b.xlsx": elsewhere, "c.xlsx": elsewhere / "gone"}
    links |= {"d.xlsx": Path("/etc/passwd"), "e.xlsx": root / "audit.jsonl", "f.xlsx": Path("f.xlsx")}
    for name, target in links.items():
        (inbox / name).symlink_to(target)
    (inbox / "g.xlsx").mkdir()
    shutil.copyfile(INPUTS / "returns_2024-08.xlsx", inbox / "g.xlsx/returns_2024-08.xlsx")
    os.mkfifo(inbox / "h.xlsx")
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(os.path.relpath(inbox / "i.xlsx"))  # a long path is too long for a socket
    (inbox / "\udcff.xlsx").write_bytes(BROKEN)  # a name that is not UTF-8
    (inbox / "j.xlsx").hardlink_to(elsewhere / "precious.txt")
    before = tree(elsewhere)
    ran = run_at(root, "2024-09-10")
    assert ran.entry is not None
    assert [(one.file, one.outcome) for one in ran.entry.taken] == [("j.xlsx", "refused")]
    left = [(f"{n}.xlsx", "A164") for n in "abcdefghi"]
    assert [(one.file, one.code) for one in ran.told.waiting] == [*left, ("\\udcff.xlsx", "A163")]
    assert tree(elsewhere) == before
    assert sorted(path.name for path in inbox.iterdir()) == [f"{n}.xlsx" for n in "abcdefghi\udcff"]
    assert verify(read_settings(root / "kpi.toml")).findings == ()


@pytest.mark.parametrize("moment", ["take_in", "_record"])
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_file_swapped_during_the_run_is_not_followed(
    root: Path, monkeypatch: pytest.MonkeyPatch, moment: str, kind: str
) -> None:
    path = drop(root, "2024-08")
    elsewhere = root.parent / "elsewhere"
    before = tree(elsewhere)
    act = getattr(run_module, moment)

    def swapped(*words: object) -> object:
        path.unlink()
        if kind == "link":
            path.symlink_to(elsewhere / "returns_2024-08.xlsx")
        elif kind == "pipe":
            os.mkfifo(path)
        else:
            path.mkdir()
        return act(*words)

    monkeypatch.setattr(run_module, moment, swapped)
    ran = run_at(root, "2024-09-10")
    assert tree(elsewhere) == before
    assert path.is_symlink() or not path.is_file()
    if moment == "take_in":
        assert ran.entry is None
        assert [one.code for one in ran.told.waiting] == ["A152"]
    else:
        assert [one.code for one in ran.found] == ["A109"]
        assert ran.entry is not None


# ── Links where a run writes ─────────────────────────────────────────────────

REPLACED: Final = (
    *("work/staged", "work/spent", "work/in", "work/manifest.json.part", "out/latest.json", "out/notice.md"),
    *("out/notice.json", "out/results.csv", "out/results.csv.part", "out/results.parquet", "log/kpi.jsonl"),
    *("out/results.parquet.part", "processed/2024-08.part", "out/2024-08.part"),
)
REFUSED: Final = (
    ("out/2024-08", "processed/2024-08", "refused/2024-09-10"),
    *(("out/2024-08/r1",), ("audit.jsonl",), ("work/lock",), ("work/manifest.json",)),
)
"""Links that a run refuses together."""


def planted(root: Path, places: Iterable[str], to: str) -> Mapping[str, bytes]:
    """Links at the places, to a copy of what stood there; and what lies where they lead."""
    for number, place in enumerate(places):
        path, target = root / place, root.parent / f"elsewhere/{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if to == "file":
            target.write_bytes(path.read_bytes() if path.is_file() else b"precious")
        elif to == "folder":
            (target / "inner").mkdir(parents=True)
        if path.is_file():
            path.unlink()
        path.symlink_to(target)
    return tree(root.parent / "elsewhere")


@pytest.mark.parametrize("to", ["file", "folder", "nothing"])
def test_links_in_the_way_of_a_run_are_replaced_and_not_written_through(root: Path, to: str) -> None:
    before = planted(root, REPLACED, to)
    drop(root, "2024-08")
    done = started(root, "2024-09-10")
    said = done.communicate()[0].decode()
    assert done.returncode == 0, said
    assert tree(root.parent / "elsewhere") == before
    left = [place for place in REPLACED if (root / place).is_symlink()]
    assert left == ["log/kpi.jsonl", "processed/2024-08.part", "out/2024-08.part"]


@pytest.mark.parametrize("to", ["file", "folder", "nothing"])
def test_links_that_would_lead_a_report_elsewhere_stop_the_run_until_they_are_gone(
    root: Path, to: str
) -> None:
    drop(root, "2024-08")
    (root / "inbox/broken.xlsx").write_bytes(BROKEN)
    log = (root / "audit.jsonl").read_bytes()
    for places in REFUSED:
        shutil.rmtree(root.parent / "elsewhere")
        (root.parent / "elsewhere").mkdir()
        before = planted(root, places, to)
        with pytest.raises(KpiError) as told:
            run_at(root, "2024-09-10")
        assert len(told.value.findings) == len(places)
        assert tree(root.parent / "elsewhere") == before, places
        for place in places:
            assert (root / place).is_symlink()
            (root / place).unlink()
        (root / "audit.jsonl").write_bytes(log)
    ran = run_at(root, "2024-09-10")
    assert ran.entry is not None
    assert len(ran.entry.taken) == 2
    assert verify(read_settings(root / "kpi.toml")).findings == ()


def test_folders_that_the_settings_name_may_be_links(root: Path) -> None:
    for name in ("out", "processed", "inbox"):
        shutil.move(root / name, root.parent / name)
        (root / name).symlink_to(root.parent / name)
    drop(root, "2024-08")
    ran = run_at(root, "2024-09-10")
    assert ran.entry is not None
    assert (root.parent / "out/2024-08/r1/run.json").is_file()
    assert verify(read_settings(root / "kpi.toml")).findings == ()
