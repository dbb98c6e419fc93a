"""No faster than the sender may: slots in time, reserved for all workers together in PostgreSQL.

Slots are reserved a quarter of a second ahead, so that a message that is stopped wastes few of them, and routine
only reserves what begins at once, so that it never puts a queue before urgent.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from services.runtime.postgres import AWAY, Pool
from services.store.sms_senders import reserve

AHEAD_SECONDS: Final = 0.25
LOOK_SECONDS: Final = 0.2
STALE_SECONDS: Final = 1.0
"""A slot that nobody used is gone: kept, they would add up to a burst."""


class Bucket:
    """The slots of one sender. `per_second` may be a fraction; 0 is no limit."""

    def __init__(self, pool: Pool, sender: str, per_second: float) -> None:
        self._pool, self._sender, self._per_second = pool, sender, per_second
        self._turns = {"urgent": asyncio.Lock(), "routine": asyncio.Lock()}
        self._slots: dict[str, deque[float]] = {"urgent": deque(), "routine": deque()}

    async def slot(self, lane: str, may_start: Callable[[], bool]) -> bool:
        """Wait for a slot; False once we may not start any more."""
        if not self._per_second:
            return may_start()
        async with self._turns[lane]:  # first come, first served
            while may_start():
                left = await self._left(lane)
                if left <= 0:
                    self._slots[lane].popleft()
                    return True
                await asyncio.sleep(min(left, LOOK_SECONDS))
        return False

    async def _left(self, lane: str) -> float:
        """Seconds until our next slot, or until it is worth looking again."""
        slots = self._slots[lane]
        while slots and time.monotonic() - slots[0] > STALE_SECONDS:
            slots.popleft()
        if not slots:
            try:
                slots.extend(await self._reserve(lane))
            except AWAY:
                return LOOK_SECONDS
        return slots[0] - time.monotonic() if slots else LOOK_SECONDS / 4

    async def _reserve(self, lane: str) -> list[float]:
        count = max(1, int(self._per_second * AHEAD_SECONDS))
        span = timedelta(seconds=count / self._per_second)
        within = None if lane == "urgent" else timedelta(seconds=AHEAD_SECONDS)
        async with self._pool.connection(timeout=1) as connection, connection.transaction():
            wait = await reserve(connection, self._sender, span=span, within=within)
        if wait is None:
            return []
        begin = time.monotonic() + wait.total_seconds()
        return [begin + number / self._per_second for number in range(count)]
