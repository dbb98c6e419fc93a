"""How many requests run at once, who goes first, and how we slow down when Twilio says so.

Urgent goes before routine, and keeps a quarter of the connections. Told that we go too fast, all wait for as long as
Twilio asks, then half as many go at once, and one more with each round that goes well (AIMD, as TCP does).
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

LOOK_SECONDS: Final = 0.2
"""Who waits looks this often whether it may still start."""
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0
LONGEST_ASKED: Final = 300.0


class Pace:
    """The connections to one provider, shared by all jobs of this worker."""

    def __init__(self, connections: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._connections, self._kept, self._clock = connections, connections // 4, clock
        self._window = float(connections)
        self._busy: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {"urgent": deque(), "routine": deque()}
        self._pause, self._held_until = FIRST_PAUSE, float("-inf")

    @asynccontextmanager
    async def turn(self, lane: str, may_start: Callable[[], bool]) -> AsyncIterator[bool]:
        """A connection while inside, as soon as it is our turn; False, and none, once we may not start any more."""
        ours = await self._enter(lane, may_start)
        try:
            yield ours
        finally:
            if ours:
                self._busy[lane] -= 1
                self._wake_next()

    def slow_down(self, asked: float | None) -> None:
        """Hold all for as many seconds as were asked, or longer each time when none were; then fewer at once."""
        now = self._clock()
        if now >= self._held_until:  # the others that were under way say the same thing, not one thing more
            self._window = max(1.0, self._window / 2)
            self._held_until = now + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        if asked is not None:
            self._held_until = now + min(asked, LONGEST_ASKED)

    def went_well(self) -> None:
        """One more at once, after as many as now go at once went well."""
        self._pause = FIRST_PAUSE
        self._window = min(float(self._connections), self._window + 1 / self._window)

    async def _enter(self, lane: str, may_start: Callable[[], bool]) -> bool:
        while may_start():
            if self._room(lane):
                self._busy[lane] += 1
                return True
            await self._wait(lane)
        return False

    def _room(self, lane: str) -> bool:
        window = int(self._window)
        if self._clock() < self._held_until or self._busy.total() >= window:
            return False
        return lane == "urgent" or self._busy["routine"] < max(1, window - self._kept)

    async def _wait(self, lane: str) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[lane].append(turn)
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await turn
        except TimeoutError:
            pass
        finally:
            with suppress(ValueError):
                self._waiting[lane].remove(turn)

    def _wake_next(self) -> None:
        for lane in ("urgent", "routine"):
            if self._room(lane):
                while self._waiting[lane]:
                    turn = self._waiting[lane].popleft()
                    if not turn.done():
                        turn.set_result(None)
                        return
