"""The loop that carries out batches: claim, send, settle, and nothing in between that is not in the ledger.

Several batches are in hand at once, so that sending one, claiming the next and settling the last overlap.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import structlog

from services.domain.variants import Variant
from services.fanout.carrier import Carrier, Job
from services.fanout.halts import Halts
from services.fanout.intake import Road, roads, take_in
from services.fanout.life import Life
from services.fanout.settings import WorkerSettings
from services.fanout.settling import settling
from services.runtime.dead_letters import bury_in
from services.runtime.postgres import AWAY, until_there
from services.runtime.service import Service, until
from services.store import ledger
from services.store import variants as stored
from services.store.ledger import Claim

LOOK_SECONDS: Final = 1.0
"""A worker looks for work this often without a hint, so that a lost hint costs no more than this."""
REMEMBERED: Final = 8
"""Messages whose variants a worker keeps in memory."""

log = structlog.get_logger(__name__)


async def run_worker(service: Service, carrier: Carrier) -> None:
    """Carry out batches of the carrier's channel until the service is told to stop; then finish or give back."""
    await Worker(service, carrier, WorkerSettings()).run()


class Worker:
    """One worker of one channel."""

    def __init__(self, service: Service, carrier: Carrier, settings: WorkerSettings) -> None:
        self._service, self._carrier, self._settings = service, carrier, settings
        self._life = Life(service.pool, service.name, settings)
        self._halts = Halts(service.pool, settings.halt_seconds)
        self._variants: dict[int, dict[int, Variant]] = {}

    async def run(self) -> None:
        """Beat, watch, take in and carry out until told to stop."""
        await until_there(self._life.beat, what="epoch")
        watching = asyncio.create_task(self._watch())
        ways = roads(self._carrier.channel)
        bury = bury_in(self._service.pool, self._service.source)
        reading = [asyncio.create_task(take_in(self._service, road, bury)) for road in ways]
        working = [
            *(self._work(road) for road in ways for _ in range(self._settings.claims_per_lane)),
            self._take_over(),
        ]
        try:
            async with asyncio.TaskGroup() as group:
                for work in working:
                    group.create_task(work)
                group.create_task(self._until_broken([watching, *reading]))
        finally:
            for task in (watching, *reading):
                task.cancel()
            await asyncio.wait({watching, *reading}, timeout=1)
            await self._life.end()

    async def _watch(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._life.run())
            group.create_task(self._halts.run(self._service.database))

    async def _until_broken(self, tasks: list[asyncio.Task[None]]) -> None:
        """Until told to stop, or one of these ends, which none does by itself: then its error is the worker's."""
        stop = asyncio.create_task(self._service.stopping.wait())
        try:
            await asyncio.wait({stop, *tasks}, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            stop.cancel()

    async def _work(self, road: Road) -> None:
        while not self._service.stopping.is_set():
            road.woken.clear()
            claim = await self._next(partial(ledger.claim, channel=self._carrier.channel, lanes=road.lanes))
            if claim is None:
                await self._pause(road.woken)
            else:
                road.woken.set()  # where one batch was, there may be more: for the others on this road
                await self._carry(claim)

    async def _take_over(self) -> None:
        """Carry on what dead workers of this channel held, a batch at a time."""
        while not self._service.stopping.is_set():
            claim = await self._next(partial(ledger.inherit, channel=self._carrier.channel))
            if claim is None:
                await self._pause(asyncio.Event())
            else:
                log.warning("taken_over", batch=str(claim.ref), in_doubt=len(claim.deliveries))
                await self._carry(claim)

    async def _next(self, take: Callable[..., Awaitable[Claim | None]]) -> Claim | None:
        """Claim once the peer can be expected to answer and we are fit; None when there is nothing, or we stop."""
        await until(self._service.stopping, self._carrier.available())
        epoch = self._life.epoch
        if self._service.stopping.is_set() or not self._life.fit(epoch):
            return None
        try:
            async with self._service.pool.connection() as connection, connection.transaction():
                return await take(connection, epoch=epoch)
        except AWAY:
            return None

    async def _carry(self, claim: Claim) -> None:
        message = claim.ref.message
        seconds = self._settings.settle_seconds
        with self._halts.watching(message):
            async with settling(self._service, claim, seconds) as results:
                variants = await self._read_variants(message)
                await self._carrier.carry_out(Job(claim, variants, partial(self._may_start, claim), results.add))

    def _may_start(self, claim: Claim) -> bool:
        return (
            not self._service.stopping.is_set()
            and self._life.fit(claim.epoch)
            and self._halts.allows(claim.ref.message)
        )

    async def _read_variants(self, message: int) -> dict[int, Variant]:
        async def read() -> dict[int, Variant]:
            async with self._service.pool.connection() as connection:
                return await stored.read(connection, message)

        if message not in self._variants:
            while len(self._variants) >= REMEMBERED:
                del self._variants[next(iter(self._variants))]
            self._variants[message] = await until_there(read, what="variants")
        return self._variants[message]

    async def _pause(self, woken: asyncio.Event) -> None:
        """Until woken, told to stop, or it is time to look."""
        tasks = {asyncio.ensure_future(woken.wait()), asyncio.ensure_future(self._service.stopping.wait())}
        try:
            await asyncio.wait(tasks, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
