"""Which earlier mail each mail of a correction answers, so that it stands under it in everybody's mailbox.

It is worked out with the plan, for all of them in one statement, and then stands: a second copy answers the same.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from services.runtime.postgres import Connection

Thread = tuple[tuple[UUID, int], ...]
"""Earlier mails, the first one first: the message's id and the sequence, of which its Message-ID is made."""


async def write(connection: Connection, values: Mapping[str, Any]) -> None:
    """For the mails of a plan that is being written (`planned_delivery`), from those that `told` sent them before."""
    await connection.execute(_WRITE, values)


async def read(connection: Connection, message: int, sequences: Sequence[int]) -> dict[int, Thread]:
    """The thread of each of these deliveries that has one, by sequence."""
    rows = await connection.execute(_READ, (message, list(sequences)))
    found: dict[int, Thread] = {}
    for sequence, earlier, place in await rows.fetchall():
        found[sequence] = (*found.get(sequence, ()), (earlier, place))
    return found


# A copy that stands for several people answers the mail that its own addressee got, or else the first of the others'.
_WRITE: Final = """
WITH got AS (
    SELECT d.message, d.sequence, d.contact FROM delivery d
    JOIN variant v ON v.message = d.message AND v.number = d.variant AND v.channel = 'mail'
    WHERE d.message = ANY(%(told)s::bigint[]) AND d.contact IS NOT NULL
    AND (d.state = ANY(%(reached)s::smallint[]) OR d.doubts > 0)
), mail AS (
    SELECT * FROM got UNION ALL
    SELECT s.message, s.sequence, s.contact FROM shared_delivery s JOIN got USING (message, sequence)
)
INSERT INTO thread (message, sequence, depth, earlier, earlier_sequence)
SELECT DISTINCT ON (stands.sequence, mail.message) %(message)s, %(after)s + stands.sequence,
    array_position(%(told)s::bigint[], mail.message), mail.message, mail.sequence
FROM planned_delivery person
JOIN planned_delivery stands ON stands.contact = person.stands AND stands.sequence IS NOT NULL
JOIN mail ON mail.contact = person.contact
ORDER BY stands.sequence, mail.message, person.contact = stands.contact DESC, mail.sequence
"""

_READ: Final = """
SELECT t.sequence, m.id, t.earlier_sequence FROM thread t JOIN message m ON m.number = t.earlier
WHERE t.message = %s AND t.sequence = ANY(%s) ORDER BY t.sequence, t.depth DESC
"""
