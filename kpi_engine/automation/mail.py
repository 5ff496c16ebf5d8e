"""Notices by mail: letters wait in a folder until the host has taken them.

A letter is a step of the run's transaction, so none is lost; it leaves afterwards, and at least once. Where a
run is killed between the host's yes and the removal of the letter it leaves twice, with the same Message-ID.
"""

from __future__ import annotations

import hashlib
import os
import re
import smtplib
import socket
import ssl
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from kpi_engine.automation.files import kind_of, open_plain, sync_folder
from kpi_engine.automation.notice import notice_md, subject_of
from kpi_engine.automation.settings import Security
from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from kpi_engine.automation.notice import Told
    from kpi_engine.automation.settings import Mail, Settings
    from kpi_engine.terms.finding import Finding

_NAME: Final = re.compile(r"\d{8}T\d{6}-[0-9a-f]{12}\.eml")
_MOST_BYTES: Final = 5_000_000
_PATIENCE: Final = 30  # seconds that the host may take over one answer
_WHY: Final[Mapping[type[Exception], str]] = {  # the narrower first
    ssl.SSLCertVerificationError: "the host's certificate is not one to trust",
    ssl.SSLError: "no encrypted way to the host could be had",
    smtplib.SMTPNotSupportedError: "the host offers no encryption, or no login",
    smtplib.SMTPAuthenticationError: "the host did not take the user and password",
    smtplib.SMTPSenderRefused: "the host did not take the sender ({code})",
    smtplib.SMTPRecipientsRefused: "the host took none of the addresses",
    smtplib.SMTPResponseException: "the host answered with {code}",
    smtplib.SMTPException: "the host ended the conversation",
    TimeoutError: "the host does not answer",
    socket.gaierror: "there is no host of that name",
}


@dataclass(frozen=True, slots=True)
class Posted:
    """How many letters left, how many wait for the next run, and what went wrong."""

    sent: int
    waiting: int
    findings: tuple[Finding, ...]


class _NotSent(Exception):  # noqa: N818  (it is an answer)
    """Why the host could not be used."""


def letter(mail: Mail, told: Told) -> tuple[str, bytes]:
    """The name of a letter in the outbox, and its bytes: the same for the same notice.

    It has no address yet: those of the settings at the time it leaves are put on it.
    """
    moment = datetime.fromisoformat(told.at)
    message = EmailMessage(policy=SMTP)
    message["Date"] = format_datetime(moment)
    message["Message-ID"] = f"<{_identity(told)}.kpi@{_domain(mail)}>"
    message["Subject"] = subject_of(told)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers, please
    message.set_content(notice_md(told), charset="utf-8", cte="quoted-printable")
    return f"{moment:%Y%m%dT%H%M%S}-{told.head[:12]}.eml", message.as_bytes()


def _identity(told: Told) -> str:
    """What tells one notice from another; short, since a longer line would be folded."""
    return hashlib.sha256(f"{told.head} {told.at}".encode()).hexdigest()[:32]


def post(settings: Settings) -> Posted:
    """Send what waits in the outbox, oldest first; nothing is raised for a host that fails."""
    mail = settings.mail
    if mail is None:
        return Posted(0, 0, ())
    letters, strange = _waiting(settings.outbox)
    found = [finding("A127", file=settings.relative(settings.outbox), count=strange)] if strange else []
    sent = 0
    try:
        if letters:
            with _host(mail) as host:
                for path in letters:
                    found += _sent(host, mail, path)
                    path.unlink()
                    sync_folder(path.parent)
                    sent += 1
    except _NotSent as error:
        found.append(finding("A126", file=mail.host, why=str(error)))
    except (smtplib.SMTPException, OSError) as error:
        found.append(finding("A126", file=mail.host, why=_why(error)))
    return Posted(sent, len(letters) - sent, tuple(found))


def _waiting(outbox: Path) -> tuple[Sequence[Path], int]:
    """The letters, oldest first, and how many other things lie there."""
    if kind_of(outbox) != stat.S_IFDIR:
        return (), 0
    every = sorted(outbox.iterdir())
    letters = [path for path in every if _NAME.fullmatch(path.name) and kind_of(path) == stat.S_IFREG]
    # A dot begins the names of files that are still being written.
    return letters, sum(not path.name.startswith(".") for path in every) - len(letters)


def _sent(host: smtplib.SMTP, mail: Mail, path: Path) -> list[Finding]:
    with os.fdopen(open_plain(path, os.O_RDONLY), "rb") as file:
        raw = file.read(_MOST_BYTES + 1)
    try:
        message = message_from_bytes(raw, policy=SMTP)
        for header in ("From", "Sender", "To", "Cc", "Bcc"):
            del message[header]
        message["From"] = mail.sender
        message["To"] = ", ".join(mail.to)
        whole = message.as_bytes()
    except (MessageError, ValueError):
        raise _NotSent(f"{path.name} in the outbox is damaged") from None
    refused = host.sendmail(mail.sender, list(mail.to), whole)
    return [finding("A128", file=mail.host, count=len(refused), of=len(mail.to))] if refused else []


@contextmanager
def _host(mail: Mail) -> Iterator[smtplib.SMTP]:
    """The host, spoken to through an encrypted way to the very host that is named, and logged in."""
    password = _password(mail)
    trusted = ssl.create_default_context()
    name = _domain(mail)  # not this machine's own
    if mail.security is Security.TLS:
        host: smtplib.SMTP = smtplib.SMTP_SSL(
            mail.host, mail.port, local_hostname=name, timeout=_PATIENCE, context=trusted
        )
    else:
        host = smtplib.SMTP(mail.host, mail.port, local_hostname=name, timeout=_PATIENCE)
    try:
        if mail.security is Security.STARTTLS:
            host.starttls(context=trusted)
        if mail.user:
            host.login(mail.user, password)
        yield host
    finally:
        try:
            host.quit()
        except (smtplib.SMTPException, OSError):
            host.close()


def _password(mail: Mail) -> str:
    if not mail.user:
        return ""
    password = os.environ.get(mail.password_env)
    if not password:
        raise _NotSent(f"the environment variable {mail.password_env} holds no password")
    return password


def _domain(mail: Mail) -> str:
    return mail.sender.rpartition("@")[2]


def _why(error: smtplib.SMTPException | OSError) -> str:
    """What went wrong, without a word of the host's: those are anybody's."""
    if isinstance(error, smtplib.SMTPServerDisconnected) and isinstance(error.__context__, OSError):
        error = error.__context__  # smtplib takes no answer in time for an end
    for kind, words in _WHY.items():
        if isinstance(error, kind):
            return words.format(code=getattr(error, "smtp_code", ""))
    return (error.strerror or "the host cannot be reached").lower()
