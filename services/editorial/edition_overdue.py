"""An edition that nobody approved in time is not sent: it ends, its content is news for the next one, and whoever is
on duty is told."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from services.domain.editions import EditionContent
from services.editorial.desk import Desk
from services.runtime import timers
from services.runtime.postgres import Connection
from services.store import alarms, audit, editions, messages, tellings
from services.store.alarms import EDITION_MISSED, Alarm
from services.store.messages import Message

KIND: Final = "edition-overdue"
"""Kind of the timer; its subject is the id of the message that the edition is, at whatever revision."""

NOT_IN_TIME: Final = "not approved in time"

log = structlog.get_logger(__name__)


def too_late(message: Message, now: datetime) -> bool:
    """Whether this is an edition that may not be released any more."""
    by = message.content.get("release_by") if message.kind == "edition" else None
    return bool(by and datetime.fromisoformat(by) <= now)


async def set_timer(connection: Connection, message: Message, content: EditionContent) -> None:
    """Have it ended when its time is over. Again changes nothing."""
    if content.release_by:
        await timers.set_timer(connection, KIND, str(message.id), "release_by", content.release_by)


def ending(desk: Desk) -> Callable[[Connection, str], Awaitable[None]]:
    """What the timer does, in its transaction."""
    del desk

    async def fired(connection: Connection, subject: str) -> None:
        message = await messages.find(connection, UUID(subject), lock=True)
        if message is None or not await messages.set_expired(connection, message.number):
            return  # it went out, or somebody turned it down
        await editions.set_reason(connection, message.id, NOT_IN_TIME)
        await audit.record(
            connection, actor=None, action="edition.too-late", subject=f"message:{message.id}",
            detail={"message": message.number, "state": message.state},
        )  # fmt: skip
        detail = {"date": message.content["date"], "reason": NOT_IN_TIME}
        await alarms.ring(connection, Alarm(EDITION_MISSED, message.incident, detail))
        await tellings.ask(connection, tellings.EDITIONS_MISSED, int(message.content["newsletter"]))
        log.warning("edition_too_late", message=message.number, state=message.state)

    return fired
