"""Keys for programs: a person's own, or an outside system's. Only the hash is kept."""

import secrets
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from psycopg.rows import dict_row

from services.runtime.postgres import Connection
from services.runtime.tokens import digest
from services.store.users import OF_USER, User, split


@dataclass(frozen=True, slots=True)
class ApiKey:
    """`scopes`: actions of `services.domain.identity.MAY`, never more than the user's roles allow in that moment."""

    id: int
    name: str
    token: bytes
    user_id: int | None
    scopes: list[str]
    created_by: int | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


PREFIX: Final = "rld_"
DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SECRET, CHECK = 43, 6
"""Characters: 256 bits, and the CRC-32 of what stands before it, by which a scanner knows one of ours for certain."""


def new_token() -> str:
    """A token that nobody guesses."""
    body = PREFIX + "".join(secrets.choice(DIGITS) for _ in range(SECRET))
    return body + _check(body)


def is_well_formed(token: str) -> bool:
    """Whether it could be one of ours; asked before PostgreSQL is."""
    body = token[:-CHECK]
    return len(token) == len(PREFIX) + SECRET + CHECK and token.isascii() and _check(body) == token[-CHECK:]


def _check(body: str) -> str:
    left, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECK):
        left, digit = divmod(left, len(DIGITS))
        digits = DIGITS[digit] + digits
    return digits


async def add(
    connection: Connection, token: str, user: int, *, name: str, scopes: Sequence[str], expires_at: datetime
) -> ApiKey:
    """A key of this user's own."""
    values = {"token": digest(token), "user": user, "name": name, "scopes": list(scopes), "until": expires_at}
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_ADD, values)
        row = await cursor.fetchone()
    assert row is not None  # noqa: S101 - RETURNING
    return ApiKey(**row)


async def listed(connection: Connection, user: int | None) -> list[tuple[ApiKey, str | None]]:
    """The keys of this user, or of everybody, with whose they are; those that were revoked last."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_LISTED, {"user": user})
        return [_with_owner(row) async for row in cursor]


async def revoke(connection: Connection, key: int, user: int | None) -> tuple[ApiKey, str | None] | None:
    """Have it open nothing any more; None when there is none, or, with a `user`, none of theirs."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_REVOKE, {"key": key, "user": user})
        row = await cursor.fetchone()
    return _with_owner(row) if row else None


def _with_owner(row: dict[str, Any]) -> tuple[ApiKey, str | None]:
    email: str | None = row.pop("email")
    return ApiKey(**row), email


async def by_token(connection: Connection, token: str) -> tuple[ApiKey, User] | None:
    """The key that stands and the user who acts by it; None when it is unknown, over, revoked, or acts for nobody."""
    if token.startswith(PREFIX) and not is_well_formed(token):
        return None
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_STANDING, (digest(token),))
        row = await cursor.fetchone()
    if row is None:
        return None
    columns, user = split(row)
    key = ApiKey(**columns)
    if key.last_used_at is None or datetime.now(UTC) - key.last_used_at > timedelta(minutes=1):
        await connection.execute("UPDATE api_key SET last_used_at = clock_timestamp() WHERE id = %s", (key.id,))
    return key, user


_KEY: Final = "id, name, token, user_id, scopes, created_by, created_at, expires_at, last_used_at, revoked_at"
_STANDING: Final = f"""
SELECT {", ".join(f"k.{each.strip()}" for each in _KEY.split(","))},
       {OF_USER}
FROM api_key k JOIN users u ON u.id = k.user_id
WHERE k.token = %s AND k.revoked_at IS NULL AND u.disabled_at IS NULL
  AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())
"""

_OF_KEY: Final = ", ".join(f"k.{each.strip()}" for each in _KEY.split(","))
_ADD: Final = f"""
INSERT INTO api_key (name, token, user_id, scopes, created_by, expires_at)
VALUES (%(name)s, %(token)s, %(user)s, %(scopes)s, %(user)s, %(until)s) RETURNING {_KEY}
"""
_LISTED: Final = f"""
SELECT {_OF_KEY}, u.email FROM api_key k LEFT JOIN users u ON u.id = k.user_id
WHERE %(user)s::bigint IS NULL OR k.user_id = %(user)s ORDER BY k.revoked_at DESC NULLS FIRST, k.id
"""
_REVOKE: Final = f"""
WITH gone AS (
    UPDATE api_key SET revoked_at = coalesce(revoked_at, clock_timestamp())
    WHERE id = %(key)s AND (%(user)s::bigint IS NULL OR user_id = %(user)s) RETURNING *
) SELECT {_OF_KEY}, u.email FROM gone k LEFT JOIN users u ON u.id = k.user_id
"""
