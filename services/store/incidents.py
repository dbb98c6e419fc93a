"""Incidents: opened by a person or by their first message; what they are, their phase, and how they came to it.

A phase is the incident's own: moving it never changes a message. History is append-only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from psycopg.rows import class_row
from psycopg.sql import SQL, Identifier, Placeholder

from services.runtime.postgres import Connection

What = Literal["opened", "phase", "level", "closed", "reopened", "reported"]
"""`reported`: an outside system said something of it, in `reason`; nothing of the incident changed."""


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident. Whoever opens it decides whether it is an exercise. `spoc`: single point of contact of `entity`."""

    slug: str
    title: str
    phase: str
    exercise: bool
    type: str | None = None
    level: str | None = None
    entity: str | None = None
    spoc: str | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One line of an incident's history; `value` is the phase or level that it came to."""

    what: What
    value: str
    reason: str
    by_user: int | None
    at: datetime


CHANGEABLE: Final = frozenset({"title", "phase", "type", "level", "entity", "spoc", "closed_at"})
_COLUMNS: Final = ", ".join(Incident.__dataclass_fields__)


async def find(connection: Connection, slug: str, *, lock: bool = False) -> Incident | None:
    """The incident with this slug; `lock` keeps it, its facts and participants as they are until the transaction ends.

    The lock is one that messages being written do not wait for, unless they are of this incident and new.
    """
    how = " FOR NO KEY UPDATE" if lock else ""
    found = await _all(connection, f"SELECT {_COLUMNS} FROM incident WHERE slug = %(slug)s{how}", {"slug": slug})
    return found[0] if found else None


async def listed(connection: Connection, *, closed: bool = False) -> Sequence[Incident]:
    """The open ones, latest first; `closed`: the closed ones too. The series of a newsletter is none of them."""
    return await _all(connection, _LISTED, {"closed": closed})


async def open_unless_there(connection: Connection, new: Incident, by_user: int | None = None) -> Incident:
    """The incident as it is; opened with these particulars when there was none. Locked until the transaction ends."""
    await open_new(connection, new, by_user)
    return await find(connection, new.slug, lock=True) or new


async def open_new(connection: Connection, new: Incident, by_user: int | None, reason: str = "") -> bool:
    """Open it; False, and nothing is changed, when there is one with this slug."""
    written = await connection.execute(
        "INSERT INTO incident (slug, title, phase, exercise, type, level, entity, spoc)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (new.slug, new.title, new.phase, new.exercise, new.type, new.level, new.entity, new.spoc),
    )
    if not written.rowcount:
        return False
    await _happened(connection, new.slug, "opened", new.phase, reason=reason, by_user=by_user)
    if new.level:
        await _happened(connection, new.slug, "level", new.level, reason=reason, by_user=by_user)
    return True


async def change(connection: Connection, slug: str, fields: Mapping[str, Any]) -> None:
    """Set these fields (of `CHANGEABLE`), which have no history. Call with its row locked."""
    assert fields.keys() <= CHANGEABLE  # noqa: S101 - names that we wrote ourselves
    sets = SQL(", ").join(SQL("{} = {}").format(Identifier(name), Placeholder(name)) for name in fields)
    query = SQL("UPDATE incident SET {} WHERE slug = {}").format(sets, Placeholder("this_slug"))
    await connection.execute(query, {**fields, "this_slug": slug})


async def move(
    connection: Connection, slug: str, what: What, value: str = "", *, reason: str, by_user: int | None
) -> None:
    """Bring it to another phase or level, close it or open it again; with its history. Call with its row locked."""
    if what in ("phase", "level"):
        await change(connection, slug, {what: value})
    elif what == "closed":
        await connection.execute("UPDATE incident SET closed_at = clock_timestamp() WHERE slug = %s", (slug,))
    else:
        await change(connection, slug, {"closed_at": None})
    await _happened(connection, slug, what, value, reason=reason, by_user=by_user)


async def note(connection: Connection, slug: str, who: str, text: str) -> None:
    """Write in its history what an outside system (`who`) reported of it; nothing of the incident changes."""
    await _happened(connection, slug, "reported", who, reason=text, by_user=None)


async def history(connection: Connection, slug: str) -> Sequence[Change]:
    """All that happened to it, oldest first."""
    async with connection.cursor(row_factory=class_row(Change)) as cursor:
        await cursor.execute(
            "SELECT what, value, reason, by_user, at FROM incident_history WHERE incident = %s ORDER BY id", (slug,)
        )
        return await cursor.fetchall()


async def _happened(
    connection: Connection, slug: str, what: What, value: str, *, reason: str, by_user: int | None
) -> None:
    await connection.execute(
        "INSERT INTO incident_history (incident, what, value, reason, by_user) VALUES (%s, %s, %s, %s, %s)",
        (slug, what, value, reason, by_user),
    )


async def _all(connection: Connection, query: str, values: dict[str, Any]) -> list[Incident]:
    async with connection.cursor(row_factory=class_row(Incident)) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchall()


_LISTED: Final = f"""
SELECT {_COLUMNS} FROM incident i WHERE (%(closed)s OR closed_at IS NULL)
AND NOT EXISTS (SELECT FROM newsletter n WHERE n.incident = i.slug) ORDER BY opened_at DESC, slug
"""
