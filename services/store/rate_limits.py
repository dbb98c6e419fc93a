"""Token buckets shared by all workers, each under a name: a sender of SMS, or `smtp host:port`.

Their table is still called `sms_sender`, and a name's column `sender`: an older version runs beside this one, and both
must see one bucket. Rename them when no such version runs any more.

A row holds the time from which slots are free. Reserving moves it on in one statement, by the database's clock, and
answers with a duration, so that no other clock matters.
"""

from datetime import timedelta
from typing import Final

from services.runtime.postgres import Connection

NONE: Final = timedelta(0)

LONGEST_HOLD: Final = timedelta(minutes=5)
"""Whatever a peer asks: an alert that waits an hour for a wrong header is worse than asking once more."""

LONGEST_QUEUE: Final = timedelta(minutes=5)
"""Nobody reserves what begins later than this, however many wait: who is refused asks again."""

DOUBTFUL: Final = timedelta(minutes=5)
"""A clock that was put back by less than this only makes everybody wait so much longer."""


async def reserve(
    connection: Connection, name: str, *, span: timedelta, within: timedelta | None = None
) -> timedelta | None:
    """Reserve the next `span` of the time under this name; returns how long until it begins. The caller commits.

    None: it would begin later than `within`, at most `LONGEST_QUEUE`, and nothing was reserved.
    """
    values = {
        "name": name,
        "span": span,
        "within": LONGEST_QUEUE if within is None else min(within, LONGEST_QUEUE),
        **_absurd(span),
    }
    row = await (await connection.execute(_RESERVE, values)).fetchone()
    return max(timedelta(0), row[0]) if row else None


async def hold(connection: Connection, name: str, *, span: timedelta, slot: timedelta = NONE) -> None:
    """Give out nothing under this name for `span` from now, `LONGEST_HOLD` at most. The caller commits.

    `slot`: what is reserved at once under this name.
    """
    await connection.execute(_HOLD, {"name": name, "span": min(span, LONGEST_HOLD), **_absurd(slot)})


async def held(connection: Connection, name: str) -> timedelta:
    """How long from now nothing is given out under this name, which has no limit: by what `hold` said."""
    row = await (await connection.execute(_HELD, {"name": name, **_absurd(NONE)})).fetchone()
    return max(timedelta(0), row[0]) if row else timedelta(0)


def _absurd(slot: timedelta) -> dict[str, timedelta]:
    """So far ahead nobody reserves or holds: the database's clock was put back, and the bucket begins anew."""
    return {"absurd": max(LONGEST_HOLD, LONGEST_QUEUE) + slot + DOUBTFUL}


_RESERVE: Final = """
INSERT INTO sms_sender AS s (sender, next_at) VALUES (%(name)s, clock_timestamp() + %(span)s)
ON CONFLICT (sender) DO UPDATE SET next_at = %(span)s + CASE
    WHEN s.next_at > clock_timestamp() + %(absurd)s THEN clock_timestamp()
    ELSE greatest(s.next_at, clock_timestamp()) END
WHERE s.next_at <= clock_timestamp() + %(within)s::interval OR s.next_at > clock_timestamp() + %(absurd)s
RETURNING s.next_at - %(span)s::interval - clock_timestamp()
"""

_HOLD: Final = """
INSERT INTO sms_sender AS s (sender, next_at) VALUES (%(name)s, clock_timestamp() + %(span)s)
ON CONFLICT (sender) DO UPDATE SET next_at = CASE
    WHEN s.next_at > clock_timestamp() + %(absurd)s THEN clock_timestamp() + %(span)s
    ELSE greatest(s.next_at, clock_timestamp() + %(span)s) END
"""

_HELD: Final = """
SELECT next_at - clock_timestamp() FROM sms_sender
WHERE sender = %(name)s AND next_at <= clock_timestamp() + %(absurd)s
"""
