"""Running a service as a process, and talking to it over Kafka."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.runtime.kafka import KafkaSettings


@dataclass
class Running:
    """A service that runs; `lines` are what it logged so far."""

    process: asyncio.subprocess.Process
    health: str
    lines: list[dict[str, Any]] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The log lines of this event."""
        return [line for line in self.lines if line.get("event") == event]

    async def missing(self) -> dict[str, str]:
        """What /readyz says is missing; {} when it is ready."""
        async with aiohttp.ClientSession() as session, session.get(f"http://{self.health}/readyz") as answer:
            return dict((await answer.json())["missing"])

    async def metric(self, line: str) -> float:
        """The figure of this line of /metrics; 0 when it is not there."""
        async with aiohttp.ClientSession() as session, session.get(f"http://{self.health}/metrics") as answer:
            found = dict(each.rsplit(" ", 1) for each in (await answer.text()).splitlines() if each[:1] != "#")
        return float(found.get(line, 0))


@asynccontextmanager
async def running_service(name: str, env: dict[str, str], *, ready: bool = True) -> AsyncIterator[Running]:
    """`python -m services.<name>` with this environment; ends it with SIGTERM, which must give exit code 0."""
    health = f"127.0.0.1:{_free_port()}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"services.{name}",
        env={**os.environ, **env, "ROELAND_HEALTH_ADDRESS": health}, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    running = Running(process, health)
    reading = asyncio.create_task(_read(running))
    try:
        if ready:
            await eventually(lambda: _ready(running), seconds=20)
        yield running
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(12):
            assert await process.wait() == 0, running.raw[-5:]
        assert not [line for line in running.raw if "Traceback" in line]
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await reading
        if sys.exc_info()[0]:
            print("\n".join(running.raw[-40:]))


async def eventually(holds: Callable[[], Awaitable[object]], *, seconds: float = 15) -> None:
    """Wait until this holds; fails when it does not in time."""
    deadline = time.monotonic() + seconds
    while not await holds():
        assert time.monotonic() < deadline, "it did not come to pass"
        await asyncio.sleep(0.05)


async def produce(settings: KafkaSettings, topic: str, values: Sequence[bytes | None], *, key: bytes = b"k") -> None:
    """Write these records to a topic (name without prefix), all at once, so that they are fetched together."""
    async with AIOKafkaProducer(**settings.client(), linger_ms=20) as producer:
        await asyncio.gather(*[await producer.send(settings.topic(topic), value, key=key) for value in values])


async def consumed(settings: KafkaSettings, topic: str, count: int) -> list[dict[str, Any]]:
    """The first so many records of a topic, as JSON."""
    found: list[dict[str, Any]] = []
    async with AIOKafkaConsumer(settings.topic(topic), **settings.client(), auto_offset_reset="earliest") as source:
        async with asyncio.timeout(10):
            while len(found) < count:
                found.append(json.loads((await source.getone()).value))
    return found


async def _ready(running: Running) -> bool:
    assert running.process.returncode is None, running.raw[-5:]
    try:
        return await running.missing() == {}
    except (aiohttp.ClientError, OSError):
        return False


async def _read(running: Running) -> None:
    assert running.process.stderr
    async for line in running.process.stderr:
        running.raw.append(line.decode().rstrip())
        if line.startswith(b"{"):
            running.lines.append(json.loads(line))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
