"""The calendar of newsletters: each local date has one moment, and says why when nothing goes out on it."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import hypothesis
import pytest
from hypothesis import strategies as st

from services.domain.newsletters import WEEKDAYS, Schedule
from services.domain.schedules import coming, day_of, first_date, holiday, moment

BRUSSELS = ZoneInfo("Europe/Brussels")
DAILY = Schedule(time=time(17), weekdays=WEEKDAYS)


@pytest.mark.parametrize(
    ("at", "day", "utc"),
    [
        ("02:30", "2026-03-29", "2026-03-29T01:00"),  # never: right after the gap, at 3 on the wall
        ("02:30", "2027-03-28", "2027-03-28T01:00"),
        ("02:30", "2026-10-25", "2026-10-25T00:30"),  # twice: the first time
        ("02:30", "2027-10-31", "2027-10-31T00:30"),
        ("02:00", "2026-10-25", "2026-10-25T00:00"),
        ("03:00", "2026-03-29", "2026-03-29T01:00"),
        ("03:00", "2026-10-25", "2026-10-25T02:00"),
        ("17:00", "2028-02-29", "2028-02-29T16:00"),  # leap day
        ("00:00", "2026-03-29", "2026-03-28T23:00"),
        ("23:59", "2026-10-25", "2026-10-25T22:59"),
    ],
)
def test_the_wall_decides_also_when_its_clock_is_changed(at: str, day: str, utc: str) -> None:
    """As Debian's cron(8) does: nobody gets two mails, or none, on those nights."""
    assert f"{moment(time.fromisoformat(at), date.fromisoformat(day), BRUSSELS):%Y-%m-%dT%H:%M}" == utc


@hypothesis.given(
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    day=st.dates(date(2020, 1, 1), date(2040, 12, 31)),
    zone=st.sampled_from(["Europe/Brussels", "America/St_Johns", "Australia/Lord_Howe", "Africa/Cairo", "UTC"]),
)
def test_every_date_has_one_moment_and_they_follow_each_other(at: time, day: date, zone: str) -> None:
    """Also where midnight itself is skipped (Cairo), and where clocks change by half an hour (Lord Howe)."""
    local = ZoneInfo(zone)
    found, following = moment(at, day, local), moment(at, day + timedelta(days=1), local)
    assert timedelta(hours=22) <= following - found <= timedelta(hours=26)
    there = found.astimezone(local)
    assert there.date() == day and (there.time() == at or there.time() > at), "the hour, or right after the gap"


def test_holidays_are_those_of_belgian_law() -> None:
    """The ten of the law and the two Sundays of feast; none of one community, of civil servants or of banks."""
    found = {day.date for day in coming(DAILY, date(2026, 1, 1), BRUSSELS, 365) if day.no == "holiday"}
    assert sorted(f"{day:%m-%d}" for day in found) == [
        "01-01", "04-05", "04-06", "05-01", "05-14", "05-24", "05-25", "07-21", "08-15", "11-01", "11-11", "12-25",
    ]  # fmt: skip
    assert holiday(date(2026, 4, 6)) == "Paasmaandag"
    assert not holiday(date(2026, 7, 11)), "the day of the Flemish Community: `newsletter skip`"


def test_a_date_says_why_nothing_goes_out() -> None:
    """`schedule` shows it, and `history` keeps it."""
    working = Schedule(time=time(17))
    assert day_of(working, date(2026, 11, 28), BRUSSELS).no == "not-a-weekday"
    assert day_of(working, date(2026, 11, 11), BRUSSELS).no == "holiday"
    sent = day_of(working.model_copy(update={"holidays": "send"}), date(2026, 11, 11), BRUSSELS)
    assert sent.no is None and sent.holiday == "Wapenstilstand"


def test_a_new_one_begins_with_the_first_hour_that_is_to_come() -> None:
    """At 17:05 today's was not missed: there was no newsletter. At 16:55 it still goes out."""
    five = datetime(2026, 11, 26, 16, 0, tzinfo=UTC)
    assert first_date(DAILY, five + timedelta(minutes=5), BRUSSELS) == date(2026, 11, 27)
    assert first_date(DAILY, five, BRUSSELS) == date(2026, 11, 27)
    assert first_date(DAILY, five - timedelta(minutes=5), BRUSSELS) == date(2026, 11, 26)


def test_it_is_late_after_a_minute_and_too_late_after_what_is_set() -> None:
    """The edges of what readers are told."""
    day = day_of(DAILY, date(2026, 11, 26), BRUSSELS)
    assert not day.late(day.moment + timedelta(minutes=1)) and day.late(day.moment + timedelta(minutes=1, seconds=1))
    assert (day.too_late - day.moment, day.moment - day.prepared) == (timedelta(hours=3), timedelta(minutes=30))
