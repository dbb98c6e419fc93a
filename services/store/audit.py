"""The record of who did what, written in the transaction that does it; rows are added and never changed.

No personal data: users, contacts and messages are named by their ids.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act. `actor` is a user's id; None when the system acted, or someone by the right to the database."""

    id: int
    at: datetime
    actor: int | None
    action: str
    subject: str
    detail: dict[str, Any]


async def record(
    connection: AsyncConnection[Any],
    *,
    actor: int | None,
    action: str,
    subject: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add a row. `action` is a verb in the past tense (`user.added`), `subject` what it was done to (`user:12`)."""
    await connection.execute(
        "INSERT INTO audit (actor, action, subject, detail) VALUES (%s, %s, %s, %s)",
        (actor, action, subject, Jsonb(dict(detail or {}))),
    )


async def recorded(connection: AsyncConnection[Any], subject: str) -> list[AuditRow]:
    """Everything that was done to a subject, oldest first."""
    async with connection.cursor(row_factory=class_row(AuditRow)) as cursor:
        await cursor.execute(
            "SELECT id, at, actor, action, subject, detail FROM audit WHERE subject = %s ORDER BY id", (subject,)
        )
        return await cursor.fetchall()
