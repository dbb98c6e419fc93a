"""What was said in an incident before: for lint, which holds a message against it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.domain.states import REACHED, UNSENT
from services.runtime.postgres import Connection
from services.store import messages
from services.store.facts import as_stated
from services.store.messages import FOR_USERS


@dataclass(frozen=True, slots=True)
class SaidBefore:
    """`content` is what the last released message to one of the audiences said (a MessageContent), None if none;
    where that referred to a fact, what the fact said then.

    `alerted`: whether anything but an all-clear reached anyone in this incident, or still may.
    """

    content: dict[str, Any] | None
    alerted: bool


async def said_before(connection: Connection, incident: str, audiences: Sequence[str]) -> SaidBefore:
    """Look it up."""
    values = {"incident": incident, "audiences": list(audiences), "for_users": list(FOR_USERS)}
    last = await (await connection.execute(_LAST.encode(), values)).fetchone()
    alerted = await (await connection.execute(_ALERTED.encode(), values)).fetchone()
    message = await messages.by_number(connection, last[0]) if last else None
    content = (await as_stated(connection, message)).content if message else None
    return SaidBefore(content, bool(alerted and alerted[0]))


_LAST = """
SELECT m.number FROM message m
WHERE m.incident = %(incident)s AND m.released_at IS NOT NULL AND m.kind <> ALL (%(for_users)s)
    AND EXISTS (SELECT FROM variant v WHERE v.message = m.number AND v.audience = ANY (%(audiences)s))
ORDER BY m.released_at DESC, m.number DESC LIMIT 1
"""

# The batches count, so that nothing is read for each delivery; feeds count as people, for anyone may read them.
_REACHED = " + ".join(f"b.{state.word}" for state in sorted(REACHED))
_UNSENT = " + ".join(f"b.{state.word}" for state in sorted(UNSENT))
_ALERTED = f"""
SELECT EXISTS (
    SELECT FROM message m JOIN batch b ON b.message = m.number
    WHERE m.incident = %(incident)s AND m.released_at IS NOT NULL
        AND m.kind <> 'all-clear' AND m.kind <> ALL (%(for_users)s)
        AND ({_REACHED} > 0 OR (m.state = 'released' AND {_UNSENT} > 0))
)
"""
