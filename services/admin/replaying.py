"""Puts a dead letter back on the topic from which it came: the same key, the same bytes."""

import asyncio
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from services.admin.answers import Refusal
from services.runtime.errors import Unavailable
from services.runtime.kafka import KafkaSettings
from services.store.dead_letters import DeadLetter

SECONDS: Final = 20


async def put_back(letter: DeadLetter) -> None:
    """Publish it durably. Raises `Unavailable` when Kafka is away, `Refusal` when there is nothing to publish."""
    if letter.value is None:
        raise Refusal(f"dead letter {letter.id} holds nothing to put back")
    settings = KafkaSettings()
    producer = AIOKafkaProducer(**settings.client(), acks="all", enable_idempotence=True)
    try:
        async with asyncio.timeout(SECONDS):
            await producer.start()
            await producer.send_and_wait(letter.topic, letter.value, key=letter.key)
    except (KafkaError, OSError, TimeoutError) as problem:
        raise Unavailable(f"Kafka did not take it ({type(problem).__name__}): try `roeland doctor`") from None
    finally:
        await producer.stop()
