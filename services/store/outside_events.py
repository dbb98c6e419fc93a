"""Events from outside: each kept once, with what became of it; and what they came to, for the pages.

`waiting_drafts` and `reports` are for the overview, `listed` for the settings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.domain.cloud_events import digest
from services.runtime.postgres import Connection

CHANNEL: Final = "roeland_outside"
"""NOTIFY channel: events wait to be mapped."""


@dataclass(frozen=True, slots=True)
class OutsideEvent:
    """`sender`: the name of the source (`services.store.sources`) that sent it. `draft` or `incident`: what it came to.

    `state`: waiting, done, ignored or failed, and then `problem` says why.
    """

    number: int
    sender: str
    source: str
    id: str
    type: str
    received_at: datetime
    state: str
    handled_at: datetime | None
    rule: str | None
    draft: UUID | None
    incident: str | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """An event that is being mapped: its row is locked. `by`: who keeps the source."""

    number: int
    sender: int
    sender_name: str
    by: int | None
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Thread:
    """Events with one correlation key, and the draft or the incident's report that they came to.

    `about`: the incident, of a draft too.
    """

    id: int
    correlation: str
    title: str
    sender: str
    draft: UUID | None
    incident: str | None
    about: str | None
    events: int
    first_at: datetime
    last_at: datetime

    def is_within(self, quiet: timedelta) -> bool:
        """Whether the last event is no longer ago than this."""
        return datetime.now(UTC) - self.last_at <= quiet


async def keep(connection: Connection, sender: int, events: Sequence[dict[str, Any]]) -> tuple[list[bool], list[int]]:
    """Keep these; for each whether it is new, and the places of those whose id another event has. The caller commits,
    or rolls back when there are any of these.
    """
    new = [False] * len(events)
    others: list[int] = []
    for place, event in sorted(enumerate(events), key=lambda each: (each[1]["source"], each[1]["id"])):
        values = {
            "sender": sender, "source": event["source"], "id": event["id"], "type": event["type"],
            "digest": digest(event), "body": Jsonb(event),
        }  # fmt: skip
        new[place] = (await connection.execute(_KEEP, values)).rowcount == 1
        if not new[place]:
            same = await (await connection.execute(_SAME, values)).fetchone()
            if not (same and same[0]):
                others.append(place)
    await connection.execute(f"NOTIFY {CHANNEL}")
    return new, sorted(others)


async def listed(
    connection: Connection, *, failed: bool = False, before: int | None = None, limit: int = 50
) -> list[OutsideEvent]:
    """The latest first; `failed`: only these. `before`: the number of the last one that was seen."""
    async with connection.cursor(row_factory=class_row(OutsideEvent)) as cursor:
        await cursor.execute(_LISTED.encode(), {"failed": failed, "before": before, "limit": limit})
        return await cursor.fetchall()


async def replay(connection: Connection, number: int) -> bool:
    """Have a failed or ignored event mapped again; False when there is none. The caller commits."""
    written = await connection.execute(
        "UPDATE outside_event SET state = 'waiting', problem = NULL, handled_at = NULL"
        " WHERE number = %s AND state IN ('failed', 'ignored')",
        (number,),
    )
    await connection.execute(f"NOTIFY {CHANNEL}")
    return written.rowcount == 1


async def claim(connection: Connection) -> Claimed | None:
    """The oldest that waits and nobody else maps, locked until the transaction ends."""
    async with connection.cursor(row_factory=class_row(Claimed)) as cursor:
        await cursor.execute(_CLAIM)
        return await cursor.fetchone()


async def settle(
    connection: Connection, number: int, state: str, *, rule: str | None, thread: int | None = None, problem: str = ""
) -> None:
    """What became of it. The caller commits."""
    values = (state, rule, thread, problem[:2000] or None, number)
    await connection.execute(_SETTLE, values)


async def latest_thread(connection: Connection, correlation: str, *, draft: bool) -> Thread | None:
    """The latest with this key whose draft is not sent or removed, or whose incident is open; nobody else may add to
    one with this key until the transaction ends.
    """
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('roeland outside'), hashtext(%s))", (correlation,))
    query = _THREADS.format(where=_OF_DRAFT if draft else _OF_REPORT, order="t.id DESC", limit="LIMIT 1")
    async with connection.cursor(row_factory=class_row(Thread)) as cursor:
        await cursor.execute(query.encode(), {"correlation": correlation})
        return await cursor.fetchone()


async def begin_draft(connection: Connection, draft: UUID, content: dict[str, Any], by: int) -> None:
    """A draft for somebody to finish, in this user's name. `content`: as the console's. The caller commits."""
    await connection.execute(
        "INSERT INTO draft (id, content, created_by, changed_by) VALUES (%s, %s, %s, %s)",
        (draft, Jsonb(content), by, by),
    )


async def open_thread(
    connection: Connection, correlation: str, title: str, sender: int, *, draft: UUID | None, incident: str | None
) -> int:
    """These events are together from now on; its number. The caller commits."""
    row = await (await connection.execute(_OPEN, (correlation, title, sender, draft, incident))).fetchone()
    assert row is not None  # noqa: S101 - the statement returns the row that it made
    return int(row[0])


async def join(connection: Connection, thread: int, quiet: timedelta) -> bool:
    """One more; whether the last that was written in the history is longer ago than `quiet`, and this one is to be."""
    row = await (await connection.execute(_JOIN, {"thread": thread, "quiet": quiet})).fetchone()
    return bool(row and row[0])


async def waiting_drafts(connection: Connection, limit: int = 20) -> list[Thread]:
    """Drafts that came from outside and that nobody sent or removed; the latest event first."""
    return await _threads(connection, _OF_DRAFT, limit)


async def reports(connection: Connection, limit: int = 20) -> list[Thread]:
    """What outside systems reported of incidents that are open; the latest event first."""
    return await _threads(connection, _OF_REPORT, limit)


async def count_failed(connection: Connection) -> int:
    """How many could not be mapped, and wait for somebody."""
    row = await (await connection.execute("SELECT count(*) FROM outside_event WHERE state = 'failed'")).fetchone()
    return int(row[0]) if row else 0


async def thread(connection: Connection, number: int) -> Thread | None:
    """The thread with this number."""
    query = _THREADS.format(where="t.id = %(id)s", order="t.id", limit="")
    async with connection.cursor(row_factory=class_row(Thread)) as cursor:
        await cursor.execute(query.encode(), {"id": number, "correlation": None})
        return await cursor.fetchone()


async def prune(connection: Connection, days: int) -> int:
    """Forget events that were handled so long ago; what failed is kept. The caller commits."""
    written = await connection.execute(
        "DELETE FROM outside_event WHERE state IN ('done', 'ignored') AND received_at < clock_timestamp() - %s",
        (timedelta(days=days),),
    )
    return written.rowcount


async def _threads(connection: Connection, where: str, limit: int) -> list[Thread]:
    query = _THREADS.format(where=where, order="t.last_at DESC", limit="LIMIT %(limit)s")
    async with connection.cursor(row_factory=class_row(Thread)) as cursor:
        await cursor.execute(query.encode(), {"limit": limit, "correlation": None})
        return await cursor.fetchall()


_KEEP: Final = """
INSERT INTO outside_event (sender, source, id, type, digest, body)
VALUES (%(sender)s, %(source)s, %(id)s, %(type)s, %(digest)s, %(body)s) ON CONFLICT (source, id) DO NOTHING
"""

_SAME: Final = "SELECT digest = %(digest)s FROM outside_event WHERE source = %(source)s AND id = %(id)s"

_LISTED: Final = """
SELECT e.number, s.name AS sender, e.source, e.id, e.type, e.received_at, e.state, e.handled_at, e.rule,
    t.draft, t.incident, e.problem
