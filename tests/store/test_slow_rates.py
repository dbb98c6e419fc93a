"""A rate limit of less than one in ten minutes is one all the same."""

from datetime import timedelta

import pytest

from services.store import rate_limits
from tests.store.world import connect

pytestmark = pytest.mark.stack

SPAN = timedelta(minutes=20)
"""What one slot takes at 1/1200 per second."""


async def test_a_slot_of_twenty_minutes_is_given_out_once(database_url: str) -> None:
    """What was reserved lies far ahead; that is no clock that was put back, and the limit must not vanish."""
    async with await connect(database_url) as connection:
        first = await rate_limits.reserve(connection, "slow", span=SPAN)
        assert first is not None
        assert first < timedelta(seconds=5)
        assert [await rate_limits.reserve(connection, "slow", span=SPAN) for _ in range(3)] == [None] * 3


async def test_a_clock_that_was_put_back_by_hours_holds_nobody_up(database_url: str) -> None:
    """So far ahead nobody reserves: the bucket begins anew."""
    async with await connect(database_url) as connection:
        await rate_limits.reserve(connection, "slow", span=SPAN)
        await connection.execute("UPDATE sms_sender SET next_at = next_at + interval '2 hours'")
        again = await rate_limits.reserve(connection, "slow", span=SPAN)
        assert again is not None
        assert again < timedelta(seconds=5)
