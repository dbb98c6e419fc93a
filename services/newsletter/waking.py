"""The timer that wakes the clock for a newsletter's next date.

It only wakes: what is decided, and what is to be decided next, is in the record. So there may be too many timers, or
one at an hour that holds no more, and nobody who changes a newsletter waits for one or takes one away.
"""

from datetime import date, datetime
from typing import Final

from uuid_utils import uuid7

from services.runtime import timers
from services.runtime.postgres import Connection

KIND: Final = "edition"
"""Kind of the timer; its subject is the newsletter's id, its occurrence the local date."""


async def wake_at(connection: Connection, newsletter: int, day: date, due: datetime) -> None:
    """Have the clock look at this newsletter no later than then. Call with the newsletter's row locked."""
    if await _wakes_by(connection, newsletter, due):
        return
    taken = await _set_before(connection, newsletter, day)
    occurrence = f"{day.isoformat()}/{uuid7()}" if taken else day.isoformat()
    await timers.set_timer(connection, KIND, str(newsletter), occurrence, due)


async def _wakes_by(connection: Connection, newsletter: int, due: datetime) -> bool:
    row = await (await connection.execute(_WAKES_BY, (KIND, str(newsletter), due))).fetchone()
    return bool(row and row[0])


async def _set_before(connection: Connection, newsletter: int, day: date) -> bool:
    """Whether this date had a timer, which a schedule that was changed has made of no use."""
    row = await (await connection.execute(_SET_BEFORE, (KIND, str(newsletter), day.isoformat()))).fetchone()
    return bool(row and row[0])


_WAKES_BY: Final = """
SELECT EXISTS (SELECT FROM timer WHERE kind = %s AND subject = %s AND fired_at IS NULL AND due <= %s)
"""

_SET_BEFORE: Final = "SELECT EXISTS (SELECT FROM timer WHERE kind = %s AND subject = %s AND occurrence = %s)"
