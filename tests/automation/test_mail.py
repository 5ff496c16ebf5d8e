"""Notices by mail, against a real host: encrypted, at least once, and never in the way of a run."""

from __future__ import annotations

import hashlib
import re
import socket
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import TYPE_CHECKING

import pytest

from kpi_engine.automation import mail as mail_module
from kpi_engine.automation.mail import Posted, letter, post
from kpi_engine.automation.notice import notice_md, subject_of
from kpi_engine.automation.settings import Mail, Security, Settings, settings_of_flags
from tests.automation.mail_host import PASSWORD, USER, Taken, certificate, host
from tests.automation.test_notice import FULL, HEAD, NOTHING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["certificate"]
VARIABLE = "KPI_TEST_MAIL"
IDENTITY = hashlib.sha256(f"{HEAD} 2024-06-17T05:00:00+00:00".encode()).hexdigest()[:32]
OTHER = replace(NOTHING, at="2024-06-18T05:00:00+00:00", head="cd" * 32)


@pytest.fixture
def settings(tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with mail, on a machine that trusts the host's certificate; one letter waits."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    read = settings_of_flags(inbox=tmp_path / "inbox", out=tmp_path / "out")
    to = ("a@council.example", "b@council.example")
    mail = Mail("localhost", 0, "kpi@council.example", to, Security.STARTTLS, "", "")
    put(read := replace(read, mail=mail))
    return read


def put(settings: Settings) -> None:
    assert settings.mail is not None
    settings.outbox.mkdir(exist_ok=True)
    name, raw = letter(settings.mail, FULL)
    (settings.outbox / name).write_bytes(raw)


def to_port(  # noqa: PLR0913  (what one test or another changes)
    settings: Settings,
    port: int,
    security: Security = Security.STARTTLS,
    *,
    host: str = "localhost",
    user: str = "",
    password_env: str = "",
) -> Settings:
    assert settings.mail is not None
    mail = replace(
        settings.mail, host=host, port=port, security=security, user=user, password_env=password_env
    )
    return replace(settings, mail=mail)


def waiting(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.outbox.iterdir())


def why(posted: Posted) -> str:
    (found,) = posted.findings
    assert found.code == "A126"
    assert (posted.sent, posted.waiting) == (0, 1)
    return found.message


def opened(raw: bytes) -> EmailMessage:
    read = message_from_bytes(raw, policy=default)
    assert isinstance(read, EmailMessage)
    return read


@pytest.mark.parametrize("security", Security)
def test_a_notice_arrives_whole_by_an_encrypted_way(
    settings: Settings, certificate: Path, security: Security
) -> None:
    taken = Taken()
    with host(certificate, taken, tls=security is Security.TLS) as port:
        assert post(to_port(settings, port, security)) == Posted(1, 0, ())
        assert post(to_port(settings, port, security)) == Posted(0, 0, ())
    ((sender, to, raw),) = taken.letters
    assert (sender, to) == ("kpi@council.example", ["a@council.example", "b@council.example"])
    read = opened(raw)
    assert dict(read.items()) == {
        "Date": "Mon, 17 Jun 2024 05:00:00 +0000",
        "Message-ID": f"<{IDENTITY}.kpi@council.example>",
        "Subject": subject_of(FULL),
        "Auto-Submitted": "auto-generated",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "quoted-printable",
        "MIME-Version": "1.0",
        "From": "kpi@council.example",
        "To": "a@council.example, b@council.example",
    }
    assert read.get_content().replace("\r\n", "\n") == notice_md(FULL)
    assert waiting(settings) == []


def test_the_same_notice_gives_the_same_letter(settings: Settings) -> None:
    assert settings.mail is not None
    assert letter(settings.mail, FULL) == letter(settings.mail, FULL)
    name, raw = letter(settings.mail, FULL)
    assert name == "20240617T050000-abababababab.eml"
    assert b"To:" not in raw
    assert all(len(line) <= 78 for line in raw.decode("ascii").split("\r\n\r\n")[0].split("\r\n"))


def test_the_user_logs_in_with_the_password_of_the_environment(
    settings: Settings, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)
    taken = Taken()
    with host(certificate, taken, login=True) as port:
        assert post(to_port(settings, port, user=USER, password_env=VARIABLE)).sent == 1
    assert taken.users == [USER]


def test_a_wrong_password_is_told_without_the_password(
    settings: Settings, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "wrong-password")
    with host(certificate, Taken(), login=True) as port:
        posted = post(to_port(settings, port, user=USER, password_env=VARIABLE))
    assert why(posted) == "A notice waits in the outbox: the host did not take the user and password."
    assert "wrong-password" not in str(posted)


def test_without_the_password_no_host_is_called(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    posted = post(to_port(settings, 1, user=USER, password_env=VARIABLE))
    assert why(posted).endswith(f"the environment variable {VARIABLE} holds no password.")


# ── Encryption or nothing ────────────────────────────────────────────────────


@pytest.mark.parametrize("security", Security)
def test_a_certificate_that_nobody_vouches_for_gets_no_letter(
    settings: Settings, certificate: Path, monkeypatch: pytest.MonkeyPatch, security: Security
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    taken = Taken()
    with host(certificate, taken, tls=security is Security.TLS) as port:
        posted = post(to_port(settings, port, security))
    assert why(posted).endswith("the host's certificate is not one to trust.")
    assert taken.letters == []


def test_a_certificate_of_another_host_gets_no_letter(settings: Settings, certificate: Path) -> None:
    taken = Taken()
    with host(certificate, taken) as port:
        posted = post(to_port(settings, port, host="127.0.0.1"))
    assert why(posted).endswith("not one to trust.")
    assert taken.letters == []


def test_a_host_that_offers_no_encryption_gets_no_letter(settings: Settings) -> None:
    taken = Taken()
    with host(None, taken) as port:
        assert why(post(to_port(settings, port))).endswith("the host offers no encryption, or no login.")
    assert taken.letters == []


# ── A host that fails ────────────────────────────────────────────────────────


def test_a_host_that_is_away_is_told_and_tried_again(settings: Settings, certificate: Path) -> None:
    before = waiting(settings)
    assert why(post(to_port(settings, 1))).endswith("connection refused.")
    assert waiting(settings) == before
    taken = Taken()
    with host(certificate, taken) as port:
        assert post(to_port(settings, port)).sent == 1
    assert len(taken.letters) == 1


def test_a_host_of_no_name_is_told(settings: Settings) -> None:
    posted = post(to_port(settings, 25, host="no-such-host.invalid"))
    assert why(posted).endswith(("there is no host of that name.", "the host does not answer."))


def test_a_host_that_never_answers_does_not_hold_a_run_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_module, "_PATIENCE", 0.2)
    with socket.create_server(("localhost", 0)) as silent:
        posted = post(to_port(settings, silent.getsockname()[1]))
    assert why(posted).endswith("the host does not answer.")


@pytest.mark.parametrize("answer", ["451 later, see https://evil.example", "554 no\x1b[31m"])
def test_what_the_host_says_is_not_repeated(settings: Settings, certificate: Path, answer: str) -> None:
    with host(certificate, Taken(say=[answer])) as port:
        assert why(post(to_port(settings, port))).endswith(f"the host answered with {answer[:3]}.")
    assert len(waiting(settings)) == 1


def test_a_letter_taken_for_some_addresses_is_not_sent_to_them_twice(
    settings: Settings, certificate: Path
) -> None:
    taken = Taken(unknown=frozenset({"b@council.example"}))
    with host(certificate, taken) as port:
        posted = post(to_port(settings, port))
    assert (posted.sent, posted.waiting, [one.code for one in posted.findings]) == (1, 0, ["A128"])
    assert [to for _, to, _ in taken.letters] == [["a@council.example"]]


def test_no_address_taken_is_no_letter_sent(settings: Settings, certificate: Path) -> None:
    with host(certificate, Taken(unknown=frozenset({"a@council.example", "b@council.example"}))) as port:
        assert why(post(to_port(settings, port))).endswith("the host took none of the addresses.")


def test_letters_leave_oldest_first_and_one_that_fails_keeps_the_later(
    settings: Settings, certificate: Path
) -> None:
    assert settings.mail is not None
    name, raw = letter(settings.mail, OTHER)
    (settings.outbox / name).write_bytes(raw)
    taken = Taken(say=["250", "451 later"])
    with host(certificate, taken) as port:
        posted = post(to_port(settings, port))
        assert (posted.sent, posted.waiting) == (1, 1)
        assert [opened(raw)["Message-ID"] for _, _, raw in taken.letters] == [
            f"<{IDENTITY}.kpi@council.example>"
        ]
        assert waiting(settings) == [name]


def test_a_letter_sent_twice_is_known_by_its_id(settings: Settings, certificate: Path) -> None:
    taken = Taken()
    with host(certificate, taken) as port:
        post(to_port(settings, port))
        put(settings)  # as if a run had been killed before the letter was removed
        post(to_port(settings, port))
    first, second = (opened(raw) for _, _, raw in taken.letters)
    assert first["Message-ID"] == second["Message-ID"]
    assert first.as_bytes() == second.as_bytes()


def test_a_corrected_address_holds_for_letters_that_wait(settings: Settings, certificate: Path) -> None:
    assert settings.mail is not None
    taken = Taken()
    corrected = replace(settings, mail=replace(settings.mail, to=("new@council.example",)))
    with host(certificate, taken) as port:
        post(to_port(corrected, port))
    ((_, to, raw),) = taken.letters
    assert (to, opened(raw)["To"]) == (["new@council.example"], "new@council.example")


# ── What lies in the outbox ──────────────────────────────────────────────────


def test_what_is_no_letter_is_left_there_and_told(
    settings: Settings, certificate: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    (settings.outbox / "20240617T050000-000000000000.eml").symlink_to(tmp_path / "secret")
    (settings.outbox / "notes.txt").write_text("x", encoding="utf-8")
    (settings.outbox / ".half.part").write_text("x", encoding="utf-8")
    taken = Taken()
    with host(certificate, taken) as port:
        posted = post(to_port(settings, port))
    assert (posted.sent, [one.code for one in posted.findings]) == (1, ["A127"])
    assert posted.findings[0].message.startswith("2 files")
    assert not any(b"secret" in raw for _, _, raw in taken.letters)
    assert len(waiting(settings)) == 3


def test_headers_put_into_a_letter_do_not_choose_who_gets_it(settings: Settings, certificate: Path) -> None:
    (path,) = settings.outbox.iterdir()
    path.write_bytes(b"Bcc: evil@elsewhere.example\r\nTo: evil@elsewhere.example\r\n" + path.read_bytes())
    taken = Taken()
    with host(certificate, taken) as port:
        post(to_port(settings, port))
    ((_, to, raw),) = taken.letters
    assert to == ["a@council.example", "b@council.example"]
    assert b"evil" not in raw


def test_text_from_outside_adds_no_header(settings: Settings) -> None:
    assert settings.mail is not None
    hostile = "x\r\nBcc: evil@elsewhere.example\r\n\r\nbody"
    told = replace(FULL, council=hostile, folder=hostile, changes=(hostile,), exceptions=(hostile,))
    head = letter(settings.mail, told)[1].decode("ascii").split("\r\n\r\n")[0]
    assert re.findall(r"^([\w-]+):", head, re.MULTILINE) == [
        *("Date", "Message-ID", "Subject", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding"),
        "MIME-Version",
    ]


def test_without_mail_settings_nothing_leaves(settings: Settings) -> None:
    assert post(replace(settings, mail=None)) == Posted(0, 0, ())
    assert len(waiting(settings)) == 1


def test_an_outbox_that_is_not_there_is_empty(settings: Settings, tmp_path: Path) -> None:
    assert post(replace(settings, outbox=tmp_path / "none")) == Posted(0, 0, ())
