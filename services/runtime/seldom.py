"""An answer that costs much, and is asked for again and again: kept for twenty times as long as it took.

However many look, however often, it takes a twentieth of one core; small answers are as good as new.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")
RESTS: Final = 20.0
LEAST: Final = 1.0
"""Seconds that anything is kept."""


class Seldom(Generic[T]):
    """Keeps the last answer. One asks at a time; who comes meanwhile waits for the same answer."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, asyncio.Lock()
        self._kept: T | None = None
        self._until = float("-inf")
        self._of: object = None

    async def get(self, ask: Callable[[], Awaitable[T]], *, anew: bool = False, of: object = None) -> T:
        """What was answered lately, or else by `ask` now. `anew`: now in any case.

        `of`: a mark of what it is made of; an answer of something with another mark is none.
        """
        async with self._lock:
            began = self._clock()
            if anew or of != self._of or began >= self._until:
                self._kept, self._of = await ask(), of
                took = self._clock() - began
                self._until = began + took + max(LEAST, RESTS * took)
            return self._kept  # type: ignore[return-value]  # T may be None itself
