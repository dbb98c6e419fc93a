"""How SMS are carried out: on as many lines as there are connections, each result told at once."""

import asyncio
import time
from collections.abc import Iterator
from typing import Final

from services.domain.lanes import Channel
from services.fanout.carrier import Job
from services.sms.errand import Errand, Route
from services.sms.opting_out import heeded, says_so
from services.store.ledger import Delivery, Result

HOLDS_SECONDS: Final = 0.25
"""While there is something to send, a worker reads this often whether another was told to slow down."""

REMEMBER_SECONDS: Final = 1.0
"""For so long a claim waits until its timers are set, when all has been sent before."""


class SmsCarrier:
    """Carries out claims of the channel `sms`."""

    channel: Channel = "sms"

    def __init__(self, route: Route) -> None:
        self._route = route
        self._looking_up = asyncio.Semaphore(max(2, route.connections // 4))
        self._read_at = float("-inf")

    async def available(self) -> None:
        """Return when a provider can be expected to answer."""
        await self._route.switch.available()

    async def carry_out(self, job: Job) -> None:
        """Send every SMS of the job on as many lines as there are connections."""
        waiting = iter(job.claim.deliveries)
        hand = Hand(self._route, self._looking_up, job)
        reading = asyncio.create_task(self._keep_reading_holds())
        remembering = asyncio.create_task(self._route.handed_over(job.claim))
        try:
            _, deliveries = await asyncio.gather(self._read_holds(), heeded(job, self._route.opted_out))
            waiting = iter(deliveries)
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._route.connections, len(deliveries))):
                    group.create_task(hand.line(waiting, group))
        finally:
            reading.cancel()
            hand.put_down()
            for delivery in waiting:  # cancelled before its turn
                job.give_back(delivery)
            await asyncio.wait({remembering}, timeout=REMEMBER_SECONDS)
            remembering.cancel()
        if hand.refused_by_them and self._route.refused_by:
            await self._route.refused_by(job.claim.ref.message, hand.refused_by_them)

    async def _keep_reading_holds(self) -> None:
        while True:
            await asyncio.sleep(HOLDS_SECONDS)
            await self._read_holds()

    async def _read_holds(self) -> None:
        if time.monotonic() - self._read_at < HOLDS_SECONDS:  # for another job, just now
            return
        self._read_at = time.monotonic()
        for trunk in self._route.switch.trunks:
            if seconds := await trunk.bucket.held():
                trunk.pace.hold(seconds)


class Hand:
    """What is in hand of one job."""

    def __init__(self, route: Route, looking_up: asyncio.Semaphore, job: Job) -> None:
        self._route, self._looking_up, self._job = route, looking_up, job
        self._begun = time.monotonic()
        self._errands: set[Errand] = set()
        self.refused_by_them: list[int] = []  # numbers that opted out at the provider

    async def line(self, waiting: Iterator[Delivery], group: asyncio.TaskGroup) -> None:
        """One after the other; what takes longer than one request goes on beside the line and holds nobody up."""
        for delivery in waiting:
            errand = Errand(self._route, self._looking_up, self._job, delivery, self._begun)
            self._errands.add(errand)
            result = await errand.at_once()
            if result is None:
                group.create_task(self._patiently(errand))
            else:
                self._settle(errand, result)

    def put_down(self) -> None:
        """Cut off: report whatever is in hand as it stands."""
        for errand in list(self._errands):
            self._settle(errand, errand.as_it_stands())

    async def _patiently(self, errand: Errand) -> None:
        self._settle(errand, await errand.patiently())

    def _settle(self, errand: Errand, result: Result) -> None:
        self._errands.discard(errand)
        if says_so(result):
            self.refused_by_them.append(result.sequence)
        self._job.settle(result)
