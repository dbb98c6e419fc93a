"""What dispatch does: it says which batches there is work in, and settles what will not be sent any more.

PostgreSQL decides what may be sent; an event is only the occasion to look. So a forged or doubled one does no harm,
and a lost one costs a second: the sweep finds the same work.
"""

import asyncio
from typing import Final

import structlog

from services.dispatch.clearing import clear
from services.dispatch.due import expire, retry
from services.dispatch.falling_back import fall_back
from services.dispatch.opening import open_steps
from services.dispatch.settings import DispatchSettings
from services.dispatch.silence import Silence
from services.domain.events import (
    BatchSettled,
    Envelope,
    MessageHalted,
    MessageReleased,
    MessageResumed,
    read_event,
)
from services.runtime import inbox, timers
from services.runtime.dead_letters import bury_in
from services.runtime.health import HANDLED
from services.runtime.kafka import consume
from services.runtime.postgres import Pool, listen
from services.runtime.records import handler
from services.runtime.repeat import every, when_woken
from services.runtime.service import Service
from services.store import announcements
from services.store.ledger import FALLBACK, RETRY
from services.store.messages import EXPIRY, HALT_CHANNEL, RELEASED_CHANNEL

TIMER_SECONDS: Final = 0.25
STEP_SECONDS: Final = 0.2
SWEEP_EVERY: Final = 1.0
URGENT_SECONDS: Final = 30.0
"""How often is looked for what is urgent and unsaid, in case a NOTIFY was lost; its event and the sweep find it too."""

log = structlog.get_logger(__name__)


async def serve(service: Service, settings: DispatchSettings) -> None:
    """All that dispatch does at the same time, for as long as it runs."""
    halted, released = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(service.publish_outbox())
        group.create_task(_take_events(service, halted))
        group.create_task(listen(service.database.url(), HALT_CHANNEL, halted.set))
        group.create_task(listen(service.database.url(), RELEASED_CHANNEL, released.set))
        group.create_task(when_woken(released, URGENT_SECONDS, lambda: _announce_urgent(service), what="urgent"))
        group.create_task(when_woken(halted, SWEEP_EVERY, lambda: clear(service.pool, service.source), what="clearing"))
        group.create_task(every(TIMER_SECONDS, lambda: _fire(service, halted), what="timers"))
        group.create_task(every(STEP_SECONDS, lambda: open_steps(service.pool, service.source), what="steps"))
        group.create_task(every(SWEEP_EVERY, lambda: _sweep(service, settings), what="sweep"))
        silence = Silence(service.pool, service.source, settings.sms_mail_after_seconds)
        group.create_task(every(SWEEP_EVERY, silence.look, what="silence"))


async def handle(event: Envelope, pool: Pool, source: str, halted: asyncio.Event) -> None:
    """Do what one event is the occasion for, once."""
    found = read_event(event, MessageReleased, MessageResumed, MessageHalted, BatchSettled)
    if isinstance(found, MessageReleased | MessageResumed):
        await _announce(event, found.message, pool, source, unsaid=isinstance(found, MessageReleased))
    elif isinstance(found, MessageHalted):
        halted.set()
    HANDLED.labels(event.type).inc()


async def _announce(event: Envelope, message: int, pool: Pool, source: str, *, unsaid: bool) -> None:
    async with pool.connection() as connection, connection.transaction():
        if await inbox.first_time(connection, "dispatch", event):
            count = await announcements.announce(connection, message, source=source, unsaid=unsaid)
            log.info("announced", message=message, batches=count, occasion=event.type)


async def _announce_urgent(service: Service) -> None:
    async with service.pool.connection() as connection, connection.transaction():
        count = await announcements.announce_urgent(connection, source=service.source)
    if count:
        log.info("announced", batches=count, occasion="urgent")


async def _take_events(service: Service, halted: asyncio.Event) -> None:
    """`outcomes` is read only for what breaks its schema: it is ours to bury, whoever else reads the topic."""

    async def handled(event: Envelope) -> None:
        await handle(event, service.pool, service.source, halted)

    bury = bury_in(service.pool, service.source)
    take = handler(handled, what="event")
    await consume(service.kafka, ["releases", "outcomes"], "dispatch", take, bury=bury, health=service.health)


async def _fire(service: Service, halted: asyncio.Event) -> None:
    await timers.fire_due(service.pool, RETRY, retry(service.source))
    await timers.fire_due(service.pool, FALLBACK, fall_back(service.source))
    if await timers.fire_due(service.pool, EXPIRY, expire):
        halted.set()


async def _sweep(service: Service, settings: DispatchSettings) -> None:
    async with service.pool.connection() as connection:
        count = await announcements.announce_overdue(connection, source=service.source, seconds=settings.sweep_seconds)
    if count:
        log.info("announced_again", batches=count)
