"""Secrets that must be had again, kept so that they can be read with our signing keys alone.

A hash would not do for a secret that signs. (Where the keys are kept in PostgreSQL too, because `ROELAND_SECRET_KEYS`
is not set, whoever reads both tables reads the secret.)
"""

import hmac
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from services.runtime.tokens import Keys


def seal(secret: str, keys: Keys, purpose: bytes) -> bytes:
    """With the first key, as tokens are signed. `purpose`: what is sealed for another one is not read."""
    return _box(keys, purpose).encrypt(secret.encode())


def unsealed(sealed: bytes, keys: Keys, purpose: bytes) -> str | None:
    """The secret; None when the key that it was sealed with is in force no more."""
    try:
        return _box(keys, purpose).decrypt(sealed).decode()
    except InvalidToken:
        return None


def _box(keys: Keys, purpose: bytes) -> MultiFernet:
    derived = [hmac.digest(key.secret, purpose, "sha256") for key in keys.keys]
    return MultiFernet([Fernet(urlsafe_b64encode(each)) for each in derived])
