"""Telling users, as a job of its own: whatever is wrong with a notice or its template holds up nobody's message.

A timer in the transaction of what happened asks for it; its effect tells in its own transaction, and is tried again.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final

import structlog
from uuid_utils import uuid7

from services.editorial.desk import Desk
from services.runtime import timers
from services.runtime.postgres import AWAY, Connection
from services.runtime.records import unforeseen
from services.store import messages
from services.store.messages import Message

KIND: Final = "telling"
"""Kind of the timer; its subject is `WHAT/NUMBER`: what users are told, and the number of the message."""
ASKED: Final = "roeland_telling"
"""NOTIFY channel: somebody is to be told."""
TRY_AGAIN: Final = timedelta(seconds=15)

Tell = Callable[[Connection, Message, Desk], Awaitable[None]]
"""Tells users of this message, whose row is locked, if it is still so; the caller commits."""

log = structlog.get_logger(__name__)


async def ask(connection: Connection, what: str, message: int, after: timedelta = timedelta(0)) -> None:
    """Have users told of this message, as soon as this transaction commits or so much later."""
    due = await messages.database_time(connection) + after
    await timers.set_timer(connection, KIND, f"{what}/{message}", str(uuid7()), due)
    await connection.execute(f"NOTIFY {ASKED}")


def telling(desk: Desk, tells: Mapping[str, Tell]) -> Callable[[Connection, str], Awaitable[None]]:
    """What the timer does. What fails is tried again, later."""

    async def fired(connection: Connection, subject: str) -> None:
        what, _, number = subject.partition("/")
        try:
            async with connection.transaction():
                message = await messages.by_number(connection, int(number), lock=True)
                if message is not None and what in tells:
                    await tells[what](connection, message, desk)
        except AWAY:
            raise
        except Exception as problem:
            log.error("telling_failed", what=what, message=int(number), problem=unforeseen(problem))
            await ask(connection, what, int(number), TRY_AGAIN)

    return fired
