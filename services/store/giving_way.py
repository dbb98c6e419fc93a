"""Who locks a message and then batches of it gives way to whoever holds a batch and waits for the message.

Settlements and reports take the batch first, thousands of them a second. Left to PostgreSQL, one of the two is ended
after a second of waiting, and that may be the settlement.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from services.runtime.postgres import Connection

WAIT: Final = "200ms"
"""Shorter than PostgreSQL's `deadlock_timeout` (1 s); whoever holds a batch and needs no message is done by then."""


@asynccontextmanager
async def giving_way(connection: Connection) -> AsyncIterator[None]:
    """In here a lock that cannot be had soon raises `LockNotAvailable`: one of `AWAY`, so tried again."""
    row = await (await connection.execute("SELECT current_setting('lock_timeout')")).fetchone()
    await connection.execute("SELECT set_config('lock_timeout', %s, true)", (WAIT,))
    yield
    await connection.execute("SELECT set_config('lock_timeout', %s, true)", (row[0] if row else "0",))
