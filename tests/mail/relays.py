"""The devstack's mail sink, in the test's own loop: with faults, TLS and logins, and a cable that can be pulled."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.devstack import maildir
from services.devstack.faults import Faults
from services.devstack.mailsink import Sink


@dataclass
class Relay:
    """A running sink. `conversations`: every connection that was made, in order."""

    folder: Path
    options: dict[str, Any]
    tls: ssl.SSLContext | None
    port: int = 0
    faults: Faults = field(default_factory=lambda: Faults("mail"))
    conversations: list[Sink] = field(default_factory=list)
    server: asyncio.Server | None = None

    def url(self, scheme: str = "smtp", login: str = "") -> str:
        """For ROELAND_SMTP_URL."""
        return f"{scheme}://{login}127.0.0.1:{self.port}"

    async def listen(self) -> None:
        """Take connections."""
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(self._answer, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self.server.sockets[0].getsockname()[1]

    def vanish(self) -> None:
        """Refuse connections, and drop those that stand."""
        if self.server is not None:
            self.server.close()
        self.server = None
        self.hang_up()

    def hang_up(self) -> None:
        """Drop the connections that stand."""
        for sink in self.conversations:
            if sink.transport is not None:
                cast(asyncio.Transport, sink.transport).abort()

    def connected(self) -> int:
        """How many connections stand."""
        return sum(sink.transport is not None and not sink.transport.is_closing() for sink in self.conversations)

    def mails(self) -> list[EmailMessage]:
        """What was kept, as a standard parser reads it."""
        return [message_from_bytes(path.read_bytes(), policy=default) for path in maildir.kept(self.folder)]

    def receivers(self) -> list[str]:
        """Whom the kept mails were for, in the order of the alphabet."""
        return sorted(str(mail["Delivered-To"]) for mail in self.mails())

    def _answer(self) -> Sink:
        self.conversations.append(Sink(self.faults, self.folder, **self.options))
        return self.conversations[-1]


@asynccontextmanager
async def running(path: Path, *, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[Relay]:
    """A relay; `tls` from the first byte, `options` are aiosmtpd's."""
    relay = Relay(maildir.make(path / "maildir"), options, tls)
    await relay.listen()
    try:
        yield relay
    finally:
        relay.vanish()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what the test waits for; the test's time limit ends it."""
    while True:
        if condition():
            return
        await asyncio.sleep(0.005)


@dataclass
class Logins:
    """The one login that the relay takes, and how often another was tried."""

    user: str
    password: str
    refused: int = 0

    def options(self) -> dict[str, Any]:
        """For aiosmtpd."""
        return {"auth_required": True, "auth_require_tls": False, "authenticator": self._check}

    def _check(self, server: object, session: object, envelope: object, mechanism: str, given: object) -> AuthResult:
        success = given == LoginPassword(self.user.encode(), self.password.encode())
        self.refused += not success
        return AuthResult(success=success, handled=False)


def certificate(path: Path, *, host: str = "127.0.0.1", days: int = 1) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS context with a certificate of its own making for this address, and the file to trust it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay")])
    until = datetime.now(UTC) + timedelta(days=days)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - timedelta(days=30))
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (path / "relay.pem").write_bytes(pem)
    (path / "relay.key").write_bytes(secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path / "relay.pem", path / "relay.key")
    return context, path / "relay.pem"
