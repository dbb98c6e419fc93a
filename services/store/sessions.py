"""Who is signed in at the console."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from psycopg.rows import class_row, dict_row

from services.runtime.postgres import Connection
from services.runtime.tokens import digest
from services.store.users import OF_USER, User, split

IDLE: Final = timedelta(hours=2)
ABSOLUTE: Final = timedelta(hours=12)
"""A shift: then whoever it is proves again who they are. The console has settings for both."""
FRESH: Final = timedelta(minutes=5)
"""So long after they proved who they are they may break the glass without proving it again."""


@dataclass(frozen=True, slots=True)
class Session:
    """`token` is the SHA-256 of the cookie's value; `how`: `oidc`, `password` (with a second step), `password-alone`.

    `at_provider`, `id_token`: of OpenID, what signing out there needs. `agent`: the browser, in its own words.
    """

    id: int
    token: bytes
    user_id: int
    how: str
    created_at: datetime
    seen_at: datetime
    proved_at: datetime
    ended_at: datetime | None
    at_provider: str | None = None
    id_token: str | None = field(default=None, repr=False)
    agent: str = ""


def is_fresh(session: Session) -> bool:
    """Whether they proved a moment ago who they are."""
    return datetime.now(UTC) - session.proved_at < FRESH


async def begin(
    connection: Connection,
    user: int,
    token: str,
    how: str,
    *,
    agent: str = "",
    at_provider: str | None = None,
    id_token: str | None = None,
    proved_at: datetime | None = None,
) -> Session:
    """A new session of this user. The token goes into their cookie and nowhere else. `proved_at` None: now."""
    async with connection.cursor(row_factory=class_row(Session)) as cursor:
        await cursor.execute(
            f"""INSERT INTO session (token, user_id, how, agent, at_provider, id_token, proved_at)
                VALUES (%s, %s, %s, %s, %s, %s, least(clock_timestamp(), %s::timestamptz)) RETURNING {_SESSION}""",
            (digest(token), user, how, agent[:300], at_provider, id_token, proved_at),
        )
        session = await cursor.fetchone()
    assert session is not None  # noqa: S101 - RETURNING always has a row
    return session


async def by_token(
    connection: Connection, token: str, *, idle: timedelta = IDLE, absolute: timedelta = ABSOLUTE
) -> tuple[Session, User] | None:
    """The session that stands, and its user; None when it ended, was idle too long, or its user is disabled."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_STANDING, {"token": digest(token), "idle": idle, "absolute": absolute})
        row = await cursor.fetchone()
    if row is None:
        return None
    columns, user = split(row)
    session = Session(**columns)
    if datetime.now(UTC) - session.seen_at > timedelta(minutes=1):
        await connection.execute("UPDATE session SET seen_at = clock_timestamp() WHERE id = %s", (session.id,))
    return session, user


async def once_of(connection: Connection, token: str) -> Session | None:
    """The session that this was the token of, also when it ended; None when there never was one, or its user is
    disabled."""
    async with connection.cursor(row_factory=class_row(Session)) as cursor:
        await cursor.execute(
            f"""SELECT {_SESSION} FROM session s WHERE token = %s
                AND EXISTS (SELECT FROM users u WHERE u.id = s.user_id AND u.disabled_at IS NULL)""",
            (digest(token),),
        )
        return await cursor.fetchone()


async def end(connection: Connection, session: int) -> None:
    """Sign out; the first moment counts."""
    await connection.execute(
        "UPDATE session SET ended_at = coalesce(ended_at, clock_timestamp()), id_token = NULL WHERE id = %s", (session,)
    )


async def prove(
    connection: Connection, session: int, token: str, how: str | None = None, *, fresh: bool = True
) -> None:
    """It goes on under a new token, so that a copied one is worth nothing; `fresh`: they proved just now who they
    are."""
    await connection.execute(
        """UPDATE session SET token = %s, how = coalesce(%s, how),
               proved_at = CASE WHEN %s THEN clock_timestamp() ELSE proved_at END WHERE id = %s""",
        (digest(token), how, fresh, session),
    )


async def end_all(connection: Connection, user: int, *, but: int | None = None) -> int:
    """End every session of this user, but this one; how many."""
    ended = await connection.execute(
        """UPDATE session SET ended_at = clock_timestamp()
           WHERE user_id = %s AND ended_at IS NULL AND id IS DISTINCT FROM %s""",
        (user, but),
    )
    return ended.rowcount


async def end_one_of(connection: Connection, user: int, session: int) -> bool:
    """End this session if it is theirs and stands; whether it did."""
    ended = await connection.execute(
        "UPDATE session SET ended_at = clock_timestamp() WHERE id = %s AND user_id = %s AND ended_at IS NULL",
        (session, user),
    )
    return ended.rowcount == 1


async def end_at_provider(connection: Connection, at_provider: str) -> int:
    """End what began with this session (`sid`) at the OpenID provider; how many."""
    ended = await connection.execute(
        "UPDATE session SET ended_at = clock_timestamp() WHERE at_provider = %s AND ended_at IS NULL", (at_provider,)
    )
    return ended.rowcount


async def standing_of(
    connection: Connection, user: int, *, idle: timedelta = IDLE, absolute: timedelta = ABSOLUTE
) -> list[Session]:
    """What this user is signed in with, the latest used first."""
    async with connection.cursor(row_factory=class_row(Session)) as cursor:
        await cursor.execute(
            f"""SELECT {_SESSION} FROM session
                WHERE user_id = %s AND ended_at IS NULL
                  AND seen_at > clock_timestamp() - %s AND created_at > clock_timestamp() - %s
                ORDER BY seen_at DESC, id DESC""",
            (user, idle, absolute),
        )
        return await cursor.fetchall()


_SESSION: Final = "id, token, user_id, how, created_at, seen_at, proved_at, ended_at, at_provider, id_token, agent"
_STANDING: Final = f"""
SELECT {", ".join(f"s.{each.strip()}" for each in _SESSION.split(","))},
       {OF_USER}
FROM session s JOIN users u ON u.id = s.user_id
WHERE s.token = %(token)s AND s.ended_at IS NULL AND u.disabled_at IS NULL
  AND s.seen_at > clock_timestamp() - %(idle)s AND s.created_at > clock_timestamp() - %(absolute)s
"""
