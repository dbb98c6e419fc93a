"""What nobody could read: looked at, and marked once it was put back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg.rows import class_row

from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An unreadable record: where it stood, why it could not be read, and its bytes."""

    id: int
    topic: str
    partition: int
    offset: int
    reason: str
    key: bytes | None
    value: bytes | None
    recorded_at: datetime
    replayed_at: datetime | None


COLUMNS: Final = 'id, topic, partition, "offset", reason, key, value, recorded_at, replayed_at'


async def recent(connection: Connection, *, limit: int = 50) -> Sequence[DeadLetter]:
    """The latest first."""
    async with connection.cursor(row_factory=class_row(DeadLetter)) as cursor:
        await cursor.execute(f"SELECT {COLUMNS} FROM dead_letter ORDER BY id DESC LIMIT %s".encode(), (limit,))
        return await cursor.fetchall()


async def find(connection: Connection, letter: int, *, lock: bool = False) -> DeadLetter | None:
    """The one with this number."""
    query = f"SELECT {COLUMNS} FROM dead_letter WHERE id = %s" + (" FOR UPDATE" if lock else "")
    async with connection.cursor(row_factory=class_row(DeadLetter)) as cursor:
        await cursor.execute(query.encode(), (letter,))
        return await cursor.fetchone()


async def mark_replayed(connection: Connection, letter: int) -> None:
    """It was put back on its topic."""
    await connection.execute("UPDATE dead_letter SET replayed_at = clock_timestamp() WHERE id = %s", (letter,))
