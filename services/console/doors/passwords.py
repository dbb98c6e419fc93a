"""Passwords of local accounts: what a good one is (NIST SP 800-63B, 5.1.1.2), and how it is kept (argon2id, RFC 9106).

At most two are computed at once: each takes 64 MiB, and whoever sends a thousand passwords must not get the memory.
"""

import asyncio
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

LEAST: Final = 12
MOST: Final = 256
_COMMON: Final = """
123456789012 1234567890123 12345678901234 123456789123 121212121212 123123123123 qwertyuiop12 qwertyuiop123
azertyuiop12 azertyuiop123 qwerty123456 azerty123456 1q2w3e4r5t6y 1qaz2wsx3edc password1234 password12345
password123456 passwordpassword wachtwoord12 wachtwoord123 wachtwoord1234 wachtwoordwachtwoord welkom123456
welkom12345678 welkomwelkom letmeinletmein iloveyou1234 administrator administrator1 administrator123
changemechangeme changeme1234 verander1234 crisiscentrum crisiscentrum1 crisiscentrum123 crisiscommunicatie
vlaamseoverheid vlaanderen123 vlaanderen1234 correcthorsebatterystaple roelandroeland roeland12345 roeland123456
klokkeroeland geheim123456 geheimgeheim
"""
COMMON: Final = frozenset(_COMMON.split())

_hasher: Final = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_nobodys: Final = _hasher.hash("nobody has this password")
_places: Final = asyncio.Semaphore(2)


def objection(password: str, email: str) -> str | None:
    """Why this password cannot be: `short`, `long`, `common` or `address`; None when it can."""
    plain = _plain(password)
    if len(plain) < LEAST:
        return "short"
    if len(plain) > MOST:
        return "long"
    if "".join(plain.casefold().split()) in COMMON or len(set(plain.casefold())) < 4:
        return "common"
    rest = plain.casefold()
    for part in (email.casefold(), *email.casefold().split("@"), "roeland"):
        rest = rest.replace(part, "") if len(part) > 2 else rest
    return "address" if len(rest) < LEAST // 2 else None


async def hashed(password: str) -> str:
    """What is kept of it."""
    async with _places:
        return await asyncio.to_thread(_hasher.hash, _plain(password))


async def verified(kept: str | None, password: str) -> bool:
    """Whether it is this one; where there is none, no, after as long a time."""
    async with _places:
        right = await asyncio.to_thread(_verified, kept or _nobodys, _plain(password)[: MOST + 1])
    return right and kept is not None


def is_outdated(kept: str) -> bool:
    """Whether it was hashed with parameters that are not those of today."""
    return _hasher.check_needs_rehash(kept)


def _verified(kept: str, password: str) -> bool:
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def _plain(password: str) -> str:
    """The same characters whatever keyboard or system they come from (NIST SP 800-63B: NFKC or NFKD)."""
    return unicodedata.normalize("NFKC", password)
