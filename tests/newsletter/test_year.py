"""The promise of the clock: every local date has one recorded decision, never two editions, never a miss unsaid.

`ROELAND_TEST_YEAR_EXAMPLES` makes it longer.
"""

import os
import random
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, time, timedelta
from itertools import count

import hypothesis
import pytest
from hypothesis import strategies as st

from services.domain.newsletters import WEEKDAYS, Schedule
from services.runtime.postgres import DatabaseSettings, open_pool
from tests import stack
from tests.newsletter.year import Life, Wanted, schedules_to_come
from tests.store.world import add_user, connect

pytestmark = [pytest.mark.long, pytest.mark.stack]

EXAMPLES = int(os.environ.get("ROELAND_TEST_YEAR_EXAMPLES", "12"))
ACTS = (
    "clocks away", "clocks back", "stepped back", "killed", "pause", "resume", "skip", "unskip", "schedule",
)  # fmt: skip
BEGINNINGS = tuple(
    datetime.fromisoformat(day).replace(tzinfo=UTC)  # shortly before clocks change, a leap day, a row of holidays
    for day in ("2026-03-25", "2026-10-21", "2027-03-24", "2027-10-27", "2028-02-25", "2026-04-30", "2026-12-22")
)
YEAR_ENDS = datetime(2027, 12 if EXAMPLES > 100 else 4, 1, tzinfo=UTC)
NAMES = count()


@pytest.fixture
def lives(database_url: str, background: stack.Background) -> Iterator[Life]:
    """A life that is not begun, to be copied."""
    stacked = AsyncExitStack()

    async def opened() -> Life:
        settings = DatabaseSettings(database_url=database_url)
        pools = [await stacked.enter_async_context(open_pool(settings, size=2)) for _ in range(2)]
        connection = await connect(database_url)
        stacked.push_async_callback(connection.close)
        author = await add_user(connection, "author@ccvo.example", "author")
        return Life(connection, pools, author, "", BEGINNINGS[0], Wanted(schedules_to_come(Schedule(time=time(2)), 0)))

    yield background.run(opened())
    background.run(stacked.aclose())


def life(of: Life, begins: datetime, schedule: Schedule, *, quiet_weeks: bool = False) -> Life:
    slug = f"brief-{next(NAMES)}"
    return Life(of.connection, of.pools, of.author, slug, begins, Wanted(schedule), quiet_weeks=quiet_weeks)


def test_every_date_is_decided_once_whatever_happens(lives: Life, background: stack.Background) -> None:
    """Weeks around every change of the clock, with outages, kills, two clocks, steps back and changes of mind."""

    @hypothesis.settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
    @hypothesis.example(begins=BEGINNINGS[0], minutes=0, schedule=0, acts=[(1, "clocks away", 0), (60, "pause", 0)])
    @hypothesis.example(begins=BEGINNINGS[0], minutes=600, schedule=8, acts=[(1, "schedule", 9)])
    @hypothesis.given(
        begins=st.sampled_from(BEGINNINGS),
        minutes=st.integers(0, 24 * 60 - 1),
        schedule=st.integers(0, 250),
        acts=st.lists(st.tuples(st.integers(1, 70), st.sampled_from(ACTS), st.integers(0, 250)), max_size=14),
    )
    def lived(begins: datetime, minutes: int, schedule: int, acts: list[tuple[int, str, int]]) -> None:
        first = schedules_to_come(Schedule(time=time(2)), schedule)
        one = life(lives, begins + timedelta(minutes=minutes), first, quiet_weeks=schedule % 2 == 1)
        background.run(_lived(one, acts))

    lived()


def test_a_year_at_half_past_two(lives: Life, background: stack.Background) -> None:
    """02:30 comes twice on one of its nights and never on two others; and nothing much goes well."""
    chance = random.Random(1953)
    schedule = Schedule(time=time(2, 30), weekdays=WEEKDAYS, holidays="send", prepare_minutes=0)
    one = life(lives, datetime(2026, 3, 20, 12, tzinfo=UTC), schedule)
    acts = [
        (chance.randint(1, 16 * 24), chance.choice([act for act in ACTS if act != "schedule"]), chance.randint(0, 250))
        for _ in range(45)
    ]
    background.run(_lived(one, acts, until=YEAR_ENDS))
    assert len(one.known) >= 375


async def _lived(one: Life, acts: list[tuple[int, str, int]], until: datetime | None = None) -> None:
    await one.begin()
    for hours, act, number in acts:
        await one.until(one.true + timedelta(hours=hours))
        await one.act(act, number)
    one.behind, one.kills = timedelta(0), 0
    await one.act("clocks back", 0)
    await one.until(max(until or one.true, one.true + timedelta(days=3)))
    await one.check_the_whole()
