"""Kafka: settings, a producer that outlives its broker, and one way to consume a topic.

Kafka carries hints and commands; PostgreSQL is the record. So a consumer commits its offset after the work, may
handle a record twice, and turns what nobody can read into a dead letter; a producer may send a record twice.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Literal, Protocol

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from pydantic import Field, SecretStr

from services.domain.events import Unreadable
from services.runtime.errors import Foreseen
from services.runtime.health import Health
from services.runtime.settings import RoelandSettings
from services.runtime.trusted import trusting

MOST_WAITING: Final = 1000
"""Records of a partition that are fetched and not handled yet; then no more of it are asked for."""

log = structlog.get_logger(__name__)


class Record(Protocol):
    """A record as aiokafka hands it over (`aiokafka.ConsumerRecord`)."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


Handle = Callable[[Record], Awaitable[None]]
"""Handles one record; raises `Unreadable` for what can never be read. Anything passing must be waited out inside."""
Bury = Callable[[Record, str], Awaitable[None]]
"""Makes a dead letter of a record, with the reason."""


class KafkaSettings(RoelandSettings):
    """Where Kafka is and how to be let in."""

    kafka_bootstrap: str | None = Field(default=None, description="host:port, several separated by commas.")
    kafka_topic_prefix: str = "roeland."
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    kafka_ca_file: str | None = None
    kafka_max_poll_seconds: float = Field(
        default=300, ge=1, description="A consumer that is busy with what it fetched for so long gives its turn up."
    )

    def bootstrap(self) -> str:
        """The address; raises `Foreseen` when it is not set, or none."""
        if not self.kafka_bootstrap:
            raise Foreseen("ROELAND_KAFKA_BOOTSTRAP is not set: run `roeland up`, or set it to host:port")
        if not all(map(_is_address, self.kafka_bootstrap.split(","))):
            raise Foreseen("ROELAND_KAFKA_BOOTSTRAP must be host:port, several separated by commas")
        return self.kafka_bootstrap

    def topic(self, name: str) -> str:
        """The whole name of a topic."""
        return self.kafka_topic_prefix + name

    def group(self, name: str) -> str:
        """The whole name of a consumer group."""
        return self.kafka_topic_prefix + name

    def client(self) -> dict[str, Any]:
        """What every aiokafka client is given. Raises `Foreseen` for settings that let nobody in."""
        protocol = self.kafka_security_protocol
        secure: dict[str, Any] = {"bootstrap_servers": self.bootstrap(), "security_protocol": protocol}
        if protocol.endswith("SSL"):
            secure["ssl_context"] = trusting(self.kafka_ca_file, setting="ROELAND_KAFKA_CA_FILE")
        if protocol.startswith("SASL"):
            if not self.kafka_username or not self.kafka_password:
                raise Foreseen(f"{protocol} needs ROELAND_KAFKA_USERNAME and ROELAND_KAFKA_PASSWORD")
            secure["sasl_mechanism"] = self.kafka_sasl_mechanism
            secure["sasl_plain_username"] = self.kafka_username
            secure["sasl_plain_password"] = self.kafka_password.get_secret_value()
        return secure


def _is_address(broker: str) -> bool:
    host, _, port = broker.strip().rpartition(":")
    return bool(host) and port.isdecimal() and 0 < int(port) <= 65535


