"""A simulated life of one newsletter on real PostgreSQL: time is ours, the record and the timers are not.

`Life` runs two clocks at once, lets people change their minds, takes the clocks away, kills one in the middle, steps
time back; and after everything that happens it holds the record against `Wanted`, which knows the rules in other words.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from services.domain.configuration import DEFAULT
from services.domain.content import Text
from services.domain.editions import EditionContent
from services.domain.newsletters import WEEKDAYS, Newsletter, Schedule
from services.newsletter import arrears, defining, keeping
from services.newsletter.clock import Clock, strike, wind
from services.runtime.postgres import Connection, Pool
from services.store import editions, newsletters
from services.store.newsletters import NewsletterRow

BRUSSELS = ZoneInfo("Europe/Brussels")
PUBLIC_HOLIDAYS = frozenset(  # as the Belgian law of 4 January 1974 and its royal decree have them
    date.fromisoformat(f"{year}-{day}")
    for year, days in {
        2026: "01-01 04-06 05-01 05-14 05-25 07-21 08-15 11-01 11-11 12-25",
        2027: "01-01 03-29 05-01 05-06 05-17 07-21 08-15 11-01 11-11 12-25",
        2028: "01-01 04-17 05-01 05-25 06-05 07-21 08-15 11-01 11-11 12-25",
    }.items()
    for day in days.split(" ")
)


class Killed(BaseException):
    """The process is gone in the middle of an edition: its transaction did not happen."""


@cache
def wall(at: time, day: date) -> datetime:
    """When a clock on a Belgian wall shows this time, in UTC; told without cron, by looking at it every minute."""
    first = datetime.combine(day, at, BRUSSELS).astimezone(UTC) - timedelta(hours=2)
    minutes = (first + timedelta(minutes=n) for n in range(5 * 60))
    return next(m for m in minutes if m.astimezone(BRUSSELS).replace(tzinfo=None) >= datetime.combine(day, at))


@dataclass
class Wanted:
    """What people want of the newsletter now, and what that makes of a date."""

    schedule: Schedule
    skipped: set[date] = field(default_factory=set)
    paused: tuple[datetime, datetime | None] | None = None

    def moment(self, day: date) -> datetime:
        return wall(self.schedule.time, day)

    def prepared(self, day: date) -> datetime:
        return self.moment(day) - timedelta(minutes=self.schedule.prepare_minutes)

    def comes_to(self, day: date, now: datetime) -> str:
        """The decision; `goes-out` when it is for the content to say."""
        gone = self.moment(day) + timedelta(minutes=self.schedule.late_minutes)
        if WEEKDAYS[day.weekday()] not in self.schedule.weekdays:
            return "not-a-weekday"
        if self.schedule.holidays == "skip" and (day in PUBLIC_HOLIDAYS or _a_sunday_of_feast(day)):
            return "holiday"
        if day in self.skipped:
            return "skipped"
        if self.paused:
            since, until = self.paused
            if since <= now and (until is None or self.moment(day) < until):
                return "paused"
        return "too-late" if now > gone else "goes-out"


def _a_sunday_of_feast(day: date) -> bool:
    """Easter and Whit Sunday: holidays of old, which fall on no working day."""
    return day.weekday() == 6 and day + timedelta(days=1) in PUBLIC_HOLIDAYS and day.month in (3, 4, 5)


@dataclass
class Life:
    """One newsletter from `now` on. `true` is the hour as it is; the clocks read `now()`, which may be behind."""

    connection: Connection
    pools: Sequence[Pool]
    author: int
    slug: str
    true: datetime
    wanted: Wanted
    behind: timedelta = timedelta(0)
    up: bool = True
    kills: int = 0
    quiet_weeks: bool = False
    known: dict[date, editions.EditionRow] = field(default_factory=dict)
    newsletter: NewsletterRow | None = None

    def now(self) -> datetime:
        return self.true - self.behind

    @property
    def id(self) -> int:
        assert self.newsletter
        return self.newsletter.id

    def clocks(self) -> list[Clock]:
        return [Clock(pool, BRUSSELS, "/roeland/newsletter", self.compose, self.now) for pool in self.pools]

    async def compose(
        self, connection: Connection, newsletter: NewsletterRow, day: date, *, due: datetime, late: bool
    ) -> EditionContent | None:
        if self.kills:
            self.kills -= 1
            raise Killed
        if self.quiet_weeks and day.isocalendar().week % 2:
            return None
        definition, number = newsletter.definition, await editions.next_number(connection, newsletter.id)
        return EditionContent(
            incident=newsletter.incident, newsletter=newsletter.id, date=day, number=number, late=late,
            title=definition.title, audiences=definition.audiences, composed_at=self.now(),
        )  # fmt: skip

    # what happens ---------------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        for table in ("timer", "outbox", "alarm", "edition_item", "edition", "skipped_date", "newsletter"):
            await self.connection.execute(f"DELETE FROM {table}".encode())
        definition = Newsletter(
            slug=self.slug, title=(Text(text="Nieuws", language="nl"),), audiences=("governors",),
            schedule=self.wanted.schedule,
        )  # fmt: skip
        async with self.connection.transaction():
            made = await defining.define(
                self.connection, definition, DEFAULT, now=self.now(), zone=BRUSSELS, by=self.author
            )
        self.newsletter = made.newsletter
        assert self.wanted.moment(made.newsletter.begins) > self.now(), "it does not begin with what was missed"
        assert self.wanted.moment(made.newsletter.begins - timedelta(days=1)) <= self.now(), "nor later than it can"
        await self.tick()

    async def until(self, end: datetime) -> None:
        """Time passes, from one due timer to the next."""
        while self.true < end:
            due = await self._next_due()
            self.true = min(end, max(self.true, due + self.behind)) if due and self.up else end
            await self.tick()
            if due and self.up and self.true < end and self.now() >= due:
                assert await self._next_due() != due, "a timer that is due fires"

    async def tick(self) -> None:
        """The clocks look, both at once; and the record is held against what was wanted."""
        if not self.up:
            return
        struck = await asyncio.gather(*(strike(each) for each in self.clocks()), return_exceptions=True)
        died = any(isinstance(each, Killed) for each in struck)
        if others := [each for each in struck if isinstance(each, Exception)]:
            raise others[0]
        await self.check(complete=not died)
        if died:
            await self.tick()  # it is started again

    async def act(self, what: str, number: int) -> None:
        """A person, or fate."""
        if what == "clocks away":
            self.up = False
        elif what == "clocks back":
            self.up = True
            await wind(self.clocks()[0])
        elif what == "stepped back":
            self.behind = timedelta(minutes=number * 37)
        elif what == "killed":
            self.kills = 1
        else:
            await self._by_a_person(what, number)
        await self.tick()

    async def _by_a_person(self, what: str, number: int) -> None:
        wanted, now = replace(self.wanted, skipped=set(self.wanted.skipped)), self.now()
        async with self.connection.transaction():
            row = await newsletters.by_id(self.connection, self.id, lock="wait")
            assert row
            await arrears.settle(self.connection, row, now, BRUSSELS)
            await self.check(complete=False)
            passed = self.wanted.moment(self._next()) <= now
            assert not passed or self.wanted.comes_to(self._next(), now) == "goes-out", "a change hides no miss"
            day = self._next() + timedelta(days=number % 5)
            if what == "pause":
                until = now + timedelta(days=number % 4) if number % 4 else None
                await keeping.pause(self.connection, row, now, until=until, reason="vakantie", by=self.author)
                wanted.paused = (row.paused_at if row.paused(now) and row.paused_at else now, until)
            elif what == "resume":
                if await keeping.resume(self.connection, row, now, by=self.author):
                    wanted.paused = None
            elif what == "skip":
                await keeping.skip(self.connection, row, day, now, reason="", by=self.author)
                wanted.skipped.add(day)
            elif what == "unskip":
                await keeping.unskip(self.connection, row, day, by=self.author)
                wanted.skipped.discard(day)
            else:
                wanted.schedule = schedules_to_come(wanted.schedule, number)
                await self._reschedule(row, wanted, now)
        self.wanted = wanted

    async def _reschedule(self, row: NewsletterRow, wanted: Wanted, now: datetime) -> None:
        before = self.wanted.moment(day := self._next())
        plain = row.definition.model_dump() | {"schedule": wanted.schedule}
        await defining.redefine(
            self.connection, row, Newsletter.model_validate(plain), now=now, zone=BRUSSELS, by=self.author
        )
        if before > now > wanted.moment(day) + timedelta(minutes=wanted.schedule.late_minutes):
            wanted.skipped.add(day)  # somebody meant it so: nothing of it was missed

    # what must hold -------------------------------------------------------------------------------------------------

    async def check(self, *, complete: bool) -> None:
        """`complete`: the clocks have just looked, so that nothing whose time has come may be left."""
        assert self.newsletter
        first = max(self.known, default=self.newsletter.begins)
        for row in await editions.since(self.connection, self.id, first):
            if row.date not in self.known:
                assert row.date == self._next(), "every date, in order, none left out"
                self._check_new(row)
                self.known[row.date] = row
        if complete:
            assert self.wanted.prepared(self._next()) > self.now(), "nothing whose time has come is left"

    async def check_the_whole(self) -> None:
        """What was ever decided stands as it was, and was said."""
        rows = await editions.history(self.connection, self.id, 5000)
        assert {row.date: row for row in rows} == self.known, "a date decided is decided"
        await self._check_said(rows)

    def _check_new(self, row: editions.EditionRow) -> None:
        now, moment = self.now(), self.wanted.moment(row.date)
        assert row.due == moment and row.decided_at == now >= self.wanted.prepared(row.date)
        decided = "goes-out" if row.decision in ("made", "nothing-new") else row.decision
        assert decided == self.wanted.comes_to(row.date, now)
        assert row.late == (row.decision == "made" and now > moment + timedelta(minutes=1))

    async def _check_said(self, rows: Sequence[editions.EditionRow]) -> None:
        made = sorted((row for row in rows if row.decision == "made"), key=lambda row: row.date)
        assert [row.number for row in made] == list(range(1, len(made) + 1)), "numbered in order, each once"
        query = "SELECT event->'data'->>'date', event->'data'->>'message_id' FROM outbox WHERE key = %s ORDER BY id"
        assert self.newsletter
        said = await (await self.connection.execute(query, (self.newsletter.incident,))).fetchall()
        assert said == [(row.date.isoformat(), str(row.message_id)) for row in made], "each made, said once"
        asked = await self._count("SELECT count(*) FROM timer WHERE kind = 'telling' AND subject = %s",
                                  f"editions-missed/{self.id}")  # fmt: skip
        missed = [row.date for row in rows if row.decision == "too-late"]
        assert asked == len(missed), "each missed edition is told of"
        assert await editions.missed_untold(self.connection, self.id) == sorted(missed)

    def _next(self) -> date:
        assert self.newsletter
        return max(self.known) + timedelta(days=1) if self.known else self.newsletter.begins

    async def _next_due(self) -> datetime | None:
        found = await self.connection.execute("SELECT min(due) FROM timer WHERE kind = 'edition' AND fired_at IS NULL")
        row: Any = await found.fetchone()
        return row[0] if row else None

    async def _count(self, query: str, *values: Any) -> int:
        row: Any = await (await self.connection.execute(query.encode(), values)).fetchone()
        return int(row[0])


def schedules_to_come(schedule: Schedule, number: int) -> Schedule:
    """Another schedule, by number: times at which clocks change among them."""
    times = (time(2, 30), time(17), time(2), time(3), time(0), time(23, 59), time(8, 15))
    weekdays = (WEEKDAYS, WEEKDAYS[:5], ("sun",), ("mon", "wed", "fri"))
    return Schedule(
        time=times[number % len(times)],
        weekdays=weekdays[number % len(weekdays)],
        holidays="send" if number % 3 else "skip",
        prepare_minutes=(30, 0, 200)[number % 3],
        late_minutes=(180, 10, 600)[number // 2 % 3],
    )
