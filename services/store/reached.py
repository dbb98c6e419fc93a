"""How many people a message reached, or may have reached: those whom a correction owes the truth."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from services.domain.states import REACHED
from services.runtime.postgres import Connection


async def people(connection: Connection, message: int, audiences: Sequence[str] | None = None) -> int:
    """Distinct contacts, on mail or SMS; of these audiences' versions only (None: of all)."""
    values = {
        "message": message,
        "audiences": None if audiences is None else list(audiences),
        "reached": [int(state) for state in REACHED],
    }
    row = await (await connection.execute(_PEOPLE, values)).fetchone()
    return int(row[0]) if row else 0


async def feeds(connection: Connection, message: int, audiences: Sequence[str] | None = None) -> Sequence[str]:
    """The audiences in whose feeds it stands."""
    rows = await connection.execute(
        "SELECT audience FROM feed_entry WHERE message = %s AND (%s::text[] IS NULL OR audience = ANY(%s)) ORDER BY 1",
        (message, *([None if audiences is None else list(audiences)] * 2)),
    )
    return [audience for (audience,) in await rows.fetchall()]


async def corrections(connection: Connection, messages: Sequence[int]) -> Mapping[int, UUID]:
    """The latest correction of each of these messages that was released or waits to be, by message."""
    rows = await connection.execute(
        """SELECT DISTINCT ON (corrects) corrects, id FROM message
           WHERE corrects = ANY(%s) AND (released_at IS NOT NULL OR state IN ('submitted', 'proofed', 'approved'))
           ORDER BY corrects, number DESC""",
        (list(messages),),
    )
    return dict(await rows.fetchall())


_PEOPLE: Final = """
WITH reached AS (
    SELECT d.sequence, d.contact FROM delivery d JOIN variant v ON v.message = d.message AND v.number = d.variant
    WHERE d.message = %(message)s AND d.contact IS NOT NULL
    AND (d.state = ANY(%(reached)s::smallint[]) OR d.doubts > 0)
    AND (%(audiences)s::text[] IS NULL OR v.audience = ANY(%(audiences)s::text[]))
)
SELECT count(*) FROM (
    SELECT contact FROM reached
    UNION SELECT s.contact FROM shared_delivery s JOIN reached USING (sequence) WHERE s.message = %(message)s
) people
"""
