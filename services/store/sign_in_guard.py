"""How often signing in failed, under names such as an account from a network; and which browsers are known.

A try is counted as a failure before its password is looked at, and taken back when it was right: whoever tries a
thousand at once gets no further than whoever tries one after another. A name that has to wait is refused without
counting, so that impatience costs nobody more time.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from psycopg import Rollback

from services.runtime.postgres import Connection
from services.runtime.tokens import digest

FORGOTTEN: Final = timedelta(hours=24)
"""So long after the last failure nothing is remembered under a name."""


@dataclass(frozen=True, slots=True)
class Guard:
    """After `free` failures under `name` the next try waits 2 s, then 4, 8 … `most` at most."""

    name: str
    free: int
    most: timedelta


def named(*parts: str) -> str:
    """A name of which nobody reads what it stands for."""
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()


async def begin(connection: Connection, guards: Sequence[Guard]) -> timedelta | None:
    """Count a try under each. None: it may be made; else how long it has to wait, and nothing was counted."""
    async with connection.transaction() as counting:
        wait = await _wait(connection, [each.name for each in guards])
        if wait is not None:
            return wait
        for each in sorted(guards, key=lambda guard: guard.name):
            values = {"name": each.name, "free": each.free, "most": each.most, "forgotten": FORGOTTEN}
            if (await connection.execute(_COUNT, values)).rowcount != 1:  # another try was counted since we looked
                raise Rollback(counting)
        return None
    return timedelta(seconds=2)


async def _wait(connection: Connection, names: list[str]) -> timedelta | None:
    row = await (await connection.execute(_WAIT, (names,))).fetchone()
    return row[0] if row and row[0] and row[0] > timedelta(0) else None


async def succeed(connection: Connection, guards: Sequence[Guard]) -> None:
    """It was right: the try is taken back."""
    await connection.execute(
        """UPDATE sign_in_guard SET failures = greatest(failures - 1, 0), wait_until = clock_timestamp()
           WHERE name = ANY(%s)""",
        ([each.name for each in guards],),
    )


async def forget(connection: Connection, names: Sequence[str]) -> None:
    """Whoever failed under these names has shown that it was them."""
    await connection.execute("DELETE FROM sign_in_guard WHERE name = ANY(%s)", (list(names),))


async def know_device(connection: Connection, user: int, token: str) -> None:
    """This browser signed in as this user; those not seen for a year are forgotten."""
    await connection.execute("DELETE FROM known_device WHERE used_at < clock_timestamp() - interval '400 days'")
    await connection.execute(
        """INSERT INTO known_device (token, user_id) VALUES (%s, %s)
           ON CONFLICT (token) DO UPDATE SET used_at = clock_timestamp()""",
        (digest(token), user),
    )


async def knows_device(connection: Connection, user: int, token: str) -> bool:
    """Whether this user signed in in the browser that has this cookie."""
    found = await connection.execute(
        "SELECT EXISTS (SELECT FROM known_device WHERE token = %s AND user_id = %s)",
        (digest(token), user),
    )
    return await found.fetchone() == (True,)


async def forget_devices(connection: Connection, user: int) -> None:
    """None is known any more."""
    await connection.execute("DELETE FROM known_device WHERE user_id = %s", (user,))


_WAIT: Final = "SELECT max(wait_until) - clock_timestamp() FROM sign_in_guard WHERE name = ANY(%s)"
_COUNT: Final = """
INSERT INTO sign_in_guard AS g (name, failures, failed_at, wait_until)
VALUES (%(name)s, 1, clock_timestamp(), clock_timestamp())
ON CONFLICT (name) DO UPDATE SET
    failures = CASE WHEN g.failed_at < clock_timestamp() - %(forgotten)s THEN 1 ELSE g.failures + 1 END,
    failed_at = clock_timestamp(),
    wait_until = clock_timestamp() + CASE
        WHEN g.failed_at < clock_timestamp() - %(forgotten)s OR g.failures + 1 < %(free)s THEN interval '0'
        ELSE least(%(most)s, make_interval(secs => 2 ^ least(g.failures + 2 - %(free)s, 20))) END
WHERE g.wait_until <= clock_timestamp()
"""
