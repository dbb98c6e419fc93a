"""Sending, claiming the next and settling the last go on side by side, bounded, and no lane waits for another."""

from contextlib import asynccontextmanager

import pytest

from tests.fanout.test_crash import CROWD, World, world
from tests.store.world import connect, counted, release, submit

__all__ = ["world"]
pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(400)]


@asynccontextmanager
async def stuck(here: World, url: str, *batches: int):
    """While inside, these batches are claimed and cannot be settled: the test holds their rows."""
    await here.until(lambda: _in_hand(here, 2))
    async with await connect(url) as connection, connection.transaction():
        await connection.execute("SELECT FROM batch WHERE number = ANY(%s) FOR UPDATE", (list(batches),))
        yield


async def test_the_next_batches_are_sent_while_one_is_being_settled(world, database_url):
    """A slow database must not idle the relay."""
    world.relay.seconds = 0.03
    with world.worker():
        async with stuck(world, database_url, 1):
            await world.until(lambda: len(world.relay.answered) == CROWD)
            assert await world.row("SELECT epoch IS NOT NULL FROM batch WHERE number = 1")
        await world.until(world.done)


async def test_no_more_is_claimed_than_may_be_in_hand(world, database_url):
    """What cannot be recorded does not pile up: memory is bounded by the setting."""
    world.relay.seconds = 0.03
    with world.worker():
        async with stuck(world, database_url, 1, 2):
            await world.until(lambda: len(world.relay.answered) == 400)
            beat = await world.row("SELECT max(beat) FROM worker")
            await world.until(lambda: _beyond(world, beat + 8))  # it would have looked for work by then
            assert len(world.relay.got) == 400
        await world.until(world.done)


async def test_an_urgent_message_goes_out_while_nothing_routine_can_be_settled(world, database_url):
    """Routine settlements that hang must not take the connections that urgent needs."""
    world.relay.seconds = 0.01
    await world.connection.execute("UPDATE batch SET lane = 'routine'")
    few = {"ROELAND_CLAIMS_PER_LANE": "3", "ROELAND_DATABASE_POOL": "3", "ROELAND_SETTLE_SECONDS": "0.2"}
    with world.worker(env=few):
        await world.until(lambda: len(world.relay.got) > 5)
        lock = await connect(database_url)
        await lock.execute("BEGIN")
        await lock.execute("SELECT FROM batch WHERE lane = 'routine' FOR UPDATE")
        await world.until(lambda: len(world.relay.answered) == CROWD)
        urgent = await submit(world.connection, world.message.submitted_by)
        await release(world.connection, urgent, world.message.submitted_by)
        await world.until(lambda: _all_accepted(world, urgent.number))
        assert await counted(world.connection, world.message.number) != {"accepted": CROWD}
        await lock.execute("ROLLBACK")
        await lock.close()
        await world.until(world.done)


async def test_settlements_that_hang_on_every_lane_blind_no_worker_to_stops(world, database_url):
    """With the smallest pool there is. It goes on beating too, else a peer would send again what it has in hand."""
    world.relay.seconds = 0.03
    await world.connection.execute("UPDATE batch SET lane = 'routine' WHERE number = 3")
    with world.worker(env={"ROELAND_DATABASE_POOL": "2", "ROELAND_SETTLE_SECONDS": "0.2"}):
        await world.until(lambda: _in_hand(world, 3))
        async with await connect(database_url) as lock, lock.transaction():
            await lock.execute("SELECT FROM batch FOR UPDATE")
            await world.until(lambda: len(world.relay.answered) == CROWD, seconds=20)
            beat = await world.row("SELECT max(beat) FROM worker")
            await world.until(lambda: _beyond(world, beat + 8), seconds=10)
        await world.until(world.done)


async def _in_hand(here: World, number: int) -> bool:
    return bool(await here.row("SELECT count(*) FROM batch WHERE epoch IS NOT NULL") == number)


async def _beyond(here: World, beat: int) -> bool:
    return bool(await here.row("SELECT max(beat) FROM worker") > beat)


async def _all_accepted(here: World, message: int) -> bool:
    return await counted(here.connection, message) == {"accepted": CROWD}
