"""What a transaction wants published is published if it commits, in order per key, and not before."""

import asyncio
import json

import pytest

from services.domain.events import BatchAnnounced, BatchSettled, Unreadable, envelope
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
            await outbox.put(connection, "deliveries.mail.urgent", str(number), event(number))
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


async def test_an_urgent_announcement_does_not_wait_behind_routine_ones(pool, database_url):
    """A message to a million is five thousand hints; Kafka may be slow over them, and the crisis goes first."""
    connection = await connect(database_url)
    async with connection.transaction():
        for number in range(1, 1002):
            await outbox.put(connection, "deliveries.mail.routine", f"1/{number}", event(number))
        await outbox.put(connection, "deliveries.mail.urgent", "2/1", event(2))
        await outbox.put(connection, "releases", "storm", event(3))
    stuck = asyncio.Event()

    async def hang(topic, records):
        stuck.set()
        await asyncio.sleep(3600)

    publishing = asyncio.create_task(outbox.publish_waiting(pool, hang, "routine"))
    await stuck.wait()
    published = []
    async with asyncio.timeout(5):
        assert await outbox.publish_waiting(pool, published_into(published)) == 2
    assert sorted(published) == [("deliveries.mail.urgent", "2/1", 2), ("releases", "storm", 3)]
    publishing.cancel()
    await asyncio.wait({publishing})
    published.clear()
    while await outbox.publish_waiting(pool, published_into(published), "routine"):
        pass
    assert len(published) == 1001


def settled(batch, version, message=7):
    event = BatchSettled(
        message=message, batch=batch, channel="mail", lane="routine", version=version, counts={"accepted": version}
    )
    return envelope(event, event_type=BatchSettled.TYPE, source="/test")


def versions_into(published):
    async def publish(topic, records):
        for key, value in records:
            data = json.loads(value)["data"]
            published.append((topic, key, data["batch"], data["version"]))

    return publish


async def test_of_what_is_collected_the_newest_version_of_each_batch_goes_and_nothing_else(pool, database_url):
    """Absolute counts: a later version says all that an earlier one did. Ten beats nine, whatever was written last."""
    connection = await connect(database_url)
    async with connection.transaction():
        for batch, version in [(1, 9), (1, 10), (2, 4), (1, 8), (3, 1)]:
            await outbox.put(connection, "outcomes", "7", settled(batch, version))
        await outbox.put(connection, "outcomes", "8", settled(1, 2, message=8))
    first = []
    assert await outbox.publish_waiting(pool, published_into(first)) == 0
    assert await outbox.publish_waiting(pool, published_into(first), "routine") == 0
    published = []
    assert await outbox.publish_collected(pool, versions_into(published)) == 6
    assert sorted(published) == [
        ("outcomes", "7", 1, 10), ("outcomes", "7", 2, 4), ("outcomes", "7", 3, 1), ("outcomes", "8", 1, 2)
    ]  # fmt: skip
    assert await outbox.publish_collected(pool, versions_into(published)) == 0


async def test_what_was_collected_and_could_not_be_published_stays(pool, database_url):
    """The newest counts still come when Kafka is back."""
    connection = await connect(database_url)
    await outbox.put(connection, "outcomes", "7", settled(1, 1))

    async def refuse(topic, records):
        raise ConnectionError(topic)

    with pytest.raises(ConnectionError):
        await outbox.publish_collected(pool, refuse)
    published = []
    assert await outbox.publish_collected(pool, versions_into(published)) == 1
    assert published == [("outcomes", "7", 1, 1)]


async def test_while_kafka_is_away_only_the_newest_counts_are_kept(pool, database_url):
    """An hour without Kafka at full speed would else fill the table with counts that nobody will ever need."""
    connection = await connect(database_url)
    for version in range(1, 51):
        for batch in (1, 2):
            await outbox.put(connection, "outcomes", "7", settled(batch, version))
    await outbox.put(connection, "releases", "storm", event(1))
    assert await outbox.thin_out(pool) == 98
    published = []
    await outbox.publish_collected(pool, versions_into(published))
    assert sorted(published) == [("outcomes", "7", 1, 50), ("outcomes", "7", 2, 50)]
    assert await outbox.publish_waiting(pool, published_into([])) == 1


async def test_a_collector_that_hangs_lets_go_and_thins_out(pool, database_url, monkeypatch):
    """Its transaction would else hold back PostgreSQL's cleaning for as long as Kafka is away."""
    monkeypatch.setattr(outbox, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(outbox, "COLLECT_SECONDS", 0.01)
    connection = await connect(database_url)
    for version in range(1, 6):
        await outbox.put(connection, "outcomes", "7", settled(1, version))

    async def hang(topic, records):
        await asyncio.sleep(3600)

    collecting = asyncio.create_task(outbox.run_collector(pool, hang))
    try:
        for _ in range(1000):
            if await count(connection) == 1:
                break
            await asyncio.sleep(0.02)
    finally:
        collecting.cancel()
        await asyncio.wait({collecting})
    assert await count(connection) == 1


async def count(connection):
    row = await (await connection.execute("SELECT count(*) FROM outbox")).fetchone()
    return row[0]


async def test_an_event_is_handled_once_and_another_body_under_its_id_is_refused(database_url):
    """Kafka brings records again; someone may also reuse an id."""
    connection = await connect(database_url)
    one = event(1)
    assert await inbox.first_time(connection, "dispatch", one)
    assert not await inbox.first_time(connection, "dispatch", one)
    assert await inbox.first_time(connection, "editorial", one)
    with pytest.raises(Unreadable):
        await inbox.first_time(connection, "dispatch", one.model_copy(update={"data": {"message": 2, "batch": 1}}))
