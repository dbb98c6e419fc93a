"""Messages that one person released alone, and what a second person said of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from psycopg.rows import class_row

from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Broken:
    """`by` and `judged_by` are addresses. `verdict` is None until a second person gave one."""

    message: int
    id: UUID
    incident: str
    title: str
    by_id: int
    by: str
    reason: str
    at: datetime
    verdict: Literal["confirmed", "disputed"] | None
    judged_by: str | None
    judged_at: datetime | None
    judged_reason: str | None


async def broken(connection: Connection, message: int) -> Broken | None:
    """How the glass was broken for this revision (its number); None when it was not, or that was taken back."""
    async with connection.cursor(row_factory=class_row(Broken)) as cursor:
        await cursor.execute(f"{_BROKEN} AND g.message = %s ORDER BY g.id DESC LIMIT 1".encode(), (message,))
        return await cursor.fetchone()


async def still_open(connection: Connection) -> list[Broken]:
    """Where no second person judged yet, the oldest first."""
    async with connection.cursor(row_factory=class_row(Broken)) as cursor:
        await cursor.execute(f"{_BROKEN} AND v.id IS NULL ORDER BY g.at".encode())
        return await cursor.fetchall()


_BROKEN: Final = """
SELECT g.message, m.id, m.incident, coalesce(m.content->'title'->0->>'text', '') AS title,
    g.user_id AS by_id, u.email AS by, g.reason, g.at,
    CASE v.act WHEN 'confirm' THEN 'confirmed' WHEN 'dispute' THEN 'disputed' END AS verdict,
    j.email AS judged_by, v.at AS judged_at, v.reason AS judged_reason
FROM approval g JOIN message m ON m.number = g.message JOIN users u ON u.id = g.user_id
LEFT JOIN LATERAL (
    SELECT * FROM approval WHERE message = g.message AND act IN ('confirm', 'dispute') AND id > g.id ORDER BY id LIMIT 1
) v ON true
LEFT JOIN users j ON j.id = v.user_id
WHERE g.act = 'break-glass' AND g.taken_back_at IS NULL
"""
