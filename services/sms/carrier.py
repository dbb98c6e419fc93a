"""How SMS are carried out: on as many lines as there are connections, each result told at once."""

import asyncio
import time
from collections.abc import Iterator

from services.domain.lanes import Channel
from services.fanout.carrier import Job
from services.sms.errand import Errand, Road
from services.store.ledger import Delivery


class SmsCarrier:
    """Carries out claims of the channel `sms`."""

    channel: Channel = "sms"

    def __init__(self, road: Road) -> None:
        self._road = road
        self._looking_up = asyncio.Semaphore(road.connections)

    async def available(self) -> None:
        """Return when Twilio can be expected to answer."""
        await self._road.gate.opened()

    async def carry_out(self, job: Job) -> None:
        """Send every SMS of the job on as many lines as there are connections."""
        waiting, begun = iter(job.claim.deliveries), time.monotonic()
        lines = min(self._road.connections, len(job.claim.deliveries))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(lines):
                    group.create_task(self._line(job, waiting, begun))
        finally:
            for delivery in waiting:  # cancelled before its turn
                job.give_back(delivery)

    async def _line(self, job: Job, waiting: Iterator[Delivery], begun: float) -> None:
        for delivery in waiting:
            errand = Errand(self._road, self._looking_up, job, delivery, begun)
            try:
                result = await errand.run()
            except asyncio.CancelledError:
                job.settle(errand.as_it_stands())
                raise
            job.settle(result)
