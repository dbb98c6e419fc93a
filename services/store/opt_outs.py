"""Numbers that asked for no more SMS. They are kept as they are: without them nobody could heed that.

Whoever opted out is told by mail, or by telephone; the cell is told by one alarm with the count, not once for each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from psycopg.rows import class_row

from services.runtime.postgres import Connection
from services.store import alarms
from services.store.alarms import Alarm

Via = Literal["reply", "provider", "operator"]

OPTED_OUT: Final = "opted-out"
"""Kind of the alarm: numbers opted out that nobody of the cell looked at. It stands until somebody does."""
SUBJECT: Final = "sms"


@dataclass(frozen=True, slots=True)
class OptOut:
    """A number that wants no more SMS, and which contacts have it now."""

    number: str
    via: Via
    at: datetime
    contacts: list[str]


async def add(connection: Connection, numbers: Sequence[str], via: Via) -> int:
    """No more SMS to these; returns how many of them were new. The caller commits."""
    written = await connection.execute(
        "INSERT INTO opt_out (number, via) SELECT DISTINCT unnest(%s::text[]), %s ORDER BY 1 ON CONFLICT DO NOTHING",
        (list(numbers), via),
    )
    if written.rowcount:
        await _ring(connection)
    return written.rowcount


async def add_of(connection: Connection, message: int, sequences: Sequence[int]) -> int:
    """The same for the numbers of these deliveries, of which the provider said so. The caller commits."""
    rows = await connection.execute(
        "SELECT a.value FROM delivery d JOIN address a ON a.id = d.address AND a.channel = 'sms'"
        " WHERE d.message = %s AND d.sequence = ANY(%s) AND a.value IS NOT NULL",
        (message, list(sequences)),
    )
    return await add(connection, [number for (number,) in await rows.fetchall()], "provider")


async def lift(connection: Connection, number: str) -> bool:
    """SMS may go to this number again; False when they might already. The caller commits."""
    written = await connection.execute("DELETE FROM opt_out WHERE number = %s", (number,))
    return written.rowcount > 0


async def among(connection: Connection, numbers: Sequence[str]) -> set[str]:
    """Those of these numbers that opted out."""
    rows = await connection.execute("SELECT number FROM opt_out WHERE number = ANY(%s)", (list(numbers),))
    return {number for (number,) in await rows.fetchall()}


async def everyone(connection: Connection) -> list[OptOut]:
    """All of them, the latest first."""
    async with connection.cursor(row_factory=class_row(OptOut)) as cursor:
        await cursor.execute(_EVERYONE)
        return await cursor.fetchall()


async def seen(connection: Connection) -> None:
    """Somebody of the cell looked: the alarm ends, until the next one opts out. The caller commits."""
    await connection.execute("UPDATE opt_out SET told_at = clock_timestamp() WHERE told_at IS NULL")
    await alarms.hush(connection, (OPTED_OUT, SUBJECT))


async def _ring(connection: Connection) -> None:
    row = await (await connection.execute("SELECT count(*) FROM opt_out WHERE told_at IS NULL")).fetchone()
    await alarms.ring(connection, Alarm(OPTED_OUT, SUBJECT, {"numbers": row[0] if row else 0}))


_EVERYONE: Final = """
SELECT o.number, o.via, o.at, ARRAY(
    SELECT c.external_id FROM address a JOIN contact c ON c.id = a.contact
    WHERE a.channel = 'sms' AND a.value = o.number AND a.current ORDER BY c.external_id
) AS contacts
FROM opt_out o ORDER BY o.at DESC, o.number
"""

WANTED: Final = "({channel} <> 'sms' OR {number} NOT IN (SELECT number FROM opt_out))"
"""SQL: whether a message may go to this address. Both are expressions of ours."""
