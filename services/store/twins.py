"""SMS of other messages that nobody at the provider can tell from one of ours: the same text to the same number.

A provider's list says number, text and date, and nothing that we could give it to keep. `--again`, or two incidents
with the same "see your mail", make such twins; then what is found there may be theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg.rows import class_row

from services.domain.states import State
from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Twin:
    """Another message's delivery. `attempt`: of two readings that are equal, nobody took it in hand in between."""

    message: int
    sequence: int
    state: State
    attempt: int
    provider_id: str | None


async def twins(
    connection: Connection, *, message: int, text: str, number: str, released_at: datetime
) -> Sequence[Twin]:
    """SMS with this text (as it is before names are filled in) to this number, of other messages than `message`.

    Left out are messages that were through before `released_at`. Without any, which is the rule, it is one look at
    the variants; with one, it reads that message's deliveries.
    """
    values = {"message": message, "text": text, "number": number, "released_at": released_at}
    async with connection.cursor(row_factory=class_row(_Row)) as cursor:
        await cursor.execute(_TWINS.encode(), values)
        rows = await cursor.fetchall()
    return [Twin(row.message, row.sequence, State(row.state), row.attempt, row.provider_id) for row in rows]


@dataclass(frozen=True, slots=True)
class _Row:
    message: int
    sequence: int
    state: int
    attempt: int
    provider_id: str | None


# The delivery table is only read where there are twins.
_TWINS: Final = """
WITH alike AS MATERIALIZED (
    SELECT v.message, v.number FROM variant v JOIN message m ON m.number = v.message
    WHERE v.channel = 'sms' AND v.text = %(text)s AND v.message <> %(message)s AND m.released_at IS NOT NULL
    AND EXISTS (
        SELECT FROM batch b WHERE b.message = v.message AND b.channel = 'sms' AND (
            b.planned + b.deferred + b.claimed > 0 OR b.last_accepted_at > %(released_at)s - interval '1 minute'
        )
    )
)
SELECT d.message, d.sequence, d.state, d.attempt, d.provider_id FROM alike CROSS JOIN LATERAL (
    SELECT * FROM delivery WHERE message = alike.message AND variant = alike.number AND address = ANY(ARRAY(
        SELECT id FROM address WHERE channel = 'sms' AND value = %(number)s
    )) OFFSET 0
) d ORDER BY d.message, d.sequence
"""
