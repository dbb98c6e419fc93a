"""What a transaction wants published is published if it commits, in order per key, and not before."""

import asyncio
import json

import pytest

from services.domain.events import BatchAnnounced, Unreadable, envelope
from services.runtime import inbox, outbox
from services.runtime.postgres import DatabaseSettings, open_pool
from tests.store.world import connect

pytestmark = pytest.mark.stack


@pytest.fixture
async def pool(database_url):
    async with open_pool(DatabaseSettings(database_url=database_url)) as pool:
        yield pool


def event(number):
    return envelope(BatchAnnounced(message=number, batch=1), event_type=BatchAnnounced.TYPE, source="/test")


def published_into(published):
    async def publish(topic, records):
        published.extend((topic, key, json.loads(value)["data"]["message"]) for key, value in records)

    return publish


async def test_what_was_rolled_back_is_not_published(pool, database_url):
    """An event about something that did not happen would be a lie."""
    connection = await connect(database_url)
    with pytest.raises(ZeroDivisionError):
        async with connection.transaction():
            await outbox.put(connection, "messages", "storm", event(1))
            raise ZeroDivisionError
    published = []
    assert await outbox.publish_waiting(pool, published_into(published)) == 0
    assert published == []


async def test_what_could_not_be_published_stays(pool, database_url):
    """Kafka is away: nothing accepted is lost."""
    connection = await connect(database_url)
    async with connection.transaction():
        await outbox.put(connection, "messages", "storm", event(1))

    async def refuse(topic, records):
        raise ConnectionError(topic, len(records))

    with pytest.raises(ConnectionError):
        await outbox.publish_waiting(pool, refuse)
    published = []
    assert await outbox.publish_waiting(pool, published_into(published)) == 1
    assert await outbox.publish_waiting(pool, published_into(published)) == 0
    assert published == [("messages", "storm", 1)]


async def test_events_of_one_key_keep_their_order_though_serial_numbers_appear_out_of_order(pool, database_url):
    """A writer that drew its number first and commits last must still not come after one that waited for it."""
    first, second = await connect(database_url), await connect(database_url)
    published = []
    async with first.transaction():
        await outbox.put(first, "releases", "storm", event(1))

        async def write_second():
            async with second.transaction():
                await outbox.put(second, "releases", "storm", event(2))

        waiting = asyncio.create_task(write_second())
        await asyncio.sleep(0.2)
        await outbox.publish_waiting(pool, published_into(published))
        assert published == []
    await waiting
    await outbox.publish_waiting(pool, published_into(published))
    assert [number for _, _, number in published] == [1, 2]


async def test_two_publishers_publish_each_event_once(pool, database_url):
    """Several services publish; a record twice is allowed after a crash, not as a habit."""
    connection = await connect(database_url)
    async with connection.transaction():
        for number in range(1, 301):
            await outbox.put(connection, "outcomes", str(number), event(number))
            await outbox.put(connection, "messages", "storm", event(number))
    published = []
    into = published_into(published)
    while any(await asyncio.gather(*(outbox.publish_waiting(pool, into) for _ in range(3)))):
        pass
    assert len(published) == 600
    assert [number for topic, _, number in published if topic == "messages"] == list(range(1, 301))


async def test_a_command_can_be_written_while_a_publisher_waits_for_kafka(pool, database_url):
    """Kafka is away: a stop's event must still commit."""
    connection = await connect(database_url)
    async with connection.transaction():
        await outbox.put(connection, "releases", "storm", event(1))
    stuck = asyncio.Event()

    async def hang(topic, records):
        stuck.set()
        await asyncio.sleep(3600)

    publishing = asyncio.create_task(outbox.publish_waiting(pool, hang))
    await stuck.wait()
    async with asyncio.timeout(1):
        async with connection.transaction():
            await outbox.put(connection, "releases", "storm", event(2))
    publishing.cancel()


async def test_an_event_is_handled_once_and_another_body_under_its_id_is_refused(database_url):
    """Kafka brings records again; someone may also reuse an id."""
    connection = await connect(database_url)
    one = event(1)
    assert await inbox.first_time(connection, "dispatch", one)
    assert not await inbox.first_time(connection, "dispatch", one)
    assert await inbox.first_time(connection, "editorial", one)
    with pytest.raises(Unreadable):
        await inbox.first_time(connection, "dispatch", one.model_copy(update={"data": {"message": 2, "batch": 1}}))