FROM outside_event e JOIN event_source s ON s.id = e.sender LEFT JOIN event_thread t ON t.id = e.thread
WHERE (NOT %(failed)s OR e.state = 'failed') AND (%(before)s::bigint IS NULL OR e.number < %(before)s)
ORDER BY e.number DESC LIMIT %(limit)s
"""

_CLAIM: Final = """
SELECT e.number, e.sender, s.name AS sender_name, s.created_by AS by, e.body
FROM outside_event e JOIN event_source s ON s.id = e.sender
WHERE e.state = 'waiting' ORDER BY e.number LIMIT 1 FOR UPDATE OF e SKIP LOCKED
"""

_SETTLE: Final = """
UPDATE outside_event SET state = %s, rule = %s, thread = %s, problem = %s, handled_at = clock_timestamp()
WHERE number = %s
"""

_THREADS: Final = """
SELECT t.id, t.correlation, t.title, s.name AS sender, t.draft, t.incident,
    coalesce(t.incident, d.content->'file'->>'incident') AS about, t.events, t.first_at, t.last_at
FROM event_thread t JOIN event_source s ON s.id = t.sender
LEFT JOIN draft d ON d.id = t.draft LEFT JOIN incident i ON i.slug = t.incident
WHERE {where} AND (%(correlation)s::text IS NULL OR t.correlation = %(correlation)s) ORDER BY {order} {limit}
"""
_OF_DRAFT: Final = "t.draft IS NOT NULL AND d.message IS NULL AND d.removed_at IS NULL"
_OF_REPORT: Final = "t.incident IS NOT NULL AND i.closed_at IS NULL"

_OPEN: Final = """
INSERT INTO event_thread (correlation, title, sender, draft, incident) VALUES (%s, %s, %s, %s, %s) RETURNING id
"""

_JOIN: Final = """
UPDATE event_thread t SET events = t.events + 1, last_at = clock_timestamp(),
    noted_at = CASE WHEN was.due THEN clock_timestamp() ELSE t.noted_at END
FROM (SELECT id, noted_at < clock_timestamp() - %(quiet)s::interval AS due FROM event_thread
      WHERE id = %(thread)s FOR UPDATE) was
WHERE t.id = was.id RETURNING was.due
"""
