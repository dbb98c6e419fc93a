"""The clock: it is woken for a newsletter, looks at its first undecided date, and decides it once its time has come.

One transaction: the timer, the newsletter's row, the decision, what it publishes, and the timer of the next date. Which
date is next the record says, never a timer; so two clocks, a restart, a clock that is stepped back or days of absence
come to one decision for each date, in order.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from uuid_utils import uuid7

from services.newsletter import upcoming, waking
from services.newsletter.compose import compose
from services.newsletter.decide import Compose, decide
from services.runtime import timers
from services.runtime.postgres import AWAY, Connection, Pool
from services.runtime.records import unforeseen
from services.store import alarms, messages, newsletters
from services.store.alarms import EDITION_FAILS, Alarm
from services.store.newsletters import NewsletterRow

BUSY: Final = timedelta(seconds=1)
"""Somebody changes the newsletter just now: it is looked at again so much later."""
TRY_AGAIN: Final = timedelta(seconds=15)
"""After an edition could not be made. At last it is too late, which is a decision too."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Clock:
    """What the clock works with. `now`: None for the database's clock, the same for every copy of this service."""

    pool: Pool
    zone: ZoneInfo
    source: str
    compose: Compose = compose
    now: timers.Now | None = None

    async def time(self, connection: Connection) -> datetime:
        """This moment (aware)."""
        return self.now() if self.now else await messages.database_time(connection)


async def strike(clock: Clock) -> int:
    """Decide every date of every newsletter whose time has come; returns how many timers fired."""
    return await timers.fire_due(clock.pool, waking.KIND, partial(_look, clock=clock), now=clock.now)


async def wind(clock: Clock) -> None:
    """See that every newsletter has a timer for its next date, whatever became of it: another zone, or a restore."""
    async with clock.pool.connection() as connection:
        found = await newsletters.all_newsletters(connection)
    for each in found:
        async with clock.pool.connection() as connection:
            if newsletter := await newsletters.by_id(connection, each.id, lock="if-free"):
                await waking.wake(connection, newsletter, clock.zone)


async def _look(connection: Connection, subject: str, *, clock: Clock) -> None:
    newsletter = await newsletters.by_id(connection, int(subject), lock="if-free")
    if newsletter is None:
        await _again(connection, subject, clock, BUSY)
        return
    try:
        async with connection.transaction():
            await _look_at(connection, newsletter, clock)
    except AWAY:
        raise
    except Exception as problem:
        log.error("edition_failed", newsletter=newsletter.id, problem=unforeseen(problem))
        await alarms.ring(connection, Alarm(EDITION_FAILS, newsletter.incident, {"newsletter": newsletter.id}))
        await _again(connection, subject, clock, TRY_AGAIN)


async def _look_at(connection: Connection, newsletter: NewsletterRow, clock: Clock) -> None:
    now = await clock.time(connection)
    day = await upcoming.next_day(connection, newsletter, clock.zone)
    if day.prepared <= now:
        await decide(connection, newsletter, day, now, compose=clock.compose, source=clock.source)
    await waking.wake(connection, newsletter, clock.zone)


async def _again(connection: Connection, subject: str, clock: Clock, after: timedelta) -> None:
    due = await clock.time(connection) + after
    await timers.set_timer(connection, waking.KIND, subject, f"again/{uuid7()}", due)