class Producer:
    """Publishes batches of records durably; makes itself anew when the broker forgot who it was."""

    def __init__(self, settings: KafkaSettings, health: Health) -> None:
        self._settings, self._health = settings, health
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def publish(self, topic: str, records: Sequence[tuple[str, bytes]]) -> None:
        """Send (key, value) pairs to the topic in order and return once all are durable; waits while Kafka is away.

        May be called for several topics at once.
        """
        name = self._settings.topic(topic)
        while True:
            producer = None
            try:
                producer = await self._started()
                sent = [await producer.send(name, value, key=key.encode()) for key, value in records]
                await asyncio.gather(*sent)
            except (KafkaError, OSError) as problem:
                self._health.down("kafka", type(problem).__name__)
                if producer is not None and producer is self._producer:  # else another call has let go of it
                    await self.close()
                await asyncio.sleep(1)
            else:
                self._health.up("kafka")
                return

    async def close(self) -> None:
        """Let go of the connection; what was not confirmed is sent again by whoever asked for it."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(2):
                    await producer.stop()

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            return self._producer or await self._start()

    async def _start(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **self._settings.client(),
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=30_000,
            linger_ms=0,
            max_batch_size=256 * 1024,
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        self._producer = producer
        return producer


async def consume(
    settings: KafkaSettings, topics: Sequence[str], group: str, handle: Handle, *, bury: Bury, health: Health
) -> None:
    """Handle each record of these topics (names without prefix), in order per partition, for as long as it runs.

    Offsets are committed after the work. Partitions are worked on side by side, and none waits for another: the
    release of a crisis does not stand behind one that takes half a minute.
    """
    async with consumer(settings, topics, group, health) as source, asyncio.TaskGroup() as tasks:
        waiting: dict[Any, deque[Record]] = {}
        while True:
            for partition, records in (await fetch(source, health)).items():
                if partition in waiting:
                    waiting[partition].extend(records)
                else:
                    waiting[partition] = deque(records)
                    tasks.create_task(_work_off(source, partition, waiting, handle, bury))
                if len(waiting[partition]) >= MOST_WAITING:
                    _if_ours(source.pause, partition)


async def _work_off(
    source: AIOKafkaConsumer, partition: Any, waiting: dict[Any, deque[Record]], handle: Handle, bury: Bury
) -> None:
    """Until nothing waits. What went to another member with its partition is that one's to handle."""
    queue = waiting[partition]
    while queue:
        records = list(queue)
        queue.clear()
        _if_ours(source.resume, partition)
        if partition in source.assignment():
            await _in_order(records, handle, bury)
            await commit(source, {partition: records[-1].offset + 1})
    del waiting[partition]


def _if_ours(act: Callable[[Any], None], partition: Any) -> None:
    with suppress(IllegalStateError):
        act(partition)


async def _in_order(records: Sequence[Record], handle: Handle, bury: Bury) -> None:
    for record in records:
        if record.value is None:  # a tombstone says nothing, on purpose
            continue
        try:
            await handle(record)
        except Unreadable as problem:
            await bury(record, str(problem))


@asynccontextmanager
async def consumer(
    settings: KafkaSettings, topics: Sequence[str], group: str, health: Health
) -> AsyncIterator[AIOKafkaConsumer]:
    """A started consumer; waits until the broker is there."""
    source = await _started(settings, topics, group, health)
    try:
        yield source
    finally:
        with suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(3):
                await source.stop()


async def fetch(source: AIOKafkaConsumer, health: Health, *, most: int = 500) -> dict[Any, list[Record]]:
    """The next records by partition; empty after half a second without any. Says in health when the broker is away."""
    try:
        found = await source.getmany(timeout_ms=500, max_records=most)
        if not found and not _connected(source):
            health.down("kafka", "broker not connected")
        elif not health.is_down("kafka") or found or await _answers(source):
            health.up("kafka")
        return {partition: records for partition, records in found.items() if records}
    except (KafkaError, OSError) as problem:
        health.down("kafka", type(problem).__name__)
        await asyncio.sleep(1)
        return {}


async def commit(source: AIOKafkaConsumer, offsets: dict[Any, int]) -> None:
    """Commit; a rebalance or an outage may refuse it, then the records come again and find their work done."""
    if offsets:
        with suppress(CommitFailedError, IllegalStateError, KafkaError):
            await source.commit(offsets)


async def _started(settings: KafkaSettings, topics: Sequence[str], group: str, health: Health) -> AIOKafkaConsumer:
    said = False
    while True:
        source = AIOKafkaConsumer(
            *(settings.topic(topic) for topic in topics),
            **settings.client(),
            group_id=settings.group(group),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=6000,
            heartbeat_interval_ms=2000,
            max_poll_interval_ms=int(settings.kafka_max_poll_seconds * 1000),
            metadata_max_age_ms=10_000,
        )
        try:
            await source.start()
        except asyncio.CancelledError:  # told to stop before it stood: what was begun is closed
            with suppress(Exception):
                async with asyncio.timeout(2):
                    await source.stop()
            raise
        except (KafkaError, OSError) as problem:
            health.down("kafka", type(problem).__name__)
            if not said:
                log.warning("kafka_away", group=group, problem=type(problem).__name__)
                said = True
            with suppress(Exception):
                await source.stop()
            await asyncio.sleep(1)
        else:
            health.up("kafka")
            if said:
                log.info("kafka_back", group=group)
            return source


def _connected(source: AIOKafkaConsumer) -> bool:
    """Whether any connection to a broker stands; aiokafka keeps them in its client."""
    connections = source._client._conns
    return not connections or any(c.connected() for c in connections.values())


async def _answers(source: AIOKafkaConsumer) -> bool:
    try:
        async with asyncio.timeout(2):
            await source._client.fetch_all_metadata()
    except (KafkaError, OSError, TimeoutError):
        return False
    return True
