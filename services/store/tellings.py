"""Users are to be told something: whoever finds that out asks for it in the transaction in which it happens.

Editorial tells, in a transaction of its own: whatever is wrong with a notice or its template holds up nothing else.
"""

from datetime import timedelta
from typing import Final

from uuid_utils import uuid7

from services.runtime import timers
from services.runtime.postgres import Connection
from services.store import messages

KIND: Final = "telling"
"""Kind of the timer; its subject is `WHAT/NUMBER`: what users are told, and the number of what it is about."""
ASKED: Final = "roeland_telling"
"""NOTIFY channel: somebody is to be told."""

EDITIONS_MISSED: Final = "editions-missed"
"""What is told: editions of the newsletter with this number were not sent, for their time had long passed."""


async def ask(connection: Connection, what: str, number: int, after: timedelta = timedelta(0)) -> None:
    """Have users told of this message or newsletter, as soon as this transaction commits or so much later."""
    due = await messages.database_time(connection) + after
    await timers.set_timer(connection, KIND, f"{what}/{number}", str(uuid7()), due)
    await connection.execute(f"NOTIFY {ASKED}")


OUTSIDE: Final = "outside"
"""What is told: outside systems reported something, or had a draft made; the number is that of the thread
(`services.store.outside_events`)."""
