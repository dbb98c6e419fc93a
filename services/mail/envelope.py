"""What goes before and after a mail's content, in the words that this relay understands."""

import re
from dataclasses import dataclass
from typing import Final

import aiosmtplib
from email_validator import validate_email

TOO_LARGE: Final = "too-large"
NEEDS_SMTPUTF8: Final = "needs-smtputf8"
NEEDS_8BITMIME: Final = "needs-8bitmime"


_SIZE: Final = re.compile("[0-9]{1,20}")  # RFC 1870 §4
_LONE: Final = re.compile(rb"\r(?!\n)|(?<!\r)\n")


class Unsendable(Exception):
    """This relay has said that it cannot take this mail, so it is not asked. `reason`: a word of ours."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Announced:
    """What the relay offered at EHLO. `limit`: the largest mail in bytes, 0 when it names none (RFC 1870 §4)."""

    pipelining: bool = False
    size: bool = False
    limit: int = 0
    eight_bit: bool = False
    utf8: bool = False


def announced(client: aiosmtplib.SMTP) -> Announced:
    """What the relay that this client is connected to offered."""
    limit = _SIZE.fullmatch(client.esmtp_extensions.get("size", ""))
    utf8 = client.supports_extension("smtputf8")
    return Announced(
        pipelining=client.supports_extension("pipelining"),
        size=client.supports_extension("size"),
        limit=int(limit[0]) if limit else 0,
        eight_bit=utf8 or client.supports_extension("8bitmime"),  # RFC 6531 §3.1: the former promises the latter
        utf8=utf8,
    )


def mail_from(sender: str, recipient: str, content: bytes, relay: Announced) -> str:
    """The MAIL command of a mail, without its line end. Raises Unsendable.

    Our own mails are 7-bit, quoted-printable throughout, and need no BODY= (RFC 6152 §3). Only the To of somebody
    whose address is not ASCII is 8-bit (RFC 6532).
    """
    if relay.limit and len(content) > relay.limit:
        raise Unsendable(TOO_LARGE)
    size = f" SIZE={len(content)}" if relay.size else ""  # RFC 1870 §6: refused before it travels
    if content.isascii() and recipient.isascii():
        return f"MAIL FROM:<{sender}>{size}"
    if not recipient.isascii() and not relay.utf8:
        raise Unsendable(NEEDS_SMTPUTF8)
    if not relay.eight_bit:
        raise Unsendable(NEEDS_8BITMIME)
    return f"MAIL FROM:<{sender}>{size} BODY=8BITMIME{'' if recipient.isascii() else ' SMTPUTF8'}"


def continues(command: str, content: bytes, begun: str) -> bool:
    """Whether the mail of this MAIL command may go on where `begun` was said: all but the hint SIZE is the same."""
    return command.removesuffix(f" SIZE={len(content)}") == begun


def mailbox(address: str) -> str:
    """An address that is not ASCII, as it may stand in RCPT. Raises ValueError for what is no address.

    A domain becomes its A-labels (IDNA 2008), which every relay takes. A name before the @ has no other form than its
    own: only a relay with SMTPUTF8 takes it (RFC 6531), so it stays as it is, domain and all. Contact lists take no
    such names (`contact_fields.email`); this is for what came into the tables in another way.
    """
    if address.isascii():
        raise ValueError("not an address that can be sent to")
    found = validate_email(address, check_deliverability=False, allow_smtputf8=True, test_environment=True)
    return found.ascii_email or found.normalized


def body(content: bytes, *, dotless: bool) -> bytes:
    """A mail as DATA wants it, with the lone dot at its end. Looking for dots takes longer than making the mail."""
    return content + b".\r\n" if dotless else stuffed(content)


def stuffed(content: bytes) -> bytes:
    """A mail as DATA wants it: dots doubled at the start of lines, and the lone dot (RFC 5321 §4.5.2).

    A CR or LF alone, which may not be sent (§2.3.8), becomes a line's end: some relays take it for one, and then find
    the end of the mail, and commands, where we see text.
    """
    content = _LONE.sub(b"\r\n", content)
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    if b"\r\n." in content or content.startswith(b"."):
        content = (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:]
    return content + b".\r\n"
