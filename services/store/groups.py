"""Saved groups: selections with a name. One that was removed keeps its meaning for what names it already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg.rows import class_row

from services.domain.recipient_query import Query
from services.domain.recipient_reading import read
from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Group:
    """A group; `selection` is in its one form."""

    slug: str
    title: str
    selection: str
    written_by: str | None
    written_at: datetime


async def meanings(connection: Connection, *, removed: bool = True) -> Mapping[str, Query]:
    """What each group means by itself, groups that it names not written out; also of the `removed`."""
    rows = await connection.execute(
        "SELECT slug, selection FROM contact_group WHERE removed_at IS NULL OR %s", (removed,)
    )
    return {slug: read(selection) for slug, selection in await rows.fetchall()}


async def find(connection: Connection, slug: str) -> Group | None:
    """The group of this name; None too once it is removed."""
    return next(iter(await _rows(connection, slug)), None)


async def every(connection: Connection) -> Sequence[Group]:
    """All groups, by name."""
    return await _rows(connection, None)


async def lock(connection: Connection) -> None:
    """Nobody else changes a group until the transaction ends: two changes together could close a circle."""
    await connection.execute("LOCK TABLE contact_group IN SHARE ROW EXCLUSIVE MODE")


async def write(connection: Connection, slug: str, title: str, selection: str, *, by: int | None) -> None:
    """Let the name mean this from now on, whether it meant something before or not."""
    values = {"slug": slug, "title": title, "selection": selection, "by": by}
    await connection.execute(_WRITE, values)


async def remove(connection: Connection, slug: str) -> bool:
    """Take the name away; whether there was one."""
    done = await connection.execute(
        "UPDATE contact_group SET removed_at = clock_timestamp() WHERE slug = %s AND removed_at IS NULL", (slug,)
    )
    return done.rowcount > 0


async def _rows(connection: Connection, slug: str | None) -> Sequence[Group]:
    async with connection.cursor(row_factory=class_row(Group)) as cursor:
        await cursor.execute(_GROUPS, {"slug": slug})
        return await cursor.fetchall()


_GROUPS: Final = """
SELECT g.slug, g.title, g.selection, u.email AS written_by, g.written_at
FROM contact_group g LEFT JOIN users u ON u.id = g.written_by
WHERE g.removed_at IS NULL AND (%(slug)s::text IS NULL OR g.slug = %(slug)s) ORDER BY g.slug
"""

_WRITE: Final = """
INSERT INTO contact_group (slug, title, selection, written_by) VALUES (%(slug)s, %(title)s, %(selection)s, %(by)s)
ON CONFLICT (slug) DO UPDATE SET title = excluded.title, selection = excluded.selection,
    written_by = excluded.written_by, written_at = clock_timestamp(), removed_at = NULL
"""
