"""Progress: what the stream processor finds about running messages, for the doors to show. It can be made anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.domain.states import State
from services.runtime.postgres import Connection

AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class BatchStand:
    """How a batch stood at a version: contacts by state, those without any left out."""

    number: int
    channel: str
    version: int
    counts: Mapping[str, int]
    last_accepted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How a message stands on a channel. `rate`: contacts settled per second. `completes_at`: None when not known."""

    message: int
    channel: str
    rate: float
    remaining: int
    failure_share: float
    completes_at: datetime | None


async def batches(connection: Connection, message: int, *, after: int = 0, most: int = AT_ONCE) -> list[BatchStand]:
    """How the record says that the batches of a released message stand, a page of them in their order.

    The next page begins `after` the last of this one. None for a message that was not released.
    """
    rows = await connection.execute(_BATCHES.encode(), (message, after, most))
    return [
        BatchStand(
            number, channel, version,
            {state.word: count for state, count in zip(State, counts, strict=True) if count}, last,
        )
        async for number, channel, version, last, *counts in rows
    ]  # fmt: skip


async def record(connection: Connection, found: Sequence[Progress]) -> None:
    """Write how messages stand, over what was written before. The caller commits."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            _RECORD,
            [
                (p.message, p.channel, p.rate, p.remaining, p.failure_share, p.completes_at)
                for p in sorted(found, key=lambda p: (p.message, p.channel))
            ],
        )


_BATCHES: Final = f"""
SELECT b.number, b.channel, b.version, b.last_accepted_at, {", ".join(f"b.{state.word}" for state in State)}
FROM batch b JOIN message m ON m.number = b.message
WHERE b.message = %s AND b.number > %s AND m.released_at IS NOT NULL ORDER BY b.number LIMIT %s
"""

_RECORD: Final = """
INSERT INTO progress (message, channel, rate, remaining, failure_share, completes_at, updated_at)
VALUES (%s, %s, %s, %s, %s, %s, clock_timestamp())
ON CONFLICT (message, channel) DO UPDATE SET rate = excluded.rate, remaining = excluded.remaining,
    failure_share = excluded.failure_share, completes_at = excluded.completes_at, updated_at = excluded.updated_at
"""
