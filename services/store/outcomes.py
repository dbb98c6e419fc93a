"""What became of a message for each of its recipients: the rows that prove who was told what, and when."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg.rows import class_row

from services.runtime.postgres import Connection

ROWS_PER_FETCH: Final = 5000


@dataclass(frozen=True, slots=True)
class Outcome:
    """A recipient on a channel; behind a shared address, with the state of the copy that stood for it.

    `external_id` and `name` are empty for a feed. `accepted_at` is when the relay or provider took it (null: it did
    not), `code` its reply, `reason` a short word of the ledger's. `state` is the number of a `State`.
    """

    external_id: str
    name: str
    audience: str
    language: str
    channel: str
    state: int
    accepted_at: datetime | None
    code: int | None
    reason: str | None
    attempts: int
    possible_duplicate: bool
    step: int
    shared: bool


async def outcomes(connection: Connection, message: int) -> AsyncIterator[Outcome]:
    """All of them in the order of the plan, from a cursor on the server; run it in a transaction."""
    async with connection.cursor("outcomes", row_factory=class_row(Outcome)) as cursor:
        cursor.itersize = ROWS_PER_FETCH
        await cursor.execute(_OUTCOMES, {"message": message})
        async for outcome in cursor:
            yield outcome


# By the ledger's key, so that a million rows are neither sorted nor kept.
_OUTCOMES: Final = """
SELECT coalesce(c.external_id, '') AS external_id, coalesce(c.name, '') AS name, v.audience, v.language, v.channel,
    d.state, d.accepted_at, d.code, d.reason, d.attempt - d.given_back AS attempts, d.again AS possible_duplicate,
    d.step, told.shared
FROM delivery d
JOIN variant v ON v.message = d.message AND v.number = d.variant
CROSS JOIN LATERAL (
    SELECT d.contact, false UNION ALL
    SELECT s.contact, true FROM shared_delivery s WHERE s.message = d.message AND s.sequence = d.sequence
) told (contact, shared)
LEFT JOIN contact c ON c.id = told.contact
WHERE d.message = %(message)s
ORDER BY d.sequence, told.contact
"""
