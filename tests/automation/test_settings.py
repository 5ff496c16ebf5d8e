"""kpi.toml: what it may say, and every fault at once with its line."""

from __future__ import annotations

import os
import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.automation.settings import (
    Mail,
    Security,
    Settings,
    held_against,
    read_settings,
    settings_of_flags,
    with_flags,
)
from kpi_engine.automation.settings_file import Given, GivenMail, read_given
from kpi_engine.errors import KpiError
from kpi_engine.reports.board.pack import PackFormat
from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.terms.period import Period

RULES = Path(__file__).parents[2] / "rules"
VARIABLE = "KPI_MAIL_PASSWORD"
MAIL = '[mail]\nhost = "smtp.council.example"\nsender = "kpi@council.example"\nto = ["a@council.example"]\n'


def settings(folder: Path, text: str) -> Settings:
    config = folder / "kpi.toml"
    config.write_bytes(text.encode())
    return read_settings(config)


def faults(folder: Path, text: str) -> list[str]:
    """Each fault as `line:column code message`."""
    with pytest.raises(KpiError) as raised:
        settings(folder, text)
    assert all(one.file == str(folder / "kpi.toml") for one in raised.value.findings)
    return [f"{one.line}:{one.column} {one.code} {one.message}" for one in raised.value.findings]


def test_an_empty_file_gives_every_default(tmp_path: Path) -> None:
    read = settings(tmp_path, "")
    assert read.root == tmp_path
    assert [read.relative(path) for path in (*read.folders, read.history, read.audit)] == [
        *("inbox", "out", "processed", "refused", "rules-kept", "log", "work", "outbox"),
        *("history.sqlite", "audit.jsonl"),
    ]
    assert (read.boards, read.formats, read.authority, read.first_month) == ((), (), "", None)
    assert (read.rest, read.allow_missing_commentary, read.mail, read.rules) == (60, False, None, None)
    assert read.who


def test_every_setting_arrives(tmp_path: Path) -> None:
    read = settings(
        tmp_path,
        'inbox = "post/in"\nrules = "our-rules"\nboards = ["iro-service"]\nformats = ["html", "docx"]\n'
        'authority = "E09000014"\nfirst_month = "2024-04"\nrest = 0\nallow_missing_commentary = true\n'
        'who = "Performance team"\n'
        "[meetings]\niro-service = [2025-07-17, 2025-04-17, '2025-10-16']\n"
        f'{MAIL}security = "tls"\nuser = "kpi"\npassword_env = "KPI_MAIL_PASSWORD"\n',
    )
    assert (read.inbox, read.rules) == (tmp_path / "post/in", tmp_path / "our-rules")
    assert (read.boards, read.formats) == (("iro-service",), (PackFormat.HTML, PackFormat.WORD))
    assert (read.authority, read.first_month) == ("E09000014", Period.parse("2024-04"))
    assert (read.rest, read.allow_missing_commentary, read.who) == (0, True, "Performance team")
    assert dict(read.meetings) == {"iro-service": (date(2025, 4, 17), date(2025, 7, 17), date(2025, 10, 16))}
    assert read.mail == Mail(
        host="smtp.council.example",
        port=465,
        sender="kpi@council.example",
        to=("a@council.example",),
        security=Security.TLS,
        user="kpi",
        password_env=VARIABLE,
    )


def test_mail_goes_by_starttls_on_587_unless_told_otherwise(tmp_path: Path) -> None:
    mail = settings(tmp_path, MAIL).mail
    assert mail is not None
    assert (mail.security, mail.port) == (Security.STARTTLS, 587)


def test_a_file_saved_by_notepad_is_read(tmp_path: Path) -> None:
    assert settings(tmp_path, '\ufeffrest = 5\r\nwho = "A"\r\n').rest == 5


def test_all_faults_are_told_at_once_each_with_its_line(tmp_path: Path) -> None:
    text = """\
# Ours
in_box = "in"
  rest = "soon"
formats = [
  "html",
  "docs",
]
first_month = "2024"
[meetings]
iro-service = ["17 April"]
[mail]
host = "a b"
port = 0
sender = "me"
to = []
who = "A"
"""
    assert faults(tmp_path, text) == [
        "2:1 A122 There is no setting in_box; did you mean inbox?",
        "3:3 A123 rest wants a whole number, without quotes.",
        "4:1 A123 formats.1 is not one of html, pdf, docx, xlsx, json, csv; did you mean docx?",
        '8:1 A123 first_month is not a month; write it in quotes, such as "2024-04".',
        "10:1 A123 meetings.iro-service.0 is not a day; write year-month-day, such as 2025-04-17.",
        "12:1 A123 mail.host is not the name of a host, such as smtp.council.example.",
        "13:1 A123 mail.port is less than 1.",
        "14:1 A123 mail.sender is not a plain mail address, such as kpi@council.example.",
        "15:1 A123 mail.to wants at least one.",
        "16:1 A122 There is no setting mail.who; who is a setting of the whole file: write it above [mail].",
    ]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("rest = \n", 1, ""),
        ("# Ours\nrest = 1\nrest = 2\n", 3, ""),
        ("boards = [", 1, ""),
        ('inbox = "C:\\data"', 1, "; a path with \\ stands in single quotes: 'C:\\returns'"),
        ("x = " + "[" * 30_000, None, ""),
        ("#" * 70_000, None, "it is larger than 64,000 bytes"),
    ],
)
def test_what_is_not_toml_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int | None, said: str
) -> None:
    (told,) = faults(tmp_path, text)
    assert told.endswith(f"{said}.")
    assert " A121 The settings are not TOML: " in told
    assert told.startswith(f"{line}:")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "kpi.toml").write_bytes(b'who = "\xff"')
    with pytest.raises(KpiError, match="not UTF-8"):
        read_settings(tmp_path / "kpi.toml")


