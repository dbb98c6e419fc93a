"""How every service starts, waits for what it needs, and stops.

A service is one coroutine. It gets what is here as a `Service`, runs until SIGTERM or SIGINT, and may take
`grace` seconds to finish or give back what it holds before it is cancelled.
"""

import asyncio
import gc
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Final

import structlog
import uvloop
from pydantic import ValidationError

from services.domain.shapes import in_our_words
from services.runtime import clock, logs, origin, outbox
from services.runtime.errors import Foreseen
from services.runtime.health import Health, HealthSettings, serve_health
from services.runtime.kafka import KafkaSettings, Producer
from services.runtime.postgres import AWAY, DatabaseSettings, Pool, listen, open_pool, why_away

GRACE_SECONDS: Final = 8.0
LAST_SECONDS: Final = 1.5
LIMIT_SECONDS: Final = 9.7
"""Then the process ends whatever it waits for, such as a PostgreSQL that hangs. What it held is in doubt, as after
kill -9."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Service:
    """What a running service stands on."""

    name: str
    pool: Pool
    database: DatabaseSettings
    kafka: KafkaSettings
    health: Health
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def source(self) -> str:
        """This service as the `source` of the events that it makes."""
        return f"/roeland/{self.name}"

    async def publish_outbox(self) -> None:
        """Bring what transactions want published to Kafka, for as long as it runs."""
        first, routine = asyncio.Event(), asyncio.Event()
        producer = Producer(self.kafka, self.health)

        def wake() -> None:
            first.set()
            routine.set()

        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(listen(self.database.url(), outbox.CHANNEL, wake))
                group.create_task(outbox.run_publisher(self.pool, producer.publish, first))
                group.create_task(outbox.run_publisher(self.pool, producer.publish, routine, "routine"))
                group.create_task(outbox.run_collector(self.pool, producer.publish))
        finally:
            await producer.close()


Start = Callable[[Service], Awaitable[None]]


def run(name: str, start: Start, *, needs: tuple[str, ...] = ("postgres", "kafka"), by_key: bool = False) -> None:
    """Run a service in the foreground until it is told to stop. Exits with 1 on a wrong setting, in one line.

    `by_key`: as in `open_pool`.
    """
    logs.configure(name)
    origin.set_origin(origin.here(name))
    try:
        uvloop.run(_run(name, start, needs, by_key=by_key))
    except (Foreseen, ValidationError) as problem:
        log.error("cannot_start", reason=_in_words(problem))
        sys.exit(1)


async def _run(name: str, start: Start, needs: tuple[str, ...], *, by_key: bool) -> None:
    database, kafka, health = DatabaseSettings(), KafkaSettings(), Health(*needs)
    if "kafka" in needs:
        kafka.client()
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(database, by_key=by_key))
        service = Service(name, pool, database, kafka, health)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, _stop, service)
        await stack.enter_async_context(serve_health(health, HealthSettings()))
        _spare_the_collector()
        log.info("starting")
        await _until_stopped(service, start)
        log.info("stopped")


def _spare_the_collector() -> None:
    """What was imported is never garbage, and a batch's few thousand objects go by reference counts."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def _stop(service: Service) -> None:
    if not service.stopping.is_set():
        service.stopping.set()
        asyncio.get_running_loop().call_later(LIMIT_SECONDS, _end_at_once)


def _end_at_once() -> None:
    log.error("not_stopped_in_time", seconds=LIMIT_SECONDS)
    os._exit(1)


async def _until_stopped(service: Service, start: Start) -> None:
    watch = asyncio.create_task(_watch_postgres(service))
    work = asyncio.create_task(_when_migrated(service, start))
    stop = asyncio.create_task(service.stopping.wait())
    try:
        await asyncio.wait({watch, work, stop}, return_when=asyncio.FIRST_COMPLETED)
        if service.stopping.is_set() and not work.done():
            await asyncio.wait({work}, timeout=GRACE_SECONDS)
    finally:
        for task in (work, watch, stop):
            task.cancel()
        await asyncio.wait({work, watch, stop}, timeout=LAST_SECONDS)
    for task in (work, watch):
        if task.done() and not task.cancelled():
            task.result()


async def _when_migrated(service: Service, start: Start) -> None:
    """Start once the tables are there; a database without them is something to wait for, not to die of."""
    while not await _migrated(service):
        if service.stopping.is_set():
            return
        await asyncio.sleep(0.3)
    await start(service)


async def _watch_postgres(service: Service) -> None:
    while True:
        await _migrated(service)
        await asyncio.sleep(1)


async def _migrated(service: Service) -> bool:
    try:
        async with asyncio.timeout(4), service.pool.connection(timeout=2) as connection:
            asked = time.monotonic()
            row = await (await connection.execute(_LOOK)).fetchone()
    except (*AWAY, TimeoutError):
        service.health.down("postgres", await why_away(service.database))
        return False
    if not row or not row[0]:
        service.health.down("postgres", "has no tables yet: run `roeland db migrate`")
        return False
    clock.told(row[1], asked=asked)
    service.health.up("postgres")
    return True


async def until(stopping: asyncio.Event, work: Awaitable[None]) -> None:
    """Run `work` until it ends or the service is told to stop; then cancel it. For work that may stop anywhere."""
    task, stop = asyncio.ensure_future(work), asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.cancel()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _in_words(problem: Exception) -> str:
    if isinstance(problem, ValidationError):
        found = [each for each in problem.errors(include_input=False, include_url=False) if each["loc"]]
        told = [(str(each["loc"][0]).upper(), in_our_words(each, see="See docs/operations.md.")) for each in found]
        return "; ".join(f"ROELAND_{name}: {what} {remedy}" for name, (what, remedy) in told)
    return str(problem)


_LOOK: Final = "SELECT to_regclass('outbox') IS NOT NULL, clock_timestamp()"
