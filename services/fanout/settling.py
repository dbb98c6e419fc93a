"""Results on their way into the ledger: in groups, in order, through outages of PostgreSQL.

A result that was read from a peer is kept in memory until it is recorded, and is in the journal at once. If the process
dies before it is recorded, whoever replays the journal records it; without a journal the whole claim is in doubt.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

from services.domain.states import State
from services.fanout.carrier import give_back
from services.fanout.journal import Page
from services.fanout.retry import retry_after
from services.runtime.health import DELIVERIES
from services.runtime.postgres import Connection, until_there
from services.runtime.service import Service
from services.store import ledger
from services.store.ledger import Claim, Delivery, Result

PoolShare = Callable[[], AbstractAsyncContextManager[Connection]]
"""Where a lane gets its connections to PostgreSQL."""


@asynccontextmanager
async def settling(
    service: Service, claim: Claim, page: Page, share: PoolShare, seconds: float
) -> AsyncIterator["Settling"]:
    """Record the results of a claim every so many seconds while inside; at the end the rest, and let the batch go."""
    results = Settling(service, claim, page, share, seconds)
    recording = asyncio.create_task(results.run())
    try:
        yield results
    finally:
        await asyncio.shield(results.finish(recording))


class Settling:
    """The results of one claim."""

    def __init__(self, service: Service, claim: Claim, page: Page, share: PoolShare, seconds: float) -> None:
        self._service, self._claim, self._page, self._share, self._seconds = service, claim, page, share, seconds
        self._waiting: list[Result] = []
        self._settled: set[int] = set()
        self._complete = asyncio.Event()

    @property
    def over(self) -> bool:
        """Whether the claim is put down: nothing of it may be begun any more."""
        return self._complete.is_set()

    def add(self, result: Result) -> None:
        """Take a result; it is recorded soon. The first about a delivery counts."""
        if result.sequence in self._settled:
            return
        self._page.answered(result)
        self._waiting.append(result)
        self._settled.add(result.sequence)

    async def run(self) -> None:
        """Record what comes, until the claim is complete."""
        while not self._complete.is_set():
            try:
                async with asyncio.timeout(self._seconds):
                    await self._complete.wait()
            except TimeoutError:
                if self._waiting:
                    await self._record(finished=False)

    async def finish(self, recording: asyncio.Task[None]) -> None:
        """Record the rest and let the batch go. What got no result is in doubt, if it may have been handed over."""
        self._complete.set()
        await recording
        for delivery in self._claim.deliveries:
            if delivery.sequence not in self._settled:
                self.add(give_back(delivery) if self._page.untouched(delivery) else in_doubt(delivery))
        await self._record(finished=True)
        self._page.clear()

    async def _record(self, *, finished: bool) -> None:
        results, self._waiting = self._waiting, []

        async def settle() -> None:
            async with self._share() as connection:
                await ledger.settle(
                    connection,
                    self._claim,
                    results,
                    finished=finished,
                    source=self._service.source,
                    retry_after=soonest(self._claim, results),
                )

        await until_there(settle, what="settle")
        for state, count in Counter(result.state.word for result in results).items():
            DELIVERIES.labels(self._claim.channel, state).inc(count)


def soonest(claim: Claim, results: Sequence[Result]) -> timedelta | None:
    """When the first of the deferred may be tried again; None when none is deferred. Doubts are cleared up first."""
    deferred = {result.sequence: result for result in results if result.state is State.DEFERRED}
    waits = [
        retry_after(delivery.tries, doubts=delivery.doubts + 1 if deferred[delivery.sequence].in_doubt else 0)
        for delivery in claim.deliveries
        if delivery.sequence in deferred
    ]
    return min(waits, default=None)


def in_doubt(delivery: Delivery) -> Result:
    """The result of a delivery that may have been handed over, without an answer."""
    return Result(
        delivery.sequence, delivery.attempt, State.DEFERRED, handed_over=True, in_doubt=True, reason="no-answer"
    )
