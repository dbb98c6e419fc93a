"""Kafka on this machine: it survives what machines do to it."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import UnknownTopicOrPartitionError

from services.devstack import jars, kafka, processes
from services.devstack.kafka import start as start_kafka
from services.devstack.processes import DevstackError

pytestmark = [pytest.mark.long, pytest.mark.stack]


@pytest.mark.long
async def test_a_restart_keeps_records_and_no_topic_appears_by_itself(tmp_path: Path) -> None:
    """What was said is still there after a stop and after kill -9; a misspelt topic is an error, not a new topic."""
    server = await kafka.start(tmp_path)
    await _produce(server.bootstrap, b"before the stop", create=True)
    await server.stop()
    server = await kafka.start(tmp_path)
    await _produce(server.bootstrap, b"before the kill")
    os.kill(server.program.popen.pid, signal.SIGKILL)
    server = await kafka.start(tmp_path)
    try:
        assert await _consume(server.bootstrap, 2) == [b"before the stop", b"before the kill"]
        async with AIOKafkaProducer(bootstrap_servers=server.bootstrap, request_timeout_ms=2000) as producer:
            with pytest.raises(UnknownTopicOrPartitionError):
                await producer.send_and_wait("not-a-topic", b"")
    finally:
        await server.stop()
    assert not processes.alive(server.program.popen.pid)


async def test_a_taken_port_leads_to_another_unless_it_must_be_that_one(tmp_path: Path, kafka: str) -> None:
    """`roeland up` works beside another Kafka; but one that is restarted must not move away from its clients."""
    taken = int(kafka.rpartition(":")[2])
    assert processes.free_port(taken) != taken
    with pytest.raises(DevstackError, match=str(taken)):
        processes.free_port(taken, no_other=True)


async def test_another_kafka_that_was_faster_at_the_port_is_not_taken_for_ours(
    tmp_path: Path, kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two stacks start at once: the services of one would work on the commands of the other."""
    taken = int(kafka.rpartition(":")[2])
    choose, chosen = processes.free_port, iter([taken])
    monkeypatch.setattr(processes, "free_port", lambda *args, **how: next(chosen, None) or choose(*args, **how))
    server = await start_kafka(tmp_path, port=taken)
    try:
        assert server.bootstrap != kafka
        assert server.program.running
    finally:
        await server.stop()


def test_no_cluster_id_looks_like_an_option() -> None:
    """One random id in 64 began with a dash, and Kafka could then not be formatted."""
    assert not [one for one in (kafka._cluster_id() for _ in range(2000)) if one.startswith("-") or len(one) != 22]


def test_a_full_cache_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second start works on a train: jgo is not even asked."""
    monkeypatch.setattr(jars, "_download", _no_network)
    assert len(jars.class_path().split(os.pathsep)) == len(jars.recorded_sums()) > 40


def test_a_jar_that_is_not_what_we_recorded_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A jar that was swapped in the cache must never run, not even when it was right at an earlier start."""
    jars.class_path()
    for jar in jars.cache_dir().rglob("*.jar"):
        copy = tmp_path / "kafka" / jars.VERSION / jar.relative_to(jars.cache_dir())
        copy.parent.mkdir(parents=True)
        shutil.copyfile(jar, copy)
    monkeypatch.setenv("ROELAND_CACHE_DIR", str(tmp_path))
    jars.class_path()
    victim = next(tmp_path.rglob("lz4-java-*.jar"))
    victim.unlink()
    victim.write_bytes(b"something else")
    with pytest.raises(DevstackError, match=r"lz4-java.*SHA-256"):
        jars.class_path()


def _no_network(*_: object) -> None:
    raise AssertionError("asked for a download")


async def _produce(bootstrap: str, value: bytes, *, create: bool = False) -> None:
    if create:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        await admin.create_topics([NewTopic("kept", 1, 1, topic_configs={"flush.messages": "1"})])
        await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        await producer.send_and_wait("kept", value)


async def _consume(bootstrap: str, count: int) -> list[bytes | None]:
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition("kept", 0)])
        return [(await consumer.getone()).value for _ in range(count)]
