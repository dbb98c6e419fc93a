"""Secrets that stand for somebody: made here, kept only as their hash."""

import hashlib
import hmac
import secrets
from typing import Final

BYTES: Final = 32


def new_token() -> str:
    """A value that nobody guesses, as 43 characters of base64url."""
    return secrets.token_urlsafe(BYTES)


def csrf_token(session: bytes) -> str:
    """What forms of this session carry; of the hash that is kept, so that it needs no column of its own."""
    return hmac.new(session, b"csrf", hashlib.sha256).hexdigest()
