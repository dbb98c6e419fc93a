"""WebSub subscriptions, and what is still to be sent to each: a row is its own timer.

`due` says when a subscriber is to be called next; null: it has all. A claim takes rows that are due in one statement
and puts them off by the time that a call may take: whoever claimed and died is followed by whoever looks then. Each
claim has a number, and only the latest may say what came of it. (docs/decisions/0024-websub.md says why not `timer`.)

Nothing is here of a subscriber who did not prove that it wants this: a row is written once that is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from psycopg.rows import class_row

from services.runtime.postgres import Connection

CALL: Final = timedelta(seconds=15)
"""A call takes at most ten; then the next may claim it."""

FAST: Final = timedelta(seconds=2)
"""Who takes longer to answer comes after the others the next time."""

PER_HOST: Final = 100
IN_ALL: Final = 2_000
"""So many subscriptions; more are denied."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """`topic`: the feed's path, without a token. `sealed`: the token, for who has our keys. `host`: the callback's.

    `etag`: of what it has; `wanted`, `wanted_at`: of what it is to have, and when that last changed. `claim`: the
    number of the latest. `ending`: why it ends, when the subscriber is to be told.
    """

    id: int
    topic: str
    callback: str = field(repr=False)
    host: str
    secret: str | None = field(repr=False)
    sealed: bytes | None = field(repr=False)
    created_at: datetime
    verified_at: datetime
    lease_until: datetime
    etag: str | None
    wanted: str | None
    wanted_at: datetime | None
    claim: int
    tries: int
    tried_at: datetime | None
    failing_since: datetime | None
    delivered_at: datetime | None
    slow: bool
    ending: str | None


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """What a subscriber proved that it wants. See `Subscription`."""

    topic: str
    callback: str = field(repr=False)
    host: str
    secret: str | None = field(repr=False)
    sealed: bytes | None = field(repr=False)
    lease: timedelta


async def subscribe(connection: Connection, new: NewSubscription) -> int | None:
    """Write it, or write it anew (§5.1: the last one that was verified counts); returns its id. The caller commits.

    A new one is due at once: what changed while it subscribed is not missed. One that is renewed keeps what it has,
    and is called at once if it lacks something: it is there again. None: there are too many.
    """
    values = {
        "topic": new.topic, "callback": new.callback, "host": new.host, "secret": new.secret, "sealed": new.sealed,
        "lease": new.lease, "per_host": PER_HOST, "in_all": IN_ALL,
    }  # fmt: skip
    row = await (await connection.execute(_RENEW, values)).fetchone()
    row = row or await (await connection.execute(_SUBSCRIBE, values)).fetchone()
    return row[0] if row else None


async def has(connection: Connection, topic: str, callback: str) -> bool:
    """Whether there is such a subscription."""
    found = await connection.execute(
        "SELECT FROM websub_subscription WHERE topic = %s AND callback = %s", (topic, callback)
    )
    return await found.fetchone() is not None


async def unsubscribe(connection: Connection, topic: str, callback: str) -> int | None:
    """End it; its id, or None when there was none. The caller commits."""
    found = await connection.execute(
        "DELETE FROM websub_subscription WHERE topic = %s AND callback = %s RETURNING id", (topic, callback)
    )
    row = await found.fetchone()
    return row[0] if row else None


async def topics(connection: Connection) -> Sequence[str]:
    """All that anyone is subscribed to."""
    found = await connection.execute("SELECT DISTINCT topic FROM websub_subscription ORDER BY topic")
    return [topic for (topic,) in await found.fetchall()]


async def changed(connection: Connection, topic: str, etag: str, modified: datetime, between: timedelta) -> int:
    """A feed is now this: have all subscribers called that have another, or an older one; returns how many.

    One that fails is called no sooner than `between` after its last try. One that is being called right now is called
    again after that. A copy of `public` that is behind the others changes nothing. The caller commits.
    """
    written = await connection.execute(
        _CHANGED, {"topic": topic, "etag": etag, "modified": modified, "between": between}
    )
    return written.rowcount


async def claim(connection: Connection, limit: int, *, slow: bool) -> Sequence[Subscription]:
    """Take so many that are due: of those that answered fast the last time, or of the others."""
    async with connection.cursor(row_factory=class_row(Subscription)) as cursor:
        await cursor.execute(_CLAIM.encode(), {"limit": limit, "slow": slow, "call": CALL})
        return await cursor.fetchall()


async def delivered(connection: Connection, claimed: Subscription, etag: str) -> bool:
    """It has this now; False when a later claim was made meanwhile, which knows better. The caller commits."""
    written = await connection.execute(
        _DELIVERED, {"id": claimed.id, "claim": claimed.claim, "etag": etag, "fast": FAST}
    )
    return written.rowcount == 1


async def failed(connection: Connection, claimed: Subscription, wait: timedelta | None) -> bool:
    """The call failed: again after `wait`, or (None) not for this change. As `delivered`."""
    written = await connection.execute(_FAILED, {"id": claimed.id, "claim": claimed.claim, "wait": wait})
    return written.rowcount == 1


async def satisfied(connection: Connection, claimed: Subscription, modified: datetime) -> None:
    """It has what this copy of `public` has, which last changed at `modified`. The caller commits."""
    await connection.execute(_SATISFIED, {"id": claimed.id, "claim": claimed.claim, "modified": modified})


async def put_off(connection: Connection, claimed: Subscription, wait: timedelta) -> None:
    """It was not called: again after `wait`, by whichever copy. The caller commits."""
    await connection.execute(_PUT_OFF, {"id": claimed.id, "claim": claimed.claim, "wait": wait})


async def ended(connection: Connection, claimed: Subscription) -> bool:
    """Forget it, unless it was renewed meanwhile; as `delivered`."""
    written = await connection.execute(
        "DELETE FROM websub_subscription WHERE id = %s AND claim = %s AND verified_at = %s",
        (claimed.id, claimed.claim, claimed.verified_at),
    )
    return written.rowcount == 1


async def end(connection: Connection, subscription: int, why: str) -> Subscription | None:
    """Have it end, and the subscriber told why (§5.2); None when there is none. The caller commits."""
    async with connection.cursor(row_factory=class_row(Subscription)) as cursor:
        await cursor.execute(_END.encode(), {"id": subscription, "why": why})
        return await cursor.fetchone()


async def expire(connection: Connection) -> Sequence[int]:
    """Forget those whose lease is over; returns their ids. The caller commits."""
    found = await connection.execute(_EXPIRE)
    return [number for (number,) in await found.fetchall()]


async def listed(connection: Connection) -> Sequence[Subscription]:
    """All there are, by feed and host."""
    async with connection.cursor(row_factory=class_row(Subscription)) as cursor:
        await cursor.execute(_LISTED.encode())
        return await cursor.fetchall()


async def count(connection: Connection) -> tuple[int, int]:
    """How many there are, and how many of these fail."""
    found = await connection.execute("SELECT count(*), count(failing_since) FROM websub_subscription")
    row = await found.fetchone()
    return (row[0], row[1]) if row else (0, 0)


_COLUMNS: Final = ", ".join(f"s.{name}" for name in Subscription.__slots__)

_LISTED: Final = f"""
SELECT {_COLUMNS} FROM websub_subscription s WHERE lease_until > clock_timestamp() ORDER BY topic, host, id
"""

_RENEW: Final = """
UPDATE websub_subscription SET secret = %(secret)s, sealed = %(sealed)s, verified_at = clock_timestamp(),
    lease_until = clock_timestamp() + %(lease)s, failing_since = NULL, tries = 0, ending = NULL,
    due = CASE WHEN etag IS NOT DISTINCT FROM wanted AND due IS NULL THEN NULL
        WHEN calling_until > clock_timestamp() THEN due ELSE clock_timestamp() END
