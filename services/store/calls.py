"""Whom the person on duty is to telephone about a message, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from psycopg.rows import class_row

from services.runtime.postgres import Connection
from services.store import audit, confirmations
from services.store.confirmations import CONFIRMED
from services.store.messages import Message

Outcome = Literal["reached", "no-answer", "wrong-number"]
OUTCOMES: Final[tuple[Outcome, ...]] = ("reached", "no-answer", "wrong-number")


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody on the list. `number`: E.164, or None. `called_by`: an address. `deputies`: each with name and number.

    `confirmed`: they know by now, whoever found that out.
    """

    contact: int
    external_id: str
    name: str
    role: str
    organisation: str
    municipality: str
    number: str | None
    deputies: Sequence[dict[str, Any]]
    outcome: Outcome | None
    called_by: str | None
    called_at: datetime | None
    confirmed: bool


async def put_down(connection: Connection, message: int, contacts: Sequence[int]) -> None:
    """These are to be telephoned; who stands on the list already stays as they are. The caller commits."""
    await connection.execute(_PUT_DOWN, (message, list(contacts)))


async def of(connection: Connection, message: int) -> list[Call]:
    """The whole list: who is not reached first, and of these who was not called yet."""
    async with connection.cursor(row_factory=class_row(Call)) as cursor:
        await cursor.execute(_LIST.encode(), {"message": message})
        return await cursor.fetchall()


async def there_are(connection: Connection, message: int) -> bool:
    """Whether anybody is, or was, to be telephoned about it."""
    found = await connection.execute("SELECT EXISTS (SELECT FROM call WHERE message = %s)", (message,))
    row = await found.fetchone()
    return bool(row and row[0])


async def tick_off(connection: Connection, message: Message, contact: int, outcome: Outcome, user: int) -> bool:
    """What came of a call, on the record; who was reached has confirmed by that. False: not on the list.

    The same again writes nothing: a page that is sent twice counts once. The caller commits.
    """
    values = {"message": message.number, "contact": contact, "outcome": outcome, "user": user}
    row = await (await connection.execute(_TICK_OFF, values)).fetchone()
    if row is None:
        listed = "SELECT EXISTS (SELECT FROM call WHERE message = %s AND contact = %s)"
        found = await (await connection.execute(listed, (message.number, contact))).fetchone()
        return bool(found and found[0])
    if outcome == "reached":
        await confirmations.record(connection, message.number, [contact], how="telephone", by_user=user)
    await audit.record(
        connection, actor=user, action="message.called", subject=f"message:{message.id}",
        detail={"message": message.number, "contact": contact, "outcome": outcome},
    )  # fmt: skip
    return True


_PUT_DOWN: Final = """
INSERT INTO call (message, contact) SELECT %s, unnest(%s::bigint[]) ON CONFLICT DO NOTHING
"""

# Whoever was reached stays so: a second person who presses another button an instant later undoes nothing.
_TICK_OFF: Final = """
UPDATE call SET outcome = %(outcome)s, called_by = %(user)s, called_at = clock_timestamp()
WHERE message = %(message)s AND contact = %(contact)s AND outcome IS DISTINCT FROM 'reached'
AND (outcome IS DISTINCT FROM %(outcome)s OR called_by <> %(user)s
    OR called_at < clock_timestamp() - interval '1 minute')
RETURNING true
"""

_NUMBER: Final = """(SELECT a.value FROM address a
    WHERE a.contact = {contact} AND a.channel = 'sms' AND a.current AND a.value IS NOT NULL)"""

_LIST: Final = f"""
WITH {CONFIRMED}
SELECT k.contact, c.external_id, c.name, coalesce(c.role, '') AS role, coalesce(c.organisation, '') AS organisation,
    coalesce(c.municipality, '') AS municipality, {_NUMBER.format(contact="k.contact")} AS number,
    ARRAY(
        SELECT jsonb_build_object('name', s.name, 'number', {_NUMBER.format(contact="s.id")})
        FROM contact_deputy d JOIN contact s ON s.id = d.deputy AND s.removed_at IS NULL
        WHERE d.contact = k.contact ORDER BY d.place
    ) AS deputies,
    k.outcome, u.email AS called_by, k.called_at,
    EXISTS (SELECT FROM confirmed WHERE confirmed.contact = k.contact) AS confirmed
FROM call k JOIN contact c ON c.id = k.contact LEFT JOIN users u ON u.id = k.called_by
WHERE k.message = %(message)s
ORDER BY confirmed, k.called_at NULLS FIRST, c.name, k.contact
"""
