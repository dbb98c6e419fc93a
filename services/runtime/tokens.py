"""Tokens in links: HMACs of (key id, subject, purpose), so that they can be checked without being kept.

The same subject always has the same token, so that a second copy of a mail carries the same link. A token is good for
one purpose only. The first key signs and all verify: a new key is put in front, the old one taken away later.
"""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from pydantic import Field, SecretStr

from services.runtime.errors import Foreseen
from services.runtime.settings import RoelandSettings

SECRET_BYTES: Final = 32
_MAC_BYTES: Final = 16  # 128 bits, RFC 2104 §5: no less than 80, nor than half of the hash; 22 characters
_SHORT_BYTES: Final = 10  # 80 bits, the least of RFC 2104 §5
_WRONG: Final = "ROELAND_SECRET_KEYS must be hexadecimal keys of at least 16 bytes, as id:key, separated by commas"


class SecretSettings(RoelandSettings):
    """The keys that sign tokens; kept in PostgreSQL when unset (`services.store.secret_keys`)."""

    secret_keys: SecretStr | None = Field(default=None, description="id:hexadecimal key, several separated by commas")


@dataclass(frozen=True, slots=True)
class Key:
    """A secret and the short name that tokens call it by."""

    id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys in force, never empty; the first signs, all verify."""

    keys: tuple[Key, ...]

    def token(self, subject: str, purpose: str) -> str:
        """A token of letters, digits, `-`, `_` and one `.`, some 25 characters long."""
        return _token(self.keys[0], subject, purpose)

    def short(self, subject: str, purpose: str) -> bytes:
        """The first 10 bytes (80 bits) of the MAC, for where each character is paid for; no key is named in it."""
        return _mac(self.keys[0], subject, purpose)[:_SHORT_BYTES]

    def verify_short(self, given: bytes, subject: str, purpose: str) -> bool:
        """Whether one of these keys made these bytes with `short`; takes as long for each."""
        matches = [hmac.compare_digest(_mac(key, subject, purpose)[:_SHORT_BYTES], given) for key in self.keys]
        return any(matches)

    def verify(self, token: str, subject: str, purpose: str) -> bool:
        """Whether one of these keys made this token for this subject and purpose; takes as long for each token."""
        given = token.encode(errors="replace")
        matches = [hmac.compare_digest(_token(key, subject, purpose).encode(), given) for key in self.keys]
        return any(matches)


def configured_keys(settings: SecretSettings) -> Keys | None:
    """The keys that the settings name, or None; raises `Foreseen` for keys that nobody should trust."""
    if settings.secret_keys is None:
        return None
    return Keys(tuple(_key(part.strip()) for part in settings.secret_keys.get_secret_value().split(",")))


def _key(text: str) -> Key:
    """A key from `id:hexadecimal`; one without an id is called by a piece of its hash."""
    name, _, digits = text.rpartition(":")
    try:
        secret = bytes.fromhex(digits)
    except ValueError:
        raise Foreseen(_WRONG) from None
    if len(secret) < SECRET_BYTES // 2 or (name and not (name.isascii() and name.isalnum())):
        raise Foreseen(_WRONG)
    return Key(name or sha256(secret).hexdigest()[:6], secret)


def _token(key: Key, subject: str, purpose: str) -> str:
    mac = _mac(key, subject, purpose)[:_MAC_BYTES]
    return f"{key.id}.{urlsafe_b64encode(mac).decode().rstrip('=')}"


def _mac(key: Key, subject: str, purpose: str) -> bytes:
    """NUL stands between the parts, and in none of them."""
    return hmac.digest(key.secret, "\0".join((key.id, purpose, subject)).encode(errors="replace"), "sha256")


def digest(token: str) -> bytes:
    """What is kept of a token that stands for somebody: its SHA-256, from which nobody gets it back.

    It has so many bits of chance that no slow hash is needed. Whatever a stranger sends has a digest too.
    """
    return sha256(token.encode(errors="replace")).digest()