WHERE topic = %(topic)s AND callback = %(callback)s RETURNING id
"""

# Two at once may both find room for one more: the limits are about.
_SUBSCRIBE: Final = """
INSERT INTO websub_subscription (topic, callback, host, secret, sealed, verified_at, lease_until, due)
SELECT %(topic)s, %(callback)s, %(host)s, %(secret)s, %(sealed)s, clock_timestamp(),
    clock_timestamp() + %(lease)s, clock_timestamp()
WHERE (SELECT count(*) FROM websub_subscription) < %(in_all)s
    AND (SELECT count(*) FROM websub_subscription WHERE host = %(host)s) < %(per_host)s
ON CONFLICT (topic, callback) DO UPDATE
    SET secret = EXCLUDED.secret, sealed = EXCLUDED.sealed, lease_until = EXCLUDED.lease_until
RETURNING id
"""

_CHANGED: Final = """
UPDATE websub_subscription SET wanted = %(etag)s, wanted_at = %(modified)s,
    due = CASE WHEN calling_until > clock_timestamp() THEN due
        WHEN failing_since IS NULL THEN clock_timestamp()
        ELSE least(due, greatest(clock_timestamp(), tried_at + %(between)s)) END
WHERE id IN (
    SELECT id FROM websub_subscription
    WHERE topic = %(topic)s AND (etag, wanted) IS DISTINCT FROM (%(etag)s, %(etag)s)
        AND (wanted_at IS NULL OR wanted_at <= %(modified)s)
    ORDER BY id FOR UPDATE
)
"""

_CLAIM: Final = f"""
UPDATE websub_subscription s SET claim = claim + 1, tried_at = clock_timestamp(),
    calling_until = clock_timestamp() + %(call)s, due = clock_timestamp() + %(call)s
