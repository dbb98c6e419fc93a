"""Who is signed in at the console."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from psycopg.rows import dict_row

from services.runtime.postgres import Connection
from services.store.users import USER, User

IDLE: Final = timedelta(hours=2)
ABSOLUTE: Final = timedelta(hours=12)
"""A shift: then whoever it is proves again who they are."""
FRESH: Final = timedelta(minutes=5)
"""So long after they proved who they are they may break the glass without proving it again."""


@dataclass(frozen=True, slots=True)
class Session:
    """`token` is the SHA-256 of the cookie's value; `how` is `oidc` or `password`."""

    id: int
    token: bytes
    user_id: int
    how: str
    created_at: datetime
    seen_at: datetime
    proved_at: datetime
    ended_at: datetime | None


def digest(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def is_fresh(session: Session) -> bool:
    """Whether they proved a moment ago who they are."""
    return datetime.now(UTC) - session.proved_at < FRESH


async def begin(connection: Connection, user: int, token: str, how: str) -> Session:
    """A new session of this user. The token goes into their cookie and nowhere else."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            f"INSERT INTO session (token, user_id, how) VALUES (%s, %s, %s) RETURNING {_SESSION}",
            (digest(token), user, how),
        )
        row = await cursor.fetchone()
    assert row is not None  # noqa: S101 - RETURNING always has a row
    return Session(**row)


async def by_token(connection: Connection, token: str) -> tuple[Session, User] | None:
    """The session that stands, and its user; None when it ended, was idle too long, or its user is disabled."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_STANDING, {"token": digest(token), "idle": IDLE, "absolute": ABSOLUTE})
        row = await cursor.fetchone()
    if row is None:
        return None
    session, user = _split(row)
    if datetime.now(UTC) - session.seen_at > timedelta(minutes=1):
        await connection.execute("UPDATE session SET seen_at = clock_timestamp() WHERE id = %s", (session.id,))
    return session, user


async def end(connection: Connection, session: int) -> None:
    """Sign out; the first moment counts."""
    await connection.execute(
        "UPDATE session SET ended_at = coalesce(ended_at, clock_timestamp()) WHERE id = %s", (session,)
    )


def _split(row: dict[str, Any]) -> tuple[Session, User]:
    of_user = {name.removeprefix("u_"): value for name, value in row.items() if name.startswith("u_")}
    return Session(**{k: v for k, v in row.items() if not k.startswith("u_")}), User(**of_user)


_SESSION: Final = "id, token, user_id, how, created_at, seen_at, proved_at, ended_at"
_STANDING: Final = f"""
SELECT {", ".join(f"s.{each.strip()}" for each in _SESSION.split(","))},
       {", ".join(f"u.{each.strip()} AS u_{each.strip()}" for each in USER.split(","))}
FROM session s JOIN users u ON u.id = s.user_id
WHERE s.token = %(token)s AND s.ended_at IS NULL AND u.disabled_at IS NULL
  AND s.seen_at > clock_timestamp() - %(idle)s AND s.created_at > clock_timestamp() - %(absolute)s
"""
