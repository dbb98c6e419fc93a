"""One token bucket per SMS sender, shared by all workers.

A row holds the time from which slots are free. Reserving moves it on in one statement, by the database's clock, and
answers with a duration, so that no other clock matters.
"""

from datetime import timedelta
from typing import Final

from services.runtime.postgres import Connection


async def reserve(
    connection: Connection, sender: str, *, span: timedelta, within: timedelta | None = None
) -> timedelta | None:
    """Reserve the next `span` of this sender's time; returns how long until it begins. The caller commits.

    None: it would begin later than `within`, and nothing was reserved.
    """
    row = await (
        await connection.execute(_RESERVE, {"sender": sender, "span": span, "within": within, "absurd": ABSURD})
    ).fetchone()
    return max(timedelta(0), row[0]) if row else None


ABSURD: Final = timedelta(minutes=10)
"""Nobody reserves this far ahead: the database's clock was put back, and the bucket begins anew."""

_RESERVE: Final = """
INSERT INTO sms_sender AS s (sender, next_at) VALUES (%(sender)s, clock_timestamp() + %(span)s)
ON CONFLICT (sender) DO UPDATE SET next_at = %(span)s + CASE
    WHEN s.next_at > clock_timestamp() + %(absurd)s THEN clock_timestamp()
    ELSE greatest(s.next_at, clock_timestamp()) END
WHERE %(within)s::interval IS NULL OR s.next_at <= clock_timestamp() + %(within)s::interval
    OR s.next_at > clock_timestamp() + %(absurd)s
RETURNING s.next_at - %(span)s::interval - clock_timestamp()
"""
