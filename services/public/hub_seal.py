"""The token of a closed feed's address, kept so that it can be read with our signing keys alone.

A subscriber is sent its feed with its own address in it, so its token must be had; a hash, as `feed_token` keeps one,
would not do. Sealed, it opens no feed for whoever reads the table (`services.runtime.sealing`).
"""

from typing import Final

from services.runtime import sealing
from services.runtime.tokens import Keys

PURPOSE: Final = b"websub topic"


def seal(token: str, keys: Keys) -> bytes:
    """With the first key, as tokens are signed."""
    return sealing.seal(token, keys, PURPOSE)


def unsealed(sealed: bytes, keys: Keys) -> str | None:
    """The token; None when the key that it was sealed with is in force no more."""
    return sealing.unsealed(sealed, keys, PURPOSE)
