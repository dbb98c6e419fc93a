"""How text becomes bytes of a mail: quoted-printable (RFC 2045 §6.7) and header lines (RFC 5322, RFC 2047).

Our own and not the standard library's, for three reasons: values are spliced into it, so where lines end must be
ours to decide; no line may begin with a dot, so that nothing depends on dot-stuffing; and what looks like an encoded
word in a title (`=?utf-8?q?x?=`) must stay the text that it is, where the library would decode it.
"""

import base64
import re
from binascii import b2a_base64
from typing import Final

from services.domain.texts import one_line

_LINE: Final = 76
_WORD_BYTES: Final = 45  # what an encoded word of 75 characters holds (RFC 2047 §2); some readers part two with a space
_FIRST_BYTES: Final = 39  # and one that has `Subject: ` before it

_BYTES: Final = tuple(bytes([byte]) if 32 <= byte <= 126 and byte != 61 else b"=%02X" % byte for byte in range(256))
_PLAIN_NAME: Final = re.compile(r"(?!.*=\?)[!#-\[\]-~]+(?: [!#-\[\]-~]+){0,60}")  # what a quoted-string holds as it is
_USUAL_NAME: Final = re.compile(r"[^\W_](?:[\w ',()-]{0,40}[\w)])?")
_LIST_ID: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
_LINK: Final = re.compile(r"https?://[!-;=?-~]{1,900}")  # no space, no angle bracket; shorter than a line may be
_TITLE_CHARACTERS: Final = 200
_ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}")
_WIDE_ADDRESS: Final = re.compile(r"[\w!#$%&'*+/=?^`{|}~.-]{1,64}@[\w.-]{1,253}")  # letters of any language


def qp_text(text: str) -> bytes:
    """Text with `\\n` line ends, encoded, with CRLF line ends."""
    return b"\r\n".join(qp_value(line) for line in text.split("\n"))


def qp_value(line: str) -> bytes:
    """One line of text, encoded; broken softly where it is long. A line break in it becomes `=0A`."""
    encoded = b"".join([_BYTES[byte] for byte in line.encode("utf-8", "replace")])
    if encoded.endswith(b" "):
        encoded = encoded[:-1] + b"=20"
    lines: list[bytes] = []
    while True:
        if encoded.startswith(b"."):
            encoded = b"=2E" + encoded[1:]
        if len(encoded) < _LINE:
            lines.append(encoded)
            return b"=\r\n".join(lines)
        cut = _LINE - 1
        escape = encoded.rfind(b"=", cut - 2, cut)
        cut = escape if escape >= 0 else cut
        lines.append(encoded[:cut])
        encoded = encoded[cut:]


def subject_line(subject: str) -> bytes:
    """`Subject: …` without its line end."""
    subject = one_line(subject)
    if not subject.isascii() or "=?" in subject:
        return b"Subject: " + _encoded_words(subject, _FIRST_BYTES)
    lines = [b"Subject:"]
    for word in subject.encode().split(b" "):
        if len(lines[-1]) + 1 + len(word) > _LINE and lines[-1] != b"Subject:":
            lines.append(b"")
        lines[-1] += b" " + word
    return b"\r\n".join(lines).rstrip(b" ")


def address_line(field: str, name: str, address: str) -> bytes:
    """`To: name <address>` without its line end. Raises ValueError for what is not an address.

    One with letters that are not ASCII stays as it is, in UTF-8 (RFC 6532): who sends it must ask for SMTPUTF8.
    """
    if not _ADDRESS.fullmatch(address) and not _WIDE_ADDRESS.fullmatch(address):
        raise ValueError("not an address that can stand in a header")
    if not _PLAIN_NAME.fullmatch(name):
        if not _USUAL_NAME.fullmatch(name):
            name = one_line(name)
        if not name:
            return f"{field}: {address}".encode()
        return field.encode() + b": " + _encoded_words(name, _WORD_BYTES) + f"\r\n <{address}>".encode()
    whole = f'{field}: "{name}" <{address}>'
    return (whole if len(whole) <= _LINE else _folded(whole)).encode()


def list_id_line(title: str, list_id: str) -> bytes:
    """`List-Id: title <list_id>` without its line end (RFC 2919 §3). Raises ValueError for what is no list id."""
    if not _LIST_ID.fullmatch(list_id):
        raise ValueError("not a list id")
    title = one_line(title)[:_TITLE_CHARACTERS]
    whole = f'List-Id: "{title}" <{list_id}>'
    if _PLAIN_NAME.fullmatch(title) and len(whole) <= _LINE:
        return whole.encode()
    words = _encoded_words(title, _FIRST_BYTES) + b"\r\n " if title else b""
    return b"List-Id: " + words + f"<{list_id}>".encode()


def unsubscribe_lines(link: str) -> bytes:
    """`List-Unsubscribe` with its one click (RFC 8058 §3.1), each with its line end.

    An address cannot be folded, so it is one line, which may be longer than 76 bytes and is shorter than 998.
    """
    if not _LINK.fullmatch(link):
        raise ValueError("not an address that can stand in a header")
    return f"List-Unsubscribe: <{link}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode()


def _folded(line: str) -> str:
    """Broken at spaces, which also within a quoted-string is no part of what it says (RFC 5322 §3.2.4)."""
    lines = [""]
    for word in line.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > _LINE:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] or len(lines) > 1 else word
    return "\r\n".join(lines)


def base64_lines(content: bytes) -> bytes:
    """Base64 in lines of 76 characters with CRLF between."""
    return base64.encodebytes(content).replace(b"\n", b"\r\n").removesuffix(b"\r\n")


def _encoded_words(text: str, size: int) -> bytes:
    if len(whole := text.encode("utf-8", "replace")) <= size:
        return b"=?utf-8?b?" + b2a_base64(whole, newline=False) + b"?="
    chunks, chunk = [], b""
    for char in text:
        encoded = char.encode("utf-8", "replace")
        if len(chunk) + len(encoded) > size:
            chunks.append(chunk)
            chunk = b""
        chunk += encoded
    chunks.append(chunk)
    return b"\r\n ".join(b"=?utf-8?b?" + b2a_base64(each, newline=False) + b"?=" for each in chunks)
