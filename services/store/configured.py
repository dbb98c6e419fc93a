"""What in the record names an audience, a phase, a type or a level: asked before one of them goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from psycopg.rows import class_row

from services.runtime.postgres import Connection
from services.store.messages import FOR_USERS


@dataclass(frozen=True, slots=True)
class Standing:
    """A message that is not ended; `named` are the ids that it needs."""

    id: UUID
    state: str
    named: list[str]


async def standing(connection: Connection, audiences: Sequence[str], phases: Sequence[str]) -> list[Standing]:
    """The messages that wait for a decision, or are being sent, and need one of these; oldest first."""
    async with connection.cursor(row_factory=class_row(Standing)) as cursor:
        values = {"audiences": list(audiences), "phases": list(phases), "for_users": list(FOR_USERS)}
        await cursor.execute(_STANDING, values)
        return await cursor.fetchall()


async def incidents_with(
    connection: Connection, phases: Sequence[str], types: Sequence[str], levels: Sequence[str]
) -> list[tuple[str, str, str]]:
    """Slug, `phase`, `type` or `level`, and the id that it has there; of the incidents that are open."""
    rows = await connection.execute(
        """SELECT i.slug, has.what, has.value FROM incident i CROSS JOIN LATERAL (VALUES
               ('phase', i.phase, %s::text[]), ('type', i.type, %s::text[]), ('level', i.level, %s::text[])
           ) has (what, value, going)
           WHERE i.closed_at IS NULL AND has.value = ANY(has.going) ORDER BY i.slug, has.what""",
        (list(phases), list(types), list(levels)),
    )
    return [(slug, what, value) for slug, what, value in await rows.fetchall()]


async def contacts_in(connection: Connection, audiences: Sequence[str]) -> list[tuple[str, int, int]]:
    """Of each audience that has contacts: how many, and how many of them are in none but these."""
    rows = await connection.execute(
        """SELECT a.audience, count(*), count(*) FILTER (WHERE NOT EXISTS (
               SELECT FROM contact_audience other WHERE other.contact = a.contact AND other.audience <> ALL(%s)
           ))
           FROM contact_audience a JOIN contact c ON c.id = a.contact AND c.removed_at IS NULL
           WHERE a.audience = ANY(%s) GROUP BY 1 ORDER BY 1""",
        (list(audiences), list(audiences)),
    )
    return [(audience, total, alone) for audience, total, alone in await rows.fetchall()]


_STANDING: Final = """
SELECT m.id, m.state, ARRAY(
    SELECT DISTINCT v.audience FROM variant v WHERE v.message = m.number AND v.audience = ANY(%(audiences)s)
    UNION SELECT m.phase WHERE m.phase = ANY(%(phases)s)
) AS named
FROM message m
WHERE m.kind <> ALL(%(for_users)s) AND (
    m.state IN ('submitted', 'proofed', 'approved')
    OR (m.state = 'released' AND EXISTS (
        SELECT FROM batch b WHERE b.message = m.number AND b.planned + b.deferred + b.claimed > 0
    ))
) AND (m.phase = ANY(%(phases)s) OR EXISTS (
    SELECT FROM variant v WHERE v.message = m.number AND v.audience = ANY(%(audiences)s)
))
ORDER BY m.number
"""
