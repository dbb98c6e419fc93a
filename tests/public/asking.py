"""A message that asks to confirm, in a real database: planned, released, and handed over by SMS and mail."""

from collections.abc import Sequence
from datetime import timedelta

from services.domain.states import State
from services.runtime.postgres import Connection
from services.store.messages import Message
from tests.store.world import release, submit


async def ask(
    connection: Connection,
    user: int,
    *,
    channels: Sequence[str] = ("mail", "sms"),
    languages: Sequence[str] = ("nl",),
    state: State = State.ACCEPTED,
    ago: timedelta = timedelta(0),
    asks: bool = True,
) -> Message:
    """A released message; `state` is that of its deliveries, `ago` how long it was released."""
    message = await submit(connection, user, channels=channels, languages=languages)
    if asks:
        await connection.execute("UPDATE message SET confirm_minutes = 15 WHERE number = %s", (message.number,))
    await release(connection, message, user)
    values = {"message": message.number, "ago": ago, "state": int(state)}
    await connection.execute("UPDATE message SET released_at = now() - %(ago)s WHERE number = %(message)s", values)
    await connection.execute(
        "UPDATE delivery SET state = %(state)s, accepted_at = CASE WHEN %(state)s >= 80 THEN now() - %(ago)s END"
        " WHERE message = %(message)s AND address IS NOT NULL",
        values,
    )
    return message


async def confirmed(connection: Connection, message: Message) -> list[tuple[str, str]]:
    """Who confirmed it, by name, and how."""
    rows = await connection.execute(
        "SELECT c.name, f.how FROM confirmation f JOIN contact c ON c.id = f.contact WHERE f.message = %s ORDER BY 1",
        (message.number,),
    )
    return await rows.fetchall()


async def sequence_of(connection: Connection, message: Message, contact: int, channel: str) -> int:
    """The delivery that stands for this contact on a channel."""
    row = await (
        await connection.execute(
            """SELECT d.sequence FROM delivery d JOIN variant v ON v.message = d.message AND v.number = d.variant
               WHERE d.message = %(m)s AND v.channel = %(channel)s AND (d.contact = %(c)s OR EXISTS (
                   SELECT FROM shared_delivery s WHERE s.message = d.message AND s.sequence = d.sequence
                   AND s.contact = %(c)s))""",
            {"m": message.number, "c": contact, "channel": channel},
        )
    ).fetchone()
    assert row
    return int(row[0])
