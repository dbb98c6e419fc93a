"""How a message stands among people, asked of the batches that moved: for pages that are looked at again and again.

A batch has a version that rises with each change of it. Whoever keeps what these functions say of a batch, with its
version, asks again only of those whose version is another one by now; so a page that is open costs an index range of
batches, and never a reading of the whole ledger (docs/decisions/0032-tiles.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from psycopg.rows import class_row

from services.domain.states import State
from services.runtime.postgres import Connection

LOCAL: Final = "local-governments"
"""The audience whose contacts stand for municipalities."""


@dataclass(frozen=True, slots=True)
class Part:
    """So many contacts of a batch in one state, of one audience in one province ('' is none)."""

    batch: int
    channel: str
    audience: str
    province: str
    state: State
    contacts: int


@dataclass(frozen=True, slots=True)
class LocalCopy:
    """The copy of a contact who stands for a municipality; of who shares an address, the copy that stands for them."""

    batch: int
    municipality: str
    contact: int
    state: State


async def versions(connection: Connection, message: int) -> dict[int, int]:
    """The version of each batch of a message, by its number."""
    rows = await connection.execute("SELECT number, version FROM batch WHERE message = %s", (message,))
    return dict(await rows.fetchall())


async def parts(connection: Connection, message: int, batches: Sequence[int]) -> list[Part]:
    """What these batches come to, for people: feeds are left out. Reads their deliveries by their key."""
    rows = await connection.execute(_PARTS.encode(), {"message": message, "batches": list(batches)})
    return [Part(batch, channel, audience, province, State(state), contacts)
            async for batch, channel, audience, province, state, contacts in rows]  # fmt: skip


async def local(connection: Connection, message: int, batches: Sequence[int]) -> list[LocalCopy]:
    """The copies of these batches for local governments with a municipality."""
    values = {"message": message, "batches": list(batches), "local": LOCAL}
    rows = await connection.execute(_LOCAL.encode(), values)
    return [LocalCopy(batch, town, contact, State(state)) async for batch, town, contact, state in rows]


async def confirmed(connection: Connection, message: int, contacts: Sequence[int]) -> set[int]:
    """Those of these contacts who confirmed, or for whom a deputy did."""
    rows = await connection.execute(_CONFIRMED, {"message": message, "contacts": list(contacts)})
    return {contact for (contact,) in await rows.fetchall()}


@dataclass(frozen=True, slots=True)
class Known:
    """A contact of a municipality, as a page names them. No address."""

    external_id: str
    name: str
    role: str
    contact: int


async def people_of(connection: Connection, contacts: Sequence[int]) -> list[Known]:
    """Who these are, by name."""
    async with connection.cursor(row_factory=class_row(Known)) as cursor:
        await cursor.execute(
            "SELECT external_id, name, coalesce(role, '') AS role, id AS contact FROM contact"
            " WHERE id = ANY(%s) ORDER BY name, id",
            (list(contacts),),
        )
        return await cursor.fetchall()


# The deliveries of these batches first, by their key, then each contact by its own: a planner that thinks a batch large
# would read the whole ledger, or all contacts, for twenty of them.
_ROWS: Final = """
WITH copies AS MATERIALIZED (
    SELECT b.number, b.channel, d.* FROM batch b CROSS JOIN LATERAL (
        SELECT d.message, d.sequence, d.contact, d.variant, d.state, d.contacts FROM delivery d
        WHERE d.message = b.message AND d.sequence BETWEEN b.first_sequence AND b.last_sequence OFFSET 0
    ) d WHERE b.message = %(message)s AND b.number = ANY(%(batches)s::int[]) AND b.channel <> 'newsfeed'
)"""

_PARTS: Final = f"""{_ROWS}
SELECT d.number, d.channel, v.audience, coalesce(c.province, ''), d.state, sum(d.contacts)::int
FROM copies d JOIN variant v ON v.message = d.message AND v.number = d.variant
CROSS JOIN LATERAL (SELECT c.province FROM contact c WHERE c.id = d.contact LIMIT 1) c
GROUP BY 1, 2, 3, 4, 5
"""

_LOCAL: Final = f"""{_ROWS}, mine AS MATERIALIZED (
    SELECT d.* FROM copies d JOIN variant v ON v.message = d.message AND v.number = d.variant
    WHERE v.audience = %(local)s
)
SELECT told.number, c.municipality, told.contact, told.state FROM (
    SELECT number, contact, state FROM mine
    UNION ALL SELECT mine.number, s.contact, mine.state FROM mine CROSS JOIN LATERAL (
        SELECT s.contact FROM shared_delivery s WHERE s.message = mine.message AND s.sequence = mine.sequence OFFSET 0
    ) s
) told (number, contact, state)
CROSS JOIN LATERAL (
    SELECT c.municipality FROM contact c WHERE c.id = told.contact AND c.municipality IS NOT NULL LIMIT 1
) c
"""

_CONFIRMED: Final = """
SELECT contact FROM confirmation WHERE message = %(message)s AND contact = ANY(%(contacts)s::bigint[])
UNION SELECT a.contact FROM addition a JOIN confirmation c ON c.message = a.message AND c.contact = a.recipient
    AND c.at >= a.at
WHERE a.message = %(message)s AND a.origin = 'deputy' AND a.contact = ANY(%(contacts)s::bigint[])
"""
