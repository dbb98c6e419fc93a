"""What editorial does when a moment has come: it releases what was approved, unless something came in between."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog
from uuid_utils import uuid7

from services.editorial import edition_overdue, waiting
from services.editorial.desk import Desk
from services.editorial.held_back import held_back
from services.editorial.release import release
from services.runtime import timers
from services.runtime.postgres import AWAY, Connection
from services.runtime.records import unforeseen
from services.store import audit, messages

TRY_AGAIN: Final = timedelta(seconds=5)

log = structlog.get_logger(__name__)


def releasing(desk: Desk) -> Callable[[Connection, str], Awaitable[None]]:
    """What the timer does, in its transaction. A release that fails is undone, and tried again."""

    async def fired(connection: Connection, subject: str) -> None:
        try:
            async with connection.transaction():
                await release_if_due(connection, int(subject), desk)
        except AWAY:
            raise
        except Exception as problem:
            log.error("release_failed", message=int(subject), problem=unforeseen(problem))
            again = await messages.database_time(connection) + TRY_AGAIN
            await timers.set_timer(connection, waiting.KIND, subject, str(uuid7()), again)

    return fired


async def release_if_due(connection: Connection, number: int, desk: Desk) -> None:
    """Release it if it is approved still, may be taken back no more, has not expired, and would say the same now."""
    message = await messages.by_number(connection, number, lock=True)
    if message is None or message.state != "approved" or message.approved_at is None:
        return
    now = await messages.database_time(connection)
    if (message.expires_at and message.expires_at <= now) or edition_overdue.too_late(message, now):
        return  # its own timer ends it
    if waiting.due(message, message.approved_at, desk.take_back) > now:
        await waiting.set_timer(connection, message, desk.take_back)
        return
    if await held_back(connection, message, desk):
        return
    _, moved = await release(connection, message, None, None, desk)  # what corrects another never waits
    await audit.record(
        connection, actor=None, action="message.released", subject=f"message:{message.id}",
        detail={"message": number, **moved},
    )  # fmt: skip
    log.info("released", message=number)
