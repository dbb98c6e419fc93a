"""One alarm for all SMS of a message that carriers took for spam, with how many: not one for each."""

from typing import Final

from services.domain.sms_failures import CARRIER_FILTERED as REASON
from services.runtime.postgres import Connection
from services.store import alarms
from services.store.alarms import CARRIER_FILTERED, Alarm


async def ring(connection: Connection, message: int) -> int:
    """Count them, and have the alarm say so; returns how many. The caller commits."""
    row = await (await connection.execute(_COUNT, (message, REASON))).fetchone()
    count = int(row[0]) if row else 0
    if count:
        detail = {"message": message, "channel": "sms", "failed": count}
        await alarms.ring(connection, Alarm(CARRIER_FILTERED, f"{message}/sms", detail))
    return count


async def hush_old(connection: Connection) -> None:
    """After a day nobody can do anything about it any more. The caller commits."""
    await connection.execute(_OLD, (CARRIER_FILTERED,))


_COUNT: Final = "SELECT coalesce(sum(contacts), 0) FROM delivery WHERE message = %s AND reason = %s"
_OLD: Final = """
UPDATE alarm SET cleared_at = clock_timestamp()
WHERE kind = %s AND cleared_at IS NULL AND raised_at < clock_timestamp() - interval '1 day'
"""
