"""Alarms: which stand, since when, and what they are judged from.

They are judged from the record, not from Kafka: an alarm is wanted just when Kafka is away.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.runtime.postgres import Connection

STALLED: Final = "stalled"
FAILURES: Final = "failures"
UPDATE_OVERDUE: Final = "update-overdue"
KINDS: Final = (STALLED, FAILURES, UPDATE_OVERDUE)

Key = tuple[str, str]
"""Kind and subject."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that someone must know now. `subject`: `message/channel`, or an incident."""

    kind: str
    subject: str
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """What makes it the same alarm."""
        return self.kind, self.subject


@dataclass(frozen=True, slots=True)
class OpenWork:
    """A message that may be sent, with so many contacts to go on a channel."""

    message: int
    channel: str
    incident: str
    remaining: int


@dataclass(frozen=True, slots=True)
class Failing:
    """So many contacts of those tried on a channel failed."""

    message: int
    channel: str
    incident: str
    failed: int
    tried: int


@dataclass(frozen=True, slots=True)
class Overdue:
    """An incident whose latest message promised word by `promised_at`, which has passed."""

    incident: str
    message: int
    promised_at: datetime


async def set_standing(
    connection: Connection, standing: Collection[Alarm], *, undecided: Collection[Key] = ()
) -> tuple[list[Key], list[Key]]:
    """Have just these alarms stand; returns which were raised and which cleared by that. The caller commits.

    The undecided stay as they are. An alarm that stands already keeps its time.
    """
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('roeland alarms'))")
    raised = [key for alarm in standing for key in await _keys(connection, _RAISE, _values(alarm))]
    kept = {*undecided, *(alarm.key for alarm in standing)}
    values = {"kinds": [kind for kind, _ in kept], "subjects": [subject for _, subject in kept], "all": list(KINDS)}
    return raised, await _keys(connection, _CLEAR, values)


async def open_work(connection: Connection) -> list[OpenWork]:
    """Where contacts wait that may be sent to now."""
    async with connection.cursor(row_factory=class_row(OpenWork)) as cursor:
        await cursor.execute(_OPEN)
        return await cursor.fetchall()


async def failing(connection: Connection, share: float) -> list[Failing]:
    """Where, on the last day, the stream saw at least this share fail; with the numbers of the record."""
    async with connection.cursor(row_factory=class_row(Failing)) as cursor:
        await cursor.execute(_FAILING, (share,))
        return await cursor.fetchall()


async def overdue(connection: Connection) -> list[Overdue]:
    """Incidents that go on, in which nothing was released since the message whose promise has passed."""
    async with connection.cursor(row_factory=class_row(Overdue)) as cursor:
        await cursor.execute(_OVERDUE)
        return await cursor.fetchall()


async def _keys(connection: Connection, query: str, values: dict[str, Any]) -> list[Key]:
    return [(kind, subject) async for kind, subject in await connection.execute(query.encode(), values)]


def _values(alarm: Alarm) -> dict[str, Any]:
    return {"kind": alarm.kind, "subject": alarm.subject, "detail": Jsonb(alarm.detail)}


_RAISE: Final = """
INSERT INTO alarm (kind, subject, detail, raised_at) VALUES (%(kind)s, %(subject)s, %(detail)s, clock_timestamp())
ON CONFLICT (kind, subject) DO UPDATE SET detail = excluded.detail, raised_at = excluded.raised_at, cleared_at = NULL
WHERE alarm.cleared_at IS NOT NULL RETURNING kind, subject
"""

_CLEAR: Final = """
UPDATE alarm SET cleared_at = clock_timestamp() WHERE cleared_at IS NULL AND kind = ANY(%(all)s)
AND (kind, subject) NOT IN (SELECT * FROM unnest(%(kinds)s::text[], %(subjects)s::text[])) RETURNING kind, subject
"""

_OPEN: Final = """
SELECT b.message, b.channel, m.incident, sum(b.planned + b.deferred + b.claimed)::int AS remaining
FROM batch b JOIN message m ON m.number = b.message
WHERE b.planned + b.deferred + b.claimed > 0 AND b.step <= m.open_step AND m.state = 'released'
AND m.paused_at IS NULL AND (m.expires_at IS NULL OR m.expires_at > clock_timestamp())
GROUP BY b.message, b.channel, m.incident
"""

_FAILING: Final = """
SELECT p.message, p.channel, m.incident, sum(b.failed + b.bounced + b.unknown)::int AS failed,
    sum(b.failed + b.bounced + b.unknown + b.accepted + b.delivered)::int AS tried
FROM progress p JOIN message m ON m.number = p.message
JOIN batch b ON b.message = p.message AND b.channel = p.channel
WHERE p.failure_share >= %s AND p.updated_at > clock_timestamp() - interval '1 day'
GROUP BY p.message, p.channel, m.incident
"""

_OVERDUE: Final = """
SELECT m.incident, m.number AS message, m.next_update_at AS promised_at
FROM message m JOIN incident i ON i.slug = m.incident
WHERE m.released_at IS NOT NULL AND m.next_update_at <= clock_timestamp() AND i.closed_at IS NULL
AND NOT EXISTS (SELECT FROM message l WHERE l.incident = m.incident AND l.released_at > m.released_at)
"""
