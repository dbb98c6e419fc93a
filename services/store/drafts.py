"""Drafts: what somebody is writing, as the form stands. Two who write at once never overwrite each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.runtime.postgres import Connection

TIED_FOR: Final = timedelta(seconds=90)
"""So long at most a console hands a draft in: longer than it waits for the incident and for the message."""
SUBMIT: Final = "roeland.message.submit.v1"


@dataclass(frozen=True, slots=True)
class Draft:
    """`content`: `file`, the message file as plain values, and what is known beside it. `message`: what became of it.

    `author` and `editor` are addresses of who began it and who changed it last.
    """

    id: UUID
    version: int
    content: dict[str, Any]
    created_by: int
    created_at: datetime
    changed_by: int
    changed_at: datetime
    message: UUID | None
    removed_at: datetime | None
    author: str
    editor: str


@dataclass(frozen=True, slots=True)
class HandedIn:
    """The command that a draft was handed in with. `done`: what was answered; None: nothing yet."""

    command: UUID
    done: bool | None


async def begin(connection: Connection, draft: UUID, content: dict[str, Any], user: int) -> None:
    """A new draft; its id must be new."""
    await connection.execute(
        "INSERT INTO draft (id, content, created_by, changed_by) VALUES (%s, %s, %s, %s)",
        (draft, Jsonb(content), user, user),
    )


async def find(connection: Connection, draft: UUID) -> Draft | None:
    """The draft with this id, also one that was removed."""
    found = await _all(connection, "WHERE d.id = %s", (draft,))
    return found[0] if found else None


async def unfinished(connection: Connection, *, limit: int = 100) -> Sequence[Draft]:
    """Of which no message was made, the last changed first."""
    return await _all(connection, _UNFINISHED, (TIED_FOR, limit))


async def save(connection: Connection, draft: UUID, version: int, content: dict[str, Any], user: int) -> int | None:
    """Keep this; its new version. None, and nothing is kept, when it is not at this version any more."""
    written = await connection.execute(
        "UPDATE draft SET content = %s, version = version + 1, changed_by = %s, changed_at = clock_timestamp()"
        " WHERE id = %s AND version = %s AND message IS NULL AND removed_at IS NULL RETURNING version",
        (Jsonb(content), user, draft, version),
    )
    row = await written.fetchone()
    return int(row[0]) if row else None


async def hand_in(connection: Connection, draft: UUID, version: int, message: UUID) -> bool:
    """This version becomes that message; False when another was made of it, or it was changed."""
    written = await connection.execute(
        "UPDATE draft SET message = %s, changed_at = clock_timestamp()"
        " WHERE id = %s AND version = %s AND message IS NULL AND removed_at IS NULL",
        (message, draft, version),
    )
    return written.rowcount > 0


async def give_back(connection: Connection, draft: UUID, message: UUID) -> None:
    """No message was made of it after all: it was refused."""
    await connection.execute("UPDATE draft SET message = NULL WHERE id = %s AND message = %s", (draft, message))


async def tied_too_long(connection: Connection, draft: UUID) -> bool:
    """Whether it was handed in so long ago that whoever did has heard, or is gone."""
    found = await connection.execute(
        "SELECT 1 FROM draft WHERE id = %s AND message IS NOT NULL AND changed_at < clock_timestamp() - %s",
        (draft, TIED_FOR),
    )
    return await found.fetchone() is not None


async def handed_in_with(connection: Connection, draft: Draft) -> HandedIn | None:
    """The command by which it was handed in; None when none was given. What revises its message later is another."""
    async with connection.cursor(row_factory=class_row(HandedIn)) as cursor:
        await cursor.execute(_HANDED_IN, (draft.changed_at, str(draft.message), SUBMIT))
        return await cursor.fetchone()


async def remove(connection: Connection, draft: UUID) -> None:
    """Out of the list; `restore` puts it back as it was."""
    await connection.execute(
        "UPDATE draft SET removed_at = coalesce(removed_at, clock_timestamp()) WHERE id = %s", (draft,)
    )


async def restore(connection: Connection, draft: UUID) -> None:
    """It was not to be removed."""
    await connection.execute("UPDATE draft SET removed_at = NULL WHERE id = %s", (draft,))


async def _all(connection: Connection, which: str, values: tuple[Any, ...]) -> list[Draft]:
    async with connection.cursor(row_factory=class_row(Draft)) as cursor:
        await cursor.execute(f"{_DRAFT} {which}".encode(), values)
        return await cursor.fetchall()


_UNFINISHED: Final = """
WHERE d.removed_at IS NULL AND (d.message IS NULL OR (d.changed_at < clock_timestamp() - %s
    AND NOT EXISTS (SELECT FROM message m WHERE m.id = d.message)))
ORDER BY d.changed_at DESC LIMIT %s
"""

_HANDED_IN: Final = """
SELECT id AS command, (answer->>'done')::boolean AS done FROM command
WHERE given_at >= %s AND body->'body'->>'message_id' = %s AND body->'body'->>'type' = %s
ORDER BY given_at LIMIT 1
"""

_DRAFT: Final = """
SELECT d.id, d.version, d.content, d.created_by, d.created_at, d.changed_by, d.changed_at, d.message, d.removed_at,
    a.email AS author, e.email AS editor
FROM draft d JOIN users a ON a.id = d.created_by JOIN users e ON e.id = d.changed_by
"""
