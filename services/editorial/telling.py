"""Telling users, as a job of its own: whatever is wrong with a notice or its template holds up nobody's message.

A timer in the transaction of what happened asks for it (`services.store.tellings`); its effect tells in its own
transaction, and is tried again.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final

import structlog

from services.editorial.desk import Desk
from services.runtime.postgres import AWAY, Connection
from services.runtime.records import unforeseen
from services.store import messages
from services.store.messages import Message
from services.store.tellings import ASKED, KIND, ask

__all__ = ["ASKED", "KIND", "Tell", "TellOfMessage", "ask", "of_message", "telling"]

TRY_AGAIN: Final = timedelta(seconds=15)

Tell = Callable[[Connection, int, Desk], Awaitable[None]]
"""Tells users of what has this number, if it is still so; the caller commits."""
TellOfMessage = Callable[[Connection, Message, Desk], Awaitable[None]]
"""Tells users of this message, which stays as it is meanwhile, if it is still so; the caller commits."""

log = structlog.get_logger(__name__)


def telling(desk: Desk, tells: Mapping[str, Tell]) -> Callable[[Connection, str], Awaitable[None]]:
    """What the timer does. What fails is tried again, later."""

    async def fired(connection: Connection, subject: str) -> None:
        what, _, number = subject.partition("/")
        try:
            async with connection.transaction():
                if what in tells:
                    await tells[what](connection, int(number), desk)
        except AWAY:
            raise
        except Exception as problem:
            log.error("telling_failed", what=what, number=int(number), problem=unforeseen(problem))
            await ask(connection, what, int(number), TRY_AGAIN)

    return fired


def of_message(tell: TellOfMessage, *, once: bool = False) -> Tell:
    """Tells of a message, by its number; of each one after the other, that nobody is told twice.

    `once`: it happens once in a message's life, so that no worker need wait for the notice to be written.
    """

    async def told(connection: Connection, number: int, desk: Desk) -> None:
        message = await messages.by_number(connection, number, lock=not once, keep=once)
        if message is not None:
            await tell(connection, message, desk)

    return told
