"""A form that somebody sent just when they had to prove again who they are, or sign in again: kept until they did, one
for each session.

It stands among the requests that may be sent again, under a name that no Idempotency-Key can have.
"""

from datetime import timedelta
from typing import Final

from services.runtime.postgres import Connection

KEPT: Final = timedelta(minutes=15)
KEPT_SIGNED_OUT: Final = timedelta(hours=1)
"""Of a session that ended: whoever finds that out may be on their way home."""


async def keep(connection: Connection, user: int, session: int, sealed: bytes) -> None:
    """This, and no former one of the session."""
    await connection.execute(
        """INSERT INTO api_request (user_id, key, fingerprint, body) VALUES (%s, %s, '', %s)
           ON CONFLICT (user_id, key) DO UPDATE SET body = excluded.body, began_at = clock_timestamp()""",
        (user, _name(session), sealed),
    )


async def find(connection: Connection, user: int, session: int, *, within: timedelta = KEPT) -> bytes | None:
    """What was kept; None when there is nothing, or it is too long ago."""
    row = await (
        await connection.execute(
            "SELECT body FROM api_request WHERE user_id = %s AND key = %s AND began_at > clock_timestamp() - %s",
            (user, _name(session), within),
        )
    ).fetchone()
    return bytes(row[0]) if row else None


async def take(connection: Connection, user: int, session: int, sealed: bytes) -> bool:
    """Whether exactly this was still kept, and nobody else took it; it is not any more."""
    taken = await connection.execute(
        "DELETE FROM api_request WHERE user_id = %s AND key = %s AND body = %s", (user, _name(session), sealed)
    )
    return taken.rowcount == 1


async def forget(connection: Connection, user: int, sessions: list[int]) -> None:
    """What is kept of these sessions of theirs is not wanted any more."""
    names = [_name(each) for each in sessions]
    await connection.execute("DELETE FROM api_request WHERE user_id = %s AND key = ANY(%s)", (user, names))


async def prune(connection: Connection) -> None:
    """Forget those whose time is over."""
    await connection.execute(
        "DELETE FROM api_request WHERE starts_with(key, %s) AND began_at < clock_timestamp() - %s",
        (_NAME, KEPT_SIGNED_OUT),
    )


_NAME: Final = "\nform of session "


def _name(session: int) -> str:
    return f"{_NAME}{session}"
