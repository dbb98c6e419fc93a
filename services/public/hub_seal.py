"""The token of a closed feed's address, kept so that it can be read with our signing keys alone.

A subscriber is sent its feed with its own address in it, so its token must be had; a hash, as `feed_token` keeps one,
would not do. Sealed, it opens no feed for whoever reads the table. (Where the keys are kept in PostgreSQL too, because
`ROELAND_SECRET_KEYS` is not set, it does for whoever reads both.)
"""

import hmac
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from services.runtime.tokens import Keys


def seal(token: str, keys: Keys) -> bytes:
    """With the first key, as tokens are signed."""
    return _box(keys).encrypt(token.encode())


def unsealed(sealed: bytes, keys: Keys) -> str | None:
    """The token; None when the key that it was sealed with is in force no more."""
    try:
        return _box(keys).decrypt(sealed).decode()
    except InvalidToken:
        return None


def _box(keys: Keys) -> MultiFernet:
    derived = [hmac.digest(key.secret, b"websub topic", "sha256") for key in keys.keys]
    return MultiFernet([Fernet(urlsafe_b64encode(each)) for each in derived])
