"""The second step of a local account: the code of an app (TOTP, RFC 6238), or a recovery code for who lost it."""

import hmac
import io
import secrets
import time
from hashlib import sha256
from typing import Final

import pyotp
import segno

from services.runtime.postgres import Connection
from services.runtime.sealing import seal, unsealed
from services.runtime.tokens import Keys
from services.store import accounts
from services.store.secret_keys import signing_keys

SECONDS: Final = 30
CODES: Final = 10
ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike
CODE_LETTERS: Final = 12  # 59 bits


async def is_right(connection: Connection, account: accounts.Account, given: str) -> bool:
    """Whether this is the code of their app, now, or a recovery code; either counts once. The caller commits."""
    keys = await signing_keys(connection)
    code = "".join(given.split()).replace("-", "").lower()
    if not (code.isascii() and code.isdigit()):
        return await accounts.use_recovery_code(connection, account.user_id, _kept(keys, account.user_id, code))
    secret = opened(keys, account.user_id, account.second)
    step = matching_step(secret, code) if secret else None
    if secret is None or step is None or not await accounts.use_step(connection, account.user_id, step):
        return False
    await accounts.seal_again(connection, account.user_id, sealed(keys, account.user_id, secret))
    return True


async def offered(connection: Connection, user: int) -> str:
    """The secret to show to who sets up their app; the same until it is confirmed."""
    keys, account = await signing_keys(connection), await accounts.account_of(connection, user)
    secret = opened(keys, user, account.second_offered if account else None)
    if secret is None:
        secret = pyotp.random_base32()
        await accounts.offer_second(connection, user, sealed(keys, user, secret))
    return secret


async def confirm(connection: Connection, user: int, given: str) -> list[str] | None:
    """The recovery codes, when this is the code of the secret that was offered: from now on it counts."""
    step = matching_step(await offered(connection, user), "".join(given.split()))
    if step is None:
        return None
    await accounts.confirm_second(connection, user, step)
    return await new_recovery_codes(connection, user)


async def new_recovery_codes(connection: Connection, user: int) -> list[str]:
    """Ten, to be shown once; former ones count no more."""
    keys = await signing_keys(connection)
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(CODE_LETTERS)) for _ in range(CODES)]
    await accounts.keep_recovery_codes(connection, user, [_kept(keys, user, code)[0] for code in codes])
    return ["-".join((code[:4], code[4:8], code[8:])) for code in codes]


def matching_step(secret: str, code: str) -> int | None:
    """The half minute of which this is the code: this one, or the one before or after, for clocks that are off."""
    if not (code.isascii() and code.isdigit()):
        return None
    totp, now = pyotp.TOTP(secret), int(time.time()) // SECONDS
    found = [each for each in (now - 1, now, now + 1) if hmac.compare_digest(totp.at(each * SECONDS), code)]
    return found[-1] if found else None


def picture(secret: str, email: str) -> bytes:
    """The QR code that an app reads, as SVG."""
    out = io.BytesIO()
    address = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="Roeland")
    segno.make(address, error="m").save(out, kind="svg", scale=6, border=4, dark="#000", light="#fff", xmldecl=False)
    return out.getvalue()


def sealed(keys: Keys, user: int, secret: str) -> bytes:
    """As it is kept: a row that is copied to another user is worth nothing."""
    return seal(secret, keys, _purpose(user))


def opened(keys: Keys, user: int, kept: bytes | None) -> str | None:
    """None: there is none, or the key that sealed it is gone."""
    return unsealed(kept, keys, _purpose(user)) if kept else None


def _purpose(user: int) -> bytes:
    return f"second step of {user}".encode()


def _kept(keys: Keys, user: int, code: str) -> list[bytes]:
    """What is kept of a recovery code, by each of the keys: a code is too short to be hashed without one."""
    return [hmac.digest(key.secret, f"recovery\0{user}\0{code}".encode(), sha256) for key in keys.keys]
