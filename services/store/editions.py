"""What each local date of a newsletter came to: one row for each, written once. A date decided is decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.domain.editions import Decision, EditionContent
from services.runtime.postgres import Connection
from services.store import edition_items


@dataclass(frozen=True, slots=True)
class EditionRow:
    """A decision. `due`: when it was to go out. `decided_by` None: the clock. `content`: of those that are made."""

    newsletter: int
    date: date
    decision: Decision
    due: datetime
    decided_at: datetime
    decided_by: int | None
    late: bool
    reason: str
    number: int | None
    message_id: UUID | None
    content: dict[str, Any] | None
    taken_up_at: datetime | None
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision to be recorded. `content` and `message_id`: of those that are made, and of no other."""

    newsletter: int
    date: date
    decision: Decision
    due: datetime
    decided_at: datetime
    late: bool = False
    reason: str = ""
    decided_by: int | None = None
    message_id: UUID | None = None
    content: EditionContent | None = None


@dataclass(frozen=True, slots=True)
class SkippedDate:
    """A date that somebody said to skip. `said_by`: a user's number."""

    newsletter: int
    date: date
    reason: str
    said_by: int | None
    said_at: datetime


async def record(connection: Connection, decided: Decided) -> None:
    """Record it, with the messages that it tells of. Raises psycopg's UniqueViolation for a date that is decided."""
    content = decided.content
    values = {name: getattr(decided, name) for name in Decided.__dataclass_fields__}
    values |= {"content": content and Jsonb(content.model_dump(mode="json")), "number": content and content.number}
    await connection.execute(_RECORD, values)
    if content:
        await edition_items.record(connection, content)


async def find(connection: Connection, newsletter: int, day: date) -> EditionRow | None:
    """What this date came to; None while it is undecided."""
    found = await _rows(connection, "newsletter = %(newsletter)s AND date = %(day)s", newsletter=newsletter, day=day)
    return found[0] if found else None


async def of_message(connection: Connection, message_id: UUID) -> EditionRow | None:
    """The edition that this message is, at whatever revision."""
    found = await _rows(connection, "message_id = %(id)s", id=message_id)
    return found[0] if found else None


async def not_taken_up(connection: Connection) -> Sequence[tuple[int, date]]:
    """The editions, by newsletter and date, of which editorial made no message yet; the oldest first."""
    rows = await connection.execute(
        "SELECT newsletter, date FROM edition WHERE message_id IS NOT NULL AND taken_up_at IS NULL ORDER BY decided_at"
    )
    return [(newsletter, day) for newsletter, day in await rows.fetchall()]


async def waits_for_clock(connection: Connection) -> list[str]:
    """The newsletters that should have been looked at a minute ago, and were not: their clock stands still."""
    return [row[0] for row in await (await connection.execute(_STANDS_STILL)).fetchall()]


async def waits_for_editorial(connection: Connection) -> int:
    """How many editions were made more than a minute ago, and are no message yet."""
    row = await (await connection.execute(_NOT_TAKEN_UP)).fetchone()
    return int(row[0]) if row else 0


async def take_up(connection: Connection, newsletter: int, day: date) -> EditionRow | None:
    """Mark that a message is made of it, in this transaction; None when one is made already, or is being made."""
    query = f"""UPDATE edition SET taken_up_at = clock_timestamp() WHERE (newsletter, date) = (
            SELECT newsletter, date FROM edition WHERE newsletter = %(newsletter)s AND date = %(day)s
            AND message_id IS NOT NULL AND taken_up_at IS NULL FOR UPDATE SKIP LOCKED
        ) RETURNING {COLUMNS}"""
    async with connection.cursor(row_factory=class_row(EditionRow)) as cursor:
        await cursor.execute(query.encode(), {"newsletter": newsletter, "day": day})
        return await cursor.fetchone()


async def set_content(connection: Connection, content: EditionContent, *, taken_up: bool) -> bool:
    """It is made anew, before it went out, and tells what this tells. Call with the newsletter's row locked.

    `taken_up`: whether it is a message already; False, and nothing is changed, when that is not so.
    """
    written = await connection.execute(
        "UPDATE edition SET content = %s WHERE newsletter = %s AND date = %s AND (taken_up_at IS NOT NULL) = %s",
        (Jsonb(content.model_dump(mode="json")), content.newsletter, content.date, taken_up),
    )
    if written.rowcount:
        await edition_items.record(connection, content)
    return bool(written.rowcount)


async def set_reason(connection: Connection, message_id: UUID, reason: str) -> None:
    """Why it was not sent after all."""
    await connection.execute("UPDATE edition SET reason = %s WHERE message_id = %s", (reason, message_id))


async def waiting_for_approval(connection: Connection, newsletter: int) -> list[UUID]:
    """Messages of its editions that are proofed, and that nobody approved yet."""
    query = """
        SELECT e.message_id FROM edition e JOIN LATERAL (
            SELECT m.state FROM message m WHERE m.id = e.message_id ORDER BY m.revision DESC LIMIT 1
        ) m ON m.state = 'proofed' WHERE e.newsletter = %s ORDER BY e.date
    """
    return [row[0] for row in await (await connection.execute(query, (newsletter,))).fetchall()]


