"""The people who are told: who they are, which audiences they are in, where they can be reached.

A contact is never deleted, because the record says who was told; removing one erases its addresses and takes it out
of every audience. An address is never changed: plans pin the version that they used.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import class_row

from services.store import replies
from services.store.selecting import EVERYONE as EVERYBODY
from services.store.selecting import Selected

ROWS_PER_FETCH: Final = 2000


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact as it stands now; `mail` and `sms` are its current addresses, None without one.

    `deputies` are external ids, the first to be told first.
    `language` is that of the list, `chosen_language` what the contact chose over it, if anything.
    """

    id: int
    external_id: str
    name: str
    organisation: str
    role: str
    audiences: list[str]
    municipality: str | None
    province: str | None
    language: str
    mail: str | None
    sms: str | None
    removed_at: datetime | None
    chosen_language: str | None = None
    deputies: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ContactFilter:
    """Which contacts; every field that is given narrows. `without`: a channel; `words`: in name, organisation, role."""

    audience: str | None = None
    municipality: str | None = None
    province: str | None = None
    without: str | None = None
    words: str | None = None
    removed: bool = False
    selection: Selected = EVERYBODY


EVERYONE: Final = ContactFilter()


async def find_contacts(
    connection: AsyncConnection[Any], which: ContactFilter = EVERYONE, *, after: str = "", most: int = 100
) -> list[Contact]:
    """A page of contacts by external id, beginning after the one given."""
    cursor = connection.cursor(row_factory=class_row(Contact))
    query = f"{CONTACT} {_which(which)} AND c.external_id > %(after)s ORDER BY c.external_id LIMIT %(most)s"
    await cursor.execute(query.encode(), {**_parameters(which), "after": after, "most": most})
    return await cursor.fetchall()


async def count_contacts(connection: AsyncConnection[Any], which: ContactFilter = EVERYONE) -> int:
    """How many contacts there are of these."""
    query = f"SELECT count(*) FROM contact c {ADDRESSES} {_which(which)}"
    cursor = await connection.execute(query.encode(), _parameters(which))
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def every_contact(connection: AsyncConnection[Any], selection: Selected = EVERYBODY) -> AsyncIterator[Contact]:
    """All contacts that are not removed, by external id, from a cursor on the server; run it in a transaction."""
    async with connection.cursor("every_contact", row_factory=class_row(Contact)) as cursor:
        cursor.itersize = ROWS_PER_FETCH
        chosen = f"c.removed_at IS NULL AND c.user_id IS NULL{selection.narrows('c.id')}"
        await cursor.execute(f"{CONTACT} WHERE {chosen} ORDER BY c.external_id".encode(), selection.values)
        async for contact in cursor:
            yield contact


async def any_deputies(connection: AsyncConnection[Any]) -> bool:
    """Whether anyone has a deputy."""
    row = await (await connection.execute("SELECT EXISTS (SELECT FROM contact_deputy)")).fetchone()
    return bool(row and row[0])


async def unknown_contacts(connection: AsyncConnection[Any], external_ids: Sequence[str]) -> list[str]:
    """Those of the external ids that no contact has, or only one that was removed before."""
    cursor = await connection.execute(
        """SELECT id FROM unnest(%s::text[]) AS given (id)
           WHERE NOT EXISTS (SELECT FROM contact WHERE external_id = given.id
               AND removed_at IS NULL AND user_id IS NULL)""",
        (list(external_ids),),
    )
    return [row[0] for row in await cursor.fetchall()]


async def remove_contacts(connection: AsyncConnection[Any], external_ids: Sequence[str]) -> list[int]:
    """Erase every version of their addresses and take them out of their audiences; the ids of those removed."""
    cursor = await connection.execute(
        """UPDATE contact SET removed_at = now(), updated_at = now()
           WHERE external_id = ANY (%s) AND removed_at IS NULL AND user_id IS NULL RETURNING id""",
        (list(external_ids),),
    )
    removed = [int(row[0]) for row in await cursor.fetchall()]
    await replies.forget(connection, removed)
    await connection.execute("UPDATE address SET value = NULL, current = false WHERE contact = ANY (%s)", (removed,))
    await connection.execute("DELETE FROM contact_audience WHERE contact = ANY (%s)", (removed,))
    await connection.execute(
        "DELETE FROM contact_deputy WHERE contact = ANY (%(ids)s) OR deputy = ANY (%(ids)s)", {"ids": removed}
    )
    return removed


def _parameters(which: ContactFilter) -> dict[str, Any]:
    words = which.words and which.words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {
        "audience": which.audience,
        "municipality": which.municipality,
        "province": which.province,
        "without": which.without,
        "words": words and f"%{words}%",
        "removed": which.removed,
        **which.selection.values,
    }


def _which(which: ContactFilter) -> str:
    return WHICH + which.selection.narrows("c.id")


ADDRESSES: Final = """
    LEFT JOIN address mail ON mail.contact = c.id AND mail.channel = 'mail' AND mail.current
    LEFT JOIN address sms ON sms.contact = c.id AND sms.channel = 'sms' AND sms.current"""

CONTACT: Final = f"""
    SELECT c.id, c.external_id, c.name, c.organisation, c.role, c.municipality, c.province, c.language,
        ARRAY(SELECT audience FROM contact_audience WHERE contact = c.id ORDER BY audience) AS audiences,
        mail.value AS mail, sms.value AS sms, c.removed_at, c.chosen_language,
        ARRAY(SELECT d.external_id FROM contact_deputy y JOIN contact d ON d.id = y.deputy AND d.removed_at IS NULL
            WHERE y.contact = c.id ORDER BY y.place) AS deputies
    FROM contact c {ADDRESSES}"""

WHICH: Final = """
    WHERE (c.removed_at IS NOT NULL) = %(removed)s AND c.user_id IS NULL
      AND (%(audience)s::text IS NULL OR EXISTS (
            SELECT FROM contact_audience WHERE contact = c.id AND audience = %(audience)s))
      AND (%(municipality)s::text IS NULL OR c.municipality = %(municipality)s)
      AND (%(province)s::text IS NULL OR c.province = %(province)s)
      AND (%(without)s::text IS NULL
            OR CASE %(without)s WHEN 'mail' THEN mail.value IS NULL ELSE sms.value IS NULL END)
      AND (%(words)s::text IS NULL OR concat_ws(' ', c.name, c.organisation, c.role) ILIKE %(words)s)"""
