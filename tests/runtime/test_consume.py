"""Reading topics: in order where order matters, side by side where it does not, and nothing is passed over."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer

from services.runtime import kafka as reading
from services.runtime.health import Health
from services.runtime.kafka import KafkaSettings, consume
from services.runtime.topics import create

pytestmark = pytest.mark.stack


@pytest.fixture
async def settings(kafka, topic_prefix):
    found = KafkaSettings(kafka_bootstrap=kafka, kafka_topic_prefix=topic_prefix)
    await create(found)
    return found


async def produce(settings, *records):
    """Each a (partition, value) of `messages`."""
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap()) as producer:
        for partition, value in records:
            await producer.send_and_wait(settings.topic("messages"), value, partition=partition)


async def bury(record, reason):
    raise AssertionError(reason)


@asynccontextmanager
async def consuming(settings, handle):
    task = asyncio.create_task(consume(settings, ["messages"], "test", handle, bury=bury, health=Health("kafka")))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def until(true):
    for _ in range(2000):
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came true")


async def test_a_record_that_takes_long_holds_up_its_own_partition_only(settings):
    """An approval of a million takes its time; a crisis in another incident is released meanwhile."""
    go_on, handled = asyncio.Event(), []

    async def handle(record):
        if record.value == b"slow":
            await go_on.wait()
        handled.append(record.value)

    await produce(settings, (1, b"slow"), (1, b"after"), (2, b"first"))
    async with consuming(settings, handle):
        await until(lambda: b"first" in handled)
        await produce(settings, (2, b"second"), (1, b"last"))
        await until(lambda: b"second" in handled)
        assert handled == [b"first", b"second"]
        go_on.set()
        await until(lambda: len(handled) == 5)
    assert [value for value in handled if value not in (b"first", b"second")] == [b"slow", b"after", b"last"]


async def test_what_was_not_handled_comes_again(settings):
    """A crash in the middle: the offset of what another partition has done does not pass over it."""
    stuck, handled = asyncio.Event(), []

    async def hang(record):
        if record.value == b"slow":
            stuck.set()
            await asyncio.sleep(3600)
        handled.append(record.value)

    await produce(settings, (1, b"slow"), (1, b"after"), (2, b"first"))
    async with consuming(settings, hang):
        await stuck.wait()
        await until(lambda: handled == [b"first"])
    again = []

    async def take(record):
        again.append(record.value)

    async with consuming(settings, take):
        await until(lambda: b"after" in again)
    assert again[:2] == [b"slow", b"after"] or again == [b"first", b"slow", b"after"]


async def test_what_waits_is_bounded_and_all_of_it_comes(settings, monkeypatch):
    """Ten thousand records behind a slow one are not all read into memory."""
    monkeypatch.setattr(reading, "MOST_WAITING", 3)
    go_on, handled = asyncio.Event(), []

    async def handle(record):
        if record.value == b"0":
            await go_on.wait()
        handled.append(int(record.value))

    async with consuming(settings, handle):
        for number in range(30):
            await produce(settings, (1, str(number).encode()))
        assert handled == []
        go_on.set()
        await until(lambda: len(handled) == 30)
    assert handled == list(range(30))
