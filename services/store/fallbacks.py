"""Who is to get by mail what does not reach them by SMS: found in the batches that say so, not in all of the ledger."""

from collections.abc import Collection
from typing import Any, Final

from psycopg.rows import class_row
from uuid_utils import uuid7

from services.domain.falling_back import NO_PROVIDER, NOT_PLANNED
from services.domain.sms_failures import FALLS_BACK
from services.domain.states import OPEN, State
from services.runtime import timers
from services.runtime.postgres import Connection
from services.store import messages
from services.store.additions import Wanted
from services.store.messages import FOR_USERS, SENDABLE, Message
from services.store.settlements import FALLBACK, FALLEN

KIND: Final = FALLBACK
WHOLE: Final = 0
"""In the place of a batch: those for whom no SMS was planned, at release."""
SILENT: Final = "sms-silent"
"""Kind of the timer that keeps a message from being looked at twice while no SMS is taken; it is fired as it is set."""


async def ask_at_release(connection: Connection, message: Message) -> None:
    """A message that asks for SMS alone is released: have whoever has no number get its mail."""
    channels = message.content.get("channels", ())
    if "sms" in channels and "mail" not in channels and message.kind not in FOR_USERS:
        due = await messages.database_time(connection)
        await timers.set_timer(connection, KIND, f"{message.number}/{WHOLE}", "release", due)


async def ask_again(connection: Connection, message: Message) -> None:
    """Newcomers came in: have those of them get the mail who have no number, or stand behind an SMS that failed."""
    if message.kind not in FOR_USERS:
        await connection.execute(_ASK_AGAIN, {"kind": KIND, "message": message.number, "occurrence": str(uuid7())})


async def failed(connection: Connection, message: int, batches: Collection[int]) -> list[Wanted]:
    """Everyone behind an SMS of these batches that ended in a way after which a mail follows (`sms_failures`)."""
    values = {"message": message, "batches": list(batches), "states": [int(state) for state in FALLEN],
              "reasons": list(FALLS_BACK), "unknown": "-[0-9]+$"}  # fmt: skip
    return await _wanted(connection, _FAILED, values)


async def without_number(connection: Connection, message: int) -> list[Wanted]:
    """Everyone in the plan of an SMS for whom there was none to plan."""
    values = {"message": message, "batches": None, "states": [int(State.SUPPRESSED)],
              "reasons": list(NOT_PLANNED), "unknown": None}  # fmt: skip
    return await _wanted(connection, _FAILED, values)


async def not_taken(connection: Connection, message: int) -> list[Wanted]:
    """Everyone whose SMS is open, in the steps that may be sent."""
    values = {"message": message, "reason": NO_PROVIDER, "states": [int(state) for state in OPEN]}
    return await _wanted(connection, _NOT_TAKEN, values)


async def waiting(connection: Connection) -> set[tuple[int, int]]:
    """Urgent messages of which an SMS may be sent now and is not, each with the step that is open."""
    rows = await connection.execute(_WAITING.encode(), {"for_users": list(FOR_USERS)})
    return {(number, step) for number, step in await rows.fetchall()}


async def only_put_off(connection: Connection, message: int) -> bool:
    """Whether its provider put off what waits, and that is one SMS, or no more than it took: no word of all SMS.

    A carrier's queue is full, or one number is busy. What was never handed over, or given back, waits for a provider.
    """
    values = {"message": message, "open": [int(state) for state in OPEN]}
    row = await (await connection.execute(_ONLY_PUT_OFF.encode(), values)).fetchone()
    return bool(row and row[0])


async def any_taken(connection: Connection, seconds: float) -> bool:
    """Whether a provider took an SMS, of whatever message, in the last so many seconds."""
    row = await (await connection.execute(_ANY_TAKEN, (seconds,))).fetchone()
    return bool(row and row[0])


async def look_once(connection: Connection, message: int, step: int) -> bool:
    """Whether this is the first time that this message is found silent with this step open. The caller commits."""
    return (await connection.execute(_LOOK_ONCE, (SILENT, str(message), str(step)))).rowcount == 1


async def _wanted(connection: Connection, query: str, values: dict[str, Any]) -> list[Wanted]:
    async with connection.cursor(row_factory=class_row(Wanted)) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchall()


