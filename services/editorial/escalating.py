"""Nobody is forgotten: who does not confirm gets it another way, then their deputy does, then somebody calls them.

A timer for each step (`services.store.escalations`). What a step does, and the row that says that it was done, are one
transaction: a crash undoes both, and it is taken again; two copies of this service never take it both.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

import structlog

from services.editorial import calling, standing_in
from services.editorial.desk import Desk
from services.editorial.spending import unless_too_dear
from services.runtime.postgres import AWAY, Connection
from services.runtime.records import unforeseen
from services.store import additions, audit, confirmations, escalations, messages
from services.store.additions import Wanted
from services.store.confirmations import Unconfirmed
from services.store.messages import Message

TRY_AGAIN: Final = timedelta(seconds=15)

Act = Callable[[Connection, Message, Sequence[Unconfirmed], Desk], Awaitable[None]]

log = structlog.get_logger(__name__)


def escalating(desk: Desk) -> Callable[[Connection, str], Awaitable[None]]:
    """What the timer does. A step that fails is undone, and taken again a little later."""

    async def fired(connection: Connection, subject: str) -> None:
        number, step, act = subject.split("/")
        try:
            async with connection.transaction():
                await _take(connection, int(number), int(step), act, desk)
        except AWAY:
            raise
        except Exception as problem:
            log.error("escalation_failed", message=int(number), step=int(step), problem=unforeseen(problem))
            await escalations.postpone(connection, subject, TRY_AGAIN)

    return fired


async def _take(connection: Connection, number: int, step: int, act: str, desk: Desk) -> None:
    """Nothing once it is over; later while it is held; for nobody when all have confirmed."""
    message = await messages.by_number(connection, number, lock=True)
    standing = await additions.standing(connection, number)
    if message is None or standing == "over":
        return
    if standing == "waits" or await escalations.still_going_out(connection, number):
        await escalations.postpone(connection, f"{number}/{step}/{act}", escalations.LOOK_AGAIN)
        return
    later = await escalations.not_yet_told(connection, number)
    absent = [each for each in await confirmations.unconfirmed(connection, number) if each.contact not in later]
    if not await escalations.take(connection, number, step, act, len(absent)):
        return
    if absent:
        await ACTS[act](connection, message, absent, desk)
    await audit.record(
        connection, actor=None, action="message.escalated", subject=f"message:{message.id}",
        detail={"message": number, "step": step, "act": act, "contacts": len(absent)},
    )  # fmt: skip
    log.info("escalated", message=number, step=step, act=act, contacts=len(absent))


async def second_channel(connection: Connection, message: Message, absent: Sequence[Unconfirmed], desk: Desk) -> None:
    """The same message where it has not gone to them: by mail who had an SMS alone, by SMS who had a mail.

    No SMS where these would cost more than the centre allows itself: the steps that follow find these people.
    """
    wanted = [Wanted(each.contact, each.contact, each.audience) for each in absent]
    await additions.append(connection, message, "second-channel", "mail", wanted, source=desk.source)

    async def by_sms() -> None:
        await additions.append(connection, message, "second-channel", "sms", wanted, source=desk.source)

    await unless_too_dear(connection, message, desk, by_sms)


ACTS: Final[Mapping[str, Act]] = {
    "second-channel": second_channel,
    "deputy": standing_in.tell_deputies,
    "telephone": calling.list_calls,
}
"""By `services.domain.escalation.Act`."""
