"""What is going on now, from small tables: messages that wait, are approved, or run; and promises of more word."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg.rows import class_row

from services.runtime.postgres import Connection
from services.store.facts import all_as_stated
from services.store.messages import FOR_USERS, Message, those_where


@dataclass(frozen=True, slots=True)
class Approved:
    """Who approved a message that still waits. `by`: an address."""

    message: int
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Promise:
    """The latest message of an incident that goes on promised word by then."""

    incident: str
    message: UUID
    promised_at: datetime
    overdue: bool


async def waiting(connection: Connection) -> list[Message]:
    """Submitted or proofed, not expired: the oldest first."""
    return await those_where(
        connection,
        "m.state IN ('submitted', 'proofed') AND (m.expires_at IS NULL OR m.expires_at > clock_timestamp())",
    )


async def approved(connection: Connection) -> list[Message]:
    """Approved, and not released yet: what can be taken back."""
    return await those_where(connection, "m.state = 'approved'")


async def running(connection: Connection) -> list[Message]:
    """Released, with something open."""
    return await those_where(connection, f"m.state = 'released' AND {_OPEN}")


async def titles(connection: Connection, numbers: Sequence[int]) -> dict[int, str]:
    """The first title of each of these messages, in the words that its readers got; by number."""
    rows = await connection.execute("SELECT number, content FROM message WHERE number = ANY(%s)", (list(numbers),))
    contents = await all_as_stated(connection, dict(await rows.fetchall()))
    return {number: (content.get("title") or [{}])[0].get("text") or "" for number, content in contents.items()}


async def approvals(connection: Connection) -> list[Approved]:
    """The approvals that count, of messages that wait for more."""
    async with connection.cursor(row_factory=class_row(Approved)) as cursor:
        await cursor.execute(_APPROVED)
        return await cursor.fetchall()


async def promises(connection: Connection) -> list[Promise]:
    """The next that is due first."""
    async with connection.cursor(row_factory=class_row(Promise)) as cursor:
        await cursor.execute(_PROMISES, (list(FOR_USERS),))
        return await cursor.fetchall()


_OPEN: Final = "EXISTS (SELECT FROM batch b WHERE b.message = m.number AND b.planned + b.deferred + b.claimed > 0)"

_APPROVED: Final = """
SELECT a.message, u.email AS by, a.at FROM approval a JOIN message m ON m.number = a.message
JOIN users u ON u.id = a.user_id
WHERE m.state = 'proofed' AND a.act = 'approve' AND a.proof_hash = m.proof_hash AND a.taken_back_at IS NULL
AND u.disabled_at IS NULL ORDER BY a.id
"""

_PROMISES: Final = """
SELECT * FROM (
    SELECT DISTINCT ON (m.incident) m.incident, m.id AS message, m.next_update_at AS promised_at,
        m.next_update_at <= clock_timestamp() AS overdue
    FROM message m JOIN incident i ON i.slug = m.incident
    WHERE m.released_at IS NOT NULL AND i.closed_at IS NULL AND m.kind <> ALL(%s)
    ORDER BY m.incident, m.released_at DESC
) latest WHERE promised_at IS NOT NULL ORDER BY promised_at
"""
