"""The codes in mails and SMS, and what can be said to whoever asks about one.

A code counts from the moment that its audience may have been sent its message, by its step of the release; before that
it is as unknown as one that we never made.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg.rows import class_row

from services.domain.verification import code_of
from services.runtime.postgres import Connection
from services.store.messages import FOR_USERS


@dataclass(frozen=True, slots=True)
class Verified:
    """A genuine message. `sent_at`: since when this audience may have got it.

    `title` and `language`: of its entry in the public feed; None for every other audience, of whose messages nothing is
    said. `put_right_by`: the correction that this audience got too.
    """

    code: str
    message_id: UUID
    audience: str
    kind: str
    exercise: bool
    sent_at: datetime
    proof_hash: str | None
    withdrawn_at: datetime | None
    put_right_by: UUID | None
    put_right_at: datetime | None
    title: str | None
    language: str | None


async def record(connection: Connection, message: int, audiences: Iterable[str]) -> None:
    """Keep the codes of a message (by number) for these audiences; a revision takes over those of the one before it.

    What goes to users alone has none. The caller commits.
    """
    found = await connection.execute(
        "SELECT id::text FROM message WHERE number = %s AND kind <> ALL(%s)", (message, list(FOR_USERS))
    )
    row = await found.fetchone()
    named = sorted({audience for audience in audiences if audience})
    if row is None or not named:
        return
    codes = [code_of(row[0], audience) for audience in named]
    await connection.execute(_RECORD, {"message": message, "codes": codes, "audiences": named})


async def find(connection: Connection, code: str) -> Verified | None:
    """What a code (as it is kept) stands for; None when it is not ours, or its message is not released to its audience.

    The same statement for every code, so that the answer's time tells nothing.
    """
    async with connection.cursor(row_factory=class_row(Verified)) as cursor:
        await cursor.execute(_FIND.encode(), {"code": code})
        return await cursor.fetchone()


# Fifty bits collide once in a few billion messages. Then the older keeps its code: nobody's mail becomes a lie.
_RECORD: Final = """
INSERT INTO verification AS k (code, message, audience)
SELECT code, %(message)s, audience FROM unnest(%(codes)s::text[], %(audiences)s::text[]) each (code, audience)
ON CONFLICT (code) DO UPDATE SET message = excluded.message
WHERE (SELECT id FROM message WHERE number = k.message) = (SELECT id FROM message WHERE number = excluded.message)
"""

# An audience's step on a channel is the first that names it, else the last (services.domain.release_order.step_of).
_SENT: Final = """
CASE WHEN NOT EXISTS (SELECT FROM release_step WHERE message = {message}.number) THEN {message}.released_at ELSE (
    SELECT min(first.opened_at)
    FROM (
        SELECT DISTINCT channel FROM variant
        WHERE message = {message}.number AND audience = k.audience AND NOT starts_with(segment, '+')
    ) own
    CROSS JOIN LATERAL (
        SELECT s.opened_at FROM release_step s WHERE s.message = {message}.number AND (
            (s.audiences IS NULL OR k.audience = ANY(s.audiences))
            AND (s.channels IS NULL OR own.channel = ANY(s.channels))
            OR s.step = (SELECT max(step) FROM release_step WHERE message = {message}.number))
        ORDER BY s.step LIMIT 1
    ) first
) END
"""

_FIND: Final = f"""
SELECT k.code, m.id AS message_id, k.audience, m.kind, m.exercise, sent.at AS sent_at, m.proof_hash, m.withdrawn_at,
    c.id AS put_right_by, c.at AS put_right_at, e.title, e.language
FROM verification k JOIN message m ON m.number = k.message
CROSS JOIN LATERAL (SELECT {_SENT.format(message="m")} AS at) sent
LEFT JOIN feed_entry e ON e.message = m.number AND e.audience = k.audience AND k.audience = 'public'
LEFT JOIN LATERAL (
    SELECT r.id, {_SENT.format(message="r")} AS at
    FROM message r JOIN verification own ON own.message = r.number AND own.audience = k.audience
    WHERE r.corrects = m.number AND r.kind = 'correction' AND r.released_at IS NOT NULL AND r.withdrawn_at IS NULL
    ORDER BY r.number DESC LIMIT 1
) c ON c.at IS NOT NULL
WHERE k.code = %(code)s AND m.released_at IS NOT NULL AND sent.at IS NOT NULL
"""
