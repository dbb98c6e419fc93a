"""A worker in a process of its own, with a small carrier: `python -m tests.fanout.child PORT CONNECTIONS`.

It hands each delivery to the test's relay as a line with its sequence number, and takes `ok` for an acceptance.
"""

import asyncio
import resource
import sys
from collections import deque
from datetime import UTC, datetime
from typing import Any

from services.domain.states import State
from services.fanout.carrier import Job, give_back
from services.fanout.settling import in_doubt
from services.fanout.worker import run_worker
from services.runtime.service import Service, run
from services.store.ledger import Delivery, Result


class LineCarrier:
    """Carries deliveries of the channel `mail` to the test's relay, over so many connections for each claim."""

    channel: Any = "mail"

    def __init__(self, port: int, connections: int) -> None:
        self._port, self._connections = port, connections

    async def available(self) -> None:
        """At once."""

    async def carry_out(self, job: Job) -> None:
        """Send what may be sent, give back the rest."""
        queue = deque(job.claim.deliveries)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._connections):
                group.create_task(self._line(queue, job))

    async def _line(self, queue: deque[Delivery], job: Job) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            while queue:
                delivery = queue.popleft()
                job.settle(await self._send(delivery, job, reader, writer))
        finally:
            writer.close()

    async def _send(
        self, delivery: Delivery, job: Job, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Result:
        if not job.may_start():
            return give_back(delivery)
        job.opening(delivery)
        try:
            writer.write(b"%d\n" % delivery.sequence)
            answered = await reader.readline() == b"ok\n"
        except OSError:
            answered = False
        if not answered:
            return in_doubt(delivery)
        return Result(delivery.sequence, delivery.attempt, State.ACCEPTED, handed_over=True, at=datetime.now(UTC))


async def start(service: Service) -> None:
    """Carry out batches until told to stop."""
    await run_worker(service, LineCarrier(int(sys.argv[1]), int(sys.argv[2])))


if __name__ == "__main__":
    if len(sys.argv) > 3:  # the largest file that may be written
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
    run("mail", start, needs=("postgres",))
