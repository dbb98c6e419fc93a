"""Alarms: which stand, since when, and what they are judged from.

They are judged from the record, not from Kafka: an alarm is wanted just when Kafka is away.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.runtime.postgres import Connection
from services.store.messages import FOR_USERS

STALLED: Final = "stalled"
FAILURES: Final = "failures"
UPDATE_OVERDUE: Final = "update-overdue"
LEFT_PAUSED: Final = "left-paused"
KINDS: Final = (STALLED, FAILURES, UPDATE_OVERDUE, LEFT_PAUSED)
"""The kinds that `situation` judges, and clears."""
CANNOT_SEND: Final = "cannot-send"
"""Relay or provider takes nothing until somebody mends something. Subject: the channel. Workers ring and hush it."""

SMS_SILENT: Final = "sms-silent"
"""No provider takes an SMS: what is urgent goes by mail to all who wait for one. Subject: the channel. Dispatch rings
it, and hushes it."""

PROVIDER_OUT: Final = "provider-out"
"""One provider takes nothing until somebody mends something, and another carries what is to be sent. Subject: the
channel and the provider. Workers ring and hush it."""

CARRIER_FILTERED: Final = "carrier-filtered"
"""Carriers take SMS of a message for spam. Subject: `message/sms`; the detail counts them. Whoever hears of it rings
it; sms hushes it after a day."""

GLASS_BROKEN: Final = "glass-broken"
"""A message was released by one person alone, and no second one judged that yet. Subject: its id. Editorial rings it,
and hushes it."""

EDITION_MISSED: Final = "edition-missed"
"""The last edition of a newsletter was not sent: it was made, or approved, too late. Subject: its series. The clock and
editorial ring it; the clock hushes it when the next one is made."""

EDITION_FAILS: Final = "edition-fails"
"""An edition is due and cannot be made. Subject: the newsletter's series. The clock rings it, and hushes it."""

EVENTS_FAILED: Final = "events-failed"
"""Events from outside could not be mapped, or the mapping cannot be read. The console rings it, and hushes it."""

WEBHOOK_FAILING: Final = "webhook-failing"
"""An endpoint that outside systems registered was given up. Subject: `webhook:` and its number. The console rings it;
whoever enables or removes the endpoint hushes it."""

Key = tuple[str, str]
"""Kind and subject."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that someone must know now. `subject`: `message/channel`, a message's id, or an incident."""

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


@dataclass(frozen=True, slots=True)
class LeftPaused:
    """A message that still waits, paused for a `correction` that was `ended` unsent: rejected, withdrawn or expired."""

    message: int
    id: UUID
    incident: str
    correction: UUID
    ended: str


@dataclass(frozen=True, slots=True)
class Rung:
    """An alarm as the record has it. `message`: the id of the message that it is about, if it is about one."""

    kind: str
    subject: str
    since: datetime
    cleared_at: datetime | None
    message: UUID | None
    detail: dict[str, Any]


async def rung(connection: Connection, *, cleared_within: timedelta = timedelta(0)) -> list[Rung]:
    """The alarms that stand, and those that were cleared so lately; the standing first, the oldest first."""
    async with connection.cursor(row_factory=class_row(Rung)) as cursor:
        await cursor.execute(_RUNG, {"within": cleared_within})
        return await cursor.fetchall()


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


async def ring(connection: Connection, alarm: Alarm) -> None:
    """Have this alarm stand; one that stands already keeps its time, and says what is wrong now. The caller commits."""
    await connection.execute(_RING, _values(alarm))


async def hush(connection: Connection, key: Key) -> None:
    """Clear this alarm, if it stands. The caller commits."""
    await connection.execute(_HUSH, {"kind": key[0], "subject": key[1]})


async def hush_about(connection: Connection, kind: str, message: int) -> None:
    """Clear the alarms of this kind that are about this message (its number). The caller commits."""
    await connection.execute(_HUSH_ABOUT, {"kind": kind, "message": str(message)})


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
    """Incidents that go on, in which people were told nothing since the message whose promise has passed."""
    async with connection.cursor(row_factory=class_row(Overdue)) as cursor:
        await cursor.execute(_OVERDUE, (list(FOR_USERS),))
        return await cursor.fetchall()


async def left_paused(connection: Connection) -> list[LeftPaused]:
    """What was paused for a correction that will not come, and has something unsent that nobody decides about."""
    async with connection.cursor(row_factory=class_row(LeftPaused)) as cursor:
        await cursor.execute(_LEFT_PAUSED)
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

_RING: Final = """
INSERT INTO alarm (kind, subject, detail, raised_at) VALUES (%(kind)s, %(subject)s, %(detail)s, clock_timestamp())
ON CONFLICT (kind, subject) DO UPDATE SET detail = excluded.detail, cleared_at = NULL,
    raised_at = CASE WHEN alarm.cleared_at IS NULL THEN alarm.raised_at ELSE excluded.raised_at END
"""

_HUSH: Final = """
UPDATE alarm SET cleared_at = clock_timestamp() WHERE kind = %(kind)s AND subject = %(subject)s AND cleared_at IS NULL
"""

_HUSH_ABOUT: Final = """
UPDATE alarm SET cleared_at = clock_timestamp()
WHERE kind = %(kind)s AND detail->>'message' = %(message)s AND cleared_at IS NULL
"""

_CLEAR: Final = """
UPDATE alarm SET cleared_at = clock_timestamp() WHERE cleared_at IS NULL AND kind = ANY(%(all)s)
AND (kind, subject) NOT IN (SELECT * FROM unnest(%(kinds)s::text[], %(subjects)s::text[])) RETURNING kind, subject
"""

_RUNG: Final = """
SELECT a.kind, a.subject, a.raised_at AS since, a.cleared_at, m.id AS message, a.detail
FROM alarm a LEFT JOIN message m ON m.number::text = a.detail->>'message'
WHERE a.cleared_at IS NULL OR a.cleared_at > clock_timestamp() - %(within)s::interval
ORDER BY a.cleared_at IS NOT NULL, a.raised_at, a.kind, a.subject
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
AND NOT EXISTS (
    SELECT FROM message l WHERE l.incident = m.incident AND l.released_at > m.released_at AND l.kind <> ALL(%s)
)
"""

# A message that a person had paused before the correction came is that person's; but a door may pause it half a minute
# before editorial takes the correction. One more correction is a decision.
_LEFT_PAUSED: Final = """
SELECT m.number AS message, m.id, m.incident, c.id AS correction, c.state AS ended
FROM message m CROSS JOIN LATERAL (
    SELECT id, state FROM message WHERE corrects = m.number AND submitted_at - interval '30 seconds' <= m.paused_at
    AND state IN ('rejected', 'withdrawn', 'expired') ORDER BY number DESC LIMIT 1
) c
WHERE m.state = 'released' AND m.paused_at IS NOT NULL
AND (m.expires_at IS NULL OR m.expires_at > clock_timestamp())
AND NOT EXISTS (SELECT FROM message WHERE corrects = m.number AND state IN ('submitted', 'proofed', 'approved'))
AND EXISTS (SELECT FROM batch b WHERE b.message = m.number AND b.planned + b.deferred + b.claimed > 0)
"""
