"""What every page says above its content: that an exercise runs, that something is wrong. Looked at apart, so that no
page asks PostgreSQL for it.
"""

import asyncio
from typing import Final

from services.runtime.postgres import AWAY, Pool
from services.store.health import Shown, shown

LOOK_SECONDS: Final = 10.0


class Strip:
    """`now`: what was found last."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.now = Shown()

    async def run(self) -> None:
        """Look for as long as it runs."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Once."""
        try:
            async with asyncio.timeout(5), self._pool.connection(timeout=2) as connection:
                self.now = await shown(connection)
        except (*AWAY, TimeoutError):
            self.now = Shown(away=True)
