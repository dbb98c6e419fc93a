"""Callbacks on their way into the ledger: those that come within a moment are one transaction.

Each is answered only once it is committed. The few of a quiet time are recorded at once. A flood (a blast to
thousands) is kept first and merged beside that, so that a batch is counted once for all that was said of it meanwhile.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

import structlog

from services.runtime.postgres import AWAY
from services.runtime.service import Service
from services.store import callbacks
from services.store.ledger import Result

BETWEEN_SECONDS: Final = 0.1
FLOOD: Final = 20
"""So many of one message in a round, and they are kept first."""
MERGE_SECONDS: Final = 1.0
"""How often is looked for what is kept; a merge also rests for as long as it took, so that callers get their turn."""
POSTGRES_SECONDS: Final = 2.0
"""Waited for a connection; then the provider is asked to call again."""

_Waiting = tuple[Result, asyncio.Future[bool]]

log = structlog.get_logger(__name__)


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
        """Record what comes and merge what is kept, for as long as it runs."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._record_all())
            group.create_task(self._merge_all())

    async def _record_all(self) -> None:
        while True:
            await self._came.wait()
            self._came.clear()
            waiting, self._waiting = self._waiting, {}
            next_at = time.monotonic() + BETWEEN_SECONDS  # in a flood recording takes that long, and nobody waits more
            for message, reports in waiting.items():
                await self._record(message, reports)
            await asyncio.sleep(max(0.0, next_at - time.monotonic()))

    async def _record(self, message: int, reports: Sequence[_Waiting]) -> None:
        results = [result for result, _ in reports]
        try:
            async with (
                self._service.pool.connection(timeout=POSTGRES_SECONDS) as connection,
                connection.transaction(),
            ):
                if len(results) >= FLOOD:
                    known = await callbacks.keep(connection, message, results)
                else:
                    known = await callbacks.record(connection, message, results, source=self._service.source)
        except Exception as problem:  # whoever asked is told, and the next ones are recorded all the same
            for _, recorded in reports:
                if not recorded.done():
                    recorded.set_exception(problem)
            return
        for result, recorded in reports:
            if not recorded.done():
                recorded.set_result(result.sequence in known)

    async def _merge_all(self) -> None:
        while True:
            began = time.monotonic()
            merged = await self._merge()
            took = time.monotonic() - began
            await asyncio.sleep(took if merged else MERGE_SECONDS)

    async def _merge(self) -> int:
        try:
            async with self._service.pool.connection() as connection, connection.transaction():
                return await callbacks.merge(connection, source=self._service.source)
        except (*AWAY, TimeoutError):
            return 0
        except Exception:  # what is kept is tried again, and those who call are answered all the same
            log.exception("callbacks_not_merged")
            return 0
