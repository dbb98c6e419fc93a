"""The newsfeed: entries by audience, and the addresses at which each audience reads its own.

An entry is there once the transaction that wrote it commits: that is when its delivery is `accepted`. An audience's
address carries a token derived from the feed's generation, so that one more generation revokes every address of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from psycopg.rows import class_row

from services.domain.configuration import Configuration
from services.domain.variants import Variant
from services.runtime.postgres import Connection
from services.runtime.tokens import Keys
from services.store.messages import SENDABLE
from services.store.secret_keys import signing_keys

PUBLIC: Final = "public"
"""The one feed that is open to everyone."""

TOKEN_PURPOSE: Final = "feed"  # noqa: S105  (names a use; no secret)

ENTRIES: Final = 50
"""How many entries a feed shows at most."""


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An entry as its feed shows it. `put_right_by`: the id and title of the correction in the same feed, if any.

    `corrects`: the id of what this one puts right. `content`: what its author wrote (`MessageContent`). `code` verifies
    it. `entry_id`: its `tag:` URI; None for one from before there were any.
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


@dataclass(frozen=True, slots=True)
class FeedVersion:
    """Changes whenever what the feed shows changes. `updated_at` is None while it is empty."""

    entries: int
    updated_at: datetime | None


async def record_entry(connection: Connection, message: int, variant: Variant) -> datetime | None:
    """Put this variant of a message (by number) in its audience's feed; returns when. The caller commits.

    None when it is not there and may not be put there now: the message is paused, was stopped or has expired. Again for
    the same message and audience changes nothing, and returns when it was first put there, whatever became of the
    message. What an entry corrects is marked as put right from then on.
    """
    row = await (
        await connection.execute(
            _RECORD.encode(),
            {
                "message": message, "audience": variant.audience, "language": variant.language,
                "title": variant.subject, "summary": variant.text, "html": variant.html,
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
    """Mark the entries of a message as withdrawn, so that readers show them anew; returns how many. They stay."""
    written = await connection.execute(_WITHDRAW, (message,))
    return written.rowcount


async def entries(connection: Connection, audience: str) -> Sequence[FeedEntry]:
    """The latest entries of a feed, newest first; an exercise never shows in the public one."""
    async with connection.cursor(row_factory=class_row(FeedEntry)) as cursor:
        await cursor.execute(_ENTRIES, {"audience": audience, "public": PUBLIC, "limit": ENTRIES})
        return await cursor.fetchall()


async def version(connection: Connection, audience: str) -> FeedVersion:
    """How far a feed has come; cheap enough to ask at every poll."""
    found = await connection.execute(
        "SELECT count(*), max(updated_at) FROM feed_entry WHERE audience = %s", (audience,)
    )
    row = await found.fetchone()
    return FeedVersion(*row) if row else FeedVersion(0, None)


async def feed_urls(connection: Connection, configuration: Configuration, public_url: str) -> list[tuple[str, str]]:
    """The address of every audience's feed, in the configured order. The caller commits (a first key may be made)."""
    keys = await signing_keys(connection)
    rows = await connection.execute("SELECT audience, generation FROM feed")
    generations: dict[str, int] = dict(await rows.fetchall())
    root = public_url.rstrip("/")
    return [
        (each.id, root + _path(each.id, generations.get(each.id, 1), keys))
        for each in configuration.audiences
        if "newsfeed" in each.channels
    ]


async def generation(connection: Connection, audience: str) -> int:
    """Which generation of addresses is in force."""
    row = await (await connection.execute("SELECT generation FROM feed WHERE audience = %s", (audience,))).fetchone()
    return int(row[0]) if row else 1


async def revoke(connection: Connection, audience: str) -> None:
    """Have every address of this feed given out so far lead nowhere. The caller commits."""
    await connection.execute(
        "INSERT INTO feed (audience, generation) VALUES (%s, 2)"
        " ON CONFLICT (audience) DO UPDATE SET generation = feed.generation + 1",
        (audience,),
    )


def token_subject(audience: str, generation: int) -> str:
    """What the token in a feed's address stands for."""
    return f"{audience}/{generation}"


def _path(audience: str, generation: int, keys: Keys) -> str:
    if audience == PUBLIC:
        return f"/feeds/{PUBLIC}.atom"
    return f"/feeds/{quote(audience)}/{keys.token(token_subject(audience, generation), TOKEN_PURPOSE)}.atom"


_RECORD: Final = f"""
INSERT INTO feed_entry (message, audience, language, title, summary, html, published_at, updated_at)
SELECT m.number, %(audience)s, %(language)s, %(title)s, %(summary)s, %(html)s, clock_timestamp(), clock_timestamp()
FROM message m WHERE m.number = %(message)s AND {SENDABLE} FOR SHARE
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

_ENTRIES: Final = """
SELECT m.id AS message_id, m.number, e.audience, m.incident, i.title AS incident_title, i.type AS incident_type, m.kind,
    m.lane, m.phase, m.exercise, m.content, m.expires_at, m.proof_hash, k.code, e.entry_id,
    (SELECT o.id FROM message o WHERE o.number = m.corrects) AS corrects,
    e.language, e.title, e.summary, e.html, e.published_at, e.updated_at,
    c.id AS put_right_by, c.title AS put_right_title, e.withdrawn_at
FROM feed_entry e JOIN message m ON m.number = e.message JOIN incident i ON i.slug = m.incident
LEFT JOIN verification k ON k.message = e.message AND k.audience = e.audience
LEFT JOIN LATERAL (
    SELECT r.id, f.title FROM message r JOIN feed_entry f ON f.message = r.number AND f.audience = e.audience
    WHERE r.corrects = e.message AND f.withdrawn_at IS NULL ORDER BY r.number DESC LIMIT 1
) c ON true
WHERE e.audience = %(audience)s AND NOT (m.exercise AND e.audience = %(public)s)
ORDER BY e.published_at DESC, e.message DESC LIMIT %(limit)s
"""