async def last_date(connection: Connection, newsletter: int) -> date | None:
    """The last date that is decided."""
    query = "SELECT max(date) FROM edition WHERE newsletter = %s"
    row = await (await connection.execute(query, (newsletter,))).fetchone()
    return row[0] if row else None


async def next_number(connection: Connection, newsletter: int) -> int:
    """The number of the next edition that is made. Call with the newsletter's row locked."""
    query = "SELECT coalesce(max(number), 0) + 1 FROM edition WHERE newsletter = %s"
    row = await (await connection.execute(query, (newsletter,))).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always has a row
    return int(row[0])


async def history(connection: Connection, newsletter: int, limit: int) -> Sequence[EditionRow]:
    """What the dates came to, the latest first."""
    where = "newsletter = %(newsletter)s ORDER BY date DESC LIMIT %(limit)s"
    return await _rows(connection, where, newsletter=newsletter, limit=limit)


async def since(connection: Connection, newsletter: int, first: date) -> Sequence[EditionRow]:
    """What the dates from this one on came to, in order."""
    return await _rows(
        connection, "newsletter = %(of)s AND date >= %(first)s ORDER BY date", of=newsletter, first=first
    )


async def missed_untold(connection: Connection, newsletter: int) -> list[date]:
    """The dates that were decided too late, or made and not approved in time, and not told of yet; oldest first."""
    return [row[0] for row in await (await connection.execute(_MISSED, (newsletter,))).fetchall()]


async def set_told(connection: Connection, newsletter: int, dates: Sequence[date]) -> None:
    """Users were told that these were missed."""
    query = "UPDATE edition SET told_at = clock_timestamp() WHERE newsletter = %s AND date = ANY(%s)"
    await connection.execute(query, (newsletter, list(dates)))


async def skip(connection: Connection, newsletter: int, day: date, *, reason: str, by: int | None) -> None:
    """Nothing goes out on this date, which is undecided; said again, the later reason counts."""
    values = {"newsletter": newsletter, "day": day, "reason": reason, "by": by}
    await connection.execute(_SKIP, values)


async def unskip(connection: Connection, newsletter: int, day: date) -> bool:
    """Take that back; False when nobody had said so."""
    query = "DELETE FROM skipped_date WHERE newsletter = %s AND date = %s"
    return (await connection.execute(query, (newsletter, day))).rowcount > 0


async def skipped(connection: Connection, newsletter: int, first: date) -> dict[date, SkippedDate]:
    """The dates to be skipped, from this one on."""
    async with connection.cursor(row_factory=class_row(SkippedDate)) as cursor:
        await cursor.execute(_SKIPPED, (newsletter, first))
        return {each.date: each for each in await cursor.fetchall()}


async def _rows(connection: Connection, where: str, **values: Any) -> list[EditionRow]:
    async with connection.cursor(row_factory=class_row(EditionRow)) as cursor:
        await cursor.execute(f"SELECT {COLUMNS} FROM edition WHERE {where}".encode(), values)
        return await cursor.fetchall()


COLUMNS: Final = ", ".join(EditionRow.__dataclass_fields__)

_RECORD: Final = """
INSERT INTO edition
    (newsletter, date, decision, due, decided_at, decided_by, late, reason, number, message_id, content)
VALUES (%(newsletter)s, %(date)s, %(decision)s, %(due)s, %(decided_at)s, %(decided_by)s, %(late)s, %(reason)s,
    %(number)s, %(message_id)s, %(content)s)
"""

_MISSED: Final = """
SELECT e.date FROM edition e WHERE e.newsletter = %s AND e.told_at IS NULL AND (
    e.decision = 'too-late' OR (
        SELECT m.state = 'expired' AND m.released_at IS NULL FROM message m
        WHERE m.id = e.message_id ORDER BY m.revision DESC LIMIT 1
    )
) ORDER BY e.date
"""

_SKIP: Final = """
INSERT INTO skipped_date (newsletter, date, reason, said_by) VALUES (%(newsletter)s, %(day)s, %(reason)s, %(by)s)
ON CONFLICT (newsletter, date) DO UPDATE SET reason = excluded.reason, said_by = excluded.said_by,
    said_at = clock_timestamp()
"""

_SKIPPED: Final = """
SELECT newsletter, date, reason, said_by, said_at FROM skipped_date WHERE newsletter = %s AND date >= %s
"""

_STANDS_STILL: Final = """
SELECT n.slug FROM newsletter n WHERE EXISTS (
    SELECT FROM timer t WHERE t.kind = 'edition' AND t.subject = n.id::text AND t.fired_at IS NULL
    AND t.due < clock_timestamp() - interval '1 minute'
) ORDER BY n.slug
"""

_NOT_TAKEN_UP: Final = """
SELECT count(*) FROM edition WHERE message_id IS NOT NULL AND taken_up_at IS NULL
AND decided_at < clock_timestamp() - interval '1 minute'
"""
