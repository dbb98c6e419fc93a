"""Requests that may be sent again: what an Idempotency-Key was used for, and what was answered. Kept for a day."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Request:
    """`status` is None while it is not answered."""

    fingerprint: bytes
    began_at: datetime
    status: int | None
    headers: dict[str, str] | None
    body: bytes | None


@asynccontextmanager
async def alone(connection: Connection, user: int, key: str) -> AsyncIterator[bool]:
    """Whether nobody else works on this request; if so, nobody begins before this ends, or the connection does."""
    name = f"{user} {key}"
    row = await (await connection.execute(_LOCK, (name,))).fetchone()
    got = bool(row and row[0])
    try:
        yield got
    finally:
        if got:
            await connection.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 9))", (name,))


async def begin(connection: Connection, user: int, key: str, fingerprint: bytes) -> Request:
    """This request, as it stands: new, begun before and never answered, or answered."""
    await prune(connection)
    await connection.execute(
        "INSERT INTO api_request (user_id, key, fingerprint) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (user, key, fingerprint),
    )
    async with connection.cursor(row_factory=class_row(Request)) as cursor:
        await cursor.execute(_FIND, (user, key))
        found = await cursor.fetchone()
    assert found is not None  # noqa: S101 - it was put there, and lives for a day
    return found


async def answered(
    connection: Connection, user: int, key: str, status: int, *, headers: dict[str, str], body: bytes
) -> None:
    """Keep the answer."""
    await connection.execute(
        "UPDATE api_request SET status = %s, headers = %s, body = %s WHERE user_id = %s AND key = %s",
        (status, Jsonb(headers), body, user, key),
    )


async def forget(connection: Connection, user: int, key: str) -> None:
    """Nothing was done: it may be tried again as if it were new."""
    await connection.execute("DELETE FROM api_request WHERE user_id = %s AND key = %s", (user, key))


async def prune(connection: Connection) -> None:
    """Forget what is a day old."""
    await connection.execute("DELETE FROM api_request WHERE began_at < clock_timestamp() - interval '24 hours'")


async def turn(connection: Connection, what: str) -> None:
    """Wait until nobody else changes this; then nobody does until this transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 10))", (what,))


_LOCK: Final = "SELECT pg_try_advisory_lock(hashtextextended(%s, 9))"
_FIND: Final = "SELECT fingerprint, began_at, status, headers, body FROM api_request WHERE user_id = %s AND key = %s"
