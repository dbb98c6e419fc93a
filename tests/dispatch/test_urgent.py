"""What is urgent is said at once, by PostgreSQL itself; what is routine waits for Kafka like everything else."""

import asyncio

import pytest

from services.dispatch.service import serve
from services.dispatch.settings import DispatchSettings
from services.domain.lanes import LANES
from services.editorial.release import publish
from services.fanout.intake import roads, take_in
from services.runtime.health import Health
from services.runtime.kafka import KafkaSettings
from services.runtime.postgres import DatabaseSettings, open_pool
from services.runtime.service import Service
from services.store import messages, release_steps
from services.store.announcements import URGENT_CHANNEL
from tests.store import world

pytestmark = pytest.mark.stack

NOBODY = "127.0.0.1:9"  # the discard port: nothing listens


async def released(connection, lane):
    author, approver = await world.add_user(connection, "a@e.org"), await world.add_user(connection, "b@e.org")
    await world.add_crowd(connection, 3)
    return await world.release(connection, await world.submit(connection, author, lane=lane), approver)


@pytest.mark.parametrize("lane", LANES)
async def test_only_the_announcement_of_urgent_work_is_told_to_whoever_listens(database_url, lane):
    """Five thousand routine batches would wake every worker for nothing; an urgent one must."""
    writing, listening = await world.connect(database_url), await world.connect(database_url)
    await listening.execute(f"LISTEN {URGENT_CHANNEL}")
    await released(writing, lane)
    heard = [note.channel async for note in listening.notifies(timeout=0.3)]
    assert heard == ([URGENT_CHANNEL] if lane == "urgent" else [])


async def test_a_worker_hears_of_urgent_work_with_kafka_away(database_url):
    """A message still goes out, and not a second later, when there is no Kafka at all."""
    database, kafka = DatabaseSettings(database_url=database_url), KafkaSettings(kafka_bootstrap=NOBODY)
    connection = await world.connect(database_url)
    urgent = next(road for road in roads("mail") if "urgent" in road.lanes)

    async def bury(record, reason):
        raise AssertionError(reason)

    async with open_pool(database) as pool:
        service = Service("mail", pool, database, kafka, Health("postgres", "kafka"))
        reading = asyncio.create_task(take_in(service, urgent, bury))
        try:
            async with asyncio.timeout(20):
                await urgent.woken.wait()  # once at its start: it may have missed something
                urgent.woken.clear()
                await released(connection, "urgent")
                await urgent.woken.wait()
        finally:
            reading.cancel()
            await asyncio.wait({reading})


async def test_dispatch_hears_of_an_urgent_release_with_kafka_away(database_url):
    """What is urgent is announced by the database's own word: two ways through Kafka are not waited for."""
    database, kafka = DatabaseSettings(database_url=database_url), KafkaSettings(kafka_bootstrap=NOBODY)
    connection = await world.connect(database_url)
    author, approver = await world.add_user(connection, "a@e.org"), await world.add_user(connection, "b@e.org")
    await world.add_crowd(connection, 3)
    message = await world.submit(connection, author, lane="urgent")
    async with open_pool(database) as pool:
        running = asyncio.create_task(
            serve(Service("dispatch", pool, database, kafka, Health("postgres", "kafka")), DispatchSettings())
        )
        try:
            await asyncio.sleep(1.5)  # its first looks are over: what comes now it must be told
            async with connection.transaction():
                released = await messages.set_released(connection, message.number, approver)
                await release_steps.open_first(connection, message.number)
                await publish(connection, released, "/roeland/test")
            async with asyncio.timeout(3):
                while not await _announced(connection, message.number):  # noqa: ASYNC110 - PostgreSQL tells nobody
                    await asyncio.sleep(0.02)
        finally:
            running.cancel()
            await asyncio.wait({running})


async def _announced(connection, message):
    query = "SELECT bool_and(announced_at IS NOT NULL) FROM batch WHERE message = %s"
    return (await (await connection.execute(query, (message,))).fetchone())[0]
