"""How many requests run at once, who goes first, and how we slow down when Twilio says so.

Urgent goes before routine, and keeps a quarter of the connections. Told that we go too fast, all wait for as long as
the provider asks; then one goes alone, and only when it was taken do half as many as before go at once, and one more
with each round that goes well (AIMD, as TCP does). So a storm of 429s costs what was under way, and one request per
wait. Where it asks for no time, the first wait is short and each that follows three times as long: a 429 now and then,
among many that are taken, costs a moment, and not a second for everybody.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Final

LOOK_SECONDS: Final = 0.2
"""This often, who waits is asked whether it may still start."""
FIRST_PAUSE: Final = 0.1
LONGER: Final = 3
LONGEST_PAUSE: Final = 30.0
LONGEST_ASKED: Final = 300.0

_Waiting = tuple[asyncio.Future[bool], Callable[[], bool]]


class Pace:
    """The connections to one provider, shared by all jobs of this worker."""

    def __init__(self, connections: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._connections, self._kept, self._clock = connections, connections // 4, clock
        self._window = float(connections)
        self._busy: Counter[str] = Counter()
        self._waiting: dict[str, deque[_Waiting]] = {"urgent": deque(), "routine": deque()}
        self._pause, self._held_until, self._held_since = FIRST_PAUSE, float("-inf"), float("-inf")
        self._alone = False
        self._look: asyncio.TimerHandle | None = None

    @property
    def held(self) -> float:
        """Seconds until any may go again; 0 when some may now."""
        return max(0.0, self._held_until - self._clock())

    async def enter(self, lane: str, may_start: Callable[[], bool]) -> bool:
        """Take a connection as soon as it is our turn; False, and none, once we may not start any more."""
        if not may_start():
            return False
        if not self._room(lane):
            return await self._in_turn(lane, may_start)
        self._busy[lane] += 1
        return True

    def leave(self, lane: str) -> None:
        """Give the connection back."""
        self._busy[lane] -= 1
        self._let_in()

    def slow_down(self, asked: float | None, began: float | None = None) -> float | None:
        """Hold all for as many seconds as were asked, or longer each time when none were.

        `began`: when the request left, by the same clock; one from before the last wait says what that one was for.
        Returns the seconds if that is news; None when others that were under way have said the same thing.
        """
        seconds = self._pause if asked is None else min(asked, LONGEST_ASKED)
        if not self.held and not self._before_wait(began):
            self._pause = min(LONGER * self._pause, LONGEST_PAUSE)
            self._window = max(1.0, self._window / 2)
        elif asked is None or seconds <= self.held + LOOK_SECONDS:
            return None
        self.hold(seconds)
        return seconds

    def hold(self, seconds: float) -> None:
        """Let nobody go for so long, and then one alone."""
        self._held_since = self._clock()
        self._held_until, self._alone = max(self._held_until, self._held_since + seconds), True
        self._look_in(min(seconds, LOOK_SECONDS))

    def went_well(self, began: float | None = None) -> None:
        """One more at once, after as many as now go at once went well."""
        if self._window >= self._connections and not self._alone:
            return
        if self._clock() < self._held_until or self._before_wait(began):  # that says nothing of now
            return
        self._pause = FIRST_PAUSE
        if self._alone:
            self._alone = False
        else:
            self._window = min(float(self._connections), self._window + 1 / self._window)
        self._let_in()

    def _before_wait(self, began: float | None) -> bool:
        return began is not None and began <= self._held_since

    def _room(self, lane: str) -> bool:
        window = 1 if self._alone else int(self._window)
        if self._busy.total() >= window or self._clock() < self._held_until:
            return False
        if lane == "urgent":
            return True
        return not self._waiting["urgent"] and self._busy["routine"] < max(1, window - self._kept)

    async def _in_turn(self, lane: str, may_start: Callable[[], bool]) -> bool:
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[lane].append((turn, may_start))
        self._look_in(LOOK_SECONDS)
        try:
            ours = await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():  # given and cut off in the same moment
                self.leave(lane)
            raise
        if ours and not may_start():
            self.leave(lane)
            return False
        return ours

    def _let_in(self) -> None:
        for lane, waiting in self._waiting.items():  # urgent first
            while waiting and self._room(lane):
                turn, _ = waiting.popleft()
                if not turn.done():
                    self._busy[lane] += 1
                    turn.set_result(True)

    def _look_in(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if self._look is None or self._look.when() > loop.time() + seconds:
            if self._look is not None:
                self._look.cancel()
            self._look = loop.call_later(seconds, self._look_again)

    def _look_again(self) -> None:
        """Send away who may not start any more; let in who may go now that a wait is over."""
        self._look = None
        for lane, waiting in self._waiting.items():
            kept: deque[_Waiting] = deque()
            for turn, may_start in waiting:
                if not turn.done():
                    if may_start():
                        kept.append((turn, may_start))
                    else:
                        turn.set_result(False)
            self._waiting[lane] = kept
        self._let_in()
        if any(self._waiting.values()):
            self._look_in(min(self.held, LOOK_SECONDS) or LOOK_SECONDS)
