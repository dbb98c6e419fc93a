"""What the record knows of the services: no service calls another, but what they leave undone stands there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.runtime.postgres import Connection

CHANNELS: Final = ("mail", "sms", "newsfeed")
UNDONE_SECONDS: Final = 15
"""Work that lies for so long is not being done."""


@dataclass(frozen=True, slots=True)
class Undone:
    """Since when something lies, None for what is done at once: records for Kafka, commands for editorial, timers.

    `beats`: of each worker that did not end, its counter, by epoch, by channel. It moves once a second while it lives.
    """

    publishing: datetime | None
    commands: datetime | None
    timers: datetime | None
    beats: Mapping[str, Mapping[int, int]]


@dataclass(frozen=True, slots=True)
class Shown:
    """`alarms`: how many stand. `exercises`: the titles of those that go on. `away`: PostgreSQL did not answer."""

    alarms: int = 0
    exercises: Sequence[str] = ()
    away: bool = False


async def shown(connection: Connection) -> Shown:
    """What everybody must know on whatever page they are."""
    row = await (await connection.execute(_SHOWN)).fetchone()
    return Shown(int(row[0]), tuple(row[1])) if row else Shown()


async def undone(connection: Connection) -> Undone:
    """How it is now."""
    row: Sequence[Any] | None = await (await connection.execute(_UNDONE, {"seconds": UNDONE_SECONDS})).fetchone()
    rows = await (await connection.execute(_BEATS, (list(CHANNELS),))).fetchall()
    beats: dict[str, dict[int, int]] = {channel: {} for channel in CHANNELS}
    for service, epoch, beat in rows:
        beats[service][epoch] = beat
    assert row is not None  # noqa: S101 - it has no FROM
    return Undone(row[0], row[1], row[2], beats)


async def is_new(connection: Connection) -> bool:
    """Whether this centre has told nobody anything yet, and has nobody whom it could tell."""
    row = await (await connection.execute(_IS_NEW)).fetchone()
    return bool(row and row[0])


_UNDONE: Final = """
WITH late AS (SELECT clock_timestamp() - make_interval(secs => %(seconds)s) AS before)
SELECT
    (SELECT o.at FROM (SELECT (event->>'time')::timestamptz AS at FROM outbox ORDER BY id LIMIT 1) o, late
     WHERE o.at < late.before),
    (SELECT min(c.given_at) FROM command c, late WHERE c.answer IS NULL AND c.given_at < late.before),
    (SELECT min(t.due) FROM timer t, late WHERE t.fired_at IS NULL AND t.due < late.before)
"""

_SHOWN: Final = """
SELECT (SELECT count(*) FROM alarm WHERE cleared_at IS NULL),
    ARRAY(
        SELECT coalesce(nullif(title, ''), slug) FROM incident WHERE exercise AND closed_at IS NULL
        ORDER BY slug LIMIT 3
    )
"""

_BEATS: Final = "SELECT service, epoch, beat FROM worker WHERE ended_at IS NULL AND service = ANY(%s) ORDER BY epoch"

_IS_NEW: Final = "SELECT NOT EXISTS (SELECT FROM contact) AND NOT EXISTS (SELECT FROM message)"
