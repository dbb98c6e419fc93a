"""No message is released whose SMS cost more than the centre allows itself, whoever releases it, and in what hurry.
Nor does one go to more people, by hand or by itself, where these cost more.

The caps are editorial's settings: who raises one may restart editorial, and is somebody else than who types at night.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal

import structlog
from psycopg import Rollback

from services.domain.spending import Caps, Excess, excess, finding
from services.editorial.desk import Desk
from services.editorial.refusal import Refusal
from services.runtime.postgres import Connection
from services.runtime.sms_prices import prices
from services.store import audit, spending
from services.store.messages import Message

log = structlog.get_logger(__name__)


async def refuse_excess(connection: Connection, message: Message, desk: Desk) -> None:
    """Raises `Refusal` when a cap is exceeded, in words that say what to change."""
    if over := await over_cap(connection, message.number, desk, lock=True):
        raise Refusal(f"message {message.id} is not released: {over}", state=message.state, cost=float(over.cost))


@dataclass(frozen=True, slots=True)
class Spent:
    """In EUR: by this message, and by all in the last hour, this one among them if it was released in it."""

    message: Decimal
    hour: Decimal


async def spent(connection: Connection, message: Message, desk: Desk) -> Spent | None:
    """What there is before a released message goes to more people; None without a cap. Until the caller commits."""
    if desk.spending.caps == Caps():
        return None
    price = prices()
    hour = await spending.cost_of_hour(connection, price, but=0, lock=True)
    return Spent(await spending.cost_of(connection, message.number, price), hour)


async def refuse_more(connection: Connection, message: Message, desk: Desk, before: Spent | None) -> None:
    """The same for people who were added since: the message with them, and they in this hour, stay within the caps."""
    if over := await more_over_cap(connection, message, desk, before):
        raise Refusal(f"message {message.id} goes to nobody else: {over}", cost=float(over.cost))


async def more_over_cap(connection: Connection, message: Message, desk: Desk, before: Spent | None) -> Excess | None:
    """By how much the message is over a cap with what was added since `before`; None when nothing that costs was."""
    if before is None:
        return None
    caps, cost = desk.spending.caps, await spending.cost_of(connection, message.number, prices())
    more = cost - before.message
    if not more:
        return None
    return excess(cost, Caps(caps.per_message)) or excess(more, Caps(None, caps.per_hour), before=before.hour)


async def unless_too_dear(
    connection: Connection, message: Message, desk: Desk, add: Callable[[], Awaitable[None]]
) -> bool:
    """Have SMS added that nobody approved; undone, logged and on record when they are over a cap. Whether they stay."""
    before = await spent(connection, message, desk)
    async with connection.transaction() as attempt:
        await add()
        over = await more_over_cap(connection, message, desk, before)
        if over:
            raise Rollback(attempt)
    if over:
        log.warning("escalation_too_dear", message=message.number, why=str(over))
        await audit.record(
            connection, actor=None, action="message.escalation-too-dear", subject=f"message:{message.id}",
            detail={"message": message.number, "why": str(over)},
        )  # fmt: skip
    return over is None


async def tell(connection: Connection, message: int, desk: Desk) -> None:
    """Have its findings say so at its proof, when it could not be released as it is."""
    over = await over_cap(connection, message, desk)
    await spending.record_finding(connection, message, finding(over) if over else None)


async def over_cap(connection: Connection, message: int, desk: Desk, *, lock: bool = False) -> Excess | None:
    """By how much the SMS of its plan are over a cap; None while they are not. `lock`: until the caller commits."""
    caps = desk.spending.caps
    if caps.per_message is None and caps.per_hour is None:
        return None
    price = prices()
    cost = await spending.cost_of(connection, message, price)
    before = cost * 0
    if cost and caps.per_hour is not None:
        before = await spending.cost_of_hour(connection, price, but=message, lock=lock)
    return excess(cost, caps, before=before)
