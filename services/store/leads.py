"""How much earlier somebody knew than the public: the lead over publication.

A message is published when its entry is in the open feed; without one for the public, when it is in the first of any
feed. A lead is negative for who was told after that, and None while one of the two moments is not known.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.runtime.postgres import Connection
from services.store.feeds import PUBLIC


@dataclass(frozen=True, slots=True)
class Lead:
    """When one recipient's copy was accepted on a channel, and how many seconds before publication."""

    contact: int
    channel: str
    accepted_at: datetime
    seconds: float | None


def lead(published: datetime | None, accepted: datetime | None) -> float | None:
    """Seconds from an acceptance to the publication; None while one of the two is not known."""
    return (published - accepted).total_seconds() if published and accepted else None


async def published_at(connection: Connection, message: int) -> datetime | None:
    """When the message was published; None when it was not yet, or never will be."""
    row = await (await connection.execute(_PUBLISHED, {"message": message, "public": PUBLIC})).fetchone()
    return row[0] if row else None


async def leads(connection: Connection, message: int) -> AsyncIterator[Lead]:
    """Of everyone whose copy was accepted, in the order of the plan; also of those for whom another's copy stands.

    Streamed, for a message may have gone to a million: call it within a transaction, or in autocommit.
    """
    published = await published_at(connection, message)
    async with connection.transaction(), connection.cursor("leads") as cursor:
        await cursor.execute(LEADS, {"message": message, "published": published})
        async for contact, channel, accepted_at, seconds in cursor:
            yield Lead(contact, channel, accepted_at, seconds)


# By the batches of feeds: the delivery rows of a message are found by their sequence alone.
_PUBLISHED: Final = """
SELECT CASE WHEN bool_or(v.audience = %(public)s) THEN min(d.accepted_at) FILTER (WHERE v.audience = %(public)s)
    ELSE min(d.accepted_at) END
FROM batch b
JOIN delivery d ON d.message = b.message AND d.sequence BETWEEN b.first_sequence AND b.last_sequence
JOIN variant v ON v.message = d.message AND v.number = d.variant
WHERE b.message = %(message)s AND b.channel = 'newsfeed'
"""

LEADS: Final = """
SELECT who.contact, v.channel, d.accepted_at,
    extract(epoch FROM %(published)s::timestamptz - d.accepted_at)::float8 AS lead_seconds
FROM delivery d JOIN variant v ON v.message = d.message AND v.number = d.variant
CROSS JOIN LATERAL (
    SELECT d.contact UNION ALL
    SELECT s.contact FROM shared_delivery s WHERE s.message = d.message AND s.sequence = d.sequence
) who
WHERE d.message = %(message)s AND d.contact IS NOT NULL AND d.accepted_at IS NOT NULL
ORDER BY d.sequence, who.contact
"""
"""For `message export`: the same by contact and channel; `published` is what `published_at` says."""
