"""When a newsletter goes out: for every local date the moment, and why it is not one on which it goes out.

The wall clock's rules are cronsim's, which are those of Debian's cron: a time that comes twice counts the first time,
one that is skipped counts once, right after the gap. So every date has exactly one moment, in any zone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim

from services.domain.newsletters import WEEKDAYS, Schedule

LATE_AFTER: Final = timedelta(minutes=1)
"""An edition made within this of its moment is on time: nobody's clock is held to less."""

No = Literal["not-a-weekday", "holiday"]


@dataclass(frozen=True, slots=True)
class Day:
    """A local date: its moment, when the edition is made, until when it still goes out, and why it is none.

    All three are in UTC. `holiday`: the name of a holiday that it is, whatever the schedule says of holidays.
    """

    date: date
    moment: datetime
    prepared: datetime
    too_late: datetime
    no: No | None = None
    holiday: str = ""

    def late(self, now: datetime) -> bool:
        """Whether what is made now is late; up to `too_late` it still goes out."""
        return now > self.moment + LATE_AFTER


def day_of(schedule: Schedule, day: date, zone: ZoneInfo) -> Day:
    """What the schedule says of this local date."""
    at = moment(schedule.time, day, zone)
    name = holiday(day)
    return Day(
        date=day,
        moment=at,
        prepared=at - timedelta(minutes=schedule.prepare_minutes),
        too_late=at + timedelta(minutes=schedule.late_minutes),
        no=_no(schedule, day, name),
        holiday=name,
    )


def moment(at: time, day: date, zone: ZoneInfo) -> datetime:
    """When the clock on the wall shows this time on this date, in UTC."""
    noon_before = datetime.combine(day - timedelta(days=1), time(12), zone)
    found = next(each for each in CronSim(f"{at.minute} {at.hour} * * *", noon_before) if each.date() >= day)
    return found.astimezone(UTC)


def coming(schedule: Schedule, first: date, zone: ZoneInfo, days: int) -> list[Day]:
    """This date and those that follow it."""
    return [day_of(schedule, first + timedelta(days=n), zone) for n in range(days)]


def first_date(schedule: Schedule, now: datetime, zone: ZoneInfo) -> date:
    """The first local date whose moment is still to come: a newsletter made after today's begins tomorrow."""
    today = now.astimezone(zone).date()
    days: Iterator[date] = (today + timedelta(days=n) for n in range(-1, 3))
    return next(day for day in days if moment(schedule.time, day, zone) > now)


def holiday(day: date) -> str:
    """The name, in Dutch, of the Belgian public holiday that it is; empty when it is none."""
    return _holidays(day.year).get(day, "")


@cache
def _holidays(year: int) -> dict[date, str]:
    from holidays import country_holidays

    return {day: str(name) for day, name in country_holidays("BE", years=year, language="nl").items()}


def _no(schedule: Schedule, day: date, name: str) -> No | None:
    if WEEKDAYS[day.weekday()] not in schedule.weekdays:
        return "not-a-weekday"
    return "holiday" if name and schedule.holidays == "skip" else None
