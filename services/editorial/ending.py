"""An all-clear goes out: what still had to go out about the danger does not, for it would arrive after it."""

from services.runtime.postgres import Connection
from services.store import audit, corrections, messages, plan
from services.store.messages import Message


async def end_alerts(connection: Connection, all_clear: Message, source: str) -> dict[str, int]:
    """Supersede what older alerts and updates of the incident still hold unsent; what changed, for the audit.

    What waits for its moment, approved, is withdrawn. Corrections go on: nobody is left with an error.
    """
    superseded = withdrawn = 0
    for number in await corrections.alerts_under_way(connection, all_clear.incident, before=all_clear.number):
        message = await messages.by_number(connection, number, lock=True)
        if message is None:
            continue
        if message.state == "approved":
            await _withdraw(connection, message, all_clear)
            withdrawn += 1
        elif message.state == "released" and await plan.has_open(connection, number):
            await messages.stop(connection, message, source=source, how="superseded")
            superseded += 1
    found = {"alerts_superseded": superseded, "alerts_withdrawn": withdrawn}
    return {what: count for what, count in found.items() if count}


async def _withdraw(connection: Connection, message: Message, all_clear: Message) -> None:
    await messages.set_rejected(connection, message.number, "withdrawn")
    await audit.record(
        connection, actor=None, action="message.withdrawn", subject=f"message:{message.id}",
        detail={"message": message.number, "all_clear": all_clear.number},
    )  # fmt: skip