@pytest.mark.parametrize("what", ["nothing", "folder", "pipe"])
def test_a_file_that_cannot_be_read_is_told_and_not_waited_for(tmp_path: Path, what: str) -> None:
    config = tmp_path / "kpi.toml"
    if what == "folder":
        config.mkdir()
    if what == "pipe":
        os.mkfifo(config)
    with pytest.raises(KpiError) as raised:
        read_settings(config)
    assert [one.code for one in raised.value.findings] == ["A120"]


def test_a_list_that_names_one_twice_is_refused(tmp_path: Path) -> None:
    assert faults(tmp_path, 'boards = ["a", "a"]') == ["1:1 A123 boards names a twice."]


@pytest.mark.parametrize("half", ['user = "kpi"', 'password_env = "P"'])
def test_a_user_without_a_password_is_refused(tmp_path: Path, half: str) -> None:
    (told,) = faults(tmp_path, MAIL + half)
    assert told.startswith(f"5:1 A123 mail.{half.partition(' ')[0]} stands without")


def test_a_password_has_no_place_in_the_file(tmp_path: Path) -> None:
    (told,) = faults(tmp_path, f'{MAIL}password = "hidden"\n')
    assert told.startswith("5:1 A122")
    assert "hidden" not in told


@pytest.mark.parametrize("text", [r"a\nBcc: x@y.example", r"\u0000", " ", "~/inbox"])
def test_a_place_that_is_no_place_is_refused(tmp_path: Path, text: str) -> None:
    (told,) = faults(tmp_path, f'inbox = "{text}"')
    assert told.startswith("1:1 A123 inbox")


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("host", r"smtp.example\r\nQUIT"),
        ("sender", r"a@b.example\nBcc: c@d.example"),
        ("sender", "Kpi <a@b.example>"),
        ("sender", "a@b.example,c@d.example"),
        ("user", r"a\u0000b"),
        ("password_env", "A B"),
    ],
)
def test_nothing_can_be_smuggled_into_the_mail(tmp_path: Path, key: str, text: str) -> None:
    given = {"host": "h.example", "sender": "a@b.example", "user": "u", "password_env": "P"} | {key: text}
    table = "".join(f'{name} = "{value}"\n' for name, value in given.items())
    (told,) = faults(tmp_path, f'[mail]\nto = ["a@b.example"]\n{table}')
    assert f"A123 mail.{key}" in told


# ── Places ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('out = "inbox"', "1:1 A125 out is the same place as inbox."),
        ('out = "./x/../INBOX/"', "1:1 A125 out is the same place as inbox."),
        ('inbox = "processed/in"', "1:1 A125 inbox lies inside processed."),
        ('rest = 1\nhistory = "out/h.sqlite"', "2:1 A125 history lies inside out."),
        ('audit = "history.sqlite"', "1:1 A125 audit is the same place as history."),
        ('rules = "work/rules"', "1:1 A125 rules lies inside work."),
        ('history = "kpi.toml"', "1:1 A125 kpi.toml is the same place as history."),
    ],
)
def test_no_place_serves_two_or_lies_in_another(tmp_path: Path, text: str, said: str) -> None:
    assert faults(tmp_path, text) == [said]


def test_the_folder_of_the_settings_itself_is_no_inbox(tmp_path: Path) -> None:
    told = faults(tmp_path, 'inbox = "."')
    assert "1:1 A125 kpi.toml lies inside inbox." in told


def test_a_link_to_another_folder_is_the_same_place(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "inbox").symlink_to(tmp_path / "real")
    assert faults(tmp_path, 'out = "real"') == ["1:1 A125 out is the same place as inbox."]


def test_names_that_begin_alike_are_two_places(tmp_path: Path) -> None:
    assert settings(tmp_path, 'out = "inbox-2"').out == tmp_path / "inbox-2"


