"""Whether Kafka is there, with the topics that the stream reads: asked by a client of our own, every second.

Faust says nothing of it, and cannot start without its topics.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.runtime.health import Health
from services.runtime.kafka import KafkaSettings

ASK_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 4.0


class Presence:
    """Watches Kafka; `there` is set while it answers and has the topics."""

    def __init__(self, kafka: KafkaSettings, topics: Sequence[str], health: Health) -> None:
        self._kafka, self._health = kafka, health
        self._topics = {kafka.topic(topic) for topic in topics}
        self._client: AIOKafkaAdminClient | None = None
        self.there = asyncio.Event()

    async def run(self) -> None:
        """Watch for as long as it runs."""
        try:
            while True:
                await self._look()
                await asyncio.sleep(ASK_SECONDS)
        finally:
            await self._close()

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                missing = self._topics - set(await (await self._connected()).list_topics())
        except (KafkaError, OSError, TimeoutError) as problem:
            self._say(type(problem).__name__)
            await self._close()
        else:
            self._say(f"no topic {min(missing)}: run `roeland topics create`" if missing else None)

    def _say(self, missing: str | None) -> None:
        if missing:
            self.there.clear()
            self._health.down("kafka", missing)
        else:
            self.there.set()
            self._health.up("kafka")

    async def _connected(self) -> AIOKafkaAdminClient:
        if self._client is None:
            self._client = AIOKafkaAdminClient(**self._kafka.client(), request_timeout_ms=3000)
            await self._client.start()
        return self._client

    async def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(2):
                    await client.close()
