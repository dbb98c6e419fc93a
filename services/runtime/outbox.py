"""What a transaction wants published is a row in the same transaction; a publisher brings it to Kafka afterwards.

Serial numbers become visible out of the order in which they were drawn, so order per key is kept by a lock on the
key's row: whoever writes an ordered event holds it until commit. Any number of publishers may run. A record may be
published twice after a crash; no handler minds.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog
from psycopg.types.json import Jsonb

from services.domain.events import Envelope
from services.runtime.postgres import AWAY, Connection, Pool

CHANNEL: Final = "roeland_outbox"
ORDERED: Final = frozenset({"messages", "releases"})
"""Topics in which the order of one key's records matters. The others carry hints and absolute counts."""
AT_ONCE: Final = 500
BETWEEN_SECONDS: Final = 0.02

Publish = Callable[[str, Sequence[tuple[str, bytes]]], Awaitable[None]]
"""Brings (key, value) pairs to a topic, durably, in this order; raises `Unavailable` when it cannot."""

log = structlog.get_logger(__name__)


async def put(connection: Connection, topic: str, key: str, *events: Envelope) -> None:
    """Publish these events if, and only if, this transaction commits."""
    if topic in ORDERED:
        await connection.execute(
            "INSERT INTO outbox_key (topic, key) VALUES (%s, %s)"
            " ON CONFLICT (topic, key) DO UPDATE SET key = excluded.key",
            (topic, key),
        )
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO outbox (topic, key, event) VALUES (%s, %s, %s)",
            [(topic, key, Jsonb(event.model_dump(mode="json", exclude_none=True))) for event in events],
        )
    await wake(connection)


async def wake(connection: Connection) -> None:
    """Have the publishers look as soon as this transaction has committed."""
    await connection.execute(f"NOTIFY {CHANNEL}")


async def publish_waiting(pool: Pool, publish: Publish) -> int:
    """Publish what waits, at most `AT_ONCE` records of each sort; returns how many. Raises what `publish` raises."""
    async with pool.connection() as connection, connection.transaction():
        rows = await (await connection.execute(_TAKE, {"ordered": list(ORDERED), "limit": AT_ONCE})).fetchall()
        by_topic: dict[str, list[tuple[str, bytes]]] = {}
        for _, topic, key, event in rows:
            by_topic.setdefault(topic, []).append((key, event.encode()))
        for topic, records in by_topic.items():
            await publish(topic, records)
        await connection.execute("DELETE FROM outbox WHERE id = ANY(%s)", ([row[0] for row in rows],))
        return len(rows)


async def run_publisher(pool: Pool, publish: Publish, woken: asyncio.Event) -> None:
    """Publish for as long as it runs: when woken, at most fifty times a second, and each second all the same."""
    while True:
        woken.clear()
        try:
            while await publish_waiting(pool, publish) >= AT_ONCE:
                pass
        except AWAY as problem:
            log.warning("outbox_waits", problem=type(problem).__name__)
            await asyncio.sleep(1)
        await asyncio.sleep(BETWEEN_SECONDS)
        try:
            async with asyncio.timeout(1):
                await woken.wait()
        except TimeoutError:
            pass


# Only one publisher at a time reads the ordered topics, and writers of one key wait for each other, so the rows of a
# key that are visible are always its oldest. The publisher holds nothing that a writer waits for: a door's command
# and a stop must commit while Kafka is away.
_TAKE: Final = """
WITH sole AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock(hashtext('roeland outbox')) AS ours
), ordered AS (
    SELECT id, topic, key, event::text AS event FROM outbox WHERE topic = ANY(%(ordered)s) AND (SELECT ours FROM sole)
    ORDER BY id LIMIT %(limit)s
), loose AS (
    SELECT id, topic, key, event::text AS event FROM outbox WHERE topic <> ALL(%(ordered)s)
    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
SELECT * FROM ordered UNION ALL SELECT * FROM loose ORDER BY id
"""
