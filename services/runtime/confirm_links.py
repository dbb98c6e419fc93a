"""The link by which somebody confirms that they read a message: short, for it stands in SMS, and nobody can make it up.

`/c/` and 24 characters: the message's number (5 bytes), the delivery's sequence (3 bytes) and 80 bits of an HMAC over
both (RFC 2104 §5: no less), in base64url without padding. A second copy of an SMS or mail has the same link.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from services.runtime.reader_links import Reader
from services.runtime.tokens import Keys

PURPOSE: Final = "confirm"
ROOT: Final = "/c"
TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{24}")

_MESSAGE_BYTES: Final = 5
_SEQUENCE_BYTES: Final = 3
_NAME_BYTES: Final = _MESSAGE_BYTES + _SEQUENCE_BYTES


def confirm_path(reader: Reader, keys: Keys) -> str:
    """`/c/TOKEN` of this delivery. Raises OverflowError for one that no message of ours has (2^24 deliveries)."""
    name = reader.message.to_bytes(_MESSAGE_BYTES, "big") + reader.sequence.to_bytes(_SEQUENCE_BYTES, "big")
    return f"{ROOT}/{urlsafe_b64encode(name + keys.short(name.hex(), PURPOSE)).decode()}"


def confirmed_by(token: str, keys: Keys) -> Reader | None:
    """Whose link ends in this token; None unless we made it."""
    if not TOKEN.fullmatch(token):
        return None
    raw = urlsafe_b64decode(token)
    name, mac = raw[:_NAME_BYTES], raw[_NAME_BYTES:]
    if not keys.verify_short(mac, name.hex(), PURPOSE):
        return None
    return Reader(int.from_bytes(name[:_MESSAGE_BYTES], "big"), int.from_bytes(name[_MESSAGE_BYTES:], "big"))


def example_link(public_url: str) -> str:
    """A link as long as each one is, which leads to nobody's page: to measure an SMS with, and to show in a proof."""
    return f"{public_url}{ROOT}/{'x' * 24}"
