"""Keys for programs: a person's own, or an outside system's. Only the hash is kept."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from psycopg.rows import dict_row

from services.runtime.postgres import Connection
from services.store.users import USER, User


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


async def by_token(connection: Connection, token: str) -> tuple[ApiKey, User] | None:
    """The key that stands and the user who acts by it; None when it is unknown, over, revoked, or acts for nobody."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_STANDING, (hashlib.sha256(token.encode()).digest(),))
        row = await cursor.fetchone()
    if row is None:
        return None
    key, user = _split(row)
    if key.last_used_at is None or datetime.now(UTC) - key.last_used_at > timedelta(minutes=1):
        await connection.execute("UPDATE api_key SET last_used_at = clock_timestamp() WHERE id = %s", (key.id,))
    return key, user


def _split(row: dict[str, Any]) -> tuple[ApiKey, User]:
    of_user = {name.removeprefix("u_"): value for name, value in row.items() if name.startswith("u_")}
    return ApiKey(**{k: v for k, v in row.items() if not k.startswith("u_")}), User(**of_user)


_KEY: Final = "id, name, token, user_id, scopes, created_by, created_at, expires_at, last_used_at, revoked_at"
_STANDING: Final = f"""
SELECT {", ".join(f"k.{each.strip()}" for each in _KEY.split(","))},
       {", ".join(f"u.{each.strip()} AS u_{each.strip()}" for each in USER.split(","))}
FROM api_key k JOIN users u ON u.id = k.user_id
WHERE k.token = %s AND k.revoked_at IS NULL AND u.disabled_at IS NULL
  AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())
"""
