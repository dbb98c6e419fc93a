"""The editions of a newsletter that went out to an audience, and the version that a reader sees of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from psycopg.rows import class_row

from services.domain.editions import KIND
from services.domain.variants import Variant
from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Issue:
    """An edition that went out: its local date and number, and the message (its number in the ledger) that it was."""

    date: date
    number: int
    message: int
    withdrawn_at: datetime | None


async def issues(
    connection: Connection, newsletter: int, audience: str, *, before: date | None = None, most: int = 100
) -> Sequence[Issue]:
    """Those of this audience, the latest first, of dates before the one given.

    What was withdrawn is among them, and is marked; what is held, or was stopped under way, is not.
    """
    values = {"newsletter": newsletter, "audience": audience, "before": before, "most": most, "kind": KIND}
    return await _issues(connection, _ISSUES + " ORDER BY e.date DESC LIMIT %(most)s", values)


async def issue(connection: Connection, newsletter: int, audience: str, day: date) -> Issue | None:
    """The edition of one date; None unless it went out to this audience."""
    values = {"newsletter": newsletter, "audience": audience, "before": None, "day": day, "kind": KIND}
    found = await _issues(connection, _ISSUES + " AND e.date = %(day)s", values)
    return found[0] if found else None


async def version(
    connection: Connection, message: int, audience: str, *, language: str, segment: str
) -> Variant | None:
    """The mail of this audience: in this language, else the message's own; of this segment, else of everybody."""
    values = {"message": message, "audience": audience, "language": language, "segment": segment}
    row = await (await connection.execute(_VERSION, values)).fetchone()
    return Variant(*row) if row else None


async def _issues(connection: Connection, query: str, values: dict[str, object]) -> Sequence[Issue]:
    async with connection.cursor(row_factory=class_row(Issue)) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchall()


_ISSUES: Final = """
SELECT e.date, e.number, m.number AS message, m.withdrawn_at
FROM edition e JOIN message m ON m.id = e.message_id AND m.kind = %(kind)s AND m.released_at IS NOT NULL
WHERE e.newsletter = %(newsletter)s AND (%(before)s::date IS NULL OR e.date < %(before)s)
AND (m.state = 'withdrawn' OR (m.state = 'released' AND m.paused_at IS NULL))
AND EXISTS (
    SELECT FROM variant v WHERE v.message = m.number AND v.audience = %(audience)s AND v.channel = 'mail')"""

_VERSION: Final = """
SELECT v.audience, v.language, v.segment, v.channel, v.subject, v.text, v.html
FROM variant v JOIN message m ON m.number = v.message
WHERE v.message = %(message)s AND v.audience = %(audience)s AND v.channel = 'mail'
ORDER BY v.language = %(language)s DESC, v.language = m.content->>'language' DESC,
    v.segment = %(segment)s DESC, v.segment = '' DESC, v.number LIMIT 1
"""
