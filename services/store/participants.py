"""Who takes part in an exercise: with a list, its messages go to those on it and to nobody else.

The rule is written once, as SQL, for whoever selects recipients (`plan`, `recipients`, `newcomers`).
"""

from collections.abc import Sequence
from typing import Final

from services.runtime.postgres import Connection

TAKES_PART: Final = """(NOT EXISTS (SELECT FROM incident_participant p WHERE p.incident = {incident})
    OR EXISTS (SELECT FROM incident_participant p WHERE p.incident = {incident} AND p.contact = {contact}))"""
"""Whether a contact may get what is sent in an incident; null, or one that is not an exercise, has no list."""


async def listed(connection: Connection, incident: str) -> Sequence[tuple[str, str, list[str]]]:
    """External id, name and audiences of each participant, by external id; those who were removed too."""
    rows = await connection.execute(
        """SELECT c.external_id, c.name,
               ARRAY(SELECT audience FROM contact_audience WHERE contact = c.id ORDER BY audience)
           FROM incident_participant p JOIN contact c ON c.id = p.contact WHERE p.incident = %s ORDER BY 1""",
        (incident,),
    )
    return [(external_id, name, audiences) for external_id, name, audiences in await rows.fetchall()]


async def lock(connection: Connection, incident: str) -> None:
    """Keep messages of this incident from being released until the transaction ends."""
    await connection.execute("SELECT FROM incident WHERE slug = %s FOR UPDATE", (incident,))


async def add(connection: Connection, incident: str, external_ids: Sequence[str]) -> list[int]:
    """Put these contacts on the list; the ids of those who were not on it yet."""
    rows = await connection.execute(
        """INSERT INTO incident_participant (incident, contact)
           SELECT %s, id FROM contact WHERE external_id = ANY(%s) AND removed_at IS NULL AND user_id IS NULL
           ON CONFLICT DO NOTHING RETURNING contact""",
        (incident, list(external_ids)),
    )
    return [int(contact) for (contact,) in await rows.fetchall()]


async def remove(connection: Connection, incident: str, external_ids: Sequence[str]) -> list[int]:
    """Take them off the list; the ids of those who were on it."""
    rows = await connection.execute(
        """DELETE FROM incident_participant p USING contact c
           WHERE p.contact = c.id AND p.incident = %s AND c.external_id = ANY(%s) RETURNING p.contact""",
        (incident, list(external_ids)),
    )
    return [int(contact) for (contact,) in await rows.fetchall()]


async def count(connection: Connection, incident: str) -> int:
    """How many are on the list; 0: there is none."""
    row = await (
        await connection.execute("SELECT count(*) FROM incident_participant WHERE incident = %s", (incident,))
    ).fetchone()
    return int(row[0]) if row else 0


async def outsiders(connection: Connection, message: int) -> bool:
    """Whether the plan of a message has anyone, or a feed, that the list of its incident leaves out.

    From here on the list stays as it is until the transaction ends, so that nobody is taken off it in between.
    """
    row = await (
        await connection.execute("SELECT incident FROM message WHERE number = %s AND exercise", (message,))
    ).fetchone()
    if row is None:
        return False
    await connection.execute("SELECT FROM incident WHERE slug = %s FOR KEY SHARE", (row[0],))
    found = await (await connection.execute(_OUTSIDERS, {"message": message, "incident": row[0]})).fetchone()
    return bool(found and found[0])


async def still_sending(connection: Connection, incident: str) -> Sequence[str]:
    """Ids of the released messages of this incident of which something is still to be sent."""
    rows = await connection.execute(
        """SELECT m.id::text FROM message m WHERE m.incident = %s AND m.state = 'released' AND EXISTS (
               SELECT FROM batch b WHERE b.message = m.number AND b.planned + b.deferred + b.claimed > 0
           ) ORDER BY m.number""",
        (incident,),
    )
    return [found for (found,) in await rows.fetchall()]


_OUTSIDERS: Final = """
SELECT EXISTS (SELECT FROM incident_participant WHERE incident = %(incident)s) AND EXISTS (
    SELECT FROM (
        SELECT contact FROM delivery WHERE message = %(message)s
        UNION ALL SELECT contact FROM shared_delivery WHERE message = %(message)s
    ) planned WHERE NOT EXISTS (
        SELECT FROM incident_participant p WHERE p.incident = %(incident)s AND p.contact = planned.contact
    )
)
"""
