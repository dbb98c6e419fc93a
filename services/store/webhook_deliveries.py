"""What outside systems are told, each event once for each of them: found from the messages themselves (0030).

A delivery is due at a time; a timer wakes whoever sends. While it is being sent it is due again when that is given up,
so that what was killed in between is sent again, with the same id.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg.rows import class_row
from uuid_utils import uuid7

from services.domain.webhooks import ALL_CLEAR, CORRECTED, DONE, RELEASED
from services.runtime import timers
from services.runtime.postgres import Connection
from services.store.feeds import PUBLIC
from services.store.messages import FOR_USERS

KIND: Final = "webhook"
"""Kind of the timer; its subject is the id of the delivery."""
LEASE: Final = timedelta(seconds=60)
"""Longer than any call takes: then whoever made it is gone."""
PUT_OFF: Final = timedelta(seconds=10)
"""As long as a call may take: what an endpoint takes in time, it gets before that."""
LOOK_BACK: Final = timedelta(days=14)
"""Messages released longer ago are told to nobody; deliveries are kept longer than this."""
AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Untold:
    """An event of a message that an endpoint was not told yet. `title`: None where it may not have it."""

    webhook: int
    event: str
    message: int
    id: UUID
    incident: str
    kind: str
    phase: str
    urgency: str
    exercise: bool
    audiences: list[str]
    corrects: UUID | None
    released_at: datetime
    at: datetime
    title: str | None
    state: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours to send now, for the `attempts`th time. `former_secret`: while it signs as well."""

    id: UUID
    webhook: int
    event: str
    url: str = field(repr=False)
    secret: bytes = field(repr=False)
    former_secret: bytes | None = field(repr=False)
    payload: str
    tries: int
    attempts: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """`status`, `problem`, `answer`: of its last try. `due_at`: when it is tried again, if it waits."""

    id: UUID
    webhook: int
    url: str = field(repr=False)
    event: str
    message: UUID | None
    state: str
    attempts: int
    created_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    status: int | None
    problem: str | None
    answer: str | None


async def untold(connection: Connection) -> list[Untold]:
    """What endpoints that stand were not told yet, the oldest first."""
    async with connection.cursor(row_factory=class_row(Untold)) as cursor:
        await cursor.execute(_UNTOLD, _VALUES)
        return await cursor.fetchall()


async def plan(connection: Connection, webhook: int, event: str, message: int | None, payload: str) -> UUID | None:
    """Have it sent, as soon as this commits; None when somebody else saw to that."""
    made = UUID(str(uuid7()))
    row = await (await connection.execute(_PLAN, (made, webhook, event, message, payload))).fetchone()
    if row is not None:
        await _wake(connection, made, "planned", row[0])
    return made if row else None


async def begin(connection: Connection, delivery: UUID, *, full: Sequence[int] = ()) -> Claimed | None:
    """It is ours to send; None when it is not due (any more). The caller commits, and sends.

    Nor when its endpoint is `full`: then it is put off, unless `next_of` takes it before.
    """
    async with connection.cursor(row_factory=class_row(Claimed)) as cursor:
        await cursor.execute(_BEGIN, {"id": delivery, "lease": LEASE, "full": list(full)})
        claimed = await cursor.fetchone()
    if claimed is not None:
        await _wake(connection, delivery, f"{claimed.attempts}/lease", claimed.due_at)
    elif full:
        values = {"id": delivery, "full": list(full), "wait": PUT_OFF}
        for (due,) in await (await connection.execute(_PUT_OFF, values)).fetchall():
            await _wake(connection, delivery, f"off/{uuid7()}", due)
    return claimed


async def next_of(connection: Connection, webhook: int) -> Claimed | None:
    """What this endpoint was not called for yet, the oldest: ours to send. The caller commits, and sends."""
    row = await (await connection.execute(_NEXT_OF, (webhook,))).fetchone()
    return await begin(connection, row[0]) if row else None


