"""The timer that wakes the clock for a newsletter's next date.

It only wakes: what is decided, and what is to be decided next, is in the record. So there may be too many timers, or
one at an hour that holds no more, and nobody who changes a newsletter waits for one or takes one away.
"""

from typing import Final
from zoneinfo import ZoneInfo

from uuid_utils import uuid7

from services.newsletter import upcoming
from services.runtime import timers
from services.runtime.postgres import Connection
from services.store.newsletters import NewsletterRow

KIND: Final = "edition"
"""Kind of the timer; its subject is the newsletter's id, its occurrence the local date."""


async def wake(connection: Connection, newsletter: NewsletterRow, zone: ZoneInfo) -> None:
    """Have the clock look at its next date no later than its time comes. Call with the newsletter's row locked."""
    day = await upcoming.next_day(connection, newsletter, zone)
    subject = str(newsletter.id)
    if await _is(connection, _WAKES_BY, subject, day.prepared):
        return
    had_one = await _is(connection, _HAD_ONE, subject, day.date.isoformat())
    occurrence = f"{day.date.isoformat()}/{uuid7()}" if had_one else day.date.isoformat()
    await timers.set_timer(connection, KIND, subject, occurrence, day.prepared)


async def _is(connection: Connection, query: str, subject: str, value: object) -> bool:
    row = await (await connection.execute(query.encode(), (KIND, subject, value))).fetchone()
    return bool(row and row[0])


_WAKES_BY: Final = """
SELECT EXISTS (SELECT FROM timer WHERE kind = %s AND subject = %s AND fired_at IS NULL AND due <= %s)
"""

# A date whose schedule was changed has a timer that is of no use any more, fired or not.
_HAD_ONE: Final = "SELECT EXISTS (SELECT FROM timer WHERE kind = %s AND subject = %s AND occurrence = %s)"
