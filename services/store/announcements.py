"""Saying what is to be done, and saying it again: the announcements of batches.

An announcement is a hint. Losing all of them delays a message until the sweep says them again; one too many finds
nothing to do. What is urgent is said twice: in Kafka, and at once to whoever listens in PostgreSQL (decision 0006).
"""

from typing import Final

from services.domain.batches import BatchRef
from services.domain.events import BatchAnnounced
from services.runtime import outbox
from services.runtime.postgres import Connection
from services.store.ledger_sql import HALTED
from services.store.messages import SENDABLE

SWEEP_SECONDS: Final = 5.0
URGENT_CHANNEL: Final = "roeland_urgent"
"""NOTIFY channel: something urgent was announced just now. A worker need not wait for Kafka to hear of it."""


async def announce(connection: Connection, message: int, *, source: str, step: int = 0, unsaid: bool = False) -> int:
    """Announce every batch of a message in which there is work now; returns how many. The caller commits.

    `step`: those of this step and of later ones. What is not open yet is never announced.
    `unsaid`: only what never was.
    """
    values = {"message": message, "step": step, "source": source}
    return await _announce(connection, _UNSAID if unsaid else _OPEN, values)


async def announce_urgent(connection: Connection, *, source: str) -> int:
    """Announce what is urgent and was never announced, of whatever message; returns how many. The caller commits."""
    return await _announce(connection, _URGENT, {"source": source})


async def announce_one(connection: Connection, ref: BatchRef, *, source: str) -> int:
    """Announce this batch if there is work in it now; returns 1 or 0. The caller commits."""
    return await _announce(connection, _ONE, {"message": ref.message, "number": ref.number, "source": source})


async def announce_overdue(connection: Connection, *, source: str, seconds: float = SWEEP_SECONDS) -> int:
    """Announce again what nobody claimed; returns how many. Backs off, and waits while claims make progress.

    The caller commits. At most a thousand at a time.
    """
    return await _announce(connection, _OVERDUE, {"source": source, "seconds": seconds})


async def halted_with_unsent(connection: Connection) -> list[int]:
    """Numbers of messages that were stopped, turned down or have expired and still hold something unsent."""
    return [number for (number,) in await (await connection.execute(_HALTED)).fetchall()]


async def _announce(connection: Connection, chosen: str, values: dict[str, object]) -> int:
    rows = await (
        await connection.execute((chosen + _PUT).encode(), {**values, "type": BatchAnnounced.TYPE})
    ).fetchall()
    count, urgent = rows[0]
    if count:
        await outbox.wake(connection)
    if urgent:
        await connection.execute(f"NOTIFY {URGENT_CHANNEL}")
    return int(count)


_CLAIMABLE: Final = f"""b.epoch IS NULL AND b.step <= m.open_step AND {SENDABLE}
    AND (b.planned > 0 OR (b.deferred > 0 AND b.due <= clock_timestamp()))"""

_OPEN: Final = f"""
WITH chosen AS (
    SELECT b.message, b.number FROM batch b JOIN message m ON m.number = b.message
    WHERE b.message = %(message)s AND b.step >= %(step)s AND b.planned + b.deferred + b.claimed > 0 AND {_CLAIMABLE}
    ORDER BY b.number FOR UPDATE OF b
)"""

_UNSAID: Final = _OPEN.replace("ORDER BY", "AND b.announced_at IS NULL ORDER BY")

_URGENT: Final = f"""
WITH chosen AS (
    SELECT b.message, b.number FROM batch b JOIN message m ON m.number = b.message
    WHERE b.planned > 0 AND b.lane = 'urgent' AND b.announced_at IS NULL AND {_CLAIMABLE}
    ORDER BY b.message, b.number LIMIT 1000 FOR UPDATE OF b SKIP LOCKED
)"""

_ONE: Final = f"""
WITH chosen AS (
    SELECT b.message, b.number FROM batch b JOIN message m ON m.number = b.message
    WHERE b.message = %(message)s AND b.number = %(number)s AND {_CLAIMABLE} FOR UPDATE OF b
)"""

# Whether claims make progress is asked once per message and channel: per batch, a million recipients took 12 s a sweep.
_OVERDUE: Final = f"""
WITH still AS MATERIALIZED (
    SELECT road.message, road.channel
    FROM (SELECT DISTINCT message, channel FROM batch WHERE planned + deferred + claimed > 0) road
    WHERE NOT EXISTS (
        SELECT FROM batch busy WHERE busy.message = road.message AND busy.channel = road.channel
        AND busy.claimed_at > clock_timestamp() - make_interval(secs => %(seconds)s))
), chosen AS (
    SELECT b.message, b.number FROM still JOIN batch b ON b.message = still.message AND b.channel = still.channel
    JOIN message m ON m.number = b.message
    WHERE b.planned + b.deferred + b.claimed > 0 AND {_CLAIMABLE}
    AND coalesce(b.announced_at, m.released_at)
        < clock_timestamp() - make_interval(secs => %(seconds)s * power(2, least(b.announcements, 6)))
    ORDER BY b.priority, b.message, b.number LIMIT 1000 FOR UPDATE OF b SKIP LOCKED
)"""

_PUT: Final = """, marked AS (
    UPDATE batch b SET announced_at = clock_timestamp(), announcements = least(b.announcements + 1, 100)
    FROM chosen WHERE b.message = chosen.message AND b.number = chosen.number
    RETURNING b.message, b.number, b.channel, b.lane, b.priority
), put AS (
    INSERT INTO outbox (topic, key, event)
    SELECT CASE channel WHEN 'newsfeed' THEN 'deliveries.newsfeed' ELSE 'deliveries.' || channel || '.' || lane END,
        message || '/' || number,
        jsonb_build_object('specversion', '1.0', 'id', gen_random_uuid(), 'source', %(source)s::text,
            'type', %(type)s::text, 'time',
                to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'datacontenttype', 'application/json', 'data', jsonb_build_object('message', message, 'batch', number))
    FROM marked ORDER BY priority, message, number RETURNING topic
)
SELECT count(*), coalesce(bool_or(topic NOT LIKE '%%.routine'), false) FROM put"""

_HALTED: Final = f"""
SELECT DISTINCT m.number FROM message m JOIN batch b ON b.message = m.number
WHERE b.planned + b.deferred + b.claimed > 0 AND b.planned + b.deferred > 0
AND {HALTED}
"""
