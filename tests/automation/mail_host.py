"""A real mail host on this machine, with a certificate of its own."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aiosmtpd.smtp import SMTP, Envelope, Session

USER, PASSWORD = "kpi", "not a real one"


@dataclass
class Taken:
    """What the host took: sender, addresses, and the letter; `say` is what it answers to the next letters."""

    letters: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    say: list[str] = field(default_factory=list)
    unknown: frozenset[str] = frozenset()

    async def handle_RCPT(  # noqa: N802  (the library's name)
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.unknown:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.say and not (answer := self.say.pop(0)).startswith("250"):
            return answer
        assert isinstance(envelope.original_content, bytes)
        self.letters.append((envelope.mail_from or "", list(envelope.rcpt_tos), envelope.original_content))
        return "250 taken"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the key and certificate of `localhost`, which signs itself."""
    openssl = shutil.which("openssl")
    assert openssl is not None, "openssl makes the certificate of the mail host"
    folder = tmp_path_factory.mktemp("certificate")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    certificate.write_bytes(key.read_bytes() + certificate.read_bytes())
    return certificate


@contextmanager
def host(certificate: Path | None, taken: Taken, *, tls: bool = False, login: bool = False) -> Iterator[int]:
    """The port of a host that puts letters into `taken`; without a certificate it offers no encryption."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)

    def known(
        _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        taken.users.append(given.login.decode())
        right = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=right)

    controller = Controller(
        taken,
        hostname="localhost",
        port=_free_port(),
        ssl_context=context if tls else None,
        authenticator=known,
        auth_required=login,
        auth_require_tls=not tls,  # of a way that is encrypted from its start the library knows nothing
        ident="a host",
        tls_context=None if tls else context,
        require_starttls=not tls and context is not None,
    )
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    assert isinstance(port, int)
    return port
