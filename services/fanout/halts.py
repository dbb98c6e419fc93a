"""Which of the messages in hand may not be sent any more: paused, stopped, put right, expired.

Read several times a second, and at once when PostgreSQL says that something was halted. A worker that cannot read it
for a second starts nothing more: not knowing counts as stopped.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from services.runtime.postgres import AWAY, DatabaseSettings, Pool, listen
from services.store import messages

READ_SECONDS: Final = 0.25


class Halts:
    """The halted among the messages in hand."""

    def __init__(self, pool: Pool, halt_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool, self._halt_seconds, self._clock = pool, halt_seconds, clock
        self._in_hand: Counter[int] = Counter()
        self._halted: set[int] = set()
        self._read_at = float("-inf")
        self._woken = asyncio.Event()

    @property
    def known(self) -> bool:
        """Whether it was read lately."""
        return self._clock() - self._read_at < self._halt_seconds

    def allows(self, message: int) -> bool:
        """Whether something of this message may be handed over now."""
        return message not in self._halted and self.known

    @contextmanager
    def watching(self, message: int) -> Iterator[None]:
        """Keep an eye on this message while inside."""
        self._in_hand[message] += 1
        self._woken.set()
        try:
            yield
        finally:
            self._in_hand[message] -= 1
            if not self._in_hand[message]:
                del self._in_hand[message]

    async def read(self) -> None:
        """Read once. Raises what PostgreSQL raises."""
        asked = self._clock()
        async with self._pool.connection(timeout=self._halt_seconds) as connection:
            self._halted = await messages.not_sendable(connection, list(self._in_hand))
        self._read_at = asked

    async def run(self, database: DatabaseSettings) -> None:
        """Read for as long as it runs."""
        async with asyncio.TaskGroup() as group:
            group.create_task(listen(database.url(), messages.HALT_CHANNEL, self._woken.set))
            group.create_task(self._read_often())

    async def _read_often(self) -> None:
        while True:
            self._woken.clear()
            try:
                await self.read()
            except AWAY:
                await asyncio.sleep(READ_SECONDS)
            try:
                async with asyncio.timeout(READ_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                pass
