"""The chain of hashes over the audit: its links, and its head (docs/audit.md)."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from psycopg.rows import class_row

from services.runtime.postgres import Connection

BEFORE_THE_FIRST: Final = "0" * 64
ROWS_PER_FETCH: Final = 5000


@dataclass(frozen=True, slots=True)
class Head:
    """The last link; whoever keeps it elsewhere can tell later that nothing before it was changed or taken away."""

    position: int
    hash: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link with all that it takes to verify it by itself: `hash` is SHA-256 of `previous`, line feed, `entry`."""

    position: int
    previous: str
    entry: str
    hash: str
    salt: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Which:
    """Which links; every field that is given narrows. `message` is an id, `incident` a slug and its messages.

    `actor`: a user's number, 0: whoever acted by the right to the database, and the system.
    """

    message: str | None = None
    incident: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    actor: int | None = None
    action: str | None = None
    subject: str | None = None


async def head(connection: Connection) -> Head | None:
    """The last link; None while there is none."""
    rows = await connection.execute("SELECT position, hash FROM audit_chain ORDER BY position DESC LIMIT 1")
    row = await rows.fetchone()
    return Head(*row) if row else None


async def links(
    connection: Connection, which: Which, *, newest: int | None = None, before: int | None = None
) -> AsyncIterator[Link]:
    """These links in the order of the chain, from a cursor on the server; run it in a transaction.

    `newest`: only the last so many, the last one first. `before`: only those that stand before this position.
    """
    values = {
        "message": which.message and f"message:{which.message}", "incident": which.incident,
        "since": which.since, "until": which.until, "actor": which.actor, "action": which.action,
        "subject": which.subject, "newest": newest, "before": before,
    }  # fmt: skip
    order = "DESC LIMIT %(newest)s" if newest else "ASC"
    async with connection.cursor("audit_links", row_factory=class_row(Link)) as cursor:
        cursor.itersize = ROWS_PER_FETCH
        await cursor.execute(f"{_LINKS} ORDER BY c.position {order}".encode(), values)
        async for link in cursor:
            yield link


def link_hash(before: str, entry: str) -> str:
    """SHA-256, in hex, of the hash before, a line feed, and the entry."""
    return hashlib.sha256(f"{before}\n{entry}".encode()).hexdigest()


def instant(at: datetime) -> str:
    """A moment as an entry has it: UTC, to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


_LINKS: Final = f"""
SELECT c.position, coalesce(p.hash, '{BEFORE_THE_FIRST}') AS previous, c.entry, c.hash, r.salt, r.text AS reason
FROM audit_chain c JOIN audit a ON a.id = c.audit
LEFT JOIN audit_chain p ON p.position = c.position - 1
LEFT JOIN audit_reason r ON r.audit = a.id
WHERE (%(before)s::bigint IS NULL OR c.position < %(before)s)
  AND (%(message)s::text IS NULL OR a.subject = %(message)s)
  AND (%(incident)s::text IS NULL OR a.subject = 'incident:' || %(incident)s OR a.detail->>'incident' = %(incident)s
    OR a.subject IN (SELECT 'message:' || m.id FROM message m WHERE m.incident = %(incident)s))
  AND (%(since)s::timestamptz IS NULL OR a.at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR a.at < %(until)s)
  AND (%(actor)s::bigint IS NULL OR a.actor = %(actor)s OR (%(actor)s = 0 AND a.actor IS NULL))
  AND (%(action)s::text IS NULL OR a.action = %(action)s)
  AND (%(subject)s::text IS NULL OR a.subject = %(subject)s)
"""
