"""One alarm while a channel can send nothing until somebody mends something: a wrong password, a closed account.

However many workers notice it, and however often, it is one alarm; whoever finds the peer well again hushes it.
"""

import asyncio

from services.runtime.postgres import Pool, until_there
from services.store import alarms
from services.store.alarms import CANNOT_SEND, Alarm


class Bell:
    """The alarm of one channel, or of one of its providers.

    `ring` and `hush` return at once; PostgreSQL is told as soon as it answers.
    """

    def __init__(self, pool: Pool, subject: str, kind: str = CANNOT_SEND) -> None:
        self._pool, self._key = pool, (kind, subject)
        self._said: str | None = None
        self._known = False  # whether what stands in the table may be a former life's
        self._telling: asyncio.Task[None] | None = None

    def ring(self, why: str) -> None:
        """Nothing can be sent. `why`: a few words of ours, without address, host or password."""
        self._say(why)

    def hush(self) -> None:
        """It can again."""
        self._say(None)

    def _say(self, why: str | None) -> None:
        if self._known and why == self._said:
            return
        self._known, self._said = True, why
        if self._telling is not None:
            self._telling.cancel()
        self._telling = asyncio.create_task(until_there(self._tell, what="alarm"))

    async def _tell(self) -> None:
        async with self._pool.connection() as connection, connection.transaction():
            if self._said is None:
                await alarms.hush(connection, self._key)
            else:
                await alarms.ring(connection, Alarm(*self._key, {"why": self._said}))
