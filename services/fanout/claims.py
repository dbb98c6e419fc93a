"""Taking claims, and knowing which are in hand.

When the connection breaks at the COMMIT of a claim, the claim may have happened all the same. Nobody would ever carry
it out: its epoch lives. So what the ledger says that we hold and we know nothing of is given back, a look at a time.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import structlog

from services.domain.batches import BatchRef
from services.fanout.carrier import give_back
from services.fanout.life import Life
from services.fanout.settling import PoolShare
from services.runtime.postgres import AWAY, Connection, Pool
from services.store import ledger, recovery
from services.store.ledger import Claim

Take = Callable[..., Awaitable[Claim | None]]

log = structlog.get_logger(__name__)


class Claims:
    """What this worker holds."""

    def __init__(self, pool: Pool, source: str, life: Life) -> None:
        self._pool, self._source, self._life = pool, source, life
        self._taking: list[asyncio.Lock] = []
        self._in_hand: Counter[tuple[int, BatchRef]] = Counter()  # one batch may be let go and taken at once

    def taker(self, share: PoolShare, take: Take) -> Callable[[], Awaitable[Claim | None]]:
        """A way to take claims, one at a time; it gives None when there is nothing, or nothing may be started."""
        taking = asyncio.Lock()
        self._taking.append(taking)

        async def next_claim() -> Claim | None:
            async with taking:
                epoch = self._life.epoch
                if not self._life.fit(epoch):
                    return None
                try:
                    async with share() as connection:
                        claim = await take(connection, epoch=epoch)
                except AWAY:
                    return None
                if claim is not None:
                    self._in_hand[claim.epoch, claim.ref] += 1
                return claim

        return next_claim

    def done(self, claim: Claim) -> None:
        """Its settlement has committed."""
        self._in_hand -= Counter([(claim.epoch, claim.ref)])

    async def run(self, seconds: float) -> None:
        """Tidy this often, for as long as it runs."""
        while True:
            await asyncio.sleep(seconds)
            with suppress(*AWAY, TimeoutError):
                await self.tidy()

    async def tidy(self) -> None:
        """Give back what we hold by the ledger and do not know of. Raises what PostgreSQL raises, and TimeoutError."""
        if not await self._unknown():
            return
        async with AsyncExitStack() as quiet:
            async with asyncio.timeout(1):  # a claim that hangs must not hold up those of another lane
                for taking in self._taking:
                    await quiet.enter_async_context(taking)
            for ref in sorted(await self._unknown()):
                await self._give_back(ref)

    async def _unknown(self) -> set[BatchRef]:
        epoch = self._life.epoch
        async with self._pool.connection() as connection:
            held = await recovery.held_by(connection, epoch)
        return {ref for ref in held if (epoch, ref) not in self._in_hand}

    async def _give_back(self, ref: BatchRef) -> None:
        async with self._pool.connection() as connection, connection.transaction():
            batch = await recovery.hold(connection, self._life.epoch, ref)
            if batch is not None and batch.held:
                results = [give_back(delivery) for delivery in batch.claim.deliveries]
                await ledger.settle(connection, batch.claim, results, finished=True, source=self._source)
                log.warning("claim_given_back", batch=str(ref), deliveries=len(results))


def share_of(pool: Pool, seats: int) -> PoolShare:
    """Connections for one lane, at most so many at once, so that no lane takes them all from another.

    In autocommit: a claim and a settlement are one statement each, and so one question.
    """
    free = asyncio.Semaphore(seats)

    @asynccontextmanager
    async def share() -> AsyncIterator[Connection]:
        async with free, pool.connection() as connection:
            await connection.set_autocommit(True)
            yield connection

    return share
