"""After an outage of PostgreSQL a service is back about when the server is, however long it was away."""

import asyncio
import contextlib
import time

import pytest

from services.runtime.postgres import AWAY, DatabaseSettings, open_pool
from tests import stack
from tests.faults.proxy import proxy_to

pytestmark = [pytest.mark.stack, pytest.mark.long]

AWAY_SECONDS = 20
"""Doubling its waits from one second on, a pool tries after about 1, 3, 7, 15 and then 31 seconds."""


async def test_a_pool_is_back_soon_after_the_server(background: stack.Background, database_url: str) -> None:
    """A worker that is back half a minute later than its peer is taken for dead by it, and what it holds is doubted."""
    with proxy_to(background, database_url) as proxy:
        async with open_pool(DatabaseSettings(database_url=proxy.url)) as pool:
            await _ask(pool)
            proxy.close()
            gone = time.monotonic()
            while time.monotonic() < gone + AWAY_SECONDS:  # as a worker that beats
                with contextlib.suppress(*AWAY):
                    await _ask(pool)
                await asyncio.sleep(0.5)
            proxy.open()
            back = time.monotonic()
            while True:
                with contextlib.suppress(*AWAY):
                    await _ask(pool)
                    break
            assert time.monotonic() - back < 6


async def _ask(pool) -> None:
    async with pool.connection(timeout=0.5) as connection:
        await connection.execute("SELECT 1")
