"""What the cell writes above an edition. Every version is kept; the last counts, and an empty one takes it out."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from psycopg.types.json import Jsonb

from services.domain.editions import Editorial
from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Written:
    """The last version; `content` None: it was taken out. `by`: an address."""

    version: int
    content: Editorial | None
    by: str
    at: datetime


async def in_force(connection: Connection, newsletter: int, day: date) -> Editorial | None:
    """What stands above the edition of this date; None when there is nothing."""
    found = await last(connection, newsletter, day)
    return found.content if found else None


async def last(connection: Connection, newsletter: int, day: date) -> Written | None:
    """The last version that was written for this date; None when nobody wrote any."""
    row = await (await connection.execute(_LAST, (newsletter, day))).fetchone()
    if row is None:
        return None
    version, content, by, at = row
    return Written(version, Editorial.model_validate(content) if content is not None else None, by, at)


async def write(connection: Connection, newsletter: int, day: date, content: Editorial | None, user: int) -> int:
    """The next version; returns its number. Call with the newsletter's row locked."""
    row = await (
        await connection.execute(
            _WRITE,
            (newsletter, day, newsletter, day, Jsonb(content.model_dump(mode="json")) if content else None, user),
        )
    ).fetchone()
    assert row is not None  # noqa: S101 - the statement returns the row that it made
    return int(row[0])


_LAST: Final = """
SELECT e.version, e.content, u.email, e.written_at FROM editorial e JOIN users u ON u.id = e.written_by
WHERE e.newsletter = %s AND e.date = %s ORDER BY e.version DESC LIMIT 1
"""

_WRITE: Final = """
INSERT INTO editorial (newsletter, date, version, content, written_by)
SELECT %s, %s, 1 + coalesce((SELECT max(version) FROM editorial WHERE newsletter = %s AND date = %s), 0), %s, %s
RETURNING version
"""
