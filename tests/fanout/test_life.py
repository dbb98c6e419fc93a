"""Epochs, not clocks, fence: when a peer is given up, and when a worker itself stops starting things."""

import asyncio

import pytest

from services.fanout.life import Life, Seen, silent, watch
from services.fanout.settings import WorkerSettings
from services.runtime.postgres import DatabaseSettings, open_pool
from services.store import workers


def test_a_peer_whose_counter_moves_is_never_silent():
    """However slow it is."""
    peers = watch({}, {1: 10}, 0.0, gap=False)
    peers = watch(peers, {1: 11}, 14.0, gap=False)
    assert silent(peers, 28.0, 15.0) == []
    assert silent(peers, 29.0, 15.0) == [(1, 11)]


def test_a_gap_in_our_own_reading_starts_the_count_again():
    """PostgreSQL was away for a minute: nobody could beat, and nobody takes over from the living."""
    peers = {1: Seen(10, 0.0)}
    assert silent(watch(peers, {1: 10}, 60.0, gap=True), 60.0, 15.0) == []
    assert silent(watch(peers, {1: 10}, 60.0, gap=False), 60.0, 15.0) == [(1, 10)]


@pytest.mark.stack
async def test_a_worker_that_was_ended_begins_a_new_epoch_and_starts_nothing_under_the_old(database_url):
    """It was stalled, and woke: its claims belong to somebody else now."""
    clock = [0.0]
    async with open_pool(DatabaseSettings(database_url=database_url)) as pool:
        life = Life(pool, "mail", WorkerSettings(), clock=lambda: clock[0])
        assert not life.fit(life.epoch)
        await life.beat()
        first = life.epoch
        assert life.fit(first)
        clock[0] = 10.0
        assert not life.fit(first)
        async with pool.connection() as connection:
            assert await workers.end(connection, first)
        await life.beat()
        assert life.epoch != first
        assert life.fit(life.epoch)
        assert not life.fit(first)


@pytest.mark.stack
async def test_a_silent_peer_is_ended_after_the_lease_and_a_living_one_is_not(database_url):
    """Nothing claimed by the dead waits longer than the lease."""
    settings = WorkerSettings(beat_seconds=0.05, fit_seconds=0.4, lease_seconds=0.5)
    async with open_pool(DatabaseSettings(database_url=database_url)) as pool:
        async with pool.connection() as connection:
            dead = await workers.begin(connection, "mail")
        one, other = Life(pool, "mail", settings), Life(pool, "mail", settings)
        running = [asyncio.create_task(life.run()) for life in (one, other)]
        try:
            async with asyncio.timeout(5):
                while True:
                    async with pool.connection() as connection:
                        living = await workers.beats(connection, "mail")
                    if dead not in living and len(living) == 2:
                        break
                    await asyncio.sleep(0.05)
            assert set(living) == {one.epoch, other.epoch}
        finally:
            for task in running:
                task.cancel()


@pytest.mark.stack
async def test_a_peer_that_stalls_while_it_ends_a_silent_one_stops_nobody_else(database_url):
    """It holds that one's row. Whoever waited for it could not beat: one that stalls would halt the whole channel."""
    settings = WorkerSettings(beat_seconds=0.05, fit_seconds=0.5, lease_seconds=0.6)
    async with open_pool(DatabaseSettings(database_url=database_url)) as pool:
        async with pool.connection() as connection:
            dead = await workers.begin(connection, "mail")
        life = Life(pool, "mail", settings)
        async with pool.connection() as stalled:
            assert await workers.end(stalled, dead)
            running = asyncio.create_task(life.run())
            await asyncio.sleep(1.5)
            assert life.fit(life.epoch)
        running.cancel()
