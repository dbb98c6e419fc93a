"""The code by which anyone can ask us whether a message is genuine: one for each message and audience. Pure.

It is short enough to be read out and typed on a phone: fifty bits in Crockford's base 32 (no I, L, O or U), in two
groups of five. It names a message and is no secret: that one of our messages has it is what `public` answers.
"""

import re
from hashlib import sha256
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # https://www.crockford.com/base32.html
CHARACTERS: Final = 10
GROUP: Final = 5

PRINTED: Final = re.compile(rf"\b[{ALPHABET}]{{{GROUP}}}-[{ALPHABET}]{{{GROUP}}}\b")
"""What looks like a code in a text."""

_MISREAD: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})
_BETWEEN: Final = re.compile(r"[\W_]+")
_LONGEST_TYPED: Final = 64


def code_of(message_id: str, audience: str) -> str:
    """As it is printed and kept: `7QK2M-X0RTD`. The same for every language, channel, revision and copy."""
    digest = sha256(f"roeland verification\0{message_id}\0{audience}".encode()).digest()
    number = int.from_bytes(digest[:8], "big") >> (64 - 5 * CHARACTERS)
    letters = "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(CHARACTERS)))
    return f"{letters[:GROUP]}-{letters[GROUP:]}"


def read_code(typed: str) -> str | None:
    """The code as it is kept, in whatever case, with whatever between, O for 0, I or L for 1; None: it is no code."""
    letters = _BETWEEN.sub("", typed[:_LONGEST_TYPED]).upper().translate(_MISREAD)
    if len(letters) != CHARACTERS or not set(letters) <= set(ALPHABET):
        return None
    return f"{letters[:GROUP]}-{letters[GROUP:]}"
