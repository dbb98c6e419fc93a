"""Newsletters and editions for tests: made as the clock makes them, whenever a test says so."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from services.domain.configuration import DEFAULT
from services.domain.content import Text
from services.domain.newsletters import Newsletter, Schedule
from services.domain.schedules import Day
from services.newsletter import defining
from services.newsletter.compose import compose
from services.newsletter.decide import decide
from services.runtime.postgres import Connection, connect
from services.store import messages, newsletters
from services.store.editions import EditionRow, find
from services.store.newsletters import NewsletterRow
from tests.editorial.rooms import AUTHOR, Rooms

ZONE = ZoneInfo("Europe/Brussels")
TODAY = datetime.now(UTC).date()


def definition(**fields: Any) -> Newsletter:
    """A newsletter for governors and BCM leads, in Dutch, each day at 17:00."""
    plain: dict[str, Any] = {
        "slug": f"n-{uuid4().hex[:8]}",
        "title": (Text(text="Dagelijks overzicht", language="nl"),),
        "audiences": ("governors", "bcm-leads"),
        "schedule": Schedule(time=time(17), weekdays=("mon", "tue", "wed", "thu", "fri", "sat", "sun")),
    }
    return Newsletter(**plain | fields)


async def added(connection: Connection, *, by: int = AUTHOR, **fields: Any) -> NewsletterRow:
    """Such a newsletter, in the database."""
    async with connection.transaction():
        now = await messages.database_time(connection)
        made = await defining.define(connection, definition(**fields), DEFAULT, zone=ZONE, by=by, now=now)
        return made.newsletter


async def made(
    connection: Connection, newsletter: NewsletterRow, day: date = TODAY, *, due: timedelta = timedelta(0)
) -> EditionRow:
    """The edition of this date, decided now: it goes out so long from now, or so long ago."""
    now = await messages.database_time(connection)
    moment = now + due
    when = Day(day, moment, now, moment + timedelta(minutes=newsletter.definition.schedule.late_minutes))
    async with connection.transaction():
        row = await newsletters.by_id(connection, newsletter.id, lock="wait")
        assert row is not None
        await decide(connection, row, when, now, compose=compose, source="/test")
    found = await find(connection, newsletter.id, day)
    assert found is not None
    return found


class Letters:
    """A newsletter in rooms that run, over the incidents of one test."""

    def __init__(self, desk: Rooms, newsletter: NewsletterRow) -> None:
        self.desk, self.newsletter = desk, newsletter

    async def edition(self, day: date = TODAY, **how: Any) -> EditionRow:
        """Make an edition, and wait until editorial took it up and proofed it."""
        async with connect(self.desk.database, autocommit=True) as connection:
            row = await made(connection, self.newsletter, day, **how)
        if row.message_id:
            await self.desk.until("SELECT count(*) FROM message WHERE id = %s AND state <> 'submitted'", row.message_id)
        return row


async def letters(desk: Rooms, incident: str, **fields: Any) -> Letters:
    """A newsletter that collects this incident alone, so that tests do not see each other."""
    async with connect(desk.database, autocommit=True) as connection:
        return Letters(desk, await added(connection, **{"incidents": (incident,)} | fields))
