"""Each event is handled once by each consumer: its id and hash are a row in the handler's own transaction."""

import hashlib
from datetime import timedelta
from typing import Final

from services.domain.events import Envelope, Unreadable
from services.domain.identity import canonical
from services.runtime.postgres import Connection

KEPT: Final = timedelta(days=15)
"""One day longer than Kafka keeps records."""


async def first_time(connection: Connection, consumer: str, event: Envelope) -> bool:
    """Whether this consumer has not handled the event yet; if so it counts as handled when the transaction commits.

    Raises `Unreadable` when the same id came before with another body.
    """
    digest = hashlib.sha256(canonical({"type": event.type, "data": event.data})).digest()
    inserted = await connection.execute(
        "INSERT INTO inbox (consumer, id, hash) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (consumer, event.id, digest),
    )
    if inserted.rowcount == 1:
        return True
    found = await connection.execute("SELECT hash FROM inbox WHERE consumer = %s AND id = %s", (consumer, event.id))
    row = await found.fetchone()
    if row is not None and bytes(row[0]) != digest:
        raise Unreadable("this id came before with another body")
    return False


async def prune(connection: Connection) -> int:
    """Forget what Kafka can no longer bring again; returns how many rows went."""
    return (await connection.execute("DELETE FROM inbox WHERE handled_at < now() - %s", (KEPT,))).rowcount
