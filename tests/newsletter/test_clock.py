"""What the clock does in single hard moments; `test_year` has all of them mixed."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from services.domain.newsletters import WEEKDAYS, Schedule
from services.newsletter.clock import strike, wind
from services.runtime.postgres import DatabaseSettings, open_pool
from services.store import alarms, editions, newsletters
from tests import stack
from tests.newsletter.year import Life, Wanted
from tests.store.world import add_user, connect

pytestmark = pytest.mark.stack

FIVE = Schedule(time=time(17), weekdays=WEEKDAYS, holidays="send")
NOON = datetime(2026, 11, 26, 11, tzinfo=UTC)
MADE_AT = datetime(2026, 11, 26, 15, 30, tzinfo=UTC)


@pytest.fixture
def life(database_url: str, background: stack.Background) -> Iterator[Life]:
    """A newsletter at 17:00 every day, at noon."""
    opened = AsyncExitStack()

    async def begin() -> Life:
        settings = DatabaseSettings(database_url=database_url)
        pools = [await opened.enter_async_context(open_pool(settings, size=2)) for _ in range(2)]
        connection = await connect(database_url)
        opened.push_async_callback(connection.close)
        author = await add_user(connection, "author@ccvo.example", "author")
        one = Life(connection, pools, author, "brief", NOON, Wanted(FIVE))
        await one.begin()
        return one

    yield background.run(begin())
    background.run(opened.aclose())


def test_an_edition_is_made_half_an_hour_before_it_goes_out(life: Life, background: stack.Background) -> None:
    """Somebody can look at it, and it leaves on the minute."""

    async def lived() -> None:
        await life.until(MADE_AT - timedelta(seconds=1))
        assert await decided(life) == []
        await life.until(MADE_AT)
        assert await decided(life) == [("2026-11-26", "made", False)]

    background.run(lived())


def test_three_days_away_are_said_and_the_fourth_goes_out_late(life: Life, background: stack.Background) -> None:
    """Nobody gets four mails at once; whoever is on duty hears of three that nobody got."""

    async def lived() -> None:
        await life.act("clocks away", 0)
        await life.until(datetime(2026, 11, 29, 17, 30, tzinfo=UTC))
        await life.act("clocks back", 0)
        assert await decided(life) == [
            ("2026-11-26", "too-late", False), ("2026-11-27", "too-late", False), ("2026-11-28", "too-late", False),
            ("2026-11-29", "made", True),
        ]  # fmt: skip
        assert len(await editions.missed_untold(life.connection, life.id)) == 3

    background.run(lived())


def test_the_board_shows_a_missed_edition_until_its_news_went_out(life: Life, background: stack.Background) -> None:
    """An alarm that stands is somebody's work; one that outlives its reason is noise."""

    async def lived() -> None:
        await life.act("clocks away", 0)
        await life.until(datetime(2026, 11, 26, 20, tzinfo=UTC))
        await life.act("clocks back", 0)
        assert [each.kind for each in await alarms.rung(life.connection)] == ["edition-missed"]
        await life.until(datetime(2026, 11, 27, 16, tzinfo=UTC))
        assert await alarms.rung(life.connection) == []

    background.run(lived())


def test_an_edition_that_cannot_be_made_holds_up_no_other_and_rings(life: Life, background: stack.Background) -> None:
    """One newsletter with a fault in it must not silence all of them; and its miss is said in the end."""

    async def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    async def lived() -> None:
        life.compose = broken  # type: ignore[method-assign, assignment]
        life.true = MADE_AT
        await strike(life.clocks()[0])
        assert [each.kind for each in await alarms.rung(life.connection)] == ["edition-fails"]
        assert await decided(life) == []
        life.true = datetime(2026, 11, 26, 19, 1, tzinfo=UTC)
        await strike(life.clocks()[0])
        assert await decided(life) == [("2026-11-26", "too-late", False)]
        assert [each.kind for each in await alarms.rung(life.connection)] == ["edition-missed"]

    background.run(lived())


def test_a_newsletter_that_somebody_is_changing_is_looked_at_again(life: Life, background: stack.Background) -> None:
    """A terminal that hangs in the middle of a change stops neither this clock nor the other newsletters."""

    async def lived() -> None:
        life.true = MADE_AT
        async with life.connection.transaction():
            await newsletters.by_id(life.connection, life.id, lock="wait")
            await asyncio.wait_for(strike(life.clocks()[0]), 5)
        assert await decided(life) == []
        life.true += timedelta(seconds=2)
        await life.tick()
        assert await decided(life) == [("2026-11-26", "made", False)]

    background.run(lived())


def test_a_timer_that_is_lost_is_set_again(life: Life, background: stack.Background) -> None:
    """After a restore, or another time zone."""

    async def lived() -> None:
        await life.connection.execute("DELETE FROM timer")
        await wind(life.clocks()[0])
        await life.until(MADE_AT)
        assert await decided(life) == [("2026-11-26", "made", False)]

    background.run(lived())


def test_a_date_has_one_row_whoever_writes_it(life: Life, background: stack.Background) -> None:
    """The last fence: the table itself."""

    async def lived() -> None:
        await life.until(MADE_AT)
        row = await editions.find(life.connection, life.id, date(2026, 11, 26))
        assert row
        again = editions.Decided(life.id, row.date, "paused", row.due, row.decided_at)
        with pytest.raises(Exception, match="edition_pkey"):
            await editions.record(life.connection, again)

    background.run(lived())


async def decided(life: Life) -> list[tuple[str, str, bool]]:
    rows = await editions.history(life.connection, life.id, 100)
    return [(row.date.isoformat(), row.decision, row.late) for row in reversed(rows)]
