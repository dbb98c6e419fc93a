"""No message is released whose SMS cost more than the centre allows itself, whoever releases it, and in what hurry.

The caps are editorial's settings: who raises one may restart editorial, and is somebody else than who types at night.
"""

from services.domain.spending import Excess, excess, finding
from services.editorial.desk import Desk
from services.editorial.refusal import Refusal
from services.runtime.postgres import Connection
from services.runtime.sms_prices import prices
from services.store import spending
from services.store.messages import Message


async def refuse_excess(connection: Connection, message: Message, desk: Desk) -> None:
    """Raises `Refusal` when a cap is exceeded, in words that say what to change."""
    if over := await over_cap(connection, message.number, desk, lock=True):
        raise Refusal(f"message {message.id} is not released: {over}", state=message.state, cost=float(over.cost))


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
