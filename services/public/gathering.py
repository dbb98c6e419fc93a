"""Callbacks on their way into the ledger: those that come within a moment are one transaction.

Each is answered only once it is committed. The first of a quiet time is recorded at once; in a flood (a blast to
thousands) a batch is counted ten times a second and not once for every phone.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from services.domain.sms_failures import OPTED_OUT
from services.runtime.service import Service
from services.store import ledger, opt_outs
from services.store.ledger import Result

BETWEEN_SECONDS: Final = 0.1
POSTGRES_SECONDS: Final = 2.0
"""Waited for a connection; then the provider is asked to call again."""

_Waiting = tuple[Result, asyncio.Future[bool]]


class Gathering:
    """Reports that wait to be recorded, by message number."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._waiting: dict[int, list[_Waiting]] = {}
        self._came = asyncio.Event()

    async def report(self, message: int, result: Result) -> bool:
        """Record it; False when there is no such delivery. Raises what PostgreSQL raises."""
        recorded: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(message, []).append((result, recorded))
        self._came.set()
        return await recorded

    async def run(self) -> None:
        """Record what comes, for as long as it runs."""
        while True:
            await self._came.wait()
            self._came.clear()
            waiting, self._waiting = self._waiting, {}
            next_at = time.monotonic() + BETWEEN_SECONDS  # in a flood recording takes that long, and nobody waits more
            for message, reports in waiting.items():
                await self._record(message, reports)
            await asyncio.sleep(max(0.0, next_at - time.monotonic()))

    async def _record(self, message: int, reports: Sequence[_Waiting]) -> None:
        try:
            pool, results = self._service.pool, [result for result, _ in reports]
            async with pool.connection(timeout=POSTGRES_SECONDS) as connection, connection.transaction():
                known = await ledger.report(connection, message, results, source=self._service.source)
                if gone := [each.sequence for each in results if each.reason == OPTED_OUT and each.sequence in known]:
                    await opt_outs.add_of(connection, message, gone)
        except Exception as problem:  # whoever asked is told, and the next ones are recorded all the same
            for _, recorded in reports:
                if not recorded.done():
                    recorded.set_exception(problem)
            return
        for result, recorded in reports:
            if not recorded.done():
                recorded.set_result(result.sequence in known)