_OF: Final = """
JOIN delivery d ON d.message = b.message AND d.sequence BETWEEN b.first_sequence AND b.last_sequence
JOIN variant v ON v.message = d.message AND v.number = d.variant
CROSS JOIN LATERAL (
    SELECT d.contact UNION ALL
    SELECT s.contact FROM shared_delivery s WHERE s.message = d.message AND s.sequence = d.sequence
) told"""

# A code that nobody has given a word yet (`twilio-31234`) is a failure too.
_FAILED: Final = f"""
SELECT told.contact, told.contact AS recipient, v.audience, coalesce(d.reason, '') AS reason, d.step
FROM batch b {_OF}
WHERE b.message = %(message)s AND b.channel = 'sms'
AND (b.number = ANY(%(batches)s::int[]) OR %(batches)s::int[] IS NULL AND b.suppressed > 0)
AND d.state = ANY(%(states)s::smallint[])
AND (d.reason = ANY(%(reasons)s::text[]) OR d.reason ~ %(unknown)s::text)
ORDER BY d.sequence, told.contact
"""

_NOT_TAKEN: Final = f"""
SELECT told.contact, told.contact AS recipient, v.audience, %(reason)s AS reason, d.step
FROM message m JOIN batch b ON b.message = m.number AND b.channel = 'sms' AND b.step <= m.open_step {_OF}
WHERE m.number = %(message)s AND b.planned + b.deferred + b.claimed > 0 AND d.state = ANY(%(states)s::smallint[])
ORDER BY d.sequence, told.contact
"""

_WAITING: Final = f"""
SELECT m.number, m.open_step FROM message m WHERE m.number IN (
    SELECT message FROM batch WHERE channel = 'sms' AND lane = 'urgent' AND planned + deferred + claimed > 0
) AND {SENDABLE} AND m.kind <> ALL(%(for_users)s) AND EXISTS (
    SELECT FROM batch b WHERE b.message = m.number AND b.channel = 'sms' AND b.step <= m.open_step
    AND b.planned + b.deferred + b.claimed > 0
)
"""

_ONLY_PUT_OFF: Final = f"""
SELECT n.waits = 0 AND (n.put_off = 1 OR n.put_off <= n.taken) FROM (
    SELECT count(*) FILTER (WHERE d.waits) AS waits, count(*) FILTER (WHERE NOT d.waits) AS put_off,
        (SELECT coalesce(sum(accepted + bounced + delivered), 0) FROM batch
            WHERE message = %(message)s AND channel = 'sms') AS taken
    FROM message m JOIN batch b ON b.message = m.number AND b.channel = 'sms' AND b.step <= m.open_step
        AND b.planned + b.deferred + b.claimed > 0
    CROSS JOIN LATERAL (
        SELECT state = {State.PLANNED:d} OR state = {State.CLAIMED:d} AND attempt - given_back <= 1 AS waits
        FROM delivery WHERE message = b.message AND sequence BETWEEN b.first_sequence AND b.last_sequence
        AND state = ANY(%(open)s::smallint[]) OFFSET 0
    ) d WHERE m.number = %(message)s
) n
"""

_ANY_TAKEN: Final = """
SELECT EXISTS (
    SELECT FROM batch WHERE channel = 'sms' AND last_accepted_at > clock_timestamp() - make_interval(secs => %s))
"""

_ASK_AGAIN: Final = """
INSERT INTO timer (kind, subject, occurrence, due)
SELECT %(kind)s, m.number || '/' || n.number, %(occurrence)s, clock_timestamp() FROM message m
CROSS JOIN LATERAL (
    SELECT 0 AS number WHERE m.content->'channels' ? 'sms' AND NOT m.content->'channels' ? 'mail'
    UNION SELECT b.number FROM batch b WHERE b.message = m.number AND b.channel = 'sms' AND b.failed + b.bounced > 0
) n WHERE m.number = %(message)s
"""

_LOOK_ONCE: Final = """
INSERT INTO timer (kind, subject, occurrence, due, fired_at)
VALUES (%s, %s, %s, clock_timestamp(), clock_timestamp()) ON CONFLICT DO NOTHING
"""
