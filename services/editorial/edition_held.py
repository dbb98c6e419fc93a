"""Editions that are being sent, and tell of a message that is taken back or put right: nobody else is told by them."""

from typing import Final

from services.editorial.desk import Desk
from services.runtime.postgres import Connection
from services.store import audit, messages
from services.store.messages import Message


async def hold_editions(connection: Connection, message: Message, desk: Desk, *, by: int | None) -> list[str]:
    """Pause those of which something is still to be sent; their ids. A person then stops them, or lets them go on.

    Call in the transaction that takes `message` back, or releases its correction.
    """
    rows = await (await connection.execute(_TELLING, {"message": message.number})).fetchall()
    held: list[str] = []
    for (number,) in rows:
        edition = await messages.by_number(connection, number, lock=True)
        if edition is None or edition.state != "released" or edition.paused_at is not None:
            continue
        await messages.pause(connection, edition, source=desk.source)
        await audit.record(
            connection, actor=by, action="message.paused", subject=f"message:{edition.id}",
            detail={"message": number, "tells_of": message.number},
        )  # fmt: skip
        held.append(str(edition.id))
    return held


_TELLING: Final = """
SELECT DISTINCT m.number FROM edition_item i JOIN edition e USING (newsletter, date)
JOIN message m ON m.id = e.message_id AND m.state = 'released' AND m.paused_at IS NULL
WHERE i.message = %(message)s AND NOT i.withdrawn
AND EXISTS (SELECT FROM batch b WHERE b.message = m.number AND b.planned + b.deferred + b.claimed > 0)
ORDER BY m.number
"""
