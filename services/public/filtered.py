"""Tells of SMS that carriers filtered: a callback notes the message, and every so often one alarm counts them all."""

import asyncio
from typing import Final

from services.runtime.postgres import Pool, until_there
from services.store import filtered

EVERY_SECONDS: Final = 2.0


class Filtered:
    """Messages of which a callback said so."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._noted: set[int] = set()
        self._came = asyncio.Event()

    def note(self, message: int) -> None:
        """One of this message's SMS was filtered."""
        self._noted.add(message)
        self._came.set()

    async def run(self) -> None:
        """Ring for as long as it runs."""
        while True:
            await self._came.wait()
            self._came.clear()
            await until_there(self._ring, what="alarm")
            await asyncio.sleep(EVERY_SECONDS)

    async def _ring(self) -> None:
        for message in sorted(self._noted):
            async with self._pool.connection() as connection, connection.transaction():
                await filtered.ring(connection, message)
            self._noted.discard(message)
