"""Holding statements: playbook entries that somebody approved beforehand. A row never changes but to be revoked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Holding:
    """An entry as it was approved: `content` with its holes and their limits, `hash` over that.

    `roles` and `disabled_at` are those of who approved it, as they are now.
    """

    id: int
    playbook: str
    entry: str
    hash: str
    content: dict[str, Any]
    approved_by: int
    approved_at: datetime
    roles: list[str]
    disabled_at: datetime | None


async def in_force(connection: Connection, playbook: str, entry: str, *, lock: bool = False) -> Holding | None:
    """What was approved of this entry; `lock` keeps it in force until the transaction ends."""
    found = await _all(
        connection,
        f"{_HOLDING} AND h.playbook = %s AND h.entry = %s" + (" FOR SHARE OF h" if lock else ""),
        (playbook, entry),
    )
    return found[0] if found else None


async def all_in_force(connection: Connection) -> Sequence[Holding]:
    """All of them, by name."""
    return await _all(connection, f"{_HOLDING} ORDER BY h.playbook, h.entry", ())


async def of(connection: Connection, holding: int) -> tuple[str, str, str]:
    """Playbook, entry and hash of one that was approved, in force or not."""
    row = await (
        await connection.execute("SELECT playbook, entry, hash FROM holding WHERE id = %s", (holding,))
    ).fetchone()
    assert row is not None  # noqa: S101 - a message refers to it
    return row[0], row[1], row[2]


async def lock_all(connection: Connection) -> None:
    """Until this transaction ends nobody else approves or revokes; releases go on."""
    await connection.execute("LOCK TABLE holding IN SHARE ROW EXCLUSIVE MODE")


async def approve(connection: Connection, content: dict[str, Any], digest: str, user: int) -> int:
    """In force from commit on, in place of what was approved of this entry before; returns its number."""
    await revoke(connection, content["playbook"], content["entry"], user)
    row = await (
        await connection.execute(
            "INSERT INTO holding (playbook, entry, hash, content, approved_by) VALUES (%s, %s, %s, %s, %s)"
            " RETURNING id",
            (content["playbook"], content["entry"], digest, Jsonb(content), user),
        )
    ).fetchone()
    assert row is not None  # noqa: S101 - the statement returns the row that it made
    return int(row[0])


async def revoke(connection: Connection, playbook: str, entry: str, user: int) -> bool:
    """In force no more; False when it was not."""
    written = await connection.execute(
        "UPDATE holding SET revoked_by = %s, revoked_at = clock_timestamp()"
        " WHERE playbook = %s AND entry = %s AND revoked_at IS NULL",
        (user, playbook, entry),
    )
    return written.rowcount == 1


async def mark(connection: Connection, message: UUID, holding: int) -> None:
    """This message is that holding statement, filled."""
    await connection.execute("UPDATE message SET holding = %s WHERE id = %s", (holding, message))


async def lately(connection: Connection, incident: str, playbook: str, entry: str, within: timedelta) -> UUID | None:
    """A message of this incident from this entry, submitted so lately, that was not turned down."""
    row = await (await connection.execute(_LATELY, (incident, playbook, entry, within))).fetchone()
    return row[0] if row else None


async def _all(connection: Connection, query: str, values: tuple[Any, ...]) -> list[Holding]:
    async with connection.cursor(row_factory=class_row(Holding)) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchall()


_HOLDING: Final = """
SELECT h.id, h.playbook, h.entry, h.hash, h.content, h.approved_by, h.approved_at, u.roles, u.disabled_at
FROM holding h JOIN users u ON u.id = h.approved_by WHERE h.revoked_at IS NULL
"""

_LATELY: Final = """
SELECT m.id FROM message m JOIN holding h ON h.id = m.holding
WHERE m.incident = %s AND h.playbook = %s AND h.entry = %s AND m.submitted_at > clock_timestamp() - %s::interval
    AND m.state NOT IN ('rejected', 'withdrawn', 'replaced', 'expired') ORDER BY m.number DESC LIMIT 1
"""
