"""Who stands in for a contact's function: the first of their deputies who can be had."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from psycopg.rows import class_row

from services.runtime.postgres import Connection
from services.store.participants import TAKES_PART


@dataclass(frozen=True, slots=True)
class Deputy:
    """`deputy` stands in for `contact`, who is called `name` and whose function is `role`; `language`: the deputy's.

    `channels`: those on which the deputy has an address.
    """

    contact: int
    name: str
    role: str
    deputy: int
    language: str
    channels: Sequence[str]


async def first_with_address(connection: Connection, message: int, contacts: Sequence[int]) -> list[Deputy]:
    """For each of these contacts who has one: the first deputy with a mail address or a number, in the same order.

    In an exercise only who takes part in it.
    """
    async with connection.cursor(row_factory=class_row(Deputy)) as cursor:
        await cursor.execute(_FIRST.encode(), {"message": message, "contacts": list(contacts)})
        return await cursor.fetchall()


_OWN: Final = "(SELECT m.incident FROM message m WHERE m.number = %(message)s AND m.exercise)"

_FIRST: Final = f"""
SELECT w.contact, absent.name, coalesce(absent.role, '') AS role, first.deputy, first.language, first.channels
FROM unnest(%(contacts)s::bigint[]) WITH ORDINALITY w (contact, place)
JOIN contact absent ON absent.id = w.contact
CROSS JOIN LATERAL (
    SELECT d.deputy, coalesce(c.chosen_language, c.language) AS language, there.channels
    FROM contact_deputy d JOIN contact c ON c.id = d.deputy AND c.removed_at IS NULL
    CROSS JOIN LATERAL (
        SELECT array_agg(a.channel ORDER BY a.channel) AS channels FROM address a
        WHERE a.contact = d.deputy AND a.current AND a.value IS NOT NULL AND a.channel IN ('mail', 'sms')
    ) there
    WHERE d.contact = w.contact AND there.channels IS NOT NULL
    AND {TAKES_PART.format(incident=_OWN, contact="c.id")}
    ORDER BY d.place, d.deputy LIMIT 1
) first ORDER BY w.place
"""
