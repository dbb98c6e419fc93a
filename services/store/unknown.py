"""Whom somebody must call: nobody can say whether the message reached them, and nobody will be able to."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg.rows import class_row

from services.domain.states import State
from services.runtime.postgres import Connection

ROWS_PER_FETCH: Final = 2000


@dataclass(frozen=True, slots=True)
class Unreached:
    """A contact whose delivery on `channel` is `unknown`, or for whom such a delivery stood.

    `mail` and `mobile` are the addresses as they are now, None without one. `handed_over_at` is when it was last in
    the hands of a worker. `reason` is a short word of the ledger's.
    """

    external_id: str
    name: str
    organisation: str
    role: str
    municipality: str | None
    audience: str
    channel: str
    mobile: str | None
    mail: str | None
    handed_over_at: datetime | None
    reason: str | None


async def unreached(connection: Connection, message: int) -> AsyncIterator[Unreached]:
    """These people in the order of the plan, from a cursor on the server; run it in a transaction."""
    async with connection.cursor("unreached", row_factory=class_row(Unreached)) as cursor:
        cursor.itersize = ROWS_PER_FETCH
        await cursor.execute(_UNREACHED, {"message": message, "unknown": int(State.UNKNOWN)})
        async for person in cursor:
            yield person


# Only batches that count somebody as unknown are read. What was in doubt has an attempt that says since when; after a
# stop the claim itself may be all that is known.
_UNREACHED: Final = """
SELECT c.external_id, c.name, c.organisation, c.role, c.municipality, v.audience, v.channel,
    sms.value AS mobile, mail.value AS mail, coalesce(tried.at, b.claimed_at) AS handed_over_at,
    coalesce(d.reason, tried.reason) AS reason
FROM batch b
JOIN delivery d ON d.message = b.message AND d.sequence BETWEEN b.first_sequence AND b.last_sequence
JOIN variant v ON v.message = d.message AND v.number = d.variant
CROSS JOIN LATERAL (
    SELECT d.contact UNION ALL
    SELECT s.contact FROM shared_delivery s WHERE s.message = d.message AND s.sequence = d.sequence
) told (contact)
JOIN contact c ON c.id = told.contact
LEFT JOIN address mail ON mail.contact = c.id AND mail.channel = 'mail' AND mail.current
LEFT JOIN address sms ON sms.contact = c.id AND sms.channel = 'sms' AND sms.current
LEFT JOIN LATERAL (
    SELECT a.at, a.reason FROM attempt a WHERE a.message = d.message AND a.sequence = d.sequence
    ORDER BY a.id DESC LIMIT 1
) tried ON true
WHERE b.message = %(message)s AND b.unknown > 0 AND d.state = %(unknown)s
ORDER BY d.sequence, c.id
"""
