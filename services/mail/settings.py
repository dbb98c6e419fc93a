"""Settings of the way to the relay."""

import re
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr

from services.runtime.errors import Foreseen
from services.runtime.settings import RoelandSettings

Security = Literal["none", "tls", "starttls"]

SCHEMES: Final[dict[str, tuple[Security, int]]] = {
    "smtp": ("none", 25),
    "smtps": ("tls", 465),  # RFC 8314 §3.3
    "smtp+starttls": ("starttls", 587),  # RFC 6409, RFC 3207
}
ENVELOPE: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}")
"""What may stand between the angle brackets of MAIL and RCPT: no space, no control character, no bracket."""

_HOST: Final = re.compile(r"[A-Za-z0-9._:-]+")


class MailSettings(RoelandSettings):
    """How mail gets to the relay. Seconds are real seconds; connections are per worker, all lanes together."""

    smtp_url: SecretStr | None = None
    mail_from: str | None = None
    smtp_connections: int = Field(default=20, ge=1, le=500)
    smtp_urgent_connections: int | None = Field(default=None, ge=0, description="Kept for urgent; default: a fifth.")
    smtp_mails_per_connection: int = Field(default=500, ge=1, description="Then it is closed, for the relay's balance.")
    smtp_pipelining: bool = Field(default=True, description="Where the relay announces it; false: never (RFC 2920).")
    smtp_per_second: float = Field(default=0, ge=0, description="Mails, all workers together; 0: no limit.")
    smtp_timeout_seconds: float = Field(default=30, gt=0, description="For the answer to each command.")
    smtp_answer_seconds: float = Field(
        default=120, gt=0, description="For the answer to a mail itself: giving up means a second copy (RFC 5321: 600)."
    )
    mail_nice: int = Field(default=10, ge=0, le=19, description="Gives way to all else on this machine; 0: does not.")
    smtp_ca_file: Path | None = None
    smtp_plaintext_login: bool = Field(default=False, description="Send the password over the network in the clear.")

    def relay(self) -> "RelayAddress":
        """Where the relay is; raises Foreseen."""
        if self.smtp_url is None:
            raise Foreseen("ROELAND_SMTP_URL is not set; for instance smtp://127.0.0.1:25")
        return read_url(self.smtp_url.get_secret_value(), plaintext_login=self.smtp_plaintext_login)

    def sender(self) -> "Sender":
        """Who sends; raises Foreseen."""
        if self.mail_from is None:
            raise Foreseen("ROELAND_MAIL_FROM is not set; for instance Crisiscentrum <crisis@example.org>")
        return read_sender(self.mail_from)

    def reserved(self) -> int:
        """Connections that routine mail may not take; one is always left to it."""
        wanted = self.smtp_connections // 5 if self.smtp_urgent_connections is None else self.smtp_urgent_connections
        return min(max(wanted, 1 if self.smtp_urgent_connections is None else 0), self.smtp_connections - 1)


@dataclass(frozen=True, slots=True)
class RelayAddress:
    """Where the relay is, and how to be let in."""

    host: str
    port: int
    security: Security
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: `header` as From has it, `address` for the envelope, `domain` for message ids."""

    header: str
    address: str
    domain: str


def read_url(url: str, *, plaintext_login: bool = False) -> RelayAddress:
    """The relay that ROELAND_SMTP_URL names. Raises Foreseen, which never holds what the URL holds."""
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        raise _bad_url("its host or port cannot be read") from None
    if scheme not in SCHEMES:
        raise _bad_url("it must begin with smtp://, smtps:// or smtp+starttls://")
    if not _HOST.fullmatch(host):
        raise _bad_url("it has no host that could be one; a special character in the password is written as %40")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise _bad_url("after host and port nothing may follow; a special character in the password is written as %2F")
    if (parts.username is None) != (parts.password is None):
        raise _bad_url("user and password go together")
    security, usual_port = SCHEMES[scheme]
    if parts.username and security == "none" and not plaintext_login and not _on_this_machine(host):
        raise _bad_url(
            "a password would go over the network in the clear: use smtp+starttls:// or smtps://,"
            " or set ROELAND_SMTP_PLAINTEXT_LOGIN=true"
        )
    user, password = (unquote(value) if value else None for value in (parts.username, parts.password))
    return RelayAddress(host, port or usual_port, security, user, password)


def read_sender(given: str) -> Sender:
    """Who ROELAND_MAIL_FROM names: an address, or `Name <address>`. Raises Foreseen."""
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = given.strip()
        (address,) = message["From"].addresses
    except (ValueError, IndexError):
        raise _bad_sender() from None
    if message["From"].defects or not ENVELOPE.fullmatch(address.addr_spec):
        raise _bad_sender()
    header = str(Address(address.display_name, addr_spec=address.addr_spec))
    return Sender(header, address.addr_spec, address.domain)


def _on_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bad_url(why: str) -> Foreseen:
    return Foreseen(f"ROELAND_SMTP_URL: {why}")


def _bad_sender() -> Foreseen:
    return Foreseen("ROELAND_MAIL_FROM must be one address, or Name <address>, in ASCII after the name")
