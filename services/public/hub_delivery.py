"""Sending subscribers what changed (WebSub §7): each change once, whichever copy of `public` sends it.

What a subscriber is sent is the feed as it is when it is called, so changes that come fast, or while it could not be
reached, are one call. A call is claimed in PostgreSQL, made outside of any transaction, and settled. Calls are made
side by side; who was not reached yet, or was slow or failed the last time, comes after the others, and has half of the
places at most.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import structlog
from prometheus_client import Gauge

from services.public.hub_call import Calls
from services.public.hub_http import CALLS
from services.public.hub_retries import BETWEEN_CHANGES
from services.runtime.repeat import every, when_woken
from services.store import websub
from services.store.websub import Subscription

ROUND_SECONDS: Final = 1.0
SWEEP_SECONDS: Final = 60.0

LAST_SECONDS: Final = 2.0
"""Told to stop, calls that are being made may take so long; what is left is given back."""

SLOW_CALLS: Final = CALLS // 2

SUBSCRIPTIONS: Final = Gauge("roeland_websub_subscriptions", "Subscriptions, by whether they fail", ["state"])

log = structlog.get_logger(__name__)


class Deliveries:
    """Runs in each copy of `public`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._woken = asyncio.Event()
        self._told: dict[str, str] = {}
        self._running: dict[asyncio.Task[None], Subscription] = {}

    def wake(self) -> None:
        """Feeds changed, or a subscription did: look now. What nobody told of is seen within `ROUND_SECONDS`."""
        self._woken.set()

    async def run(self) -> None:
        """Until it is cancelled; then the calls that are being made are finished or given back."""
        loops = {
            asyncio.create_task(when_woken(self._woken, ROUND_SECONDS, self._round, what="websub")),
            asyncio.create_task(every(SWEEP_SECONDS, self._sweep, what="websub")),
        }
        try:
            ended, _ = await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
            for loop in ended:
                loop.result()
        finally:
            await _ended(loops)
            await self._stop()

    async def _round(self) -> None:
        async with self._calls.pool.connection() as connection:
            topics = await websub.topics(connection)
        await self._tell(topics)
        if topics:
            await self._start(CALLS - len(self._running), slow=False)
            slow = sum(each.slow for each in self._running.values())
            await self._start(min(CALLS - len(self._running), SLOW_CALLS - slow), slow=True)

    async def _tell(self, topics: Sequence[str]) -> None:
        """Have subscribers called of what this copy has built, and has not told of before."""
        for topic in topics:
            version = self._calls.shelf.version(topic)
            if version is not None and self._told.get(topic) != version.etag:
                async with self._calls.pool.connection() as connection:
                    await websub.changed(connection, topic, version.etag, version.modified, BETWEEN_CHANGES)
                self._told[topic] = version.etag

    async def _start(self, limit: int, *, slow: bool) -> None:
        if limit <= 0:
            return
        async with self._calls.pool.connection() as connection:
            claimed = await websub.claim(connection, limit, slow=slow)
        for each in claimed:
            task = asyncio.create_task(self._calls.make(each))
            self._running[task] = each
            task.add_done_callback(self._called)

    def _called(self, task: "asyncio.Task[None]") -> None:
        """There is room for another. A call that broke is made again once its claim is over."""
        del self._running[task]
        if not task.cancelled() and (problem := task.exception()):
            log.error("unforeseen", exc_info=problem)
        self.wake()

    async def _sweep(self) -> None:
        async with self._calls.pool.connection() as connection:
            expired = await websub.expire(connection)
            all_of_them, failing = await websub.count(connection)
        for subscription in expired:
            log.info("websub_ended", subscription=subscription, why="lease over")
        SUBSCRIPTIONS.labels("failing").set(failing)
        SUBSCRIPTIONS.labels("well").set(all_of_them - failing)

    async def _stop(self) -> None:
        if not self._running:
            return
        _, unfinished = await asyncio.wait(set(self._running), timeout=LAST_SECONDS)
        left = [self._running[task] for task in unfinished]
        await _ended(unfinished)
        with suppress(TimeoutError):  # PostgreSQL is away: they are called again once their claims are over
            async with asyncio.timeout(LAST_SECONDS):
                await asyncio.gather(*(self._calls.put_off(each) for each in left))


async def _ended(tasks: set["asyncio.Task[None]"]) -> None:
    """Cancel until they are: psycopg's pool forgets a cancellation that comes with the connection it awaits."""
    while tasks:
        for task in tasks:
            task.cancel()
        _, tasks = await asyncio.wait(tasks, timeout=0.2)
