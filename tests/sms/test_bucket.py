"""The bucket's row: one for all workers, by the database's clock."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from services.runtime.postgres import Connection
from services.store.rate_limits import reserve
from tests.store.world import connect

pytestmark = pytest.mark.stack

SPAN, SOON = timedelta(seconds=2), timedelta(seconds=0.25)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    """In autocommit."""
    async with await connect(database_url) as connection:
        yield connection


async def test_reservations_follow_each_other(connection: Connection) -> None:
    """Whoever asks gets the time after all that was given out, and nothing of another sender's."""
    sender = uuid4().hex
    waits = [await reserve(connection, sender, span=SPAN) for _ in range(3)]
    assert [round(wait / SPAN, 1) for wait in waits if wait is not None] == pytest.approx([0, 1, 2], abs=0.2)
    assert await reserve(connection, uuid4().hex, span=SPAN) == timedelta(0)


async def test_routine_reserves_nothing_behind_a_queue(connection: Connection) -> None:
    """So that however many workers send routine, urgent never waits behind more than what begins at once."""
    sender = uuid4().hex
    assert await reserve(connection, sender, span=SPAN, within=SOON) == timedelta(0)
    assert await reserve(connection, sender, span=SPAN, within=SOON) is None
    urgent = await reserve(connection, sender, span=SPAN)
    assert urgent is not None and urgent <= SPAN


async def test_a_clock_put_back_does_not_stop_the_sender(connection: Connection) -> None:
    """An hour's reservation is nobody's: the database's clock was wrong before."""
    sender = uuid4().hex
    await reserve(connection, sender, span=timedelta(hours=1))
    assert await reserve(connection, sender, span=SPAN, within=SOON) == timedelta(0)