async def settle(
    connection: Connection,
    claimed: Claimed,
    *,
    status: int | None,
    problem: str | None,
    answer: str | None,
    wait: timedelta | None,
    delivered: bool,
) -> bool:
    """What came of it; tried again after `wait`, or (None) no more. False when another took it over.

    The caller commits.
    """
    values = {
        "id": claimed.id, "attempt": claimed.attempts, "wait": wait or timedelta(0),
        "state": "delivered" if delivered else "failed" if wait is None else "waiting",
    }  # fmt: skip
    row = await (await connection.execute(_SETTLE, values)).fetchone()
    if row is None:
        return False
    await connection.execute(
        "INSERT INTO webhook_attempt (delivery, number, status, problem, answer) VALUES (%s, %s, %s, %s, %s)",
        (claimed.id, claimed.attempts, status, problem, answer),
    )
    if values["state"] == "waiting":
        await _wake(connection, claimed.id, str(claimed.attempts), row[0])
    return True


async def again(connection: Connection, delivery: UUID) -> bool:
    """Send it (again) at once, with the whole schedule before it; False when there is none. The caller commits."""
    row = await (await connection.execute(_AGAIN, (delivery,))).fetchone()
    if row is not None:
        await _wake(connection, delivery, f"again/{uuid7()}", row[0])
    return row is not None


async def wake_waiting(connection: Connection, webhook: int) -> int:
    """Send all that waits for this endpoint; how many. The caller commits."""
    rows = await connection.execute(
        "SELECT id FROM webhook_delivery WHERE webhook = %s AND state = 'waiting'", (webhook,)
    )
    waiting = [each for (each,) in await rows.fetchall()]
    for each in waiting:
        await again(connection, each)
    return len(waiting)


async def listed(
    connection: Connection, *, webhook: int | None = None, failed: bool = False, limit: int = 50
) -> list[Delivery]:
    """The latest first. `failed`: those that were given up, or wait after a try that failed."""
    return await _deliveries(connection, {"webhook": webhook, "failed": failed, "id": None, "limit": limit})


async def find(connection: Connection, delivery: UUID) -> Delivery | None:
    """This delivery."""
    found = await _deliveries(connection, {"webhook": None, "failed": False, "id": delivery, "limit": 1})
    return found[0] if found else None


async def prune(connection: Connection, days: int) -> int:
    """Forget what was sent so long ago, and what waits for an endpoint that was removed. The caller commits."""
    written = await connection.execute(
        "DELETE FROM webhook_delivery d USING webhook w WHERE w.id = d.webhook"
        " AND (d.state <> 'waiting' OR w.removed_at IS NOT NULL) AND d.created_at < clock_timestamp() - %s",
        (timedelta(days=days),),
    )
    return written.rowcount


async def _deliveries(connection: Connection, values: dict[str, Any]) -> list[Delivery]:
    async with connection.cursor(row_factory=class_row(Delivery)) as cursor:
        await cursor.execute(_LISTED, values)
        return await cursor.fetchall()


async def _wake(connection: Connection, delivery: UUID, occurrence: str, due: datetime) -> None:
    await timers.set_timer(connection, KIND, str(delivery), occurrence, due)


_VALUES: Final = {
    "for_users": list(FOR_USERS), "back": LOOK_BACK, "most": AT_ONCE, "public": PUBLIC, "released": RELEASED,
    "corrected": CORRECTED, "all_clear": ALL_CLEAR, "done": DONE,
}  # fmt: skip

