"""What a selection names and is not there: a group, a message, an incident, a contact. Asked when it is given.

Each is told with its remedy. A group's own names were looked at when it was saved: what has gone since then means
nobody, and keeps no message back.
"""

from collections.abc import Sequence
from typing import Final

from services.domain.recipient_groups import GROUP, Unusable, without_groups
from services.domain.recipient_query import Query, values_of
from services.domain.recipient_reading import read
from services.runtime.postgres import Connection
from services.store import groups
from services.store.contacts import unknown_contacts

MESSAGES: Final = ("got", "not-confirmed")


async def missing(connection: Connection, selection: str) -> Sequence[tuple[str, str]]:
    """Every problem and its remedy; nothing for the empty selection. Raises `recipient_query.Unreadable`."""
    return await missing_in(connection, read(selection)) if selection else ()


async def missing_in(connection: Connection, query: Query) -> Sequence[tuple[str, str]]:
    """The same of a query."""
    return [
        *await _groups(connection, query),
        *await _messages(connection, query),
        *await _incidents(connection, query),
        *await _contacts(connection, query),
    ]


async def _groups(connection: Connection, query: Query) -> Sequence[tuple[str, str]]:
    if not values_of(query, GROUP):
        return []
    there = await groups.meanings(connection)
    standing = {group.slug for group in await groups.every(connection)}
    if gone := [name for name in values_of(query, GROUP) if name not in standing]:
        return [(f"There is no group {name}.", "`roeland group list` shows which there are.") for name in gone]
    try:
        without_groups(query, there)
    except Unusable as why:
        return [(why.problem, why.remedy)]
    return []


async def _messages(connection: Connection, query: Query) -> Sequence[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for word in MESSAGES:
        wanted = values_of(query, word)
        rows = await connection.execute(_MESSAGES, {"ids": wanted}) if wanted else None
        asked = {str(id): asks for id, asks in await rows.fetchall()} if rows else {}  # noqa: A001 - it is one
        for each in wanted:
            if each not in asked:
                found.append((f"No message {each} was released.", "Copy its id from `roeland message list`."))
            elif word == "not-confirmed" and not asked[each]:
                found.append((f"Message {each} did not ask to confirm.", f"Write got={each} for those who got it."))
    return found


async def _incidents(connection: Connection, query: Query) -> Sequence[tuple[str, str]]:
    wanted = values_of(query, "participants")
    rows = await connection.execute("SELECT slug FROM incident WHERE slug = ANY(%s)", (wanted,))
    there = {slug for (slug,) in await rows.fetchall()}
    remedy = "`roeland incident list` shows which there are."
    return [(f"There is no incident {each}.", remedy) for each in wanted if each not in there]


async def _contacts(connection: Connection, query: Query) -> Sequence[tuple[str, str]]:
    wanted = values_of(query, "contact")
    gone = await unknown_contacts(connection, wanted) if wanted else []
    return [(f"There is no contact {each}.", "`roeland contacts list` shows who there is.") for each in gone]


_MESSAGES: Final = """
SELECT id, bool_or(confirm_minutes IS NOT NULL) FROM message
WHERE id = ANY(%(ids)s::uuid[]) AND released_at IS NOT NULL GROUP BY id
"""
