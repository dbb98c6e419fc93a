"""How often somebody sent a message to themselves."""

from typing import Final

from services.runtime.postgres import Connection
from services.store.messages import Message

PER_HOUR: Final = 10


async def in_the_last_hour(connection: Connection, message: Message, user: int) -> int:
    """How many tests of this message this user had; holds other tests of theirs until the transaction ends."""
    await connection.execute("SELECT FROM users WHERE id = %s FOR NO KEY UPDATE", (user,))
    row = await (await connection.execute(_TESTS, (message.incident, user, str(message.id)))).fetchone()
    return int(row[0]) if row else 0


_TESTS: Final = """
SELECT count(*) FROM message WHERE incident = %s AND kind = 'test' AND submitted_by = %s AND content->>'about' = %s
    AND submitted_at > clock_timestamp() - interval '1 hour'
"""
