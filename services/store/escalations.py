"""What happens when people do not confirm: a timer for each step, and a row for each that was taken, once.

The timer's subject is `MESSAGE/STEP/ACT`, so that a step is taken as it was foreseen at release, whatever the
configuration says by then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from psycopg.rows import class_row

from services.domain.escalation import Escalation
from services.runtime import timers
from services.runtime.postgres import Connection
from services.store.messages import Message

KIND: Final = "escalate"

LOOK_AGAIN: Final = timedelta(seconds=10)
"""While the message is paused or still going out, or what puts it right is being approved."""
GOING: Final = timedelta(seconds=30)
"""Somebody had a copy as short a while ago: it is going out still. Else nothing is taken, and steps do not wait."""


Waits = Literal["paused", "correction", "going-out"]


@dataclass(frozen=True, slots=True)
class Step:
    """A step as it stands. `contacts`: how many had not confirmed when it was taken; None: it was not taken (yet).

    `waits`: why it is not taken though its time has come, and `due_at` is when that is looked at again.
    """

    step: int
    act: str
    due_at: datetime | None
    taken_at: datetime | None
    contacts: int | None
    waits: Waits | None = None


async def plan(connection: Connection, message: Message, escalation: Escalation) -> None:
    """Foresee the steps of a message that was released in this transaction; none when it asks for no confirmation."""
    if message.confirm_minutes is None or message.released_at is None:
        return
    deadline = message.released_at + timedelta(minutes=message.confirm_minutes)
    for number, step in enumerate(escalation.steps, start=1):
        due = deadline + escalation.after_deadline(number)
        await timers.set_timer(connection, KIND, f"{message.number}/{number}/{step.act}", str(number), due)


async def postpone(connection: Connection, subject: str, by: timedelta) -> None:
    """The timer that this transaction fires was too early: the message is held. It fires again so much later."""
    await connection.execute(
        "UPDATE timer SET fired_at = NULL, due = clock_timestamp() + %s WHERE kind = %s AND subject = %s",
        (by, KIND, subject),
    )


async def take(connection: Connection, message: int, step: int, act: str, contacts: int) -> bool:
    """Put on the record that this step is taken, for so many; False when it was before. The caller commits."""
    return (await connection.execute(_TAKE, (message, step, act, contacts))).rowcount == 1


async def of(connection: Connection, message: int) -> Sequence[Step]:
    """The steps of a message, in order; none when it asks for no confirmation or was not released."""
    values = {"kind": KIND, "message": message, "again": LOOK_AGAIN, "going": GOING}
    async with connection.cursor(row_factory=class_row(Step)) as cursor:
        await cursor.execute(_STEPS.encode(), values)
        return await cursor.fetchall()


async def not_yet_told(connection: Connection, message: int) -> set[int]:
    """Contacts who are still to get it: of a message that goes out in an order, those of the steps not open yet."""
    rows = await connection.execute(_NOT_YET_TOLD, {"message": message})
    return {contact for (contact,) in await rows.fetchall()}


async def still_going_out(connection: Connection, message: int) -> bool:
    """Whether copies of its plan wait still, and are being taken: a slow sender has not told all by the deadline."""
    rows = await connection.execute(_GOING_OUT.encode(), {"going": GOING, "message": message})
    return await rows.fetchone() == (True,)


_GOING_OUT: Final = """
SELECT coalesce(bool_or(b.planned + b.deferred + b.claimed > 0), false)
    AND coalesce(max(b.last_accepted_at) > clock_timestamp() - %(going)s::interval, false)
FROM batch b JOIN message m ON m.number = b.message AND b.step <= m.open_step
WHERE b.message = %(message)s AND b.origin = 'plan'
"""

_TAKE: Final = """
INSERT INTO escalation (message, step, act, contacts) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
"""

# What holds a step up is the message's: asked only when a step's time has come.
_STEPS: Final = f"""
SELECT s.*, CASE WHEN s.taken_at IS NULL AND s.due_at <= clock_timestamp() + %(again)s::interval
    AND clock_timestamp() >= m.released_at + make_interval(mins => m.confirm_minutes) AND m.state = 'released' THEN CASE
        WHEN m.paused_at IS NOT NULL THEN 'paused'
        WHEN EXISTS (SELECT FROM message c WHERE c.corrects = m.number AND c.kind = 'correction'
            AND c.state IN ('submitted', 'proofed', 'approved')) THEN 'correction'
        WHEN ({_GOING_OUT}) THEN 'going-out' END END AS waits
FROM (
    SELECT coalesce(t.step, e.step)::int AS step, coalesce(e.act, t.act) AS act, t.due AS due_at, e.at AS taken_at,
        e.contacts
    FROM (
        SELECT split_part(subject, '/', 2)::int AS step, split_part(subject, '/', 3) AS act, due
        FROM timer WHERE kind = %(kind)s AND starts_with(subject, %(message)s || '/')
    ) t FULL JOIN (SELECT * FROM escalation WHERE message = %(message)s) e ON e.step = t.step
) s JOIN message m ON m.number = %(message)s ORDER BY s.step
"""

_NOT_YET_TOLD: Final = """
WITH told AS (
    SELECT d.sequence, d.contact, d.step > m.open_step AS later FROM delivery d JOIN message m ON m.number = d.message
    WHERE d.message = %(message)s AND d.contact IS NOT NULL
)
SELECT contact FROM (
    SELECT contact, later FROM told
    UNION ALL SELECT s.contact, told.later FROM told JOIN shared_delivery s USING (sequence)
    WHERE s.message = %(message)s
) everyone GROUP BY contact HAVING bool_and(later)
"""
