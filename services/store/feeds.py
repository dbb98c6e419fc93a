"""The newsfeed: entries by audience.

An entry is there once the transaction that wrote it commits: that is when its delivery is `accepted`. Whoever shows
entries hears of every change by NOTIFY on `CHANGED`: the tables do that themselves (migration 0007).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import class_row

from services.domain.variants import Variant
from services.runtime.postgres import Connection
from services.store.facts import all_as_stated
from services.store.messages import SENDABLE

PUBLIC: Final = "public"
"""The one feed that is open to everyone."""

CHANGED: Final = "roeland_feeds"
"""NOTIFY channel: an entry, or who may read a feed, is not what it was."""

NOBODYS: Final = "roeland.invalid"
"""The authority of entry ids where none is set (RFC 2606: nobody ever owns it)."""


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An entry as its feed shows it. `put_right_by`: the id of the correction in the same feed, if any, with its title.

    `corrects`: the id of what this one puts right, if that is in the same feed, with its title. `content`: what its
    author wrote (`MessageContent`). `code` verifies it. `entry_id`: its `tag:` URI; None for one from before there were
    any.
    """

    message_id: UUID
    number: int
    audience: str
    incident: str
    incident_title: str
    incident_type: str | None
    kind: str
    lane: str
    phase: str
    exercise: bool
    content: dict[str, Any]
    corrects: UUID | None
    expires_at: datetime | None
    proof_hash: str | None
    code: str | None
    entry_id: str | None
    language: str
    title: str
    summary: str
    html: str
    published_at: datetime
    updated_at: datetime
    put_right_by: UUID | None
    put_right_title: str | None
    withdrawn_at: datetime | None = None
    corrects_title: str | None = None


def age(entry: FeedEntry) -> tuple[float, int]:
    """Smaller for what is newer: the order of a feed, to find a place in it by bisection."""
    return -entry.published_at.timestamp(), -entry.number


async def record_entry(
    connection: Connection, message: int, variant: Variant, *, authority: str = NOBODYS
) -> datetime | None:
    """Put this variant of a message (by number) in its audience's feed; returns when. The caller commits.

    It gets its id for life, a `tag:` URI of this authority, a domain of ours (RFC 4151). None when it is not there and
    may not be put there now: the message is paused, was stopped or has expired. Again for the same message and audience
    changes nothing, and returns when it was first put there, whatever became of the message. What an entry corrects is
    marked as put right from then on.
    """
    row = await (
        await connection.execute(
            _RECORD.encode(),
            {
                "message": message, "audience": variant.audience, "language": variant.language,
                "title": variant.subject, "summary": variant.text, "html": variant.html, "authority": authority,
            },
        )
    ).fetchone()  # fmt: skip
    if row is None:
        await connection.execute(_NOBODY_PUBLISHES, (message,))
        found = await connection.execute(_PUBLISHED, (message, variant.audience))
        there = await found.fetchone()
        return there[0] if there else None
    published_at: datetime = row[0]
    await connection.execute(_MARK, {"message": message, "audience": variant.audience, "at": published_at})
    return published_at


async def withdraw(connection: Connection, message: int) -> int:
    """Mark the entries of a message as withdrawn, so that readers show them anew; returns how many. They stay.

    What they put right is shown anew too: it is not put right any more.
    """
    written = await connection.execute(_WITHDRAW, (message,))
    await connection.execute(_NO_LONGER_PUT_RIGHT, {"message": message})
    return written.rowcount


async def entries(connection: Connection, audience: str, numbers: Sequence[int] | None = None) -> Sequence[FeedEntry]:
    """The entries of these messages in a feed, newest first; None: all. An exercise never shows in the public one.

    Where a message stated a fact, `content` has the words that its readers got.
    """
    async with connection.cursor(row_factory=class_row(FeedEntry)) as cursor:
        given = None if numbers is None else list(numbers)
        await cursor.execute(_ENTRIES, {"audience": audience, "public": PUBLIC, "numbers": given})
        found = await cursor.fetchall()
    contents = await all_as_stated(connection, {each.number: each.content for each in found})
    return [replace(each, content=contents[each.number]) for each in found]


