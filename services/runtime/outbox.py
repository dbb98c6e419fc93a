"""What a transaction wants published is a row in the same transaction; a publisher brings it to Kafka afterwards.

Serial numbers become visible out of the order in which they were drawn, so order per key is kept by a lock on the
key's row: whoever writes an ordered event holds it until commit. Any number of publishers may run. A record may be
published twice after a crash; no handler minds.

There are three ways out, so that what a crisis waits for never stands behind a million: commands, releases and urgent
announcements go at once; routine announcements likewise, but apart; outcomes are collected, and go twice a second.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Literal

import structlog
from psycopg.types.json import Jsonb

from services.domain.events import Envelope
from services.runtime.postgres import AWAY, Connection, Pool

CHANNEL: Final = "roeland_outbox"
ORDERED: Final = frozenset({"messages", "releases"})
"""Topics in which the order of one key's records matters. The others carry hints and absolute counts."""
COLLECTED: Final = frozenset({"outcomes"})
"""Topics whose records are absolute, one for each key and `data.batch`: only the highest `data.version` need go."""
AT_ONCE: Final = 500
COLLECTED_AT_ONCE: Final = 2000
BETWEEN_SECONDS: Final = 0.005
COLLECT_SECONDS: Final = 0.5
PATIENCE_SECONDS: Final = 10.0
"""Kafka is away for longer than this: then what was collected is thinned out where it lies."""

Publish = Callable[[str, Sequence[tuple[str, bytes]]], Awaitable[None]]
"""Brings (key, value) pairs to a topic, durably, in this order; raises `Unavailable` when it cannot."""
Way = Literal["first", "routine"]

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
    if topic not in COLLECTED:
        await wake(connection)


async def wake(connection: Connection) -> None:
    """Have the publishers look as soon as this transaction has committed."""
    await connection.execute(f"NOTIFY {CHANNEL}")


async def publish_waiting(pool: Pool, publish: Publish, way: Way = "first") -> int:
    """Publish what waits on this way, at most `AT_ONCE` records of each sort; returns how many.

    Raises what `publish` raises.
    """
    query = _FIRST if way == "first" else _ROUTINE
    values = {"ordered": list(ORDERED), "apart": list(ORDERED | COLLECTED), "limit": AT_ONCE}
    async with pool.connection() as connection, connection.transaction():
        rows = await (await connection.execute(query, values)).fetchall()
        if rows:
            await _bring(rows, publish)
            await connection.execute("DELETE FROM outbox WHERE id = ANY(%s)", ([row[0] for row in rows],))
        return len(rows)


async def publish_collected(pool: Pool, publish: Publish) -> int:
    """Publish what was collected, of each batch the newest; returns how many rows went. One publisher at a time.

    Raises what `publish` raises.
    """
    async with pool.connection() as connection, connection.transaction():
        values = {"collected": list(COLLECTED), "limit": COLLECTED_AT_ONCE}
        rows = await (await connection.execute(_COLLECT.encode(), values)).fetchall()
        await _bring(rows, publish)
        return int(rows[0][4]) if rows else 0


async def thin_out(pool: Pool) -> int:
    """Drop what a newer version of the same batch has overtaken, while Kafka is away; returns how many rows went."""
    async with pool.connection() as connection:
        return (await connection.execute(_THIN_OUT.encode(), {"collected": list(COLLECTED)})).rowcount


async def run_publisher(pool: Pool, publish: Publish, woken: asyncio.Event, way: Way = "first") -> None:
    """Publish for as long as it runs: when woken, and each second all the same."""
    waits = False
    while True:
        woken.clear()
        try:
            while await publish_waiting(pool, publish, way) >= AT_ONCE:
                pass
            waits = _told(waits, None)
        except AWAY as problem:
            waits = _told(waits, problem)
            await asyncio.sleep(1)
        await asyncio.sleep(BETWEEN_SECONDS)
        try:
            async with asyncio.timeout(1):
                await woken.wait()
        except TimeoutError:
            pass


async def run_collector(pool: Pool, publish: Publish) -> None:
    """Publish what is collected, every so often, for as long as it runs. Nothing waits for it: a warning is enough."""
    waits = False
    while True:
        try:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while await publish_collected(pool, publish) >= COLLECTED_AT_ONCE:
                        pass
            except TimeoutError:
                await thin_out(pool)
            waits = _told(waits, None)
        except AWAY as problem:
            waits = _told(waits, problem)
            await asyncio.sleep(1)
        await asyncio.sleep(COLLECT_SECONDS)


def _told(waits: bool, problem: Exception | None) -> bool:
    """Whether it waits now: one line when it begins to, one when it goes on."""
    if problem is not None and not waits:
        log.warning("outbox_waits", problem=type(problem).__name__)
    elif problem is None and waits:
        log.info("outbox_goes_on")
    return problem is not None


async def _bring(rows: Sequence[tuple[Any, ...]], publish: Publish) -> None:
    """Rows begin with id, topic, key, event. All topics at once: none waits for the broker's answer about another."""
    by_topic: dict[str, list[tuple[str, bytes]]] = {}
    for _, topic, key, event, *_ in rows:
        by_topic.setdefault(topic, []).append((key, event.encode()))
    if len(by_topic) == 1:
        ((topic, records),) = by_topic.items()
        await publish(topic, records)
        return
    done = await asyncio.gather(*(publish(*each) for each in by_topic.items()), return_exceptions=True)
    for problem in done:
        if problem is not None:
            raise problem


# Only one publisher at a time reads the ordered topics, and writers of one key wait for each other, so the rows of a
# key that are visible are always its oldest. The publisher holds nothing that a writer waits for: a door's command
# and a stop must commit while Kafka is away.
_FIRST: Final = """
WITH sole AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock(hashtext('roeland outbox')) AS ours
), ordered AS (
    SELECT id, topic, key, event::text AS event FROM outbox WHERE topic = ANY(%(ordered)s) AND (SELECT ours FROM sole)
    ORDER BY id LIMIT %(limit)s
), loose AS (
    SELECT id, topic, key, event::text AS event FROM outbox
    WHERE topic <> ALL(%(apart)s) AND topic NOT LIKE '%%.routine' ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
SELECT * FROM ordered UNION ALL SELECT * FROM loose ORDER BY id
"""

_ROUTINE: Final = """
SELECT id, topic, key, event::text AS event FROM outbox WHERE topic LIKE '%%.routine'
ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""

_SOLE: Final = """
WITH sole AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(hashtext('roeland outbox, collected')) AS ours)
"""

_COLLECT: Final = f"""{_SOLE}, taken AS (
    DELETE FROM outbox WHERE id IN (
        SELECT id FROM outbox WHERE topic = ANY(%(collected)s) AND (SELECT ours FROM sole)
        ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ) RETURNING id, topic, key, event
)
SELECT DISTINCT ON (topic, key, event->'data'->'batch') id, topic, key, event::text, count(*) OVER () AS rows
FROM taken ORDER BY topic, key, event->'data'->'batch', (event->'data'->'version')::bigint DESC
"""

_THIN_OUT: Final = f"""{_SOLE}
DELETE FROM outbox WHERE (SELECT ours FROM sole) AND id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (
            PARTITION BY topic, key, event->'data'->'batch' ORDER BY (event->'data'->'version')::bigint DESC) AS place
        FROM outbox WHERE topic = ANY(%(collected)s)
    ) each WHERE place > 1
)
"""
