"""Who does not want a newsletter, and in which language its readers want to read. No other message asks here.

An unsubscription stays as long as the contact does, also when that is removed: a list that is imported again must not
bring the mails back (docs/decisions/0023-unsubscribing.md). Every change is audited, with ids of contacts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from psycopg import AsyncCursor
from psycopg.rows import class_row

from services.domain.editions import KIND
from services.runtime.postgres import Connection
from services.store import audit
from services.store.mailing_lists import Titles, titles_of

How = Literal["one-click", "page", "operator"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A newsletter that these `contacts` are meant to get; `wanted`: at least one of them does get it."""

    newsletter: int
    titles: Titles
    contacts: list[int]
    wanted: bool


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A contact in the audiences of a newsletter; `how` it was unsubscribed, None when it gets it."""

    external_id: str
    name: str
    organisation: str
    how: How | None


async def unsubscribe(
    connection: Connection, newsletter: int, contacts: Sequence[int], how: How, *, actor: int | None = None
) -> list[int]:
    """End it for these contacts; those for whom it was not ended yet. The caller commits."""
    await _lock(connection, contacts)
    rows = await connection.execute(
        "INSERT INTO unsubscription (newsletter, contact, how) SELECT %s, unnest(%s::bigint[]), %s"
        " ON CONFLICT DO NOTHING RETURNING contact",
        (newsletter, list(contacts), how),
    )
    return await _changed(connection, "newsletter.unsubscribed", newsletter, await _ids(rows), how=how, actor=actor)


async def resubscribe(
    connection: Connection, newsletter: int, contacts: Sequence[int], how: How, *, actor: int | None = None
) -> list[int]:
    """Take the ending back; those for whom it was ended. The caller commits."""
    await _lock(connection, contacts)
    rows = await connection.execute(
        "DELETE FROM unsubscription WHERE newsletter = %s AND contact = ANY(%s) RETURNING contact",
        (newsletter, list(contacts)),
    )
    return await _changed(connection, "newsletter.resubscribed", newsletter, await _ids(rows), how=how, actor=actor)


async def choose_language(connection: Connection, contacts: Sequence[int], language: str) -> list[int]:
    """What these contacts read from now on, whatever lists say; those for whom that is new. The caller commits."""
    await _lock(connection, contacts)
    rows = await connection.execute(
        "UPDATE contact SET chosen_language = %(language)s WHERE id = ANY(%(contacts)s)"
        " AND coalesce(chosen_language, language) <> %(language)s RETURNING id",
        {"language": language, "contacts": list(contacts)},
    )
    changed = await _ids(rows)
    for contact in changed:
        await audit.record(
            connection, actor=None, action="contact.language-chosen", subject=f"contact:{contact}",
            detail={"language": language},
        )  # fmt: skip
    return changed


async def choices(connection: Connection, contacts: Sequence[int]) -> list[Choice]:
    """The newsletters that these contacts are in the audience of, the oldest first."""
    rows = await connection.execute(_CHOICES, {"contacts": list(contacts)})
    return [
        Choice(newsletter, titles_of(titles, language), meant, wanted)
        for newsletter, titles, language, meant, wanted in await rows.fetchall()
    ]


async def is_wanted(connection: Connection, newsletter: int, contacts: Sequence[int]) -> bool:
    """Whether one of these contacts did not unsubscribe from it."""
    row = await (
        await connection.execute(
            "SELECT count(*) FROM unsubscription WHERE newsletter = %s AND contact = ANY(%s)",
            (newsletter, list(contacts)),
        )
    ).fetchone()
    return bool(row and row[0] < len(contacts))


async def ids_of(connection: Connection, external_ids: Sequence[str]) -> list[int]:
    """The numbers of these contacts; those that are not there, or no more, are left out."""
    return await _ids(
        await connection.execute(
            "SELECT id FROM contact WHERE external_id = ANY(%s) AND removed_at IS NULL AND user_id IS NULL",
            (list(external_ids),),
        )
    )


async def subscribers(
    connection: Connection, newsletter: int, *, unsubscribed: bool, after: str = "", most: int = 100
) -> list[Subscriber]:
    """A page of those in its audiences who get it, or of those who do not want it; by external id."""
    values = {"newsletter": newsletter, "unsubscribed": unsubscribed, "after": after, "most": most}
    async with connection.cursor(row_factory=class_row(Subscriber)) as cursor:
        await cursor.execute(_SUBSCRIBERS, values)
        return await cursor.fetchall()


async def counts(connection: Connection, newsletter: int) -> tuple[int, int]:
    """How many in its audiences get it, and how many do not want it."""
    row = await (await connection.execute(_COUNTS, {"newsletter": newsletter})).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


async def in_plan(connection: Connection, message: int) -> bool:
    """Whether the plan of an edition has anyone who unsubscribed since it was made. False for all other messages."""
    row = await (await connection.execute(_IN_PLAN, {"message": message, "kind": KIND})).fetchone()
    return bool(row and row[0])


async def _lock(connection: Connection, contacts: Sequence[int]) -> None:
    """In one order for everybody: those who share an address may choose at once, from mails that name others first."""
    await connection.execute("SELECT FROM contact WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (list(contacts),))


async def _changed(
    connection: Connection, action: str, newsletter: int, changed: list[int], *, how: How, actor: int | None
) -> list[int]:
    if changed:
        await audit.record(
            connection, actor=actor, action=action, subject=f"newsletter:{newsletter}",
            detail={"contacts": changed, "how": how},
        )  # fmt: skip
    return changed


async def _ids(rows: AsyncCursor[Any]) -> list[int]:
    return sorted(int(contact) for (contact,) in await rows.fetchall())


_MEANT: Final = """
    FROM newsletter n JOIN contact c ON c.removed_at IS NULL AND c.user_id IS NULL AND EXISTS (
        SELECT FROM contact_audience a WHERE a.contact = c.id AND n.definition->'audiences' ? a.audience)
    LEFT JOIN unsubscription u ON u.newsletter = n.id AND u.contact = c.id"""

_CHOICES: Final = f"""
SELECT n.id, n.definition->'title', n.definition->>'language', array_agg(c.id ORDER BY c.id), bool_or(u.contact IS NULL)
{_MEANT} WHERE c.id = ANY(%(contacts)s) GROUP BY n.id ORDER BY n.id
"""

_SUBSCRIBERS: Final = f"""
SELECT c.external_id, c.name, c.organisation, u.how
{_MEANT} WHERE n.id = %(newsletter)s AND (u.contact IS NOT NULL) = %(unsubscribed)s AND c.external_id > %(after)s
ORDER BY c.external_id LIMIT %(most)s
"""

_COUNTS: Final = f"""
SELECT count(*) FILTER (WHERE u.contact IS NULL), count(u.contact)
{_MEANT} WHERE n.id = %(newsletter)s
"""

_IN_PLAN: Final = """
SELECT EXISTS (
    SELECT FROM message m JOIN unsubscription u ON u.newsletter = (m.content->>'newsletter')::bigint
    WHERE m.number = %(message)s AND m.kind = %(kind)s AND u.contact IN (
        SELECT contact FROM delivery WHERE message = %(message)s
        UNION ALL SELECT contact FROM shared_delivery WHERE message = %(message)s
    )
)
"""