_RECORD: Final = f"""
INSERT INTO feed_entry (message, audience, language, title, summary, html, published_at, updated_at, entry_id)
SELECT m.number, %(audience)s, %(language)s, %(title)s, %(summary)s, %(html)s, t.now, t.now,
    format('tag:%%s,%%s:%%s/%%s', %(authority)s::text, to_char(t.now AT TIME ZONE 'UTC', 'YYYY-MM-DD'), m.id,
        %(audience)s::text)
FROM (SELECT clock_timestamp() AS now) t, message m WHERE m.number = %(message)s AND {SENDABLE} FOR SHARE
ON CONFLICT (message, audience) DO UPDATE SET audience = EXCLUDED.audience RETURNING published_at
"""

_NOBODY_PUBLISHES: Final = "SELECT FROM message WHERE number = %s FOR NO KEY UPDATE"
"""Waits for an earlier attempt whose answer was lost and whose commit is still on its way: it holds this FOR SHARE."""

_PUBLISHED: Final = "SELECT published_at FROM feed_entry WHERE message = %s AND audience = %s"

# Readers show an old entry anew only when its date moved.
_MARK: Final = """
UPDATE feed_entry e SET updated_at = %(at)s FROM message m
WHERE m.number = %(message)s AND e.message = m.corrects AND e.audience = %(audience)s AND e.updated_at < %(at)s
"""

_WITHDRAW: Final = """
UPDATE feed_entry SET withdrawn_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE message = %s AND withdrawn_at IS NULL
"""

_NO_LONGER_PUT_RIGHT: Final = """
UPDATE feed_entry e SET updated_at = clock_timestamp() FROM message m
WHERE m.number = %(message)s AND e.message = m.corrects
    AND e.audience IN (SELECT audience FROM feed_entry WHERE message = %(message)s)
"""

# An incident's own title is for those inside: to the public it is called as the first that they read of it.
_ENTRIES: Final = """
WITH shown AS MATERIALIZED (
    SELECT DISTINCT m.incident FROM feed_entry e JOIN message m ON m.number = e.message
    WHERE e.audience = %(audience)s AND (%(numbers)s::bigint[] IS NULL OR e.message = ANY(%(numbers)s))
), first AS MATERIALIZED (
    SELECT s.incident, f.title FROM shown s CROSS JOIN LATERAL (
        SELECT f.title FROM message m JOIN feed_entry f ON f.message = m.number AND f.audience = %(public)s
        WHERE m.incident = s.incident AND NOT m.exercise ORDER BY f.published_at, f.message LIMIT 1
    ) f WHERE %(audience)s = %(public)s
)
SELECT m.id AS message_id, m.number, e.audience, m.incident, coalesce(first.title, i.title) AS incident_title,
    i.type AS incident_type, m.kind,
    m.lane, m.phase, m.exercise, m.content, m.expires_at, m.proof_hash, k.code, e.entry_id,
    o.id AS corrects, o.title AS corrects_title,
    e.language, e.title, e.summary, e.html, e.published_at, e.updated_at,
    c.id AS put_right_by, c.title AS put_right_title, e.withdrawn_at
FROM feed_entry e JOIN message m ON m.number = e.message JOIN incident i ON i.slug = m.incident
LEFT JOIN verification k ON k.message = e.message AND k.audience = e.audience
LEFT JOIN first ON first.incident = m.incident
LEFT JOIN LATERAL (
    SELECT r.id, f.title FROM message r JOIN feed_entry f ON f.message = r.number AND f.audience = e.audience
    WHERE r.corrects = e.message AND f.withdrawn_at IS NULL ORDER BY r.number DESC LIMIT 1
) c ON true
LEFT JOIN LATERAL (
    SELECT w.id, f.title FROM message w JOIN feed_entry f ON f.message = w.number AND f.audience = e.audience
    WHERE w.number = m.corrects
) o ON true
WHERE e.audience = %(audience)s AND NOT (m.exercise AND e.audience = %(public)s)
    AND (%(numbers)s::bigint[] IS NULL OR e.message = ANY(%(numbers)s))
ORDER BY e.published_at DESC, e.message DESC
"""
