"""What Kafka announces: hints that there is work on a road.

The worker asks PostgreSQL which batch comes next, because topics cannot put a correction before the alert that it
corrects. So a hint wakes the road, nothing more; an announcement of a batch that does not exist, or of a message that
is not released, wakes nobody and is counted. An offset is committed when its hint has been weighed against the ledger.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from services.domain.batches import BatchRef
from services.domain.events import BatchAnnounced, Unreadable, read_envelope, read_event
from services.domain.lanes import LANES, Channel, deliveries_topic
from services.runtime.health import NOTHING_TO_DO
from services.runtime.kafka import Record, commit, consumer, fetch
from services.runtime.postgres import listen, until_there
from services.runtime.service import Service
from services.store import ledger
from services.store.announcements import URGENT_CHANNEL

Bury = Callable[[Record, str], Awaitable[None]]


@dataclass(frozen=True)
class Road:
    """A topic and the lanes whose batches it announces. `woken` is set while there may be work."""

    channel: Channel
    topic: str
    lanes: tuple[str, ...]
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def group(self) -> str:
        """The consumer group that owns the topic."""
        return self.topic.removeprefix("deliveries.")


def roads(channel: Channel) -> list[Road]:
    """The roads of a channel: a lane each, but for the newsfeed, which has one for all."""
    by_topic: dict[str, list[str]] = {}
    for lane in LANES:
        by_topic.setdefault(deliveries_topic(channel, lane), []).append(lane)
    return [Road(channel, topic, tuple(lanes)) for topic, lanes in by_topic.items()]


async def take_in(service: Service, road: Road, bury: Bury) -> None:
    """Read the road's announcements for as long as it runs; an urgent one PostgreSQL says itself, before Kafka does."""
    hearing = asyncio.create_task(_hear(service, road))
    try:
        async with consumer(service.kafka, [road.topic], road.group, service.health) as source:
            while True:
                batches = await fetch(source, service.health)
                refs = await _read([record for records in batches.values() for record in records], bury)
                if refs:
                    await _weigh(service, road, refs)
                await commit(source, {partition: records[-1].offset + 1 for partition, records in batches.items()})
    finally:
        hearing.cancel()


async def _hear(service: Service, road: Road) -> None:
    if "urgent" in road.lanes:
        await listen(service.database.url(), URGENT_CHANNEL, road.woken.set)


async def _weigh(service: Service, road: Road, refs: Sequence[BatchRef]) -> None:
    async def ask() -> set[BatchRef]:
        async with service.pool.connection() as connection:
            return await ledger.with_work(connection, refs, road.channel)

    found = await until_there(ask, what="intake")
    NOTHING_TO_DO.labels(road.channel).inc(len(refs) - len(found))
    if found:
        road.woken.set()


async def _read(records: Sequence[Record], bury: Bury) -> list[BatchRef]:
    refs = []
    for record in records:
        if record.value is None:
            continue
        try:
            event = read_event(read_envelope(record.value), BatchAnnounced)
            refs.append(BatchRef(event.message, event.batch))
        except Unreadable as problem:
            await bury(record, str(problem))
    return refs