def test_files_and_folders_are_not_mistaken_for_each_other(tmp_path: Path) -> None:
    (tmp_path / "inbox").write_text("", encoding="utf-8")
    (tmp_path / "audit.jsonl").mkdir()
    assert faults(tmp_path, "") == [
        "None:None A123 inbox is a file, not a folder.",
        "None:None A123 audit is a folder, not a file.",
    ]


def test_paths_are_told_from_the_root_or_as_they_were_written(tmp_path: Path) -> None:
    root = tmp_path / "kpi"
    root.mkdir()
    read = settings(root, f'inbox = "../shared/in"\nout = "{tmp_path.as_posix()}/papers"\nlog = "{root}/log"')
    assert read.relative(read.inbox / "a.xlsx") == "../shared/in/a.xlsx"
    assert read.relative(read.out / "2024-04/r1") == f"{tmp_path.as_posix()}/papers/2024-04/r1"
    assert read.relative(read.log / "kpi.jsonl") == "log/kpi.jsonl"
    assert read.relative(tmp_path / "elsewhere/b.xlsx") == "b.xlsx"


def test_flags_stand_in_for_what_the_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, here = tmp_path / "kpi", tmp_path / "here"
    root.mkdir()
    here.mkdir()
    read = settings(root, 'inbox = "../old-in"\nboards = ["iro-service"]')
    monkeypatch.chdir(here)
    changed = with_flags(read, inbox=Path("in"), boards=["scrutiny-committee"])
    assert (changed.inbox, changed.boards) == (here / "in", ("scrutiny-committee",))
    assert (changed.out, changed.history) == (read.out, read.history)
    assert changed.relative(changed.inbox / "a.xlsx") == "in/a.xlsx"
    assert tmp_path / "old-in" not in changed.outside
    assert with_flags(read) == read


def test_flags_that_collide_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KpiError, match="out is the same place as inbox"):
        with_flags(settings(tmp_path, ""), out=tmp_path / "inbox")


def test_a_run_by_flags_alone_keeps_everything_beside_out(tmp_path: Path) -> None:
    read = settings_of_flags(inbox=tmp_path / "in", out=tmp_path / "kpi/papers", boards=["iro-service"])
    assert (read.root, read.out, read.boards) == (
        *(tmp_path / "kpi", tmp_path / "kpi/papers"),
        ("iro-service",),
    )
    assert read.history == tmp_path / "kpi/history.sqlite"
    with pytest.raises(KpiError, match="lies inside"):
        settings_of_flags(inbox=tmp_path / "kpi/papers/in", out=tmp_path / "kpi/papers")


def test_boards_and_council_are_held_against_the_rules(tmp_path: Path) -> None:
    rulebook = load_rulebook(RULES)
    text = 'boards = ["iro-servise"]\nauthority = "E0"\n[meetings]\niro-service = [2025-04-17]\nnobody = []\n'
    assert [one.message for one in held_against(settings(tmp_path, text), rulebook)] == [
        "boards names iro-servise, which the rules do not know; did you mean iro-service?",
        "meetings names nobody, which the rules do not know.",
        "authority names E0, which the rules do not know.",
    ]
    assert held_against(settings(tmp_path, ""), rulebook) == ()


# ── Whatever stands in it ────────────────────────────────────────────────────

_VALUES = st.one_of(
    st.integers().map(str),
    st.sampled_from(
        ["true", "[]", "{}", "2024-01-01", "1.5", '["a"]', "[[1]]", '"""a\nb = 1\n"""', "{a = 1}"]
    ),
    st.text(st.characters(codec="ascii", exclude_categories=["C"], exclude_characters='"\\')).map(
        '"{}"'.format
    ),
)
_KEYS = st.one_of(
    st.sampled_from([*Given.model_fields, *GivenMail.model_fields]),
    st.from_regex(r"[a-z_-]{1,12}", fullmatch=True),
)
_LINES = st.one_of(
    st.tuples(_KEYS, _VALUES).map(" = ".join),
    st.sampled_from(["", "# said", "[mail]", "[meetings]", "[[mail]]", "[a.b]", "mail.port = 1"]),
)


@given(st.lists(_LINES, max_size=12).map("\n".join))
def test_any_text_is_read_or_refused_with_lines_that_hold_the_key(text: str) -> None:
    folder = Path(tempfile.gettempdir(), f"kpi-settings-{os.getpid()}")
    folder.mkdir(exist_ok=True)
    config = folder / "kpi.toml"
    config.write_text(text, encoding="utf-8")
    _, places, found = read_given(config)
    lines = text.split("\n")
    for key, (line, _) in places.items():
        assert any(part in lines[line - 1] for part in key)
    for one in found:
        assert one.code in {"A121", "A122", "A123"}
        assert one.line is None or 1 <= one.line <= len(lines) + 1
