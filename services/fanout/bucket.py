"""No faster than a peer allows: slots in time, reserved for all workers together in PostgreSQL.

A limit has a name: a sender of SMS, a relay's host and port. Without a limit (0 per second) it costs nothing.

Slots are reserved a quarter of a second ahead, so that a message that is stopped wastes few of them, and routine only
reserves what begins at once, so that it never puts a queue before urgent.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from services.runtime.postgres import AWAY, Pool
from services.store import rate_limits

AHEAD_SECONDS: Final = 0.25
LOOK_SECONDS: Final = 0.2
STALE_SECONDS: Final = 1.0
"""A slot that nobody used is gone: kept, they would add up to a burst."""


class Bucket:
    """The slots under one name. `per_second` may be a fraction; 0 is no limit."""

    def __init__(self, pool: Pool, name: str, per_second: float) -> None:
        self._pool, self._name, self._per_second = pool, name, per_second
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

    async def hold(self, seconds: float) -> None:
        """Have every worker wait so long: the peer said that we go too fast. Slots that were given out are given up.

        While PostgreSQL is away only this worker knows of it.
        """
        for slots in self._slots.values():
            slots.clear()
        try:
            async with self._pool.connection(timeout=1) as connection, connection.transaction():
                await rate_limits.hold(connection, self._name, span=timedelta(seconds=seconds), slot=self._slot()[1])
        except AWAY:
            pass

    async def held(self) -> float:
        """Seconds for which some worker was told to wait. With a limit slots tell that themselves, and this says 0."""
        if self._per_second:
            return 0.0
        try:
            async with self._pool.connection(timeout=1) as connection:
                return (await rate_limits.held(connection, self._name)).total_seconds()
        except AWAY:
            return 0.0

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
        count, span = self._slot()
        within = None if lane == "urgent" else timedelta(seconds=AHEAD_SECONDS)
        async with self._pool.connection(timeout=1) as connection, connection.transaction():
            wait = await rate_limits.reserve(connection, self._name, span=span, within=within)
        if wait is None:
            return []
        begin = time.monotonic() + wait.total_seconds()
        return [begin + number / self._per_second for number in range(count)]

    def _slot(self) -> tuple[int, timedelta]:
        """How many are reserved at once, and for how long that is."""
        if not self._per_second:
            return 0, timedelta(0)
        count = max(1, int(self._per_second * AHEAD_SECONDS))
        return count, timedelta(seconds=count / self._per_second)
