"""Links for those who cannot sign in yet: each counts once, and not for long. Only the hash of its token is kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from psycopg.rows import class_row

from services.runtime.postgres import Connection
from services.runtime.tokens import digest

VALID: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Link:
    """`user_id` None: it makes the first administrator. `anew`: their app and recovery codes are forgotten too."""

    user_id: int | None
    anew: bool
    expires_at: datetime


async def keep(
    connection: Connection, token: str, user: int | None, *, by: int | None = None, anew: bool = False
) -> Link:
    """A link that counts for `VALID`; a former one of this user counts no more."""
    if user is not None:
        await connection.execute("DELETE FROM one_time_link WHERE user_id = %s", (user,))
    await connection.execute("DELETE FROM one_time_link WHERE expires_at < clock_timestamp() - interval '30 days'")
    async with connection.cursor(row_factory=class_row(Link)) as cursor:
        await cursor.execute(
            f"""INSERT INTO one_time_link (token, user_id, anew, created_by, expires_at)
                VALUES (%s, %s, %s, %s, clock_timestamp() + %s) RETURNING {_LINK}""",
            (digest(token), user, anew, by, VALID),
        )
        link = await cursor.fetchone()
    assert link is not None  # noqa: S101 - RETURNING always has a row
    return link


async def standing(connection: Connection, token: str) -> Link | None:
    """The link with this token; None when it was used, is over, or never was."""
    async with connection.cursor(row_factory=class_row(Link)) as cursor:
        await cursor.execute(f"SELECT {_LINK} FROM one_time_link WHERE {_STANDS}", (digest(token),))
        return await cursor.fetchone()


async def use(connection: Connection, token: str) -> Link | None:
    """The same, and from now on it counts no more; of two who use it at once one gets it."""
    async with connection.cursor(row_factory=class_row(Link)) as cursor:
        await cursor.execute(
            f"UPDATE one_time_link SET used_at = clock_timestamp() WHERE {_STANDS} RETURNING {_LINK}",
            (digest(token),),
        )
        return await cursor.fetchone()


async def forget(connection: Connection, user: int) -> None:
    """No link of this user counts any more."""
    await connection.execute("DELETE FROM one_time_link WHERE user_id = %s", (user,))


async def lock_first_start(connection: Connection) -> None:
    """Of two who would make the first administrator, the second waits until the first has; until the commit."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('roeland first start'))")


_LINK: Final = "user_id, anew, expires_at"
_STANDS: Final = "token = %s AND used_at IS NULL AND expires_at > clock_timestamp()"
