"""SMS that a provider took, and of which nobody has told anything since: by batch, so that a timer can name them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from psycopg.rows import class_row

from services.domain.batches import BatchRef
from services.domain.states import State
from services.runtime import timers
from services.runtime.postgres import Connection

KIND: Final = "sms-ask"
AFTER: Final = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=4))
"""So long after an SMS was handed over, its provider is asked: three times, and then no more."""
WINDOW: Final = timedelta(minutes=5)
"""What is handed over of a batch within one such window is asked for together."""
_YOUNG: Final = timedelta(minutes=4)


@dataclass(frozen=True, slots=True)
class Silent:
    """A delivery that was accepted. `number`: None when it was erased meanwhile."""

    sequence: int
    provider_id: str
    number: str | None


async def remember(connection: Connection, ref: BatchRef, handed_over_at: datetime) -> None:
    """Have this batch asked for, once for each of `AFTER`. The same again within a window changes nothing."""
    seconds = WINDOW.total_seconds()
    window = int(handed_over_at.timestamp() // seconds)
    end = datetime.fromtimestamp((window + 1) * seconds, handed_over_at.tzinfo)
    for place, after in enumerate(AFTER):
        await timers.set_timer(connection, KIND, str(ref), f"{place}@{window}", end + after)


async def silent(connection: Connection, ref: BatchRef, *, young: timedelta = _YOUNG) -> Sequence[Silent]:
    """Those of this batch that are no more than accepted, for longer than `young` and less than a day."""
    values = {"message": ref.message, "batch": ref.number, "accepted": State.ACCEPTED, "young": young}
    async with connection.cursor(row_factory=class_row(Silent)) as cursor:
        await cursor.execute(_SILENT, values)
        return await cursor.fetchall()


_SILENT: Final = """
SELECT d.sequence, d.provider_id, a.value AS number
FROM batch b
JOIN delivery d ON d.message = b.message AND d.sequence BETWEEN b.first_sequence AND b.last_sequence
LEFT JOIN address a ON a.id = d.address
WHERE b.message = %(message)s AND b.number = %(batch)s AND b.channel = 'sms' AND d.state = %(accepted)s
AND d.provider_id IS NOT NULL
AND d.accepted_at BETWEEN clock_timestamp() - interval '1 day' AND clock_timestamp() - %(young)s::interval
ORDER BY d.sequence
"""
