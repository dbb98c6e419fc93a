"""Contact lists that somebody uploaded and looks at before they are imported: the file, and what it would change.

They hold addresses of people, so they go when they are imported, and after a day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.runtime.postgres import Connection

KEPT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Upload:
    """`content` is None once it was imported; `digest` is that of the differences; `told`: counts and warnings."""

    id: UUID
    name: str
    digest: str
    told: dict[str, Any]
    made_at: datetime
    applied_at: datetime | None
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What would change of a contact: the fields, before and after. `kind`: added, changed or returned."""

    place: int
    external_id: str
    name: str
    kind: str
    before: dict[str, Any]
    after: dict[str, Any]


async def keep(
    connection: Connection, number: UUID, user: int, content: bytes, digest: str, *, name: str, told: dict[str, Any]
) -> None:
    """Keep the file, and the differences that stand in `contact_difference` of this transaction."""
    await connection.execute("DELETE FROM contact_upload WHERE made_at < clock_timestamp() - %s::interval", (KEPT,))
    await connection.execute(
        "INSERT INTO contact_upload (id, user_id, name, content, digest, told) VALUES (%s, %s, %s, %s, %s, %s)",
        (number, user, name, content, digest, Jsonb(told)),
    )
    await connection.execute(
        "INSERT INTO contact_upload_difference SELECT %s, place, external_id, name, kind, before, after"
        " FROM contact_difference",
        (number,),
    )


async def find(
    connection: Connection, number: UUID, user: int, *, content: bool = False, lock: bool = False
) -> Upload | None:
    """What this user uploaded; None for what is gone, or another's. `lock`: nobody else applies it meanwhile."""
    query = (
        f"SELECT id, name, digest, told, made_at, applied_at{', content' if content else ''} FROM contact_upload"
        f" WHERE id = %s AND user_id = %s{' FOR UPDATE' if lock else ''}"
    )
    async with connection.cursor(row_factory=class_row(Upload)) as cursor:
        await cursor.execute(query.encode(), (number, user))
        return await cursor.fetchone()


async def differences(connection: Connection, number: UUID, *, after: int = 0, most: int = 50) -> Sequence[Difference]:
    """A page of them, in the order of the file, beginning after this place."""
    async with connection.cursor(row_factory=class_row(Difference)) as cursor:
        await cursor.execute(_PAGE, (number, after, most))
        return await cursor.fetchall()


async def applied(connection: Connection, number: UUID) -> None:
    """It was imported: its addresses go."""
    await connection.execute(
        "UPDATE contact_upload SET applied_at = clock_timestamp(), content = NULL WHERE id = %s", (number,)
    )
    await connection.execute("DELETE FROM contact_upload_difference WHERE upload = %s", (number,))


async def forget(connection: Connection, number: UUID, user: int) -> None:
    """It will not be imported."""
    await connection.execute("DELETE FROM contact_upload WHERE id = %s AND user_id = %s", (number, user))


_PAGE: Final = """
SELECT place, external_id, name, kind, before, after FROM contact_upload_difference
WHERE upload = %s AND place > %s ORDER BY place LIMIT %s
"""
