"""Who is on duty, and who was called for which message. Rows are added and never changed.

The latest set whose interval holds at a moment is in force then: a night set over a week leaves the rest of the week.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.rows import class_row

from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Shift:
    """`users` in the order in which they are called. `until_at` None: until another is set. `set_by`: an address."""

    id: int
    users: list[int]
    from_at: datetime
    until_at: datetime | None
    set_by: str | None
    set_at: datetime


@dataclass(frozen=True, slots=True)
class Call:
    """A user was told that a message waits."""

    message: int
    place: int
    user_id: int
    email: str
    called_at: datetime


async def set_shift(
    connection: Connection, users: Sequence[int], *, from_at: datetime, until_at: datetime | None, by: int | None
) -> Shift:
    """These users, in this order, from then until then."""
    row = await (await connection.execute(_SET, (list(users), from_at, until_at, by))).fetchone()
    assert row is not None  # noqa: S101 - the statement returns the row that it made
    return (await _shifts(connection, "WHERE s.id = %(id)s", {"id": row[0]}))[0]


async def in_force(connection: Connection, at: datetime | None = None) -> Shift | None:
    """The shift in force at this moment (aware), or now by the database's clock; None when nobody is on duty."""
    found = await _shifts(connection, f"{_HOLDS} ORDER BY s.id DESC LIMIT 1", {"at": at})
    return found[0] if found else None


async def history(connection: Connection, limit: int) -> list[Shift]:
    """What was set, the latest first."""
    return await _shifts(connection, "ORDER BY s.id DESC LIMIT %(limit)s", {"limit": limit})


async def ever_set(connection: Connection) -> bool:
    """Whether this centre keeps a duty list at all."""
    row = await (await connection.execute("SELECT EXISTS (SELECT FROM duty_shift)")).fetchone()
    return bool(row and row[0])


async def record_call(connection: Connection, message: int, users: Sequence[int]) -> None:
    """These were told, in the places that follow; the caller holds the message's row, and commits."""
    await connection.execute(_CALLED, {"message": message, "users": list(users)})


async def calls(connection: Connection, messages: Sequence[int]) -> list[Call]:
    """Who was told of these messages (numbers), in order."""
    async with connection.cursor(row_factory=class_row(Call)) as cursor:
        await cursor.execute(_CALLS, (list(messages),))
        return await cursor.fetchall()


async def _shifts(connection: Connection, which: str, values: dict[str, Any]) -> list[Shift]:
    async with connection.cursor(row_factory=class_row(Shift)) as cursor:
        await cursor.execute(f"{_SHIFT} {which}".encode(), values)
        return await cursor.fetchall()


_SET: Final = "INSERT INTO duty_shift (users, from_at, until_at, set_by) VALUES (%s, %s, %s, %s) RETURNING id"

_SHIFT: Final = """
SELECT s.id, s.users, s.from_at, s.until_at, u.email AS set_by, s.set_at
FROM duty_shift s LEFT JOIN users u ON u.id = s.set_by
"""

_HOLDS: Final = """
WHERE s.from_at <= coalesce(%(at)s, clock_timestamp())
AND (s.until_at IS NULL OR s.until_at > coalesce(%(at)s, clock_timestamp()))
"""

_CALLED: Final = """
INSERT INTO duty_call (message, place, user_id)
SELECT %(message)s, (SELECT count(*) FROM duty_call WHERE message = %(message)s) + who.place, who.id
FROM unnest(%(users)s::bigint[]) WITH ORDINALITY who (id, place)
"""

_CALLS: Final = """
SELECT c.message, c.place, c.user_id, u.email, c.called_at
FROM duty_call c JOIN users u ON u.id = c.user_id WHERE c.message = ANY(%s) ORDER BY c.message, c.place
"""
