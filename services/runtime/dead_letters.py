"""What nobody can read is kept: its bytes in PostgreSQL, word of it on `roeland.dead-letters`, a count in /metrics."""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from services.domain.events import DeadLettered, envelope
from services.runtime import outbox
from services.runtime.health import DEAD_LETTERS
from services.runtime.kafka import Record
from services.runtime.postgres import Pool, until_there

LONGEST_REASON: Final = 500

log = structlog.get_logger(__name__)


def bury_in(pool: Pool, source: str) -> Callable[[Record, str], Awaitable[None]]:
    """A function that makes one dead letter of an unreadable record, however often the record comes."""

    async def bury(record: Record, reason: str) -> None:
        if await until_there(lambda: _bury(pool, source, record, reason[:LONGEST_REASON]), what="dead letter"):
            DEAD_LETTERS.labels(record.topic).inc()
            log.warning(
                "dead_letter", topic=record.topic, partition=record.partition, offset=record.offset, reason=reason
            )

    return bury


async def _bury(pool: Pool, source: str, record: Record, reason: str) -> bool:
    place = (record.topic, record.partition, record.offset)
    async with pool.connection() as connection, connection.transaction():
        inserted = await connection.execute(_INSERT, (*place, reason, record.key, record.value))
        if inserted.rowcount != 1:
            return False
        event = DeadLettered(topic=place[0], partition=place[1], offset=place[2], reason=reason)
        await outbox.put(
            connection, "dead-letters", f"{place[0]}/{place[1]}", envelope(event, event_type=event.TYPE, source=source)
        )
        return True


# The same place with other bytes is another record: Kafka may have been emptied and filled anew.
_INSERT: Final = """
INSERT INTO dead_letter (topic, partition, "offset", reason, key, value)
SELECT v.topic, v.partition, v.place, v.reason, v.key, v.value
FROM (VALUES (%s::text, %s::int, %s::bigint, %s::text, %s::bytea, %s::bytea))
    v (topic, partition, place, reason, key, value)
WHERE NOT EXISTS (
    SELECT FROM dead_letter d WHERE d.topic = v.topic AND d.partition = v.partition AND d."offset" = v.place
    AND d.value IS NOT DISTINCT FROM v.value
)
"""
