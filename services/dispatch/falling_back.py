"""An SMS that did not arrive, or was never planned: the same message goes by mail to everyone behind that number."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from typing import Final

import structlog
from uuid_utils import uuid7

from services.runtime import timers
from services.runtime.postgres import AWAY, Connection
from services.runtime.records import unforeseen
from services.store import additions, audit, fallbacks, messages
from services.store.additions import Wanted
from services.store.messages import FOR_USERS, Message

LOOK_AGAIN: Final = timedelta(seconds=10)
"""While the message is paused."""
TRY_AGAIN: Final = timedelta(seconds=15)

log = structlog.get_logger(__name__)


def fall_back(source: str) -> Callable[[Connection, str], Awaitable[None]]:
    """What the timer of one batch does, and in the same transaction what those of the message's other batches would."""

    async def fired(connection: Connection, subject: str) -> None:
        try:
            async with connection.transaction():
                await _fall_back(connection, subject, source)
        except AWAY:
            raise
        except Exception as problem:
            log.error("fall_back_failed", message=int(subject.partition("/")[0]), problem=unforeseen(problem))
            await _again(connection, [subject], TRY_AGAIN)

    return fired


async def _fall_back(connection: Connection, subject: str, source: str) -> None:
    """Most often everybody has a number, at a release: then no claim waits for this look."""
    number = int(subject.partition("/")[0])
    subjects = {subject, *await timers.take_with(connection, fallbacks.KIND, f"{number}/")}
    wanted = await _wanted(connection, number, subjects)
    message = await messages.by_number(connection, number, lock=True) if wanted else None
    if message is None or message.kind in FOR_USERS:
        return
    standing = await additions.standing(connection, number)
    if standing == "waits":
        await _again(connection, subjects, LOOK_AGAIN)
    elif standing == "goes-on":
        await by_mail(connection, message, wanted, source=source)


async def _again(connection: Connection, subjects: Collection[str], after: timedelta) -> None:
    due = await messages.database_time(connection) + after
    for each in subjects:
        await timers.set_timer(connection, fallbacks.KIND, each, str(uuid7()), due)


async def by_mail(connection: Connection, message: Message, wanted: Sequence[Wanted], *, source: str) -> int:
    """Send it to these by mail too, who have no mail of it, and put that on the record; returns to how many."""
    made = await additions.append(connection, message, "fallback", "mail", wanted, source=source)
    if made:
        why = {each.contact: each.reason for each in wanted}
        reasons = dict(Counter(why[contact] for contact in made))
        await audit.record(
            connection, actor=None, action="message.fell-back", subject=f"message:{message.id}",
            detail={"message": message.number, "contacts": len(made), "reasons": reasons},
        )  # fmt: skip
        log.info("fell_back", message=message.number, contacts=len(made), reasons=reasons)
    return len(made)


async def _wanted(connection: Connection, number: int, subjects: set[str]) -> list[Wanted]:
    batches = {int(each.partition("/")[2]) for each in subjects}
    found = await fallbacks.failed(connection, number, batches)
    return found + (await fallbacks.without_number(connection, number) if fallbacks.WHOLE in batches else [])
