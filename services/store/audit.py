"""The record of who did what, written in the transaction that does it; rows are added and never changed.

At commit PostgreSQL makes each row a link of a chain of hashes (`audit_chain`, migration 0006; docs/audit.md).
No personal data: users, contacts and messages are named by their ids. What a person typed, `reason` in the detail, is
put beside the audit, where it can be erased; the row has a salted hash of it (docs/decisions/0012-audit-chain.md).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.runtime import origin as where


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act. `actor` is a user's id; None when the system acted, or someone by the right to the database.

    `origin` says which door or service, on which host; `hash` what it was done to: `proof:` or `content:` and the hash
    of the message as it then was. Both may be empty.
    """

    id: int
    at: datetime
    actor: int | None
    action: str
    subject: str
    detail: dict[str, Any]
    origin: str = ""
    hash: str = ""


async def record(
    connection: AsyncConnection[Any],
    *,
    actor: int | None,
    action: str,
    subject: str,
    detail: Mapping[str, Any] | None = None,
    origin: str | None = None,
) -> None:
    """Add a row. `action` is a verb in the past tense (`user.added`), `subject` what it was done to (`user:12`).

    `origin`: None for that of this process. PostgreSQL adds the hash of the message that a
    subject `message:<id>` names, as it is now.
    """
    await connection.execute(
        "INSERT INTO audit (actor, action, subject, detail, origin) VALUES (%s, %s, %s, %s, %s)",
        (actor, action, subject, Jsonb(dict(detail or {})), where.origin() if origin is None else origin),
    )


async def recorded(connection: AsyncConnection[Any], subject: str) -> list[AuditRow]:
    """Everything that was done to a subject, oldest first; with what people typed, where it was not erased."""
    async with connection.cursor(row_factory=class_row(AuditRow)) as cursor:
        await cursor.execute(_RECORDED, (subject,))
        return await cursor.fetchall()


def reason_hash(salt: str, typed: str) -> str:
    """What the row has of a text: without the salt nobody can find out what was typed by trying."""
    return hashlib.sha256(f"{salt}\n{typed}".encode()).hexdigest()


_RECORDED: Final = """
SELECT a.id, a.at, a.actor, a.action, a.subject, a.origin, a.hash,
    a.detail || CASE WHEN r.text IS NULL THEN '{}' ELSE jsonb_build_object('reason', r.text) END AS detail
FROM audit a LEFT JOIN audit_reason r ON r.audit = a.id WHERE a.subject = %s ORDER BY a.id
"""
