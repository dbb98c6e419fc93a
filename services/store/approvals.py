"""What people decided about a message: approvals, and who broke the glass. Rows are added; one may be taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from services.runtime.postgres import Connection
from services.store import alarms

Act = Literal["approve", "break-glass", "holding", "standing", "confirm", "dispute", "reject", "take-back", "withdraw"]


@dataclass(frozen=True, slots=True)
class Approval:
    """What a user decided about a revision, on which proof. `roles` are those that the user has now."""

    id: int
    message: int
    user_id: int
    act: str
    proof_hash: str
    reason: str
    at: datetime
    taken_back_at: datetime | None
    roles: list[str]


async def record(
    connection: Connection, *, message: int, user: int, act: Act, proof_hash: str, reason: str = ""
) -> bool:
    """Record it; False, and nothing is recorded, when this user approved this revision already."""
    try:
        async with connection.transaction():
            await connection.execute(
                "INSERT INTO approval (message, user_id, act, proof_hash, reason) VALUES (%s, %s, %s, %s, %s)",
                (message, user, act, proof_hash, reason),
            )
    except UniqueViolation:
        return False
    return True


async def of(connection: Connection, message: int) -> Sequence[Approval]:
    """Everything that was decided about this revision, in order."""
    async with connection.cursor(row_factory=class_row(Approval)) as cursor:
        await cursor.execute(_OF, (message,))
        return await cursor.fetchall()


async def counting(connection: Connection, message: int, proof_hash: str) -> list[Approval]:
    """The approvals of this revision that count: of this very proof, not taken back, by who is enabled still."""
    async with connection.cursor(row_factory=class_row(Approval)) as cursor:
        await cursor.execute(_OF.replace("ORDER BY", _COUNTING + " ORDER BY").encode(), (message, proof_hash))
        return await cursor.fetchall()


async def glass_broken(connection: Connection, message: int, proof_hash: str) -> bool:
    """Whether somebody who is enabled still broke the glass for this very proof."""
    row = await (await connection.execute(_GLASS, (message, proof_hash))).fetchone()
    return bool(row and row[0])


async def take_back(connection: Connection, message: int) -> None:
    """None of the approvals of this revision counts any more; if the glass was broken for it, that is closed."""
    await connection.execute(
        "UPDATE approval SET taken_back_at = clock_timestamp() WHERE message = %s AND taken_back_at IS NULL"
        " AND act IN ('approve', 'break-glass', 'holding', 'standing')",
        (message,),
    )
    await alarms.hush_about(connection, alarms.GLASS_BROKEN, message)


async def by_standing(connection: Connection, message: int, proof_hash: str) -> bool:
    """Whether this revision was approved by the standing approval of its newsletter, for this very proof."""
    row = await (await connection.execute(_BY_STANDING, (message, proof_hash))).fetchone()
    return bool(row and row[0])


async def taken_back_by_person(connection: Connection, message_id: UUID) -> bool:
    """Whether somebody took back an approval of any revision of this message."""
    row = await (await connection.execute(_TAKEN_BACK, (message_id,))).fetchone()
    return bool(row and row[0])


async def authors(connection: Connection, message_id: UUID) -> set[int]:
    """Who wrote any revision of this message; of an edition also who wrote anything above it."""
    rows = await connection.execute(_AUTHORS, {"id": message_id})
    return {user for (user,) in await rows.fetchall()}


_AUTHORS: Final = """
SELECT submitted_by FROM message WHERE id = %(id)s
UNION SELECT l.written_by FROM edition e JOIN editorial l USING (newsletter, date) WHERE e.message_id = %(id)s
"""

_BY_STANDING: Final = """
SELECT EXISTS (SELECT FROM approval WHERE message = %s AND act = 'standing' AND proof_hash = %s
    AND taken_back_at IS NULL)
"""

_TAKEN_BACK: Final = """
SELECT EXISTS (
    SELECT FROM approval a JOIN message m ON m.number = a.message WHERE m.id = %s AND a.act = 'take-back'
)
"""

_OF: Final = """
SELECT a.id, a.message, a.user_id, a.act, a.proof_hash, a.reason, a.at, a.taken_back_at, u.roles
FROM approval a JOIN users u ON u.id = a.user_id WHERE a.message = %s ORDER BY a.id
"""

_COUNTING: Final = "AND a.act = 'approve' AND a.proof_hash = %s AND a.taken_back_at IS NULL AND u.disabled_at IS NULL"

_GLASS: Final = """
SELECT EXISTS (
    SELECT FROM approval a JOIN users u ON u.id = a.user_id WHERE a.message = %s AND a.act = 'break-glass'
    AND a.proof_hash = %s AND a.taken_back_at IS NULL AND u.disabled_at IS NULL
)
"""
