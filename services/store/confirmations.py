"""Who knows: the confirmations of a message, and who of its recipients has not given one.

Confirmed is who did so, or for whom somebody did after they got the message as their deputy: who confirmed only what
they had got themselves said nothing about anybody else. Asked are the contacts of the
plan on mail and SMS, also those behind a shared address and those added since; a deputy is asked for another only.
All of it is set-based. The planner knows nothing of rows this young, so who confirmed is asked with IN, which is one
hash: a join that it takes for a small one would compare everybody with everybody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from psycopg.rows import class_row

from services.runtime.postgres import Connection

How = Literal["reply", "page", "telephone", "operator"]


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A recipient who has not confirmed, with the audience in whose version they got the message."""

    contact: int
    external_id: str
    name: str
    audience: str
    municipality: str | None
    province: str | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many contacts were asked, and how many of these confirmed."""

    asked: int
    confirmed: int

    @property
    def not_confirmed(self) -> int:
        """Those of whom it is not known that they know."""
        return self.asked - self.confirmed


@dataclass(frozen=True, slots=True)
class Tallies:
    """The tally of a message by audience and by province; '' is for contacts without a province."""

    by_audience: Mapping[str, Tally]
    by_province: Mapping[str, Tally]


async def record(
    connection: Connection,
    message: int,
    contacts: Sequence[int],
    *,
    how: How,
    sequence: int | None = None,
    by_user: int | None = None,
) -> int:
    """These contacts know: how many of them were not known to. The first confirmation of each counts and stays.

    `sequence`: the delivery that they answered; None by telephone. `by_user`: who says so. The caller commits.
    """
    written = await connection.execute(
        """INSERT INTO confirmation (message, contact, how, sequence, by_user)
           SELECT %(message)s, contact, %(how)s, %(sequence)s, %(by_user)s
           FROM unnest(%(contacts)s::bigint[]) contact GROUP BY contact ORDER BY contact ON CONFLICT DO NOTHING""",
        {"message": message, "contacts": list(contacts), "how": how, "sequence": sequence, "by_user": by_user},
    )
    return written.rowcount


async def unconfirmed(connection: Connection, message: int) -> list[Unconfirmed]:
    """Those who have not confirmed, in the order of the plan."""
    async with connection.cursor(row_factory=class_row(Unconfirmed)) as cursor:
        await cursor.execute(_UNCONFIRMED.encode(), {"message": message})
        return await cursor.fetchall()


async def recipients(connection: Connection, message: int, external_ids: Sequence[str]) -> dict[str, int]:
    """The numbers of those of these contacts who got this message, also as a deputy, by external id."""
    values = {"message": message, "ids": list(external_ids)}
    return dict(await (await connection.execute(_RECIPIENTS.encode(), values)).fetchall())


async def confirmed(connection: Connection, message: int) -> int:
    """How many of its recipients have confirmed; reads confirmations, and the plan only where deputies did."""
    row = await (await connection.execute(_CONFIRMED_COUNT.encode(), {"message": message})).fetchone()
    return int(row[0]) if row else 0


async def tallies(connection: Connection, message: int) -> Tallies:
    """Asked and confirmed by audience and by province; reads the whole plan."""
    rows = await (await connection.execute(_TALLIES.encode(), {"message": message})).fetchall()
    return Tallies(_summed((a, asked, yes) for a, _, asked, yes in rows), _summed((p, n, yes) for _, p, n, yes in rows))


def _summed(rows: Any) -> dict[str, Tally]:
    found: dict[str, Tally] = {}
    for name, asked, yes in rows:
        before = found.get(name, Tally(0, 0))
        found[name] = Tally(before.asked + asked, before.confirmed + yes)
    return found


def for_message(sql: str, expression: str) -> str:
    """The same SQL about another message than `%(message)s`; `expression` is ours, never from outside."""
    return sql.replace("%(message)s", expression)


CONFIRMED: Final = """
confirmed AS (
    SELECT contact FROM confirmation WHERE message = %(message)s
    UNION SELECT a.contact FROM addition a JOIN confirmation c ON c.message = a.message AND c.contact = a.recipient
        AND c.at >= a.at
    WHERE a.message = %(message)s AND a.origin = 'deputy'
)"""
"""CTE `confirmed (contact)` of `%(message)s`: by themselves or by a deputy; may name deputies who were not asked."""

BEHIND: Final = """(
    SELECT {copy}.contact
    UNION SELECT s.contact FROM shared_delivery s WHERE s.message = {copy}.message AND s.sequence = {copy}.sequence
    UNION SELECT a.contact FROM addition a JOIN batch b ON b.message = a.message AND b.origin = 'deputy'
        AND {copy}.sequence BETWEEN b.first_sequence AND b.last_sequence
    WHERE a.message = {copy}.message AND a.origin = 'deputy' AND a.recipient = {copy}.contact
)"""
"""For whom an answer to this delivery is: who has it, who shares its address, and for whom a deputy has it."""

_GOT: Final = """
got AS (
    SELECT contact, sequence, variant FROM delivery WHERE message = %(message)s AND contact IS NOT NULL
    UNION ALL SELECT s.contact, s.sequence, d.variant FROM shared_delivery s JOIN delivery d USING (message, sequence)
    WHERE s.message = %(message)s
)"""

_DEPUTIES: Final = "(SELECT recipient FROM addition WHERE message = %(message)s AND origin = 'deputy')"

ASKED: Final = f"""{_GOT},
asked AS (
    SELECT DISTINCT ON (contact) contact, sequence, variant FROM got g
    WHERE contact NOT IN {_DEPUTIES} OR EXISTS (
        SELECT FROM batch b WHERE b.message = %(message)s AND b.origin <> 'deputy'
        AND g.sequence BETWEEN b.first_sequence AND b.last_sequence)
    ORDER BY contact, sequence
)"""
"""CTEs up to `asked (contact, sequence, variant)`: recipients of `%(message)s` with their first copy."""

NOT_CONFIRMED: Final = f"""{CONFIRMED}, {ASKED},
not_confirmed AS (
    SELECT contact, sequence, variant FROM asked WHERE contact NOT IN (SELECT contact FROM confirmed)
)"""
"""CTEs up to `not_confirmed (contact, sequence, variant)` of `%(message)s`; write `WITH` before them."""

_RECIPIENTS: Final = f"""
WITH {_GOT} SELECT DISTINCT c.external_id, c.id FROM got JOIN contact c ON c.id = got.contact
WHERE c.external_id = ANY(%(ids)s)
"""

_UNCONFIRMED: Final = f"""
WITH {NOT_CONFIRMED}
SELECT c.id AS contact, c.external_id, c.name, v.audience, c.municipality, c.province
FROM not_confirmed n JOIN contact c ON c.id = n.contact
JOIN variant v ON v.message = %(message)s AND v.number = n.variant ORDER BY n.sequence, c.id
"""

_CONFIRMED_COUNT: Final = f"""
WITH {CONFIRMED}, {ASKED}
SELECT count(*) FROM confirmed WHERE contact NOT IN {_DEPUTIES} OR contact IN (SELECT contact FROM asked)
"""

_TALLIES: Final = f"""
WITH {CONFIRMED}, {ASKED}
SELECT v.audience, coalesce(c.province, '') AS province, count(*),
    count(*) FILTER (WHERE a.contact IN (SELECT contact FROM confirmed))
FROM asked a JOIN contact c ON c.id = a.contact
JOIN variant v ON v.message = %(message)s AND v.number = a.variant
GROUP BY 1, 2 ORDER BY 1, 2
"""