# A title is public once everybody may read it: not while governors are told first.
_UNTOLD: Final = """
SELECT w.id AS webhook, e.event, m.number AS message, m.id, m.incident, m.kind, m.phase, m.lane AS urgency, m.exercise,
    ARRAY(SELECT jsonb_array_elements_text(
        CASE jsonb_typeof(m.content->'audiences') WHEN 'array' THEN m.content->'audiences' ELSE '[]' END)) AS audiences,
    (SELECT c.id FROM message c WHERE c.number = m.corrects) AS corrects, m.released_at,
    CASE WHEN e.event = %(done)s THEN clock_timestamp() ELSE m.released_at END AS at,
    (SELECT v.subject FROM variant v WHERE v.message = m.number AND v.subject <> '' AND (w.closed_titles OR (
        v.audience = %(public)s AND v.channel = 'newsfeed' AND NOT m.exercise
        AND NOT EXISTS (SELECT FROM release_step s WHERE s.message = m.number)))
     ORDER BY v.number LIMIT 1) AS title,
    CASE WHEN e.event <> %(done)s THEN 'released'
        WHEN EXISTS (SELECT FROM batch b WHERE b.message = m.number AND b.expired > 0) THEN 'expired'
        ELSE 'done' END AS state
FROM message m
CROSS JOIN LATERAL (VALUES
    (CASE m.kind WHEN 'correction' THEN %(corrected)s WHEN 'all-clear' THEN %(all_clear)s ELSE %(released)s END),
    (%(done)s)
) e (event)
JOIN webhook w ON e.event = ANY(w.events) AND w.disabled_at IS NULL AND w.removed_at IS NULL
    AND m.released_at >= w.created_at
WHERE m.released_at > clock_timestamp() - %(back)s::interval AND m.kind <> ALL(%(for_users)s)
AND NOT EXISTS (
    SELECT FROM webhook_delivery d WHERE d.webhook = w.id AND d.message = m.number AND d.event = e.event
)
AND (e.event <> %(done)s OR (m.state = 'released' AND NOT EXISTS (
    SELECT FROM batch b WHERE b.message = m.number AND b.planned + b.deferred + b.claimed > 0)))
ORDER BY m.released_at, e.event = %(done)s LIMIT %(most)s
"""

_PLAN: Final = """
INSERT INTO webhook_delivery (id, webhook, event, message, payload) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING RETURNING due_at
"""

_BEGIN: Final = """
UPDATE webhook_delivery d SET tries = tries + 1, attempts = attempts + 1, due_at = clock_timestamp() + %(lease)s
FROM webhook w
WHERE d.id = %(id)s AND d.state = 'waiting' AND (d.due_at <= clock_timestamp() OR d.tries = 0)
AND w.id = d.webhook AND w.id <> ALL(%(full)s::bigint[]) AND w.disabled_at IS NULL AND w.removed_at IS NULL
RETURNING d.id, d.webhook, d.event, w.url, w.secret, d.payload, d.tries, d.attempts, d.due_at,
    CASE WHEN w.former_until > clock_timestamp() THEN w.former_secret END AS former_secret
"""

_PUT_OFF: Final = """
UPDATE webhook_delivery SET due_at = clock_timestamp() + %(wait)s
WHERE id = %(id)s AND state = 'waiting' AND (due_at <= clock_timestamp() OR tries = 0) AND webhook = ANY(%(full)s)
RETURNING due_at
"""

_NEXT_OF: Final = """
SELECT id FROM webhook_delivery WHERE webhook = %s AND state = 'waiting' AND tries = 0
ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
"""

_SETTLE: Final = """
UPDATE webhook_delivery SET state = %(state)s, due_at = clock_timestamp() + %(wait)s,
    ended_at = CASE WHEN %(state)s <> 'waiting' THEN clock_timestamp() END
WHERE id = %(id)s AND attempts = %(attempt)s AND state = 'waiting' RETURNING due_at
"""

_AGAIN: Final = """
UPDATE webhook_delivery SET state = 'waiting', tries = 0, due_at = clock_timestamp(), ended_at = NULL
WHERE id = %s RETURNING due_at
"""

_LISTED: Final = """
SELECT d.id, d.webhook, w.url, d.event, m.id AS message, d.state, d.attempts, d.created_at,
    CASE WHEN d.state = 'waiting' THEN d.due_at END AS due_at, d.ended_at, a.status, a.problem, a.answer
FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook LEFT JOIN message m ON m.number = d.message
LEFT JOIN LATERAL (
    SELECT status, problem, answer FROM webhook_attempt WHERE delivery = d.id ORDER BY number DESC LIMIT 1
) a ON true
WHERE (%(webhook)s::bigint IS NULL OR d.webhook = %(webhook)s) AND (%(id)s::uuid IS NULL OR d.id = %(id)s)
AND (NOT %(failed)s OR d.state = 'failed' OR (d.state = 'waiting' AND a.problem IS NOT NULL))
ORDER BY d.created_at DESC, d.id LIMIT %(limit)s
"""
