"""Replies by SMS: taken in once, put with the message that they most likely answer, and read by the cell.

They stand in PostgreSQL and nowhere else. A number that no recipient of ours has is kept apart (no message).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg.rows import class_row

from services.domain.answers import Meaning
from services.domain.states import REACHED, State
from services.runtime.postgres import Connection
from services.store import confirmations, opt_outs
from services.store.messages import FOR_USERS


@dataclass(frozen=True, slots=True)
class Incoming:
    """A reply as it came in. `provider_id` is the provider's, so that a replay is the same one."""

    provider: str
    provider_id: str
    number: str
    text: str
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of it. `new`: False for a replay, which changes nothing. `confirmed`: so many contacts, newly."""

    new: bool
    message: int | None = None
    confirmed: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as the cell reads it. `number`: None once erased. `contacts`: who has that copy, by external id."""

    number: str | None
    kind: Meaning
    text: str
    received_at: datetime
    contacts: list[str]
    names: list[str]


async def take(connection: Connection, came: Incoming) -> Taken:
    """Keep a reply, and do what it asks. The caller commits, and answers only then."""
    found = await _answered(connection, came.number)
    message, sequence, contacts, asks = found if found else (None, None, [], False)
    values = {
        "provider": came.provider, "provider_id": came.provider_id, "number": came.number, "message": message,
        "sequence": sequence, "kind": came.meaning, "text": came.text,
    }  # fmt: skip
    if not (await connection.execute(_KEEP, values)).rowcount:
        return Taken(new=False)
    if came.meaning == "stop":
        await opt_outs.add(connection, [came.number], "reply")
    if came.meaning == "start":
        await opt_outs.lift(connection, came.number)
    confirmed = 0
    if came.meaning == "confirmation" and message is not None and asks:
        confirmed = await confirmations.record(connection, message, contacts, how="reply", sequence=sequence)
    return Taken(new=True, message=message, confirmed=confirmed)


async def of_message(connection: Connection, message: int) -> list[Reply]:
    """What was answered to a message, the oldest first."""
    return await _all(connection, "r.message = %s", (message,))


async def unmatched(connection: Connection, most: int = 500) -> list[Reply]:
    """What came from numbers to which no message went lately, the latest last."""
    return await _all(connection, "r.message IS NULL", (), most)


async def forget(connection: Connection, contacts: Sequence[int]) -> None:
    """Erase the numbers of these contacts in what they answered. Call before their addresses go; the caller commits."""
    await connection.execute(_FORGET, (list(contacts),))


async def _answered(connection: Connection, number: str) -> tuple[int, int, list[int], bool] | None:
    """Message, sequence, contacts behind it, and whether it asks to confirm: of what this number answers."""
    states = [int(state) for state in REACHED | {State.BOUNCED}]  # who answers has it, whatever the provider says
    values = {"number": number, "states": states, "for_users": list(FOR_USERS)}
    row = await (await connection.execute(_ANSWERED.encode(), values)).fetchone()
    return (row[0], row[1], row[2], row[3]) if row else None


async def _all(connection: Connection, condition: str, values: tuple[object, ...], most: int = 100_000) -> list[Reply]:
    async with connection.cursor(row_factory=class_row(Reply)) as cursor:
        await cursor.execute(_READ.format(condition=condition).encode(), (*values, most))
        return await cursor.fetchall()


# Of the messages whose SMS this number may hold (a worker may be about to write down that it went): the latest of the
# last three days that asks and is not answered yet, else simply the latest. The index on addresses finds deliveries.
_ANSWERED: Final = f"""
SELECT s.message, s.sequence, s.contacts, s.asks FROM (
    SELECT d.message, d.sequence, coalesce(d.accepted_at, m.released_at) AS at, m.confirm_minutes IS NOT NULL AS asks,
        ARRAY{confirmations.BEHIND.format(copy="d")} AS contacts
    FROM delivery d JOIN message m ON m.number = d.message
    WHERE d.address = ANY(ARRAY(SELECT id FROM address WHERE channel = 'sms' AND value = %(number)s))
    AND (d.state = ANY(%(states)s::smallint[]) OR d.doubts > 0)
    AND m.kind <> ALL(%(for_users)s) AND m.released_at > clock_timestamp() - interval '30 days'
) s
ORDER BY s.asks AND s.at > clock_timestamp() - interval '3 days' AND EXISTS (
    SELECT FROM unnest(s.contacts) c (contact) WHERE NOT EXISTS (
        SELECT FROM confirmation f WHERE f.message = s.message AND f.contact = c.contact)
) DESC, s.at DESC, s.message DESC LIMIT 1
"""

_KEEP: Final = """
INSERT INTO reply (provider, provider_id, number, message, sequence, kind, text)
VALUES (%(provider)s, %(provider_id)s, %(number)s, %(message)s, %(sequence)s, %(kind)s, %(text)s)
ON CONFLICT (provider, provider_id) DO NOTHING
"""

_READ: Final = """
SELECT r.number, r.kind, r.text, r.received_at,
    coalesce(array_agg(c.external_id ORDER BY c.id) FILTER (WHERE c.id IS NOT NULL), '{{}}') AS contacts,
    coalesce(array_agg(c.name ORDER BY c.id) FILTER (WHERE c.id IS NOT NULL), '{{}}') AS names
FROM (SELECT r.* FROM reply r WHERE {condition} ORDER BY r.id DESC LIMIT %s) r
LEFT JOIN LATERAL (
    SELECT d.contact FROM delivery d WHERE d.message = r.message AND d.sequence = r.sequence
    UNION SELECT s.contact FROM shared_delivery s WHERE s.message = r.message AND s.sequence = r.sequence
) who ON true
LEFT JOIN contact c ON c.id = who.contact
GROUP BY r.id, r.number, r.kind, r.text, r.received_at ORDER BY r.id
"""

_FORGET: Final = """
UPDATE reply SET number = NULL WHERE number IN (
    SELECT value FROM address a WHERE a.contact = ANY(%s) AND a.channel = 'sms' AND a.value IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM address o JOIN contact c ON c.id = o.contact AND c.removed_at IS NULL
        WHERE o.channel = 'sms' AND o.value = a.value AND o.current AND o.contact <> a.contact))
"""