WHERE s.id IN (
    SELECT id FROM websub_subscription
    WHERE due <= clock_timestamp() AND lease_until > clock_timestamp() AND slow = %(slow)s
    ORDER BY due LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) RETURNING {_COLUMNS}
"""

# What it had got meanwhile is in `wanted`: if that is another, it is called again at once.
_DELIVERED: Final = """
UPDATE websub_subscription SET etag = %(etag)s, delivered_at = clock_timestamp(), failing_since = NULL, tries = 0,
    slow = clock_timestamp() - tried_at > %(fast)s, calling_until = NULL,
    due = CASE WHEN wanted <> %(etag)s THEN clock_timestamp() END
WHERE id = %(id)s AND claim = %(claim)s AND calling_until IS NOT NULL
"""

_SATISFIED: Final = """
UPDATE websub_subscription
SET calling_until = NULL, due = CASE WHEN wanted_at > %(modified)s THEN clock_timestamp() END
WHERE id = %(id)s AND claim = %(claim)s AND calling_until IS NOT NULL
"""

_FAILED: Final = """
UPDATE websub_subscription SET failing_since = coalesce(failing_since, tried_at), tries = tries + 1, slow = true,
    calling_until = NULL, due = clock_timestamp() + %(wait)s
WHERE id = %(id)s AND claim = %(claim)s AND calling_until IS NOT NULL
"""

_PUT_OFF: Final = """
UPDATE websub_subscription SET calling_until = NULL, due = clock_timestamp() + %(wait)s
WHERE id = %(id)s AND claim = %(claim)s AND calling_until IS NOT NULL
"""

_EXPIRE: Final = """
DELETE FROM websub_subscription WHERE id IN (
    SELECT id FROM websub_subscription WHERE lease_until <= clock_timestamp() ORDER BY id FOR UPDATE SKIP LOCKED
) RETURNING id
"""

_END: Final = f"""
UPDATE websub_subscription s SET ending = %(why)s, failing_since = NULL, due = clock_timestamp()
WHERE s.id = %(id)s RETURNING {_COLUMNS}
"""
