"""Timers are rows: one mechanism for whatever must happen at a time (retries, expiry; later embargo, editions).

A timer is unique by (kind, subject, occurrence), so that setting it twice sets it once. Its effect happens in the
transaction that claims it; two schedulers never fire the same one.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from services.runtime.postgres import Connection, Pool

Now = Callable[[], datetime]
"""What time it is, where it is not the database's clock that says so: time is simulated (aware)."""

Effect = Callable[[Connection, str], Awaitable[None]]
"""What a timer does, in the transaction that claims it; gets the timer's subject."""


async def set_timer(connection: Connection, kind: str, subject: str, occurrence: str, due: datetime) -> None:
    """Have this happen at `due` (aware). The same occurrence again changes nothing."""
    await connection.execute(
        "INSERT INTO timer (kind, subject, occurrence, due) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (kind, subject, occurrence, due),
    )


async def fire_due(
    pool: Pool, kind: str, effect: Effect, *, only: str = "", now: Now | None = None, most: int | None = None
) -> int:
    """Fire every timer of this kind that is due, each in a transaction of its own; returns how many.

    `only`: those whose occurrence begins with this. `now`: None for the database's clock. `most`: no more than so many.
    """
    fired = 0
    while most is None or fired < most:
        async with pool.connection() as connection, connection.transaction():
            row = await (await connection.execute(_NEXT, (kind, now() if now else None, only))).fetchone()
            if row is None:
                return fired
            await effect(connection, row[0])
            fired += 1
    return fired


async def take_with(connection: Connection, kind: str, beginning: str) -> list[str]:
    """Fire, in this transaction, whatever else is due whose subject begins so; returns the subjects."""
    rows = await connection.execute(_WITH, {"kind": kind, "beginning": beginning})
    return [subject for (subject,) in await rows.fetchall()]


async def prune(connection: Connection, kind: str) -> int:
    """Forget fired timers of a kind whose occurrences do not come back; returns how many rows went."""
    return (
        await connection.execute("DELETE FROM timer WHERE kind = %s AND fired_at < now() - interval '1 day'", (kind,))
    ).rowcount


_NEXT: Final = """
UPDATE timer SET fired_at = now() WHERE (kind, subject, occurrence) = (
    SELECT kind, subject, occurrence FROM timer
    WHERE kind = %s AND fired_at IS NULL AND due <= coalesce(%s::timestamptz, clock_timestamp())
        AND starts_with(occurrence, %s)
    ORDER BY due LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING subject
"""

_WITH: Final = """
UPDATE timer SET fired_at = now() WHERE (kind, subject, occurrence) IN (
    SELECT kind, subject, occurrence FROM timer
    WHERE kind = %(kind)s AND fired_at IS NULL AND due <= clock_timestamp() AND starts_with(subject, %(beginning)s)
    FOR UPDATE SKIP LOCKED
) RETURNING subject
"""
