"""What the dates to come will be, as things are now: the rule that decides a date, without deciding it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from services.domain import schedules
from services.domain.schedules import Day
from services.newsletter import rule
from services.runtime.postgres import Connection
from services.store import editions
from services.store.newsletters import NewsletterRow

Plan = Literal["goes-out", "not-a-weekday", "holiday", "paused", "skipped", "too-late"]


@dataclass(frozen=True, slots=True)
class Coming:
    """A date to come: whether it goes out, and why not."""

    day: Day
    plan: Plan
    reason: str


async def next_date(connection: Connection, newsletter: NewsletterRow) -> date:
    """The first date that is not decided yet."""
    last = await editions.last_date(connection, newsletter.id)
    return newsletter.begins if last is None else max(newsletter.begins, last + timedelta(days=1))


async def next_day(connection: Connection, newsletter: NewsletterRow, zone: ZoneInfo) -> Day:
    """That date, as the schedule has it now."""
    return schedules.day_of(newsletter.definition.schedule, await next_date(connection, newsletter), zone)


async def coming(
    connection: Connection, newsletter: NewsletterRow, zone: ZoneInfo, now: datetime, days: int
) -> Sequence[Coming]:
    """The first date that is not decided yet, and those that follow it."""
    first = await next_date(connection, newsletter)
    skipped = await editions.skipped(connection, newsletter.id, first)
    found = schedules.coming(newsletter.definition.schedule, first, zone, days)
    return [_coming(newsletter, day, skipped.get(day.date), now) for day in found]


async def on(connection: Connection, newsletter: NewsletterRow, day: date, zone: ZoneInfo, now: datetime) -> Coming:
    """What this date will be, which is not decided yet."""
    skipped = await editions.skipped(connection, newsletter.id, day)
    found = schedules.day_of(newsletter.definition.schedule, day, zone)
    return _coming(newsletter, found, skipped.get(day), now)


def _coming(newsletter: NewsletterRow, day: Day, skipped: editions.SkippedDate | None, now: datetime) -> Coming:
    no, reason = rule.why_not(newsletter, day, skipped, now)
    return Coming(day, no or "goes-out", reason)
